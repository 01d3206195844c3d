"""
From files and arrays to maps: what a magnetogram must know of itself, and what is done where it does not.
"""

import gc
import gzip
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.time import Time
from helpers import CENTER, SCALE, TIME, frame_of, planted_field, two_elements, write_fits
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.io import imread, imsave
from sunpy.coordinates import HeliographicStonyhurst, Helioprojective
from sunpy.map import GenericMap, Map

from sunpy_solarunet import FeatureCatalog, magnetogram, read_magnetograms
from sunpy_solarunet.errors import MagnetogramError, SequenceError, SolarUnetError
from sunpy_solarunet.magnetograms import (
    field_from_levels,
    field_strength,
    list_magnetograms,
    pixel_area,
    pixel_length,
    read_array,
    read_levels,
    surface_coordinates,
    valid_pixels,
)

FIELD = np.arange(12.0).reshape(3, 4) - 5
DESCRIPTION = {"time": TIME, "scale": SCALE, "center": CENTER}


# What a magnetogram can be made of


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", ">f8", "<i2", ">i4", "u1"])
def test_an_array_of_any_real_numbers_becomes_a_map_of_native_floats(dtype):
    field = np.array([[1, 2, 3], [4, 5, 60]], dtype)
    frame = magnetogram(field, unit=u.G, **DESCRIPTION)
    assert isinstance(frame, GenericMap)
    assert frame.unit == u.G
    assert frame.data.dtype.kind == "f"
    assert frame.data.dtype.isnative
    assert np.array_equal(frame.data, [[1, 2, 3], [4, 5, 60]])


def test_the_unit_of_a_quantity_is_kept():
    frame = magnetogram(FIELD * u.mT, **DESCRIPTION)
    assert frame.unit == u.mT
    assert np.allclose(field_strength(frame), 10 * FIELD)


def test_a_quantity_is_converted_to_the_unit_that_is_asked_for_not_relabelled():
    frame = magnetogram(FIELD * u.mT, unit=u.G, **DESCRIPTION)
    assert frame.unit == u.G
    assert np.allclose(frame.data, 10 * FIELD)


@pytest.mark.parametrize("unit", ["G", "Gauss", u.Mx / u.cm**2, "Mx/cm^2"])
def test_one_maxwell_a_square_centimeter_is_one_gauss(unit):
    assert np.allclose(field_strength(magnetogram(FIELD, unit=unit, **DESCRIPTION)), FIELD)


@pytest.mark.parametrize("suffix", [".fits", ".fts", ".fits.gz"])
def test_fits_files_are_read_whole_or_compressed(tmp_path, suffix):
    path = write_fits(tmp_path / f"frame{suffix}", FIELD.astype(">f4"))
    frame = magnetogram(path, unit=u.G, **DESCRIPTION)
    assert np.array_equal(frame.data, FIELD)
    assert frame.meta["filename"] == path.name


def test_a_file_name_can_be_a_string(tmp_path):
    path = write_fits(tmp_path / "frame.fits", FIELD)
    assert np.array_equal(magnetogram(str(path), unit=u.G, **DESCRIPTION).data, FIELD)


def test_fpack_compressed_files_are_read_from_their_extension(tmp_path):
    field = (np.arange(1200).reshape(30, 40) - 600).astype(np.int32)
    path = tmp_path / "frame.fits.fz"
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(field)]).writeto(path)
    assert np.array_equal(magnetogram(path, unit=u.G, **DESCRIPTION).data, field)


def test_the_first_image_of_two_dimensions_is_taken(tmp_path):
    path = tmp_path / "frame.fits"
    cube = fits.PrimaryHDU(np.zeros((2, 3, 4)))
    fits.HDUList([cube, fits.ImageHDU(FIELD), fits.ImageHDU(2 * FIELD)]).writeto(path)
    assert np.array_equal(magnetogram(path, unit=u.G, **DESCRIPTION).data, FIELD)


def test_what_the_file_says_itself_need_not_be_said_again(tmp_path):
    first = frame_of(two_elements())
    path = tmp_path / "frame.fits"
    first.save(path)
    again = magnetogram(path)
    assert again.unit == u.G
    assert again.date.isot == first.date.isot
    assert corner_of(again, 0, 23) == pytest.approx(corner_of(first, 0, 23), abs=1e-6)


def test_cards_that_cannot_be_parsed_do_not_make_a_file_unreadable(tmp_path):
    path = write_fits(tmp_path / "frame.fits", FIELD, R_VALUE="QQQ")
    path.write_bytes(path.read_bytes().replace(b"'QQQ     '", b"nan       "))
    assert np.array_equal(magnetogram(path, unit=u.G, **DESCRIPTION).data, FIELD)


def test_a_map_is_taken_as_it_is():
    frame = frame_of(two_elements())
    again = magnetogram(frame)
    assert np.array_equal(again.data, frame.data)
    assert again.wcs.wcs.compare(frame.wcs.wcs)


def test_the_mask_of_a_map_stays():
    frame = frame_of(FIELD)
    hidden = FIELD > 3
    masked = Map(frame.data, frame.meta, mask=hidden)
    assert np.array_equal(magnetogram(masked).mask, hidden)
    assert np.array_equal(read_magnetograms([masked])[0].mask, hidden)


def test_the_mask_of_a_masked_array_stays():
    hidden = FIELD > 3
    frame = magnetogram(np.ma.masked_array(FIELD, hidden), unit=u.G, **DESCRIPTION)
    assert np.array_equal(np.isnan(field_strength(frame)), hidden)


def test_describing_a_map_does_not_change_it():
    frame = frame_of(FIELD)
    before = dict(frame.meta)
    magnetogram(frame, time="2001-02-03", unit=u.T, scale=2 * u.arcsec, center=(1, 2) * u.arcsec)
    assert dict(frame.meta) == before


