"""
Distributions of the features' sizes and fluxes: their statistics and two-sample tests (section 4.2).
"""

import warnings

import astropy.units as u
import numpy as np
from astropy.table import QTable, Table
from scipy.stats import epps_singleton_2samp, iqr

from sunpy_solarunet.errors import SequenceError, SolarUnetError, SolarUnetWarning, name_choice, require_quantity
from sunpy_solarunet.features import FeatureCatalog

__all__ = [
    "ALL_FRAMES",
    "QUANTITIES",
    "STATISTICS",
    "compare_features",
    "epps_singleton",
    "feature_statistics",
    "feature_values",
]

#: What is compared of the features, and its unit. Fluxes are unsigned.
QUANTITIES = {"area": u.Mm**2, "flux": u.Mx}

#: The statistics of Table 2.
STATISTICS = ("minimum", "maximum", "median", "mean", "standard_deviation")

#: The frame of the rows that are of all frames together.
ALL_FRAMES = "all"

#: Samples of fewer features are not tested.
SMALLEST_SAMPLE = 5

#: Frames are the same if their times differ by no more than this: file formats and headers round.
TIME_TOLERANCE = 1 * u.s


def feature_values(features, quantity, *, min_pixels=2, pixel_area=None):
    """
    Sizes or fluxes of features.

    Parameters
    ----------
    features : `~sunpy_solarunet.FeatureCatalog`, `~astropy.table.QTable` or a sequence of these
        The features of one frame or of several.
    quantity : {"area", "flux"}
    min_pixels : `int`
        Features of fewer pixels are left out (footnote 18).
    pixel_area : `~astropy.units.Quantity`, optional
        Area of each pixel, in place of that which the features were measured with. That of Table 2
        is the square of 0.083 arcsec times 725 km/arcsec.

    Returns
    -------
    `~astropy.units.Quantity`
        Shape (features,): areas in Mm2 or unsigned fluxes in Mx, frame after frame.

    Raises
    ------
    TypeError
        If ``pixel_area`` has no unit.
    SolarUnetError
        If the quantity is unknown or a table lacks its column.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.table import QTable
    >>> from sunpy_solarunet.analysis import feature_values
    >>> features = QTable({"n_pixels": [1, 2, 4], "area": [3, 6, 12] * u.Mm**2, "flux": [2, -5, 9] * u.Mx})
    >>> feature_values(features, "flux")
    <Quantity [5., 9.] Mx>
    """
    return _values(_by_frame(features).values(), quantity, min_pixels, pixel_area)


def _by_frame(features):
    """Features by the numbers of their frames."""
    if isinstance(features, FeatureCatalog):
        return {0: features}
    if not isinstance(features, Table):
        return dict(enumerate(features))
    if "frame" not in features.colnames:
        return {0: features}
    numbers = np.asarray(features["frame"])
    return {int(number): features[numbers == number] for number in np.unique(numbers)}


def _values(parts, quantity, min_pixels, pixel_area):
    """Sizes or unsigned fluxes of several frames."""
    unit = QUANTITIES[name_choice(quantity, QUANTITIES, "quantity")]
    values = [np.zeros(0)]
    for part in parts:
        n_pixels = np.asarray(_column(part, "n_pixels"))
        if pixel_area is None:
            value = u.Quantity(_column(part, quantity), unit).value
        else:
            value = n_pixels * require_quantity(pixel_area, u.Mm**2, "pixel_area", positive=True)
            if quantity == "flux":
                value = value * (u.Quantity(_column(part, "mean_field"), u.G).value * (u.G * u.Mm**2).to(u.Mx))
        values.append(np.abs(value)[n_pixels >= min_pixels])
    return np.concatenate(values) * unit


def _column(features, name):
    if isinstance(features, FeatureCatalog):
        return getattr(features, name)
    if name not in features.colnames:
        raise SolarUnetError(f"the features have no column {name!r}; there are {', '.join(features.colnames)}")
    return features[name]


