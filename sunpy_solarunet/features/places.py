"""
Which pixel of a map shows a place on the Sun.
"""

import astropy.units as u
import numpy as np
from astropy.coordinates import BaseCoordinateFrame, SkyCoord
from sunpy.coordinates import Helioprojective

__all__ = ["is_behind_the_limb", "pixels_of"]


def pixels_of(frame, coordinate):
    """
    Pixels in which a map shows places.

    Parameters
    ----------
    frame : `~sunpy.map.GenericMap`
    coordinate : `~astropy.coordinates.SkyCoord`
        In any frame that can be transformed to that of the map, one or several.

    Returns
    -------
    rows, columns : `numpy.ndarray` of `int`
        Zero where the place is not seen.
    seen : `numpy.ndarray` of `bool`
        Whether the place lies in the field of view and not behind the limb.

    Raises
    ------
    TypeError
        If ``coordinate`` is none.

    Examples
    --------
    >>> import astropy.units as u
    >>> import numpy as np
    >>> from astropy.coordinates import SkyCoord
    >>> from sunpy_solarunet import magnetogram
    >>> from sunpy_solarunet.features.places import pixels_of
    >>> frame = magnetogram(np.ones((6, 8)) * u.G, time="2017-07-13", scale=2 * u.arcsec, center=(0, 0) * u.arcsec)
    >>> places = SkyCoord([-7, 5, 99] * u.arcsec, [1, -4.5, 0] * u.arcsec, frame=frame.coordinate_frame)
    >>> pixels_of(frame, places)
    (array([3, 0, 0]), array([0, 6, 0]), array([ True,  True, False]))
    """
    if not isinstance(coordinate, SkyCoord | BaseCoordinateFrame):
        raise TypeError(f"a SkyCoord is needed, got {type(coordinate).__name__}")
    place = SkyCoord(coordinate).transform_to(frame.coordinate_frame)
    places = np.array([axis.to_value(u.pix) for axis in frame.world_to_pixel(place)])
    height, width = frame.data.shape
    upper = np.reshape([width, height], (2,) + (1,) * place.ndim) - 0.5
    seen = ((places >= -0.5) & (places < upper)).all(axis=0) & ~is_behind_the_limb(place)
    columns, rows = np.floor(np.where(seen, places, 0) + 0.5).astype(int)
    return rows, columns, seen


def is_behind_the_limb(place):
    """
    Whether places are farther from the observer than the limb; never, where their distance is unknown.

    Parameters
    ----------
    place : `~astropy.coordinates.SkyCoord`

    Returns
    -------
    `numpy.ndarray` of `bool`

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> from sunpy.coordinates import Helioprojective
    >>> from sunpy_solarunet.features.places import is_behind_the_limb
    >>> places = SkyCoord([80, 100] * u.deg, [0, 0] * u.deg, frame="heliographic_stonyhurst", obstime="2017-07-13")
    >>> is_behind_the_limb(places.transform_to(Helioprojective(observer="earth", obstime="2017-07-13")))
    array([False,  True])
    """
    if not isinstance(place.frame, Helioprojective) or place.distance.unit == u.one:
        return np.zeros(place.shape, bool)
    limb = np.sqrt(place.observer.radius**2 - place.rsun**2)
    return place.distance > limb
