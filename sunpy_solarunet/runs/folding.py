"""
From the frames and pairs of a run to the rows of its tables.
"""

import astropy.units as u

from sunpy_solarunet.runs.arrays import read_arrays, write_arrays
from sunpy_solarunet.runs.frames import read_frame
from sunpy_solarunet.runs.layout import TABLES
from sunpy_solarunet.runs.pairs import read_pair
from sunpy_solarunet.tracking.columns import Store
from sunpy_solarunet.tracking.history import History

__all__ = ["Fold", "Pieces", "stored_steps"]

#: What is counted over all pairs of frames.
COUNTS = ("cut_groups", "bounded_covers")

#: Rows of a table that are held before they go into a file.
PIECE = 20_000


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

    Parameters
    ----------
    folder : `pathlib.Path`, optional
        For the files; all rows stay in memory without.
    """

    def __init__(self, folder=None):
        self._folder = folder
        self._stores = {name: Store(name) for name in TABLES}
        self._files = {name: [] for name in TABLES}

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
            if self._folder is not None and len(self._stores[name]) >= PIECE:
                self._put_away(name)

    def _put_away(self, name):
        path = self._folder / f"{name}-{len(self._files[name]):06d}.npz"
        self._folder.mkdir(exist_ok=True)
        write_arrays(path, self._stores[name].columns())
        self._files[name].append(path)
        self._stores[name] = Store(name)

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
        store = Store(name)
        for path in self._files[name]:
            store.add(read_arrays(path)[0])
        store.add(self._stores[name].columns())
        return store.table(meta=meta, order="track_id" if name == "tracks" else None)
