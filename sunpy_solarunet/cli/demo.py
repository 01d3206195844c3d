"""
``solarunet demo``: the whole way on a synthetic sequence.
"""

from sunpy_solarunet.cli.options import add_command
from sunpy_solarunet.cli.outcome import Outcome

__all__ = ["add", "run"]


def add(commands):
    command = add_command(
        commands,
        "demo",
        run,
        "the whole way on a synthetic sequence",
        "Eight frames in which each of the six kinds of events takes place are segmented by the bundled network and "
        "tracked; tables, figures and a movie go into a folder. A real SDO/HMI magnetogram from sunpy's sample data is "
        "segmented as well, if it is on this machine or can be downloaded.",
    )
    command.add_argument("--output", "-o", default="solarunet-demo", metavar="FOLDER", help="(%(default)s)")
    command.add_argument("--seed", type=int, default=0, help="of the noise (0)")


def run(options):
    from sunpy_solarunet.cli.outputs import check_folder
    from sunpy_solarunet.errors import require_number
    from sunpy_solarunet.segmentation.silence import import_tensorflow

    check_folder(options.output)
    require_number(options.seed, "--seed", 0, whole=True)
    import_tensorflow()
    from sunpy_solarunet.cli.summary import run_facts
    from sunpy_solarunet.demo import demonstrate

    say = (lambda _: None) if options.quiet else print
    run, rows = demonstrate(options.output, seed=options.seed, progress=not options.quiet, say=say)
    return Outcome(facts=run_facts(run) | {"planted": len(rows), "found": int((rows >= 0).sum())})
