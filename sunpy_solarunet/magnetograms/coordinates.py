"""
Coordinates of a frame: those that a user gives, and whether those of a file can be used.
"""

import re
import warnings

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from sunpy.coordinates import Helioprojective, get_body_heliographic_stonyhurst
from sunpy.util.exceptions import SunpyMetadataWarning

from sunpy_solarunet.errors import MagnetogramError, require_quantity
from sunpy_solarunet.magnetograms.reading import named_errors

__all__ = ["coordinates_header", "has_coordinates", "require_coordinates"]

#: Keywords of the grid of pixels.
GRID = re.compile(r"(crval|crpix|cdelt|crota)\d|(pc|cd)\d_\d")

#: Keywords that say where a frame, its pixels or its observer are, by themselves or beside others.
OF_COORDINATES = re.compile(
    r"(ctype|cunit|crval|crpix|cdelt|crota|cname|crder|csyer|cd|pc|pv|ps|wcsname|wcsaxes|lonpole|latpole|radesys"
    r"|equinox|velref|specsys|sc_roll|obsgeo-)[a-z]?\d*(_\d+)?[a-z]?"
    r"|rsun(_obs|_ref)?|r_sun|solar_r|radius|dsun(_obs)?|solar_[bp]0?"
    r"|(hg|cr)l[nt]_obs|obs_(l0|b0|dist)|(ha|he|ge|hc|hg)[a-z]{1,2}_obs"
)


def coordinates_header(shape, header, scale, center, extent, observer, name):
    """The header with world coordinates from what the user says of a frame, in place of all others."""
    from sunpy.map import make_fitswcs_header

    rows, columns = shape
    steps, middle = _grid(shape, scale, center, extent, name)
    frame = Helioprojective(observer=_observer(observer, header["date-obs"]), obstime=header["date-obs"])
    world = make_fitswcs_header(
        shape,
        SkyCoord(*middle * u.arcsec, frame=frame),
        reference_pixel=[(columns - 1) / 2, (rows - 1) / 2] * u.pix,
        scale=steps * u.arcsec / u.pix,
    )
    world.pop("date-obs")
    return {key: value for key, value in header.items() if not OF_COORDINATES.fullmatch(key)} | dict(world)


def _grid(shape, scale, center, extent, name):
    """Arcsec a pixel, and the place of the frame's middle."""
    if extent is None:
        if scale is None or center is None:
            missing = "center=" if center is None else "scale="
            raise MagnetogramError(f"{name}: coordinates need {missing} too, or extent= in place of both")
        return _steps(scale), _several(center, 2, "center", "arcsec")
    if center is not None:
        raise MagnetogramError("give either extent= or center=, not both")
    left, right, lower, upper = _several(extent, 4, "extent", "arcsec")
    if not (right > left and upper > lower):
        raise MagnetogramError("extent= is left, right, lower, upper: each second must be the larger")
    steps = ((right - left) / shape[1], (upper - lower) / shape[0])
    if scale is not None and not np.allclose(steps, _steps(scale), rtol=0.01):
        raise MagnetogramError(f"{name}: extent= makes {steps[0]:.4g} by {steps[1]:.4g} arcsec a pixel, not scale=")
    return steps, ((left + right) / 2, (lower + upper) / 2)


def _steps(scale):
    """Arcsec a pixel along x and y."""
    if isinstance(scale, u.Quantity) and scale.unit.is_equivalent(u.arcsec / u.pix):
        scale = scale * u.pix
    if np.size(scale) not in (1, 2):
        raise MagnetogramError(f"scale= takes one number or two, got {np.size(scale)}")
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


def has_coordinates(header, source):
    """
    Whether a header, or the rules of its instrument's class of maps, say where the pixels are.

    Parameters
    ----------
    header : mapping
    source : `type`
        The class of maps.

    Returns
    -------
    `bool`
    """
    from sunpy.map import GenericMap

    said = {
        "coordinate_system": bool(header.get("ctype1")) and bool(header.get("ctype2")),
        "spatial_units": bool(header.get("cunit1")) and bool(header.get("cunit2")),
        "scale": "cdelt1" in header or "cd1_1" in header,
    }
    return all(value or getattr(source, name) is not getattr(GenericMap, name) for name, value in said.items())


def require_coordinates(frame, name):
    """
    Refuse a map whose coordinates cannot be used.

    Parameters
    ----------
    frame : `~sunpy.map.GenericMap`
    name : `str`
        Of the file, for the message.

    Raises
    ------
    MagnetogramError
        If pixels have no place, or the observer has none.
    """
    with named_errors(name, "the coordinates cannot be used; give scale= and center=, or extent="):
        with warnings.catch_warnings():
            # Whoever asks for the observer is told about it.
            warnings.simplefilter("ignore", SunpyMetadataWarning)
            wcs, observer = frame.wcs, frame.observer_coordinate
        # What wcslib makes of a keyword that is not a number is anything.
        said = [value for key, value in frame.meta.items() if GRID.fullmatch(key) and isinstance(value, float)]
        grid = [*said, wcs.wcs.crval, wcs.wcs.crpix, wcs.pixel_scale_matrix]
        _require_finite("the grid (CRVAL, CRPIX, CDELT, CROTA)", grid)
        if np.linalg.det(wcs.pixel_scale_matrix) == 0:
            raise ValueError("the grid has no area: CDELT, or the matrix PC or CD, is zero")
        _require_finite("the observer's place", [observer.lon, observer.lat, observer.radius])
        if not (observer.radius > 0 and frame.rsun_meters > 0):
            raise ValueError("the distances of the observer and the radius of the Sun must be above zero")
        place = wcs.pixel_to_world(*(wcs.wcs.crpix - 1))
        _require_finite("the place of the reference pixel", [place.spherical.lon, place.spherical.lat])


def same_coordinates(first, second):
    """Whether two maps say the same of where their pixels and their observer are: `bool`."""
    observers = [frame.observer_coordinate.cartesian.xyz.to_value(u.km) for frame in (first, second)]
    return (
        first.wcs.wcs.compare(second.wcs.wcs, tolerance=1e-9)
        and np.allclose(*observers)
        and first.reference_date == second.reference_date
        and u.isclose(first.rsun_meters, second.rsun_meters)
    )


def _require_finite(what, values):
    if not all(np.all(np.isfinite(value)) for value in values):
        raise ValueError(f"{what} is not finite")
