"""
The command line: subcommands, exit status, and what is said on the standard error.
"""

import argparse
import os
import re
import signal
import sys
import warnings

from sunpy_solarunet.cli import compare, demo, draw, info, movie, segment, track, train
from sunpy_solarunet.cli.words import in_options
from sunpy_solarunet.errors import suggestion

__all__ = ["main"]

DESCRIPTION = "Find magnetic flux elements in solar magnetograms and follow them through time."


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
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.showwarning = _show_warning
        options = _parser().parse_args(arguments)
        try:
            return options.run(options) or 0
        except KeyboardInterrupt as interruption:
            _say("interrupted")
            return 128 + getattr(interruption, "number", signal.SIGINT)
        except (ValueError, TypeError, OSError) as problem:
            _say(f"error: {in_options(problem, options)}")
            return 1
        except MemoryError as problem:
            _say(f"error: there is not enough memory ({in_options(problem, options)})")
            return 1


def _say(text):
    sys.stderr.write(f"solarunet: {text}\n")


def _show_warning(message, category, *_, **__):
    from sunpy.util.exceptions import SunpyUserWarning

    if issubclass(category, SunpyUserWarning):
        _say(f"note: {message}")


class _Parser(argparse.ArgumentParser):
    """A parser that takes -1e1 and -10arcsec for values, and asks whether another name was meant."""

    def __init__(self, *arguments, **settings):
        super().__init__(*arguments, **settings)
        # No option begins with a digit.
        self._negative_number_matcher = re.compile(r"-\.?\d")

    def error(self, message):
        super().error(message + _question(message, self._names()))

    def _names(self):
        """All options and subcommands, those of the subcommands too."""
        for action in self._actions:
            yield from action.option_strings
            if isinstance(action, argparse._SubParsersAction):
                yield from action.choices
                for parser in action.choices.values():
                    yield from parser._names()


def _question(message, names):
    """Which name was probably meant in place of one that the parser does not know."""
    unknown = re.search(r"(?:invalid choice: '|unrecognized arguments: )([^\s'=]+)", message)
    question = suggestion(unknown[1], set(names)) if unknown else ""
    return f";{question}" if question else ""


def _parser():
    parser = _Parser(prog="solarunet", description=DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"%(prog)s {_version()}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    track.add(commands)
    draw.add(commands)
    movie.add(commands)
    segment.add(commands)
    info.add(commands)
    compare.add(commands)
    train.add(commands)
    demo.add(commands)
    return parser


def _version():
    from sunpy_solarunet import __version__

    return __version__
