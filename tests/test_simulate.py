import itertools

import astropy.units as u
import numpy as np
import pytest

from sunpy_solarunet import Segmenter, Tracker
from sunpy_solarunet.demo import matching_events
from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.synthetic import PRESETS, PlannedEvent, Sun, simulate
from sunpy_solarunet.synthetic.truth import imbalance
from sunpy_solarunet.tracking.tables import EVENT_KINDS, SCHEMAS, read_table, write_table

SHAPE = (160, 224)
CLEAR = {"noise": 0 * u.G, "seeing": 0, "jitter": 0}

#: One of each, far from each other.
ORDERS = (
    PlannedEvent("appearance", 5, 30, 30),
    PlannedEvent("disappearance", 7, 70, 128, flux=-6e17 * u.Mx),
    PlannedEvent("merging", 4, 80, 35),
    PlannedEvent("merging", 9, 30, 80, n_members=3),
    PlannedEvent("splitting", 3, 80, 80, flux=-9e17 * u.Mx),
    PlannedEvent("cancellation", 8, 130, 30),
    PlannedEvent("cancellation", 6, 130, 80, balance="unbalanced"),
    PlannedEvent("emergence", 2, 185, 35, n_members=3),
    PlannedEvent("emergence", 10, 185, 85, balance="unbalanced"),
)


@pytest.fixture(scope="module")
def busy():
    """A sequence with all kinds of events at random."""
    return simulate(seed=4, n_frames=16, shape=SHAPE)


@pytest.fixture(scope="module")
def made_to_order():
    """A sequence with the events `ORDERS` alone."""
    return simulate(seed=1, n_frames=12, shape=SHAPE, events=ORDERS, rates=0, rotation=4 * u.deg / u.hour)


def _is_kept(events):
    """Events through which the net flux is kept in some feature."""
    return np.isin(events["kind"], ["merging", "splitting"]) | (events["balance"] == "unbalanced")


def test_the_same_seed_gives_the_same_sun_in_any_order(busy):
    again = simulate(seed=4, n_frames=16, shape=SHAPE)
    assert np.array_equal(again.maps[-1].data, busy.maps[15].data)
    assert np.array_equal(again.labels[3], busy.labels[3])
    assert np.array_equal(busy.maps[3].data, [frame.data for frame in again.maps[2:4]][1])
    assert again.events.meta == busy.events.meta
    assert again.events["parents"].tolist() == busy.events["parents"].tolist()
    assert not np.array_equal(simulate(seed=5, n_frames=1, shape=SHAPE).maps[0].data, busy.maps[0].data)


def test_another_instrument_looks_at_the_same_sun(busy):
    other = simulate(seed=4, n_frames=16, shape=SHAPE, noise=20 * u.G, seeing=1.5)
    assert all(np.array_equal(one, another) for one, another in zip(busy.labels, other.labels, strict=True))
    assert not np.array_equal(busy.maps[0].data, other.maps[0].data)


def test_events_at_random_are_of_all_kinds(busy):
    assert set(busy.events["kind"]) == set(EVENT_KINDS)
    assert (np.diff(busy.events["frame"]) >= -1).all()
    assert np.isnan(busy.events["confidence"]).all()


def test_footprints_exceed_the_threshold_and_are_of_one_sign(busy):
    for frame in (0, 7, 15):
        catalog = busy.catalog(frame)
        field, labels = catalog.map.data, catalog.labels
        assert labels.dtype == np.int32
        assert np.array_equal(labels, busy.labels[frame])
        assert (np.abs(field[labels > 0]) > busy.sun.threshold.value).all()
        assert (np.sign(field[labels > 0]) == catalog.polarity[labels[labels > 0] - 1]).all()
        assert catalog.n_pixels.min() >= busy.sun.min_pixels


def test_an_element_keeps_its_sign_and_away_from_events_its_flux_and_place(busy):
    eventful = set(zip(busy.members["track_id"], busy.members["frame"], strict=True))
    flux_changes, steps = [], []
    for part in busy.features[busy.features["flags"] == 0].group_by("track_id").groups:
        assert len(set(part["polarity"])) == 1
        for earlier, later in itertools.pairwise(part):
            quiet = {(row["track_id"], row["frame"]) for row in (earlier, later)}.isdisjoint(eventful)
            if quiet and later["frame"] == earlier["frame"] + 1:
                flux_changes.append(abs(later["flux"] / earlier["flux"] - 1))
                steps.append(np.hypot(later["x"] - earlier["x"], later["y"] - earlier["y"]).value)
    assert 0.01 < np.median(flux_changes) < 0.05
    # 1.8 km/s for 73 s, the jitter of both frames, and the drift.
    assert max(steps) < 1.8 * 73 / 60.5 + 2


