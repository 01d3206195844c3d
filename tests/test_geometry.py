"""
Outlines and enclosing circles of labelled pixels.
"""

import itertools

import numpy as np
import pytest
from helpers import canonical_ring
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from sunpy_solarunet.geometry import border_pixels, pixel_corners, rings, smallest_circles

LABELS = arrays(np.int64, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 3))
LAW = settings(max_examples=60, deadline=None, derandomize=True)


def signed_area(ring):
    """Area that a closed ring encloses: positive if it runs counterclockwise, x to the right and y up."""
    x, y = ring.T
    return np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) / 2


# Borders


def test_border_pixels_have_a_neighbor_by_an_edge_that_is_not_theirs():
    labels = np.array(
        [
            [0, 0, 0, 0, 0, 0],
            [0, 1, 1, 1, 1, 0],
            [0, 1, 1, 1, 1, 2],
            [0, 1, 1, 1, 1, 2],
            [0, 0, 1, 1, 1, 2],
        ]
    )
    inside = np.zeros(labels.shape, bool)
    # The pixel of row 3, column 2 touches the outside by a corner only.
    inside[2, 2:4] = inside[3, 2:4] = True
    assert np.array_equal(border_pixels(labels), (labels > 0) & ~inside)


@LAW
@given(LABELS)
def test_border_pixels_against_their_definition(labels):
    expected = np.zeros(labels.shape, bool)
    for row, column in zip(*np.nonzero(labels), strict=True):
        for down, right in [(1, 0), (-1, 0), (0, 1), (0, -1)]:
            i, j = row + down, column + right
            beyond = not (0 <= i < labels.shape[0] and 0 <= j < labels.shape[1])
            expected[row, column] |= beyond or labels[i, j] != labels[row, column]
    assert np.array_equal(border_pixels(labels), expected)


def test_corners_of_pixels():
    corners = pixel_corners(np.array([3, 10]), np.array([7, 0]))
    assert {tuple(corner) for corner in corners[:4]} == {(2.5, 6.5), (3.5, 6.5), (3.5, 7.5), (2.5, 7.5)}
    assert {tuple(corner) for corner in corners[4:]} == {(9.5, -0.5), (10.5, -0.5), (10.5, 0.5), (9.5, 0.5)}


# Rings


def test_the_ring_of_one_pixel():
    labels = np.zeros((4, 9), int)
    labels[1, 6] = 1
    outlines, owners = rings(labels)
    assert owners.tolist() == [1]
    # Counterclockwise: the pixel in column 6 and row 1 is on the left.
    expected = [(5.5, 0.5), (6.5, 0.5), (6.5, 1.5), (5.5, 1.5), (5.5, 0.5)]
    assert canonical_ring(outlines[0]) == canonical_ring(expected)


def test_the_ring_of_a_line():
    labels = np.zeros((4, 9), int)
    labels[2, 1:8] = 1
    (ring,), _ = rings(labels)
    assert np.array_equal(ring[0], ring[-1])
    assert len(ring) == 2 * 7 + 2 + 1
    assert (ring[:, 0].min(), ring[:, 0].max()) == (0.5, 7.5)
    assert (ring[:, 1].min(), ring[:, 1].max()) == (1.5, 2.5)


def test_a_hole_is_a_ring_that_runs_the_other_way():
    labels = np.ones((5, 7), int)
    labels[2, 3:5] = 0
    outlines, owners = rings(labels)
    assert owners.tolist() == [1, 1]
    assert sorted(signed_area(ring) for ring in outlines) == [-2, 35]


def test_pixels_that_touch_at_a_corner_share_one_outline():
    for labels in (np.array([[1, 0], [0, 1]]), np.array([[0, 1], [1, 0]])):
        outlines, owners = rings(labels)
        assert owners.tolist() == [1]
        assert signed_area(outlines[0]) == 2
        assert len(outlines[0]) == 9


