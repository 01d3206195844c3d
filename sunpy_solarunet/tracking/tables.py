"""
The tables of a tracked sequence: their columns, making, writing and reading them, and their coordinates.
"""

from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from astropy.table import QTable, vstack
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

#: The kinds of events: three of the death category, then three of the birth category.
EVENT_KINDS = ("disappearance", "merging", "cancellation", "appearance", "splitting", "emergence")

#: The columns of each table: unit (or `str`, `int`, `float`, `bool`, `~astropy.time.Time`) and meaning.
SCHEMAS = {
    "events": {
        "event_id": (int, "number of the event"),
        "kind": (str, "appearance, disappearance, merging, splitting, emergence or cancellation"),
        "category": (str, "birth or death"),
        "balance": (str, "balanced or unbalanced cancellation or emergence, else empty"),
        "time": (Time, "of the frame that shows the event: the earlier for a death, the later for a birth"),
        "frame": (int, "number of that frame"),
        "Tx": (
            u.arcsec,
            "helioprojective x of the place in that frame where the members meet; of a single one's center",
        ),
        "Ty": (u.arcsec, "helioprojective y"),
        "lon": (u.deg, "Stonyhurst longitude"),
        "lat": (u.deg, "Stonyhurst latitude"),
        "flux_before": (u.Mx, "signed flux of the members in the earlier frame"),
        "flux_after": (u.Mx, "signed flux of the members in the later frame"),
        "flux_exchanged": (u.Mx, "unsigned flux that cancelled, emerged, joined, parted, came or went"),
        "flux_exchanged_error": (u.Mx, "its error, from the noise of the pixels"),
        "minority_share": (float, "of a cancellation or emergence: flux_exchanged by the unsigned flux of all members"),
        "imbalance": (float, "left side of equation 7, 8 or 9; not-a-number for appearance and disappearance"),
        "confidence": (float, "how much less likely the next best explanation is, in units of the logarithm"),
        "n_features": (int, "number of members in both frames"),
        "parents": (str, "labels of the members in the earlier frame, separated by blanks"),
        "children": (str, "labels of the members in the later frame"),
    },
    "members": {
        "event_id": (int, "number of the event"),
        "track_id": (int, "number of the track"),
        "label": (int, "label of the feature in its frame"),
        "frame": (int, "number of the frame"),
        "role": (str, "parent (in the earlier frame) or child (in the later)"),
    },
    "features": {
        "frame": (int, "number of the frame"),
        "time": (Time, "of the frame"),
        "label": (int, "label of the feature in its frame"),
        "track_id": (int, "number of the track that the feature belongs to"),
        "polarity": (int, "1 positive, -1 negative"),
        "n_pixels": (int, "number of pixels"),
        "area": (u.Mm**2, "area"),
        "flux": (u.Mx, "signed flux"),
        "flux_error": (u.Mx, "uncertainty of the flux from the noise of its pixels"),
        "mean_field": (u.G, "mean field"),
        "peak_field": (u.G, "field of the strongest pixel"),
        "x": (u.pix, "column of the flux-weighted center"),
        "y": (u.pix, "row of the flux-weighted center"),
        "Tx": (u.arcsec, "helioprojective x of the center"),
        "Ty": (u.arcsec, "helioprojective y of the center"),
        "lon": (u.deg, "Stonyhurst longitude of the center"),
        "lat": (u.deg, "Stonyhurst latitude of the center"),
        "radius": (u.Mm, "radius of the smallest circle that covers the feature"),
        "elongation": (float, "ratio of the major to the minor axis, from flux-weighted second moments on the Sun"),
        "orientation": (u.deg, "angle of the major axis from west toward north; not-a-number where it is round"),
        "bbox_xmin": (int, "first column"),
        "bbox_xmax": (int, "last column"),
        "bbox_ymin": (int, "first row"),
        "bbox_ymax": (int, "last row"),
        "probability": (float, "mean probability of its pixels to be significant; not-a-number without a network"),
        "touches_edge": (bool, "it touches the frame's edge or pixels without data: part of it may be missing"),
        "flags": (int, "sum of the bits of sunpy_solarunet.features.FLAGS"),
    },
    "tracks": {
        "track_id": (int, "number of the track"),
        "polarity": (int, "1 positive, -1 negative"),
        "first_frame": (int, "number of the first frame"),
        "last_frame": (int, "number of the last frame"),
        "lifetime": (int, "number of frames: last minus first plus one"),
        "duration": (u.s, "from the first frame to the one after the last; to the last where the end is censored"),
        "birth": (str, "kind of event that the track begins with; shared: it parts from another; empty: censored"),
        "death": (str, "kind of event that the track ends with; shared: it lives on in another; empty: censored"),
        "birth_censored": (bool, "the track begins with the sequence or after a gap: it may be older"),
        "death_censored": (bool, "the track ends with the sequence or before a gap: it may live longer"),
        "parents": (str, "numbers of the tracks that it came from, separated by blanks"),
        "children": (str, "numbers of the tracks that came from it"),
        "max_flux": (u.Mx, "largest flux, with its sign"),
        "displacement": (u.Mm, "from its first to its last place, without drift and jumps by merging and splitting"),
        "velocity": (u.km / u.s, "slope of its places against time, without drift and jumps; noise makes it larger"),
        "velocity_west": (u.km / u.s, "its component toward west; not-a-number for a single frame"),
        "velocity_north": (u.km / u.s, "its component toward north"),
        "velocity_error": (u.km / u.s, "standard error of each component, from the scatter about the line"),
    },
    "frames": {
        "frame": (int, "number of the frame"),
        "time": (Time, "of observation"),
        "file": (str, "name of the file"),
        "observer_lon": (u.deg, "Stonyhurst longitude of the observer"),
        "observer_lat": (u.deg, "Stonyhurst latitude of the observer"),
        "observer_radius": (u.AU, "distance of the observer from the Sun's center"),
        "n_features": (int, "number of features"),
        "positive_flux": (u.Mx, "total flux of the positive features"),
        "negative_flux": (u.Mx, "total flux of the negative features"),
        "skipped": (str, "why the frame could not be used; empty if it could"),
    },
}


def make_table(name, columns, meta=None):
    """
    Make one of the package's tables.

    Parameters
    ----------
    name : `str`
        A key of `SCHEMAS`.
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
    schema = SCHEMAS[name_choice(name, SCHEMAS, "table")]
    whole = {column: columns.get(column, ()) for column in schema}
    return _of_schema(name, whole, {"table": name} | plain_meta(meta or {}))


def _of_schema(name, columns, meta):
    """A table of the columns that there are: those of the schema as it has them, and a user's own as they are."""
    table = QTable(meta=meta)
    for column, values in columns.items():
        kind, description = SCHEMAS[name].get(column, (None, None))
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
        return values.utc
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
    if name not in SCHEMAS:
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
