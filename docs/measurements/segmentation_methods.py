"""
The methods that find elements: the networks, and the classical ones, tuned on the very frames that they are scored on.
"""

from dataclasses import dataclass

import astropy.units as u
import numpy as np
from scipy import ndimage
from segmentation_frames import LEVEL

from sunpy_solarunet import Segmenter, magnetogram
from sunpy_solarunet.scoring import signed_elements
from sunpy_solarunet.scoring.thresholds import hysteresis_overlaps, threshold_overlaps
from sunpy_solarunet.segmentation import classical

#: What the classical methods are tuned over: standard deviation of the smoothing in pixels, thresholds in gauss.
WIDTHS = np.arange(0, 4.05, 0.1)
THRESHOLDS = np.arange(20.0, 241, 2)
LOWS, HIGHS = np.arange(20.0, 161, 10), np.arange(20.0, 501, 10)

CLASSICAL = ("threshold", "smoothed", "smoothed and tuned", "hysteresis", "downhill")


@dataclass(frozen=True)
class Classical:
    """A classical method with its width in pixels and thresholds in gauss: a field in, elements out."""

    width: float
    threshold: float
    low: float | None = None
    downhill: bool = False

    def __call__(self, field):
        field = smooth(field, self.width)
        if self.low is None:
            significant = classical.threshold_mask(field, self.threshold)
        else:
            significant = classical.hysteresis_mask(field, self.threshold, self.low)
        mask = classical.polarity_mask(field, significant, 0.0)
        return (classical.downhill_labels(field, mask) if self.downhill else classical.signed_labels(mask)) * mask

    def __str__(self):
        thresholds = f"{self.threshold:g}" if self.low is None else f"{self.low:g} and {self.threshold:g}"
        return f"{self.width:.1f} px, {thresholds} G"


class Network:
    """A network with its default cut: a field in, elements or probabilities out."""

    def __init__(self, model):
        self._segmenter = Segmenter(model=model, polarity_threshold=0 * u.G, min_pixels=1)

    def __call__(self, field):
        return signed_elements(self._segmenter.mask(_as_map(field)).data.astype(int))

    def probability(self, field):
        """Probability that a pixel is significant."""
        return self._segmenter.probabilities(_as_map(field)).data


def _as_map(field):
    """A map of a field in gauss; where and when it was taken plays no role."""
    return magnetogram(field * u.G, time="2018-06-07T16:17:52", scale=0.083 * u.arcsec, center=(0, 0) * u.arcsec)


def smooth(field, width):
    """The field after a Gaussian smoothing."""
    return ndimage.gaussian_filter(np.asarray(field, np.float32), width) if width > 0 else field


def total_iou(overlaps):
    """Intersection over union of all frames together, for each threshold."""
    shared, either = sum(np.array(each) for each in overlaps)
    return shared / np.maximum(either, 1)


def tuned_methods(frames, widths=WIDTHS):
    """The classical methods by name, each with the width and the thresholds of the largest IoU on these frames."""
    ious = _smoothed_ious(frames, widths)
    at_level = ious[:, np.flatnonzero(THRESHOLDS == LEVEL)[0]].argmax()
    width, threshold = np.unravel_index(ious.argmax(), ious.shape)
    hysteresis = max(_tuned_hysteresis(frames, smoothing) for smoothing in {0.0, float(widths[width])})[1:]
    methods = (
        Classical(0.0, LEVEL),
        Classical(widths[at_level], LEVEL),
        Classical(widths[width], THRESHOLDS[threshold]),
        Classical(*hysteresis),
        Classical(*hysteresis, downhill=True),
    )
    return dict(zip(CLASSICAL, methods, strict=True))


def _smoothed_ious(frames, widths):
    """For each width and threshold."""

    def overlaps(width):
        return (threshold_overlaps(np.abs(smooth(frame.seen, width)), frame.true != 0, THRESHOLDS) for frame in frames)

    return np.array([total_iou(overlaps(width)) for width in widths])


def _tuned_hysteresis(frames, width):
    """The largest IoU, the width, and the high and the low threshold that give it."""
    smoothed = [(smooth(frame.seen, width), frame.true != 0) for frame in frames]
    ious = np.array([total_iou(hysteresis_overlaps(*each, low, HIGHS) for each in smoothed) for low in LOWS])
    low, high = np.unravel_index(ious.argmax(), ious.shape)
    # A high threshold below the low one selects nothing.
    return float(ious[low, high]), width, max(HIGHS[high], LOWS[low]), LOWS[low]
