"""
`Segmenter`: from a magnetogram to its features, by the network and by the classical methods.
"""

import importlib.util
import inspect
import json
import pickle
import shutil
import subprocess
import sys

import astropy.units as u
import numpy as np
import pytest
from helpers import frame_of, planted_field, two_elements
from scipy import ndimage
from sunpy.map import GenericMap, Map

from sunpy_solarunet import FeatureCatalog, Segmenter
from sunpy_solarunet.errors import MagnetogramError, ModelError, SolarUnetError, SolarUnetWarning
from sunpy_solarunet.segmentation import precision
from sunpy_solarunet.segmentation.segmenter import METHODS

# Keras turns TensorFlow's variables into arrays in numpy 1's way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

CLASSICAL = sorted(set(METHODS) - {"network"})


@pytest.fixture(scope="module")
def network_folder(tmp_path_factory):
    """A model of the paper's network that calls about half of all pixels significant."""
    from sunpy_solarunet.segmentation.network import build_network
    from sunpy_solarunet.segmentation.weights import save_model

    return save_model(build_network(seed=3), tmp_path_factory.mktemp("models") / "untrained", {"name": "untrained"})


@pytest.fixture(scope="module")
def by_network(network_folder):
    return Segmenter(model=network_folder)


@pytest.fixture(scope="module")
def told_the_noise(tmp_path_factory):
    """A model of the network that is told the noise, which calls about half of all pixels significant."""
    from sunpy_solarunet.segmentation.network import build_polarity_blind_network
    from sunpy_solarunet.segmentation.weights import save_model

    network = build_polarity_blind_network(kernels=(6, 6, 6, 6), seed=3)
    settings = {"architecture": "polarity_blind", "kernels": [6, 6, 6, 6]}
    specification = {
        "name": "told",
        "network": settings,
        "input": {"level_gauss": 90.0},
        "probability": 0.4,
        "polarity_threshold_gauss": 0.0,
    }
    return save_model(network, tmp_path_factory.mktemp("models") / "told", specification)


@pytest.fixture(scope="module")
def three_classes(tmp_path_factory):
    """A model of the paper's network with the three classes none, positive and negative."""
    from sunpy_solarunet.segmentation.network import build_network
    from sunpy_solarunet.segmentation.weights import save_model

    kernels = (2, 3, 4, 5, 6)
    network = build_network(kernels=kernels, classes=3, seed=5)
    settings = {"architecture": "paper", "kernels": list(kernels), "classes": 3}
    specification = {"name": "three", "network": settings, "polarity_threshold_gauss": 0.0, "probability": 0.6}
    return save_model(network, tmp_path_factory.mktemp("models") / "three", specification)


def patch(gauss, pixels=12):
    """A frame with one element of this field and number of pixels in row 3."""
    return frame_of(planted_field((8, 30), (3, slice(5, 5 + pixels), gauss)))


# Defaults


def test_thresholds_that_are_not_given_are_those_of_the_paper_and_of_swamis(network_folder):
    assert Segmenter(model=network_folder).meta["polarity_threshold"] == "150 G"
    assert Segmenter(method="threshold").meta["threshold"] == "150 G"
    for method in ("hysteresis", "downhill"):
        meta = Segmenter(method=method).meta
        assert (meta["threshold"], meta["low"], meta["polarity_threshold"]) == ("300 G", "100 G", "0 G")
    assert Segmenter(method="threshold").min_pixels == 10


def test_low_is_no_higher_than_a_threshold_below_it():
    assert Segmenter(method="hysteresis", threshold=60 * u.G).meta["low"] == "60 G"


def test_a_threshold_may_be_in_any_unit_of_field():
    assert Segmenter(method="threshold", threshold=20 * u.mT).meta["threshold"] == "200 G"
    assert Segmenter(method="threshold", threshold=200 * u.Mx / u.cm**2).meta["threshold"] == "200 G"


def test_the_network_is_what_one_gets_without_asking(network_folder):
    assert Segmenter(model=network_folder).method == "network"


# Parameters


