"""
A run as it is written: frame by frame into its folder.
"""

import copy
import shutil
import warnings
from contextlib import closing, suppress
from time import monotonic

import astropy.units as u
import numpy as np
from astropy.time import Time
from astropy.utils import lazyproperty
from tqdm.auto import tqdm

from sunpy_solarunet.errors import MagnetogramError, SequenceError, SolarUnetWarning
from sunpy_solarunet.features import FeatureCatalog
from sunpy_solarunet.runs.atomic import written_whole
from sunpy_solarunet.runs.catalogs import stored_catalog
from sunpy_solarunet.runs.folding import Fold, Pieces, stored_steps
from sunpy_solarunet.runs.frames import StoredFrame, write_frame
from sunpy_solarunet.runs.inputs import ANYTHING, Cadence, wrong_shape
from sunpy_solarunet.runs.interruption import Listener
from sunpy_solarunet.runs.judging import Judge, look_at
from sunpy_solarunet.runs.layout import TABLES
from sunpy_solarunet.runs.pairs import write_pair
from sunpy_solarunet.runs.record import tables_meta, with_gap, write_record
from sunpy_solarunet.segmentation.prefetch import prefetched
from sunpy_solarunet.tracking.comparing import compare
from sunpy_solarunet.tracking.parameters import LARGEST_GAP
from sunpy_solarunet.tracking.rows import features_columns, frames_columns
from sunpy_solarunet.tracking.tables import SCHEMAS, write_table

__all__ = ["Writer"]

#: While a run is followed, no more than this share of the time goes into tables that show how far it is.
SHARE = 0.05


