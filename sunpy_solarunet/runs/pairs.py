"""
What happened between two frames, in a file.
"""

from dataclasses import fields

import numpy as np

from sunpy_solarunet.runs.arrays import read_arrays, write_arrays
from sunpy_solarunet.tracking.events import Explanation, Transition

__all__ = ["read_pair", "write_pair"]

#: What the names of the columns of the events begin with.
EVENTS = "events."


def write_pair(path, transition):
    """
    Write a transition, to the last bit.

    Parameters
    ----------
    path : path-like
        With the suffix .npz.
    transition : `~sunpy_solarunet.tracking.events.Transition`
    """
    values = {field.name: getattr(transition, field.name) for field in fields(Transition)}
    arrays = {EVENTS + name: column for name, column in values.pop("events").items()}
    arrays |= {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
    plain = {name: _plain(value) for name, value in values.items() if name not in arrays}
    write_arrays(path, arrays, plain)


def read_pair(path):
    """
    Read a transition.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    `~sunpy_solarunet.tracking.events.Transition`
        Equal to the one that was written.
    """
    arrays, plain = read_arrays(path)
    events = {name.removeprefix(EVENTS): arrays.pop(name) for name in list(arrays) if name.startswith(EVENTS)}
    values = {name: _explanations(value) if isinstance(value, list) else value for name, value in plain.items()}
    return Transition(**values, **arrays, events=events)


def _plain(value):
    """Explanations and numbers as JSON can hold them."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, Explanation):
        return {name: _plain(part) for name, part in vars(value).items()}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value.item() if isinstance(value, np.generic) else value


def _explanations(values):
    return [Explanation(**value | {"members": tuple(value["members"])}) for value in values]
