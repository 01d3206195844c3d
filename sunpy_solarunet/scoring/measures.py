"""
Measures from counts, and their intervals by the bootstrap.
"""

import numpy as np

from sunpy_solarunet.scoring.counting import BALANCES
from sunpy_solarunet.tracking.tables import EVENT_KINDS

__all__ = ["frame_weights", "interval", "lifetime_measures", "ratio_measures", "sum_totals"]


def sum_totals(totals):
    """
    Sums, name by name.

    Parameters
    ----------
    totals : `list` of `dict`
        Numbers or arrays of one shape by name; the same names in each.

    Returns
    -------
    `dict`
    """
    return {name: sum(each[name] for each in totals) for name in totals[0]}


def _share(part, whole):
    """A ratio, not-a-number for 0/0, and what it is out of."""
    part, whole = np.asarray(part, float), np.asarray(whole, float)
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0), whole


def _agreement(name, true, found, right, right_found=None):
    """Precision, recall and F1; right ones by the frames of the true and, where these differ, of the found."""
    right_found = right if right_found is None else right_found
    return {
        f"{name} precision": _share(right_found, found),
        f"{name} recall": _share(right, true),
        f"{name} F1": _share(right + right_found, true + found),
    }


def ratio_measures(totals):
    """
    Values of all measures but the errors of lifetimes, and the numbers that they are out of.

    Parameters
    ----------
    totals : `dict` of `numpy.ndarray`
        The counts of `~sunpy_solarunet.scoring.counting.Sequence`, summed over frames. They may have
        leading dimensions, for example (resamples,).

    Returns
    -------
    `dict` of `tuple`
        By the measure's name its value and the number, of the shape of the leading dimensions; the
        value is not-a-number for 0/0.
    """
    true, found, matched = (totals[f"{name}_features"] for name in ("true", "found", "matched"))
    links, right_links, switches = totals["true_links"], totals["right_links"], totals["switches"]
    measures = _agreement("feature", true, found, matched)
    measures |= _agreement("link", links, totals["found_links"], right_links)
    measures |= {
        "link recall among detected": _share(right_links, totals["detected_links"]),
        "purity": _share(totals["pure_features"], matched),
        "completeness": _share(totals["complete_features"], matched),
        "identity switches": (switches, links),
        "identity switches per 100 links": _share(100 * switches, links),
        # One minus (true - matched) + (found - matched) + switches over true.
        "MOTA": _share(2 * matched - found - switches, true),
        "HOTA": _hota(totals),
    }
    return measures | _event_measures(totals)


def _hota(totals):
    """
    Mean over the levels of similarity (Luiten et al. 2021, equations 7 to 10).

    The square root of DetA times AssA is that of the sum of association scores over all features,
    since the number of matched features cancels.
    """
    features = (totals["true_features"] + totals["found_features"])[..., np.newaxis]
    ratio, either = _share(totals["hota_association"], features - totals["hota_matched"])
    return np.sqrt(ratio).mean(axis=-1), either[..., 0]


def _event_measures(totals):
    n_kinds = len(EVENT_KINDS)
    confusion = totals["confusion"]
    true = confusion[..., :n_kinds, :].sum(axis=-1)
    right = np.diagonal(confusion, axis1=-2, axis2=-1)[..., :n_kinds]
    by_kind = (true, totals["found_events"], right, totals["right_events"])
    measures = _agreement("event", *(counts.sum(axis=-1) for counts in by_kind))
    for number, kind in enumerate(EVENT_KINDS):
        measures |= _agreement(kind, *(counts[..., number] for counts in by_kind))
    for number, (balance, kind) in enumerate(BALANCES):
        counts = (totals[f"{name}_balance"][..., number] for name in ("right", "true"))
        measures[f"{balance} {kind} recall"] = _share(*counts)
    return measures


def lifetime_measures(errors, times):
    """
    Measures of errors that occur so many times.

    Parameters
    ----------
    errors : `numpy.ndarray`
        Shape (errors,), in ascending order.
    times : `numpy.ndarray` of `int`
        Shape (..., errors): how often each error occurs; there may be leading dimensions.

    Returns
    -------
    `dict` of `numpy.ndarray`
        By the measure's name its value, of the shape of the leading dimensions, not-a-number without errors.

    Examples
    --------
    >>> import numpy as np
    >>> values = lifetime_measures(np.array([-2, 0, 1]), np.array([1, 2, 1]))
    >>> [float(value) for value in values.values()]
    [0.0, 0.75]
    """
    if not len(errors):
        return dict.fromkeys(("median lifetime error", "mean absolute lifetime error"), np.nan)
    number = times.sum(axis=-1, keepdims=True)
    # The two middle ones of all errors in order, one and the same if their number is odd.
    rank = np.stack([(number - 1) // 2, number // 2])
    middle = errors[(np.cumsum(times, axis=-1) <= rank).sum(axis=-1)]
    return {
        "median lifetime error": middle.mean(axis=0),
        "mean absolute lifetime error": times @ np.abs(errors) / number[..., 0],
    }


def frame_weights(lengths, n_resamples, rng):
    """
    How often each frame is drawn: sequences with replacement, and in each of them frames.

    Parameters
    ----------
    lengths : `list` of `int`
        Number of frames of each sequence.
    n_resamples : `int`
        How many times the frames are drawn.
    rng : `numpy.random.Generator`

    Returns
    -------
    `list` of `numpy.ndarray`
        For each sequence one of shape (resamples, frames).
    """
    sequences = rng.multinomial(len(lengths), np.full(len(lengths), 1 / len(lengths)), n_resamples)
    return [
        rng.multinomial(times * length, np.full(length, 1 / length)) if length else np.zeros((n_resamples, 0))
        for times, length in zip(sequences.T, lengths, strict=True)
    ]


def interval(values, confidence):
    """
    Percentiles of the resamples that have a value.

    Parameters
    ----------
    values : `numpy.ndarray` or `None`
        Shape (resamples,).
    confidence : `float`
        Of the interval, between 0 and 1.

    Returns
    -------
    `tuple` of `float`
        Lower and upper end, not-a-number without values.
    """
    values = np.zeros(0) if values is None else values[np.isfinite(values)]
    if not len(values):
        return np.nan, np.nan
    return tuple(np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2]))
