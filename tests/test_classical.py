"""
The classical methods against their definitions, carried out pixel by pixel.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sunpy_solarunet.errors import SolarUnetError
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


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int64, np.float32, bool, ">i2", ">f4"])
def test_masks_and_labels_may_be_whole_numbers_of_any_type(kind):
    field = np.array([[160.0, 150.0, 300.0, 300.0], [0.0, 900.0, 170.0, 0.0]])
    mask = np.array([[1, 1, 0, 1], [0, 1, 1, 0]])
    for function in (lambda mask: polarity_mask(field, mask, 150), signed_labels, lambda mask: keep_large(mask, 2)):
        assert np.array_equal(function(mask.astype(kind)), function(mask))
    assert np.array_equal(downhill_labels(field, mask.astype(kind)), downhill_labels(field, mask))


def test_the_levels_of_an_8_bit_mask_are_significant_but_for_0():
    field = np.full((1, 4), 200.0)
    assert polarity_mask(field, np.array([[255, 2, 0, 128]], np.uint8), 150).tolist() == [[1, 1, 0, 1]]


@pytest.mark.parametrize("wrong", [[[0.5, 1.0]], [[np.nan, 1.0]], [[np.inf, 1.0]], [["1", "0"]]])
def test_masks_and_labels_that_are_not_whole_are_refused(wrong):
    field = np.full((1, 2), 200.0)
    for function in (lambda mask: polarity_mask(field, mask, 150), signed_labels, lambda mask: keep_large(mask, 2)):
        with pytest.raises(SolarUnetError, match="must be whole numbers"):
            function(np.array(wrong))
    with pytest.raises(SolarUnetError, match="must be whole numbers"):
        downhill_labels(field, np.array(wrong))


@pytest.mark.parametrize(("kind", "lowest"), [(np.int16, -32768), (np.int8, -128)])
def test_the_most_negative_integer_is_the_strongest_field(kind, lowest):
    field = np.array([[lowest, lowest + 1, 3]], kind)
    assert threshold_mask(field, 100).tolist() == [[True, True, False]]
    assert downhill_labels(field, np.array([[-1, -1, 1]])).tolist() == [[1, 1, 2]]


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


#: Fields without equal neighbors that could be told apart by their place alone are rare in frames of this size.
UNEVEN = st.builds(
    lambda seed, steps, shape: 50.0 * np.random.default_rng(seed).integers(-steps, steps + 1, shape),
    st.integers(0, 10**6),
    st.integers(1, 9),
    st.sampled_from([(11, 17), (6, 25)]),
)
ORIENTATIONS = [(quarters, mirrored) for mirrored in (False, True) for quarters in range(4)]


def oriented(frame, quarters, mirrored):
    return np.rot90(frame[:, ::-1] if mirrored else frame, quarters)


def plateaus_of(field, mask):
    """Each plateau as a set of pixels, and the strengths of those pixels around it that are of its sign."""
    left = set(map(tuple, np.argwhere(mask).tolist()))
    while left:
        start = next(iter(left))
        plateau = flood(start, field == field[start])
        left -= plateau
        edge = {near for pixel in plateau for near in neighbors(*pixel, field.shape)} - plateau
        yield plateau, {pixel: abs(field[pixel]) for pixel in edge if mask[pixel] == mask[start]}


@LAW
@given(FIELDS, st.sampled_from([0.0, 100.0]))
def test_each_plateau_steps_as_a_whole_to_one_of_its_strongest_neighbors(field, threshold):
    mask = polarity_mask(field, np.ones(field.shape, bool), threshold)
    labels = downhill_labels(field, mask)
    maxima = []
    for plateau, around in plateaus_of(field, mask):
        (label,) = {labels[pixel] for pixel in plateau}
        strongest = max(around.values(), default=0)
        if strongest > abs(field[next(iter(plateau))]):
            assert label in {labels[pixel] for pixel, strength in around.items() if strength == strongest}
        else:
            maxima.append(label)
    assert sorted(maxima) == list(range(1, labels.max() + 1))
    assert np.array_equal(labels == 0, mask == 0)


@LAW
@given(UNEVEN)
def test_downhill_knows_no_orientation(field):
    labels = downhill_labels(field, np.sign(field))
    for orientation in ORIENTATIONS:
        turned = oriented(field, *orientation)
        assert same_partition(downhill_labels(turned, np.sign(turned)), oriented(labels, *orientation))


@LAW
@given(FIELDS)
def test_downhill_of_the_opposite_field_has_the_same_features(field):
    assert np.array_equal(downhill_labels(-field, -np.sign(field)), downhill_labels(field, np.sign(field)))


@pytest.mark.parametrize(("quarters", "mirrored"), ORIENTATIONS)
@pytest.mark.parametrize(
    "field",
    [
        np.array([[400.0, 200.0, 100.0, 200.0, 500.0, 300.0]]),  # 200 to the right leads to the stronger maximum
        np.array([[500.0, 200.0, 100.0, 200.0, 500.0, 500.0]]),  # to a maximum as strong, but of two pixels
        np.array([[300.0, 500.0, 200.0, 100.0, 200.0, 450.0, 600.0]]),  # two steps away
    ],
)
def test_the_pixel_between_two_equal_neighbors_goes_to_the_stronger_then_larger_maximum(field, quarters, mirrored):
    middle = np.flatnonzero(field[0] == 100)[0]
    expected = np.where(np.arange(field.shape[1]) < middle, 1, 2)[np.newaxis]
    turned = oriented(field, quarters, mirrored)
    assert same_partition(downhill_labels(turned, np.sign(turned)), oriented(expected, quarters, mirrored))


def test_a_pixel_between_two_images_of_each_other_goes_to_the_later_one():
    assert downhill_labels(np.array([[2.0, 1.0, 2.0]]), np.ones((1, 3))).tolist() == [[1, 2, 2]]
    assert downhill_labels(np.array([[2.0], [1.0], [2.0]]), np.ones((3, 1))).tolist() == [[1], [2], [2]]


def test_a_saturated_spot_is_one_feature():
    """Its outline is not convex: from each arm's end the nearest strong pixels are those of its own arm."""
    spot = np.array([[1, 0, 0, 0, 1], [1, 0, 0, 0, 1], [1, 1, 1, 1, 1], [0, 0, 1, 0, 0]])
    field = np.pad(np.where(spot, 255, 120).astype(np.uint8), 2, constant_values=60)
    assert downhill_labels(field, field > 50).max() == 1


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
@given(MASKS)
def test_a_field_of_one_strength_has_one_feature_for_each_connected_region(mask):
    assert np.array_equal(downhill_labels(300.0 * mask, mask), signed_labels(mask))


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


@LAW
@given(FIELDS, st.integers(1, 6))
def test_small_features_can_be_left_out_where_labels_are_made(field, min_pixels):
    mask = polarity_mask(field, True, 100)
    assert np.array_equal(signed_labels(mask, min_pixels), keep_large(signed_labels(mask), min_pixels))
    assert np.array_equal(
        downhill_labels(field, mask, min_pixels), keep_large(downhill_labels(field, mask), min_pixels)
    )


@LAW
@given(arrays(np.float32, SHAPES, elements=st.floats(0, 9, width=32)))
def test_downhill_takes_strengths_as_they_are_in_all_types(field):
    mask = np.ones(field.shape, int)
    assert np.array_equal(downhill_labels(field, mask), downhill_labels(field.astype(float), mask))
    assert np.array_equal(downhill_labels(field, mask), downhill_labels(-field.astype(">f8"), -mask))
