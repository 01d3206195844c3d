"""
Regions of interest: how far features move, and which features are within reach of which.
"""

import itertools
from functools import cached_property

import astropy.units as u
import numpy as np
from scipy.spatial import cKDTree

from sunpy_solarunet.geometry import circles_that_meet, runs

__all__ = ["ROUNDING", "are_in_reach", "circles_in_reach", "feature_distances", "features_in_reach", "moving_distance"]

#: What lies beyond a limit by no more than this, a pixel at a region's edge or a change of flux, lies on it.
ROUNDING = 1e-9

#: No pixel has corners farther from its center, in units of the pixel length, unless it is very oblong.
CORNER = 2.0

#: Border pixels of a feature that are told by the box around them, as far as that tells.
PIECE = 32

#: Pieces of borders, and pixels, that are looked at together.
AT_ONCE = 1_000_000


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
    region, border = _Regions(source, reach), _Border(target)
    first, second = circles_that_meet(region.places, region.radii, border.middles, border.extents)
    inside = border.within(second, region.places[first], region.radii[first])
    held, around = region.held_by(target)
    codes = np.concatenate([first[inside] * len(target) + second[inside], held * len(target) + around])
    return np.divmod(np.unique(codes), len(target))


def are_in_reach(source, target, first, second, reach):
    """
    Whether features have a pixel in the regions of interest of others.

    Parameters
    ----------
    source, target, reach
        As for `features_in_reach`.
    first, second : `numpy.ndarray` of `int`
        Indices of source and target of some pairs.

    Returns
    -------
    `numpy.ndarray` of `bool`
    """
    if not len(first):
        return np.zeros(0, bool)
    region = _Regions(source, reach)
    inside = _Border(target).within(second, region.places[first], region.radii[first])
    held, around = region.held_by(target)
    return inside | np.isin(first * len(target) + second, held * len(target) + around)


def circles_in_reach(source, target, reach):
    """
    Features of which one may have a pixel in the region of interest of the other.

    Parameters
    ----------
    source, target, reach
        As for `features_in_reach`.

    Returns
    -------
    tuple of `numpy.ndarray` of `int`
        Indices of source and target of all such pairs, and of few others.
    """
    if not len(source) or not len(target):
        return np.zeros(0, int), np.zeros(0, int)
    borders = [_Border(side) for side in (source, target)]
    radii = [
        np.maximum(border.extents, side.enclosing_circles[1])
        for border, side in zip(borders, (source, target), strict=True)
    ]
    return circles_that_meet(borders[0].middles, radii[0] + reach + CORNER, borders[1].middles, radii[1])


class _Regions:
    """Circles around features."""

    def __init__(self, source, reach):
        self._centers, radii = source.enclosing_circles
        self.places = source.grid.places(*self._centers.T)
        self.radii = radii + reach + ROUNDING

    def held_by(self, target):
        """Regions whose center a feature holds, and that feature: one that holds a whole region has no border in it."""
        # A center between pixels has no nearest one.
        whole = np.stack([np.floor(self._centers), np.ceil(self._centers)]).astype(int)
        height, width = target.numbered.shape
        held, around = [], []
        for (columns, _), (_, rows) in itertools.product(np.moveaxis(whole, 2, 1), repeat=2):
            inside = target.numbered[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)]
            held.append(np.flatnonzero(inside))
            around.append(inside[held[-1]].astype(int) - 1)
        return np.concatenate(held), np.concatenate(around)


class _Border:
    """Border pixels of features, feature after feature, and each feature's in pieces."""

    def __init__(self, target):
        self._places = target.border_places
        starts = np.searchsorted(target.border_positions[2], np.arange(1, len(target) + 2))
        sizes = np.diff(starts)
        self._halfway = (starts[:-1] + starts[1:]) // 2
        self._pieces = -(-sizes // PIECE)
        self._first_piece = np.cumsum(self._pieces) - self._pieces
        number = runs(np.zeros(len(sizes), int), self._pieces)
        self._piece_starts = np.repeat(starts[:-1], self._pieces) + PIECE * number
        self._piece_sizes = np.diff(np.append(self._piece_starts, starts[-1]))
        self._target, self._sizes, self._starts = target, sizes, starts[:-1]

    @cached_property
    def middles(self):
        """Places of the centers of the circles around features."""
        return self._target.grid.places(*self._target.enclosing_circles[0].T)

    @cached_property
    def extents(self):
        """Distances of each feature's farthest border pixel from there."""
        distance = _distance(self._places, np.repeat(self.middles, self._sizes, axis=0))
        return np.maximum.reduceat(distance, self._starts)

    @cached_property
    def _boxes(self):
        """Lowest and highest coordinates of each piece."""
        return [extreme.reduceat(self._places, self._piece_starts) for extreme in (np.minimum, np.maximum)]

    def within(self, features, centers, radii):
        """Whether features have a border pixel within a radius of a place; seldom takes that a look at all of them."""
        inside = _distance(self._places[self._halfway[features]], centers) <= radii
        doubtful = np.flatnonzero(~inside)
        for some in _portions(doubtful, self._pieces[features[doubtful]]):
            inside[some] = self._pieces_within(features[some], centers[some], radii[some])
        return inside

    def _pieces_within(self, features, centers, radii):
        """The same by a pixel of each piece and the box around it, and by all pixels where these leave a doubt."""
        inside = np.zeros(len(features), bool)
        which = np.repeat(np.arange(len(features)), self._pieces[features])
        piece = runs(self._first_piece[features], self._pieces[features])
        center, radius = centers[which], radii[which]
        inside[which[_distance(self._places[self._piece_starts[piece]], center) <= radius]] = True
        lowest, highest = (corner[piece] for corner in self._boxes)
        beyond = np.maximum(lowest - center, center - highest).clip(0)
        doubtful = np.flatnonzero(~inside[which] & (np.linalg.norm(beyond, axis=1) <= radius))
        for some in _portions(doubtful, self._piece_sizes[piece[doubtful]]):
            sizes = self._piece_sizes[piece[some]]
            owner = np.repeat(which[some], sizes)
            pixel = runs(self._piece_starts[piece[some]], sizes)
            inside[owner[_distance(self._places[pixel], centers[owner]) <= radii[owner]]] = True
        return inside


def _distance(first, second):
    return np.linalg.norm(first - second, axis=1)


def _portions(chosen, sizes):
    """What is chosen in its order, so much at a time that there is memory for its parts."""
    portion = np.cumsum(sizes) // AT_ONCE
    return np.split(chosen, np.flatnonzero(np.diff(portion)) + 1) if len(chosen) else []


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
    nearest = tree.query(points[runs(first, last - first)])[0]
    return np.minimum.reduceat(nearest, np.cumsum(last - first) - (last - first)) if len(others) else np.zeros(0)
