"""
Small scenes whose scores are computed by hand.

A scene is written as its tracks: polarity, first frame, and the place in each frame, `None` where the
track skips one.
"""

import sys

import astropy.units as u
import numpy as np
import pytest
from astropy.table import QTable
from astropy.time import Time, TimeDelta
from planted import random_sequence

from sunpy_solarunet import Segmenter, Tracker
from sunpy_solarunet.errors import SequenceError, SolarUnetError
from sunpy_solarunet.scoring import score
from sunpy_solarunet.synthetic import six_events
from sunpy_solarunet.tracking.tables import EVENT_KINDS, SCHEMAS, make_table, write_table

START = Time("2017-07-13T20:17:41")
#: Arcsec a pixel of the scenes.
SCALE = 0.5
#: Two positive tracks far from each other, which live through four frames.
EASTERN, WESTERN = (1, 0, [(10, 5), (11, 5), (12, 5), (13, 5)]), (1, 0, [(60, 25), (60, 26), (60, 27), (60, 28)])
#: The columns that a scene says of each feature.
FEATURE = ("frame", "track_id", "polarity", "x", "y")
#: What is 0 at best, and not 1.
ERRORS = (
    "identity switches",
    "identity switches per 100 links",
    "median lifetime error",
    "mean absolute lifetime error",
)


def times(frames):
    return START + TimeDelta(60 * np.asarray(frames, float), format="sec")


def planted(name, number, **columns):
    """A table with a row for each of so many things, blank where nothing is said."""
    blank = {str: [""] * number, Time: times([0] * number)}
    for column, (kind, _) in SCHEMAS[name].items():
        columns.setdefault(column, blank.get(kind, np.zeros(number)))
    return make_table(name, columns if number else {})


def feature_rows(tracks):
    """Frame, track, polarity, x and y of each feature, frame by frame."""
    rows = [
        (first + age, track_id, polarity, *place)
        for track_id, (polarity, first, places) in tracks.items()
        for age, place in enumerate(places)
        if place is not None
    ]
    return sorted(rows)


def member_rows(events):
    """Event, track, frame and role of each member."""
    rows = []
    for event_id, (kind, _, frame, parents, children) in enumerate(events):
        earlier = frame if EVENT_KINDS.index(kind) < 3 else frame - 1
        rows += [(event_id, track, earlier, "parent") for track in parents]
        rows += [(event_id, track, earlier + 1, "child") for track in children]
    return rows


def columns_of(rows, *names):
    """Columns by name of rows that are tuples."""
    return dict(zip(names, zip(*rows, strict=True) if len(rows) else [()] * len(names), strict=True))


def scene(tracks, events=(), *, n_frames=4, n_pixels=20, flux=None, places=None):
    """Tables of tracks, and of events given as kind, balance, frame, tracks of the parents and of the children."""
    rows, members = feature_rows(tracks), member_rows(events)
    measured = {key: np.array(column) for key, column in columns_of(rows, *FEATURE).items()}
    sky = {"Tx": SCALE * measured["x"], "Ty": SCALE * measured["y"], "time": times(measured["frame"])}
    strength = {"flux": [(flux or {}).get(track, 1.0) for track in measured["track_id"]]}
    happened = columns_of([event[:3] for event in events], "kind", "balance", "frame")
    happened |= columns_of(SCALE * np.array(places) if places else [(0, 0)] * len(events), "Tx", "Ty")
    numbers = np.arange(n_frames)
    return {
        "features": planted("features", len(rows), **measured, **sky, **strength, n_pixels=[n_pixels] * len(rows)),
        "events": planted("events", len(events), **happened, event_id=np.arange(len(events))),
        "members": planted("members", len(members), **columns_of(members, "event_id", "track_id", "frame", "role")),
        "frames": planted("frames", n_frames, frame=numbers, time=times(numbers)),
    }


def tracked(seed, rule="assignment"):
    tracker = Tracker(rule)
    tracker.track(random_sequence(seed))
    return tracker


def confusion(result):
    table = result.confusion
    return np.array([table[name] for name in table.colnames[1:]]).T


