"""Families of tracks and their tree."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import LineCollection
from planted import sequence

from sunpy_solarunet import Tracker
from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.lineage import family, plot_lineage
from sunpy_solarunet.plotting import COLORS

ALONE = (30, 40, 4, 4, -300)
PARTS = [(10, 10, 4, 4, 200), (10, 15, 4, 3, 300)]
WHOLE = [(10, 10, 4, 8, 212.5)]


@pytest.fixture
def tracks():
    """Two positive features merge and split again, far from a negative one."""
    tracker = Tracker(memory=0)
    tracker.track(sequence([*PARTS, ALONE], [*WHOLE, ALONE], [*PARTS, ALONE]))
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
