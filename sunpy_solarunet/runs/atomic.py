"""
Files that are there as a whole or not at all: see `sunpy_solarunet.atomic`.
"""

from sunpy_solarunet.atomic import clear_temporaries, written_whole

__all__ = ["clear_temporaries", "written_whole"]
