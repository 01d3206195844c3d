"""
From a field to probabilities: the network's input, frames of any size, folding, precision and memory.
"""

import itertools
import subprocess
import sys

import keras
import numpy as np
import pytest

from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.segmentation import precision as precisions
from sunpy_solarunet.segmentation.calibration import temper
from sunpy_solarunet.segmentation.folding import fold_network
from sunpy_solarunet.segmentation.inference import (
    Predictor,
    Reach,
    noise_aware_input,
    predict_classes,
    predict_field,
    scale_field,
)
from sunpy_solarunet.segmentation.network import build_network, build_polarity_blind_network, receptive_radius
from sunpy_solarunet.segmentation.noise import estimate_noise

# Keras turns TensorFlow's variables into arrays in numpy 1's way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

PAPER_INPUT = {"scale_gauss": 300.0}
NOISE_INPUT = {"level_gauss": 90.0}


def randomized(network, seed=4):
    """The network with batch normalizations and biases as if it were trained."""
    rng = np.random.default_rng(seed)
    for layer in network.layers:
        weights = layer.get_weights()
        if isinstance(layer, keras.layers.BatchNormalization):
            width = weights[0].size
            layer.set_weights(
                [rng.uniform(0.8, 1.2, width), *rng.normal(0, 0.3, (2, width)), rng.uniform(0.5, 2, width)]
            )
        elif len(weights) == 2:
            layer.set_weights([weights[0], rng.normal(0, 0.1, weights[1].shape)])
    return network


@pytest.fixture(scope="module")
def paper():
    """The shape of the paper's network with few kernels, and batch normalizations that do something."""
    return randomized(build_network(kernels=(4, 5, 6, 7, 8), seed=2))


@pytest.fixture(scope="module")
def told_the_noise():
    return randomized(build_polarity_blind_network(kernels=(4, 5, 6, 7), seed=3))


@pytest.fixture(params=["paper", "told_the_noise"])
def network_and_input(request):
    name = request.param
    return request.getfixturevalue(name), PAPER_INPUT if name == "paper" else NOISE_INPUT


def noisy_field(shape, seed=0):
    """Noise that is weak in the south and strong in the north: no tile has that of the frame."""
    noise = np.random.default_rng(seed).normal(0, 60, shape)
    return noise * np.linspace(0.1, 3, shape[0])[:, np.newaxis]


# Input


def test_the_input_is_the_field_clipped_and_scaled():
    scaled = scale_field(np.array([[-900.0, -300.0, 150.0, np.nan, 301.0]]), 300.0)
    assert scaled.dtype == np.float32
    assert scaled.tolist() == [[-1, -1, 0.5, 0, 1]]


def test_no_data_count_as_no_field(paper):
    field = noisy_field((40, 70))
    field[3:8, 5:30] = 0
    without = field.copy()
    without[3:8, 5:30] = np.nan
    predictor = Predictor(paper, PAPER_INPUT)
    assert np.array_equal(predictor.classes(without), predictor.classes(field))


def test_the_noise_is_that_of_all_pixels_with_data(told_the_noise):
    field = noisy_field((48, 72))
    field[:12] = np.nan
    expected = predict_classes(told_the_noise, noise_aware_input(field, 90.0, estimate_noise(field)))
    found = Predictor(told_the_noise, NOISE_INPUT).classes(field)
    assert np.allclose(found, expected, atol=1e-5)
    other = predict_classes(told_the_noise, noise_aware_input(field, 90.0, estimate_noise(np.nan_to_num(field))))
    assert np.abs(other - expected).max() > 1e-3


# Frames of any size


@pytest.mark.parametrize("shape", [(1, 1), (15, 700), (16, 16), (17, 33), (700, 3)])
def test_frames_need_not_be_multiples_of_what_the_poolings_divide_by(network_and_input, shape):
    answer = Predictor(*network_and_input).classes(np.full(shape, 150.0))
    assert answer.shape == (*shape, 2)
    assert answer.dtype == np.float32
    assert np.allclose(answer.sum(axis=-1), 1, atol=1e-5)


