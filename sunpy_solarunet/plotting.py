"""
Figures: borders of features and of the members of events on map axes, single events, whole frames, movies,
distributions.
"""

import operator
import warnings
from pathlib import Path

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
from astropy.coordinates import SkyCoord
from astropy.visualization.wcsaxes import WCSAxes
from astropy.wcs.utils import wcs_to_celestial_frame
from matplotlib import animation, cbook
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import StepPatch
from matplotlib.patheffects import withStroke
from PIL import Image
from sunpy.coordinates import HeliographicStonyhurst, Helioprojective
from sunpy.visualization import axis_labels_from_ctype
from tqdm.auto import tqdm

from sunpy_solarunet.errors import SequenceError, SolarUnetError, SolarUnetWarning, name_choice, require_quantity
from sunpy_solarunet.features.places import is_behind_the_limb
from sunpy_solarunet.magnetograms import field_strength, pixel_length
from sunpy_solarunet.tracking.exchange import lesser_members
from sunpy_solarunet.tracking.tables import require_columns

__all__ = [
    "COLORS",
    "draw_borders",
    "draw_distributions",
    "draw_events",
    "movie",
    "plot_catalog",
    "plot_event",
    "plot_feature",
]

#: Columns of a table of events that say which features it marks, and how.
EVENT_COLUMNS = ("time", "kind", "category", "parents", "children")

#: Colors of borders (section 3.3 and footnote 9): features that take part in no event, by their
#: sign, and members of events, by its kind.
COLORS = {
    "positive": "#ffe100",
    "negative": "#12c52b",
    "disappearance": "#b04dff",
    "merging": "#ff8c00",
    "cancellation": "#ff8ad2",
    "appearance": "#3a70ff",
    "splitting": "#00f0f0",
    "emergence": "#f00a1e",
}

#: Shown in full contrast: fields up to this, or up to this percentile of weaker data.
FULL_FIELD = 300 * u.G
FULL_PERCENTILE = 99.5

#: Members with less than this part of an event's flux are marked without the giant that the rest belongs to.
LOPSIDED = 0.1

#: Seconds that two equal times may differ by.
SAME_TIME = 1e-3

#: Dash of a border that has several colors, in line widths.
DASH = 4

#: Smallest field of view of an event.
EVENT_WIDTH = 7.5 * u.arcsec
EVENT_PIXELS = 40

#: What is shown beside a feature.
MARGIN = 10 * u.pix

#: A legend beside the field: above it, in place of a title.
ABOVE = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.01), "ncols": 4}


def draw_borders(catalog, *, axes=None, inset=0.15, legend=True, **kwargs):
    """
    Draw the borders of all features: positive ones yellow, negative ones green.

    Parameters
    ----------
    catalog : `~sunpy_solarunet.FeatureCatalog`
    axes : `~astropy.visualization.wcsaxes.WCSAxes`, optional
        Axes of this map or of any other: the borders land where they are on the Sun, and those
        behind the limb are left out. The current axes, or new ones if there are none.
    inset : `float`
        How far, in pixels, borders are drawn into their feature; keeps those of features that touch apart.
    legend : `bool` or `dict`
        Explain the colors; a `dict` holds arguments of `matplotlib.axes.Axes.legend`.
    **kwargs
        Passed to `~matplotlib.collections.LineCollection`.

    Returns
    -------
    `~matplotlib.collections.LineCollection`
        All borders, holes included.

    Raises
    ------
    TypeError
        If the axes have no world coordinates.

    Examples
    --------
    >>> import astropy.units as u
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from sunpy_solarunet import Segmenter, magnetogram
    >>> from sunpy_solarunet.plotting import draw_borders
    >>> field = np.zeros((12, 12)) * u.G
    >>> field[2:6, 3:6] = -200 * u.G
    >>> frame = magnetogram(field, time="2017-07-13", scale=1 * u.arcsec, center=(0, 0) * u.arcsec)
    >>> catalog = Segmenter(method="threshold")(frame)
    >>> ax = plt.subplot(projection=frame)
    >>> borders = draw_borders(catalog, axes=ax)
    >>> len(borders.get_segments())
    1
    >>> plt.close()
    """
    return _draw(catalog, {}, axes, inset, legend, kwargs)


