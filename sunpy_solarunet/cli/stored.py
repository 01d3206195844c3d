"""
Features that are stored already: in the folders of runs, and in tables.
"""

import warnings
from pathlib import Path

import numpy as np

from sunpy_solarunet import Run
from sunpy_solarunet.errors import SequenceError, SolarUnetError, SolarUnetWarning
from sunpy_solarunet.magnetograms.reading import FITS_SUFFIXES
from sunpy_solarunet.runs.layout import Layout
from sunpy_solarunet.tracking.tables import FORMATS, read_table

__all__ = ["is_run", "is_stored", "stored_features"]


def is_run(folder):
    """
    Whether a run is in a folder.

    Parameters
    ----------
    folder : path-like

    Returns
    -------
    `bool`
    """
    return Path(folder).is_dir() and Layout(folder).record.is_file()


def is_stored(place):
    """
    Whether features are stored in a place: the folder of a run or of its tables, or a table.

    Parameters
    ----------
    place : path-like

    Returns
    -------
    `bool`
        A FITS file is taken for a magnetogram, unless its name is that of a run's table.
    """
    path = Path(place)
    if path.is_dir():
        return is_run(path) or _table_in(path) is not None
    suffix = path.suffix.lower()
    return path.is_file() and suffix in FORMATS and (suffix not in FITS_SUFFIXES or path.stem == "features")


def stored_features(places):
    """
    The features of two runs or tables, in the frames that both could use.

    Parameters
    ----------
    places : list of path-like

    Returns
    -------
    features : `dict` of `~astropy.table.QTable`
        By place.
    tracks : `dict` of `~astropy.table.QTable`
        Of those that are runs.

    Raises
    ------
    SolarUnetError
        If they are not two, or do not have the same frames.
    """
    if len(places) != 2 or not all(map(is_stored, places)):
        raise SolarUnetError("give two runs' folders or two tables of features, or magnetograms")
    if places[0] == places[1]:
        raise SolarUnetError(f"{places[0]} is given twice: compare two")
    features, tracks, frames = zip(*map(_tables, map(Path, places)), strict=True)
    unused = _frames_of_one_alone(*frames)
    if unused:
        features = [table[~np.isin(table["frame"], unused)] for table in features]
    with_tracks = {place: table for place, table in zip(places, tracks, strict=True) if table is not None}
    return dict(zip(places, features, strict=True)), with_tracks


def _table_in(folder):
    """The table of features of a folder that is not a run's, if there is one."""
    tables = (folder / f"features{suffix}" for suffix in FORMATS)
    return next((path for path in tables if path.is_file()), None)


def _tables(path):
    """Features, tracks and frames of a run; of a table of features, these alone."""
    if not is_run(path):
        return read_table(_table_in(path) if path.is_dir() else path), None, None
    run = Run.read(path)
    return run.features, run.tracks, run.frames


def _frames_of_one_alone(first, second):
    """Numbers of the frames that one run could not use and the other could."""
    if first is None or second is None:
        return []
    if len(first) != len(second):
        raise SequenceError(f"the runs have {len(first)} and {len(second)} frames: compare the same frames")
    numbers = first["frame"][(first["skipped"] == "") != (second["skipped"] == "")].tolist()
    if numbers:
        listed = ", ".join(map(str, numbers))
        warnings.warn(f"left out are frames that one of the runs skipped: {listed}", SolarUnetWarning, stacklevel=3)
    return numbers
