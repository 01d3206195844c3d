"""
Catalogs from the stored labels of frames and their magnetograms.
"""

import numpy as np

from sunpy_solarunet.features import FeatureCatalog
from sunpy_solarunet.runs.frames import read_labels

__all__ = ["Catalogs", "stored_catalog"]


def stored_catalog(path, frame, magnetogram, *, meta):
    """
    The catalog of a frame, without finding its features once more.

    Parameters
    ----------
    path : path-like
        File of the frame.
    frame : `~sunpy_solarunet.runs.frames.StoredFrame`
        What that file tells.
    magnetogram : `~sunpy.map.GenericMap`
    meta : `dict`
        How its features were found.

    Returns
    -------
    `~sunpy_solarunet.FeatureCatalog`
        As it was; each feature's probability is that of all its pixels.
    """
    labels = read_labels(path)
    return FeatureCatalog(
        magnetogram,
        labels.data,
        probability=_probability(labels.data, frame.features),
        area=labels.meta["area"],
        meta=meta,
    )


def _probability(labels, features):
    """For each pixel the probability of its feature; `None` where the features have none."""
    known = features["probability"]
    if not len(known) or np.isnan(known).all():
        return None
    by_label = np.zeros(labels.max() + 1)
    by_label[features["label"]] = known
    return by_label[labels]


class Catalogs:
    """
    The catalogs of a run, one by one.

    Parameters
    ----------
    run : `~sunpy_solarunet.Run`
    """

    def __init__(self, run):
        self._run = run
        self._numbers = run.used_frames()

    def __length_hint__(self):
        return len(self._numbers)

    def __iter__(self):
        return (self._run.catalog(number) for number in self._numbers)
