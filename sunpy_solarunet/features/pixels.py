"""
The pixels of labelled features, feature after feature.
"""

import numpy as np

__all__ = ["pixels_by_label"]

#: Labels that are larger than this many times their pixels are not counted one by one.
MANY = 10


def pixels_by_label(labels):
    """
    Labels that occur, and the pixels of each.

    Parameters
    ----------
    labels : `numpy.ndarray` of `int`
        Shape (rows, columns), 0 where there is no feature, else a label above zero.

    Returns
    -------
    label : `numpy.ndarray` of `int`
        The labels, increasing.
    pixels : `numpy.ndarray` of `int`
        Flat indices of the pixels of the first label, then those of the second, each in the order of the rows.
    starts : `numpy.ndarray` of `int`
        Where each label begins among the pixels.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.features.pixels import pixels_by_label
    >>> pixels_by_label(np.array([[7, 0, 2], [7, 2, 2]]))
    (array([2, 7]), array([2, 4, 5, 0, 3]), array([0, 3]))
    """
    pixels = np.flatnonzero(labels != 0)
    found = labels.ravel()[pixels]
    label, number = _counted(found)
    # Numbers of two bytes or one are sorted in one pass.
    order = np.argsort(found.astype(np.min_scalar_type(int(found.max(initial=0)))), kind="stable")
    return label, pixels[order], np.cumsum(number) - number


def _counted(found):
    """The numbers that occur, increasing, and how often each does."""
    if found.max(initial=0) > MANY * len(found):
        return np.unique(found.astype(int), return_counts=True)
    number = np.bincount(found)
    label = np.flatnonzero(number)
    return label, number[label]
