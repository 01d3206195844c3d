"""The frames of AR 12665 that the paper shows, and SDO/HMI."""

import astropy.units as u
import numpy as np
import pytest
from scipy import ndimage

from sunpy_solarunet import FeatureCatalog, Segmenter, Tracker, magnetogram
from sunpy_solarunet.segmentation.classical import keep_large, signed_labels
from sunpy_solarunet.tracking.rules import RULES
from sunpy_solarunet.tracking.tables import EVENT_KINDS

#: An active region has features with more neighbors than are combined, and the tracker says so.
pytestmark = pytest.mark.filterwarnings("ignore:.*neighbors that could share")


@pytest.fixture(scope="module")
def network_catalogs(gst_frames):
    segmenter = Segmenter(model="solarunet-paper")
    return [segmenter(frame) for frame in gst_frames]


@pytest.fixture(scope="module")
def network_masks(gst_frames):
    segmenter = Segmenter(model="solarunet-paper")
    return [segmenter.mask(frame).data for frame in gst_frames]


@pytest.fixture(scope="module")
def hmi_catalogs(hmi_frames):
    segmenter = Segmenter(method="threshold", threshold=20 * u.G, polarity_threshold=20 * u.G, min_pixels=4)
    return [segmenter(frame) for frame in hmi_frames]


def close_to(events, x, y, distance):
    return np.hypot(events["Tx"].to_value("arcsec") - x, events["Ty"].to_value("arcsec") - y) < distance


@pytest.mark.parametrize("number", [0, 1, 2])
def test_the_network_gives_the_masks_of_the_released_one(network_masks, gst_three_class_masks, number):
    found, released = network_masks[number], gst_three_class_masks[number]
    both = np.count_nonzero((found == released) & (released != 0))
    either = np.count_nonzero((found != 0) | (released != 0))
    assert both / either >= 0.99


@pytest.mark.parametrize("number", [0, 1, 2])
def test_the_network_gives_the_number_of_features_of_the_released_one(network_catalogs, gst_three_class_masks, number):
    released = keep_large(signed_labels(gst_three_class_masks[number]), 10).max()
    assert len(network_catalogs[number]) == pytest.approx(released, rel=0.02)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_small_features_are_as_many_as_with_the_plain_threshold(network_masks, gst_frames, number):
    plain = Segmenter(method="threshold", threshold=150 * u.G, min_pixels=2)(gst_frames[number])
    assert keep_large(signed_labels(network_masks[number]), 2).max() == pytest.approx(len(plain), rel=0.05)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_features_are_those_of_plain_labelling_and_sums(network_masks, network_catalogs, gst_frames, number):
    mask, found, frame = network_masks[number], network_catalogs[number], gst_frames[number]
    sizes, fluxes = [], []
    kilometers = (frame.observer_coordinate.radius * (u.arcsec / u.rad)).to_value(u.cm, u.dimensionless_angles())
    for sign in (1, -1):
        labels, count = ndimage.label(mask == sign, np.ones((3, 3)))
        for index in range(1, count + 1):
            inside = labels == index
            if inside.sum() >= 10:
                sizes.append(inside.sum())
                fluxes.append(frame.data[inside].sum(dtype=float) * (kilometers / 12) ** 2)
    assert sorted(found.n_pixels) == sorted(sizes)
    assert np.sort(found.flux.to_value(u.Mx)) == pytest.approx(np.sort(fluxes), rel=1e-5)


def test_all_six_kinds_of_events_take_place(network_catalogs):
    assert set(Tracker().track(network_catalogs)["kind"]) == set(EVENT_KINDS)


@pytest.mark.parametrize("rule", ["assignment", "paper"])
def test_the_merger_of_figure_5_is_at_its_place(network_catalogs, rule):
    events = Tracker(rule).track(network_catalogs)
    there = events[(events["kind"] == "merging") & (events["frame"] == 1) & close_to(events, 453, -180, 1.5)]
    assert len(there) == 1
    parents = [int(label) - 1 for label in there["parents"][0].split()]
    assert len(parents) == 2
    assert (network_catalogs[1].polarity[parents] == 1).all()


def test_an_unbalanced_emergence_like_that_of_figure_8_takes_place(network_catalogs):
    events = Tracker("paper").track(network_catalogs[:2])
    emerged = events[(events["kind"] == "emergence") & (events["balance"] == "unbalanced")]
    assert len(emerged) >= 1
    children = [int(label) - 1 for label in emerged["children"][0].split()]
    assert sorted(network_catalogs[1].polarity[children]) == [-1, 1]


@pytest.mark.parametrize("rule", RULES)
def test_each_feature_of_the_real_frames_belongs_to_one_track(network_catalogs, rule):
    tracker = Tracker(rule)
    tracker.track(network_catalogs)
    features = tracker.features
    pairs = set(zip(features["frame"].tolist(), features["track_id"].tolist(), strict=True))
    assert len(pairs) == len(features) == sum(map(len, network_catalogs))


def test_features_at_the_corners_without_data_are_flagged(network_catalogs, gst_frames):
    beyond = ndimage.binary_dilation(gst_frames[0].data == 0, np.ones((3, 3)), iterations=1)
    beyond[[0, -1]] = beyond[:, [0, -1]] = True
    found = network_catalogs[0]
    touching = np.unique(found.labels[beyond & (found.labels > 0)])
    assert set(found.label[found.flags & 1 > 0]) == set(touching)


def test_hmi_maps_need_no_description(hmi_catalogs):
    tracker = Tracker()
    tracker.track(hmi_catalogs)
    features, frames = tracker.features, tracker.frames
    assert np.diff(frames["time"].unix) == pytest.approx(45, abs=0.1)
    for number, found in enumerate(hmi_catalogs):
        rows = features[features["frame"] == number]
        places = found.map.wcs.pixel_to_world(rows["x"].value, rows["y"].value)
        assert rows["Tx"].to_value("arcsec") == pytest.approx(places.Tx.to_value("arcsec"))
        assert rows["Ty"].to_value("arcsec") == pytest.approx(places.Ty.to_value("arcsec"))
    assert np.median(tracker.tracks["lifetime"]) == 4


def test_hmi_maps_upside_down_give_the_same_events(hmi_catalogs):
    turned = []
    for found in hmi_catalogs:
        meta = found.map.meta.copy()
        rows, columns = found.map.data.shape
        meta["crpix1"], meta["crpix2"] = columns + 1 - meta["crpix1"], rows + 1 - meta["crpix2"]
        meta["crota2"] = meta["crota2"] + 180
        upside_down = type(found.map)(found.map.data[::-1, ::-1], meta)
        turned.append(FeatureCatalog(upside_down, found.labels[::-1, ::-1]))
    events, again = Tracker().track(hmi_catalogs), Tracker().track(turned)
    assert len(events) > 0
    for name in ("kind", "frame", "parents", "children"):
        assert events[name].tolist() == again[name].tolist()
    assert again["Tx"].value == pytest.approx(events["Tx"].value, abs=1e-6)
    assert again["flux_before"].value == pytest.approx(events["flux_before"].value)


def test_a_sharp_is_tracked_on_its_own_grid(sharp_map):
    later = magnetogram(sharp_map, time=sharp_map.date + 12 * u.min)
    segmenter = Segmenter(method="threshold", threshold=300 * u.G)
    tracker = Tracker()
    events = tracker.track([segmenter(sharp_map), segmenter(later)])
    assert len(events) == 0
    assert (tracker.tracks["lifetime"] == 2).all()
    assert np.isfinite(tracker.features["Tx"]).all()
