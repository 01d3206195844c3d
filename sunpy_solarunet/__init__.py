"""
Find magnetic flux elements in solar magnetograms and follow them through time.
"""

import importlib
from typing import TYPE_CHECKING

try:
    from sunpy_solarunet._version import version as __version__
except ModuleNotFoundError:
    __version__ = "unknown"

if TYPE_CHECKING:
    from sunpy_solarunet.features import Feature, FeatureCatalog
    from sunpy_solarunet.magnetograms import magnetogram, read_magnetograms
    from sunpy_solarunet.runs import Run
    from sunpy_solarunet.segmentation import Segmenter, available_models
    from sunpy_solarunet.tracking import Tracker

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

#: Where each name is defined. It is imported when it is first asked for: SunPy's maps alone take seconds.
_HOMES = {
    "Feature": "features",
    "FeatureCatalog": "features",
    "Run": "runs",
    "Segmenter": "segmentation",
    "Tracker": "tracking",
    "available_models": "segmentation",
    "magnetogram": "magnetograms",
    "read_magnetograms": "magnetograms",
}

#: The rooms of the package, which can be reached without being imported first.
_ROOMS = (
    "analysis",
    "errors",
    "exports",
    "features",
    "geometry",
    "lineage",
    "magnetograms",
    "names",
    "plotting",
    "runs",
    "scoring",
    "segmentation",
    "synthetic",
    "tracking",
)


def __getattr__(name):
    if name in _HOMES:
        found = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    elif name in _ROOMS:
        return importlib.import_module(f"{__name__}.{name}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__():
    return sorted({*__all__, *_ROOMS})
