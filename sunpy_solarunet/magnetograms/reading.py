"""
Reading files: FITS, and 8-bit images.
"""

import contextlib
import gzip
import io
from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.io import fits

from sunpy_solarunet.errors import MagnetogramError
from sunpy_solarunet.magnetograms.field import checked_field, field_from_levels, field_unit

__all__ = ["FITS_SUFFIXES", "IMAGE_SUFFIXES", "is_image", "read_array", "read_field", "read_levels"]

FITS_SUFFIXES = (".fits", ".fts", ".fit", ".fits.gz", ".fts.gz", ".fits.fz", ".fz")
IMAGE_SUFFIXES = (".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp")


@contextlib.contextmanager
def named_errors(name, what):
    """Whatever goes wrong inside libraries names the file, and what was done with it."""
    try:
        yield
    except (MagnetogramError, MemoryError, FileNotFoundError):
        raise
    except Exception as problem:
        reason = " ".join(str(problem).split()) or type(problem).__name__
        raise MagnetogramError(f"{name}: {what} ({reason})") from problem


def existing_file(path):
    """The path of a file that exists, with the home directory for ``~``."""
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    return path


def read_fits(path):
    """First two-dimensional image of a FITS file and its header."""
    return of_image(path, lambda image: (image.data, plain_header(image)), whole=True)


def of_image(path, take, *, whole=False):
    """What is taken from the first two-dimensional image of a FITS file; ``whole`` if it is the data."""
    with (
        named_errors(path, "not a complete FITS file"),
        fits.open(_checked_content(path) if whole else path, memmap=False) as hdus,
    ):
        hdus.verify("silentfix+ignore")
        images = [hdu for hdu in hdus if hdu.is_image and hdu.header.get("NAXIS", 0) > 0]
        if not images:
            raise MagnetogramError(f"{path}: the FITS file holds no image")
        image = next((hdu for hdu in images if len(hdu.shape) == 2), images[0])
        if whole and isinstance(image, fits.CompImageHDU):
            _require_sum(path, next(number for number, hdu in enumerate(hdus) if hdu is image))
        return take(image)


def _checked_content(path):
    """The file, or what it holds if it is gzipped: only at its end is the checksum of the whole known."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    if not packed:
        return path
    with gzip.open(path) as file:
        return io.BytesIO(file.read())


def _require_sum(path, number):
    """
    Refuse tiles that do not add up to what the file says they do: many damaged ones can be unpacked.

    The sums of plain images are not believed: editors leave them as they were before.
    """
    with fits.open(_checked_content(path), memmap=False, disable_image_compression=True) as hdus:
        if hdus[number].verify_datasum() == 0:
            raise MagnetogramError(f"{path}: the compressed image is damaged: its DATASUM does not agree")


def plain_header(image):
    """Keywords in lower case and their values, but for remarks and those without a value."""
    remarks = ("COMMENT", "HISTORY", "")
    return {
        key.lower(): value
        for key, value in image.header.items()
        if key not in remarks and value is not None and not isinstance(value, fits.card.Undefined)
    }


def is_image(path):
    """
    Whether a file is an image, by its suffix, rather than FITS.

    Parameters
    ----------
    path : `pathlib.Path`

    Returns
    -------
    `bool`
    """
    return path.suffix.lower() in IMAGE_SUFFIXES


def read_array(path, field_range=None):
    """
    The numbers of a FITS file, or the field of an 8-bit image, without coordinates.

    Parameters
    ----------
    path : path-like
    field_range : `~astropy.units.Quantity`, optional
        Needed for an image, see `field_from_levels`.

    Returns
    -------
    `numpy.ndarray`
        Shape (rows, columns), row 0 south.

    Raises
    ------
    MagnetogramError
        If the file is neither, damaged, or not two-dimensional.
    FileNotFoundError
        If there is no such file.
    """
    path = existing_file(path)
    field = read_image(path, field_range) if is_image(path) else read_fits(path)[0]
    return checked_field(field, path.name)


def read_field(path, field_range=None):
    """
    The field of a FITS file or an 8-bit image in gauss, without coordinates.

    Parameters
    ----------
    path : path-like
        A FITS file whose header has no unit is taken to be in gauss.
    field_range : `~astropy.units.Quantity`, optional
        Needed for an image, see `field_from_levels`.

    Returns
    -------
    `numpy.ndarray` of `numpy.float32`
        Shape (rows, columns), row 0 south.

    Raises
    ------
    MagnetogramError
        If the file is neither, damaged, not two-dimensional, or in a unit that is not one of a magnetic field.
    FileNotFoundError
        If there is no such file.
    """
    path = existing_file(path)
    if is_image(path):
        return read_array(path, field_range).astype(np.float32)
    field, header = read_fits(path)
    unit = field_unit(header.get("bunit"), path.name) or u.G
    return (checked_field(field, path.name) * unit.to(u.G)).astype(np.float32)


def read_image(path, field_range, padding=None):
    """The field of an image, or its levels if it has colors."""
    require_field_range(path, field_range)
    levels = read_levels(path)
    return field_from_levels(levels, field_range, padding).value if levels.ndim == 2 else levels


def require_field_range(path, field_range):
    """Refuse an image whose levels stand for no field."""
    if field_range is None:
        raise MagnetogramError(
            f"{path}: an image needs field_range=, the field of its last level, for example field_range=300 * u.G"
        )


def read_levels(path):
    """
    The levels of an 8-bit image as they are.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    `numpy.ndarray` of `numpy.uint8`
        Row 0 north; a color image has three dimensions.

    Raises
    ------
    MagnetogramError
        If the file is no image, damaged, or has more than 8 bits.
    FileNotFoundError
        If there is no such file.
    """
    from skimage.io import imread

    path = existing_file(path)
    with named_errors(path, "not a complete image"):
        levels = imread(path)
    if levels.ndim == 2 and levels.dtype != np.uint8:
        raise MagnetogramError(f"{path}: an image must have 8 bits, this one is {levels.dtype}")
    return levels
