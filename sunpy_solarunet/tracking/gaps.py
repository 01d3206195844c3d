"""
Gaps: the lengths between features that belong to neither.
"""

import itertools

import numpy as np
from scipy.spatial import cKDTree

from sunpy_solarunet.geometry import runs
from sunpy_solarunet.tracking.regions import circles_in_reach

__all__ = ["gaps_of_alike", "gaps_of_opposites"]

#: Where larger gaps than this are asked for, in units of the pixel length, there are too many pixels in between to look
#: at: border pixels are searched for the nearest, feature by feature.
FARTHEST_LOOK = 20.0

#: Lengths in pixels that differ by less are equal.
ROUNDING = 1e-6


def gaps_of_alike(before, after, farthest):
    """
    Gaps between features of two frames that have one sign.

    Parameters
    ----------
    before, after : `~sunpy_solarunet.FeatureCatalog`
    farthest : `float`
        Largest gap that is looked for, in units of the pixel length.

    Returns
    -------
    first, second : `numpy.ndarray` of `int`
        Indices of the pairs whose gap is not larger, ordered.
    gaps : `numpy.ndarray`
        In units of the pixel length: zero where borders touch.

    Examples
    --------
    >>> import astropy.units as u
    >>> import numpy as np
    >>> from sunpy_solarunet import FeatureCatalog, magnetogram
    >>> from sunpy_solarunet.tracking.gaps import gaps_of_alike
    >>> frames = []
    >>> for minute, labels in enumerate(([1, 0, 0, 0, 0, 0, 2], [0, 0, 0, 1, 0, 0, 0])):
    ...     frame = magnetogram([labels] * u.G, time=f"2017-07-13T20:0{minute}", scale=0.5 * u.arcsec,
    ...                         center=(0, 0) * u.arcsec)
    ...     frames.append(FeatureCatalog(frame, np.array([labels])))
    >>> gaps_of_alike(*frames, 3.0)
    (array([0, 1]), array([0, 0]), array([2., 2.]))
    """
    found = [_gaps(before, after, farthest, before.polarity == sign, after.polarity == sign) for sign in (1, -1)]
    return _ordered(*(np.concatenate(each) for each in zip(*found, strict=True)), len(after))


def gaps_of_opposites(catalog, farthest):
    """
    Gaps between features of one frame that have opposite signs.

    Parameters
    ----------
    catalog : `~sunpy_solarunet.FeatureCatalog`
    farthest : `float`
        Largest gap that is looked for, in units of the pixel length.

    Returns
    -------
    first, second : `numpy.ndarray` of `int`
        Indices of the pairs whose gap is not larger: each pair once, the smaller index first, ordered.
    gaps : `numpy.ndarray`
        In units of the pixel length.

    Examples
    --------
    >>> import astropy.units as u
    >>> import numpy as np
    >>> from sunpy_solarunet import FeatureCatalog, magnetogram
    >>> from sunpy_solarunet.tracking.gaps import gaps_of_opposites
    >>> labels = np.array([[1, 0, 0, 2, 3, 0, 0, 0, 0, 4]])
    >>> field = np.where(labels % 2, 100, -100) * u.G
    >>> frame = magnetogram(field, time="2017-07-13T20:17:41", scale=0.5 * u.arcsec, center=(0, 0) * u.arcsec)
    >>> gaps_of_opposites(FeatureCatalog(frame, labels), 3.0)
    (array([0, 1]), array([1, 2]), array([2., 0.]))
    """
    i, j, gaps = _gaps(catalog, catalog, farthest, catalog.polarity > 0, catalog.polarity < 0)
    return _ordered(np.minimum(i, j), np.maximum(i, j), gaps, len(catalog))


def _ordered(first, second, gaps, number):
    order = np.argsort(first * number + second)
    return first[order], second[order], gaps[order]


def _gaps(own, other, farthest, is_own, is_other):
    """Pairs of features of two groups with a small gap, each once, and the gap."""
    mine, theirs = (_Border(side, chosen) for side, chosen in ((own, is_own), (other, is_other)))
    found = [(np.zeros(0, int), np.zeros(0))]
    if mine.number and theirs.number and farthest > FARTHEST_LOOK:
        first, second = circles_in_reach(own, other, farthest)
        asked = is_own[first] & is_other[second]
        found += _feature_by_feature(mine, theirs, first[asked], second[asked], farthest, len(other))
    elif mine.number and theirs.number:
        narrowest = np.linalg.svd(own.grid.stretch(own.x.value, own.y.value), compute_uv=False).min()
        # In a map of the sky, a step along x and one along y are the same everywhere.
        flat = mine.places.shape[1] == 2
        axes = own.grid.places(np.array([1.0, 0.0]), np.array([0.0, 1.0]))
        # Of the way from center to center, one step lies within the two pixels.
        for i, j, offset in _near_pixels(mine, theirs, farthest / narrowest + 1):
            codes = mine.owners[i] * len(other) + theirs.owners[j]
            if flat:
                codes = np.unique(codes)
                gaps = np.full(len(codes), _without_pixels(np.hypot(*offset @ axes), *offset))
            else:
                distance = np.linalg.norm(mine.places[i] - theirs.places[j], axis=1)
                codes, gaps = _smallest_of_each(codes, _without_pixels(distance, *offset))
            found.append((codes[gaps <= farthest], gaps[gaps <= farthest]))
    codes, gaps = _smallest_of_each(*(np.concatenate(each) for each in zip(*found, strict=True)))
    return *np.divmod(codes, max(len(other), 1)), gaps


