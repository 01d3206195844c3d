"""
The rules of equations 7 to 9: what a feature that does not live on merged or cancelled with.

All rules speak of the death category. The birth category is the same with the frames exchanged.
"""

import functools
import heapq
import itertools
from dataclasses import dataclass, field

import numpy as np

from sunpy_solarunet.tracking.association import (
    ASSOCIATIONS,
    feature_distances,
    features_in_reach,
    overlapping_remainder,
)

__all__ = [
    "KINDS",
    "Explanation",
    "Frame",
    "Transition",
    "balanced_cancellation",
    "combinations",
    "compare_frames",
    "explain_pair",
    "merging",
    "unbalanced_cancellation",
]

#: The kinds of events: of the death category, and what each is with the frames exchanged.
KINDS = {"disappearance": "appearance", "merging": "splitting", "cancellation": "emergence"}

#: Imbalances that differ by less are equal.
RESOLUTION = 1e-9


@functools.cache
def combinations(number):
    """
    All sets of members but the empty one, small sets first.

    Parameters
    ----------
    number : `int`
        How many members there are to choose from.

    Returns
    -------
    `numpy.ndarray` of `bool`
        Shape (2 ** number - 1, number).

    Examples
    --------
    >>> combinations(2)
    array([[ True, False],
           [False,  True],
           [ True,  True]])
    """
    sets = (np.arange(1, 2**number)[:, np.newaxis] >> np.arange(number)) & 1
    return sets[np.argsort(sets.sum(axis=1), kind="stable")].astype(bool)


def _best(imbalance, tolerance):
    """Position of the smallest imbalance, the first of equals, or `None` where all exceed the tolerance."""
    if imbalance.size == 0:
        return None
    smallest = imbalance.min()
    if not smallest <= tolerance + RESOLUTION:
        return None
    return np.unravel_index(np.argmax(imbalance <= smallest + RESOLUTION), imbalance.shape)


def merging(flux, partners, products, tolerance):
    """
    The best combination of like features that merges with one into a later feature (equation 7).

    Parameters
    ----------
    flux : `float`
        Flux of the feature.
    partners : `numpy.ndarray`
        Fluxes of the features that it may merge with; at least one does.
    products : `numpy.ndarray`
        Fluxes of the later features that it may merge into.
    tolerance : `float`
        Largest imbalance, the paper's epsilon 2.

    Returns
    -------
    tuple or `None`
        Imbalance, partners that merge (`numpy.ndarray` of `bool`) and index of the product; of equal
        imbalances that with the fewest members.

    Examples
    --------
    >>> import numpy as np
    >>> imbalance, partners, product = merging(3.0, np.array([5.0, 2.0]), np.array([5.2, 20.0]), 0.5)
    >>> print(f"{imbalance:.3f}", partners, product)
    0.038 [False  True] 0
    """
    sets = combinations(len(partners))
    total = flux + sets @ partners
    found = _best(np.abs((total[:, np.newaxis] - products) / products), tolerance)
    if found is None:
        return None
    members, product = found
    return float(abs((total[members] - products[product]) / products[product])), sets[members], int(product)


def balanced_cancellation(flux, partners, tolerance):
    """
    The best combination of opposite features whose flux cancels that of one (equation 8).

    Parameters
    ----------
    flux : `float`
        Flux of the feature.
    partners : `numpy.ndarray`
        Fluxes of the features of the other sign.
    tolerance : `float`
        Largest imbalance.

    Returns
    -------
    tuple or `None`
        Imbalance and partners that cancel.

    Examples
    --------
    >>> import numpy as np
    >>> balanced_cancellation(4.0, np.array([-1.0, -3.0]), 0.5)
    (0.0, array([ True,  True]))
    """
    sets = combinations(len(partners))
    imbalance = np.abs((flux + sets @ partners) / flux)
    found = _best(imbalance, tolerance)
    return None if found is None else (float(imbalance[found]), sets[found[0]])