@pytest.mark.parametrize("shape", [(1, 1), (15, 700), (700, 15)])
def test_any_size_will_do(shape):
    frame = frame_of(np.full(shape, 70.0))
    assert frame.data.shape == shape
    assert np.all(field_strength(frame) == 70)


# 8-bit images


def test_levels_are_floor_of_255_9999_times_the_share_of_the_range(tmp_path):
    field = np.random.default_rng(3).uniform(-300, 300, (30, 50))
    levels = np.floor(255.9999 * (field + 300) / 600).astype(np.uint8)
    imsave(tmp_path / "frame.png", np.flipud(levels), check_contrast=False)
    frame = magnetogram(tmp_path / "frame.png", field_range=300 * u.G, **DESCRIPTION)
    half_a_level = 600 / 255.9999 / 2
    assert np.abs(frame.data - field).max() < half_a_level * 1.001


def test_row_0_of_an_image_is_north(tmp_path):
    levels = np.full((4, 6), 200, np.uint8)
    levels[0, 5] = 10
    imsave(tmp_path / "frame.png", levels, check_contrast=False)
    frame = magnetogram(tmp_path / "frame.png", field_range=0.03 * u.T, **DESCRIPTION)
    assert list(zip(*np.nonzero(frame.data < 0), strict=True)) == [(3, 5)]
    assert frame.unit == u.G
    assert frame.data[3, 5] == pytest.approx(-300 + 10.5 * 600 / 256)


def test_padding_of_an_image_is_no_field_and_no_data():
    levels = np.full((20, 30), 140, np.uint8)
    levels[:6, :5] = 127
    levels[10, 12] = 127
    field = field_from_levels(levels, 300 * u.G)
    assert np.all(field[14:, :5] == 0)
    assert np.count_nonzero(field == 0) == 30
    assert field[9, 12] == (127.5 * 600 / 256 - 300) * u.G


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_published_images_give_back_the_published_fields(data_folder, gst_frames, number):
    path = data_folder / "gst-2017-07-13" / f"frame_{number}.png"
    image = magnetogram(path, field_range=300 * u.G, padding=True, **DESCRIPTION)
    field = np.clip(gst_frames[number - 1].data, -300, 300)
    data, padding = valid_pixels(image), ~valid_pixels(gst_frames[number - 1])
    assert np.abs(image.data - field)[data].max() < 600 / 256 * 0.501
    assert not data[padding].any()
    # Weak field beside the padding has its level.
    assert np.abs(field[~data]).max() < 600 / 256
    assert np.count_nonzero(~data & ~padding) < 0.03 * np.count_nonzero(padding)


def test_an_image_needs_a_field_range(tmp_path):
    imsave(tmp_path / "frame.png", np.arange(200, dtype=np.uint8).reshape(10, 20))
    with pytest.raises(MagnetogramError, match=r"frame\.png.*field_range=300 \* u\.G"):
        magnetogram(tmp_path / "frame.png", **DESCRIPTION)


def test_an_image_of_16_bits_is_refused(tmp_path):
    imsave(tmp_path / "frame.png", np.arange(200, dtype=np.uint16).reshape(10, 20) * 300)
    with pytest.raises(MagnetogramError, match=r"8 bits.*uint16"):
        magnetogram(tmp_path / "frame.png", field_range=300 * u.G, **DESCRIPTION)


def test_a_color_image_is_refused(tmp_path):
    imsave(tmp_path / "frame.png", np.arange(600, dtype=np.uint16).reshape(10, 20, 3).astype(np.uint8))
    with pytest.raises(MagnetogramError, match=r"two dimensions.*\(10, 20, 3\).*one channel"):
        magnetogram(tmp_path / "frame.png", field_range=300 * u.G, **DESCRIPTION)


# imageio asks all its plugins, outdated ones among them, before it gives up, and leaves the file open.
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
def test_a_file_that_only_bears_an_image_name_is_refused(tmp_path, suffix):
    path = tmp_path / f"frame{suffix}"
    path.write_text("no image")
    with pytest.raises(MagnetogramError, match=r"not a complete image"):
        magnetogram(path, field_range=300 * u.G, **DESCRIPTION)
    gc.collect()


def test_an_image_cut_short_is_refused(tmp_path):
    path = tmp_path / "frame.png"
    imsave(path, np.random.default_rng(0).integers(0, 256, (90, 70), dtype=np.uint8))
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(MagnetogramError, match=r"not a complete image"):
        read_levels(path)


def test_numbers_of_a_file_without_coordinates(tmp_path):
    assert np.array_equal(read_array(write_fits(tmp_path / "a.fits", FIELD)), FIELD)
    imsave(tmp_path / "a.png", np.array([[255, 255], [0, 0]], np.uint8), check_contrast=False)
    assert np.allclose(read_array(tmp_path / "a.png", 256 * u.G), [[-255, -255], [255, 255]])


# Coordinates


def corner_of(frame, column, row):
    """Helioprojective x and y, in arcsec, of a place in pixels."""
    place = frame.pixel_to_world(column * u.pix, row * u.pix)
    return place.Tx.to_value(u.arcsec), place.Ty.to_value(u.arcsec)


def test_the_extent_is_that_of_the_pixels_edges():
    frame = magnetogram(np.ones((30, 80)) * u.G, time=TIME, extent=(413, 473, -204, -144) * u.arcsec)
    # 60 arcsec over 80 columns are 0.75 a pixel, over 30 rows 2 a pixel.
    assert corner_of(frame, -0.5, -0.5) == pytest.approx((413, -204), abs=1e-3)
    assert corner_of(frame, 79.5, 29.5) == pytest.approx((473, -144), abs=1e-3)
    assert corner_of(frame, 79.5, -0.5) == pytest.approx((473, -204), abs=1e-3)
    assert corner_of(frame, 0, 0) == pytest.approx((413.375, -203), abs=1e-3)
    assert corner_of(frame, 2, 1) == pytest.approx((413.375 + 2 * 0.75, -203 + 2), abs=1e-3)


