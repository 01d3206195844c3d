"""
Training: crops whose field and mask stay together, checkpoints that a killed training goes on from.
"""

import errno
import json
import shutil
import tomllib
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from filelock import FileLock
from helpers import write_fits
from skimage.io import imsave

from sunpy_solarunet.errors import MagnetogramError, ModelError, SolarUnetError
from sunpy_solarunet.magnetograms import read_array, read_field
from sunpy_solarunet.segmentation import training as training_module
from sunpy_solarunet.segmentation.augmentation import augmented_crop
from sunpy_solarunet.segmentation.checkpoints import load_checkpoint, save_checkpoint
from sunpy_solarunet.segmentation.classical import hysteresis_mask
from sunpy_solarunet.segmentation.examples import EXAMPLES, DegradedExamples, PaperExamples
from sunpy_solarunet.segmentation.network import ARCHITECTURES, PIXEL_RANGE
from sunpy_solarunet.segmentation.pairs import classical_labeler, read_mask, read_pairs, require_both_classes
from sunpy_solarunet.segmentation.places import finish_replacing
from sunpy_solarunet.segmentation.recipes import BUNDLED, available_recipes, change_recipe, read_recipe
from sunpy_solarunet.segmentation.training import mask_scores, train_model, train_network
from sunpy_solarunet.segmentation.weights import load_model, read_specification

# Keras turns TensorFlow's variables into arrays in numpy 1's way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")


def smooth_field(shape=(60, 90)):
    """A field of waves whose length differs between rows and columns."""
    rows, columns = np.indices(shape)
    return 300 * np.sin(rows / 5) * np.cos(columns / 8) + columns


PAIRS = [(field, np.abs(field) > 90) for field in (smooth_field(), smooth_field((50, 70)))]
FEW = {"steps": 4, "crop": 32, "batch": 1, "checkpoint_every": 2, "learning_rate": 1e-2}
PAPER = change_recipe(read_recipe("paper"), kernels=[2, 3, 4, 5, 6], dropout=0.2, **FEW)
OWN = change_recipe(read_recipe("solarunet"), kernels=[2, 3, 4, 5], warmup=2, precision="float32", **FEW)


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
    pairs = [(read_array(folder / "image" / name, 300 * u.G), read_mask(folder / "label" / name)) for name in names]
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


def test_a_fits_mask_may_hold_whole_numbers_of_any_type(tmp_path):
    mask = np.array([[0, 7, 0], [1, 0, 0]])
    for kind in (np.uint8, np.int32, np.float32):
        path = write_fits(tmp_path / f"{np.dtype(kind)}.fits", mask.astype(kind))
        assert np.array_equal(read_mask(path), mask != 0)


def test_a_magnetogram_in_place_of_a_mask_is_named(tmp_path):
    path = write_fits(tmp_path / "mask.fits", smooth_field((4, 6)))
    with pytest.raises(SolarUnetError, match=r"mask\.fits: a mask's pixels must be whole numbers"):
        read_mask(path)


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


def test_a_file_in_tesla_is_read_in_gauss(tmp_path):
    write_fits(tmp_path / "one.fits", np.array([[0.01, -0.02]], np.float32), BUNIT="T")
    assert np.allclose(read_field(tmp_path / "one.fits"), [[100, -200]])


@pytest.mark.parametrize("unit", ["G", "Gauss", "gauss", "Mx/cm^2", "Mx/cm2", None])
def test_a_file_in_gauss_by_any_name_is_read_as_it_is(tmp_path, unit):
    write_fits(tmp_path / "one.fits", np.array([[100, -200]], np.float32), **({"BUNIT": unit} if unit else {}))
    assert np.allclose(read_field(tmp_path / "one.fits"), [[100, -200]])


def test_a_sharp_can_be_trained_on(data_folder, sharp_map):
    (path,) = (data_folder / "hmi-sharp").glob("*.Br.fits")
    field = read_field(path)
    assert field.shape == sharp_map.data.shape
    assert np.allclose(field, sharp_map.data, equal_nan=True)


def test_a_file_that_is_no_field_is_refused(tmp_path):
    write_fits(tmp_path / "one.fits", np.zeros((2, 3), np.float32), BUNIT="K")
    with pytest.raises(MagnetogramError, match=r"one\.fits: the unit is K"):
        read_field(tmp_path / "one.fits")


