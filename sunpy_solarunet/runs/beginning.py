"""
Before the first frame of a run: whether it may be written, where, and whether it goes on with one that is there.
"""

from sunpy_solarunet.errors import SequenceError, SolarUnetError
from sunpy_solarunet.runs.atomic import clear_temporaries
from sunpy_solarunet.runs.claiming import claimed
from sunpy_solarunet.runs.frames import read_frame
from sunpy_solarunet.runs.inputs import common_shape, find_sources, header_faults, median_cadence
from sunpy_solarunet.runs.interruption import interruptible
from sunpy_solarunet.runs.layout import table_suffix
from sunpy_solarunet.runs.options import plain_options
from sunpy_solarunet.runs.record import Record, read_record
from sunpy_solarunet.runs.replacing import finish_replacing, put_in_place, replacement_of
from sunpy_solarunet.runs.writing import Writer
from sunpy_solarunet.tracking.parameters import LARGEST_GAP

__all__ = ["write_run"]

#: Faults that are named before a message says how many more there are.
NAMED = 100


def write_run(layout, maps, segmenter, tracker, *, table_format, overwrite, strict, progress, workers, description):
    """
    Write a run, or go on with it.

    Parameters
    ----------
    layout : `~sunpy_solarunet.runs.layout.Layout`
    maps, segmenter, tracker, overwrite, strict, progress, workers
        As of `~sunpy_solarunet.Run.track`.
    table_format : `str`
    description : `dict`
        What the user said of the files.
    """
    suffix = table_suffix(table_format)
    with interruptible() as insist, claimed(layout.folder):
        finish_replacing(layout)
        clear_temporaries(layout.folder)
        sources = find_sources(maps, **description)
        record = _record(sources, segmenter, tracker, suffix)
        work, known = _place(layout, record, overwrite=overwrite)
        if known is not None:
            record = record.now(shape=known.shape or record.shape, max_gap=known.max_gap or record.max_gap)
        if strict:
            _require_good_headers(sources, record.shape)
        if known is None or not _is_whole(work, known, record):
            writer = Writer(work, record, sources, segmenter, tracker.parameters, strict=strict, workers=workers)
            writer.write(progress=progress, insist=insist)
        if work is not layout:
            put_in_place(layout)


def _record(sources, segmenter, tracker, suffix):
    cadence = median_cadence(sources)
    shape = common_shape(sources)
    return Record(
        segmenter=segmenter.meta,
        tracker=tracker.parameters.meta,
        description=plain_options(sources[0].options),
        inputs=[source.entry for source in sources],
        shape=None if shape is None else list(shape),
        max_gap=None if cadence is None else LARGEST_GAP * cadence,
        suffix=suffix,
    )


def _place(layout, record, *, overwrite):
    """Where the run is written, and the record of what is there to go on with."""
    there = _results(layout)
    if overwrite and (there is not None or layout.tables()):
        work = replacement_of(layout)
        begun = _results(work)
        if begun is None or begun.differences(record):
            work.remove()
            return work, None
        return work, begun
    if there is None:
        if layout.tables():
            raise SolarUnetError(
                f"{layout.folder} holds tables that are of no run: choose another folder, or replace them (--overwrite)"
            )
        layout.remove()
        return layout, None
    differences = there.differences(record)
    if differences:
        raise SolarUnetError(
            f"{layout.folder} holds another run: {'; '.join(differences)}. Choose another folder, or begin anew "
            "(--overwrite)"
        )
    return layout, there


def _results(layout):
    """The record of the run in a folder, if a frame is in it that could be used."""
    if not layout.record.is_file():
        return None
    frames = (read_frame(layout.frame(number)) for number in range(layout.number_of_frames()))
    return read_record(layout.record) if any(frame.features is not None for frame in frames) else None


def _is_whole(work, known, record):
    """Whether nothing is left to do."""
    same = known.state == "whole" and known.suffix == record.suffix and len(known.inputs) == len(record.inputs)
    return same and all(work.table(name, known.suffix).is_file() for name in known.rows)


def _require_good_headers(sources, shape):
    faults = header_faults(sources, shape)
    bad = [f"{source.name}: {fault}" for source, fault in zip(sources, faults, strict=True) if fault]
    if bad:
        more = f"; and {len(bad) - NAMED} more" if len(bad) > NAMED else ""
        raise SequenceError(f"{len(bad)} of {len(sources)} frames cannot be used: {'; '.join(bad[:NAMED])}{more}")
