"""
Elongation, orientation and bounding boxes, against scikit-image and against shapes drawn on the Sun.
"""

import astropy.units as u
import numpy as np
import pytest
from helpers import SCALE, frame_of
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage
from skimage.measure import regionprops
from sunpy.map import Map

from sunpy_solarunet import FeatureCatalog, magnetogram

LAW = settings(max_examples=40, deadline=None, derandomize=True)

#: Labels with gaps on a frame of 5 to 8 rows and 9 columns.
LABELS = arrays(np.int64, st.tuples(st.integers(5, 8), st.just(9)), elements=st.sampled_from([0, 0, 3, 4, 9]))


def catalog_of(labels, field=None, scale=0.5 * u.arcsec, **description):
    return FeatureCatalog(frame_of(np.full(labels.shape, 70.0) if field is None else field, scale=scale), labels)


def drawn(contains, scale, shape=(140, 160), rotation=0):
    """A feature of all pixels whose place, in arcsec west and north of the middle, a function is true for."""
    frame = magnetogram(np.full(shape, 70.0) * u.G, time="2017-07-13", scale=scale, center=(0, 0) * u.arcsec)
    if rotation:
        cosine, sine = np.cos(np.radians(rotation)), np.sin(np.radians(rotation))
        matrix = {"pc1_1": cosine, "pc1_2": -sine, "pc2_1": sine, "pc2_2": cosine}
        frame = Map(frame.data, dict(frame.meta) | matrix)
    rows, columns = np.indices(shape)
    place = frame.pixel_to_world(columns * u.pix, rows * u.pix)
    inside = contains(place.Tx.to_value(u.arcsec), place.Ty.to_value(u.arcsec))
    return FeatureCatalog(frame, inside.astype(int))


def ellipse(major, minor, angle):
    """Whether a place lies in an ellipse, whose axes are in arcsec, turned from west toward north."""
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))

    def contains(west, north):
        return ((cosine * west + sine * north) / major) ** 2 + ((cosine * north - sine * west) / minor) ** 2 <= 1

    return contains


@LAW
@given(LABELS)
def test_flat_features_have_the_moments_of_scikit_image(labels):
    catalog = catalog_of(labels)
    for feature, region in zip(catalog, regionprops(labels), strict=True):
        assert feature.label == region.label
        assert feature.bbox == region.bbox
        major, minor = region.inertia_tensor_eigvals
        # Thinner than a pixel, a feature is widened by its second moment.
        widening = 1 / 12 if major * minor < 1 / 144 - 1e-9 else 0
        assert feature.elongation == pytest.approx(np.sqrt((major + widening) / (minor + widening)), rel=1e-6)
        if major - minor > 1e-6:
            # There, the angle is from the axis of rows toward that of columns.
            turn = (feature.orientation.to_value(u.deg) + np.degrees(region.orientation) - 90) % 180
            assert min(turn, 180 - turn) == pytest.approx(0, abs=1e-5)
        else:
            assert np.isnan(feature.orientation)


@LAW
@given(LABELS.filter(np.any), st.integers(1, 2**31))
def test_moments_are_weighted_with_the_flux(labels, seed):
    field = np.random.default_rng(seed).uniform(20, 300, labels.shape)
    catalog = catalog_of(labels, field)
    for feature, region in zip(catalog, regionprops(labels, field), strict=True):
        moments = region.moments_weighted_central / region.moments_weighted[0, 0]
        north, west, mixed = moments[2, 0], moments[0, 2], moments[1, 1]
        if west * north - mixed**2 > 1 / 144:
            minor, major = np.linalg.eigvalsh([[west, mixed], [mixed, north]])
            assert feature.elongation == pytest.approx(np.sqrt(major / minor), rel=1e-6)
            angle = np.degrees(np.arctan2(2 * mixed, west - north)) / 2
            assert feature.orientation.to_value(u.deg) == pytest.approx(angle, abs=1e-5)


@pytest.mark.parametrize("scale", [1 * u.arcsec, (0.5, 1) * u.arcsec, (1, 0.5) * u.arcsec])
@pytest.mark.parametrize("angle", [0, 30, 90, 120, -45])
def test_an_ellipse_is_as_long_and_turned_as_it_was_drawn_whatever_the_pixels(scale, angle):
    catalog = drawn(ellipse(30, 10, angle), scale)
    assert catalog.elongation == pytest.approx([3], rel=0.02)
    expected = angle - 180 if angle > 90 else angle
    assert catalog.orientation.to_value(u.deg) == pytest.approx([expected], abs=1)