def test_scale_and_center_say_the_same_as_an_extent():
    by_extent = magnetogram(np.ones((30, 80)) * u.G, time=TIME, extent=(413, 473, -204, -144) * u.arcsec)
    by_center = magnetogram(
        np.ones((30, 80)) * u.G, time=TIME, scale=(0.75, 2) * u.arcsec, center=(443, -174) * u.arcsec
    )
    for column, row in [(0, 0), (79, 0), (0, 29), (79, 29), (11, 4)]:
        assert corner_of(by_extent, column, row) == pytest.approx(corner_of(by_center, column, row), abs=1e-9)


def test_the_center_lies_between_the_pixels_of_an_even_frame():
    frame = magnetogram(np.ones((4, 6)) * u.G, time=TIME, scale=1 * u.arcsec, center=(10, 20) * u.arcsec)
    assert corner_of(frame, 2.5, 1.5) == pytest.approx((10, 20), abs=1e-9)
    assert corner_of(frame, 0, 0) == pytest.approx((7.5, 18.5), abs=1e-6)


def test_the_scale_may_be_an_angle_a_pixel_and_in_any_angle():
    for scale in (0.5 * u.arcsec, 0.5 * u.arcsec / u.pix, (0.5 / 60) * u.arcmin, [0.5, 0.5] * u.arcsec / u.pix):
        frame = magnetogram(np.ones((4, 6)) * u.G, time=TIME, scale=scale, center=(10, 20) * u.arcsec)
        assert frame.scale.axis1.to_value(u.arcsec / u.pix) == pytest.approx(0.5)
        assert frame.scale.axis2.to_value(u.arcsec / u.pix) == pytest.approx(0.5)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    rows=st.integers(1, 60),
    columns=st.integers(1, 60),
    left=st.floats(-600, 500),
    lower=st.floats(-600, 500),
    width=st.floats(1, 100),
    height=st.floats(1, 100),
)
def test_every_pixel_is_where_the_extent_puts_it(rows, columns, left, lower, width, height):
    extent = (left, left + width, lower, lower + height) * u.arcsec
    frame = magnetogram(np.ones((rows, columns)) * u.G, time=TIME, extent=extent)
    x, y = corner_of(frame, columns - 1, 0)
    assert x == pytest.approx(left + width - width / columns / 2, abs=1e-2)
    assert y == pytest.approx(lower + height / rows / 2, abs=1e-2)


def test_coordinates_given_for_a_file_that_has_others_replace_them_all(hmi_frames):
    turned = dict(hmi_frames[0].meta) | {"crota2": 90.0}
    frame = magnetogram(Map(hmi_frames[0].data, turned), scale=2 * u.arcsec, center=(10, 20) * u.arcsec)
    rows, columns = frame.data.shape
    assert corner_of(frame, (columns - 1) / 2, (rows - 1) / 2) == pytest.approx((10, 20), abs=1e-6)
    assert corner_of(frame, (columns - 1) / 2 + 3, (rows - 1) / 2) == pytest.approx((16, 20), abs=1e-4)


def test_the_observer_is_the_earth_if_nothing_else_is_said():
    # Half an arcsecond and 0.4 arcsec at 737 km an arcsecond, the value of 2017-07-13, nine days after aphelion.
    frame = frame_of(FIELD)
    assert frame.observer_coordinate.radius.to_value(u.AU) == pytest.approx(1.0165, abs=2e-4)
    assert pixel_area(frame).to_value(u.Mm**2) == pytest.approx(0.5 * 0.737 * 0.4 * 0.737, rel=1e-3)


def test_an_arcsecond_is_737_km_on_2017_07_13():
    frame = magnetogram(np.ones((3, 5)) * u.G, time=TIME, scale=1 * u.arcsec, center=(0, 0) * u.arcsec)
    assert pixel_length(frame).to_value(u.km) == pytest.approx(737, abs=0.5)


def test_the_observer_can_be_another_body_or_any_place():
    near = SkyCoord(0 * u.deg, 0 * u.deg, 0.5 * u.AU, frame=HeliographicStonyhurst(obstime=TIME))
    frame = magnetogram(np.ones((3, 5)) * u.G, observer=near, **DESCRIPTION)
    half_an_au_in_arcsec = 1.495978707e8 / 2 / 206264.806
    assert pixel_area(frame).to_value(u.km**2) == pytest.approx(0.5 * 0.4 * half_an_au_in_arcsec**2, rel=1e-6)
    mars = magnetogram(np.ones((3, 5)) * u.G, observer="mars", **DESCRIPTION)
    assert 1.38 < mars.observer_coordinate.radius.to_value(u.AU) < 1.67


# Times


@pytest.mark.parametrize("time", ["2017-07-13 20:17:41", Time("2017-07-13T20:17:41"), Time(1499977061, format="unix")])
def test_a_time_in_any_form_is_utc(time):
    frame = magnetogram(FIELD * u.G, time=time, scale=SCALE, center=CENTER)
    assert abs((frame.date - Time("2017-07-13T20:17:41", scale="utc")).to_value(u.s)) < 1e-3


def test_a_time_in_another_scale_is_converted():
    tai = Time("2017-07-13T20:17:41", scale="tai")
    frame = magnetogram(FIELD * u.G, time=tai, scale=SCALE, center=CENTER)
    assert frame.date.utc.isot == "2017-07-13T20:17:04.000"


def test_a_time_given_for_a_file_replaces_its_own(tmp_path):
    path = write_fits(tmp_path / "a.fits", FIELD, DATE_OBS="2000-01-01T00:00:00", T_OBS="2000-01-01")
    assert magnetogram(path, unit=u.G, **DESCRIPTION).date.isot.startswith(TIME)


