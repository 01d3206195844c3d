"""
A magnetogram in gray on map axes.
"""

import astropy.units as u
import numpy as np
from astropy.visualization.wcsaxes import WCSAxes
from matplotlib.colors import Normalize
from sunpy.visualization import axis_labels_from_ctype

from sunpy_solarunet.errors import require_quantity
from sunpy_solarunet.magnetograms import field_strength
from sunpy_solarunet.plotting.layout import add_frame_axes, figure_size

__all__ = ["clock", "field_label", "full_field", "map_axes", "set_limits", "show_field"]

#: Shown in full contrast: fields up to this, or up to this percentile of weaker data.
FULL_FIELD = 300 * u.G
FULL_PERCENTILE = 99.5


def map_axes(axes, frame, *, scale=False):
    """
    The axes that are given, the current ones, or those of a new figure that fits the frame.

    Parameters
    ----------
    axes : `~astropy.visualization.wcsaxes.WCSAxes` or `None`
    frame : `~sunpy.map.GenericMap`
    scale : `bool`
        Whether a new figure is to have room for the scale of the field.

    Returns
    -------
    `~astropy.visualization.wcsaxes.WCSAxes`

    Raises
    ------
    TypeError
        If the axes have no world coordinates.
    """
    if axes is None:
        axes = _current_axes(frame, scale)
    if not isinstance(axes, WCSAxes):
        raise TypeError(
            "the axes have no world coordinates: make them with the map as their projection, "
            "for example plt.subplot(projection=catalog.map)"
        )
    return axes


def _current_axes(frame, scale):
    import matplotlib.pyplot as plt

    if not plt.get_fignums():
        return add_frame_axes(plt.figure(figsize=figure_size(frame, scale=scale)), frame, scale=scale)
    return plt.gca() if plt.gcf().axes else plt.subplot(projection=frame)


def full_field(frame, vmax=None):
    """
    The field that is shown in full contrast.

    Parameters
    ----------
    frame : `~sunpy.map.GenericMap`
    vmax : `~astropy.units.Quantity`, optional

    Returns
    -------
    `float`
        In gauss: ``vmax``, or if there is none, 300 or the 99.5 percentile of a weaker field.
    """
    if vmax is not None:
        return require_quantity(vmax, u.G, "vmax", positive=True)
    strength = np.abs(field_strength(frame))
    strength = strength[np.isfinite(strength)]
    strongest = np.percentile(strength, FULL_PERCENTILE) if strength.size else 0
    return min(float(strongest), FULL_FIELD.value) or FULL_FIELD.value


def field_label(frame):
    """
    What the scale of a frame's field is called.

    Parameters
    ----------
    frame : `~sunpy.map.GenericMap`

    Returns
    -------
    `str`
    """
    return f"magnetic field ({frame.unit.to_string('latex_inline')})"


def show_field(frame, axes, limit):
    """
    Show a magnetogram in gray, its axes labeled and turned north up.

    Parameters
    ----------
    frame : `~sunpy.map.GenericMap`
    axes : `~astropy.visualization.wcsaxes.WCSAxes`
    limit : `float`
        Gauss that are shown white; minus that is black.

    Returns
    -------
    `~matplotlib.image.AxesImage`
    """
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


def set_limits(axes, lower, upper):
    """
    Show what lies between two corners; axes that run backward do so still.

    Parameters
    ----------
    axes : `~matplotlib.axes.Axes`
    lower, upper : array-like
        x and y of the corners.
    """
    for axis, change, *limits in zip(
        (axes.xaxis, axes.yaxis), (axes.set_xlim, axes.set_ylim), lower, upper, strict=True
    ):
        change(limits[::-1] if axis.get_inverted() else limits)


def clock(time, style):
    """
    Time rounded to the second.

    Parameters
    ----------
    time : `~astropy.time.Time`
    style : `str`
        As of `time.strftime`.

    Returns
    -------
    `str`
    """
    return (time.utc + 0.5 * u.s).strftime(style)