@pytest.mark.parametrize("scale", [(0.25, 1) * u.arcsec, (1, 0.25) * u.arcsec])
def test_oblong_pixels_do_not_make_a_disk_long(scale):
    catalog = drawn(lambda west, north: west**2 + north**2 <= 15**2, scale)
    assert catalog.elongation == pytest.approx([1], abs=0.01)


@pytest.mark.parametrize("scale", [0.5 * u.arcsec, SCALE, SCALE[::-1]])
def test_one_pixel_is_round(scale):
    labels = np.zeros((5, 9), int)
    labels[3, 7] = 2
    catalog = catalog_of(labels, scale=scale)
    assert catalog.elongation == pytest.approx([1])
    assert np.isnan(catalog.orientation).all()


@pytest.mark.parametrize("turn", [30, -75, 180])
def test_west_and_north_are_those_of_the_sun_on_a_turned_map(turn):
    catalog = drawn(ellipse(30, 10, 20), 1 * u.arcsec, rotation=turn)
    assert catalog.orientation.to_value(u.deg) == pytest.approx([20], abs=1)
    assert catalog.elongation == pytest.approx([3], rel=0.02)


def test_a_line_is_as_many_times_longer_as_it_has_pixels():
    labels = np.zeros((9, 12), int)
    labels[2, 3:10], labels[4:8, 1] = 1, 2
    catalog = catalog_of(labels)
    assert catalog.elongation == pytest.approx([7, 4])
    assert catalog.orientation.to_value(u.deg) == pytest.approx([0, 90])


def test_degrees_of_longitude_are_short_far_from_the_equator():
    # Half a degree a pixel, 60 rows around 60 degrees north: a square of pixels is half as wide as it is high.
    header = {
        "ctype1": "CRLN-CAR", "ctype2": "CRLT-CAR", "cunit1": "deg", "cunit2": "deg", "cdelt1": 0.5, "cdelt2": 0.5,
        "crpix1": 40.5, "crpix2": 30.5 - 120, "crval1": 150.0, "crval2": 0.0, "date-obs": "2017-07-13", "bunit": "G",
        "hgln_obs": 0.0, "hglt_obs": 0.0, "dsun_obs": 1.5e11,
    }  # fmt: skip
    labels = np.zeros((60, 80), int)
    labels[22:38, 50:66] = 1
    catalog = FeatureCatalog(Map(np.full(labels.shape, 70.0), header), labels)
    assert catalog.elongation == pytest.approx([2], rel=0.01)
    assert catalog.orientation.to_value(u.deg) == pytest.approx([90], abs=1e-3)


@LAW
@given(LABELS.filter(np.any), st.integers(1, 2**31))
def test_mirrored_and_turned_features_are_as_long_and_mirrored_and_turned(labels, seed):
    field = np.random.default_rng(seed).uniform(20, 300, labels.shape)
    catalog = catalog_of(labels, field)
    mirrored, transposed = catalog_of(labels[:, ::-1], field[:, ::-1]), catalog_of(labels.T, field.T)
    assert np.allclose(catalog.elongation, mirrored.elongation)
    assert np.allclose(catalog.elongation, transposed.elongation)
    clear = catalog.elongation > 1 + 1e-6
    angle, other, turned = (each.orientation.to_value(u.deg)[clear] for each in (catalog, mirrored, transposed))
    assert np.allclose(np.cos(np.radians(2 * (angle + other))), 1)
    assert np.allclose(np.cos(np.radians(2 * (angle + turned - 90))), 1)
    assert (catalog.elongation >= 1).all()


def test_the_bounding_box_cuts_the_feature_out(gst_frames):
    frame = gst_frames[0]
    catalog = FeatureCatalog(frame, ndimage.label(np.abs(frame.data) > 300)[0])
    assert len(catalog) > 100
    for feature in catalog[::40]:
        top, left, bottom, right = feature.bbox
        inside = feature.mask[top:bottom, left:right]
        assert np.count_nonzero(inside) == feature.n_pixels
        assert inside.any(axis=1)[[0, -1]].all()
        assert inside.any(axis=0)[[0, -1]].all()
        assert (feature.bbox_xmin, feature.bbox_xmax) == (left, right - 1)
        assert (feature.bbox_ymin, feature.bbox_ymax) == (top, bottom - 1)
