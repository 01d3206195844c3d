"""
Regions of interest: how far features move, and which features are within reach of which.
"""

import itertools

import astropy.units as u
import numpy as np
from scipy.spatial import cKDTree

from sunpy_solarunet.geometry import pairs_within

__all__ = ["ROUNDING", "feature_distances", "features_in_reach", "moving_distance"]

#: What lies beyond a limit by no more than this, a pixel at a region's edge or a change of flux, lies on it.
ROUNDING = 1e-9

#: Regions of a larger radius, as a part of the extent of all features, are compared with all border pixels at once.
LARGE_REGION = 0.1

#: Regions whose features are looked for at once.
REGIONS_AT_ONCE = 1000


def moving_distance(max_speed, cadence, pixel_length):
    """
    How far a feature can move from one frame to the next (equation 2).

    Parameters
    ----------
    max_speed : `~astropy.units.Quantity`
        Transverse speed on the photosphere, the paper's C.
    cadence : `~astropy.units.Quantity`
        Time between the two frames.
    pixel_length : `~astropy.units.Quantity`
        Length of a pixel's side on the Sun.

    Returns
    -------
    `float`
        Pixels.

    Examples
    --------
    >>> import astropy.units as u
    >>> round(moving_distance(4 * u.km / u.s, 56 * u.s, 725 * u.km * 0.083), 2)
    3.72
    """
    return float((max_speed * cadence / pixel_length).to_value(u.one))


def features_in_reach(source, target, reach):
    """
    Features with a pixel in the region of interest of another (equation 3).

    The region is a circle: that which covers the feature, its radius enlarged by the reach.

    Parameters
    ----------
    source, target : `~sunpy_solarunet.FeatureCatalog`
        The features that have regions, and those that may lie in them. The same catalog twice gives
        the neighbors within one frame, each feature itself among them.
    reach : `float`
        Twice the moving distance, in units of the pixel length.

    Returns
    -------
    tuple of `numpy.ndarray` of `int`
        Indices of source and target of each pair, ordered.
    """
    if not len(source) or not len(target):
        return np.zeros(0, int), np.zeros(0, int)
    centers, radii = source.enclosing_circles
    surrounded, around = _surrounding_feature(centers, target.numbered)
    codes = [surrounded * len(target) + around]
    places, borders, owners = source.grid.places(*centers.T), target.border_places, target.border_positions[2] - 1
    radii = radii + reach + ROUNDING
    large = radii > LARGE_REGION * np.ptp(borders, axis=0).max()
    for index, found in zip(np.flatnonzero(large), _in_large_regions(target, places[large], radii[large]), strict=True):
        codes.append(index * len(target) + found)
    small = np.flatnonzero(~large)
    # A few regions at once: all border pixels in all of them may be more than there is memory for.
    for start in range(0, len(small), REGIONS_AT_ONCE):
        some = small[start : start + REGIONS_AT_ONCE]
        first, border = pairs_within(places[some], borders, radii[some])
        codes.append(np.unique(some[first] * len(target) + owners[border]))
    return np.divmod(np.unique(np.concatenate(codes)), len(target))


def _in_large_regions(target, centers, radii):
    """Features with a border pixel in each region: most are told without a look at all of their pixels."""
    middles, extents = target.enclosing_circles
    middles, borders = target.grid.places(*middles.T), target.border_places
    starts = np.searchsorted(target.border_positions[2], np.arange(1, len(target) + 2))
    halfway = borders[(starts[:-1] + starts[1:]) // 2]
    for center, radius in zip(centers, radii, strict=True):
        possible = np.linalg.norm(middles - center, axis=1) <= extents + radius
        inside = possible & (np.linalg.norm(halfway - center, axis=1) <= radius)
        doubtful = np.flatnonzero(possible & ~inside)
        if len(doubtful):
            pixels = [np.arange(starts[feature], starts[feature + 1]) for feature in doubtful]
            distance = np.linalg.norm(borders[np.concatenate(pixels)] - center, axis=1)
            first = np.cumsum([0, *map(len, pixels[:-1])])
            inside[doubtful] = np.minimum.reduceat(distance, first) <= radius
        yield np.flatnonzero(inside)


def _surrounding_feature(centers, numbered):
    """Features that hold a region's center: one that holds a whole region has no border in it."""
    # A center between pixels has no nearest one.
    whole = np.stack([np.floor(centers), np.ceil(centers)]).astype(int)
    held, around = [], []
    for (columns, _), (_, rows) in itertools.product(np.moveaxis(whole, 2, 1), repeat=2):
        inside = numbered[np.clip(rows, 0, numbered.shape[0] - 1), np.clip(columns, 0, numbered.shape[1] - 1)]
        held.append(np.flatnonzero(inside))
        around.append(inside[held[-1]] - 1)
    return np.concatenate(held), np.concatenate(around)


def feature_distances(catalog, index, others):
    """
    Distances between a feature and others of its frame (equation 5).

    Parameters
    ----------
    catalog : `~sunpy_solarunet.FeatureCatalog`
    index : `int`
        The feature.
    others : `numpy.ndarray` of `int`
        The other features.

    Returns
    -------
    `numpy.ndarray`
        Smallest distance between a pixel of the feature and one of each other, in units of the pixel length.
    """
    points, owners = catalog.border_places, catalog.border_positions[2]
    bounds = np.searchsorted(owners, [index + 1, index + 2])
    tree = cKDTree(points[slice(*bounds)])
    first, last = np.searchsorted(owners, others + 1), np.searchsorted(owners, others + 2)
    return np.array([tree.query(points[start:stop])[0].min() for start, stop in zip(first, last, strict=True)])