def cell(result, true, found):
    row = result.confusion["kind"].tolist().index(true)
    return result.confusion[found][row]


@pytest.fixture
def missed():
    """Of two tracks of three frames, one is not seen in the middle one."""
    tracks = {1: (1, 0, EASTERN[2][:3]), 2: (-1, 0, WESTERN[2][:3])}
    seen = tracks | {1: (1, 0, [EASTERN[2][0], None, EASTERN[2][2]])}
    return score(scene(tracks, n_frames=3), scene(seen, n_frames=3))


def test_a_tracker_that_is_its_own_truth_is_right_in_everything():
    tracker = Tracker()
    tracker.track(map(Segmenter(method="threshold"), six_events()[0]))
    table = score(tracker, tracker).to_table()
    counted = table[table["n"] > 0]
    # All elements live in the first frame or in the last, and none emerges unbalanced.
    uncounted = {"unbalanced emergence recall", "median lifetime error", "mean absolute lifetime error"}
    assert set(table["measure"]) - set(counted["measure"]) == uncounted
    for row in counted:
        assert row["value"] == row["lower"] == row["upper"] == (0 if row["measure"] in ERRORS else 1)


def test_two_tracks_that_change_names_once_have_two_wrong_links_and_two_switches():
    (_, _, east), (_, _, west) = EASTERN, WESTERN
    swapped = {7: (1, 0, east[:3] + west[3:]), 3: (1, 0, west[:3] + east[3:])}
    result = score(scene({1: EASTERN, 2: WESTERN}), scene(swapped))
    assert result["feature F1"] == 1
    assert result["link precision"] == result["link recall"] == pytest.approx(4 / 6)
    assert result["identity switches"] == 2
    assert result["identity switches per 100 links"] == pytest.approx(100 * 2 / 6)
    assert result["MOTA"] == pytest.approx(1 - 2 / 8)
    # Of each track, three features are of one and one is of the other.
    assert result["purity"] == result["completeness"] == pytest.approx(6 / 8)
    # Six features share 3 of 5 with the track that they are in, two share 1 of 7.
    assert result["HOTA"] == pytest.approx(np.sqrt((6 * 3 / 5 + 2 * 1 / 7) / 8))


def test_a_track_in_two_pieces_is_pure_but_not_complete():
    pieces = {4: (1, 0, EASTERN[2][:1]), 5: (1, 1, EASTERN[2][1:]), 6: WESTERN}
    result = score(scene({1: EASTERN, 2: WESTERN}), scene(pieces))
    assert result["purity"] == 1
    assert result["completeness"] == pytest.approx(7 / 8)
    assert result["link precision"] == 1
    assert result["link recall"] == pytest.approx(5 / 6)
    assert result["identity switches"] == 1
    assert result["MOTA"] == pytest.approx(1 - 1 / 8)


def test_a_link_that_bridges_a_missed_feature_is_right_but_stands_for_two(missed):
    assert missed["feature precision"] == 1
    assert missed["feature recall"] == pytest.approx(5 / 6)
    assert missed["link precision"] == 1
    assert missed["link recall"] == pytest.approx(3 / 4)
    assert missed["link F1"] == pytest.approx(2 * 3 / (3 + 4))
    assert missed["link recall among detected"] == 1
    assert missed["MOTA"] == pytest.approx(5 / 6)
    assert missed["purity"] == missed["completeness"] == 1


def test_a_link_over_a_frame_that_both_skip_is_right():
    skipping = {1: (1, 0, [(10, 5), None, (12, 5), (13, 5)])}
    result = score(scene(skipping), scene(skipping))
    assert result["link precision"] == result["link recall"] == 1


def test_a_spurious_feature_costs_precision_alone():
    seen = {1: EASTERN, 2: WESTERN, 9: (1, 2, [(35, 12)])}
    result = score(scene({1: EASTERN, 2: WESTERN}), scene(seen))
    assert result["feature precision"] == pytest.approx(8 / 9)
    assert result["feature recall"] == result["link F1"] == result["purity"] == 1
    assert result["MOTA"] == pytest.approx(1 - 1 / 8)


