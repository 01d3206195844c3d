"""
The borders of features on map axes, and the legend of their colors.
"""

import astropy.units as u
import numpy as np
from astropy.wcs.utils import wcs_to_celestial_frame
from matplotlib import cbook
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from sunpy_solarunet.features.places import is_behind_the_limb
from sunpy_solarunet.plotting.field import map_axes
from sunpy_solarunet.plotting.halo import WIDER, HaloedLines
from sunpy_solarunet.plotting.palettes import SIGNS, colors_of, line_style

__all__ = ["LEGEND", "add_legend", "draw_borders", "draw_rings", "legend_handles", "positions"]

#: Widths of borders in points: of members of events, and of other features.
WIDTH_OF_MEMBERS = 1.6
WIDTH_OF_OTHERS = 0.8
WIDTH_IN_LEGEND = 2.5

#: Legends have the gray of a magnetogram, so that colors look the same.
LEGEND = {
    "fontsize": "small",
    "facecolor": "0.5",
    "framealpha": 0.9,
    "edgecolor": "0.2",
    "borderpad": 0.3,
    "labelspacing": 0.25,
    "columnspacing": 1.5,
}


def draw_borders(catalog, *, axes=None, inset=0.15, legend=True, palette="default", **kwargs):
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
    palette : {"default", "paper"}
        The colors of the paper are not all told apart by people who lack one kind of cones.
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
    SolarUnetError
        If there is no such palette.

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
    return draw_rings(catalog, {}, axes, inset=inset, legend=legend, palette=palette, **kwargs)


def draw_rings(catalog, kinds, axes, *, inset=0.15, legend=True, palette="default", **options):
    """
    Draw the borders of a catalog.

    Parameters
    ----------
    catalog : `~sunpy_solarunet.FeatureCatalog`
    kinds : `dict`
        The kinds of the events of each marked feature, by its label.
    axes, inset, legend, palette
        As of `draw_borders`.
    **options
        Of the collection.

    Returns
    -------
    `~matplotlib.collections.LineCollection`
    """
    axes = map_axes(axes, catalog.map)
    rings, names, styles = _strokes(catalog, kinds, inset)
    widths = [WIDTH_OF_OTHERS if name in SIGNS else WIDTH_OF_MEMBERS for name in names]
    look = {"linewidth": widths, "linestyle": styles} | cbook.normalize_kwargs(options, LineCollection)
    if not {"color", "colors", "edgecolor"} & look.keys():
        solid = {name: to_rgba(color) for name, color in colors_of(palette).items()}
        look["edgecolor"] = np.reshape([solid[name] for name in names], (-1, 4))
    borders = HaloedLines(positions(rings, catalog.map, axes), **look)
    empty = not axes.has_data()
    axes.add_collection(borders, autolim=empty)
    if empty:
        axes.autoscale_view()
    if legend and names:
        add_legend(axes, names, palette=palette, **(legend if isinstance(legend, dict) else {}))
    return borders


def _strokes(catalog, kinds, inset):
    """Rings in pixels, the name of each one's color and its line style; a ring for each color it has."""
    signs = np.where(catalog.polarity > 0, "positive", "negative").tolist()
    signs = dict(zip(catalog.label.tolist(), signs, strict=True))
    strokes = []
    for ring, owner in zip(*catalog.borders(inset=inset), strict=True):
        names = kinds.get(int(owner), [signs[int(owner)]])
        strokes += [(ring, name, style) for name, style in zip(names, line_style(names), strict=True)]
    strokes.sort(key=lambda stroke: stroke[1] not in SIGNS)
    return [list(part) for part in zip(*strokes, strict=True)] or ([], [], [])


def positions(rings, frame, axes):
    """
    Rings of a map's pixels in those of the axes, all vertices at once.

    Parameters
    ----------
    rings : list of `numpy.ndarray`
        Shape (n, 2), x and y in pixels.
    frame : `~sunpy.map.GenericMap`
    axes : `~astropy.visualization.wcsaxes.WCSAxes`

    Returns
    -------
    list of `numpy.ndarray`
        Not-a-number where a place is behind the limb.
    """
    if not rings or _shows(axes, frame):
        return rings
    x, y = np.concatenate(rings).T * u.pix
    place = frame.pixel_to_world(x, y).transform_to(wcs_to_celestial_frame(axes.wcs))
    vertices = np.stack(axes.wcs.world_to_pixel(place), axis=-1)
    vertices[is_behind_the_limb(place)] = np.nan
    return np.split(vertices, np.cumsum([len(ring) for ring in rings])[:-1])


def _shows(axes, frame):
    """Whether the pixels of the axes are those of the map."""
    same = axes.wcs.wcs.compare(frame.wcs.wcs)
    return same and wcs_to_celestial_frame(axes.wcs).is_equivalent_frame(frame.coordinate_frame)


def legend_handles(names, palette="default"):
    """
    Lines for a legend.

    Parameters
    ----------
    names : iterable of `str`
        Signs and kinds of events, in any order and any number of times.
    palette : {"default", "paper"}

    Returns
    -------
    list of `~matplotlib.lines.Line2D`
    """
    halo = [withStroke(linewidth=WIDTH_IN_LEGEND + WIDER, foreground="black")]
    look = {"linewidth": WIDTH_IN_LEGEND, "path_effects": halo}
    return [
        Line2D([], [], color=color, linestyle=line_style([name])[0], label=name, **look)
        for name, color in colors_of(palette).items()
        if name in names
    ]


def add_legend(axes, names, *, palette="default", **options):
    """
    A legend of the colors that are named.

    Parameters
    ----------
    axes : `~matplotlib.axes.Axes`
    names, palette
        As of `legend_handles`.
    **options
        Of `matplotlib.axes.Axes.legend`.
    """
    axes.legend(handles=legend_handles(names, palette), **{"loc": "upper right"} | LEGEND | options)
