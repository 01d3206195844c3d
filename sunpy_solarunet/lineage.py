"""
Families of tracks: which came from which by splitting and emergence, and went into which by merging and cancellation.
"""

from collections import namedtuple

import numpy as np
from matplotlib.lines import Line2D

from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.plotting import COLORS
from sunpy_solarunet.tracking.kinship import NO_FRAME, lineage_of, tracks_of
from sunpy_solarunet.tracking.tables import require_columns

__all__ = ["family", "plot_lineage"]

#: Markers of births and deaths.
MARKERS = {"birth": "o", "death": "X"}

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
    rows, kin = _rows_and_kin(tracks)
    return _family(_relatives(rows, kin), track_id)


def _family(relatives, track_id):
    if track_id not in relatives:
        raise SolarUnetError(f"there is no track {track_id}: the tracks are numbered from 0 to {len(relatives) - 1}")
    found, waiting = {track_id}, [track_id]
    while waiting:
        new = relatives[waiting.pop()] - found
        found |= new
        waiting += new
    return np.array(sorted(found))


def _relatives(rows, kin):
    """Parents and children of each track, by number."""
    relatives = {number: set() for number in rows}
    for pair in kin:
        relatives[pair.parent].add(pair.child)
        relatives[pair.child].add(pair.parent)
    return relatives


def _rows_and_kin(source):
    """Rows of the tracks by number, and all kinships among them."""
    tracks, lineage = tracks_of(source), lineage_of(source)
    rows = {int(track["track_id"]): track for track in tracks}
    names = ("parent", "child", "parent_frame", "child_frame")
    kin = [Kinship(*pair) for pair in zip(*(lineage[name].tolist() for name in names), strict=True)]
    return rows, [pair for pair in kin if pair.parent in rows and pair.child in rows]


def plot_lineage(tracks, track_id=None, *, axes=None, **kwargs):
    """
    Draw tracks as a tree: a line for each from its first frame to its last, joined where they part or come together.

    Lines have the color of their polarity; a circle is a birth and a cross a death, in the color of
    its kind. Ends without a mark are censored.

    Parameters
    ----------
    tracks : `~sunpy_solarunet.Run`, `~sunpy_solarunet.Tracker`, `dict` or `~astropy.table.QTable`
        As in `family`.
    track_id : `int`, optional
        Draw the `family` of this track. All tracks that have relatives, if not given.
    axes : `~matplotlib.axes.Axes`, optional
        The current ones, if not given.
    **kwargs
        For the lines of the tracks, as `~matplotlib.axes.Axes.hlines` takes them.

    Returns
    -------
    `~matplotlib.axes.Axes`

    Raises
    ------
    SolarUnetError
        If there is no such track.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sunpy_solarunet import Segmenter, Tracker
    >>> from sunpy_solarunet.lineage import plot_lineage
    >>> from sunpy_solarunet.synthetic import six_events
    >>> maps, _ = six_events()
    >>> segmenter, tracker = Segmenter("threshold"), Tracker()
    >>> events = tracker.track(segmenter(frame) for frame in maps)
    >>> plot_lineage(tracker, 7).get_xlabel()
    'Frame'
    >>> plt.close()
    """
    import matplotlib.pyplot as plt

    require_columns(tracks_of(tracks), ("polarity", "first_frame", "last_frame", "birth", "death"), "tracks")
    rows, kin = _rows_and_kin(tracks)
    relatives = _relatives(rows, kin)
    numbers = [one for one in relatives if relatives[one]] if track_id is None else _family(relatives, track_id)
    height = _in_order(rows, relatives, numbers)
    axes = plt.gca() if axes is None else axes
    for number, place in height.items():
        _draw_track(axes, rows[number], place, kwargs)
    for pair in kin:
        if pair.parent in height and pair.parent_frame != NO_FRAME:
            _draw_kinship(axes, pair, rows[pair.parent], height)
    axes.set(xlabel="Frame", ylabel="Track", yticks=list(height.values()), yticklabels=list(height))
    axes.margins(x=0.05, y=0.1)
    axes.xaxis.get_major_locator().set_params(integer=True)
    _add_legend(axes, [rows[number] for number in height])
    return axes


def _in_order(rows, relatives, numbers):
    """Tracks such that relatives stand next to each other: each parent, then its children, the earliest first."""

    def latest_first(some):
        return sorted(some, key=lambda each: (rows[each]["first_frame"], each), reverse=True)

    ordered, waiting = {}, latest_first(map(int, numbers))
    while waiting:
        number = waiting.pop()
        if number not in ordered:
            ordered[number] = len(ordered)
            waiting += latest_first(relatives[number])
    return ordered


def _draw_track(axes, track, place, kwargs):
    color = COLORS["positive" if track["polarity"] > 0 else "negative"]
    first, last = int(track["first_frame"]), int(track["last_frame"])
    axes.hlines(place, first, last, **({"color": color, "linewidth": 3} | kwargs))
    for kind, frame in (("birth", first), ("death", last)):
        if str(track[kind]) in COLORS:
            axes.plot(frame, place, MARKERS[kind], color=COLORS[str(track[kind])], markeredgecolor="black", zorder=3)


def _draw_kinship(axes, pair, parent, height):
    """A line from what ends to what it went into, or from what begins to what it parted from."""
    ends = [(pair.parent_frame, height[pair.parent]), (pair.child_frame, height[pair.child])]
    if parent["last_frame"] > pair.parent_frame:
        ends.reverse()
    axes.plot(*zip(*ends, strict=True), color="0.5", linewidth=1, zorder=1)


def _add_legend(axes, tracks):
    kinds = {str(track[name]): MARKERS[name] for track in tracks for name in MARKERS if str(track[name]) in COLORS}
    handles = [
        Line2D([], [], linestyle="none", marker=marker, color=COLORS[kind], markeredgecolor="black", label=kind)
        for kind, marker in sorted(kinds.items())
    ]
    if handles:
        axes.legend(handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False)
