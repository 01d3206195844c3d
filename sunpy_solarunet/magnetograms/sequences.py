"""
Sequences of magnetograms, in the order of their times.
"""

import datetime
import glob
from collections.abc import Sequence
from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.time import Time, TimeDelta
from sunpy.map import GenericMap

from sunpy_solarunet.errors import MagnetogramError, SequenceError, require_quantity
from sunpy_solarunet.magnetograms.describing import described, magnetogram
from sunpy_solarunet.magnetograms.reading import FITS_SUFFIXES, IMAGE_SUFFIXES, is_image, of_image, plain_header

__all__ = ["MagnetogramSequence", "list_magnetograms", "read_magnetograms"]


class MagnetogramSequence(Sequence):
    """
    Magnetograms in the order of their times, each read when it is asked for.

    Made by `~sunpy_solarunet.read_magnetograms`. Indexing, slicing and iterating give maps; nothing is kept.

    Parameters
    ----------
    sources : list
        Paths or maps.
    times : `~astropy.time.Time`
        One a source, increasing.
    options : list of `dict`
        Arguments of `~sunpy_solarunet.magnetogram`, one a source.
    """

    def __init__(self, sources, times, options):
        self._sources = sources
        self._options = options
        #: Times of the frames.
        self.times = times

    def __len__(self):
        return len(self._sources)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return MagnetogramSequence(self._sources[index], self.times[index], self._options[index])
        return magnetogram(self._sources[index], **self._options[index])

    def __repr__(self):
        if not self:
            return "<MagnetogramSequence: no frames>"
        return f"<MagnetogramSequence: {len(self)} frames, {self.times[0].iso} to {self.times[-1].iso}>"


def read_magnetograms(paths, *, times=None, start=None, cadence=None, time_pattern=None, **description):
    """
    Magnetograms of a sequence, read one by one and in the order of their times.

    Parameters
    ----------
    paths : path-like or list
        A file, a folder, a pattern such as ``"frames/*.fits"``, or a list of these or of maps. Files
        that a folder or a pattern names are taken in the order of their names.
    times : `~astropy.time.Time` or list of `str`, optional
        One time a file, in the order of ``paths``, for files without.
    start, cadence : `~astropy.time.Time` or `str`, `~astropy.units.Quantity`, optional
        Time of the first file and time from one file to the next, for files without.
    time_pattern : `str`, optional
        Where the time stands in the file name, as `datetime.datetime.strptime` reads it, for
        example ``"intgr_%y%m%d_%H%M%S"``; for files without.
    **description
        Further arguments of `magnetogram`, the same for all files.

    Returns
    -------
    MagnetogramSequence

    Raises
    ------
    FileNotFoundError
        If nothing is found.
    MagnetogramError
        If a file is no magnetogram, or its time is neither in it nor given.
    SequenceError
        If two frames have the same time.

    Examples
    --------
    >>> from sunpy_solarunet import read_magnetograms
    >>> read_magnetograms([])
    <MagnetogramSequence: no frames>
    """
    sources = _find(paths)
    given = _given_times(sources, times, start, cadence, time_pattern)
    options = [description | ({} if time is None else {"time": time}) for time in given]
    if not sources:
        return MagnetogramSequence([], Time([], format="isot"), [])
    taken = Time([_time_of(source, chosen) for source, chosen in zip(sources, options, strict=True)])
    order = np.argsort(taken, kind="stable")
    _require_different_times(sources, taken, order)
    return MagnetogramSequence([sources[i] for i in order], taken[order], [options[i] for i in order])


def _find(paths):
    """The files and maps that a user's argument stands for."""
    if isinstance(paths, GenericMap):
        return [paths]
    if not isinstance(paths, str | Path):
        return [source for path in paths for source in _find(path)]
    path = Path(paths)
    if path.is_dir():
        return list_magnetograms(path)
    if path.is_file():
        found = [path]
    else:
        found = sorted(Path(name) for name in glob.glob(str(paths)))
    if not found:
        raise FileNotFoundError(f"{paths}: no such file, and no file fits it as a pattern")
    return found


def list_magnetograms(folder):
    """
    The FITS files and images in a folder, in the order of their names.

    Parameters
    ----------
    folder : path-like

    Returns
    -------
    list of `pathlib.Path`

    Raises
    ------
    FileNotFoundError
        If there is no such folder or nothing in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder")
    suffixes = (*FITS_SUFFIXES, *IMAGE_SUFFIXES)
    found = sorted(path for path in folder.iterdir() if path.is_file() and path.name.lower().endswith(suffixes))
    if not found:
        raise FileNotFoundError(f"{folder}: no FITS file or image in this folder")
    return found


def _given_times(sources, times, start, cadence, time_pattern):
    """A time a source, or None where the source must know its own."""
    ways = [times is not None, start is not None or cadence is not None, time_pattern is not None]
    if sum(ways) > 1:
        raise SequenceError("give times=, or start= and cadence=, or time_pattern=: only one of these")
    if times is not None:
        if len(times) != len(sources):
            raise SequenceError(f"times= holds {len(times)} times for {len(sources)} files")
        return list(times)
    if ways[1]:
        if start is None or cadence is None:
            raise SequenceError("start= and cadence= belong together: one of them is missing")
        step = TimeDelta(require_quantity(cadence, u.s, "cadence", positive=True), format="sec")
        return [Time(start) + number * step for number in range(len(sources))]
    if time_pattern is not None:
        return [_time_in_name(source, time_pattern) for source in sources]
    return [None] * len(sources)


def _time_in_name(source, pattern):
    name = Path(source).name if isinstance(source, str | Path) else source.meta.get("filename", "")
    for end in range(len(name), 0, -1):
        try:
            return Time(datetime.datetime.strptime(name[:end], pattern))
        except ValueError:
            continue
    raise MagnetogramError(f"{name}: the file name does not begin like {pattern!r}")


def _time_of(source, options):
    """Time of a frame, from its header alone."""
    if options.get("time") is not None:
        return Time(options["time"])
    if isinstance(source, GenericMap):
        return source.date
    if is_image(source):
        message = f"{source.name}: an image has no time of observation; give times=, start= or time_pattern="
        raise MagnetogramError(message)
    empty, header = of_image(source, _without_data)
    description = {key: value for key, value in options.items() if key != "field_range"}
    return described(empty, header, source.name, **description).date


def _without_data(image):
    """As `read_fits` gives it, but with zeros, which take no memory, in place of the data."""
    return np.broadcast_to(np.zeros(1), image.shape), plain_header(image)


def _require_different_times(sources, times, order):
    same = np.flatnonzero(np.diff(times[order].unix) == 0)
    if len(same):
        names = [getattr(sources[order[i]], "name", "a map") for i in (same[0], same[0] + 1)]
        raise SequenceError(f"{names[0]} and {names[1]} have the same time, {times[order][same[0]].iso}")
