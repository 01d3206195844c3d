"""
Selecting from a catalog: by index, mask and slice, by label and by place; gaps between labels; what equals what.
"""

import ast
import copy
import inspect
import pickle

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.time import Time
from helpers import CENTER, SCALE, TIME, frame_of
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import frame, sequence
from sunpy.coordinates import HeliographicStonyhurst, Helioprojective, get_earth

from sunpy_solarunet import Feature, FeatureCatalog, Tracker, magnetogram
from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.features import MEASUREMENTS
from sunpy_solarunet.plotting import draw_borders, draw_events, plot_catalog, plot_event
from sunpy_solarunet.tracking.rules import RULES

#: Label, rows, columns and gauss of rectangles on 12 rows and 20 columns; 9 touches the edge, 5 touches 12.
RECTANGLES = (
    (2, slice(1, 3), slice(2, 7), 300.0),
    (5, slice(4, 8), slice(3, 5), -200.0),
    (9, slice(0, 2), slice(12, 15), 150.0),
    (12, slice(4, 6), slice(5, 9), 500.0),
    (40, slice(8, 11), slice(11, 18), -400.0),
)
SHAPE = (12, 20)


def scene(*chosen, **options):
    """A catalog of all rectangles on their field, or of those of some labels."""
    field, labels = np.tile([1.0, -2.0, 3.0, -4.0], (12, 5)), np.zeros(SHAPE, int)
    for label, rows, columns, gauss in RECTANGLES:
        field[rows, columns] = gauss
        if not chosen or label in chosen:
            labels[rows, columns] = label
    return FeatureCatalog(frame_of(field), labels, **options)


@pytest.fixture(scope="module")
def five():
    return scene(probability=np.linspace(0, 1, 240).reshape(SHAPE), meta={"method": "by hand"})


# Gaps


def test_labels_may_have_gaps(five):
    assert five.label.tolist() == [2, 5, 9, 12, 40]
    assert five.n_pixels.tolist() == [10, 8, 6, 8, 21]
    assert five.mean_field.to_value(u.G).tolist() == [300, -200, 150, 500, -400]
    assert five.to_table()["label"].tolist() == [2, 5, 9, 12, 40]
    assert [feature.label for feature in five] == [2, 5, 9, 12, 40]


def test_pixels_are_numbered_without_gaps(five):
    assert np.unique(five.numbered).tolist() == [0, 1, 2, 3, 4, 5]
    assert np.array_equal(np.append(0, five.label)[five.numbered], five.labels)


@pytest.mark.parametrize("dtype", [np.uint32, np.int64, np.uint64])
def test_large_labels_are_kept(dtype):
    labels = np.zeros(SHAPE, dtype)
    labels[2, 3:5], labels[7, 6] = 2**32 - 1, 1
    catalog = FeatureCatalog(frame_of(np.ones(SHAPE)), labels)
    assert catalog.label.tolist() == [1, 2**32 - 1]
    assert catalog.n_pixels.tolist() == [1, 2]
    assert catalog.borders()[1].tolist() == [1, 2**32 - 1]


def test_each_feature_is_measured_as_if_labels_had_no_gaps(five):
    plain = FeatureCatalog(five.map, five.numbered, probability=np.linspace(0, 1, 240).reshape(SHAPE))
    for name in MEASUREMENTS[1:]:
        assert np.array_equal(getattr(five, name), getattr(plain, name), equal_nan=True), name
    for one, another in zip(five, plain, strict=True):
        assert np.array_equal(one.mask, another.mask)
        assert all(np.array_equal(a.Tx, b.Tx) for a, b in zip(one.border, another.border, strict=True))


# Selecting by index, mask and slice


@pytest.mark.parametrize(
    ("choice", "labels"),
    [
        (slice(None), [2, 5, 9, 12, 40]),
        (slice(3), [2, 5, 9]),
        (slice(-2, None), [12, 40]),
        (slice(0, 5, 2), [2, 9, 40]),
        (slice(3, 1), []),
        ([0, 2], [2, 9]),
        ([], []),
        ([-1], [40]),
        (np.array([3, 1]), [5, 12]),
        (np.array([4, 4, 0], np.uint8), [2, 40]),
        (range(2), [2, 5]),
        ([True, False, False, True, False], [2, 12]),
        (np.zeros(5, bool), []),
        (np.nonzero([0, 1, 0, 0, 1]), [5, 40]),
    ],
)
def test_a_part_of_a_catalog_is_a_catalog(five, choice, labels):
    part = five[choice]
    assert isinstance(part, FeatureCatalog)
    assert part.label.tolist() == labels
    assert len(part) == len(labels)
    assert part.map is five.map
    assert part.meta == {"method": "by hand"}
    assert np.array_equal(part.labels, np.where(np.isin(five.labels, labels), five.labels, 0))


