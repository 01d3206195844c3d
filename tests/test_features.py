"""
Features: what is measured of labelled pixels, against plain sums and known shapes.
"""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.table import QTable
from helpers import CENTER, SCALE, canonical_ring, frame_of, planted_field, two_elements
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage
from sunpy.map import Map

from sunpy_solarunet import Feature, FeatureCatalog, magnetogram
from sunpy_solarunet.errors import MagnetogramError, SolarUnetError
from sunpy_solarunet.features import FLAGS, MEASUREMENTS, flag_names
from sunpy_solarunet.segmentation.classical import keep_large, signed_labels

#: Mm2 of a pixel of `helpers.SCALE` at 737 km an arcsecond.
PIXEL = 0.5 * 0.4 * 0.737**2

LAW = settings(max_examples=20, deadline=None, derandomize=True)


def catalog_of(field, labels=None, **options):
    """A catalog of the pixels stronger than 100 G, unless labels are given."""
    if labels is None:
        labels = ndimage.label(np.abs(field) > 100)[0]
    return FeatureCatalog(frame_of(field), labels, **options)


@pytest.fixture(scope="module")
def two():
    """Label 1: 21 pixels of 200 G, one of them 520 G. Label 2: 12 pixels in an L, -300 and -180 G."""
    return catalog_of(two_elements())


# Counts, areas, fluxes


def test_counts_areas_and_fluxes_of_two_elements(two):
    assert len(two) == 2
    assert two.label.tolist() == [1, 2]
    assert two.n_pixels.tolist() == [21, 12]
    assert two.area.to_value(u.Mm**2) == pytest.approx([21 * PIXEL, 12 * PIXEL], rel=2e-3)
    gauss = np.array([20 * 200 + 520, -(6 * 300 + 6 * 180)])
    # 1 Mm2 is 1e16 cm2.
    assert two.flux.to_value(u.Mx) == pytest.approx(gauss * PIXEL * 1e16, rel=2e-3)
    assert two.mean_field.to_value(u.G) == pytest.approx(gauss / [21, 12])
    assert two.polarity.tolist() == [1, -1]


def test_the_peak_keeps_its_sign(two):
    assert two.peak_field.to_value(u.G).tolist() == [520, -300]


def test_of_a_feature_of_both_signs_the_peak_is_the_stronger_one():
    field = planted_field((4, 9), (1, 2, 150.0), (1, 3, -400.0), (1, 4, 390.0))
    catalog = catalog_of(field)
    assert catalog.peak_field.to_value(u.G).tolist() == [-400]
    assert catalog.polarity.tolist() == [1]


def test_centers_are_weighted_with_the_flux():
    field = planted_field((6, 11), (2, 3, 100.5), (2, 4, 301.5))
    catalog = catalog_of(field)
    assert catalog.x.to_value(u.pix) == pytest.approx([3.75])
    assert catalog.y.to_value(u.pix) == pytest.approx([2])
    upright = catalog_of(planted_field((6, 11), (2, 3, -300.0), (3, 3, -150.0)))
    assert upright.x.to_value(u.pix) == pytest.approx([3])
    assert upright.y.to_value(u.pix) == pytest.approx([2 + 1 / 3])


def test_without_flux_the_center_is_the_pixels():
    labels = np.zeros((6, 11), int)
    labels[2, 3:6] = 1
    catalog = catalog_of(planted_field((6, 11), (2, slice(3, 6), 0.0)), labels)
    assert catalog.x.to_value(u.pix) == pytest.approx([4])
    assert catalog.flux.to_value(u.Mx) == pytest.approx([0])


def test_units(two):
    units = {name: getattr(two, name).unit for name in MEASUREMENTS if isinstance(getattr(two, name), u.Quantity)}
    assert units["area"] == u.Mm**2
    assert units["flux"] == u.Mx
    assert units["mean_field"] == units["peak_field"] == u.G
    assert units["x"] == units["y"] == u.pix
    assert units["Tx"] == units["Ty"] == u.arcsec
    assert units["lon"] == units["lat"] == u.deg
    assert units["radius"] == u.Mm


