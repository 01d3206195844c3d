"""
Maps, without importing what makes them.
"""

import sys

__all__ = ["is_map"]


def is_map(thing):
    """
    Whether something is a map.

    SunPy's maps take seconds to import, and there is none where nobody has imported them.

    Parameters
    ----------
    thing : object

    Returns
    -------
    `bool`

    Examples
    --------
    >>> from sunpy_solarunet.magnetograms.maps import is_map
    >>> is_map("frame.fits")
    False
    """
    kind = getattr(sys.modules.get("sunpy.map"), "GenericMap", None)
    return kind is not None and isinstance(thing, kind)