def test_every_parameter_can_be_read_back_as_it_is_in_force(told_the_noise):
    by_hysteresis = Segmenter("hysteresis", threshold=30 * u.mT, min_pixels=3, area="surface", device="cpu:0")
    by_network = Segmenter(model=told_the_noise, polarity_threshold=5 * u.G, flips=1)
    for segmenter, expected in (
        (
            by_hysteresis,
            {
                "method": "hysteresis", "model": None, "threshold": 300 * u.G, "low": 100 * u.G,
                "polarity_threshold": 0 * u.G, "min_pixels": 3, "probability": None, "flips": False,
                "precision": "float32", "engine": "keras", "area": "surface", "device": "cpu:0",
            },
        ),
        (
            by_network,
            {
                "method": "network", "model": told_the_noise, "threshold": 90 * u.G, "low": None,
                "polarity_threshold": 5 * u.G, "min_pixels": 10, "probability": 0.4, "flips": True,
                "precision": "float32", "engine": "keras", "area": "sky", "device": None,
            },
        ),
    ):  # fmt: skip
        assert {name: getattr(segmenter, name) for name in expected} == expected
        assert set(expected) == set(inspect.signature(Segmenter).parameters)


def test_no_parameter_is_a_method_too():
    segmenter = Segmenter("threshold")
    assert not any(callable(getattr(segmenter, name)) for name in inspect.signature(Segmenter).parameters)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, "Segmenter()"),
        ({"threshold": 90 * u.G, "probability": None, "precision": "float32"}, "Segmenter()"),
        ({"model": "solarunet-paper", "probability": 0.5}, "Segmenter(model='solarunet-paper')"),
        ({"method": "hysteresis", "low": 0.01 * u.T}, "Segmenter(method='hysteresis')"),
        (
            {"method": "downhill", "threshold": 250.5 * u.G, "min_pixels": 3},
            "Segmenter(method='downhill', threshold=250.5 G, min_pixels=3)",
        ),
    ],
)
def test_a_segmenter_shows_in_a_line_what_differs_from_the_default(arguments, text):
    assert repr(Segmenter(**arguments)) == text


def test_segmenters_of_the_same_parameters_are_equal():
    plain, spelt_out = Segmenter("threshold"), Segmenter("threshold", threshold=15 * u.mT, min_pixels=10.0)
    assert plain == spelt_out == pickle.loads(pickle.dumps(plain))
    assert len({plain, spelt_out}) == 1
    assert plain != Segmenter("threshold", threshold=151 * u.G)
    assert plain != Segmenter("threshold", area="surface")
    assert plain != "threshold"


def test_a_model_is_the_same_by_whatever_name(network_folder, tmp_path):
    again = shutil.copytree(network_folder, tmp_path / "again")
    assert Segmenter(model=network_folder) == Segmenter(model=str(network_folder)) == Segmenter(model=again)
    assert Segmenter(model=network_folder) != Segmenter()


def test_in_a_notebook_a_segmenter_is_a_table_of_its_parameters(network_folder, tmp_path):
    folder = shutil.copytree(network_folder, tmp_path / "<b>mine")
    text = Segmenter(model=folder)._repr_html_()
    assert "<th>min_pixels</th><td>10</td>" in text
    assert "<th>polarity_threshold</th><td>150 G</td>" in text
    assert "&lt;b&gt;mine" in text
    assert "<b>" not in text


# What is found


@pytest.mark.parametrize("method", CLASSICAL)
def test_two_planted_elements_are_found(method):
    # Downhill may divide what is of one field all over.
    smallest = 1 if method == "downhill" else 10
    catalog = Segmenter(method, threshold=150 * u.G, min_pixels=smallest)(frame_of(two_elements()))
    assert isinstance(catalog, FeatureCatalog)
    if method != "downhill":
        assert catalog.n_pixels.tolist() == [21, 12]
    assert np.array_equal(catalog.labels > 0, np.abs(two_elements()) > 150)
    assert np.all(np.sign(catalog.flux.value) == catalog.polarity)


@pytest.mark.parametrize(("gauss", "number"), [(150.0, 0), (150.001, 1), (-150.0, 0), (-150.001, 1)])
def test_150_gauss_exactly_is_no_feature(gauss, number):
    assert len(Segmenter("threshold")(patch(gauss))) == number
    with_polarity = Segmenter("threshold", threshold=50 * u.G, polarity_threshold=150 * u.G)
    assert len(with_polarity(patch(gauss))) == number