@pytest.mark.parametrize("number", [0, 1, 2])
def test_real_masks_against_plain_sums(gst_frames, gst_three_class_masks, number):
    frame, mask = gst_frames[number], gst_three_class_masks[number]
    catalog = FeatureCatalog(frame, keep_large(signed_labels(mask), 10))
    counts, gauss, peaks = [], [], []
    for sign in (1, -1):
        labels, _ = ndimage.label(mask == sign, np.ones((3, 3)))
        every = np.arange(1, labels.max() + 1)
        size = ndimage.sum_labels(np.ones(labels.shape), labels, every)
        large = every[size >= 10]
        counts += size[size >= 10].tolist()
        gauss += ndimage.sum_labels(frame.data.astype(float), labels, large).tolist()
        peaks += (sign * ndimage.maximum(sign * frame.data.astype(float), labels, large)).tolist()
    assert len(catalog) == len(counts) > 150
    assert sorted(catalog.n_pixels) == sorted(counts)
    pixel = (60 / 720 * 0.737) ** 2
    assert np.allclose(np.sort(catalog.area.value), np.sort(counts) * pixel, rtol=2e-3)
    assert np.allclose(np.sort(catalog.flux.to_value(u.Mx)), np.sort(gauss) * pixel * 1e16, rtol=2e-3)
    assert np.allclose(np.sort(catalog.peak_field.to_value(u.G)), np.sort(peaks))
    assert np.array_equal(np.sign(catalog.flux.value), catalog.polarity)


def test_areas_on_the_surface_are_larger_toward_the_limb():
    field = np.full((6, 60), 1.0)
    field[2:4, 2:5] = field[2:4, 50:53] = 200
    frame = magnetogram(field * u.G, time="2017-07-13", scale=10 * u.arcsec, center=(450, 0) * u.arcsec)
    labels = ndimage.label(field > 100)[0]
    sky, surface = FeatureCatalog(frame, labels), FeatureCatalog(frame, labels, area="surface")
    # The law of sines at 450 + 10 (x - 29.5) arcsec, x = 3 and 51.
    tx = 450 + 10 * (np.array([3, 51]) - 29.5)
    sine = np.sin(tx / 206264.806) * frame.observer_coordinate.radius.to_value(u.Mm) / 695.7
    assert (surface.area / sky.area).value == pytest.approx(1 / np.sqrt(1 - sine**2), rel=2e-3)
    assert (surface.flux / sky.flux).value == pytest.approx((surface.area / sky.area).value, rel=1e-12)


# Coordinates


def test_centers_stand_where_they_were_planted(two):
    # Label 1: rows 2 to 4, columns 25 to 31, the strong pixel in row 3, column 30.
    x = (200 * 21 * 28 + 320 * 30) / (200 * 21 + 320)
    assert two.x[0].value == pytest.approx(x)
    assert two.y[0].value == pytest.approx(3)
    # 24 rows and 40 columns around (120, -80), 0.5 by 0.4 arcsec.
    assert two.Tx[0].to_value(u.arcsec) == pytest.approx(120 + (x - 19.5) * 0.5, abs=1e-4)
    assert two.Ty[0].to_value(u.arcsec) == pytest.approx(-80 + (3 - 11.5) * 0.4, abs=1e-4)
    assert two.Tx[1] < two.Tx[0]
    assert two.Ty[1] > two.Ty[0]
    # West is positive; the second is further to the east and north.
    assert two.lon[1] < two.lon[0]
    assert two.lat[1] > two.lat[0]
    assert isinstance(two.coordinate, SkyCoord)


def test_longitude_and_latitude_off_the_disk_are_not_a_number_and_flagged():
    field = planted_field((10, 40), (slice(4, 6), slice(4, 7), 300.0), (slice(4, 6), slice(34, 37), 300.0))
    frame = magnetogram(field * u.G, time="2017-07-13", scale=5 * u.arcsec, center=(944, 0) * u.arcsec)
    catalog = FeatureCatalog(frame, ndimage.label(field > 100)[0])
    assert np.isnan(catalog.lon).tolist() == [False, True]
    assert np.isnan(catalog.lat).tolist() == [False, True]
    assert not np.isnan(catalog.Tx).any()
    assert [flag_names(flags) for flags in catalog.flags] == [[], ["off_disk"]]
    alone = FeatureCatalog(frame, (ndimage.label(field > 100)[0] == 2).astype(int))
    assert np.isnan(alone.lon).all()


