"""
The U-shaped networks, the paper's of section 3.2 and the package's own, and their models on disk.
"""

import json
import shutil

import h5py
import keras
import numpy as np
import pytest

from sunpy_solarunet.errors import ModelError, SolarUnetError
from sunpy_solarunet.segmentation import available_models
from sunpy_solarunet.segmentation.inference import noise_aware_input, predict_classes
from sunpy_solarunet.segmentation.network import (
    KERNELS,
    build_network,
    build_polarity_blind_network,
    receptive_radius,
)
from sunpy_solarunet.segmentation.recipes import read_recipe
from sunpy_solarunet.segmentation.weights import load_model, model_recipe, read_specification, save_model

# Keras turns TensorFlow's variables into arrays in numpy 1's way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")


@pytest.fixture(scope="module")
def network():
    """The network of the paper, untrained."""
    return build_network(seed=5)


@pytest.fixture(scope="module")
def small_network():
    """The same shape with few kernels, and batch normalizations that do something."""
    model = build_network(kernels=(4, 5, 6, 7, 8), seed=2)
    rng = np.random.default_rng(4)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            width = layer.gamma.shape[0]
            layer.set_weights([rng.uniform(0.8, 1.2, width), *rng.normal(0, 0.1, (2, width)), np.ones(width)])
    return model


# Section 3.2


def expected_layers():
    """The layers of Figure 2 from input to output: kind and kernels."""
    block = [("Conv2D",), ("BatchNormalization",), ("Activation",)]
    layers = [("InputLayer", None)]

    def two_convolutions(width):
        return [(kind, width) for _ in range(2) for (kind,) in block]

    for width in (32, 64, 128, 256):
        layers += [*two_convolutions(width), ("MaxPooling2D", width), ("Dropout", width)]
    layers += two_convolutions(512)
    for width in (256, 128, 64, 32):
        layers += [("Conv2DTranspose", width), ("Concatenate", 2 * width), ("Dropout", 2 * width)]
        layers += two_convolutions(width)
    return [*layers, ("Conv2D", 2)]


def test_the_layers_stand_in_the_order_of_the_paper(network):
    found = [
        (type(layer).__name__, None if isinstance(layer, keras.layers.InputLayer) else layer.output.shape[-1])
        for layer in network.layers
    ]
    assert found == expected_layers()


def test_convolutions_are_3x3_up_convolutions_and_poolings_2x2(network):
    *convolutions, last = [layer for layer in network.layers if type(layer) is keras.layers.Conv2D]
    assert {layer.kernel_size for layer in convolutions} == {(3, 3)}
    assert len(convolutions) == 18
    assert last.kernel_size == (1, 1)
    assert last.activation is keras.activations.softmax
    ups = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2DTranspose)]
    assert {(layer.kernel_size, layer.strides) for layer in ups} == {((2, 2), (2, 2))}
    pools = [layer for layer in network.layers if isinstance(layer, keras.layers.MaxPooling2D)]
    assert {layer.pool_size for layer in pools} == {(2, 2)}
    relus = [layer for layer in network.layers if isinstance(layer, keras.layers.Activation)]
    assert {layer.activation for layer in relus} == {keras.activations.relu}


def test_each_decoder_block_takes_the_encoder_block_of_its_size(network):
    for number, encoder in enumerate((4, 3, 2, 1), start=1):
        joined = network.get_layer(f"D{number}_concatenate").input
        shortcut, below = (tensor._keras_history.operation.name for tensor in joined)
        assert shortcut == f"E{encoder}_2_relu"
        assert below == f"D{number}_up"


def test_the_network_has_7_77_million_parameters(network):
    assert round(network.count_params() / 1e6, 2) == 7.77


def test_dropouts_have_the_rate_that_is_asked_for():
    model = build_network(dropout=0.3, kernels=(2, 2, 2, 2, 2))
    rates = [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert rates == [0.3] * 8


@pytest.mark.parametrize(("classes", "sides"), [(2, (16, 160)), (3, (48, 32))])
def test_class_probabilities_have_the_shape_of_the_input_and_sum_to_one(classes, sides):
    model = build_network(classes=classes, kernels=(2, 3, 4, 5, 6))
    frames = np.random.default_rng(0).uniform(-1, 1, (2, *sides, 1)).astype(np.float32)
    answer = np.asarray(model.predict_on_batch(frames))
    assert answer.shape == (2, *sides, classes)
    assert np.allclose(answer.sum(axis=-1), 1, atol=1e-5)


def test_a_seed_gives_the_same_weights_and_another_seed_others():
    first, again, other = (build_network(kernels=(2, 3, 4, 5, 6), seed=seed).get_weights() for seed in (1, 1, 2))
    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))
    kernels = [index for index, weight in enumerate(first) if weight.ndim == 4]
    assert not any(np.array_equal(first[index], other[index]) for index in kernels)


