"""
A frame of a run in a file: the labels of its features with their coordinates, and all that was measured.
"""

import io
import json
import warnings
from dataclasses import dataclass

import astropy.units as u
import numpy as np
from astropy.io import fits
from astropy.table import Table
from astropy.time import Time

from sunpy_solarunet.atomic import written_whole
from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.runs.judging import Look
from sunpy_solarunet.tracking.tables import SCHEMAS

__all__ = ["StoredFrame", "frame_body", "read_frame", "read_labels", "write_frame"]

#: FITS keyword of everything that is no column, as JSON.
KEYWORD = "FRAMEROW"

#: Characters that FITS has its own ways with where a text goes on in the next card.
SPECIAL = "&' "

#: Rows of the tiles in which the labels are compressed.
TILE = 32


@dataclass(frozen=True)
class StoredFrame:
    """
    What a run knows of a frame.

    Attributes
    ----------
    row : `dict`
        The columns of the table of frames, one element each.
    features : `dict` or `None`
        Columns of its features; `None` if it could not be used.
    follows : `int` or `None`
        Number of the frame that it is compared with.
    look : `~sunpy_solarunet.runs.judging.Look` or `None`
        What was seen of it, if it could be read.
    digest : `str`
        Of the magnetogram.
    """

    row: dict
    features: dict | None
    follows: int | None = None
    look: Look | None = None
    digest: str = ""

    @property
    def number(self):
        """Number of the frame in the run."""
        return int(self.row["frame"][0])

    @property
    def time(self):
        """`~astropy.time.Time` of observation."""
        return self.row["time"][0]

    @property
    def skipped(self):
        """Why it could not be used."""
        return str(self.row["skipped"][0])


def frame_body(catalog, features):
    """
    The labels and features of a frame as they stand in its file, which is made wherever the frame is.

    Parameters
    ----------
    catalog : `~sunpy_solarunet.FeatureCatalog`
    features : `dict`
        Columns of its features.

    Returns
    -------
    `bytes`
    """
    primary = fits.PrimaryHDU()
    file = io.BytesIO()
    fits.HDUList([primary, _label_image(catalog), _feature_table(features)]).writeto(file)
    return file.getvalue()[len(primary.header.tostring()) :]


def write_frame(path, frame, body=b""):
    """
    Write a frame.

    Parameters
    ----------
    path : path-like
        With the suffix .fits.
    frame : StoredFrame
    body : `bytes`
        From `frame_body`, where the frame could be used.
    """
    header = fits.PrimaryHDU(header=_header(frame)).header
    with written_whole(path) as temporary:
        temporary.write_bytes(header.tostring().encode("ascii") + body)


def read_frame(path):
    """
    Read what is known of a frame.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    StoredFrame
        Equal to the one that was written.

    Raises
    ------
    SolarUnetError
        If the file is damaged.
    """
    try:
        with warnings.catch_warnings(action="ignore"), fits.open(path, memmap=False) as hdus:
            known = json.loads(hdus[0].header[KEYWORD])
            table = hdus["FEATURES"].data if "FEATURES" in hdus else None
            features = None if table is None else {name: _native(table[name]) for name in table.names}
            if (features is None) != bool(known["row"]["skipped"]):
                raise ValueError("its features are missing")
    except Exception as problem:  # what a damaged file raises is up to the libraries that read it
        raise _damaged(path, problem) from problem
    row = {name: _column(value, SCHEMAS["frames"].get(name, (None,))[0]) for name, value in known["row"].items()}
    if features is not None:
        features = _with_time(features, row["time"])
    look = None if known["look"] is None else Look.of(known["look"])
    return StoredFrame(row, features, known["follows"], look, known["digest"])


def read_labels(path):
    """
    The labels of a frame with their coordinates.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    `~sunpy.map.GenericMap`

    Raises
    ------
    SolarUnetError
        If the file is damaged, or the frame could not be used.
    """
    from sunpy.map import Map

    try:
        with warnings.catch_warnings(action="ignore"), fits.open(path, memmap=False) as hdus:
            labels = hdus["LABELS"]
            return Map(labels.data.astype(np.int32), labels.header)
    except Exception as problem:  # what a damaged file raises is up to the libraries that read it
        raise _damaged(path, problem) from problem


def _damaged(path, problem):
    return SolarUnetError(f"{path}: damaged ({problem}); remove it and all later ones, and run the command again")


def _header(frame):
    header = fits.Header()
    header["FRAME"] = frame.number, "number of the frame in the run"
    header["DATE-OBS"] = Time(frame.time, format="isot", precision=9).value
    header["SHA256"] = frame.digest
    if frame.look is not None:
        header["NOISE"] = frame.look.noise, "[G] from pixel to pixel"
    header["SKIPPED"] = bool(frame.skipped), "could not be used"
    look = None if frame.look is None else frame.look.plain
    row = {name: _plain(values) for name, values in frame.row.items()}
    known = {"row": row, "look": look, "follows": frame.follows, "digest": frame.digest}
    text = json.dumps(known, separators=(",", ":"))
    for character in SPECIAL:
        text = text.replace(character, f"\\u{ord(character):04x}")
    header[KEYWORD] = text
    return header


def _plain(values):
    if isinstance(values, Time):
        return [float(values.utc.jd1[0]), float(values.utc.jd2[0])]
    return values[0].item()


def _column(value, kind):
    if kind is Time:
        return Time(np.array(value[:1]), np.array(value[1:]), format="jd", scale="utc")
    return np.array([value])


def _label_image(catalog):
    """The labels in compressed tiles, without loss, with the coordinates and the time of the map."""
    header = catalog.map.wcs.to_header(relax=True)
    for key in ("MJD-OBS", "DATE-AVG", "MJD-AVG", "DATE-BEG", "DATE-END", "MJD-BEG", "MJD-END"):
        header.remove(key, ignore_missing=True)
    header["DATE-OBS"] = Time(catalog.time.utc, format="isot", precision=9).value
    header["TIMESYS"] = "UTC"
    header["CONTENT"] = "labels of features"
    header["AREA"] = catalog.area_kind, "how the areas of pixels are counted"
    tile = (min(TILE, catalog.labels.shape[0]), catalog.labels.shape[1])
    return fits.CompImageHDU(catalog.labels, header, name="LABELS", compression_type="RICE_1", tile_shape=tile)


def _feature_table(columns):
    """The rows of the features; their time is that of the frame."""
    table = Table({name: values for name, values in columns.items() if not isinstance(values, Time)})
    for name, column in table.columns.items():
        unit = SCHEMAS["features"].get(name, (None,))[0]
        column.unit = unit if isinstance(unit, u.UnitBase) else None
    hdu = fits.table_to_hdu(table)
    hdu.name = "FEATURES"
    return hdu


def _native(values):
    values = np.array(values)
    return values.astype(values.dtype.newbyteorder("="))


def _with_time(features, time):
    """The columns with that of the time where it stands in the schema."""
    number = len(next(iter(features.values())))
    times = Time(np.repeat(time.jd1, number), np.repeat(time.jd2, number), format="jd", scale="utc")
    return {"frame": features.pop("frame"), "time": times} | features