def test_moving_the_map_moves_the_coordinates_and_nothing_else(two):
    field = two_elements()
    moved = FeatureCatalog(frame_of(field, center=CENTER + (30, -7) * u.arcsec), two.labels)
    assert (moved.Tx - two.Tx).to_value(u.arcsec) == pytest.approx([30, 30], abs=1e-2)
    assert (moved.Ty - two.Ty).to_value(u.arcsec) == pytest.approx([-7, -7], abs=1e-2)
    for name in ("x", "y", "area", "flux", "radius", "n_pixels"):
        assert np.allclose(getattr(moved, name), getattr(two, name), rtol=1e-9), name


# Laws


@LAW
@given(st.floats(0.01, 100), arrays(np.int64, (5, 8), elements=st.integers(-9, 9)))
def test_a_field_times_a_factor_has_the_flux_times_that_factor(factor, steps):
    field = 100.0 * steps + 50
    labels = np.ones(field.shape, int)
    first, second = catalog_of(field, labels), catalog_of(factor * field, labels)
    assert second.flux.value == pytest.approx(factor * first.flux.value, rel=1e-9, abs=1e-3)
    assert second.peak_field.value == pytest.approx(factor * first.peak_field.value, rel=1e-9)
    assert np.allclose(second.x, first.x)
    assert np.allclose(second.y, first.y)
    assert np.array_equal(second.area, first.area)


@LAW
@given(arrays(np.int64, (5, 8), elements=st.integers(-9, 9)))
def test_the_opposite_field_has_the_opposite_flux_and_is_otherwise_the_same(steps):
    field = 100.0 * steps + 50
    labels = np.ones(field.shape, int)
    labels[:, 5:] = 2
    first, second = catalog_of(field, labels), catalog_of(-field, labels)
    assert np.array_equal(second.flux, -first.flux)
    assert np.array_equal(second.mean_field, -first.mean_field)
    assert np.array_equal(np.abs(second.peak_field), np.abs(first.peak_field))
    decided = first.flux != 0
    assert np.array_equal(second.polarity[decided], -first.polarity[decided])
    for name in ("x", "y", "area", "radius", "flags", "n_pixels", "Tx", "Ty"):
        assert np.array_equal(getattr(second, name), getattr(first, name)), name


@LAW
@given(arrays(np.int64, st.tuples(st.integers(1, 8), st.integers(1, 8)), elements=st.integers(0, 4)))
def test_totals_over_features_are_totals_over_pixels(raw):
    labels = np.unique(np.append(0, raw), return_inverse=True)[1][1:].reshape(raw.shape)
    field = 50.0 + np.arange(raw.size).reshape(raw.shape) * np.where(raw % 2, 1, -1)
    catalog = catalog_of(field, labels)
    assert len(catalog) == len(np.unique(raw[raw > 0]))
    assert catalog.n_pixels.sum() == np.count_nonzero(raw)
    for feature in catalog:
        rows, columns = np.nonzero(labels == feature.label)
        weights = np.abs(field[rows, columns])
        assert feature.n_pixels == len(rows)
        assert feature.mean_field.value == pytest.approx(field[rows, columns].mean())
        assert feature.x.value == pytest.approx(np.average(columns, weights=weights))
        assert feature.y.value == pytest.approx(np.average(rows, weights=weights))


# The radius of equation 3


def radius_in_pixels(labels):
    """Radius of the first feature, in pixels of a square grid of 1 arcsec."""
    field = np.full(labels.shape, 10.0)
    frame = magnetogram(field * u.G, time="2017-07-13", scale=1 * u.arcsec, center=(0, 0) * u.arcsec)
    catalog = FeatureCatalog(frame, labels)
    side = np.sqrt(catalog.area[0].to_value(u.Mm**2) / catalog.n_pixels[0])
    return catalog.radius[0].to_value(u.Mm) / side


