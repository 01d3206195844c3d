"""
Whether the file of a table holds all of its rows.
"""

from sunpy_solarunet.errors import SolarUnetError

__all__ = ["ROWS", "counted", "ends_with_a_line", "require_all_rows"]

#: Entry of the meta, in files, that says how many rows there must be.
ROWS = "rows"


def counted(table, rows=None):
    """
    A table whose meta says how many rows it has, with the columns of another.

    Parameters
    ----------
    table : `~astropy.table.QTable`
    rows : `int`, optional
        How many there are, if the table is only a part of them.

    Returns
    -------
    `~astropy.table.QTable`

    Examples
    --------
    >>> from astropy.table import QTable
    >>> from sunpy_solarunet.tracking.wholeness import counted
    >>> counted(QTable({"frame": [1, 2, 3]})).meta
    {'rows': 3}
    """
    result = table.copy(copy_data=False)
    # The number stands first, so that no cut leaves rows without it.
    result.meta = {ROWS: len(table) if rows is None else rows} | {
        key: value for key, value in table.meta.items() if key != ROWS
    }
    return result


def require_all_rows(table, path):
    """
    Check that a table that was read from a file has all the rows that were written, and forget their number.

    Parameters
    ----------
    table : `~astropy.table.QTable`
        Its meta need not say how many there must be.
    path : `pathlib.Path`

    Raises
    ------
    SolarUnetError
        If rows are missing.
    """
    expected = table.meta.pop(ROWS, None)
    if expected is not None and expected != len(table):
        raise SolarUnetError(f"{path}: cut short or changed: {len(table)} rows, where {expected} were written")
    if expected is not None and path.suffix.lower() == ".ecsv" and not ends_with_a_line(path):
        raise SolarUnetError(f"{path}: cut short: its last row has no end")


def ends_with_a_line(path):
    """
    Whether the last line of a file has its end.

    Parameters
    ----------
    path : `pathlib.Path`
        Not empty.

    Returns
    -------
    `bool`
    """
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read() == b"\n"
