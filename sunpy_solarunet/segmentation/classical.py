"""
The classical ways to find features: threshold, hysteresis and downhill, from fields to masks and labels.

Fields are plain arrays in gauss, with not-a-number where there are no data.
"""

import numpy as np
from skimage.measure import label

from sunpy_solarunet.errors import require_whole

__all__ = ["downhill_labels", "hysteresis_mask", "keep_large", "polarity_mask", "signed_labels", "threshold_mask"]

#: How far the surroundings that decide between equal choices reach, step by step, in pixels: 63 in all.
DISTANCES = (1, 2, 4, 8, 16, 32)


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
    return np.abs(_plain(field)) > threshold


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
    field, significant = _plain(field), _signs(significant) != 0
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
    mask : `numpy.ndarray`
        Three classes, shape (rows, columns); whole numbers of any type.

    Returns
    -------
    `numpy.ndarray` of `int`
        0 where the mask is 0, else 1 and up in the order of the rows. Opposite signs never share a label.

    Raises
    ------
    SolarUnetError
        If the mask holds numbers that are not whole.

    Examples
    --------
    >>> import numpy as np
    >>> signed_labels(np.array([[1, -1, 0], [0, 1, -1]]))
    array([[1, 2, 0],
           [0, 1, 2]])
    """
    return label(_signs(mask), background=0, connectivity=2)


def downhill_labels(field, mask):
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

    Returns
    -------
    `numpy.ndarray` of `int`
        0 where the mask is 0, else 1 and up in the order of the rows.

    Raises
    ------
    SolarUnetError
        If the mask holds numbers that are not whole.

    Examples
    --------
    >>> import numpy as np
    >>> field = np.array([[200.0, 300.0, 300.0, 150.0, 250.0]])
    >>> downhill_labels(field, np.sign(field))
    array([[1, 1, 1, 1, 2]])
    """
    levels = _levels(np.abs(_plain(field)), _signs(mask))
    plateaus = label(levels, background=0, connectivity=2)
    return _renumber(_summits(plateaus, levels)[plateaus])


def _levels(strength, sign):
    """The rank of each pixel's strength, equal ones having the same, with the sign of its class."""
    levels = np.zeros(sign.shape, int)
    inside = sign != 0
    levels[inside] = (np.unique(strength[inside], return_inverse=True)[1].ravel() + 1) * sign[inside]
    return levels


def _summits(plateaus, levels):
    """The maximum that each plateau leads to, by the plateaus' numbers."""
    size = np.bincount(plateaus.ravel())
    level = np.zeros(len(size), int)
    level[plateaus] = np.abs(levels)
    low, high = _strongest_neighbors(plateaus, levels, level)
    target = np.arange(len(size))
    target[low] = high
    tied = np.bincount(low, minlength=len(size))[low] > 1
    if tied.any():
        surroundings = np.zeros(len(size), np.uint64)
        np.add.at(surroundings, plateaus, _surroundings(levels))
        target = _decided(target, low[tied], high[tied], (surroundings, size, level))
    return _followed(target)


def _decided(target, low, high, merits):
    """The targets with all ties decided, from above: what a neighbor leads to depends on the ties uphill of it."""
    while True:
        summit = _followed(target)[high]
        order = np.lexsort((high, merits[0][high], *(merit[summit] for merit in merits), low))
        decided = target.copy()
        decided[low[order]] = high[order]  # of several numbers for one plateau the last one stays
        if np.array_equal(decided, target):
            return target
        target = decided


def _strongest_neighbors(plateaus, levels, level):
    """Pairs of plateaus that touch, each a lower one and the strongest, or several, of those around it."""
    lows, highs = [], []
    for one, other in _touching():
        uphill = np.sign(levels[one]) * (levels[other] - levels[one])
        alike = levels[one] * levels[other] > 0
        for lower, upper, chosen in ((one, other, alike & (uphill > 0)), (other, one, alike & (uphill < 0))):
            lows.append(plateaus[lower][chosen])
            highs.append(plateaus[upper][chosen])
    low, high = np.concatenate(lows), np.concatenate(highs)
    strongest = np.zeros(len(level), int)
    np.maximum.at(strongest, low, level[high])
    kept = level[high] == strongest[low]
    pairs = np.unique(low[kept] * len(level) + high[kept])
    return np.divmod(pairs, len(level))


def _touching():
    """Slices that lay each pixel beside one of its neighbors: to the right, below, and below to both sides."""
    whole, first, last = slice(None), slice(None, -1), slice(1, None)
    return (
        ((whole, first), (whole, last)),
        ((first, whole), (last, whole)),
        ((first, first), (last, last)),
        ((first, last), (last, first)),
    )


def _followed(target):
    """Where one comes to by following the targets to their end."""
    while not np.array_equal(target, target[target]):
        target = target[target]
    return target


def _surroundings(levels):
    """
    Numbers that tell pixels apart by the levels around them, near and far, and that mirror images share.

    They are hashes of a pixel's own number and the sums over the neighbors at its sides and at its
    corners, farther and farther away; whole numbers, whose sums do not depend on an order.
    Levels count with their sign as seen from the pixel.
    """
    return np.where(levels < 0, _hashes(-levels), _hashes(levels))


def _hashes(levels):
    hashes = _mixed(levels.astype(np.uint64) + np.uint64(1))
    rows, columns = levels.shape
    for distance in DISTANCES:
        padded = np.pad(hashes, distance)
        steps = [(down, right) for down in (0, 1, 2) for right in (0, 1, 2)]
        around = [padded[distance * down :, distance * right :][:rows, :columns] for down, right in steps]
        sides, corners = sum(around[1::2]), sum(around[0:3:2]) + sum(around[6::2])
        hashes = _mixed(hashes + _mixed(sides) * np.uint64(3) + _mixed(corners) * np.uint64(5))
    return hashes


def _mixed(numbers):
    """Numbers whose bits all depend on all bits of those given, without chance (the finalizer of SplitMix64)."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


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
    array([[0, 0, 1, 1, 0, 2, 2]])
    """
    labels = require_whole(labels, "labels")
    large = np.bincount(labels.ravel(), minlength=1) >= min_pixels
    large[0] = False
    return _renumber(np.where(large[labels], labels, 0))


def _renumber(labels):
    """Labels without gaps, in the order of their first pixels."""
    used, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    number = np.zeros(len(used), int)
    features = np.flatnonzero(used)
    number[features[np.argsort(first[features])]] = np.arange(1, len(features) + 1)
    return number[inverse].reshape(labels.shape)


def _plain(field):
    """The field as floating-point numbers, in which the opposite of a number exists."""
    field = np.asarray(field)
    return field if field.dtype.kind == "f" else field.astype(float)


def _signs(mask):
    """The three classes of a mask of whole numbers of any type."""
    return np.sign(require_whole(mask, "a mask")).astype(np.int8)