def test_the_circle_around_one_pixel_goes_through_its_corners():
    labels = np.zeros((4, 7), int)
    labels[2, 5] = 1
    assert radius_in_pixels(labels) == pytest.approx(np.sqrt(0.5))


@pytest.mark.parametrize("length", [2, 3, 10])
def test_the_circle_around_a_line_has_its_diagonal(length):
    across, down = np.zeros((3, 14), int), np.zeros((14, 3), int)
    across[1, 2 : 2 + length] = down[2 : 2 + length, 1] = 1
    assert radius_in_pixels(across) == pytest.approx(np.hypot(length, 1) / 2)
    assert radius_in_pixels(down) == pytest.approx(np.hypot(length, 1) / 2)


def test_the_circle_around_a_disk():
    rows, columns = np.indices((60, 80))
    labels = ((rows - 30) ** 2 + (columns - 41) ** 2 <= 20**2).astype(int)
    assert 20 < radius_in_pixels(labels) < 20 + np.sqrt(0.5)


def test_the_circle_of_a_feature_does_not_depend_on_others():
    labels = np.zeros((20, 30), int)
    labels[3, 4:9] = 2
    labels[4, 4:9] = 3
    labels[15, 20] = 1
    catalog = catalog_of(np.full((20, 30), 10.0), labels)
    centers, radii = catalog.enclosing_circles
    # Pixels of 0.5 by 0.4 arcsec, in units of the side of a square one.
    width, height = np.array([0.5, 0.4]) / np.sqrt(0.5 * 0.4)
    line = np.hypot(5 * width, height) / 2
    assert radii == pytest.approx([np.hypot(width, height) / 2, line, line])
    assert np.allclose(centers, [(20, 15), (6, 3), (6, 4)])


@settings(max_examples=25, deadline=None, derandomize=True)
@given(arrays(bool, st.tuples(st.integers(1, 6), st.integers(1, 6))).filter(np.any))
def test_the_circle_covers_the_feature_and_none_smaller_does(mask):
    labels = mask.astype(int)
    frame = frame_of(np.full(mask.shape, 10.0), scale=0.5 * u.arcsec)
    (center,), (radius,) = FeatureCatalog(frame, labels).enclosing_circles
    rows, columns = np.nonzero(mask)
    corners = np.array(
        [(x + i, y + j) for x, y in zip(columns, rows, strict=True) for i in (-0.5, 0.5) for j in (-0.5, 0.5)]
    )
    assert np.linalg.norm(corners - center, axis=1).max() == pytest.approx(radius)
    # The largest distance to the corners is a convex function of the center: no step in any direction lowers it.
    for angle in np.linspace(0, 2 * np.pi, 24, endpoint=False):
        for step in (0.3, 0.01):
            elsewhere = center + step * np.array([np.cos(angle), np.sin(angle)])
            assert np.linalg.norm(corners - elsewhere, axis=1).max() >= radius - 1e-9


# Flags


def test_features_at_the_frames_edge_are_flagged():
    labels = np.zeros((9, 12), int)
    labels[0, 3] = 1
    labels[4, 11] = 2
    labels[8, 5:7] = 3
    labels[5, 0] = 4
    labels[1, 1] = 5
    labels[7, 10] = 6
    catalog = catalog_of(np.full((9, 12), 10.0), labels)
    assert [flag_names(flags) for flags in catalog.flags] == [["edge"]] * 4 + [[]] * 2


def test_features_beside_pixels_without_data_are_flagged():
    field = planted_field((20, 30), (5, 8, np.nan), (slice(13, 20), slice(22, 30), 0.0))
    labels = np.zeros((20, 30), int)
    labels[6, 9] = 1  # touches the not-a-number by a corner
    labels[12, 24:28] = 2  # touches the padding
    labels[7, 8] = 3
    labels[11, 15] = 4
    catalog = FeatureCatalog(frame_of(field, padding=True), labels)
    assert [flag_names(flags) for flags in catalog.flags] == [["edge"], ["edge"], [], []]


def test_names_of_flags():
    assert flag_names(0) == []
    assert flag_names(sum(bit for bit, _ in FLAGS.values())) == list(FLAGS)
    assert flag_names(np.int64(2)) == ["off_disk"]


