"""Families of tracks and their tree."""

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import LineCollection
from planted import random_sequence, sequence

from sunpy_solarunet import Run, Segmenter, Tracker
from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.lineage import family
from sunpy_solarunet.plotting import COLORS, plot_lineage
from sunpy_solarunet.tracking.kinship import lineage_table, numbers_in
from sunpy_solarunet.tracking.rules import RULES
from sunpy_solarunet.tracking.tables import read_table, write_table

ALONE = (30, 40, 4, 4, -300)
PARTS = [(10, 10, 4, 4, 200), (10, 15, 4, 3, 300)]
WHOLE = [(10, 10, 4, 8, 212.5)]


@pytest.fixture(scope="module")
def tracker():
    """Two positive features merge and split again, far from a negative one."""
    tracker = Tracker(memory=0)
    tracker.track(sequence([*PARTS, ALONE], [*WHOLE, ALONE], [*PARTS, ALONE]))
    return tracker


@pytest.fixture
def tracks(tracker):
    return tracker.tracks


@pytest.fixture
def axes():
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


def test_a_family_holds_all_that_came_together_or_apart(tracks):
    assert tracks["polarity"].tolist() == [1, 1, -1, 1]
    for member in (0, 1, 3):
        assert family(tracks, member).tolist() == [0, 1, 3]
    assert family(tracks, 2).tolist() == [2]


def test_a_track_that_is_not_there_has_no_family(tracks):
    with pytest.raises(SolarUnetError, match="no track 4: the tracks are numbered from 0 to 3"):
        family(tracks, 4)


def test_each_track_is_a_line_from_its_first_frame_to_its_last(tracks, axes):
    plot_lineage(tracks, axes=axes)
    lines = [found for found in axes.collections if isinstance(found, LineCollection)]
    drawn = sorted(found.get_segments()[0][:, 0].tolist() for found in lines)
    assert drawn == [[0, 0], [0, 2], [2, 2]]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["0", "1", "3"]


def test_births_and_deaths_are_marked_in_the_colors_of_their_kinds(tracks, axes):
    plot_lineage(tracks, 0, axes=axes)
    marked = {
        (line.get_marker(), line.get_color(), line.get_xdata()[0]) for line in axes.lines if len(line.get_xdata()) == 1
    }
    assert marked == {("X", COLORS["merging"], 0), ("o", COLORS["splitting"], 2)}


def joints(axes):
    lines = [line for line in axes.lines if len(line.get_xdata()) == 2]
    return {(*line.get_xdata(), *line.get_ydata()) for line in lines}


def test_tracks_are_joined_where_they_come_together_and_where_they_part(tracks, axes):
    plot_lineage(tracks, axes=axes)
    # Heights in the tree: track 0, 1, 3. Track 0 goes into 1 after frame 0; track 3 parts from 1 before frame 2.
    assert joints(axes) == {(0, 1, 0, 1), (2, 1, 2, 1)}


def test_one_that_parts_and_comes_back_is_joined_twice(axes):
    tracker = Tracker(memory=0)
    tracker.track(sequence([*WHOLE], [*PARTS], [*WHOLE]))
    assert tracker.tracks["parents"].tolist() == ["1", "0"]
    plot_lineage(tracker.tracks, axes=axes)
    assert joints(axes) == {(1, 0, 1, 0), (1, 2, 1, 0)}


def test_with_new_identities_three_tracks_meet_in_a_fourth(axes):
    tracker = Tracker(identity="new")
    tracker.track(sequence([*PARTS], [*WHOLE]))
    plot_lineage(tracker.tracks, axes=axes)
    assert [(x0, x1) for x0, x1, *_ in sorted(joints(axes))] == [(0, 1), (0, 1)]


def test_without_relatives_there_is_nothing_to_draw(axes):
    tracker = Tracker()
    tracker.track(sequence([ALONE], [ALONE]))
    assert plot_lineage(tracker.tracks, axes=axes) is axes
    assert not axes.collections
    plot_lineage(Tracker().tracks, axes=axes)
    assert np.array_equal(axes.get_yticks(), [])


NAMES = ("parent", "child", "kind", "frame", "parent_frame", "child_frame")


def test_a_lineage_has_a_row_for_each_track_that_came_from_another(tracker):
    lineage = tracker.lineage
    # Track 0 goes into 1 between frames 0 and 1, which frame 0 shows; track 3 parts from it before frame 2.
    assert [tuple(row) for row in lineage[NAMES].iterrows()] == [
        (0, 1, "merging", 0, 0, 1),
        (1, 3, "splitting", 2, 1, 2),
    ]
    assert lineage["event_id"].tolist() == tracker.events["event_id"].tolist() == [0, 1]
    assert lineage["flux_exchanged"].unit == u.Mx
    assert np.array_equal(lineage["flux_exchanged"], tracker.events["flux_exchanged"])


