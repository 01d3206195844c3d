"""
The tables of a sequence, whoever holds them.
"""

from collections.abc import Mapping

from sunpy_solarunet.errors import SolarUnetError

__all__ = ["table_of"]


def table_of(source, name):
    """
    One of the tables of a run, of a tracker, or of a dict of tables.

    Parameters
    ----------
    source : `~sunpy_solarunet.Run`, `~sunpy_solarunet.Tracker` or `dict` of `~astropy.table.QTable`
    name : {"events", "members", "features", "tracks", "frames"}

    Returns
    -------
    `~astropy.table.QTable`

    Raises
    ------
    TypeError
        If it is none of these.
    SolarUnetError
        If the table is not in the dict.

    Examples
    --------
    >>> from sunpy_solarunet import Tracker
    >>> from sunpy_solarunet.tracking.sources import table_of
    >>> len(table_of(Tracker(), "events"))
    0
    """
    if isinstance(source, Mapping):
        if name not in source:
            raise SolarUnetError(f"no table of {name} is among those given: {', '.join(map(str, source)) or 'none'}")
        return source[name]
    if not hasattr(source, name):
        raise TypeError(f"a Run, a Tracker or the dict of their tables is needed, got {type(source).__name__}")
    return getattr(source, name)
