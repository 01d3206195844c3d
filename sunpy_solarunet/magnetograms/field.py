"""
The field of a magnetogram: its unit, and where there are no data.
"""

import astropy.units as u
import numpy as np

from sunpy_solarunet.errors import DescriptionMissing, MagnetogramError, require_quantity
from sunpy_solarunet.magnetograms.maps import is_map
from sunpy_solarunet.magnetograms.padding import padding_of
from sunpy_solarunet.magnetograms.times import require_time

__all__ = ["field_from_levels", "field_strength", "valid_pixels"]

#: Spellings of units that astropy does not know.
SPELLINGS = {"gauss": "G", "gs": "G", "kgauss": "kG", "kilogauss": "kG", "mx/cm^2": "Mx/cm2", "tesla": "T"}


def field_from_levels(levels, field_range, padding=None):
    """
    Field of an 8-bit image of a magnetogram.

    The levels are ``floor(256 (B + R) / 2 R)`` with the field range R, clipped to 0 and 255; each
    gives back the middle of its interval. Row 0 of an image is north, row 0 of a map is south. The
    padding of a frame, exact zeros, has become level 127 and is made zero again.

    Parameters
    ----------
    levels : `numpy.ndarray`
        Shape (rows, columns), row 0 north, `numpy.uint8`.
    field_range : `~astropy.units.Quantity`
        The field range R.
    padding : `bool`, optional
        Whether regions of level 127 that reach the frame's edge are padding, see `~sunpy_solarunet.magnetogram`.

    Returns
    -------
    `~astropy.units.Quantity`
        In gauss, row 0 south.

    Examples
    --------
    >>> import astropy.units as u
    >>> import numpy as np
    >>> field_from_levels(np.array([[255], [0]], dtype=np.uint8), 256 * u.G)
    <Quantity [[-255.],
               [ 255.]] G>
    """
    limit = require_quantity(field_range, u.G, "field_range", positive=True)
    levels = np.flipud(levels)
    field = (levels.astype(float) + 0.5) * (2 * limit / 256) - limit
    field[padding_of(levels == 127, padding)] = 0.0
    return field * u.G


def field_strength(frame, pixels=None):
    """
    The field of a map in gauss, with not-a-number where the map has no data.

    Parameters
    ----------
    frame : `~sunpy.map.GenericMap`
        In gauss, tesla, Mx / cm2 or any equivalent unit.
    pixels : `numpy.ndarray` of `int` or `bool`, optional
        Flat indices of pixels that have data, shape (n,), or a mask of them, if not all are asked for.

    Returns
    -------
    `numpy.ndarray`
        Shape (rows, columns), or (n,) for some pixels, plain gauss.

    Raises
    ------
    MagnetogramError
        If the map has no unit or one that is not of a magnetic field, or if its header has no time
        that can be read, so that the map has taken the present for it.

    Examples
    --------
    >>> import astropy.units as u
    >>> import numpy as np
    >>> from sunpy_solarunet import magnetogram
    >>> from sunpy_solarunet.magnetograms import field_strength
    >>> field = np.arange(12.0).reshape(3, 4) * u.mT
    >>> frame = magnetogram(field, time="2017-07-13", scale=1 * u.arcsec, center=(0, 0) * u.arcsec)
    >>> field_strength(frame, np.array([5, 7]))
    array([50., 70.])
    """
    if not is_map(frame):
        raise TypeError(f"a sunpy.map.Map is needed, got {type(frame).__name__}; magnetogram() makes one")
    name = frame.meta.get("filename", "the map")
    require_time(frame)
    factor = _unit_of(frame, name).to(u.G)
    data = checked_field(np.asarray(frame.data), name, pixels)
    if factor != 1:
        data = data * factor
    field = data.copy() if np.may_share_memory(data, frame.data) else data
    if pixels is None:
        field[~valid_pixels(frame)] = np.nan
    return field


def valid_pixels(frame):
    """
    Where a map has data: finite, not masked, not padding.

    Padding is what the rotation of a field of view leaves in its corners, or the sky around the disk:
    exact zeros that reach the frame's edge. `~sunpy_solarunet.magnetogram` decides once whether a map has any, and
    masks it; for another map it is decided here, by the same rule.

    Parameters
    ----------
    frame : `~sunpy.map.GenericMap`

    Returns
    -------
    `numpy.ndarray` of `bool`
        Shape (rows, columns).
    """
    data = np.asarray(frame.data)
    valid = np.isfinite(data)
    said = said_of_padding(frame)
    if said is None or (said and frame.mask is None):
        valid &= ~padding_of(data == 0, said)
    if frame.mask is not None:
        valid &= ~frame.mask
    return valid


def said_of_padding(frame):
    """What was decided on reading: whether a map has padding; None for a map that was made elsewhere."""
    said = frame.meta.get("padding")
    return said if isinstance(said, bool) else None


def checked_field(field, name, pixels=None):
    """The numbers of a magnetogram, or of some pixels of it, in a type that all computations take."""
    if field is None or field.ndim != 2:
        shape = "none" if field is None else field.shape
        hint = ": take one channel of a color image or one frame of a cube" if np.ndim(field) == 3 else ""
        raise MagnetogramError(f"{name}: a magnetogram has two dimensions, this has shape {shape}{hint}")
    if field.size == 0:
        raise MagnetogramError(f"{name}: the array is empty")
    if field.dtype.kind not in "iuf":
        raise MagnetogramError(f"{name}: a magnetogram holds real numbers, this holds {field.dtype}")
    chosen = field if pixels is None else field.ravel()[pixels.ravel()]
    return chosen.astype(_working_type(field.dtype), copy=False)


def _working_type(dtype):
    """Floats of 4 or 8 bytes in the order of this computer: those that all of scipy takes."""
    if dtype.kind != "f" or dtype.itemsize > 8:
        return np.dtype(float)
    return np.dtype(np.float32) if dtype.itemsize <= 4 else np.dtype(float)


def field_unit(text, name):
    """The unit of a magnetic field that a header or a user names; None if it says nothing."""
    if isinstance(text, str):
        text = SPELLINGS.get(" ".join(text.split()).lower(), text.strip())
    if text is None or text == "":
        return None
    try:
        unit = u.Unit(text)
    except (TypeError, ValueError) as problem:
        raise MagnetogramError(
            f"{name}: {text!r} is not a unit; give unit=, for example unit=u.G, in place of BUNIT"
        ) from problem
    if not unit.is_equivalent(u.G):
        raise MagnetogramError(f"{name}: the unit is {unit}, which is not one of a magnetic field")
    return unit


def _unit_of(frame, name):
    unit = field_unit(frame.meta.get("bunit"), name) or frame.unit
    if unit is None:
        raise DescriptionMissing(name, ["unit"])
    return field_unit(unit, name)
