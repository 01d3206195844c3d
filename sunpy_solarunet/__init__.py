"""
Find magnetic flux elements in solar magnetograms and follow them through time.
"""

from sunpy_solarunet.features import Feature, FeatureCatalog
from sunpy_solarunet.magnetograms import magnetogram, read_magnetograms
from sunpy_solarunet.runs import Run
from sunpy_solarunet.segmentation import Segmenter, available_models
from sunpy_solarunet.tracking import Tracker

try:
    from sunpy_solarunet._version import version as __version__
except ModuleNotFoundError:
    __version__ = "unknown"

__all__ = [
    "Feature",
    "FeatureCatalog",
    "Run",
    "Segmenter",
    "Tracker",
    "__version__",
    "available_models",
    "magnetogram",
    "read_magnetograms",
]
