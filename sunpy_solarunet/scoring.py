"""
How right a tracker's tables are where the truth is known.

Features are matched frame by frame, links and tracks through the matched features, events by kind,
frame, place and members. Everything is counted per frame, so that scores of several sequences add up
and intervals come from resampling frames.
"""

import contextlib
import io
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.table import QTable
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from sunpy_solarunet.errors import SequenceError, SolarUnetError, name_choice, require_quantity
from sunpy_solarunet.tracking.tables import EVENT_KINDS, FORMATS, read_table

__all__ = ["Score", "score"]

#: The tables that are compared; all but the features may be missing.
TABLES = ("features", "tracks", "events", "members", "frames")

#: What each table of features must have.
COLUMNS = ("frame", "track_id", "polarity", "x", "y")

#: Without a distance from the user: this many pixels at least, and this part of the true feature's equivalent radius.
SMALLEST_DISTANCE, RADIUS_FRACTION = 3.0, 0.5

#: Frames are the same if their times differ by no more than this: file formats and headers round.
TIME_TOLERANCE = 1 * u.s

#: What stands in the confusion table for an event without counterpart.
NONE = "none"

#: Cancellations and emergences that are counted by their balance, too.
BALANCES = tuple((balance, kind) for kind in ("cancellation", "emergence") for balance in ("balanced", "unbalanced"))

#: Kinds of the death category come first: their parents count as members, of the others the children.
DEATHS = 3

#: Similarities at which HOTA is evaluated (Luiten et al. 2021, section 6).
HOTA_LEVELS = np.linspace(0.05, 0.95, 19)

#: Gain of an event's match: any match outweighs its frame, the frame the shared members, these the distance.
MATCH_GAIN, FRAME_GAIN, MEMBER_GAIN = 1e8, 1e5, 1e2


def score(truth, found, *, distance=None, place=20 * u.pix, frames=1):
    """
    Compare the tables of a tracker with the truth.

    Parameters
    ----------
    truth, found : `~sunpy_solarunet.Tracker`, `dict` or path-like
        Anything with the tables features, tracks, events, members and frames as attributes, a
        dictionary of them, or a folder that holds them. Only features are needed, with the columns
        frame, track_id, polarity, x and y, the true ones with n_pixels, too, if there is no
        ``distance``. A feature whose track_id is negative is a track by itself.
    distance : `~astropy.units.Quantity`, optional
        How far, in pixels, the centers of a true feature and a found one may be apart. The larger of
        3 pixels and half of the true feature's equivalent radius, the square root of n_pixels / pi,
        if not given.
    place : `~astropy.units.Quantity`
        How far, in pixels, a true event and a found one may be apart. Wide, since they must share a
        member: that tells them from their neighbors.
    frames : `int`
        By how many frames a true event and a found one may differ.

    Returns
    -------
    `Score`

    Raises
    ------
    TypeError
        If a distance has no unit.
    SequenceError
        If the two differ in the number or the times of their frames.
    SolarUnetError
        If there are no features, columns are missing, a track has two features in one frame, a kind of
        event is unknown, or a tolerance is out of its range.

    Notes
    -----
    **Features** of one frame and polarity are matched one to one, such that the sum, over the
    matches, of what is left of the allowed distance is largest. Of the same features, that is the
    assignment with the smallest total distance.

    **Links** are pairs of features that follow each other in a track, in consecutive frames or after
    frames that it skips. A found link is right if its features are matched to two of one true track,
    none of which between them was found: one that bridges a missed feature is.

    **Events** are of the same kind, at most ``frames`` and ``place`` apart, and share a member: a
    feature of the parents of a death or of the children of a birth, or, where their frames differ,
    another feature of its track. The place of an event is the flux-weighted center of these members.
    Where one of the two has no table of members, the places are Tx and Ty, divided by the scale
    of a pixel, and no member needs to be shared. Where one of the two has no table of events, events
    are not scored.

    Examples
    --------
    A track that breaks off where the true one lives on:

    >>> import astropy.units as u
    >>> from astropy.table import QTable
    >>> from sunpy_solarunet.scoring import score
    >>> true = QTable({"frame": [0, 0, 1, 1], "track_id": [0, 1, 0, 1], "polarity": [1, -1, 1, -1],
    ...                "n_pixels": [20, 12, 21, 12], "x": [5, 30, 6, 30] * u.pix, "y": [4, 9, 4, 10] * u.pix})
    >>> broken = true.copy()
    >>> broken["track_id"] = [0, 1, 0, 2]
    >>> result = score({"features": true}, {"features": broken})
    >>> result["link precision"], result["link recall"], result["identity switches"]
    (1.0, 0.5, 1.0)
    """
    limit = None if distance is None else require_quantity(distance, u.pix, "distance", positive=True)
    reach = require_quantity(place, u.pix, "place", positive=True)
    if int(frames) != frames or frames < 0:
        raise SolarUnetError(f"frames must be a whole number of at least 0, got {frames}")
    tables = _tables(truth, "truth"), _tables(found, "found")
    numbers = _frame_numbers(*tables)
    true, seen = (_features(*each) for each in zip(tables, numbers, ("truth", "found"), strict=True))
    matching = _match(true, seen, _limits(tables[0]["features"], limit))
    counts = _feature_counts(true, seen, matching)
    counts |= _link_counts(true, seen, matching)
    counts |= _track_counts(true, seen, matching)
    counts |= _event_counts(tables, numbers, (true, seen), matching, reach, int(frames))
    lifetime_errors = _lifetime_errors(true, seen, matching, tables[0]["tracks"])
    tolerances = {"distance": "by size" if limit is None else f"{limit:g} pix", "place": f"{reach:g} pix"}
    return Score([_Sequence(counts, lifetime_errors, true, seen, matching)], tolerances | {"frames": int(frames)})


