"""
The record of a run: what went in, and how far it is.
"""

import json
import platform
from dataclasses import asdict, dataclass, field, fields, replace
from importlib.metadata import version

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from astropy.time import Time
from sunpy.coordinates import HeliographicStonyhurst

from sunpy_solarunet.atomic import written_whole
from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.tracking.parameters import Parameters

__all__ = [
    "STATES",
    "Record",
    "options_of",
    "parameters_of",
    "plain_options",
    "read_record",
    "tables_meta",
    "with_gap",
    "write_record",
]

#: What a run may be: all magnetograms are in it; it ended before; it has not ended, or was killed.
STATES = ("whole", "broken off", "going")

#: Of which the versions are kept.
LIBRARIES = ("sunpy_solarunet", "astropy", "numpy", "scipy", "scikit-image", "sunpy")


def _versions():
    return {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}


@dataclass(frozen=True)
class Record:
    """
    What went into a run, and how far it is.

    Attributes
    ----------
    segmenter, tracker, description : `dict`
        The parameters of both, and what the user said of the files.
    inputs : list of `dict`
        The files in the order of their times, see `~sunpy_solarunet.runs.inputs.Source`.
    shape : list of `int` or `None`
        Rows and columns of the frames.
    max_gap : `float` or `None`
        A longer time without a frame closes all tracks; in seconds.
    state : `str`
        One of `STATES`.
    suffix : `str`
        Of the tables.
    rows : `dict`
        How many rows the tables have; empty as long as the run is going.
    followed : `bool`
        Whether files were taken up as they came: their order is kept, and that of their times does not matter.
    versions : `dict`
        Of what computed it.
    """

    segmenter: dict
    tracker: dict
    description: dict
    inputs: list
    shape: list | None = None
    max_gap: float | None = None
    state: str = "going"
    suffix: str = ".ecsv"
    rows: dict = field(default_factory=dict)
    followed: bool = False
    versions: dict = field(default_factory=_versions)

    def now(self, **changes):
        """
        The record with changes.

        Returns
        -------
        Record
        """
        return replace(self, **changes)

    def differences(self, other):
        """
        In what another command for the same folder differs.

        Parameters
        ----------
        other : Record
            Of the other command.

        Returns
        -------
        list of `str`
            Empty if it goes on with this run; it may have more files at the end.
        """
        found = []
        for what in ("segmenter", "tracker", "description"):
            old, new = getattr(self, what), getattr(other, what)
            names = [name for name in old | new if old.get(name) != new.get(name)]
            found += [f"{name} was {_told(old.get(name))} and is now {_told(new.get(name))}" for name in names]
        return found + _different_files(self.inputs, other.inputs)


def _told(value):
    return "not given" if value is None else value


def _different_files(old, new):
    """The first difference of two lists of files, if there is one; the new one may be longer."""
    for number, (one, other) in enumerate(zip(old, new, strict=False)):
        if one["name"] != other["name"]:
            return [f"file {number} was {one['name']} and is now {other['name']}"]
        if (one["size"], one["sha256"]) != (other["size"], other["sha256"]):
            return [f"{one['name']} has changed since"]
        if one["time"] != other["time"] and (one["time_given"] or other["time_given"]):
            return [f"{one['name']} has another time than before"]
    return [f"{old[len(new)]['name']} is missing now"] if len(new) < len(old) else []


def write_record(path, record):
    """
    Write a record.

    Parameters
    ----------
    path : path-like
    record : Record
    """
    with written_whole(path) as temporary:
        temporary.write_text(json.dumps(asdict(record), indent=1) + "\n", encoding="utf-8")


def read_record(path):
    """
    Read a record.

    Parameters
    ----------
    path : `pathlib.Path`

    Returns
    -------
    Record

    Raises
    ------
    SolarUnetError
        If it is none.
    """
    try:
        return Record(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as problem:
        raise SolarUnetError(f"{path}: not the record of a run ({problem}); choose another folder") from problem


def with_gap(parameters, seconds):
    """
    Parameters whose largest gap is that of a run, where the user gave none.

    Parameters
    ----------
    parameters : `~sunpy_solarunet.tracking.parameters.Parameters`
    seconds : `float` or `None`

    Returns
    -------
    `~sunpy_solarunet.tracking.parameters.Parameters`
    """
    if parameters.max_gap is not None or seconds is None:
        return parameters
    return replace(parameters, max_gap=seconds * u.s)


def parameters_of(record):
    """
    The parameters of tracking that a record holds.

    Parameters
    ----------
    record : Record

    Returns
    -------
    `~sunpy_solarunet.tracking.parameters.Parameters`
    """
    kinds = {parameter.name: parameter for parameter in fields(Parameters)}
    given = {name: value for name, value in record.tracker.items() if name in kinds}
    for name in ("max_speed", "max_gap", "pixel_length"):
        given[name] = _quantity(given.get(name))
    return with_gap(Parameters(**given), record.max_gap)


def _quantity(text):
    """A quantity from what a table tells; `None` where that is in words."""
    try:
        return u.Quantity(text)
    except (TypeError, ValueError):
        return None


def tables_meta(parameters, segmenter_meta, counts):
    """
    The meta of the tables of a run, as a tracker's tables have it.

    Parameters
    ----------
    parameters : `~sunpy_solarunet.tracking.parameters.Parameters`
    segmenter_meta : `dict`
    counts : `dict` of `int`
        How often groups of partners were cut, and bounds were met.

    Returns
    -------
    `dict`
    """
    from sunpy_solarunet import __version__

    meta = {"version": __version__} | parameters.meta | counts
    return meta | {f"features_{key}": value for key, value in segmenter_meta.items()}


def plain_options(options):
    """
    Arguments of `~sunpy_solarunet.magnetogram` as JSON can hold them; the time is not among them.

    Parameters
    ----------
    options : `dict`

    Returns
    -------
    `dict`

    Examples
    --------
    >>> import astropy.units as u
    >>> from sunpy_solarunet.runs.record import options_of, plain_options
    >>> plain = plain_options({"unit": u.G, "center": (20, -150) * u.arcsec})
    >>> plain
    {'unit': 'G', 'center': {'value': [20.0, -150.0], 'unit': 'arcsec'}}
    >>> options_of(plain)["center"]
    <Quantity [  20., -150.] arcsec>
    """
    return {name: _plain(value) for name, value in options.items() if value is not None and name != "time"}


def _plain(value):
    if isinstance(value, u.UnitBase):
        return value.to_string()
    if isinstance(value, u.Quantity):
        return {"value": np.asarray(value.value, float).tolist(), "unit": value.unit.to_string()}
    if isinstance(value, SkyCoord | HeliographicStonyhurst):
        place = SkyCoord(value).heliographic_stonyhurst
        numbers = [place.lon.to_value(u.deg), place.lat.to_value(u.deg), place.radius.to_value(u.m)]
        return {"place": [float(number) for number in numbers], "time": place.obstime.utc.isot}
    return value


def options_of(plain):
    """
    Arguments of `~sunpy_solarunet.magnetogram` from what JSON held.

    Parameters
    ----------
    plain : `dict`

    Returns
    -------
    `dict`
    """
    return {name: _rich(value) for name, value in plain.items()}


def _rich(value):
    if not isinstance(value, dict):
        return value
    if "place" in value:
        lon, lat, radius = value["place"]
        return SkyCoord(HeliographicStonyhurst(lon * u.deg, lat * u.deg, radius * u.m, obstime=Time(value["time"])))
    return u.Quantity(value["value"], value["unit"])
