"""
The magnetograms that go into a run: each known by its header before any of them is read.
"""

import bisect
import hashlib
import warnings
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.io import fits
from astropy.time import Time
from astropy.utils.exceptions import AstropyWarning

from sunpy_solarunet.errors import DescriptionMissing, MagnetogramError, SequenceError
from sunpy_solarunet.magnetograms import MagnetogramSequence, is_image, read_magnetograms
from sunpy_solarunet.magnetograms.describing import make_map, padding_note, require_descriptions
from sunpy_solarunet.magnetograms.maps import is_map
from sunpy_solarunet.magnetograms.sequences import given_times
from sunpy_solarunet.runs.files import find_files, kind_of_no_file

__all__ = [
    "ANYTHING",
    "Cadence",
    "Source",
    "common_shape",
    "find_sources",
    "fingerprint",
    "header_faults",
    "wrong_shape",
]

#: Bytes at either end of a file that go into its digest, beside its size.
ENDS = 65536

#: What a file that cannot be read raises is up to the libraries that read it.
ANYTHING = Exception


@dataclass(frozen=True)
class Source:
    """
    A magnetogram that has not been read yet.

    Attributes
    ----------
    data : path or `~sunpy.map.GenericMap`
    options : `dict`
        Arguments of `~sunpy_solarunet.magnetogram`.
    name : `str`
        Of the file.
    size : `int`
        Bytes.
    digest : `str`
        SHA-256 of the first and last bytes of the file.
    time : `~astropy.time.Time` or `None`
        As the header has it; where it cannot be read, that of the file before.
    shape : tuple or `None`
        Rows and columns, as the header has them.
    fault : `str`
        Why it cannot be used, as far as the header tells.
    """

    data: object
    options: dict
    name: str
    size: int
    digest: str
    time: Time | None = None
    shape: tuple | None = None
    fault: str = ""

    @property
    def path(self):
        """Where the file is; empty for a map."""
        return "" if is_map(self.data) else str(Path(self.data).absolute())

    @property
    def entry(self):
        """What is kept of it in the record of a run."""
        time = None if self.time is None else [float(self.time.utc.jd1), float(self.time.utc.jd2)]
        identity = {"name": self.name, "path": self.path, "size": self.size, "sha256": self.digest}
        return identity | {"time": time, "time_given": self.options.get("time") is not None}

    @classmethod
    def of_entry(cls, entry, options):
        """From what is kept of it; only its file can tell the shape."""
        time = None if entry["time"] is None else Time(*entry["time"], format="jd", scale="utc")
        options = options | ({"time": time} if entry["time_given"] else {})
        return cls(Path(entry["path"]), options, entry["name"], entry["size"], entry["sha256"], time)

    def at(self, time):
        """The same magnetogram with another time."""
        return replace(self, time=time)

    def open(self):
        """
        Read the magnetogram.

        Returns
        -------
        frame : `~sunpy.map.GenericMap` or `None`
        fault : `str`
            Why there is none.
        note : `str`
            What was taken for padding, where nobody has said it.
        """
        if self.fault:
            return None, self.fault, ""
        try:
            frame, is_news = make_map(self.data, **self.options)
            frame.wcs.wcs.set()
            _ = frame.observer_coordinate, frame.date
        except MemoryError:
            raise
        except ANYTHING as problem:
            return None, _reason(problem), ""
        return frame, "", padding_note(frame) if is_news else ""


@dataclass
class _Header:
    """What a header tells."""

    time: Time | None = None
    shape: tuple | None = None
    problem: Exception | None = None
    options: dict = field(default_factory=dict)

    @property
    def fault(self):
        """Why it cannot be used."""
        return "" if self.problem is None else _reason(self.problem)


def find_sources(maps, *, waiting=False, times=None, start=None, cadence=None, time_pattern=None, **description):
    """
    The magnetograms that an argument stands for, in the order of their times.

    Parameters
    ----------
    maps : path-like, `~sunpy_solarunet.magnetograms.MagnetogramSequence` or iterable
        As `~sunpy_solarunet.read_magnetograms` takes them or gives them.
    waiting : `bool`
        Whether more may come, so that it may be none, or none that can be used.
    times, start, cadence, time_pattern, **description
        As there.

    Returns
    -------
    list of `Source`
        A file whose header cannot be read stands after the one before it, and tells what is wrong with it.

    Raises
    ------
    FileNotFoundError
        If nothing is found.
    SequenceError
        If there are no magnetograms, or times are given in more ways than one.
    """
    require_descriptions(description)
    data, options = _data_and_options(maps, description)
    others = [times, start, cadence]
    # A name that the pattern does not fit is the fault of that file alone: it is read with its header.
    named = time_pattern is not None and others == [None, None, None]
    given = [None] * len(data) if named else given_times(data, *others, time_pattern)
    headers = [
        _header(one, its_options | ({} if time is None else {"time": time}), time_pattern)
        for one, its_options, time in zip(data, options, given, strict=True)
    ]
    if not waiting:
        _require_one_to_use(headers)
    return _in_order([_source(one, header) for one, header in zip(data, headers, strict=True)])


def _data_and_options(maps, description):
    if isinstance(maps, MagnetogramSequence):
        return list(maps._sources), list(maps._options)
    data = find_files(maps)
    return data, [description] * len(data)