# Catalogs


def test_the_table_has_one_row_a_feature_and_says_where_it_comes_from(two):
    table = FeatureCatalog(two.map, two.labels, meta={"method": "by hand"}).to_table()
    assert isinstance(table, QTable)
    assert tuple(table.colnames) == MEASUREMENTS
    assert len(table) == 2
    assert table["flux"].unit == u.Mx
    assert table.meta["method"] == "by hand"
    assert table.meta["time"] == two.map.date.isot
    assert table.meta["area"] == "sky"
    assert [two[n].Tx for n in (0, 1)] == list(table["Tx"])


def test_a_catalog_shows_itself(two):
    expected = "<FeatureCatalog: 2 features (1 positive, 1 negative), 24 x 40 pixels, 2017-07-13 20:17:41.000>"
    assert repr(two) == expected


def test_labels_that_are_whole_numbers_of_any_type_will_do():
    for dtype in (bool, np.uint8, np.int16, np.int64, np.uint64, np.float32, float, ">i2", ">f4"):
        labels = np.zeros((5, 9), dtype)
        labels[2, 3:6] = 1
        assert catalog_of(np.full((5, 9), 10.0), labels).n_pixels.tolist() == [3]


def test_the_empty_catalog_is_empty_everywhere():
    catalog = catalog_of(np.full((7, 9), 10.0), np.zeros((7, 9), int))
    assert len(catalog) == 0
    assert list(catalog) == []
    assert len(catalog[:]) == 0
    assert not catalog
    for name in MEASUREMENTS:
        assert len(getattr(catalog, name)) == 0, name
    assert len(catalog.coordinate) == 0
    assert catalog.borders()[0] == []
    assert len(catalog.borders(inset=0.2)[1]) == 0
    assert all(len(values) == 0 for values in catalog.border_positions)
    centers, radii = catalog.enclosing_circles
    assert centers.shape == (0, 2)
    assert radii.shape == (0,)
    assert "0 features (0 positive, 0 negative)" in repr(catalog)
    with pytest.raises(IndexError):
        catalog[0]
    table, full = catalog.to_table(), catalog_of(two_elements()).to_table()
    assert table.colnames == full.colnames
    assert [column.unit for column in table.itercols() if hasattr(column, "unit")] == [
        column.unit for column in full.itercols() if hasattr(column, "unit")
    ]
    assert [table[name].dtype.kind for name in table.colnames] == [full[name].dtype.kind for name in full.colnames]


def test_a_catalog_of_a_frame_without_data_is_empty():
    catalog = catalog_of(np.full((7, 9), np.nan), np.zeros((7, 9), int))
    assert len(catalog.to_table()) == 0


def test_one_feature_may_fill_the_frame():
    catalog = catalog_of(np.array([[70.0]]), np.array([[1]]))
    assert catalog.n_pixels.tolist() == [1]
    assert flag_names(catalog.flags[0]) == ["edge"]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.zeros((40, 24), int), r"labels have shape \(40, 24\), the map has \(24, 40\)"),
        (np.full((24, 40), 0.5), r"labels must be whole numbers, these hold 0\.5"),
        (np.full((24, 40), np.nan), "labels must be whole numbers, these hold nan"),
        (np.full((24, 40), "1"), "labels must be whole numbers"),
        (-np.eye(24, 40, dtype=int), "must not be negative, the lowest is -1"),
        (np.full((24, 40), 2**63, np.uint64), "whole numbers of less than 2"),
    ],
)
def test_labels_that_are_none(labels, message):
    with pytest.raises(SolarUnetError, match=message):
        catalog_of(two_elements(), labels)


def test_no_feature_where_there_are_no_data():
    field = planted_field((24, 40), (3, 30, np.nan))
    with pytest.raises(MagnetogramError, match=r"no data"):
        catalog_of(field, np.ones((24, 40), int))


def test_no_catalog_without_a_map(two):
    with pytest.raises(TypeError, match=r"sunpy\.map\.Map.*ndarray"):
        FeatureCatalog(two_elements(), two.labels)


