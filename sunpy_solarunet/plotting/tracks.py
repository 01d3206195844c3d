"""
One element through time.
"""

import astropy.units as u
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.patheffects import withStroke

from sunpy_solarunet.plotting.borders import add_legend
from sunpy_solarunet.plotting.field import clock
from sunpy_solarunet.plotting.layout import above, write_above
from sunpy_solarunet.plotting.palettes import SIGNS, colors_of, line_style
from sunpy_solarunet.tracking.tables import require_columns

__all__ = ["plot_track"]

#: Markers of features, and of the line between them.
MARKERS = {"marker": "o", "markersize": 6, "markeredgecolor": "black", "color": "0.3", "linewidth": 1.2}

#: Ticks from years to seconds, and where the larger unit begins.
TIMES = ["%Y", "%Y-%m", "%m-%d", "%H:%M", "%H:%M", "%H:%M:%S"]
BEGINNINGS = ["", "%Y", "%Y-%m", "%m-%d", "%H:%M", "%H:%M:%S"]


def plot_track(features, events=None, *, figure=None, palette="default"):
    """
    Plot the flux and the area of a track against time, with its events.

    Parameters
    ----------
    features : `~astropy.table.QTable`
        The features of one track, one a frame, as rows of `Tracker.features <sunpy_solarunet.Tracker.features>`.
    events : `~astropy.table.QTable`, optional
        Those that the track takes part in.
    figure : `~matplotlib.figure.Figure` or `~matplotlib.figure.SubFigure`, optional
        A new one, if not given.
    palette : {"default", "paper"}
        As in `draw_borders`.

    Returns
    -------
    `~matplotlib.figure.Figure`

    Raises
    ------
    SolarUnetError
        If a column is missing, or there is no such palette.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sunpy_solarunet import Segmenter, Tracker
    >>> from sunpy_solarunet.plotting import plot_track
    >>> from sunpy_solarunet.synthetic import six_events
    >>> maps, _ = six_events()
    >>> segmenter, tracker = Segmenter("threshold"), Tracker()
    >>> events = tracker.track(segmenter(frame) for frame in maps)
    >>> features = tracker.features
    >>> figure = plot_track(features[features["track_id"] == 12])
    >>> figure.axes[1].get_xlabel()
    'time (UT), from 2024-05-01'
    >>> plt.close()
    """
    import matplotlib.pyplot as plt

    require_columns(features, ("time", "polarity", "flux", "area", "track_id"), "features")
    sign = SIGNS[0] if features["polarity"][0] > 0 else SIGNS[1]
    color = colors_of(palette)[sign]
    figure = plt.figure(figsize=(7, 5), layout="constrained") if figure is None else figure
    panels = figure.subplots(2, sharex=True)
    times = features["time"].to_datetime()
    for axes, name, unit in zip(panels, ("flux", "area"), (u.Mx, u.Mm**2), strict=True):
        axes.plot(times, features[name].to_value(unit), markerfacecolor=color, **MARKERS)
        axes.set_ylabel(f"{name} ({unit:latex_inline})")
        axes.ticklabel_format(axis="y", style="sci", scilimits=(-3, 4), useMathText=True)
        axes.margins(x=0.1, y=0.15)
    kinds = _mark_events(panels, [] if events is None else events, palette)
    if kinds:
        add_legend(panels[0], kinds, palette=palette, **above(panels[0]))
    _label_times(panels[1], features["time"])
    write_above(panels[0], f"{sign} track {features['track_id'][0]}", "right")
    return figure


def _mark_events(panels, events, palette):
    """A line at the time of each event in its color; those of the same time in turn."""
    kinds = {}
    for event in events:
        several = kinds.setdefault(event["time"].to_datetime(), [])
        if str(event["kind"]) not in several:
            several.append(str(event["kind"]))
    look = {"linewidth": 2.0, "path_effects": [withStroke(linewidth=3, foreground="black")], "zorder": 0}
    for time, names in kinds.items():
        for name, style in zip(names, line_style(names), strict=True):
            for axes in panels:
                axes.axvline(time, color=colors_of(palette)[name], linestyle=style, **look)
    return [name for names in kinds.values() for name in names]


def _label_times(axes, times):
    """Clock times on the axis, and the day of the first."""
    locator = AutoDateLocator(minticks=3, maxticks=7)
    axes.xaxis.set_major_locator(locator)
    formatter = ConciseDateFormatter(locator, formats=TIMES, zero_formats=BEGINNINGS, show_offset=False)
    axes.xaxis.set_major_formatter(formatter)
    if len(times) == 1:
        axes.set_xlim(*(times[0] + [-1, 1] * u.min).to_datetime())
    axes.set_xlabel(f"time (UT), from {clock(times[0], '%Y-%m-%d')}")