def test_no_two_layers_start_with_the_same_weights():
    weights = [w.ravel()[:18] for w in build_network(kernels=(4, 4, 4, 4, 4)).get_weights() if w.ndim == 4]
    assert len({tuple(np.round(first, 6)) for first in weights}) == len(weights)


def test_the_receptive_radius_is_where_the_influence_of_a_pixel_ends():
    # All kernels positive: no influence can cancel, and a single bright pixel survives each maximum.
    model = build_network(kernels=(1, 1, 1, 1, 1))
    model.set_weights([np.full_like(w, 0.5) if w.ndim == 4 else w for w in model.get_weights()])
    before_softmax = keras.Model(model.input, model.get_layer("D4_2_relu").output)
    side, middle = 352, 176
    positions = 2 ** (len(KERNELS) - 1)
    bright = np.zeros((positions, side, side, 1), np.float32)
    reach = 0
    for offset in range(positions):
        bright[offset, middle + offset, middle, 0] = 1e6
    answer = np.asarray(before_softmax.predict_on_batch(bright))[..., 0]
    for offset in range(positions):
        rows = np.flatnonzero((answer[offset] > 0).any(axis=1))
        reach = max(reach, rows.max() - (middle + offset), middle + offset - rows.min())
    assert 0 < rows.min()
    assert rows.max() < side - 1
    assert receptive_radius(len(KERNELS)) == reach


def test_one_level_sees_two_convolutions_twice():
    # Without poolings there are the two 3x3 convolutions of the bottleneck alone.
    assert receptive_radius(1) == 2


# Models on disk


@pytest.fixture(scope="module")
def saved(network, tmp_path_factory):
    """Folder of a saved model."""
    return save_model(
        network, tmp_path_factory.mktemp("models") / "mine", {"name": "mine", "input": {"scale_gauss": 250.0}}
    )


@pytest.fixture
def copied(saved, tmp_path):
    """A copy that a test may damage."""
    return shutil.copytree(saved, tmp_path / "mine")


def test_a_model_is_a_folder_of_two_files(saved):
    assert sorted(path.name for path in saved.iterdir()) == ["model.weights.h5", "specification.json"]
    specification = json.loads((saved / "specification.json").read_text())
    assert specification["name"] == "mine"
    assert specification["input"] == {"scale_gauss": 250}
    assert specification["network"]["classes"] == 2
    assert len(specification["sha256"]) == 64
    assert read_specification(saved) == specification


def test_a_model_comes_back_with_kernels_in_half_precision(network, saved):
    loaded = load_model(saved)
    for before, after in zip(network.get_weights(), loaded.get_weights(), strict=True):
        expected = before.astype(np.float16).astype(np.float32) if before.ndim == 4 else before
        assert np.array_equal(after, expected)


def test_kernels_are_halved_and_nothing_else(saved):
    kinds = {}

    def collect(name, item):
        if isinstance(item, h5py.Dataset):
            kinds.setdefault(item.ndim, set()).add(item.dtype)

    with h5py.File(saved / "model.weights.h5") as stored:
        stored.visititems(collect)
    assert kinds[4] == {np.dtype("float16")}
    assert kinds[1] == {np.dtype("float32")} | ({np.dtype("uint32")} & kinds[1])
    assert (saved / "model.weights.h5").stat().st_size < 2.2 * 7.77e6


def test_saving_a_loaded_model_again_gives_the_same_bytes(saved, tmp_path):
    again = save_model(load_model(saved), tmp_path / "again", {"name": "mine", "input": {"scale_gauss": 250.0}})
    for name in ("model.weights.h5", "specification.json"):
        assert (again / name).read_bytes() == (saved / name).read_bytes()


