"""
`Run`: a tracked sequence in a folder, written frame by frame, and read again.
"""

import numbers
from pathlib import Path

from astropy.utils import lazyproperty

from sunpy_solarunet.claiming import is_claimed
from sunpy_solarunet.display import settings_html, settings_text, value_text
from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.runs.beginning import write_run
from sunpy_solarunet.runs.drawing import Drawable
from sunpy_solarunet.runs.finding import Magnetograms, maps_in_memory, stored_catalog, track_at
from sunpy_solarunet.runs.following import following_of
from sunpy_solarunet.runs.frames import read_frame
from sunpy_solarunet.runs.judging import warn_of_skipped_frames
from sunpy_solarunet.runs.layout import Layout
from sunpy_solarunet.runs.reading import read_tables
from sunpy_solarunet.runs.record import read_record
from sunpy_solarunet.runs.views import RunEvent, RunTrack
from sunpy_solarunet.tracking.kinship import lineage_table

__all__ = ["Run"]

#: What is kept of the files in the folder.
CACHED = ("_record", "_tables", "lineage")


class Run(Drawable):
    """
    A tracked sequence in a folder.

    Parameters
    ----------
    folder : path-like
        Of the run. `track` makes it.
    magnetograms : path-like or list of `~sunpy.map.GenericMap`, optional
        Where the magnetograms are, if not where they were when the run was written: a folder with the files, or
        the maps themselves.

    Examples
    --------
    >>> import tempfile
    >>> from sunpy_solarunet import Run, Segmenter, Tracker
    >>> from sunpy_solarunet.synthetic import six_events
    >>> maps, planted = six_events()
    >>> folder = tempfile.TemporaryDirectory()
    >>> run = Run(folder.name).track(maps, Segmenter("threshold"), Tracker())
    >>> run
    <Run: whole, 8 frames, 15 tracks, 7 events, in ...>
    >>> run.track(12).features["frame", "label", "n_pixels"]
    <QTable length=5>
    frame label n_pixels
    int64 int64  int64
    ----- ----- --------
        3     8       86
        4     6       86
        5     5       83
        6     4       86
        7     4       85
    >>> run.event(0)
    <RunEvent 0: splitting, frames 1 and 2>
    >>> folder.cleanup()
    """

    def __init__(self, folder, *, magnetograms=None):
        self.folder = Path(folder)
        self._layout = Layout(self.folder)
        self._magnetograms = Magnetograms(magnetograms)

    @classmethod
    def read(cls, folder, *, magnetograms=None):
        """
        Read a run.

        Parameters
        ----------
        folder, magnetograms
            As of the class.

        Returns
        -------
        Run

        Raises
        ------
        SolarUnetError
            If there is no run in the folder.
        """
        run = cls(folder, magnetograms=magnetograms)
        _ = run._record
        return run

    @lazyproperty
    def _record(self):
        if not self._layout.record.is_file():
            raise SolarUnetError(f"{self.folder}: no run is in this folder; `solarunet track` and Run.track write one")
        return read_record(self._layout.record)

    def __getstate__(self):
        """Where it is; its tables are read anew."""
        return {name: value for name, value in self.__dict__.items() if name not in CACHED}

    @property
    def state(self):
        """Whether it is "whole", "broken off" or still "going"."""
        state = self._record.state
        return "broken off" if state == "going" and not is_claimed(self.folder) else state

    @lazyproperty
    def _tables(self):
        return read_tables(self._layout, self._record, self.state)

    @property
    def events(self):
        """All events, one a row."""
        return self._tables["events"]

    @property
    def members(self):
        """The features that take part in each event."""
        return self._tables["members"]

    @property
    def features(self):
        """All features of all frames, with their tracks."""
        return self._tables["features"]

    @property
    def tracks(self):
        """The features followed through time."""
        return self._tables["tracks"]

    @property
    def frames(self):
        """The frames; ``skipped`` says why one could not be used."""
        return self._tables["frames"]

    @lazyproperty
    def lineage(self):
        """Which tracks came from which, see `~sunpy_solarunet.tracking.kinship.lineage_table`."""
        return lineage_table(self.events, self.members)

    def __repr__(self):
        if not self._layout.record.is_file():
            return f"<Run: not begun, in {self.folder}>"
        return f"<Run: {self._summary}, in {self.folder}>"

    @property
    def _summary(self):
        skipped = int((self.frames["skipped"] != "").sum())
        counts = f"{len(self.frames)} frames" + (f" ({skipped} skipped)" if skipped else "")
        return f"{self.state}, {counts}, {len(self.tracks)} tracks, {len(self.events)} events"

    def _repr_html_(self):
        if not self._layout.record.is_file():
            return settings_html("Run: not begun", {"folder": self.folder})
        frames, record = self.frames, self._record
        times = " to ".join(map(value_text, frames["time"][[0, -1]])) if len(frames) else None
        made_by = {name: settings_text(getattr(record, name)) for name in ("segmenter", "tracker")}
        return settings_html(f"Run: {self._summary}", {"folder": self.folder, "times": times} | made_by)

    def track(
        self,
        maps,
        segmenter=None,
        tracker=None,
        *,
        format="ecsv",  # noqa: A002
        overwrite=False,
        strict=False,
        follow=False,
        idle=None,
        until=None,
        workers=1,
        progress=False,
        **description,
    ):
        """
        Segment and track a sequence into the folder, or look at one of the run's tracks.

        What is in the folder already is not computed again: a run that was broken off goes on after its last
        whole frame, and one that is whole takes up the files that are new at the end. A frame that cannot be
        used is skipped, and the table of frames says why.

        Parameters
        ----------
        maps : path-like, `~sunpy_solarunet.magnetograms.MagnetogramSequence`, list of these or of maps, or `int`
            As `~sunpy_solarunet.read_magnetograms` takes them or gives them. A whole number is that of a track.
        segmenter : `~sunpy_solarunet.Segmenter`
        tracker : `~sunpy_solarunet.Tracker`
            Whose parameters are taken; a longer time without a frame than four times the median cadence closes
            all tracks, if it has no ``max_gap``.
        format : {"ecsv", "fits", "hdf5", "parquet", "asdf", "csv"}
            Of the tables.
        overwrite : `bool`
            Begin anew, and replace what is there when the new run is whole.
        strict : `bool`
            A frame that cannot be used is an error.
        follow : `bool`
            Go on with the files that come into the folder, or that fit the pattern, in near-real time. Each is taken
            up once it is whole; one that is earlier than the last frame is skipped. The tables are written anew
            whenever nothing is left to do. Ctrl-C or SIGTERM ends it after the present frame, and the run is whole.
        idle : `~astropy.units.Quantity`, optional
            Time without anything new, after which following ends.
        until : `~astropy.time.Time`, optional
            When following ends.
        workers : `int` or ``distributed.Client``
            Number of processes that work on frames and on pairs of frames, or the client of a Dask cluster. The
            results are the same with any. A script that starts processes does so below
            ``if __name__ == "__main__":``.
        progress : `bool`
            Show a bar.
        **description
            What the files do not say themselves, as for `~sunpy_solarunet.read_magnetograms`.

        Returns
        -------
        Run or `~sunpy_solarunet.runs.views.RunTrack`

        Raises
        ------
        SolarUnetError
            If the folder holds a run with other parameters or of other files, cannot be written to, or is being
            written to; if a frame cannot be used that must be, or none can; if there is nothing to follow.
        """
        if isinstance(maps, numbers.Integral):
            return RunTrack(self, int(maps))
        write_run(
            self._layout,
            maps,
            segmenter,
            tracker,
            table_format=format,
            overwrite=overwrite,
            strict=strict,
            workers=workers,
            progress=progress,
            description=description,
            following=following_of(follow, idle, until),
        )
        if held := maps_in_memory(maps):
            self._magnetograms = Magnetograms(held)
        self._forget()
        warn_of_skipped_frames(self.frames)
        return self

    def _forget(self):
        """Look at the folder anew."""
        for name in CACHED:
            self.__dict__.pop(name, None)

    def event(self, number):
        """
        One of the events.

        Parameters
        ----------
        number : `int`
            Its ``event_id``.

        Returns
        -------
        `~sunpy_solarunet.runs.views.RunEvent`

        Raises
        ------
        SolarUnetError
            If there is no such event.
        """
        return RunEvent(self, number)

    def catalog(self, frame):
        """
        The features of a frame, from the stored labels and the magnetogram.

        Parameters
        ----------
        frame : `int`
            Its number.

        Returns
        -------
        `~sunpy_solarunet.FeatureCatalog`

        Raises
        ------
        SolarUnetError
            If there is no such frame, it was skipped, or its magnetogram is not found.
        """
        stored = self._frame(frame)
        magnetogram = self._magnetograms.read(self._record, stored.number)
        return stored_catalog(self._layout.frame(stored.number), stored, magnetogram, meta=self._record.segmenter)

    def _frame(self, number):
        """What is stored of a frame that could be used."""
        if not self._layout.frame(number).is_file():
            raise SolarUnetError(f"there is no frame {number}; there are {self._layout.number_of_frames()}, from 0 on")
        stored = read_frame(self._layout.frame(number))
        if stored.features is None:
            raise SolarUnetError(f"frame {number} was skipped: {stored.skipped}")
        return stored

    def used_frames(self):
        """
        Numbers of the frames that could be used.

        Returns
        -------
        list of `int`
        """
        frames = self.frames
        return frames["frame"][frames["skipped"] == ""].tolist()

    def at(self, coordinate, time):
        """
        The track of the element at a place.

        Parameters
        ----------
        coordinate : `~astropy.coordinates.SkyCoord`
        time : `~astropy.time.Time`
            The frame nearest to it is looked at.

        Returns
        -------
        `~sunpy_solarunet.runs.views.RunTrack` or `None`
            `None` if there is no element.

        Raises
        ------
        SequenceError
            If the run does not cover the time.
        """
        track_id = track_at(self, self._layout, coordinate, time)
        return None if track_id is None else RunTrack(self, track_id)