def test_names_may_have_dots_in_them(folders):
    for folder in folders:
        for path in list(folder.iterdir()):
            path.rename(folder / path.name.replace("frame_", "hmi.m_720s."))
    pairs = read_pairs(*folders)
    assert len(pairs) == 3
    assert all(np.array_equal(mask, np.abs(field) > 90) for field, mask in pairs)


@pytest.mark.parametrize("which", [0, 1])
def test_two_files_of_one_name_are_told(folders, which):
    write_fits(folders[which] / "frame_1.fts", np.zeros((48, 64), np.float32))
    with pytest.raises(SolarUnetError, match=r"frame_1\..* and frame_1\..* have the same name"):
        read_pairs(*folders)


def test_a_magnetogram_without_data_is_named(folders):
    (folders[0] / "frame_1.fits").unlink()
    write_fits(folders[0] / "frame_1.fits", np.full((48, 64), np.nan, np.float32))
    with pytest.raises(MagnetogramError, match=r"frame_1\.fits: no pixel has data"):
        read_pairs(*folders)


@pytest.mark.parametrize(
    ("significant", "message"), [(False, "no pixel of any mask"), (True, "all pixels of all masks")]
)
def test_from_masks_of_one_class_nothing_can_be_learned(significant, message):
    mask = np.full((5, 7), significant)
    with pytest.raises(SolarUnetError, match=message):
        require_both_classes([(np.zeros((5, 7)), mask)] * 2)
    require_both_classes([(np.zeros((5, 7)), mask), (np.zeros((5, 7)), ~mask)])
    require_both_classes([])


def test_magnetograms_without_a_mask_get_one_from_the_labeler(folders):
    (folders[1] / "frame_1.png").unlink()
    pairs = read_pairs(*folders, labeler=classical_labeler("threshold", 200 * u.G))
    for number, threshold in enumerate((90, 200, 90)):
        field, mask = pairs[number]
        assert np.array_equal(mask, np.abs(field) > threshold)


def test_masks_can_all_be_made(folders):
    pairs = read_pairs(folders[0], labeler=classical_labeler("hysteresis", 250 * u.G, 100 * u.G))
    for field, mask in pairs:
        assert np.array_equal(mask, hysteresis_mask(field, 250, 100))


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.float32])
def test_a_labeler_may_give_whole_numbers_of_any_type(folders, kind):
    pairs = read_pairs(folders[0], labeler=lambda field: 255 * (np.abs(field) > 200).astype(kind))
    for field, mask in pairs:
        assert np.array_equal(mask, np.abs(field) > 200)


def test_a_labeler_that_gives_no_mask_of_the_field_is_told(folders):
    with pytest.raises(SolarUnetError, match=r"a labeler's mask must be whole numbers"):
        read_pairs(folders[0], labeler=lambda field: field / 7)
    with pytest.raises(MagnetogramError, match=r"frame_0\.fits has shape \(48, 64\), its mask \(64, 48\)"):
        read_pairs(folders[0], labeler=lambda field: np.zeros((64, 48), bool))


def test_downhill_labels_have_the_pixels_of_hysteresis(folders):
    downhill, hysteresis = (
        read_pairs(folders[0], labeler=classical_labeler(method, 250 * u.G)) for method in ("downhill", "hysteresis")
    )
    assert all(np.array_equal(one[1], two[1]) for one, two in zip(downhill, hysteresis, strict=True))


def test_a_network_labels_no_training_masks():
    with pytest.raises(SolarUnetError, match="unknown method 'network'"):
        classical_labeler("network")


# Examples


def scenes_only(**changes):
    return change_recipe(read_recipe("solarunet"), scenes=1.0, **changes)


def test_an_example_of_the_paper_is_a_crop_and_its_mask():
    recipe = change_recipe(read_recipe("paper"), crop=32, turned=0.0)
    inputs, classes = PaperExamples(PAIRS, recipe)(np.random.default_rng(0))
    assert inputs.shape == (32, 32, 1)
    assert np.array_equal(classes, np.abs(inputs[..., 0]) > 90 / 300)


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.float32])
@pytest.mark.parametrize("recipe", [PAPER, OWN], ids=["paper", "solarunet"])
def test_masks_of_any_type_make_the_same_examples(recipe, kind):
    recipe = change_recipe(recipe, scenes=0.0) if "degradation" in recipe else recipe
    of_another_type = [(field, 255 * mask.astype(kind)) for field, mask in PAIRS]
    examples = EXAMPLES[recipe["network"]["architecture"]]
    draws = examples(PAIRS, recipe), examples(of_another_type, recipe)
    for seed in range(4):
        one, other = (np.asarray(draw(np.random.default_rng(seed))[1]) for draw in draws)
        assert np.array_equal(one, other)