class Writer:
    """
    Take a run on from where it is to its end.

    Parameters
    ----------
    layout : `~sunpy_solarunet.runs.layout.Layout`
        Of its folder.
    record : `~sunpy_solarunet.runs.record.Record`
    sources : list of `~sunpy_solarunet.runs.inputs.Source`
    segmenter : `~sunpy_solarunet.Segmenter`
    parameters : `~sunpy_solarunet.tracking.parameters.Parameters`
        Of tracking.
    strict : `bool`
        A frame that cannot be used is an error.
    """

    def __init__(self, layout, record, sources, segmenter, parameters, *, strict=False):
        self._layout = layout
        self._record = record
        self._sources = list(sources)
        self._segmenter = segmenter
        self._given = parameters
        self._parameters = with_gap(parameters, record.max_gap)
        self._strict = strict
        self._judge = Judge()
        self._last = self._catalog = None
        self._begun = False
        self._fold = Fold(self._parameters)
        self._pieces = Pieces(layout.parts)

    def write(self, *, arrivals=None, progress=False, listener=None):
        """
        Write what is missing, and then what comes.

        Parameters
        ----------
        arrivals : iterable, optional
            Magnetograms that come later, as `~sunpy_solarunet.runs.following.Arrivals` gives them. A signal ends them,
            and with them the run as one that is whole; a second one breaks it off.
        progress : `bool`
            Show a bar.
        listener : `~sunpy_solarunet.runs.interruption.Listener`, optional
            Of signals.

        Raises
        ------
        SequenceError
            If no frame could be used, or one could not that must.
        """
        listener = Listener() if listener is None else listener
        shutil.rmtree(self._layout.parts, ignore_errors=True)
        self._layout.make_folders()
        total = len(self._sources) if arrivals is None else None
        try:
            with tqdm(total=total, unit="frame", disable=not progress) as bar:
                with closing(self._steps()) as steps:
                    for step in steps:
                        self._fold_in(step, listener, bar)
                if arrivals is not None:
                    with listener.patience(1):
                        self._follow(arrivals, listener, bar)
            self._require_a_frame()
            self._finish("whole")
        except BaseException:
            self._break_off()
            raise

    def _fold_in(self, step, listener, bar):
        """What a frame settles: as a whole, since half of it cannot be told from nothing."""
        with listener.patience():
            self._pieces.add(self._fold.take(*step))
        bar.update()
        listener()

    def _follow(self, arrivals, listener, bar):
        """Take up what comes, and show between how far the run is."""
        shown = False
        due = monotonic()
        with closing(iter(arrivals)) as coming:
            for arrival in coming:
                if arrival is not None:
                    self._fold_in(self._taken_up(*arrival), listener, bar)
                    shown = False
                if not shown and monotonic() >= due and self._fold.used:
                    begun, shown = monotonic(), True
                    self._show()
                    due = monotonic() + (monotonic() - begun) / SHARE
                if listener.asked_to_end:
                    return

    def _taken_up(self, source, magnetogram, fault):
        """Make a frame of a magnetogram that has come."""
        if source.time is None and self._sources:
            source = source.at(self._sources[-1].time)
        self._sources.append(source)
        self._cadence.add(source)
        shape = self._record.shape or (None if magnetogram is None else list(magnetogram.data.shape))
        seconds = self._cadence.seconds
        limit = None if seconds is None else LARGEST_GAP * seconds
        inputs = [*self._record.inputs, source.entry]
        self._record = self._record.now(inputs=inputs, shape=shape, max_gap=limit, followed=True)
        self._parameters = with_gap(self._given, limit)
        write_record(self._layout.record, self._record.now(state="going", rows={}))
        return self._made(len(self._sources) - 1, source, magnetogram, fault)

    @lazyproperty
    def _cadence(self):
        return Cadence(self._sources)

    def _show(self):
        """Write the tables as they would be if the run ended here."""
        pieces = copy.deepcopy(self._pieces)
        pieces.add(copy.deepcopy(self._fold).finish())
        self._write_tables(pieces, "going")

    def _steps(self):
        """All frames with what happened before each: those that are in the folder, then those that are made."""
        done = self._layout.number_of_frames()
        for frame, transition in stored_steps(self._layout):
            self._note(frame)
            yield frame, transition
        self._begin_writing()
        told = []
        opened = prefetched((source, *source.open(told)) for source in self._sources[done:])
        for number, (source, magnetogram, fault) in enumerate(opened, done):
            yield self._made(number, source, magnetogram, fault)

    def _begin_writing(self):
        """What is there from before is no longer all that there is."""
        self._begun = True
        write_record(self._layout.record, self._record.now(state="going", rows={}))
        for path in self._layout.tables():
            path.unlink()

    def _note(self, frame):
        """Remember what the next frame is compared with."""
        if frame.skipped and self._strict:
            raise SequenceError(f"frame {frame.number}, {frame.row['file'][0]}: {frame.skipped}")
        if frame.look is not None:
            self._judge.remember(frame.look)
        if frame.features is not None:
            self._last, self._catalog = frame, None

    def _made(self, number, source, magnetogram, fault):
        """Make a frame, and write it after what happened before it: a frame that is there is whole."""
        catalog = look = None
        if not fault:
            look, fault = self._looked_at(magnetogram)
        if not fault:
            catalog, fault = self._segmented(magnetogram)
        if fault:
            row = _skipped_row(number, source, magnetogram if look else None, fault)
            frame, transition = StoredFrame(row, None, None, look, source.digest), None
        else:
            row, features = frames_columns(catalog, number), features_columns(catalog, number)
            row["file"] = np.array([source.name])
            transition = self._compared(catalog)
            follows = None if transition is None else self._last.number
            frame = StoredFrame(row, features, follows, look, source.digest)
        if transition is not None:
            write_pair(self._layout.pair(number), transition)
        write_frame(self._layout.frame(number), frame, catalog)
        self._note(frame)
        self._catalog = self._catalog if catalog is None else catalog
        return frame, transition

    def _looked_at(self, magnetogram):
        """What is seen of a magnetogram, and why it cannot be used."""
        try:
            time, fault = magnetogram.date, wrong_shape(magnetogram.data.shape, self._record.shape)
            look = None if fault else look_at(magnetogram)
        except MemoryError:
            raise
        except ANYTHING as problem:
            return None, " ".join(str(problem).split())
        fault = fault or self._too_late(time)
        return look, fault or self._judge.fault(look)

    def _too_late(self, time):
        """Why a frame of this time cannot come after the last one; empty if it can."""
        if self._last is None or time > self._last.time:
            return ""
        last = self._last.row["file"][0]
        return f"has the time of {last}" if time == self._last.time else f"is earlier than {last}, which came before it"

    def _segmented(self, magnetogram):
        try:
            return self._segmenter(magnetogram), ""
        except MagnetogramError as problem:
            return None, " ".join(str(problem).split())

    def _compared(self, catalog):
        """What happened since the last frame; `None` where there is none, or where it is too long ago."""
        if self._last is None:
            return None
        seconds = (catalog.time - self._last.time).to_value(u.s).round(9)
        limit = self._parameters.max_gap
        if limit is not None and seconds > limit.to_value(u.s):
            warnings.warn(
                f"no frame for {seconds:.0f} s before {catalog.time.isot}, more than max_gap "
                f"({limit.to_value(u.s):.0f} s): all tracks are closed as censored",
                SolarUnetWarning,
                stacklevel=2,
            )
            return None
        before = self._catalog_of(self._last) if self._catalog is None else self._catalog
        return compare(before, catalog, parameters=self._parameters)

    def _catalog_of(self, frame):
        magnetogram, fault = self._sources[frame.number].open()
        if fault:
            raise MagnetogramError(f"{self._sources[frame.number].name}: {fault}")
        return stored_catalog(self._layout.frame(frame.number), frame, magnetogram, meta=self._segmenter.meta)

    def _require_a_frame(self):
        if self._fold.used:
            return
        if not self._sources:
            raise SequenceError("there are no magnetograms: none has come")
        first = self._pieces.table("frames", {})[0]
        raise SequenceError(f"none of {len(self._sources)} frames could be used; {first['file']}: {first['skipped']}")

    def _break_off(self):
        """Keep what was found; nothing is left of a run without a frame."""
        if not self._begun:
            shutil.rmtree(self._layout.parts, ignore_errors=True)
        elif not self._fold.used:
            self._layout.remove()
        else:
            # Where there is no room for the tables, they are made from the frames when they are asked for.
            with suppress(OSError):
                self._finish("broken off")

    def _finish(self, state):
        """Write the tables, and what they are in the record."""
        self._pieces.add(self._fold.finish())
        rows = self._write_tables(self._pieces, state)
        self._layout.remove_tables_but(self._record.suffix)
        write_record(self._layout.record, self._record.now(state=state, rows=rows))
        shutil.rmtree(self._layout.parts, ignore_errors=True)

    def _write_tables(self, pieces, state):
        """Write the tables, and tell how many rows each has."""
        meta, rows = self._meta | {"run": state}, {}
        for name in TABLES:
            table = pieces.table(name, meta)
            with written_whole(self._layout.table(name, self._record.suffix)) as temporary:
                write_table(table, temporary, overwrite=True)
            rows[name] = len(table)
        return rows

    @property
    def _meta(self):
        return tables_meta(self._parameters, self._segmenter.meta, self._fold.counts)


def _skipped_row(number, source, magnetogram, fault):
    """The row of a frame that could not be used, with its observer where that is known."""
    row = None
    if magnetogram is not None:
        with suppress(ANYTHING):
            row = frames_columns(FeatureCatalog(magnetogram, np.zeros(magnetogram.data.shape, int)), number, fault)
    return row or _unseen_row(number, source, fault)


def _unseen_row(number, source, fault):
    """The row of a frame of which only the name and the time are known."""
    time = Time(0, format="jd") if source.time is None else source.time.utc
    known = {"frame": number, "file": source.name, "n_features": 0, "skipped": fault}
    known |= {"positive_flux": 0.0, "negative_flux": 0.0}
    row = {name: np.array([known.get(name, np.nan)]) for name in SCHEMAS["frames"]}
    return row | {"time": Time([time.jd1], [time.jd2], format="jd", scale="utc")}
