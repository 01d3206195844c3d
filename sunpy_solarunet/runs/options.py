"""
What the user said of the files, as JSON can hold it, and back.
"""

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from astropy.time import Time
from sunpy.coordinates import HeliographicStonyhurst

__all__ = ["options_of", "plain_options"]


def plain_options(options):
    """
    Arguments of `~sunpy_solarunet.magnetogram` as JSON can hold them; the time is not among them.

    Parameters
    ----------
    options : `dict`

    Returns
    -------
    `dict`

    Examples
    --------
    >>> import astropy.units as u
    >>> from sunpy_solarunet.runs.options import options_of, plain_options
    >>> plain = plain_options({"unit": u.G, "center": (20, -150) * u.arcsec})
    >>> plain
    {'unit': 'G', 'center': {'value': [20.0, -150.0], 'unit': 'arcsec'}}
    >>> options_of(plain)["center"]
    <Quantity [  20., -150.] arcsec>
    """
    return {name: _plain(value) for name, value in options.items() if value is not None and name != "time"}


def _plain(value):
    if isinstance(value, u.UnitBase):
        return value.to_string()
    if isinstance(value, u.Quantity):
        return {"value": np.asarray(value.value, float).tolist(), "unit": value.unit.to_string()}
    if isinstance(value, SkyCoord | HeliographicStonyhurst):
        place = SkyCoord(value).heliographic_stonyhurst
        numbers = [place.lon.to_value(u.deg), place.lat.to_value(u.deg), place.radius.to_value(u.m)]
        return {"place": [float(number) for number in numbers], "time": place.obstime.utc.isot}
    return value


def options_of(plain):
    """
    Arguments of `~sunpy_solarunet.magnetogram` from what JSON held.

    Parameters
    ----------
    plain : `dict`

    Returns
    -------
    `dict`
    """
    return {name: _rich(value) for name, value in plain.items()}


def _rich(value):
    if not isinstance(value, dict):
        return value
    if "place" in value:
        lon, lat, radius = value["place"]
        return SkyCoord(HeliographicStonyhurst(lon * u.deg, lat * u.deg, radius * u.m, obstime=Time(value["time"])))
    return u.Quantity(value["value"], value["unit"])
