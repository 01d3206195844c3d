"""
The tables of a tracked sequence: their columns, making, writing and reading them, and their coordinates.
"""

from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from astropy.table import vstack
from astropy.time import Time
from sunpy.coordinates import HeliographicStonyhurst, Helioprojective

from sunpy_solarunet.errors import SolarUnetError, name_choice
from sunpy_solarunet.tracking.formats import (
    FORMATS,
    as_text,
    plain_meta,
    precise_time,
    read_file,
    table_format,
    write_file,
)
from sunpy_solarunet.tracking.printing import QTable
from sunpy_solarunet.tracking.schemas import ALL_SCHEMAS, EVENT_KINDS, SCHEMAS
from sunpy_solarunet.tracking.text import times_of_text, unknown_times
from sunpy_solarunet.tracking.wholeness import counted, require_all_rows

__all__ = [
    "EVENT_KINDS",
    "FORMATS",
    "SCHEMAS",
    "coordinates",
    "make_table",
    "read_table",
    "require_columns",
    "stack_tables",
    "write_table",
]


def make_table(name, columns, meta=None):
    """
    Make one of the package's tables.

    Parameters
    ----------
    name : `str`
        A key of `SCHEMAS`, or "lineage".
    columns : `dict`
        Values by column name; all columns of the schema, plain numbers in the schema's units, or
        nothing for an empty table.
    meta : `dict`, optional
        How the table was made.

    Returns
    -------
    `~astropy.table.QTable`
        Columns in the order of the schema, with units, types and descriptions.

    Examples
    --------
    >>> from sunpy_solarunet.tracking.tables import make_table
    >>> make_table("members", {}).colnames
    ['event_id', 'track_id', 'label', 'frame', 'role']
    """
    schema = ALL_SCHEMAS[name_choice(name, ALL_SCHEMAS, "table")]
    whole = {column: columns.get(column, ()) for column in schema}
    return _of_schema(name, whole, {"table": name} | plain_meta(meta or {}))


def _of_schema(name, columns, meta):
    """A table of the columns that there are: those of the schema as it has them, and a user's own as they are."""
    table = QTable(meta=meta)
    for column, values in columns.items():
        kind, description = ALL_SCHEMAS[name].get(column, (None, None))
        table[column] = values if kind is None else _column(values, kind)
        if kind is not None:
            table[column].info.description = description
    return table


def _column(values, kind):
    if kind is Time:
        return precise_time(_as_time(values))
    if kind is str:
        return as_text(values) if len(values) else np.zeros(0, "U1")
    if kind in (int, float, bool):
        return np.asarray(values, dtype=kind)
    return u.Quantity(values if isinstance(values, u.Quantity) else np.asarray(values, float), kind)


def _as_time(values):
    if isinstance(values, Time):
        return unknown_times(values).utc
    if getattr(values, "dtype", np.dtype(object)).kind == "U":
        return times_of_text(np.asarray(values))
    return Time(list(values)).utc if len(values) else Time(np.zeros(0), format="jd")


def stack_tables(name, tables, meta=None):
    """
    Rows of several tables of one schema.

    Parameters
    ----------
    name : `str`
        A key of `SCHEMAS`.
    tables : list of `~astropy.table.QTable`
    meta : `dict`, optional
        In place of the tables' own.

    Returns
    -------
    `~astropy.table.QTable`
        Empty, with all columns, if there are no tables.
    """
    filled = [table for table in tables if len(table)]
    if not filled:
        return make_table(name, {}, meta)
    stacked = vstack(filled, metadata_conflicts="silent") if len(filled) > 1 else filled[0].copy()
    columns = {column: stacked[column] for column in stacked.colnames}
    return _of_schema(name, columns, {"table": name} | plain_meta(meta or {}))


def require_columns(table, columns, what):
    """
    Check that a table has the columns that are needed of it.

    Parameters
    ----------
    table : `~astropy.table.Table` or `~astropy.table.Row`
    columns : iterable of `str`
    what : `str`
        Which table it is, for the message, such as "features".

    Raises
    ------
    SolarUnetError
        Naming those that are missing.

    Examples
    --------
    >>> from sunpy_solarunet.tracking.tables import make_table, require_columns
    >>> require_columns(make_table("members", {}), ["frame", "flux"], "members")
    Traceback (most recent call last):
    ...
    sunpy_solarunet.errors.SolarUnetError: the table of members has no column flux, which is needed here
    """
    missing = [column for column in columns if column not in table.colnames]
    if missing:
        columns, are = ("columns", "are") if len(missing) > 1 else ("column", "is")
        raise SolarUnetError(f"the table of {what} has no {columns} {', '.join(missing)}, which {are} needed here")


def write_table(table, path, *, overwrite=False):
    """
    Write a table in the format that the suffix names, times to the nanosecond and meta included.

    The file's meta says how many rows there are, so that `read_table` sees when some are missing.

    Parameters
    ----------
    table : `~astropy.table.QTable`
        With any columns, the package's and a user's own; text that is masked is written as empty.
    path : path-like
        With one of the suffixes .ecsv, .fits, .hdf5, .h5, .parquet, .asdf.
    overwrite : `bool`
        Replace a file that exists.

    Returns
    -------
    `pathlib.Path`

    Raises
    ------
    SolarUnetError
        If the suffix is unknown, a package that the format needs is not installed, or the format cannot
        hold a column.
    OSError
        If the file exists and is not to be replaced.
    """
    path = Path(path)
    kind = table_format(path)
    if path.exists() and not overwrite:
        raise OSError(f"{path} exists and is not to be replaced")
    write_file(counted(table), path, kind)
    return path


def read_table(path):
    """
    Read a table that `write_table` has written.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    `~astropy.table.QTable`
        Equal to the one that was written, with the columns that it has: where one of the package's is
        missing, those functions complain that need it.

    Raises
    ------
    SolarUnetError
        If the suffix is unknown, or the file does not hold a table or not all of its rows.
    FileNotFoundError
        If there is no such file.
    """
    path = Path(path)
    kind = table_format(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    table = read_file(path, kind)
    require_all_rows(table, path)
    name = table.meta.get("table")
    if name not in ALL_SCHEMAS:
        return table
    return _of_schema(name, {column: table[column] for column in table.colnames}, dict(table.meta))


def coordinates(table, frames):
    """
    Places in a table as coordinates, frame by frame as seen from their own observers.

    Parameters
    ----------
    table : `~astropy.table.QTable`
        With the columns frame, Tx and Ty: features or events.
    frames : `~astropy.table.QTable`
        The frames of the sequence.

    Returns
    -------
    `~astropy.coordinates.SkyCoord`
        Helioprojective, one a row, in order; time and observer are arrays, too.

    Raises
    ------
    SolarUnetError
        If a frame of the table is not among the frames, or a column is missing.
    """
    require_columns(table, ("frame", "Tx", "Ty"), table.meta.get("table", "places"))
    require_columns(frames, ("frame", "time", "observer_lon", "observer_lat", "observer_radius"), "frames")
    order = np.argsort(frames["frame"])
    known = np.asarray(frames["frame"])[order]
    position = np.searchsorted(known, table["frame"])
    if np.any(position >= len(known)) or np.any(known[position] != table["frame"]):
        raise SolarUnetError("the table has frames that are not among those given: they are of different runs")
    row = order[position]
    time = frames["time"][row]
    observer = HeliographicStonyhurst(
        frames["observer_lon"][row], frames["observer_lat"][row], frames["observer_radius"][row], obstime=time
    )
    return SkyCoord(table["Tx"], table["Ty"], frame=Helioprojective(observer=observer, obstime=time))
