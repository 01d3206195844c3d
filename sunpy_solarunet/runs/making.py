"""
What a frame yields by itself: a pure function of its file, worked out wherever there is room.
"""

from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from astropy.time import Time

from sunpy_solarunet.errors import MagnetogramError
from sunpy_solarunet.features import FeatureCatalog
from sunpy_solarunet.runs.frames import frame_body
from sunpy_solarunet.runs.inputs import ANYTHING, wrong_shape
from sunpy_solarunet.runs.judging import Look, look_at
from sunpy_solarunet.tracking.rows import features_columns, frames_columns
from sunpy_solarunet.tracking.tables import SCHEMAS

__all__ = ["Made", "emptied", "made_of", "make_frame"]


@dataclass(frozen=True)
class Made:
    """
    What a frame yields by itself.

    Attributes
    ----------
    row : `dict`
        The columns of the table of frames, one element each.
    note : `str`
        What was taken for padding, where nobody has said it.
    look : `~sunpy_solarunet.runs.judging.Look` or `None`
        What is seen of it, if it could be read.
    features : `dict` or `None`
        Columns of its features.
    body : `bytes`
        Labels and features as they stand in its file.
    catalog : `~sunpy_solarunet.FeatureCatalog` or `None`
    """

    row: dict
    note: str = ""
    look: Look | None = None
    features: dict | None = None
    body: bytes = b""
    catalog: FeatureCatalog | None = None

    @property
    def fault(self):
        """Why it cannot be used, as far as it tells by itself."""
        return str(self.row["skipped"][0])


def make_frame(number, source, shape, segmenter):
    """
    Read a magnetogram, look at it, find its features and measure them.

    Parameters
    ----------
    number : `int`
        Of the frame in its run.
    source : `~sunpy_solarunet.runs.inputs.Source`
    shape : tuple or `None`
        Rows and columns that it must have.
    segmenter : `~sunpy_solarunet.Segmenter`

    Returns
    -------
    Made
    """
    return made_of(number, source, source.open(), shape, segmenter)


def made_of(number, source, opened, shape, segmenter):
    """
    The same for a magnetogram that has been read.

    Parameters
    ----------
    number, source, shape, segmenter
        As for `make_frame`.
    opened : tuple
        From `~sunpy_solarunet.runs.inputs.Source.open`.

    Returns
    -------
    Made
    """
    magnetogram, fault, note = opened
    look, fault = (None, fault) if fault else _looked_at(magnetogram, shape)
    if look is None:
        return Made(_unseen_row(number, source, fault), note)
    catalog, fault = (None, fault) if fault else _segmented(magnetogram, segmenter)
    if fault:
        return Made(_empty_row(number, source, magnetogram, fault), note, look)
    row, features = frames_columns(catalog, number), features_columns(catalog, number)
    row["file"] = np.array([source.name])
    return Made(row, note, look, features, frame_body(catalog, features), catalog)


def _looked_at(magnetogram, shape):
    """What is seen of a magnetogram, and why it cannot be used."""
    try:
        fault = wrong_shape(magnetogram.data.shape, shape)
        look = None if fault else look_at(magnetogram)
    except MemoryError:
        raise
    except ANYTHING as problem:
        return None, " ".join(str(problem).split())
    return look, fault or look.fault


def _segmented(magnetogram, segmenter):
    """The catalog of a magnetogram, and why there is none."""
    try:
        return segmenter(magnetogram), ""
    except MagnetogramError as problem:
        return None, " ".join(str(problem).split())


def _empty_row(number, source, magnetogram, fault):
    """The row of a frame in which nothing can be found, with its observer where that is known."""
    with suppress(ANYTHING):
        empty = FeatureCatalog(magnetogram, np.zeros(magnetogram.data.shape, int))
        return frames_columns(empty, number, fault) | {"file": np.array([source.name])}
    return _unseen_row(number, source, fault)


def _unseen_row(number, source, fault):
    """The row of a frame of which only the name and the time are known."""
    time = Time(0, format="jd") if source.time is None else source.time.utc
    known = {"frame": number, "file": source.name}
    row = {name: np.array([known.get(name, np.nan)]) for name in SCHEMAS["frames"]}
    return emptied(row | {"time": Time([time.jd1], [time.jd2], format="jd", scale="utc")}, fault)


def emptied(row, fault):
    """
    The row of a frame that turns out not to be usable.

    Parameters
    ----------
    row : `dict`
    fault : `str`
        Why.

    Returns
    -------
    `dict`
    """
    nothing = {"n_features": 0, "positive_flux": 0.0, "negative_flux": 0.0, "skipped": fault}
    return row | {name: np.array([value]) for name, value in nothing.items()}
