"""
A magnetogram in gray on map axes.
"""

import astropy.units as u
import numpy as np
from astropy.visualization.wcsaxes import WCSAxes
from matplotlib.colors import Normalize
from matplotlib.patheffects import withStroke
from sunpy.visualization import axis_labels_from_ctype

from sunpy_solarunet.errors import require_quantity
from sunpy_solarunet.magnetograms import field_strength

__all__ = ["clock", "field_label", "full_field", "map_axes", "set_limits", "show_field", "write"]

#: Shown in full contrast: fields up to this, or up to this percentile of weaker data.
FULL_FIELD = 300 * u.G

FULL_PERCENTILE = 99.5


def map_axes(axes, frame):
    if axes is None:
        import matplotlib.pyplot as plt

        occupied = plt.get_fignums() and plt.gcf().axes
        axes = plt.gca() if occupied else plt.subplot(projection=frame)
    if not isinstance(axes, WCSAxes):
        raise TypeError(
            "the axes have no world coordinates: make them with the map as their projection, "
            "for example plt.subplot(projection=catalog.map)"
        )
    return axes


def full_field(frame, vmax=None):
    """Gauss that are shown in full contrast."""
    if vmax is not None:
        return require_quantity(vmax, u.G, "vmax", positive=True)
    strength = np.abs(field_strength(frame))
    strength = strength[np.isfinite(strength)]
    strongest = np.percentile(strength, FULL_PERCENTILE) if strength.size else 0
    return min(float(strongest), FULL_FIELD.value) or FULL_FIELD.value


def field_label(frame):
    return f"magnetic field ({frame.unit.to_string('latex_inline')})"


def show_field(frame, axes, limit):
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


def set_limits(axes, lower, upper, strict=True):
    """Show what lies between two corners; axes that run backward do so still."""
    for axis, set_limits, *limits in zip(
        (axes.xaxis, axes.yaxis), (axes.set_xlim, axes.set_ylim), lower, upper, strict=True
    ):
        set_limits(limits[::-1] if axis.get_inverted() else limits)


def clock(time, style):
    """Time rounded to the second."""
    return (time.utc + 0.5 * u.s).strftime(style)


def write(axes, text, corner):
    """Text in a corner of the axes that stays readable on black and white."""
    vertical, horizontal = corner.split()
    x = {"left": 0.02, "right": 0.98}[horizontal]
    y, align = {"lower": (0.02, "bottom"), "upper": (0.98, "top")}[vertical]
    outline = [withStroke(linewidth=2.5, foreground="black")]
    axes.text(
        x, y, text, color="white", ha=horizontal, va=align, transform=axes.transAxes, path_effects=outline, zorder=5
    )
