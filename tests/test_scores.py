"""How often the default tracker is right where the truth is known; other seeds than those its constants come from."""

import astropy.units as u
import pytest

from sunpy_solarunet import Segmenter, Tracker
from sunpy_solarunet.scoring import score
from sunpy_solarunet.synthetic import simulate
from sunpy_solarunet.tracking.tables import EVENT_KINDS

IDEAL = {"noise": 0 * u.G, "seeing": 0.0, "jitter": 0.0}


def scored(simulation, **options):
    sun = simulation.sun
    segmenter = Segmenter(
        "threshold", threshold=sun.threshold, polarity_threshold=sun.threshold, min_pixels=sun.min_pixels
    )
    tracker = Tracker(**options)
    tracker.track(segmenter(frame) for frame in simulation.maps)
    return score(simulation, tracker)


@pytest.fixture(scope="module")
def quiet_sun():
    return scored(simulate("quiet_sun_gst", seed=11))


def test_on_an_ideal_quiet_sun_all_links_and_events_are_found():
    result = scored(simulate("quiet_sun_gst", seed=11, **IDEAL))
    assert result["link precision"] >= 0.99
    assert result["link recall"] >= 0.99
    for kind in EVENT_KINDS:
        assert result[f"{kind} F1"] >= 0.9


def test_with_noise_and_seeing_most_are(quiet_sun):
    assert quiet_sun["link precision"] >= 0.95
    assert quiet_sun["link recall"] >= 0.95
    for kind in EVENT_KINDS:
        assert quiet_sun[f"{kind} F1"] >= 0.7


def test_a_tracker_that_does_not_look_far_enough_loses_links(quiet_sun):
    slow = scored(simulate("quiet_sun_gst", seed=11), association="paper", max_speed=0.05 * u.km / u.s)
    assert slow["link recall"] < quiet_sun["link recall"]
    assert slow["event F1"] < quiet_sun["event F1"]
