"""
Whether probabilities are kept: of the pixels that are given 30 %, 30 % should be significant.
"""

import numpy as np

from sunpy_solarunet.errors import require_whole

__all__ = ["calibration_error", "reliability_counts"]


def reliability_counts(probability, true, bins=10):
    """
    Pixels by their probability: how many, the sum of their probabilities, and how many are significant.

    Parameters
    ----------
    probability : `numpy.ndarray`
        From 0 to 1, not-a-number where there is none; shape (rows, columns).
    true : `numpy.ndarray` of `bool`
        Shape (rows, columns).
    bins : `int`
        Number of ranges, all of the same width.

    Returns
    -------
    `numpy.ndarray`
        Shape (3, bins). Those of several frames may be added.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.scoring.reliability import reliability_counts
    >>> reliability_counts(np.array([[0.25, 0.75, 0.75]]), np.array([[False, True, False]]), 2)
    array([[1.  , 2.  ],
           [0.25, 1.5 ],
           [0.  , 1.  ]])
    """
    there = np.isfinite(probability)
    probability, true = probability[there].astype(float), require_whole(true, "true")[there] != 0
    place = np.minimum((probability * bins).astype(int), bins - 1)
    weights = np.ones(len(place)), probability, true
    return np.array([np.bincount(place, weight, minlength=bins) for weight in weights])


def calibration_error(counts):
    """
    Expected calibration error: how far, in the mean over pixels, probabilities are from the share that is true.

    Parameters
    ----------
    counts : `numpy.ndarray`
        From `reliability_counts`, shape (3, bins).

    Returns
    -------
    `float`
        Not-a-number without pixels.

    Examples
    --------
    Two pixels of 0.75, of which one is significant, and one of 0.25, which is not:

    >>> import numpy as np
    >>> from sunpy_solarunet.scoring.reliability import calibration_error
    >>> calibration_error(np.array([[1.0, 2.0], [0.25, 1.5], [0.0, 1.0]]))
    0.25
    """
    pixels, probability, true = counts
    return float(np.abs(probability - true).sum() / pixels.sum()) if pixels.sum() else np.nan
