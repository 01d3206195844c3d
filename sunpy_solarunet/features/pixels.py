"""
The pixels of labelled features, feature after feature.
"""

import numpy as np

__all__ = ["pixels_by_label"]


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
    label, owner = _numbered(labels.ravel()[pixels])
    starts = np.append(0, np.cumsum(np.bincount(owner, minlength=len(label))))[:-1]
    # Numbers of few bytes are sorted in one pass.
    order = np.argsort(owner.astype(np.min_scalar_type(len(label))), kind="stable")
    return label, pixels[order], starts


def _numbered(found):
    """The numbers that occur, increasing, and the position of each element's among them."""
    highest = int(found.max(initial=0))
    if highest > 10 * len(found):
        label, owner = np.unique(found, return_inverse=True)
        return label.astype(int), owner
    label = np.flatnonzero(np.bincount(found))
    position = np.zeros(highest + 1, np.int32)
    position[label] = np.arange(len(label))
    return label, position[found]
