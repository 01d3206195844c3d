"""
Geometry of labelled pixels and places: closed outlines, smallest enclosing circles, and what is near what.
"""

import itertools

import numpy as np
from scipy.spatial import cKDTree

__all__ = [
    "border_pixels",
    "circles_that_meet",
    "pairs_within",
    "pixel_corners",
    "rings",
    "runs",
    "smallest_circles",
]

#: Which of four points can determine the circle around them, two or three, if the last one does.
DETERMINING = ((0, 3, 3), (1, 3, 3), (2, 3, 3), (0, 1, 3), (0, 2, 3), (1, 2, 3))

#: Steps from corner to corner around a pixel, counterclockwise in x to the right and y up: right, up, left, down.
_STEPS = np.array([(1, 0), (0, 1), (-1, 0), (0, -1)])


def pairs_within(first, second, distance):
    """
    All pairs of places that are near each other.

    Parameters
    ----------
    first, second : `numpy.ndarray`
        Shapes (n, dimensions) and (m, dimensions).
    distance : `float` or `numpy.ndarray`
        Largest distance, one for all or of shape (n,).

    Returns
    -------
    tuple of `numpy.ndarray` of `int`
        Index of the first and of the second place of each pair, ordered.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.geometry import pairs_within
    >>> pairs_within(np.array([[0, 0], [9, 0]]), np.array([[0, 2], [7, 1], [9, 1]]), 2.5)
    (array([0, 1, 1]), array([0, 1, 2]))
    """
    if not len(first) or not len(second):
        return np.zeros(0, int), np.zeros(0, int)
    near = cKDTree(second).query_ball_point(first, distance, return_sorted=True)
    sizes = [len(group) for group in near]
    found = np.fromiter(itertools.chain.from_iterable(near), int, sum(sizes))
    return np.repeat(np.arange(len(first)), sizes), found


def circles_that_meet(first, first_radii, second, second_radii):
    """
    All pairs of circles, or spheres, that have a place in common.

    Parameters
    ----------
    first, second : `numpy.ndarray`
        Centers, shapes (n, dimensions) and (m, dimensions).
    first_radii, second_radii : `numpy.ndarray`
        Shapes (n,) and (m,).

    Returns
    -------
    tuple of `numpy.ndarray` of `int`
        Index of the first and of the second circle of each pair.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.geometry import circles_that_meet
    >>> circles_that_meet(np.array([[0, 0], [9, 0]]), np.array([1, 2]), np.array([[3, 0], [4, 0]]), np.array([1, 3]))
    (array([0, 1]), array([1, 1]))
    """
    pairs = [(np.zeros(0, int), np.zeros(0, int))]
    # Circles of one size together: one large one does not make a search among small ones wide.
    sizes = np.frexp(second_radii)[1]
    for size in np.unique(sizes):
        alike = np.flatnonzero(sizes == size)
        i, j = pairs_within(first, second[alike], first_radii + second_radii[alike].max())
        j = alike[j]
        meet = np.linalg.norm(first[i] - second[j], axis=1) <= first_radii[i] + second_radii[j]
        pairs.append((i[meet], j[meet]))
    return tuple(np.concatenate(indices) for indices in zip(*pairs, strict=True))


def runs(starts, lengths):
    """
    Whole numbers that follow each other from each of some starts on.

    Parameters
    ----------
    starts, lengths : `numpy.ndarray` of `int`
        Shape (n,).

    Returns
    -------
    `numpy.ndarray` of `int`
        One run after the other.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.geometry import runs
    >>> runs(np.array([5, 0, 7]), np.array([3, 0, 2]))
    array([5, 6, 7, 7, 8])
    """
    lengths = np.asarray(lengths)
    before = np.cumsum(lengths) - lengths
    return np.arange(lengths.sum()) + np.repeat(starts - before, lengths)


def border_pixels(labels):
    """
    Pixels that have a neighbor, by an edge, of another label or beyond the frame.

    Parameters
    ----------
    labels : `numpy.ndarray` of `int`
        Shape (rows, columns), 0 where there is no feature.

    Returns
    -------
    `numpy.ndarray` of `bool`
        Shape (rows, columns); never true where the label is 0.
    """
    border = np.zeros(labels.shape, bool)
    border[[0, -1]] = border[:, [0, -1]] = True
    for one, other in (((slice(1, None),), (slice(-1),)), ((..., slice(1, None)), (..., slice(-1)))):
        differ = labels[one] != labels[other]
        border[one] |= differ
        border[other] |= differ
    border &= labels != 0
    return border


