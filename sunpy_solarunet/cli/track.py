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
    import_tensorflow_for,
    reading_of,
    segmenter_of,
    tracker_of,
)
from sunpy_solarunet.cli.outputs import check_folder

__all__ = ["add", "run"]

#: Exit status where frames were skipped.
SKIPPED = 3

#: Reasons for skipping frames that are told one by one.
REASONS = 30


def add(commands):
    command = add_command(
        commands,
        "track",
        run,
        "follow features through a sequence of magnetograms",
        "Writes frame by frame into a folder, and at the end the tables of events, members, features, tracks and "
        "frames, and draws each frame with its events. If it is stopped, by whatever, the same command goes on after "
        "the last frame; with more files it takes them up. Frames that cannot be used are skipped, the table of frames "
        "says why, and the exit status is 3.",
    )
    command.add_argument("files", nargs="+", help="FITS files, images, folders or patterns, taken in the order of time")
    command.add_argument(
        "--output", "-o", default="solarunet-run", metavar="FOLDER", help="for the results (%(default)s)"
    )
    command.add_argument(
        "--overwrite", action="store_true", help="begin anew; the results in the folder are replaced at the end"
    )
    command.add_argument("--strict", action="store_true", help="stop, and name all files, if a frame cannot be used")
    command.add_argument("--format", default="ecsv", help="of the tables: ecsv (default), fits, hdf5, parquet or asdf")
    command.add_argument("--no-plots", action="store_true", help="tables only")
    command.add_argument("--movie", action="store_true", help="draw a movie, too")
    add_reading(command)
    add_times(command)
    add_segmentation(command)
    add_tracking(command)
    add_progress(command)


def run(options):
    from sunpy_solarunet import Run
    from sunpy_solarunet.runs.files import find_files
    from sunpy_solarunet.runs.layout import table_suffix

    check_folder(options.output)
    table_suffix(options.format)
    segmenter, tracker, description = segmenter_of(options), tracker_of(options), reading_of(options)
    files = find_files(options.files)
    import_tensorflow_for(segmenter)
    run = Run(options.output).track(
        files,
        segmenter,
        tracker,
        format=options.format,
        overwrite=options.overwrite,
        strict=options.strict,
        progress=not options.quiet,
        **description,
    )
    if not options.no_plots:
        run.draw(progress=not options.quiet)
    if options.movie:
        run.movie(progress=not options.quiet)
    return _print_summary(run)


def _print_summary(run):
    """Say what was found, and what was skipped and why; the exit status."""
    from sunpy_solarunet.tracking.tables import EVENT_KINDS

    events, skipped = run.events, run.frames[run.frames["skipped"] != ""]
    frames = f"{len(run.frames)} frames" + (f", {len(skipped)} of them skipped" if len(skipped) else "")
    print(f"{frames}, {len(run.features)} features, {len(run.tracks)} tracks")
    for kind in EVENT_KINDS:
        print(f"  {kind:15} {int((events['kind'] == kind).sum()):6}")
    for line in _reasons(skipped):
        print(line)
    print(f"results in {run.folder}")
    return SKIPPED if len(skipped) else 0


def _reasons(skipped):
    """A line for each reason for which frames were skipped, the most frequent first."""
    files = {}
    for name, reason in zip(skipped["file"], skipped["skipped"], strict=True):
        files.setdefault(str(reason), []).append(str(name))
    by_number = sorted(files.items(), key=lambda item: -len(item[1]))
    lines = [
        f"  skipped {names[0]}{f' and {len(names) - 1} more' if names[1:] else ''}: {reason}"
        for reason, names in by_number[:REASONS]
    ]
    more = len(by_number) - REASONS
    return lines + ([f"  and {more} more reasons, which the table of frames tells"] if more > 0 else [])
