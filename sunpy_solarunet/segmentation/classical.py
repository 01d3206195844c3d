"""
The classical ways to find features: threshold, hysteresis and downhill, from fields to masks and labels.

Fields are plain arrays in gauss, with not-a-number where there are no data.
"""

import numpy as np
from skimage.measure import label

__all__ = ["downhill_labels", "hysteresis_mask", "keep_large", "polarity_mask", "signed_labels", "threshold_mask"]


def threshold_mask(field, threshold):
    """
    Pixels whose field is stronger than a threshold.

    Parameters
    ----------
    field : `numpy.ndarray`
        Gauss, shape (rows, columns).
    threshold : `float`
        Gauss; the inequality is strict.

    Returns
    -------
    `numpy.ndarray` of `bool`

    Examples
    --------
    >>> import numpy as np
    >>> threshold_mask(np.array([-91.0, 90.0, np.nan, 200.0]), 90)
    array([ True, False, False,  True])
    """
    return np.abs(field) > threshold


def polarity_mask(field, significant, threshold):
    """
    Three-class mask (section 3.1, step 5): the sign of significant pixels that are stronger than a threshold.

    Parameters
    ----------
    field : `numpy.ndarray`
        Gauss, shape (rows, columns).
    significant : `numpy.ndarray` of `bool`
        Pixels that may belong to a feature.
    threshold : `float`
        Gauss; the paper has 150.

    Returns
    -------
    `numpy.ndarray` of `numpy.int8`
        1 positive, -1 negative, 0 nonsignificant.

    Examples
    --------
    >>> import numpy as np
    >>> polarity_mask(np.array([160.0, 150.0, -300.0, -300.0]), np.array([1, 1, 1, 0], bool), 150)
    array([ 1,  0, -1,  0], dtype=int8)
    """
    positive, negative = field > threshold, field < -threshold
    return (significant & positive).astype(np.int8) - (significant & negative).astype(np.int8)


def hysteresis_mask(field, high, low):
    """
    Regions of one sign above a low threshold that exceed a high one somewhere (SWAMIS's discrimination).

    Parameters
    ----------
    field : `numpy.ndarray`
        Gauss, shape (rows, columns).
    high, low : `float`
        Gauss.

    Returns
    -------
    `numpy.ndarray` of `bool`

    Examples
    --------
    >>> import numpy as np
    >>> hysteresis_mask(np.array([[150.0, 350.0, -150.0, 0.0, 150.0]]), 300, 100)
    array([[ True,  True, False, False, False]])
    """
    regions = signed_labels(polarity_mask(field, True, low))
    strong = np.zeros(regions.max() + 1, bool)
    strong[regions[threshold_mask(field, high)]] = True
    strong[0] = False
    return strong[regions]


def signed_labels(mask):
    """
    Connected components of each sign, pixels being neighbors by edges and corners (section 3.3).

    Parameters
    ----------
    mask : `numpy.ndarray` of `int`
        Three classes, shape (rows, columns).

    Returns
    -------
    `numpy.ndarray` of `int`
        0 where the mask is 0, else 1 and up in the order of the rows. Opposite signs never share a label.

    Examples
    --------
    >>> import numpy as np
    >>> signed_labels(np.array([[1, -1, 0], [0, 1, -1]]))
    array([[1, 2, 0],
           [0, 1, 2]])
    """
    return label(mask, background=0, connectivity=2)


def downhill_labels(field, mask):
    """
    One feature for each local maximum of the field strength (SWAMIS's downhill identification).

    A pixel belongs to the maximum that one reaches from it by always stepping to the strongest of
    the eight neighbors of its sign. Among equals the one in the later row, then column, is taken.

    Parameters
    ----------
    field : `numpy.ndarray`
        Gauss, shape (rows, columns).
    mask : `numpy.ndarray` of `int`
        Three classes; each polarity is treated by itself.

    Returns
    -------
    `numpy.ndarray` of `int`
        0 where the mask is 0, else 1 and up in the order of the rows.

    Examples
    --------
    >>> import numpy as np
    >>> field = np.array([[200.0, 300.0, 150.0, 250.0]])
    >>> downhill_labels(field, np.sign(field).astype(int))
    array([[1, 1, 1, 2]])
    """
    inside = np.flatnonzero(mask)
    rank = np.zeros(mask.size, int)
    rank[inside[np.argsort(np.abs(field.ravel()[inside]), kind="stable")]] = np.arange(1, len(inside) + 1)
    rank = np.pad(rank.reshape(mask.shape), 1)
    sign = np.pad(mask, 1)
    index = np.pad(np.arange(mask.size).reshape(mask.shape), 1)
    middle = (slice(1, -1), slice(1, -1))
    best_rank, best = rank[middle].copy(), index[middle].copy()
    rows, columns = mask.shape
    for down in range(3):
        for right in range(3):
            there = (slice(down, down + rows), slice(right, right + columns))
            stronger = (sign[there] == sign[middle]) & (rank[there] > best_rank)
            best_rank[stronger], best[stronger] = rank[there][stronger], index[there][stronger]
    upward = best.ravel()
    while not np.array_equal(upward, upward[upward]):
        upward = upward[upward]
    labels = np.zeros(mask.size, int)
    labels[inside] = upward[inside] + 1
    return _renumber(labels.reshape(mask.shape))


def keep_large(labels, min_pixels):
    """
    Remove the features of fewer pixels and number the others without gaps.

    Parameters
    ----------
    labels : `numpy.ndarray` of `int`
    min_pixels : `int`

    Returns
    -------
    `numpy.ndarray` of `int`

    Examples
    --------
    >>> import numpy as np
    >>> keep_large(np.array([[1, 0, 2, 2, 0, 3, 3]]), 2)
    array([[0, 0, 1, 1, 0, 2, 2]])
    """
    large = np.bincount(labels.ravel()) >= min_pixels
    large[0] = False
    return _renumber(np.where(large[labels], labels, 0))


def _renumber(labels):
    """Labels without gaps, in the order of their first pixels."""
    used, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    number = np.zeros(len(used), int)
    features = np.flatnonzero(used)
    number[features[np.argsort(first[features])]] = np.arange(1, len(features) + 1)
    return number[inverse].reshape(labels.shape)
