"""
The elements of a simulated Sun as rows of an array: their fluxes, profiles, footprints and distances.

Footprints are ellipses; lengths are pixels, fields gauss and fluxes gauss pixels.
"""

import numpy as np
from scipy.spatial import cKDTree
from scipy.special import erf

from sunpy_solarunet.errors import SolarUnetError

__all__ = ["ELEMENT", "close_pairs", "gaps", "new_elements", "power_law", "shape_elements", "support"]

#: One element in one frame. ``flux`` fluctuates around ``base``; ``major`` and ``minor`` are the half axes of
#: the footprint, whose edge is at ``edge`` times the profile's own half axes; ``power`` is 1 for a Gaussian and
#: 2 for a flat-topped profile; ``ready`` is the first frame of a next event, ``group`` the event at hand or -1.
ELEMENT = np.dtype(
    [("id", int), ("ready", int), ("group", int), ("power", int)]
    + [(name, float) for name in ("x", "y", "vx", "vy", "flux", "base", "contrast", "aspect", "angle")]
    + [(name, float) for name in ("peak", "edge", "major", "minor")]
)

#: Growth of the peak field with the flux, and the strongest field: magnetic elements are of kilogauss at most.
PEAK_EXPONENT, STRONGEST = 0.35, 1800.0

#: The smallest footprint is this many times min_pixels: a fluctuation must not make it too small.
MARGIN = 1.3


def power_law(rng, number, index, least, most):
    """
    Draw numbers from a power law between two limits.

    Parameters
    ----------
    rng : `numpy.random.Generator`
    number : `int`
    index : `float`
        The exponent without its minus.
    least, most : `float`

    Returns
    -------
    `numpy.ndarray`
        Shape (number,).

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.synthetic.elements import power_law
    >>> drawn = power_law(np.random.default_rng(0), 1000, 1.85, 1, 100)
    >>> bool(drawn.min() >= 1 and drawn.max() <= 100)
    True
    """
    share = rng.random(number)
    if abs(index - 1) < 1e-9:
        return least * (most / least) ** share
    slope = 1 - index
    return (least**slope + share * (most**slope - least**slope)) ** (1 / slope)


def new_elements(rng, flux, x, y, numbers):
    """
    Elements at rest, of random shape.

    Parameters
    ----------
    rng : `numpy.random.Generator`
    flux, x, y : array-like of `float`
        Signed fluxes and places, shape (n,).
    numbers : Numbers
        Parameters as plain numbers.

    Returns
    -------
    `numpy.ndarray` of `ELEMENT`
        Shape (n,), numbered 0 until the planner numbers them.
    """
    elements = np.zeros(len(flux), ELEMENT)
    elements["flux"] = elements["base"] = flux
    elements["x"], elements["y"], elements["group"] = x, y, -1
    elements["contrast"] = rng.uniform(0.9, 1.1, len(flux))
    elements["aspect"] = rng.uniform(1, numbers.elongation, len(flux))
    elements["angle"] = rng.uniform(0, np.pi, len(flux))
    elements["power"] = 1 + (rng.random(len(flux)) < numbers.flat_topped)
    return shape_elements(elements, numbers)


def shape_elements(elements, numbers):
    """
    Peak field and footprint that follow from the flux.

    The flux within the footprint, integral of ``peak * exp(-r ** (2 power) / 2)`` out to the
    threshold, determines the half axes.

    Parameters
    ----------
    elements : `numpy.ndarray` of `ELEMENT`
        Changed in place.
    numbers : Numbers

    Returns
    -------
    `numpy.ndarray` of `ELEMENT`
        The same array.

    Raises
    ------
    SolarUnetError
        If the weakest element cannot have min_pixels above the threshold.
    """
    flux = np.abs(elements["flux"])
    strength = elements["contrast"] * np.maximum(flux / numbers.flux_min, 1e-3) ** PEAK_EXPONENT
    strongest = max(STRONGEST, numbers.peak_field)
    elements["peak"] = np.clip(numbers.peak_field * strength, 1.2 * numbers.threshold, strongest)
    area, level = _footprint_area(flux, elements, numbers)
    small = area < MARGIN * numbers.min_pixels
    if small.any():
        # A weaker peak spreads the same flux over more pixels.
        elements["peak"][small] = 1.2 * numbers.threshold
        area, level = _footprint_area(flux, elements, numbers)
        if area.min() < numbers.min_pixels:
            raise SolarUnetError(
                f"an element of flux_min would have {area.min():.1f} pixels above the threshold, fewer than "
                f"min_pixels, {numbers.min_pixels}: raise flux_min or lower threshold or min_pixels"
            )
    elements["edge"] = np.sqrt(level)
    elements["major"] = np.sqrt(area / np.pi * elements["aspect"])
    elements["minor"] = np.sqrt(area / np.pi / elements["aspect"])
    return elements


def _footprint_area(flux, elements, numbers):
    """Pixels of the footprints, and the square of the scaled radius at which the threshold is reached."""
    level = 2 * np.log(elements["peak"] / numbers.threshold)
    gaussian = elements["power"] == 1
    level = np.where(gaussian, level, np.sqrt(level))
    mean = np.where(gaussian, 2 * (1 - np.exp(-level / 2)), np.sqrt(np.pi / 2) * erf(level / np.sqrt(2))) / level
    return flux / (elements["peak"] * mean), level


def support(elements, direction):
    """
    How far footprints reach in a direction.

    Parameters
    ----------
    elements : `numpy.ndarray` of `ELEMENT`
    direction : `float` or `numpy.ndarray`
        Radians, counterclockwise from x.

    Returns
    -------
    `numpy.ndarray`
        Pixels from the center to the tangent across this direction.
    """
    turned = direction - elements["angle"]
    return np.hypot(elements["major"] * np.cos(turned), elements["minor"] * np.sin(turned))


def gaps(first, second):
    """
    Pixels between footprints, or somewhat less: between their tangents across the line of the centers.

    Parameters
    ----------
    first, second : `numpy.ndarray` of `ELEMENT`
        Of shapes that broadcast.

    Returns
    -------
    `numpy.ndarray`
        Negative where the tangents cross.
    """
    dx, dy = second["x"] - first["x"], second["y"] - first["y"]
    direction = np.arctan2(dy, dx)
    return np.hypot(dx, dy) - support(first, direction) - support(second, direction)


def close_pairs(elements, distance):
    """
    Pairs of elements whose footprints may be closer than a distance.

    Parameters
    ----------
    elements : `numpy.ndarray` of `ELEMENT`
    distance : `float`
        Pixels.

    Returns
    -------
    tuple of `numpy.ndarray` of `int`
        Indices of the first and second of each pair.
    """
    if len(elements) < 2:
        return np.zeros(0, int), np.zeros(0, int)
    tree = cKDTree(np.column_stack([elements["x"], elements["y"]]))
    pairs = tree.query_pairs(2 * elements["major"].max() + distance, output_type="ndarray")
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    return pairs[:, 0], pairs[:, 1]