@pytest.mark.parametrize(("pixels", "number"), [(9, 0), (10, 1)])
def test_features_of_fewer_than_ten_pixels_are_noise(pixels, number):
    assert len(Segmenter("threshold")(patch(200.0, pixels))) == number


def test_smaller_features_can_be_asked_for():
    assert len(Segmenter("threshold", min_pixels=1)(patch(200.0, 1))) == 1


def test_opposite_signs_that_touch_are_two_features_joined_by_corners():
    field = planted_field((9, 20), (slice(2, 4), slice(3, 8), 300.0), (slice(2, 4), slice(8, 13), -300.0))
    field[4:6, 13:18] = -300
    catalog = Segmenter("threshold")(frame_of(field))
    assert catalog.n_pixels.tolist() == [10, 20]
    assert catalog.polarity.tolist() == [1, -1]


def test_hysteresis_keeps_weak_pixels_around_strong_ones():
    field = planted_field((9, 40), (4, slice(3, 15), 120.0), (4, slice(20, 32), 120.0), (4, 25, 310.0))
    (feature,) = Segmenter("hysteresis")(frame_of(field))
    assert feature.n_pixels == 12
    assert feature.x > 20 * u.pix


def test_downhill_divides_what_hysteresis_joins():
    field = planted_field((9, 40), (slice(3, 5), slice(3, 15), 120.0), (3, 4, 400.0), (3, 13, 350.0))
    field[3:5, 8] = 110
    for column in range(5, 13):
        field[3:5, column] = 120 + 10 * abs(column - 8)
    frame = frame_of(field)
    assert len(Segmenter("hysteresis", min_pixels=2)(frame)) == 1
    assert len(Segmenter("downhill", min_pixels=2)(frame)) == 2


def test_the_area_goes_into_the_catalog():
    assert Segmenter("threshold", area="surface")(patch(200.0)).area_kind == "surface"


def test_the_parameters_go_into_the_table():
    meta = Segmenter("hysteresis", threshold=250 * u.G, min_pixels=3)(patch(400.0)).to_table().meta
    assert meta["method"] == "hysteresis"
    assert meta["threshold"] == "250 G"
    assert meta["low"] == "100 G"
    assert meta["min_pixels"] == 3


def test_the_same_input_gives_the_same_output(gst_frames, network_folder):
    cutout = gst_frames[0].submap([300, 280] * u.pix, width=69 * u.pix, height=49 * u.pix)
    for first, second in [
        (Segmenter("downhill"), Segmenter("downhill")),
        (Segmenter(model=network_folder), Segmenter(model=network_folder)),
    ]:
        assert np.array_equal(first(cutout).labels, second(cutout).labels)
        assert np.array_equal(first(cutout).flux, second(cutout).flux)


def test_the_published_mask_is_a_threshold_of_150_gauss(gst_frames, gst_three_class_masks):
    for frame, published in zip(gst_frames, gst_three_class_masks, strict=True):
        found = Segmenter("threshold").mask(frame).data
        assert np.mean(found != published) < 0.05
        significant = published != 0
        assert np.array_equal(found[significant], published[significant])


def test_the_field_in_any_unit_has_the_same_features():
    gauss = Segmenter("threshold")(frame_of(two_elements()))
    tesla = Segmenter("threshold")(frame_of(two_elements() * 1e-4, unit=u.T))
    assert np.array_equal(gauss.labels, tesla.labels)
    assert np.allclose(gauss.flux, tesla.flux, rtol=1e-12)


def test_a_sharp_has_features(sharp_map):
    catalog = Segmenter("hysteresis")(sharp_map)
    strong = np.abs(sharp_map.data) > 300
    assert np.count_nonzero(catalog.labels[strong] == 0) < 0.05 * np.count_nonzero(strong)
    assert len(catalog) > 10


