"""
What missing data hide has not disappeared; and pixels without an area.
"""

import astropy.units as u
import numpy as np
import pytest
from astropy.time import Time
from sunpy.map import Map

from sunpy_solarunet import Segmenter, Tracker, magnetogram
from sunpy_solarunet.errors import MagnetogramError, SolarUnetWarning
from sunpy_solarunet.features import flag_names
from sunpy_solarunet.tracking.rules import RULES

START = Time("2017-07-13T20:00")
SEGMENTER = Segmenter("threshold", threshold=100 * u.G)
#: Rows and columns of a positive and a negative element, and of the holes around them.
POSITIVE, NEGATIVE = (slice(20, 25), slice(30, 35)), (slice(40, 45), slice(60, 65))
HOLE = (slice(17, 28), slice(28, 38))


def field(number=0, *, missing=()):
    result = np.random.default_rng(number).normal(5, 3, (60, 80))
    result[POSITIVE], result[NEGATIVE] = 300, -300
    for hole in missing:
        result[hole] = np.nan
    return result


def sequence(*fields):
    return [
        SEGMENTER(magnetogram(data * u.G, time=START + minute * u.min, scale=0.5 * u.arcsec, center=(7, -3) * u.arcsec))
        for minute, data in enumerate(fields)
    ]


@pytest.fixture
def whole_and_hidden():
    """Two whole frames, one with a hole where the positive element is, and two whole ones."""
    return sequence(field(0), field(1), field(2, missing=[HOLE]), field(3), field(4))


@pytest.mark.parametrize("events", ["flux_balance", "swamis"])
@pytest.mark.parametrize("rule", RULES)
def test_a_hole_that_covers_a_feature_is_no_event(rule, events, whole_and_hidden):
    tracker = Tracker(rule, event_rules=events)
    assert len(tracker.track(whole_and_hidden)) == 0
    tracks = tracker.tracks
    negative = tracks[tracks["polarity"] < 0]
    assert negative["lifetime"].tolist() == [5]


def test_the_track_of_a_hidden_feature_goes_on_within_the_memory(whole_and_hidden):
    tracker = Tracker("assignment", memory=1)
    tracker.track(whole_and_hidden)
    assert tracker.tracks["lifetime"].tolist() == [5, 5]
    assert tracker.features["frame"][tracker.features["track_id"] == 0].tolist() == [0, 1, 3, 4]


def test_the_track_of_a_hidden_feature_is_censored_without_memory(whole_and_hidden):
    tracker = Tracker("paper")
    tracker.track(whole_and_hidden)
    positive = tracker.tracks[tracker.tracks["polarity"] > 0]
    assert positive["lifetime"].tolist() == [2, 2]
    assert positive["death_censored"].all()
    assert positive["birth_censored"].all()
    assert set(positive["birth"]) | set(positive["death"]) == {""}


@pytest.mark.parametrize("rule", RULES)
def test_a_pair_that_a_hole_covers_has_not_cancelled(rule):
    pair = field()
    pair[POSITIVE[0], slice(35, 40)] = -300
    covered = pair.copy()
    covered[15:30, 25:45] = np.nan
    assert len(Tracker(rule).track(sequence(pair, covered, pair))) == 0


@pytest.mark.parametrize("rule", RULES)
def test_a_part_that_a_hole_cuts_off_is_no_event(rule):
    cut = field(1, missing=[(slice(22, 30), slice(25, 40))])
    cut[20:22, 30:40] = 300  # enough of the element is left to be a feature
    assert len(Tracker(rule).track(sequence(field(0), cut, field(2)))) == 0


@pytest.mark.parametrize("rule", RULES)
def test_what_vanishes_beside_a_hole_that_is_in_both_frames_has_vanished(rule):
    hole = (slice(0, 10), slice(0, 10))
    gone = field(1, missing=[hole])
    gone[POSITIVE] = 4
    events = Tracker(rule).track(sequence(field(0, missing=[hole]), gone))
    assert events["kind"].tolist() == ["disappearance"]


def test_a_feature_that_does_not_come_back_from_behind_a_hole_is_censored():
    gone = field(3)
    gone[POSITIVE] = 4
    tracker = Tracker()
    assert len(tracker.track(sequence(field(0), field(1, missing=[HOLE]), field(2, missing=[HOLE]), gone))) == 0
    positive = tracker.tracks[tracker.tracks["polarity"] > 0]
    assert positive["death_censored"].tolist() == [True]


@pytest.mark.parametrize("rule", RULES)
def test_a_frame_without_data_counts_as_none(rule):
    fields = [field(0), field(1), np.full((60, 80), np.nan), field(3)]
    with pytest.warns(SolarUnetWarning, match="no data"):
        catalogs = sequence(*fields)
    tracker = Tracker(rule)
    assert len(tracker.track(catalogs)) == 0
    assert tracker.tracks["lifetime"].tolist() == [4, 4]
    assert tracker.tracks["duration"].to_value(u.s) == pytest.approx([180, 180])
    assert tracker.frames["skipped"].tolist() == ["", "", "no data", ""]
    assert tracker.frames["frame"].tolist() == [0, 1, 2, 3]
    assert tracker.features["frame"].tolist() == [0, 0, 1, 1, 3, 3]


