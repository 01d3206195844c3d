"""
Following features from frame to frame: association, events, tracks and their tables.
"""

from sunpy_solarunet.tracking.tracker import Tracker

__all__ = ["Tracker"]
