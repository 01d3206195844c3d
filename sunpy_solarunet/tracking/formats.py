"""
What the formats of tables cannot hold, and how it gets through them: text, times, angles, masks and meta.
"""

import importlib.util
import json
import numbers

import astropy.units as u
import numpy as np
from astropy.coordinates import Angle
from astropy.table import Column, MaskedColumn, QTable
from astropy.time import Time

from sunpy_solarunet.errors import SolarUnetError, suggestion
from sunpy_solarunet.tracking.text import TEXTS, is_known, iso_text, read_csv, write_text

__all__ = [
    "FORMATS",
    "as_text",
    "format_ready",
    "plain_meta",
    "precise_time",
    "read_file",
    "table_format",
    "write_file",
]

#: Formats by file suffix.
FORMATS = {
    ".ecsv": "ascii.ecsv",
    ".fits": "fits",
    ".hdf5": "hdf5",
    ".h5": "hdf5",
    ".parquet": "parquet",
    ".asdf": "asdf",
    ".csv": "ascii.csv",
}

#: Packages that a format needs besides those that are installed anyway.
PACKAGES = {"parquet": ("pyarrow", "pandas"), "asdf": ("asdf_astropy",)}

#: Entry that holds the units and descriptions of the columns in ASDF, which has no maxwell.
COLUMNS_KEYWORD = "TABCOLS"

#: Entry that holds the whole meta of a table as JSON, where a format would change it.
META_KEYWORD = "TABMETA"


def table_format(path):
    """
    Format of a table by the suffix of its file.

    Parameters
    ----------
    path : `pathlib.Path`

    Returns
    -------
    `str`
        As `~astropy.table.Table.write` calls it.

    Raises
    ------
    SolarUnetError
        If the suffix is unknown, or a package that the format needs is not installed.

    Examples
    --------
    >>> from pathlib import Path
    >>> from sunpy_solarunet.tracking.formats import table_format
    >>> table_format(Path("events.ecsv"))
    'ascii.ecsv'
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        question = suggestion(suffix, FORMATS)
        raise SolarUnetError(f"{path}: unknown suffix {suffix!r};{question} choose one of {', '.join(FORMATS)}")
    kind = FORMATS[suffix]
    absent = [name for name in PACKAGES.get(kind, ()) if importlib.util.find_spec(name) is None]
    if absent:
        raise SolarUnetError(
            f"{path}: {kind} needs {' and '.join(absent)}: pip install sunpy_solarunet[tables], or take another suffix"
        )
    return kind


def write_file(table, path, kind):
    """
    Write a table, in place of a file that exists.

    Parameters
    ----------
    table : `~astropy.table.QTable`
    path : `pathlib.Path`
    kind : `str`
        From `table_format`.

    Raises
    ------
    SolarUnetError
        If the format cannot hold a column.
    """
    ready = format_ready(table, kind)
    options = {"asdf": {}, "hdf5": {"path": "table", "serialize_meta": True}}.get(kind, {})
    if kind != "asdf":
        options["overwrite"] = True
    try:
        if kind in TEXTS:
            write_text([ready], path, kind)
        else:
            ready.write(path, format=kind, **options)
    except (TypeError, ValueError, NotImplementedError) as problem:
        raise SolarUnetError(f"{path}: a column of the table cannot be written as {kind} ({problem})") from problem


def format_ready(table, kind):
    """
    A table as a format can hold it, of Astropy's own class, which ASDF knows.

    Parameters
    ----------
    table : `~astropy.table.QTable`
    kind : `str`
        From `table_format`.

    Returns
    -------
    `~astropy.table.QTable`
    """
    ready = QTable(table, copy=False)
    for name in table.colnames:
        ready[name] = _carried(table[name], kind)
    ready.meta = _carried_meta(table.meta, kind)
    if kind == "asdf":
        ready.meta[COLUMNS_KEYWORD] = {name: _legend(table[name]) for name in table.colnames}
    return ready


def read_file(path, kind):
    """
    Read a table that `write_file` has written.

    Parameters
    ----------
    path : `pathlib.Path`
    kind : `str`
        From `table_format`.

    Returns
    -------
    `~astropy.table.QTable`

    Raises
    ------
    SolarUnetError
        If the file does not hold a table.
    """
    try:
        return _read(path, kind)
    except Exception as problem:
        told = str(problem).strip() or type(problem).__name__
        raise SolarUnetError(f"{path}: not a table that write_table has written ({told})") from problem


def _read(path, kind):
    if kind == "ascii.csv":
        return read_csv(path)
    options = {"hdf5": {"path": "table"}, "fits": {"astropy_native": True, "hdu": 1, "mask_invalid": False}}
    table = QTable.read(path, format=kind, **options.get(kind, {}))
    legends = table.meta.pop(COLUMNS_KEYWORD, {})
    if META_KEYWORD in table.meta:
        table.meta = json.loads(table.meta[META_KEYWORD])
    for name in table.colnames:
        table[name] = _restored(table[name], *legends.get(name, (None, None)))
    return table


def _carried(column, kind):
    """A column as the format can hold it; the table's own is left as it is."""
    carried = column
    if isinstance(column, Time):
        carried = _carried_time(column, kind)
    elif _is_text(column):
        text = as_text(column)
        carried = np.char.encode(text, "utf-8") if kind == "fits" else text
    elif isinstance(column, Angle):
        carried = u.Quantity(column)
    elif isinstance(column, MaskedColumn):
        carried = column.copy()
        carried.info.serialize_method |= {"fits": "data_mask", "ecsv": "data_mask"}
    return _described(carried, column)


