"""
Still scenes: one frame of a Sun whose elements are known exactly, and in which no threshold finds them exactly.
"""

from dataclasses import dataclass

import astropy.units as u
import numpy as np
from scipy import ndimage

from sunpy_solarunet.errors import SolarUnetError, require_quantity
from sunpy_solarunet.synthetic.elements import power_law
from sunpy_solarunet.synthetic.rendering import window_around

__all__ = ["Still", "draw_still", "still_scene"]

#: One element. ``peak`` is signed and in units of the level; ``width`` is the standard deviation across, in pixels,
#: ``aspect`` times that along; ``power`` is 1 for a Gaussian, more for a flat top, less for wide wings.
STILL_ELEMENT = np.dtype([(name, float) for name in ("x", "y", "peak", "width", "aspect", "angle", "power")])

#: An element's field is cut off where it falls below this share of the level.
FAINTEST = 0.02


@dataclass(frozen=True)
class Still:
    """
    A scene and its truth.

    Attributes
    ----------
    field : `numpy.ndarray`
        In units of the level, shape (rows, columns): the field without noise and blur.
    owner : `numpy.ndarray` of `int`
        Number of the element that a pixel belongs to, or -1: the strongest of those whose own field
        exceeds the level there.
    elements : `numpy.ndarray`
        Structured, one row an element, with the fields x, y, peak, width, aspect, angle and power.
    """

    field: np.ndarray
    owner: np.ndarray
    elements: np.ndarray

    @property
    def labels(self):
        """The truth as labels: 0 where there is no element, else 1 and up."""
        return self.owner + 1


def still_scene(shape, *, level=90 * u.G, seed=0):
    """
    A random scene of the quiet Sun, network and plage, in gauss.

    Parameters
    ----------
    shape : tuple of `int`
        Rows and columns.
    level : `~astropy.units.Quantity`
        An element ends where its own field falls below this level.
    seed : `int`
        Of everything random.

    Returns
    -------
    field : `~astropy.units.Quantity`
        Without noise and blur.
    labels : `numpy.ndarray` of `int`
        0 where there is no element, else the element's number.

    Raises
    ------
    TypeError
        If the level has no unit.
    SolarUnetError
        If it is zero or negative, or the shape is empty.

    Examples
    --------
    >>> import astropy.units as u
    >>> from sunpy_solarunet.synthetic import still_scene
    >>> field, labels = still_scene((96, 128), level=20 * u.G, seed=1)
    >>> field.shape, field.unit, labels.max() > 0
    ((96, 128), Unit("G"), np.True_)
    """
    gauss = require_quantity(level, u.G, "level", positive=True)
    if gauss == 0 or len(shape) != 2 or min(shape) < 1:
        raise SolarUnetError(f"a scene needs a level above zero and two sides, got {level} and {shape}")
    still = draw_still(shape, np.random.default_rng(seed))
    return still.field * gauss * u.G, still.labels


def draw_still(shape, rng):
    """
    Draw a scene: internetwork elements, network lanes, now and then plage, over an unresolved background.

    Centers are placed by Poisson processes, peaks and widths follow power laws, and neither the
    background nor elements that stay below the level belong to the truth.

    Parameters
    ----------
    shape : tuple of `int`
        Rows and columns.
    rng : `numpy.random.Generator`

    Returns
    -------
    Still

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.synthetic.stills import draw_still
    >>> still = draw_still((96, 128), np.random.default_rng(1))
    >>> bool(np.all(np.abs(still.elements["peak"][np.unique(still.owner[still.owner >= 0])]) > 1))
    True
    """
    elements = np.concatenate([_internetwork(shape, rng), _network(shape, rng), _plage(shape, rng)])
    field, owner = _superpose(elements, shape)
    return Still(field + _background(shape, rng), owner, elements)


