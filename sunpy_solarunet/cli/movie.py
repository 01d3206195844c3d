"""
``solarunet movie``: the movie of a run, from its folder.
"""

from sunpy_solarunet.cli.options import add_command, add_palette, add_run
from sunpy_solarunet.cli.outcome import Outcome

__all__ = ["add", "run"]


def add(commands):
    command = add_command(
        commands,
        "movie",
        run,
        "make a movie of a run with its events",
        "Nothing is segmented again: the features are those in the run's folder.",
    )
    add_run(command)
    command.add_argument("--output", "-o", metavar="FILE", help=".mp4 or .gif (movie.mp4 in the run's folder)")
    add_palette(command)
    command.add_argument("--frames-per-second", type=float, default=4, help="(4)")


def run(options):
    from sunpy_solarunet import Run

    run = Run.read(options.run_folder, magnetograms=options.magnetograms)
    settings = {
        "frames_per_second": options.frames_per_second,
        "palette": options.palette,
        "progress": not options.quiet,
    }
    path = run.movie(options.output, **settings)
    return Outcome(f"wrote {path}", {"written": [str(path)]})
