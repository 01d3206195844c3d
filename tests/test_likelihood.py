"""The most likely story of two frames, and what the tracker makes of it: identities, memory, drift, edges."""

import numpy as np
import pytest
from planted import catalog, frame, random_sequence, sequence

from sunpy_solarunet import FeatureCatalog, Tracker
from sunpy_solarunet.tracking.alignment import Aligned
from sunpy_solarunet.tracking.drift import bulk_drift
from sunpy_solarunet.tracking.likelihood import most_likely

SEEDS = range(5)
TOLERANCES = {"flux_tolerance": 0.33, "balance_tolerance": 0.5, "max_partners": 10}
#: Seven features that stay, spread so that none is near another: row, column, height, width, gauss.
CROWD = [
    (3, 4, 3, 4, 300),
    (4, 22, 4, 3, -260),
    (3, 40, 3, 3, 410),
    (17, 12, 4, 4, -330),
    (18, 33, 3, 5, 280),
    (30, 6, 4, 3, 520),
    (31, 45, 3, 4, -450),
]


def story(before, after, reach=6.0):
    return most_likely(catalog(before), catalog(after), reach, **TOLERANCES)


def kinds(transition):
    return [event.kind for event in transition.deaths], [event.kind for event in transition.births]


def test_two_features_merge_into_one_with_the_flux_of_both():
    found = story([(10, 10, 4, 4, 200), (10, 15, 4, 3, 300)], [(10, 10, 4, 8, 212.5)])
    assert kinds(found) == (["merging"], [])
    assert (found.deaths[0].members, found.deaths[0].product) == ((0, 1), 0)
    assert found.deaths[0].imbalance == pytest.approx(0)


def test_a_partner_that_lives_on_unchanged_has_not_merged():
    found = story([(10, 10, 6, 6, 400), (10, 18, 3, 3, 300)], [(10, 10, 6, 6, 400)])
    assert kinds(found) == (["disappearance"], [])
    assert found.successor.tolist() == [0, -1]


def test_a_partner_that_takes_over_the_flux_has_merged():
    found = story([(10, 10, 6, 6, 400), (10, 17, 6, 3, 400)], [(10, 10, 6, 9, 400)])
    assert kinds(found) == (["merging"], [])


def test_a_feature_splits_into_parts_with_its_flux():
    found = story([(10, 10, 4, 9, 300)], [(10, 9, 4, 5, 300), (10, 15, 4, 4, 300)])
    assert kinds(found) == ([], ["merging"])
    assert (found.births[0].members, found.births[0].product) == ((0, 1), 0)


def test_opposite_features_that_touch_and_vanish_together_cancel():
    found = story([(10, 10, 4, 4, 200), (10, 15, 4, 4, -210)], [])
    assert kinds(found) == (["cancellation"], [])
    assert found.deaths[0].product is None
    assert found.deaths[0].imbalance == pytest.approx(10 / 210, rel=0.06)


def test_opposite_features_far_from_each_other_disappear_each_for_itself():
    found = story([(10, 10, 4, 4, 200), (10, 35, 4, 4, -200)], [])
    assert kinds(found) == (["disappearance", "disappearance"], [])


def test_what_remains_of_a_cancellation_is_the_difference():
    found = story([(10, 10, 6, 6, 400), (10, 17, 6, 4, -400)], [(10, 10, 6, 2, 400)])
    assert kinds(found) == (["cancellation"], [])
    assert found.deaths[0].product == 0


def test_three_features_may_merge():
    before = [(10, 10, 3, 3, 300), (10, 14, 3, 3, 300), (14, 11, 3, 3, 300)]
    found = story(before, [(10, 10, 7, 7, 300 * 27 / 49)])
    assert [event.members for event in found.deaths] == [(0, 1, 2)]


def test_a_feature_without_net_flux_takes_part_in_no_event():
    scene, labels = frame([(10, 10, 4, 4, 200), (10, 20, 4, 4, 300)])
    scene.data[10:12, 10:14] = -200
    found = most_likely(FeatureCatalog(scene, labels), catalog([(10, 20, 4, 4, 300)]), 6.0, **TOLERANCES)
    assert kinds(found) == (["disappearance"], [])


def test_of_many_neighbors_the_nearest_are_tried_and_the_cut_is_counted():
    satellites = [(9 + 3 * number, 16 + number % 3, 2, 2, -150) for number in range(5)]
    before, after = [(8, 5, 16, 10, 400), *satellites], [(8, 5, 16, 10, 400)]
    cut = most_likely(catalog(before), catalog(after), 6.0, **(TOLERANCES | {"max_partners": 2}))
    assert cut.cut_groups == 1
    assert story(before, after).cut_groups == 0


def test_each_feature_takes_part_in_one_story():
    for seed in SEEDS:
        before, after = random_sequence(seed)[:2]
        found = most_likely(before, after, 6.0, **TOLERANCES)
        told = [np.flatnonzero(found.successor >= 0), found.successor[found.successor >= 0]]
        told[0] = [*told[0], *np.flatnonzero(found.left)]
        told[1] = [*told[1], *np.flatnonzero(found.entered)]
        for events, own, other in ((found.deaths, 0, 1), (found.births, 1, 0)):
            for event in events:
                told[own].extend(event.members)
                told[other].extend([] if event.product is None else [event.product])
        assert sorted(told[0]) == list(range(len(before)))
        assert sorted(told[1]) == list(range(len(after)))


