"""
Areas, lengths and places on the Sun.
"""

import warnings

import astropy.units as u
import numpy as np
from astropy.coordinates import Latitude, Longitude
from sunpy.coordinates import HeliographicStonyhurst, Helioprojective, get_body_heliographic_stonyhurst
from sunpy.util.exceptions import SunpyUserWarning

from sunpy_solarunet.errors import MagnetogramError, name_choice
from sunpy_solarunet.names import AREAS

__all__ = [
    "AREAS",
    "is_of_the_sky",
    "pixel_area",
    "pixel_coordinates",
    "pixel_length",
    "sky_axes",
    "surface_coordinates",
    "world_angles",
]


def pixel_area(frame, kind="sky", pixels=None):
    """
    Area of each pixel of a map.

    On the sky, a pixel's area follows from its angle and the observer's distance from the Sun's
    center. On the surface it is larger by 1 / mu, mu being the cosine of the angle between the line
    of sight and the vertical. Pixels of a heliographic map are areas of the surface anyway.

    Parameters
    ----------
    frame : `~sunpy.map.GenericMap`
    kind : {"sky", "surface"}
    pixels : `numpy.ndarray` of `int`, optional
        Flat indices of the pixels that are asked for, shape (n,), if not all are.

    Returns
    -------
    `~astropy.units.Quantity`
        In Mm2: a scalar where all pixels are alike, else of shape (rows, columns), or (n,) for some pixels;
        not-a-number where a line of sight misses the Sun and the surface is asked for.

    Raises
    ------
    MagnetogramError
        If the observer's distance from the Sun is not a number.

    Examples
    --------
    >>> import astropy.units as u
    >>> import numpy as np
    >>> from sunpy_solarunet import magnetogram
    >>> from sunpy_solarunet.magnetograms import pixel_area
    >>> frame = magnetogram(np.zeros((4, 4)) * u.G, time="2017-07-13", scale=1 * u.arcsec, center=(0, 0) * u.arcsec)
    >>> print(f"{pixel_area(frame):.4f}")
    0.5435 Mm2
    """
    name_choice(kind, AREAS, "area")
    if is_of_the_sky(frame) and kind == "sky":
        return abs(np.linalg.det(sky_axes(frame))) * u.Mm**2
    if not is_of_the_sky(frame):
        return _area_between(_corners(frame, pixels), frame.rsun_meters.to(u.Mm))
    rows, columns = np.indices(frame.data.shape) if pixels is None else np.divmod(pixels, frame.data.shape[1])
    return abs(np.linalg.det(sky_axes(frame))) / _mu(frame, columns, rows) * u.Mm**2


def is_of_the_sky(frame):
    """
    Whether a map's coordinates are helioprojective.

    Parameters
    ----------
    frame : `~sunpy.map.GenericMap`

    Returns
    -------
    `bool`
    """
    return frame.wcs.wcs.ctype[0].startswith("HPLN")


def sky_axes(frame):
    """
    Where one step along the columns and one along the rows of a map of the sky lead.

    Parameters
    ----------
    frame : `~sunpy.map.GenericMap`
        Helioprojective.

    Returns
    -------
    `numpy.ndarray`
        Shape (2, 2), Mm at the distance of the Sun's center: the first row is the way toward west, the second
        toward north; the first column is that of a step along x, the second of one along y.

    Raises
    ------
    MagnetogramError
        If the observer's distance from the Sun is not a number.
    """
    distance = frame.observer_coordinate.radius.to_value(u.Mm)
    if not np.isfinite(distance):
        name = frame.meta.get("filename", "the map")
        raise MagnetogramError(f"{name}: the observer's distance from the Sun is {distance}; describe the map anew")
    return frame.wcs.pixel_scale_matrix * frame.wcs.wcs.cunit[0].to(u.rad) * distance


def _mu(frame, columns, rows):
    """Cosine of the angle between line of sight and vertical; not-a-number off the disk."""
    lon, lat = world_angles(frame.wcs, columns, rows)
    square = np.sin(lat) ** 2 + (np.cos(lat) * np.sin(lon)) ** 2
    with np.errstate(invalid="ignore"):
        return np.sqrt(1 - square * (frame.observer_coordinate.radius / frame.rsun_meters).to_value(u.one) ** 2)


def world_angles(wcs, columns, rows):
    """
    World coordinates of pixels.

    Parameters
    ----------
    wcs : `~astropy.wcs.WCS`
    columns, rows : `numpy.ndarray`
        Pixel coordinates.

    Returns
    -------
    tuple of `numpy.ndarray`
        Both angles in radians; not-a-number where there is none.
    """
    angles = wcs.pixel_to_world_values(columns, rows)
    return tuple(angle * u.Unit(unit).to(u.rad) for angle, unit in zip(angles, wcs.world_axis_units, strict=True))


def _corners(frame, pixels):
    """Longitude and sine of latitude at the corners of pixels: both lower ones, then both upper ones."""
    if pixels is None:
        rows, columns = np.indices(np.add(frame.data.shape, 1)) - 0.5
        lon, lat = world_angles(frame.wcs, columns, rows)
        sides = [(up, right) for up in (slice(-1), slice(1, None)) for right in (slice(-1), slice(1, None))]
        sine = np.sin(lat)
        return [(lon[side], sine[side]) for side in sides]
    rows, columns = np.divmod(pixels, frame.data.shape[1])
    steps = [(right, up) for up in (-0.5, 0.5) for right in (-0.5, 0.5)]
    places = [world_angles(frame.wcs, columns + right, rows + up) for right, up in steps]
    return [(lon, np.sin(lat)) for lon, lat in places]


