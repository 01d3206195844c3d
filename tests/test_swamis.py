from itertools import pairwise

import astropy.units as u
import numpy as np
import pytest
from planted import catalog, random_sequence

from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.tracking.association import dual_overlap
from sunpy_solarunet.tracking.equations import compare_frames
from sunpy_solarunet.tracking.regions import feature_distances
from sunpy_solarunet.tracking.swamis import name_events, neighbors_of

#: A rectangle without its field; one of 4 columns at column 10 ends 3 pixels left of it.
NEIGHBOR = (12, 16, 5, 4)


def summary(events):
    return [(event.kind, event.members, event.product) for event in events]


def named(before, after, successor, **options):
    """Deaths and births of planted rectangles as tuples of kind, members and product."""
    deaths, births = name_events(catalog(before), catalog(after), np.array(successor, int), **options)
    return [summary(deaths), summary(births)]


def flux(*rectangles):
    """Flux of rectangles in units of that of a pixel of 1 G."""
    return np.array([height * width * gauss for _, _, height, width, gauss in rectangles])


def test_an_isolated_feature_disappears_and_another_appears():
    assert named([(5, 5, 3, 4, 200)], [(30, 50, 3, 4, 200)], [-1]) == [
        [("disappearance", (0,), None)],
        [("disappearance", (0,), None)],
    ]


def test_two_opposite_features_that_end_cancel_each_other():
    scene = [(10, 10, 4, 3, 100), (11, 15, 3, 4, -90)]
    assert named(scene, [], [-1, -1]) == [[("cancellation", (0, 1), None)], []]
    assert named([], scene, []) == [[], [("cancellation", (0, 1), None)]]


@pytest.mark.parametrize(("gauss", "cancels"), [(-75, True), (-74.9, False), (-133.3, True), (-133.4, False)])
def test_fluxes_that_cancel_have_a_ratio_of_three_quarters_at_least(gauss, cancels):
    deaths, _ = named([(10, 10, 4, 3, 100), (11, 15, 3, 4, gauss)], [], [-1, -1])
    assert (deaths == [("cancellation", (0, 1), None)]) == cancels
    assert ("disappearance" in {kind for kind, *_ in deaths}) != cancels


@pytest.mark.parametrize(("column", "close"), [(16, True), (17, False)])
def test_borders_of_neighbors_lie_within_three_pixels(column, close):
    # The first feature's last column is 13.
    deaths, _ = named([(10, 10, 2, 4, 100), (11, column, 4, 2, -100)], [], [-1, -1])
    assert (len(deaths) == 1) == close


def test_distance_and_ratio_can_be_chosen():
    before = [(10, 10, 2, 4, 100), (11, 18, 4, 2, -60)]
    assert len(named(before, [], [-1, -1])[0]) == 2
    assert len(named(before, [], [-1, -1], distance=5)[0]) == 2
    assert len(named(before, [], [-1, -1], distance=5, ratio=0.6)[0]) == 1


def test_two_like_features_that_end_do_not_cancel():
    deaths, _ = named([(10, 10, 4, 3, 100), (11, 15, 3, 4, 100)], [], [-1, -1])
    assert deaths == [("disappearance", (0,), None), ("disappearance", (1,), None)]


def test_a_feature_cancels_with_an_opposite_one_that_lives_on_and_loses_as_much():
    # The neighbor falls from 20 x 300 to 20 x 240: 1200 units, those of the feature.
    before = [(*NEIGHBOR, 300), (12, 10, 3, 4, -100)]
    after = [(35, 40, 2, 3, -50), (*NEIGHBOR, 240)]
    deaths, births = named(before, after, [1, -1])
    assert deaths == [("cancellation", (0, 1), 1)]
    assert births == [("disappearance", (0,), None)]
    assert named(before, [after[0], (*NEIGHBOR, 360)], [1, -1])[0] == [("disappearance", (1,), None)]
    assert named(before, [after[0], (*NEIGHBOR, 200)], [1, -1])[0] == [("disappearance", (1,), None)]


