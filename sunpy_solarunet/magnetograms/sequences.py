"""
Sequences of magnetograms, in the order of their times.
"""

import datetime
import glob
import re
from collections.abc import Sequence
from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.time import Time, TimeDelta

from sunpy_solarunet.errors import DescriptionMissing, MagnetogramError, SequenceError, require_quantity
from sunpy_solarunet.magnetograms.describing import (
    described,
    given_time,
    make_map,
    require_descriptions,
    warn_of_padding,
)
from sunpy_solarunet.magnetograms.maps import is_map
from sunpy_solarunet.magnetograms.reading import (
    FITS_SUFFIXES,
    IMAGE_SUFFIXES,
    existing_file,
    is_image,
    of_image,
    plain_header,
    require_field_range,
)

__all__ = [
    "MagnetogramSequence",
    "find_magnetograms",
    "given_times",
    "in_natural_order",
    "list_magnetograms",
    "read_magnetograms",
]


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
        # Shared with slices, so that padding is spoken of once.
        self._told = []
        #: Times of the frames.
        self.times = times

    def __len__(self):
        return len(self._sources)

    def __getitem__(self, index):
        if isinstance(index, slice):
            part = MagnetogramSequence(self._sources[index], self.times[index], self._options[index])
            part._told = self._told
            return part
        source, options = self._sources[index], self._options[index]
        frame, is_news = make_map(source, **options)
        if is_news and not self._told:
            self._told.append(frame.meta["filename"])
            warn_of_padding(frame)
        return frame

    @property
    def files(self):
        """Names of the files, in the order of the frames: list of `str`."""
        return [_name_of(source) for source in self._sources]

    def __repr__(self):
        if not self:
            return "<MagnetogramSequence: no frames>"
        return f"<MagnetogramSequence: {len(self)} frames, {self.times[0].iso} to {self.times[-1].iso}>"


def _name_of(source):
    return source.meta.get("filename", "map") if is_map(source) else source.name


def read_magnetograms(paths, *, times=None, start=None, cadence=None, time_pattern=None, **description):
    """
    Magnetograms of a sequence, read one by one and in the order of their times.

    Parameters
    ----------
    paths : path-like or list
        A file, a folder, a pattern such as ``"frames/*.fits"`` or ``"~/frames/**/*.fits"``, which looks
        into folders of folders, too, or a list of these or of maps. Files that a folder or a pattern
        names are taken in the order of their names, frame_2 before frame_10.
    times : `~astropy.time.Time` or list of `str`, optional
        One time a file, in the order of ``paths``, for files without. ``MagnetogramSequence.files`` shows
        which file has which time.
    start, cadence : `~astropy.time.Time` or `str`, `~astropy.units.Quantity`, optional
        Time of the first file and time from one file to the next, for files without.
    time_pattern : `str`, optional
        Where the time stands in the file name, as `datetime.datetime.strptime` reads it, for
        example ``"intgr_%y%m%d_%H%M%S"``; for files without.
    **description
        Further arguments of `magnetogram`, the same for all files. A note on padding is given once.

    Returns
    -------
    MagnetogramSequence

    Raises
    ------
    FileNotFoundError
        If nothing is found.
    MagnetogramError
        If a file is no magnetogram.
    DescriptionMissing
        If time, unit or coordinates are neither in a file nor given; it names all that are missing.
    SequenceError
        If two frames have the same time.
    TypeError
        If a word is none that `magnetogram` knows.

    Examples
    --------
    >>> from sunpy_solarunet import read_magnetograms
    >>> read_magnetograms([])
    <MagnetogramSequence: no frames>
    """
    require_descriptions(description)
    sources = find_magnetograms(paths)
    given = given_times(sources, times, start, cadence, time_pattern)
    options = [description | ({} if time is None else {"time": time}) for time in given]
    if not sources:
        return MagnetogramSequence([], Time([], format="isot"), [])
    taken = Time([_time_of(source, chosen) for source, chosen in zip(sources, options, strict=True)]).utc
    order = np.argsort(taken, kind="stable")
    _require_different_times(sources, taken, order)
    return MagnetogramSequence([sources[i] for i in order], taken[order], [options[i] for i in order])


def find_magnetograms(paths):
    """
    The files and maps that a user's argument stands for.

    Parameters
    ----------
    paths : path-like, `~sunpy.map.GenericMap` or list of these
        As of `read_magnetograms`.

    Returns
    -------
    list

    Raises
    ------
    FileNotFoundError
        If nothing is found.
    """
    if is_map(paths):
        return [paths]
    if not isinstance(paths, str | Path):
        return [source for path in paths for source in find_magnetograms(path)]
    path = Path(paths).expanduser()
    if path.is_dir():
        return list_magnetograms(path)
    if path.is_file():
        return [path]
    found = [Path(name) for name in glob.glob(str(path), recursive=True)]
    found = sorted((path for path in found if path.is_file()), key=in_natural_order)
    if not found:
        raise FileNotFoundError(f"{paths}: no such file, and no file fits it as a pattern")
    return found


