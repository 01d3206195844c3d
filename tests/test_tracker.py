import warnings

import astropy.units as u
import numpy as np
import pytest
from astropy.time import TimeDelta
from planted import START, catalog, frame, random_sequence, sequence

from sunpy_solarunet import FeatureCatalog, Tracker
from sunpy_solarunet.errors import SequenceError, SolarUnetError, SolarUnetWarning
from sunpy_solarunet.tracking.rules import RULES
from sunpy_solarunet.tracking.tables import EVENT_KINDS, SCHEMAS, coordinates

SEEDS = range(5)
OPPOSITE = dict(zip(EVENT_KINDS, EVENT_KINDS[3:] + EVENT_KINDS[:3], strict=True))
#: A feature that lives on, one that appears in the second frame, one that ends with the second.
SCENE = (
    [(5, 5, 4, 6, 300), (30, 8, 3, 3, -200)],
    [(5, 6, 4, 6, 310), (30, 8, 3, 3, -200), (20, 45, 5, 4, 250)],
    [(5, 7, 4, 6, 305), (20, 45, 5, 4, 250)],
    [(5, 8, 4, 6, 300), (20, 45, 5, 4, 250)],
)


def backwards(catalogs):
    """The same frames in the opposite order, at times that increase."""
    last = catalogs[-1].time
    result = []
    for found in reversed(catalogs):
        meta = found.map.meta.copy()
        meta["date-obs"] = (START + (last - found.time)).isot
        result.append(FeatureCatalog(type(found.map)(found.map.data, meta), found.labels))
    return result


def rows(events, last, *, reverse=False):
    """What events are, apart from their numbers; with the frames exchanged if asked for."""
    result = set()
    for event in events:
        kind, number = event["kind"], event["frame"]
        members = (event["parents"], event["children"])
        fluxes = (event["flux_before"].value, event["flux_after"].value)
        if reverse:
            kind, number, members, fluxes = OPPOSITE[kind], last - number, members[::-1], fluxes[::-1]
        result.add((kind, event["balance"], number, *members, *np.round(np.array(fluxes) / 1e14)))
    return result


def test_a_sequence_gives_tracks_with_lifetimes_and_causes():
    tracker = Tracker()
    events = tracker.track(sequence(*SCENE))
    assert sorted(zip(events["kind"], events["frame"], strict=True)) == [("appearance", 1), ("disappearance", 1)]
    tracks = tracker.tracks
    assert tracks["lifetime"].tolist() == [4, 2, 3]
    assert tracks["polarity"].tolist() == [1, -1, 1]
    assert tracks["birth"].tolist() == ["", "", "appearance"]
    assert tracks["death"].tolist() == ["", "disappearance", ""]
    assert tracks["birth_censored"].tolist() == [True, True, False]
    assert tracks["death_censored"].tolist() == [True, False, True]


def test_a_lifetime_of_n_frames_lasts_n_cadences_where_the_end_is_seen():
    tracker = Tracker()
    tracker.track(sequence(*SCENE))
    assert tracker.tracks["duration"].to_value(u.s) == pytest.approx([180, 120, 120])


def test_an_event_is_where_its_members_are_in_the_frame_that_shows_it():
    catalogs = sequence(*SCENE)
    events = Tracker().track(catalogs)
    birth, death = (events[events["category"] == category][0] for category in ("birth", "death"))
    for event, shown, feature in ((birth, 1, 2), (death, 1, 1)):
        place = catalogs[shown].coordinate[feature]
        assert event["Tx"].to_value("arcsec") == pytest.approx(place.Tx.to_value("arcsec"))
        assert event["Ty"].to_value("arcsec") == pytest.approx(place.Ty.to_value("arcsec"))
        assert event["time"].isot == catalogs[shown].time.isot.ljust(29, "0")
    assert (birth["parents"], birth["children"]) == ("", "3")
    assert (death["parents"], death["children"]) == ("2", "")
    assert birth["flux_after"].value == pytest.approx(catalogs[1].flux[2].value)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", SEEDS)
def test_time_reversal_exchanges_birth_and_death(rule, seed):
    catalogs = random_sequence(seed)
    forward = Tracker(rule).track(catalogs)
    backward = Tracker(rule).track(backwards(catalogs))
    assert len(forward) > 5
    assert rows(forward, 3, reverse=True) == rows(backward, 3)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", SEEDS)