def test_a_feature_merges_with_a_like_one_that_lives_on_and_grows_by_as_much():
    before = [(12, 10, 3, 4, -100), (*NEIGHBOR, -300)]
    after = [(35, 40, 2, 3, 50), (*NEIGHBOR, -360)]
    deaths, births = named(before, after, [-1, 1])
    assert deaths == [("merging", (0, 1), 1)]
    assert births == [("disappearance", (0,), None)]
    assert named(before, [after[0], (*NEIGHBOR, -240)], [-1, 1])[0] == [("disappearance", (0,), None)]


def test_a_part_of_a_feature_that_lives_on_splits_off():
    before = [(12, 16, 5, 4, 300)]
    after = [(12, 10, 3, 4, 95), (12, 16, 5, 4, 245)]
    assert named(before, after, [1]) == [[], [("merging", (0, 1), 0)]]


def test_imbalances_are_the_left_sides_of_the_equations():
    small, lasting = (12, 10, 3, 4, 90), (12, 16, 5, 4, 300)
    grown, opposite, weaker = (12, 16, 5, 4, 361), (12, 16, 5, 4, -300), (12, 16, 5, 4, -239)
    (merging,), _ = name_events(catalog([small, lasting]), catalog([grown]), np.array([-1, 0]))
    assert merging.imbalance == pytest.approx(abs(flux(small, lasting).sum() / flux(grown)[0] - 1))
    (unbalanced,), _ = name_events(catalog([small, opposite]), catalog([weaker]), np.array([-1, 0]))
    assert unbalanced.imbalance == pytest.approx(abs(flux(small, opposite).sum() / flux(weaker)[0] - 1))
    partner = (12, 15, 4, 4, -80)
    (balanced,), _ = name_events(catalog([small, partner]), catalog([]), np.array([-1, -1]))
    assert balanced.imbalance == pytest.approx(abs(flux(small, partner).sum() / flux(partner)[0]))
    ((alone,), _) = name_events(catalog([small]), catalog([]), np.array([-1]))
    assert np.isnan(alone.imbalance)


def test_of_several_that_fit_the_best_ratio_counts():
    # 1200 units end beside -1000 that end, too, and beside a feature that grows by 1160.
    before = [(12, 10, 3, 4, 100), (17, 10, 2, 5, -100), (*NEIGHBOR, 300)]
    after = [(*NEIGHBOR, 358)]
    assert named(before, after, [-1, -1, 0])[0] == [("merging", (0, 2), 0), ("disappearance", (1,), None)]
    # Growing by 900 only, it fits less well than the other.
    after = [(*NEIGHBOR, 345)]
    assert named(before, after, [-1, -1, 0])[0] == [("cancellation", (0, 1), None)]


def test_of_equal_ratios_cancellation_comes_before_merging_and_balanced_before_unbalanced():
    ending, partner = (12, 10, 3, 4, 100), (8, 10, 2, 5, -120)
    before = [ending, (*NEIGHBOR, 300), (17, 10, 2, 5, -200)]
    after = [(*NEIGHBOR, 360), (17, 10, 2, 5, -80)]
    assert named(before, after, [-1, 0, 1])[0] == [("cancellation", (0, 2), 1)]
    assert named([*before, partner], after, [-1, 0, 1, -1])[0] == [("cancellation", (0, 3), None)]


def test_a_feature_ends_in_one_event():
    # The one in the middle could cancel with either; the third takes what is left: nothing.
    before = [(10, 10, 4, 3, 100), (11, 15, 3, 4, -95), (10, 21, 4, 3, 80)]
    assert named(before, [], [-1, -1, -1])[0] == [("cancellation", (0, 1), None), ("disappearance", (2,), None)]


def test_a_feature_whose_best_partner_is_taken_takes_the_next():
    before = [(10, 10, 4, 3, 100), (11, 15, 3, 4, -95), (10, 21, 4, 3, 80), (16, 22, 3, 3, -100)]
    deaths, _ = named(before, [], [-1, -1, -1, -1])
    assert sorted(deaths) == [("cancellation", (0, 1), None), ("cancellation", (2, 3), None)]


def test_a_feature_that_lives_on_takes_part_in_several_events():
    # It gains 1100 units: each of those that end had nearly as much.
    before = [(12, 10, 3, 4, 100), (*NEIGHBOR, 300), (19, 16, 2, 5, 100)]
    deaths, _ = named(before, [(*NEIGHBOR, 355)], [-1, 0, -1])
    assert deaths == [("merging", (0, 1), 0), ("merging", (1, 2), 0)]


