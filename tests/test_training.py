"""
Training: crops whose field and mask stay together, checkpoints that a killed training goes on from.
"""

import functools

import astropy.units as u
import numpy as np
import pytest
from helpers import write_fits
from skimage.io import imsave

from sunpy_solarunet.errors import MagnetogramError, SolarUnetError
from sunpy_solarunet.segmentation import training
from sunpy_solarunet.segmentation.network import build_network
from sunpy_solarunet.segmentation.training import (
    augmented_crop,
    mask_scores,
    read_mask,
    read_pairs,
    train_model,
    train_network,
)
from sunpy_solarunet.segmentation.weights import read_specification

# Keras turns TensorFlow's variables into arrays in numpy 1's way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")


def smooth_field(shape=(60, 90)):
    """A field of waves whose length differs between rows and columns."""
    rows, columns = np.indices(shape)
    return 300 * np.sin(rows / 5) * np.cos(columns / 8) + columns


# Crops


@pytest.mark.parametrize("seed", range(12))
def test_on_the_grid_the_mask_is_exactly_that_of_the_field(seed):
    field = np.random.default_rng(0).normal(0, 200, (40, 61))
    crop, mask = augmented_crop(field, np.abs(field) > 90, 24, np.random.default_rng(seed), grid_share=1)
    assert crop.shape == mask.shape == (24, 24)
    assert mask.dtype == bool
    assert np.array_equal(mask, np.abs(crop) > 90)
    # Pixels are moved, not mixed.
    assert np.isin(crop, field).all()


@pytest.mark.parametrize("seed", range(12))
def test_between_the_pixels_the_mask_follows_the_field(seed):
    field = smooth_field()
    crop, mask = augmented_crop(field, np.abs(field) > 90, 32, np.random.default_rng(seed), grid_share=0)
    agreement = np.mean(mask == (np.abs(crop) > 90))
    assert agreement > 0.9
    shifted = np.mean(np.roll(mask, 4, axis=0) == (np.abs(crop) > 90))
    assert agreement > shifted


def orientation(crop):
    """Which way the values grow in a crop of a field that grows by 1 along columns and by 1000 along rows."""
    return tuple(np.round([crop[1, 0] - crop[0, 0], crop[0, 1] - crop[0, 0]]).astype(int))


def test_crops_come_in_all_eight_orientations():
    rows, columns = np.indices((40, 50))
    field = 1000.0 * rows + columns
    rng = np.random.default_rng(1)
    found = {orientation(augmented_crop(field, field > 0, 8, rng, grid_share=1)[0]) for _ in range(200)}
    steps = (1, -1)
    assert found == {(1000 * a, b) for a in steps for b in steps} | {(b, 1000 * a) for a in steps for b in steps}


def test_free_crops_are_turned_by_all_angles_and_zoomed_within_bounds():
    columns = np.indices((80, 80))[1]
    rng = np.random.default_rng(2)
    # The plane 3 x + 0 y turned by an angle has a gradient of length 3 zoom in that direction.
    plane = 3.0 * columns
    steps = []
    for _ in range(200):
        crop, _ = augmented_crop(plane, plane > 0, 16, rng, grid_share=0, zoom=1.2)
        steps.append((crop[8, 9] - crop[8, 8], crop[9, 8] - crop[8, 8]))
    steps = np.array(steps)
    assert 3 / 1.2 - 1e-6 <= np.hypot(*steps.T).min() < 2.6
    assert 3.4 < np.hypot(*steps.T).max() <= 3 * 1.2 + 1e-6
    sectors = np.floor(np.degrees(np.arctan2(*steps.T)) / 30).astype(int)
    assert len(np.unique(sectors)) == 12


def test_crops_come_from_all_over_the_frame():
    rows, columns = np.indices((40, 70))
    rng = np.random.default_rng(3)
    corners = [augmented_crop(100.0 * rows + columns, rows > 0, 16, rng, grid_share=1)[0].min() for _ in range(300)]
    top, left = np.divmod(corners, 100)
    assert (top.min(), left.min()) in {(0, 0), (1, 1), (0, 1), (1, 0)}
    assert (top.max(), left.max()) == (40 - 16, 70 - 16)


