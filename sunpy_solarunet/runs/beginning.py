"""
Before the first frame of a run: whether it may be written, where, and whether it goes on with one that is there.

A new run in place of an old one is made beside it, and put in its place when it is whole.
"""

import operator
import shutil
from functools import partial

from sunpy_solarunet.atomic import clear_temporaries
from sunpy_solarunet.claiming import claimed
from sunpy_solarunet.errors import SequenceError, SolarUnetError
from sunpy_solarunet.runs.following import Arrivals, require_watchfiles
from sunpy_solarunet.runs.frames import read_frame
from sunpy_solarunet.runs.inputs import Cadence, Source, common_shape, find_sources, header_faults
from sunpy_solarunet.runs.interruption import interruptible
from sunpy_solarunet.runs.layout import Layout, table_suffix
from sunpy_solarunet.runs.record import Record, plain_options, read_record
from sunpy_solarunet.runs.writing import Writer
from sunpy_solarunet.tracking.parameters import LARGEST_GAP

__all__ = ["finish_replacing", "put_in_place", "replacement_of", "write_run"]

#: What is said of the times of files, rather than of each file.
TIMES = ("times", "start", "cadence", "time_pattern")

#: Faults that are named before a message says how many more there are.
NAMED = 100


def write_run(
    layout,
    maps,
    segmenter,
    tracker,
    *,
    table_format,
    overwrite,
    strict,
    progress,
    workers,
    description,
    following=None,
):
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
    following : `dict`, optional
        Until when files that come are taken up, see `~sunpy_solarunet.runs.following.Arrivals`.
    """
    suffix = table_suffix(table_format)
    arrivals = None if following is None else _arrivals(layout, maps, description, following)
    with interruptible() as listener, claimed(layout.folder):
        finish_replacing(layout)
        clear_temporaries(layout.folder)
        write = partial(
            _write,
            layout,
            segmenter=segmenter,
            tracker=tracker,
            suffix=suffix,
            strict=strict,
            progress=progress,
            workers=workers,
            description=description,
            listener=listener,
        )
        if arrivals is None or (overwrite and _is_anything(layout)):
            write(maps, overwrite=overwrite)
        if arrivals is not None:
            write(arrivals.present(), arrivals=arrivals)


def _arrivals(layout, maps, description, following):
    """What comes; times that are given for a list of files tell nothing of it."""
    given = [name for name in ("times", "start", "cadence") if description.get(name) is not None]
    if given:
        raise SequenceError(
            f"{given[0]}= cannot be given for files that have not come yet: their headers or names must tell the time "
            "(time_pattern=)"
        )
    require_watchfiles()
    return Arrivals(maps, description, owns=layout.owns, **following)


def _write(
    layout,
    maps,
    *,
    segmenter,
    tracker,
    suffix,
    strict,
    progress,
    workers,
    description,
    listener,
    overwrite=False,
    arrivals=None,
):
    sources = find_sources(maps, waiting=arrivals is not None, **description)
    _require_no_strangers(layout, sources, overwrite=overwrite)
    there = _results(layout)
    goes_on = None if overwrite else there
    sources = _inputs(layout, sources, description, goes_on, keep_order=arrivals is not None)
    record = _record(sources, segmenter, tracker, suffix, description)
    work, known = _place(layout, record, there, overwrite=overwrite)
    if known is not None:
        gap = record.max_gap if known.followed else known.max_gap or record.max_gap
        record = record.now(shape=known.shape or record.shape, max_gap=gap, followed=known.followed)
    if strict:
        _require_good_headers(sources, record.shape)
    if arrivals is not None or known is None or not _is_whole(work, known, record):
        writer = Writer(work, record, sources, segmenter, tracker.parameters, strict=strict, workers=workers)
        writer.write(arrivals=arrivals, progress=progress, listener=listener)
    if work is not layout:
        put_in_place(layout)


def _record(sources, segmenter, tracker, suffix, description):
    cadence = Cadence(sources).seconds
    shape = common_shape(sources)
    return Record(
        segmenter=segmenter.meta,
        tracker=tracker.parameters.meta,
        description=plain_options(sources[0].options if sources else _of_files(description)),
        inputs=[source.entry for source in sources],
        shape=None if shape is None else list(shape),
        max_gap=None if cadence is None else LARGEST_GAP * cadence,
        suffix=suffix,
    )


def _of_files(description):
    """What the user said of each file, rather than of their times."""
    return {name: value for name, value in description.items() if name not in TIMES}


def _require_no_strangers(layout, sources, *, overwrite):
    """Refuse a folder in which a run would write over files that are not those of a run."""
    if layout.record.is_file():
        return
    strangers = layout.strangers()
    strangers += [source.path for source in sources if source.path and layout.owns(source.path)]
    strangers += [] if overwrite else layout.figures()
    if strangers:
        raise SolarUnetError(
            f"{strangers[0]} is of no run, but a run in {layout.folder} writes files of this name: choose another "
            "folder"
        )


def _inputs(layout, sources, description, known, *, keep_order):
    """The sources without what the run has written itself; if it was followed, in the order in which they came."""
    entries = [] if known is None else known.inputs
    went_in = {entry["path"] for entry in entries}
    sources = [source for source in sources if source.path in went_in or not (source.path and layout.owns(source.path))]
    if known is None or not (keep_order or known.followed):
        return sources
    identity = _identity(sources, entries)
    found = {identity(source.entry): source for source in reversed(sources)}
    first = [
        _as_it_was(layout, number, entry, found.get(identity(entry)), _of_files(description))
        for number, entry in enumerate(entries)
    ]
    there = {identity(entry) for entry in entries}
    return first + [source for source in sources if identity(source.entry) not in there]


def _identity(sources, entries):
    """By what files are known again: by their names where all have been moved."""
    paths = {entry["path"] for entry in entries}
    key = "path" if any(source.path in paths for source in sources) else "name"
    return operator.itemgetter(key)


def _as_it_was(layout, number, entry, source, options):
    """
    The magnetogram of a frame, which is there already, as the record knows it.

    Who follows does not need those any more from which frames were made, and one that could not be read may be whole
    by now. Only another one in place of one that was used makes another run of it.
    """
    is_same = source is not None and (source.size, source.digest) == (entry["size"], entry["sha256"])
    if is_same or (source is not None and _was_used(layout, number)):
        return source
    return Source.of_entry(entry, options)


def _was_used(layout, number):
    path = layout.frame(number)
    return not path.is_file() or read_frame(path).features is not None


def _place(layout, record, there, *, overwrite):
    """Where the run is written, and the record of what is there to go on with."""
    if overwrite and (there is not None or layout.tables()):
        work = replacement_of(layout)
        begun = _results(work)
        if begun is None or begun.differences(record):
            work.remove()
            return work, None
        return work, begun
    if there is None:
        if layout.tables() and not layout.record.is_file():
            raise SolarUnetError(
                f"{layout.folder} holds tables that are of no run: choose another folder, or replace them (--overwrite)"
            )
        if layout.record.is_file():
            layout.remove()
        return layout, None
    differences = there.differences(record)
    if differences:
        raise SolarUnetError(
            f"{layout.folder} holds another run: {'; '.join(differences)}. Choose another folder, or begin anew "
            "(--overwrite)"
        )
    return layout, there


def _is_anything(layout):
    """Whether there is anything to replace."""
    return bool(layout.tables()) or _results(layout) is not None


def _results(layout):
    """The record of the run in a folder, if a frame is in it that could be used."""
    if not layout.record.is_file():
        return None
    record = read_record(layout.record)
    frames = (read_frame(layout.frame(number)) for number in range(layout.number_of_frames()))
    return record if any(frame.features is not None for frame in frames) else None


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


def replacement_of(layout):
    """
    Where the run is made that is to replace one.

    Parameters
    ----------
    layout : `~sunpy_solarunet.runs.layout.Layout`

    Returns
    -------
    `~sunpy_solarunet.runs.layout.Layout`
    """
    return Layout(layout.replacement)


def put_in_place(layout):
    """
    Replace a run by its replacement.

    The old record goes first and the new one comes last: in between, the folder holds no run, and
    `finish_replacing` ends what was begun.

    Parameters
    ----------
    layout : `~sunpy_solarunet.runs.layout.Layout`
        Of the old run.
    """
    new = replacement_of(layout)
    layout.record.unlink(missing_ok=True)
    for path in layout.figures():
        path.unlink()
    for path in sorted(new.folder.iterdir(), key=lambda path: path == new.record):
        target = layout.folder / path.name
        if target.is_dir():
            shutil.rmtree(target)
        path.replace(target)
    new.folder.rmdir()
    layout.remove_tables_but(read_record(layout.record).suffix)


def finish_replacing(layout):
    """
    Put a whole replacement in its place where that was broken off.

    Parameters
    ----------
    layout : `~sunpy_solarunet.runs.layout.Layout`
    """
    new = replacement_of(layout)
    if layout.record.is_file() or not new.record.is_file():
        return
    try:
        whole = read_record(new.record).state == "whole"
    except SolarUnetError:
        return
    if whole:
        put_in_place(layout)
