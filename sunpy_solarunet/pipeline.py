"""
Pieces that lie between tracking and files: events frame by frame, and what is not to be replaced.
"""

from collections import deque

from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.tracking.tables import stack_tables

__all__ = ["follow", "refuse_existing"]


def follow(tracker, catalogs):
    """
    Track a sequence and hand out each frame together with the events that it shows.

    Parameters
    ----------
    tracker : `~sunpy_solarunet.Tracker`
    catalogs : iterable of `~sunpy_solarunet.FeatureCatalog`

    Yields
    ------
    tuple
        A catalog and a table of the births and deaths of its frame, once no later frame changes them.
    """
    waiting, settled = deque(), deque(maxlen=tracker.memory + 2)
    for number, catalog in enumerate(catalogs):
        waiting.append((number, catalog))
        events = tracker.update(catalog)
        if len(events):
            settled.append(events)
        while waiting and waiting[0][0] < tracker.settled_frames:
            yield _with_events(*waiting.popleft(), settled)
    events = [*settled, tracker.finish()]
    while waiting:
        yield _with_events(*waiting.popleft(), events)


def _with_events(number, catalog, tables):
    return catalog, stack_tables("events", [table[table["frame"] == number] for table in tables])


def refuse_existing(paths, *, overwrite):
    """
    Raise an error if results would be replaced that are not to be.

    Parameters
    ----------
    paths : list of `pathlib.Path`
    overwrite : `bool`

    Raises
    ------
    SolarUnetError
        Naming the first path that exists.
    """
    there = [path for path in paths if path.exists()]
    if there and not overwrite:
        raise SolarUnetError(f"{there[0]} exists: choose another place, or overwrite it (--overwrite)")