def pixel_corners(x, y):
    """
    The four corners of pixels.

    Parameters
    ----------
    x, y : `numpy.ndarray`
        Pixel centers, shape (n,).

    Returns
    -------
    `numpy.ndarray`
        Shape (4 n, 2): the corners of the first pixel, then those of the second.
    """
    offsets = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])
    return (np.stack([x, y], axis=-1)[:, np.newaxis, :] + offsets).reshape(-1, 2)


def rings(labels, *, inset=0.0):
    """
    Outlines of all labelled regions along the edges of their pixels.

    A ring has the region on its left: outer outlines run counterclockwise, those of holes
    clockwise, so that the signed areas of a label's rings sum to its number of pixels. Pixels that
    touch at a corner only belong to one outline.

    Parameters
    ----------
    labels : `numpy.ndarray` of `int`
        Shape (rows, columns), 0 where there is no feature.
    inset : `float`
        How far, in pixels, the rings are drawn into their region. With more than 0, rings of
        regions that touch stay apart.

    Returns
    -------
    rings : list of `numpy.ndarray`
        Shape (n, 2), x and y in pixels; the first point is repeated at the end.
    owners : `numpy.ndarray` of `int`
        The label of each ring, increasing.

    Examples
    --------
    >>> import numpy as np
    >>> outlines, owners = rings(np.array([[0, 3, 3]]))
    >>> owners
    array([3])
    >>> outlines[0][[0, 1, 3]]
    array([[ 0.5, -0.5],
           [ 1.5, -0.5],
           [ 2.5,  0.5]])
    """
    owner, corner, direction, width = _directed_edges(labels)
    if len(owner) == 0:
        return [], np.zeros(0, int)
    following = _following_edges(owner, corner, direction, width)
    start = np.stack([corner % width, corner // width], axis=-1) - 0.5
    if inset:
        left = np.stack([-_STEPS[:, 1], _STEPS[:, 0]], axis=-1)
        start = start + inset * left[direction]
        turning = np.flatnonzero(direction[following] != direction)
        start[following[turning]] += inset * left[direction[turning]]
    cycles = _cycles(following.tolist())
    return [start[cycle] for cycle in cycles], owner[[cycle[0] for cycle in cycles]]


def _directed_edges(labels):
    """Pixel edges between two labels, each with its region on the left, ordered by owner."""
    padded = np.pad(labels, 1)
    inner = padded[1:-1, 1:-1]
    width = labels.shape[1] + 1
    # Below, right, above and left of a pixel; the edge there starts at this corner of it and runs this way.
    neighbors = (padded[:-2, 1:-1], padded[1:-1, 2:], padded[2:, 1:-1], padded[1:-1, :-2])
    first_corners = ((0, 0), (0, 1), (1, 1), (1, 0))
    parts = []
    for direction, (neighbor, (down, right)) in enumerate(zip(neighbors, first_corners, strict=True)):
        row, column = np.nonzero((inner != 0) & (inner != neighbor))
        corner = (row + down) * width + column + right
        parts.append((inner[row, column], corner, np.full(len(row), direction)))
    owner, corner, direction = (np.concatenate(values) for values in zip(*parts, strict=True))
    order = np.lexsort((direction, corner, owner))
    return owner[order], corner[order], direction[order], width


def _following_edges(owner, corner, direction, width):
    """Index of the edge that each edge leads to; at a corner of two diagonal pixels, the one that joins them."""
    steps = _STEPS[:, 0] + width * _STEPS[:, 1]
    end = corner + steps[direction]
    base = int(corner.max()) + 2 * width
    key = owner.astype(np.int64) * base + corner
    wanted = owner.astype(np.int64) * base + end
    first = np.searchsorted(key, wanted, side="left")
    last = np.searchsorted(key, wanted, side="right") - 1
    # Two edges of one label start at a corner where its pixels touch diagonally: turning right joins them.
    right_turn = (direction - 1) % 4
    return np.where(direction[first] == right_turn, first, np.where(direction[last] == right_turn, last, first))


def _cycles(following):
    """The closed loops of a permutation, each with its first member repeated at the end."""
    seen = bytearray(len(following))
    cycles = []
    for first in range(len(following)):
        if seen[first]:
            continue
        cycle, edge = [first], following[first]
        seen[first] = 1
        while edge != first:
            seen[edge] = 1
            cycle.append(edge)
            edge = following[edge]
        cycles.append([*cycle, first])
    return cycles


def smallest_circles(points, group_starts):
    """
    The smallest circle around each group of points, exactly.

    All groups advance together: each circle takes in the point that lies farthest outside of it,
    and becomes the smallest around that point and the two or three that determined it. Its radius
    grows at each step, so that the search ends, mostly after a few steps.

    Parameters
    ----------
    points : `numpy.ndarray`
        Shape (n, 2), group after group.
    group_starts : `numpy.ndarray` of `int`
        Index of the first point of each group, shape (m,). No group is empty.

    Returns
    -------
    centers : `numpy.ndarray`
        Shape (m, 2).
    radii : `numpy.ndarray`
        Shape (m,).

    Examples
    --------
    >>> import numpy as np
    >>> smallest_circles(np.array([[0, 0], [4, 0], [1, 1], [7, 7]]), np.array([0, 3]))
    (array([[2., 0.],
           [7., 7.]]), array([2., 0.]))
    """
    points = np.asarray(points, float)
    group_starts = np.asarray(group_starts)
    number = len(group_starts)
    centers, radii = np.zeros((number, 2)), np.zeros(number)
    if number == 0:
        return centers, radii
    sizes = np.diff(np.append(group_starts, len(points)))
    support = np.repeat(points[group_starts][:, np.newaxis, :], 3, axis=1)
    centers = points[group_starts].copy()
    active = np.arange(number)
    tolerance = 1e-10 * (1 + np.abs(points).max())
    while len(active):
        counts = sizes[active]
        offsets = np.concatenate([[0], np.cumsum(counts)[:-1]])
        members = np.arange(counts.sum()) - np.repeat(offsets - group_starts[active], counts)
        distance = np.hypot(*(points[members] - np.repeat(centers[active], counts, axis=0)).T)
        farthest = np.maximum.reduceat(distance, offsets)
        outside = farthest > radii[active] + tolerance
        where = np.flatnonzero(distance == np.repeat(farthest, counts))
        which = np.searchsorted(offsets, where, side="right") - 1
        chosen = np.empty(len(active), int)
        chosen[which[::-1]] = members[where[::-1]]
        active, chosen = active[outside], chosen[outside]
        if len(active):
            four = np.concatenate([support[active], points[chosen][:, np.newaxis, :]], axis=1)
            centers[active], radii[active], support[active] = _smallest_circle_of_four(four, tolerance)
    return centers, radii


def _smallest_circle_of_four(points, tolerance):
    """
    Smallest circle around four points, for many fours at once, and the three points that determine it.

    The last point lies outside of the circle around the others, so that it is one of those that determine it.
    """
    x, y = np.moveaxis(points, -1, 0).transpose(0, 2, 1).copy()
    one, two = np.transpose(DETERMINING)[:2]
    centers = [((x[:3] + x[3]) / 2, (y[:3] + y[3]) / 2), _circumcenters(x, y, one[3:], two[3:], 3)]
    center_x, center_y = (np.concatenate(parts) for parts in zip(*centers, strict=True))
    distance = np.sqrt((x - center_x[:, np.newaxis]) ** 2 + (y - center_y[:, np.newaxis]) ** 2)
    radii = distance[np.arange(len(one)), one]
    covers = (distance <= radii[:, np.newaxis] + tolerance / 4).all(axis=1)
    best, rows = np.where(covers, radii, np.inf).argmin(axis=0), np.arange(len(points))
    center = np.stack([center_x[best, rows], center_y[best, rows]], axis=-1)
    support = points[rows[:, np.newaxis], np.array(DETERMINING)[best]]
    return center, distance[best, :, rows].max(axis=-1), support


def _circumcenters(x, y, first, second, third):
    """The points at one distance from three; not-a-number if they lie on a line."""
    bx, by = x[second] - x[first], y[second] - y[first]
    cx, cy = x[third] - x[first], y[third] - y[first]
    b2, c2, twice = bx**2 + by**2, cx**2 + cy**2, 2 * (bx * cy - by * cx)
    with np.errstate(divide="ignore", invalid="ignore"):
        return x[first] + (cy * b2 - by * c2) / twice, y[first] + (bx * c2 - cx * b2) / twice