class Score:
    """
    How right a tracker is, made by `score`.

    Scores with the same tolerances can be added, also by `sum`: the result is that of all their
    sequences together. Printed, it is a small table. All measures but the errors of lifetimes are
    ratios of sums over frames; where nothing is counted (0/0), they are not-a-number.

    Parameters
    ----------
    sequences : iterable
        What was counted in each sequence.
    tolerances : `dict`
        The distance, place and frames that `score` was given.

    Notes
    -----
    ========================================== =========================================================
    Measure                                    Meaning
    ========================================== =========================================================
    feature, link, event, *kind* precision     right ones among the found ones
    feature, link, event, *kind* recall        right ones among the true ones
    feature, link, event, *kind* F1            twice the right ones over the sum of true and found ones
    link recall among detected                 as link recall, but of the links between those true features
                                               of a track that were found
    purity                                     matched features that belong to the true track most
                                               frequent in their found track, among all matched ones
    completeness                               the same with true and found exchanged
    identity switches                          how many times a true track goes over from one found
                                               track to another; also per 100 true links
    MOTA                                       one minus missed features, false features and identity
                                               switches over true features (Bernardin & Stiefelhagen 2008)
    HOTA                                       higher order tracking accuracy (Luiten et al. 2021), where
                                               the similarity of matched features is one minus their
                                               distance over the largest that is allowed
    median, mean absolute lifetime error       found minus true lifetime in frames, of true tracks that
                                               are not censored, by the found track with most of their
                                               features; true tracks without any are left out
    balanced, unbalanced cancellation recall   of the true events with this balance, those that were
                                               found with the same kind; likewise emergence
    ========================================== =========================================================

    Examples
    --------
    >>> from sunpy_solarunet import Segmenter, Tracker
    >>> from sunpy_solarunet.scoring import score
    >>> from sunpy_solarunet.synthetic import six_events
    >>> tracker = Tracker()
    >>> events = tracker.track(map(Segmenter(method="threshold"), six_events()[0]))
    >>> result = score(tracker, tracker)
    >>> result
    <Score: 1 sequence, 8 frames, link F1 1.000, event F1 1.000>
    >>> (result + result)["merging recall"]
    1.0
    """

    def __init__(self, sequences, tolerances):
        self._sequences = tuple(sequences)
        self.tolerances = dict(tolerances)

    def __add__(self, other):
        if not isinstance(other, Score):
            return NotImplemented
        if other.tolerances != self.tolerances:
            raise SolarUnetError(f"scores of different tolerances: {self.tolerances} and {other.tolerances}")
        return Score(self._sequences + other._sequences, self.tolerances)

    def __radd__(self, other):
        # The built-in sum begins with 0.
        return self if isinstance(other, int) and other == 0 else NotImplemented

    def __getitem__(self, measure):
        values = self._values()
        return values[name_choice(measure, values, "measure")][0]

    def __repr__(self):
        return f"<Score: {self._extent()}, link F1 {self['link F1']:.3f}, event F1 {self['event F1']:.3f}>"

    def __str__(self):
        values = self._values()
        head = f"{'':15} precision    recall        F1      true     found"
        kinds = {f"  {kind}": kind for kind in EVENT_KINDS}
        names = {"features": "feature", "links": "link", "events": "event"} | kinds
        rows = [_line(title, name, values) for title, name in names.items()]
        return "\n".join([self._extent(), head, *rows, *_summary(values)])

    def _extent(self):
        sequences, frames = len(self._sequences), sum(sequence.n_frames for sequence in self._sequences)
        return f"{sequences} sequence{'s' * (sequences != 1)}, {frames} frame{'s' * (frames != 1)}"

    @property
    def confusion(self):
        """
        How many events of each true kind were found as which kind.

        True and found events are first matched with the same kind, then the others regardless of it.
        The column kind holds the true kinds and, for found events without counterpart, none. The
        other columns are named by the found kinds and, for true events without counterpart, none.
        """
        counts = self._totals()["confusion"].astype(int)
        names = (*EVENT_KINDS, NONE)
        return QTable({"kind": list(names)} | dict(zip(names, counts.T, strict=True)), meta=dict(self.tolerances))

    def to_table(self, *, confidence=0.95, n_resamples=1000, seed=0):
        """
        All measures with their intervals.

        The intervals are percentiles of the bootstrap: sequences are drawn with replacement, where
        there are several, and in each of them frames; for the errors of lifetimes, tracks. Frames
        that follow each other are alike, so that a few sequences say more than one long one.

        Parameters
        ----------
        confidence : `float`
            Of the intervals, between 0 and 1.
        n_resamples : `int`
            How many times the frames are drawn.
        seed : `int`
            Of the draws.

        Returns
        -------
        `~astropy.table.QTable`
            The columns measure, value, lower, upper and n, the number of features, links, tracks or
            events that the measure is out of. Intervals are not-a-number where there are fewer than
            two frames, or tracks, to draw from.

        Raises
        ------
        SolarUnetError
            If an argument is out of its range.
        """
        if not 0 < confidence < 1:
            raise SolarUnetError(f"confidence must lie between 0 and 1, got {confidence}")
        if int(n_resamples) != n_resamples or n_resamples < 1:
            raise SolarUnetError(f"n_resamples must be a whole number of at least 1, got {n_resamples}")
        values = self._values()
        drawn = self._drawn(int(n_resamples), np.random.default_rng(seed))
        intervals = np.array([_interval(drawn.get(name), confidence) for name in values])
        value, number = zip(*values.values(), strict=True)
        columns = {"measure": list(values), "value": value, "lower": intervals[:, 0], "upper": intervals[:, 1]}
        meta = self.tolerances | {"confidence": confidence, "n_resamples": int(n_resamples), "seed": seed}
        return QTable(columns | {"n": number}, meta=meta)

    def challenge_measures(self):
        """
        Measures of the Cell Tracking Challenge (Maška et al. 2014; Matula et al. 2015), by traccuracy.

        The graphs hold features and the links of tracks. Births and deaths are not part of them:
        the events' own measures judge these.

        Returns
        -------
        `dict`
            DET of the features, LNK of the links, and TRA of both, each 1 at best and not-a-number
            if there is nothing true.

        Raises
        ------
        ModuleNotFoundError
            If traccuracy is not installed.
        """
        classes, graphs = _challenge_classes(), _challenge_graphs(self._sequences)
        if not len(graphs[0]):
            return dict.fromkeys(("DET", "LNK", "TRA"), np.nan)
        # traccuracy draws progress bars, and warns where a measure is 0/0, which is told above.
        with _silent(), contextlib.redirect_stderr(io.StringIO()):
            pair = [classes["TrackingGraph"](graph, label_key=None) for graph in graphs[:2]]
            matched = classes["Matched"](*pair, graphs[2], {"matching type": "one-to-one"})
            results = classes["CTCMetrics"]().compute(matched).results
        return {name: float(results[name]) for name in ("DET", "LNK", "TRA")}

    def _totals(self):
        return _sum([{name: values.sum(axis=0) for name, values in each.counts.items()} for each in self._sequences])

    def _errors(self):
        return np.concatenate([sequence.lifetime_errors for sequence in self._sequences])

    def _values(self):
        """Value and number of each measure."""
        ratios = {name: (float(value), int(number)) for name, (value, number) in _measures(self._totals()).items()}
        errors = self._errors()
        lifetimes = _lifetime_measures(*np.unique(errors, return_counts=True))
        return ratios | {name: (float(value), len(errors)) for name, value in lifetimes.items()}

    def _drawn(self, n_resamples, rng):
        """Values of each measure in resampled frames, or tracks; none where there is too little to draw from."""
        lengths = [sequence.n_frames for sequence in self._sequences]
        drawn = {}
        if sum(lengths) > 1:
            weights = _frame_weights(lengths, n_resamples, rng)
            pairs = zip(weights, self._sequences, strict=True)
            totals = _sum([sequence.resampled(weight) for weight, sequence in pairs if sequence.n_frames])
            drawn = {name: value for name, (value, _) in _measures(totals).items()}
        errors, times = np.unique(self._errors(), return_counts=True)
        if times.sum() > 1:
            drawn |= _lifetime_measures(errors, rng.multinomial(times.sum(), times / times.sum(), n_resamples))
        return drawn


