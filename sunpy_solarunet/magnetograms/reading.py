"""
Reading files: FITS, and 8-bit images.
"""

from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.io import fits

from sunpy_solarunet.errors import MagnetogramError
from sunpy_solarunet.magnetograms.field import checked_field, field_from_levels

__all__ = ["FITS_SUFFIXES", "IMAGE_SUFFIXES", "is_image", "read_array", "read_field", "read_levels"]

FITS_SUFFIXES = (".fits", ".fts", ".fit", ".fits.gz", ".fts.gz", ".fits.fz", ".fz")
IMAGE_SUFFIXES = (".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp")


def read_fits(path):
    """First two-dimensional image of a FITS file and its header."""
    return of_image(path, lambda image: (image.data, plain_header(image)))


def of_image(path, take):
    """What is taken from the first two-dimensional image of a FITS file."""
    try:
        with fits.open(path, memmap=False) as hdus:
            hdus.verify("silentfix+ignore")
            images = [hdu for hdu in hdus if hdu.is_image and hdu.header.get("NAXIS", 0) > 0]
            if not images:
                raise MagnetogramError(f"{path}: the FITS file holds no image")
            return take(next((hdu for hdu in images if len(hdu.shape) == 2), images[0]))
    except (OSError, TypeError, ValueError, EOFError) as problem:
        if isinstance(problem, MagnetogramError):
            raise
        raise MagnetogramError(f"{path}: not a complete FITS file ({problem})") from problem


def plain_header(image):
    remarks = ("COMMENT", "HISTORY", "")
    return {key.lower(): value for key, value in image.header.items() if key not in remarks}


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
        If the file is neither, or not two-dimensional.
    """
    path = Path(path)
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
        If the file is neither, not two-dimensional, or in a unit that is not one of a magnetic field.
    """
    path = Path(path)
    if is_image(path):
        return read_array(path, field_range).astype(np.float32)
    field, header = read_fits(path)
    text = str(header.get("bunit") or "G").strip()
    unit = u.Unit("G" if text.lower() == "gauss" else text, parse_strict="silent")
    if not unit.is_equivalent(u.G):
        raise MagnetogramError(f"{path.name}: the unit is {text}, which is not one of a magnetic field")
    return (checked_field(field, path.name) * unit.to(u.G)).astype(np.float32)


def read_image(path, field_range):
    if field_range is None:
        raise MagnetogramError(
            f"{path}: an image needs field_range=, the field of its last level, for example field_range=300 * u.G"
        )
    levels = read_levels(path)
    return field_from_levels(levels, field_range).value if levels.ndim == 2 else levels


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
        If the file is no image or has more than 8 bits.
    """
    from skimage.io import imread

    try:
        levels = imread(path)
    except (OSError, ValueError, SyntaxError) as problem:
        raise MagnetogramError(f"{path}: not a complete image ({problem})") from problem
    if levels.ndim == 2 and levels.dtype != np.uint8:
        raise MagnetogramError(f"{path}: an image must have 8 bits, this one is {levels.dtype}")
    return levels
