"""
Models on disk that something happened to: refused in a line that says which file, before they are used.
"""

import errno
import hashlib
import json
import shutil

import h5py
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sunpy_solarunet.errors import ModelError
from sunpy_solarunet.segmentation import weights as weights_module
from sunpy_solarunet.segmentation.network import build_network, build_polarity_blind_network
from sunpy_solarunet.segmentation.weights import load_model, read_specification, save_model

# Keras turns TensorFlow's variables into arrays in numpy 1's way, and warns of each layer that it does not find before
# it gives up.
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Skipping nested container:UserWarning"),
]

#: What is said of the small network.
SMALL = {"name": "small", "network": {"architecture": "paper", "kernels": [2, 3], "classes": 2}}


@pytest.fixture(scope="module")
def small_network():
    return build_network(kernels=(2, 3), seed=2)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A model of few kernels, whose files a test may copy and damage."""
    kernels = (2, 3)
    settings = {"architecture": "polarity_blind", "kernels": list(kernels)}
    network = build_polarity_blind_network(kernels=kernels, seed=1)
    folder = tmp_path_factory.mktemp("models") / "tiny"
    return save_model(network, folder, {"name": "tiny", "network": settings, "input": {"level_gauss": 90.0}})


def with_specification(folder, **entries):
    path = folder / "specification.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | entries))


@pytest.mark.parametrize(
    "entries",
    [
        {"temprature": 1.0},
        {"temperature": float("nan")},
        {"temperature": 1e300},
        {"temperature": True},
        {"temperature": [1.0]},
        {"name": 5},
        {"description": {}},
        {"sha256": ["a"]},
        {"date": 2026},
        {"input": {"level_gauss": 90.0, "scale_gauss": 300.0}},
        {"input": {"level_gauss": "90"}},
        {"input": {"level_gauss": 1e300}},
        {"probability": 0},
        {"probability": 1.0},
        {"probability": "0.5"},
        {"polarity_threshold_gauss": None},
        {"polarity_threshold_gauss": -1},
        {"arcsec_per_pixel": -3},
        {"field_range_gauss": [300.0]},
        {"field_range_gauss": [300.0, -300.0]},
        {"noise_range_gauss": {"low": 1}},
        {"validation": 3},
    ],
)
def test_a_specification_that_makes_no_sense_is_told_with_its_entry(tiny, tmp_path, entries):
    folder = shutil.copytree(tiny, tmp_path / "mine")
    with_specification(folder, **entries)
    (name, value), *_ = entries.items()
    names = "|".join([name, *value] if isinstance(value, dict) else [name])
    with pytest.raises(ModelError, match=rf"specification\.json: .*({names})") as told:
        read_specification(folder)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("text", ["[" * 100_000, " " * 2_000_000 + "{}", '{"temperature": ' + "9" * 5000 + "}"])
def test_a_specification_that_no_training_wrote(tiny, tmp_path, text):
    folder = shutil.copytree(tiny, tmp_path / "mine")
    (folder / "specification.json").write_text(text)
    with pytest.raises(ModelError, match=r"no readable specification\.json"):
        read_specification(folder)


@pytest.mark.parametrize(
    ("network", "message"),
    [
        ({"kernels": "abc"}, "kernels must be a list"),
        ({"kernels": [4096] * 8}, "too small"),
        ({"kernels": [2, 3, 4]}, "not weights of this network"),
        ({"kernels": [2, 4]}, "not weights of this network"),
        ({"architecture": "paper"}, "input is that of another architecture"),
        ({"architecture": ["paper"]}, "unknown architecture"),
        ({"classes": 3}, "cannot be built"),
        ({"precision": "float8"}, "unknown precision"),
    ],
)
def test_a_network_that_is_not_that_of_the_weights(tiny, tmp_path, network, message):
    folder = shutil.copytree(tiny, tmp_path / "mine")
    with_specification(folder, network=read_specification(folder)["network"] | network)
    with pytest.raises(ModelError, match=message):
        load_model(folder)


def with_weights(folder, change):
    """Change each array of the weights, and have the specification believe it."""
    path = folder / "model.weights.h5"
    with h5py.File(path, "r+") as stored:
        names = []
        stored.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        for name in names:
            changed = change(stored[name][()])
            del stored[name]
            if changed is not None:
                stored[name] = changed
    with_specification(folder, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda values: np.full_like(values, np.nan), "no training leaves"),
        (lambda values: np.full_like(values, -np.inf), "no training leaves"),
        (lambda values: np.full(values.shape, 3e38), "probabilities"),
        (lambda values: values[..., :1], "not weights of this network"),
        (lambda values: np.full(values.shape, b"x"), "not weights of this network"),
        (lambda values: None, "not weights of this network"),
    ],
    ids=["not a number", "infinite", "huge", "cut", "text", "missing"],
)
def test_weights_that_no_training_leaves(tiny, tmp_path, change, message):
    folder = shutil.copytree(tiny, tmp_path / "mine")
    with_weights(folder, change)
    with pytest.raises(ModelError, match=rf"model\.weights\.h5: .*{message}") as told:
        load_model(folder)
    assert "\n" not in str(told.value)


def test_a_variance_is_not_negative(small_network, tmp_path):
    folder = save_model(small_network, tmp_path / "mine", SMALL)
    with_weights(folder, lambda values: -np.abs(values) - 1)
    with pytest.raises(ModelError, match="moving_variance holds numbers that no training leaves"):
        load_model(folder)


@given(st.integers(0, 10**6), st.integers(0, 255))
@settings(max_examples=20, deadline=None)
def test_weights_that_are_cut_or_changed_anywhere_are_refused(tiny, tmp_path_factory, place, value):
    folder = shutil.copytree(tiny, tmp_path_factory.mktemp("models") / "mine")
    content = bytearray((tiny / "model.weights.h5").read_bytes())
    place %= len(content)
    content[place] = value if value != content[place] else value ^ 1
    for damaged in (content, content[:place]):
        (folder / "model.weights.h5").write_bytes(damaged)
        with pytest.raises(ModelError):
            load_model(folder)


@pytest.mark.parametrize(
    ("last", "message"),
    [
        (keras.layers.Conv2D(2, 3, padding="same"), "probabilities of two or three classes"),
        (keras.layers.Conv2D(1, 3, padding="same", activation="sigmoid"), "probabilities of two or three classes"),
        (keras.layers.Conv2D(2, 3, activation="softmax"), "probabilities of two or three classes"),
        (keras.layers.Lambda(lambda frame: frame), "not a Keras model"),
    ],
    ids=["no softmax", "one class", "another size", "code"],
)
def test_a_keras_file_must_give_each_pixel_the_probabilities_of_classes(tmp_path, last, message):
    frame = keras.Input((None, None, 1))
    keras.Model(frame, last(frame)).save(tmp_path / "other.keras")
    with pytest.raises(ModelError, match=message):
        load_model(tmp_path / "other.keras")


def test_a_keras_file_of_one_size_is_refused(tmp_path):
    frame = keras.Input((64, 64, 1))
    answer = keras.layers.Conv2D(2, 3, padding="same", activation="softmax")(frame)
    keras.Model(frame, answer).save(tmp_path / "fixed.keras")
    with pytest.raises(ModelError, match="does not take magnetograms of any size"):
        load_model(tmp_path / "fixed.keras")


def test_kernels_beyond_half_precision_are_kept_in_full(small_network, tmp_path):
    weights = small_network.get_weights()
    larger = keras.models.clone_model(small_network)
    larger.set_weights([1e5 * weights[0], *weights[1:]])
    loaded = load_model(save_model(larger, tmp_path / "mine", SMALL))
    assert np.array_equal(loaded.get_weights()[0], 1e5 * weights[0])


def test_a_model_that_cannot_be_saved_leaves_the_one_before(small_network, tmp_path, monkeypatch):
    folder = save_model(small_network, tmp_path / "mine", SMALL)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def fill_the_disk(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(weights_module, "_copy_halved", fill_the_disk)
    with pytest.raises(OSError, match="the disk is full"):
        save_model(small_network, folder, SMALL | {"name": "other"})
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
