"""
A catalog as one FITS file: the magnetogram, the labels and the probability, each an image with coordinates.
"""

import json
import os
import re
import uuid
import warnings
import zlib
from contextlib import contextmanager
from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning
from sunpy.util.exceptions import SunpyMetadataWarning

from sunpy_solarunet.errors import SolarUnetError

__all__ = ["SUFFIXES", "read_catalog", "write_catalog"]

#: Suffixes of FITS files.
SUFFIXES = (".fits", ".fit", ".fts")

#: Names of the images in a file.
MAGNETOGRAM, LABELS, PROBABILITY = "MAGNETOGRAM", "LABELS", "PROBABILITY"

#: FITS keyword that holds, as JSON, what else belongs to a catalog.
KEYWORD = "CATALOG"

#: Keywords that say how numbers are stored in a file, and nothing of a magnetogram.
STORAGE = re.compile(
    r"simple|xtension|bitpix|naxis\d*|ext(name|ver|level|end)|inherit|[pg]count|bscale|bzero|blank|checksum|datasum|"
    r"z(image|cmptype|tile\d+|naxis\d*|name\d+|val\d+|bitpix|quantiz|dither0|simple|tension|extend|[pg]count|blocked)"
)


def write_catalog(catalog, path, *, overwrite=False):
    """
    Write a catalog as one FITS file, whole or not at all.

    Parameters
    ----------
    catalog : `~sunpy_solarunet.FeatureCatalog`
    path : path-like
        With one of the suffixes .fits, .fit, .fts.
    overwrite : `bool`
        Replace a file that exists.

    Returns
    -------
    `pathlib.Path`

    Raises
    ------
    SolarUnetError
        If the suffix is another one.
    FileExistsError
        If the file exists and is not to be replaced.
    FileNotFoundError
        If there is no such folder.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise SolarUnetError(f"{path}: unknown suffix {path.suffix!r}; choose one of {', '.join(SUFFIXES)}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path.parent}: no such folder")
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} exists and is not to be replaced")
    with _whole_file(path) as file:
        fits.HDUList([fits.PrimaryHDU(), *_images(catalog)]).writeto(file, checksum=True)
    return path


@contextmanager
def _whole_file(path):
    """A file that gets its name when all of it is on disk."""
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _images(catalog):
    frame = catalog.map
    header, rest = _header(frame)
    told = {"area": catalog.area_kind, "noise": float(catalog.noise.to_value(u.G)), "meta": catalog.meta, "map": rest}
    yield _image(frame.data if frame.mask is None else np.where(frame.mask, np.nan, frame.data), header, MAGNETOGRAM)
    header.pop("BUNIT", None)
    yield _image(catalog.labels, header, LABELS, **{KEYWORD: _text(told)})
    if catalog._probability is not None:
        probability = np.zeros(catalog.labels.shape)
        probability.flat[catalog._pixels] = catalog._probability
        yield _image(probability, header, PROBABILITY)


def _header(frame):
    """What describes a map, without what says how its numbers were stored, and what a FITS header cannot hold."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SunpyMetadataWarning)
        header = frame.fits_header
    rest = {key: value for key, value in frame.meta.items() if key not in header or _may_be_lost(value)}
    rest.pop("keycomments", None)
    for key in {key for key in header if STORAGE.fullmatch(key.lower())}:
        header.remove(key, ignore_missing=True, remove_all=True)
    return header, rest


def _image(data, header, name, **cards):
    """An image in compressed tiles that lose nothing."""
    # Zero keeps real numbers as they are.
    image = fits.CompImageHDU(data, header.copy(), name=name, compression_type="GZIP_2", quantize_level=0.0)
    image.header.update(cards)
    return image


def _may_be_lost(value):
    """Whether it is text that Astropy may cut where a long card is continued."""
    return isinstance(value, str) and ("'" in value or "&" in value)


def _text(told):
    """JSON without the characters that Astropy may cut at."""
    return json.dumps(told, default=_plain).replace("'", "\\u0027").replace("&", "\\u0026")


def _plain(value):
    """Numbers of NumPy as those of Python, anything else that JSON does not know as text."""
    is_plain = isinstance(value, np.generic | np.ndarray) and not isinstance(value, u.Quantity)
    return value.tolist() if is_plain else str(value)


def read_catalog(path):
    """
    Read what `write_catalog` has written.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    `dict`
        Arguments of `~sunpy_solarunet.FeatureCatalog`.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    SolarUnetError
        If the file is damaged or no catalog.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        with warnings.catch_warnings():
            # Damage is a warning where Astropy checks the sums.
            warnings.filterwarnings("error", ".*(verification failed|truncated|corrupt)", AstropyUserWarning)
            with path.open("rb") as file, fits.open(file, checksum=True) as hdus:
                return _parts(hdus)
    except KeyError as problem:
        raise SolarUnetError(f"{path}: not a catalog that FeatureCatalog.write has written") from problem
    except (OSError, ValueError, TypeError, IndexError, EOFError, zlib.error, AstropyUserWarning) as problem:
        raise SolarUnetError(f"{path}: not a complete catalog ({problem})") from problem


def _parts(hdus):
    from sunpy.map import Map

    shown, labels = hdus[MAGNETOGRAM], hdus[LABELS]
    told = json.loads(labels.header[KEYWORD])
    return {
        "map": Map(_native(shown.data), _meta(shown.header) | told["map"]),
        "labels": _native(labels.data),
        "probability": _native(hdus[PROBABILITY].data) if PROBABILITY in hdus else None,
        "noise": told["noise"] * u.G,
        "area": told["area"],
        "meta": told["meta"],
    }


def _native(data):
    """Numbers in this machine's order of bytes."""
    return data.astype(data.dtype.newbyteorder("="), copy=False)


def _meta(header):
    """A header as a map takes it."""
    remarks = {key.lower(): "\n".join(map(str, header[key])) for key in ("COMMENT", "HISTORY") if key in header}
    plain = {key.lower(): value for key, value in header.items() if key not in ("COMMENT", "HISTORY", "")}
    kept = {key: value for key, value in plain.items() if key.startswith("naxis") or not STORAGE.fullmatch(key)}
    return kept | remarks
