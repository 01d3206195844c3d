"""
Times of observation, as headers write them.

A time is believed only where a person can read it: its date, its hour and its time scale. Where a
keyword holds anything else, the next one is tried, and none is ever replaced by the present or by midnight.
"""

import itertools
import re

import astropy.units as u
from astropy.time import Time
from sunpy.util import MetaDict

from sunpy_solarunet.errors import DescriptionMissing, MagnetogramError
from sunpy_solarunet.magnetograms.maps import is_map

__all__ = ["header_with_time", "read_time", "require_time"]

#: Keywords of the time of observation, the first that can be read counts.
KEYWORDS = (
    "date-obs",
    "date_obs",
    "date-beg",
    "date_beg",
    "date-avg",
    "date_avg",
    "date-end",
    "date_end",
    "t_obs",
    "t_rec",
    "maptime",
    "mjd-obs",
    "mjd-avg",
    "mjd-beg",
)
#: Keywords of the hour, where the date stands alone.
CLOCKS = ("time-obs", "time_obs")

#: Names of time scales in headers, and those of astropy; the Global Positioning System is 19 s behind TAI.
SCALES = {
    "UTC": "utc",
    "UT": "utc",
    "GMT": "utc",
    "Z": "utc",
    "TAI": "tai",
    "IAT": "tai",
    "GPS": "gps",
    "TT": "tt",
    "TDT": "tt",
    "ET": "tt",
    "TDB": "tdb",
    "TCB": "tcb",
    "TCG": "tcg",
}

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

DATES = (
    re.compile(r"(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})(?!\d)"),
    re.compile(r"(?P<day>\d{1,2})/(?P<month>\d{1,2})/(?P<year>\d{4}|\d{2})(?!\d)"),
    re.compile(r"(?P<day>\d{1,2})[- ](?P<month>[A-Za-z]{3})[- ](?P<year>\d{4}|\d{2})(?!\d)"),
    re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?!\d)"),
)
CLOCK = re.compile(
    r"[T_ ]*(?P<hour>\d{1,2}):(?P<minute>\d{2})(:(?P<second>\d{2}(\.\d*)?))?"
    r"|[T_ ]*(?P<hour_>\d{2})(?P<minute_>\d{2})(?P<second_>\d{2}(\.\d*)?)"
)
OFFSET = re.compile(r"(?P<sign>[+-])(?P<hours>\d{2}):?(?P<minutes>\d{2})")

#: Two times are the same if they are not farther apart, in seconds.
SAME = 1e-3


def read_time(header, name):
    """
    Time of observation of a header.

    Parameters
    ----------
    header : mapping
        Keywords in lower case.
    name : `str`
        Of the file, for the message.

    Returns
    -------
    `~astropy.time.Time`
        In UTC.

    Raises
    ------
    DescriptionMissing
        If no keyword holds a time, or none that can be read; the message names the keywords.

    Examples
    --------
    >>> from sunpy_solarunet.magnetograms.times import read_time
    >>> read_time({"t_obs": "2011.02.15_02:00:00_TAI"}, "frame.fits").isot
    '2011-02-15T01:59:26.000'
    >>> read_time({"date-obs": "15/02/98", "time-obs": "03:04:05"}, "frame.fits").isot
    '1998-02-15T03:04:05.000'
    """
    for keyword in KEYWORDS:
        time = _time_at(header, keyword)
        if time is not None:
            return time
    raise DescriptionMissing(name, ["time"], unreadable_times(header))


def unreadable_times(header):
    """What the keywords of a header hold in place of a time: a list of `str`, for messages."""
    held = [key for key in (*KEYWORDS, *CLOCKS) if _is_said(header.get(key))]
    if any(_time_at(header, key) is not None for key in held):
        return []
    if held and _scale(header.get("timesys")) is None:
        held.append("timesys")
    return [f"{key.upper()} is {header[key]!r}" for key in held]


def _is_said(value):
    return value is not None and str(value).strip() != ""


def header_with_time(header, time):
    """
    A header with one time of observation, written so that every class of maps reads the same.

    Parameters
    ----------
    header : mapping
    time : `~astropy.time.Time`

    Returns
    -------
    `dict`
        DATE-OBS in UTC. No other keyword of a time is left.
    """
    kept = {key: value for key, value in header.items() if key not in (*KEYWORDS, *CLOCKS, "timesys")}
    return kept | {"date-obs": _canonical(time), "timesys": "UTC"}


def further_times(header):
    """The other times of a header, from which classes of maps take the time of the coordinates."""
    times = {key: _time_at(header, key) for key in ("date-beg", "date-avg", "date-end", "t_obs")}
    return {key: _canonical(time) for key, time in times.items() if time is not None}


