"""
Padding: the zeros that stand where a frame has no data, and how they are told from zeros that are data.
"""

import numpy as np
from scipy import ndimage
from scipy.spatial import ConvexHull

__all__ = ["padding_of"]

#: A run of exact zeros that touches the frame's edge is padding from this many pixels on.
SMALLEST_PADDING = 25

#: A field of view fills its convex hull and the frame at least this far, and holds all but this share of the rest.
LEAST_SOLIDITY = 0.9
LEAST_FILLING = 0.1
MOST_SPECKS = 0.01


def padding_of(zeros, padding=None):
    """
    Where a frame is padded.

    Parameters
    ----------
    zeros : `numpy.ndarray` of `bool`
        Where the frame is exactly zero, shape (rows, columns).
    padding : `bool`, optional
        True if the regions of 25 zeros or more that reach the frame's edge are padding, False if no
        zero is. If it is not said, they are where what they leave is one field of view: one region,
        of a tenth of the frame at least, that fills its convex hull, as the disk of the Sun or a
        rotated field of view does, and as the elements of a map cleaned to zeros between them do not.

    Returns
    -------
    `numpy.ndarray` of `bool`

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.magnetograms.padding import padding_of
    >>> zeros = np.zeros((30, 40), bool)
    >>> zeros[:6, :5] = True
    >>> np.count_nonzero(padding_of(zeros)), np.count_nonzero(padding_of(~zeros))
    (np.int64(30), np.int64(0))
    """
    if padding is False or not _edge(zeros).any():
        return np.zeros(zeros.shape, bool)
    found = _edge_regions(zeros)
    if padding is None and found.any() and not (found.all() or _is_field_of_view(~found)):
        return np.zeros(zeros.shape, bool)
    return found


def _edge(pixels):
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])


def _edge_regions(pixels):
    """The connected regions of a mask that touch the frame's edge and are not there by chance."""
    labels, number = ndimage.label(pixels)
    chosen = np.zeros(number + 1, bool)
    chosen[np.unique(_edge(labels))] = True
    chosen &= np.bincount(labels.ravel(), minlength=number + 1) >= SMALLEST_PADDING
    chosen[0] = False
    return chosen[labels]


def _is_field_of_view(pixels):
    labels, _ = ndimage.label(pixels)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    largest = sizes.max()
    if sizes.sum() - largest > MOST_SPECKS * largest or largest < LEAST_FILLING * pixels.size:
        return False
    return largest > LEAST_SOLIDITY * _hull_area(labels == sizes.argmax())


def _hull_area(pixels):
    """Area of the convex hull of the pixels' corners, in pixels."""
    rows = np.flatnonzero(pixels.any(axis=1))
    first = pixels[rows].argmax(axis=1)
    end = pixels.shape[1] - pixels[rows, ::-1].argmax(axis=1)
    corners = [(rows, first), (rows + 1, first), (rows, end), (rows + 1, end)]
    return ConvexHull(np.concatenate([np.transpose(corner) for corner in corners])).volume
