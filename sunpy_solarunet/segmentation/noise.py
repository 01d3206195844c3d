"""
The noise of a frame, estimated from the frame itself.
"""

import numpy as np
from scipy import ndimage

from sunpy_solarunet.features.spread import NORMAL_MEDIAN, median_of

__all__ = ["estimate_noise"]

#: Second differences along both axes: blind to any field that is locally a plane, or curved along one axis only;
#: independent noise keeps its standard deviation.
SECOND_DIFFERENCES = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]]) / 6


def estimate_noise(field):
    """
    Standard deviation of the noise from pixel to pixel, from the median absolute second difference.

    It is that of the noise where pixels are independent of each other and smaller where
    neighbors share their noise: an image smoothed by interpolation has less noise from pixel to
    pixel than its total.

    Parameters
    ----------
    field : `numpy.ndarray`
        Shape (rows, columns); not-a-number where there are no data.

    Returns
    -------
    `float`
        In the field's unit; 0 where no pixel has eight neighbors with data.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.segmentation.noise import estimate_noise
    >>> field = np.random.default_rng(0).normal(0, 30, (300, 200)) + np.arange(200.0)
    >>> print(f"{estimate_noise(field):.0f}")
    30
    """
    if min(field.shape) < 3:
        return 0.0
    difference = ndimage.convolve(np.asarray(field, np.float32), SECOND_DIFFERENCES.astype(np.float32))[1:-1, 1:-1]
    difference = np.abs(difference[np.isfinite(difference)])
    return NORMAL_MEDIAN * float(median_of(difference)) if difference.size else 0.0
