"""
A whole magnetogram, or the surroundings of one feature, with borders.
"""

from pathlib import Path

import astropy.units as u
import numpy as np
from matplotlib import cbook
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from sunpy_solarunet.errors import require_quantity
from sunpy_solarunet.plotting.borders import add_legend, draw_rings, positions
from sunpy_solarunet.plotting.events import kinds_of_features
from sunpy_solarunet.plotting.field import clock, field_label, full_field, map_axes, set_limits, show_field
from sunpy_solarunet.plotting.layout import above, add_frame_axes, add_scale, figure_size, write_above
from sunpy_solarunet.plotting.palettes import SIGNS

__all__ = ["fill_figure", "plot_catalog", "plot_feature", "save_frame"]

#: What is shown beside a feature.
MARGIN = 10 * u.pix

#: Pixels of a figure's file per inch.
DOTS = 120

#: Half the time of the default, and smaller files.
FAST_PNG = {"pil_kwargs": {"compress_level": 3}}


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
        Passed to `draw_events`, such as ``palette``.

    Returns
    -------
    `~astropy.visualization.wcsaxes.WCSAxes`

    Raises
    ------
    TypeError
        If the axes have no world coordinates, or ``vmax`` has no unit.
    SolarUnetError
        If an event's members are not in the catalog, or there is no such palette.

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
    axes = map_axes(axes, catalog.map, scale=colorbar)
    image = show_field(catalog.map, axes, full_field(catalog.map, vmax))
    kinds = {} if events is None else kinds_of_features(catalog, events)
    place = legend and above(axes) | (legend if isinstance(legend, dict) else {})
    draw_rings(catalog, kinds, axes, legend=place, **kwargs)
    write_above(axes, clock(catalog.time, "%Y-%m-%d %H:%M:%S UT"))
    if colorbar:
        add_scale(axes, image, field_label(catalog.map))
    return axes


def plot_feature(
    feature,
    events=None,
    *,
    axes=None,
    margin=MARGIN,
    vmax=None,
    colorbar=False,
    legend=False,
    palette="default",
    **kwargs,
):
    """
    Plot the surroundings of a feature: its own border strong, those of its neighbors thin.

    Parameters
    ----------
    feature : `~sunpy_solarunet.Feature`
    events, axes, vmax, colorbar, legend, palette
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
    shown = {"vmax": vmax, "colorbar": colorbar, "legend": legend, "palette": palette}
    axes = plot_catalog(catalog, events, axes=axes, linewidth=0.8, alpha=0.8, **shown)
    kinds = {} if events is None else kinds_of_features(catalog, events)
    options = {"linewidth": 2.2} | cbook.normalize_kwargs(kwargs, LineCollection)
    draw_rings(catalog[[feature.index]], kinds, axes, legend=False, palette=palette, **options)
    (corners,) = positions([surroundings], catalog.map, axes)
    seen = corners[np.isfinite(corners).all(axis=1)]
    if len(seen):
        set_limits(axes, seen.min(axis=0), seen.max(axis=0))
    return axes


def _surroundings(feature, margin):
    """Corners of a feature's bounding box with a margin, within its frame; x and y in pixels."""
    height, width = feature.catalog.labels.shape
    top, left, bottom, right = feature.bbox
    x = np.clip([left - margin, right + margin], 0, width) - 0.5
    y = np.clip([top - margin, bottom + margin], 0, height) - 0.5
    return np.stack([x[[0, 1, 1, 0]], y[[0, 0, 1, 1]]], axis=-1)


def fill_figure(figure, catalog, events=None, *, vmax=None, palette="default"):
    """
    Plot a frame into a figure that fits it, with its scale and the legend of all events, whenever they take place.

    Parameters
    ----------
    figure : `~matplotlib.figure.Figure`
        Of the size that `~sunpy_solarunet.plotting.layout.figure_size` gives.
    catalog, events, vmax, palette
        As of `plot_catalog`.

    Returns
    -------
    `~astropy.visualization.wcsaxes.WCSAxes`
    """
    axes = add_frame_axes(figure, catalog.map)
    plot_catalog(catalog, events, axes=axes, vmax=vmax, colorbar=True, legend=False, palette=palette)
    names = {*SIGNS} if events is None else {*SIGNS, *np.unique(np.asarray(events["kind"], str)).tolist()}
    add_legend(axes, names, palette=palette, **above(axes))
    return axes


def save_frame(path, catalog, events=None, *, vmax=None, palette="default"):
    """
    Draw a magnetogram with the borders of its features and its events into a file.

    The legend names all kinds of events that there are, so that the figures of a sequence are alike.

    Parameters
    ----------
    path : path-like
        With the suffix of an image format, such as .png or .pdf.
    catalog, events, vmax, palette
        As of `plot_catalog`.
    """
    figure = Figure(figsize=figure_size(catalog.map))
    fill_figure(figure, catalog, events, vmax=vmax, palette=palette)
    options = FAST_PNG if Path(path).suffix.lower() == ".png" else {}
    figure.savefig(path, dpi=DOTS, **options)
