"""
Where things stand in a figure of one frame: the field, what is written above it, and the scale beside it.
"""

from functools import partial

from matplotlib.transforms import Bbox, offset_copy

__all__ = ["above", "add_frame_axes", "add_scale", "figure_size", "write_above"]

#: Inches around the field in a figure that fits it, where its scale stands, and its width.
LEFT, RIGHT, LOWER, UPPER = 0.9, 0.2, 0.55, 0.75
FOR_SCALE = 0.9
WIDTH = 6.0

#: Lowest and highest frame that a figure fits, in widths.
LOWEST, HIGHEST = 0.3, 2

#: Distance and width of the scale, in widths of the field.
BESIDE, SCALE = 0.02, 0.025

#: A line of text above the field, and a legend above that; points from the field's edge.
TEXT_AT, LEGEND_AT = 4, 18


def figure_size(frame, *, scale=True):
    """
    Size of a figure that fits a frame.

    Parameters
    ----------
    frame : `~sunpy.map.GenericMap`
    scale : `bool`
        With room for the scale of the field.

    Returns
    -------
    tuple of `float`
        Width and height in inches.
    """
    rows, columns = frame.data.shape
    oblong = float((frame.scale.axis2 / frame.scale.axis1).value)
    height = WIDTH * min(max(oblong * rows / columns, LOWEST), HIGHEST)
    return LEFT + WIDTH + RIGHT + scale * FOR_SCALE, LOWER + height + UPPER


def add_frame_axes(figure, frame, *, scale=True):
    """
    Axes of a frame within the margins of a figure.

    Parameters
    ----------
    figure : `~matplotlib.figure.Figure`
        Of the size that `figure_size` gives.
    frame : `~sunpy.map.GenericMap`
    scale : `bool`
        With room for the scale of the field.

    Returns
    -------
    `~astropy.visualization.wcsaxes.WCSAxes`
    """
    width, height = figure.get_size_inches()
    right = RIGHT + scale * FOR_SCALE
    box = (LEFT / width, LOWER / height, 1 - (LEFT + right) / width, 1 - (LOWER + UPPER) / height)
    return figure.add_axes(box, projection=frame)


def add_scale(axes, image, label):
    """
    The scale of an image, in the margin of axes that have a fixed place, in a part of others.

    Parameters
    ----------
    axes : `~matplotlib.axes.Axes`
    image : `~matplotlib.image.AxesImage`
    label : `str`
    """
    if axes.get_subplotspec() is not None:
        axes.figure.colorbar(image, ax=axes, label=label, extend="both", fraction=0.046, pad=0.03)
        return
    scale = axes.figure.add_axes(axes.get_position(), label="scale")
    scale.set_axes_locator(partial(_beside, axes))
    axes.figure.colorbar(image, cax=scale, label=label, extend="both")


def _beside(axes, *_):
    place = axes.get_position()
    return Bbox.from_bounds(place.x1 + BESIDE * place.width, place.y0, SCALE * place.width, place.height)


def write_above(axes, text, side="left"):
    """
    Text above the field, where it covers nothing.

    Parameters
    ----------
    axes : `~matplotlib.axes.Axes`
    text : `str`
    side : {"left", "right"}
        Where it begins, or ends.
    """
    place = offset_copy(axes.transAxes, axes.figure, y=TEXT_AT, units="points")
    axes.text({"left": 0, "right": 1}[side], 1, text, ha=side, va="bottom", transform=place, fontsize="small")


def above(axes):
    """
    Place of a legend above the field and the text.

    Parameters
    ----------
    axes : `~matplotlib.axes.Axes`

    Returns
    -------
    `dict`
        Arguments of `matplotlib.axes.Axes.legend`.
    """
    place = offset_copy(axes.transAxes, axes.figure, y=LEGEND_AT, units="points")
    return {"loc": "lower center", "bbox_to_anchor": (0.5, 1), "bbox_transform": place, "borderaxespad": 0, "ncols": 4}
