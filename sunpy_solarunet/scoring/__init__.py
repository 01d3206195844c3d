"""
How right a tracker's tables are where the truth is known.
"""

from sunpy_solarunet.scoring.score import Score, score

__all__ = ["Score", "score"]
