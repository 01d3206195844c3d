"""
Probabilities that are right, and what to make of them.
"""

import numpy as np
import pytest

from sunpy_solarunet.segmentation.calibration import expected_best_cut, fit_temperature, temper


def test_a_temperature_of_one_changes_nothing():
    classes = np.random.default_rng(0).dirichlet([1, 2, 3], 50)
    assert temper(classes, 1) is classes
    assert np.allclose(temper(classes, 1.0000001), classes, atol=1e-5)


def test_a_higher_temperature_is_less_certain_and_keeps_the_order():
    classes = np.random.default_rng(0).dirichlet([1, 2, 3], 50)
    warm = temper(classes, 2.0)
    assert np.allclose(warm.sum(axis=1), 1)
    assert np.all(warm.max(axis=1) <= classes.max(axis=1) + 1e-9)
    assert np.array_equal(np.argsort(warm, axis=1), np.argsort(classes, axis=1))


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_of_overconfident_answers_is_found(temperature):
    rng = np.random.default_rng(1)
    true_odds = rng.normal(0, 2, 200_000)
    truth = rng.random(200_000) < 1 / (1 + np.exp(-true_odds))
    significant = 1 / (1 + np.exp(-true_odds * temperature))
    classes = np.stack([1 - significant, significant], axis=1)
    assert fit_temperature(classes, truth.astype(int)) == pytest.approx(temperature, rel=0.03)


def overlap(found, true):
    return np.count_nonzero(found & true) / np.count_nonzero(found | true)


def test_the_expected_best_cut_is_nearly_the_best_for_truths_drawn_from_the_probabilities():
    rng = np.random.default_rng(2)
    for center in (-2.0, -0.5):
        probability = 1 / (1 + np.exp(-rng.normal(center, 1.5, 400_000)))
        true = rng.random(400_000) < probability
        cuts = np.arange(35, 51) / 100
        best = max(overlap(probability > cut, true) for cut in cuts)
        assert overlap(probability > expected_best_cut(probability), true) > best - 0.002
        assert overlap(probability > 0.5, true) < best - 0.01


def test_certain_answers_are_cut_at_a_half():
    assert expected_best_cut(np.array([[0.0, 0.01, 0.99], [1.0, np.nan, 0.0]])) == 0.5


def test_noise_in_which_nothing_is_likely_is_not_searched_for_the_least_unlikely():
    probability = np.random.default_rng(3).uniform(0, 0.3, (40, 60))
    assert not (probability > expected_best_cut(probability)).any()


@pytest.mark.parametrize("probability", [np.zeros(0), np.full(4, np.nan), np.zeros(5)])
def test_frames_without_data_or_flux(probability):
    assert expected_best_cut(probability) == 0.5
