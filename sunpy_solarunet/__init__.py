"""
Find magnetic flux elements in solar magnetograms and follow them through time.
"""

from sunpy_solarunet.features import Feature, FeatureCatalog
from sunpy_solarunet.magnetograms import magnetogram, read_magnetograms
from sunpy_solarunet.segmentation import Segmenter, available_models

__all__ = [
    "Feature",
    "FeatureCatalog",
    "Segmenter",
    "available_models",
    "magnetogram",
    "read_magnetograms",
]
