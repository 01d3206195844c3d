"""
One event in the two frames around it.
"""

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from matplotlib.patheffects import withStroke
from sunpy.coordinates import HeliographicStonyhurst, Helioprojective

from sunpy_solarunet.errors import SolarUnetError, require_quantity
from sunpy_solarunet.magnetograms import pixel_length
from sunpy_solarunet.plotting.borders import LEGEND, draw_rings, legend_handles
from sunpy_solarunet.plotting.events import EVENT_COLUMNS, at_time, marked_labels
from sunpy_solarunet.plotting.field import clock, full_field, set_limits, show_field
from sunpy_solarunet.plotting.layout import write_above
from sunpy_solarunet.plotting.palettes import SIGNS
from sunpy_solarunet.tracking.tables import require_columns

__all__ = ["FIGURE_SIZE", "plot_event"]

#: Smallest field of view of an event.
EVENT_WIDTH = 7.5 * u.arcsec
EVENT_PIXELS = 40

#: The figure of an event in inches, and where its panels are.
FIGURE_SIZE = (9, 5.2)
PANELS = {"left": 0.09, "right": 0.985, "bottom": 0.17, "top": 0.88, "wspace": 0.16}


def plot_event(event, before, after, *, width=None, vmax=None, figure=None, palette="default"):
    """
    Plot one event: its surroundings in the earlier (A) and the later frame (B), as in Figures 3 to 8.

    The members are marked in the frame that shows the event, and a red arrow points at the event's
    place in each frame that has members.

    Parameters
    ----------
    event : `~astropy.table.Row`
        Of the events that `~sunpy_solarunet.Tracker` returns.
    before, after : `~sunpy_solarunet.FeatureCatalog`
        The two frames.
    width : `~astropy.units.Quantity`, optional
        Side of the field of view as an angle on the sky, on a heliographic map as it is at the
        disk's center. 7.5 arcsec, or more where 40 pixels or the marked members need it. The field
        of view stays within the frame.
    vmax : `~astropy.units.Quantity`, optional
        Field shown white; as in `plot_catalog`, from the earlier frame.
    figure : `~matplotlib.figure.Figure` or `~matplotlib.figure.SubFigure`, optional
        Where the two panels go. A new figure, if not given.
    palette : {"default", "paper"}
        As in `draw_borders`.

    Returns
    -------
    `~matplotlib.figure.Figure`

    Raises
    ------
    TypeError
        If ``width`` or ``vmax`` has no unit.
    SolarUnetError
        If the event is not one of these two frames, or has members that they do not have; if there is no
        such palette.

    Examples
    --------
    >>> import astropy.units as u
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from sunpy_solarunet import Segmenter, Tracker, magnetogram
    >>> from sunpy_solarunet.plotting import plot_event
    >>> field = np.full((2, 20, 20), 5.0) * u.G
    >>> field[0, 4:8, 5:9] = 200 * u.G
    >>> field[:, 12:18, 2:6] = -200 * u.G
    >>> frames = [magnetogram(data, time=f"2017-07-13 20:0{minute}:00", scale=1 * u.arcsec, center=(0, 0) * u.arcsec)
    ...           for minute, data in enumerate(field)]
    >>> before, after = [Segmenter(method="threshold")(frame) for frame in frames]
    >>> events = Tracker().track([before, after])
    >>> figure = plot_event(events[0], before, after)
    >>> [text.get_text() for text in figure.axes[0].texts][:2]
    ['(A)', '20:00:00 UT']
    >>> plt.close()
    """
    import matplotlib.pyplot as plt

    require_columns(event, (*EVENT_COLUMNS, "event_id", "Tx", "Ty", "lon", "lat"), "events")
    catalogs = (before, after)
    showing = 0 if event["category"] == "death" else 1
    shown = catalogs[showing]
    if not at_time(event["time"], shown):
        raise SolarUnetError(
            f"event {event['event_id']} is of {event['time'].iso}, "
            f"the {('earlier', 'later')[showing]} frame of {shown.time.iso}: give its own two frames"
        )
    place, marked = _place(event, shown.map), marked_labels(event, shown)
    half_width = _half_width(shown, place, marked, width)
    limit = full_field(before.map, vmax)
    figure = plt.figure(figsize=FIGURE_SIZE) if figure is None else figure
    panels = figure.add_gridspec(1, 2, **PANELS)
    for number, catalog in enumerate(catalogs):
        axes = figure.add_subplot(panels[number], projection=catalog.map)
        kinds = {label: [str(event["kind"])] for label in marked} if number == showing else {}
        here = catalog.map.wcs.world_to_pixel_values(*shown.map.wcs.pixel_to_world_values(*place))
        show_field(catalog.map, axes, limit)
        draw_rings(catalog, kinds, axes, legend=False, palette=palette)
        _zoom(axes, here, half_width / _pixel_angles(catalog.map), catalog.labels.shape)
        write_above(axes, f"({'AB'[number]})")
        write_above(axes, clock(catalog.time, "%H:%M:%S UT"), "right")
        if str(event[("parents", "children")[number]]):
            _point_at(axes, here)
    axes.coords[1].set_axislabel_position("")
    _explain(figure, event, limit, palette)
    return figure


