import itertools

import astropy.units as u
import numpy as np
import pytest
from planted import catalog, random_sequence

from sunpy_solarunet.tracking.association import ASSOCIATIONS, assign, overlap_pixels
from sunpy_solarunet.tracking.regions import feature_distances, features_in_reach, moving_distance

SEEDS = range(6)


def positions(found, index):
    """Columns and rows of a feature's pixels."""
    rows, columns = np.nonzero(found.labels == index + 1)
    return np.column_stack([columns, rows])


def test_the_moving_distance_is_speed_times_cadence_in_pixels():
    distance = moving_distance(4 * u.km / u.s, 56 * u.s, 725 * u.km * 0.083)
    assert distance == pytest.approx(4 * 56 / (725 * 0.083))


def test_the_moving_distance_grows_with_the_cadence_at_hand():
    side = 60 * u.km
    assert moving_distance(4 * u.km / u.s, 146 * u.s, side) == pytest.approx(
        2 * moving_distance(4 * u.km / u.s, 73 * u.s, side)
    )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("reach", [0.0, 2.5, 9.0])
def test_a_feature_is_in_the_region_if_any_of_its_pixels_is(seed, reach):
    source, target = random_sequence(seed, frames=2)
    centers, radii = source.enclosing_circles
    expected = [
        (i, j)
        for i, j in itertools.product(range(len(source)), range(len(target)))
        if np.hypot(*(positions(target, j) - centers[i]).T).min() <= radii[i] + reach + 1e-9
    ]
    assert list(zip(*features_in_reach(source, target, reach), strict=True)) == expected


def test_a_region_in_the_middle_of_a_large_feature_has_that_feature_in_it():
    small, large = catalog([(20, 30, 2, 2, 200)]), catalog([(5, 5, 30, 50, 200)])
    assert [list(side) for side in features_in_reach(small, large, 1.0)] == [[0], [0]]


def test_regions_of_no_features_are_empty():
    some, none = catalog([(20, 30, 2, 2, 200)]), catalog([])
    for pair in ((some, none), (none, some), (none, none)):
        assert all(len(side) == 0 for side in features_in_reach(*pair, 5.0))


@pytest.mark.parametrize("seed", SEEDS)
def test_overlaps_are_counted_pixel_by_pixel(seed):
    before, after = random_sequence(seed, frames=2)
    expected = {}
    for a, b in zip(before.labels.ravel(), after.labels.ravel(), strict=True):
        if a and b:
            expected[a - 1, b - 1] = expected.get((a - 1, b - 1), 0) + 1
    first, second, counts = overlap_pixels(before, after)
    assert dict(zip(zip(first, second, strict=True), counts, strict=True)) == expected


