"""
``solarunet draw``: the figures of a run, from its folder.
"""

from sunpy_solarunet.cli.options import add_command, add_progress, add_run

__all__ = ["add", "run"]


def add(commands):
    command = add_command(
        commands,
        "draw",
        run,
        "draw the frames of a run with their events",
        "Nothing is segmented again: the features are those in the run's folder, where the figures go, too.",
    )
    add_run(command)
    command.add_argument("--events", action="store_true", help="draw each event, too, in the two frames around it")
    add_progress(command)


def run(options):
    from sunpy_solarunet import Run

    run = Run.read(options.run_folder, magnetograms=options.magnetograms)
    written = run.draw(events=options.events, progress=not options.quiet)
    print(f"{len(written)} figures in {run.folder}")