def unbalanced_cancellation(flux, partners, products, tolerance):
    """
    The best combination that cancels and leaves a later feature with the remaining flux (equation 9).

    The equation is read with an absolute value around the difference, without which any large
    product satisfies it, and the product has the sign of the remaining flux.

    Parameters
    ----------
    flux : `float`
        Flux of the feature.
    partners : `numpy.ndarray`
        Fluxes of the features of the other sign.
    products : `numpy.ndarray`
        Fluxes of the later features.
    tolerance : `float`
        Largest imbalance.

    Returns
    -------
    tuple or `None`
        Imbalance, partners that cancel and index of the product.

    Examples
    --------
    >>> import numpy as np
    >>> imbalance, partners, product = unbalanced_cancellation(-64.0, np.array([104.0]), np.array([-40.0, 41.0]), 0.5)
    >>> print(f"{imbalance:.3f}", partners, product)
    0.024 [ True] 1
    """
    sets = combinations(len(partners))
    remaining = flux + sets @ partners
    found = _best(np.abs((remaining[:, np.newaxis] - products) / products), tolerance)
    if found is None:
        return None
    members, product = found
    imbalance = float(abs((remaining[members] - products[product]) / products[product]))
    return imbalance, sets[members], int(product)


@dataclass(frozen=True)
class Explanation:
    """
    An event of the death category as one of its members sees it.

    Attributes
    ----------
    kind : `str`
        A key of `KINDS`.
    members : tuple of `int`
        Features that end.
    product : `int` or `None`
        The feature of the other frame that they become.
    imbalance : `float`
        Left side of equation 7, 8 or 9; not-a-number for a disappearance.
    confidence : `float`
        By how much less likely, as a logarithm, all else is; not-a-number where the rule does not weigh.
    """

    kind: str
    members: tuple
    product: int | None
    imbalance: float
    confidence: float = np.nan


class Frame:
    """
    One frame as the rules see it: fluxes, neighbors, and what lies in the regions of interest.

    Parameters
    ----------
    catalog, other : `~sunpy_solarunet.FeatureCatalog`
        The frame's features and those of the frame to look into.
    ends : `numpy.ndarray` of `bool`
        Features that do not live on in the other frame.
    products : `numpy.ndarray` of `bool`
        Features of the other frame that an event may lead to.
    reach : `float`
        Twice the moving distance, in pixels.
    balance_tolerance : `float`
        The paper's epsilon 2.
    max_partners : `int`
        Most features that a combination is sought among, the paper's k.
    """

    def __init__(self, catalog, other, *, ends, products, reach, balance_tolerance, max_partners):
        self.catalog = catalog
        self.flux = catalog.flux.value
        self.other_flux = other.flux.value
        self.ends = ends.copy()
        self.products = products.copy()
        self.tolerance = balance_tolerance
        self.max_partners = max_partners
        #: Features whose groups were cut to the nearest ones.
        self.cut_groups = set()
        self._neighbors = _grouped(*features_in_reach(catalog, catalog, reach), len(catalog))
        self._targets = _grouped(*features_in_reach(catalog, other, reach), len(catalog))

    def explain(self, index):
        """
        Steps iii to v of the main algorithm for one feature.

        Parameters
        ----------
        index : `int`

        Returns
        -------
        Explanation or `None`
        """
        neighbors = self._neighbors[index]
        neighbors = neighbors[self.ends[neighbors] & (neighbors != index)]
        targets = self._targets[index]
        targets = targets[self.products[targets]]
        same = np.sign(self.flux[neighbors]) == np.sign(self.flux[index])
        return self._merging(index, neighbors[same], targets) or self._cancellation(index, neighbors[~same], targets)

    def rank(self, explanation):
        """
        What an explanation competes by, the smallest first: kind, what it leaves unexplained, and its members.

        Parameters
        ----------
        explanation : Explanation

        Returns
        -------
        tuple
        """
        amounts = [explanation.imbalance]
        if explanation.kind != "merging":
            flux = self.flux[list(explanation.members)]
            remaining = flux.sum() - (0 if explanation.product is None else self.other_flux[explanation.product])
            amounts.insert(0, abs(remaining) / np.abs(flux).sum())
        amounts = [round(amount / RESOLUTION) for amount in amounts]
        return explanation.kind != "merging", *amounts, len(explanation.members)

    def _adjacent(self, index, group):
        """The group, cut to the nearest where it is too large, of equally near ones the strongest (steps i)."""
        if len(group) <= self.max_partners:
            return group
        self.cut_groups.add(index)
        distance = np.round(feature_distances(self.catalog, index, group) / RESOLUTION)
        # Distances between pixels are often equal, and labels depend on how the frame is turned.
        nearest = np.lexsort((-np.abs(self.flux[group]), distance))
        return np.sort(group[nearest[: self.max_partners]])

    def _merging(self, index, group, targets):
        targets = targets[np.sign(self.other_flux[targets]) == np.sign(self.flux[index])]
        if not len(group) or not len(targets):
            return None
        group = self._adjacent(index, group)
        found = merging(self.flux[index], self.flux[group], self.other_flux[targets], self.tolerance)
        if found is None:
            return None
        imbalance, chosen, product = found
        return Explanation("merging", _members(index, group[chosen]), int(targets[product]), imbalance)

    def _cancellation(self, index, group, targets):
        if not len(group):
            return None
        group = self._adjacent(index, group)
        found = balanced_cancellation(self.flux[index], self.flux[group], self.tolerance)
        if found is not None:
            return Explanation("cancellation", _members(index, group[found[1]]), None, found[0])
        if not len(targets):
            return None
        found = unbalanced_cancellation(self.flux[index], self.flux[group], self.other_flux[targets], self.tolerance)
        if found is None:
            return None
        imbalance, chosen, product = found
        return Explanation("cancellation", _members(index, group[chosen]), int(targets[product]), imbalance)


