"""
The magnetogram of a frame, wherever it is now.
"""

from pathlib import Path

from astropy.time import Time

from sunpy_solarunet.errors import MagnetogramError, SolarUnetError
from sunpy_solarunet.magnetograms import magnetogram
from sunpy_solarunet.runs.inputs import find_sources, fingerprint
from sunpy_solarunet.runs.options import options_of

__all__ = ["find_magnetogram"]


def find_magnetogram(record, number, place=None):
    """
    Read the magnetogram of a frame.

    Parameters
    ----------
    record : `~sunpy_solarunet.runs.record.Record`
    number : `int`
        Of the frame.
    place : path-like or iterable of maps, optional
        A folder in which the files are, or the magnetograms themselves.

    Returns
    -------
    `~sunpy.map.GenericMap`

    Raises
    ------
    SolarUnetError
        If it is not found, or is another one now.
    """
    entry = record.inputs[number]
    if place is not None and not isinstance(place, str | Path):
        return _among(place, entry)
    if place is None and not entry["path"]:
        raise SolarUnetError(
            f"frame {number} was a map in memory: give the maps, or a folder with their files, as magnetograms="
        )
    path = Path(entry["path"]) if place is None else Path(place) / entry["name"]
    if not path.is_file():
        raise SolarUnetError(f"{path}: no such file; say where it is now, with magnetograms= the folder")
    if fingerprint(path) != (entry["size"], entry["sha256"]):
        raise SolarUnetError(f"{path}: this file has changed since the run was written")
    options = options_of(record.description)
    if entry["time_given"]:
        options["time"] = Time(*entry["time"], format="jd", scale="utc")
    return magnetogram(path, **options)


def _among(maps, entry):
    """The magnetogram of that digest."""
    for source in find_sources(maps):
        if source.digest == entry["sha256"]:
            frame, fault = source.open()
            if fault:
                raise MagnetogramError(f"{source.name}: {fault}")
            return frame
    raise SolarUnetError(f"{entry['name']} of the run is not among the magnetograms given")
