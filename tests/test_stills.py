"""
Still scenes: what is planted is what is true.
"""

import astropy.units as u
import numpy as np
import pytest

from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.segmentation.degradation import Degradation, degrade, rebin, rebin_labels
from sunpy_solarunet.synthetic import still_scene
from sunpy_solarunet.synthetic.stills import STILL_ELEMENT, _superpose, draw_still


def elements(*rows):
    """Elements given as x, y, peak, width, aspect, angle and power."""
    return np.array([tuple(map(float, row)) for row in rows], STILL_ELEMENT)


def test_a_gaussian_element_ends_where_its_own_field_falls_below_the_level():
    # A peak of e^2 levels has fallen to one level at two standard deviations: 6 pixels along, 3 across.
    field, owner = _superpose(elements((30, 12, np.exp(2), 1.5, 2, 0, 1)), (25, 60))
    rows, columns = np.nonzero(owner == 0)
    assert (columns.min(), columns.max(), rows.min(), rows.max()) == (25, 35, 10, 14)
    assert field[12, 30] == pytest.approx(np.exp(2))
    assert field[12, 36] == pytest.approx(1)


def test_an_element_that_stays_below_the_level_is_not_in_the_truth():
    field, owner = _superpose(elements((20, 10, -0.9, 3, 1, 0, 1)), (24, 40))
    assert field.min() == pytest.approx(-0.9)
    assert (owner == -1).all()


def test_a_pixel_belongs_to_the_stronger_of_two_elements():
    field, owner = _superpose(elements((15, 10, 3, 3, 1, 0, 1), (21, 10, -6, 3, 1, 0, 1)), (21, 40))
    # Half-way between the centers the negative one is twice as strong.
    assert owner[10, 18] == 1
    assert field[10, 18] < 0
    assert owner[10, 14] == 0
    # Where both cancel the field is below the level, and yet the pixels belong to an element.
    assert ((np.abs(field) < 1) & (owner >= 0)).any()


def test_weak_elements_that_overlap_exceed_the_level_and_are_no_element():
    field, owner = _superpose(elements((15, 10, 0.8, 3, 1, 0, 1), (17, 10, 0.8, 3, 1, 0, 1)), (21, 40))
    assert field.max() > 1
    assert (owner == -1).all()


def test_no_threshold_finds_the_elements_of_a_scene():
    for seed in range(4):
        still = draw_still((160, 200), np.random.default_rng(seed))
        true = still.owner >= 0
        strength = np.abs(still.field)
        best = max(
            np.sum((strength > cut) & true) / np.sum((strength > cut) | true) for cut in np.arange(0.5, 1.6, 0.05)
        )
        assert best < 0.99


def test_scenes_have_both_polarities_and_depend_on_the_seed():
    field, labels = still_scene((200, 160), seed=3)
    again, other = still_scene((200, 160), seed=3), still_scene((200, 160), seed=4)
    assert np.array_equal(field, again[0])
    assert np.array_equal(labels, again[1])
    assert not np.array_equal(field, other[0])
    signs = np.sign(field.value[labels > 0])
    assert (signs > 0).any()
    assert (signs < 0).any()


def test_a_scene_of_another_level_is_the_same_scene_in_other_units():
    strong, labels = still_scene((60, 80), level=90 * u.G, seed=2)
    weak, same = still_scene((60, 80), level=20 * u.G, seed=2)
    assert np.allclose(strong / 90, weak / 20)
    assert np.array_equal(labels, same)


@pytest.mark.parametrize(("shape", "level"), [((0, 10), 90 * u.G), ((10,), 90 * u.G), ((10, 10), 0 * u.G)])
def test_scenes_that_cannot_be(shape, level):
    with pytest.raises(SolarUnetError, match="a level above zero and two sides"):
        still_scene(shape, level=level)


def test_a_level_without_a_unit():
    with pytest.raises(TypeError, match="level needs a unit"):
        still_scene((10, 10), level=90)


# Made worse


def test_noise_has_the_standard_deviation_that_is_asked_for_whatever_its_correlation():
    for correlation in (0.0, 0.7, 1.3):
        worse = degrade(np.zeros((200, 300)), Degradation(noise=60, correlation=correlation), np.random.default_rng(0))
        assert worse.std() == pytest.approx(60, rel=0.03)


def test_seeing_spreads_a_point_and_keeps_its_flux():
    point = np.zeros((41, 61))
    point[20, 25] = 1000
    worse = degrade(point, Degradation(seeing=2), np.random.default_rng(0))
    assert worse.sum() == pytest.approx(1000)
    rows, columns = np.indices(point.shape)
    assert np.sum(worse * (columns - 25) ** 2) / worse.sum() == pytest.approx(4, rel=0.02)
    assert np.sum(worse * (rows - 20) ** 2) / worse.sum() == pytest.approx(4, rel=0.02)


def test_coarser_pixels_keep_the_mean_and_cut_what_does_not_fill_one():
    field = np.random.default_rng(1).normal(0, 100, (9, 14))
    coarse = rebin(field, 4)
    assert coarse.shape == (2, 3)
    assert coarse[1, 2] == pytest.approx(field[4:8, 8:12].mean())


def test_a_coarser_pixel_has_the_label_that_most_of_it_has_if_half_is_labeled():
    labels = np.array([[3, 3, 0, 0], [9, 0, 0, 4]])
    assert rebin_labels(labels, 2).tolist() == [[3, 0]]
    assert rebin_labels(labels > 0, 2).tolist() == [[True, False]]


def test_fringes_are_a_wave_and_bad_pixels_are_few():
    fringes = degrade(np.zeros((90, 120)), Degradation(fringes=20, fringe_length=15), np.random.default_rng(2))
    assert fringes.std() == pytest.approx(20 / np.sqrt(2), rel=0.05)
    bad = degrade(np.zeros((200, 300)), Degradation(bad_pixels=0.001), np.random.default_rng(2))
    assert np.count_nonzero(bad) == pytest.approx(60, abs=30)


@pytest.mark.parametrize("wrong", [{"noise": -1}, {"seeing": np.nan}, {"coarser": 0}, {"coarser": 1.5}])
def test_degradations_that_cannot_be(wrong):
    with pytest.raises(SolarUnetError, match="must"):
        Degradation(**wrong)


def test_a_frame_smaller_than_a_coarser_pixel():
    with pytest.raises(SolarUnetError, match="cannot become 4 times coarser"):
        rebin(np.zeros((3, 10)), 4)