def draw_events(catalog, events, *, axes=None, inset=0.15, legend=True, **kwargs):
    """
    Draw the borders of all features, those of members of this frame's events in the color of the kind.

    A death is marked in the earlier of its frames, on its parents, a birth in the later, on its
    children (footnote 9 of Jiang et al. 2020). Where all members but a giant have less than a tenth of the
    flux, the giant is not marked. The border of a feature that takes part in events of several kinds is
    dashed in their colors.

    Parameters
    ----------
    catalog : `~sunpy_solarunet.FeatureCatalog`
    events : `~astropy.table.QTable`
        As `~sunpy_solarunet.Tracker` returns it; events of other frames are passed over.
    axes : `~astropy.visualization.wcsaxes.WCSAxes`, optional
        As in `draw_borders`.
    inset : `float`
        How far, in pixels, borders are drawn into their feature.
    legend : `bool` or `dict`
        Explain the colors that occur; a `dict` holds arguments of `matplotlib.axes.Axes.legend`.
    **kwargs
        Passed to `~matplotlib.collections.LineCollection`.

    Returns
    -------
    `~matplotlib.collections.LineCollection`
        All borders; those of events come last, above the others.

    Raises
    ------
    TypeError
        If the axes have no world coordinates.
    SolarUnetError
        If an event's members are not in the catalog.

    Examples
    --------
    >>> import astropy.units as u
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from sunpy_solarunet import Segmenter, Tracker, magnetogram
    >>> from sunpy_solarunet.plotting import draw_events
    >>> field = np.full((2, 20, 20), 5.0) * u.G
    >>> field[0, 4:8, 5:9] = 200 * u.G
    >>> field[:, 12:18, 2:6] = -200 * u.G
    >>> frames = [magnetogram(data, time=f"2017-07-13 20:0{minute}:00", scale=1 * u.arcsec, center=(0, 0) * u.arcsec)
    ...           for minute, data in enumerate(field)]
    >>> catalogs = [Segmenter(method="threshold")(frame) for frame in frames]
    >>> events = Tracker().track(catalogs)
    >>> ax = plt.subplot(projection=frames[0])
    >>> borders = draw_events(catalogs[0], events, axes=ax)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['negative', 'disappearance']
    >>> plt.close()
    """
    return _draw(catalog, _kinds_of_features(catalog, events), axes, inset, legend, kwargs)


def _kinds_of_features(catalog, events):
    """Kinds of the events that mark a feature of this catalog, by its label."""
    require_columns(events, EVENT_COLUMNS, "events")
    kinds = {}
    for event in events[_at_time(events["time"], catalog)]:
        for label in _marked(event, catalog):
            several = kinds.setdefault(label, [])
            if event["kind"] not in several:
                several.append(name_choice(str(event["kind"]), COLORS, "kind of event"))
    return kinds


def _at_time(times, catalog):
    return np.abs((times - catalog.time).to_value("s")) < SAME_TIME


def _marked(event, catalog):
    """
    Labels of the members that an event marks: of the parents of a death, of the children of a birth.

    Beside a giant only those that are exchanged: a border around the giant would hide what happens.
    """
    text = str(event["parents"] if event["category"] == "death" else event["children"])
    labels = [int(label) for label in text.split()]
    if not np.isin(labels, catalog.label).all():
        message = f"event {event['event_id']} has members {text}, not all of them are among the catalog's"
        raise SolarUnetError(f"{message} {len(catalog)} features: they are of different runs or selections")
    if not labels:
        return []
    members, flux = np.searchsorted(catalog.label, labels).tolist(), catalog.flux.value
    lesser = lesser_members(members, flux)
    lopsided = np.abs(flux[lesser]).sum() < LOPSIDED * np.abs(flux[members]).sum()
    return catalog.label[lesser if lopsided else members].tolist()


def _draw(catalog, kinds, axes, inset, legend, options):
    """Borders of a catalog, where ``kinds`` names the events of each marked label."""
    axes = _map_axes(axes, catalog.map)
    rings, names, styles = _strokes(catalog, kinds, inset)
    options = {"linewidth": 1.0, "linestyle": styles} | cbook.normalize_kwargs(options, LineCollection)
    if not {"color", "colors", "edgecolor"} & options.keys():
        options["edgecolor"] = [COLORS[name] for name in names]
    borders = LineCollection(_positions(rings, catalog.map, axes), **options)
    empty = not axes.has_data()
    axes.add_collection(borders, autolim=empty)
    if empty:
        axes.autoscale_view()
    if legend and names:
        _add_legend(axes, names, legend)
    return borders


