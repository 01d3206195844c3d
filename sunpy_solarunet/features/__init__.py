"""
Features of one magnetogram: labelled pixels together with their map, and what is measured of them.
"""

from sunpy_solarunet.features.catalog import FeatureCatalog
from sunpy_solarunet.features.feature import Feature
from sunpy_solarunet.features.flags import FLAGS, flag_names
from sunpy_solarunet.features.measurements import MEASUREMENTS
from sunpy_solarunet.features.spread import NORMAL_MEDIAN

__all__ = ["FLAGS", "MEASUREMENTS", "NORMAL_MEDIAN", "Feature", "FeatureCatalog", "flag_names"]