def _line(title, name, values):
    """Precision, recall and F1 with the numbers of true and found ones, out of which recall and precision are."""
    (precision, found), (recall, true), (f1, _) = (values[f"{name} {part}"] for part in ("precision", "recall", "F1"))
    return f"{title:15}{precision:10.3f}{recall:10.3f}{f1:10.3f}{true:10d}{found:10d}"


def _summary(values):
    """What is no precision, recall or F1, in words."""
    value = {name: value for name, (value, _) in values.items()}
    return [
        f"purity {value['purity']:.3f}, completeness {value['completeness']:.3f}",
        f"identity switches {value['identity switches']:.0f}, "
        f"{value['identity switches per 100 links']:.2f} per 100 links",
        f"MOTA {value['MOTA']:.3f}, HOTA {value['HOTA']:.3f}",
        f"lifetime error in frames: median {value['median lifetime error']:.1f}, "
        f"mean absolute {value['mean absolute lifetime error']:.2f}",
    ]


@dataclass(frozen=True)
class _Sequence:
    """What was counted in one sequence: arrays by name, frames along their first axis."""

    counts: dict
    lifetime_errors: np.ndarray
    true: "_Features"
    found: "_Features"
    matching: "_Matching"

    @property
    def n_frames(self):
        return self.true.n_frames

    def resampled(self, weights):
        """Totals where each frame counts as often as it was drawn; weights have the shape (resamples, frames)."""
        return {name: np.tensordot(weights, values, 1) for name, values in self.counts.items()}