def _members(index, partners):
    return tuple(sorted([int(index), *partners.tolist()]))


def _grouped(first, second, number):
    """The second index of ordered pairs, as one array for each first index."""
    return np.split(second, np.searchsorted(first, np.arange(1, number))) if number else []


def explain_pair(before, after):
    """
    All events between two frames, each once.

    What the features find competes. Merging comes before cancellation, as in the paper. Of mergers the
    smallest imbalance stands, of cancellations, whose imbalances are shares of different fluxes, that
    which leaves the smallest share of its members' flux unexplained; then the fewest members. A feature
    whose explanation shares a feature with one that stands is looked at again without it.
    What an event explains needs no second one: a product does not also begin, and the parent of a
    splitting does not also end. Features that nothing explains disappear or appear.

    Parameters
    ----------
    before, after : Frame
        The earlier frame looking ahead and the later frame looking back. Their ``ends`` and
        ``products`` are updated.

    Returns
    -------
    tuple of list
        Explanations of deaths and of births, disappearances and appearances not among them.
    """
    frames = (before, after)
    found = ([], [])
    proposals = []

    def propose(side, index):
        explanation = frames[side].explain(index) if frames[side].ends[index] else None
        if explanation is not None:
            heapq.heappush(proposals, ((*frames[side].rank(explanation), side, index), explanation))

    for side, frame in enumerate(frames):
        for index in np.flatnonzero(frame.ends):
            propose(side, int(index))
    while proposals:
        (*_, side, index), explanation = heapq.heappop(proposals)
        own, other = frames[side], frames[1 - side]
        members = list(explanation.members)
        taken = not own.ends[members].all()
        if taken or (explanation.product is not None and not own.products[explanation.product]):
            propose(side, index)
            continue
        found[side].append(explanation)
        own.ends[members] = False
        other.products[members] = False
        if explanation.product is not None:
            own.products[explanation.product] = False
            other.ends[explanation.product] = False
    return found


def _none():
    return np.zeros(0)


