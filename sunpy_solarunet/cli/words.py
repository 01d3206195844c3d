"""
Errors in the words of the shell: options in place of arguments.
"""

import re

from sunpy_solarunet.errors import DescriptionMissing

__all__ = ["in_options", "ways"]

#: How what a file does not say is told, by what is missing, with the options of the subcommands.
OPTIONS = {
    "unit": ("unit",),
    "time": ("time", "times", "start", "time_pattern"),
    "coordinates": ("scale", "extent"),
}

#: What belongs together.
WITH = {"scale": " and --center", "start": " and --cadence"}

#: What an argument is called where a subcommand does not have it as an option.
OTHER_NAMES = {"time": "times", "times": "time", "start": "time", "masks": "labels", "labeler": "label_method"}

#: An argument, and what it is given: a quantity, a unit, a switch or a name.
ARGUMENT = re.compile(
    r"(?<![\w/.-])(?P<name>[a-z_]+)="
    r"(?:(?P<number>-?[\d.]+) \* u\.(?P<unit>\w+)|u\.(?P<alone>\w+)|(?P<switch>True|False)|'(?P<text>[\w.-]+)')?(?!\w)"
)

#: An argument that a sentence begins with.
SUBJECT = re.compile(r"^([a-z_]+)(?= (?:must|is|needs|takes) )")


def in_options(problem, options):
    """
    What an error says, with the options of the subcommand.

    Parameters
    ----------
    problem : Exception or Warning
    options : `argparse.Namespace`

    Returns
    -------
    `str`
        One line.

    Examples
    --------
    >>> from argparse import Namespace
    >>> from sunpy_solarunet.cli.words import in_options
    >>> in_options(ValueError("give field_range=300 * u.G"), Namespace(field_range=None))
    "give --field-range '300 G'"
    """
    if isinstance(problem, DescriptionMissing):
        text = problem.sentence("; ".join(ways(name, options) for name in problem.missing))
    else:
        text = ARGUMENT.sub(lambda found: _option(found, options), str(problem)) or type(problem).__name__
        text = SUBJECT.sub(lambda found: _dashed(found[1]) if hasattr(options, found[1]) else found[1], text)
    return " ".join(text.split())


def ways(name, options):
    """
    Options by which something can be given, one of which is enough.

    Parameters
    ----------
    name : `str`
        What is missing: unit, time, coordinates, field range.
    options : `argparse.Namespace`

    Returns
    -------
    `str`
    """
    known = [option for option in OPTIONS.get(name, (name.replace(" ", "_"),)) if hasattr(options, option)] or [name]
    return " or ".join(_dashed(option) + WITH.get(option, "") for option in known)


def _option(found, options):
    name = found["name"] if hasattr(options, found["name"]) else OTHER_NAMES.get(found["name"], found["name"])
    if not hasattr(options, name):
        return found.group()
    if found["switch"]:
        return _dashed(name if found["switch"] == "True" else f"no_{name}")
    value = f"'{found['number']} {found['unit']}'" if found["number"] else found["alone"] or found["text"]
    return f"{_dashed(name)} {value}" if value else _dashed(name)


def _dashed(name):
    return f"--{name.replace('_', '-')}"
