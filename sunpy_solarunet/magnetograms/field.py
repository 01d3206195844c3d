"""
The field of a magnetogram: its unit, and where there are no data.
"""

import astropy.units as u
import numpy as np
from scipy import ndimage
from sunpy.map import GenericMap

from sunpy_solarunet.errors import MagnetogramError, require_quantity

__all__ = ["field_from_levels", "field_strength", "valid_pixels"]

#: A run of exact zeros that touches the frame's edge is padding from this many pixels on.
SMALLEST_PADDING = 25


def field_from_levels(levels, field_range):
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
    field[edge_regions(levels == 127)] = 0.0
    return field * u.G


def field_strength(frame):
    """
    The field of a map in gauss, with not-a-number where the map has no data.

    Parameters
    ----------
    frame : `~sunpy.map.GenericMap`
        In gauss, tesla, Mx / cm2 or any equivalent unit.

    Returns
    -------
    `numpy.ndarray`
        Shape (rows, columns), plain gauss.

    Raises
    ------
    MagnetogramError
        If the map has no unit or one that is not of a magnetic field.
    """
    if not isinstance(frame, GenericMap):
        raise TypeError(f"a sunpy.map.Map is needed, got {type(frame).__name__}; magnetogram() makes one")
    require_field_unit(frame, frame.meta.get("filename", "the map"))
    field = checked_field(np.asarray(frame.data), frame.meta.get("filename", "the map"))
    factor = frame.unit.to(u.G)
    field = field * factor if factor != 1 else field.copy()
    field[~valid_pixels(frame)] = np.nan
    return field


def valid_pixels(frame):
    """
    Where a map has data: finite, not masked, not padding.

    Padding is a region of exact zeros, of 25 pixels or more, that reaches the frame's edge: what the
    rotation of a field of view leaves in its corners.

    Parameters
    ----------
    frame : `~sunpy.map.GenericMap`

    Returns
    -------
    `numpy.ndarray` of `bool`
        Shape (rows, columns).
    """
    data = np.asarray(frame.data)
    valid = np.isfinite(data) & ~edge_regions(data == 0)
    if frame.mask is not None:
        valid &= ~frame.mask
    return valid


def edge_regions(pixels):
    """The connected regions of a mask that touch the frame's edge and are not there by chance."""
    labels, number = ndimage.label(pixels)
    if number == 0:
        return np.zeros(pixels.shape, bool)
    edge = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    chosen = np.zeros(number + 1, bool)
    chosen[edge] = True
    chosen &= np.bincount(labels.ravel(), minlength=number + 1) >= SMALLEST_PADDING
    chosen[0] = False
    return chosen[labels]


def checked_field(field, name):
    if field is None or field.ndim != 2:
        shape = "none" if field is None else field.shape
        hint = ": take one channel of a color image or one frame of a cube" if np.ndim(field) == 3 else ""
        raise MagnetogramError(f"{name}: a magnetogram has two dimensions, this has shape {shape}{hint}")
    if field.size == 0:
        raise MagnetogramError(f"{name}: the array is empty")
    if field.dtype.kind not in "iuf":
        raise MagnetogramError(f"{name}: a magnetogram holds real numbers, this holds {field.dtype}")
    native = field.dtype.newbyteorder("=") if field.dtype.kind == "f" else np.dtype(float)
    return field.astype(native, copy=False)


def require_field_unit(frame, name="the map"):
    if frame.unit is None:
        raise MagnetogramError(f"{name}: the unit of the field is missing; give it, for example unit=u.G")
    if not frame.unit.is_equivalent(u.G):
        raise MagnetogramError(f"{name}: the unit is {frame.unit}, which is not one of a magnetic field")