def _map_axes(axes, frame):
    if axes is None:
        occupied = plt.get_fignums() and plt.gcf().axes
        axes = plt.gca() if occupied else plt.subplot(projection=frame)
    if not isinstance(axes, WCSAxes):
        raise TypeError(
            "the axes have no world coordinates: make them with the map as their projection, "
            "for example plt.subplot(projection=catalog.map)"
        )
    return axes


def _strokes(catalog, kinds, inset):
    """Rings in pixels, the name of each one's color and its line style; a ring for each color it has."""
    signs = np.where(catalog.polarity > 0, "positive", "negative").tolist()
    signs = dict(zip(catalog.label.tolist(), signs, strict=True))
    strokes = []
    for ring, owner in zip(*catalog.borders(inset=inset), strict=True):
        names = kinds.get(int(owner), [signs[int(owner)]])
        dashes = [(turn * DASH, (DASH, DASH * (len(names) - 1))) for turn in range(len(names))]
        styles = dashes if len(names) > 1 else ["solid"]
        strokes += [(ring, name, style) for name, style in zip(names, styles, strict=True)]
    strokes.sort(key=lambda stroke: stroke[1] not in ("positive", "negative"))
    return [list(part) for part in zip(*strokes, strict=True)] or ([], [], [])


def _positions(rings, frame, axes):
    """Rings of a map's pixels in those of the axes, all vertices at once."""
    if not rings:
        return []
    x, y = np.concatenate(rings).T * u.pix
    place = frame.pixel_to_world(x, y).transform_to(wcs_to_celestial_frame(axes.wcs))
    vertices = np.stack(axes.wcs.world_to_pixel(place), axis=-1)
    vertices[is_behind_the_limb(place)] = np.nan
    return np.split(vertices, np.cumsum([len(ring) for ring in rings])[:-1])


def _add_legend(axes, names, options):
    """A legend of those colors, on the gray of a magnetogram so that they look the same."""
    handles = [Line2D([], [], color=color, linewidth=2, label=name) for name, color in COLORS.items() if name in names]
    look = {"loc": "upper right", "fontsize": "small", "facecolor": "0.5", "framealpha": 0.9, "edgecolor": "0.2"}
    axes.legend(handles=handles, **look | (options if isinstance(options, dict) else {}))


def plot_catalog(catalog, events=None, *, axes=None, vmax=None, colorbar=False, legend=True, **kwargs):
    """
    Plot a magnetogram in gray, north up, with the borders of its features or events.

    Parameters
    ----------
    catalog : `~sunpy_solarunet.FeatureCatalog`
    events : `~astropy.table.QTable`, optional
        Mark the members of these; only the features' signs if not given.
    axes : `~astropy.visualization.wcsaxes.WCSAxes`, optional
        As in `draw_borders`.
    vmax : `~astropy.units.Quantity`, optional
        Field shown white; minus that is black. 300 G, or the 99.5 percentile of a weaker field.
    colorbar : `bool`
        Show the scale of the field.
    legend : `bool` or `dict`
        Explain the colors that occur, above the axes; as in `draw_events`.
    **kwargs
        Passed to `draw_events`.

    Returns
    -------
    `~astropy.visualization.wcsaxes.WCSAxes`

    Raises
    ------
    TypeError
        If the axes have no world coordinates, or ``vmax`` has no unit.

    Examples
    --------
    >>> import astropy.units as u
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from sunpy_solarunet import Segmenter, magnetogram
    >>> from sunpy_solarunet.plotting import plot_catalog
    >>> field = np.full((12, 12), 5.0) * u.G
    >>> field[2:6, 3:6] = -200 * u.G
    >>> frame = magnetogram(field, time="2017-07-13", scale=1 * u.arcsec, center=(0, 0) * u.arcsec)
    >>> ax = plot_catalog(Segmenter(method="threshold")(frame), vmax=100 * u.G)
    >>> ax.images[0].get_clim()
    (-100.0, 100.0)
    >>> plt.close()
    """
    axes = _map_axes(axes, catalog.map)
    image = _show_field(catalog.map, axes, _full_field(catalog.map, vmax))
    kinds = {} if events is None else _kinds_of_features(catalog, events)
    place = ABOVE | legend if isinstance(legend, dict) else legend and ABOVE
    inset = kwargs.pop("inset", 0.15)
    _draw(catalog, kinds, axes, inset, place, kwargs)
    _write(axes, _clock(catalog.time, "%Y-%m-%d %H:%M:%S UT"), "lower right")
    if colorbar:
        axes.figure.colorbar(image, ax=axes, label=_field_label(catalog.map), extend="both", fraction=0.046, pad=0.03)
    return axes


