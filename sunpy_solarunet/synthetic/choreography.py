"""
What takes place between two frames: who takes part, with what flux, and how they stand to each other.

A birth is a death in reverse, and both are arranged by the same functions: those of the members that
the event shows are the parents of a death and the children of a birth.
"""

from dataclasses import dataclass, field

import astropy.units as u
import numpy as np

from sunpy_solarunet.errors import SolarUnetError, name_choice, require_quantity
from sunpy_solarunet.synthetic.elements import gaps, power_law, support
from sunpy_solarunet.tracking.tables import EVENT_KINDS

__all__ = [
    "BIRTHS",
    "DEATHS",
    "MIRROR",
    "Group",
    "Happening",
    "PlannedEvent",
    "arrange",
    "draw_fluxes",
    "draw_shares",
    "smallest_hub",
    "spread_bearings",
    "touching",
]

#: Deaths and births; each birth is the reverse of the death at its place.
DEATHS, BIRTHS = EVENT_KINDS[:3], EVENT_KINDS[3:]
MIRROR = dict(zip(BIRTHS, DEATHS, strict=True)) | {kind: kind for kind in DEATHS}

#: Fluxes of the members are at least this many times the smallest.
WEAKEST = 1.1

#: Share of the larger one's flux that goes in an unbalanced cancellation.
LOST_SHARE = (0.25, 0.65)

#: Part of the allowed imbalance that is used, since pixels add to it.
USED_IMBALANCE = 0.5

#: Least angle between two partners as their hub sees them.
SMALLEST_ANGLE = np.deg2rad(110)


@dataclass(frozen=True)
class PlannedEvent:
    """
    An event made to order.

    Attributes
    ----------
    kind : `str`
        appearance, disappearance, merging, splitting, cancellation or emergence.
    frame : `int`
        The frame that shows it: the last one before a death, the first one after a birth.
    x, y : `float`
        Pixel of the flux-weighted center of the members in that frame.
    balance : `str`
        "balanced" or "unbalanced" for a cancellation or an emergence, balanced if not given.
    n_members : `int`
        2 or 3 members in that frame; appearance and disappearance always have one.
    flux : `~astropy.units.Quantity`, optional
        Signed flux of the largest member. A moderate positive one, if not given.

    Raises
    ------
    SolarUnetError
        If the kind or the balance is unknown, or the number of members is not possible.

    Examples
    --------
    >>> from sunpy_solarunet.synthetic import PlannedEvent
    >>> PlannedEvent("cancellation", 12, 100, 60).balance
    'balanced'
    """

    kind: str
    frame: int
    x: float
    y: float
    balance: str = ""
    n_members: int = 2
    flux: u.Quantity | None = None

    def __post_init__(self):
        name_choice(self.kind, EVENT_KINDS, "kind of event")
        paired = self.kind in ("cancellation", "emergence")
        if self.balance and not paired:
            raise SolarUnetError(f"a {self.kind} has no balance, got {self.balance!r}")
        if paired:
            balance = name_choice(self.balance or "balanced", ("balanced", "unbalanced"), "balance")
            object.__setattr__(self, "balance", balance)
        if self.n_members not in (2, 3):
            raise SolarUnetError(f"n_members must be 2 or 3, got {self.n_members}")
        if self.kind in ("appearance", "disappearance"):
            object.__setattr__(self, "n_members", 1)
        if self.flux is not None and require_quantity(self.flux, u.Mx, "flux") == 0:
            raise SolarUnetError("flux must not be zero")

    @property
    def is_death(self):
        """Whether it is of the death category."""
        return self.kind in DEATHS


@dataclass(frozen=True)
class Happening:
    """
    An event that took place.

    Attributes
    ----------
    kind, balance : `str`
    frame : `int`
        The earlier of the two frames.
    parents, children : tuple of `int`
        Numbers of the elements in the earlier and in the later frame.
    order : `PlannedEvent` or `None`
        What it was made to.
    """

    kind: str
    balance: str
    frame: int
    parents: tuple
    children: tuple
    order: PlannedEvent | None = None

    @property
    def is_death(self):
        """Whether it is of the death category."""
        return self.kind in DEATHS