@pytest.mark.parametrize("preset", ["quiet_sun_gst", "quiet_sun_hmi", "hinode"])
def test_an_ideal_observer_sees_the_true_features(preset):
    simulation = simulate(preset, seed=2, n_frames=12, **CLEAR)
    sun = simulation.sun
    options = {"threshold": sun.threshold, "polarity_threshold": sun.threshold, "min_pixels": sun.min_pixels}
    segmenter = Segmenter(method="threshold", **options)
    for frame in (0, 5, 11):
        seen, true = segmenter(simulation.maps[frame]), simulation.labels[frame]
        assert np.array_equal(seen.labels > 0, true > 0)
        assert len(seen) == true.max()


def test_a_tracker_that_sees_the_truth_finds_the_events(busy):
    events = Tracker().track(busy.catalog(frame) for frame in range(len(busy)))
    found = matching_events(busy.events, events)
    assert (found >= 0).mean() > 0.9
    assert len(events) < 1.2 * len(busy.events)


def test_flux_is_kept_through_merging_splitting_and_unbalanced_events(busy, made_to_order):
    for simulation in (busy, made_to_order):
        events = simulation.events[_is_kept(simulation.events)]
        change = np.abs((events["flux_after"] / events["flux_before"]).value - 1)
        # A few per cent in the mean; small remainders feel each pixel at the footprints' edges.
        assert np.median(change) < 0.04
        assert change.max() < 0.2


def test_balanced_events_leave_nothing(busy):
    balanced = busy.events[busy.events["balance"] == "balanced"]
    assert (balanced["imbalance"] < 0.2).all()
    deaths = balanced["category"] == "death"
    assert (balanced["children"][deaths] == "").all()
    assert (balanced["parents"][~deaths] == "").all()


def test_members_stand_next_to_each_other(busy):
    for event in busy.events[~np.isin(busy.events["kind"], ["appearance", "disappearance"])]:
        catalog = busy.catalog(event["frame"])
        labels = event["parents" if event["category"] == "death" else "children"].split()
        places = [np.argwhere(catalog.labels == int(label)) for label in labels]
        for number, place in enumerate(places):
            others = np.concatenate(places[:number] + places[number + 1 :])
            distance = np.hypot(*(place[:, np.newaxis] - others[np.newaxis]).transpose(2, 0, 1)).min()
            assert 1.5 < distance < 5


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: f"{order.kind} {order.balance} {order.n_members}")
def test_an_ordered_event_takes_place_where_it_was_ordered(made_to_order, order):
    events = made_to_order.events
    assert len(events) == len(ORDERS)
    chosen = (events["kind"] == order.kind) & (events["frame"] == order.frame) & (events["balance"] == order.balance)
    (event,) = events[chosen]
    side = event["parents" if order.is_death else "children"].split()
    assert len(side) == order.n_members
    features = made_to_order.tables()["features"]
    members = features[(features["frame"] == order.frame) & np.isin(features["label"], np.array(side, int))]
    weights = np.abs(members["flux"].value)
    x, y = (np.average(members[name].value, weights=weights) for name in ("x", "y"))
    assert np.hypot(x - order.x, y - order.y) < 1
    wcs = made_to_order.maps[order.frame].wcs
    x, y = wcs.world_to_pixel_values(event["Tx"].to_value("deg"), event["Ty"].to_value("deg"))
    # Contact is off the common center where the members differ, but among them.
    farthest = np.hypot(members["x"].value - order.x, members["y"].value - order.y).max()
    assert np.hypot(x - order.x, y - order.y) < max(farthest, 1)
    catalog = made_to_order.catalog(order.frame)
    largest = max((catalog[int(label) - 1].flux.value for label in side), key=abs)
    if order.flux is not None:
        assert largest == pytest.approx(order.flux.value, rel=0.25)
    if order.kind in ("merging", "splitting"):
        assert len({np.sign(catalog[int(label) - 1].flux.value) for label in side}) == 1