def _canonical(time):
    return Time(time.utc, format="isot", precision=9).isot


def require_time(frame):
    """
    Refuse a map whose time of observation is not what its header says.

    Where a map finds no time that it understands, it takes the present one, or midnight.

    Parameters
    ----------
    frame : `~sunpy.map.GenericMap`

    Raises
    ------
    MagnetogramError
        If the header's time cannot be read, or is another one than the map's.
    """
    name = frame.meta.get("filename", "the map")
    said = read_time(frame.meta, name)
    try:
        taken = frame.date.utc
    except Exception as problem:
        raise MagnetogramError(f"{name}: the map has no time ({problem}); make it with magnetogram()") from problem
    times = itertools.chain([said], (_time_at(frame.meta, key) for key in KEYWORDS))
    if not any(time is not None and abs((taken - time).sec) <= SAME for time in times):
        raise MagnetogramError(
            f"{name}: the map's date is {taken.iso}, but its header says {said.iso}; "
            "magnetogram() makes a map that has the header's time"
        )


def agree(frame, time):
    """Whether a map has this time of observation: `bool`."""
    return is_map(frame) and abs((frame.date.utc - time).sec) <= SAME


def _time_at(header, keyword):
    """The time that one keyword holds, in UTC; None if there is none or it cannot be read."""
    value = header.get(keyword)
    try:
        if keyword.startswith("mjd"):
            return _from_day(value, header)
        return _from_text(value, header, keyword)
    except (ValueError, OverflowError):
        return None


def _from_day(value, header):
    scale = _scale(header.get("timesys"))
    if isinstance(value, bool) or not isinstance(value, int | float) or scale is None:
        return None
    return _in_utc(Time(value, format="mjd", scale=_astropy_scale(scale)), scale)


def _from_text(text, header, keyword):
    if not isinstance(text, str):
        return None
    date, rest = _date(text.strip())
    if date is None:
        return None
    clock, rest = _clock(rest)
    if clock is None:
        if rest or keyword not in ("date-obs", "date_obs"):
            return None
        clock, rest = _separate_clock(header)
    return None if clock is None else _time(date, clock, rest, header)


def _date(text):
    """Year, month and day at the beginning of a text, and the rest of it."""
    for form in DATES:
        match = form.match(text)
        if match:
            year, month = match["year"], match["month"].lower()
            # The old form of FITS belongs to the twentieth century.
            year = f"19{year}" if len(year) == 2 else year
            month = MONTHS.index(month) + 1 if month in MONTHS else int(month)
            return f"{year}-{month:02d}-{int(match['day']):02d}", text[match.end() :]
    return None, text


def _clock(text):
    """Hour, minute and second at the beginning of a text, and the rest of it."""
    match = CLOCK.match(text)
    if match is None:
        return None, text.strip()
    hour, minute = match["hour"] or match["hour_"], match["minute"] or match["minute_"]
    second = (match["second"] or match["second_"] or "00").rstrip(".")
    return f"{int(hour):02d}:{minute}:{second}", text[match.end() :].strip(" _")


def _separate_clock(header):
    for keyword in CLOCKS:
        if isinstance(header.get(keyword), str):
            return _clock(header[keyword].strip())
    return None, ""


def _time(date, clock, rest, header):
    """The time of a date, a clock, and what stands behind them: a time scale or an offset from UTC."""
    offset = OFFSET.fullmatch(rest)
    if offset:
        ahead = (int(offset["hours"]) * 60 + int(offset["minutes"])) * (-1 if offset["sign"] == "-" else 1)
        return Time(f"{date}T{clock}", scale="utc") - ahead * u.min
    if rest:
        scale = SCALES.get(rest.upper())
    else:
        scale = "gps" if _counts_in_gps(header) else _scale(header.get("timesys"))
    if scale is None:
        return None
    return _in_utc(Time(f"{date}T{clock}", scale=_astropy_scale(scale)), scale)


def _counts_in_gps(header):
    """Magnetograms of the GONG network, and only these, have GPS times, which no keyword says."""
    if "time-obs" not in header:
        return False
    from sunpy.map.sources import GONGMagnetogramMap

    return GONGMagnetogramMap.is_datasource_for(None, MetaDict(header))


def _scale(text):
    """The time scale that TIMESYS names by its first word, such as "UTC (TBR)"; UTC if it says nothing."""
    if not _is_said(text):
        return "utc"
    words = re.findall(r"[A-Za-z]+", str(text))
    return SCALES.get(words[0].upper()) if words else None


def _astropy_scale(scale):
    return "tai" if scale == "gps" else scale


def _in_utc(time, scale):
    return (time + 19 * u.s).utc if scale == "gps" else time.utc
