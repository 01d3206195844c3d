"""
Families of tracks as trees.
"""

from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from sunpy_solarunet.lineage import family_among, relatives_of, rows_and_kin
from sunpy_solarunet.plotting.borders import LEGEND
from sunpy_solarunet.plotting.layout import above
from sunpy_solarunet.plotting.palettes import SIGNS, colors_of
from sunpy_solarunet.tracking.kinship import NO_FRAME, tracks_of
from sunpy_solarunet.tracking.tables import require_columns

__all__ = ["plot_lineage"]

#: Markers of births and deaths.
MARKERS = {"birth": "o", "death": "X"}

#: Bright lines are seen on white ground.
HALO = [withStroke(linewidth=4.5, foreground="black")]


def plot_lineage(tracks, track_id=None, *, axes=None, palette="default", **kwargs):
    """
    Draw tracks as a tree: a line for each from its first frame to its last, joined where they part or come together.

    Lines have the color of their polarity; a circle is a birth and a cross a death, in the color of
    its kind. Ends without a mark are censored.

    Parameters
    ----------
    tracks : `~sunpy_solarunet.Run`, `~sunpy_solarunet.Tracker`, `dict` or `~astropy.table.QTable`
        As in `~sunpy_solarunet.lineage.family`.
    track_id : `int`, optional
        Draw the family of this track. All tracks that have relatives, if not given.
    axes : `~matplotlib.axes.Axes`, optional
        The current ones, if not given.
    palette : {"default", "paper"}
        As in `draw_borders`.
    **kwargs
        For the lines of the tracks, as `~matplotlib.axes.Axes.hlines` takes them.

    Returns
    -------
    `~matplotlib.axes.Axes`

    Raises
    ------
    SolarUnetError
        If there is no such track or palette.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sunpy_solarunet import Segmenter, Tracker
    >>> from sunpy_solarunet.plotting import plot_lineage
    >>> from sunpy_solarunet.synthetic import six_events
    >>> maps, _ = six_events()
    >>> segmenter, tracker = Segmenter("threshold"), Tracker()
    >>> events = tracker.track(segmenter(frame) for frame in maps)
    >>> plot_lineage(tracker, 7).get_xlabel()
    'Frame'
    >>> plt.close()
    """
    import matplotlib.pyplot as plt

    colors = colors_of(palette)
    require_columns(tracks_of(tracks), ("polarity", "first_frame", "last_frame", "birth", "death"), "tracks")
    rows, kin = rows_and_kin(tracks)
    relatives = relatives_of(rows, kin)
    numbers = [one for one in relatives if relatives[one]] if track_id is None else family_among(relatives, track_id)
    height = _in_order(rows, relatives, numbers)
    axes = plt.gca() if axes is None else axes
    for number, place in height.items():
        _draw_track(axes, rows[number], place, colors, kwargs)
    for pair in kin:
        if pair.parent in height and pair.parent_frame != NO_FRAME:
            _draw_kinship(axes, pair, rows[pair.parent], height)
    axes.set(xlabel="Frame", ylabel="Track", yticks=list(height.values()), yticklabels=list(height))
    axes.margins(x=0.05, y=0.1)
    axes.xaxis.get_major_locator().set_params(integer=True)
    _add_legend(axes, [rows[number] for number in height], colors)
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


def _draw_track(axes, track, place, colors, kwargs):
    color = colors[SIGNS[0] if track["polarity"] > 0 else SIGNS[1]]
    first, last = int(track["first_frame"]), int(track["last_frame"])
    axes.hlines(place, first, last, **({"color": color, "linewidth": 3, "path_effects": HALO} | kwargs))
    for kind, frame in (("birth", first), ("death", last)):
        if str(track[kind]) in colors:
            axes.plot(frame, place, color=colors[str(track[kind])], zorder=3, **_marker(kind))


def _marker(kind):
    return {"linestyle": "none", "marker": MARKERS[kind], "markersize": 9, "markeredgecolor": "black"}


def _draw_kinship(axes, pair, parent, height):
    """A line from what ends to what it went into, or from what begins to what it parted from."""
    ends = [(pair.parent_frame, height[pair.parent]), (pair.child_frame, height[pair.child])]
    if parent["last_frame"] > pair.parent_frame:
        ends.reverse()
    axes.plot(*zip(*ends, strict=True), color="0.5", linewidth=1, zorder=1)


def _add_legend(axes, tracks, colors):
    found = {str(track[name]): name for track in tracks for name in MARKERS if str(track[name]) in colors}
    handles = [
        Line2D([], [], color=color, label=kind, **_marker(found[kind]))
        for kind, color in colors.items()
        if kind in found
    ]
    if handles:
        axes.legend(handles=handles, **LEGEND | above(axes))