def _area_between(corners, radius):
    """Area on the sphere between four corners: exact in longitude and sine of latitude."""
    lons, sines = zip(*corners, strict=True)
    first = _turned(lons[3], lons[0]) * (sines[2] - sines[1])
    second = _turned(lons[2], lons[1]) * (sines[3] - sines[0])
    return np.abs(first - second) / 2 * radius**2


def _turned(angle, other):
    """By how much an angle differs from another, the short way round."""
    turn = angle - other
    return turn - 2 * np.pi * np.round(turn / (2 * np.pi))


def pixel_length(frame):
    """
    Length of a pixel's side on the Sun: the root of its area at the middle of the frame.

    Parameters
    ----------
    frame : `~sunpy.map.GenericMap`

    Returns
    -------
    `~astropy.units.Quantity`
        In Mm.
    """
    area = pixel_area(frame)
    if not area.isscalar:
        area = np.nanmedian(area)
    return np.sqrt(area).to(u.Mm)


def surface_coordinates(coordinate):
    """
    Helioprojective and Stonyhurst coordinates of places given in any solar frame.

    Parameters
    ----------
    coordinate : `~astropy.coordinates.SkyCoord`
        In a frame that knows its time. Where it knows no observer, the Earth's view is taken.

    Returns
    -------
    tuple of `~astropy.units.Quantity`
        Tx and Ty in arcsec, longitude and latitude in degrees; the last two are not-a-number off the disk.
    """
    observer = coordinate.observer
    if observer is None:
        observer = get_body_heliographic_stonyhurst("earth", coordinate.obstime)
    if isinstance(coordinate.frame, Helioprojective):
        sky = coordinate
    else:
        sky = coordinate.transform_to(Helioprojective(observer=observer, obstime=coordinate.obstime))
    with warnings.catch_warnings():
        # Not-a-number is the answer that is wanted off the disk.
        warnings.filterwarnings("ignore", "The conversion of these 2D helioprojective coordinates", SunpyUserWarning)
        surface = coordinate.transform_to(HeliographicStonyhurst(obstime=coordinate.obstime))
    return sky.Tx.to(u.arcsec), sky.Ty.to(u.arcsec), surface.lon.to(u.deg), surface.lat.to(u.deg)


def pixel_coordinates(frame, columns, rows):
    """
    Helioprojective and Stonyhurst coordinates of pixels.

    SunPy makes a chain of frames for them, and for each its time and observer. Where a map of the sky says
    where its observer is, one rotation does as well.

    Parameters
    ----------
    frame : `~sunpy.map.GenericMap`
    columns, rows : `numpy.ndarray`
        Pixel coordinates, shape (n,).

    Returns
    -------
    tuple of `~astropy.units.Quantity`
        As of `surface_coordinates`.

    Examples
    --------
    >>> import astropy.units as u
    >>> import numpy as np
    >>> from sunpy_solarunet import magnetogram
    >>> from sunpy_solarunet.magnetograms import pixel_coordinates
    >>> field = np.zeros((5, 5)) * u.G
    >>> frame = magnetogram(field, time="2017-07-13", scale=400 * u.arcsec, center=(0, 0) * u.arcsec)
    >>> Tx, Ty, lon, lat = pixel_coordinates(frame, np.array([2, 3, 4]), np.array([2, 2, 4]))
    >>> print(Tx.value.round(2), lon.value.round(3), lat.value.round(3))
    [  0. 400. 800.] [ 0.    25.026    nan] [4.134 3.747   nan]
    """
    told = frame.wcs.wcs.aux
    observer = [getattr(told, name) for name in ("hgln_obs", "hglt_obs", "dsun_obs", "rsun_ref")]
    # A screen, which says how far away is what lies off the disk, is left to SunPy.
    if not is_of_the_sky(frame) or None in observer or getattr(Helioprojective, "_assumed_screen", "") is not None:
        return surface_coordinates(frame.pixel_to_world(columns * u.pix, rows * u.pix))
    west, north = frame.wcs.pixel_to_world_values(columns, rows)
    sky = Longitude(west, u.deg, wrap_angle=180 * u.deg), Latitude(north, u.deg)
    lon, lat = _seen_from(*observer, *(angle.to_value(u.rad) for angle in sky))
    surface = Longitude(lon, u.rad, wrap_angle=180 * u.deg), Latitude(lat, u.rad)
    return *(angle.to(u.arcsec) for angle in sky), *(angle.to(u.deg) for angle in surface)


def _seen_from(lon, lat, distance, radius, west, north):
    """Stonyhurst longitude and latitude, in radians, of directions from an observer; not-a-number off the disk."""
    lon, lat = np.radians([lon, lat])
    ahead, right, up = np.cos(north) * np.cos(west), np.cos(north) * np.sin(west), np.sin(north)
    with np.errstate(invalid="ignore"):
        length = distance * ahead - np.sqrt((distance * ahead) ** 2 - (distance**2 - radius**2))
    toward = distance - length * ahead
    level = np.cos(lat) * toward - np.sin(lat) * length * up
    height = np.sin(lat) * toward + np.cos(lat) * length * up
    return np.arctan2(length * right, level) + lon, np.arctan2(height, np.hypot(length * right, level))