def test_features_without_tracks_are_tracks_of_one_frame():
    found = scene({1: EASTERN, 2: WESTERN})
    found["features"]["track_id"][found["features"]["track_id"] == 2] = -1
    result = score(scene({1: EASTERN, 2: WESTERN}), found)
    assert result["feature F1"] == result["link precision"] == 1
    assert result["link recall"] == pytest.approx(3 / 6)
    # Of the second track's four features, one lies in the first of four found tracks.
    assert result["completeness"] == pytest.approx(5 / 8)


def test_features_of_opposite_polarity_are_never_the_same():
    result = score(scene({1: EASTERN}), scene({1: (-1, *EASTERN[1:])}))
    assert result["feature recall"] == result["feature precision"] == result["HOTA"] == 0
    assert result["MOTA"] == -1


@pytest.mark.parametrize(("apart", "recall"), [(4.0, 1), (4.1, 0)])
def test_features_are_the_same_up_to_the_distance(apart, recall):
    shifted = {1: (1, 0, [(x, y + apart) for x, y in EASTERN[2]])}
    assert score(scene({1: EASTERN}), scene(shifted), distance=4 * u.pix)["feature recall"] == recall


@pytest.mark.parametrize(("n_pixels", "apart", "recall"), [(20, 2.9, 1), (20, 3.1, 0), (400, 5.6, 1), (400, 5.7, 0)])
def test_without_a_distance_large_features_may_be_further_apart(n_pixels, apart, recall):
    # Half the equivalent radius of 400 pixels is 5.64 pixels.
    shifted = {1: (1, 0, [(x + apart, y) for x, y in EASTERN[2]])}
    assert score(scene({1: EASTERN}, n_pixels=n_pixels), scene(shifted))["feature recall"] == recall


def test_features_are_matched_all_together_and_not_the_nearest_first():
    # The nearest pair, 4 and 2.5, would leave 0 and 6 without partners.
    true = {1: (1, 0, [(0, 9)]), 2: (1, 0, [(4, 9)])}
    found = {1: (1, 0, [(2.5, 9)]), 2: (1, 0, [(6, 9)])}
    result = score(scene(true, n_frames=1), scene(found, n_frames=1), distance=5 * u.pix)
    assert result["feature recall"] == 1
    assert result["completeness"] == 1


def test_features_are_matched_with_the_smallest_total_distance():
    # 0 with 1 and 4 with 5, not 0 with 5 and 4 with 1: similarity 1 - 1 / 6, reached by 16 of the 19 levels.
    true = {1: (1, 0, [(0, 9)]), 2: (1, 0, [(4, 9)])}
    found = {1: (1, 0, [(5, 9)]), 2: (1, 0, [(1, 9)])}
    result = score(scene(true, n_frames=1), scene(found, n_frames=1), distance=6 * u.pix)
    assert result["HOTA"] == pytest.approx(16 / 19)


def test_hota_falls_with_the_distance_of_the_centers():
    # Similarity 1 - 2 / 4: reached by the levels from 0.05 to 0.5, ten of 19.
    shifted = {1: (1, 0, [(x, y + 2) for x, y in EASTERN[2]])}
    assert score(scene({1: EASTERN}), scene(shifted), distance=4 * u.pix)["HOTA"] == pytest.approx(10 / 19)


def test_lifetime_errors_are_those_of_tracks_whose_birth_and_death_are_seen():
    places = [(x, 5) for x in range(10, 16)]
    true = {
        1: (1, 0, places[:4]),  # from the first frame
        2: (-1, 1, places[:4]),
        3: (1, 2, [(x + 30, y) for x, y in places[:2]]),
        4: (1, 3, [(x + 60, y) for x, y in places[:3]]),  # to the last frame
        5: (1, 1, [(x + 90, y) for x, y in places[:3]]),  # not found
    }
    found = {
        6: (1, 0, places[:2]),
        7: (-1, 1, places[:3]),  # one frame less
        8: (-1, 4, places[3:4]),
        9: (1, 1, [(x + 30, y) for x, y in [(9, 5), *places[:3]]]),  # two frames more
        10: (1, 4, [(x + 60, y) for x, y in places[1:2]]),
    }
    result = score(scene(true, n_frames=6), scene(found, n_frames=6))
    assert result["median lifetime error"] == pytest.approx(0.5)
    assert result["mean absolute lifetime error"] == pytest.approx(1.5)
    table = result.to_table()
    assert table["n"][table["measure"] == "median lifetime error"] == 2


