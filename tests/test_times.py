"""
Times of observation: those that a person can read are read, and nothing else is taken for one.
"""

import contextlib
from datetime import datetime

import astropy.units as u
import headers
import numpy as np
import pytest
from astropy.time import Time
from helpers import CENTER, SCALE
from hypothesis import given, settings
from hypothesis import strategies as st
from sunpy.map import Map

from sunpy_solarunet import FeatureCatalog, Segmenter, magnetogram, read_magnetograms
from sunpy_solarunet.errors import DescriptionMissing, MagnetogramError
from sunpy_solarunet.magnetograms.times import read_time

FIELD = np.arange(12.0).reshape(3, 4) + 1
DESCRIPTION = {"unit": u.G, "scale": SCALE, "center": CENTER}

# International Atomic Time was 34 s ahead of UTC in February 2011, 31 s in February 1998 and 37 s in 2017.
READABLE = [
    ({"DATE-OBS": "2011-02-15T02:03:04.5"}, "2011-02-15T02:03:04.500"),
    ({"DATE-OBS": "  2011-02-15T02:03:04.5 "}, "2011-02-15T02:03:04.500"),
    ({"DATE-OBS": "2011-02-15T02:03:04Z"}, "2011-02-15T02:03:04.000"),
    ({"DATE-OBS": "2011-02-15T02:03:04+02:00"}, "2011-02-15T00:03:04.000"),
    ({"DATE-OBS": "2011-02-15 02:03"}, "2011-02-15T02:03:00.000"),
    ({"DATE-OBS": "2011/02/15 02:03:04"}, "2011-02-15T02:03:04.000"),
    ({"DATE-OBS": "20110215_020304"}, "2011-02-15T02:03:04.000"),
    ({"DATE-OBS": "15-Feb-1998 02:03:04"}, "1998-02-15T02:03:04.000"),
    ({"DATE-OBS": "2011-02-15T00:00:00"}, "2011-02-15T00:00:00.000"),
    ({"DATE_OBS": "2011-02-15T02:03:04"}, "2011-02-15T02:03:04.000"),
    ({"DATE-OBS": "2011-02-15", "TIME-OBS": "02:03:04.5"}, "2011-02-15T02:03:04.500"),
    ({"DATE-OBS": "2011-02-15", "TIME_OBS": " 02:03 "}, "2011-02-15T02:03:00.000"),
    ({"DATE_OBS": "2011-02-15", "TIME_OBS": "02:03:04"}, "2011-02-15T02:03:04.000"),
    ({"DATE-OBS": "15/02/98", "TIME-OBS": "02:03:04"}, "1998-02-15T02:03:04.000"),
    ({"DATE-OBS": "2011.02.15_02:00:00_TAI"}, "2011-02-15T01:59:26.000"),
    ({"T_OBS": "2011.02.15_02:00:00_TAI"}, "2011-02-15T01:59:26.000"),
    ({"T_REC": "2011.02.15_02:00:00.5_TAI"}, "2011-02-15T01:59:26.500"),
    ({"T_OBS": "2011.02.15_02:00:00_TAI", "TIMESYS": "UTC"}, "2011-02-15T01:59:26.000"),
    ({"DATE-BEG": "2011-02-15T02:03:04"}, "2011-02-15T02:03:04.000"),
    ({"DATE-AVG": "2011-02-15T02:03:04"}, "2011-02-15T02:03:04.000"),
    ({"MJD-OBS": 55607.25}, "2011-02-15T06:00:00.000"),
    ({"DATE-OBS": "MISSING", "T_OBS": "2011.02.15_02:00:00_TAI"}, "2011-02-15T01:59:26.000"),
    ({"DATE-OBS": "2011-02-15", "DATE-BEG": "2011-02-15T02:03:04"}, "2011-02-15T02:03:04.000"),
    ({"DATE-OBS": "2011-02-15T02:00:00", "TIMESYS": "TAI"}, "2011-02-15T01:59:26.000"),
    ({"DATE-OBS": "1998-02-15T02:00:00", "TIMESYS": "tai "}, "1998-02-15T01:59:29.000"),
    ({"DATE-OBS": "2011-02-15T02:00:00", "TIMESYS": "UTC (TBR)"}, "2011-02-15T02:00:00.000"),
    ({"DATE-OBS": "2017-07-13T02:00:00", "TIMESYS": "TAI (TBR)"}, "2017-07-13T01:59:23.000"),
    ({"DATE-OBS": "2011-02-15T02:00:00", "TIMESYS": ""}, "2011-02-15T02:00:00.000"),
]

