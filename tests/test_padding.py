"""
Padding: zeros without data are told from zeros that are data.
"""

import warnings

import astropy.units as u
import numpy as np
import pytest
from helpers import CENTER, SCALE, TIME, frame_of, two_elements, write_fits
from skimage.io import imsave
from sunpy.map import Map

from sunpy_solarunet import Segmenter, magnetogram, read_magnetograms
from sunpy_solarunet.errors import SolarUnetWarning
from sunpy_solarunet.magnetograms import field_from_levels, field_strength, valid_pixels
from sunpy_solarunet.magnetograms.padding import padding_of

DESCRIPTION = {"unit": u.G, "scale": SCALE, "center": CENTER}
SHAPE = (30, 40)


def cleaned():
    """Two elements and nothing but zeros around them."""
    field = two_elements()
    return np.where(np.abs(field) > 10, field, 0.0)


def turned():
    """A field whose north-east and south-west corners are cut off, by 45 and by 36 pixels; and where."""
    rows, columns = np.indices(SHAPE)
    corners = (rows - columns > 20) | (columns - rows > 31)
    assert np.count_nonzero(corners) == 45 + 36
    return np.where(corners, 0.0, 30.0), corners


def disk():
    """A disk of 15 pixels' radius on a sky of zeros; and where the sky is."""
    rows, columns = np.indices((34, 44))
    sky = (rows - 16) ** 2 + (columns - 21) ** 2 > 15**2
    return np.where(sky, 0.0, 20.0), sky


def test_a_map_cleaned_to_zeros_has_no_padding():
    frame = frame_of(cleaned())
    assert valid_pixels(frame).all()
    assert len(Segmenter("threshold", threshold=100 * u.G)(frame)) == 2


def test_nothing_is_at_an_edge_in_a_cleaned_map():
    frame = frame_of(np.pad(cleaned(), 1))
    catalog = Segmenter("threshold", threshold=100 * u.G)(frame)
    assert not catalog.flags.any()


@pytest.mark.parametrize("scene", [turned, disk])
def test_zeros_around_a_field_of_view_are_padding_and_a_warning_says_how_much(scene):
    field, outside = scene()
    with pytest.warns(SolarUnetWarning, match=rf"array: {outside.mean():.1%}.*padding=True.*padding=False"):
        frame = frame_of(field)
    assert np.array_equal(frame.mask, outside)
    assert np.array_equal(np.isnan(field_strength(frame)), outside)


@pytest.mark.parametrize("scene", [turned, disk])
def test_what_the_user_says_of_padding_is_done_without_a_word(scene):
    field, outside = scene()
    assert np.array_equal(valid_pixels(frame_of(field, padding=True)), ~outside)
    assert valid_pixels(frame_of(field, padding=False)).all()


def test_padding_may_be_asked_for_in_a_cleaned_map():
    field = cleaned()
    assert np.array_equal(valid_pixels(frame_of(field, padding=True)), field != 0)


def test_what_was_decided_once_is_not_decided_again():
    field, outside = turned()
    for padding, valid in [(True, ~outside), (False, np.ones(SHAPE, bool))]:
        frame = frame_of(field, padding=padding)
        for again in (magnetogram(frame), Map(frame.data, frame.meta), Map(frame.data, frame.meta, mask=frame.mask)):
            assert np.array_equal(valid_pixels(again), valid)


def test_padding_outlives_a_file(tmp_path):
    field, outside = turned()
    frame_of(field, padding=True).save(tmp_path / "frame.fits")
    assert np.array_equal(valid_pixels(magnetogram(tmp_path / "frame.fits")), ~outside)


def test_a_map_made_elsewhere_is_judged_by_the_same_rule():
    for field, valid in [(cleaned(), True), (turned()[0], ~turned()[1])]:
        meta = dict(frame_of(field, padding=False).meta)
        del meta["padding"]
        assert np.all(valid_pixels(Map(field, meta)) == valid)


def test_padding_joins_the_mask_of_a_map():
    field, outside = turned()
    hidden = np.zeros(SHAPE, bool)
    hidden[15, 20] = True
    frame = magnetogram(np.ma.masked_array(field, hidden), time=TIME, padding=True, **DESCRIPTION)
    assert np.array_equal(frame.mask, outside | hidden)


def test_dead_pixels_and_specks_do_not_hide_a_field_of_view():
    field, outside = turned()
    field[10:14, 15:25] = 0
    field[1, 39] = 5
    outside[1, 39] = False
    with pytest.warns(SolarUnetWarning, match="padding"):
        assert np.array_equal(valid_pixels(frame_of(field)), ~outside)


def test_a_small_or_scattered_rest_is_no_field_of_view():
    single = np.zeros(SHAPE)
    single[12:16, 20:28] = 300  # 32 of 1200 pixels
    halves = np.zeros(SHAPE)
    halves[3:27, 3:15] = halves[3:27, 25:37] = 10
    ring = np.full(SHAPE, 10.0)
    ring[:12, 8:32] = 0  # a bay, which the hull closes
    for field in (single, halves, ring):
        assert not padding_of(field == 0).any()


@pytest.mark.parametrize("axis", [0, 1])
def test_padding_does_not_depend_on_orientation(axis):
    for field in (turned()[0], disk()[0], cleaned()):
        zeros = field == 0
        assert np.array_equal(padding_of(np.flip(zeros, axis)), np.flip(padding_of(zeros), axis))
        assert np.array_equal(padding_of(zeros.T), padding_of(zeros).T)


def test_a_sequence_speaks_of_padding_once(tmp_path):
    field, outside = turned()
    for number in range(3):
        write_fits(tmp_path / f"frame_{number}.fits", field + (number == 0))
    maps = read_magnetograms(tmp_path, start=TIME, cadence=1 * u.min, **DESCRIPTION)
    assert valid_pixels(maps[0]).all()
    with pytest.warns(SolarUnetWarning, match=r"frame_1\.fits") as told:
        frames = [*maps, *maps[1:]]
    assert len(told) == 1
    assert all(np.array_equal(valid_pixels(frame), ~outside) for frame in frames[1:3])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        quiet = read_magnetograms(tmp_path, start=TIME, cadence=1 * u.min, padding=False, **DESCRIPTION)
        assert all(valid_pixels(frame).all() for frame in quiet)


def test_level_127_of_an_image_follows_the_same_rule(tmp_path):
    levels = np.full((20, 30), 140, np.uint8)
    levels[:6, :5] = 127
    spots = np.full((20, 30), 127, np.uint8)
    spots[3:6, 4:9], spots[12:15, 20:26] = 250, 10
    assert np.count_nonzero(field_from_levels(levels, 300 * u.G) == 0) == 30
    assert np.count_nonzero(field_from_levels(levels, 300 * u.G, padding=False) == 0) == 0
    assert np.count_nonzero(field_from_levels(spots, 300 * u.G) == 0) == 0
    assert np.count_nonzero(field_from_levels(spots, 300 * u.G, padding=True) == 0) == 600 - 15 - 18
    imsave(tmp_path / "frame.png", spots, check_contrast=False)
    assert valid_pixels(magnetogram(tmp_path / "frame.png", field_range=300 * u.G, time=TIME, **DESCRIPTION)).all()