@pytest.mark.parametrize("seed", SEEDS)
def test_the_distance_of_two_features_is_that_of_their_nearest_pixels(seed):
    found = random_sequence(seed, frames=1)[0]
    others = np.arange(1, len(found))
    expected = [
        min(np.hypot(*(one - other)) for one in positions(found, 0) for other in positions(found, j)) for j in others
    ]
    assert feature_distances(found, 0, others) == pytest.approx(expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_assignment_costs_least_in_total(seed):
    rng = np.random.default_rng(seed)
    cost = rng.uniform(0, 1, (4, 3))
    known = rng.random((4, 3)) < 0.7
    first, second = np.nonzero(known)
    partner = assign(first, second, cost[known], (4, 3), 1.0)

    def total(chosen):
        pairs = [(i, j) for i, j in enumerate(chosen) if j >= 0]
        return sum(cost[pair] for pair in pairs) + (7 - 2 * len(pairs)) / 2

    allowed = (
        chosen
        for chosen in itertools.product(range(-1, 3), repeat=4)
        if len({j for j in chosen if j >= 0}) == sum(j >= 0 for j in chosen)
        and all(j < 0 or known[i, j] for i, j in enumerate(chosen))
    )
    assert total(partner) == pytest.approx(min(map(total, allowed)))


def test_two_good_pairs_are_not_broken_up_for_one_more_bad_one():
    assert assign(np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([0.1, 0.9, 0.9]), (2, 2), 1.0).tolist() == [0, -1]


@pytest.mark.parametrize("rule", ASSOCIATIONS)
@pytest.mark.parametrize("seed", SEEDS)
def test_each_feature_has_one_successor_of_its_sign_at_most(rule, seed):
    before, after = random_sequence(seed, frames=2)
    linked = ASSOCIATIONS[rule](before, after, 6.0, 0.33)
    chosen = linked.successor[linked.successor >= 0]
    assert len(set(chosen)) == len(chosen) > 0
    assert np.array_equal(before.polarity[linked.successor >= 0], after.polarity[chosen])
    assert linked.lives_on[linked.successor >= 0].all()


@pytest.mark.parametrize("rule", ASSOCIATIONS)
def test_without_features_nothing_is_linked(rule):
    some, none = catalog([(20, 30, 2, 2, 200)]), catalog([])
    assert ASSOCIATIONS[rule](some, none, 6.0, 0.33).successor.tolist() == [-1]
    assert ASSOCIATIONS[rule](none, some, 6.0, 0.33).lived_before.tolist() == [False]
    assert len(ASSOCIATIONS[rule](none, none, 6.0, 0.33).successor) == 0


@pytest.mark.parametrize(
    ("flux", "lives"), [(100.0, True), (132.9, True), (134.0, False), (67.0, True), (66.0, False), (-100.0, False)]
)
def test_a_feature_of_the_paper_lives_on_if_its_flux_changes_by_a_third_at_most(flux, lives):
    before, after = catalog([(10, 10, 4, 5, 100)]), catalog([(10, 16, 4, 5, flux)])
    assert ASSOCIATIONS["paper"](before, after, 6.0, 0.33).lives_on.tolist() == [lives]


def test_a_feature_of_the_paper_lives_on_no_farther_than_its_region():
    before = catalog([(10, 10, 4, 4, 100)])
    radius = np.hypot(2, 2)
    for column, lives in ((19, True), (20, False)):
        nearest = column - 11.5
        assert (nearest <= radius + 5) == lives
        after = catalog([(10, column, 4, 4, 100)])
        assert ASSOCIATIONS["paper"](before, after, 5.0, 0.33).lives_on.tolist() == [lives]


def test_two_features_of_the_paper_may_live_on_in_one_and_the_closer_flux_carries_its_identity():
    before = catalog([(10, 10, 4, 5, 100), (10, 17, 4, 5, 120)])
    after = catalog([(10, 13, 4, 5, 119)])
    linked = ASSOCIATIONS["paper"](before, after, 6.0, 0.33)
    assert linked.lives_on.tolist() == [True, True]
    assert linked.successor.tolist() == [-1, 0]


def test_the_released_rule_takes_the_first_label_that_overlaps_before_any_flux():
    before = catalog([(10, 10, 4, 10, 100)])
    after = catalog([(10, 18, 4, 6, 300), (10, 9, 4, 8, 125)])
    assert ASSOCIATIONS["overlap"](before, after, 6.0, 0.33).successor.tolist() == [0]


def test_the_released_rule_falls_back_on_the_flux_where_nothing_overlaps():
    before = catalog([(10, 10, 4, 4, 100)])
    after = catalog([(16, 10, 4, 4, 300), (10, 16, 4, 4, 110)])
    assert ASSOCIATIONS["overlap"](before, after, 6.0, 0.33).successor.tolist() == [1]


def test_dual_overlap_wants_the_largest_overlap_both_ways():
    before = catalog([(10, 10, 4, 10, 100), (10, 22, 4, 4, 100)])
    # Common columns: three of the first with either later feature, two of the second with the first later one.
    after = catalog([(10, 17, 4, 7, 100), (10, 9, 4, 4, 100)])
    assert ASSOCIATIONS["dual_overlap"](before, after, 6.0, 0.33).successor.tolist() == [0, -1]
    # The first now has four columns in common with the second later one, and the second four with the first.
    grown = catalog([(10, 17, 4, 9, 100), (10, 9, 4, 5, 100)])
    assert ASSOCIATIONS["dual_overlap"](before, grown, 6.0, 0.33).successor.tolist() == [1, 0]


def test_the_assignment_prefers_overlap_to_a_closer_flux():
    before = catalog([(10, 10, 4, 6, 100)])
    after = catalog([(10, 18, 4, 6, 100), (10, 11, 4, 6, 120)])
    assert ASSOCIATIONS["assignment"](before, after, 6.0, 0.33).successor.tolist() == [1]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_assignment_is_the_same_with_the_frames_exchanged(seed):
    before, after = random_sequence(seed, frames=2)
    ahead = ASSOCIATIONS["assignment"](before, after, 6.0, 0.33).successor
    back = ASSOCIATIONS["assignment"](after, before, 6.0, 0.33).successor
    assert {(i, j) for i, j in enumerate(ahead) if j >= 0} == {(j, i) for i, j in enumerate(back) if j >= 0}
