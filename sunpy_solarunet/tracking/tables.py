"""
The tables of a tracked sequence: their columns, making, writing and reading them, and their coordinates.
"""

import json
from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from astropy.table import QTable, vstack
from astropy.time import Time
from sunpy.coordinates import HeliographicStonyhurst, Helioprojective

from sunpy_solarunet.errors import SolarUnetError, name_choice
from sunpy_solarunet.tracking.wholeness import counted, require_all_rows

__all__ = [
    "EVENT_KINDS",
    "FORMATS",
    "SCHEMAS",
    "coordinates",
    "make_table",
    "read_table",
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
        "Tx": (u.arcsec, "helioprojective x of the flux-weighted center of the members in that frame"),
        "Ty": (u.arcsec, "helioprojective y"),
        "lon": (u.deg, "Stonyhurst longitude"),
        "lat": (u.deg, "Stonyhurst latitude"),
        "flux_before": (u.Mx, "signed flux of the members in the earlier frame"),
        "flux_after": (u.Mx, "signed flux of the members in the later frame"),
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
        "mean_field": (u.G, "mean field"),
        "peak_field": (u.G, "field of the strongest pixel"),
        "x": (u.pix, "column of the flux-weighted center"),
        "y": (u.pix, "row of the flux-weighted center"),
        "Tx": (u.arcsec, "helioprojective x of the center"),
        "Ty": (u.arcsec, "helioprojective y of the center"),
        "lon": (u.deg, "Stonyhurst longitude of the center"),
        "lat": (u.deg, "Stonyhurst latitude of the center"),
        "radius": (u.Mm, "radius of the smallest circle that covers the feature"),
        "probability": (float, "mean probability of its pixels to be significant; not-a-number without a network"),
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

#: Formats by file suffix.
FORMATS = {
    ".ecsv": "ascii.ecsv",
    ".fits": "fits",
    ".hdf5": "hdf5",
    ".h5": "hdf5",
    ".parquet": "parquet",
    ".asdf": "asdf",
}

#: FITS keyword that holds the meta of a table as JSON.
META_KEYWORD = "TABMETA"


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
    table = QTable(meta={"table": name} | dict(meta or {}))
    for column, (kind, description) in SCHEMAS[name_choice(name, SCHEMAS, "table")].items():
        table[column] = _column(columns.get(column, ()), kind)
        table[column].info.description = description
    return table


def _column(values, kind):
    if kind is Time:
        return _precise(_as_time(values))
    if kind is str:
        return np.asarray(values, dtype=str) if len(values) else np.zeros(0, "U1")
    if kind in (int, float, bool):
        return np.asarray(values, dtype=kind)
    return u.Quantity(values if isinstance(values, u.Quantity) else np.asarray(values, float), kind)


def _as_time(values):
    if isinstance(values, Time):
        return values.utc
    return Time(list(values)).utc if len(values) else Time(np.zeros(0), format="jd")


def _precise(time):
    """Time that prints and is written to the nanosecond."""
    time = Time(time, format="isot", precision=9)
    time.info.serialize_method["ecsv"] = "jd1_jd2"
    return time


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
    return make_table(name, {column: stacked[column] for column in stacked.colnames}, meta)


def write_table(table, path, *, overwrite=False):
    """
    Write a table in the format that the suffix names, times to the nanosecond and meta included.

    The file's meta says how many rows there are, so that `read_table` sees when some are missing.

    Parameters
    ----------
    table : `~astropy.table.QTable`
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
        If the suffix is unknown.
    OSError
        If the file exists and is not to be replaced.
    """
    path = Path(path)
    kind = _format_of(path)
    if path.exists() and not overwrite:
        raise OSError(f"{path} exists and is not to be replaced")
    table = counted(table)
    if kind == "asdf":
        _asdf_ready(table).write(path, format=kind)
    elif kind == "fits":
        _fits_ready(table).write(path, format=kind, overwrite=True)
    else:
        options = {"path": "table", "serialize_meta": True} if kind == "hdf5" else {}
        table.write(path, format=kind, overwrite=True, **options)
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
        Equal to the one that was written.

    Raises
    ------
    SolarUnetError
        If the suffix is unknown, or the file does not hold a table or not all of its rows.
    FileNotFoundError
        If there is no such file.
    """
    path = Path(path)
    kind = _format_of(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    options = {"hdf5": {"path": "table"}, "fits": {"astropy_native": True, "hdu": 1}}.get(kind, {})
    try:
        table = QTable.read(path, format=kind, **options)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise SolarUnetError(f"{path}: not a table that write_table has written ({problem})") from problem
    if kind == "fits":
        table.meta = json.loads(table.meta.get(META_KEYWORD, "{}"))
    require_all_rows(table, path)
    return _as_made(table)


def _format_of(path):
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise SolarUnetError(f"{path}: unknown suffix {suffix!r}; choose one of {', '.join(FORMATS)}")
    return FORMATS[suffix]


def _fits_ready(table):
    """FITS headers hold short values only: the meta becomes one long string."""
    plain = table.copy(copy_data=False)
    plain.meta = {META_KEYWORD: json.dumps(dict(table.meta))}
    return plain


def _asdf_ready(table):
    """ASDF cannot hold times of which there are none."""
    if len(table):
        return table
    plain = table.copy()
    for name in table.colnames:
        if isinstance(table[name], Time):
            plain[name] = np.zeros(0)
    return plain


def _as_made(table):
    """The columns as `make_table` makes them, where a format hands back bytes, objects or other scales."""
    name = table.meta.get("table")
    if name not in SCHEMAS:
        return table
    columns = {column: table[column] for column in table.colnames}
    for column, (kind, _) in SCHEMAS[name].items():
        if kind is str:
            columns[column] = _as_text(columns[column])
    return make_table(name, columns, table.meta)


def _as_text(column):
    """Plain text; formats hand empty strings back as masked values, and others as bytes."""
    values = column.filled("") if hasattr(column, "filled") else np.asarray(column)
    return np.char.decode(values, "utf-8") if values.dtype.kind == "S" else values.astype(str)


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
        If a frame of the table is not among the frames.
    """
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
