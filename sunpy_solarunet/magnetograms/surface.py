"""
Areas, lengths and places on the Sun.
"""

import warnings

import astropy.units as u
import numpy as np
from sunpy.coordinates import HeliographicStonyhurst, Helioprojective, get_body_heliographic_stonyhurst
from sunpy.util.exceptions import SunpyUserWarning

from sunpy_solarunet.errors import MagnetogramError, name_choice
from sunpy_solarunet.names import AREAS

__all__ = ["AREAS", "pixel_area", "pixel_length", "sky_axes", "surface_coordinates"]


def pixel_area(frame, kind="sky"):
    """
    Area of each pixel of a map.

    On the sky, a pixel's area follows from its angle and the observer's distance from the Sun's
    center. On the surface it is larger by 1 / mu, mu being the cosine of the angle between the line
    of sight and the vertical. Pixels of a heliographic map are areas of the surface anyway.

    Parameters
    ----------
    frame : `~sunpy.map.GenericMap`
    kind : {"sky", "surface"}

    Returns
    -------
    `~astropy.units.Quantity`
        In Mm2: a scalar where all pixels are alike, else of shape (rows, columns); not-a-number
        where a line of sight misses the Sun and the surface is asked for.

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
    if not isinstance(frame.coordinate_frame, Helioprojective):
        return _heliographic_pixel_area(frame)
    area = abs(np.linalg.det(sky_axes(frame)))
    if kind == "sky":
        return area * u.Mm**2
    return area / _mu(frame) * u.Mm**2


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


def _mu(frame):
    """Cosine of the angle between line of sight and vertical; not-a-number off the disk."""
    rows, columns = np.indices(frame.data.shape)
    direction = frame.pixel_to_world(columns * u.pix, rows * u.pix)
    cosine = np.cos(direction.Tx) * np.cos(direction.Ty)
    sine = np.sqrt(1 - cosine**2) * (frame.observer_coordinate.radius / frame.rsun_meters)
    with np.errstate(invalid="ignore"):
        return np.sqrt(1 - sine.to_value(u.one) ** 2)


def _heliographic_pixel_area(frame):
    """Area on the sphere between the corners of each pixel: exact in longitude and sine of latitude."""
    rows, columns = np.indices(np.add(frame.data.shape, 1)) - 0.5
    corners = frame.pixel_to_world(columns * u.pix, rows * u.pix)
    lon = np.unwrap(corners.spherical.lon.to_value(u.rad), axis=1)
    sine = np.sin(corners.spherical.lat.to_value(u.rad))
    first = (lon[1:, 1:] - lon[:-1, :-1]) * (sine[1:, :-1] - sine[:-1, 1:])
    second = (lon[1:, :-1] - lon[:-1, 1:]) * (sine[1:, 1:] - sine[:-1, :-1])
    return np.abs(first - second) / 2 * frame.rsun_meters.to(u.Mm) ** 2


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