def _without_pixels(distance, right, up):
    """A length between the centers of two pixels without what lies in these: of so many steps, one."""
    return distance * (1 - 1 / np.maximum(np.hypot(right, up), 1))


def _feature_by_feature(mine, theirs, first, second, farthest, number):
    """Codes and gaps of pairs of features, from the border pixels of the second and those of the first nearest."""
    positions = [border.pixels + border.aside for border in (mine, theirs)]
    order = np.argsort(first, kind="stable")
    features, starts = np.unique(first[order], return_index=True)
    for feature, partners in zip(features.tolist(), np.split(second[order], starts[1:]), strict=True):
        own = slice(*np.searchsorted(mine.owners, [feature, feature + 1]))
        begins, ends = (np.searchsorted(theirs.owners, partners + after) for after in (0, 1))
        pixels = runs(begins, ends - begins)
        distance, nearest = cKDTree(mine.places[own]).query(theirs.places[pixels])
        offset = positions[1][:, pixels] - positions[0][:, own][:, nearest]
        starts_of_each = np.cumsum(ends - begins) - (ends - begins)
        gaps = np.minimum.reduceat(_without_pixels(distance, *offset), starts_of_each)
        near = gaps <= farthest
        yield feature * number + partners[near], gaps[near]


def _smallest_of_each(codes, gaps):
    """Each code once, with the smallest of its gaps."""
    order = np.argsort(codes)
    codes, first = np.unique(codes[order], return_index=True)
    return codes, np.minimum.reduceat(gaps[order], first) if len(first) else gaps


class _Border:
    """Border pixels of some features: owners, places, and columns and rows as whole numbers and what these leave."""

    def __init__(self, catalog, chosen):
        columns, rows, owners = catalog.border_positions
        kept = np.flatnonzero(chosen[owners - 1])
        self.number = len(kept)
        self.owners = owners[kept].astype(int) - 1
        self.places = catalog.border_places[kept]
        positions = np.stack([columns[kept], rows[kept]])
        self.pixels = np.floor(positions + 0.5).astype(int)
        #: All of a frame have moved alike.
        self.aside = (positions - self.pixels)[:, :1]


def _near_pixels(mine, theirs, steps):
    """
    Pairs of pixels that are no more steps from each other, looked up in an image: offset after offset, and this.
    """
    reach = int(np.ceil(steps)) + 1
    searching = np.flatnonzero(_has_neighbor(mine.pixels, theirs.pixels, reach))
    # What has a neighbor in the next cell lies as far beyond, and looks as far again.
    corner = theirs.pixels.min(axis=1) - 3 * reach
    width, height = theirs.pixels.max(axis=1) + 3 * reach + 1 - corner
    flat = [(rows - corner[1]) * width + columns - corner[0] for columns, rows in (mine.pixels, theirs.pixels)]
    image = np.zeros(height * width, np.int32)
    image[flat[1]] = np.arange(1, theirs.number + 1)
    whole = np.stack(np.meshgrid(*[np.arange(-reach, reach + 1)] * 2)).reshape(2, -1)
    offsets = whole + theirs.aside - mine.aside
    near = np.hypot(*offsets) <= steps + ROUNDING
    for (right, up), offset in zip(whole[:, near].T, offsets[:, near].T, strict=True):
        seen = image[flat[0][searching] + right + width * up]
        hit = np.flatnonzero(seen)
        yield searching[hit], seen[hit] - 1, offset


def _has_neighbor(mine, theirs, reach):
    """Which pixels have any of the others in the cells around their own; a cell is as wide as the reach."""
    cells = [positions // reach for positions in (mine, theirs)]
    corner = cells[1].min(axis=1) - 1
    shape = cells[1].max(axis=1) + 2 - corner
    there = np.zeros(shape, bool)
    for right, up in itertools.product((-1, 0, 1), repeat=2):
        there[cells[1][0] + right - corner[0], cells[1][1] + up - corner[1]] = True
    columns, rows = cells[0] - corner[:, np.newaxis]
    inside = (columns >= 0) & (rows >= 0) & (columns < shape[0]) & (rows < shape[1])
    return inside & there[np.where(inside, columns, 0), np.where(inside, rows, 0)]
