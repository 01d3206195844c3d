"""
Tables as text, which other programs read: ECSV and CSV, with times in ISO 8601 to the nanosecond.
"""

import csv
import io
import itertools
import re

import astropy.units as u
import numpy as np
from astropy.table import MaskedColumn, QTable
from astropy.time import Time

from sunpy_solarunet.tracking.schemas import ALL_SCHEMAS, recognized_table
from sunpy_solarunet.tracking.wholeness import ends_with_a_line

__all__ = ["is_known", "iso_text", "read_csv", "table_text", "times_of_text", "unknown_times", "write_text"]

#: The formats that are text, as `~astropy.table.Table.write` calls them.
TEXTS = ("ascii.ecsv", "ascii.csv")

#: Julian day of the first of January of year 1: no time of an observation lies before.
FIRST_DAY = 1721425.5

#: Stands for times that are not known where there must be one.
PLACEHOLDER = Time("2000-01-01T12:00:00")

#: How many rows are read at once.
BLOCK = 10_000

#: Times as they are written, here and by pandas.
ISO_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?")


def is_known(time):
    """
    Which times are known; the others are masked, or stand at the beginning of the Julian days.

    Parameters
    ----------
    time : `~astropy.time.Time`

    Returns
    -------
    `numpy.ndarray` of `bool`

    Examples
    --------
    >>> from astropy.time import Time
    >>> from sunpy_solarunet.tracking.text import is_known
    >>> is_known(Time([0, 2457948.345], format="jd"))
    array([False,  True])
    """
    return ~np.asarray(time.mask) & (np.asarray(time.unmasked.jd1) >= FIRST_DAY)


def unknown_times(time):
    """
    Times of which those that are masked stand at the beginning of the Julian days.

    Parameters
    ----------
    time : `~astropy.time.Time`

    Returns
    -------
    `~astropy.time.Time`
        Without a mask.
    """
    if not time.masked:
        return time
    days = [np.where(time.mask, 0.0, half) for half in (time.unmasked.jd1, time.unmasked.jd2)]
    return Time(*days, format="jd", scale=time.scale)


def write_text(tables, path, kind):
    """
    Write tables of the same columns and meta under one another, as if they were one.

    Parameters
    ----------
    tables : iterable of `~astropy.table.QTable`
        At least one; none is held longer than it takes to write it.
    path : `pathlib.Path`
    kind : {"ascii.ecsv", "ascii.csv"}
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        for number, table in enumerate(tables):
            head, rows = table_text(table, kind)
            file.write(rows if number else head + rows)


def table_text(table, kind):
    """
    What stands in a file before the rows of a table, and the rows.

    Parameters
    ----------
    table : `~astropy.table.QTable`
        With times in the format that they are to be written in.
    kind : {"ascii.ecsv", "ascii.csv"}

    Returns
    -------
    tuple of `str`
        Times that are not known are empty.

    Examples
    --------
    >>> from astropy.table import QTable
    >>> from astropy.time import Time
    >>> from sunpy_solarunet.tracking.text import table_text
    >>> table_text(QTable({"frame": [7], "time": Time(["2017-07-13T20:17:41"], precision=9)}), "ascii.csv")
    ('frame,time\\n', '7,2017-07-13T20:17:41.000000000\\n')
    """
    times = {name: column for name, column in table.columns.items() if isinstance(column, Time)}
    texts = {name: iso_text(time.utc if kind == "ascii.csv" else time) for name, time in times.items()}
    if kind == "ascii.csv":
        return _parts(_with(table, texts | _in_the_units_that_are_read(table)), kind)
    if all(is_known(time).all() for time in times.values()):
        return _parts(table, kind)
    # An empty cell is a time that is masked to whoever reads it, but to write it so would need another head.
    head, _ = _parts(_with(table, {name: _without_unknown(time) for name, time in times.items()}), kind)
    return head, _parts(_with(table, texts), kind)[1]


def _with(table, columns):
    table = table.copy(copy_data=False)
    for name, column in columns.items():
        table[name] = column
    return table


def _in_the_units_that_are_read(table):
    """The columns of the package's in other units than a reader takes them to have."""
    schema = ALL_SCHEMAS.get(recognized_table(table.colnames), {})
    units = {name: kind for name, (kind, _) in schema.items() if isinstance(kind, u.UnitBase)}
    columns = {name: column for name, column in table.columns.items() if isinstance(column, u.Quantity)}
    return {name: column.to(units[name]) for name, column in columns.items() if name in units}