def _new_elements(rng, x, y, peak, width):
    elements = np.zeros(len(x), STILL_ELEMENT)
    elements["x"], elements["y"], elements["peak"], elements["width"] = x, y, peak, width
    elements["aspect"] = rng.uniform(1, 2.2, len(x))
    elements["angle"] = rng.uniform(0, np.pi, len(x))
    elements["power"] = rng.choice([0.75, 1.0, 1.0, 2.0], len(x))
    return elements


def _internetwork(shape, rng):
    """Small elements of both polarities all over the frame."""
    density = 10 ** rng.uniform(-3.3, -2.1)
    number = rng.poisson(density * np.prod(shape))
    y, x = rng.uniform(-4, np.add(shape, 3)[:, np.newaxis], (2, number))
    peak = power_law(rng, number, 1.85, 0.4, 8) * rng.choice([-1.0, 1.0], number)
    return _new_elements(rng, x, y, peak, power_law(rng, number, 2.0, 0.8, 5))


def _network(shape, rng):
    """Lanes of strong elements, each lane mostly of one polarity."""
    lanes = [_lane(shape, rng) for _ in range(rng.poisson(np.prod(shape) / 6000))]
    return np.concatenate([np.zeros(0, STILL_ELEMENT), *lanes])


def _lane(shape, rng):
    number = rng.integers(2, 12)
    middle = rng.uniform(0, shape)
    direction = rng.uniform(0, np.pi)
    along, across = rng.normal(0, rng.uniform(5, 18), number), rng.normal(0, rng.uniform(1, 5), number)
    y = middle[0] + np.sin(direction) * along + np.cos(direction) * across
    x = middle[1] + np.cos(direction) * along - np.sin(direction) * across
    polarity = rng.choice([-1.0, 1.0]) * np.where(rng.random(number) < 0.9, 1.0, -1.0)
    return _new_elements(rng, x, y, polarity * np.exp(rng.normal(1.3, 0.6, number)), rng.uniform(1.2, 5, number))


def _plage(shape, rng):
    """Large strong elements, in one of eight crops of 128 x 128 pixels."""
    number = rng.poisson(np.prod(shape) / 128**2 / 8)
    y, x = rng.uniform(0, np.array(shape)[:, np.newaxis], (2, number))
    peak = rng.uniform(3, 15, number) * rng.choice([-1.0, 1.0], number)
    return _new_elements(rng, x, y, peak, rng.uniform(5, 16, number))


def _superpose(elements, shape):
    """The sum of the elements' fields, and the strongest element of each pixel among those above the level."""
    field, strongest = np.zeros(shape), np.ones(shape)
    owner = np.full(shape, -1)
    for number, element in enumerate(elements):
        window = window_around(element["x"], element["y"], _reach(element), shape)
        if window is None:
            continue
        part = _profile(element, window)
        field[window] += np.sign(element["peak"]) * part
        stronger = part > strongest[window]
        strongest[window][stronger] = part[stronger]
        owner[window][stronger] = number
    return field, owner


def _reach(element):
    """How far from its center an element's field is not yet cut off, in pixels."""
    depth = 2 * np.log(max(abs(element["peak"]) / FAINTEST, 1))
    return element["width"] * element["aspect"] * depth ** (0.5 / element["power"])


def _profile(element, window):
    """Strength of an element's own field in its window."""
    dy = (np.arange(window[0].start, window[0].stop) - element["y"])[:, np.newaxis]
    dx = np.arange(window[1].start, window[1].stop) - element["x"]
    cosine, sine = np.cos(element["angle"]), np.sin(element["angle"])
    along = (cosine * dx + sine * dy) / (element["aspect"] * element["width"])
    across = (cosine * dy - sine * dx) / element["width"]
    return abs(element["peak"]) * np.exp(-((along**2 + across**2) ** element["power"]) / 2)


def _background(shape, rng):
    """Unresolved field: a smooth random one of less than a quarter of the level."""
    white = rng.standard_normal(shape)
    smooth = ndimage.gaussian_filter(white, rng.uniform(1.5, 8), mode="wrap")
    return smooth / max(smooth.std(), 1e-9) * rng.uniform(0.02, 0.22)
