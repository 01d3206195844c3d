"""
Which found feature is which true one, and which found event which true one.
"""

from dataclasses import dataclass

import astropy.units as u
import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.geometry import pairs_within
from sunpy_solarunet.scoring.reading import DEATHS, column_names, plain_column

__all__ = ["Matching", "allowed_distances", "assign_pairs", "event_candidates", "match_events", "match_features"]

#: Without a distance from the user: this many pixels at least, and this part of the true feature's equivalent radius.
SMALLEST_DISTANCE, RADIUS_FRACTION = 3.0, 0.5

#: Gain of an event's match: any match outweighs its frame, the frame the shared members, these the distance.
MATCH_GAIN, FRAME_GAIN, MEMBER_GAIN = 1e8, 1e5, 1e2


@dataclass(frozen=True)
class Matching:
    """
    Pairs of a true and a found feature, one element a pair, in the order of the true features.

    Attributes
    ----------
    true, found : `numpy.ndarray` of `int`
        Shape (pairs,): numbers of the features.
    similarity : `numpy.ndarray`
        Shape (pairs,): one minus their distance over the allowed one.
    """

    true: np.ndarray
    found: np.ndarray
    similarity: np.ndarray

    def found_of(self, n_true):
        """
        The found feature of each true one.

        Parameters
        ----------
        n_true : `int`
            Number of true features.

        Returns
        -------
        `numpy.ndarray` of `int`
            Shape (true features,), -1 without.
        """
        return _inverse(self.true, self.found, n_true)

    def true_of(self, n_found):
        """
        The true feature of each found one.

        Parameters
        ----------
        n_found : `int`
            Number of found features.

        Returns
        -------
        `numpy.ndarray` of `int`
            Shape (found features,), -1 without.
        """
        return _inverse(self.found, self.true, n_found)


def _inverse(keys, values, number):
    """Values by key from 0 to number - 1, -1 where there is none."""
    inverse = np.full(number, -1)
    inverse[keys] = values
    return inverse


def allowed_distances(features, limit):
    """
    How far from each true feature a found one may be.

    Parameters
    ----------
    features : `~astropy.table.QTable`
        The table of true features.
    limit : `float` or `None`
        The distance in pixels, by the sizes of the features if `None`.

    Returns
    -------
    `numpy.ndarray`
        Shape (features,): pixels.

    Raises
    ------
    SolarUnetError
        If there is neither a distance nor the column n_pixels.
    """
    if limit is not None:
        return np.full(len(features), float(limit))
    if "n_pixels" not in column_names(features):
        raise SolarUnetError("the features of the truth lack the column n_pixels: give the distance")
    radius = np.sqrt(np.asarray(features["n_pixels"], float) / np.pi)
    return np.maximum(SMALLEST_DISTANCE, RADIUS_FRACTION * radius)


def match_features(true, found, limit):
    """
    One-to-one matching of the features of all frames.

    Parameters
    ----------
    true, found : `~sunpy_solarunet.scoring.arrays.Features`
    limit : `numpy.ndarray`
        Shape (true features,): the allowed distance of each true feature in pixels.

    Returns
    -------
    `Matching`
    """
    pairs = _near_pairs(true, found, limit)
    apart = np.linalg.norm(true.position[pairs[0]] - found.position[pairs[1]], axis=1)
    allowed = limit[pairs[0]]
    # The small constant keeps pairs at exactly the allowed distance.
    chosen = assign_pairs(*pairs, allowed - apart + 1e-6)
    similarity = 1 - np.divide(apart, allowed, out=np.zeros(len(apart)), where=allowed > 0)
    return Matching(pairs[0][chosen], pairs[1][chosen], similarity[chosen])