@pytest.mark.parametrize("grid_share", [0, 1])
@pytest.mark.parametrize("shape", [(10, 14), (40, 9), (1, 1)])
def test_a_crop_larger_than_the_frame_mirrors_it(shape, grid_share):
    field = np.random.default_rng(0).normal(0, 200, shape)
    crop, mask = augmented_crop(field, field > 0, 32, np.random.default_rng(1), grid_share=grid_share)
    assert crop.shape == mask.shape == (32, 32)
    assert np.isfinite(crop).all()
    assert field.min() - 1e-9 <= crop.min() <= crop.max() <= field.max() + 1e-9
    if grid_share == 1:
        assert np.array_equal(mask, crop > 0)


def test_the_same_random_numbers_give_the_same_crop():
    field = smooth_field()
    first, again = (augmented_crop(field, field > 0, 16, np.random.default_rng(8)) for _ in range(2))
    other = augmented_crop(field, field > 0, 16, np.random.default_rng(9))
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])


# Scores


def test_scores_of_a_mask():
    true = np.array([[1, 1, 0, 0, 0], [1, 0, 0, 0, 0]], bool)
    found = np.array([[1, 0, 0, 0, 1], [1, 0, 0, 0, 0]], bool)
    # 8 of 10 pixels agree; 2 are in both, 4 in either.
    assert mask_scores(found, true) == (0.8, 0.5)
    assert mask_scores(true, true) == (1, 1)
    assert mask_scores(~true, true) == (0, 0)


def test_empty_masks_agree():
    assert mask_scores(np.zeros((3, 4)), np.zeros((3, 4))) == (1, 1)


def test_on_the_training_labels_a_threshold_of_90_gauss_has_an_iou_of_0_985(data_folder):
    folder = data_folder / "gst-2018-06-07"
    names = sorted(path.name for path in (folder / "image").iterdir())[::25]
    pairs = [
        (training.read_array(folder / "image" / name, 300 * u.G), read_mask(folder / "label" / name)) for name in names
    ]
    found, true = [np.abs(field) > 90 for field, _ in pairs], [mask for _, mask in pairs]
    accuracy, overlap = mask_scores(found, true)
    assert accuracy == pytest.approx(0.994, abs=0.003)
    assert overlap == pytest.approx(0.985, abs=0.005)


# Masks and pairs


def test_black_is_significant_and_row_0_of_an_image_is_north(tmp_path):
    levels = np.full((4, 6), 255, np.uint8)
    levels[0, 5] = 0
    imsave(tmp_path / "mask.png", levels, check_contrast=False)
    assert np.argwhere(read_mask(tmp_path / "mask.png")).tolist() == [[3, 5]]


def test_of_three_classes_black_and_white_are_significant(tmp_path):
    levels = np.full((4, 6), 127, np.uint8)
    levels[0, 5], levels[3, 1] = 0, 255
    imsave(tmp_path / "mask.png", levels, check_contrast=False)
    assert np.argwhere(read_mask(tmp_path / "mask.png")).tolist() == [[0, 1], [3, 5]]


def test_features_of_a_fits_mask_are_significant(tmp_path):
    path = write_fits(tmp_path / "mask.fts", np.array([[0, 7, 0], [-3, 0, 0]], np.int16))
    assert np.argwhere(read_mask(path)).tolist() == [[0, 1], [1, 0]]


@pytest.fixture
def folders(tmp_path):
    """Three magnetograms and their masks of |B| > 90 G, with suffixes that differ."""
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    for number in range(3):
        field = smooth_field((48, 64)) + 10 * number
        write_fits(tmp_path / "images" / f"frame_{number}.fits", field.astype(np.float32))
        levels = np.where(np.abs(field) > 90, 0, 255).astype(np.uint8)
        imsave(tmp_path / "masks" / f"frame_{number}.png", np.flipud(levels), check_contrast=False)
    return tmp_path / "images", tmp_path / "masks"