def feature_statistics(values):
    """
    The statistics of Table 2.

    Parameters
    ----------
    values : `~astropy.units.Quantity`
        One-dimensional, such as `feature_values` gives.

    Returns
    -------
    `dict` of `~astropy.units.Quantity`
        By the names in `STATISTICS`; not-a-number where there are too few values. The standard
        deviation is that of a sample: its squares are divided by the number of values minus one.

    Examples
    --------
    >>> import astropy.units as u
    >>> from sunpy_solarunet.analysis import feature_statistics
    >>> feature_statistics([1, 2, 3, 3, 11] * u.Mm**2)["standard_deviation"]
    <Quantity 4. Mm2>
    """
    if not len(values):
        return dict.fromkeys(STATISTICS, np.nan * values.unit)
    deviation = np.std(values, ddof=1) if len(values) > 1 else np.nan * values.unit
    numbers = (np.min(values), np.max(values), np.median(values), np.mean(values), deviation)
    return dict(zip(STATISTICS, numbers, strict=True))


def epps_singleton(first, second):
    """
    Epps-Singleton test of whether two samples are of one distribution.

    It compares the characteristic functions, and suits discrete values such as numbers of pixels
    (Epps & Singleton 1986; Goerg & Kaiser 2009).

    Parameters
    ----------
    first, second : `~astropy.units.Quantity` or array-like
        One-dimensional, of one unit.

    Returns
    -------
    tuple of `float`
        Statistic and p value; the paper calls distributions different where p is 0.05 or less. Both
        are not-a-number, with a warning, where there are fewer than five values in a sample or they
        vary too little.

    Raises
    ------
    SolarUnetError
        If a value is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.analysis import epps_singleton
    >>> sizes = np.arange(1, 40)
    >>> epps_singleton(sizes, sizes)
    (0.0, 1.0)
    >>> statistic, p_value = epps_singleton(sizes, 3 * sizes)
    >>> p_value < 0.05
    True
    """
    first, second = u.Quantity(first), u.Quantity(second)
    first, second = first.value, second.to_value(first.unit)
    if not (np.all(np.isfinite(first)) and np.all(np.isfinite(second))):
        raise SolarUnetError("the samples must be finite")
    if min(len(first), len(second)) < SMALLEST_SAMPLE:
        return _not_tested(f"there are {len(first)} and {len(second)}, and {SMALLEST_SAMPLE} are needed")
    if iqr(np.concatenate([first, second])) == 0:
        return _not_tested("at least half of them are the same")
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*full rank")
        try:
            statistic, p_value = epps_singleton_2samp(first, second)
        except UserWarning:
            return _not_tested("they have too few different values")
    return float(statistic), float(p_value)


def _not_tested(reason):
    warnings.warn(f"two samples of features are not tested: {reason}", SolarUnetWarning, stacklevel=3)
    return np.nan, np.nan


