"""
The tables of whatever the user gave, and their frames, features and events as plain arrays.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import astropy.units as u
import numpy as np

from sunpy_solarunet.errors import SequenceError, SolarUnetError, name_choice
from sunpy_solarunet.scoring.arrays import Events, Features
from sunpy_solarunet.tracking.tables import EVENT_KINDS, FORMATS, read_table

__all__ = [
    "DEATHS",
    "column_names",
    "find_positions",
    "frame_numbers",
    "plain_column",
    "read_events",
    "read_features",
    "read_tables",
]

#: The tables that are compared; all but the features may be missing.
TABLES = ("features", "tracks", "events", "members", "frames")

#: What each table of features must have.
COLUMNS = ("frame", "track_id", "polarity", "x", "y")

#: Frames are the same if their times differ by no more than this: file formats and headers round.
TIME_TOLERANCE = 1 * u.s

#: Kinds of the death category come first: their parents count as members, of the others the children.
DEATHS = 3


def read_tables(result, which):
    """
    The tables of whatever holds them.

    Parameters
    ----------
    result : `~sunpy_solarunet.Tracker`, `dict` or path-like
        Anything with the tables as attributes, a dictionary of them, or a folder that holds them.
    which : `str`
        What errors call it.

    Returns
    -------
    `dict`
        The tables features, tracks, events, members and frames by name, `None` where there is none.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    SolarUnetError
        If there are no features or one of their columns is missing.
    """
    if isinstance(result, str | os.PathLike):
        tables = _read_folder(Path(result))
    elif isinstance(result, Mapping):
        tables = {name: result.get(name) for name in TABLES}
    else:
        tables = {name: getattr(result, name, None) for name in TABLES}
    if tables["features"] is None:
        raise SolarUnetError(f"{which} has no table of features: give a Tracker, a dict of tables or their folder")
    missing = [column for column in COLUMNS if column not in column_names(tables["features"])]
    if missing:
        raise SolarUnetError(f"the features of {which} lack the columns {', '.join(missing)}")
    return tables


def _read_folder(folder):
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder")
    tables = {}
    for name in TABLES:
        paths = [folder / f"{name}{suffix}" for suffix in FORMATS]
        there = [path for path in paths if path.is_file()]
        tables[name] = read_table(there[0]) if there else None
    return tables


def column_names(table):
    """
    The names of a table's columns.

    Parameters
    ----------
    table : `~astropy.table.Table` or mapping

    Returns
    -------
    `list` of `str`
    """
    return getattr(table, "colnames", None) or list(table.keys())


def plain_column(column, unit):
    """
    A column as numbers in a unit; one without a unit is taken to be in it.

    Parameters
    ----------
    column : `~astropy.units.Quantity`, `~astropy.table.Column` or array-like
        Shape (rows,).
    unit : `~astropy.units.Unit`

    Returns
    -------
    `numpy.ndarray` of `float`
        Shape (rows,).
    """
    if getattr(column, "unit", None) is not None:
        return u.Quantity(column).to_value(unit)
    return np.asarray(column, float)


def find_positions(known, wanted):
    """
    Where each wanted number stands among the known ones.

    Parameters
    ----------
    known : array-like of `int`
        Shape (known,), in any order.
    wanted : array-like of `int`
        Shape (wanted,).

    Returns
    -------
    `numpy.ndarray` of `int`
        Shape (wanted,): the first position of each number, -1 if it is not known.

    Examples
    --------
    >>> find_positions([7, 3, 5], [5, 4, 7])
    array([ 2, -1,  0])
    """
    known, wanted = np.asarray(known), np.asarray(wanted)
    if not len(known):
        return np.full(len(wanted), -1)
    order = np.argsort(known, kind="stable")
    nearest = order[np.minimum(np.searchsorted(known, wanted, sorter=order), len(known) - 1)]
    return np.where(known[nearest] == wanted, nearest, -1)


def frame_numbers(true, found):
    """
    The numbers that the frames have in the tables of the truth and in those of what was found.

    Parameters
    ----------
    true, found : `dict`
        The tables, as from `read_tables`.

    Returns
    -------
    `tuple` of `numpy.ndarray` of `int`
        Two of shape (frames,), in the order of time; element by element they are the same frames.

    Raises
    ------
    SequenceError
        If the two differ in the number or the times of their frames.
    """
    if true["frames"] is not None and found["frames"] is not None:
        return _same_frames(true["frames"], found["frames"])
    for tables in (true, found):
        if tables["frames"] is not None:
            return (np.sort(np.asarray(tables["frames"]["frame"])),) * 2
    shown = np.concatenate([np.asarray(tables["features"]["frame"], int) for tables in (true, found)])
    return (np.arange(shown.min(), shown.max() + 1) if len(shown) else np.zeros(0, int),) * 2


def _same_frames(true, found):
    if len(true) != len(found):
        raise SequenceError(f"the truth has {len(true)} frames, what was found has {len(found)}: score the same frames")
    numbers, times = [], []
    for frames in (true, found):
        order = np.argsort(np.asarray(frames["frame"]))
        numbers.append(np.asarray(frames["frame"])[order])
        times.append(frames["time"][order])
    apart = np.abs((times[0] - times[1]).to_value(u.s)) if len(true) else np.zeros(0)
    if np.any(apart > TIME_TOLERANCE.to_value(u.s)):
        first = int(np.argmax(apart > TIME_TOLERANCE.to_value(u.s)))
        raise SequenceError(
            f"frame {numbers[0][first]} is of {times[0][first].isot} in the truth and of {times[1][first].isot} "
            "in what was found: score the same frames"
        )
    return tuple(numbers)


def _frame_index(numbers, shown, which):
    index = find_positions(numbers, shown)
    if np.any(index < 0):
        raise SequenceError(f"{which} has rows of frame {np.asarray(shown)[index < 0][0]}, which is not in the frames")
    return index


def read_features(tables, numbers, which):
    """
    The features as plain arrays.

    Parameters
    ----------
    tables : `dict`
        The tables, as from `read_tables`.
    numbers : `numpy.ndarray` of `int`
        Shape (frames,): the numbers of the frames, in the order of time.
    which : `str`
        What errors call the tables.

    Returns
    -------
    `~sunpy_solarunet.scoring.arrays.Features`

    Raises
    ------
    SequenceError
        If a feature's frame is not among the frames.
    SolarUnetError
        If a place is not finite, or a track has two features in one frame.
    """
    table = tables["features"]
    frame = _frame_index(numbers, table["frame"], which)
    given = np.asarray(table["track_id"], int)
    track_ids, track = np.unique(np.where(given < 0, -1 - np.arange(len(given)), given), return_inverse=True)
    position = np.column_stack([plain_column(table[name], u.pix) for name in ("x", "y")])
    if not np.all(np.isfinite(position)):
        raise SolarUnetError(f"the features of {which} have places that are not finite")
    key, times = np.unique(track * len(numbers) + frame, return_counts=True)
    if np.any(times > 1):
        track_number, frame_number = divmod(int(key[times > 1][0]), len(numbers))
        raise SolarUnetError(
            f"track {track_ids[track_number]} of {which} has two features in frame {numbers[frame_number]}"
        )
    weight = np.abs(plain_column(table["flux"], u.Mx)) if "flux" in column_names(table) else np.ones(len(table))
    return Features(frame, track, track_ids, position, np.sign(table["polarity"]), weight, len(numbers))


def read_events(tables, numbers, features, which):
    """
    The events and their members as plain arrays.

    Parameters
    ----------
    tables : `dict`
        The tables, as from `read_tables`, one of events among them.
    numbers : `numpy.ndarray` of `int`
        Shape (frames,): the numbers of the frames, in the order of time.
    features : `~sunpy_solarunet.scoring.arrays.Features`
        The features of the same tables.
    which : `str`
        What errors call the tables.

    Returns
    -------
    `~sunpy_solarunet.scoring.arrays.Events`

    Raises
    ------
    SequenceError
        If an event's frame is not among the frames.
    SolarUnetError
        If a kind of event is unknown.
    """
    table = tables["events"]
    for kind in sorted(set(np.asarray(table["kind"], str))):
        name_choice(kind, EVENT_KINDS, f"kind of event in {which}")
    names = np.asarray(table["kind"], str)
    kind = np.array([EVENT_KINDS.index(name) for name in names], int)
    frame = _frame_index(numbers, table["frame"], which)
    balance = np.asarray(table["balance"], str) if "balance" in column_names(table) else np.full(len(table), "")
    event, feature = _members(tables, numbers, features, frame, kind)
    weight = features.weight[feature]
    # Members without any flux count alike.
    empty = np.bincount(event, weight, minlength=len(table)) == 0
    weight = np.where(empty[event], 1.0, weight)
    with np.errstate(invalid="ignore"):
        total = np.bincount(event, weight, minlength=len(table))
        sums = [np.bincount(event, weight * features.position[feature, axis], len(table)) for axis in (0, 1)]
        place = np.column_stack(sums) / total[:, np.newaxis]
    return Events(frame, kind, balance, place, event, feature)


def _members(tables, numbers, features, frame, kind):
    """Event and feature, by their numbers from 0, of the members in the frame that shows the event."""
    table = tables["members"]
    if table is None or not len(table):
        return np.zeros((2, 0), int)
    event = find_positions(tables["events"]["event_id"], table["event_id"])
    member_frame = find_positions(numbers, table["frame"])
    track = find_positions(features.track_ids, table["track_id"])
    feature = find_positions(features.track * len(numbers) + features.frame, track * len(numbers) + member_frame)
    # Negative numbers of tracks are no names: they stand for none.
    named = np.asarray(table["track_id"]) >= 0
    known = named & (event >= 0) & (member_frame >= 0) & (track >= 0) & (feature >= 0)
    event, feature = event[known], feature[known]
    role = np.asarray(table["role"], str)[known]
    shown = (role == np.where(kind[event] < DEATHS, "parent", "child")) & (features.frame[feature] == frame[event])
    return event[shown], feature[shown]