def _near_pairs(true, found, limit):
    """True and found features within the true one's limit, of the same frame and polarity."""
    if not len(true) or not len(found):
        return np.zeros((2, 0), int)
    # A third coordinate keeps frames and polarities apart: one tree does for the whole sequence.
    spacing = 2 * limit.max() + 1
    points = [np.column_stack([each.position, spacing * (3 * each.frame + each.polarity)]) for each in (true, found)]
    return np.array(pairs_within(*points, limit))


def assign_pairs(rows, columns, gain):
    """
    The pairs, each row and each column in one of them at most, with the largest total gain.

    Parameters
    ----------
    rows, columns : `numpy.ndarray` of `int`
        Shape (pairs,): what may be paired; each pair is given once.
    gain : `numpy.ndarray`
        Shape (pairs,), each positive.

    Returns
    -------
    `numpy.ndarray` of `int`
        Shape (chosen,): which of the pairs, in ascending order.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.scoring.matching import assign_pairs
    >>> assign_pairs(np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([3.0, 5.0, 1.0]))
    array([1])
    """
    if not len(rows):
        return np.zeros(0, int)
    n_rows, n_columns = rows.max() + 1, columns.max() + 1
    # SciPy's graphs take no larger indices before 1.13.
    ends = (rows.astype(np.int32), (n_rows + columns).astype(np.int32))
    graph = coo_array((np.ones(len(rows)), ends), shape=(n_rows + n_columns,) * 2)
    group = connected_components(graph, directed=False)[1][rows]
    order = np.argsort(group, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(group[order])) + 1)
    chosen = [part if len(part) == 1 else _assign_group(part, rows, columns, gain) for part in parts]
    return np.sort(np.concatenate(chosen))


def _assign_group(part, rows, columns, gain):
    """The same for pairs that are connected with each other."""
    row, column = (np.unique(ends[part], return_inverse=True)[1] for ends in (rows, columns))
    shape = (row.max() + 1, column.max() + 1)
    gains, number = np.zeros(shape), np.full(shape, -1)
    gains[row, column], number[row, column] = gain[part], part
    chosen = number[linear_sum_assignment(gains, maximize=True)]
    return chosen[chosen >= 0]


def event_candidates(tables, true, found, features, matching, reach, frames):
    """
    True and found events that may be the same, and the gain of matching them.

    Parameters
    ----------
    tables : `tuple` of `dict`
        The tables of the truth and of what was found.
    true, found : `~sunpy_solarunet.scoring.arrays.Events`
    features : `tuple` of `~sunpy_solarunet.scoring.arrays.Features`
        The true and the found ones.
    matching : `Matching`
        Of these features.
    reach : `float`
        How far, in pixels, the places of two events may be apart.
    frames : `int`
        By how many frames they may differ.

    Returns
    -------
    true, found : `numpy.ndarray` of `int`
        Shape (candidates,): numbers of the events.
    gain : `numpy.ndarray`
        Shape (candidates,), each positive.

    Raises
    ------
    SolarUnetError
        If the events have neither members nor the columns Tx and Ty.
    """
    if all(each["members"] is not None for each in tables):
        rows, columns, shared = _sharing(true, found, *features, matching)
        apart = np.linalg.norm(true.place[rows] - found.place[columns], axis=1)
    else:
        rows, columns, apart = _near_events(tables, reach)
        shared = np.zeros(len(rows))
    late = np.abs(true.frame[rows] - found.frame[columns])
    # Comparison with not-a-number is false: events without a place are never the same.
    near = (late <= frames) & (apart <= reach)
    gain = MATCH_GAIN - FRAME_GAIN * late + MEMBER_GAIN * shared - apart / max(reach, 1.0)
    return rows[near], columns[near], gain[near]


