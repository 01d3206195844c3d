"""
Comparing apart from remembering: what pairs of frames tell becomes rows, each given out once.
"""

import gc
import itertools
import tracemalloc

import numpy as np
import pytest
from planted import catalog, random_sequence, sequence

from sunpy_solarunet import Tracker
from sunpy_solarunet.errors import SequenceError
from sunpy_solarunet.tracking import History, compare
from sunpy_solarunet.tracking.columns import Store, join
from sunpy_solarunet.tracking.events import Explanation, Transition
from sunpy_solarunet.tracking.rows import features_columns
from sunpy_solarunet.tracking.rules import RULES
from sunpy_solarunet.tracking.tables import SCHEMAS


def features(*labels, flux=1e18):
    """Columns of features that stand beside each other."""
    number = len(labels)
    return {
        "label": np.array(labels),
        "polarity": np.ones(number, int),
        "flux": np.full(number, flux),
        "x": 10.0 * np.array(labels),
        "y": np.zeros(number),
    }


def gone(index):
    return Explanation("disappearance", (index,), None, np.nan)


def transition(successor, deaths=(), births=(), **options):
    kinds = [death.kind for death in deaths] + [{"disappearance": "appearance"}[birth.kind] for birth in births]
    categories = ["death"] * len(deaths) + ["birth"] * len(births)
    events = {"kind": np.array(kinds, str), "category": np.array(categories, str)}
    size = {"axes": np.broadcast_to(360 * np.eye(2), (9, 2, 2)), "radius": np.full(9, 500.0)}
    return Transition(
        np.array(successor, int), list(deaths), list(births), 0, events=events, seconds=60.0, **size, **options
    )


# Comparing


@pytest.mark.parametrize("rule", RULES)
def test_pairs_may_be_compared_in_any_order_and_any_number_of_times(rule):
    catalogs = random_sequence(3, frames=4)
    pairs = list(itertools.pairwise(range(4)))
    forward = {pair: compare(catalogs[pair[0]], catalogs[pair[1]], association=rule) for pair in pairs}
    again = {pair: compare(catalogs[pair[0]], catalogs[pair[1]], association=rule) for pair in pairs[::-1]}
    for pair in pairs:
        assert forward[pair].successor.tolist() == again[pair].successor.tolist()
        assert forward[pair].events["parents"].tolist() == again[pair].events["parents"].tolist()


@pytest.mark.parametrize("rule", RULES)
def test_folding_the_pairs_gives_what_the_tracker_gives(rule):
    catalogs = random_sequence(5, frames=6)
    tracker = Tracker(rule)
    tracker.track(catalogs)
    history = History(memory=tracker.memory, max_speed=4.0, flux_tolerance=0.5)
    rows = [history.begin(0, features_columns(catalogs[0], 0))]
    for number, (before, after) in enumerate(itertools.pairwise(catalogs), start=1):
        found = compare(before, after, parameters=tracker.parameters)
        rows.append(history.follow(number, features_columns(after, number), found))
    rows.append(history.finish())
    for name in ("events", "members", "tracks", "features"):
        given = join([part[name] for part in rows if part.get(name) and len(next(iter(part[name].values())))])
        table = getattr(tracker, name)
        order = np.argsort(given["track_id"]) if name == "tracks" else slice(None)
        assert len(table) == len(next(iter(given.values())))
        for column in set(SCHEMAS[name]) - {"time"}:
            values = table[column].value if hasattr(table[column], "unit") and table[column].unit else table[column]
            assert np.array_equal(given[column][order], values, equal_nan=values.dtype.kind == "f"), column


def test_what_cannot_follow_is_refused():
    first, second = sequence([(5, 5, 4, 4, 300)], [(5, 6, 4, 4, 300)])
    with pytest.raises(SequenceError, match="earlier time"):
        compare(second, first)
    with pytest.raises(SequenceError, match="shape"):
        compare(first, catalog([(5, 5, 4, 4, 300)], minute=1, shape=(40, 61)))


# Remembering


def test_an_event_is_given_out_when_no_later_frame_can_take_it_back():
    history = History(memory=2, max_speed=4.0)
    history.begin(0, features(1, 2))
    given = [history.follow(1, features(1), transition([0, -1], [gone(1)]))["events"]]
    given += [history.follow(number, features(1), transition([0]))["events"] for number in (2, 3)]
    assert [len(events.get("kind", ())) for events in given] == [0, 0, 1]
    assert given[2]["frame"].tolist() == [0]