@dataclass(frozen=True)
class _Features:
    """The features of a sequence: one element a feature; frames and tracks are counted from 0."""

    frame: np.ndarray
    track: np.ndarray
    track_ids: np.ndarray
    position: np.ndarray
    polarity: np.ndarray
    weight: np.ndarray
    n_frames: int

    def __len__(self):
        return len(self.frame)

    @property
    def links(self):
        """Earlier and later feature of each link, shape (links, 2)."""
        return self.links_among(np.arange(len(self)))

    def links_among(self, features):
        """Links as if there were only these features."""
        order = features[np.lexsort((self.frame[features], self.track[features]))]
        pairs = np.column_stack([order[:-1], order[1:]])
        return pairs[self.track[pairs[:, 0]] == self.track[pairs[:, 1]]]

    @property
    def sizes(self):
        """Number of features of each track."""
        return np.bincount(self.track, minlength=len(self.track_ids))

    @property
    def spans(self):
        """First and last frame of each track."""
        first, last = np.full(len(self.track_ids), self.n_frames), np.full(len(self.track_ids), -1)
        np.minimum.at(first, self.track, self.frame)
        np.maximum.at(last, self.track, self.frame)
        return first, last

    def per_frame(self, features, weights=None):
        """How many of these features, or the sum of their weights, each frame has."""
        return np.bincount(self.frame[features], weights, minlength=self.n_frames).astype(float)


@dataclass(frozen=True)
class _Matching:
    """Pairs of a true and a found feature, one element a pair, in the order of the true features."""

    true: np.ndarray
    found: np.ndarray
    similarity: np.ndarray

    def found_of(self, n_true):
        """Found feature of each true one, -1 without."""
        return _inverse(self.true, self.found, n_true)

    def true_of(self, n_found):
        """True feature of each found one, -1 without."""
        return _inverse(self.found, self.true, n_found)


@dataclass(frozen=True)
class _Events:
    """The events of a sequence, one element an event, and their members: event and feature, one element each."""

    frame: np.ndarray
    kind: np.ndarray
    balance: np.ndarray
    place: np.ndarray
    member_event: np.ndarray
    member_feature: np.ndarray

    def __len__(self):
        return len(self.frame)


def _tables(result, which):
    """The tables by name, `None` where there is none."""
    if isinstance(result, str | os.PathLike):
        tables = _read_folder(Path(result))
    elif isinstance(result, Mapping):
        tables = {name: result.get(name) for name in TABLES}
    else:
        tables = {name: getattr(result, name, None) for name in TABLES}
    if tables["features"] is None:
        raise SolarUnetError(f"{which} has no table of features: give a Tracker, a dict of tables or their folder")
    missing = [column for column in COLUMNS if column not in _names(tables["features"])]
    if missing:
        raise SolarUnetError(f"the features of {which} lack the columns {', '.join(missing)}")
    return tables


def _read_folder(folder):
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder")
    tables = {}
    for name in TABLES:
        paths = [folder / f"{name}{suffix}" for suffix in FORMATS]
        there = [path for path in paths if path.is_file()]
        tables[name] = read_table(there[0]) if there else None
    return tables


