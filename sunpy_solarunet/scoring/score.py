"""
`score` and `Score`: two sets of tables in, all measures of how right the second is out.
"""

import astropy.units as u
import numpy as np
from astropy.table import QTable

from sunpy_solarunet.errors import SolarUnetError, name_choice, require_quantity
from sunpy_solarunet.scoring.challenge import challenge_measures
from sunpy_solarunet.scoring.counting import (
    Sequence,
    event_counts,
    feature_counts,
    lifetime_errors,
    link_counts,
    track_counts,
)
from sunpy_solarunet.scoring.matching import allowed_distances, match_features
from sunpy_solarunet.scoring.measures import frame_weights, interval, lifetime_measures, ratio_measures, sum_totals
from sunpy_solarunet.scoring.reading import frame_numbers, read_features, read_tables
from sunpy_solarunet.tracking.tables import EVENT_KINDS

__all__ = ["Score", "score"]

#: What stands in the confusion table for an event without counterpart.
NONE = "none"


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
    tables = read_tables(truth, "truth"), read_tables(found, "found")
    numbers = frame_numbers(*tables)
    true, seen = (read_features(*each) for each in zip(tables, numbers, ("truth", "found"), strict=True))
    matching = match_features(true, seen, allowed_distances(tables[0]["features"], limit))
    counts = feature_counts(true, seen, matching)
    counts |= link_counts(true, seen, matching)
    counts |= track_counts(true, seen, matching)
    counts |= event_counts(tables, numbers, (true, seen), matching, reach, int(frames))
    errors = lifetime_errors(true, seen, matching, tables[0]["tracks"])
    tolerances = {"distance": "by size" if limit is None else f"{limit:g} pix", "place": f"{reach:g} pix"}
    return Score([Sequence(counts, errors, true, seen, matching)], tolerances | {"frames": int(frames)})


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
        intervals = np.array([interval(drawn.get(name), confidence) for name in values])
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
        return challenge_measures(self._sequences)

    def _totals(self):
        counts = [sequence.counts for sequence in self._sequences]
        return sum_totals([{name: values.sum(axis=0) for name, values in each.items()} for each in counts])

    def _errors(self):
        return np.concatenate([sequence.lifetime_errors for sequence in self._sequences])

    def _values(self):
        """Value and number of each measure."""
        ratios = {name: (float(value), int(number)) for name, (value, number) in ratio_measures(self._totals()).items()}
        errors = self._errors()
        lifetimes = lifetime_measures(*np.unique(errors, return_counts=True))
        return ratios | {name: (float(value), len(errors)) for name, value in lifetimes.items()}

    def _drawn(self, n_resamples, rng):
        """Values of each measure in resampled frames, or tracks; none where there is too little to draw from."""
        lengths = [sequence.n_frames for sequence in self._sequences]
        drawn = {}
        if sum(lengths) > 1:
            weights = frame_weights(lengths, n_resamples, rng)
            pairs = zip(weights, self._sequences, strict=True)
            totals = sum_totals([sequence.resampled(weight) for weight, sequence in pairs if sequence.n_frames])
            drawn = {name: value for name, (value, _) in ratio_measures(totals).items()}
        errors, times = np.unique(self._errors(), return_counts=True)
        if times.sum() > 1:
            drawn |= lifetime_measures(errors, rng.multinomial(times.sum(), times / times.sum(), n_resamples))
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