def test_of_three_classes_negative_flux_is_the_last():
    recipe = change_recipe(read_recipe("paper"), crop=32, turned=0.0, classes=3)
    inputs, classes = PaperExamples(PAIRS, recipe)(np.random.default_rng(0))
    field = inputs[..., 0]
    assert np.array_equal(classes == 1, field > 0.3)
    assert np.array_equal(classes == 2, field < -0.3)


def test_an_untouched_example_shows_the_field_in_units_of_the_level():
    recipe = change_recipe(read_recipe("solarunet"), scenes=0.0, untouched=1.0, turned=0.0, other_level=0.0, crop=32)
    inputs, mask = DegradedExamples(PAIRS, recipe)(np.random.default_rng(3))
    assert inputs.shape == (32, 32, 3)
    assert np.array_equal(mask, np.abs(inputs[..., 0]) * PIXEL_RANGE > 1)


def test_with_another_level_the_mask_is_that_of_the_frame_before_it_was_made_worse():
    recipe = change_recipe(read_recipe("solarunet"), scenes=0.0, untouched=1.0, turned=0.0, other_level=1.0, crop=32)
    examples = DegradedExamples(PAIRS, recipe)
    for seed in range(5):
        inputs, mask = examples(np.random.default_rng(seed))
        strength = np.abs(inputs[..., 0]) * PIXEL_RANGE
        # To the rounding of single precision.
        assert mask[strength > 1.0001].all()
        assert not mask[strength < 0.9999].any()


def test_an_example_made_worse_keeps_the_mask_of_the_better_frame():
    clean = change_recipe(read_recipe("solarunet"), scenes=0.0, untouched=1.0, turned=0.0, other_level=0.0, crop=32)
    shares = dict.fromkeys(clean["degradation"]["shares"], 0.0) | {"noise": 1.0}
    worse = change_recipe(clean, untouched=0.0, most_noise=5.0, shares=shares)
    inputs, mask = DegradedExamples(PAIRS, worse)(np.random.default_rng(4))
    disagreement = np.mean(mask != (np.abs(inputs[..., 0]) * PIXEL_RANGE > 1))
    assert disagreement > 0.05
    patterns = [np.rot90(turned, quarter)[row : row + 32, column : column + 32]
                for _, true in PAIRS for turned in (true, true[:, ::-1]) for quarter in range(4)
                for row in range(40) for column in range(60)]  # fmt: skip
    assert any(pattern.shape == mask.shape and np.array_equal(pattern, mask) for pattern in patterns)


def test_a_scene_without_elements_has_an_empty_mask_and_noise():
    inputs, mask = DegradedExamples([], scenes_only(empty=1.0, crop=32))(np.random.default_rng(0))
    assert not mask.any()
    assert inputs[..., 0].std() > 0


def test_examples_are_told_the_noise_that_they_have():
    recipe = scenes_only(empty=1.0, crop=64, most_correlation=0.0)
    recipe = change_recipe(recipe, shares=dict.fromkeys(recipe["degradation"]["shares"], 0.0) | {"noise": 1.0})
    examples = DegradedExamples([], recipe)
    for seed in range(6):
        inputs, _ = examples(np.random.default_rng(seed))
        in_gauss = inputs[..., 0][np.abs(inputs[..., 0]) < 1].std() * PIXEL_RANGE
        assert 2 ** (4 * inputs[0, 0, 2]) == pytest.approx(in_gauss, rel=0.15)


def test_the_same_random_numbers_give_the_same_example():
    examples = DegradedExamples(PAIRS, change_recipe(read_recipe("solarunet"), crop=32))
    for seed in range(8):
        first, again = (examples(np.random.default_rng(seed)) for _ in range(2))
        assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))


# Recipes


@pytest.mark.parametrize("name", available_recipes())
def test_a_bundled_recipe_can_be_built(name):
    recipe = read_recipe(name)
    assert recipe["network"]["architecture"] in ARCHITECTURES


def test_the_paper_s_recipe_has_the_numbers_of_section_3():
    recipe = read_recipe("paper")
    assert recipe["input"]["scale_gauss"] == 300
    assert recipe["network"]["kernels"] == [32, 64, 128, 256, 512]
    assert recipe["network"]["classes"] == 2
    assert recipe["training"]["learning_rate"] == 1e-4


