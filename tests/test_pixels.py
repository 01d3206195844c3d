"""
Pixels of features, what their outlines touch, and where they lie on the Sun: each by a short way, against a long one.
"""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from planted import catalog
from scipy import ndimage
from scipy.spatial import ConvexHull
from sunpy.coordinates import SphericalScreen
from sunpy.map import Map

from sunpy_solarunet import FeatureCatalog, magnetogram
from sunpy_solarunet.features.outlines import hull_corners, near_any
from sunpy_solarunet.features.pixels import pixels_by_label
from sunpy_solarunet.features.spread import median_of
from sunpy_solarunet.geometry import border_pixels, smallest_circles
from sunpy_solarunet.magnetograms import (
    field_strength,
    pixel_area,
    pixel_coordinates,
    surface_coordinates,
    valid_pixels,
)

LAW = settings(max_examples=60, deadline=None, derandomize=True)
SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 9))
LABELS = arrays(np.int32, SHAPES, elements=st.integers(0, 3))
CORNERS = [(-0.5, -0.5), (-0.5, 0.5), (0.5, -0.5), (0.5, 0.5)]
TIME = "2014-02-03T12:00:00"


# Pixels and labels


@LAW
@given(LABELS, st.sampled_from([1, 300, 10**6, 10**9]))
def test_pixels_stand_feature_after_feature_in_the_order_of_the_rows(labels, factor):
    labels = labels * np.int64(factor)
    found, pixels, starts = pixels_by_label(labels)
    assert found.tolist() == np.unique(labels[labels > 0]).tolist()
    parts = np.split(pixels, starts[1:])
    assert all(np.array_equal(part, np.flatnonzero(labels == label)) for label, part in zip(found, parts, strict=False))
    assert len(pixels) == np.count_nonzero(labels)


def test_labels_without_gaps_are_the_numbers_of_the_features():
    two = catalog([(3, 4, 5, 6, 200), (20, 30, 4, 4, -300)])
    assert np.array_equal(two.numbered, two.labels)
    assert np.array_equal(two[1:].numbered, two.labels == 2)
    assert two[1:].label.tolist() == [2]


@LAW
@given(arrays(np.float32, st.integers(1, 40), elements=st.floats(-9, 9, width=32)))
def test_the_median_is_that_of_numpy(numbers):
    expected = np.median(numbers)
    found = median_of(numbers.copy())
    assert found == expected
    assert found.dtype == expected.dtype


# Outlines


@LAW
@given(LABELS)
def test_pixels_near_a_mask_or_the_edge_are_those_that_its_dilation_takes_in(labels):
    mask, pixels = labels == 1, np.nonzero(labels > 1)
    beyond = ndimage.binary_dilation(np.pad(mask, 1, constant_values=True), np.ones((3, 3)))[1:-1, 1:-1]
    assert np.array_equal(near_any(mask, *pixels), beyond[pixels])


def corners_of(labels):
    """The few corners of each region, and all corners of all its pixels."""
    label, pixels, _ = pixels_by_label(np.where(border_pixels(labels), labels, 0))
    rows, columns = np.divmod(pixels, labels.shape[1])
    few, owners = hull_corners(columns, rows, labels[rows, columns])
    for number in label:
        own = np.argwhere(labels == number)[:, ::-1]
        yield few[owners == number], (own[:, np.newaxis] + CORNERS).reshape(-1, 2)


@LAW
@given(LABELS)
def test_the_corners_that_stand_out_have_the_hull_and_the_circle_of_all_corners(labels):
    for few, every in corners_of(labels):
        assert {tuple(corner) for corner in few} <= {tuple(corner) for corner in every}
        hull = every[ConvexHull(every).vertices]
        assert {tuple(corner) for corner in hull} <= {tuple(corner) for corner in few}
        circles = [smallest_circles(points, np.array([0])) for points in (few, every)]
        assert np.allclose(circles[0][0], circles[1][0])
        assert np.allclose(circles[0][1], circles[1][1])


def test_a_stripe_has_few_corners_however_long_it_is():
    rows, columns = np.indices((200, 200))
    few = [len(few) for few, _ in corners_of((abs(rows - columns) < 2).astype(int))]
    assert few[0] < 12


# The field and areas of some pixels


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int16, ">f4"])
def test_the_field_of_some_pixels_is_that_of_the_whole(kind):
    field = np.arange(12).reshape(3, 4).astype(kind)
    frame = Map(field, {**catalog([]).map.meta, "bunit": "mT"})
    whole = field_strength(frame)
    assert np.array_equal(field_strength(frame, np.array([7, 2])), [70, 20])
    assert np.array_equal(field_strength(frame, field > 5), whole[field > 5])
    assert field_strength(frame, np.array([1])).dtype == whole.dtype


def test_what_is_done_to_the_field_is_not_done_to_the_map():
    frame = catalog([(3, 4, 5, 6, 200)]).map
    before = frame.data.copy()
    for pixels in (None, np.arange(frame.data.size), np.ones(frame.data.shape, bool)):
        field_strength(frame, pixels)[...] = 7
    assert np.array_equal(frame.data, before)


def disk(shape=(40, 50), *, turn=0.0, observer=(12.0, -6.3), side=60.0, projection="TAN"):
    """A map of the whole disk, seen from Stonyhurst longitude and latitude in degrees."""
    header = {
        "ctype1": f"HPLN-{projection}",
        "ctype2": f"HPLT-{projection}",
        "cunit1": "arcsec",
        "cunit2": "arcsec",
        "cdelt1": side,
        "cdelt2": side,
        "crpix1": 26.3,
        "crpix2": 19.1,
        "crval1": 30.0,
        "crval2": -20.0,
        "crota2": turn,
        "bunit": "G",
        "date-obs": TIME,
        "dsun_obs": 1.47e11,
        "rsun_ref": 6.96e8,
        "hgln_obs": observer[0],
        "hglt_obs": observer[1],
    }
    return Map(np.ones(shape), header)