def test_the_member_with_most_flux_carries_its_track_on(busy, made_to_order):
    for simulation in (busy, made_to_order):
        flux = {(row["frame"], row["track_id"]): abs(row["flux"].value) for row in simulation.features}
        for event in simulation.events[_is_kept(simulation.events)]:
            members = simulation.members[simulation.members["event_id"] == event["event_id"]]
            parents, children = (members[members["role"] == role] for role in ("parent", "child"))
            (survivor,) = set(parents["track_id"]) & set(children["track_id"])
            for side in (parents, children):
                strongest = max((flux[row["frame"], row["track_id"]], row["track_id"]) for row in side)
                assert strongest[1] == survivor


def test_every_track_has_a_birth_and_a_death_or_is_censored(busy):
    tracks, members = busy.tracks, busy.members
    assert ((tracks["birth"] == "") == tracks["birth_censored"]).all()
    assert ((tracks["death"] == "") == tracks["death_censored"]).all()
    assert tracks["birth_censored"][tracks["first_frame"] == 0].all()
    assert tracks["death_censored"][tracks["last_frame"] == len(busy) - 1].all()
    ends = {(row["track_id"], row["frame"], row["role"]) for row in members}
    for track in tracks:
        assert (track["birth"] == "") or (track["track_id"], track["first_frame"], "child") in ends
        assert (track["death"] == "") or (track["track_id"], track["last_frame"], "parent") in ends


def test_every_feature_has_one_track_and_every_member_is_a_feature(busy):
    features = list(zip(busy.features["frame"], busy.features["track_id"], busy.features["label"], strict=True))
    assert len({(frame, track) for frame, track, _ in features}) == len(features)
    assert len({(frame, label) for frame, _, label in features}) == len(features)
    assert set(zip(busy.members["frame"], busy.members["track_id"], busy.members["label"], strict=True)) <= set(
        features
    )
    assert (np.bincount(busy.features["track_id"]) == busy.tracks["lifetime"]).all()


def test_no_element_takes_part_in_two_events_at_once(busy):
    frame = {row["event_id"]: row["frame"] - (row["category"] == "birth") for row in busy.events}
    parts = {(row["event_id"], row["track_id"]) for row in busy.members}
    times = sorted((track, frame[event]) for event, track in parts)
    steps = [later[1] - earlier[1] for earlier, later in itertools.pairwise(times) if later[0] == earlier[0]]
    assert min(steps) >= 2


def test_kin_are_told_by_both_sides(busy, made_to_order):
    for simulation in (busy, made_to_order):
        tracks = simulation.tracks
        parents = {(int(parent), row["track_id"]) for row in tracks for parent in row["parents"].split()}
        children = {(row["track_id"], int(child)) for row in tracks for child in row["children"].split()}
        assert parents == children
        merged = tracks[tracks["death"] == "merging"]
        assert all(len(row["children"].split()) >= 1 for row in merged)
        assert all(row["parents"] for row in tracks[tracks["birth"] == "splitting"])


def test_tables_have_the_trackers_schemas_and_can_be_written(busy, tmp_path):
    for name, table in busy.tables().items():
        assert table.colnames == list(SCHEMAS[name])
        assert table.meta["preset"] == "quiet_sun_gst"
        assert table.meta["seed"] == 4
        for suffix in (".fits", ".ecsv"):
            written = read_table(write_table(table, tmp_path / f"{name}{suffix}"))
            assert written.meta["noise"] == "55.0 G"


def test_fluxes_in_the_tables_are_those_of_the_field(busy):
    catalog = busy.catalog(2)
    rows = busy.features[busy.features["frame"] == 2]
    assert np.allclose(rows["flux"].value, catalog.flux.value)
    assert busy.frames["n_features"][2] == len(catalog) == len(rows)


def test_nothing_is_in_the_padding():
    simulation = simulate(seed=3, n_frames=5, shape=SHAPE, padding=0.07, drift=(0.5, 0.3) * u.km / u.s)
    empty = simulation.maps[0].data == 0
    assert empty.mean() == pytest.approx(0.07, abs=0.005)
    assert empty[[0, 0, -1, -1], [0, -1, 0, -1]].all()
    assert all((labels[empty] == 0).all() for labels in simulation.labels)
    assert (simulation.maps[4].data[~empty] != 0).all()