def test_frames_without_data_do_not_use_up_the_memory():
    missing = field(1)
    missing[POSITIVE] = 4
    with pytest.warns(SolarUnetWarning, match="no data"):
        catalogs = sequence(field(0), missing, np.full((60, 80), np.nan), np.full((60, 80), np.nan), field(4))
    assert len(Tracker(memory=1, max_gap=5 * u.min).track(catalogs)) == 0


@pytest.mark.parametrize("memory", [0, 2])
def test_events_around_a_frame_without_data_are_handed_out_with_their_frames(memory):
    gone = field(3)
    gone[POSITIVE] = 4
    with pytest.warns(SolarUnetWarning, match="no data"):
        catalogs = sequence(field(0), field(1), np.full((60, 80), np.nan), gone, gone, gone, gone)
    events = Tracker(memory=memory).track(catalogs)
    assert list(zip(events["frame"], events["kind"], strict=True)) == [(1, "disappearance")]


def test_a_sequence_may_begin_and_end_without_data():
    nothing = np.full((60, 80), np.nan)
    with pytest.warns(SolarUnetWarning, match="no data"):
        catalogs = sequence(nothing, field(1), field(2), nothing)
    tracker = Tracker()
    assert len(tracker.track(catalogs)) == 0
    assert tracker.tracks["first_frame"].tolist() == [1, 1]
    assert tracker.tracks["last_frame"].tolist() == [2, 2]


# Pixels without an area


def at_the_limb(scale=20):
    """A frame whose eastern half lies beyond the limb, with an element across it and another on the disk."""
    data = np.random.default_rng(3).normal(5, 3, (40, 60))
    data[18:22, 26:34], data[30:34, 50:54] = 300, -300
    return magnetogram(data * u.G, time=START, scale=scale * u.arcsec, center=(-944, 0) * u.arcsec)


def test_a_feature_across_the_limb_has_the_area_that_is_on_the_sun():
    frame = at_the_limb()
    catalog = Segmenter("threshold", threshold=100 * u.G, area="surface")(frame)
    across, on_disk = catalog
    inside = np.isfinite(frame.pixel_to_world(*(np.indices((40, 60))[::-1] * u.pix)).heliographic_stonyhurst.lon)
    n_inside = np.count_nonzero(inside[18:22, 26:34])
    assert 0 < n_inside < 32
    assert np.isfinite(across.area.value)
    assert across.flux.to_value(u.Mx) == pytest.approx((300 * u.G * across.area).to_value(u.Mx), rel=1e-6)
    assert "no_area" in flag_names(across.flags)
    assert "no_area" not in flag_names(on_disk.flags)


@pytest.mark.parametrize("rule", RULES)
def test_features_beyond_the_limb_break_no_rule(rule):
    frame = at_the_limb(4)
    later = Map(np.roll(frame.data, 1, axis=0), frame.meta | {"date-obs": "2017-07-13T20:01:00"})
    segmenter = Segmenter("threshold", threshold=100 * u.G, area="surface")
    tracker = Tracker(rule)
    tracker.track([segmenter(frame), segmenter(later)])
    assert np.isfinite(tracker.features["flux"].value).all()
    assert np.isfinite(tracker.frames["positive_flux"].value).all()


@pytest.mark.parametrize("rule", RULES)
def test_features_beyond_the_pole_of_a_synoptic_map_break_no_rule(rule):
    header = {
        "ctype1": "CRLN-CEA", "ctype2": "CRLT-CEA", "cunit1": "deg", "cunit2": "deg", "cdelt1": 1.0, "cdelt2": 1.0,
        "crpix1": 180.5, "crpix2": 60.5, "crval1": 180.0, "crval2": 0.0, "bunit": "G",
        "hgln_obs": 0.0, "hglt_obs": 0.0, "dsun_obs": 1.5e11,
    }  # fmt: skip
    catalogs = []
    for minute in range(2):
        data = np.random.default_rng(minute).normal(5, 3, (120, 360))
        # The pole is in row 117.
        data[112:120, 40:50], data[118:120, 90:99], data[60:64, 200:206] = 300, -300, 300
        catalogs.append(SEGMENTER(Map(data, header | {"date-obs": (START + minute * u.min).isot})))
    flags = [flag_names(flags) for flags in catalogs[0].flags]
    assert [("no_area" in names) for names in flags] == [False, True, True]
    tracker = Tracker(rule)
    assert len(tracker.track(catalogs)) == 0
    assert np.isfinite(tracker.features["area"].value).all()
    assert tracker.tracks["lifetime"].tolist() == [2, 2, 2]


def test_a_map_whose_observer_is_nowhere_is_refused():
    frame = at_the_limb()
    nowhere = Map(frame.data, frame.meta | {"dsun_obs": np.nan})
    with pytest.raises(MagnetogramError, match="distance from the Sun is nan"):
        SEGMENTER(nowhere).to_table()