def test_the_table_of_tracks_says_which_are_censored():
    true, found = scene({1: (1, 1, EASTERN[2][:2])}), scene({1: (1, 1, EASTERN[2][:1])})
    assert score(true, found)["mean absolute lifetime error"] == 1
    true["tracks"] = planted("tracks", 1, track_id=[1], death_censored=[True])
    assert np.isnan(score(true, found)["mean absolute lifetime error"])


#: Two tracks that become one in frame 2, and one that goes its own way.
MERGED = {
    1: (1, 0, [(20, 10), (22, 10)]),
    2: (1, 0, [(30, 12), (28, 12)]),
    3: (1, 2, [(25, 11), (25, 11)]),
    4: (-1, 0, [(70, 30), (70, 31), (70, 32)]),
}


def test_a_merging_that_is_called_a_disappearance_stands_in_its_cell():
    true = scene(MERGED, [("merging", "", 1, [1, 2], [3]), ("disappearance", "", 2, [4], [])])
    found = scene(MERGED, [("disappearance", "", 1, [2], []), ("appearance", "", 2, [], [3])])
    result = score(true, found)
    assert cell(result, "merging", "disappearance") == 1
    assert cell(result, "disappearance", "none") == 1
    assert cell(result, "none", "appearance") == 1
    assert confusion(result).sum() == 3
    assert result["merging recall"] == result["disappearance precision"] == result["event F1"] == 0
    assert np.isnan(result["merging precision"])


def test_events_are_counted_by_kind():
    events = [("merging", "", 1, [1, 2], [3]), ("disappearance", "", 2, [4], [])]
    result = score(scene(MERGED, events), scene(MERGED, [*events, ("appearance", "", 2, [], [3])]))
    assert result["merging F1"] == result["disappearance F1"] == result["event recall"] == 1
    assert result["event precision"] == pytest.approx(2 / 3)
    assert result["event F1"] == pytest.approx(2 * 2 / (2 + 3))
    assert result["appearance precision"] == 0
    assert np.isnan(result["appearance recall"])


def test_a_match_of_the_same_kind_comes_before_a_nearer_one_of_another_kind():
    true = scene(MERGED, [("merging", "", 1, [1, 2], [3])])
    found = scene(MERGED, [("disappearance", "", 1, [1], []), ("merging", "", 0, [1, 2], [])])
    result = score(true, found)
    assert cell(result, "merging", "merging") == cell(result, "none", "disappearance") == 1


@pytest.mark.parametrize(
    ("first", "second", "found", "flux"),
    [
        # The frame is the same, though not the members and the place.
        ((0, [1, 2]), (1, [1]), (1, [1, 2]), {}),
        # Two members are shared, not one, though the center at 15.5 is further from that at 10.8 than that at 20.
        ((1, [4]), (1, [1, 2, 3]), (1, [1, 2, 4]), {4: 2.0}),
        # The center is 1 pixel away, not 5.
        ((1, [1, 4]), (1, [1, 2]), (1, [1]), {}),
    ],
    ids=["frame", "members", "place"],
)
def test_of_several_true_events_the_one_that_agrees_best_is_found(first, second, found, flux):
    tracks = {number: (1, 0, [(x, 9)] * 2) for number, x in {1: 10, 2: 12, 3: 10.4, 4: 20}.items()}
    true = [
        ("cancellation", balance, frame, members, [])
        for balance, (frame, members) in (("balanced", first), ("unbalanced", second))
    ]
    result = score(scene(tracks, true, flux=flux), scene(tracks, [("cancellation", "", *found, [])], flux=flux))
    assert result["unbalanced cancellation recall"] == 1
    assert result["balanced cancellation recall"] == 0


