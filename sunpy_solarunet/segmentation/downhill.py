"""
Climbing in a landscape: the maximum that one reaches from each pixel by always stepping to the strongest neighbor.

What decides between equal choices is told by `~sunpy_solarunet.segmentation.classical.downhill_labels`.
"""

import numpy as np
from astropy.utils import lazyproperty
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

__all__ = ["summits"]

#: How far the surroundings that decide between equal choices reach, step by step, in pixels: 63 in all.
DISTANCES = (1, 2, 4, 8, 16, 32)


def summits(levels):
    """
    The maximum that each pixel of a mask leads to.

    Parameters
    ----------
    levels : `numpy.ndarray` of `int`
        Shape (rows, columns): whole numbers that are ordered as the strengths of the pixels, with the sign of
        the pixel's class; 0 outside of the mask.

    Returns
    -------
    `numpy.ndarray` of `int`
        One element a pixel of the mask, in the order of the rows: the number, counted in this order, of the first
        pixel of its maximum.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.segmentation.downhill import summits
    >>> summits(np.array([[0, 2, 4, 4, 1, 3, -1]]))
    array([1, 1, 1, 1, 4, 5], dtype=int32)
    """
    return _Slopes(levels).summits


class _Slopes:
    """
    Where one comes to by climbing from the pixels of a mask.

    Pixels are numbered in the order of the rows; a plateau, of one pixel or more, has the number of its first one.
    """

    def __init__(self, levels):
        self._levels = levels
        padded = np.pad(levels, 1)
        width = padded.shape[1]
        self._padded = padded.ravel()
        self._pixels = np.flatnonzero(self._padded)
        self._number = np.zeros(self._padded.size, np.int32)
        self._number[self._pixels] = np.arange(len(self._pixels))
        self._offsets = (1, width - 1, width, width + 1, -1, 1 - width, -width, -width - 1)
        level = self._padded[self._pixels]
        self._sign, self._strength = np.sign(level), np.abs(level)
        self._plateau = self._plateaus(level)

    def _neighbors(self):
        """The strength of each pixel's neighbors, one after the other, negative where they are of another sign."""
        for offset in self._offsets:
            yield offset, self._padded[self._pixels + offset] * self._sign

    def _plateaus(self, level):
        """Each pixel's plateau."""
        pairs = []
        for offset in self._offsets[:4]:
            alike = np.flatnonzero(self._padded[self._pixels + offset] == level)
            pairs.append((alike, self._number[self._pixels[alike] + offset]))
        ones, others = (np.concatenate(side) for side in zip(*pairs, strict=True))
        return _first_of_each(*connected_components(_graph(ones, others, len(level)), directed=False))

    @property
    def summits(self):
        """The plateau that each pixel leads to."""
        low, high = self._strongest_neighbors()
        target = self._plateau.copy()
        target[low] = high
        tied = np.bincount(low, minlength=len(target))[low] > 1
        if tied.any():
            pairs = np.unique(low[tied].astype(np.int64) * len(target) + high[tied])
            target = self._decided(target, *np.divmod(pairs, len(target)))
        return _followed(target)

    def _strongest_neighbors(self):
        """Pairs of plateaus that touch, each a lower one and the strongest, or several, of those around it."""
        highest = self._strength.copy()
        for _, strength in self._neighbors():
            np.maximum(highest, strength, out=highest)
        many = np.flatnonzero(self._size[self._plateau] > 1)
        np.maximum.at(highest, self._plateau[many], highest[many])
        highest = highest[self._plateau]
        rising = highest > self._strength
        pairs = []
        for offset, strength in self._neighbors():
            low = np.flatnonzero(rising & (strength == highest))
            pairs.append((self._plateau[low], self._plateau[self._number[self._pixels[low] + offset]]))
        return (np.concatenate(side) for side in zip(*pairs, strict=True))

    @lazyproperty
    def _size(self):
        """Number of pixels of each plateau."""
        return np.bincount(self._plateau, minlength=len(self._plateau))

    @lazyproperty
    def _surroundings(self):
        """A number for each plateau that tells it by what is around it."""
        rank = np.unique(self._strength, return_inverse=True)[1].ravel() + 1
        levels = np.zeros(self._levels.shape, int)
        levels[self._levels != 0] = rank * self._sign
        surroundings = np.zeros(len(rank), np.uint64)
        np.add.at(surroundings, self._plateau, _surroundings(levels)[self._levels != 0])
        return surroundings

    def _decided(self, target, low, high):
        """The targets with all ties decided, from above: where a neighbor leads to depends on the ties uphill of it."""
        is_contested = False
        while True:
            summit = _followed(target)[high]
            merits = [self._size[summit], self._strength[summit], low]
            is_contested = is_contested or _is_contested(summit, merits)
            if is_contested:
                merits = [high, self._surroundings[high], self._surroundings[summit], *merits]
            order = np.lexsort(merits)
            decided = target.copy()
            decided[low[order]] = high[order]  # of several numbers for one plateau the last one stays
            if np.array_equal(decided, target):
                return target
            target = decided


def _is_contested(summit, merits):
    """Whether different summits have the same merits for the same plateau."""
    order = np.lexsort([summit, *merits])
    alike = [merit[order[1:]] == merit[order[:-1]] for merit in merits]
    return bool(np.any(np.logical_and.reduce(alike) & (summit[order[1:]] != summit[order[:-1]])))


def _graph(ones, others, size):
    """The graph of so many nodes that joins pairs of them."""
    return coo_array((np.ones(len(ones), np.int8), (ones, others)), shape=(size, size))


def _first_of_each(number, group):
    """The first member of each member's group."""
    first = np.zeros(number, np.int32)
    first[group[::-1]] = np.arange(len(group), dtype=np.int32)[::-1]  # of several numbers the last one stays
    return first[group]


def _followed(target):
    """Where one comes to by following the targets to their end."""
    while not np.array_equal(target, further := target[target]):
        target = further
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