def plot_feature(feature, events=None, *, axes=None, margin=MARGIN, vmax=None, colorbar=False, legend=False, **kwargs):
    """
    Plot the surroundings of a feature: its own border strong, those of its neighbors thin.

    Parameters
    ----------
    feature : `~sunpy_solarunet.Feature`
    events, axes, vmax, colorbar, legend
        As in `plot_catalog`.
    margin : `~astropy.units.Quantity`
        What is shown beside the feature on each side, in pixels of its map.
    **kwargs
        Of its own border, passed to `~matplotlib.collections.LineCollection`.

    Returns
    -------
    `~astropy.visualization.wcsaxes.WCSAxes`

    Raises
    ------
    TypeError
        If the axes have no world coordinates, or ``margin`` or ``vmax`` has no unit.

    Examples
    --------
    >>> import astropy.units as u
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from sunpy_solarunet import Segmenter, magnetogram
    >>> from sunpy_solarunet.plotting import plot_feature
    >>> field = np.full((30, 40), 5.0) * u.G
    >>> field[12:16, 23:26] = -200 * u.G
    >>> frame = magnetogram(field, time="2017-07-13", scale=1 * u.arcsec, center=(0, 0) * u.arcsec)
    >>> ax = plot_feature(Segmenter(method="threshold")(frame)[0], margin=5 * u.pix)
    >>> [limit.tolist() for limit in ax.viewLim.get_points()]
    [[17.5, 6.5], [30.5, 20.5]]
    >>> plt.close()
    """
    surroundings = _surroundings(feature, require_quantity(margin, u.pix, "margin", positive=True))
    catalog = feature.catalog
    thin = {"linewidth": 0.8, "alpha": 0.8}
    axes = plot_catalog(catalog, events, axes=axes, vmax=vmax, colorbar=colorbar, legend=legend, **thin)
    kinds = {} if events is None else _kinds_of_features(catalog, events)
    options = {"linewidth": 2.2} | cbook.normalize_kwargs(kwargs, LineCollection)
    _draw(catalog[[feature.index]], kinds, axes, options.pop("inset", 0.15), False, options)
    (corners,) = _positions([surroundings], catalog.map, axes)
    seen = corners[np.isfinite(corners).all(axis=1)]
    if len(seen):
        _set_limits(axes, seen.min(axis=0), seen.max(axis=0))
    return axes


def _surroundings(feature, margin):
    """Corners of a feature's bounding box with a margin, within its frame; x and y in pixels."""
    height, width = feature.catalog.labels.shape
    top, left, bottom, right = feature.bbox
    x = np.clip([left - margin, right + margin], 0, width) - 0.5
    y = np.clip([top - margin, bottom + margin], 0, height) - 0.5
    return np.stack([x[[0, 1, 1, 0]], y[[0, 0, 1, 1]]], axis=-1)


def _field_label(frame):
    return f"magnetic field ({frame.unit.to_string('latex_inline')})"


def _full_field(frame, vmax=None):
    """Gauss that are shown in full contrast."""
    if vmax is not None:
        return require_quantity(vmax, u.G, "vmax", positive=True)
    strength = np.abs(field_strength(frame))
    strength = strength[np.isfinite(strength)]
    strongest = np.percentile(strength, FULL_PERCENTILE) if strength.size else 0
    return min(float(strongest), FULL_FIELD.value) or FULL_FIELD.value


def _show_field(frame, axes, limit):
    """A magnetogram in gray, its axes labeled and turned north up."""
    limit = (limit * u.G).to_value(frame.unit)
    image = frame.plot(
        axes=axes, cmap="gray", norm=Normalize(-limit, limit), interpolation="nearest", annotate=False, autoalign=True
    )
    axes.set_facecolor("0.5")
    axes.coords.grid(draw_grid=False)
    matrix = axes.wcs.celestial.pixel_scale_matrix
    backward = np.diag(matrix) < -0.7 * np.linalg.norm(matrix, axis=1)
    axes.xaxis.set_inverted(backward[0])
    axes.yaxis.set_inverted(backward[1])
    _label_axes(axes)
    return image