# Arguments that make no sense


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "watershed"}, "unknown method 'watershed'.*'network', 'threshold', 'hysteresis', 'downhill'"),
        ({"method": "threshold", "area": "disk"}, "unknown area 'disk'.*'sky', 'surface'"),
        ({"method": "threshold", "low": 50 * u.G}, "method 'threshold' has no low"),
        ({"method": "hysteresis", "low": 400 * u.G}, "low is 400.*above the threshold of 300"),
        ({"method": "hysteresis", "threshold": 200 * u.G, "low": 201 * u.G}, "above the threshold of 200"),
        ({"method": "threshold", "threshold": -5 * u.G}, "threshold must not be negative"),
        ({"method": "threshold", "threshold": np.nan * u.G}, "threshold must be finite"),
        (
            {"method": "network", "model": "solarunet-paper", "threshold": 90 * u.G},
            "'solarunet-paper' has no threshold",
        ),
        ({"method": "threshold", "min_pixels": 0}, "at least 1, got 0"),
        ({"method": "threshold", "min_pixels": 2.5}, "whole number.*2.5"),
        ({"method": "threshold", "probability": 0}, "between 0 and 1"),
        ({"method": "threshold", "probability": 1.0}, "between 0 and 1"),
    ],
)
def test_arguments_out_of_their_range_are_refused(arguments, message):
    with pytest.raises(SolarUnetError, match=message):
        Segmenter(**arguments)


@pytest.mark.parametrize("name", ["threshold", "low", "polarity_threshold"])
def test_a_threshold_without_a_unit_is_told_which(name):
    with pytest.raises(TypeError, match=f"{name} needs a unit.*{name}=20 \\* u.G"):
        Segmenter("hysteresis", **{name: 20})


def test_a_threshold_that_is_no_field_is_refused():
    with pytest.raises(u.UnitConversionError, match=r"threshold is in km.*to G"):
        Segmenter("threshold", threshold=20 * u.km)


def test_the_network_of_the_paper_has_no_threshold(network_folder):
    with pytest.raises(SolarUnetError, match=r"network 'untrained' has no threshold"):
        Segmenter(model=network_folder, threshold=20 * u.G)


def test_a_network_that_is_told_the_noise_has_a_threshold(told_the_noise):
    assert Segmenter(model=told_the_noise).meta["threshold"] == "90 G"
    assert Segmenter(model=told_the_noise, threshold=2 * u.mT).meta["threshold"] == "20 G"
    with pytest.raises(SolarUnetError, match="needs a threshold above zero"):
        Segmenter(model=told_the_noise, threshold=0 * u.G)


def test_an_unknown_model_is_refused_when_it_is_named():
    with pytest.raises(ModelError, match=r"unknown model 'solarnet'; choose one of"):
        Segmenter(model="solarnet")


def test_an_unknown_device_lists_those_that_exist(network_folder):
    with pytest.raises(ModelError, match=r"'tpu:7'.*cpu:0"):
        Segmenter(model=network_folder, device="tpu:7")(patch(200.0))


@pytest.mark.parametrize("method", CLASSICAL)
def test_only_the_network_has_a_probability(method):
    with pytest.raises(SolarUnetError, match=f"method '{method}' has no probability: use method='network'"):
        Segmenter(method).probabilities(patch(200.0))


def test_an_array_is_no_magnetogram():
    with pytest.raises(TypeError, match=r"sunpy\.map\.Map"):
        Segmenter("threshold")(two_elements())


def test_a_map_of_another_quantity_is_no_magnetogram():
    frame = patch(200.0)
    with pytest.raises(MagnetogramError, match=r"unit is K"):
        Segmenter("threshold")(Map(frame.data, dict(frame.meta) | {"bunit": "K"}))


# Frames with nothing in them


@pytest.mark.parametrize("field", [np.full((20, 30), np.nan), np.zeros((20, 30))], ids=["not a number", "zeros"])
@pytest.mark.parametrize("method", CLASSICAL)
def test_a_frame_without_data_warns_and_is_empty(method, field):
    with pytest.warns(SolarUnetWarning, match=r"has no data"):
        catalog = Segmenter(method)(frame_of(field))
    assert len(catalog) == 0
    assert len(catalog.to_table()) == 0


