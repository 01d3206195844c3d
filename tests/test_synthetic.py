import astropy.units as u
import numpy as np
import pytest

from sunpy_solarunet import Segmenter, Tracker
from sunpy_solarunet.demo import matching_events
from sunpy_solarunet.synthetic import Element, draw_elements, six_events
from sunpy_solarunet.tracking.tables import EVENT_KINDS


def test_an_element_moves_evenly_while_it_lives():
    element = Element(2, 4, x=10, y=20, peak=-300, width=2, step=(1.5, -0.5))
    assert element.position(4) == (13, 19)
    for frame, peak in ((1, 0), (2, -300), (4, -300), (5, 0)):
        assert draw_elements([element], frame, (40, 30)).min() == pytest.approx(peak, abs=15)


def test_an_element_has_the_flux_of_its_profile():
    field = draw_elements([Element(0, 0, x=31, y=22, peak=500, width=3)], 0, (50, 60))
    assert field.sum() == pytest.approx(500 * 2 * np.pi * 3**2, rel=1e-4)


def test_the_same_seed_gives_the_same_sun():
    first, again, other = (six_events(seed)[0][3].data for seed in (4, 4, 5))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_planted_events_are_of_all_kinds_and_at_their_frames():
    maps, events = six_events()
    assert set(events["kind"]) == set(EVENT_KINDS)
    assert set(events["balance"][events["kind"] == "cancellation"]) == {"balanced", "unbalanced"}
    for event in events:
        assert event["time"].isot == maps[event["frame"]].date.isot


@pytest.mark.parametrize("rule", ["assignment", "paper"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_tracker_finds_what_was_planted_and_nothing_else(rule, seed):
    maps, planted = six_events(seed)
    segmenter = Segmenter(method="threshold", threshold=150 * u.G)
    events = Tracker(rule).track(segmenter(frame) for frame in maps)
    rows = matching_events(planted, events)
    assert sorted(rows) == list(range(len(planted)))
    assert len(events) == len(planted)
    assert events["balance"][rows].tolist() == planted["balance"].tolist()


def test_an_event_elsewhere_or_at_another_time_is_no_match():
    _, planted = six_events()
    elsewhere, later = planted.copy(), planted.copy()
    elsewhere["Tx"] += 2 * u.arcsec
    later["frame"] += 1
    assert (matching_events(planted, planted) == np.arange(len(planted))).all()
    assert (matching_events(planted, elsewhere) == -1).all()
    assert (matching_events(planted, later) == -1).all()


@pytest.mark.parametrize(
    ("options", "error"), [({"noise": 15}, TypeError), ({"cadence": 0 * u.s}, ValueError), ({"cadence": 60}, TypeError)]
)
def test_arguments_that_cannot_be_meant_are_refused(options, error):
    with pytest.raises(error):
        six_events(**options)