def test_confidence_falls_where_another_story_is_nearly_as_good():
    clear = story([(10, 10, 4, 4, 200), (10, 15, 4, 4, -200)], [])
    doubtful = story([(10, 10, 4, 4, 200), (10, 18, 4, 4, -310)], [])
    assert kinds(clear) == kinds(doubtful) == (["cancellation"], [])
    assert clear.deaths[0].confidence > doubtful.deaths[0].confidence > 0


# Identities


def test_the_larger_feature_of_a_merging_lives_on():
    tracker = Tracker()
    tracker.track(sequence([(10, 10, 4, 4, 200), (10, 15, 4, 3, 300)], [(10, 10, 4, 8, 212.5)]))
    tracks = tracker.tracks
    assert tracks["lifetime"].tolist() == [1, 2]
    assert tracks["death"].tolist() == ["merging", ""]
    assert (tracks["children"][0], tracks["parents"][1]) == ("1", "0")


def test_without_heirs_a_new_track_begins_with_the_merging():
    tracker = Tracker(identity="new")
    tracker.track(sequence([(10, 10, 4, 4, 200), (10, 15, 4, 3, 300)], [(10, 10, 4, 8, 212.5)]))
    tracks = tracker.tracks
    assert tracks["lifetime"].tolist() == [1, 1, 1]
    assert tracks["birth"].tolist() == ["", "", "merging"]
    assert tracks["parents"].tolist() == ["", "", "0 1"]


# Memory

FLICKER = (CROWD, [*CROWD[:2], *CROWD[3:]], CROWD, CROWD)


def test_a_feature_that_is_missing_from_one_frame_is_the_same_when_it_returns():
    tracker = Tracker()
    events = tracker.track(sequence(*FLICKER))
    assert len(events) == 0
    assert tracker.tracks["lifetime"].tolist() == [4] * 7
    assert tracker.tracks["duration"].to_value("s") == pytest.approx([180] * 7)


def test_without_memory_it_disappears_and_another_appears():
    tracker = Tracker(memory=0)
    events = tracker.track(sequence(*FLICKER))
    assert sorted(zip(events["kind"], events["frame"], strict=True)) == [("appearance", 2), ("disappearance", 0)]
    assert sorted(tracker.tracks["lifetime"]) == [1, 2, 4, 4, 4, 4, 4, 4]


def test_no_feature_returns_after_more_frames_than_the_memory_holds():
    missing = [*CROWD[:2], *CROWD[3:]]
    frames = (CROWD, missing, missing, CROWD)
    assert len(Tracker(memory=1).track(sequence(*frames))) == 2
    assert len(Tracker(memory=2).track(sequence(*frames))) == 0


def test_another_sign_is_another_feature():
    returned = [*CROWD[:2], (3, 40, 3, 3, -410), *CROWD[3:]]
    events = Tracker().track(sequence(CROWD, [*CROWD[:2], *CROWD[3:]], returned))
    assert sorted(events["kind"]) == ["appearance", "disappearance"]


def test_events_are_handed_out_when_no_later_frame_changes_them():
    tracker = Tracker()
    handed = [tracker.update(found) for found in sequence(*FLICKER)]
    assert [len(events) for events in handed] == [0, 0, 0, 0]
    gone = Tracker()
    handed = [gone.update(found) for found in sequence(CROWD, *[CROWD[1:]] * 4)]
    assert [events["kind"].tolist() for events in handed] == [[], [], [], ["disappearance"], []]


# Drift


def moved(rectangles, rows, columns):
    return [(row + rows, column + columns, *rest) for row, column, *rest in rectangles]


def test_the_drift_is_what_all_features_share():
    drift = bulk_drift(catalog(CROWD), catalog(moved(CROWD, 2, 9)), 20)
    assert drift == pytest.approx([9, 2], abs=0.01)


def test_single_motions_are_no_drift():
    one_moves = [*CROWD[:6], (31, 40, 3, 4, -450)]
    assert bulk_drift(catalog(CROWD), catalog(one_moves), 20) == pytest.approx([0, 0], abs=0.01)


def test_too_few_features_have_no_drift():
    assert (bulk_drift(catalog(CROWD[:3]), catalog(moved(CROWD[:3], 2, 9)), 20) == 0).all()


def test_features_are_followed_through_a_drift_that_is_faster_than_they_are():
    tracker = Tracker()
    assert len(tracker.track(sequence(CROWD, moved(CROWD, 2, 9)))) == 0
    assert tracker.tracks["lifetime"].tolist() == [2] * 7
    assert len(Tracker(drift=False).track(sequence(CROWD, moved(CROWD, 2, 9)))) > 7


def test_a_shifted_catalog_is_the_same_elsewhere():
    found = catalog(CROWD)
    shifted = Aligned(found, np.array([3.0, -2.0]), found.grid)
    assert (shifted.x - found.x).value == pytest.approx([3] * 7)
    assert (shifted.y - found.y).value == pytest.approx([-2] * 7)
    assert shifted.labels[1, 7] == found.labels[3, 4] == 1
    assert (shifted.flux == found.flux).all()


# Edges


def test_a_feature_that_leaves_the_frame_is_censored():
    tracker = Tracker()
    events = tracker.track(sequence([(10, 57, 4, 3, 200)], []))
    assert len(events) == 0
    assert tracker.tracks["death_censored"].tolist() == [True]
    assert tracker.tracks["death"].tolist() == [""]


def test_a_feature_that_enters_the_frame_is_censored():
    tracker = Tracker()
    events = tracker.track(sequence([], [(0, 20, 3, 4, 200)]))
    assert len(events) == 0
    assert tracker.tracks["birth_censored"].tolist() == [True]