def _label_axes(axes):
    """Axis labels and decimal numbers in arcsec on the sky, in degrees on the surface."""
    sky = axes.wcs.wcs.ctype[0].startswith("HPLN")
    unit = u.arcsec if sky else u.deg
    names = ("E-W", "S-N") if sky else [axis_labels_from_ctype(ctype, None) for ctype in axes.wcs.wcs.ctype]
    for coordinate, name in zip(axes.coords, names, strict=True):
        coordinate.set_format_unit(unit, decimal=True, show_decimal_unit=False)
        coordinate.set_axislabel(f"{name} ({unit})")
        coordinate.set_ticks(number=5)


def _clock(time, style):
    """Time rounded to the second."""
    return (time.utc + 0.5 * u.s).strftime(style)


def _write(axes, text, corner):
    """Text in a corner of the axes that stays readable on black and white."""
    vertical, horizontal = corner.split()
    x = {"left": 0.02, "right": 0.98}[horizontal]
    y, align = {"lower": (0.02, "bottom"), "upper": (0.98, "top")}[vertical]
    outline = [withStroke(linewidth=2.5, foreground="black")]
    axes.text(
        x, y, text, color="white", ha=horizontal, va=align, transform=axes.transAxes, path_effects=outline, zorder=5
    )


def plot_event(event, before, after, *, width=None, vmax=None, figure=None):
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

    Returns
    -------
    `~matplotlib.figure.Figure`

    Raises
    ------
    TypeError
        If ``width`` or ``vmax`` has no unit.
    SolarUnetError
        If the event is not one of these two frames, or has members that they do not have.

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
    require_columns(event, (*EVENT_COLUMNS, "event_id", "Tx", "Ty", "lon", "lat"), "events")
    catalogs = (before, after)
    showing = 0 if event["category"] == "death" else 1
    shown = catalogs[showing]
    if not _at_time(event["time"], shown):
        raise SolarUnetError(
            f"event {event['event_id']} is of {event['time'].iso}, "
            f"the {('earlier', 'later')[showing]} frame of {shown.time.iso}: give its own two frames"
        )
    place, marked = _place(event, shown.map), _marked(event, shown)
    half_width = _half_width(shown, place, marked, width)
    limit = _full_field(before.map, vmax)
    figure = plt.figure(figsize=(9, 4.5)) if figure is None else figure
    panels = figure.add_gridspec(1, 2, left=0.09, right=0.98, bottom=0.12, top=0.92, wspace=0.16)
    for number, catalog in enumerate(catalogs):
        axes = figure.add_subplot(panels[number], projection=catalog.map)
        kinds = {label: [str(event["kind"])] for label in marked} if number == showing else {}
        here = catalog.map.wcs.world_to_pixel_values(*shown.map.wcs.pixel_to_world_values(*place))
        _show_field(catalog.map, axes, limit)
        _draw(catalog, kinds, axes, 0.15, False, {"linewidth": 1.5})
        _zoom(axes, here, half_width / _pixel_angles(catalog.map), catalog.labels.shape)
        _write(axes, f"({'AB'[number]})", "upper left")
        _write(axes, _clock(catalog.time, "%H:%M:%S UT"), "lower right")
        if str(event[("parents", "children")[number]]):
            _point_at(axes, here)
    axes.coords[1].set_axislabel_position("")
    return figure


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
    _set_limits(axes, lower, np.minimum(lower + 2 * reach, end))


def _set_limits(axes, lower, upper, strict=True):
    """Show what lies between two corners; axes that run backward do so still."""
    for axis, set_limits, *limits in zip(
        (axes.xaxis, axes.yaxis), (axes.set_xlim, axes.set_ylim), lower, upper, strict=True
    ):
        set_limits(limits[::-1] if axis.get_inverted() else limits)


def _point_at(axes, place):
    """A red arrow from the side where the axes have room."""
    x, y = axes.transAxes.inverted().transform(axes.transData.transform(place))
    offset = (-30 if x > 0.7 else 30, -30 if y > 0.7 else 30)
    arrow = {"arrowstyle": "-|>", "color": "red", "linewidth": 1.5, "shrinkB": 5}
    axes.annotate("", place, xytext=offset, textcoords="offset points", arrowprops=arrow, zorder=4)