def test_holes_that_touch_at_a_corner_are_two():
    # The region around them is connected by corners, so what it encloses is connected by edges only.
    labels = np.ones((4, 4), int)
    labels[1, 1] = labels[2, 2] = 0
    outlines, _ = rings(labels)
    assert sorted(signed_area(ring) for ring in outlines) == [-1, -1, 16]


def test_opposite_features_that_cross_at_a_corner_have_an_outline_each():
    labels = np.array([[1, 2], [2, 1]])
    outlines, owners = rings(labels)
    assert owners.tolist() == [1, 2]
    assert [signed_area(ring) for ring in outlines] == [2, 2]


def test_a_feature_in_another_ones_hole():
    labels = np.ones((5, 6), int)
    labels[2, 2:4] = 2
    outlines, owners = rings(labels)
    assert owners.tolist() == [1, 1, 2]
    assert [signed_area(ring) for ring in outlines[:2]] in ([30, -2], [-2, 30])
    assert signed_area(outlines[2]) == 2


@pytest.mark.parametrize("shape", [(1, 1), (3, 8)])
def test_no_features_no_rings(shape):
    outlines, owners = rings(np.zeros(shape, int))
    assert outlines == []
    assert owners.shape == (0,)


def test_labels_may_be_any_numbers():
    _, owners = rings(np.array([[900, 0, 7, 0, 900]]))
    assert owners.tolist() == [7, 900, 900]


@LAW
@given(LABELS)
def test_the_areas_of_a_labels_rings_sum_to_its_pixels(labels):
    outlines, owners = rings(labels)
    for label in (1, 2, 3):
        areas = [signed_area(ring) for ring, owner in zip(outlines, owners, strict=True) if owner == label]
        assert sum(areas) == np.count_nonzero(labels == label)


@LAW
@given(LABELS)
def test_rings_are_closed_walks_along_each_edge_once(labels):
    outlines, owners = rings(labels)
    assert np.all(np.diff(owners) >= 0)
    walked = []
    for ring, owner in zip(outlines, owners, strict=True):
        assert np.array_equal(ring[0], ring[-1])
        assert np.all(np.abs(np.diff(ring, axis=0)).sum(axis=1) == 1)
        walked += [(int(owner), *start, *end) for start, end in itertools.pairwise(map(tuple, ring))]
    padded = np.pad(labels, 1)
    edges = sum(
        np.count_nonzero((labels > 0) & (labels != side))
        for side in (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:])
    )
    assert len(walked) == len(set(walked)) == edges


@LAW
@given(LABELS)
def test_there_is_one_outer_ring_for_each_piece_connected_by_corners_and_one_for_each_hole(labels):
    outlines, owners = rings(labels)
    for label in (1, 2, 3):
        areas = [signed_area(ring) for ring, owner in zip(outlines, owners, strict=True) if owner == label]
        pieces = ndimage.label(labels == label, np.ones((3, 3)))[1]
        outside = ndimage.label(np.pad(labels != label, 1, constant_values=True))[1]
        assert sum(area > 0 for area in areas) == pieces
        assert sum(area < 0 for area in areas) == outside - 1


# Insets


def test_an_inset_draws_the_ring_into_the_feature():
    labels = np.zeros((6, 9), int)
    labels[1:4, 2:7] = 1
    (ring,), _ = rings(labels, inset=0.1)
    assert ring[:, 0].min() == pytest.approx(1.6)
    assert ring[:, 0].max() == pytest.approx(6.4)
    assert ring[:, 1].min() == pytest.approx(0.6)
    assert ring[:, 1].max() == pytest.approx(3.4)
    assert signed_area(ring) == pytest.approx(4.8 * 2.8)


def test_an_inset_widens_a_hole():
    labels = np.ones((5, 7), int)
    labels[2, 3:5] = 0
    outlines, _ = rings(labels, inset=0.1)
    assert sorted(signed_area(ring) for ring in outlines) == pytest.approx([-2.2 * 1.2, 6.8 * 4.8])