UNREADABLE = [
    ({"DATE-OBS": "MISSING"}, "DATE-OBS is 'MISSING'"),
    ({"DATE-OBS": "2011-02-15"}, "DATE-OBS is '2011-02-15'"),
    ({"DATE-OBS": "15/02/98"}, "DATE-OBS is '15/02/98'"),
    ({"DATE-OBS": 57947.8}, r"DATE-OBS is 57947\.8"),
    ({"DATE-OBS": 20110215}, "DATE-OBS is 20110215"),
    ({"DATE-OBS": "57947.8"}, r"DATE-OBS is '57947\.8'"),
    ({"DATE-OBS": "2011-02-30T02:03:04"}, "DATE-OBS is"),
    ({"DATE-OBS": "2011-02-15T25:03:04"}, "DATE-OBS is"),
    ({"DATE-OBS": "2011-02-15T02:03:04 or so"}, "DATE-OBS is"),
    ({"DATE-OBS": "2011-02-15", "TIME-OBS": "MISSING"}, "TIME-OBS is 'MISSING'"),
    ({"T_REC": "-4712.01.01_11:59:28_TAI"}, "T_REC is"),
    ({"MJD-OBS": "MISSING"}, "MJD-OBS is 'MISSING'"),
    ({"DATE-OBS": "2011-02-15T02:03:04", "TIMESYS": "LOCAL"}, "TIMESYS is 'LOCAL'"),
    ({"DATE-OBS": "2011-02-15T02:03:04", "TIMESYS": 5}, "TIMESYS is 5"),
]


@pytest.mark.parametrize(("cards", "expected"), READABLE)
def test_a_time_that_a_person_can_read_is_read(tmp_path, cards, expected):
    path = headers.write_real(tmp_path / "frame.fits", cards, FIELD)
    maps = read_magnetograms(path, **DESCRIPTION)
    assert maps[0].date.scale == "utc"
    assert maps[0].date.isot == expected
    assert maps.times[0].isot == expected


@pytest.mark.parametrize(("cards", "said"), UNREADABLE)
def test_what_nobody_can_read_is_named_with_its_file(tmp_path, cards, said):
    path = headers.write_real(tmp_path / "frame.fits", cards, FIELD)
    for read in (magnetogram, read_magnetograms):
        with pytest.raises(DescriptionMissing, match=rf"frame\.fits: the time of observation .*{said}.*time=") as error:
            read(path, **DESCRIPTION)
        assert error.value.missing == ("time",)
        assert error.value.file == "frame.fits"


@pytest.mark.parametrize(("cards", "_"), UNREADABLE)
def test_a_time_that_is_given_replaces_one_that_cannot_be_read(tmp_path, cards, _):
    path = headers.write_real(tmp_path / "frame.fits", cards, FIELD)
    frame = magnetogram(path, time="2017-07-13T20:17:41", **DESCRIPTION)
    assert frame.date.isot == "2017-07-13T20:17:41.000"
    assert read_magnetograms([frame]).times[0].isot == "2017-07-13T20:17:41.000"


@pytest.mark.parametrize("name", headers.ALL)
def test_times_of_a_sequence_and_of_its_maps_agree_for_every_instrument(tmp_path, name):
    header = headers.real_header(name)
    maps = read_magnetograms(headers.write_real(tmp_path / "frame.fits", header))
    # What sunpy reads from these headers, each with the rules of its instrument.
    expected = Map(headers.planted(), header).date
    assert abs((maps.times[0] - expected).sec) < 1e-6
    assert abs((maps[0].date - expected).sec) < 1e-6


