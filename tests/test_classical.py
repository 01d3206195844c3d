"""
The classical methods against their definitions, carried out pixel by pixel.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sunpy_solarunet.segmentation.classical import (
    downhill_labels,
    hysteresis_mask,
    keep_large,
    polarity_mask,
    signed_labels,
    threshold_mask,
)

LAW = settings(max_examples=60, deadline=None, derandomize=True)
SHAPES = st.tuples(st.integers(1, 8), st.integers(1, 8))
MASKS = arrays(np.int8, SHAPES, elements=st.integers(-1, 1))
#: Steps of 50 G, so that equal fields and fields on the thresholds are common.
FIELDS = arrays(np.float64, SHAPES, elements=st.integers(-9, 9).map(lambda step: 50.0 * step))


def neighbors(row, column, shape):
    """The pixels around one, by edges and corners."""
    for i in range(max(row - 1, 0), min(row + 2, shape[0])):
        for j in range(max(column - 1, 0), min(column + 2, shape[1])):
            if (i, j) != (row, column):
                yield i, j


def flood(start, passable):
    """All pixels that can be reached from one over passable ones."""
    reached, waiting = {start}, [start]
    while waiting:
        for pixel in neighbors(*waiting.pop(), passable.shape):
            if passable[pixel] and pixel not in reached:
                reached.add(pixel)
                waiting.append(pixel)
    return reached


def same_partition(first, second):
    """Whether two label images name the same sets of pixels."""
    pairs = set(zip(first.ravel().tolist(), second.ravel().tolist(), strict=True))
    return len(pairs) == len({one for one, _ in pairs}) == len({other for _, other in pairs})


# Masks


def test_the_threshold_is_strict_and_blind_to_the_sign():
    field = np.array([[150.0, -150.0, 150.001, -150.001, 0.0, np.nan]])
    assert threshold_mask(field, 150).tolist() == [[False, False, True, True, False, False]]


def test_polarity_takes_the_sign_of_strong_significant_pixels():
    field = np.array([[150.0, -150.0, 150.001, -150.001, 800.0, np.nan]])
    significant = np.array([[1, 1, 1, 1, 0, 1]], bool)
    assert polarity_mask(field, significant, 150).tolist() == [[0, 0, 1, -1, 0, 0]]


def test_polarity_at_a_threshold_of_zero_leaves_out_exact_zeros():
    field = np.array([[0.0, 1e-6, -1e-6]])
    assert polarity_mask(field, np.ones((1, 3), bool), 0).tolist() == [[0, 1, -1]]


@LAW
@given(FIELDS)
def test_hysteresis_against_a_flood_from_each_strong_pixel(field):
    expected = np.zeros(field.shape, bool)
    for start in zip(*np.nonzero(np.abs(field) > 300), strict=True):
        passable = field > 100 if field[start] > 0 else field < -100
        for pixel in flood(start, passable):
            expected[pixel] = True
    assert np.array_equal(hysteresis_mask(field, 300, 100), expected)


@LAW
@given(FIELDS)
def test_with_one_threshold_hysteresis_is_that_threshold(field):
    assert np.array_equal(hysteresis_mask(field, 150, 150), threshold_mask(field, 150))


@LAW
@given(FIELDS)
def test_the_opposite_field_has_the_same_mask(field):
    assert np.array_equal(hysteresis_mask(-field, 300, 100), hysteresis_mask(field, 300, 100))


def test_pixels_without_data_do_not_join_regions():
    field = np.array([[150.0, np.nan, 350.0, 150.0]])
    assert hysteresis_mask(field, 300, 100).tolist() == [[False, False, True, True]]


# Labels


@LAW
@given(MASKS)
def test_signed_labels_are_floods_over_one_sign(mask):
    labels = signed_labels(mask)
    assert np.array_equal(labels == 0, mask == 0)
    for pixel in zip(*np.nonzero(mask), strict=True):
        together = set(zip(*np.nonzero(labels == labels[pixel]), strict=True))
        assert together == flood(pixel, mask == mask[pixel])


@LAW
@given(MASKS)
def test_labels_run_from_1_without_gaps_in_the_order_of_the_rows(mask):
    labels = signed_labels(mask)
    used, first = np.unique(labels[labels > 0], return_index=True)
    assert used.tolist() == list(range(1, len(used) + 1))
    assert np.all(np.diff(first) > 0)


def test_corners_join_and_opposite_signs_do_not():
    mask = np.array([[1, 0, -1, 1], [0, 1, 1, -1]])
    assert signed_labels(mask).tolist() == [[1, 0, 2, 1], [0, 1, 1, 2]]


# Downhill


def downhill_by_steps(field, mask):
    """Where each pixel comes to by stepping to the strongest of its neighbors; later ones win among equals."""
    strength = {pixel: (abs(field[pixel]), pixel[0], pixel[1]) for pixel in map(tuple, np.argwhere(mask).tolist())}
    summits = np.zeros(field.shape, int)
    for start in strength:
        here = start
        while True:
            around = [pixel for pixel in neighbors(*here, field.shape) if mask[pixel] == mask[here]]
            best = max([here, *around], key=strength.__getitem__)
            if best == here:
                break
            here = best
        summits[start] = here[0] * field.shape[1] + here[1] + 1
    return summits


@LAW
@given(FIELDS, st.sampled_from([0.0, 100.0]))
def test_downhill_against_steps_to_the_strongest_neighbor(field, threshold):
    mask = polarity_mask(field, np.ones(field.shape, bool), threshold)
    labels = downhill_labels(field, mask)
    assert same_partition(labels, downhill_by_steps(field, mask))
    assert np.array_equal(labels == 0, mask == 0)
    assert np.unique(labels[labels > 0]).tolist() == list(range(1, labels.max() + 1))


def test_two_summits_are_two_features_and_the_valley_is_shared():
    columns = np.arange(30)
    rows = np.arange(9)[:, np.newaxis]
    field = 500 * np.exp(-((columns - 8) ** 2 + (rows - 4) ** 2) / 18)
    field += 400 * np.exp(-((columns - 20) ** 2 + (rows - 3) ** 2) / 18)
    labels = downhill_labels(field, np.ones(field.shape, int))
    assert labels.max() == 2
    assert labels[4, 8] == 1
    assert labels[3, 20] == 2
    assert np.all(labels[:, :13] == 1)
    assert np.all(labels[:, 16:] == 2)


@LAW
@given(arrays(np.int8, SHAPES, elements=st.integers(-1, 1)))
def test_on_a_plateau_each_connected_piece_climbs_to_one_of_its_own_pixels(mask):
    labels = downhill_labels(300.0 * mask, mask)
    pieces = signed_labels(mask)
    assert all(len(np.unique(pieces[labels == number])) == 1 for number in range(1, labels.max() + 1))


def test_a_sign_does_not_climb_over_the_other():
    field = np.array([[100.0, -900.0, 200.0]])
    assert downhill_labels(field, np.sign(field).astype(int)).tolist() == [[1, 2, 3]]


# Small features


@LAW
@given(arrays(np.int64, SHAPES, elements=st.integers(0, 5)), st.integers(1, 8))
def test_small_features_go_and_the_others_are_numbered_anew(labels, smallest):
    kept = keep_large(labels, smallest)
    for number in range(1, 6):
        pixels = labels == number
        if np.count_nonzero(pixels) >= smallest:
            assert len(np.unique(kept[pixels])) == 1
            assert np.array_equal(kept == kept[pixels][0], pixels)
        else:
            assert np.all(kept[pixels] == 0)
    assert np.unique(kept[kept > 0]).tolist() == list(range(1, kept.max() + 1))


@pytest.mark.parametrize("function", [signed_labels, lambda mask: keep_large(mask, 1)])
def test_nothing_stays_nothing(function):
    assert np.array_equal(function(np.zeros((3, 5), int)), np.zeros((3, 5), int))


def test_downhill_of_nothing():
    assert np.array_equal(downhill_labels(np.ones((3, 5)), np.zeros((3, 5), int)), np.zeros((3, 5), int))