def iso_text(time):
    """
    Times as they are written.

    Parameters
    ----------
    time : `~astropy.time.Time`

    Returns
    -------
    `numpy.ndarray` of `str`
        Empty where they are not known.
    """
    known = is_known(time)
    texts = np.full(time.shape, "", dtype="U29")
    if known.any():
        texts[known] = time.unmasked[known].isot
    return texts


def _without_unknown(time):
    """The same with a time that can be written in place of those that are not known."""
    halves = (time.unmasked.jd1, PLACEHOLDER.jd1), (time.unmasked.jd2, PLACEHOLDER.jd2)
    days = [np.where(is_known(time), half, instead) for half, instead in halves]
    return Time(Time(*days, format="jd", scale=time.scale), format=time.format, precision=time.precision)


def _parts(table, kind):
    """Text of a table, divided where its rows begin."""
    buffer = io.StringIO()
    table.write(buffer, format=kind)
    text, start = buffer.getvalue(), 0
    while kind == "ascii.ecsv" and text.startswith("#", start):
        start = text.index("\n", start) + 1
    start = text.index("\n", start) + 1
    return text[:start], text[start:]


def read_csv(path):
    """
    Read a table from a CSV file: which of the package's it is, and with that its units, is told by its columns.

    Parameters
    ----------
    path : `pathlib.Path`

    Returns
    -------
    `~astropy.table.QTable`
        Columns that the package does not know are numbers, times or text as they look.

    Raises
    ------
    ValueError
        If the file does not hold a table.
    """
    if not ends_with_a_line(path):
        raise ValueError("cut short: its last row has no end")
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = (line for line in csv.reader(file, strict=True) if line)
        names = next(lines, None)
        if names is None or len(set(names)) < len(names):
            raise ValueError("no names of columns")
        blocks = [_block(lines_of_block, len(names)) for lines_of_block in _blocks(lines)]
    table = recognized_table(names)
    schema = ALL_SCHEMAS.get(table, {})
    texts = [np.concatenate(column) for column in zip(*blocks, strict=True)] or [np.zeros(0, "U1")] * len(names)
    columns = {
        name: _of_kind(cells, schema[name][0]) if name in schema else _as_it_looks(cells)
        for name, cells in zip(names, texts, strict=True)
    }
    return QTable(columns, meta={} if table is None else {"table": table})


def _blocks(lines):
    while block := list(itertools.islice(lines, BLOCK)):
        yield block


def _block(lines, width):
    if any(len(line) != width for line in lines):
        raise ValueError(f"rows without the {width} cells that its first line has")
    return [np.array(cells) for cells in zip(*lines, strict=True)]


def _of_kind(cells, kind):
    """A column of the package's."""
    if kind is str:
        return cells
    if kind is Time:
        return times_of_text(cells)
    if kind is bool:
        return np.isin(np.char.lower(cells), ("true", "1"))
    if kind is int:
        return cells.astype(int)
    numbers = _numbers(cells, float, "nan")
    return numbers if kind is float else u.Quantity(numbers, kind)


def _numbers(cells, kind, empty):
    return np.where(cells == "", empty, cells).astype(kind)


def times_of_text(cells):
    """
    Times from how they are written.

    Parameters
    ----------
    cells : `numpy.ndarray` of `str`
        In ISO 8601 and UTC; empty where they are not known.

    Returns
    -------
    `~astropy.time.Time`
    """
    if not len(cells):
        return Time(np.zeros(0), format="jd")
    texts = [text.replace(" ", "T") or PLACEHOLDER.value for text in cells.tolist()]
    times = Time(texts, format="isot", scale="utc")
    days = [np.where(cells == "", 0.0, half) for half in (times.jd1, times.jd2)]
    return Time(Time(*days, format="jd", scale="utc"), format="isot", precision=9)


def _as_it_looks(cells):
    """A user's own column."""
    filled = cells[cells != ""]
    if not len(filled):
        return cells
    if all(map(ISO_TIME.fullmatch, filled)):
        return times_of_text(cells)
    if np.isin(cells, ("True", "False")).all():
        return cells == "True"
    for kind in (int, float):
        try:
            numbers = _numbers(cells, kind, "0")
        except (ValueError, OverflowError):
            continue
        return numbers if len(filled) == len(cells) else MaskedColumn(numbers, mask=cells == "")
    return cells