def in_natural_order(path):
    """
    Key by which numbers in names count as numbers.

    Parameters
    ----------
    path : `pathlib.Path`

    Returns
    -------
    list

    Examples
    --------
    >>> from pathlib import Path
    >>> from sunpy_solarunet.magnetograms.sequences import in_natural_order
    >>> sorted([Path("frame_10.fits"), Path("frame_2.fits")], key=in_natural_order)[0].name
    'frame_2.fits'
    """
    return [
        [(len(text), text) if text.isdecimal() else (0, text) for text in re.split(r"(\d+)", part)]
        for part in path.parts
    ]


def list_magnetograms(folder):
    """
    The FITS files and images in a folder, in the order of their names, frame_2 before frame_10.

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
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder")
    suffixes = (*FITS_SUFFIXES, *IMAGE_SUFFIXES)
    found = [path for path in folder.iterdir() if path.is_file() and path.name.lower().endswith(suffixes)]
    if not found:
        raise FileNotFoundError(f"{folder}: no FITS file or image in this folder")
    return sorted(found, key=in_natural_order)


def given_times(sources, times, start, cadence, time_pattern):
    """
    The times that a user gives.

    Parameters
    ----------
    sources : list
        Paths or maps.
    times, start, cadence, time_pattern
        As of `read_magnetograms`.

    Returns
    -------
    list
        A time a source, or `None` where the source must know its own.

    Raises
    ------
    SequenceError
        If times are given in more ways than one, or not one a source.
    MagnetogramError
        If the name of a file is not of the pattern.
    """
    ways = [times is not None, start is not None or cadence is not None, time_pattern is not None]
    if sum(ways) > 1:
        raise SequenceError("give times=, or start= and cadence=, or time_pattern=: only one of these")
    if times is not None:
        times = [times] if isinstance(times, str) or np.ndim(times) == 0 else times
        if len(times) != len(sources):
            raise SequenceError(f"times= holds {len(times)} times for {len(sources)} files")
        return list(times)
    if ways[1]:
        if start is None or cadence is None:
            raise SequenceError("start= and cadence= belong together: one of them is missing")
        step = TimeDelta(require_quantity(cadence, u.s, "cadence", positive=True), format="sec")
        return [given_time(start) + number * step for number in range(len(sources))]
    if time_pattern is not None:
        return [_time_in_name(source, time_pattern) for source in sources]
    return [None] * len(sources)


def _time_in_name(source, pattern):
    name = Path(source).name if isinstance(source, str | Path) else source.meta.get("filename", "")
    for end in range(len(name), 0, -1):
        try:
            return Time(datetime.datetime.strptime(name[:end], pattern))
        except (ValueError, re.error):
            continue
    raise MagnetogramError(f"{name}: the file name does not begin like {pattern!r}")


def _time_of(source, all_options):
    """Time of a frame, from its header alone, and whether all else is known that its map needs."""
    options = {key: value for key, value in all_options.items() if key not in ("field_range", "padding")}
    if not is_map(source) and is_image(source):
        return _time_of_image(source, all_options)
    if is_map(source):
        empty, header = np.broadcast_to(np.zeros(1), source.data.shape), source.meta
        return described(empty, header, _name_of(source), source=type(source), **options).date
    empty, header = of_image(existing_file(source), _without_data)
    return described(empty, header, source.name, **options).date


def _time_of_image(path, options):
    """Time that is given for an image, which itself knows nothing."""
    require_field_range(path, options.get("field_range"))
    placed = any(options.get(argument) is not None for argument in ("scale", "center", "extent"))
    missing = ([] if options.get("time") is not None else ["time"]) + ([] if placed else ["coordinates"])
    if missing == ["time"]:
        message = f"{path.name}: an image has no time of observation; give times=, start= or time_pattern="
        raise MagnetogramError(message)
    if missing:
        raise DescriptionMissing(path.name, missing)
    return given_time(options["time"])


def _without_data(image):
    """As `read_fits` gives it, but with zeros, which take no memory, in place of the data."""
    return np.broadcast_to(np.zeros(1), image.shape), plain_header(image)


def _require_different_times(sources, times, order):
    same = np.flatnonzero(np.diff(times[order].unix) == 0)
    if len(same):
        names = [getattr(sources[order[i]], "name", "a map") for i in (same[0], same[0] + 1)]
        raise SequenceError(f"{names[0]} and {names[1]} have the same time, {times[order][same[0]].iso}")