def test_each_feature_of_each_frame_belongs_to_one_track(rule, seed):
    tracker = Tracker(rule)
    catalogs = random_sequence(seed)
    tracker.track(catalogs)
    features, tracks = tracker.features, tracker.tracks
    assert len(features) == sum(map(len, catalogs))
    pairs = set(zip(features["frame"].tolist(), features["track_id"].tolist(), strict=True))
    assert len(pairs) == len(features)
    for track in tracks:
        shown = features["frame"][features["track_id"] == track["track_id"]]
        assert (shown[0], shown[-1]) == (track["first_frame"], track["last_frame"])
        assert set(np.diff(shown)) <= set(range(1, tracker.memory + 2))
        assert set(features["polarity"][features["track_id"] == track["track_id"]]) == {track["polarity"]}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", SEEDS)
def test_each_track_has_one_birth_and_one_death_or_is_censored(rule, seed):
    tracker = Tracker(rule)
    tracker.track(random_sequence(seed))
    tracks = tracker.tracks
    assert np.array_equal(tracks["birth"] == "", tracks["birth_censored"])
    assert np.array_equal(tracks["death"] == "", tracks["death_censored"])
    at_edge = {
        (feature["frame"], feature["track_id"])
        for feature in tracker.features
        if rule == "likelihood" and feature["flags"] & 1
    }
    for track in tracks:
        first, last = track["first_frame"], track["last_frame"]
        assert track["birth_censored"] == (first == 0) or (first, track["track_id"]) in at_edge
        assert track["death_censored"] == (last == 3) or (last, track["track_id"]) in at_edge


@pytest.mark.parametrize("rule", ["likelihood", "assignment", "dual_overlap"])
@pytest.mark.parametrize("seed", SEEDS)
def test_with_one_to_one_rules_no_end_goes_without_an_event(rule, seed):
    tracker = Tracker(rule)
    tracker.track(random_sequence(seed))
    assert "shared" not in {*tracker.tracks["birth"], *tracker.tracks["death"]}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", SEEDS)
def test_no_feature_takes_part_in_two_events_between_two_frames(rule, seed):
    tracker = Tracker(rule)
    events = tracker.track(random_sequence(seed))
    for first in range(3):
        between = [event for event in events if event["frame"] == first + (event["category"] == "birth")]
        for side in ("parents", "children"):
            labels = [label for event in between for label in event[side].split()]
            assert len(labels) == len(set(labels))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", SEEDS)
def test_flux_balances_within_what_the_table_says(rule, seed):
    for event in Tracker(rule).track(random_sequence(seed)):
        before, after = event["flux_before"].value, event["flux_after"].value
        if event["kind"] in ("merging", "splitting"):
            members, product = (before, after) if event["category"] == "death" else (after, before)
            assert abs(members - product) / abs(product) == pytest.approx(event["imbalance"], abs=1e-6)
        if not np.isnan(event["imbalance"]):
            assert event["imbalance"] <= 0.5


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", SEEDS)
def test_exchanging_the_signs_changes_the_polarity_alone(rule, seed):
    catalogs = random_sequence(seed)
    negative = [FeatureCatalog(type(found.map)(-found.map.data, found.map.meta), found.labels) for found in catalogs]
    events, mirrored = Tracker(rule).track(catalogs), Tracker(rule).track(negative)
    for name in ("kind", "balance", "frame", "Tx", "Ty", "n_features", "parents", "children"):
        assert np.array_equal(events[name], mirrored[name])
    assert np.allclose(events["flux_before"].value, -mirrored["flux_before"].value)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", SEEDS)
def test_scaling_the_field_changes_nothing(rule, seed):
    catalogs = random_sequence(seed)
    scaled = [FeatureCatalog(type(found.map)(7 * found.map.data, found.map.meta), found.labels) for found in catalogs]
    events, again = Tracker(rule).track(catalogs), Tracker(rule).track(scaled)
    for name in ("kind", "frame", "parents", "children"):
        assert events[name].tolist() == again[name].tolist()
    assert again["flux_before"].value == pytest.approx(7 * events["flux_before"].value)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", SEEDS)
def test_moving_the_map_moves_the_coordinates_alone(rule, seed):
    catalogs = random_sequence(seed)
    moved = []
    for found in catalogs:
        meta = found.map.meta.copy()
        meta["crval1"] += 7
        meta["crval2"] -= 3
        moved.append(FeatureCatalog(type(found.map)(found.map.data, meta), found.labels))
    here, there = Tracker(rule).track(catalogs), Tracker(rule).track(moved)
    assert here["parents"].tolist() == there["parents"].tolist()
    assert np.allclose((there["Tx"] - here["Tx"]).to_value("arcsec"), 7, atol=1e-3)
    assert np.allclose((there["Ty"] - here["Ty"]).to_value("arcsec"), -3, atol=1e-3)