def test_elements_that_leave_the_frame_end_censored():
    simulation = simulate(seed=2, n_frames=12, shape=(96, 96), rates=0, drift=(1.5, 0) * u.km / u.s)
    assert len(simulation.events) == 0
    assert (simulation.tracks["last_frame"] < 11).any()
    assert simulation.tracks["death_censored"].all()
    assert simulation.tracks["birth_censored"].all()


def test_the_image_drifts_and_turns_but_the_coordinates_do_not():
    options = {"n_frames": 10, "shape": SHAPE, "rates": 0, "speed": 0 * u.km / u.s, "flow_speed": 0 * u.km / u.s}
    simulation = simulate(drift=(1, 0) * u.km / u.s, cadence_jitter=0, **CLEAR, **options)
    first, last = simulation.maps[0], simulation.maps[9]
    assert first.center.Tx.value == pytest.approx(last.center.Tx.value)
    stayed = simulation.features[simulation.features["flags"] == 0].group_by("track_id").groups
    moved = [part["x"][-1] - part["x"][0] for part in stayed if len(part) == 10]
    assert np.median([shift.value for shift in moved]) == pytest.approx(9 * 64.5 / 61, rel=0.05)
    turned = simulate(rotation=20 * u.deg / u.hour, drift=(0, 0) * u.km / u.s, **CLEAR, **options)
    part = max(turned.features.group_by("track_id").groups, key=lambda part: len(part) * abs(part["x"][0].value - 112))
    angle = np.unwrap(np.arctan2(part["y"].value - 79.5, part["x"].value - 111.5))
    hours = (part["time"] - part["time"][0]).to_value(u.hour)
    assert np.rad2deg(angle[-1] - angle[0]) == pytest.approx(20 * hours[-1], abs=0.5)


def test_an_empty_sun_has_empty_tables():
    simulation = simulate(n_frames=3, shape=(64, 64), rates=0, density=0 / u.Mm**2)
    tables = simulation.tables()
    assert [len(tables[name]) for name in ("events", "members", "features", "tracks", "frames")] == [0, 0, 0, 0, 3]
    assert all(table.colnames == list(SCHEMAS[name]) for name, table in tables.items())


def test_dropped_frames_leave_longer_cadences():
    simulation = simulate(n_frames=30, shape=(64, 64), dropped=0.3, cadence_jitter=0)
    steps = np.diff(simulation.times.unix) / 64.5
    assert len(simulation.maps) == 30
    assert np.allclose(steps, np.round(steps), atol=1e-4)
    assert set(np.round(steps)) >= {1, 2}


def test_cadence_seeing_and_bad_frames_change_from_frame_to_frame():
    simulation = simulate(n_frames=20, shape=(64, 64), rates=0, density=0 / u.Mm**2, bad=0.2)
    spread = np.array([frame.data.std() for frame in simulation.maps])
    assert np.isclose(spread, 55, rtol=0.1).sum() > 10
    assert np.isclose(spread, 4 * 55, rtol=0.1).sum() >= 1
    steps = np.diff(simulation.times.unix)
    assert 56 < steps.min() < 62 < 67 < steps.max() < 73
    field = simulation.maps[0].data
    assert np.corrcoef(field[:, 1:].ravel(), field[:, :-1].ravel())[0, 1] > 0.3


def test_pointing_jitter_moves_the_labels():
    still = {"rates": 0, "speed": 0 * u.km / u.s, "flow_speed": 0 * u.km / u.s, "drift": (0, 0) * u.km / u.s}
    still["flux_scatter"] = 0
    simulation = simulate(n_frames=12, shape=SHAPE, jitter=1.0, **still)
    whole = simulation.features[simulation.features["flags"] == 0].group_by("track_id").groups
    shifts = np.array([part["x"].value - part["x"].value.mean() for part in whole if len(part) == 12])
    assert shifts.mean(axis=0).std() > 0.5
    assert (shifts - shifts.mean(axis=0)).std() < 0.2


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_show_what_they_say(preset):
    simulation = simulate(preset, seed=1, n_frames=4)
    assert simulation.catalog(0).n_pixels.min() >= simulation.sun.min_pixels
    area = np.prod(simulation.shape) * (simulation.sun.scale.value * 0.73) ** 2
    assert simulation.labels[0].max() / area == pytest.approx(simulation.sun.density.value, rel=0.35)
    assert simulation.maps[0].unit == u.G


