"""
What the outlines of features say: what they touch, and which of their corners stand out.
"""

import numpy as np

__all__ = ["hull_corners", "near_any"]

#: Corners in straight lines and bays are looked for as long as less than this share of the corners remains.
WORTHWHILE = 0.9


def near_any(mask, rows, columns):
    """
    Which of some pixels have a neighbor, by an edge or a corner, that is in a mask or beyond the frame.

    Parameters
    ----------
    mask : `numpy.ndarray` of `bool`
        Shape (rows, columns).
    rows, columns : `numpy.ndarray` of `int`
        The pixels, shape (n,).

    Returns
    -------
    `numpy.ndarray` of `bool`
        Shape (n,).

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.features.outlines import near_any
    >>> mask = np.zeros((3, 5), bool)
    >>> mask[0, 0] = True
    >>> near_any(mask, np.array([1, 1, 1]), np.array([1, 2, 3]))
    array([ True, False, False])
    """
    found = (rows == 0) | (rows == mask.shape[0] - 1) | (columns == 0) | (columns == mask.shape[1] - 1)
    if not mask.any():
        return found
    width, flat = mask.shape[1], mask.ravel()
    pixels = rows * width + columns
    for step in (-width - 1, -width, 1 - width, -1, 1, width - 1, width, width + 1):
        found |= flat.take(pixels + step, mode="clip")
    return found


def hull_corners(columns, rows, owners):
    """
    Corners of regions' pixels, among them all corners of the regions' convex hulls, and few others.

    Parameters
    ----------
    columns, rows, owners : `numpy.ndarray` of `int`
        Pixels of regions, at least those at their borders, and the numbers of the regions, shape (n,): ordered by
        number, then row, then column.

    Returns
    -------
    corners : `numpy.ndarray`
        Shape (m, 2), x and y.
    owners : `numpy.ndarray` of `int`
        The region of each corner, increasing.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.features.outlines import hull_corners
    >>> hull_corners(np.array([3, 4, 5, 4]), np.array([7, 7, 7, 8]), np.array([1, 1, 1, 1]))[0]
    array([[2.5, 6.5],
           [5.5, 6.5],
           [2.5, 7.5],
           [5.5, 7.5],
           [3.5, 8.5],
           [4.5, 8.5]])
    """
    is_first = np.ones(len(rows), bool)
    is_first[1:] = (np.diff(rows) != 0) | (np.diff(owners) != 0)
    first = np.flatnonzero(is_first)
    last = np.append(first, len(rows))[1:] - 1
    sides = [
        _bulging(columns[end] + 0.5 * side, rows[end], owners[end], side) for end, side in ((first, -1), (last, 1))
    ]
    x, y, owners = (np.concatenate(parts) for parts in zip(*sides, strict=True))
    # Both sides are in order already, so that they have only to be merged.
    order = np.argsort(owners * (y.max(initial=0) + 2) + y, kind="stable")
    return np.column_stack([x, y])[order], owners[order]


def _bulging(x, rows, owners, side):
    """The corners of one side of regions, up along their rows, without those that lie in a straight line or a bay."""
    x, owners = np.repeat(x, 2), np.repeat(owners, 2)
    y = (rows[:, np.newaxis] + [-0.5, 0.5]).ravel()
    while True:
        right, up = np.diff(x), np.diff(y)
        kept = np.ones(len(x), bool)
        kept[1:-1] = (side * (right[:-1] * up[1:] - up[:-1] * right[1:]) > 0) | (owners[:-2] != owners[2:])
        x, y, owners = x[kept], y[kept], owners[kept]
        if len(x) >= WORTHWHILE * len(kept):
            return x, y, owners
