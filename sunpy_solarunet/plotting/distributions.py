"""
How many features there are of each size and flux.
"""

import itertools

import astropy.units as u
import numpy as np
from matplotlib import cbook
from matplotlib.patches import StepPatch

from sunpy_solarunet.errors import SolarUnetError, require_quantity

__all__ = ["draw_distributions"]

#: Samples are told apart without color, too.
STYLES = ("-", "--", "-.", ":")


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
    import matplotlib.pyplot as plt

    if not samples:
        raise SolarUnetError("there are no samples to draw")
    unit = getattr(next(iter(samples.values())), "unit", u.Mm**2)
    plain = {name: require_quantity(values, unit, name, positive=True) for name, values in samples.items()}
    edges = _logarithmic_edges(np.concatenate(list(plain.values())), bins)
    options = {"linewidth": 1.6} | cbook.normalize_kwargs(kwargs, StepPatch)
    counts = {name: np.histogram(values, edges)[0] for name, values in plain.items()}
    axes = plt.gca() if axes is None else axes
    styles = itertools.cycle(STYLES)
    steps = [
        axes.stairs(number, edges, label=name, **{"linestyle": style} | options)
        for (name, number), style in zip(counts.items(), styles, strict=False)
    ]
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