@dataclass
class Group:
    """
    Elements that are led together, wait for their event, or are led apart after it.

    Attributes
    ----------
    kind, balance : `str`
    frame : `int`
        The frame before the event.
    members : list of `int`
        Numbers of the elements, the hub first, around which the others stand.
    x, y : `float`
        Where their center is to be, on the Sun.
    bearings : `numpy.ndarray`
        Radians, directions from the hub to the others.
    gap : `float`
        Pixels between footprints in the frame before the event.
    wanted : `dict`
        Flux that an element is to have by then, by its number.
    begin : `int`
        Frame from which on they are led; until then they wait.
    parting : `bool`
        Led apart.
    order : `PlannedEvent` or `None`
    cast : `numpy.ndarray` or `None`
        Children of a birth to order, as they are to be.
    """

    kind: str
    balance: str
    frame: int
    members: list
    x: float = 0.0
    y: float = 0.0
    bearings: np.ndarray = field(default_factory=lambda: np.zeros(0))
    gap: float = 2.0
    wanted: dict = field(default_factory=dict)
    begin: int = 0
    parting: bool = False
    order: PlannedEvent | None = None
    cast: np.ndarray | None = None


def arrange(members, bearings, gap):
    """
    Places of the members next to each other, around their flux-weighted center.

    Parameters
    ----------
    members : `numpy.ndarray` of `~sunpy_solarunet.synthetic.elements.ELEMENT`
        Shape (n,), the hub first.
    bearings : `numpy.ndarray`
        Radians, shape (n - 1,), directions from the hub to the others.
    gap : `float`
        Pixels between the hub's footprint and each other.

    Returns
    -------
    `numpy.ndarray`
        Pixels in x and y, shape (n, 2).
    """
    places = np.zeros((len(members), 2))
    distance = support(members[0], bearings) + support(members[1:], bearings) + gap
    places[1:] = np.column_stack([np.cos(bearings), np.sin(bearings)]) * distance[:, np.newaxis]
    return places - np.average(places, axis=0, weights=np.abs(members["flux"]))


def spread_bearings(rng, number):
    """
    Random directions to partners, far enough from each other.

    Parameters
    ----------
    rng : `numpy.random.Generator`
    number : `int`
        1 or 2; 0 gives none.

    Returns
    -------
    `numpy.ndarray`
        Radians.
    """
    first = rng.uniform(0, 2 * np.pi)
    return np.array([first, first + rng.uniform(SMALLEST_ANGLE, 2 * np.pi - SMALLEST_ANGLE)][:number])


def smallest_hub(kind, balance, number):
    """
    Least flux of the hub that leaves each member detectable.

    Parameters
    ----------
    kind, balance : `str`
    number : `int`
        Members.

    Returns
    -------
    `float`
        In units of the smallest flux.
    """
    if MIRROR[kind] != "cancellation":
        return WEAKEST
    if balance == "balanced":
        return WEAKEST if number == 2 else 2.8 * WEAKEST
    return 2.2 * WEAKEST if number == 2 else 3.6 * WEAKEST


def draw_fluxes(rng, kind, balance, number, hub, numbers):
    """
    Fluxes of the members beside the hub.

    Parameters
    ----------
    rng : `numpy.random.Generator`
    kind, balance : `str`
    number : `int`
        Members, the hub among them.
    hub : `float`
        Signed flux of the hub, which is the largest.
    numbers : `~sunpy_solarunet.synthetic.instrument.Numbers`

    Returns
    -------
    `numpy.ndarray`
        Signed, shape (number - 1,).
    """
    least, largest = WEAKEST * numbers.flux_min, abs(hub)
    if number == 1:
        return np.zeros(0)
    if MIRROR[kind] == "merging":
        return np.sign(hub) * power_law(rng, number - 1, numbers.flux_index, least, max(0.9 * largest, least))
    if balance == "balanced":
        total = largest * (1 - USED_IMBALANCE * numbers.imbalance * rng.random())
    else:
        lowest = max(LOST_SHARE[0] * largest, (number - 1) * least)
        total = rng.uniform(lowest, max(min(LOST_SHARE[1] * largest, largest - least), lowest))
    share = rng.uniform(0.42, 0.58) if number == 3 else 1.0
    return -np.sign(hub) * total * np.array([share, 1 - share][: number - 1])


def draw_shares(rng, number, least):
    """
    How the flux of one element is shared when it splits.

    Parameters
    ----------
    rng : `numpy.random.Generator`
    number : `int`
        Children, 2 or 3.
    least : `float`
        Smallest share that can be seen.

    Returns
    -------
    `numpy.ndarray`
        Shares of all but the largest, shape (number - 1,).
    """
    lowest = max(least, 0.3 if number == 2 else 0.24)
    return rng.uniform(lowest, max(0.97 / number, lowest), number - 1)


def touching(members, most=3.0):
    """
    Whether the hub's footprint is next to each other one's.

    Parameters
    ----------
    members : `numpy.ndarray` of `~sunpy_solarunet.synthetic.elements.ELEMENT`
        The hub first.
    most : `float`
        Pixels.

    Returns
    -------
    `bool`
    """
    return bool(np.all(gaps(members[:1], members[1:]) <= most + 1e-6))