def test_a_masked_frame_warns_and_is_empty():
    frame = patch(200.0)
    with pytest.warns(SolarUnetWarning, match=r"has no data"):
        assert len(Segmenter("threshold")(Map(frame.data, frame.meta, mask=np.ones(frame.data.shape, bool)))) == 0


@pytest.mark.parametrize(("gauss", "number"), [(50.0, 0), (200.0, 1), (-200.0, 1)])
def test_a_constant_frame_warns(gauss, number):
    with pytest.warns(SolarUnetWarning, match=f"constant: {gauss:g} G everywhere"):
        assert len(Segmenter("threshold")(frame_of(np.full((20, 30), gauss)))) == number


def test_the_network_on_a_frame_without_data_warns_and_is_empty(by_network):
    with pytest.warns(SolarUnetWarning, match=r"has no data"):
        assert len(by_network(frame_of(np.full((20, 30), np.nan)))) == 0


def test_a_quiet_frame_is_empty_without_a_warning():
    rng = np.random.default_rng(0)
    assert len(Segmenter("threshold")(frame_of(rng.normal(0, 10, (20, 30))))) == 0


@pytest.mark.parametrize("method", CLASSICAL)
@pytest.mark.parametrize("shape", [(1, 1), (15, 700)])
def test_frames_of_any_size(method, shape):
    field = np.random.default_rng(1).normal(0, 200, shape)
    assert Segmenter(method, min_pixels=1)(frame_of(field)).labels.shape == shape


# The network


@pytest.mark.parametrize("shape", [(1, 1), (15, 700)])
def test_the_network_takes_frames_of_any_size(by_network, shape):
    field = np.random.default_rng(1).normal(0, 200, shape)
    probability = by_network.probabilities(frame_of(field))
    assert probability.data.shape == shape
    assert np.all((probability.data >= 0) & (probability.data <= 1))
    assert by_network(frame_of(field)).labels.shape == shape


@pytest.fixture(scope="module")
def active_frame():
    """Noise of 200 G with a gap in it, 50 rows and 70 columns."""
    field = np.random.default_rng(2).normal(0, 200, (50, 70))
    field[20:24, 60:66] = np.nan
    field[:8, :9] = 0
    return frame_of(field, padding=True)


def test_significant_pixels_are_those_above_the_probability_and_the_polarity_threshold(by_network, active_frame):
    probability, field = by_network.probabilities(active_frame).data, active_frame.data
    assert 0.05 < np.nanmean(probability > 0.5) < 0.95
    expected = (probability > 0.5) * (field > 150).astype(int) - (probability > 0.5) * (field < -150)
    assert np.array_equal(by_network.mask(active_frame).data, expected)
    labels = by_network(active_frame).labels
    for sign in (1, -1):
        pieces, number = ndimage.label(expected == sign, np.ones((3, 3)))
        large = [piece for piece in range(1, number + 1) if np.count_nonzero(pieces == piece) >= 10]
        assert np.array_equal((labels > 0) & (expected == sign), np.isin(pieces, large))


def test_a_higher_probability_finds_less(network_folder, by_network, active_frame):
    strict = Segmenter(model=network_folder, probability=0.6).mask(active_frame).data != 0
    plain = by_network.mask(active_frame).data != 0
    assert np.count_nonzero(strict) < np.count_nonzero(plain)
    assert np.all(plain[strict])


def test_the_cut_is_the_model_s_own_if_not_given(told_the_noise, active_frame):
    segmenter = Segmenter(model=told_the_noise)
    assert segmenter.meta["probability"] == 0.4
    significant = segmenter.mask(active_frame).data != 0
    probability = np.nan_to_num(segmenter.probabilities(active_frame).data)
    assert np.array_equal(significant, probability > 0.4)
    assert 0 < significant.mean() < 1