def test_a_measured_limit_selects(five):
    assert five[abs(five.mean_field) > 250 * u.G].label.tolist() == [2, 12, 40]
    assert five[five.polarity < 0][five[five.polarity < 0].n_pixels > 8].label.tolist() == [40]


def test_an_index_gives_a_feature(five):
    assert all(isinstance(five[index], Feature) for index in (0, -1, np.int64(3), np.uint8(3)))
    assert five[-2].label == five[3].label == 12
    assert five[1:][0].label == 5
    assert [feature.label for feature in reversed(five)] == [40, 12, 9, 5, 2]


@pytest.mark.parametrize("index", [5, -6, [0, 5], np.array([-6])])
def test_there_is_nothing_beyond_the_last_feature(five, index):
    with pytest.raises(IndexError, match=r"feature (5|-6) of 5"):
        five[index]


@pytest.mark.parametrize("length", [0, 4, 6])
def test_a_mask_has_the_length_of_the_catalog(five, length):
    with pytest.raises(IndexError, match=rf"the mask is for {length} features, there are 5"):
        five[np.ones(length, bool)]


def test_a_mask_of_pixels_is_refused(five):
    with pytest.raises(IndexError, match=r"12 x 20 features, there are 5"):
        five[five.labels > 0]


@pytest.mark.parametrize(
    "index", [1.0, [0.0, 2.0], "2", None, True, np.bool_(True), (0, 2), [1, 2] * u.pix, five, ["a"]]
)
def test_what_is_no_index_is_a_type_error(five, index):
    with pytest.raises(TypeError, match="whole number"):
        five[index]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.booleans(), min_size=5, max_size=5), st.booleans())
def test_a_selection_is_measured_like_the_catalog_it_comes_from(mask, measured_before):
    whole = scene(probability=np.linspace(0, 1, 240).reshape(SHAPE))
    if measured_before:
        whole.to_table()
    part = whole[mask]
    for name in (*MEASUREMENTS, "equivalent_radius", "places"):
        assert np.array_equal(getattr(part, name), getattr(whole, name)[mask], equal_nan=True), name
    assert part.noise == whole.noise
    assert [feature.label for feature in part] == [feature.label for feature in whole if feature in part]
    circles = zip(part.enclosing_circles, whole.enclosing_circles, strict=True)
    assert all(np.allclose(some, each[mask]) for some, each in circles)


def test_what_was_measured_of_the_whole_is_not_measured_again(five, monkeypatch):
    five.to_table()
    part = five[1:4]
    monkeypatch.setattr("sunpy_solarunet.features.measurements.field_strength", None)
    monkeypatch.setattr("sunpy_solarunet.features.measurements.pixel_area", None)
    assert part.to_table()["n_pixels"].tolist() == [8, 6, 8]


def test_an_empty_selection_has_the_full_schema(five):
    table = five[[]].to_table()
    assert len(table) == 0
    assert tuple(table.colnames) == MEASUREMENTS
    assert [column.dtype.kind for column in table.itercols()] == [
        column.dtype.kind for column in five.to_table().itercols()
    ]


# Labels and places


def test_a_feature_is_found_by_its_label(five):
    assert five.get_label(12) == five[3]
    assert five.get_label(np.int64(2)).label == 2
    assert five.get_labels([40, 5]).label.tolist() == [5, 40]
    assert len(five.get_labels([])) == 0


def test_of_a_label_that_is_missing_the_message_lists_those_that_there_are(five):
    with pytest.raises(SolarUnetError, match=r"no feature has the label 3; there are 2, 5, 9, 12, 40"):
        five.get_label(3)
    with pytest.raises(SolarUnetError, match=r"no feature has the label 4, 0; there are 2, 5, 9"):
        five.get_labels([2, 4, 0])
    dense = FeatureCatalog(five.map, five.numbered)
    with pytest.raises(SolarUnetError, match=r"label 6; there are 1 to 5$"):
        dense.get_label(6)
    with pytest.raises(SolarUnetError, match=r"label 5; there are 1 to 2, 4$"):
        dense[[0, 1, 3]].get_label(5)
    with pytest.raises(SolarUnetError, match=r"label 1; the catalog is empty"):
        five[:0].get_label(1)


def test_the_message_about_many_labels_is_short():
    labels = np.zeros((30, 40), int)
    labels[::2, ::2] = 2 * np.arange(1, 301).reshape(15, 20)
    with pytest.raises(SolarUnetError, match=r"there are 2, 4, .*, 40, and others up to 600$"):
        FeatureCatalog(frame_of(np.ones((30, 40))), labels).get_label(7)


def test_a_label_is_a_whole_number(five):
    for label in (2.0, "2"):
        with pytest.raises(TypeError):
            five.get_label(label)


