"""
The magnetogram of a frame, wherever it is now.
"""

from pathlib import Path

from astropy.time import Time
from astropy.utils import lazyproperty

from sunpy_solarunet.errors import MagnetogramError, SolarUnetError
from sunpy_solarunet.magnetograms import MagnetogramSequence
from sunpy_solarunet.magnetograms.describing import make_map
from sunpy_solarunet.magnetograms.maps import is_map
from sunpy_solarunet.runs.inputs import find_sources, fingerprint
from sunpy_solarunet.runs.options import options_of

__all__ = ["Magnetograms", "maps_in_memory"]


class Magnetograms:
    """
    The magnetograms of a run.

    Parameters
    ----------
    place : path-like or iterable of maps, optional
        A folder in which the files are, if not where they were, or the magnetograms themselves.
    """

    def __init__(self, place=None):
        held = place is not None and not isinstance(place, str | Path)
        self._folder = None if held or place is None else Path(place)
        self._held = place if held else ()

    def read(self, record, number):
        """
        Read the magnetogram of a frame.

        Parameters
        ----------
        record : `~sunpy_solarunet.runs.record.Record`
        number : `int`
            Of the frame.

        Returns
        -------
        `~sunpy.map.GenericMap`

        Raises
        ------
        SolarUnetError
            If it is not found, or is another one now.
        """
        entry = record.inputs[number]
        if entry["sha256"] in self._by_digest:
            return _opened(self._by_digest[entry["sha256"]])
        if self._folder is None and not entry["path"]:
            raise SolarUnetError(
                f"{entry['name']}, frame {number}, was a map in memory: give the maps as magnetograms= to Run.read"
            )
        path = Path(entry["path"]) if self._folder is None else self._folder / entry["name"]
        return _unchanged(path, entry, options_of(record.description))

    @lazyproperty
    def _by_digest(self):
        return {source.digest: source for source in find_sources(self._held)} if len(self._held) else {}


def maps_in_memory(maps):
    """
    The maps that are in no file, which only who gives them can find again.

    Parameters
    ----------
    maps : path-like, `~sunpy_solarunet.magnetograms.MagnetogramSequence`, map, or list of these

    Returns
    -------
    list of `~sunpy.map.GenericMap`
    """
    if isinstance(maps, MagnetogramSequence):
        maps = maps._sources
    several = [maps] if isinstance(maps, str | Path) or is_map(maps) else maps
    return [one for one in several if is_map(one)]


def _opened(source):
    frame, fault, _ = source.open()
    if fault:
        raise MagnetogramError(f"{source.name}: {fault}")
    return frame


def _unchanged(path, entry, options):
    """The magnetogram in a file that is the one that the run has seen."""
    if not path.is_file():
        raise SolarUnetError(f"{path}: no such file; say where it is now, with magnetograms= the folder")
    if fingerprint(path) != (entry["size"], entry["sha256"]):
        raise SolarUnetError(f"{path}: this file has changed since the run was written")
    if entry["time_given"]:
        options["time"] = Time(*entry["time"], format="jd", scale="utc")
    return make_map(path, **options)[0]
