"""
One element against time as a picture.
"""

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.dates import date2num
from planted import START, sequence

from sunpy_solarunet import Tracker
from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.plotting import COLORS, plot_track
from sunpy_solarunet.plotting.palettes import PALETTES

#: A negative feature that grows by a column, loses one, and merges with another.
SCENES = [[(10, 10, 4, 4, -300), (30, 40, 3, 3, -200)], [(10, 10, 4, 5, -300), (30, 40, 3, 3, -200)]]


@pytest.fixture
def tracker():
    tracker = Tracker(memory=0)
    tracker.track(sequence(*SCENES, [(10, 10, 4, 4, -300)]))
    return tracker


def of_track(tracker, number):
    features = tracker.features
    return features[features["track_id"] == number]


def test_flux_and_area_are_drawn_against_time(tracker):
    features = of_track(tracker, 0)
    flux, area = plot_track(features).axes
    for axes, name, unit in ((flux, "flux", u.Mx), (area, "area", u.Mm**2)):
        (line,) = axes.lines
        np.testing.assert_allclose(line.get_ydata(), features[name].to_value(unit))
        assert date2num(line.get_xdata()) == pytest.approx(date2num((START + [0, 1, 2] * u.min).to_datetime()))
        assert line.get_markerfacecolor() == COLORS["negative"]
    assert flux.get_ylabel() == r"flux ($\mathrm{Mx}$)"
    assert area.get_xlabel() == "time (UT), from 2017-07-13"
    assert [text.get_text() for text in flux.texts] == ["negative track 0"]


def test_the_events_of_a_track_are_marked_at_their_time(tracker):
    events = tracker.events
    flux, area = plot_track(of_track(tracker, 1), events).axes
    for axes in (flux, area):
        *_, mark = axes.lines
        assert to_hex(mark.get_color()) == COLORS["disappearance"]
        assert mark.is_dashed()
        assert date2num(mark.get_xdata()[0]) == pytest.approx(date2num((START + 1 * u.min).to_datetime()))
    assert [text.get_text() for text in flux.get_legend().get_texts()] == ["disappearance"]


def test_events_of_the_same_time_are_drawn_in_turn(tracker):
    events = tracker.events[[0, 0, 0]]
    events["kind"] = ["merging", "disappearance", "merging"]
    flux, _ = plot_track(of_track(tracker, 1), events, palette="paper").axes
    assert [to_hex(line.get_color()) for line in flux.lines[1:]] == [
        PALETTES["paper"][kind] for kind in ("merging", "disappearance")
    ]


def test_nothing_is_covered(tracker):
    figure = plot_track(of_track(tracker, 1), tracker.events)
    figure.canvas.draw()
    flux, _ = figure.axes
    renderer = figure.canvas.get_renderer()
    boxes = [flux.get_legend().get_window_extent(), flux.texts[0].get_window_extent(), flux.bbox]
    boxes.append(flux.yaxis.get_offset_text().get_window_extent(renderer))
    for number, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[number + 1 :])


def test_a_track_of_one_frame_is_shown_within_minutes(tracker):
    _, area = plot_track(of_track(tracker, 0)[:1]).axes
    assert np.ptp(area.get_xlim()) == pytest.approx(2 / (24 * 60))


def test_it_goes_into_a_figure_that_is_given(tracker):
    figure = plt.figure()
    assert plot_track(of_track(tracker, 0), figure=figure) is figure
    assert len(figure.axes) == 2


def test_a_table_without_fluxes_is_refused(tracker):
    features = of_track(tracker, 0)
    features.remove_column("flux")
    with pytest.raises(SolarUnetError, match="flux"):
        plot_track(features)
