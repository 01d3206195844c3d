"""
Following features from frame to frame: association, events, tracks and their tables.
"""

from sunpy_solarunet.tracking.comparing import compare
from sunpy_solarunet.tracking.history import History
from sunpy_solarunet.tracking.tracker import Tracker

__all__ = ["History", "Tracker", "compare"]