def place(row, column):
    """Coordinates of a pixel of 12 rows and 20 columns around the middle."""
    x = CENTER[0] + (column - 9.5) * SCALE[0]
    y = CENTER[1] + (row - 5.5) * SCALE[1]
    return SkyCoord(x, y, frame=Helioprojective(observer=get_earth(Time(TIME)), obstime=TIME))


def test_the_feature_at_a_place(five):
    # Row 9, column 12 is in the last rectangle, the pixel with both exchanged is beyond the frame.
    assert five.at(place(9, 12)).label == 40
    assert five.at(place(4.4, 4.6)).label == 12
    assert five.at(place(4.4, 4.4)).label == 5
    assert five.at(place(3, 12)) is None


@pytest.mark.parametrize(("row", "column"), [(-0.6, 13), (12, 13), (1, -9), (1, 20.6)])
def test_beyond_the_frame_there_is_no_feature(row, column):
    catalog = FeatureCatalog(frame_of(np.ones(SHAPE)), np.full(SHAPE, 3))
    assert catalog.at(place(row, column)) is None
    assert catalog.at(place(np.clip(row, 0, 11), np.clip(column, 0, 19))).label == 3


def test_the_features_at_several_places(five):
    found = five.at(place(np.array([9, 3, 1]), np.array([12, 12, 3])))
    assert [feature and feature.label for feature in found] == [40, None, 2]
    assert five.at(place(np.zeros(0), np.zeros(0))) == []


def test_a_place_may_be_given_on_the_surface(five):
    there = five[4].coordinate.transform_to(HeliographicStonyhurst(obstime=TIME))
    assert five.at(there) == five[4]
    assert five.at(there.frame) == five[4]


def test_each_feature_that_holds_its_center_is_found_there(five):
    assert five.at(five.coordinate) == list(five)


def test_what_is_behind_the_sun_is_not_seen_through_it():
    catalog = FeatureCatalog(
        magnetogram(np.ones((8, 10)) * u.G, time=TIME, scale=20 * u.arcsec, center=(0, 0) * u.arcsec),
        np.ones((8, 10), int),
    )
    front, back = (SkyCoord(lon * u.deg, 3 * u.deg, frame=HeliographicStonyhurst(obstime=TIME)) for lon in (2, 178))
    assert catalog.at(front) == catalog[0]
    assert catalog.at(back) is None


def test_a_place_is_a_coordinate(five):
    with pytest.raises(TypeError, match=r"a SkyCoord is needed, got tuple"):
        five.at((3, 4))


# What equals what


def test_a_catalog_equals_one_of_the_same_pixels_and_map():
    one, another = scene(), scene()
    assert one == another
    assert hash(one) == hash(another)
    assert one[1:3] == scene(5, 9)
    assert one[1] == another[1]
    assert hash(one[1]) == hash(another[1])
    assert len({*one, *another}) == 5


def test_catalogs_differ_in_pixels_labels_field_time_and_place():
    one = scene()
    labels = one.labels.copy()
    labels[1, 2] = 0
    others = [
        one[1:],
        FeatureCatalog(one.map, one.numbered),
        FeatureCatalog(one.map, labels),
        FeatureCatalog(one.map, one.labels, area="surface"),
        FeatureCatalog(one.map, one.labels, probability=np.ones(SHAPE)),
        FeatureCatalog(frame_of(2 * one.map.data), one.labels),
        FeatureCatalog(frame_of(one.map.data, time="2017-07-13T20:17:42"), one.labels),
        FeatureCatalog(frame_of(one.map.data, scale=SCALE[::-1]), one.labels),
        FeatureCatalog(frame_of(one.map.data, center=CENTER + [0.1, 0] * u.arcsec), one.labels),
        FeatureCatalog(frame_of(one.map.data, unit=u.mT), one.labels),
        FeatureCatalog(frame_of(one.map.data, observer=get_earth(Time("2017-03-13"))), one.labels),
        "a catalog",
    ]
    assert [number for number, other in enumerate(others) if one == other] == []


def test_a_feature_is_in_its_catalog_and_in_a_selection_that_has_it(five):
    part = five[[0, 3]]
    assert five[3] in part
    assert part[1] in five
    assert five[1] not in part
    assert 12 not in five
    assert five[3] in copy.copy(five)
    assert five.index(five[3]) == 3
    assert part.index(five[3]) == 1


def test_of_a_feature_that_has_changed_the_catalog_has_none():
    labels = scene().labels.copy()
    labels[1, 2] = 0
    changed = FeatureCatalog(scene().map, labels)
    assert scene()[0] not in changed
    assert scene()[1] in changed
    assert scene()[1] != scene()[2]
    assert scene()[1] != 5


def test_catalogs_and_features_can_be_pickled(five):
    for catalog in (five, five[2:4], five[:0]):
        again = pickle.loads(pickle.dumps(catalog))
        assert again == catalog
        assert again.meta == catalog.meta
        assert again.noise == catalog.noise
    assert pickle.loads(pickle.dumps(five[3])) == five[3]