def test_a_sun_of_ones_own():
    sun = Sun(density=0.1 / u.Mm**2, rates={"merging": 1})
    simulation = simulate(sun, n_frames=2, shape=(64, 64), noise=0.001 * u.T)
    assert simulation.sun.rates["appearance"] == 0
    assert simulation.sun.noise == 10 * u.G
    assert simulation.meta["preset"] == "custom"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"preset": "sunspot"}, SolarUnetError, "unknown preset 'sunspot'; choose one of 'quiet_sun_gst'"),
        ({"nois": 3 * u.G}, SolarUnetError, "unknown parameter of the Sun 'nois'.*'noise'"),
        ({"rates": {"birth": 1}}, SolarUnetError, "unknown kind of event 'birth'"),
        ({"noise": 30}, TypeError, "noise needs a unit"),
        ({"noise": 30 * u.km}, u.UnitConversionError, "noise is in km"),
        ({"noise": -3 * u.G}, SolarUnetError, "noise must not be negative"),
        ({"drift": 1 * u.km / u.s}, SolarUnetError, "drift takes two numbers"),
        ({"seeing": 1 * u.pix}, TypeError, "seeing is a plain number"),
        ({"padding": 0.7}, SolarUnetError, "padding must be from 0 to 0.5"),
        ({"cadence": 0 * u.s}, SolarUnetError, "cadence must be more than zero"),
        ({"min_pixels": 2.5}, SolarUnetError, "min_pixels must be a whole number"),
        ({"min_pixels": 100}, SolarUnetError, "fewer than min_pixels"),
        ({"threshold": 290 * u.G}, SolarUnetError, "peak_field"),
        ({"flux_max": 1e16 * u.Mx}, SolarUnetError, "must be less than flux_max"),
        ({"n_frames": 0}, SolarUnetError, "n_frames must be a whole number"),
        ({"shape": (10, 100)}, SolarUnetError, "at least 32 pixels"),
        ({"shape": 256}, SolarUnetError, "rows and columns"),
        ({"seed": -1}, SolarUnetError, "seed must be a whole number"),
        ({"events": ["merging"]}, TypeError, "takes PlannedEvent"),
    ],
)
def test_what_cannot_be_meant_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        simulate(**({"n_frames": 3, "shape": (64, 64)} | options))


@pytest.mark.parametrize(
    ("orders", "message"),
    [
        ([PlannedEvent("merging", 5, 32, 32)], "its frame must be one of 0 to 4"),
        ([PlannedEvent("splitting", 0, 32, 32)], "its frame must be one of 1 to 5"),
        ([PlannedEvent("merging", 2, 3, 32)], "no data at its place"),
        ([PlannedEvent("appearance", 2, 200, 32)], "no data at its place"),
        ([PlannedEvent("merging", 2, 32, 32), PlannedEvent("appearance", 2, 40, 30)], "another ordered event"),
        ([PlannedEvent("appearance", 2, 32, 32, flux=1e15 * u.Mx)], "times flux_min"),
    ],
)
def test_impossible_orders_are_refused(orders, message):
    with pytest.raises(SolarUnetError, match=message):
        simulate(n_frames=6, shape=(64, 64), events=orders)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("vanishing", 2, 3, 4), "unknown kind of event 'vanishing'"),
        (("merging", 2, 3, 4, "balanced"), "a merging has no balance"),
        (("emergence", 2, 3, 4, "equal"), "unknown balance 'equal'"),
        (("merging", 2, 3, 4, "", 5), "n_members must be 2 or 3"),
        (("merging", 2, 3, 4, "", 2, 0 * u.Mx), "flux must not be zero"),
    ],
)
def test_orders_that_cannot_be_meant_are_refused(arguments, message):
    with pytest.raises(SolarUnetError, match=message):
        PlannedEvent(*arguments)


def test_the_imbalance_is_that_of_the_equations():
    assert imbalance("merging", np.array([2.0, 3.0]), 4.0) == 0.25
    assert imbalance("cancellation", np.array([-3.0, 4.0]), None) == 0.25
    assert imbalance("cancellation", np.array([-4.0, 1.0, 2.0]), None) == 0.25
    assert imbalance("cancellation", np.array([5.0, -2.0]), 4.0) == 0.25
    assert np.isnan(imbalance("disappearance", np.array([5.0]), None))