def compare_features(first, second, *, names=("first", "second"), min_pixels=2, pixel_area=None):
    """
    Sizes and fluxes of the features that two methods find in the same frames (section 4.2, Table 2).

    Parameters
    ----------
    first, second : `~sunpy_solarunet.FeatureCatalog`, `~astropy.table.QTable` or a sequence of these
        One frame; several, one a catalog or table; or the table of features of a tracked sequence.
    names : tuple of `str`
        What the two methods are called.
    min_pixels, pixel_area
        See `feature_values`.

    Returns
    -------
    `~astropy.table.QTable`
        A row for each frame and method, and two for all frames together. Its columns are frame (a
        number from 0, or "all"), time, method, n_features; for each quantity the statistics of Table
        2, such as ``area_median``; and for each quantity the test of the two methods of this frame,
        such as ``area_statistic`` and ``area_p_value``, the same in both rows. What cannot be
        computed of the features is not-a-number. The ``meta`` tells how they were found.

    Raises
    ------
    TypeError
        If ``pixel_area`` has no unit.
    SequenceError
        If the two differ in the number or the times of their frames.
    SolarUnetError
        If the names are the same or a table lacks a column.

    Notes
    -----
    The test takes the two samples to be independent. Those of two methods are not, where they find
    the same features in the same frames: p is then too large, and a large p says no more than that
    the two are alike. Nor are the features of frames that follow each other independent.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.table import QTable
    >>> from sunpy_solarunet.analysis import compare_features
    >>> sizes = [2, 2, 3, 3, 4, 6, 9, 30]
    >>> first = QTable({"n_pixels": sizes, "area": sizes * u.Mm**2, "flux": sizes * u.Mx})
    >>> table = compare_features(first, first[:6], names=("network", "threshold"))
    >>> table["method", "n_features", "area_median"][:2]
    <QTable length=2>
      method  n_features area_median
                             Mm2
       str9     int64      float64
    --------- ---------- -----------
      network          8         3.5
    threshold          6         3.0
    """
    if len(set(names)) != 2:
        raise SolarUnetError(f"the two methods need different names, got {names}")
    sides = _by_frame(first), _by_frame(second)
    numbers = sorted(set(sides[0]) | set(sides[1]))
    if set(sides[0]) != set(sides[1]) and not (_is_of_sequence(first) or _is_of_sequence(second)):
        raise SequenceError(f"there are {len(sides[0])} frames and {len(sides[1])}: compare the same frames")
    groups = [[[side[number]] if number in side else [] for side in sides] for number in numbers]
    heads = [_head(number, parts) for number, parts in zip(numbers, groups, strict=True)]
    groups.append([list(side.values()) for side in sides])
    heads.append({"frame": ALL_FRAMES, "time": ""})
    rows = []
    for head, parts in zip(heads, groups, strict=True):
        rows += _two_rows(head, names, parts, min_pixels, pixel_area)
    meta = {"methods": {name: _settings(side) for name, side in zip(names, sides, strict=True)}}
    meta |= {"min_pixels": min_pixels} | ({} if pixel_area is None else {"pixel_area": f"{pixel_area:.7g}"})
    return QTable({name: [row[name] for row in rows] for name in rows[0]}, meta=meta)


def _is_of_sequence(features):
    """Whether frames without features have no rows, so that their number is not known."""
    return isinstance(features, Table) and "frame" in features.colnames


def _settings(side):
    """How the features were found."""
    meta = next((dict(part.meta) for part in side.values()), {})
    return {name: value for name, value in meta.items() if name not in ("table", "time", "file")}


def _head(number, parts):
    """Number and time of a frame, whose parts are those of the two methods."""
    there = [part for side in parts for part in side]
    times = [time for time in map(_time, there) if time is not None]
    if len(times) == 2 and np.abs((times[1] - times[0]).to(u.s)) > TIME_TOLERANCE:
        message = f"frame {number} is of {times[0].isot} for one method and of {times[1].isot} for the other"
        raise SequenceError(f"{message}: compare the same frames")
    written = [time.isot for time in times] + [str(part.meta.get("time", "")) for part in there]
    return {"frame": str(number), "time": written[0]}


def _time(features):
    if isinstance(features, FeatureCatalog):
        return features.time.utc
    return features["time"][0].utc if "time" in features.colnames and len(features) else None


def _two_rows(head, names, parts, min_pixels, pixel_area):
    """The rows of two methods for a frame, or for all frames."""
    values = {name: [_values(side, name, min_pixels, pixel_area) for side in parts] for name in QUANTITIES}
    tests = {}
    for quantity, samples in values.items():
        tests[f"{quantity}_statistic"], tests[f"{quantity}_p_value"] = epps_singleton(*samples)
    rows = []
    for number, name in enumerate(names):
        row = head | {"method": name, "n_features": len(values["area"][number])}
        for quantity, samples in values.items():
            statistics = feature_statistics(samples[number])
            row |= {f"{quantity}_{statistic}": value for statistic, value in statistics.items()}
        rows.append(row | tests)
    return rows