def test_an_unknown_recipe_lists_those_that_exist():
    with pytest.raises(SolarUnetError, match="choose one of 'paper', 'solarunet', 'solarunet-tuning'"):
        read_recipe("papre")


def test_a_recipe_may_be_a_file(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(change_recipe(read_recipe("paper"), steps=3)))
    assert read_recipe(path)["training"]["steps"] == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not a recipe"),
        ("[]", "no known architecture"),
        ('{"network": {"architecture": "transformer"}}', "no known architecture"),
        ('{"network": {"architecture": "paper"}}', "missing are .*'training'"),
    ],
)
def test_a_file_that_is_no_recipe(tmp_path, content, message):
    (tmp_path / "mine.json").write_text(content)
    with pytest.raises(SolarUnetError, match=message):
        read_recipe(tmp_path / "mine.json")


def test_a_recipe_with_a_misspelt_entry(tmp_path):
    recipe = read_recipe("paper")
    recipe["training"]["step"] = recipe["training"].pop("steps")
    (tmp_path / "mine.json").write_text(json.dumps(recipe))
    with pytest.raises(SolarUnetError, match=r"section training: missing are \['steps'\], unknown are \['step'\]"):
        read_recipe(tmp_path / "mine.json")


@pytest.mark.parametrize("name", available_recipes())
def test_bundled_recipes_are_within_their_own_limits(name):
    stored = tomllib.loads((BUNDLED / f"{name}.toml").read_text())
    assert read_recipe(name) == stored


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": 0}, "steps must be a whole number of at least 1, got 0"),
        ({"steps": -4}, "got -4"),
        ({"steps": 2.5}, r"got 2\.5"),
        ({"steps": "ten"}, "got 'ten'"),
        ({"steps": True}, "got True"),
        ({"steps": [4]}, "steps must be a whole number"),
        ({"steps": float("nan")}, "steps must be a whole number"),
        ({"steps": float("inf")}, "steps must be a whole number"),
        ({"batch": -1}, "batch must be a whole number from 1 to"),
        ({"crop": 0}, "crop must be"),
        ({"crop": 100}, "crop must be a multiple of 8 for 4 kernels, got 100"),
        ({"learning_rate": -1e-3}, "learning_rate must be a number of at least 0"),
        ({"learning_rate": "fast"}, "learning_rate must be a number"),
        ({"cooldown": 1.5}, "cooldown must be a number from 0 to 1"),
        ({"scenes": -0.1}, "scenes must be a number from 0 to 1"),
        ({"checkpoint_every": 0}, "checkpoint_every must be"),
        ({"seed": -1}, "seed must be"),
        ({"precision": "mixed_bfloat61"}, "unknown precision 'mixed_bfloat61'; did you mean 'mixed_bfloat16'"),
        ({"kernels": 24}, "kernels must be a list"),
        ({"kernels": [24]}, "kernels must be a list of 2 to 8"),
        ({"kernels": [24, 0]}, "kernels must be a whole number"),
        ({"kernels": [24, "48"]}, "kernels must be a whole number"),
        ({"coarser": []}, "coarser must be a list"),
        ({"shares": 0.5}, "shares must name several numbers"),
        ({"shares": {"noise": 2}}, "the share noise must be a number from 0 to 1"),
        ({"shares": {"noize": 0.5}}, "unknown share 'noize'; did you mean 'noise'"),
        ({"architecture": "paper"}, "choose another recipe"),
        ({"step": 3}, r"has no step; its entries are .*; did you mean 'steps'\?"),
    ],
)
def test_entries_of_the_wrong_type_or_out_of_range_are_refused(tmp_path, changes, message):
    with pytest.raises(SolarUnetError, match=message):
        change_recipe(read_recipe("solarunet"), **changes)
    (name, value), *_ = changes.items()
    recipe = read_recipe("solarunet")
    for section in recipe.values():
        if name in section and name != "architecture":
            section[name] = value
            (tmp_path / "mine.json").write_text(json.dumps(recipe))
            with pytest.raises(SolarUnetError, match=r"mine\.json"):
                read_recipe(tmp_path / "mine.json")
            return