def test_padding_mirrors_the_frame(paper):
    frame = np.random.default_rng(1).uniform(-1, 1, (40, 52, 1)).astype(np.float32)
    mirrored = np.concatenate([frame, frame[:-9:-1]], axis=0)
    mirrored = np.concatenate([mirrored, mirrored[:, :-13:-1]], axis=1)
    assert mirrored.shape == (48, 64, 1)
    whole = predict_classes(paper, mirrored)
    assert np.allclose(predict_classes(paper, frame), whole[:40, :52], atol=1e-6)


@pytest.mark.parametrize(("levels", "factor"), [(2, 2), (3, 4), (4, 8), (5, 16)])
def test_the_reach_is_that_of_the_network_s_depth(levels, factor):
    for build in (build_network, build_polarity_blind_network):
        reach = Reach.of(build(kernels=(2,) * levels))
        assert reach.factor == factor
        assert receptive_radius(levels) <= reach.halo < receptive_radius(levels) + factor
        assert reach.halo % factor == 0


def test_tiles_are_smaller_where_more_kernels_take_more_memory():
    network = build_network(kernels=(96, 2, 2), seed=1)
    shapes = []
    predictor = Predictor(network, PAPER_INPUT)
    predictor._run = lambda frames: shapes.append(frames.shape) or np.full((*frames.shape[:3], 2), 0.5)
    predictor.classes(np.zeros((8, 1600)))
    # Four times as many kernels as the largest tiles allow: half their sides.
    assert 384 < max(shape[2] for shape in shapes) <= 768
    assert len(shapes) == 3


@pytest.mark.parametrize("shape", [(301, 500), (420, 100), (77, 611)])
def test_tiles_give_what_the_whole_frame_gives(network_and_input, shape):
    network, inputs = network_and_input
    field = noisy_field(shape)
    whole = Predictor(network, inputs).classes(field)
    tiled = Predictor(network, inputs, largest_tile=2 * Reach.of(network).halo + 64).classes(field)
    assert np.ptp(whole[..., 1]) > 0.01
    assert np.abs(tiled - whole).max() < 1e-5


def test_tiles_of_the_paper_s_network():
    network = build_network(seed=5)
    scaled = np.random.default_rng(7).uniform(-1, 1, (290, 90, 1)).astype(np.float32)
    whole = predict_classes(network, scaled)
    assert np.ptp(whole[..., 1]) > 0.01
    assert np.abs(predict_classes(network, scaled, largest_tile=288) - whole).max() < 1e-5


def test_tiles_that_see_too_little_are_refused(paper):
    halo = Reach.of(paper).halo
    with pytest.raises(ValueError, match=f"more than {2 * halo}"):
        Predictor(paper, PAPER_INPUT, largest_tile=2 * halo)
    with pytest.raises(ValueError, match=f"more than {2 * halo}"):
        predict_classes(paper, np.zeros((2 * halo + 32, 40, 1), np.float32), largest_tile=2 * halo)


def test_all_tiles_have_one_shape_and_are_few(paper):
    shapes = []
    predictor = Predictor(paper, PAPER_INPUT, largest_tile=352)
    run = predictor._run
    predictor._run = lambda frames: shapes.append(frames.shape) or run(frames)
    predictor.classes(np.zeros((640, 200)))
    # Halos of 112 at both ends and 416 between them: four tiles, of 112 and two halos each.
    assert shapes == [(1, 336, 208, 1)] * 4


def test_many_frames_give_what_each_gives(network_and_input):
    predictor = Predictor(*network_and_input)
    shapes = [(20, 37)] * 3 + [(33, 20)] * 2 + [(20, 37)]
    fields = [noisy_field(shape, seed) * (1 + seed) for seed, shape in enumerate(shapes)]
    expected = [predictor.classes(field) for field in fields]
    for batch in (1, 2, 5):
        found = list(predictor.classes_of_many(iter(fields), batch=batch))
        assert [answer.shape[:2] for answer in found] == shapes
        assert all(np.allclose(one, two, atol=1e-5) for one, two in zip(found, expected, strict=True))
    assert np.abs(expected[0] - expected[1]).max() > 0.01


