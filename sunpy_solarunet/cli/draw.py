"""
``solarunet draw``: the figures of a run, from its folder.
"""

from sunpy_solarunet.cli.options import add_command, add_flag, add_palette, add_run, add_workers
from sunpy_solarunet.cli.outcome import Outcome

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
    add_workers(command)
    add_palette(command)
    add_flag(command, "--events", help="draw each event, too, in the two frames around it")


def run(options):
    from sunpy_solarunet import Run

    run = Run.read(options.run_folder, magnetograms=options.magnetograms)
    written = run.draw(
        events=options.events, workers=options.workers, palette=options.palette, progress=not options.quiet
    )
    facts = {"folder": str(run.folder), "figures": [path.name for path in written]}
    return Outcome(f"{len(written)} figures in {run.folder}", facts)