def test_an_inset_keeps_touching_features_apart():
    labels = np.array([[1, 1, 2, 2, 2], [1, 2, 2, 1, 1], [1, 1, 1, 1, 2]])
    drawn, owners = rings(labels, inset=0.15)
    points = {label: np.concatenate([r for r, o in zip(drawn, owners, strict=True) if o == label]) for label in (1, 2)}
    between = np.linalg.norm(points[1][:, None] - points[2][None], axis=-1)
    assert between.min() >= 0.29


@LAW
@given(LABELS)
def test_inset_rings_lie_within_their_features(labels):
    padded = np.pad(labels, 1)
    outlines, owners = rings(labels, inset=0.2)
    for ring, owner in zip(outlines, owners, strict=True):
        columns, rows = np.round(ring.T).astype(int) + 1
        # Where two pixels touch by a corner only, the outline bridges it.
        x, y = np.round(ring.T + 0.5).astype(int)
        below_left, below_right = padded[y, x] == owner, padded[y, x + 1] == owner
        above_left, above_right = padded[y + 1, x] == owner, padded[y + 1, x + 1] == owner
        bridge = (below_left == above_right) & (below_right == above_left) & (below_left != below_right)
        assert np.all((padded[rows, columns] == owner) | bridge)


# Circles


def brute_force_radius(points):
    """Radius of the smallest of all circles through two or three of the points that cover them all."""
    best = np.inf if len(np.unique(points, axis=0)) > 1 else 0.0
    for first, second in itertools.combinations(points, 2):
        best = min(best, covering_radius((first + second) / 2, points, np.linalg.norm(first - second) / 2))
    for a, b, c in itertools.combinations(points, 3):
        matrix = 2 * np.array([b - a, c - a])
        if abs(np.linalg.det(matrix)) > 1e-9:
            center = np.linalg.solve(matrix, [b @ b - a @ a, c @ c - a @ a])
            best = min(best, covering_radius(center, points, np.linalg.norm(center - a)))
    return best


def covering_radius(center, points, radius):
    return radius if np.all(np.linalg.norm(points - center, axis=1) <= radius + 1e-9) else np.inf


@LAW
@given(
    st.lists(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 7)), min_size=1, max_size=9), min_size=1, max_size=4)
)
def test_smallest_circles_against_all_circles(groups):
    points = np.concatenate([np.array(group, float) for group in groups])
    starts = np.cumsum([0] + [len(group) for group in groups[:-1]])
    centers, radii = smallest_circles(points, starts)
    for group, center, radius in zip(groups, centers, radii, strict=True):
        group = np.array(group, float)
        assert radius == pytest.approx(brute_force_radius(group), abs=1e-7)
        assert np.all(np.linalg.norm(group - center, axis=1) <= radius + 1e-7)


def test_many_points_on_one_circle():
    angle = np.linspace(0, 2 * np.pi, 1001)
    points = np.stack([300 + 40 * np.cos(angle), -20 + 40 * np.sin(angle)], axis=1)
    centers, radii = smallest_circles(points, np.array([0]))
    assert centers[0] == pytest.approx([300, -20], abs=1e-6)
    assert radii[0] == pytest.approx(40, abs=1e-6)


@pytest.mark.parametrize("shift", [0, 1e5])
def test_points_on_a_line_and_repeated_points(shift):
    points = np.array([[0, 0], [1, 1], [3, 3], [3, 3], [0, 0], [2, 2]]) + shift
    centers, radii = smallest_circles(points, np.array([0]))
    assert radii[0] == pytest.approx(np.sqrt(4.5), rel=1e-6)
    assert centers[0] == pytest.approx(np.array([1.5, 1.5]) + shift)


def test_no_groups():
    centers, radii = smallest_circles(np.zeros((0, 2)), np.zeros(0, int))
    assert centers.shape == (0, 2)
    assert radii.shape == (0,)