def test_the_time_of_the_file_serves_where_none_is_given(tmp_path):
    path = write_fits(tmp_path / "a.fits", FIELD, DATE_OBS="2011-02-03T04:05:06", BUNIT="Gauss")
    frame = magnetogram(path, scale=SCALE, center=CENTER)
    assert frame.date.isot == "2011-02-03T04:05:06.000"
    assert frame.observer_coordinate.obstime.isot.startswith("2011-02-03T04:05:06")


# What is refused, and why


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"unit": None}, "unit of the field is missing.*unit=u.G"),
        ({"unit": u.K}, "unit is K, which is not one of a magnetic field"),
        ({"unit": "m"}, "unit is m, which is not one of a magnetic field"),
        ({"time": None}, "time of observation is missing; give it as time="),
        ({"time": "rubbish"}, "'rubbish' is not a time.*2017-07-13T20:17:41"),
        ({"scale": None, "center": None}, "coordinates are missing; give scale= and center=, or extent="),
        ({"scale": None}, "need scale= too"),
        ({"center": None}, "need center= too"),
        ({"scale": -0.1 * u.arcsec}, "scale= must be positive"),
        ({"scale": [1, 0] * u.arcsec}, "scale= must be positive"),
        ({"center": 3 * u.arcsec}, "center= takes 2 numbers, got 1"),
        ({"extent": (0, 1, 2, 3) * u.arcsec}, "either extent= or center="),
        ({"observer": "moonbase"}, "unknown observer 'moonbase'"),
        ({"scale": None, "center": None, "observer": "earth"}, "observer belongs to scale="),
    ],
)
def test_a_magnetogram_that_misses_something_says_what(change, message):
    with pytest.raises(MagnetogramError, match=message):
        magnetogram(FIELD, **({"unit": u.G} | DESCRIPTION | change))


@pytest.mark.parametrize(
    ("extent", "message"),
    [
        ((473, 413, -204, -144), "left, right, lower, upper"),
        ((413, 473, -144, -204), "left, right, lower, upper"),
        ((413, 413, -204, -144), "left, right, lower, upper"),
        ((413, 473, -204), "takes 4 numbers, got 3"),
        ((413, np.inf, -204, -144), "finite"),
    ],
)
def test_an_extent_must_make_sense(extent, message):
    with pytest.raises(SolarUnetError, match=message):
        magnetogram(FIELD * u.G, time=TIME, extent=extent * u.arcsec)


def test_a_scale_beside_an_extent_must_agree_with_it():
    extent = (0, 8, 0, 3) * u.arcsec
    assert magnetogram(FIELD * u.G, time=TIME, extent=extent, scale=(2, 1) * u.arcsec).scale.axis1.value == 2
    with pytest.raises(MagnetogramError, match=r"2 by 1 arcsec a pixel"):
        magnetogram(FIELD * u.G, time=TIME, extent=extent, scale=(1, 2) * u.arcsec)


@pytest.mark.parametrize("argument", ["scale", "center", "extent"])
def test_a_number_where_a_quantity_is_due_is_told_which_unit(argument):
    plain = {"scale": 0.5, "center": (120, -80), "extent": (1, 2, 3, 4)}[argument]
    arguments = {"time": TIME, "extent": plain} if argument == "extent" else DESCRIPTION | {argument: plain}
    with pytest.raises(TypeError, match=f"{argument} needs a unit.*u.arcsec"):
        magnetogram(FIELD * u.G, **arguments)


@pytest.mark.parametrize("argument", ["scale", "center"])
def test_a_quantity_that_is_no_angle_is_refused(argument):
    arguments = DESCRIPTION | {argument: (1, 2) * u.km}
    with pytest.raises(u.UnitConversionError, match=f"{argument} is in km.*arcsec"):
        magnetogram(FIELD * u.G, **arguments)


@pytest.mark.parametrize("range_in", [300, 300 * u.K])
def test_a_field_range_is_a_field(range_in):
    with pytest.raises((TypeError, u.UnitConversionError), match=r"^field_range .*G"):
        field_from_levels(np.zeros((2, 2), np.uint8), range_in)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.ones((2, 3), complex), "real numbers.*complex128"),
        (np.ones((2, 3), bool), "real numbers.*bool"),
        (np.full((2, 3), "a"), "real numbers"),
        (np.ones((0, 3)), "empty"),
        (np.ones((2, 3, 4)), r"two dimensions.*\(2, 3, 4\).*one frame of a cube"),
        (np.ones(5), r"two dimensions.*\(5,\)"),
        (np.float64(5), "two dimensions"),
    ],
)
def test_only_two_dimensions_of_real_numbers_are_a_magnetogram(data, message):
    with pytest.raises(MagnetogramError, match=message):
        magnetogram(data, unit=u.G, **DESCRIPTION)


