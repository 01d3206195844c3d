"""
A run as it is written: frame by frame into its folder.
"""

import shutil
import warnings
from contextlib import closing, suppress

import astropy.units as u
import numpy as np
from astropy.time import Time
from tqdm.auto import tqdm

from sunpy_solarunet.errors import MagnetogramError, SequenceError, SolarUnetWarning
from sunpy_solarunet.features import FeatureCatalog
from sunpy_solarunet.runs.atomic import written_whole
from sunpy_solarunet.runs.catalogs import stored_catalog
from sunpy_solarunet.runs.folding import Fold, Pieces, stored_steps
from sunpy_solarunet.runs.frames import StoredFrame, write_frame
from sunpy_solarunet.runs.inputs import ANYTHING, wrong_shape
from sunpy_solarunet.runs.judging import Judge, look_at
from sunpy_solarunet.runs.layout import TABLES
from sunpy_solarunet.runs.pairs import write_pair
from sunpy_solarunet.runs.record import tables_meta, with_gap, write_record
from sunpy_solarunet.segmentation.prefetch import prefetched
from sunpy_solarunet.tracking.comparing import compare
from sunpy_solarunet.tracking.rows import features_columns, frames_columns
from sunpy_solarunet.tracking.tables import SCHEMAS

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
    """

    def __init__(self, layout, record, sources, segmenter, parameters, *, strict=False):
        self._layout = layout
        self._record = record
        self._sources = sources
        self._segmenter = segmenter
        self._parameters = with_gap(parameters, record.max_gap)
        self._strict = strict
        self._judge = Judge()
        self._last = self._catalog = None
        self._begun = False
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
        if not fault and self._last is not None and time <= self._last.time:
            fault = f"has the time of {self._last.row['file'][0]}"
        return look, fault or self._judge.fault(look)

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