def _names(table):
    return getattr(table, "colnames", None) or list(table.keys())


def _plain(column, unit):
    """A column as numbers in a unit; one without a unit is taken to be in it."""
    if getattr(column, "unit", None) is not None:
        return u.Quantity(column).to_value(unit)
    return np.asarray(column, float)


def _inverse(keys, values, number):
    """Values by key from 0 to number - 1, -1 where there is none."""
    inverse = np.full(number, -1)
    inverse[keys] = values
    return inverse


def _positions(known, wanted):
    """Where each wanted number stands among the known ones, -1 if it does not."""
    known, wanted = np.asarray(known), np.asarray(wanted)
    if not len(known):
        return np.full(len(wanted), -1)
    order = np.argsort(known, kind="stable")
    nearest = order[np.minimum(np.searchsorted(known, wanted, sorter=order), len(known) - 1)]
    return np.where(known[nearest] == wanted, nearest, -1)


def _frame_numbers(true, found):
    """Numbers of the frames in each of the two, in the order of time; element by element they are the same frames."""
    if true["frames"] is not None and found["frames"] is not None:
        return _same_frames(true["frames"], found["frames"])
    for tables in (true, found):
        if tables["frames"] is not None:
            return (np.sort(np.asarray(tables["frames"]["frame"])),) * 2
    shown = np.concatenate([np.asarray(tables["features"]["frame"], int) for tables in (true, found)])
    return (np.arange(shown.min(), shown.max() + 1) if len(shown) else np.zeros(0, int),) * 2


def _same_frames(true, found):
    if len(true) != len(found):
        raise SequenceError(f"the truth has {len(true)} frames, what was found has {len(found)}: score the same frames")
    numbers, times = [], []
    for frames in (true, found):
        order = np.argsort(np.asarray(frames["frame"]))
        numbers.append(np.asarray(frames["frame"])[order])
        times.append(frames["time"][order])
    apart = np.abs((times[0] - times[1]).to_value(u.s)) if len(true) else np.zeros(0)
    if np.any(apart > TIME_TOLERANCE.to_value(u.s)):
        first = int(np.argmax(apart > TIME_TOLERANCE.to_value(u.s)))
        raise SequenceError(
            f"frame {numbers[0][first]} is of {times[0][first].isot} in the truth and of {times[1][first].isot} "
            "in what was found: score the same frames"
        )
    return tuple(numbers)


def _frame_index(numbers, shown, which):
    index = _positions(numbers, shown)
    if np.any(index < 0):
        raise SequenceError(f"{which} has rows of frame {np.asarray(shown)[index < 0][0]}, which is not in the frames")
    return index


def _features(tables, numbers, which):
    table = tables["features"]
    frame = _frame_index(numbers, table["frame"], which)
    given = np.asarray(table["track_id"], int)
    track_ids, track = np.unique(np.where(given < 0, -1 - np.arange(len(given)), given), return_inverse=True)
    position = np.column_stack([_plain(table[name], u.pix) for name in ("x", "y")])
    if not np.all(np.isfinite(position)):
        raise SolarUnetError(f"the features of {which} have places that are not finite")
    key, times = np.unique(track * len(numbers) + frame, return_counts=True)
    if np.any(times > 1):
        track_number, frame_number = divmod(int(key[times > 1][0]), len(numbers))
        raise SolarUnetError(
            f"track {track_ids[track_number]} of {which} has two features in frame {numbers[frame_number]}"
        )
    weight = np.abs(_plain(table["flux"], u.Mx)) if "flux" in _names(table) else np.ones(len(table))
    return _Features(frame, track, track_ids, position, np.sign(table["polarity"]), weight, len(numbers))


def _limits(features, limit):
    """The allowed distance of each true feature in pixels."""
    if limit is not None:
        return np.full(len(features), float(limit))
    if "n_pixels" not in _names(features):
        raise SolarUnetError("the features of the truth lack the column n_pixels: give the distance")
    radius = np.sqrt(np.asarray(features["n_pixels"], float) / np.pi)
    return np.maximum(SMALLEST_DISTANCE, RADIUS_FRACTION * radius)


def _match(true, found, limit):
    """One-to-one matching of the features of all frames."""
    pairs = _near_pairs(true, found, limit)
    apart = np.linalg.norm(true.position[pairs[0]] - found.position[pairs[1]], axis=1)
    allowed = limit[pairs[0]]
    # The small constant keeps pairs at exactly the allowed distance.
    chosen = _assign(*pairs, allowed - apart + 1e-6)
    similarity = 1 - np.divide(apart, allowed, out=np.zeros(len(apart)), where=allowed > 0)
    return _Matching(pairs[0][chosen], pairs[1][chosen], similarity[chosen])