def test_where_every_part_has_a_track_of_its_own_each_parent_goes_with_each_child():
    tracker = Tracker(identity="new")
    tracker.track(sequence([*PARTS], [*WHOLE], [*PARTS]))
    assert [tuple(row) for row in tracker.lineage.iterrows("parent", "child")] == [(0, 2), (1, 2), (2, 3), (2, 4)]


def test_without_events_a_lineage_is_empty_but_has_its_columns(tracker):
    assert Tracker().lineage.colnames == tracker.lineage.colnames
    assert len(Tracker().lineage) == 0


@pytest.mark.parametrize("suffix", [".ecsv", ".csv", ".fits"])
def test_a_lineage_comes_back_from_a_file_as_it_was(tracker, tmp_path, suffix):
    lineage = tracker.lineage
    assert lineage.meta["table"] == "lineage"
    again = read_table(write_table(lineage, tmp_path / f"lineage{suffix}"))
    assert again.colnames == lineage.colnames
    assert again["flux_exchanged"].unit == u.Mx
    assert all(np.array_equal(again[name], lineage[name]) for name in lineage.colnames)
    assert again["parent"].info.description == lineage["parent"].info.description


def test_a_lineage_is_of_the_events_that_are_looked_at(tracker):
    events = tracker.events[::-1]
    assert lineage_table(events, tracker.members)["kind"].tolist() == ["merging", "splitting"]
    assert lineage_table(events[events["kind"] == "splitting"], tracker.members)["event_id"].tolist() == [1]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("identity", ["new", "largest_flux"])
def test_a_lineage_tells_what_the_tracks_tell_people(rule, identity):
    tracker = Tracker(rule, identity=identity)
    for catalog in random_sequence(5, frames=5):
        tracker.update(catalog)
        lineage, tracks = tracker.lineage, tracker.tracks
        assert len(lineage) == sum(len(numbers_in(text)) for text in tracks["parents"])
        for track in tracks:
            for column, other, mine in (("parents", "parent", "child"), ("children", "child", "parent")):
                told = lineage[other][lineage[mine] == track["track_id"]].tolist()
                assert told == numbers_in(track[column])


def test_families_and_trees_are_the_same_whoever_holds_the_tables(tracker, tmp_path):
    scenes = [*PARTS, ALONE], [*WHOLE, ALONE], [*PARTS, ALONE]
    maps = [catalog.map for catalog in sequence(*scenes)]
    run = Run(tmp_path).track(maps, Segmenter("threshold", threshold=100 * u.G), Tracker(memory=0))
    sources = (tracker, tracker.tables(), tracker.tracks, run)
    for source in sources:
        figure, axes = plt.subplots()
        assert len(joints(plot_lineage(source, axes=axes))) == 2
        plt.close(figure)
    assert all(family(source, 0).tolist() == [0, 1, 3] for source in sources[:3])
    positive = run.tracks["track_id"][run.tracks["polarity"] > 0].tolist()
    assert family(run, positive[0]).tolist() == positive
    for number in positive:
        track = run.track(number)
        assert [one.track_id for one in track.parents] == numbers_in(track.row["parents"])
        assert [one.track_id for one in track.children] == numbers_in(track.row["children"])


def test_joints_go_to_the_frames_that_were_compared_across_one_that_was_skipped(axes):
    tracker = Tracker(memory=0)
    first, gap, last = sequence([*PARTS], [], [*WHOLE])
    gap = type(gap)(type(gap.map)(np.full(gap.labels.shape, np.nan), gap.map.meta), gap.labels)
    tracker.track([first, gap, last])
    plot_lineage(tracker, axes=axes)
    assert joints(axes) == {(0, 2, 0, 1)}


def test_tracks_that_are_not_there_any_more_are_no_relatives(tracker, axes):
    tables = tracker.tables()
    tables["tracks"] = tables["tracks"][1:]
    for source in (tables, tables["tracks"]):
        assert family(source, 1).tolist() == [1, 3]
    plot_lineage(tables, axes=axes)
    assert joints(axes) == {(2, 1, 1, 0)}


def test_one_who_has_the_wrong_thing_is_told_what_is_needed(tracker):
    with pytest.raises(TypeError, match="a Run, a Tracker or the dict of their tables is needed, got int"):
        family(4, 0)
    with pytest.raises(SolarUnetError, match="no table of events is among those given: tracks"):
        family({"tracks": tracker.tracks}, 0)
