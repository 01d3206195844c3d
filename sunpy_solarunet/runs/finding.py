"""
The frames of a run, found again: their magnetograms, their catalogs, and the track at a place.
"""

from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.utils import lazyproperty

from sunpy_solarunet.errors import MagnetogramError, SequenceError, SolarUnetError
from sunpy_solarunet.features import FeatureCatalog
from sunpy_solarunet.magnetograms import MagnetogramSequence
from sunpy_solarunet.magnetograms.describing import make_map
from sunpy_solarunet.magnetograms.maps import is_map
from sunpy_solarunet.runs.frames import read_labels
from sunpy_solarunet.runs.inputs import Source, find_sources, fingerprint
from sunpy_solarunet.runs.record import options_of

__all__ = ["Catalogs", "Magnetograms", "maps_in_memory", "nearest_frame", "opened", "stored_catalog", "track_at"]


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
            return opened(self._by_digest[entry["sha256"]])
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


def opened(source):
    """
    The magnetogram of a source that must be one that can be used.

    Parameters
    ----------
    source : `~sunpy_solarunet.runs.inputs.Source`

    Returns
    -------
    `~sunpy.map.GenericMap`

    Raises
    ------
    MagnetogramError
        Saying why it cannot be used.
    """
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
    return make_map(path, **Source.of_entry(entry, options).options)[0]


def stored_catalog(path, frame, magnetogram, *, meta):
    """
    The catalog of a frame, without finding its features once more.

    Parameters
    ----------
    path : path-like
        File of the frame.
    frame : `~sunpy_solarunet.runs.frames.StoredFrame`
        What that file tells.
    magnetogram : `~sunpy.map.GenericMap`
    meta : `dict`
        How its features were found.

    Returns
    -------
    `~sunpy_solarunet.FeatureCatalog`
        As it was; each feature's probability is that of all its pixels.
    """
    labels = read_labels(path)
    return FeatureCatalog(
        magnetogram,
        labels.data,
        probability=_probability(labels.data, frame.features),
        area=labels.meta["area"],
        meta=meta,
    )


def _probability(labels, features):
    """For each pixel the probability of its feature; `None` where the features have none."""
    known = features["probability"]
    if not len(known) or np.isnan(known).all():
        return None
    by_label = np.zeros(labels.max() + 1)
    by_label[features["label"]] = known
    return by_label[labels]


class Catalogs:
    """
    The catalogs of a run, one by one.

    Parameters
    ----------
    run : `~sunpy_solarunet.Run`
    """

    def __init__(self, run):
        self._run = run
        self._numbers = run.used_frames()

    def __length_hint__(self):
        return len(self._numbers)

    def __iter__(self):
        return (self._run.catalog(number) for number in self._numbers)


def track_at(run, layout, coordinate, time):
    """
    The track of the element at a place.

    Parameters
    ----------
    run : `~sunpy_solarunet.Run`
    layout : `~sunpy_solarunet.runs.layout.Layout`
        Of its folder.
    coordinate : `~astropy.coordinates.SkyCoord`
    time : `~astropy.time.Time`

    Returns
    -------
    `int` or `None`
        Its number, if an element is there.
    """
    number = nearest_frame(run.frames, time)
    labels = read_labels(layout.frame(number))
    x, y = (float(pixel.value) for pixel in labels.world_to_pixel(coordinate))
    height, width = labels.data.shape
    if not (-0.5 <= x < width - 0.5 and -0.5 <= y < height - 0.5):
        return None
    label = labels.data[round(y), round(x)]
    features = run.features[run.features["frame"] == number]
    return int(features["track_id"][features["label"] == label][0]) if label else None


def nearest_frame(frames, time):
    """
    Number of the frame that could be used and is nearest to a time.

    Parameters
    ----------
    frames : `~astropy.table.QTable`
    time : `~astropy.time.Time`

    Returns
    -------
    `int`

    Raises
    ------
    SequenceError
        If the time lies farther from the first or the last frame than two frames ever do.
    """
    frames = frames[frames["skipped"] == ""]
    steps = abs((frames["time"] - time).to_value(u.s))
    between = (frames["time"][1:] - frames["time"][:-1]).to_value(u.s)
    nearest = int(steps.argmin())
    if steps[nearest] > between.max(initial=0):
        first, last = frames["time"][[0, -1]].iso
        raise SequenceError(f"{time.iso} is not within the run, which lasts from {first} to {last}")
    return int(frames["frame"][nearest])