def test_a_trained_model_is_saved_without_its_optimizer(tmp_path):
    model = build_network(kernels=(2, 2, 2, 2, 2))
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    model.optimizer.build(model.trainable_variables)
    model.save_weights(tmp_path / "plain.weights.h5")
    with h5py.File(tmp_path / "plain.weights.h5") as stored:
        assert "optimizer" in stored
    folder = save_model(model, tmp_path / "trained", {"name": "trained"})
    with h5py.File(folder / "model.weights.h5") as stored:
        assert "optimizer" not in stored


def test_weights_without_a_specification_are_taken_for_the_paper_s(network, tmp_path):
    path = tmp_path / "plain.weights.h5"
    network.save_weights(path)
    specification = read_specification(path)
    assert specification["name"] == "plain.weights.h5"
    assert specification["input"] == {"scale_gauss": 300}
    for before, after in zip(network.get_weights(), load_model(str(path)).get_weights(), strict=True):
        assert np.array_equal(before, after)


def test_a_keras_file_brings_its_own_network(small_network, tmp_path):
    path = tmp_path / "small.keras"
    small_network.save(path)
    frame = np.random.default_rng(0).uniform(-1, 1, (16, 32, 1)).astype(np.float32)
    assert np.allclose(predict_classes(load_model(path), frame), predict_classes(small_network, frame), atol=1e-6)


def test_a_keras_file_of_another_kind_of_network(tmp_path):
    inputs = keras.Input((7,))
    keras.Model(inputs, keras.layers.Dense(2)(inputs)).save(tmp_path / "other.keras")
    with pytest.raises(ModelError, match=r"does not take magnetograms"):
        load_model(tmp_path / "other.keras")


def test_a_keras_file_of_the_network_that_is_told_the_noise_is_sent_to_its_folder(tmp_path):
    build_polarity_blind_network(kernels=(2, 3, 4)).save(tmp_path / "own.keras")
    with pytest.raises(ModelError, match=r"own\.keras.*loaded from their folder|does not take magnetograms"):
        load_model(tmp_path / "own.keras")


def test_replaced_weights_are_noticed(copied):
    with (copied / "model.weights.h5").open("ab") as file:
        file.write(b"more")
    with pytest.raises(ModelError, match=r"damaged or was replaced"):
        load_model(copied)


@pytest.mark.parametrize("name", ["noise.weights.h5", "noise.keras", "noise.h5", "noise.txt"])
def test_files_that_are_no_weights(tmp_path, name):
    (tmp_path / name).write_text("no weights")
    with pytest.raises(ModelError, match=name):
        load_model(tmp_path / name)


# Keras warns of each layer that it does not find before it gives up.
@pytest.mark.filterwarnings("ignore:Skipping nested container:UserWarning")
def test_weights_of_another_network(small_network, tmp_path):
    small_network.save_weights(tmp_path / "small.weights.h5")
    with pytest.raises(ModelError, match=r"not weights of this network"):
        load_model(tmp_path / "small.weights.h5")


def test_a_folder_without_weights(copied):
    (copied / "model.weights.h5").unlink()
    with pytest.raises(ModelError, match=r"model\.weights\.h5: no such file"):
        load_model(copied)


@pytest.mark.parametrize("text", [None, "", "{", "[1, 2]"])
def test_a_folder_without_a_readable_specification(copied, text):
    path = copied / "specification.json"
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(ModelError, match=r"no readable specification\.json"):
        read_specification(copied)


def test_a_specification_without_a_name_or_a_hash(copied):
    (copied / "specification.json").write_text('{"input": {"scale_gauss": 100}}')
    assert read_specification(copied)["name"] == "mine"
    with pytest.raises(ModelError, match=r"not the weights of the specification"):
        load_model(copied)


@pytest.mark.parametrize("model", ["solarnet", "no/such/folder", ""])
def test_an_unknown_model_lists_those_that_exist(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError) as caught:
        read_specification(model)
    assert all(name in str(caught.value) for name in available_models())
    if model:
        assert f"unknown model {model!r}" in str(caught.value)


def test_bundled_models_are_what_their_specification_says():
    told = {"training_data", "arcsec_per_pixel", "field_range_gauss", "noise_range_gauss", "date", "sha256"}
    for name, specification in available_models().items():
        assert specification["name"] == name
        assert told <= set(specification)
        assert specification["probability"] in (None, 0.5)
        assert read_recipe(model_recipe(name))["input"] == specification["input"]
        assert load_model(name).count_params() > 1e5
    assert round(load_model("solarunet-paper").count_params() / 1e6, 2) == 7.77