@pytest.mark.parametrize("later", [3, {"scenes": 0.1}, {"from": 2}, {"from": 0.5, "scenes": "all"}])
def test_later_entries_are_checked_too(tmp_path, later):
    (tmp_path / "mine.json").write_text(json.dumps(read_recipe("solarunet") | {"later": later}))
    with pytest.raises(SolarUnetError, match=r"mine\.json"):
        read_recipe(tmp_path / "mine.json")


def test_numbers_of_numpy_become_plain_entries():
    recipe = change_recipe(read_recipe("paper"), steps=np.int64(7), learning_rate=np.float32(0.5), kernels=(2, 4, 8))
    assert json.loads(json.dumps(recipe)) == recipe
    assert recipe["training"]["steps"] == 7


def test_later_entries_take_their_place_from_a_share_of_the_steps_on():
    recipe = change_recipe(read_recipe("solarunet"), steps=40, crop=32, scenes=0.0, untouched=1.0)
    recipe["later"] = {"from": 0.5, "scenes": 1.0, "empty": 1.0}
    flux = [training_module._examples(PAIRS, recipe, step)(np.random.default_rng(step))[1].any() for step in range(40)]
    assert all(flux[:20])
    assert not any(flux[20:])


def test_what_is_changed_holds_for_the_whole_training():
    recipe = read_recipe("solarunet")
    assert recipe["later"]["scenes"] != recipe["examples"]["scenes"]
    recipe = change_recipe(recipe, scenes=0.9)
    assert "scenes" not in recipe["later"]
    assert read_recipe("solarunet")["later"]["turned"] == recipe["later"]["turned"]


def test_later_entries_must_be_entries_of_the_recipe(tmp_path):
    recipe = read_recipe("solarunet")
    recipe["later"] = {"from": 0.5, "scene": 0.1}
    (tmp_path / "mine.json").write_text(json.dumps(recipe))
    with pytest.raises(SolarUnetError, match="this recipe has no scene;"):
        read_recipe(tmp_path / "mine.json")


def test_an_entry_that_a_recipe_does_not_have():
    with pytest.raises(SolarUnetError, match=r"this recipe has no dropuot; its entries are .*dropout"):
        change_recipe(read_recipe("paper"), dropuot=0.2)


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


def same_weights(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first.get_weights(), second.get_weights(), strict=True))


@pytest.mark.parametrize("recipe", [PAPER, OWN], ids=["paper", "solarunet"])
def test_a_training_that_was_killed_goes_on_as_if_nothing_had_happened(tmp_path, recipe):
    recipe = change_recipe(recipe, scenes=0.0) if "degradation" in recipe else recipe
    unbroken, history = train_network(PAIRS, tmp_path / "unbroken", recipe, validation_pairs=PAIRS[1:])
    # Examples are drawn up to two steps ahead: the last one that is needed ends it.
    with pytest.raises(KeyboardInterrupt):
        train_network(KilledOn(PAIRS, 4), tmp_path / "killed", recipe, validation_pairs=PAIRS[1:])
    resumed, again = train_network(PAIRS, tmp_path / "killed", recipe, validation_pairs=PAIRS[1:], resume=True)
    assert same_weights(unbroken, resumed)
    assert history == again
    assert [entry["step"] for entry in history] == [2, 4]
    other, _ = train_network(PAIRS, tmp_path / "other", change_recipe(recipe, seed=1))
    assert not same_weights(unbroken, other)


@pytest.mark.parametrize("recipe", [PAPER, OWN], ids=["paper", "solarunet"])
def test_training_lowers_the_loss(tmp_path, recipe):
    recipe = change_recipe(recipe, steps=60, checkpoint_every=10)
    recipe = change_recipe(recipe, **({"dropout": 0.0} if recipe["network"]["architecture"] == "paper" else {}))
    _, history = train_network(PAIRS, tmp_path, recipe)
    assert history[-1]["loss"] < 0.8 * history[0]["loss"]


def test_the_learning_rate_rises_stays_and_falls():
    training = {"steps": 100, "warmup": 10, "cooldown": 0.2, "learning_rate": 2.0}
    rates = [training_module._learning_rate(step, training) for step in range(100)]
    assert rates[0] == pytest.approx(0.2)
    assert rates[9:80] == pytest.approx([2.0] * 71)
    assert rates[90] == pytest.approx(1.0)
    assert rates[99] == pytest.approx(0.1)


