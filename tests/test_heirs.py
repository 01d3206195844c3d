"""Who carries a track on: an heir overlaps what it becomes, or is near it."""

from collections import Counter
from itertools import pairwise

import astropy.units as u
import numpy as np
import pytest
from planted import catalog, random_sequence, sequence
from scipy.spatial.distance import cdist

from sunpy_solarunet import Segmenter, Tracker
from sunpy_solarunet.synthetic import simulate
from sunpy_solarunet.tracking.events import Explanation, Transition
from sunpy_solarunet.tracking.heirs import with_heirs
from sunpy_solarunet.tracking.rules import RULES


def pixels(found, index):
    """Columns and rows of a feature's pixels."""
    return np.argwhere(found.labels == index + 1)


def merged(first_column, distance):
    """Whether a feature of 4 columns becomes one at column 20, when two merge there."""
    before = catalog([(10, first_column, 4, 4, 300), (16, 21, 3, 3, 200)])
    after = catalog([(10, 20, 5, 6, 200)])
    merging = Transition(np.array([-1, -1]), [Explanation("merging", (0, 1), 0, 0.0)], [], 0)
    return with_heirs(merging, before, after, distance).tolist()


@pytest.mark.parametrize(
    ("column", "distance", "heirs"),
    [
        (18, 0.0, [0, -1]),  # overlaps
        (14, 3.0, [0, -1]),  # its last column, 17, is 3 pixels away
        (14, 2.9, [-1, 0]),  # the smaller one, 2 pixels above, is the largest of those near
        (14, 1.9, [-1, -1]),
    ],
)
def test_the_heir_overlaps_or_lies_within_the_moving_distance(column, distance, heirs):
    assert merged(column, distance) == heirs


def test_the_largest_child_of_a_splitting_carries_its_track_on_where_it_is_near():
    before = catalog([(10, 20, 5, 6, 200)])
    after = catalog([(10, 30, 5, 6, 250), (10, 20, 3, 3, 100)])
    splitting = Transition(np.array([-1]), [], [Explanation("merging", (0, 1), 0, 0.0)], 0)
    assert with_heirs(splitting, before, after, 5.0).tolist() == [0]
    assert with_heirs(splitting, before, after, 4.9).tolist() == [1]


@pytest.mark.parametrize("rule", RULES)
def test_no_track_jumps_farther_than_features_move(rule):
    heirs = [distance for seed in range(5) for distance in distances_of_heirs(rule, random_sequence(seed))]
    assert heirs or rule not in ("likelihood", "assignment")
    # 4 km/s for a minute are 3.26 pixels here.
    assert max(heirs, default=0) <= 3.27


def distances_of_heirs(rule, catalogs):
    """Pixels from features to those that carry on their tracks and are not linked to them."""
    links = carried_on(Tracker(rule, identity="new", memory=0, drift=False), catalogs)
    for number, i, j in carried_on(Tracker(rule, identity="largest_flux", memory=0, drift=False), catalogs) - links:
        yield cdist(pixels(catalogs[number], i), pixels(catalogs[number + 1], j)).min()


def carried_on(tracker, catalogs):
    """Number of the frame, feature there and feature in the next one of all tracks in both."""
    tracker.track(catalogs)
    by_frame = [{} for _ in catalogs]
    for row in tracker.features:
        by_frame[row["frame"]][row["track_id"]] = row["label"] - 1
    return {
        (number, before[track], after[track])
        for number, (before, after) in enumerate(pairwise(by_frame))
        for track in before.keys() & after.keys()
    }


def tracks_by_largest_overlap(catalogs):
    """Number of tracks if features are one whose largest overlap each other are, pixel by pixel."""
    number = sum(map(len, catalogs))
    for before, after in pairwise(catalogs):
        common = Counter()
        for a, b in zip(before.labels.ravel().tolist(), after.labels.ravel().tolist(), strict=True):
            if a and b and before.polarity[a - 1] == after.polarity[b - 1]:
                common[a, b] += 1
        best_after, best_before = {}, {}
        for (a, b), count in sorted(common.items(), key=lambda entry: (-entry[1], entry[0])):
            best_after.setdefault(a, b)
            best_before.setdefault(b, a)
        number -= sum(best_before[b] == a for a, b in best_after.items())
    return number


def test_tracks_of_dual_overlap_are_those_of_overlap_alone():
    maps = simulate("crowded_plage", seed=4).maps[:5]
    segmenter = Segmenter(method="threshold", threshold=150 * u.G, min_pixels=4)
    catalogs = [segmenter(frame) for frame in maps]
    tracker = Tracker("dual_overlap")
    events = tracker.track(catalogs)
    assert len(events) > 10
    assert len(tracker.tracks) == tracks_by_largest_overlap(catalogs)


def test_an_event_of_dual_overlap_begins_a_new_track():
    # Neither parent overlaps the product, which lies between and above them.
    frames = [(10, 10, 4, 4, 100), (10, 17, 4, 4, 90)], [(15, 12, 4, 8, 95)]
    tracker = Tracker("dual_overlap")
    events = tracker.track(sequence(*frames))
    assert events["kind"].tolist() == ["merging"]
    assert len(tracker.tracks) == 3