@pytest.mark.parametrize("seed", SEEDS)
def test_scaling_the_field_scales_the_fluxes_alone(seed):
    catalogs = random_sequence(seed)
    scaled = [FeatureCatalog(type(found.map)(4 * found.map.data, found.map.meta), found.labels) for found in catalogs]
    weak, strong = Tracker().track(catalogs), Tracker().track(scaled)
    assert (
        weak["kind", "parents", "children"].as_array().tolist()
        == strong["kind", "parents", "children"].as_array().tolist()
    )
    assert np.allclose(4 * weak["flux_before"].value, strong["flux_before"].value)


def test_frame_by_frame_gives_the_same_as_the_whole_sequence():
    whole, streamed = Tracker(), Tracker()
    whole.track(random_sequence(1))
    parts = [streamed.update(found) for found in random_sequence(1)]
    parts.append(streamed.finish())
    assert np.array_equal(np.concatenate([part["event_id"] for part in parts]), whole.events["event_id"])
    for name, table in whole.tables().items():
        other = streamed.tables()[name]
        for column in SCHEMAS[name]:
            if column == "time":
                assert (table[column] == other[column]).all()
            else:
                assert np.array_equal(table[column], other[column], equal_nan=table[column].dtype.kind == "f"), column


def test_two_trackers_know_nothing_of_each_other():
    first, second = Tracker(), Tracker()
    for found in sequence(*SCENE):
        first.update(found)
        second.update(found)
    assert first.tracks["track_id"].tolist() == second.tracks["track_id"].tolist() == [0, 1, 2]


def test_the_cadence_at_hand_decides_how_far_a_feature_may_move():
    jump = [(5, 5, 2, 2, 300)], [(5, 19, 2, 2, 300)]
    soon = [catalog(jump[0]), catalog(jump[1], minute=1)]
    late = [catalog(jump[0]), catalog(jump[1], minute=3)]
    assert len(Tracker("paper").track(soon)) == 2
    assert len(Tracker("paper").track(late)) == 0


def test_a_gap_closes_all_tracks_as_censored():
    catalogs = [catalog(SCENE[0], minute=minute) for minute in (0, 1, 2, 60, 61)]
    tracker = Tracker()
    with pytest.warns(SolarUnetWarning, match=r"no frame for 3480 s"):
        events = tracker.track(catalogs)
    assert len(events) == 0
    assert tracker.tracks["lifetime"].tolist() == [3, 3, 2, 2]
    assert tracker.tracks["birth_censored"].all()
    assert tracker.tracks["death_censored"].all()


def test_a_dropped_frame_is_no_gap():
    catalogs = [catalog(SCENE[0], minute=minute) for minute in (0, 1, 3, 4)]
    tracker = Tracker()
    tracker.track(catalogs)
    assert tracker.tracks["lifetime"].tolist() == [4, 4]


def test_the_largest_gap_may_be_given():
    catalogs = [catalog(SCENE[0], minute=minute) for minute in (0, 96, 192)]
    with pytest.warns(SolarUnetWarning, match=r"max_gap"):
        Tracker(max_gap=1 * u.h).track(catalogs)
    tracker = Tracker(max_gap=2 * u.h)
    tracker.track(catalogs)
    assert tracker.tracks["lifetime"].tolist() == [3, 3]


def test_frames_with_one_time_are_refused_and_nothing_is_lost():
    tracker = Tracker()
    catalogs = sequence(*SCENE)
    with pytest.raises(SequenceError, match=r"same time"):
        tracker.track([*catalogs[:3], catalogs[2], catalogs[3]])
    assert len(tracker.frames) == 3
    assert len(tracker.events) == 2
    tracker.update(catalogs[3])
    assert tracker.tracks["lifetime"].tolist() == [4, 2, 3]


def test_frames_out_of_order_are_refused():
    first, second, *_ = sequence(*SCENE)
    with pytest.raises(SequenceError, match=r"earlier time.*read_magnetograms sorts"):
        Tracker().track([second, first])


def test_frames_of_another_shape_are_refused():
    other = catalog(SCENE[1], minute=1, shape=(40, 61))
    with pytest.raises(SequenceError, match=r"shape \(40, 61\)"):
        Tracker().track([catalog(SCENE[0]), other])


def test_another_pointing_is_told():
    shifted = catalog(SCENE[1], minute=1, center=(32, -50) * u.arcsec)
    with pytest.warns(SolarUnetWarning, match=r"points 20\.0 pixels away.*align"):
        Tracker().track([catalog(SCENE[0]), shifted])


def test_a_slow_drift_of_the_pointing_is_not_worth_a_warning():
    drifted = catalog(SCENE[1], minute=1, center=(30.2, -50) * u.arcsec)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Tracker().track([catalog(SCENE[0]), drifted])


