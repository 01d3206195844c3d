"""
Describing magnetograms that do not say themselves when they were taken, in what unit, and where on the Sun.
"""

from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from astropy.time import Time
from sunpy.coordinates import Helioprojective, get_body_heliographic_stonyhurst
from sunpy.map import GenericMap, Map, make_fitswcs_header

from sunpy_solarunet.errors import MagnetogramError, require_quantity
from sunpy_solarunet.magnetograms.field import checked_field, require_field_unit
from sunpy_solarunet.magnetograms.reading import is_image, read_fits, read_image

__all__ = ["magnetogram"]


def magnetogram(
    data,
    *,
    unit=None,
    time=None,
    scale=None,
    center=None,
    extent=None,
    observer=None,
    field_range=None,
):
    """
    Make a magnetogram map, filling in what a file or an array does not say itself.

    Parameters
    ----------
    data : path-like, `~sunpy.map.GenericMap`, `~astropy.units.Quantity` or `numpy.ndarray`
        FITS file (also ``.gz`` or fpack), 8-bit image, map, or array of shape (rows, columns) whose
        row 0 is south.
    unit : unit-like, optional
        Unit of the field, where ``data`` has none.
    time : `~astropy.time.Time` or `str`, optional
        Time of observation, where ``data`` has none. A string is UTC.
    scale : `~astropy.units.Quantity`, optional
        Angle per pixel, one number or one for x and one for y.
    center : `~astropy.units.Quantity`, optional
        Helioprojective x and y of the middle of the frame.
    extent : `~astropy.units.Quantity`, optional
        Helioprojective x of the left and right edge, y of the lower and upper edge; in place of
        ``center``, and of ``scale``, which must agree if it is given too.
    observer : `str` or `~astropy.coordinates.SkyCoord`, optional
        A solar system body or the observer's place. "earth" if not given and not in the file.
    field_range : `~astropy.units.Quantity`, optional
        Field that the last level of an 8-bit image stands for; its first level is minus that.

    Returns
    -------
    `~sunpy.map.GenericMap`
        Its ``meta["filename"]`` names the file it came from.

    Raises
    ------
    MagnetogramError
        If the data are no magnetogram, or time, unit or coordinates are neither given nor in the file.
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> import astropy.units as u
    >>> import numpy as np
    >>> from sunpy_solarunet import magnetogram
    >>> field = np.zeros((60, 80)) * u.G
    >>> frame = magnetogram(field, time="2017-07-13 20:17:41", extent=(413, 421, -204, -198) * u.arcsec)
    >>> frame.scale.axis1
    <Quantity 0.1 arcsec / pix>
    """
    field, header, name = _open(data, field_range)
    mask = getattr(data, "mask", None)
    return described(field, header, name, mask, unit, time, scale, center, extent, observer)


def described(
    field, header, name, mask=None, unit=None, time=None, scale=None, center=None, extent=None, observer=None
):
    """The map of an array, a header, and what the user adds to it."""
    field = checked_field(field, name)
    header = dict(header)
    if isinstance(field, u.Quantity):
        unit = unit or field.unit
        field = field.to_value(unit)
    if unit is not None:
        header["bunit"] = u.Unit(unit).to_string("fits")
    if time is not None:
        header = _with_time(header, time)
    if any(argument is not None for argument in (scale, center, extent)):
        header |= _coordinates_header(field, header, scale, center, extent, observer or "earth", name)
    elif observer is not None:
        raise MagnetogramError("observer belongs to scale= and center=, or to extent=: give one of these too")
    _require_header(header, name)
    result = Map(field, header, mask=mask)
    result.meta["filename"] = name
    require_field_unit(result, name)
    return result


def _open(data, field_range):
    """Array, header and name of whatever the user gave."""
    if isinstance(data, GenericMap):
        return data.data, data.meta, data.meta.get("filename", "map")
    if isinstance(data, str | Path):
        path = Path(data)
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no such file")
        if is_image(path):
            return read_image(path, field_range), {"bunit": "G"}, path.name
        return *read_fits(path), path.name
    return (data if isinstance(data, u.Quantity) else np.asarray(data)), {}, "array"