def _carried_time(time, kind):
    """Times; ASDF can hold neither those of which there are none nor those that are not known."""
    time = precise_time(time)
    if kind != "asdf":
        return time
    return np.zeros(0) if not len(time) else time if is_known(time).all() else iso_text(time)


def _legend(column):
    """Unit and description of a column, where it has them."""
    unit = getattr(column, "unit", None)
    return [None if unit is None else unit.to_string(), column.info.description]


def _restored(column, unit, description):
    """A column as it was before it was written, with the unit and the description that its format cannot hold."""
    restored = column
    column.info.description = description or column.info.description
    if unit is not None:
        restored = u.Quantity(column.value, unit)
    elif isinstance(column, Time):
        restored = precise_time(column)
    elif _is_text(column):
        restored = as_text(column)
    elif getattr(column, "dtype", None) is not None and not column.dtype.isnative:
        restored = column.astype(column.dtype.newbyteorder("="))
    return _described(restored, column)


def _described(column, other):
    """A column with the description and the format of another one."""
    if column is other:
        return column
    column = Column(column) if type(column) is np.ndarray else column
    column.info.description, column.info.format = other.info.description, other.info.format
    return column


def precise_time(time):
    """
    Time that is written to the nanosecond.

    Parameters
    ----------
    time : `~astropy.time.Time`

    Returns
    -------
    `~astropy.time.Time`
        A copy, in the same scale.
    """
    return Time(time, format="isot", precision=9, copy=True)


def _is_text(column):
    """Whether a column holds text, in whichever way; refuses other objects."""
    kind = getattr(getattr(column, "dtype", None), "kind", "")
    if kind == "O" and not all(value is None or isinstance(value, str | bytes) for value in np.ma.filled(column, "")):
        raise SolarUnetError(f"column {column.info.name!r} holds Python objects, which no format of tables can hold")
    return kind in "USO" and kind != ""


def as_text(values):
    """
    Plain text; formats hand empty strings back as masked values, and others as bytes.

    Parameters
    ----------
    values : array-like
        Text, bytes in UTF-8, or objects; `None` and what is masked is empty.

    Returns
    -------
    `numpy.ndarray` of `str`

    Examples
    --------
    >>> from sunpy_solarunet.tracking.formats import as_text
    >>> as_text([b"one", None])
    array(['one', ''], dtype='<U3')
    """
    values = np.asarray(values.filled("") if hasattr(values, "filled") else values)
    if values.dtype.kind == "S":
        return np.char.decode(values, "utf-8")
    if values.dtype.kind != "O":
        return values.astype(str)
    texts = ["" if value is None else value.decode() if isinstance(value, bytes) else str(value) for value in values]
    return np.array(texts, dtype=str) if texts else np.zeros(0, "U1")


def plain_meta(value):
    """
    What all formats can hold in place of a table's meta or one of its entries.

    Parameters
    ----------
    value : object

    Returns
    -------
    `dict`, `list`, `str`, `float`, `int`, `bool` or `None`
        Numbers of NumPy become Python's, sequences and arrays lists; quantities, times, paths and other
        objects become text.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.tracking.formats import plain_meta
    >>> plain_meta({"probability": np.float32(0.5), "frames": (1, 2), "limit": None})
    {'probability': 0.5, 'frames': [1, 2], 'limit': None}
    """
    if isinstance(value, dict):
        return {str(key): plain_meta(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain_meta(entry) for entry in value]
    if isinstance(value, u.Quantity | Time):
        return str(value)
    if isinstance(value, np.ndarray | np.generic):
        return plain_meta(value.tolist())
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, numbers.Real):
        return int(value) if isinstance(value, numbers.Integral) else float(value)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _carried_meta(meta, kind):
    """
    The meta as the format can hold it.

    FITS headers hold short values only, and headers in YAML lose the ends of lines: there the whole
    goes into one line of JSON.
    """
    meta = plain_meta(meta)
    # A quote or an ampersand may fall where FITS divides a long text.
    text = json.dumps(meta).replace("'", "\\u0027").replace("&", "\\u0026")
    if kind == "fits":
        return {META_KEYWORD: text}
    printable = _printable(meta)
    return meta if printable == meta else printable | {META_KEYWORD: text}


def _printable(value):
    """The same with the characters that are not printed escaped."""
    if isinstance(value, dict):
        return {_printable(key): _printable(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_printable(entry) for entry in value]
    return json.dumps(value)[1:-1] if isinstance(value, str) and not value.isprintable() else value