@pytest.mark.parametrize(("frames", "recall"), [(0, 0), (1, 1)])
@pytest.mark.parametrize("reverse", [False, True])
def test_an_event_one_frame_off_counts_where_frames_allow_it(frames, recall, reverse):
    later = MERGED | {
        1: (1, 0, [*MERGED[1][2], (23, 10)]),
        2: (1, 0, [*MERGED[2][2], (27, 12)]),
        3: (1, 3, MERGED[3][2][1:]),
    }
    pair = (
        scene(MERGED, [("merging", "", 1, [1, 2], [3])]),
        scene(later, [("merging", "", 2, [1, 2], [3])]),
    )
    assert score(*pair[:: -1 if reverse else 1], frames=frames)["merging recall"] == recall


def test_neighbors_that_share_no_member_are_different_events():
    tracks = {1: (1, 0, [(20, 10), (21, 10)]), 2: (-1, 0, [(23, 10), (23, 10)])}
    true, found = (scene(tracks, [("disappearance", "", 1, [track], [])]) for track in (1, 2))
    result = score(true, found)
    assert result["disappearance recall"] == result["disappearance precision"] == 0
    assert cell(result, "disappearance", "none") == cell(result, "none", "disappearance") == 1


@pytest.mark.parametrize(("place", "recall"), [(4.9, 0), (5.1, 1)])
def test_the_place_of_an_event_is_the_flux_weighted_center_of_its_members(place, recall):
    # The center of 300 at x = 10 and -100 at x = 30 is at 15; the other event is at 10.
    tracks = {1: (1, 0, [(10, 40), (10, 40)]), 2: (-1, 0, [(30, 40), (30, 40)])}
    true, found = (
        scene(tracks, [("cancellation", "", 1, members, [])], flux={1: 300.0, 2: -100.0}) for members in ([1, 2], [1])
    )
    assert score(true, found, place=place * u.pix)["cancellation recall"] == recall


def test_of_a_birth_the_children_are_the_members():
    tracks = {1: (1, 0, [(20, 10)] * 4), 2: (1, 2, [(26, 11)] * 2), 3: (1, 2, [(90, 50)] * 2)}
    true = scene(tracks, [("splitting", "", 2, [1], [1, 2])])
    result = score(true, scene(tracks, [("splitting", "", 2, [1], [2, 1])]), frames=0)
    assert result["splitting recall"] == 1
    # The parent in common does not make it the same.
    assert score(true, scene(tracks, [("splitting", "", 2, [1], [3])]), place=1e3 * u.pix)["splitting recall"] == 0


@pytest.mark.parametrize(("place", "recall"), [(4.9, 0), (5.1, 1)])
def test_without_members_the_place_is_that_on_the_sky(place, recall):
    true = scene(MERGED, [("merging", "", 1, [1, 2], [3])], places=[(25, 11)])
    found = scene(MERGED, [("merging", "", 1, [1, 2], [3])], places=[(28, 15)])
    del found["members"]
    assert score(true, found, place=place * u.pix)["merging recall"] == recall


def test_balanced_and_unbalanced_cancellations_are_counted_separately():
    tracks = {number: (1, 0, [(30 * number, 20)] * 2) for number in range(1, 5)}
    kinds = ["balanced", "unbalanced", "unbalanced", "balanced"]
    events = [("cancellation", balance, 1, [number], []) for number, balance in enumerate(kinds, start=1)]
    events.append(("emergence", "unbalanced", 1, [], [4]))
    result = score(scene(tracks, events), scene(tracks, events[1:2] + events[3:]))
    assert result["unbalanced cancellation recall"] == pytest.approx(1 / 2)
    assert result["balanced cancellation recall"] == pytest.approx(1 / 2)
    assert result["unbalanced emergence recall"] == 1
    assert np.isnan(result["balanced emergence recall"])


