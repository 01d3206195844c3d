"""
Whether two maps are the same magnetogram.
"""

import numpy as np

__all__ = ["is_same_magnetogram"]

#: Coordinates that differ by less are the same: files hold them to so many digits.
ROUNDING = 1e-12


def is_same_magnetogram(first, second):
    """
    Whether two maps show the same field at the same time and place.

    Parameters
    ----------
    first, second : `~sunpy.map.GenericMap`

    Returns
    -------
    `bool`

    Examples
    --------
    >>> import astropy.units as u
    >>> import numpy as np
    >>> from sunpy_solarunet import magnetogram
    >>> from sunpy_solarunet.features.comparing import is_same_magnetogram
    >>> first, again, later = (
    ...     magnetogram(np.eye(3) * u.G, time=time, scale=1 * u.arcsec, center=(0, 0) * u.arcsec)
    ...     for time in ("2017-07-13 20:00", "2017-07-13 20:00", "2017-07-13 20:01")
    ... )
    >>> is_same_magnetogram(first, again), is_same_magnetogram(first, later)
    (True, False)
    """
    if first is second:
        return True
    return (
        first.data.shape == second.data.shape
        and first.date == second.date
        and first.unit == second.unit
        and np.array_equal(_shown(first), _shown(second), equal_nan=True)
        and _is_same_place(first, second)
    )


def _shown(frame):
    """The numbers of a map, not-a-number where it is masked."""
    return frame.data if frame.mask is None else np.where(frame.mask, np.nan, frame.data)


def _is_same_place(first, second):
    """Whether the corners of two maps have the same coordinates, seen from the same place."""
    if list(first.wcs.wcs.ctype) != list(second.wcs.wcs.ctype):
        return False
    return all(
        np.allclose(*places, rtol=ROUNDING, atol=ROUNDING, equal_nan=True)
        for places in zip(_places(first), _places(second), strict=True)
    )


def _places(frame):
    """Coordinates of the corners, and of the observer."""
    height, width = frame.data.shape
    corners = frame.wcs.pixel_to_world_values([0, 0, width, width], [0, height, 0, height])
    observer = frame.observer_coordinate
    return np.array(corners), (observer.lon.rad, observer.lat.rad, observer.radius.to_value("AU"))
