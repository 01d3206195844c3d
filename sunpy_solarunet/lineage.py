"""
Families of tracks: which came from which by splitting and emergence, and went into which by merging and cancellation.
"""

import numpy as np
from matplotlib.lines import Line2D

from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.plotting import COLORS
from sunpy_solarunet.tracking.tables import require_columns

__all__ = ["family", "plot_lineage"]

#: Markers of births and deaths.
MARKERS = {"birth": "o", "death": "X"}


def family(tracks, track_id):
    """
    All tracks that are related to one, however many generations apart.

    Parameters
    ----------
    tracks : `~astropy.table.QTable`
        `Tracker.tracks <sunpy_solarunet.Tracker.tracks>`.
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
    >>> family(tracker.tracks, 1)
    array([1, 3])
    """
    relatives = _relatives(tracks)
    if track_id not in relatives:
        raise SolarUnetError(f"there is no track {track_id}: the tracks are numbered from 0 to {len(tracks) - 1}")
    found, waiting = {track_id}, [track_id]
    while waiting:
        new = relatives[waiting.pop()] - found
        found |= new
        waiting += new
    return np.array(sorted(found))


def _relatives(tracks):
    """Parents and children of each track, by number."""
    require_columns(tracks, ("track_id", "parents", "children"), "tracks")
    return {int(track["track_id"]): {*_numbers(track["parents"]), *_numbers(track["children"])} for track in tracks}


def _numbers(text):
    return [int(number) for number in str(text).split()]


def _was_born_of(child, parent):
    """Whether a track parted from another, which lived on: its first parent, since they stand in the order of time."""
    first = _numbers(child["parents"])[:1]
    return bool(first == [parent["track_id"]] and child["birth"] and parent["last_frame"] >= child["first_frame"])


def _went_into(parent, child):
    """Whether a track ended in another, and was not only its parent before."""
    times = _numbers(child["parents"]).count(parent["track_id"]) - _was_born_of(child, parent)
    return bool(parent["death"] and child["last_frame"] > parent["last_frame"] and times > 0)


def plot_lineage(tracks, track_id=None, *, axes=None, **kwargs):
    """
    Draw tracks as a tree: a line for each from its first frame to its last, joined where they part or come together.

    Lines have the color of their polarity; a circle is a birth and a cross a death, in the color of
    its kind. Ends without a mark are censored.

    Parameters
    ----------
    tracks : `~astropy.table.QTable`
        `Tracker.tracks <sunpy_solarunet.Tracker.tracks>`.
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
    >>> plot_lineage(tracker.tracks, 7).get_xlabel()
    'Frame'
    >>> plt.close()
    """
    import matplotlib.pyplot as plt

    require_columns(tracks, ("polarity", "first_frame", "last_frame", "birth", "death"), "tracks")
    axes = plt.gca() if axes is None else axes
    relatives = _relatives(tracks)
    numbers = [number for number in relatives if relatives[number]] if track_id is None else family(tracks, track_id)
    rows = {int(track["track_id"]): track for track in tracks}
    height = _in_order(rows, relatives, numbers)
    for number, place in height.items():
        _draw_track(axes, rows[number], place, kwargs)
        _draw_kinship(axes, rows, number, height)
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


def _draw_kinship(axes, rows, number, height):
    """Lines from a track's beginning to what it parted from, and from its end to what it went into."""
    track, place = rows[number], height[number]
    first, last = track["first_frame"], track["last_frame"]
    joints = [(first, -1, other) for other in set(_numbers(track["parents"])) if _was_born_of(track, rows[other])]
    joints += [(last, 1, other) for other in set(_numbers(track["children"])) if _went_into(track, rows[other])]
    for frame, step, other in joints:
        axes.plot([frame, frame + step], [place, height[other]], color="0.5", linewidth=1, zorder=1)


def _add_legend(axes, tracks):
    kinds = {str(track[name]): MARKERS[name] for track in tracks for name in MARKERS if str(track[name]) in COLORS}
    handles = [
        Line2D([], [], linestyle="none", marker=marker, color=COLORS[kind], markeredgecolor="black", label=kind)
        for kind, marker in sorted(kinds.items())
    ]
    if handles:
        axes.legend(handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False)