def test_events_are_not_scored_where_there_is_no_table_of_them():
    true = scene(MERGED, [("merging", "", 1, [1, 2], [3])])
    result = score(true, {"features": true["features"]})
    assert result["link F1"] == 1
    assert np.isnan(result["event recall"])
    assert confusion(result).sum() == 0


@pytest.mark.parametrize("seed", range(4))
def test_truth_and_found_exchanged_exchange_precision_and_recall(seed):
    pair = tracked(seed), tracked(seed, "paper")
    forward, backward = score(*pair, distance=3 * u.pix), score(*pair[::-1], distance=3 * u.pix)
    for name in ("feature", "link", "event", *EVENT_KINDS):
        assert forward[f"{name} precision"] == pytest.approx(backward[f"{name} recall"], nan_ok=True)
        assert forward[f"{name} F1"] == pytest.approx(backward[f"{name} F1"], nan_ok=True)
    assert forward["purity"] == pytest.approx(backward["completeness"])
    assert forward["HOTA"] == pytest.approx(backward["HOTA"])
    assert forward["link F1"] < 1
    assert np.array_equal(confusion(forward), confusion(backward).T)


@pytest.mark.parametrize("seed", range(4))
def test_rows_of_the_confusion_hold_the_true_events_and_columns_the_found_ones(seed):
    true, found = tracked(seed), tracked(seed, "overlap")
    counts = confusion(score(true, found))
    for number, kind in enumerate(EVENT_KINDS):
        assert counts[number].sum() == np.count_nonzero(true.events["kind"] == kind)
        assert counts[:, number].sum() == np.count_nonzero(found.events["kind"] == kind)
    assert counts[-1, -1] == 0


def test_the_score_of_two_sequences_is_that_of_their_counts(missed):
    whole = scene({1: EASTERN, 2: WESTERN})
    both = sum([missed, score(whole, whole)])
    assert both["feature recall"] == pytest.approx((5 + 8) / (6 + 8))
    assert both["link recall"] == pytest.approx((3 + 6) / (4 + 6))
    assert both["link precision"] == 1
    assert str(both).startswith("2 sequences, 7 frames")


def test_scores_of_different_tolerances_are_not_added(missed):
    whole = scene({1: EASTERN})
    with pytest.raises(SolarUnetError, match="tolerances"):
        missed + score(whole, whole, frames=2)
    with pytest.raises(TypeError):
        missed + 1


@pytest.fixture(scope="module")
def spoiled():
    """Thirty frames of twenty tracks, of which at random a tenth of the features are missed."""
    rng = np.random.default_rng(5)
    tracks = {number: (1, 0, [(20 * number, 7)] * 30) for number in range(20)}
    seen = {
        number: (1, 0, [place if rng.random() < 0.9 else None for place in places])
        for number, (_, _, places) in tracks.items()
    }
    return score(scene(tracks, n_frames=30), scene(seen, n_frames=30))


def test_intervals_hold_the_value_and_shrink_with_more_data(spoiled):
    few, many = spoiled.to_table(), sum([spoiled] * 9).to_table()
    vary = np.isin(few["measure"], ["feature recall", "link recall", "MOTA", "HOTA"])
    assert np.all((few["lower"] < few["value"])[vary] & (few["value"] < few["upper"])[vary])
    width = (many["upper"] - many["lower"])[vary] / (few["upper"] - few["lower"])[vary]
    # Nine times the frames: a third of the width, but for the chance of the draws.
    assert np.all((width > 0.25) & (width < 0.42))


def test_the_interval_of_a_share_of_independent_features_is_that_of_the_binomial_distribution(spoiled):
    table = spoiled.to_table(confidence=0.9, n_resamples=4000)
    row = table[table["measure"] == "feature recall"][0]
    deviation = np.sqrt(row["value"] * (1 - row["value"]) / 600)
    assert row["upper"] - row["lower"] == pytest.approx(2 * 1.645 * deviation, rel=0.35)