@dataclass(frozen=True)
class Transition:
    """
    What happened between two frames.

    Attributes
    ----------
    successor : `numpy.ndarray` of `int`
        For each feature before, the feature after that carries its identity on, or -1.
    deaths, births : list of Explanation
        All events; a birth as the death that it is with the frames exchanged.
    cut_groups : `int`
        Number of groups that were cut to their nearest features.
    left, entered : `numpy.ndarray` of `bool`, optional
        Features that the edge of the frame, or missing data, took away or brought: neither events nor lives that
        went on.
    events : `dict`, optional
        Columns of the table of events, without the numbers that a sequence gives them: deaths, then births.
    seconds : `float`, optional
        Time between the frames.
    shift : `numpy.ndarray`, optional
        Pixels along x and y by which what rests or drifts is displaced in the later frame.
    axes : `numpy.ndarray`, optional
        For each feature after the km toward west and north, in rows, of a step along x and along y, in columns.
    radius : `numpy.ndarray`, optional
        For each feature before, the radius of a circle of its size, in km.
    bounded_covers : `int`
        How often a bound was met in the search for the most likely story, see
        `~sunpy_solarunet.tracking.cover.CheapestCover`.
    """

    successor: np.ndarray
    deaths: list
    births: list
    cut_groups: int
    left: np.ndarray = field(default_factory=_none)
    entered: np.ndarray = field(default_factory=_none)
    bounded_covers: int = 0
    events: dict = field(default_factory=dict)
    seconds: float = np.nan
    shift: np.ndarray = field(default_factory=lambda: np.zeros(2))
    axes: np.ndarray = field(default_factory=_none)
    radius: np.ndarray = field(default_factory=_none)

    @property
    def parts(self):
        """Features before and after that take part in each event: deaths, then births."""
        deaths = [{"parent": death.members, "child": _one(death.product)} for death in self.deaths]
        return deaths + [{"parent": _one(birth.product), "child": birth.members} for birth in self.births]

    def members(self, before, after):
        """
        Who takes part in each event.

        Parameters
        ----------
        before, after : list
            Something for each feature of the two frames.

        Returns
        -------
        list of list
            For each event that of its parents, then of its children.
        """
        return [[before[one] for one in part["parent"]] + [after[one] for one in part["child"]] for part in self.parts]

    @property
    def unions(self):
        """Those of events after which something is left that was there before, as pairs of parents and children."""
        return [(part["parent"], part["child"]) for part in self.parts if part["parent"] and part["child"]]

    @property
    def jumps(self):
        """Features before and after that take part in one event: from the one to the other a center jumps."""
        return {pair for union in self.unions for pair in itertools.product(*union)}


def _one(product):
    return () if product is None else (product,)


def compare_frames(before, after, reach, *, association, flux_tolerance, balance_tolerance, max_partners):
    """
    Main algorithm of section 3.3, for all features of two frames and for both categories.

    With the default association, features that neither live on by equation 6 nor take part in an
    event, but overlap, live on all the same: nothing tells that their flux vanished.

    Parameters
    ----------
    before, after : `~sunpy_solarunet.FeatureCatalog`
    reach : `float`
        Twice the moving distance, in pixels.
    association : `str`
        A key of `~sunpy_solarunet.tracking.association.ASSOCIATIONS`.
    flux_tolerance, balance_tolerance : `float`
        The paper's epsilon 1 and epsilon 2.
    max_partners : `int`
        The paper's k.

    Returns
    -------
    Transition
    """
    linked = ASSOCIATIONS[association](before, after, reach, flux_tolerance)
    successor = linked.successor.copy()
    free_before = ~linked.lives_on if linked.exclusive else np.ones(len(before), bool)
    free_after = ~linked.lived_before if linked.exclusive else np.ones(len(after), bool)
    options = {"reach": reach, "balance_tolerance": balance_tolerance, "max_partners": max_partners}
    left, entered = ~linked.lives_on & before.cut, ~linked.lived_before & after.cut
    ahead = Frame(before, after, ends=~linked.lives_on & ~left, products=free_after, **options)
    back = Frame(after, before, ends=~linked.lived_before & ~entered, products=free_before, **options)
    deaths, births = explain_pair(ahead, back)
    for events, hidden in ((deaths, entered), (births, left)):
        hidden[[event.product for event in events if event.product is not None]] = False
    if association == "assignment":
        late = overlapping_remainder(before, after, ahead.ends | left, back.ends | entered)
        found = np.flatnonzero(late >= 0)
        successor[found] = late[found]
        for side in (ahead.ends, left):
            side[found] = False
        for side in (back.ends, entered):
            side[late[found]] = False
    for events, frame in ((deaths, ahead), (births, back)):
        events.extend(Explanation("disappearance", (int(index),), None, np.nan) for index in np.flatnonzero(frame.ends))
    return Transition(successor, deaths, births, len(ahead.cut_groups) + len(back.cut_groups), left, entered)