def test_a_specification_of_an_unknown_architecture(copied):
    path = copied / "specification.json"
    specification = json.loads(path.read_text())
    path.write_text(json.dumps(specification | {"network": {"architecture": "transformer"}}))
    with pytest.raises(SolarUnetError, match=r"unknown architecture 'transformer'; choose one of 'paper'"):
        load_model(copied)


def test_a_specification_with_settings_that_the_architecture_does_not_have(copied):
    path = copied / "specification.json"
    specification = json.loads(path.read_text())
    path.write_text(json.dumps(specification | {"network": {"architecture": "paper", "depth": 3}}))
    with pytest.raises(ModelError, match=r"cannot be built .*depth"):
        load_model(copied)


def test_a_model_trained_in_mixed_precision_is_read_in_full(tmp_path):
    kernels = (2, 3, 4)
    trained = build_polarity_blind_network(kernels=kernels, precision="mixed_bfloat16", seed=2)
    settings = {"architecture": "polarity_blind", "kernels": list(kernels)}
    loaded = load_model(save_model(trained, tmp_path / "mixed", {"network": settings, "input": {"level_gauss": 90.0}}))
    assert {layer.compute_dtype for layer in loaded.layers} == {"float32"}
    inputs = np.random.default_rng(0).uniform(-1, 1, (1, 32, 24, 3)).astype(np.float32)
    one, other = (np.asarray(model.predict_on_batch(inputs)) for model in (trained, loaded))
    assert np.ptp(other) > 0.05
    assert np.allclose(one, other, atol=0.05)


# The network that is told the noise


@pytest.fixture(scope="module")
def polarity_blind():
    return build_polarity_blind_network(seed=1)


def noisy_input(seed=0, sides=(32, 48)):
    field = np.random.default_rng(seed).normal(0, 120, sides)
    return noise_aware_input(field, 90.0, 40.0), noise_aware_input(-field, 90.0, 40.0)


def test_the_polarity_blind_network_gives_a_magnetogram_and_its_negative_the_same_answer(polarity_blind):
    one, other = (np.asarray(polarity_blind.predict_on_batch(inputs[np.newaxis])) for inputs in noisy_input())
    assert np.ptp(one[..., 1]) > 0.1
    assert np.array_equal(one, other)


def test_opposite_signs_side_by_side_are_not_like_signs(polarity_blind):
    field = np.full((32, 48), 100.0)
    mixed = field.copy()
    mixed[:, 24:] *= -1
    one, other = (
        np.asarray(polarity_blind.predict_on_batch(noise_aware_input(f, 90.0, 40.0)[np.newaxis]))[0, ..., 1]
        for f in (field, mixed)
    )
    # The pixels themselves are equally strong; where the signs meet the answer is another one.
    assert np.abs(one - other)[:, 22:26].max() > 1e-3


def test_the_answer_for_one_frame_does_not_depend_on_the_batch(polarity_blind):
    first, second = noisy_input(0)[0], noisy_input(1)[0]
    together = np.asarray(polarity_blind.predict_on_batch(np.stack([first, second])))[0]
    alone = np.asarray(polarity_blind.predict_on_batch(first[np.newaxis]))[0]
    assert np.allclose(together, alone, atol=1e-6)


def test_its_input_is_the_field_in_units_of_the_threshold_and_of_the_noise_and_the_noise():
    inputs = noise_aware_input(np.array([[90.0, -45.0, np.nan, 1e4]]), 90.0, 45.0)
    assert inputs.dtype == np.float32
    assert np.allclose(inputs[0, :, 0], [0.3, -0.15, 0, 1])
    assert np.allclose(inputs[0, :, 1], [2 / 5, -1 / 5, 0, 1])
    assert np.allclose(inputs[0, :, 2], -1 / 4)
    # Without noise a hundredth counts as much as nothing.
    assert np.array_equal(noise_aware_input(np.ones((1, 2)), 90.0, 0.0), noise_aware_input(np.ones((1, 2)), 90.0, 0.9))


def test_a_wrong_precision_is_refused():
    with pytest.raises(ValueError, match="float5"):
        build_polarity_blind_network(precision="float5")