def test_without_a_checkpoint_there_is_nothing_to_resume(tmp_path):
    with pytest.raises(SolarUnetError, match="no checkpoint to resume from"):
        train_network(PAIRS, tmp_path, PAPER, resume=True)


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    train_network(PAIRS, tmp_path, change_recipe(OWN, steps=1))
    with pytest.raises(SolarUnetError, match="the checkpoint is of another network"):
        train_network(PAIRS, tmp_path, change_recipe(OWN, kernels=[3, 3, 4, 5]), resume=True)


@pytest.fixture(scope="module")
def one_step(tmp_path_factory):
    """The network of a training of one step, and its checkpoint."""
    folder = tmp_path_factory.mktemp("training")
    network, _ = train_network(PAIRS, folder, change_recipe(OWN, steps=1, kernels=[2, 2]))
    return network, folder / "checkpoint.npz"


def test_a_checkpoint_brings_everything_back(one_step):
    network, checkpoint = one_step
    before = network.get_weights()
    network.set_weights([weight + 1 for weight in before])
    step, history = load_checkpoint(checkpoint, network)
    assert step == history[-1]["step"] == 1
    assert all(np.array_equal(one, two) for one, two in zip(network.get_weights(), before, strict=True))


def changed(change):
    """Damage to a checkpoint: its arrays are changed in place."""

    def damage(path):
        with np.load(path) as stored:
            arrays = dict(stored)
        change(arrays)
        np.savez(path, **arrays)

    return damage


def written(values):
    """Damage to a checkpoint: an array without a name is in its place."""

    def damage(path):
        with path.open("wb") as file:
            np.save(file, values)

    return damage


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
        lambda path: path.write_bytes(b""),
        written(np.zeros(3)),
        written(np.array([{}], object)),
        changed(lambda arrays: arrays.pop("history")),
        changed(lambda arrays: arrays.update(history="[" * 100_000)),
        changed(lambda arrays: arrays.update(history="3")),
        changed(lambda arrays: arrays.update(step=7)),
        changed(lambda arrays: arrays.update(step=np.array([1, 2]))),
        changed(lambda arrays: arrays["variable_0"].fill(np.nan)),
        changed(lambda arrays: arrays.update(variable_0=np.array("weights"))),
    ],
)
def test_a_damaged_checkpoint_is_told_in_a_line_with_what_to_do(one_step, tmp_path, damage):
    network, checkpoint = one_step
    path = shutil.copy(checkpoint, tmp_path)
    damage(Path(path))
    with pytest.raises(ModelError, match=r"checkpoint\.npz: .* is damaged .*train anew \(--overwrite\)") as told:
        load_checkpoint(Path(path), network)
    assert "\n" not in str(told.value)


def test_a_checkpoint_is_not_replaced_by_another_training(tmp_path):
    (tmp_path / "checkpoint.npz").write_text("hours of work")
    with pytest.raises(SolarUnetError, match=r"checkpoint\.npz exists"):
        train_network(PAIRS, tmp_path, PAPER)
    assert (tmp_path / "checkpoint.npz").read_text() == "hours of work"


@pytest.fixture
def nonsense_from(monkeypatch):
    """Let the training draw not-a-numbers from a step on."""
    draw = training_module._batch

    def begin(first):
        def batch(pairs, recipe, step):
            inputs, classes = draw(pairs, recipe, step)
            return inputs * (1 if step < first else np.nan), classes

        monkeypatch.setattr(training_module, "_batch", batch)

    return begin


def test_a_training_that_diverges_stops_and_keeps_the_last_good_checkpoint(tmp_path, nonsense_from):
    recipe = change_recipe(OWN, kernels=[2, 2])
    nonsense_from(3)
    with pytest.raises(ModelError, match=r"diverged: .*step 4.*checkpoint\.npz is kept as it was"):
        train_network(PAIRS, tmp_path, recipe)
    nonsense_from(9)
    _, history = train_network(PAIRS, tmp_path, recipe, resume=True)
    assert [entry["step"] for entry in history] == [2, 4]


def test_a_training_that_diverges_before_its_first_checkpoint_leaves_nothing(tmp_path, nonsense_from):
    nonsense_from(1)
    with pytest.raises(ModelError, match=r"diverged: .*step 2.*no checkpoint yet; .* smaller learning_rate="):
        train_network(PAIRS, tmp_path, change_recipe(OWN, kernels=[2, 2]))
    assert list(tmp_path.iterdir()) == []