def test_a_cut_group_is_told_with_its_number():
    before = [(10, 10, 4, 4, 100), (10, 15, 4, 4, 100), (16, 10, 4, 4, 300)]
    tracker = Tracker("paper", max_partners=1)
    with pytest.warns(SolarUnetWarning, match=r"3 features have more than 1 neighbors"):
        tracker.track(sequence(before, [(12, 12, 4, 5, 400)]))
    assert tracker.events.meta["cut_groups"] == 3


@pytest.mark.parametrize("rule", RULES)
def test_frames_without_features_are_frames(rule):
    tracker = Tracker(rule)
    events = tracker.track(sequence([], SCENE[0], [], []))
    assert sorted(events["kind"]) == ["appearance", "appearance", "disappearance", "disappearance"]
    assert tracker.frames["n_features"].tolist() == [0, 2, 0, 0]


def test_a_sequence_without_frames_gives_empty_tables_with_all_columns():
    tracker = Tracker()
    tracker.track([])
    for name, table in tracker.tables().items():
        assert len(table) == 0
        assert table.colnames == list(SCHEMAS[name])


def test_the_meta_tells_how_the_tables_were_made():
    found = sequence(*SCENE)
    found = [FeatureCatalog(one.map, one.labels, meta={"method": "threshold"}) for one in found]
    tracker = Tracker("paper", max_speed=3 * u.km / u.s, flux_tolerance=0.2)
    meta = tracker.track(found).meta
    assert meta["association"] == "paper"
    assert u.Quantity(meta["max_speed"]) == 3 * u.km / u.s
    assert meta["flux_tolerance"] == 0.2
    assert meta["features_method"] == "threshold"
    assert meta["version"]


def test_the_places_in_a_table_become_coordinates():
    catalogs = sequence(*SCENE)
    tracker = Tracker()
    tracker.track(catalogs)
    places = coordinates(tracker.features, tracker.frames)
    expected = catalogs[1].coordinate
    chosen = places[tracker.features["frame"] == 1]
    assert chosen.Tx.to_value("arcsec") == pytest.approx(expected.Tx.to_value("arcsec"))
    assert abs((chosen.obstime - catalogs[1].time).to_value("s")).max() < 1e-6
    pixel = catalogs[1].map.world_to_pixel(chosen[2])
    assert pixel.x.value == pytest.approx(catalogs[1].x[2].value, abs=1e-6)
    with pytest.raises(SolarUnetError, match=r"different runs"):
        coordinates(tracker.features, tracker.frames[:1])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"association": "nearest"}, SolarUnetError, "'assignment', 'paper', 'overlap', 'dual_overlap'"),
        ({"max_speed": 4}, TypeError, "max_speed needs a unit"),
        ({"max_speed": 4 * u.G}, u.UnitConversionError, "max_speed is in G"),
        ({"max_speed": -4 * u.km / u.s}, SolarUnetError, "negative"),
        ({"flux_tolerance": -0.1}, SolarUnetError, "flux_tolerance"),
        ({"flux_tolerance": np.nan}, SolarUnetError, "flux_tolerance"),
        ({"balance_tolerance": 50 * u.percent}, SolarUnetError, "plain number"),
        ({"max_partners": 0}, SolarUnetError, "max_partners"),
        ({"max_gap": 10}, TypeError, "max_gap needs a unit"),
        ({"memory": -1}, SolarUnetError, "memory must be a whole number from 0"),
        ({"memory": 1.5}, SolarUnetError, "memory must be a whole number"),
        ({"identity": "oldest"}, SolarUnetError, "largest_flux"),
        ({"event_rules": "yafta"}, SolarUnetError, "swamis"),
    ],
)
def test_arguments_that_cannot_be_meant_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        Tracker(**options)


def test_a_map_is_no_catalog():
    with pytest.raises(TypeError, match=r"FeatureCatalog is needed"):
        Tracker().update(frame(SCENE[0])[0])


def test_the_pixel_length_of_the_paper_may_be_asked_for():
    jump = sequence([(5, 5, 2, 2, 300)], [(5, 13, 2, 2, 300)])
    assert len(Tracker("paper", pixel_length=725 * u.km * 0.1).track(jump)) == 0
    assert len(Tracker("paper", pixel_length=725 * u.km).track(jump)) == 2


def test_times_are_kept_to_the_nanosecond():
    scene, labels = frame(SCENE[0])
    scene.meta["date-obs"] = "2017-07-13T20:17:41.123456789"
    tracker = Tracker()
    tracker.track([FeatureCatalog(scene, labels)])
    assert tracker.frames["time"][0].isot == "2017-07-13T20:17:41.123456789"
    assert abs(tracker.features["time"][0] - scene.date) < TimeDelta(1e-10, format="sec")
