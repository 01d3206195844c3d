"""
The classical ways to find features: threshold, hysteresis and downhill, from fields to masks and labels.

Fields are plain arrays in gauss, with not-a-number where there are no data.
"""

import numpy as np
from scipy import ndimage

from sunpy_solarunet.errors import require_whole
from sunpy_solarunet.segmentation.downhill import summits

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
    field = _plain(field)
    return (field > threshold) | (field < -threshold)


def polarity_mask(field, significant, threshold):
    """
    Three-class mask (section 3.1, step 5): the sign of significant pixels that are stronger than a threshold.

    Parameters
    ----------
    field : `numpy.ndarray`
        Gauss, shape (rows, columns).
    significant : `numpy.ndarray`
        Pixels that may belong to a feature: `True`, or whole numbers other than 0.
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
    field, significant = _plain(field), _integers(significant, "a mask") != 0
    positive, negative = (significant & side for side in (field > threshold, field < -threshold))
    return positive.view(np.int8) - negative.view(np.int8)


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
    regions = _components(polarity_mask(field, True, low))
    strong = np.zeros(regions.max() + 1, bool)
    strong[regions[threshold_mask(field, high)]] = True
    strong[0] = False
    return strong[regions]


def signed_labels(mask, min_pixels=1):
    """
    Connected components of each sign, pixels being neighbors by edges and corners (section 3.3).

    Parameters
    ----------
    mask : `numpy.ndarray`
        Three classes, shape (rows, columns); whole numbers of any type.
    min_pixels : `int`
        Components of fewer pixels are left out.

    Returns
    -------
    `numpy.ndarray` of `int`
        0 where there is none, else 1 and up in the order of the rows. Opposite signs never share a label.

    Raises
    ------
    SolarUnetError
        If the mask holds numbers that are not whole.

    Examples
    --------
    >>> import numpy as np
    >>> signed_labels(np.array([[1, -1, 0], [0, 1, -1]]))
    array([[1, 2, 0],
           [0, 1, 2]], dtype=int32)
    """
    return _renumbered(_components(_signs(mask)), min_pixels)


def _components(signs):
    """Labels of the connected components of each sign, the positive ones first."""
    touching = np.ones((3,) * signs.ndim, bool)
    labels, number = ndimage.label(signs > 0, touching)
    negative, _ = ndimage.label(signs < 0, touching)
    np.add(negative, number, out=labels, where=negative > 0)
    return labels


def downhill_labels(field, mask, min_pixels=1):
    """
    One feature for each local maximum of the field strength (SWAMIS's downhill identification).

    A pixel belongs to the maximum that one reaches from it by always stepping to the strongest of
    the eight neighbors of its sign. Equally strong pixels that touch are one plateau, which steps, or
    is a maximum, as a whole. Of several equally strong neighbors that one is taken which leads to
    the strongest maximum, then to the one of most pixels, and then the choice depends on what
    surrounds the maxima and the neighbors. Nothing of this changes in mirror images and quarter
    turns: they have the same features, numbered anew. Only where two choices are images of each
    other, so that nothing within 63 pixels tells them apart, the one in the later row, then column,
    is taken.

    Parameters
    ----------
    field : `numpy.ndarray`
        Gauss, shape (rows, columns).
    mask : `numpy.ndarray`
        Three classes, whole numbers of any type; each polarity is treated by itself.
    min_pixels : `int`
        Features of fewer pixels are left out.

    Returns
    -------
    `numpy.ndarray` of `int`
        0 where there is none, else 1 and up in the order of the rows.

    Raises
    ------
    SolarUnetError
        If the mask holds numbers that are not whole.

    Examples
    --------
    >>> import numpy as np
    >>> field = np.array([[200.0, 300.0, 300.0, 150.0, 250.0]])
    >>> downhill_labels(field, np.sign(field))
    array([[1, 1, 1, 1, 2]], dtype=int32)
    """
    levels = _levels(field, _signs(mask))
    labels = np.zeros(levels.shape, np.int32)
    labels[levels != 0] = _numbers(summits(levels), min_pixels)
    return labels


def _levels(field, sign):
    """Whole numbers that are ordered as the strengths of the pixels, with the sign of their class."""
    strength = np.abs(_plain(field))
    # The bits of floating-point numbers above zero, read as a whole number, have their order.
    real, whole = (np.float32, np.int32) if strength.itemsize <= 4 else (np.float64, np.int64)
    return (strength.astype(real, copy=False).view(whole) + whole(1)) * sign


def keep_large(labels, min_pixels):
    """
    Remove the features of fewer pixels and number the others without gaps.

    Parameters
    ----------
    labels : `numpy.ndarray`
        Whole numbers of any type, none of them negative.
    min_pixels : `int`

    Returns
    -------
    `numpy.ndarray` of `int`

    Raises
    ------
    SolarUnetError
        If the labels hold numbers that are not whole.

    Examples
    --------
    >>> import numpy as np
    >>> keep_large(np.array([[1, 0, 2, 2, 0, 3, 3]]), 2)
    array([[0, 0, 1, 1, 0, 2, 2]], dtype=int32)
    """
    labels = _integers(labels, "labels")
    return _renumbered(labels, min_pixels)


def _renumbered(labels, min_pixels=1):
    """Labels without gaps, in the order of their first pixels; those of too few pixels are left out."""
    pixels = np.flatnonzero(labels != 0)
    renumbered = np.zeros(labels.size, np.int32)
    renumbered[pixels] = _numbers(labels.ravel()[pixels], min_pixels)
    return renumbered.reshape(labels.shape)


def _numbers(found, min_pixels=1):
    """Numbers without gaps, from 1 on in the order in which they are found; 0 for those that are found too rarely."""
    kept = np.flatnonzero(np.bincount(found) >= max(min_pixels, 1))
    first = np.empty(found.max(initial=0) + 1, int)
    first[found[::-1]] = np.arange(len(found))[::-1]  # of several places of a number the last one stays
    number = np.zeros(len(first), np.int32)
    number[kept[np.argsort(first[kept])]] = np.arange(1, len(kept) + 1)
    return number[found]


def _plain(field):
    """The field as floating-point numbers, in which the opposite of a number exists."""
    field = np.asarray(field)
    return field if field.dtype.kind == "f" else field.astype(float)


def _signs(mask):
    """The three classes of a mask of whole numbers of any type."""
    return np.sign(_integers(mask, "a mask")).astype(np.int8, copy=False)


def _integers(values, argument):
    """Whole numbers of any type as integers, in their own type where this is one."""
    values = np.asarray(values)
    if values.dtype == bool:
        return values.view(np.int8)
    return values if values.dtype.kind == "i" else require_whole(values, argument)