def test_frames_are_taken_as_they_are_needed(paper):
    taken = []
    fields = (taken.append(number) or np.zeros((16, 16)) for number in itertools.count())
    answers = Predictor(paper, PAPER_INPUT).classes_of_many(fields, batch=3)
    next(answers)
    assert taken == [0, 1, 2]


def test_the_temperature_is_that_of_the_probabilities(paper):
    field = noisy_field((32, 48))
    plain, hot = (Predictor(paper, PAPER_INPUT, temperature=value).classes(field) for value in (1.0, 2.5))
    assert np.allclose(hot, temper(plain, 2.5), atol=1e-6)
    assert np.abs(hot - 0.5).max() < np.abs(plain - 0.5).max()


# Ready for use


class Counted(keras.layers.Layer):
    """Counts how often it is called by Python: once for each compilation."""

    calls = 0

    def call(self, tensor):
        type(self).calls += 1
        return tensor


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="other backends compile for each shape")
def test_nothing_is_compiled_again_for_another_size():
    frame = keras.Input((None, None, 1))
    tensor = keras.layers.MaxPooling2D(2)(Counted()(frame))
    tensor = keras.layers.UpSampling2D(2)(keras.layers.Conv2D(3, 3, padding="same")(tensor))
    predictor = Predictor(keras.Model(frame, keras.layers.Softmax()(tensor)), PAPER_INPUT, largest_tile=64)
    before = Counted.calls
    for shape in [(20, 30), (64, 64), (11, 300), (200, 130)]:
        predictor.classes(np.zeros(shape))
    list(predictor.classes_of_many([np.zeros((20, 30))] * 4, batch=4))
    assert before > 0
    assert Counted.calls == before


def test_a_folded_network_answers_as_the_unfolded_one(network_and_input):
    network, inputs = network_and_input
    field = noisy_field((60, 90))
    plain = predict_field(network, field, inputs)
    assert np.ptp(plain[..., 1]) > 0.1
    assert np.abs(Predictor(network, inputs).classes(field) - plain).max() < 1e-5


def test_no_normalization_and_no_dropout_is_left(paper):
    left = {type(layer) for layer in fold_network(paper).layers}
    assert left.isdisjoint({keras.layers.BatchNormalization, keras.layers.Dropout})
    assert keras.layers.Conv2DTranspose in left


def test_the_network_itself_stays_as_it_is(paper):
    weights, layers = paper.get_weights(), list(paper.layers)
    folded = fold_network(paper)
    folded.set_weights([weight + 1 for weight in folded.get_weights()])
    again = fold_network(paper)
    assert list(paper.layers) == layers
    assert all(np.array_equal(one, two) for one, two in zip(paper.get_weights(), weights, strict=True))
    assert not np.array_equal(again.get_weights()[0], folded.get_weights()[0])


def agree_after_folding(network, left):
    """Whether a network answers as before, so many normalizations being left."""
    folded = fold_network(randomized(network))
    assert sum(isinstance(layer, keras.layers.BatchNormalization) for layer in folded.layers) == left
    frames = np.random.default_rng(3).uniform(-1, 1, (2, 8, 12, 1)).astype(np.float32)
    one, other = (np.asarray(model.predict_on_batch(frames)) for model in (network, folded))
    return np.ptp(one) > 0.1 and np.allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("settings", [{"scale": False}, {"center": False}, {"epsilon": 0.3}])
@pytest.mark.parametrize("use_bias", [True, False])
def test_normalizations_of_any_kind_are_folded(settings, use_bias):
    frame = keras.Input((None, None, 1))
    tensor = keras.layers.Conv2D(3, 3, padding="same", use_bias=use_bias)(frame)
    tensor = keras.layers.BatchNormalization(gamma_initializer="random_uniform", **settings)(tensor)
    network = keras.Model(frame, tensor)
    rng = np.random.default_rng(1)
    network.set_weights([rng.uniform(0.5, 2, weight.shape) for weight in network.get_weights()])
    folded = fold_network(network)
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in folded.layers)
    frames = rng.uniform(-1, 1, (2, 8, 12, 1)).astype(np.float32)
    one, other = (np.asarray(model.predict_on_batch(frames)) for model in (network, folded))
    assert np.ptp(one) > 0.1
    assert np.allclose(one, other, atol=1e-4)