def test_of_several_sequences_whole_ones_are_drawn():
    true = scene({1: EASTERN, 2: WESTERN})
    half = sum([score(true, true)] * 4 + [score(true, scene({}))] * 4)
    recall = half.to_table(n_resamples=2000)[1]
    assert recall["measure"] == "feature recall"
    # 2.5 and 97.5 % of how many of eight drawn sequences are among the four that are right: 1 and 7.
    assert (recall["value"], recall["lower"], recall["upper"]) == pytest.approx((4 / 8, 1 / 8, 7 / 8))


def test_the_same_seed_gives_the_same_intervals(spoiled):
    first, again, other = (spoiled.to_table(seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first["lower"], again["lower"], equal_nan=True)
    assert not np.array_equal(first["lower"], other["lower"], equal_nan=True)


def test_a_single_frame_has_no_intervals():
    one = scene({1: (1, 0, [(3, 8)])}, n_frames=1)
    table = score(one, one).to_table()
    assert table["value"][0] == 1
    assert np.all(np.isnan(table["lower"]) & np.isnan(table["upper"]))


def test_where_nothing_was_found_nothing_is_recalled():
    result = score(scene(MERGED, [("merging", "", 1, [1, 2], [3])]), scene({}))
    assert result["feature recall"] == result["link recall"] == result["event recall"] == result["HOTA"] == 0
    assert result["MOTA"] == 0
    for measure in ("feature precision", "link precision", "link recall among detected", "purity", "event precision"):
        assert np.isnan(result[measure])


def test_where_there_is_nothing_true_what_was_found_is_wrong():
    result = score(scene({}), scene(MERGED, [("merging", "", 1, [1, 2], [3])]))
    assert result["feature precision"] == result["link precision"] == result["event precision"] == 0
    assert np.isnan(result["feature recall"])
    assert np.isnan(result["MOTA"])


@pytest.mark.parametrize("n_frames", [0, 3])
def test_empty_tables_have_a_score_without_values(n_frames):
    empty = scene({}, n_frames=n_frames)
    result = score(empty, empty)
    table = result.to_table()
    assert np.all(np.isnan(table["value"]) | (table["measure"] == "identity switches"))
    assert "nan" in str(result)


def test_tables_are_read_from_a_folder(tmp_path):
    tracker = tracked(1)
    for name, table in tracker.tables().items():
        write_table(table, tmp_path / f"{name}.ecsv")
    result = score(tmp_path, tracker)
    assert result["link F1"] == result["event F1"] == 1
    with pytest.raises(FileNotFoundError, match="no such folder"):
        score(tmp_path / "elsewhere", tracker)


def test_frames_may_be_numbered_otherwise():
    true, found = scene(MERGED, [("merging", "", 1, [1, 2], [3])]), scene(MERGED, [("merging", "", 1, [1, 2], [3])])
    for table in found.values():
        table["frame"] += 1
    result = score(true, found, frames=0)
    assert result["link F1"] == result["merging F1"] == 1


def test_plain_tables_need_no_units_and_no_other_columns():
    true = scene({1: EASTERN, 2: WESTERN})["features"]
    plain = {name: np.array(getattr(true[name], "value", true[name])) for name in ("frame", "track_id", "polarity")}
    bare = QTable(plain | {"x": true["x"].value, "y": true["y"].value})
    assert score({"features": true}, {"features": bare})["link F1"] == 1
    with pytest.raises(SolarUnetError, match="n_pixels"):
        score({"features": bare}, {"features": true})
    assert score({"features": bare}, {"features": true}, distance=1 * u.pix)["link F1"] == 1


def test_sequences_that_differ_are_refused():
    tracks = {1: EASTERN}
    with pytest.raises(SequenceError, match="the truth has 4 frames, what was found has 5"):
        score(scene(tracks), scene(tracks, n_frames=5))
    late = scene(tracks)
    late["frames"] = planted("frames", 4, frame=np.arange(4), time=times([0, 1, 2.5, 3]))
    with pytest.raises(SequenceError, match="frame 2 is of 2017-07-13T20:19:41"):
        score(scene(tracks), late)
    del late["frames"]
    late["features"]["frame"] += 1
    with pytest.raises(SequenceError, match="found has rows of frame 4"):
        score(scene(tracks), late)


def test_tables_that_cannot_be_scored_are_refused():
    true = scene({1: EASTERN, 2: WESTERN})
    with pytest.raises(SolarUnetError, match="found has no table of features"):
        score(true, {})
    lacking = true["features"].copy()
    lacking.remove_columns(["x", "polarity"])
    with pytest.raises(SolarUnetError, match="lack the columns polarity, x"):
        score(true, {"features": lacking})
    twice = true["features"].copy()
    twice["track_id"] = 5
    with pytest.raises(SolarUnetError, match="track 5 of found has two features in frame 0"):
        score(true, {"features": twice})
    unknown = scene(MERGED, [("merging", "", 1, [1, 2], [3])])
    unknown["events"]["kind"] = "fission"
    with pytest.raises(SolarUnetError, match=r"'fission'.*'merging'"):
        score(unknown, true)


def test_arguments_out_of_range_are_refused(missed):
    true = scene({1: EASTERN})
    with pytest.raises(TypeError, match="distance needs a unit"):
        score(true, true, distance=3)
    with pytest.raises(u.UnitConversionError, match="place"):
        score(true, true, place=3 * u.arcsec)
    with pytest.raises(SolarUnetError, match="frames must be a whole number"):
        score(true, true, frames=0.5)
    with pytest.raises(SolarUnetError, match="confidence"):
        missed.to_table(confidence=95)
    with pytest.raises(SolarUnetError, match="n_resamples"):
        missed.to_table(n_resamples=0)
    with pytest.raises(SolarUnetError, match=r"unknown measure 'MOTP'.*'MOTA'"):
        missed["MOTP"]


def test_a_score_prints_as_a_small_table(missed):
    lines = str(missed).splitlines()
    assert lines[0] == "1 sequence, 3 frames"
    assert lines[2].split() == ["features", "1.000", "0.833", "0.909", "6", "5"]
    assert lines[3].split() == ["links", "1.000", "0.750", "0.857", "4", "3"]
    assert repr(missed) == "<Score: 1 sequence, 3 frames, link F1 0.857, event F1 nan>"


def test_the_challenges_measures_weigh_each_error(missed):
    pytest.importorskip("traccuracy")
    measures = missed.challenge_measures()
    # One of six features is missed (10 each); two of four links are missed (1.5 each) and one is wrong (1).
    assert measures["DET"] == pytest.approx(1 - 10 / 60)
    assert measures["LNK"] == pytest.approx(1 - (2 * 1.5 + 1) / (4 * 1.5))
    assert measures["TRA"] == pytest.approx(1 - (10 + 2 * 1.5 + 1) / (60 + 4 * 1.5))


def test_the_challenges_measures_of_two_sequences_are_those_of_all_their_features(missed, capsys):
    pytest.importorskip("traccuracy")
    whole = scene({1: EASTERN, 2: WESTERN})
    measures = (score(whole, whole) + missed).challenge_measures()
    assert measures["DET"] == pytest.approx(1 - 10 / 140)
    assert measures["LNK"] == pytest.approx(1 - (2 * 1.5 + 1) / (10 * 1.5))
    assert capsys.readouterr() == ("", "")


def test_the_challenges_measures_of_nothing_have_no_value():
    pytest.importorskip("traccuracy")
    single = scene({1: (1, 0, [(3, 8)])}, n_frames=1)
    assert np.isnan(list(score(scene({}), scene({})).challenge_measures().values())).all()
    # A feature, but no link.
    measures = score(single, single).challenge_measures()
    assert (measures["DET"], measures["TRA"]) == (1, 1)
    assert np.isnan(measures["LNK"])


def test_without_traccuracy_the_error_says_how_to_install_it(missed, monkeypatch):
    monkeypatch.setitem(sys.modules, "traccuracy", None)
    with pytest.raises(ModuleNotFoundError, match=r"sunpy_solarunet\[scoring\]"):
        missed.challenge_measures()
