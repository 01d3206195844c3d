"""
A run as it is written: frame by frame into its folder.
"""

import copy
import shutil
import warnings
from contextlib import closing, suppress
from time import monotonic

import astropy.units as u
from astropy.utils import lazyproperty
from tqdm.auto import tqdm

from sunpy_solarunet.atomic import written_whole
from sunpy_solarunet.errors import SequenceError, SolarUnetWarning
from sunpy_solarunet.runs.crew import begun_ahead
from sunpy_solarunet.runs.finding import opened, stored_catalog
from sunpy_solarunet.runs.folding import Fold, Pieces, stored_steps
from sunpy_solarunet.runs.frames import StoredFrame, write_frame
from sunpy_solarunet.runs.inputs import Cadence, wrong_shape
from sunpy_solarunet.runs.interruption import Listener
from sunpy_solarunet.runs.judging import Judge
from sunpy_solarunet.runs.layout import TABLES
from sunpy_solarunet.runs.making import Made, emptied
from sunpy_solarunet.runs.pairs import write_pair
from sunpy_solarunet.runs.record import tables_meta, with_gap, write_record
from sunpy_solarunet.runs.workers import workers_of
from sunpy_solarunet.tracking.parameters import LARGEST_GAP

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
    workers : `int` or ``distributed.Client``
        As for `~sunpy_solarunet.runs.workers.workers_of`.
    """

    def __init__(self, layout, record, sources, segmenter, parameters, *, strict=False, workers=1):
        self._layout = layout
        self._record = record
        self._sources = list(sources)
        self._segmenter = segmenter
        self._given = parameters
        self._parameters = with_gap(parameters, record.max_gap)
        self._strict = strict
        self._workers = workers
        self._judge = Judge()
        self._last = self._last_made = None
        self._begun = self._has_note = False
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
            with closing(self._steps(arrivals, listener)) as steps:
                for step in tqdm(steps, total=total, unit="frame", disable=not progress):
                    # Half of what a frame settles could not be told from nothing.
                    with listener.patience():
                        self._pieces.add(self._fold.take(*step))
                    listener()
            self._require_a_frame()
            self._finish("whole")
        except BaseException:
            self._break_off()
            raise

    def _steps(self, arrivals, listener):
        """All frames with what happened before each: those that are in the folder, those that are made, what comes."""
        done = self._layout.number_of_frames()
        for frame, transition in stored_steps(self._layout):
            self._note(frame)
            yield frame, transition
        self._begin_writing()
        with workers_of(
            self._workers, shape=self._record.shape, segmenter=self._segmenter, parameters=self._parameters
        ) as workers:
            yield from self._made_steps(workers, done)
            if arrivals is not None:
                with listener.patience(1), closing(iter(arrivals)) as coming:
                    yield from self._coming_steps(workers, coming, listener)

    def _coming_steps(self, workers, coming, listener):
        """What comes, until a signal asks to end; while nothing does, the tables show how far the run is."""
        is_shown, due = False, monotonic()
        for source in coming:
            if source is not None:
                number, source = self._taken_in(source)
                yield self._written(workers, *self._judged(workers, source, workers.frame(number, source)))
                is_shown = False
            elif not is_shown and self._fold.used and monotonic() >= due:
                begun, is_shown = monotonic(), True
                self._show()
                due = monotonic() + (monotonic() - begun) / SHARE
            if listener.asked_to_end:
                return

    def _taken_in(self, source):
        """Number and source of a magnetogram that has come, once the record knows it."""
        if source.time is None and self._sources:
            source = source.at(self._sources[-1].time)
        self._sources.append(source)
        self._cadence.add(source)
        seconds = self._cadence.seconds
        limit = None if seconds is None else LARGEST_GAP * seconds
        shape = self._record.shape or source.shape
        inputs = [*self._record.inputs, source.entry]
        self._record = self._record.now(inputs=inputs, shape=shape, max_gap=limit, followed=True)
        self._parameters = with_gap(self._given, limit)
        write_record(self._layout.record, self._record.now(state="going", rows={}))
        return len(self._sources) - 1, source

    @lazyproperty
    def _cadence(self):
        return Cadence(self._sources)

    def _show(self):
        """Write the tables as they would be if the run ended here."""
        pieces = copy.deepcopy(self._pieces)
        pieces.add(copy.deepcopy(self._fold).finish())
        self._write_tables(pieces, "going")

    def _begin_writing(self):
        """What is there from before is no longer all that there is."""
        self._begun = True
        write_record(self._layout.record, self._record.now(state="going", rows={}))
        for path in self._layout.tables():
            path.unlink()

    def _note(self, frame, made=None):
        """Remember what the next frame is compared with."""
        if frame.skipped and self._strict:
            raise SequenceError(f"frame {frame.number}, {frame.row['file'][0]}: {frame.skipped}")
        if frame.look is not None:
            self._judge.remember(frame.look)
        if frame.features is not None:
            self._last, self._last_made = frame, made

    def _made_steps(self, workers, done):
        """The frames that are made, of which some are worked on ahead, and are written in their order."""
        sources = enumerate(self._sources[done:], done)
        begun = begun_ahead(sources, lambda one: (one[1], workers.frame(*one)), workers.ahead)
        judged = begun_ahead(begun, lambda one: self._judged(workers, *one), workers.behind)
        for one in judged:
            yield self._written(workers, *one)

    def _judged(self, workers, source, begun):
        """A frame beside those before it, and the pair of it and the last one, begun if it can be used."""
        made = workers.made(begun)
        self._pass_on(made.note)
        fault = self._fault(made)
        if fault:
            frame = StoredFrame(emptied(made.row, fault), None, None, made.look, source.digest)
            self._note(frame)
            return frame, b"", None
        follows = self._followed(made)
        pair = None if follows is None else workers.pair(follows, made)
        number = None if follows is None else self._last.number
        frame = StoredFrame(made.row, made.features, number, made.look, source.digest)
        self._note(frame, made)
        return frame, made.body, pair

    def _pass_on(self, note):
        """Say once what was taken for padding."""
        if note and not self._has_note:
            self._has_note = True
            warnings.warn(note, SolarUnetWarning, stacklevel=2)

    def _fault(self, made):
        """Why a frame cannot be used."""
        if made.fault:
            return made.fault
        if self._last is None:
            return self._judge.fault(made.look)
        # What headers do not tell of the shape, such as those of images, the frame before does.
        shape = wrong_shape(made.look.shape, self._last.look.shape)
        return shape or self._too_late(made.row["time"][0]) or self._judge.fault(made.look)

    def _too_late(self, time):
        """Why a frame of this time cannot come after the last one; empty if it can."""
        if time > self._last.time:
            return ""
        last = self._last.row["file"][0]
        return f"has the time of {last}" if time == self._last.time else f"is earlier than {last}, which came before it"

    def _followed(self, made):
        """The frame that one is compared with; `None` where there is none, or where it is too long ago."""
        if self._last is None:
            return None
        time = made.row["time"][0]
        seconds = (time - self._last.time).to_value(u.s).round(9)
        limit = self._parameters.max_gap
        if limit is not None and seconds > limit.to_value(u.s):
            warnings.warn(
                f"no frame for {seconds:.0f} s before {time.isot}, more than max_gap "
                f"({limit.to_value(u.s):.0f} s): all tracks are closed as censored",
                SolarUnetWarning,
                stacklevel=2,
            )
            return None
        return self._stored(self._last) if self._last_made is None else self._last_made

    def _stored(self, frame):
        """A frame that is in the folder, as it was made."""
        magnetogram = opened(self._sources[frame.number])
        catalog = stored_catalog(self._layout.frame(frame.number), frame, magnetogram, meta=self._segmenter.meta)
        return Made(frame.row, catalog=catalog)

    def _written(self, workers, frame, body, pair):
        """Write a frame after what happened before it: a frame that is there is whole."""
        transition = None if pair is None else workers.found(pair)
        if transition is not None:
            write_pair(self._layout.pair(frame.number), transition)
        write_frame(self._layout.frame(frame.number), frame, body)
        return frame, transition

    def _require_a_frame(self):
        if self._fold.used:
            return
        if not self._sources:
            raise SequenceError("there are no magnetograms: none has come")
        first = self._pieces.table("frames", {})[0]
        raise SequenceError(f"none of {len(self._sources)} frames could be used; {first['file']}: {first['skipped']}")

    def _break_off(self):
        """Keep what was found; nothing is left of a run without a frame."""
        if not self._begun and self._layout.record.is_file():
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
        self._write_tables(self._pieces, state)
        self._layout.remove_tables_but(self._record.suffix)
        write_record(self._layout.record, self._record.now(state=state, rows=dict(self._pieces.rows)))
        shutil.rmtree(self._layout.parts, ignore_errors=True)

    def _write_tables(self, pieces, state):
        meta = self._meta | {"run": state}
        for name in TABLES:
            with written_whole(self._layout.table(name, self._record.suffix)) as temporary:
                pieces.write(name, temporary, meta)

    @property
    def _meta(self):
        return tables_meta(self._parameters, self._segmenter.meta, self._fold.counts)