def _near_pairs(true, found, limit):
    """True and found features within the true one's limit, of the same frame and polarity."""
    if not len(true) or not len(found):
        return np.zeros((2, 0), int)
    # A third coordinate keeps frames and polarities apart: one tree does for the whole sequence.
    spacing = 2 * limit.max() + 1
    points = [np.column_stack([each.position, spacing * (3 * each.frame + each.polarity)]) for each in (true, found)]
    near = KDTree(points[1]).query_ball_point(points[0], limit)
    number = [len(each) for each in near]
    return np.array([np.repeat(np.arange(len(true)), number), np.concatenate(near).astype(int)])


def _assign(rows, columns, gain):
    """The pairs, each row and each column in one of them at most, with the largest total gain; gains are positive."""
    if not len(rows):
        return np.zeros(0, int)
    n_rows, n_columns = rows.max() + 1, columns.max() + 1
    ends = (rows, n_rows + columns)
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


def _feature_counts(true, found, matching):
    return {
        "true_features": true.per_frame(slice(None)),
        "found_features": found.per_frame(slice(None)),
        "matched_features": true.per_frame(matching.true),
    }


def _link_counts(true, found, matching):
    """Links by the frame of their later feature."""
    true_links, found_links, detected = true.links, found.links, true.links_among(matching.true)
    meant = matching.true_of(len(found))[found_links]
    known = np.all(meant >= 0, axis=1)
    right = known & np.isin(meant @ [len(true), 1], detected @ [len(true), 1])
    return {
        "true_links": true.per_frame(true_links[:, 1]),
        "found_links": found.per_frame(found_links[:, 1]),
        "right_links": found.per_frame(found_links[right, 1]),
        "detected_links": true.per_frame(detected[:, 1]),
    }


def _track_counts(true, found, matching):
    """Pure and complete features, identity switches, and what HOTA needs, by the frame of the matched feature."""
    true_track, found_track = true.track[matching.true], found.track[matching.found]
    return {
        "pure_features": true.per_frame(matching.true, _in_majority(found_track, true_track)),
        "complete_features": true.per_frame(matching.true, _in_majority(true_track, found_track)),
        "switches": true.per_frame(matching.true[_switches(true.frame[matching.true], true_track, found_track)]),
    } | _hota_counts(true, found, matching, true_track, found_track)


def _majority(own, other):
    """Tracks, and for each of them the other track that shares most features with it, the first if several do."""
    pairs, times = np.unique(np.column_stack([own, other]), axis=0, return_counts=True)
    pairs = pairs[np.lexsort((pairs[:, 1], -times, pairs[:, 0]))]
    tracks, first = np.unique(pairs[:, 0], return_index=True)
    return tracks, pairs[first, 1]


def _in_majority(own, other):
    """Whether each matched feature lies in the other track that shares most features with its own one."""
    tracks, best = _majority(own, other)
    return best[np.searchsorted(tracks, own)] == other


def _switches(frame, true_track, found_track):
    """Matched features, by number, whose found track differs from that of the matched feature before in their track."""
    order = np.lexsort((frame, true_track))
    same = true_track[order[1:]] == true_track[order[:-1]]
    return order[1:][same & (found_track[order[1:]] != found_track[order[:-1]])]


def _hota_counts(true, found, matching, true_track, found_track):
    """Matched features and the sum of their association scores, shape (frames, levels), for each similarity."""
    pair = np.unique(np.column_stack([true_track, found_track]), axis=0, return_inverse=True)[1].ravel()
    either = true.sizes[true_track] + found.sizes[found_track]
    matched, association = (np.zeros((true.n_frames, len(HOTA_LEVELS))) for _ in range(2))
    for level, similarity in enumerate(HOTA_LEVELS):
        # Rounding must not part a similarity from the level that it is equal to.
        kept = matching.similarity >= similarity - 1e-9
        shared = np.bincount(pair[kept], minlength=len(pair))[pair[kept]]
        features = matching.true[kept]
        matched[:, level] = true.per_frame(features)
        association[:, level] = true.per_frame(features, shared / (either[kept] - shared))
    return {"hota_matched": matched, "hota_association": association}


def _lifetime_errors(true, found, matching, tracks):
    """Found minus true lifetime in frames of the true tracks that are not censored and have a found one."""
    own, best = _majority(true.track[matching.true], found.track[matching.found])
    (first, last), (found_first, found_last) = true.spans, found.spans
    errors = (found_last - found_first)[best] - (last - first)[own]
    return errors[~_censored(true, first, last, tracks)[own]]


