"""
Rows of the tables as plain columns: made, joined and kept, before they become a table.

A column is an array in the unit of `~sunpy_solarunet.tracking.tables.SCHEMAS`, or a `~astropy.time.Time`.
"""

import numpy as np
from astropy.time import Time

from sunpy_solarunet.tracking.tables import SCHEMAS, make_table

__all__ = ["Store", "columns_of_rows", "join"]

#: Rows of a part to which no others are added.
LARGE = 5_000


def columns_of_rows(name, rows):
    """
    The columns of some rows.

    Parameters
    ----------
    name : `str`
        A key of `~sunpy_solarunet.tracking.tables.SCHEMAS`.
    rows : list of `tuple`
        Values in the order of the schema; none of them a time.

    Returns
    -------
    `dict` of `numpy.ndarray`
        All columns of the schema.

    Examples
    --------
    >>> from sunpy_solarunet.tracking.columns import columns_of_rows
    >>> columns_of_rows("members", [(0, 4, 2, 1, "parent"), (0, 5, 3, 1, "parent")])["track_id"]
    array([4, 5])
    """
    schema = SCHEMAS[name]
    values = zip(*rows, strict=True) if rows else [()] * len(schema)
    kinds = {column: kind if kind in (int, str, bool) else float for column, (kind, _) in schema.items()}
    return {column: np.array(value, dtype=kind) for (column, kind), value in zip(kinds.items(), values, strict=True)}


def join(parts):
    """
    Put columns under one another.

    Parameters
    ----------
    parts : list of `dict`
        Columns by name, the same names in all of them.

    Returns
    -------
    `dict`
        Empty if there are no parts.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.tracking.columns import join
    >>> join([{"frame": np.array([0, 0])}, {"frame": np.array([1])}])
    {'frame': array([0, 0, 1])}
    """
    if len(parts) == 1:
        return parts[0]
    return {name: _under_one_another([part[name] for part in parts]) for name in (parts[0] if parts else ())}


def _under_one_another(values):
    if isinstance(values[0], Time):
        days = [np.concatenate([getattr(value, half) for value in values]) for half in ("jd1", "jd2")]
        return Time(*days, format="jd", scale=values[0].scale)
    return np.concatenate(values)


class Store:
    """
    The rows of one table as they come in, few arrays however many frames there were.

    Parameters
    ----------
    name : `str`
        A key of `~sunpy_solarunet.tracking.tables.SCHEMAS`.

    Examples
    --------
    >>> from sunpy_solarunet.tracking.columns import Store, columns_of_rows
    >>> store = Store("members")
    >>> for track in range(3):
    ...     store.add(columns_of_rows("members", [(track, track, 1, 0, "child")]))
    >>> store.table()["track_id"].tolist()
    [0, 1, 2]
    """

    def __init__(self, name):
        self._name = name
        self._parts = []

    def __len__(self):
        return sum(map(_length, self._parts))

    def add(self, columns):
        """
        Take in rows.

        Parameters
        ----------
        columns : `dict`
        """
        if not columns or not _length(columns):
            return
        self._parts.append(columns)
        # Parts double in size: a row is copied as often as the logarithm of their number. Large ones stay as they
        # are: to join them would take as much memory again.
        while len(self._parts) > 1 and _length(self._parts[-2]) <= min(2 * _length(self._parts[-1]), LARGE):
            self._parts[-2:] = [join(self._parts[-2:])]

    def table(self, *more, meta=None, order=None):
        """
        All rows as a table.

        Parameters
        ----------
        *more : `dict`
            Columns of further rows.
        meta : `dict`, optional
            How the table was made.
        order : `str`, optional
            The column that the rows are ordered by.

        Returns
        -------
        `~astropy.table.QTable`
        """
        columns = self.columns(*more)
        if order is not None and columns:
            row = np.argsort(columns[order], kind="stable")
            columns = {name: values[row] for name, values in columns.items()}
        return make_table(self._name, columns, meta)

    def columns(self, *more):
        """
        All rows as plain columns.

        Parameters
        ----------
        *more : `dict`
            Columns of further rows.

        Returns
        -------
        `dict`
            Empty if there are no rows.
        """
        return join([part for part in (*self._parts, *more) if part and _length(part)])


def _length(columns):
    return len(next(iter(columns.values())))
