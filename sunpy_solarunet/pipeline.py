"""
A whole run: magnetograms in, a folder of tables and figures out.
"""

from collections import deque
from pathlib import Path

from tqdm.auto import tqdm

from sunpy_solarunet.errors import SolarUnetError, name_choice
from sunpy_solarunet.tracking.formats import FORMATS
from sunpy_solarunet.tracking.formats import table_format as table_format_of
from sunpy_solarunet.tracking.tables import stack_tables, write_table

__all__ = ["follow", "refuse_existing", "refuse_results", "run", "save_frame"]

#: Names of the table formats, by which they are chosen, and their suffixes.
SUFFIXES = {"ecsv": ".ecsv", "fits": ".fits", "hdf5": ".hdf5", "parquet": ".parquet", "asdf": ".asdf"}


def follow(tracker, catalogs):
    """
    Track a sequence and hand out each frame together with the events that it shows.

    Parameters
    ----------
    tracker : `~sunpy_solarunet.Tracker`
    catalogs : iterable of `~sunpy_solarunet.FeatureCatalog`

    Yields
    ------
    tuple
        A catalog and a table of the births and deaths of its frame, once no later frame changes them.
    """
    waiting, settled = deque(), deque(maxlen=tracker.memory + 2)
    for number, catalog in enumerate(catalogs):
        waiting.append((number, catalog))
        events = tracker.update(catalog)
        if len(events):
            settled.append(events)
        while waiting and waiting[0][0] < tracker.settled_frames:
            yield _with_events(*waiting.popleft(), settled)
    events = [*settled, tracker.finish()]
    while waiting:
        yield _with_events(*waiting.popleft(), events)


def _with_events(number, catalog, tables):
    return catalog, stack_tables("events", [table[table["frame"] == number] for table in tables])


def run(
    maps,
    segmenter,
    tracker,
    output,
    *,
    table_format="ecsv",
    plots=True,
    movie=False,
    overwrite=False,
    progress=False,
):
    """
    Segment and track a sequence, draw its frames, and write the tables.

    Frames are held as long as they are needed: until no later frame changes their events. If the
    run breaks off, the tables hold what was found until then; if it fails before its first frame is
    tracked, nothing is written.

    Parameters
    ----------
    maps : sequence of `~sunpy.map.GenericMap`
    segmenter : `~sunpy_solarunet.Segmenter`
    tracker : `~sunpy_solarunet.Tracker`
    output : path-like
        Folder, made if need be.
    table_format : {"ecsv", "fits", "hdf5", "parquet", "asdf"}
    plots : `bool`
        Draw each frame with its events: ``frame_0000.png`` and so on.
    movie : `bool`
        Draw a movie, too.
    overwrite : `bool`
        Replace the results of an earlier run.
    progress : `bool`
        Show a bar.

    Returns
    -------
    `~sunpy_solarunet.Tracker`
        With the tables.

    Raises
    ------
    SolarUnetError
        If the folder holds results that are not to be replaced.
    """
    output = Path(output)
    suffix = refuse_results(output, table_format, overwrite=overwrite)
    catalogs = tqdm(segmenter.catalogs(maps), total=len(maps), unit="frame", disable=not progress)
    try:
        for number, (catalog, events) in enumerate(follow(tracker, catalogs)):
            if plots:
                output.mkdir(parents=True, exist_ok=True)
                save_frame(output / f"frame_{number:04d}.png", catalog, events)
    except Exception:
        # Tables of nothing would only be in the way of the next call.
        if len(tracker.frames):
            _write_tables(tracker, output, suffix)
        raise
    except BaseException:
        _write_tables(tracker, output, suffix)
        raise
    _write_tables(tracker, output, suffix)
    if movie:
        from sunpy_solarunet import plotting

        plotting.movie(segmenter.catalogs(maps), tracker.events, output / "movie.mp4", progress=progress)
    return tracker


def _write_tables(tracker, output, suffix):
    tracker.finish()
    output.mkdir(parents=True, exist_ok=True)
    for name, table in tracker.tables().items():
        write_table(table, output / f"{name}{suffix}", overwrite=True)


def refuse_results(output, table_format, *, overwrite):
    """
    Raise an error if a folder holds the tables of an earlier run that are not to be replaced.

    Parameters
    ----------
    output : path-like
    table_format : {"ecsv", "fits", "hdf5", "parquet", "asdf"}
    overwrite : `bool`

    Returns
    -------
    `str`
        Suffix of the tables.

    Raises
    ------
    SolarUnetError
        Naming the first table that exists; or if the format is unknown or cannot be written here.
    """
    suffix = SUFFIXES[name_choice(table_format, SUFFIXES, "table format")]
    names = ("events", "members", "features", "tracks", "frames")
    table_format_of(Path(output) / f"{names[0]}{suffix}")
    refuse_existing([Path(output) / f"{name}{other}" for name in names for other in FORMATS], overwrite=overwrite)
    return suffix


def refuse_existing(paths, *, overwrite):
    """
    Raise an error if results would be replaced that are not to be.

    Parameters
    ----------
    paths : list of `pathlib.Path`
    overwrite : `bool`

    Raises
    ------
    SolarUnetError
        Naming the first path that exists.
    """
    there = [path for path in paths if path.exists()]
    if there and not overwrite:
        raise SolarUnetError(f"{there[0]} exists: choose another place, or overwrite it (--overwrite)")


def save_frame(path, catalog, events=None):
    """
    Draw a magnetogram with the borders of its features and its events into a file.

    Parameters
    ----------
    path : path-like
        With the suffix of an image format, such as .png or .pdf.
    catalog : `~sunpy_solarunet.FeatureCatalog`
    events : `~astropy.table.QTable`, optional
    """
    from matplotlib.figure import Figure

    from sunpy_solarunet import plotting

    figure = Figure(figsize=(9, 8), layout="constrained")
    axes = figure.add_subplot(projection=catalog.map)
    plotting.plot_catalog(catalog, events, axes=axes)
    figure.savefig(path, dpi=120)