def _censored(true, first, last, tracks):
    """Whether each track is censored: as the table of tracks says, or at the ends of the sequence where it does not."""
    censored = (first == 0) | (last == true.n_frames - 1)
    if tracks is None:
        return censored
    row = _positions(tracks["track_id"], true.track_ids)
    told = np.asarray(tracks["birth_censored"], bool) | np.asarray(tracks["death_censored"], bool)
    censored[row >= 0] = told[row[row >= 0]]
    return censored


def _event_counts(tables, numbers, features, matching, reach, frames):
    """Events by frame: true ones and the confusion by the true event's, found ones by the found event's."""
    n_frames, n_kinds = len(numbers[0]), len(EVENT_KINDS)
    if any(each["events"] is None for each in tables):
        return _no_events(n_frames)
    sides = zip(tables, numbers, features, ("truth", "found"), strict=True)
    true, found = (_events(*side) for side in sides)
    candidates = _event_candidates(tables, true, found, features, matching, reach, frames)
    same, other = _match_events(candidates, true, found)
    called = np.full(len(true), n_kinds)
    called[np.r_[same[0], other[0]]] = found.kind[np.r_[same[1], other[1]]]
    extra = np.setdiff1d(np.arange(len(found)), np.r_[same[1], other[1]])
    counts = _no_events(n_frames)
    np.add.at(counts["confusion"], (true.frame, true.kind, called), 1)
    np.add.at(counts["confusion"], (found.frame[extra], n_kinds, found.kind[extra]), 1)
    np.add.at(counts["found_events"], (found.frame, found.kind), 1)
    np.add.at(counts["right_events"], (found.frame[same[1]], found.kind[same[1]]), 1)
    for number, (balance, kind) in enumerate(BALANCES):
        chosen = (true.balance == balance) & (true.kind == EVENT_KINDS.index(kind))
        counts["true_balance"][:, number] = np.bincount(true.frame[chosen], minlength=n_frames)
        counts["right_balance"][:, number] = np.bincount(
            true.frame[same[0]], chosen[same[0]].astype(float), minlength=n_frames
        )
    return counts


def _no_events(n_frames):
    shapes = {"found_events": len(EVENT_KINDS), "right_events": len(EVENT_KINDS)}
    shapes |= {"true_balance": len(BALANCES), "right_balance": len(BALANCES)}
    counts = {name: np.zeros((n_frames, number)) for name, number in shapes.items()}
    return counts | {"confusion": np.zeros((n_frames, len(EVENT_KINDS) + 1, len(EVENT_KINDS) + 1))}


def _events(tables, numbers, features, which):
    table = tables["events"]
    for kind in sorted(set(np.asarray(table["kind"], str))):
        name_choice(kind, EVENT_KINDS, f"kind of event in {which}")
    names = np.asarray(table["kind"], str)
    kind = np.array([EVENT_KINDS.index(name) for name in names], int)
    frame = _frame_index(numbers, table["frame"], which)
    balance = np.asarray(table["balance"], str) if "balance" in _names(table) else np.full(len(table), "")
    event, feature = _members(tables, numbers, features, frame, kind)
    weight = features.weight[feature]
    # Members without any flux count alike.
    empty = np.bincount(event, weight, minlength=len(table)) == 0
    weight = np.where(empty[event], 1.0, weight)
    with np.errstate(invalid="ignore"):
        total = np.bincount(event, weight, minlength=len(table))
        sums = [np.bincount(event, weight * features.position[feature, axis], len(table)) for axis in (0, 1)]
        place = np.column_stack(sums) / total[:, np.newaxis]
    return _Events(frame, kind, balance, place, event, feature)


def _members(tables, numbers, features, frame, kind):
    """Event and feature, by their numbers from 0, of the members in the frame that shows the event."""
    table = tables["members"]
    if table is None or not len(table):
        return np.zeros((2, 0), int)
    event = _positions(tables["events"]["event_id"], table["event_id"])
    member_frame = _positions(numbers, table["frame"])
    track = _positions(features.track_ids, table["track_id"])
    feature = _positions(features.track * len(numbers) + features.frame, track * len(numbers) + member_frame)
    # Negative numbers of tracks are no names: they stand for none.
    named = np.asarray(table["track_id"]) >= 0
    known = named & (event >= 0) & (member_frame >= 0) & (track >= 0) & (feature >= 0)
    event, feature = event[known], feature[known]
    role = np.asarray(table["role"], str)[known]
    shown = (role == np.where(kind[event] < DEATHS, "parent", "child")) & (features.frame[feature] == frame[event])
    return event[shown], feature[shown]