def test_without_a_cut_each_frame_has_its_own(told_the_noise, tmp_path, active_frame):
    folder = shutil.copytree(told_the_noise, tmp_path / "own")
    specification = json.loads((folder / "specification.json").read_text())
    (folder / "specification.json").write_text(json.dumps(specification | {"probability": None}))
    segmenter = Segmenter(model=folder)
    assert segmenter.meta["probability"] == "best expected"
    probability = segmenter.probabilities(active_frame).data
    # What is expected of a cut, written out pixel by pixel.
    p = probability[np.isfinite(probability)]
    cuts = np.arange(35, 51) / 100
    expected = [p[p > cut].sum() / (np.count_nonzero(p > cut) + p[p <= cut].sum()) for cut in cuts]
    significant = np.nan_to_num(probability) > cuts[np.argmax(expected)]
    assert np.array_equal(segmenter.mask(active_frame).data != 0, significant)


def test_field_threshold_and_noise_may_all_be_larger_by_the_same_factor(told_the_noise, active_frame):
    larger = frame_of(4 * active_frame.data, padding=True)
    one = Segmenter(model=told_the_noise, threshold=90 * u.G).probabilities(active_frame).data
    other = Segmenter(model=told_the_noise, threshold=360 * u.G).probabilities(larger).data
    assert np.nanstd(one) > 0.01
    assert np.allclose(one, other, atol=1e-5, equal_nan=True)
    assert not np.allclose(one, Segmenter(model=told_the_noise).probabilities(larger).data, atol=1e-3, equal_nan=True)


def test_a_magnetogram_and_its_negative_have_the_same_probability_and_opposite_signs(told_the_noise, active_frame):
    segmenter, negative = Segmenter(model=told_the_noise), frame_of(-active_frame.data, padding=True)
    one, other = (segmenter.probabilities(frame).data for frame in (active_frame, negative))
    assert np.allclose(one, other, atol=1e-6, equal_nan=True)
    agree = np.abs(np.nan_to_num(one) - 0.4) > 1e-5
    positive, opposite = (segmenter.mask(frame).data for frame in (active_frame, negative))
    assert np.array_equal(positive[agree], -opposite[agree])
    assert (positive == 1).any()
    assert (positive == -1).any()


@pytest.mark.parametrize("quarters", range(4))
@pytest.mark.parametrize("mirrored", [False, True])
def test_with_flips_a_turned_magnetogram_has_the_turned_answer(told_the_noise, quarters, mirrored):
    field = np.random.default_rng(4).normal(0, 200, (48, 64))

    def turned(image):
        return np.rot90(image[::-1] if mirrored else image, quarters)

    for flips, same in ((True, True), (False, quarters == 0 and not mirrored)):
        segmenter = Segmenter(model=told_the_noise, flips=flips)
        upright = segmenter.probabilities(frame_of(field)).data
        other = segmenter.probabilities(frame_of(turned(field).copy())).data
        assert np.allclose(other, turned(upright), atol=1e-5) == same


def test_noise_does_not_decide_on_the_sign_within_an_element(told_the_noise):
    field = planted_field((40, 60), (slice(8, 32), slice(10, 50), 150.0)) + np.random.default_rng(1).normal(
        0, 120, (40, 60)
    )
    inside = (slice(10, 30), slice(12, 48))
    assert np.mean(field[inside] < 0) > 0.08
    mask = Segmenter(model=told_the_noise, probability=1e-6).mask(frame_of(field)).data
    assert np.mean(mask[inside] == -1) < 0.01


def test_three_classes_bring_their_own_sign(three_classes, active_frame):
    from sunpy_solarunet.segmentation.inference import predict_field
    from sunpy_solarunet.segmentation.weights import load_model

    segmenter = Segmenter(model=three_classes)
    classes = predict_field(load_model(three_classes), active_frame.data, {"scale_gauss": 300.0})
    expected = np.where(classes[..., 1] > classes[..., 2], 1, -1) * (1 - classes[..., 0] > 0.6)
    valid = ~np.isnan(segmenter.probabilities(active_frame).data)
    assert np.array_equal(segmenter.mask(active_frame).data[valid], expected[valid])
    assert set(np.unique(expected)) == {-1, 0, 1}


def test_features_carry_the_mean_probability_of_their_pixels(network_folder, by_network, active_frame):
    catalog = Segmenter(model=network_folder, min_pixels=2)(active_frame)
    probability = by_network.probabilities(active_frame).data
    expected = [probability[catalog.labels == label].mean() for label in catalog.label]
    assert len(expected) > 3
    assert np.allclose(catalog.probability, expected)
    assert np.allclose(catalog.to_table()["probability"], expected)
    assert np.isnan(Segmenter("threshold")(active_frame).probability).all()


