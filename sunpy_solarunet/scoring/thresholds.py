"""
The strongest that a threshold can be: how well every threshold does, without a mask for each of them.
"""

import numpy as np

from sunpy_solarunet.errors import require_whole
from sunpy_solarunet.segmentation.classical import polarity_mask, signed_labels

__all__ = ["hysteresis_overlaps", "threshold_overlaps"]


def threshold_overlaps(strength, true, thresholds):
    """
    Pixels that the mask of each threshold shares with the truth, and that either has.

    Parameters
    ----------
    strength : `numpy.ndarray`
        Anything that is larger where flux is significant: the field strength, or a network's
        probability. Shape (rows, columns).
    true : `numpy.ndarray` of `bool`
        Shape (rows, columns).
    thresholds : `numpy.ndarray`
        In ascending order, shape (thresholds,). A mask has the pixels that are stronger.

    Returns
    -------
    shared, either : `numpy.ndarray` of `int`
        Shape (thresholds,). Those of several frames may be added before one is divided by the other.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.scoring.thresholds import threshold_overlaps
    >>> threshold_overlaps(np.array([[10.0, 20.0, 30.0]]), np.array([[False, False, True]]), np.array([5, 20]))
    (array([1, 1]), array([3, 1]))
    """
    place = np.searchsorted(thresholds, np.nan_to_num(strength).ravel())
    return _overlaps(place, np.ones(place.size, int), _ones(true), len(thresholds))


def hysteresis_overlaps(field, true, low, highs):
    """
    The same for hysteresis: for one low threshold and many high ones.

    Parameters
    ----------
    field : `numpy.ndarray`
        Gauss, shape (rows, columns).
    true : `numpy.ndarray` of `bool`
        Shape (rows, columns).
    low : `float`
        Gauss.
    highs : `numpy.ndarray`
        Gauss, in ascending order, shape (thresholds,).

    Returns
    -------
    shared, either : `numpy.ndarray` of `int`
        Shape (thresholds,).

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.scoring.thresholds import hysteresis_overlaps
    >>> field, true = np.array([[150.0, 350.0, 0.0, -150.0]]), np.array([[True, True, False, False]])
    >>> hysteresis_overlaps(field, true, 100, np.array([100, 300]))
    (array([2, 2]), array([3, 2]))
    """
    regions = signed_labels(polarity_mask(field, True, low)).ravel()
    strongest = np.zeros(regions.max() + 1)
    np.maximum.at(strongest, regions, np.abs(np.nan_to_num(field)).ravel())
    place = np.searchsorted(highs, strongest)
    # Region 0 is what lies outside.
    place[0] = 0
    size = np.bincount(regions)
    shared = np.bincount(regions, _ones(true), minlength=len(size)).astype(int)
    return _overlaps(place, size, shared, len(highs))


def _ones(true):
    """1 for each significant pixel of a mask of any type, 0 for the others."""
    return (require_whole(true, "true").ravel() != 0).astype(int)


def _overlaps(place, size, shared, n_thresholds):
    """Shared and either pixels, of parts that exceed so many of the thresholds and have so many pixels."""
    total = shared.sum()
    shared, size = (_above(place, pixels, n_thresholds) for pixels in (shared, size))
    return shared, size + total - shared


def _above(place, pixels, n_thresholds):
    counts = np.bincount(place, pixels, minlength=n_thresholds + 1).astype(int)
    return counts[::-1].cumsum()[::-1][1:]
