"""
Scores of segmentations: planted elements whose scores are counted by hand, and thresholds tried one by one.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.scoring import SegmentationScore, score_segmentation, signed_elements
from sunpy_solarunet.scoring.reliability import calibration_error, reliability_counts
from sunpy_solarunet.scoring.thresholds import hysteresis_overlaps, threshold_overlaps
from sunpy_solarunet.segmentation.classical import hysteresis_mask, threshold_mask

LAW = settings(max_examples=60, deadline=None, derandomize=True)
SHAPES = st.shared(st.tuples(st.integers(1, 8), st.integers(1, 8)))
TRUE = arrays(bool, SHAPES)
#: Steps of 50 G, so that fields on the thresholds are common.
FIELDS = arrays(np.float64, SHAPES, elements=st.integers(-9, 9).map(lambda step: 50.0 * step))
THRESHOLDS = np.arange(50.0, 451, 50)


def planted(shape, *elements):
    """Elements, each given as its rows, columns and polarity."""
    labels = np.zeros(shape, int)
    for number, (rows, columns, polarity) in enumerate(elements, start=1):
        labels[slice(*rows), slice(*columns)] = polarity * number
    return labels


def counted(score):
    """What was counted, without the fluxes."""
    names = ("shared_pixels", "either_pixels", "true_elements", "found_elements", "matched_elements")
    return {name: getattr(score, name) for name in names}


def overlaps_of(masks, true):
    """Shared and either pixels of each mask."""
    return [np.count_nonzero(mask & true) for mask in masks], [np.count_nonzero(mask | true) for mask in masks]


# Elements


def test_opposite_polarities_that_touch_are_two_elements():
    mask = np.array([[1, 1, -1, -1], [0, 1, -1, 0]])
    assert signed_elements(mask).tolist() == [[1, 1, -2, -2], [0, 1, -2, 0]]


def test_pixels_that_touch_by_a_corner_are_one_element():
    assert signed_elements(np.array([[0, -1], [-1, 0]])).tolist() == [[0, -1], [-1, 0]]


def test_regions_of_too_few_pixels_are_no_elements():
    assert signed_elements(np.array([[1, 0, -1, -1]]), 2).tolist() == [[0, 0, -1, -1]]


# Scores


def test_a_planted_scene_has_the_scores_that_are_counted_by_hand():
    """One element is found as it is, one is found a column too far, one is missed, and one is found where none is."""
    true = planted((20, 30), ((1, 4), (2, 6), 1), ((8, 12), (3, 7), -1), ((15, 17), (20, 25), 1))
    found = planted((20, 30), ((1, 4), (2, 6), 1), ((8, 12), (4, 8), -1), ((1, 6), (20, 22), -1))
    field = np.full((20, 30), 100.0)
    field[8:12, 3] = 300
    score = score_segmentation(true, found, field)
    assert counted(score) == {
        "shared_pixels": 12 + 12,
        "either_pixels": 12 + 20 + 10 + 10,
        "true_elements": 3,
        "found_elements": 3,
        "matched_elements": 2,
    }
    assert (score.iou, score.recall, score.precision, score.f1) == (24 / 52, 2 / 3, 2 / 3, 2 / 3)
    # The second element has 12 pixels of 100 G and 4 of 300 G; what was found has 16 of 100 G.
    assert score.flux_errors == pytest.approx((0, 1600 / 2400 - 1))
    assert score.flux_error == pytest.approx(1 / 6)
    assert score.flux_ratio == pytest.approx((1200 + 1600 + 1000) / (1200 + 2400 + 1000))


def test_elements_of_opposite_polarity_are_never_matched():
    true = planted((6, 9), ((1, 4), (2, 7), 1))
    score = score_segmentation(true, -true, np.ones((6, 9)))
    assert (score.iou, score.recall, score.precision) == (1, 0, 0)


@pytest.mark.parametrize(("last", "matched"), [(12, 1), (13, 0)])
def test_elements_are_matched_from_half_of_their_common_pixels_on(last, matched):
    """A strip of 6 pixels, found with 12 and with 13."""
    true, found = planted((3, 20), ((1, 2), (0, 6), -1)), planted((3, 20), ((1, 2), (0, last), -1))
    assert score_segmentation(true, found, np.ones((3, 20))).matched_elements == matched


def test_an_element_that_covers_two_is_matched_with_the_one_that_it_is_more_like():
    true = planted((3, 20), ((1, 2), (0, 6), 1), ((1, 2), (7, 17), 1))
    found = planted((3, 20), ((1, 2), (0, 17), 1))
    field = np.full((3, 20), 10.0)
    score = score_segmentation(true, found, field, least_overlap=0.3)
    assert (score.true_elements, score.matched_elements) == (2, 1)
    assert score.flux_errors == pytest.approx((17 / 10 - 1,))


def test_one_of_two_parts_is_matched_with_an_element_that_fell_apart():
    true = planted((3, 20), ((1, 2), (0, 13), -1))
    found = planted((3, 20), ((1, 2), (0, 8), -1), ((1, 2), (9, 13), -1))
    score = score_segmentation(true, found, np.ones((3, 20)))
    assert (score.recall, score.precision) == (1, 0.5)


def test_small_elements_count_as_pixels_but_not_as_elements():
    true = planted((6, 20), ((1, 3), (0, 5), 1), ((1, 2), (10, 13), 1))
    found = planted((6, 20), ((1, 3), (0, 5), 1), ((4, 5), (15, 19), -1))
    score = score_segmentation(true, found, np.ones((6, 20)), min_pixels=5)
    assert counted(score) == {
        "shared_pixels": 10,
        "either_pixels": 17,
        "true_elements": 1,
        "found_elements": 1,
        "matched_elements": 1,
    }
    assert score.flux_ratio == 1


def test_frames_add_up():
    true = planted((6, 9), ((1, 4), (2, 7), 1))
    missed = score_segmentation(true, np.zeros_like(true), np.ones((6, 9)))
    right = score_segmentation(true, true, np.ones((6, 9)))
    score = sum([missed, right, right])
    assert (score.iou, score.recall, score.precision, score.flux_error) == (2 / 3, 2 / 3, 1, 0)


def test_measures_of_nothing_are_not_a_number():
    empty = np.zeros((4, 5), int)
    score = score_segmentation(empty, empty, np.ones((4, 5)))
    assert score == SegmentationScore()
    assert np.isnan([score.iou, score.recall, score.precision, score.f1, score.flux_error, score.flux_ratio]).all()


def test_pixels_without_data_have_no_flux():
    true = planted((3, 9), ((1, 2), (0, 6), 1))
    field = np.full((3, 9), 50.0)
    field[1, 0] = np.nan
    assert score_segmentation(true, true, field).true_flux == 250


def test_shapes_must_agree():
    with pytest.raises(SolarUnetError, match=r"\(3, 4\), \(4, 3\)"):
        score_segmentation(np.zeros((3, 4), int), np.zeros((4, 3), int), np.zeros((3, 4)))


# Thresholds


@given(FIELDS, TRUE)
@LAW
def test_each_threshold_has_the_overlap_of_its_mask(field, true):
    shared, either = threshold_overlaps(np.abs(field), true, THRESHOLDS)
    masks = [threshold_mask(field, threshold) for threshold in THRESHOLDS]
    assert (shared.tolist(), either.tolist()) == overlaps_of(masks, true)


@given(FIELDS, TRUE, st.sampled_from([50.0, 100.0, 150.0]))
@LAW
def test_each_high_threshold_of_hysteresis_has_the_overlap_of_its_mask(field, true, low):
    highs = THRESHOLDS[THRESHOLDS >= low]
    shared, either = hysteresis_overlaps(field, true, low, highs)
    masks = [hysteresis_mask(field, high, low) for high in highs]
    assert (shared.tolist(), either.tolist()) == overlaps_of(masks, true)


def test_pixels_without_data_exceed_no_threshold():
    shared, either = threshold_overlaps(np.array([[np.nan, 0.7]]), np.array([[True, True]]), np.array([0.5]))
    assert (shared.tolist(), either.tolist()) == ([1], [2])


# Reliability


def test_probabilities_that_are_kept_have_no_error():
    """Of ten pixels that are given 30 % three are significant, of ten that are given 90 % nine."""
    probability = np.repeat([[0.3], [0.9]], 10, axis=1)
    true = np.arange(10) < np.array([[3], [9]])
    assert calibration_error(reliability_counts(probability, true)) == pytest.approx(0, abs=1e-12)


def test_the_error_is_the_mean_over_pixels_of_what_their_range_is_off_by():
    """Three pixels of 80 %, none of them significant, and one of 10 %, which is."""
    counts = reliability_counts(np.array([[0.8, 0.8], [0.8, 0.1]]), np.array([[False, False], [False, True]]))
    assert calibration_error(counts) == pytest.approx((3 * 0.8 + 0.9) / 4)


def test_certainty_belongs_to_the_last_range_and_pixels_without_data_to_none():
    counts = reliability_counts(np.array([[1.0, np.nan, 0.0]]), np.array([[True, True, False]]), 4)
    assert counts.tolist() == [[1, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 1]]


def test_the_error_of_no_pixels_is_not_a_number():
    assert np.isnan(calibration_error(np.zeros((3, 10))))


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.float32])
def test_truth_may_be_a_mask_of_any_type(kind):
    """Three of four pixels are true; thresholds of 5 and 20 G find all and the last two."""
    field, true = np.array([[10.0, 20.0, 30.0, 40.0]]), np.array([[255, 0, 255, 255]]).astype(kind)
    shared, either = threshold_overlaps(field, true, np.array([5, 20]))
    assert (shared.tolist(), either.tolist()) == ([3, 2], [4, 3])
    shared, either = hysteresis_overlaps(field, true, 5, np.array([5, 100]))
    assert (shared.tolist(), either.tolist()) == ([3, 0], [4, 3])
    counts = reliability_counts(np.full((1, 4), 0.5), true, 1)
    assert counts.ravel().tolist() == [4, 2, 3]
    assert np.array_equal(signed_elements(true), [[1, 0, 2, 2]])
