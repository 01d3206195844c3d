"""Gaps and regions beside the distances of all pixels to all others."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import catalog, random_sequence, sequence

from sunpy_solarunet.tracking.alignment import align
from sunpy_solarunet.tracking.gaps import gaps_of_alike, gaps_of_opposites
from sunpy_solarunet.tracking.regions import are_in_reach, circles_in_reach, features_in_reach


def border(features, index):
    """Columns and rows, and places, of the border of a feature."""
    columns, rows, owners = features.border_positions
    chosen = owners == index + 1
    return np.stack([columns[chosen], rows[chosen]], axis=-1), features.border_places[chosen]


def gap(one, i, other, j):
    """The shortest of all ways from center to center, without one of its steps."""
    (pixels, places), (other_pixels, other_places) = border(one, i), border(other, j)
    steps = np.linalg.norm(pixels[:, np.newaxis] - other_pixels, axis=-1)
    return (np.linalg.norm(places[:, np.newaxis] - other_places, axis=-1) * (1 - 1 / np.maximum(steps, 1))).min()


def all_gaps(one, other, farthest, sign):
    """All pairs of features whose signs have this product."""
    pairs = {(i, j): gap(one, i, other, j) for i in range(len(one)) for j in range(len(other))}
    return {
        (i, j): pytest.approx(length)
        for (i, j), length in pairs.items()
        if one.polarity[i] * other.polarity[j] == sign and length <= farthest
    }


def as_dict(first, second, gaps):
    return dict(zip(zip(first.tolist(), second.tolist(), strict=True), gaps.tolist(), strict=True))


@settings(deadline=None, max_examples=12)
@given(st.integers(0, 10**6), st.sampled_from([(0, 0), (2, -1), (0.4, 1.7), (-7.5, 3.2)]), st.floats(0.5, 9))
def test_gaps_are_those_of_the_nearest_pixels(seed, shift, farthest):
    before, after = align(*random_sequence(seed, frames=2, number=8), np.array(shift, float))
    assert as_dict(*gaps_of_alike(before, after, farthest)) == all_gaps(before, after, farthest, 1)
    opposites = as_dict(*gaps_of_opposites(after, farthest))
    assert opposites == {
        pair: length for pair, length in all_gaps(after, after, farthest, -1).items() if pair[0] < pair[1]
    }


def test_what_has_moved_out_of_the_frame_is_near_what_is_at_its_edge():
    before, after = align(*sequence([(3, 56, 4, 3, 300)], [(3, 57, 4, 3, 300)]), np.array([3.0, 0.0]))
    assert as_dict(*gaps_of_alike(before, after, 2.0)) == {(0, 0): 0}


def test_features_of_one_sign_alone_have_no_opposites():
    first, second, gaps = gaps_of_opposites(catalog([(3, 4, 4, 3, 300), (3, 9, 4, 3, 200)]), 5.0)
    assert (len(first), len(second), len(gaps)) == (0, 0, 0)


def in_reach(one, other, reach):
    """All pairs in which the other has a border pixel in the circle around the one, or holds its center."""
    centers, radii = one.enclosing_circles
    places = one.grid.places(*centers.T)
    found = set()
    for i, j in np.ndindex(len(one), len(other)):
        near = np.linalg.norm(border(other, j)[1] - places[i], axis=1).min() <= radii[i] + reach + 1e-9
        corners = {
            tuple(np.array([f(centers[i, 1]), g(centers[i, 0])], int))
            for f in (np.floor, np.ceil)
            for g in (np.floor, np.ceil)
        }
        if near or any(other.numbered[corner] == j + 1 for corner in corners):
            found.add((i, j))
    return found


@settings(deadline=None, max_examples=12)
@given(st.integers(0, 10**6), st.floats(0, 12))
def test_features_in_reach_are_those_with_a_pixel_in_the_circle(seed, reach):
    one, other = random_sequence(seed, frames=2, number=9)
    expected = in_reach(one, other, reach)
    assert set(zip(*(side.tolist() for side in features_in_reach(one, other, reach)), strict=True)) == expected
    everyone = np.indices((len(one), len(other))).reshape(2, -1)
    told = are_in_reach(one, other, *everyone, reach)
    assert {tuple(pair) for pair in everyone[:, told].T.tolist()} == expected
    possible = set(zip(*(side.tolist() for side in circles_in_reach(one, other, reach)), strict=True))
    assert possible >= expected | {(i, j) for j, i in in_reach(other, one, reach)}


def test_a_long_feature_is_in_reach_by_any_of_its_pixels():
    # The middle of the bar is 25 columns away from the square, its end two.
    found = catalog([(10, 2, 3, 50, 300), (16, 50, 4, 4, -300), (30, 30, 4, 4, 300)])
    first, second = features_in_reach(found, found, 3.0)
    assert second[first == 1].tolist() == [0, 1]