def synoptic(kind, projection):
    header = {
        "ctype1": f"{kind}LN-{projection}",
        "ctype2": f"{kind}LT-{projection}",
        "cunit1": "deg",
        "cunit2": "deg",
        "cdelt1": 9.0,
        "cdelt2": 4.5,
        "crpix1": 20.5,
        "crpix2": 20.5,
        "crval1": 170.0,
        "crval2": 0.0,
        "bunit": "G",
        "date-obs": TIME,
        "rsun_ref": 6.96e8,
        "dsun_obs": 1.47e11,
        "hgln_obs": 0.0,
        "hglt_obs": -6.3,
    }
    return Map(np.ones((40, 40)), header)


MAPS = {
    "disk": disk(),
    "turned": disk(turn=180.03),
    "behind": disk(observer=(170.0, 7.0)),
    "orthographic": disk(turn=-30.0, projection="SIN"),
    "Stonyhurst": synoptic("HG", "CAR"),
    "Carrington": synoptic("CR", "CEA"),
}


@pytest.mark.parametrize("kind", ["sky", "surface"])
@pytest.mark.parametrize("name", MAPS)
def test_the_areas_of_some_pixels_are_those_of_the_whole(name, kind):
    frame = MAPS[name]
    pixels = np.array([0, 611, 820, 1033])
    whole = np.broadcast_to(pixel_area(frame, kind).to_value(u.Mm**2), frame.data.shape).ravel()
    some = np.broadcast_to(pixel_area(frame, kind, pixels).to_value(u.Mm**2), pixels.shape)
    assert np.allclose(some, whole[pixels], rtol=1e-12, equal_nan=True)


def test_toward_the_limb_an_area_keeps_its_digits():
    frame = magnetogram(
        np.ones((1, 2001)) * u.G, time=TIME, scale=1e-3 * u.arcsec, center=(973.6, 0) * u.arcsec, observer="earth"
    )
    share = (pixel_area(frame, "sky") / pixel_area(frame, "surface")).to_value(u.one)[0]
    angle = frame.pixel_to_world(np.arange(2001) * u.pix, np.zeros(2001) * u.pix).Tx.to_value(u.rad)
    ratio = (frame.observer_coordinate.radius / frame.rsun_meters).to_value(u.one)
    # The square of the cosine, from a difference of sines that are close to each other: (1 - s)(1 + s).
    square = (1 / ratio - np.sin(angle)) * (1 / ratio + np.sin(angle)) * ratio**2
    on_disk = square > 1e-7
    assert on_disk.any()
    assert np.allclose(share[on_disk] ** 2, square[on_disk], rtol=1e-7)


# Places


@pytest.mark.parametrize("name", MAPS)
def test_places_of_pixels_are_those_of_sunpy(name):
    rows, columns = (place.ravel().astype(float) for place in np.indices(MAPS[name].data.shape))
    found = pixel_coordinates(MAPS[name], columns, rows + 0.25)
    expected = surface_coordinates(MAPS[name].pixel_to_world(columns * u.pix, (rows + 0.25) * u.pix))
    for one, other in zip(found, expected, strict=True):
        assert one.unit == other.unit
        assert type(one) is type(other)
        assert np.allclose(one.value, other.value, rtol=0, atol=1e-9, equal_nan=True)
    assert 0 < np.count_nonzero(np.isfinite(found[2])) <= found[2].size


def test_a_screen_is_left_to_sunpy():
    frame = MAPS["disk"]
    corner = np.zeros(1)
    assert np.isnan(pixel_coordinates(frame, corner, corner)[2]).all()
    with SphericalScreen(frame.observer_coordinate):
        found = pixel_coordinates(frame, corner, corner)
        expected = surface_coordinates(frame.pixel_to_world(corner * u.pix, corner * u.pix))
    assert np.isfinite(found[2]).all()
    assert [part[0] for part in found] == [part[0] for part in expected]


def test_an_observer_of_another_time_is_left_to_sunpy():
    observer = SkyCoord(40 * u.deg, 5 * u.deg, 0.8 * u.AU, frame="heliographic_stonyhurst", obstime="2014-02-01")
    frame = magnetogram(
        np.ones((30, 30)) * u.G, time=TIME, scale=90 * u.arcsec, center=(30, -50) * u.arcsec, observer=observer
    )
    places = np.array([15.0, 12.0]), np.array([14.0, 18.0])
    expected = surface_coordinates(frame.pixel_to_world(*(place * u.pix for place in places)))
    for one, other in zip(pixel_coordinates(frame, *places), expected, strict=True):
        assert np.allclose(one.value, other.value, rtol=0, atol=1e-9)


def test_a_masked_map_has_no_data_where_it_is_masked():
    mask = np.zeros((40, 50), bool)
    mask[4:6, 7:9] = True
    frame = Map(np.ones((40, 50)), MAPS["disk"].meta, mask=mask)
    labels = np.zeros((40, 50), int)
    labels[6:9, 9:12] = 1
    labels[20:23, 20:23] = 2
    found = FeatureCatalog(frame, labels)
    assert np.array_equal(found.has_data, valid_pixels(frame))
    assert found.touches_edge.tolist() == [True, False]