def test_a_normalization_that_follows_no_plain_convolution_stays():
    frame = keras.Input((None, None, 1))
    first = keras.layers.BatchNormalization()(frame)
    bent = keras.layers.BatchNormalization()(keras.layers.Conv2D(2, 3, padding="same", activation="relu")(first))
    assert agree_after_folding(keras.Model(frame, bent), left=2)


def test_a_convolution_that_others_see_unnormalized_stays():
    frame = keras.Input((None, None, 1))
    shared = keras.layers.Conv2D(2, 3, padding="same")(frame)
    both = keras.layers.Add()([shared, keras.layers.BatchNormalization()(shared)])
    assert agree_after_folding(keras.Model(frame, both), left=1)


def test_a_chain_of_layers_is_folded_as_well():
    layers = [
        keras.Input((None, None, 1)),
        keras.layers.Conv2D(2, 3, padding="same"),
        keras.layers.BatchNormalization(),
    ]
    assert agree_after_folding(keras.Sequential(layers), left=0)


# Precision


def test_half_precision_changes_little(network_and_input):
    field = noisy_field((64, 96))
    full, half = (
        Predictor(*network_and_input, precision=precision).classes(field) for precision in ("float32", "bfloat16")
    )
    assert half.dtype == np.float32
    assert 1e-6 < np.abs(full - half).max() < 0.05


def test_the_first_convolution_and_the_decision_stay_in_full_precision(told_the_noise):
    precision = {layer.name: layer.compute_dtype for layer in fold_network(told_the_noise, "bfloat16").layers}
    assert {name for name in precision if precision[name] == "float32"} == {
        "magnetogram", "E1_1", "pixel", "pixel_1", "classes"
    }  # fmt: skip
    assert {precision[name] for name in ("E1_2", "E2_1", "Bot_2", "D1_up", "D3_concatenate", "D3_2")} == {"bfloat16"}


@pytest.mark.parametrize(
    ("instructions", "expected"),
    [
        ("avx2 amx_bf16 amx_tile", "bfloat16"),
        ("avx512_bf16", "bfloat16"),
        ("avx2 avx512f", "float32"),
        (None, "float32"),
    ],
)
def test_the_automatic_precision_is_the_processor_s(instructions, expected, tmp_path, monkeypatch):
    description = tmp_path / "cpuinfo"
    if instructions is not None:
        description.write_text(f"flags\t\t: fpu {instructions} sse2\n")
    monkeypatch.setattr(precisions, "PROCESSOR", description)
    assert precisions.choose_precision("auto") == expected
    assert precisions.choose_precision("bfloat16") == "bfloat16"


def test_an_unknown_precision_lists_those_that_exist(paper):
    with pytest.raises(SolarUnetError, match=r"unknown precision 'half'; choose one of 'float32', 'bfloat16', 'auto'"):
        Predictor(paper, PAPER_INPUT, precision="half")


# Memory

PEAK_MEMORY = """
import resource
import numpy as np
from sunpy_solarunet.segmentation.inference import Predictor
from sunpy_solarunet.segmentation.network import build_polarity_blind_network

network = build_polarity_blind_network(kernels=(24, 4, 4, 4))
field = np.random.default_rng(0).normal(0, 60, (4096, 4096))
assert Predictor(network, {"level_gauss": 90.0}).classes(field).shape == (4096, 4096, 2)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no module resource")
def test_a_frame_of_4096_pixels_takes_less_than_three_gigabytes():
    # The kernels at full resolution, which need the memory, are those of the bundled network; the others take time.
    answer = subprocess.run([sys.executable, "-c", PEAK_MEMORY], capture_output=True, text=True, check=True)
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(answer.stdout.split()[-1]) * unit < 3e9