def _event_candidates(tables, true, found, features, matching, reach, frames):
    """True and found events that may be the same, and the gain of matching them."""
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
        if not {"Tx", "Ty"} <= set(_names(each["events"])):
            raise SolarUnetError("without a table of members, events need the columns Tx and Ty")
        places.append(np.column_stack([_plain(each["events"][name], u.arcsec) for name in ("Tx", "Ty")]) / scale)
    if not all(np.isfinite(place).all() and len(place) for place in places):
        return np.zeros(0, int), np.zeros(0, int), np.zeros(0)
    near = KDTree(places[1]).query_ball_point(places[0], reach)
    rows = np.repeat(np.arange(len(places[0])), [len(each) for each in near])
    columns = np.concatenate(near).astype(int)
    return rows, columns, np.linalg.norm(places[0][rows] - places[1][columns], axis=1)


def _pixel_scale(tables):
    """Arcsec a pixel: how far features of a frame are from their mean in both units; not-a-number without features."""
    for each in tables:
        features = each["features"]
        if {"Tx", "Ty"} <= set(_names(features)) and len(features) > 1:
            frame = np.unique(np.asarray(features["frame"]), return_inverse=True)[1]
            units = {"Tx": u.arcsec, "Ty": u.arcsec, "x": u.pix, "y": u.pix}
            spread = [np.sum(_from_mean(_plain(features[name], unit), frame) ** 2) for name, unit in units.items()]
            if spread[2] + spread[3] > 0:
                return np.sqrt((spread[0] + spread[1]) / (spread[2] + spread[3]))
    return np.nan


def _from_mean(values, group):
    return values - (np.bincount(group, values) / np.bincount(group))[group]


def _match_events(candidates, true, found):
    """Matched events, true and found, first those of the same kind, then, of the others, those of different kinds."""
    rows, columns, gain = candidates
    alike = np.flatnonzero(true.kind[rows] == found.kind[columns])
    chosen = alike[_assign(rows[alike], columns[alike], gain[alike])]
    left = ~np.isin(rows, rows[chosen]) & ~np.isin(columns, columns[chosen])
    # A birth is never mistaken for a death: they are seen in different frames.
    left = np.flatnonzero(left & ((true.kind[rows] < DEATHS) == (found.kind[columns] < DEATHS)))
    others = left[_assign(rows[left], columns[left], gain[left])]
    return (rows[chosen], columns[chosen]), (rows[others], columns[others])


def _sum(totals):
    """Sums, name by name, of several dictionaries."""
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


def _measures(totals):
    """Values of all measures, and the numbers that they are out of; totals may have leading dimensions."""
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


def _lifetime_measures(errors, times):
    """Measures of errors that occur so many times; errors are in ascending order, times may have leading dimensions."""
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


def _frame_weights(lengths, n_resamples, rng):
    """How often each frame is drawn: for each sequence an array of shape (resamples, frames)."""
    sequences = rng.multinomial(len(lengths), np.full(len(lengths), 1 / len(lengths)), n_resamples)
    return [
        rng.multinomial(times * length, np.full(length, 1 / length)) if length else np.zeros((n_resamples, 0))
        for times, length in zip(sequences.T, lengths, strict=True)
    ]


def _interval(values, confidence):
    """Percentiles of the resamples that have a value."""
    values = np.zeros(0) if values is None else values[np.isfinite(values)]
    if not len(values):
        return np.nan, np.nan
    return tuple(np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2]))


@contextlib.contextmanager
def _silent():
    """Ignore warnings of another project's code, which may be errors where this is called from."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _challenge_classes():
    """The classes of traccuracy that are used; it is large, and few need it."""
    try:
        # It and what it imports use functions that numpy and zarr deprecate.
        with _silent():
            from traccuracy import TrackingGraph
            from traccuracy.matchers import Matched
            from traccuracy.metrics import CTCMetrics
    except ModuleNotFoundError as problem:
        raise ModuleNotFoundError(
            'the measures of the Cell Tracking Challenge need traccuracy: pip install "sunpy_solarunet[scoring]"'
        ) from problem
    return {"TrackingGraph": TrackingGraph, "Matched": Matched, "CTCMetrics": CTCMetrics}


def _challenge_graphs(sequences):
    """Graphs of the true and of the found tracks of all sequences, and the pairs of their matched features."""
    import networkx as nx

    graphs, pairs, begin = (nx.DiGraph(), nx.DiGraph()), [], (0, 0)
    for sequence in sequences:
        for graph, features, first in zip(graphs, (sequence.true, sequence.found), begin, strict=True):
            graph.add_nodes_from((first + number, {"t": int(frame)}) for number, frame in enumerate(features.frame))
            graph.add_edges_from((features.links + first).tolist())
        matching = sequence.matching
        pairs += np.column_stack([matching.true + begin[0], matching.found + begin[1]]).tolist()
        begin = tuple(len(graph) for graph in graphs)
    return *graphs, pairs