def movie(catalogs, events, path, *, frames_per_second=4, dpi=120, vmax=None, progress=False):
    """
    Write a movie of a sequence with its events, frame by frame as `plot_catalog` plots them.

    Scale, layout and legend are the same for all frames.

    Parameters
    ----------
    catalogs : iterable of `~sunpy_solarunet.FeatureCatalog`
        One is held at a time.
    events : `~astropy.table.QTable` or `None`
        As `~sunpy_solarunet.Tracker` returns it.
    path : path-like
        With the suffix .mp4 or .gif; without one, .mp4 where ffmpeg is installed and .gif elsewhere.
    frames_per_second : `float`
    dpi : `float`
        Pixels per inch; the figure is 8 inches wide.
    vmax : `~astropy.units.Quantity`, optional
        Field shown white; as in `plot_catalog`, from the first frame.
    progress : `bool`
        Show a progress bar.

    Returns
    -------
    `pathlib.Path`
        The file that was written. Without ffmpeg it ends in .gif, with a warning if .mp4 was asked for.

    Raises
    ------
    SequenceError
        If there are no catalogs.
    SolarUnetError
        If the suffix is another one, or ``frames_per_second`` or ``dpi`` is not positive.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import astropy.units as u
    >>> import numpy as np
    >>> from sunpy_solarunet import Segmenter, magnetogram
    >>> from sunpy_solarunet.plotting import movie
    >>> field = np.full((12, 12), 5.0) * u.G
    >>> field[2:6, 3:6] = 200 * u.G
    >>> frames = [magnetogram(field, time=f"2017-07-13 20:0{minute}:00", scale=1 * u.arcsec, center=(0, 0) * u.arcsec)
    ...           for minute in range(2)]
    >>> segmenter = Segmenter(method="threshold")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     movie((segmenter(frame) for frame in frames), None, Path(folder) / "sequence.gif").name
    'sequence.gif'
    """
    path = _movie_path(Path(path))
    if events is not None:
        require_columns(events, EVENT_COLUMNS, "events")
    if not (frames_per_second > 0 and dpi > 0):
        raise SolarUnetError(f"frames_per_second and dpi must be positive, got {frames_per_second} and {dpi}")
    bar = tqdm(total=operator.length_hint(catalogs) or None, disable=not progress, unit="frame")
    catalogs = iter(catalogs)
    first = next(catalogs, None)
    if first is None:
        raise SequenceError("there are no frames to make a movie of")
    figure, box = _movie_figure(first.labels.shape)
    names = ["positive", "negative", *([] if events is None else map(str, events["kind"]))]
    limit = _full_field(first.map, vmax) * u.G
    drawn = _movie_frames(figure, box, first, catalogs, events, limit, names, bar)
    del first
    if path.suffix.lower() == ".mp4":
        _write_mp4(figure, drawn, path, frames_per_second, dpi)
    else:
        _write_gif(figure, drawn, path, frames_per_second, dpi)
    return path


def _movie_path(path):
    """The path with a suffix that can be written here."""
    suffix = path.suffix.lower()
    if suffix and suffix not in (".mp4", ".gif"):
        raise SolarUnetError(f"{path}: unknown suffix {path.suffix!r}; choose one of .mp4, .gif")
    if suffix == ".gif":
        return path
    if animation.writers.is_available("ffmpeg"):
        return path.with_suffix(".mp4")
    replacement = path.with_suffix(".gif")
    if suffix:
        message = f"{path.name} needs ffmpeg, which is not installed: {replacement.name} is written in its place"
        warnings.warn(message, SolarUnetWarning, stacklevel=3)
    return replacement


def _movie_figure(shape):
    """A figure that fits frames of a shape, and the place of its axes."""
    left, right, lower, upper, width = 0.9, 1.1, 0.6, 0.6, 6.0
    height = width * np.clip(shape[0] / shape[1], 0.3, 2)
    size = (left + width + right, lower + height + upper)
    box = (left / size[0], lower / size[1], width / size[0], height / size[1])
    figure = Figure(figsize=size)
    FigureCanvasAgg(figure)
    return figure, box


def _movie_frames(figure, box, catalog, following, events, limit, names, bar):
    """Draw frame after frame, each in place of the last; a catalog is let go before the next is made."""
    with bar:
        while catalog is not None:
            figure.clear()
            axes = figure.add_axes(box, projection=catalog.map)
            plot_catalog(catalog, events, axes=axes, vmax=limit, legend=False)
            _add_legend(axes, names, ABOVE)
            beside = figure.add_axes((box[0] + 1.02 * box[2], box[1], 0.025 * box[2], box[3]))
            figure.colorbar(axes.images[0], cax=beside, label=_field_label(catalog.map), extend="both")
            yield
            bar.update()
            catalog = None
            catalog = next(following, None)


