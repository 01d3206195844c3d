"""
A parser that says in one line what is wrong, and asks whether another name was meant.
"""

import argparse
import re

from sunpy_solarunet.names import suggestion

__all__ = ["Parser"]

#: Where a message of argparse holds a name that it does not know.
UNKNOWN = re.compile(r"(?:invalid choice: '|unrecognized arguments: )([^\s'=]+)")


class Parser(argparse.ArgumentParser):
    """
    A parser that takes -1e1 and -10arcsec for values, and tells errors in one line.

    Examples
    --------
    >>> from sunpy_solarunet.cli.parser import Parser
    >>> parser = Parser(prog="solarunet")
    >>> _ = parser.add_argument("--center", nargs=2, type=float)
    >>> parser.parse_args(["--center", "-1e1", "5"]).center
    [-10.0, 5.0]
    """

    def __init__(self, *arguments, **settings):
        super().__init__(*arguments, **settings)
        # No option begins with a digit.
        self._negative_number_matcher = re.compile(r"-\.?\d")

    def error(self, message):
        text = " ".join((message + self._question(message)).split())
        self.exit(2, f"solarunet: error: {text} (`{self.prog} --help` lists the options)\n")

    def _question(self, message):
        """Which name was probably meant in place of one that is not known."""
        unknown = UNKNOWN.search(message)
        question = suggestion(unknown[1], set(self.names())) if unknown else ""
        return f";{question}" if question else ""

    def names(self):
        """
        All options and subcommands, those of the subcommands too.

        Yields
        ------
        `str`
        """
        for action in self._actions:
            yield from action.option_strings
        for name, parser in self.commands().items():
            yield name
            yield from parser.names()

    def commands(self):
        """
        The parsers of the subcommands by their names.

        Returns
        -------
        `dict`
        """
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                return action.choices
        return {}