def test_a_disappearance_is_never_given_out_if_the_feature_comes_back():
    history = History(memory=2, max_speed=4.0)
    rows = [history.begin(0, features(1, 2)), history.follow(1, features(1), transition([0, -1], [gone(1)]))]
    rows.append(history.follow(2, features(1, 2), transition([0], births=[gone(1)])))
    assert rows[2]["features"]["track_id"].tolist() == [0, 1]
    rows += [history.follow(number, features(1, 2), transition([0, 1])) for number in (3, 4, 5)]
    rows.append(history.finish())
    assert sum(len(part["events"].get("kind", ())) for part in rows) == 0
    assert rows[-1]["tracks"]["lifetime"].tolist() == [6, 6]


def test_a_track_is_given_out_when_it_cannot_come_back():
    history = History(memory=1, max_speed=4.0)
    history.begin(0, features(1, 2))
    first = history.follow(1, features(1), transition([0, -1], [gone(1)]))
    second = history.follow(2, features(1), transition([0]))
    assert first["tracks"]["track_id"].tolist() == []
    assert second["tracks"]["track_id"].tolist() == [1]
    assert history.finish()["tracks"]["track_id"].tolist() == [0]


def test_frames_are_settled_when_their_events_are():
    history = History(memory=2, max_speed=4.0)
    history.begin(0, features(1))
    settled = [history.settled_frames]
    for number in range(1, 6):
        history.follow(number, features(1), transition([0]))
        settled.append(history.settled_frames)
    history.finish()
    assert [*settled, history.settled_frames] == [0, 0, 0, 1, 2, 3, 6]


def test_what_would_be_given_out_at_the_end_can_be_looked_at_before():
    history = History(memory=2, max_speed=4.0)
    history.begin(0, features(1, 2))
    history.follow(1, features(1), transition([0, -1], [gone(1)]))
    looked_at, given = history.open_rows(), history.finish()
    for name in ("events", "tracks", "members"):
        assert looked_at[name].keys() == given[name].keys()
        for column, values in given[name].items():
            assert np.array_equal(looked_at[name][column], values, equal_nan=values.dtype.kind == "f")


def test_no_more_is_held_than_what_lives_and_what_the_memory_asks_for():
    rng = np.random.default_rng(0)
    history = History(memory=2, max_speed=4.0)

    def frames(start, number):
        for frame in range(start, start + number):
            # Each frame half of the features go and as many others come.
            stays = rng.permutation(40)[:20]
            successor = np.full(40, -1)
            successor[stays] = np.arange(20)
            deaths = [gone(index) for index in np.flatnonzero(successor < 0)]
            births = [gone(index) for index in range(20, 40)]
            found = transition(successor, deaths, births)
            size = {"axes": np.broadcast_to(360 * np.eye(2), (40, 2, 2)), "radius": np.full(40, 500.0)}
            found = Transition(found.successor, deaths, births, 0, events=found.events, seconds=60.0, **size)
            where = features(*range(1, 41)) | {"x": rng.uniform(0, 4000, 40), "y": rng.uniform(0, 4000, 40)}
            history.follow(frame, where, found)

    tracemalloc.start()
    history.begin(0, features(*range(1, 41)))
    frames(1, 50)
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    frames(51, 300)
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    # Less than ten bytes for each of the 20 features that came, and went, in each of these frames.
    assert after - before < 10 * 20 * 300


# Keeping rows


def test_rows_are_kept_in_their_order_in_few_pieces():
    store = Store("members")
    for number in range(100):
        store.add({name: np.full(1, number) for name in SCHEMAS["members"]})
        store.add({name: np.zeros(0, int) for name in SCHEMAS["members"]})
    assert len(store) == 100
    assert len(store._parts) < 10
    assert store.table()["track_id"].tolist() == list(range(100))


def test_rows_that_are_kept_are_not_held_twice_while_others_come_in():
    store, rows = Store("members"), {name: np.arange(500) for name in SCHEMAS["members"]}
    tracemalloc.start()
    for _ in range(200):
        store.add({name: values.copy() for name, values in rows.items()})
    held, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held > 200 * 500 * 8 * len(SCHEMAS["members"])
    assert most < 1.25 * held
    assert len(store._parts) < 50


def test_a_table_can_be_ordered_by_a_column():
    store = Store("members")
    for number in (3, 1, 2):
        store.add({name: np.full(1, number) for name in SCHEMAS["members"]})
    assert store.table(order="track_id")["track_id"].tolist() == [1, 2, 3]
    assert store.table({name: np.zeros(1, int) for name in SCHEMAS["members"]})["label"].tolist() == [3, 1, 2, 0]
