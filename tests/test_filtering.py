import astropy.units as u
import numpy as np
import pytest
from planted import random_sequence, sequence
from test_tables import assert_equal

from sunpy_solarunet import Tracker
from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.tracking.filtering import INTERACTIONS, noise_filter
from sunpy_solarunet.tracking.tables import SCHEMAS, make_table, read_table, write_table

#: Rectangles, and the frames of six that show them.
PLANTED = {
    "lasting": ((3, 4, 4, 6, 300), range(6)),
    "tiny": ((20, 5, 1, 3, 500), range(6)),
    "early": ((34, 50, 3, 4, 250), range(2)),
    "older": ((20, 20, 4, 4, 200), range(4)),
    "speck": ((30, 5, 3, 3, -200), range(2, 3)),
    "younger": ((20, 27, 4, 4, 190), range(2, 4)),
    "positive": ((4, 44, 4, 4, 100), range(1, 3)),
    "negative": ((5, 50, 4, 4, -95), range(1, 3)),
    "four": ((33, 25, 4, 4, -300), range(1, 5)),
    "merged": ((20, 22, 4, 8, 195), range(4, 6)),
}
#: The largest feature does not carry on the track of a merging: each of those planted is a track.
RULES = {"association": "assignment", "identity": "new"}
KEPT = {"lasting", "early", "older", "younger", "positive", "negative", "four", "merged"}


def shown(number):
    return {name: rectangle for name, (rectangle, numbers) in PLANTED.items() if number in numbers}


@pytest.fixture(scope="module")
def tracker():
    tracker = Tracker(**RULES)
    tracker.track(sequence(*(list(shown(number).values()) for number in range(6))))
    return tracker


@pytest.fixture
def tables(tracker):
    return tracker.tables()


def track_of(tables):
    """Track of each planted feature."""
    first = {name: (numbers[0], list(shown(numbers[0])).index(name) + 1) for name, (_, numbers) in PLANTED.items()}
    places = zip(tables["features"]["frame"].tolist(), tables["features"]["label"].tolist(), strict=True)
    known = dict(zip(places, tables["features"]["track_id"].tolist(), strict=True))
    return {name: known[place] for name, place in first.items()}


def kept(tables, **options):
    """Names of the planted features whose tracks are left."""
    left = set(noise_filter(tables, **options)["tracks"]["track_id"].tolist())
    return {name for name, track in track_of(tables).items() if track in left}


def test_the_scene_is_what_it_is_meant_to_be(tables):
    tracks = tables["tracks"]
    assert len(tracks) == len(PLANTED)
    causes = {name: (tracks["birth"][track], tracks["death"][track]) for name, track in track_of(tables).items()}
    assert causes["speck"] == causes["four"] == ("appearance", "disappearance")
    assert causes["younger"] == ("appearance", "merging")
    assert causes["positive"] == causes["negative"] == ("emergence", "cancellation")
    assert causes["merged"] == ("merging", "")


def test_short_and_small_tracks_go(tables):
    assert kept(tables) == KEPT


@pytest.mark.parametrize(("min_lifetime", "stays"), [(4, True), (5, False)])
def test_a_track_stays_that_lives_as_long_as_asked_for(tables, min_lifetime, stays):
    assert ("four" in kept(tables, min_lifetime=min_lifetime)) == stays


@pytest.mark.parametrize(("min_pixels", "stays"), [(3, True), (4, False)])
def test_a_track_stays_that_is_as_large_as_asked_for(tables, min_pixels, stays):
    assert ("tiny" in kept(tables, min_pixels=min_pixels)) == stays


def test_the_largest_size_counts():
    tracker = Tracker(**RULES)
    tracker.track(sequence([(20, 5, 1, 3, 500)], [(20, 5, 1, 4, 500)], [(20, 5, 1, 3, 500)]))
    assert len(noise_filter(tracker)["tracks"]) == 1
    assert len(noise_filter(tracker, min_pixels=5)["tracks"]) == 0


def test_censored_tracks_go_for_their_size_alone(tables):
    assert {"early", "lasting"} < kept(tables, min_lifetime=100, keep_interacting=False)
    assert kept(tables, min_lifetime=0, min_pixels=13, keep_interacting=False) == KEPT - {"early"}


def test_tracks_that_meet_others_stay_unless_told(tables):
    assert kept(tables) - kept(tables, keep_interacting=False) == {"younger", "positive", "negative"}
    assert kept(tables, min_pixels=17, min_lifetime=0) == {
        "lasting",
        *("older", "younger", "positive", "negative", "merged"),
    }


