"""
Finding features: the network, its training, and the classical methods.
"""

from sunpy_solarunet.segmentation.segmenter import Segmenter
from sunpy_solarunet.segmentation.weights import available_models

__all__ = ["Segmenter", "available_models"]
