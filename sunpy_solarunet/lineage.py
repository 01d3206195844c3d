"""
Families of tracks: which came from which by splitting and emergence, and went into which by merging and cancellation.
"""

from collections import namedtuple

import numpy as np

from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.tracking.kinship import lineage_of, tracks_of

__all__ = ["family", "family_among", "relatives_of", "rows_and_kin"]

Kinship = namedtuple("Kinship", ("parent", "child", "parent_frame", "child_frame"))


def family(tracks, track_id):
    """
    All tracks that are related to one, however many generations apart.

    Parameters
    ----------
    tracks : `~sunpy_solarunet.Run`, `~sunpy_solarunet.Tracker`, `dict` or `~astropy.table.QTable`
        What holds the tables of a sequence, or a dict of these. Of the table of tracks alone, the columns
        parents and children are read.
    track_id : `int`

    Returns
    -------
    `numpy.ndarray` of `int`
        Numbers of the tracks, the given one among them, ordered.

    Raises
    ------
    SolarUnetError
        If there is no such track.

    Examples
    --------
    >>> from sunpy_solarunet import Segmenter, Tracker
    >>> from sunpy_solarunet.lineage import family
    >>> from sunpy_solarunet.synthetic import six_events
    >>> maps, _ = six_events()
    >>> segmenter, tracker = Segmenter("threshold"), Tracker()
    >>> events = tracker.track(segmenter(frame) for frame in maps)
    >>> family(tracker, 1)
    array([1, 3])
    """
    rows, kin = rows_and_kin(tracks)
    return family_among(relatives_of(rows, kin), track_id)


def family_among(relatives, track_id):
    """
    All tracks that are related to one.

    Parameters
    ----------
    relatives : `dict`
        As `relatives_of` gives them.
    track_id : `int`

    Returns
    -------
    `numpy.ndarray` of `int`
        Numbers of the tracks, the given one among them, ordered.

    Raises
    ------
    SolarUnetError
        If there is no such track.
    """
    if track_id not in relatives:
        raise SolarUnetError(f"there is no track {track_id}: the tracks are numbered from 0 to {len(relatives) - 1}")
    found, waiting = {track_id}, [track_id]
    while waiting:
        new = relatives[waiting.pop()] - found
        found |= new
        waiting += new
    return np.array(sorted(found))


def relatives_of(rows, kin):
    """
    Parents and children of each track.

    Parameters
    ----------
    rows : `dict`
        By the numbers of the tracks.
    kin : list
        As `rows_and_kin` gives them.

    Returns
    -------
    `dict` of `set` of `int`
    """
    relatives = {number: set() for number in rows}
    for pair in kin:
        relatives[pair.parent].add(pair.child)
        relatives[pair.child].add(pair.parent)
    return relatives


def rows_and_kin(source):
    """
    Rows of the tracks by number, and all kinships among them.

    Parameters
    ----------
    source : `~sunpy_solarunet.Run`, `~sunpy_solarunet.Tracker`, `dict` or `~astropy.table.QTable`
        As in `family`.

    Returns
    -------
    rows : `dict`
    kin : list
        With the attributes parent, child, parent_frame and child_frame.
    """
    tracks, lineage = tracks_of(source), lineage_of(source)
    rows = {int(track["track_id"]): track for track in tracks}
    names = ("parent", "child", "parent_frame", "child_frame")
    kin = [Kinship(*pair) for pair in zip(*(lineage[name].tolist() for name in names), strict=True)]
    return rows, [pair for pair in kin if pair.parent in rows and pair.child in rows]


def __getattr__(name):
    """Its figure is a room above this one."""
    if name == "plot_lineage":
        from sunpy_solarunet.plotting import plot_lineage

        return plot_lineage
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
