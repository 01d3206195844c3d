"""
Options from a file: TOML, by the names that they have on the command line.
"""

import argparse
import datetime
import tomllib
from pathlib import Path

from sunpy_solarunet.names import suggestion

__all__ = ["with_config"]

#: Files of options are short.
LARGEST = 1_000_000

#: What cannot come from a file.
NOT_IN_FILES = ("help", "config")


class _ConfigError(Exception):
    """The file cannot be used."""


def with_config(parser, arguments):
    """
    A parser whose defaults are what the file of options says, if the command line names one.

    Parameters
    ----------
    parser : `~sunpy_solarunet.cli.parser.Parser`
        With subcommands. It is changed.
    arguments : list of `str`
        The command line.

    Returns
    -------
    `~sunpy_solarunet.cli.parser.Parser`
    """
    name = next((argument for argument in arguments if not argument.startswith("-")), None)
    command, path = parser.commands().get(name), _named(arguments)
    if command is None or path is None:
        return parser
    try:
        _set_defaults(command, _entries(Path(path), name, parser.commands()))
    except _ConfigError as problem:
        command.error(f"{path}: {problem}")
    return parser


def _named(arguments):
    """The file that the command line names, the last one if there are several."""
    seeker = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    seeker.add_argument("--config")
    try:
        return seeker.parse_known_args(arguments)[0].config
    except argparse.ArgumentError:
        # The parser of the command says what is missing.
        return None


def _entries(path, name, commands):
    """What the file says to a command: its entries at the top, and those of the command's table, which count more."""
    content = _read(path)
    tables = {key: value for key, value in content.items() if isinstance(value, dict)}
    for key in tables:
        if key not in commands:
            raise _ConfigError(f"there is no command {key!r};{suggestion(key, commands)}".rstrip(";"))
    entries = {key: value for key, value in content.items() if key not in tables}
    own = {key.replace("_", "-") for key in tables.get(name, {})}
    return {key: value for key, value in entries.items() if key.replace("_", "-") not in own} | tables.get(name, {})


def _read(path):
    try:
        if path.stat().st_size > LARGEST or not path.is_file():
            raise _ConfigError("not a file of options: it is no file, or a very large one")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise _ConfigError(problem.strerror or "it cannot be read") from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise _ConfigError(f"not TOML ({problem})") from problem


def _set_defaults(command, entries):
    """Give the options of a command the values of the file, and ask for them no more."""
    known, said = _options(command), {}
    for key, value in entries.items():
        name = key.replace("_", "-")
        if name not in known:
            raise _ConfigError(f"unknown option {key!r};{suggestion(name, known)}".rstrip(";"))
        action, is_reverse = known[name]
        if action.dest in said:
            raise _ConfigError(f"{key} and {said[action.dest]} say the same")
        said[action.dest] = key
        value = _value(action, key, value)
        command.set_defaults(**{action.dest: not value if is_reverse else value})
        action.required = False
        if not action.option_strings:
            action.nargs, action.default = "*" if action.nargs == "+" else "?", value


def _options(command):
    """Options and places by their names, and whether the name stands for the reverse."""
    known = {}
    for action in command._actions:
        if action.dest in NOT_IN_FILES:
            continue
        if not action.option_strings:
            known[action.dest.replace("_", "-")] = action, False
        for name in action.option_strings:
            if name.startswith("--"):
                is_flag = isinstance(action, argparse.BooleanOptionalAction)
                known[name.removeprefix("--")] = action, is_flag and name != action.option_strings[0]
    return known


def _value(action, key, value):
    """What an entry stands for, as the command line would have it."""
    if isinstance(action, argparse.BooleanOptionalAction):
        if not isinstance(value, bool):
            raise _ConfigError(f"{key} must be true or false, not {value!r}")
        return value
    if action.nargs is None:
        return _one(action, key, value)
    values = value if isinstance(value, list) else [value]
    if not values or (isinstance(action.nargs, int) and len(values) != action.nargs):
        raise _ConfigError(f"{key} must be a list of {action.nargs if values else 'at least one'}, not {value!r}")
    return [_one(action, key, each) for each in values]


def _one(action, key, value):
    text = _text(action, key, value)
    try:
        found = text if action.type is None else action.type(text)
    except argparse.ArgumentTypeError as problem:
        raise _ConfigError(f"{key}: {problem}") from problem
    except (TypeError, ValueError) as problem:
        kind = {int: "a whole number", float: "a number"}.get(action.type, "another value")
        raise _ConfigError(f"{key} must be {kind}, not {value!r}") from problem
    if action.choices is not None and found not in action.choices:
        raise _ConfigError(f"{key} must be one of {', '.join(map(str, action.choices))}, not {value!r}")
    return found


def _text(action, key, value):
    """An entry as it would stand on the command line."""
    takes_numbers = action.type in (int, float) or getattr(action.type, "takes_numbers", False)
    if isinstance(value, str):
        return value
    if isinstance(value, datetime.date) and not takes_numbers:
        return _utc(value).isoformat()
    if takes_numbers and isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value)
    kind = "a number, or text with a unit" if takes_numbers else "text in quotes"
    raise _ConfigError(f"{key} must be {kind}, not {_told(value)}")


def _utc(date):
    """A date or a time without an offset, since times of observation are in UTC."""
    if getattr(date, "tzinfo", None) is None:
        return date
    return date.astimezone(datetime.UTC).replace(tzinfo=None)


def _told(value):
    return str(value).lower() if isinstance(value, bool) else repr(value)
