"""
Small scenes that are written down by hand: one of each kind of event in eight frames.
"""

from dataclasses import dataclass

import astropy.units as u
import numpy as np
from astropy.table import QTable
from astropy.time import Time, TimeDelta

from sunpy_solarunet.errors import SolarUnetError, require_quantity
from sunpy_solarunet.magnetograms import magnetogram

__all__ = ["Element", "draw_elements", "six_events"]


@dataclass(frozen=True)
class Element:
    """
    A magnetic element with a Gaussian profile that moves evenly while it lives.

    Attributes
    ----------
    first, last : `int`
        Frames that it lives in, both included.
    x, y : `float`
        Pixel of its center in its first frame.
    peak : `float`
        Field at its center in gauss, with its sign.
    width : `float`
        Standard deviation of its profile in pixels.
    step : tuple of `float`
        Pixels in x and y that it moves from one frame to the next.
    """

    first: int
    last: int
    x: float
    y: float
    peak: float
    width: float = 4.0
    step: tuple = (0.0, 0.0)

    def position(self, frame):
        """Pixel of the center, x and y, in a frame."""
        age = frame - self.first
        return self.x + age * self.step[0], self.y + age * self.step[1]


def draw_elements(elements, frame, shape):
    """
    Field of all elements that live in a frame.

    Parameters
    ----------
    elements : list of Element
    frame : `int`
    shape : tuple of `int`
        Rows and columns.

    Returns
    -------
    `numpy.ndarray`
        Gauss, of this shape.

    Examples
    --------
    >>> from sunpy_solarunet.synthetic import Element, draw_elements
    >>> float(draw_elements([Element(0, 2, x=3, y=1, peak=-500)], 0, (4, 6))[1, 3])
    -500.0
    """
    rows, columns = np.indices(shape)
    field = np.zeros(shape)
    for element in elements:
        if element.first <= frame <= element.last:
            x, y = element.position(frame)
            field += element.peak * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * element.width**2))
    return field


#: Shape and number of frames of `six_events`.
SHAPE, FRAMES = (192, 256), 8

#: The elements of `six_events`, and what happens to them below.
ELEMENTS = (
    # Live through the whole sequence.
    Element(0, 7, 40, 160, 900, 7, (0.8, 0.2)),
    Element(0, 7, 215, 28, -800, 6, (-0.6, 0.5)),
    Element(0, 7, 128, 172, -500, 4, (0.5, -0.5)),
    # Appears in frame 3, disappears after frame 4.
    Element(3, 7, 30, 100, 450, 3.5, (1.0, 0.0)),
    Element(0, 4, 225, 168, -450, 3.5, (-0.8, -0.6)),
    # Two merge in frame 5, and one splits in frame 2.
    Element(0, 4, 70, 60, 500, 4, (1.2, 0.0)),
    Element(0, 4, 98, 64, 450, 4, (-1.4, -0.3)),
    Element(5, 7, 83, 61, 500, 5.5),
    Element(0, 1, 170, 130, -550, 6),
    Element(2, 7, 161, 126, -520, 4.2, (-1.0, -0.6)),
    Element(2, 7, 179, 134, -500, 4.0, (1.2, 0.4)),
    # Two of equal flux cancel in frame 4; two of unequal flux leave a remainder in frame 6.
    Element(0, 3, 150, 62, 420, 3.5, (0.8, 0.0)),
    Element(0, 3, 168, 64, -430, 3.5, (-0.8, 0.0)),
    Element(0, 5, 200, 85, 620, 5, (0.6, 0.0)),
    Element(0, 5, 222, 88, -450, 3.8, (-0.9, 0.0)),
    Element(6, 7, 206, 86, 480, 4.3),
    # Two of equal flux emerge in frame 3.
    Element(3, 7, 84, 112, 450, 3.6, (-1.0, 0.2)),
    Element(3, 7, 98, 110, -460, 3.6, (1.0, -0.2)),
)

#: Kind, category, balance, frame that shows it, and x and y of the members' center there.
EVENTS = (
    ("appearance", "birth", "", 3, 30.0, 100.0),
    ("disappearance", "death", "", 4, 221.8, 165.6),
    ("merging", "death", "", 4, 83.7, 61.3),
    ("splitting", "birth", "", 2, 169.6, 129.8),
    ("cancellation", "death", "balanced", 3, 159.0, 63.0),
    ("cancellation", "death", "unbalanced", 5, 207.9, 86.0),
    ("emergence", "birth", "balanced", 3, 91.1, 111.0),
)


def six_events(
    seed=0,
    *,
    noise=15 * u.G,
    cadence=60 * u.s,
    scale=0.083 * u.arcsec,
    center=(20, -150) * u.arcsec,
    start="2024-05-01T16:00:00",
):
    """
    Eight frames in which each of the six kinds of events takes place, and cancellation in both ways.

    Parameters
    ----------
    seed : `int`
        Seed of the noise.
    noise : `~astropy.units.Quantity`
        Standard deviation of the noise, which differs from pixel to pixel.
    cadence : `~astropy.units.Quantity`
        Time between frames.
    scale : `~astropy.units.Quantity`
        Angle per pixel.
    center : `~astropy.units.Quantity`
        Helioprojective place of the middle of the frames.
    start : `~astropy.time.Time` or `str`
        Time of the first frame.

    Returns
    -------
    maps : list of `~sunpy.map.GenericMap`
    events : `~astropy.table.QTable`
        What takes place, with the columns event_id, kind, category, balance, time, frame, Tx, Ty as
        the tracker's events have them.

    Examples
    --------
    >>> from sunpy_solarunet.synthetic import six_events
    >>> maps, events = six_events()
    >>> len(maps)
    8
    >>> sorted(set(events["kind"].tolist()))
    ['appearance', 'cancellation', 'disappearance', 'emergence', 'merging', 'splitting']
    """
    sigma = require_quantity(noise, u.G, "noise", positive=True)
    step = require_quantity(cadence, u.s, "cadence", positive=True)
    if step == 0:
        raise SolarUnetError("cadence must be longer than 0 s")
    rng = np.random.default_rng(seed)
    maps = []
    for frame in range(FRAMES):
        field = draw_elements(ELEMENTS, frame, SHAPE) + rng.normal(0, sigma, SHAPE)
        time = Time(start) + TimeDelta(frame * step, format="sec")
        maps.append(magnetogram(field * u.G, time=time, scale=scale, center=center, padding=False))
    return maps, _planted_events(maps)


def _planted_events(maps):
    """The list `EVENTS` as a table, in the coordinates of the maps."""
    kind, category, balance, frame, x, y = zip(*EVENTS, strict=True)
    places = [maps[number].pixel_to_world(*place * u.pix) for number, *place in zip(frame, x, y, strict=True)]
    return QTable(
        {
            "event_id": np.arange(len(EVENTS)),
            "kind": kind,
            "category": category,
            "balance": balance,
            "time": Time([maps[number].date for number in frame]),
            "frame": frame,
            "Tx": u.Quantity([place.Tx for place in places]),
            "Ty": u.Quantity([place.Ty for place in places]),
        }
    )
