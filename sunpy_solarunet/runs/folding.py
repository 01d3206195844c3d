"""
From the frames and pairs of a run to the rows of its tables.
"""

from collections import defaultdict

import astropy.units as u
import numpy as np

from sunpy_solarunet.runs.arrays import read_arrays, write_arrays
from sunpy_solarunet.runs.frames import read_frame
from sunpy_solarunet.runs.layout import TABLES
from sunpy_solarunet.runs.pairs import read_pair
from sunpy_solarunet.tracking.columns import Store, join
from sunpy_solarunet.tracking.history import History
from sunpy_solarunet.tracking.piecewise import write_pieces
from sunpy_solarunet.tracking.tables import make_table

__all__ = ["Fold", "Pieces", "stored_steps"]

#: What is counted over all pairs of frames.
COUNTS = ("cut_groups", "bounded_covers")

#: Rows of a table that are held before they go into a file, and that are written at once.
PIECE = 2_000

#: The columns by which tables are ordered whose rows come in as they are settled.
ORDER = {"tracks": "track_id"}


class Fold:
    """
    The rows that each frame settles.

    Parameters
    ----------
    parameters : `~sunpy_solarunet.tracking.parameters.Parameters`
    """

    def __init__(self, parameters):
        speed = parameters.max_speed.to_value(u.km / u.s)
        self._history = History(memory=parameters.memory, max_speed=speed, flux_tolerance=parameters.balance_tolerance)
        #: How often groups of partners were cut, and bounds were met, as the tables' meta tells it.
        self.counts = dict.fromkeys(COUNTS, 0)
        #: Number of frames that were taken in and could be used.
        self.used = 0

    def take(self, frame, transition):
        """
        Take in the next frame.

        Parameters
        ----------
        frame : `~sunpy_solarunet.runs.frames.StoredFrame`
        transition : `~sunpy_solarunet.tracking.events.Transition` or `None`
            From the frame that it follows.

        Returns
        -------
        `dict` of `dict`
            Columns by table.
        """
        rows = {"frames": frame.row}
        if frame.features is None:
            return rows
        self.used += 1
        if transition is None:
            return rows | self._history.begin(frame.number, frame.features)
        for name in COUNTS:
            self.counts[name] += getattr(transition, name)
        return rows | self._history.follow(frame.number, frame.features, transition)

    def finish(self):
        """
        The rows that the end settles.

        Returns
        -------
        `dict` of `dict`
        """
        return self._history.finish()


def stored_steps(layout):
    """
    The frames that are in a run's folder, one by one.

    Parameters
    ----------
    layout : `~sunpy_solarunet.runs.layout.Layout`

    Yields
    ------
    tuple
        A `~sunpy_solarunet.runs.frames.StoredFrame` and the transition to it, or `None`.
    """
    for number in range(layout.number_of_frames()):
        frame = read_frame(layout.frame(number))
        yield frame, None if frame.follows is None else read_pair(layout.pair(number))


class Pieces:
    """
    The rows of the tables as they come in: few in memory, the others in files.

    The files of a table are in drawers, which are in the order of the rows. A track is settled when it ends, but
    tracks are in the order of their numbers, which have no gaps: a drawer holds those of a range.

    Parameters
    ----------
    folder : `pathlib.Path`, optional
        For the files; all rows stay in memory without.

    Examples
    --------
    >>> from sunpy_solarunet.runs.folding import Pieces
    >>> from sunpy_solarunet.tracking.columns import columns_of_rows
    >>> pieces = Pieces()
    >>> for frame in range(3):
    ...     pieces.add({"members": columns_of_rows("members", [(frame, 4, 2, frame, "parent")])})
    >>> pieces.table("members", {})["event_id"].tolist()
    [0, 1, 2]
    """

    def __init__(self, folder=None):
        self._folder = folder
        self._stores = {name: Store(name) for name in TABLES}
        self._drawers = {name: defaultdict(list) for name in TABLES}
        self._number_of_files = 0
        #: How many rows there are.
        self.rows = dict.fromkeys(TABLES, 0)

    def add(self, rows):
        """
        Take in rows.

        Parameters
        ----------
        rows : `dict` of `dict`
            Columns by table.
        """
        for name, columns in rows.items():
            self._stores[name].add(columns)
            self.rows[name] += len(next(iter(columns.values()), ()))
            if self._folder is not None and len(self._stores[name]) >= PIECE:
                self._put_away(name)

    def _put_away(self, name):
        self._folder.mkdir(exist_ok=True)
        for drawer, columns in self._sorted_into_drawers(name).items():
            path = self._folder / f"{name}-{self._number_of_files:06d}.npz"
            write_arrays(path, columns)
            self._drawers[name][drawer].append(path)
            self._number_of_files += 1
        self._stores[name] = Store(name)

    def _sorted_into_drawers(self, name):
        """The rows that are in memory by the number of their drawer."""
        columns = self._stores[name].columns()
        if not columns:
            return {}
        if name not in ORDER:
            return {len(self._drawers[name]): columns}
        drawer = columns[ORDER[name]] // PIECE
        return {number: _rows(columns, drawer == number) for number in np.unique(drawer).tolist()}

    def pieces(self, name):
        """
        The rows of a table in their order, piece by piece.

        Parameters
        ----------
        name : `str`

        Yields
        ------
        `dict`
            Columns.
        """
        drawers, rest = self._drawers[name], self._sorted_into_drawers(name)
        for number in sorted(drawers.keys() | rest.keys()):
            parts = [read_arrays(path)[0] for path in drawers.get(number, ())]
            columns = join(parts + ([rest[number]] if number in rest else []))
            yield _rows(columns, np.argsort(columns[ORDER[name]])) if name in ORDER else columns

    def table(self, name, meta):
        """
        All rows of a table.

        Parameters
        ----------
        name : `str`
        meta : `dict`

        Returns
        -------
        `~astropy.table.QTable`
        """
        return make_table(name, join(list(self.pieces(name))), meta)

    def write(self, name, path, meta):
        """
        Write all rows of a table into a file.

        Parameters
        ----------
        name : `str`
        path : `pathlib.Path`
        meta : `dict`
        """
        write_pieces(name, lambda: self.pieces(name), path, rows=self.rows[name], meta=meta)


def _rows(columns, chosen):
    return {name: values[chosen] for name, values in columns.items()}
