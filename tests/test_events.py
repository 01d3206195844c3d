import numpy as np
import pytest
from planted import catalog

from sunpy_solarunet.tracking.events import (
    balanced_cancellation,
    compare_frames,
    merging,
    unbalanced_cancellation,
)

OPTIONS = {"association": "paper", "flux_tolerance": 0.33, "balance_tolerance": 0.5, "max_partners": 10}


def happened(before, after, reach=6.0, **changes):
    """Deaths and births as tuples of kind, members and product."""
    transition = compare_frames(catalog(before), catalog(after), reach, **(OPTIONS | changes))
    return [
        [(event.kind, event.members, event.product) for event in events]
        for events in (transition.deaths, transition.births)
    ]


def test_merging_is_the_sum_of_the_members_over_the_product():
    imbalance, members, product = merging(30.0, np.array([20.0]), np.array([40.0]), 0.5)
    assert imbalance == pytest.approx(abs(50 - 40) / 40)
    assert members.tolist() == [True]
    assert product == 0


def test_merging_takes_the_smallest_imbalance_of_all_combinations_and_products():
    imbalance, members, product = merging(30.0, np.array([20.0, 45.0, 7.0]), np.array([200.0, 58.0]), 0.5)
    assert imbalance == pytest.approx(abs(57 - 58) / 58)
    assert members.tolist() == [True, False, True]
    assert product == 1


def test_of_equal_imbalances_the_fewest_members_merge():
    _, members, _ = merging(10.0, np.array([3.0, 4.0, 7.0]), np.array([17.0]), 0.5)
    assert members.tolist() == [False, False, True]


def test_a_feature_does_not_merge_alone():
    assert merging(10.0, np.array([]), np.array([10.0]), 0.5) is None
    assert merging(10.0, np.array([90.0]), np.array([10.0]), 0.5) is None


@pytest.mark.parametrize(("partner", "cancels"), [(-10.0, True), (-5.0, True), (-4.9, False), (-15.1, False)])
def test_balanced_cancellation_leaves_half_of_the_flux_at_most(partner, cancels):
    assert (balanced_cancellation(10.0, np.array([partner]), 0.5) is not None) == cancels


def test_unbalanced_cancellation_leaves_the_remaining_flux():
    imbalance, members, product = unbalanced_cancellation(100.0, np.array([-30.0, -45.0]), np.array([60.0, 25.0]), 0.5)
    assert imbalance == pytest.approx(0)
    assert members.tolist() == [True, True]
    assert product == 1


def test_a_large_product_does_not_satisfy_equation_9():
    assert unbalanced_cancellation(100.0, np.array([-30.0]), np.array([10_000.0]), 0.5) is None


def test_the_remaining_flux_keeps_its_sign():
    assert unbalanced_cancellation(100.0, np.array([-30.0]), np.array([-70.0]), 0.5) is None


def test_an_isolated_feature_disappears_and_another_appears():
    assert happened([(5, 5, 3, 4, 200)], [(30, 50, 3, 4, 200)]) == [
        [("disappearance", (0,), None)],
        [("disappearance", (0,), None)],
    ]


def test_two_features_merge_and_their_product_does_not_appear():
    assert happened([(10, 10, 4, 4, 100), (10, 17, 4, 4, 90)], [(10, 12, 4, 8, 95)]) == [
        [("merging", (0, 1), 0)],
        [],
    ]


def test_one_feature_splits_and_does_not_disappear():
    assert happened([(10, 12, 4, 8, -95)], [(10, 10, 4, 4, -100), (10, 17, 4, 4, -90)]) == [
        [],
        [("merging", (0, 1), 0)],
    ]


def test_two_opposite_features_cancel():
    assert happened([(10, 10, 4, 4, 100), (10, 15, 4, 4, -90)], [])[0] == [("cancellation", (0, 1), None)]


def test_two_opposite_features_emerge():
    assert happened([], [(10, 10, 4, 4, 100), (10, 15, 4, 4, -90)])[1] == [("cancellation", (0, 1), None)]