def test_without_limits_nothing_changes(tables):
    filtered = noise_filter(tables, min_lifetime=0, min_pixels=0, keep_interacting=False)
    assert list(filtered) == list(tables)
    for name, table in filtered.items():
        for column in ("positive_flux", "negative_flux") if name == "frames" else ():
            assert u.allclose(table[column], tables[name][column], rtol=1e-12)
            table[column] = tables[name][column]
            table[column].info.description = tables[name][column].info.description
        table.meta = tables[name].meta
        assert_equal(table, tables[name])


def test_rows_of_dropped_tracks_vanish(tables):
    filtered = noise_filter(tables, keep_interacting=False)
    left = set(filtered["tracks"]["track_id"].tolist())
    dropped = {track_of(tables)[name] for name in ("speck", "tiny", "younger", "positive", "negative")}
    assert left == set(tables["tracks"]["track_id"].tolist()) - dropped
    assert set(filtered["features"]["track_id"].tolist()) == left
    assert set(filtered["members"]["track_id"].tolist()) <= left
    for name in ("features", "tracks", "members"):
        staying = ~np.isin(tables[name]["track_id"], list(dropped))
        assert len(filtered[name]) == staying.sum()
        assert filtered[name]["track_id"].tolist() == tables[name]["track_id"][staying].tolist()


def test_frames_count_what_is_left(tables):
    filtered = noise_filter(tables, keep_interacting=False)
    names = KEPT - {"younger", "positive", "negative"}
    pixel = tables["features"]["area"][0] / tables["features"]["n_pixels"][0] * u.G
    for number, row in enumerate(filtered["frames"]):
        fluxes = np.array([r[2] * r[3] * r[4] for name, r in shown(number).items() if name in names]) * pixel
        assert row["n_features"] == len(fluxes)
        assert u.isclose(row["positive_flux"], fluxes[fluxes > 0].sum(), rtol=1e-6)
        assert u.isclose(row["negative_flux"], fluxes[fluxes < 0].sum(), rtol=1e-6)
    assert len(filtered["frames"]) == 6


def test_events_whose_members_have_gone_vanish(tables):
    filtered = noise_filter(tables)
    assert sorted(filtered["events"]["kind"]) == sorted(
        ["disappearance", "appearance", "disappearance", "appearance", "emergence", "cancellation", "merging"]
    )
    assert set(filtered["events"]["event_id"].tolist()) == set(filtered["members"]["event_id"].tolist())
    stricter = noise_filter(tables, keep_interacting=False)
    assert not np.isin(stricter["events"]["kind"], ["emergence", "cancellation"]).any()
    assert set(stricter["events"]["event_id"].tolist()) < set(filtered["events"]["event_id"].tolist())


def test_an_event_stays_with_the_members_that_are_left(tables):
    before = tables["events"][tables["events"]["kind"] == "merging"][0]
    after = noise_filter(tables, keep_interacting=False)["events"]
    after = after[after["kind"] == "merging"][0]
    labels = [str(list(shown(3)).index(name) + 1) for name in ("older", "younger")]
    assert before["parents"].split() == labels
    assert after["parents"].split() == labels[:1]
    assert after["children"] == before["children"] == str(list(shown(4)).index("merged") + 1)
    assert (before["n_features"], after["n_features"]) == (3, 2)
    for column in ("event_id", "flux_before", "flux_after", "imbalance", "Tx", "Ty"):
        assert after[column] == before[column]


def test_the_lineage_loses_the_tracks_that_went(tables):
    track = track_of(tables)
    tracks = tables["tracks"]
    merged = f"{track['older']} {track['speck']} {track['younger']}"
    tracks["parents"] = [merged if row == track["merged"] else "" for row in tracks["track_id"]]
    tracks["children"] = [str(track["speck"]) if row == track["four"] else "" for row in tracks["track_id"]]
    filtered = noise_filter(tables)["tracks"]
    assert filtered["parents"][filtered["track_id"] == track["merged"]][0] == f"{track['older']} {track['younger']}"
    assert set(filtered["children"]) == {""}
    assert tracks["parents"][track["merged"]] == merged


def test_the_tables_given_are_left_as_they_are(tables, tracker):
    noise_filter(tables, min_lifetime=100, min_pixels=17, keep_interacting=False)
    for name, table in tracker.tables().items():
        assert_equal(tables[name], table)


