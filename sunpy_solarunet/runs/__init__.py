"""
Runs: tracked sequences in folders, written frame by frame, taken up again, and read.
"""

from sunpy_solarunet.runs.run import Run

__all__ = ["Run"]