def test_a_cancellation_is_that_of_the_partner_who_explains_it_better():
    # Seen from +104 the two look balanced within 0.38; seen from -64 they leave +40 within 0.03.
    before = [(10, 10, 2, 4, 104 / 8), (10, 15, 2, 4, -64 / 8)]
    after = [(10, 12, 2, 4, 41 / 8)]
    assert happened(before, after) == [[("cancellation", (0, 1), 0)], []]


def test_merging_comes_before_a_cancellation_that_balances_better():
    # The middle one cancels the right one exactly; with the left one it merges into +240, within 0.25.
    before = [(10, 10, 4, 4, 150), (10, 15, 4, 4, 150), (10, 20, 4, 4, -150)]
    after = [(10, 10, 4, 9, 240 * 16 / 36)]
    assert abs((150 + 150) - 240) / 240 == 0.25
    assert happened(before, after)[0] == [("merging", (0, 1), 0), ("disappearance", (2,), None)]
    assert happened(after, before)[1] == [("merging", (0, 1), 0), ("disappearance", (2,), None)]


def test_cancellations_compete_by_the_share_of_their_flux_that_they_leave_unexplained():
    # Seen from +104 they are balanced within 40 / 104 = 0.38, seen from -64 they leave +28 within 12 / 28 = 0.43;
    # but 40 units of 168 without a remainder are more than 12.
    before = [(10, 10, 2, 4, 104 / 8), (10, 15, 2, 4, -64 / 8)]
    assert happened(before, [(10, 12, 2, 4, 28 / 8)]) == [[("cancellation", (0, 1), 0)], []]


def test_a_feature_next_to_one_that_emerges_is_the_parent_of_an_unbalanced_emergence():
    before = [(10, 12, 4, 6, 100)]
    after = [(10, 12, 4, 6, 160), (10, 19, 4, 4, -80)]
    assert (24 * 160 - 16 * 80) == pytest.approx(24 * 100, rel=0.5)
    assert happened(before, after) == [[], [("cancellation", (0, 1), 0)]]


def test_a_partner_that_lives_on_does_not_merge():
    before = [(10, 10, 4, 4, 100), (10, 17, 4, 4, 20)]
    after = [(10, 10, 4, 4, 110)]
    assert happened(before, after)[0] == [("disappearance", (1,), None)]


def test_features_of_one_event_are_not_members_of_another():
    # The middle one could merge with either; the better balanced pair takes it, the third is left alone.
    before = [(10, 10, 4, 4, 100), (10, 16, 4, 4, 100), (10, 22, 4, 4, 60)]
    after = [(10, 13, 4, 4, 200)]
    deaths, births = happened(before, after)
    assert deaths == [("merging", (0, 1), 0), ("disappearance", (2,), None)]
    assert births == []


def test_only_the_nearest_of_a_large_group_are_combined():
    before = [(10, 10, 4, 4, 100), (10, 15, 4, 4, 100), (16, 10, 4, 4, 300)]
    after = [(12, 12, 4, 5, 400)]
    assert happened(before, after, max_partners=2)[0] == [("merging", (0, 1, 2), 0)]
    assert ("merging", (0, 1, 2), 0) not in happened(before, after, max_partners=1)[0]
    transition = compare_frames(catalog(before), catalog(after), 6.0, **(OPTIONS | {"max_partners": 1}))
    assert transition.cut_groups == 3


def test_with_the_default_rule_an_overlapping_feature_lives_on_however_its_flux_changed():
    before, after = [(10, 10, 4, 4, 100)], [(10, 10, 4, 4, 300)]
    assert happened(before, after, association="assignment") == [[], []]
    assert happened(before, after)[0] == [("disappearance", (0,), None)]


def test_with_the_default_rule_what_continues_a_feature_is_no_product():
    # The two outer ones vanish; what their sum resembles is the successor of the middle one.
    before = [(10, 10, 4, 4, 50), (10, 17, 4, 4, 100), (10, 24, 4, 4, 55)]
    after = [(10, 17, 4, 4, 104)]
    assert happened(before, after, reach=20.0, association="assignment")[0] == [
        ("disappearance", (0,), None),
        ("disappearance", (2,), None),
    ]
    assert happened(before, after, reach=20.0)[0] == [("merging", (0, 2), 0)]