def _header(data, options, time_pattern):
    """What the header of a file or a map tells."""
    if not is_map(data) and (kind := kind_of_no_file(data)):
        return _Header(options=options, problem=MagnetogramError(f"{data.name}: {kind} in place of a file"))
    shape, cut = (data.data.shape, False) if is_map(data) else _image_in_header(data)
    header = _Header(shape=shape, options=options)
    if cut:
        header.problem = MagnetogramError(f"{Path(data).name}: not a complete FITS file: it has been cut")
    description = {name: value for name, value in options.items() if name != "time"}
    times = [options["time"]] if options.get("time") is not None else None
    try:
        with warnings.catch_warnings(action="ignore", category=AstropyWarning):
            found = read_magnetograms([data], times=times, time_pattern=time_pattern, **description)
        header.time = found.times[0]
        header.options = options | ({} if time_pattern is None else {"time": found.times[0]})
    except MemoryError:
        raise
    except ANYTHING as problem:
        header.problem = problem
    return header


def _require_one_to_use(headers):
    """Raise the error of the first header if there is none that a frame can come from."""
    if not headers:
        raise SequenceError("there are no magnetograms")
    if all(header.fault for header in headers):
        undescribed = (header.problem for header in headers if isinstance(header.problem, DescriptionMissing))
        raise next(undescribed, headers[0].problem)


def _image_in_header(path):
    """Rows and columns of the first image of a FITS file, if that is to be found out, and whether the file is cut."""
    if is_image(Path(path)):
        return None, False
    try:
        with warnings.catch_warnings(record=True, action="always") as told, fits.open(path, memmap=False) as hdus:
            shapes = [hdu.shape for hdu in hdus if hdu.is_image and hdu.header.get("NAXIS", 0) > 0]
    except ANYTHING:
        return None, False
    shape = next((tuple(shape) for shape in shapes if len(shape) == 2), None)
    return shape, any("truncated" in str(warning.message) for warning in told)


def _source(data, header):
    if is_map(data):
        name = str(data.meta.get("filename", "map"))
        digest = hashlib.sha256(data.data.tobytes() + data.wcs.to_header_string().encode()).hexdigest()
        size = data.data.nbytes
    else:
        name, (size, digest) = Path(data).name, fingerprint(data)
    return Source(data, header.options, name, size, digest, header.time, header.shape, header.fault)


def fingerprint(path):
    """
    Size of a file and the digest of its ends.

    That is quick for archives of any size, and tells files apart whose headers, checksums or compressed data differ.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    size : `int`
        Bytes; 0 if it cannot be read.
    digest : `str`
        SHA-256.
    """
    digest = hashlib.sha256()
    try:
        if kind_of_no_file(Path(path)):
            return 0, ""
        with Path(path).open("rb") as file:
            size = file.seek(0, 2)
            for begin in (0, max(size - ENDS, 0)):
                file.seek(begin)
                digest.update(file.read(ENDS))
    except OSError:
        return 0, ""
    return size, digest.hexdigest()


def _in_order(sources):
    """By time; what has none stays behind the one before it."""
    known = [source.time for source in sources if source.time is not None]
    if not known:
        return sources
    times, last = [], known[0]
    for source in sources:
        last = last if source.time is None else source.time
        times.append(last)
    order = np.argsort(Time(times).utc, kind="stable") if len(times) > 1 else [0]
    placed = [source.at(time) for source, time in zip(sources, times, strict=True)]
    return [placed[number] for number in order]


def common_shape(sources):
    """
    Rows and columns that most magnetograms have.

    Parameters
    ----------
    sources : list of Source

    Returns
    -------
    tuple or `None`
        The first that was met where several are as frequent; `None` where no header tells.
    """
    shapes = Counter(source.shape for source in sources if source.shape is not None and not source.fault)
    return shapes.most_common(1)[0][0] if shapes else None


class Cadence:
    """
    Usual time between two magnetograms, as their headers have it.

    Parameters
    ----------
    sources : list of Source
    """

    def __init__(self, sources):
        times = [source.time for source in sources if self._counts(source)]
        self._first = times[0] if times else None
        self._seconds = sorted((Time(times) - self._first).to_value(u.s)) if times else []

    @staticmethod
    def _counts(source):
        return source.time is not None and not source.fault

    def add(self, source):
        """
        Take in another magnetogram.

        Parameters
        ----------
        source : Source
        """
        if self._counts(source):
            self._first = source.time if self._first is None else self._first
            bisect.insort(self._seconds, (source.time - self._first).to_value(u.s))

    @property
    def seconds(self):
        """Median; `None` if there are not two."""
        steps = np.diff(self._seconds).round(6)
        return float(np.median(steps[steps > 0])) if np.any(steps > 0) else None


def header_faults(sources, shape):
    """
    What the headers tell of magnetograms that cannot be used.

    Parameters
    ----------
    sources : list of Source
    shape : tuple or `None`
        Rows and columns that they must have.

    Returns
    -------
    list of `str`
        One for each magnetogram, empty where nothing is wrong with it.
    """
    faults, last = [], None
    for source in sources:
        fault = source.fault or wrong_shape(source.shape, shape)
        if not fault and last is not None and source.time == last.time:
            fault = f"has the time of {last.name}, {source.time.utc.isot}"
        if not fault:
            last = source
        faults.append(fault)
    return faults


def wrong_shape(shape, usual):
    """
    Why a frame does not fit to the others.

    Parameters
    ----------
    shape, usual : tuple or `None`
        Rows and columns.

    Returns
    -------
    `str`
        Empty if it fits, or if nothing is known.
    """
    if shape is None or usual is None or tuple(shape) == tuple(usual):
        return ""
    return f"{shape[0]} x {shape[1]} pixels in place of {usual[0]} x {usual[1]}"


def _reason(problem):
    """What is wrong with a file, in one line without the file's name: its row of the table of frames has that."""
    text = " ".join(str(problem).split()) or type(problem).__name__
    name, colon, rest = text.partition(": ")
    return rest if colon and Path(name).suffix else text
