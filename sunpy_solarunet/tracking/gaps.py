"""
Gaps: the lengths between features that belong to neither.
"""

import numpy as np
from scipy.spatial import cKDTree

from sunpy_solarunet.tracking.association import common_pixels

__all__ = ["gaps_between", "grouped_pairs"]

#: Border pixels whose surroundings are looked at together.
PIXELS_AT_ONCE = 20_000

#: Where more border pixels than this surround one, pairs of features are looked at one by one.
MOST_SURROUNDING = 100


def gaps_between(own, other, first, second, farthest):
    """
    Lengths between two features that belong to neither.

    Parameters
    ----------
    own, other : `~sunpy_solarunet.FeatureCatalog`
        Of two frames, or one twice.
    first, second : `numpy.ndarray` of `int`
        Indices of pairs of features.
    farthest : `float`
        Largest gap that is looked for, in units of the pixel length.

    Returns
    -------
    `numpy.ndarray`
        In units of the pixel length: zero where they overlap or touch, infinite where they are far apart.

    Examples
    --------
    >>> import astropy.units as u
    >>> import numpy as np
    >>> from sunpy_solarunet import FeatureCatalog, magnetogram
    >>> from sunpy_solarunet.tracking.gaps import gaps_between
    >>> labels = np.array([[1, 0, 0, 2, 3, 0, 0, 0, 0, 4]])
    >>> frame = magnetogram(labels * u.G, time="2017-07-13T20:17:41", scale=0.5 * u.arcsec, center=(0, 0) * u.arcsec)
    >>> catalog = FeatureCatalog(frame, labels)
    >>> gaps_between(catalog, catalog, np.array([0, 1, 2]), np.array([1, 2, 3]), 3.0)
    array([ 2.,  0., inf])
    """
    if not len(first):
        return np.zeros(0)
    wanted = first * len(other) + second
    order = np.argsort(wanted)
    gap = np.full(len(wanted) + 1, np.inf)  # the last one is that of pairs that nobody asks for
    for codes, between in _between_borders(own, other, first, second, farthest):
        place = np.searchsorted(wanted, codes, sorter=order)
        asked = place < len(wanted)
        asked[asked] = wanted[order[place[asked]]] == codes[asked]
        np.minimum.at(gap, np.where(asked, order[np.minimum(place, len(wanted) - 1)], -1), between)
    overlap = common_pixels(own, other, first, second) > 0 if own is not other else np.zeros(len(first), bool)
    return np.where(overlap, 0.0, np.where(gap[:-1] > farthest, np.inf, gap[:-1]))


def _between_borders(own, other, first, second, farthest):
    """Codes of pairs of features and the lengths between border pixels that are near each other, in pieces."""
    widest = np.linalg.svd(own.grid.stretch(own.x.value, own.y.value), compute_uv=False).max()
    reach = farthest + widest
    crowded = np.pi * reach**2 * len(other.border_places) / other.numbered.size > MOST_SURROUNDING
    pieces = _by_feature(own, other, first, second) if crowded else _by_pixel(own, other, reach)
    columns = [np.column_stack(side.border_positions[:2]) for side in (own, other)]
    numbers = [side.border_positions[2] - 1 for side in (own, other)]
    for i, j, distance in pieces:
        steps = np.hypot(*(columns[0][i] - columns[1][j]).T)
        # Of the way from center to center, one step lies within the two pixels.
        yield numbers[0][i] * len(other) + numbers[1][j], distance * (1 - 1 / np.maximum(steps, 1))


def _by_pixel(own, other, reach):
    """All pairs of border pixels that are near each other, and their distances."""
    tree = cKDTree(other.border_places)
    for start in range(0, len(own.border_places), PIXELS_AT_ONCE):
        some = cKDTree(own.border_places[start : start + PIXELS_AT_ONCE])
        near = some.sparse_distance_matrix(tree, reach, output_type="ndarray")
        yield near["i"] + start, near["j"], near["v"]


def _by_feature(own, other, first, second):
    """For each pair of features the border pixels of the second and those of the first nearest to them."""
    mine, theirs = (np.searchsorted(side.border_positions[2], np.arange(1, len(side) + 2)) for side in (own, other))
    for feature, partners in grouped_pairs(first, second).items():
        pixels = np.concatenate([np.arange(theirs[partner], theirs[partner + 1]) for partner in partners])
        tree = cKDTree(own.border_places[mine[feature] : mine[feature + 1]])
        distance, nearest = tree.query(other.border_places[pixels])
        yield nearest + mine[feature], pixels, distance


def grouped_pairs(first, second):
    """
    The second index of pairs, by the first.

    Parameters
    ----------
    first, second : `numpy.ndarray` of `int`

    Returns
    -------
    `dict` of list

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.tracking.gaps import grouped_pairs
    >>> grouped_pairs(np.array([4, 2, 4]), np.array([0, 1, 2]))
    {4: [0, 2], 2: [1]}
    """
    groups = {}
    for i, j in zip(first.tolist(), second.tolist(), strict=True):
        groups.setdefault(i, []).append(j)
    return groups
