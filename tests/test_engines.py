"""
Engines: OpenVINO gives what Keras gives, in frames of any size, or says why it cannot be had.
"""

import importlib.util

import keras
import numpy as np
import pytest
from helpers import frame_of

from sunpy_solarunet import Segmenter
from sunpy_solarunet.errors import ModelError, SolarUnetError
from sunpy_solarunet.segmentation import engines, precision
from sunpy_solarunet.segmentation.engines import choose_engine, compiled
from sunpy_solarunet.segmentation.inference import Predictor
from sunpy_solarunet.segmentation.network import build_network, build_polarity_blind_network

# Keras turns TensorFlow's variables into arrays in numpy 1's way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

needs_openvino = pytest.mark.skipif(importlib.util.find_spec("openvino") is None, reason="OpenVINO is not installed")


@pytest.fixture
def as_if_installed(monkeypatch):
    monkeypatch.setattr(engines.importlib.util, "find_spec", lambda name: True)


def test_an_engine_that_does_not_exist_is_told():
    with pytest.raises(SolarUnetError, match="unknown engine 'openvin'; did you mean 'openvino'"):
        Segmenter(engine="openvin")


def test_an_engine_that_is_not_installed_is_told_how_to_get(monkeypatch):
    monkeypatch.setattr(engines.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r'not installed: pip install "sunpy_solarunet\[openvino\]"'):
        Segmenter(engine="openvino")


def test_openvino_computes_in_full_precision_on_processors(as_if_installed, monkeypatch):
    with pytest.raises(SolarUnetError, match="in float32: give precision='float32', not 'bfloat16'"):
        Segmenter(engine="openvino", precision="bfloat16")
    with pytest.raises(SolarUnetError, match="not on gpu:0"):
        Segmenter(engine="openvino", device="gpu:0")
    assert choose_engine("openvino", device="cpu:0") == "openvino"
    monkeypatch.setattr(precision.Path, "is_file", lambda path: True)
    monkeypatch.setattr(precision.Path, "read_text", lambda path: "amx_bf16")
    assert precision.choose_precision("auto") == "bfloat16"
    assert precision.choose_precision("auto", engine="openvino") == "float32"


def test_openvino_takes_networks_of_tensorflow(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ModelError, match="KERAS_BACKEND=tensorflow"):
        compiled(build_network(kernels=(2, 3)), "openvino")


def test_the_engine_is_told_with_the_other_parameters(as_if_installed):
    segmenter = Segmenter(engine="openvino")
    assert segmenter.engine == segmenter.meta["engine"] == "openvino"
    assert repr(segmenter) == "Segmenter(engine='openvino')"
    assert segmenter != Segmenter()


@needs_openvino
@pytest.mark.parametrize(
    ("network", "inputs"),
    [
        (build_network(kernels=(4, 5, 6), seed=2), {"scale_gauss": 300.0}),
        (build_polarity_blind_network(kernels=(4, 5, 6), seed=2), {"level_gauss": 90.0}),
    ],
    ids=["paper", "told the noise"],
)
def test_openvino_gives_what_keras_gives(network, inputs):
    by_keras, by_openvino = (Predictor(network, inputs, engine=engine, largest_tile=96) for engine in engines.ENGINES)
    rng = np.random.default_rng(0)
    for shape in ((1, 1), (33, 70), (150, 41)):
        field = rng.normal(0, 150, shape)
        one, other = by_keras.classes(field), by_openvino.classes(field)
        assert other.dtype == np.float32
        assert np.abs(one - other).max() < 1e-5
    assert np.ptp(one) > 0.01
    many = list(by_openvino.classes_of_many([field, 2 * field], batch=2))
    assert np.abs(many[1] - by_keras.classes(2 * field)).max() < 1e-5


@needs_openvino
def test_the_features_are_those_of_keras():
    rng = np.random.default_rng(1)
    field = rng.normal(0, 30, (64, 90))
    field[20:30, 15:24] += 400
    field[40:48, 60:75] -= 250
    one, other = (Segmenter(engine=engine)(frame_of(field)) for engine in engines.ENGINES)
    assert len(one) >= 2
    assert np.array_equal(one.labels, other.labels)