def _with_time(header, time):
    """The header with this time of observation in place of any other."""
    try:
        time = Time(time, scale="utc") if not isinstance(time, Time) else time.utc
    except ValueError as problem:
        raise MagnetogramError(f"{time!r} is not a time; write it like 2017-07-13T20:17:41") from problem
    stale = {"date-obs", "date_obs", "time-obs", "time_obs", "date-beg", "date-avg", "date-end", "t_obs", "timesys"}
    kept = {key: value for key, value in header.items() if key not in stale}
    time = Time(time, format="isot", precision=9)
    return kept | {"date-obs": time.isot, "timesys": "UTC"}


def _coordinates_header(field, header, scale, center, extent, observer, name):
    """World coordinates of a frame from what the user says of it."""
    rows, columns = field.shape
    if extent is not None:
        if center is not None:
            raise MagnetogramError("give either extent= or center=, not both")
        left, right, lower, upper = _several(extent, 4, "extent", "arcsec")
        if not (right > left and upper > lower):
            raise MagnetogramError("extent= is left, right, lower, upper: each second must be the larger")
        steps = ((right - left) / columns, (upper - lower) / rows)
        middle = ((left + right) / 2, (lower + upper) / 2)
        if scale is not None and not np.allclose(steps, _steps(scale), rtol=0.01):
            raise MagnetogramError(f"{name}: extent= makes {steps[0]:.4g} by {steps[1]:.4g} arcsec a pixel, not scale=")
    else:
        if scale is None or center is None:
            missing = "center=" if center is None else "scale="
            raise MagnetogramError(f"{name}: coordinates need {missing} too, or extent= in place of both")
        steps = _steps(scale)
        middle = _several(center, 2, "center", "arcsec")
    if "date-obs" not in header:
        raise MagnetogramError(f"{name}: the time of observation is missing; give it as time=")
    frame = Helioprojective(observer=_observer(observer, header["date-obs"]), obstime=header["date-obs"])
    world = make_fitswcs_header(
        field,
        SkyCoord(*middle * u.arcsec, frame=frame),
        reference_pixel=[(columns - 1) / 2, (rows - 1) / 2] * u.pix,
        scale=steps * u.arcsec / u.pix,
    )
    world.pop("date-obs")
    return dict(world)


def _steps(scale):
    """Arcsec a pixel along x and y."""
    if isinstance(scale, u.Quantity) and scale.unit.is_equivalent(u.arcsec / u.pix):
        scale = scale * u.pix
    steps = _several(np.broadcast_to(scale, 2, subok=True), 2, "scale", "arcsec")
    if min(steps) <= 0:
        raise MagnetogramError("scale= must be positive")
    return steps


def _several(value, number, argument, unit):
    value = require_quantity(value, unit, argument)
    if np.shape(value) != (number,):
        raise MagnetogramError(f"{argument}= takes {number} numbers, got {np.size(value)}")
    return value


def _observer(observer, time):
    if not isinstance(observer, str):
        return observer
    try:
        return get_body_heliographic_stonyhurst(observer, time)
    except (KeyError, ValueError) as problem:
        message = f"unknown observer {observer!r}: name a solar system body or give a SkyCoord"
        raise MagnetogramError(message) from problem


def _require_header(header, name):
    times = ("date-obs", "date_obs", "date-beg", "date-avg", "t_obs")
    if not any(header.get(key) for key in times):
        raise MagnetogramError(f"{name}: the time of observation is missing; give it as time=")
    if not (header.get("ctype1") and header.get("cunit1") and ("cdelt1" in header or "cd1_1" in header)):
        raise MagnetogramError(f"{name}: the coordinates are missing; give scale= and center=, or extent=")
