"""
How right a segmentation is where the truth is known: pixels, elements and their flux.
"""

from dataclasses import dataclass, field

import numpy as np

from sunpy_solarunet.errors import SolarUnetError, require_whole
from sunpy_solarunet.scoring.matching import assign_pairs
from sunpy_solarunet.segmentation.classical import keep_large, signed_labels

__all__ = ["SegmentationScore", "score_segmentation", "signed_elements"]

#: A true element and a found one may be the same if they share at least this much of the pixels that either has.
LEAST_OVERLAP = 0.5


def signed_elements(mask, min_pixels=1):
    """
    Elements of a three-class mask, numbered from 1 and with the sign of their polarity.

    Parameters
    ----------
    mask : `numpy.ndarray`
        Whole numbers of any type: 1 positive, -1 negative, 0 nonsignificant, shape (rows, columns).
    min_pixels : `int`
        Connected regions of fewer pixels, by edges and corners, are no elements.

    Returns
    -------
    `numpy.ndarray` of `int`
        Shape (rows, columns): 0 where there is no element.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.scoring.segmentation import signed_elements
    >>> signed_elements(np.array([[1, 1, -1, -1, 0, 1]]), 2)
    array([[ 1,  1, -2, -2,  0,  0]])
    """
    mask = require_whole(mask, "a mask")
    return keep_large(signed_labels(mask), min_pixels) * np.sign(mask)


@dataclass(frozen=True)
class SegmentationScore:
    """
    How right a segmentation is, made by `score_segmentation`.

    Scores can be added, also by `sum`: the result is that of all frames together. Where nothing is
    counted (0/0), a measure is not-a-number.

    Attributes
    ----------
    shared_pixels, either_pixels : `int`
        Pixels that belong to elements in the truth and in what was found, and in either.
    true_elements, found_elements, matched_elements : `int`
        Number of elements.
    true_flux, found_flux : `float`
        Sum of the unsigned field over all elements.
    flux_errors : tuple of `float`
        Of the matched elements: the difference of the fluxes of the found and of the true one, over the true one's.
    """

    shared_pixels: int = 0
    either_pixels: int = 0
    true_elements: int = 0
    found_elements: int = 0
    matched_elements: int = 0
    true_flux: float = 0.0
    found_flux: float = 0.0
    flux_errors: tuple = field(default=(), repr=False)

    def __add__(self, other):
        if not isinstance(other, SegmentationScore):
            return NotImplemented
        return SegmentationScore(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))

    def __radd__(self, other):
        return self if other == 0 else NotImplemented

    @property
    def iou(self):
        """Intersection over union of the pixels."""
        return _ratio(self.shared_pixels, self.either_pixels)

    @property
    def recall(self):
        """Matched elements among the true ones."""
        return _ratio(self.matched_elements, self.true_elements)

    @property
    def precision(self):
        """Matched elements among the found ones."""
        return _ratio(self.matched_elements, self.found_elements)

    @property
    def f1(self):
        """Twice the matched elements over the sum of true and found ones."""
        return _ratio(2 * self.matched_elements, self.true_elements + self.found_elements)

    @property
    def flux_error(self):
        """Median of the sizes of the matched elements' relative flux errors."""
        return float(np.median(np.abs(self.flux_errors))) if len(self.flux_errors) else np.nan

    @property
    def flux_ratio(self):
        """Flux of all found elements over that of all true ones."""
        return _ratio(self.found_flux, self.true_flux)


def _ratio(part, whole):
    return float(part / whole) if whole else np.nan


def score_segmentation(true, found, field, *, min_pixels=1, least_overlap=LEAST_OVERLAP):
    """
    Compare elements with the true ones of the same frame.

    Pixels are compared whether or not their elements are large enough to count. A true element and
    a found one of the same polarity may be matched if their intersection over union is at least
    ``least_overlap``; each is matched once at most, such that the sum of these overlaps is largest.

    Parameters
    ----------
    true, found : `numpy.ndarray` of `int`
        Elements, numbered from 1 and with the sign of their polarity, 0 where there is none, as from
        `signed_elements`; shape (rows, columns).
    field : `numpy.ndarray`
        Of the same shape: the field that fluxes are summed over, for both alike. With that of the
        frame before it was made worse, the errors are those of the borders alone.
    min_pixels : `int`
        Elements of fewer pixels are not counted.
    least_overlap : `float`
        Above 0.

    Returns
    -------
    SegmentationScore

    Raises
    ------
    SolarUnetError
        If the shapes differ.

    Examples
    --------
    Of two true elements one is found, with two pixels more than it has:

    >>> import numpy as np
    >>> from sunpy_solarunet.scoring.segmentation import score_segmentation
    >>> true = np.array([[1, 1, 1, 1, 0, 0, 0, -2, -2]])
    >>> found = np.array([[1, 1, 1, 1, 1, 1, 0, 0, 0]])
    >>> score = score_segmentation(true, found, np.full((1, 9), 100.0))
    >>> score.iou, score.recall, score.precision, score.flux_error
    (0.5, 0.5, 1.0, 0.5)
    """
    if not np.shape(true) == np.shape(found) == np.shape(field):
        raise SolarUnetError(f"the shapes differ: {np.shape(true)}, {np.shape(found)} and {np.shape(field)}")
    strength = np.abs(np.nan_to_num(field))
    true, found = require_whole(true, "true"), require_whole(found, "found")
    pixels = (true != 0) & (found != 0), (true != 0) | (found != 0)
    (true, true_size, true_flux), (found, found_size, found_flux) = (
        _measured(labels, strength, min_pixels) for labels in (true, found)
    )
    rows, columns, overlap = _overlaps(true, found, true_size, found_size)
    near = overlap >= least_overlap
    rows, columns = rows[near], columns[near]
    chosen = assign_pairs(rows, columns, overlap[near])
    rows, columns = rows[chosen], columns[chosen]
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = found_flux[columns] / true_flux[rows] - 1
    return SegmentationScore(
        *(int(np.count_nonzero(each)) for each in pixels),
        *(int(np.count_nonzero(size)) for size in (true_size, found_size)),
        len(rows),
        float(true_flux.sum()),
        float(found_flux.sum()),
        tuple(errors.tolist()),
    )


def _measured(labels, strength, min_pixels):
    """Signed numbers of the elements that are large enough, and the pixels and the flux of each number."""
    number = np.abs(labels).ravel()
    size = np.bincount(number)
    counted = size >= min_pixels
    counted[0] = False
    flux = np.bincount(number, strength.ravel())
    return np.where(counted[np.abs(labels)], labels, 0), size * counted, flux * counted


def _overlaps(true, found, true_size, found_size):
    """Numbers of the true and found elements that share pixels and polarity, and their intersection over union."""
    both = (true * found > 0) & (np.sign(true) == np.sign(found))
    pairs = np.abs(np.column_stack([true[both], found[both]]))
    if not len(pairs):
        return np.zeros(0, int), np.zeros(0, int), np.zeros(0)
    pairs, shared = np.unique(pairs, axis=0, return_counts=True)
    rows, columns = pairs.T
    return rows, columns, shared / (true_size[rows] + found_size[columns] - shared)
