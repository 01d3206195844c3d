"""
Kinship: which tracks came from which, as the members of the events tell.
"""

import numpy as np
from astropy.table import QTable, Table

from sunpy_solarunet.tracking.sources import table_of
from sunpy_solarunet.tracking.tables import make_table, require_columns

__all__ = ["NO_FRAME", "lineage_of", "lineage_table", "numbers_in", "pairs_of_members", "text_of", "tracks_of"]

#: In place of the number of a frame that is not known.
NO_FRAME = -1


def tracks_of(source):
    """
    The tracks of whatever holds them.

    Parameters
    ----------
    source : `~sunpy_solarunet.Run`, `~sunpy_solarunet.Tracker`, `dict` or `~astropy.table.QTable`
        What holds the tables of a sequence, a dict of these, or the table of tracks itself.

    Returns
    -------
    `~astropy.table.QTable`

    Raises
    ------
    TypeError
        If it is none of these.
    SolarUnetError
        If there is no table of tracks.
    """
    tracks = source if isinstance(source, Table) else table_of(source, "tracks")
    require_columns(tracks, ("track_id",), "tracks")
    return tracks


def lineage_of(source):
    """
    Which tracks came from which, as well as it can be told.

    Parameters
    ----------
    source : `~sunpy_solarunet.Run`, `~sunpy_solarunet.Tracker`, `dict` or `~astropy.table.QTable`
        As of `tracks_of`.

    Returns
    -------
    `~astropy.table.QTable`
        As from `lineage_table`. Of the table of tracks alone, which does not name the events, there are parent, child
        and the frames: those that a track begins or ends with, `NO_FRAME` in other cases.

    Raises
    ------
    TypeError, SolarUnetError
        As of `tracks_of`.
    """
    if isinstance(source, Table):
        return _lineage_in_texts(tracks_of(source))
    return lineage_table(table_of(source, "events"), table_of(source, "members"))


def _lineage_in_texts(tracks):
    require_columns(tracks, ("parents", "children", "first_frame", "last_frame", "birth", "death"), "tracks")
    rows = {int(track["track_id"]): track for track in tracks}
    # Parents stand in the order of time.
    kin = [
        (parent, number, *_frames_between(rows.get(parent), child, position == 0))
        for number, child in rows.items()
        for position, parent in enumerate(numbers_in(child["parents"]))
    ]
    columns = np.array(kin, int).reshape(-1, 4).T
    return QTable(dict(zip(("parent", "child", "parent_frame", "child_frame"), columns, strict=True)))


def _frames_between(parent, child, is_first):
    """The frames between which a track parted from another, which lived on, or ended in another, which did."""
    if parent is not None:
        if is_first and child["birth"] and parent["last_frame"] >= child["first_frame"]:
            return child["first_frame"] - 1, child["first_frame"]
        if parent["death"] and child["last_frame"] > parent["last_frame"]:
            return parent["last_frame"], parent["last_frame"] + 1
    return NO_FRAME, NO_FRAME


def lineage_table(events, members):
    """
    Which tracks came from which: a row for each track of an event's parents and each other one of its children.

    Of an event with three parents that merge into the track of one of them, for example, two rows tell that this
    track came from the two others.

    Parameters
    ----------
    events : `~astropy.table.QTable`
        The events that are looked at.
    members : `~astropy.table.QTable`
        Their members; those of other events are passed over.

    Returns
    -------
    `~astropy.table.QTable`
        With the columns parent, child, event_id, kind, frame, parent_frame, child_frame and flux_exchanged, in the
        order of the members.

    Raises
    ------
    SolarUnetError
        If a column is missing.

    Examples
    --------
    >>> from sunpy_solarunet import Segmenter, Tracker
    >>> from sunpy_solarunet.synthetic import six_events
    >>> from sunpy_solarunet.tracking.kinship import lineage_table
    >>> maps, _ = six_events()
    >>> segmenter, tracker = Segmenter("threshold"), Tracker()
    >>> events = tracker.track(segmenter(frame) for frame in maps)
    >>> lineage_table(events, tracker.members)["parent", "child", "event_id", "kind", "parent_frame", "child_frame"]
    <QTable length=3>
    parent child event_id     kind     parent_frame child_frame
    int64  int64  int64      str13        int64        int64
    ------ ----- -------- ------------ ------------ -----------
         7    11        0    splitting            1           2
         3     1        4      merging            4           5
         6     5        6 cancellation            5           6
    """
    require_columns(events, ("event_id", "kind", "frame", "flux_exchanged"), "events")
    require_columns(members, ("event_id", "track_id", "frame", "role"), "members")
    event, track, frame = (np.asarray(members[name]) for name in ("event_id", "track_id", "frame"))
    parent, child = pairs_of_members(members)
    told = (track[parent] != track[child]) & np.isin(event[parent], events["event_id"])
    parent, child = parent[told], child[told]
    order = np.argsort(events["event_id"], kind="stable")
    row = order[np.searchsorted(events["event_id"], event[parent], sorter=order)]
    columns = {
        "parent": track[parent],
        "child": track[child],
        "event_id": event[parent],
        "kind": events["kind"][row],
        "frame": events["frame"][row],
        "parent_frame": frame[parent],
        "child_frame": frame[child],
        "flux_exchanged": events["flux_exchanged"][row],
    }
    return make_table("lineage", columns, dict(events.meta) | {"table": "lineage"})


def pairs_of_members(members):
    """
    Each parent with each child of the same event.

    Parameters
    ----------
    members : `~astropy.table.QTable`

    Returns
    -------
    parent, child : `numpy.ndarray` of `int`
        Rows of the members, in the order of the parents and, for each, of the children.

    Examples
    --------
    >>> from sunpy_solarunet.tracking.kinship import pairs_of_members
    >>> pairs_of_members({"event_id": [0, 0, 0, 1], "role": ["parent", "child", "child", "parent"]})
    (array([0, 0]), array([1, 2]))
    """
    event, role = np.asarray(members["event_id"], int), np.asarray(members["role"], str)
    parents, children = np.flatnonzero(role == "parent"), np.flatnonzero(role == "child")
    children = children[np.argsort(event[children], kind="stable")]
    first, last = (np.searchsorted(event[children], event[parents], side=side) for side in ("left", "right"))
    number = last - first
    before = np.cumsum(number) - number
    return np.repeat(parents, number), children[np.arange(number.sum()) + np.repeat(first - before, number)]


def numbers_in(text):
    """
    The numbers that a table tells people: labels of an event's members, or tracks that are related to one.

    Programs that have the table of members need not read them from here, see `lineage_table`.

    Parameters
    ----------
    text : `str`
        Of one of the columns ``parents`` and ``children``.

    Returns
    -------
    list of `int`

    Examples
    --------
    >>> from sunpy_solarunet.tracking.kinship import numbers_in
    >>> numbers_in("4 12"), numbers_in("")
    ([4, 12], [])
    """
    return [int(number) for number in str(text).split()]


def text_of(numbers):
    """
    Numbers as a table tells them to people, see `numbers_in`.

    Parameters
    ----------
    numbers : iterable of `int`

    Returns
    -------
    `str`

    Examples
    --------
    >>> from sunpy_solarunet.tracking.kinship import text_of
    >>> text_of([4, 12])
    '4 12'
    """
    return " ".join(map(str, numbers))
