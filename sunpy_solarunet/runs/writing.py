"""
A run as it is written: frame by frame into its folder.
"""

import shutil
import warnings
from collections import deque
from contextlib import closing, suppress

import astropy.units as u
from tqdm.auto import tqdm

from sunpy_solarunet.errors import MagnetogramError, SequenceError, SolarUnetWarning
from sunpy_solarunet.runs.atomic import written_whole
from sunpy_solarunet.runs.catalogs import stored_catalog
from sunpy_solarunet.runs.folding import Fold, Pieces, stored_steps
from sunpy_solarunet.runs.frames import StoredFrame, write_frame
from sunpy_solarunet.runs.judging import Judge
from sunpy_solarunet.runs.layout import TABLES
from sunpy_solarunet.runs.making import Made, emptied
from sunpy_solarunet.runs.pairs import write_pair
from sunpy_solarunet.runs.record import tables_meta, with_gap, write_record
from sunpy_solarunet.runs.workers import workers_of

__all__ = ["Writer"]


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
        self._sources = sources
        self._segmenter = segmenter
        self._parameters = with_gap(parameters, record.max_gap)
        self._strict = strict
        self._workers = workers
        self._judge = Judge()
        self._last = self._last_made = None
        self._begun = self._has_note = False
        self._fold = Fold(self._parameters)
        self._pieces = Pieces(layout.parts)

    def write(self, *, progress=False, insist=lambda: None):
        """
        Write what is missing.

        Parameters
        ----------
        progress : `bool`
            Show a bar.
        insist : callable
            Called after each frame.

        Raises
        ------
        SequenceError
            If no frame could be used, or one could not that must.
        """
        shutil.rmtree(self._layout.parts, ignore_errors=True)
        self._layout.make_folders()
        try:
            with closing(self._steps()) as steps:
                for step in tqdm(steps, total=len(self._sources), unit="frame", disable=not progress):
                    self._pieces.add(self._fold.take(*step))
                    insist()
            self._require_a_frame()
            self._finish("whole")
        except BaseException:
            self._break_off()
            raise

    def _steps(self):
        """All frames with what happened before each: those that are in the folder, then those that are made."""
        done = self._layout.number_of_frames()
        for frame, transition in stored_steps(self._layout):
            self._note(frame)
            yield frame, transition
        self._begin_writing()
        with workers_of(
            self._workers, shape=self._record.shape, segmenter=self._segmenter, parameters=self._parameters
        ) as workers:
            yield from self._made_steps(workers, done)

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
        begun, judged = deque(), deque()
        for number, source in enumerate(self._sources[done:], done):
            begun.append((source, workers.frame(number, source)))
            if len(begun) > workers.ahead:
                judged.append(self._judged(workers, *begun.popleft()))
            if len(judged) > workers.behind:
                yield self._written(workers, *judged.popleft())
        while begun:
            judged.append(self._judged(workers, *begun.popleft()))
            if len(judged) > workers.behind:
                yield self._written(workers, *judged.popleft())
        while judged:
            yield self._written(workers, *judged.popleft())

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
        if self._last is not None and made.row["time"][0] <= self._last.time:
            return f"has the time of {self._last.row['file'][0]}"
        return self._judge.fault(made.look)

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
        magnetogram, fault, _ = self._sources[frame.number].open()
        if fault:
            raise MagnetogramError(f"{self._sources[frame.number].name}: {fault}")
        catalog = stored_catalog(self._layout.frame(frame.number), frame, magnetogram, meta=self._segmenter.meta)
        return Made(frame.row, "", catalog=catalog)

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
        first = next(iter(self._pieces.table("frames", {})), None)
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
        meta = self._meta | {"run": state}
        for name in TABLES:
            with written_whole(self._layout.table(name, self._record.suffix)) as temporary:
                self._pieces.write(name, temporary, meta)
        self._layout.remove_tables_but(self._record.suffix)
        write_record(self._layout.record, self._record.now(state=state, rows=dict(self._pieces.rows)))
        shutil.rmtree(self._layout.parts, ignore_errors=True)

    @property
    def _meta(self):
        return tables_meta(self._parameters, self._segmenter.meta, self._fold.counts)