@pytest.mark.parametrize("method", ["threshold", "downhill"])
def test_an_array_has_the_labels_of_its_map(method):
    frame = frame_of(two_elements())
    segmenter = Segmenter(method, min_pixels=2)
    assert np.array_equal(segmenter.labels(two_elements()), segmenter(frame).labels)


def test_many_magnetograms_are_taken_one_after_the_other():
    taken = []

    def frames():
        for number in range(6):
            taken.append(number)
            yield patch(200.0, 10 + number)

    sizes = []
    for catalog in Segmenter("threshold").catalogs(frames()):
        # Two are read ahead, and no more.
        assert len(taken) <= len(sizes) + 4
        sizes += catalog.n_pixels.tolist()
    assert sizes == [10, 11, 12, 13, 14, 15]


def test_probability_and_mask_are_maps_in_the_same_place(by_network, active_frame):
    for derived in (by_network.probabilities(active_frame), by_network.mask(active_frame)):
        assert isinstance(derived, GenericMap)
        assert derived.data.shape == active_frame.data.shape
        assert derived.wcs.wcs.compare(active_frame.wcs.wcs)
        assert derived.date == active_frame.date
        assert derived.unit is None
    no_data = np.zeros((50, 70), bool)
    no_data[20:24, 60:66] = no_data[:8, :9] = True
    assert np.array_equal(np.isnan(by_network.probabilities(active_frame).data), no_data)
    assert np.all(by_network.mask(active_frame).data[no_data] == 0)
    assert set(np.unique(by_network.mask(active_frame).data)) == {-1, 0, 1}


def test_derived_maps_of_hmi_keep_their_place(hmi_frames):
    frame = hmi_frames[0]
    derived = Segmenter("threshold", threshold=20 * u.G).mask(frame)
    assert derived.unit is None
    one, other = (m.pixel_to_world(3 * u.pix, 70 * u.pix) for m in (frame, derived))
    assert one.separation(other) < 1e-6 * u.arcsec


def test_the_model_is_named_in_the_meta(by_network):
    assert by_network.meta["model"] == "untrained"
    assert by_network.meta["probability"] == 0.5
    assert len(by_network.meta["model_sha256"]) == 64


def test_the_meta_says_which_precision_auto_was(network_folder, monkeypatch):
    for instructions, expected in (("fpu amx_bf16", "bfloat16"), ("fpu", "float32")):
        monkeypatch.setattr(precision.Path, "read_text", lambda path, text=instructions: text)
        monkeypatch.setattr(precision.Path, "is_file", lambda path: True)
        assert precision.choose_precision("auto") == expected
        monkeypatch.undo()
    automatic = Segmenter(model=network_folder, precision="auto")
    assert automatic.meta["precision"] == precision.choose_precision("auto")


def test_the_cpu_can_be_asked_for(network_folder, by_network, active_frame):
    on_cpu = Segmenter(model=network_folder, device="cpu:0")
    assert np.array_equal(on_cpu.mask(active_frame).data, by_network.mask(active_frame).data)


# Imports


@pytest.mark.parametrize(
    "module", ["sunpy_solarunet", "sunpy_solarunet.tracking", "sunpy_solarunet.plotting", "sunpy_solarunet.cli"]
)
def test_importing_does_not_pay_for_tensorflow(module):
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"there is no {module}")
    code = f"import sys, {module}; print(sorted({{'tensorflow', 'keras'}} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_classical_segmentation_does_not_pay_for_tensorflow():
    code = (
        "import sys, numpy as np, astropy.units as u\n"
        "from sunpy_solarunet import Segmenter, magnetogram\n"
        "field = np.eye(20) * 900 * u.G\n"
        "frame = magnetogram(field, time='2017-07-13', scale=1 * u.arcsec, center=(0, 0) * u.arcsec)\n"
        "assert len(Segmenter('downhill', min_pixels=1)(frame)) > 0\n"
        "print('tensorflow' in sys.modules, 'keras' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False False"