def test_weights_that_are_not_finite_do_not_become_a_checkpoint(one_step, tmp_path):
    network, _ = one_step
    weights = network.get_weights()
    network.set_weights([np.full_like(weight, np.inf) for weight in weights])
    with pytest.raises(ModelError, match="its weights are not finite after step 2"):
        save_checkpoint(tmp_path / "checkpoint.npz", network, 2, [])
    network.set_weights(weights)
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_that_cannot_be_finished_leaves_the_one_before(one_step, tmp_path, monkeypatch):
    network, checkpoint = one_step
    path = Path(shutil.copy(checkpoint, tmp_path))

    def fill_the_disk(path, **_):
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", fill_the_disk)
    with pytest.raises(OSError, match="the disk is full"):
        save_checkpoint(path, network, 2, [])
    assert path.read_bytes() == checkpoint.read_bytes()
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def few_crops(monkeypatch):
    """A calibration that is done in no time."""
    monkeypatch.setattr(training_module, "CALIBRATION_CROPS", 4)


@pytest.fixture
def recipe_file(tmp_path):
    path = tmp_path / "few.json"
    path.write_text(json.dumps(OWN))
    return path


def test_a_trained_model_says_how_it_was_trained(folders, tmp_path, recipe_file, few_crops):
    options = {"images": folders[0], "masks": folders[1], "recipe": recipe_file, "validation": 1, "steps": 1}
    folder, history = train_model(tmp_path / "mine", pixel_scale=0.5 * u.arcsec, training_data="waves", **options)
    specification = read_specification(folder)
    assert specification["name"] == "mine"
    assert specification["training_data"] == "waves"
    assert specification["arcsec_per_pixel"] == 0.5
    assert specification["field_range_gauss"] == [-300, 300]
    assert specification["validation"] == {"frames": 1} | history[-1]
    assert specification["input"] == {"level_gauss": 90}
    assert 0.2 <= specification["temperature"] <= 5
    kept = read_recipe(folder)
    assert kept == change_recipe(OWN, steps=1)


def test_a_resumed_training_follows_the_recipe_in_its_folder(folders, tmp_path, recipe_file, few_crops):
    options = {"images": folders[0], "masks": folders[1], "validation": 1}
    train_model(tmp_path / "mine", recipe=recipe_file, **options)
    folder, history = train_model(tmp_path / "mine", resume=True, **options)
    assert history[-1]["step"] == 4
    assert read_recipe(folder) == OWN
    with pytest.raises(SolarUnetError, match="is not the recipe asked for"):
        train_model(tmp_path / "mine", resume=True, recipe=recipe_file, steps=9, **options)


@pytest.mark.parametrize("name", ["checkpoint.npz", "model.weights.h5", "specification.json", "recipe.json"])
def test_what_a_training_left_is_not_replaced_unasked(folders, tmp_path, recipe_file, name):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / name).write_text("hours of work")
    options = {"images": folders[0], "masks": folders[1], "recipe": recipe_file, "validation": 1}
    with pytest.raises(SolarUnetError, match=rf"{name} exists: .*\(--resume\).*\(--overwrite\)"):
        train_model(tmp_path / "mine", **options)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == [name]
    assert (tmp_path / "mine" / name).read_text() == "hours of work"


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.name[0] != "."}


