"""
The command line: subcommands, exit status, and what is said on the standard error.
"""

import contextlib
import os
import signal
import sys
import warnings

from sunpy_solarunet import __version__
from sunpy_solarunet.cli import compare, demo, draw, info, movie, segment, track, train
from sunpy_solarunet.cli.completion import add_completion
from sunpy_solarunet.cli.config import with_config
from sunpy_solarunet.cli.outcome import Outcome, tell
from sunpy_solarunet.cli.parser import Parser

__all__ = ["main", "make_parser"]

DESCRIPTION = "Find magnetic flux elements in solar magnetograms and follow them through time."

STATUSES = (
    "Exit status: 0 if all went well, 1 if the input cannot be used, 2 if the options are wrong, 3 if frames were "
    "skipped, 130 if interrupted by Ctrl-C (128 and the number of the signal by another)."
)

#: In the order of the help.
COMMANDS = (track, draw, movie, segment, info, compare, train, demo)


def main(arguments=None):
    """
    Run the ``solarunet`` command.

    Parameters
    ----------
    arguments : list of `str`, optional
        In place of those of the shell.

    Returns
    -------
    `int`
        0 if all went well, 1 if the input cannot be used, 3 if some frames could not and were skipped, 128 and the
        number of the signal if interrupted: 130 by Ctrl-C. Wrong options end the program with 2.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    options = with_config(make_parser(), arguments).parse_args(arguments)
    with _warnings_as_notes(options):
        outcome = _outcome(options)
    try:
        tell(outcome, options.command, as_json=options.json, quiet=options.quiet)
    except BrokenPipeError:
        # Nobody reads on, and Python would complain once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    return outcome.status


def make_parser():
    """
    The parser of the ``solarunet`` command.

    Returns
    -------
    `~sunpy_solarunet.cli.parser.Parser`
    """
    parser = Parser(prog="solarunet", description=DESCRIPTION, epilog=STATUSES)
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    add_completion(parser)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return parser


def _outcome(options):
    """What comes of the command, whose errors are told in the words of its options."""
    from sunpy_solarunet.cli.words import in_options

    # The standard output is kept for the one object.
    aside = contextlib.redirect_stdout(sys.stderr) if options.json else contextlib.nullcontext()
    try:
        with aside:
            return options.run(options)
    except KeyboardInterrupt as interruption:
        return _failure("interrupted", 128 + getattr(interruption, "number", signal.SIGINT))
    except (ValueError, TypeError, OSError) as problem:
        return _failure(f"error: {in_options(problem, options)}", 1)
    except MemoryError as problem:
        return _failure(f"error: there is not enough memory ({in_options(problem, options)})", 1)


def _failure(text, status):
    _say(text)
    return Outcome(facts={"error": text.removeprefix("error: ")}, status=status)


def _say(text):
    sys.stderr.write(f"solarunet: {text}\n")


@contextlib.contextmanager
def _warnings_as_notes(options):
    """Tell the warnings that are meant for users in a line each, and no others."""
    # SunPy and Astropy redirect warnings when they are imported: that has to be over.
    from sunpy.util.exceptions import SunpyUserWarning

    from sunpy_solarunet.cli.words import in_options

    def show(message, category, *_, **__):
        if issubclass(category, SunpyUserWarning):
            _say(f"note: {in_options(message, options)}")

    with warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.showwarning = show
        yield
