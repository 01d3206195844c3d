"""
How many features, links, events and track errors each frame has, so that scores of several sequences add up.
"""

from dataclasses import dataclass

import numpy as np

from sunpy_solarunet.scoring.arrays import Features
from sunpy_solarunet.scoring.matching import Matching, event_candidates, match_events
from sunpy_solarunet.scoring.reading import find_positions, read_events
from sunpy_solarunet.tracking.tables import EVENT_KINDS

__all__ = [
    "BALANCES",
    "Sequence",
    "event_counts",
    "feature_counts",
    "lifetime_errors",
    "link_counts",
    "track_counts",
]

#: Cancellations and emergences that are counted by their balance, too.
BALANCES = tuple((balance, kind) for kind in ("cancellation", "emergence") for balance in ("balanced", "unbalanced"))

#: Similarities at which HOTA is evaluated (Luiten et al. 2021, section 6).
HOTA_LEVELS = np.linspace(0.05, 0.95, 19)


@dataclass(frozen=True)
class Sequence:
    """
    What was counted in one sequence.

    Attributes
    ----------
    counts : `dict` of `numpy.ndarray`
        The counts by name, each with the frames along its first axis.
    lifetime_errors : `numpy.ndarray` of `int`
        Shape (tracks,): found minus true lifetime in frames.
    true, found : `~sunpy_solarunet.scoring.arrays.Features`
    matching : `~sunpy_solarunet.scoring.matching.Matching`
        Of these features.
    """

    counts: dict
    lifetime_errors: np.ndarray
    true: Features
    found: Features
    matching: Matching

    @property
    def n_frames(self):
        """Number of frames."""
        return self.true.n_frames

    def resampled(self, weights):
        """
        Totals where each frame counts as often as it was drawn.

        Parameters
        ----------
        weights : `numpy.ndarray`
            Shape (resamples, frames): how often each frame was drawn.

        Returns
        -------
        `dict` of `numpy.ndarray`
            The totals by name, each with the resamples along its first axis.
        """
        return {name: np.tensordot(weights, values, 1) for name, values in self.counts.items()}


def feature_counts(true, found, matching):
    """
    Features by frame.

    Parameters
    ----------
    true, found : `~sunpy_solarunet.scoring.arrays.Features`
    matching : `~sunpy_solarunet.scoring.matching.Matching`

    Returns
    -------
    `dict` of `numpy.ndarray`
        Each of shape (frames,): true_features, found_features and matched_features.
    """
    return {
        "true_features": true.per_frame(slice(None)),
        "found_features": found.per_frame(slice(None)),
        "matched_features": true.per_frame(matching.true),
    }


def link_counts(true, found, matching):
    """
    Links by the frame of their later feature.

    Parameters
    ----------
    true, found : `~sunpy_solarunet.scoring.arrays.Features`
    matching : `~sunpy_solarunet.scoring.matching.Matching`

    Returns
    -------
    `dict` of `numpy.ndarray`
        Each of shape (frames,): true_links, found_links, right_links, and detected_links, the links
        between those true features of a track that were found.
    """
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


def track_counts(true, found, matching):
    """
    Pure and complete features, identity switches, and what HOTA needs, by the frame of the matched feature.

    Parameters
    ----------
    true, found : `~sunpy_solarunet.scoring.arrays.Features`
    matching : `~sunpy_solarunet.scoring.matching.Matching`

    Returns
    -------
    `dict` of `numpy.ndarray`
        Of shape (frames,): pure_features, complete_features and switches; of shape (frames, levels),
        for each similarity: hota_matched and hota_association, the sum of the association scores.
    """
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


def lifetime_errors(true, found, matching, tracks):
    """
    Errors of the lifetimes of the true tracks that are not censored and have a found one.

    Parameters
    ----------
    true, found : `~sunpy_solarunet.scoring.arrays.Features`
    matching : `~sunpy_solarunet.scoring.matching.Matching`
    tracks : `~astropy.table.QTable` or `None`
        The table of true tracks.

    Returns
    -------
    `numpy.ndarray` of `int`
        Shape (such tracks,): found minus true lifetime in frames.
    """
    own, best = _majority(true.track[matching.true], found.track[matching.found])
    (first, last), (found_first, found_last) = true.spans, found.spans
    errors = (found_last - found_first)[best] - (last - first)[own]
    return errors[~_censored(true, first, last, tracks)[own]]


def _censored(true, first, last, tracks):
    """Whether each track is censored: as the table of tracks says, or at the ends of the sequence where it does not."""
    censored = (first == 0) | (last == true.n_frames - 1)
    if tracks is None:
        return censored
    row = find_positions(tracks["track_id"], true.track_ids)
    told = np.asarray(tracks["birth_censored"], bool) | np.asarray(tracks["death_censored"], bool)
    censored[row >= 0] = told[row[row >= 0]]
    return censored


def event_counts(tables, numbers, features, matching, reach, frames):
    """
    Events by frame, found and right ones by the found event's, all others by the true event's where there is one.

    Parameters
    ----------
    tables : `tuple` of `dict`
        The tables of the truth and of what was found.
    numbers : `tuple` of `numpy.ndarray` of `int`
        Two of shape (frames,): the numbers of the frames in each of them.
    features : `tuple` of `~sunpy_solarunet.scoring.arrays.Features`
        The true and the found ones.
    matching : `~sunpy_solarunet.scoring.matching.Matching`
        Of these features.
    reach : `float`
        How far, in pixels, the places of two events may be apart.
    frames : `int`
        By how many frames they may differ.

    Returns
    -------
    `dict` of `numpy.ndarray`
        confusion, of shape (frames, kinds + 1, kinds + 1), true kinds before found ones and last those
        without counterpart; found_events and right_events, of shape (frames, kinds); true_balance
        and right_balance, of shape (frames, balances). All zero where there is no table of events.
    """
    n_frames, n_kinds = len(numbers[0]), len(EVENT_KINDS)
    if any(each["events"] is None for each in tables):
        return _no_events(n_frames)
    sides = zip(tables, numbers, features, ("truth", "found"), strict=True)
    true, found = (read_events(*side) for side in sides)
    candidates = event_candidates(tables, true, found, features, matching, reach, frames)
    same, other = match_events(candidates, true, found)
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