def test_noise_can_be_told():
    told = scene(noise=2e-3 * u.T)
    assert told.noise == 20 * u.G
    assert told[1:].noise == 20 * u.G
    # Ten pixels; 1 G Mm2 is 1e16 Mx.
    assert told.flux_error[0].value == pytest.approx(20 * told.area[0].value * 1e16 / np.sqrt(10))
    with pytest.raises(TypeError, match="noise needs a unit"):
        scene(noise=20)


# Tracking and drawing what was selected

#: A feature of each sign that goes on, and weak ones, of which one merges with a strong feature.
BEFORE = [(4, 4, 3, 3, 200), (5, 14, 4, 5, 900), (20, 30, 3, 4, -150), (20, 40, 5, 5, -800), (30, 8, 2, 4, 210)]
AFTER = [(4, 5, 3, 3, 200), (5, 15, 4, 5, 900), (20, 30, 3, 4, -150), (30, 50, 4, 4, 700), (30, 8, 2, 4, 210)]


def relabeled(catalogs, step=7, first=11):
    """The same features under labels with gaps."""
    lookup = np.append(0, first + step * np.arange(9))
    return [FeatureCatalog(catalog.map, lookup[catalog.labels]) for catalog in catalogs]


@pytest.mark.parametrize("association", RULES)
@pytest.mark.parametrize("event_rules", ["flux_balance", "swamis"])
def test_gaps_change_nothing_but_the_labels(association, event_rules):
    catalogs = sequence(BEFORE, AFTER, BEFORE[1:])
    trackers = [Tracker(association, event_rules=event_rules) for _ in range(2)]
    plain, gapped = trackers[0].track(catalogs), trackers[1].track(relabeled(catalogs))
    for name in ("kind", "frame", "flux_before", "flux_after", "n_features"):
        assert np.array_equal(plain[name], gapped[name]), name
    assert len(plain)
    for tables in ("members", "features"):
        one, another = (getattr(tracker, tables) for tracker in trackers)
        assert np.array_equal(11 + 7 * (one["label"] - 1), another["label"])
        assert np.array_equal(one["track_id"], another["track_id"])
    assert np.array_equal(trackers[0].tracks["lifetime"], trackers[1].tracks["lifetime"])


def test_the_members_of_events_carry_the_labels_of_the_whole():
    catalogs = sequence(BEFORE, AFTER)
    tracker = Tracker()
    events = tracker.track(catalog[abs(catalog.mean_field) > 500 * u.G] for catalog in catalogs)
    assert dict(zip(events["kind"], events["parents"], strict=True)) == {"disappearance": "4", "appearance": ""}
    assert dict(zip(events["kind"], events["children"], strict=True)) == {"disappearance": "", "appearance": "4"}
    assert tracker.members["label"].tolist() == [4, 4]
    assert tracker.features["label"].tolist() == [2, 4, 2, 4]
    assert tracker.frames["n_features"].tolist() == [2, 2]


def test_frames_of_which_nothing_is_selected_are_tracked():
    tracker = Tracker()
    events = tracker.track([catalog[:0] for catalog in sequence(BEFORE, AFTER)])
    assert len(events) == 0
    assert len(tracker.features) == 0
    assert len(tracker.frames) == 2


def test_borders_and_events_of_a_selection_are_drawn():
    catalogs = [catalog[[1, 3]] for catalog in sequence(BEFORE, AFTER)]
    events = Tracker().track(catalogs)
    axes = plot_catalog(catalogs[0])
    assert len(draw_borders(catalogs[0], axes=axes).get_segments()) == 2
    draw_events(catalogs[0], events, axes=axes)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["positive", "disappearance"]
    figure = plot_event(events[0], *catalogs)
    assert len(figure.axes) == 2
    with pytest.raises(SolarUnetError, match=r"1 features: they are of different runs or selections"):
        draw_events(catalogs[0][:1], events, axes=axes)


def test_selecting_from_a_full_frame_leaves_the_catalog_as_it_was():
    scene_map, labels = frame(BEFORE)
    catalog = FeatureCatalog(scene_map, labels)
    catalog[[0]].meta["changed"] = True
    assert len(catalog) == 5
    assert catalog.meta == {}
    assert np.array_equal(catalog.labels, labels)


# What an editor sees


def test_the_properties_of_a_feature_are_written_out_and_told():
    written = {
        target.id
        for node in ast.walk(ast.parse(inspect.getsource(Feature)))
        for target in (node.targets if isinstance(node, ast.Assign) else [])
        if isinstance(target, ast.Name)
    }
    assert {*MEASUREMENTS, "coordinate"} <= written
    assert all(inspect.getdoc(getattr(Feature, name)) for name in MEASUREMENTS)