def test_a_file_that_does_not_exist(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gone\.fits: no such file"):
        magnetogram(tmp_path / "gone.fits")


def test_a_file_that_is_not_fits(tmp_path):
    (tmp_path / "a.fits").write_text("not FITS at all")
    with pytest.raises(MagnetogramError, match=r"a\.fits: not a complete FITS file"):
        magnetogram(tmp_path / "a.fits", unit=u.G, **DESCRIPTION)


def test_an_empty_file(tmp_path):
    (tmp_path / "a.fits").touch()
    with pytest.raises(MagnetogramError, match=r"a\.fits: not a complete FITS file"):
        magnetogram(tmp_path / "a.fits", unit=u.G, **DESCRIPTION)


# astropy says so too, in two ways.
@pytest.mark.filterwarnings("ignore:File may have been truncated", "ignore:Error validating header")
@pytest.mark.parametrize("keep", [2880, 2880 + 900, 1000])
def test_a_fits_file_cut_short(tmp_path, keep):
    path = write_fits(tmp_path / "a.fits", np.ones((40, 30)))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(MagnetogramError, match=r"a\.fits: not a complete FITS file"):
        magnetogram(path, unit=u.G, **DESCRIPTION)


def test_a_compressed_fits_file_cut_short(tmp_path):
    path = write_fits(tmp_path / "a.fits", np.random.default_rng(0).normal(size=(40, 30)))
    short = tmp_path / "b.fits.gz"
    short.write_bytes(gzip.compress(path.read_bytes())[:4000])
    with pytest.raises(MagnetogramError, match=r"b\.fits\.gz: not a complete FITS file"):
        magnetogram(short, unit=u.G, **DESCRIPTION)


def test_a_fits_file_without_an_image(tmp_path):
    table = fits.BinTableHDU.from_columns([fits.Column("a", "E", array=[1.0, 2.0])])
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(tmp_path / "a.fits")
    with pytest.raises(MagnetogramError, match=r"holds no image"):
        magnetogram(tmp_path / "a.fits", unit=u.G, **DESCRIPTION)


def test_a_cube_in_a_fits_file(tmp_path):
    path = write_fits(tmp_path / "a.fits", np.ones((2, 3, 4)))
    with pytest.raises(MagnetogramError, match=r"a\.fits.*\(2, 3, 4\)"):
        magnetogram(path, unit=u.G, **DESCRIPTION)


# Field, data and no data


def test_field_strength_wants_a_map():
    with pytest.raises(TypeError, match=r"sunpy\.map\.Map.*ndarray.*magnetogram\(\)"):
        field_strength(FIELD)


def test_field_strength_wants_a_field():
    frame = frame_of(FIELD)
    meta = dict(frame.meta) | {"bunit": "K"}
    with pytest.raises(MagnetogramError, match=r"unit is K"):
        field_strength(Map(FIELD, meta))


def test_field_strength_leaves_the_map_alone():
    field = np.ones((30, 20))
    field[:7, :7] = 0
    field[20, 3] = np.nan
    frame = frame_of(field, padding=True)
    field_strength(frame)[:] = 77
    assert np.array_equal(frame.data, field, equal_nan=True)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_pixels_that_are_not_finite_are_no_data(bad):
    field = planted_field((9, 14), (3, 11, bad))
    frame = frame_of(field)
    assert list(zip(*np.nonzero(~valid_pixels(frame)), strict=True)) == [(3, 11)]
    assert list(zip(*np.nonzero(np.isnan(field_strength(frame))), strict=True)) == [(3, 11)]


def test_masked_pixels_are_no_data():
    hidden = np.zeros((9, 14), bool)
    hidden[2, 5:9] = True
    frame = frame_of(np.ones((9, 14)))
    assert np.array_equal(valid_pixels(Map(frame.data, frame.meta, mask=hidden)), ~hidden)


def rotated_corner(size):
    """A triangle of exact zeros in the north-west corner (top right) and the field it leaves."""
    rows, columns = np.indices((30, 40))
    return (columns - 39) - (rows - 29) * -1 > -size


def test_the_corners_of_a_rotated_field_of_view_are_no_data():
    corner = rotated_corner(9)
    assert np.count_nonzero(corner) == 45
    field = np.where(corner, 0.0, 30.0)
    assert np.array_equal(valid_pixels(frame_of(field, padding=True)), ~corner)


def test_zeros_that_do_not_reach_the_edge_are_data():
    field = planted_field((30, 40), (slice(10, 20), slice(5, 25), 0.0))
    assert valid_pixels(frame_of(field)).all()


def test_a_few_zeros_at_the_edge_are_data():
    for number, all_data in [(24, True), (25, False)]:
        field = np.ones((30, 40))
        field[0, :number] = 0
        assert valid_pixels(frame_of(field, padding=True)).all() == all_data


def test_zeros_at_the_edge_that_do_not_hang_together_are_data():
    field = np.ones((60, 80))
    field[0, ::3] = field[-1, ::3] = field[3:-3:3, 0] = 0
    assert np.count_nonzero(field == 0) > 60
    assert valid_pixels(frame_of(field)).all()


def test_a_frame_of_zeros_has_no_data():
    frame = frame_of(np.zeros((20, 30)))
    assert not valid_pixels(frame).any()
    assert np.isnan(field_strength(frame)).all()


def test_about_7_percent_of_a_frame_of_2017_is_padding(gst_frames):
    for frame in gst_frames:
        padding = ~valid_pixels(frame)
        assert 0.05 < padding.mean() < 0.09
        assert np.all(frame.data[padding] == 0)


# Areas


def test_on_the_surface_a_pixel_is_larger_by_the_cosine_of_its_angle():
    # 600 arcsec from the center; the Sun's radius is 695.7 Mm, the observer sees it at r / D.
    frame = magnetogram(np.ones((3, 5)) * u.G, time=TIME, scale=0.1 * u.arcsec, center=(480, -360) * u.arcsec)
    distance = frame.observer_coordinate.radius.to_value(u.Mm)
    angle = np.hypot(480, -360) / 206264.806
    # The law of sines in the triangle of observer, center of the Sun and pixel.
    mu = np.sqrt(1 - (distance * np.sin(angle) / 695.7) ** 2)
    ratio = pixel_area(frame, "surface")[1, 2] / pixel_area(frame)
    assert ratio.to_value(u.one) == pytest.approx(1 / mu, rel=1e-5)


def test_beyond_the_limb_there_is_no_surface():
    frame = magnetogram(np.ones((4, 400)) * u.G, time=TIME, scale=10 * u.arcsec, center=(0, 0) * u.arcsec)
    area = pixel_area(frame, "surface")
    limb = np.arcsin(695.7 / frame.observer_coordinate.radius.to_value(u.Mm)) * 206264.806
    off_disk = np.hypot((np.arange(400) - 199.5) * 10, -5) > limb
    assert np.array_equal(np.isnan(area[1]), off_disk)


def test_a_disk_sums_to_half_the_sphere_on_the_surface():
    frame = magnetogram(np.ones((400, 410)) * u.G, time=TIME, scale=5 * u.arcsec, center=(0, 0) * u.arcsec)
    seen = np.nansum(pixel_area(frame, "surface")).to_value(u.Mm**2)
    assert seen == pytest.approx(2 * np.pi * 695.7**2, rel=0.03)


def test_an_unknown_kind_of_area_lists_those_that_exist():
    with pytest.raises(SolarUnetError, match=r"'sphere'.*'sky', 'surface'"):
        pixel_area(frame_of(FIELD), "sphere")


def synoptic_map(projection, columns=90, rows=45):
    """A map of the whole sphere: equal steps in longitude, and in sine of latitude (CEA) or latitude (CAR)."""
    step = 2 / rows * 180 / np.pi if projection == "CEA" else 180 / rows
    header = {
        "ctype1": f"HGLN-{projection}",
        "ctype2": f"HGLT-{projection}",
        "cunit1": "deg",
        "cunit2": "deg",
        "cdelt1": 360 / columns,
        "cdelt2": step,
        "crpix1": (columns + 1) / 2,
        "crpix2": (rows + 1) / 2,
        "crval1": 0.0,
        "crval2": 0.0,
        "bunit": "G",
        "rsun_ref": 700e6,
        "date-obs": TIME,
    }
    field = planted_field((rows, columns), (slice(30, 34), slice(50, 53), 500.0))
    return Map(field, header)


@pytest.mark.parametrize("projection", ["CEA", "CAR"])
def test_the_pixels_of_the_whole_sphere_sum_to_its_area(projection):
    area = pixel_area(synoptic_map(projection))
    assert np.sum(area).to_value(u.Mm**2) == pytest.approx(4 * np.pi * 700**2, rel=1e-6)


def test_pixels_are_alike_in_equal_area_and_shrink_to_the_poles_in_equal_angles():
    equal = pixel_area(synoptic_map("CEA"))
    assert np.ptp(equal) < 1e-6 * equal[0, 0]
    latitude = np.radians(np.arange(45) * 4 - 88)
    plain = pixel_area(synoptic_map("CAR"))[:, 7]
    expected = 700**2 * np.radians(4) * (np.sin(latitude + np.radians(2)) - np.sin(latitude - np.radians(2)))
    assert np.allclose(plain.to_value(u.Mm**2), expected, rtol=1e-6)


def test_a_map_that_knows_no_observer_is_seen_from_the_earth():
    frame = synoptic_map("CEA")
    labels = (frame.data > 100).astype(int)
    catalog = FeatureCatalog(frame, labels)
    assert catalog.lon.to_value(u.deg) == pytest.approx([(51 - 44.5) * 4])
    assert catalog.lat.to_value(u.deg) == pytest.approx([np.degrees(np.arcsin((31.5 - 22) * 2 / 45))])
    assert catalog.Tx[0] > 0 * u.arcsec
    assert catalog.Ty[0] > 0 * u.arcsec


def test_a_sharp_comes_in_maxwell_a_square_centimeter_on_an_equal_area_grid(sharp_map):
    assert sharp_map.unit == u.Mx / u.cm**2
    assert np.nanmax(np.abs(field_strength(sharp_map))) == np.nanmax(np.abs(sharp_map.data))
    # R^2 dlon dsin(lat), with 0.03 degrees in both on a radius of 696 Mm.
    expected = 696**2 * np.radians(0.03) ** 2
    assert np.allclose(pixel_area(sharp_map).to_value(u.Mm**2), expected, rtol=1e-6)
    assert pixel_length(sharp_map).to_value(u.Mm) == pytest.approx(np.sqrt(expected))


def test_the_flux_of_a_sharp_is_the_plain_sum_over_its_pixels(sharp_map):
    labels = np.zeros(sharp_map.data.shape, int)
    labels[100:220, 300:420] = 1
    catalog = FeatureCatalog(sharp_map, labels)
    square_centimeters = (696e8 * np.radians(0.03)) ** 2
    expected = sharp_map.data[100:220, 300:420].sum() * square_centimeters
    assert catalog.flux[0].to_value(u.Mx) == pytest.approx(expected, rel=1e-6)
    # Carrington longitude 34.88 in the middle, seen at 21.73: 13 degrees west of the center; AR 377 is in the south.
    assert 5 < catalog.lon[0].to_value(u.deg) < 21
    assert catalog.lat[0] < 0 * u.deg


def test_surface_coordinates_of_the_center_of_the_disk():
    frame = magnetogram(np.ones((3, 3)) * u.G, time=TIME, scale=1 * u.arcsec, center=(0, 0) * u.arcsec)
    Tx, Ty, lon, lat = surface_coordinates(frame.pixel_to_world([1] * u.pix, [1] * u.pix))
    assert (Tx[0].value, Ty[0].value, lon[0].value) == pytest.approx((0, 0, 0), abs=1e-6)
    assert lat[0].to_value(u.deg) == pytest.approx(4.19, abs=0.05)  # B0 of that day
    off = SkyCoord([1200] * u.arcsec, [0] * u.arcsec, frame=Helioprojective(observer="earth", obstime=TIME))
    assert np.isnan(surface_coordinates(off)[2]).all()


# HMI: turned by 180 degrees


def turned_by_half(frame):
    """The same observation with the camera the other way up."""
    rows, columns = frame.data.shape
    meta = dict(frame.meta)
    meta["crpix1"], meta["crpix2"] = columns + 1 - meta["crpix1"], rows + 1 - meta["crpix2"]
    meta["crota2"] = meta["crota2"] + 180
    return Map(frame.data[::-1, ::-1].copy(), meta)


def test_a_map_turned_by_180_degrees_has_the_same_features_in_the_same_places(hmi_frames):
    upright = hmi_frames[0]
    turned = turned_by_half(upright)
    rows, columns = upright.data.shape
    labels = np.zeros((rows, columns), int)
    labels[10:14, 20:29] = 1
    labels[60:63, 5:7] = 2
    first = FeatureCatalog(upright, labels)
    second = FeatureCatalog(turned, labels[::-1, ::-1])
    assert first.x[0] != second.x[0]
    for name in ("flux", "area", "radius", "peak_field", "Tx", "Ty", "lon", "lat"):
        assert np.allclose(getattr(first, name), getattr(second, name), rtol=1e-7), name
    for one, other in zip(first, second, strict=True):
        vertices = [
            {(round(x, 4), round(y, 4)) for x, y in zip(ring.Tx.value, ring.Ty.value, strict=True)}
            for ring in (one.border[0], other.border[0])
        ]
        assert vertices[0] == vertices[1]


# Sequences


@pytest.fixture
def unordered(tmp_path):
    """Three files whose names are not in the order of their times; each frame's first pixel tells its time."""
    for name, minute in [("a", 30), ("b", 10), ("c", 20)]:
        frame = frame_of(np.full((4, 6), float(minute)), time=f"2017-07-13T20:{minute}:00")
        frame.save(tmp_path / f"{name}.fits")
    (tmp_path / "notes.txt").write_text("not a magnetogram")
    return tmp_path


def test_frames_come_in_the_order_of_their_times(unordered):
    maps = read_magnetograms(unordered / "*.fits")
    assert len(maps) == 3
    assert [frame.data[0, 0] for frame in maps] == [10, 20, 30]
    assert [frame.meta["filename"] for frame in maps] == ["b.fits", "c.fits", "a.fits"]
    assert [time.isot[14:16] for time in maps.times] == ["10", "20", "30"]


def test_a_folder_a_pattern_a_list_and_maps_name_the_same_frames(unordered):
    everything = [
        unordered,
        str(unordered),
        str(unordered / "?.fits"),
        [unordered / "a.fits", unordered / "c.fits", str(unordered / "b.fits")],
        [unordered / "b.fits", str(unordered / "[ac].fits")],
        [magnetogram(unordered / f"{name}.fits") for name in "cab"],
    ]
    for paths in everything:
        assert [frame.data[0, 0] for frame in read_magnetograms(paths)] == [10, 20, 30]


def test_one_map_is_a_sequence_too():
    frame = frame_of(FIELD)
    assert np.array_equal(read_magnetograms(frame)[0].data, FIELD)


def test_a_file_whose_name_looks_like_a_pattern(tmp_path):
    frame_of(FIELD).save(tmp_path / "a[1].fits")
    assert len(read_magnetograms(tmp_path / "a[1].fits")) == 1


def test_indices_and_slices_of_a_sequence(unordered):
    maps = read_magnetograms(unordered)
    assert maps[-1].data[0, 0] == 30
    assert maps[np.int64(1)].data[0, 0] == 20
    later = maps[1:]
    assert len(later) == 2
    assert later[0].data[0, 0] == 20
    assert np.all(later.times == maps.times[1:])
    assert [frame.data[0, 0] for frame in maps[::-1]] == [30, 20, 10]
    assert repr(later) == "<MagnetogramSequence: 2 frames, 2017-07-13 20:20:00.000 to 2017-07-13 20:30:00.000>"
    assert len(maps[5:]) == 0
    with pytest.raises(IndexError):
        maps[3]


def bare_files(folder, names):
    """Files without time, unit or coordinates; each frame's pixels hold its number."""
    return [write_fits(folder / name, np.full((3, 4), float(number))) for number, name in enumerate(names)]


def test_times_are_given_in_the_order_of_the_files(tmp_path):
    files = bare_files(tmp_path, ["a.fits", "b.fits", "c.fits"])
    times = ["2017-07-13T03:00", "2017-07-13T01:00", "2017-07-13T02:00"]
    for given_times in (times, Time(times)):
        maps = read_magnetograms(files, times=given_times, unit=u.G, scale=SCALE, center=CENTER)
        assert [frame.data[0, 0] for frame in maps] == [1, 2, 0]
        assert maps[0].date.isot == "2017-07-13T01:00:00.000"


def test_start_and_cadence_number_the_files(tmp_path):
    bare_files(tmp_path, ["a.fits", "b.fits", "c.fits"])
    maps = read_magnetograms(tmp_path, start=TIME, cadence=56 * u.s, unit=u.G, scale=SCALE, center=CENTER)
    assert [frame.data[0, 0] for frame in maps] == [0, 1, 2]
    assert maps[2].date.isot == "2017-07-13T20:19:33.000"


def test_the_time_can_stand_in_the_name(tmp_path):
    bare_files(tmp_path, ["intgr_180607_161904.fits", "intgr_180607_161752.v2.fits"])
    maps = read_magnetograms(tmp_path, time_pattern="intgr_%y%m%d_%H%M%S", unit=u.G, scale=SCALE, center=CENTER)
    assert [time.isot for time in maps.times] == ["2018-06-07T16:17:52.000", "2018-06-07T16:19:04.000"]
    # A folder is taken in the order of its names: 161752.v2 comes before 161904 there.
    assert [frame.data[0, 0] for frame in maps] == [1, 0]


def test_the_real_training_sequence_has_its_times_in_its_names(data_folder):
    folder = data_folder / "gst-2018-06-07" / "image"
    maps = read_magnetograms(
        folder,
        time_pattern="intgr_%y%m%d_%H%M%S",
        field_range=300 * u.G,
        scale=0.0833 * u.arcsec,
        center=(0, 0) * u.arcsec,
    )
    assert len(maps) == 176
    steps = np.diff(maps.times.unix)
    assert np.median(steps) == pytest.approx(73, abs=0.5)
    assert steps.max() == pytest.approx(6660)


def test_files_whose_times_are_given_are_read_when_they_are_asked_for(tmp_path):
    files = bare_files(tmp_path, ["a.fits", "b.fits"])
    maps = read_magnetograms(files, start=TIME, cadence=56 * u.s, unit=u.G, scale=SCALE, center=CENTER)
    files[1].unlink()
    assert maps[0].data[0, 0] == 0
    with pytest.raises(FileNotFoundError, match=r"b\.fits"):
        maps[1]


def test_nothing_is_kept_of_a_frame_that_was_read(tmp_path):
    files = bare_files(tmp_path, ["a.fits"])
    maps = read_magnetograms(files, times=[TIME], unit=u.G, scale=SCALE, center=CENTER)
    assert maps[0].data[0, 0] == 0
    fits.PrimaryHDU(np.full((3, 4), 9.0)).writeto(files[0], overwrite=True)
    assert maps[0].data[0, 0] == 9


def test_two_frames_of_one_time_are_named(tmp_path):
    for name, second in [("first", 41), ("second", 50), ("third", 41)]:
        frame_of(FIELD, time=f"2017-07-13T20:17:{second}").save(tmp_path / f"{name}.fits")
    with pytest.raises(SequenceError, match=r"first\.fits and third\.fits.*2017-07-13 20:17:41"):
        read_magnetograms(tmp_path)


def test_frames_apart_by_a_millisecond_are_two(tmp_path):
    times = ["2017-07-13T20:17:41.000", "2017-07-13T20:17:41.001"]
    files = bare_files(tmp_path, ["a.fits", "b.fits"])
    assert len(read_magnetograms(files, times=times, unit=u.G, scale=SCALE, center=CENTER)) == 2


@pytest.mark.parametrize("name", ["gone", "gone/*.fits", "gone.fits"])
def test_nothing_found_names_what_was_looked_for(tmp_path, name):
    with pytest.raises(FileNotFoundError, match=r"gone"):
        read_magnetograms(tmp_path / name)


def test_a_folder_without_magnetograms(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(FileNotFoundError, match=r"no FITS file or image"):
        read_magnetograms(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"no such folder"):
        list_magnetograms(tmp_path / "gone")


def test_a_folder_lists_magnetograms_only_by_name(tmp_path):
    for name in ("b.FITS", "a.fts", "c.fits.gz", "d.png", "e.txt", "f.fits.fz", "g.csv"):
        (tmp_path / name).touch()
    (tmp_path / "folder.fits").mkdir()
    names = [path.name for path in list_magnetograms(tmp_path)]
    assert names == ["a.fts", "b.FITS", "c.fits.gz", "d.png", "f.fits.fz"]


@pytest.mark.parametrize(
    ("ways", "message"),
    [
        ({"times": [TIME] * 2, "start": TIME, "cadence": 1 * u.s}, "only one of these"),
        ({"times": [TIME] * 2, "time_pattern": "%Y"}, "only one of these"),
        ({"start": TIME, "cadence": 1 * u.s, "time_pattern": "%Y"}, "only one of these"),
        ({"start": TIME}, "belong together"),
        ({"cadence": 1 * u.s}, "belong together"),
        ({"times": [TIME]}, "1 times for 2 files"),
    ],
)
def test_times_are_given_one_way(tmp_path, ways, message):
    files = bare_files(tmp_path, ["a.fits", "b.fits"])
    with pytest.raises(SequenceError, match=message):
        read_magnetograms(files, unit=u.G, scale=SCALE, center=CENTER, **ways)


def test_a_cadence_is_a_time(tmp_path):
    files = bare_files(tmp_path, ["a.fits", "b.fits"])
    with pytest.raises(TypeError, match=r"cadence needs a unit.*u\.s"):
        read_magnetograms(files, start=TIME, cadence=56)


def test_a_name_that_does_not_fit_the_pattern(tmp_path):
    files = bare_files(tmp_path, ["frame_1.fits"])
    with pytest.raises(MagnetogramError, match=r"frame_1\.fits.*does not begin like 'intgr_%H'"):
        read_magnetograms(files, time_pattern="intgr_%H", unit=u.G, scale=SCALE, center=CENTER)


def test_a_file_without_a_time_is_named(tmp_path):
    files = bare_files(tmp_path, ["a.fits"])
    with pytest.raises(MagnetogramError, match=r"a\.fits: the time of observation is missing"):
        read_magnetograms(files, unit=u.G, scale=SCALE, center=CENTER)


def test_an_image_without_a_time_is_named(tmp_path):
    imsave(tmp_path / "a.png", np.arange(20, dtype=np.uint8).reshape(4, 5), check_contrast=False)
    with pytest.raises(MagnetogramError, match=r"a\.png.*times=, start= or time_pattern="):
        read_magnetograms(tmp_path, field_range=300 * u.G, scale=SCALE, center=CENTER)


def test_hmi_files_need_no_description(hmi_frames):
    assert len(hmi_frames) == 4
    steps = np.diff([frame.date.unix for frame in hmi_frames])
    assert np.allclose(steps, 45, atol=1e-3)
    assert all(frame.unit == u.G for frame in hmi_frames)


def test_the_images_are_those_of_the_paper(data_folder):
    levels = read_levels(Path(data_folder) / "gst-2017-07-13" / "frame_1.png")
    assert np.array_equal(levels, imread(data_folder / "gst-2017-07-13" / "frame_1.png"))
    assert levels.shape == (720, 720)
