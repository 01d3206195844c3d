"""
Tables in files whose rows come in pieces, so that they need never be in memory together.
"""

import io

import numpy as np
from astropy.io import fits

from sunpy_solarunet.tracking.columns import join
from sunpy_solarunet.tracking.formats import format_ready, table_format, write_file
from sunpy_solarunet.tracking.tables import make_table
from sunpy_solarunet.tracking.text import TEXTS, write_text
from sunpy_solarunet.tracking.wholeness import counted

__all__ = ["write_pieces"]

#: Rows that are written at once; as text, they take many times the memory that they have as numbers.
AT_ONCE = 2_000

#: Bytes that a block of a FITS file has.
FITS_BLOCK = 2880


def write_pieces(name, pieces, path, *, rows, meta=None):
    """
    Write one of the package's tables, in place of a file that exists.

    The file is the same, byte for byte, as if all rows were written at once. ECSV, CSV and FITS are written
    piece by piece; the other formats need the whole table.

    Parameters
    ----------
    name : `str`
        A key of `~sunpy_solarunet.tracking.tables.SCHEMAS`.
    pieces : callable
        Gives the pieces from the first on each time it is called: columns as `dict`, none without rows.
    path : `pathlib.Path`
    rows : `int`
        How many there are in all.
    meta : `dict`, optional
        How the table was made.

    Raises
    ------
    SolarUnetError
        If the suffix is unknown, or a package that the format needs is not installed.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sunpy_solarunet.tracking.columns import columns_of_rows
    >>> from sunpy_solarunet.tracking.piecewise import write_pieces
    >>> pieces = [
    ...     columns_of_rows("members", [(0, 4, 2, 1, "parent")]),
    ...     columns_of_rows("members", [(1, 5, 3, 1, "child")]),
    ... ]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "members.csv"
    ...     write_pieces("members", lambda: iter(pieces), path, rows=2)
    ...     print(path.read_text(), end="")
    event_id,track_id,label,frame,role
    0,4,2,1,parent
    1,5,3,1,child
    """
    kind = table_format(path)
    if kind in TEXTS and rows:
        write_text(_tables(name, pieces, meta, rows, kind), path, kind)
    elif kind == "fits" and rows:
        _write_fits(name, pieces, path, meta, rows)
    else:
        write_file(counted(make_table(name, join(list(pieces())), meta)), path, kind)


def _tables(name, pieces, meta, rows, kind):
    for columns in pieces():
        for start in range(0, len(next(iter(columns.values()))), AT_ONCE):
            part = {column: values[start : start + AT_ONCE] for column, values in columns.items()}
            yield format_ready(counted(make_table(name, part, meta), rows), kind)


def _write_fits(name, pieces, path, meta, rows):
    """Texts have the same length in all rows: the first time through tells which."""
    widths = {}
    for table in _tables(name, pieces, meta, rows, "fits"):
        for column in table.itercols():
            if getattr(column, "dtype", np.dtype(float)).kind == "S":
                widths[column.name] = max(column.dtype.itemsize, widths.get(column.name, 1))
    with path.open("wb") as file:
        for number, table in enumerate(_tables(name, pieces, meta, rows, "fits")):
            for column, width in widths.items():
                table[column] = table[column].astype(f"S{width}")
            head, content = _fits_parts(table, rows)
            file.write(content if number else head + content)
        file.write(bytes(-file.tell() % FITS_BLOCK))


def _fits_parts(table, rows):
    """What stands in a FITS file before the rows of a table, of which there are so many, and those that there are."""
    buffer = io.BytesIO()
    table.write(buffer, format="fits")
    whole = buffer.getvalue()
    buffer.seek(0)
    with fits.open(buffer) as hdus:
        place, header = hdus.fileinfo(1), hdus[1].header
        size = header["NAXIS1"] * header["NAXIS2"]
        header["NAXIS2"] = rows
        head = whole[: place["hdrLoc"]] + header.tostring().encode("ascii")
    return head, whole[place["datLoc"] : place["datLoc"] + size]