def test_no_catalog_of_what_is_no_field(two):
    with pytest.raises(MagnetogramError, match=r"unit is K"):
        FeatureCatalog(Map(two_elements(), dict(two.map.meta) | {"bunit": "K"}), two.labels)


def test_an_unknown_area_lists_those_that_exist(two):
    with pytest.raises(SolarUnetError, match=r"'disk'.*'sky', 'surface'"):
        FeatureCatalog(two.map, two.labels, area="disk")


# One feature


def test_a_feature_is_a_view_of_its_catalog(two):
    two = FeatureCatalog(two.map, two.labels, probability=np.linspace(0, 1, two.labels.size).reshape(two.labels.shape))
    feature = two[1]
    assert isinstance(feature, Feature)
    for name in MEASUREMENTS:
        assert getattr(feature, name) == getattr(two, name)[1], name
    assert feature.coordinate.Tx == two.coordinate[1].Tx
    assert np.array_equal(feature.mask, two.labels == 2)
    assert repr(feature).startswith("<Feature 2: negative, 12 pixels, -")


def test_indices_and_slices(two):
    assert two[-1].label == 2
    assert two[-2].label == two[np.int64(0)].label == 1
    assert [feature.label for feature in reversed(two)] == [2, 1]
    assert [feature.label for feature in two] == [1, 2]
    for index in (2, -3):
        with pytest.raises(IndexError, match=f"feature {index} of 2"):
            two[index]


def test_the_border_of_a_feature_stands_where_its_pixels_edges_are(two):
    (ring,) = two[0].border
    assert isinstance(ring, SkyCoord)
    # Columns 25 to 31 and rows 2 to 4 of 40 columns and 24 rows around (120, -80).
    west, east = 120 + (31.5 - 19.5) * 0.5, 120 + (24.5 - 19.5) * 0.5
    south, north = -80 + (1.5 - 11.5) * 0.4, -80 + (4.5 - 11.5) * 0.4
    assert ring.Tx.to_value(u.arcsec).max() == pytest.approx(west, abs=1e-4)
    assert ring.Tx.to_value(u.arcsec).min() == pytest.approx(east, abs=1e-4)
    assert ring.Ty.to_value(u.arcsec).min() == pytest.approx(south, abs=1e-4)
    assert ring.Ty.to_value(u.arcsec).max() == pytest.approx(north, abs=1e-4)


def test_the_border_of_each_feature_is_its_own(two):
    outlines, owners = two.borders()
    assert owners.tolist() == [1, 2]
    for feature, outline in zip(two, outlines, strict=True):
        (ring,) = feature.border
        x, y = two.map.world_to_pixel(ring)
        assert canonical_ring(np.stack([x.value, y.value], axis=1)) == canonical_ring(outline)


def test_the_border_of_a_feature_with_a_hole_has_two_rings():
    labels = np.ones((5, 8), int)
    labels[2, 4] = 0
    labels[0, 0] = 0
    assert len(catalog_of(np.full((5, 8), 10.0), labels)[0].border) == 2


def test_a_submap_holds_the_feature_and_a_margin(two):
    cutout = two[1].submap(margin=2 * u.pix)
    # Rows 14 to 19 and columns 4 to 7.
    assert cutout.data.shape == (6 + 4, 4 + 4)
    assert np.array_equal(cutout.data, two.map.data[12:22, 2:10])
    assert cutout.scale.axis1.value == pytest.approx(SCALE[0].value)
    pixel = cutout.world_to_pixel(two[1].coordinate)
    assert pixel.x.value == pytest.approx(two[1].x.value - 2, abs=1e-6)
    assert pixel.y.value == pytest.approx(two[1].y.value - 12, abs=1e-6)


def test_a_submap_ends_at_the_frames_edge(two):
    assert two[0].submap(margin=100 * u.pix).data.shape == (24, 40)
    assert two[0].submap(margin=0 * u.pix).data.shape == (3, 7)


def test_a_margin_is_in_pixels(two):
    with pytest.raises(TypeError, match=r"margin needs a unit"):
        two[0].submap(margin=3)
    with pytest.raises(u.UnitConversionError, match=r"margin is in arcsec"):
        two[0].submap(margin=3 * u.arcsec)
