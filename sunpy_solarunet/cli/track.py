"""
``solarunet track``: a sequence in, a folder of tables and figures out.
"""

from sunpy_solarunet.cli.building import cluster, reading_of, segmenter_of, tracker_of
from sunpy_solarunet.cli.options import (
    add_choice,
    add_command,
    add_flag,
    add_palette,
    add_reading,
    add_segmentation,
    add_times,
    add_tracking,
    add_workers,
)
from sunpy_solarunet.cli.outcome import SKIPPED, Outcome
from sunpy_solarunet.cli.values import time, value_in
from sunpy_solarunet.names import SUFFIXES

__all__ = ["add", "run"]


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
    command.add_argument(
        "files", nargs="+", metavar="FILE", help="FITS files, images, folders or patterns, taken in the order of time"
    )
    command.add_argument(
        "--output", "-o", default="solarunet-run", metavar="FOLDER", help="for the results (%(default)s)"
    )
    add_flag(command, "--overwrite", help="begin anew; the results in the folder are replaced at the end")
    add_flag(command, "--strict", help="stop, and name all files, if a frame cannot be used")
    add_flag(
        command,
        "--follow",
        help="go on with files that come into the folder, or fit the pattern in quotes, until Ctrl-C; without figures",
    )
    command.add_argument(
        "--idle", type=value_in("s"), metavar="SECONDS", help="without a new file, after which --follow ends"
    )
    command.add_argument("--until", type=time, metavar="TIME", help="when --follow ends")
    add_choice(command, "--format", SUFFIXES, default="ecsv", what="table format", help="of the tables (%(default)s)")
    add_flag(command, "--plots", default=True, help="draw each frame with its events, as is done, or write tables only")
    add_palette(command)
    add_flag(command, "--movie", help="draw a movie, too")
    add_workers(command)
    command.add_argument(
        "--scheduler", metavar="ADDRESS", help="of a Dask cluster that does the work, such as tcp://host:8786"
    )
    add_reading(command)
    add_times(command)
    add_segmentation(command)
    add_tracking(command)


def run(options):
    from sunpy_solarunet import Run
    from sunpy_solarunet.cli.outputs import check_folder
    from sunpy_solarunet.cli.summary import run_facts, run_text
    from sunpy_solarunet.runs.files import find_files
    from sunpy_solarunet.runs.layout import table_suffix
    from sunpy_solarunet.segmentation.silence import import_tensorflow_for

    check_folder(options.output)
    table_suffix(options.format)
    segmenter, tracker, description = segmenter_of(options), tracker_of(options), reading_of(options)
    files = options.files if options.follow else find_files(options.files)
    if options.workers == 1 and options.scheduler is None:
        import_tensorflow_for(segmenter)
    with cluster(options.scheduler) as client:
        run = Run(options.output).track(
            files,
            segmenter,
            tracker,
            format=options.format,
            overwrite=options.overwrite,
            strict=options.strict,
            follow=options.follow,
            idle=options.idle,
            until=options.until,
            workers=client or options.workers,
            progress=not options.quiet,
            **description,
        )
    if options.plots and not options.follow:
        run.draw(workers=options.workers, palette=options.palette, progress=not options.quiet)
    if options.movie:
        run.movie(palette=options.palette, progress=not options.quiet)
    facts = run_facts(run)
    return Outcome(f"{run_text(facts)}\nresults in {run.folder}", facts, SKIPPED if facts["skipped"] else 0)