def _explain(figure, event, limit, palette):
    """What is seen above the panels, and the colors below them."""
    kind = str(event["kind"])
    day = clock(event["time"], "%Y-%m-%d")
    figure.suptitle(f"{kind} {event['event_id']}, {day}, field from \N{MINUS SIGN}{limit:.0f} to {limit:.0f} G", y=0.98)
    handles = legend_handles([*SIGNS, kind], palette)
    figure.legend(handles=handles, loc="lower center", bbox_to_anchor=(0.5, 0), ncols=3, **LEGEND)


def _place(event, frame):
    """Column and row of an event's place: on the sky, or on a heliographic map on the surface."""
    known = frame.coordinate_frame
    if isinstance(known, Helioprojective):
        place = SkyCoord(event["Tx"], event["Ty"], frame=known)
    else:
        place = SkyCoord(event["lon"], event["lat"], frame=HeliographicStonyhurst(obstime=known.obstime))
    return np.array(frame.wcs.world_to_pixel(place), float)


def _pixel_angles(frame):
    """Width and height of a pixel in arcsec on the sky, as at the disk's center."""
    side = (pixel_length(frame) / frame.observer_coordinate.radius).to_value(u.one) * u.rad
    shape = np.sqrt((frame.scale.axis1 / frame.scale.axis2).to_value(u.one))
    return side.to_value(u.arcsec) * np.array([shape, 1 / shape])


def _half_width(catalog, place, marked, width):
    """Half of the field of view in arcsec."""
    if width is not None:
        return require_quantity(width, u.arcsec, "width", positive=True) / 2
    angles = _pixel_angles(catalog.map)
    columns, rows, owners = catalog.border_positions
    offsets = (
        np.abs(np.stack([columns, rows], axis=-1)[np.isin(catalog.label[owners - 1], marked)] - place)
        + EVENT_PIXELS / 10
    )
    return max(EVENT_WIDTH.value / 2, EVENT_PIXELS / 2 * angles.max(), (offsets * angles).max(initial=0))


def _zoom(axes, place, reach, shape):
    """Show the surroundings of a place, moved into the frame where they lie beyond its edge."""
    end = np.array(shape[::-1]) - 0.5
    lower = np.clip(place - reach, -0.5, np.maximum(end - 2 * reach, -0.5))
    set_limits(axes, lower, np.minimum(lower + 2 * reach, end))


def _point_at(axes, place):
    """A red arrow from the side where the axes have room."""
    x, y = axes.transAxes.inverted().transform(axes.transData.transform(place))
    offset = (-30 if x > 0.7 else 30, -30 if y > 0.7 else 30)
    halo = [withStroke(linewidth=3, foreground="white")]
    arrow = {"arrowstyle": "-|>", "color": "red", "linewidth": 1.5, "shrinkB": 5, "path_effects": halo}
    axes.annotate("", place, xytext=offset, textcoords="offset points", arrowprops=arrow, zorder=4)