def test_an_old_model_is_replaced_when_the_new_one_is_whole(folders, tmp_path, recipe_file, few_crops, monkeypatch):
    options = {"images": folders[0], "masks": folders[1], "recipe": recipe_file, "validation": 1, "kernels": [2, 2]}
    mine, _ = train_model(tmp_path / "mine", steps=2, **options)
    (mine / "notes.txt").write_text("mine")
    old = contents(mine)

    def give_up(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(training_module, "_fitted_temperature", give_up)
    with pytest.raises(KeyboardInterrupt):
        train_model(mine, steps=4, overwrite=True, **options)
    monkeypatch.undo()
    monkeypatch.setattr(training_module, "CALIBRATION_CROPS", 4)
    assert contents(mine) == old
    load_model(mine)
    again, history = train_model(mine, steps=4, resume=True, **options)
    assert again == mine
    assert history[-1]["step"] == read_specification(mine)["validation"]["step"] == 4
    assert sorted(contents(mine)) == sorted(old)
    assert not (mine / "replacement").exists()
    load_model(mine)
    train_model(mine, steps=3, overwrite=True, **options)
    assert read_specification(mine)["validation"]["step"] == 3


def test_a_replacement_that_was_broken_off_is_ended(tmp_path):
    for folder in (tmp_path, tmp_path / "replacement"):
        folder.mkdir(exist_ok=True)
    (tmp_path / "checkpoint.npz").write_text("new")
    (tmp_path / "model.weights.h5").write_text("old")
    for name in ("model.weights.h5", "specification.json"):
        (tmp_path / "replacement" / name).write_text("new")
    finish_replacing(tmp_path)
    assert contents(tmp_path) == dict.fromkeys(("checkpoint.npz", "model.weights.h5", "specification.json"), b"new")


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"steps": -1}, SolarUnetError),
        ({"recipe": "papr"}, SolarUnetError),
        ({"field_range": 300}, TypeError),
        ({"pixel_scale": 0.5 * u.G}, u.UnitConversionError),
        ({"description": 5}, ModelError),
        ({"name": ["a"]}, ModelError),
        ({"initial": "nowhere"}, ModelError),
        ({"masks": "nowhere"}, FileNotFoundError),
        ({"validation": 3}, SolarUnetError),
        ({"labeler": lambda field: field > 1e9, "masks": None}, SolarUnetError),
        ({"resume": True}, SolarUnetError),
    ],
)
def test_nothing_is_written_where_an_argument_is_wrong(folders, tmp_path, recipe_file, wrong, error):
    options = {"images": folders[0], "masks": folders[1], "recipe": recipe_file, "validation": 1}
    with pytest.raises(error):
        train_model(tmp_path / "mine", **options | wrong)
    assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize("which", [0, 1])
def test_nothing_is_written_where_a_file_cannot_be_read(folders, tmp_path, recipe_file, which):
    for path in folders[which].glob("frame_2.*"):
        path.unlink()
    (folders[which] / "frame_2.fits").write_text("neither magnetogram nor mask")
    with pytest.raises(MagnetogramError, match=r"frame_2\.fits"):
        train_model(tmp_path / "mine", images=folders[0], masks=folders[1], recipe=recipe_file, validation=1)
    assert not (tmp_path / "mine").exists()


def test_two_trainings_do_not_write_to_one_folder(folders, tmp_path, recipe_file):
    (tmp_path / "mine").mkdir()
    options = {"images": folders[0], "masks": folders[1], "recipe": recipe_file, "validation": 1}
    with (
        FileLock(tmp_path / "mine" / ".lock"),
        pytest.raises(SolarUnetError, match="another training is writing to this folder"),
    ):
        train_model(tmp_path / "mine", **options)


def test_fine_tuning_starts_from_the_initial_model(folders, tmp_path, recipe_file, few_crops):
    options = {"images": folders[0], "masks": folders[1], "validation": 1}
    first, _ = train_model(tmp_path / "first", recipe=recipe_file, **options)
    # Without learning the weights stay those of the initial model, whose recipe is followed.
    tuned, _ = train_model(tmp_path / "tuned", initial=first, learning_rate=0.0, seed=7, steps=1, **options)
    assert same_weights(load_model(first), load_model(tuned))
    recipe = read_recipe(tuned)
    assert recipe.pop("initial") == {"sha256": read_specification(first)["sha256"], "recipe": OWN}
    assert recipe == change_recipe(OWN, learning_rate=0.0, seed=7, steps=1)


def test_fine_tuning_with_another_network_is_refused(folders, tmp_path, recipe_file, few_crops):
    options = {"images": folders[0], "masks": folders[1], "validation": 1, "steps": 1}
    first, _ = train_model(tmp_path / "first", recipe=recipe_file, **options)
    with pytest.raises(SolarUnetError, match="not that of the recipe"):
        train_model(tmp_path / "tuned", initial=first, kernels=[2, 2, 2, 2], **options)


def test_scenes_alone_need_no_magnetograms(tmp_path, recipe_file, few_crops):
    folder, _ = train_model(tmp_path / "mine", recipe=recipe_file, scenes=1.0, steps=1, validation=0)
    assert read_recipe(folder)["examples"]["scenes"] == 1


def test_logs_without_tensorboard_are_refused_before_the_training(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SolarUnetError, match="pip install tensorboard"):
        train_network(PAIRS, tmp_path, PAPER, logs=tmp_path / "logs")


@pytest.mark.parametrize("validation", [3, 10, -1])
def test_some_pairs_must_be_left_to_train_on(folders, tmp_path, validation):
    with pytest.raises(SolarUnetError, match="leave none to train on"):
        train_model(tmp_path / "mine", images=folders[0], masks=folders[1], validation=validation)
