"""
Completion of the ``solarunet`` command in a shell, by shtab.
"""

import argparse

from sunpy_solarunet.names import bundled_models, bundled_recipes

__all__ = ["SHELLS", "add_completion"]

#: The shells that can complete.
SHELLS = ("bash", "zsh", "tcsh")

#: Where the names come from that may stand in place of a file. What is due behind an option follows from what its
#: value is called in the help: FILE, FOLDER, RUN, or one of these.
NAMES = {"model": bundled_models, "recipe": bundled_recipes}

#: Functions of the shells that complete a name or a file.
NAME_OR_FILE = {
    "bash": '_solarunet_{what}_or_file() {{ compgen -W "{names}" -- "$1"; compgen -f -- "$1"; }}',
    "zsh": "_solarunet_{what}_or_file() {{ _alternative '{what}:{what}:({names})' 'files:file:_files'; }}",
}


class _Print(argparse.Action):
    """Print a shell's script and end."""

    def __call__(self, parser, namespace, values, option_string=None):
        try:
            import shtab
        except ModuleNotFoundError:
            parser.error('completion needs shtab: pip install "sunpy_solarunet[completion]"')
        _tell_what_is_due(parser, shtab)
        print(shtab.complete(parser, shell=values, preamble=_functions()))
        parser.exit()


def add_completion(parser):
    """
    Add the option that prints the script of a shell.

    Parameters
    ----------
    parser : `~sunpy_solarunet.cli.parser.Parser`
    """
    parser.add_argument(
        "--print-completion",
        action=_Print,
        choices=SHELLS,
        help="print a script that completes commands, options, names and files in a shell",
    )


def _tell_what_is_due(parser, shtab):
    """Say where files, folders and names are due, as shtab wants to know it."""
    due = {"FILE": shtab.FILE, "FOLDER": shtab.DIRECTORY, "RUN": shtab.DIRECTORY}
    for what in NAMES:
        functions = dict.fromkeys(NAME_OR_FILE, f"_solarunet_{what}_or_file")
        due[what.upper()] = shtab.FILE | functions
    for command in parser.commands().values():
        for action in command._actions:
            if action.metavar in due:
                action.complete = due[action.metavar]


def _functions():
    """The functions that complete a name or a file, by shell."""
    return {
        shell: "\n".join(text.format(what=what, names=" ".join(names())) for what, names in NAMES.items())
        for shell, text in NAME_OR_FILE.items()
    }
