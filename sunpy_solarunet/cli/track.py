"""
``solarunet track``: a sequence in, a folder of tables and figures out.
"""

from sunpy_solarunet.cli.options import (
    add_command,
    add_progress,
    add_reading,
    add_segmentation,
    add_times,
    add_tracking,
    maps_of,
    segmenter_of,
    tracker_of,
)

__all__ = ["add", "run"]


def add(commands):
    command = add_command(
        commands,
        "track",
        run,
        "follow features through a sequence of magnetograms",
        "Writes the tables of events, members, features, tracks and frames, and draws each frame with its events. "
        "If it is stopped, the tables hold what was found until then.",
    )
    command.add_argument("files", nargs="+", help="FITS files, images, folders or patterns, taken in the order of time")
    command.add_argument(
        "--output", "-o", default="solarunet-run", metavar="FOLDER", help="for the results (%(default)s)"
    )
    command.add_argument("--overwrite", action="store_true", help="replace the results in the folder")
    command.add_argument("--format", default="ecsv", help="of the tables: ecsv (default), fits, hdf5, parquet or asdf")
    command.add_argument("--no-plots", action="store_true", help="tables only")
    command.add_argument("--movie", action="store_true", help="draw a movie, too")
    add_reading(command)
    add_times(command)
    add_segmentation(command)
    add_tracking(command)
    add_progress(command)


def run(options):
    from sunpy_solarunet.pipeline import run

    tracker = run(
        maps_of(options),
        segmenter_of(options),
        tracker_of(options),
        options.output,
        table_format=options.format,
        plots=not options.no_plots,
        movie=options.movie,
        overwrite=options.overwrite,
        progress=not options.quiet,
    )
    _print_summary(tracker, options.output)


def _print_summary(tracker, output):
    from sunpy_solarunet.tracking.tables import EVENT_KINDS

    events = tracker.events
    print(f"{len(tracker.frames)} frames, {len(tracker.features)} features, {len(tracker.tracks)} tracks")
    for kind in EVENT_KINDS:
        print(f"  {kind:15} {int((events['kind'] == kind).sum()):6}")
    print(f"results in {output}")