def test_pairs_go_by_their_names(folders):
    pairs = read_pairs(*folders)
    assert len(pairs) == 3
    for field, mask in pairs:
        assert field.dtype == np.float32
        assert np.array_equal(mask, np.abs(field) > 90)


def test_a_magnetogram_without_a_mask_is_named(folders):
    (folders[1] / "frame_1.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"no mask for frame_1\.fits"):
        read_pairs(*folders)


def test_a_mask_of_another_shape_is_named(folders):
    imsave(folders[1] / "frame_1.png", np.zeros((64, 48), np.uint8), check_contrast=False)
    with pytest.raises(MagnetogramError, match=r"frame_1\.fits has shape \(48, 64\), its mask \(64, 48\)"):
        read_pairs(*folders)


# The loop


class KilledOn(list):
    """Pairs that end the training when one is taken for the nth time."""

    def __init__(self, pairs, number):
        super().__init__(pairs)
        self.left = number

    def __getitem__(self, index):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return super().__getitem__(index)


@pytest.fixture
def small_network(monkeypatch):
    """The network with few kernels, so that it trains in no time."""
    monkeypatch.setattr(training, "build_network", functools.partial(build_network, kernels=(2, 3, 4, 5, 6)))


PAIRS = [(field, np.abs(field) > 90) for field in (smooth_field(), smooth_field((50, 70)))]
FEW = {"steps": 4, "crop": 32, "batch": 1, "dropout": 0.2, "checkpoint_every": 2, "learning_rate": 1e-2}


def same_weights(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first.get_weights(), second.get_weights(), strict=True))


def test_a_training_that_was_killed_goes_on_as_if_nothing_had_happened(tmp_path, small_network):
    unbroken, history = train_network(PAIRS, tmp_path / "unbroken", validation_pairs=PAIRS[1:], **FEW)
    with pytest.raises(KeyboardInterrupt):
        train_network(KilledOn(PAIRS, 4), tmp_path / "killed", validation_pairs=PAIRS[1:], **FEW)
    resumed, again = train_network(PAIRS, tmp_path / "killed", validation_pairs=PAIRS[1:], resume=True, **FEW)
    assert same_weights(unbroken, resumed)
    assert history == again
    assert [entry["step"] for entry in history] == [2, 4]
    other, _ = train_network(PAIRS, tmp_path / "other", **FEW, seed=1)
    assert not same_weights(unbroken, other)
    # The plain threshold that made the masks stands beside the network's scores.
    assert history[-1]["threshold_accuracy"] == history[-1]["threshold_iou"] == 1


def test_training_lowers_the_loss(tmp_path, small_network):
    recipe = FEW | {"steps": 60, "checkpoint_every": 10, "dropout": 0.0}
    _, history = train_network(PAIRS, tmp_path, **recipe)
    assert history[-1]["loss"] < 0.8 * history[0]["loss"]


def test_without_a_checkpoint_there_is_nothing_to_resume(tmp_path, small_network):
    with pytest.raises(SolarUnetError, match="no checkpoint to resume from"):
        train_network(PAIRS, tmp_path, resume=True, **FEW)


def test_a_trained_model_says_how_it_was_trained(folders, tmp_path, small_network):
    folder, history = train_model(*folders, tmp_path / "mine", validation=1, **(FEW | {"steps": 1}))
    specification = read_specification(folder)
    assert specification["name"] == "mine"
    assert (specification["training_pairs"], specification["validation_pairs"]) == (2, 1)
    assert specification["recipe"]["crop"] == 32
    assert specification["validation"] == history[-1]
    assert specification["scale_gauss"] == 300


@pytest.mark.parametrize("validation", [3, 10, -1])
def test_some_pairs_must_be_left_to_train_on(folders, tmp_path, validation):
    with pytest.raises(SolarUnetError, match="leave none to train on"):
        train_model(*folders, tmp_path / "mine", validation=validation)