@pytest.mark.parametrize("name", headers.ALL)
def test_a_time_that_is_given_counts_for_every_instrument(tmp_path, name):
    path = headers.write_real(tmp_path / "frame.fits", headers.real_header(name))
    maps = read_magnetograms(path, times=["2017-07-13T20:17:41.5"])
    assert maps.times[0].isot == maps[0].date.isot == "2017-07-13T20:17:41.500"
    assert magnetogram(maps[0]).date.isot == "2017-07-13T20:17:41.500"


@pytest.mark.parametrize("name", [headers.MDI, headers.SHARP, headers.GONG])
def test_a_time_beside_damaged_keywords_is_read_for_every_instrument(tmp_path, name):
    cards = {"DATE-OBS": "MISSING", "DATE_OBS": "MISSING", "T_OBS": "2011.02.15_02:00:00_TAI", "TIME-OBS": "?"}
    maps = read_magnetograms(headers.write_real(tmp_path / "frame.fits", headers.real_header(name) | cards))
    assert maps.times[0].isot == maps[0].date.isot == "2011-02-15T01:59:26.000"


def test_gong_counts_in_gps_time(tmp_path):
    # The header says 01:35:16.008025 on 2025-01-09, when GPS time was 18 s ahead of UTC.
    frame = magnetogram(headers.write_real(tmp_path / "frame.fits", headers.real_header(headers.GONG)))
    assert abs((frame.date - Time("2025-01-09T01:34:58.008025")).sec) < 1e-6


def test_the_coordinates_of_hmi_keep_their_own_time(tmp_path):
    # DATE-OBS is the beginning, T_OBS = 2024-06-28 00:00:08.212 TAI the time of the coordinates.
    frame = magnetogram(headers.write_real(tmp_path / "frame.fits", headers.real_header(headers.SHARP)))
    assert frame.date.isot == "2024-06-27T23:58:46.200"
    assert frame.reference_date.isot == "2024-06-27T23:59:31.212"


def made_elsewhere(**changes):
    meta = dict(magnetogram(FIELD, time="2011-02-15T02:03:04", **DESCRIPTION).meta)
    return Map(FIELD, {key: value for key, value in (meta | changes).items() if value is not None})


@pytest.mark.filterwarnings("ignore:Missing metadata for observation time")
@pytest.mark.parametrize("text", ["MISSING", None])
def test_a_map_that_took_the_present_for_its_time_is_refused(text):
    frame = made_elsewhere(**{"date-obs": text})
    for use in (Segmenter("threshold"), lambda frame: FeatureCatalog(frame, np.zeros((3, 4), int))):
        with pytest.raises(MagnetogramError, match="time of observation"):
            use(frame)


def test_a_map_that_took_midnight_for_its_time_is_refused():
    frame = made_elsewhere(**{"date-obs": "2011-02-15", "time-obs": "02:03:04"})
    with pytest.raises(
        MagnetogramError, match=r"date is 2011-02-15 00:00:00.*says 2011-02-15 02:03:04.*magnetogram\(\)"
    ):
        Segmenter("threshold")(frame)
    assert magnetogram(frame).date.isot == "2011-02-15T02:03:04.000"


def test_the_time_of_a_catalog_is_utc_as_in_all_tables():
    catalog = FeatureCatalog(made_elsewhere(timesys="TAI"), np.ones((3, 4), int))
    assert catalog.time.scale == "utc"
    assert catalog.time.isot == catalog.to_table().meta["time"] == "2011-02-15T02:02:30.000"
    assert "2011-02-15 02:02:30.000" in repr(catalog)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    time=st.datetimes(min_value=datetime(1975, 1, 1), max_value=datetime(2026, 1, 1)),
    form=st.sampled_from(
        ["%Y-%m-%dT%H:%M:%S.%f", "%Y.%m.%d_%H:%M:%S.%f_UTC", "%Y/%m/%d %H:%M:%S.%f", "%d-%b-%Y %H:%M:%S.%f"]
    ),
)
def test_every_time_is_read_as_it_was_written(time, form):
    read = read_time({"date-obs": time.strftime(form)}, "frame")
    assert abs((read - Time(time)).sec) < 1e-5


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(max_size=30))
def test_any_text_is_a_time_or_refused(text):
    with contextlib.suppress(DescriptionMissing):
        assert read_time({"date-obs": text}, "frame").scale == "utc"
