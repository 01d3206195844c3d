"""
The borders of features on map axes.
"""

import astropy.units as u
import numpy as np
from astropy.wcs.utils import wcs_to_celestial_frame
from matplotlib import cbook
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D

from sunpy_solarunet.features.places import is_behind_the_limb
from sunpy_solarunet.plotting.field import map_axes
from sunpy_solarunet.plotting.palettes import COLORS

__all__ = ["ABOVE", "add_legend", "draw_borders", "draw_rings", "positions"]

#: Dash of a border that has several colors, in line widths.
DASH = 4

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
    return draw_rings(catalog, {}, axes, inset, legend, kwargs)


def draw_rings(catalog, kinds, axes, inset, legend, options):
    """Borders of a catalog, where ``kinds`` names the events of each marked label."""
    axes = map_axes(axes, catalog.map)
    rings, names, styles = _strokes(catalog, kinds, inset)
    options = {"linewidth": 1.0, "linestyle": styles} | cbook.normalize_kwargs(options, LineCollection)
    if not {"color", "colors", "edgecolor"} & options.keys():
        options["edgecolor"] = [COLORS[name] for name in names]
    borders = LineCollection(positions(rings, catalog.map, axes), **options)
    empty = not axes.has_data()
    axes.add_collection(borders, autolim=empty)
    if empty:
        axes.autoscale_view()
    if legend and names:
        add_legend(axes, names, legend)
    return borders


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


def positions(rings, frame, axes):
    """Rings of a map's pixels in those of the axes, all vertices at once."""
    if not rings:
        return []
    x, y = np.concatenate(rings).T * u.pix
    place = frame.pixel_to_world(x, y).transform_to(wcs_to_celestial_frame(axes.wcs))
    vertices = np.stack(axes.wcs.world_to_pixel(place), axis=-1)
    vertices[is_behind_the_limb(place)] = np.nan
    return np.split(vertices, np.cumsum([len(ring) for ring in rings])[:-1])


def add_legend(axes, names, options):
    """A legend of those colors, on the gray of a magnetogram so that they look the same."""
    handles = [Line2D([], [], color=color, linewidth=2, label=name) for name, color in COLORS.items() if name in names]
    look = {"loc": "upper right", "fontsize": "small", "facecolor": "0.5", "framealpha": 0.9, "edgecolor": "0.2"}
    axes.legend(handles=handles, **look | (options if isinstance(options, dict) else {}))