def _sharing(true, found, true_features, found_features, matching):
    """Pairs of events that share members, and how many: as the true tracks see it, or as the found ones do."""
    true_of, found_of = matching.true_of(len(found_features)), matching.found_of(len(true_features))
    seen = (
        (true.member_event, true_features.track[true.member_feature]),
        _through(found.member_event, true_of[found.member_feature], true_features.track),
        _through(true.member_event, found_of[true.member_feature], found_features.track),
        (found.member_event, found_features.track[found.member_feature]),
    )
    numbers = (len(true), len(found)) * 2
    by_track = [_incidence(*each, number) for each, number in zip(seen, numbers, strict=True)]
    width = max(len(true_features.track_ids), len(found_features.track_ids))
    for matrix in by_track:
        matrix.resize(matrix.shape[0], width)
    shared = (by_track[0] @ by_track[1].T).maximum(by_track[2] @ by_track[3].T).tocoo()
    return shared.row, shared.col, shared.data


def _through(event, partner, track):
    """Events and the tracks of their members' partners, for those members that have one."""
    return event[partner >= 0], track[partner[partner >= 0]]


def _incidence(event, track, n_events):
    """Which tracks take part in which events: a sparse matrix of ones."""
    pairs = np.unique(np.column_stack([event, track]), axis=0)
    shape = (n_events, pairs[:, 1].max(initial=0) + 1)
    return coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=shape).tocsr()


def _near_events(tables, reach):
    """Pairs of events whose Tx and Ty are near each other, and their distance in pixels."""
    scale = _pixel_scale(tables)
    places = []
    for each in tables:
        if not {"Tx", "Ty"} <= set(column_names(each["events"])):
            raise SolarUnetError("without a table of members, events need the columns Tx and Ty")
        places.append(np.column_stack([plain_column(each["events"][name], u.arcsec) for name in ("Tx", "Ty")]) / scale)
    if not all(np.isfinite(place).all() and len(place) for place in places):
        return np.zeros(0, int), np.zeros(0, int), np.zeros(0)
    rows, columns = pairs_within(*places, reach)
    return rows, columns, np.linalg.norm(places[0][rows] - places[1][columns], axis=1)


def _pixel_scale(tables):
    """Arcsec a pixel: how far features of a frame are from their mean in both units; not-a-number without features."""
    for each in tables:
        features = each["features"]
        if {"Tx", "Ty"} <= set(column_names(features)) and len(features) > 1:
            frame = np.unique(np.asarray(features["frame"]), return_inverse=True)[1]
            units = {"Tx": u.arcsec, "Ty": u.arcsec, "x": u.pix, "y": u.pix}
            columns = [plain_column(features[name], unit) for name, unit in units.items()]
            spread = [np.sum(_from_mean(column, frame) ** 2) for column in columns]
            if spread[2] + spread[3] > 0:
                return np.sqrt((spread[0] + spread[1]) / (spread[2] + spread[3]))
    return np.nan


def _from_mean(values, group):
    return values - (np.bincount(group, values) / np.bincount(group))[group]


def match_events(candidates, true, found):
    """
    One-to-one matching of events, first those of the same kind, then, of the others, those of different kinds.

    Parameters
    ----------
    candidates : `tuple` of `numpy.ndarray`
        Three of shape (candidates,): true and found events and their gain, as from `event_candidates`.
    true, found : `~sunpy_solarunet.scoring.arrays.Events`

    Returns
    -------
    same, other : `tuple` of `numpy.ndarray` of `int`
        Numbers of the true and of the found events that are matched with the same kind, two of shape
        (matches,), and of those that are matched with different kinds.
    """
    rows, columns, gain = candidates
    alike = np.flatnonzero(true.kind[rows] == found.kind[columns])
    chosen = alike[assign_pairs(rows[alike], columns[alike], gain[alike])]
    left = ~np.isin(rows, rows[chosen]) & ~np.isin(columns, columns[chosen])
    # A birth is never mistaken for a death: they are seen in different frames.
    left = np.flatnonzero(left & ((true.kind[rows] < DEATHS) == (found.kind[columns] < DEATHS)))
    others = left[assign_pairs(rows[left], columns[left], gain[left])]
    return (rows[chosen], columns[chosen]), (rows[others], columns[others])
