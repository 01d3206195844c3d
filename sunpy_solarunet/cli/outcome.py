"""
What a command has to say at its end, in words or as JSON.
"""

import json
import math
from dataclasses import dataclass, field

__all__ = ["SKIPPED", "Outcome", "tell"]

#: Exit status where frames were skipped.
SKIPPED = 3


@dataclass(frozen=True)
class Outcome:
    """
    What came of a command.

    Attributes
    ----------
    text : `str`
        For people, one line or several.
    facts : `dict`
        The same for programs.
    status : `int`
        The exit status.
    asked_for : `bool`
        Whether the text is what the command is there for, so that it is printed even if it is to be quiet.
    """

    text: str = ""
    facts: dict = field(default_factory=dict)
    status: int = 0
    asked_for: bool = False


def tell(outcome, command, *, as_json=False, quiet=False):
    """
    Print what came of a command on the standard output.

    Parameters
    ----------
    outcome : Outcome
    command : `str`
        The subcommand.
    as_json : `bool`
        Print one JSON object in place of the text.
    quiet : `bool`
        Print the text only if the command is there for nothing else.

    Examples
    --------
    >>> from sunpy_solarunet.cli.outcome import Outcome, tell
    >>> tell(Outcome("2 features", {"features": 2, "noise": float("nan")}), "segment", as_json=True)
    {"command": "segment", "status": 0, "features": 2, "noise": null}
    """
    if as_json:
        facts = {"command": command, "status": outcome.status} | outcome.facts
        print(json.dumps(_plain(facts), allow_nan=False), flush=True)
    elif outcome.text and (outcome.asked_for or not quiet):
        print(outcome.text, flush=True)


def _plain(value):
    """As JSON can hold it: quantities with their units, ``null`` for what is not a number."""
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if hasattr(value, "unit"):
        return {"value": _plain(value.value), "unit": str(value.unit)}
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, list | tuple | set):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)