def test_meta_tells_what_was_done(tables):
    for name, table in noise_filter(tables, min_lifetime=5).items():
        assert {key: table.meta[key] for key in table.meta if key.startswith("noise_filter")} == {
            "noise_filter_min_lifetime": 5,
            "noise_filter_min_pixels": 4,
            "noise_filter_keep_interacting": True,
            "noise_filter_dropped_tracks": 3,
        }
        assert table.meta["table"] == name
        assert table.meta["association"] == "assignment"


def test_a_tracker_is_taken_as_its_tables(tables, tracker):
    for name, table in noise_filter(tracker).items():
        assert_equal(table, noise_filter(tables)[name])


def test_filtered_tables_are_written_and_filtered_again(tables, tmp_path):
    once = noise_filter(tables, keep_interacting=False)
    for name, table in once.items():
        back = read_table(write_table(table, tmp_path / f"{name}.ecsv"))
        assert_equal(back, table)
        once[name] = back
    twice = noise_filter(once, keep_interacting=False)
    for name in SCHEMAS:
        assert twice[name].meta["noise_filter_dropped_tracks"] == 0
        twice[name].meta = once[name].meta
        assert_equal(twice[name], once[name])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("keep_interacting", [True, False])
def test_what_is_left_of_random_scenes_fits_together(seed, keep_interacting):
    tracker = Tracker(**RULES)
    tracker.track(random_sequence(seed, frames=7, number=14))
    filtered = noise_filter(tracker, min_lifetime=3, min_pixels=7, keep_interacting=keep_interacting)
    tracks, features, members, events = (filtered[name] for name in ("tracks", "features", "members", "events"))
    assert 0 < len(tracks) < len(tracker.tracks)
    assert len(features) == tracks["lifetime"].sum() == filtered["frames"]["n_features"].sum()
    assert len(members) == events["n_features"].sum()
    for event in events:
        own = members[members["event_id"] == event["event_id"]]
        for column, role in (("parents", "parent"), ("children", "child")):
            assert own["label"][own["role"] == role].tolist() == [int(label) for label in event[column].split()]
    meets = np.isin(tracks["birth"], INTERACTIONS) | np.isin(tracks["death"], INTERACTIONS)
    censored = tracks["birth_censored"] | tracks["death_censored"]
    assert np.all((tracks["lifetime"] >= 3) | censored | (meets if keep_interacting else False))


def test_empty_tables_stay_empty():
    filtered = noise_filter({name: make_table(name, {}) for name in SCHEMAS})
    assert [len(table) for table in filtered.values()] == [0] * 5
    assert [table.colnames for table in filtered.values()] == [list(SCHEMAS[name]) for name in filtered]
    assert filtered["events"].meta["noise_filter_dropped_tracks"] == 0


def test_a_sequence_without_features_keeps_its_frames():
    tracker = Tracker(**RULES)
    tracker.track(sequence([], []))
    assert noise_filter(tracker)["frames"]["n_features"].tolist() == [0, 0]


def test_all_tracks_may_go(tables):
    filtered = noise_filter(tables, min_pixels=1000, keep_interacting=False)
    assert {name: len(table) for name, table in filtered.items()} == dict.fromkeys(SCHEMAS, 0) | {"frames": 6}
    assert np.all(filtered["frames"]["positive_flux"] == 0 * u.Mx)


@pytest.mark.parametrize("options", [{"min_lifetime": -1}, {"min_pixels": 2.5}, {"min_lifetime": 4 * u.s}])
def test_limits_are_whole_numbers(tables, options):
    with pytest.raises(SolarUnetError, match=f"{next(iter(options))} must be a whole number"):
        noise_filter(tables, **options)


def test_tables_that_are_not_the_five_are_refused(tables):
    with pytest.raises(TypeError, match=r"Tracker.tables\(\)"):
        noise_filter(tables["tracks"])
    with pytest.raises(SolarUnetError, match="no table members, frames"):
        noise_filter({name: table for name, table in tables.items() if name not in ("members", "frames")})
    tables["features"].remove_column("n_pixels")
    with pytest.raises(SolarUnetError, match="features has no column n_pixels"):
        noise_filter(tables)


@pytest.mark.parametrize(
    ("name", "column"),
    [("tracks", "track_id"), ("features", "frame"), ("members", "event_id"), ("members", "track_id")],
)
def test_tables_of_different_runs_are_refused(tables, name, column):
    tables[name][column] += 100
    with pytest.raises(SolarUnetError, match="different runs"):
        noise_filter(tables)