def _write_mp4(figure, drawn, path, frames_per_second, dpi):
    writer = animation.writers["ffmpeg"](fps=frames_per_second)
    with writer.saving(figure, path, dpi):
        for _ in drawn:
            writer.grab_frame()


def _write_gif(figure, drawn, path, frames_per_second, dpi):
    """A GIF of one palette; Pillow takes the frames one by one, each with a byte a pixel."""
    figure.set_dpi(dpi)
    palette = _palette()
    images = (_image(figure, palette) for _ in drawn)
    first = next(images)
    first.save(path, save_all=True, append_images=images, duration=1000 / frames_per_second, loop=0, optimize=False)


def _image(figure, palette):
    figure.canvas.draw()
    image = Image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("RGB")
    return image.quantize(palette=palette, dither=Image.Dither.NONE)


def _palette():
    """Grays, and the colors of borders pure and mixed with black, gray and white."""
    colors = 255 * np.array([to_rgb(color) for color in COLORS.values()])
    mixed = [share * colors + (1 - share) * gray for share in (1 / 3, 2 / 3) for gray in (0, 128, 255)]
    grays = np.repeat(np.append(np.arange(0, 248, 4), 255), 3).reshape(-1, 3)
    palette = Image.new("P", (1, 1))
    palette.putpalette(np.concatenate([grays, colors, *mixed]).round().astype(np.uint8).tobytes())
    return palette


def draw_distributions(samples, *, axes=None, bins=24, legend=True, **kwargs):
    """
    Draw how many features there are of each size, or of each flux, by each method (Figures 10 and 11).

    Both axes are logarithmic, and all samples have the same bins.

    Parameters
    ----------
    samples : `dict` of `~astropy.units.Quantity`
        By the method's name the areas or the unsigned fluxes of its features, such as
        `~sunpy_solarunet.analysis.feature_values` gives.
    axes : `~matplotlib.axes.Axes`, optional
        The current ones, if not given.
    bins : `int`
        Number of bins between the smallest and the largest value of all samples.
    legend : `bool` or `dict`
        Name the methods; a `dict` holds arguments of `matplotlib.axes.Axes.legend`.
    **kwargs
        Passed to `~matplotlib.axes.Axes.stairs`.

    Returns
    -------
    list of `~matplotlib.patches.StepPatch`
        One a sample.

    Raises
    ------
    TypeError
        If a sample has no unit.
    SolarUnetError
        If there are no samples, or one has values that are not finite.

    Examples
    --------
    >>> import astropy.units as u
    >>> import matplotlib.pyplot as plt
    >>> from sunpy_solarunet.plotting import draw_distributions
    >>> steps = draw_distributions({"network": [1, 2, 8] * u.Mm**2, "downhill": [1, 1, 2] * u.Mm**2}, bins=3)
    >>> steps[0].get_data().values
    array([1, 1, 1])
    >>> plt.close()
    """
    if not samples:
        raise SolarUnetError("there are no samples to draw")
    unit = getattr(next(iter(samples.values())), "unit", u.Mm**2)
    plain = {name: require_quantity(values, unit, name, positive=True) for name, values in samples.items()}
    edges = _logarithmic_edges(np.concatenate(list(plain.values())), bins)
    options = {"linewidth": 1.6} | cbook.normalize_kwargs(kwargs, StepPatch)
    counts = {name: np.histogram(values, edges)[0] for name, values in plain.items()}
    axes = plt.gca() if axes is None else axes
    steps = [axes.stairs(number, edges, label=name, **options) for name, number in counts.items()]
    quantity = "unsigned flux" if unit.is_equivalent(u.Mx) else "area"
    axes.set_ylim(0.5, 2 * max(1, *(number.max() for number in counts.values())))
    axes.set(xscale="log", yscale="log", xlabel=f"{quantity} ({unit:latex_inline})", ylabel="features per bin")
    if legend:
        axes.legend(**(legend if isinstance(legend, dict) else {}))
    return steps


def _logarithmic_edges(values, bins):
    values = values[values > 0]
    lowest, highest = (values.min(), values.max()) if len(values) else (1, 1)
    return np.geomspace(lowest, highest if highest > lowest else 10 * lowest, bins + 1)
