"""
The spread of normal noise from a median, which strong fields in some pixels do not change.
"""

import numpy as np

__all__ = ["NORMAL_MEDIAN", "median_of"]

#: Standard deviation of normal noise in units of the median of its absolute value.
NORMAL_MEDIAN = 1.4826


def median_of(numbers):
    """
    The median, as `numpy.median` has it, several times faster.

    Parameters
    ----------
    numbers : `numpy.ndarray`
        Of one dimension, one number at least, none of them not-a-number; their order is changed.

    Returns
    -------
    `numpy.floating`
        Of the numbers' type.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.features.spread import median_of
    >>> print(median_of(np.array([3.0, 0.0, 2.0, 500.0])))
    2.5
    """
    middle = numbers.size // 2
    numbers.partition(middle)
    upper = numbers[middle]
    return upper if numbers.size % 2 else np.array([numbers[:middle].max(), upper]).mean()
