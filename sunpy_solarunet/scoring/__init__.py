"""
How right a tracker's tables, or a segmentation, are where the truth is known.
"""

from sunpy_solarunet.scoring.score import Score, score
from sunpy_solarunet.scoring.segmentation import SegmentationScore, score_segmentation, signed_elements

__all__ = ["Score", "SegmentationScore", "score", "score_segmentation", "signed_elements"]