def transitions():
    for seed in range(5):
        frames = random_sequence(seed, frames=3, number=18)
        for before, after in pairwise(frames):
            yield before, after, dual_overlap(before, after, 0, 0).successor


@pytest.mark.parametrize(("distance", "ratio"), [(3, 0.75), (8, 0.4)])
def test_exchanging_the_frames_turns_deaths_into_births(distance, ratio):
    kinds = set()
    for before, after, successor in transitions():
        predecessor = np.full(len(after), -1)
        carried = np.flatnonzero(successor >= 0)
        predecessor[successor[carried]] = carried
        deaths, births = name_events(before, after, successor, distance=distance, ratio=ratio)
        back = name_events(after, before, predecessor, distance=distance, ratio=ratio)
        assert [summary(births), summary(deaths)] == [summary(events) for events in back]
        assert [event.imbalance for event in back[0]] == pytest.approx([e.imbalance for e in births], nan_ok=True)
        kinds |= {event.kind for event in deaths + births}
    assert kinds >= {"disappearance", "cancellation"}


def test_each_feature_that_ends_is_in_one_event_and_a_product_carries_on_a_member():
    for before, after, successor in transitions():
        deaths, _ = name_events(before, after, successor, distance=8, ratio=0.4)
        ending = [member for event in deaths for member in event.members if successor[member] < 0]
        assert sorted(ending) == np.flatnonzero(successor < 0).tolist()
        for event in deaths:
            living = [successor[member] for member in event.members if successor[member] >= 0]
            assert living == ([] if event.product is None else [event.product])
            signs = {int(before.polarity[member]) for member in event.members}
            assert len(signs) == (2 if event.kind == "cancellation" else 1)


def test_neighbors_are_those_whose_borders_are_close():
    for before, _, successor in transitions():
        pairs = set(zip(*(index.tolist() for index in neighbors_of(before, successor < 0, 5.0)), strict=True))
        everyone = np.arange(len(before))
        expected = {
            (i, j)
            for i in np.flatnonzero(successor < 0).tolist()
            for j in np.flatnonzero(feature_distances(before, i, everyone) <= 5).tolist()
            if i != j
        }
        assert pairs == expected


def test_births_and_deaths_of_a_frame_without_features():
    nothing = catalog([])
    assert name_events(nothing, nothing, np.zeros(0, int)) == ([], [])
    assert named([(5, 5, 3, 4, 200)], [], [-1]) == [[("disappearance", (0,), None)], []]
    assert named([], [(5, 5, 3, 4, 200)], []) == [[], [("disappearance", (0,), None)]]


def test_partners_that_live_on_are_what_the_equations_leave_out():
    before = [(12, 10, 3, 4, 100), (*NEIGHBOR, 300)]
    after = [(*NEIGHBOR, 360)]
    options = {"association": "assignment", "flux_tolerance": 0.33, "balance_tolerance": 0.5, "max_partners": 10}
    transition = compare_frames(catalog(before), catalog(after), 6.0, **options)
    assert summary(transition.deaths) == [("disappearance", (0,), None)]
    assert named(before, after, transition.successor)[0] == [("merging", (0, 1), 0)]


@pytest.mark.parametrize(
    ("successor", "complaint"),
    [
        ([0], "shape"),
        ([0.0, 1.0], "whole number"),
        ([0, 2], "index"),
        ([-2, 0], "index"),
        ([1, 1], "one to one"),
    ],
)
def test_successors_that_do_not_fit_are_refused(successor, complaint):
    scene = catalog([(5, 5, 3, 4, 200), (20, 30, 3, 4, 200)])
    with pytest.raises(SolarUnetError, match=complaint):
        name_events(scene, scene, np.array(successor))


@pytest.mark.parametrize(
    "options", [{"distance": -1}, {"distance": np.inf}, {"distance": 3 * u.pix}, {"ratio": 1.1}, {"ratio": np.nan}]
)
def test_numbers_out_of_range_are_refused(options):
    scene = catalog([(5, 5, 3, 4, 200)])
    with pytest.raises(SolarUnetError, match=next(iter(options))):
        name_events(scene, scene, np.array([0]), **options)
