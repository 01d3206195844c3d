"""
Magnetograms that come while a run is going on: each is handed out once its file is whole.
"""

import contextlib
import glob
import math
import os
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep, time

import astropy.units as u
from astropy.time import Time

from sunpy_solarunet.errors import SolarUnetError, require_quantity
from sunpy_solarunet.magnetograms.describing import given_time
from sunpy_solarunet.runs.files import find_files
from sunpy_solarunet.runs.inputs import find_sources

__all__ = ["Arrivals", "following_of", "require_watchfiles"]

#: Seconds between two looks at files that are being written.
LOOK = 0.2

#: A file that can be read is whole once it has not changed for so many seconds.
STILL = 0.5

#: One that cannot be read is taken as it is once it has not changed for so many.
PATIENCE = 10.0

#: A file for which others have waited so long is no longer waited for.
LONGEST = 60.0

#: A file that was there before and has not changed for so long is not being written.
OLD = 60.0

#: Folders are looked through at least once in so many seconds: not every file system tells what changes in it.
ROUND = 10.0


def require_watchfiles():
    """
    Refuse to follow where what that needs is not installed.

    Raises
    ------
    SolarUnetError
        Saying how to install it.
    """
    try:
        import watchfiles  # noqa: F401
    except ImportError:
        raise SolarUnetError(
            "following needs the package watchfiles: pip install watchfiles, or sunpy_solarunet[follow]"
        ) from None


def following_of(follow, idle, until):
    """
    Until when to follow.

    Parameters
    ----------
    follow : `bool`
    idle : `~astropy.units.Quantity` or `None`
    until : `~astropy.time.Time` or `None`

    Returns
    -------
    `dict` or `None`
        Arguments of `Arrivals`, in seconds; `None` if nothing is followed.

    Raises
    ------
    SolarUnetError
        If an end is given to what does not begin.
    """
    if follow:
        return {
            "idle": None if idle is None else require_quantity(idle, u.s, "idle", positive=True),
            "until": None if until is None else (given_time(until) - Time.now()).to_value(u.s),
        }
    if idle is not None or until is not None:
        raise SolarUnetError("idle= and until= end what follow=True begins: they do nothing without it")
    return None


@dataclass
class _Coming:
    """A file that may still be written."""

    path: Path
    first: float
    since: float
    state: tuple
    readable: tuple | None = None

    def look(self, now):
        """Note whether it has changed; tell that."""
        state = _state(self.path)
        changed = state != self.state
        if changed:
            self.state, self.since = state, now
        return changed


class Arrivals:
    """
    The magnetograms that come into folders or fit patterns, each once its file is whole.

    A file is whole when it can be read and has not changed for half a second. One that cannot be read is waited for
    as long as it changes, and ten seconds longer; those that came after it wait, too, since they are probably later.

    Parameters
    ----------
    places : path-like or list of these
        Folders and patterns.
    description : `dict`
        What the user said of the files.
    owns : callable
        Whether a path is one of the run's own files, which may lie in the same folder.
    idle : `float`, optional
        Seconds without anything new, after which there are no more.
    until : `float`, optional
        Seconds from now, after which there are no more.

    Raises
    ------
    SolarUnetError
        If there is no folder in which a file can come.
    """

    def __init__(self, places, description, *, owns=lambda path: False, idle=None, until=None):
        places = [places] if isinstance(places, str | os.PathLike) else list(places)
        if not all(isinstance(place, str | os.PathLike) for place in places):
            raise SolarUnetError("only files that come can be followed, not maps: give a folder or a pattern")
        self._places = [Path(place).expanduser() for place in places]
        self._folders, self._are_deep = _folders(self._places)
        self._description = description
        self._owns = owns
        self._idle = idle
        self._end = None if until is None else monotonic() + until
        self._known, self._coming = set(), {}
        self._looked = self._stirred = monotonic()

    def present(self):
        """
        The files that are there, once each of them is whole.

        Returns
        -------
        list of `pathlib.Path`
        """
        self._look(trusted=OLD)
        there = set(self._coming)
        while any(coming.path in there for coming in self._awaited()):
            sleep(LOOK)
            self._look()
        return self._take([coming.path for coming in self._finished() if coming.path in there])

    def __iter__(self):
        """
        What comes, until there is no more.

        Yields
        ------
        `~sunpy_solarunet.runs.inputs.Source` or `None`
            `None` a few times a second while nothing comes.
        """
        from watchfiles import watch

        options = {"watch_filter": None, "debounce": 200, "rust_timeout": int(1000 * LOOK), "yield_on_timeout": True}
        self._look()
        self._stirred = monotonic()
        with contextlib.closing(watch(*self._folders, recursive=self._are_deep, **options)) as changes:
            for changed in changes:
                if changed or self._coming or monotonic() - self._looked >= ROUND:
                    self._look()
                for source in self._whole():
                    yield source
                    self._stirred = monotonic()
                    if self._is_over():
                        return
                yield None
                if self._is_over():
                    return

    def _is_over(self):
        now = monotonic()
        if self._end is not None and now >= self._end:
            return True
        return self._idle is not None and not self._coming and now - self._stirred >= self._idle

    def _look(self, trusted=math.inf):
        """Note what has come, and what has changed; a file that is older than is trusted is not being written."""
        self._looked = now = monotonic()
        there = [path for path in self._find() if path not in self._known]
        self._coming = {path: self._coming.get(path) or self._new(path, now, trusted) for path in there}
        changed = [coming.look(now) or coming.first == now for coming in self._coming.values()]
        self._stirred = now if any(changed) else self._stirred

    @staticmethod
    def _new(path, now, trusted):
        state = _state(path)
        is_old = time() - state[1] / 1e9 > trusted
        return _Coming(path, now, -math.inf if is_old else now, state)

    def _find(self):
        """All files that are there, but those of the run."""
        found = []
        for place in self._places:
            with contextlib.suppress(FileNotFoundError):
                found += [path.absolute() for path in find_files(place)]
        return [path for path in found if not self._owns(path)]

    def _finished(self):
        """The files that are whole."""
        now = monotonic()
        return [coming for coming in self._coming.values() if self._is_whole(coming, now)]

    def _awaited(self):
        """The files that others wait for."""
        now = monotonic()
        unfinished = [coming for coming in self._coming.values() if not self._is_whole(coming, now)]
        return [coming for coming in unfinished if now - coming.first < LONGEST]

    def _is_whole(self, coming, now):
        """Whether a file need not be waited for."""
        rest = now - coming.since
        if rest < STILL or rest >= PATIENCE:
            return rest >= PATIENCE
        if coming.readable is None or coming.readable[0] != coming.state:
            coming.readable = coming.state, self._is_readable(coming.path)
        return coming.readable[1]

    def _is_readable(self, path):
        return any(not source.open()[1] for source in self._sources([path]))

    def _sources(self, paths):
        """In the order of their times; none of those that have gone."""
        with contextlib.suppress(FileNotFoundError):
            return find_sources(paths, waiting=True, **self._description)
        return []

    def _whole(self):
        """What can be handed out: whole files, but for those that came with or after one that is awaited."""
        first = min((coming.first for coming in self._awaited()), default=math.inf)
        return self._sources(self._take([coming.path for coming in self._finished() if coming.first < first]))

    def _take(self, paths):
        """Have done with files."""
        self._known.update(paths)
        for path in paths:
            del self._coming[path]
        return paths


def _state(path):
    """Size and time of the last change, without a look at what a link leads to if that is nothing."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return found.st_size, found.st_mtime_ns


def _folders(places):
    """The folders in which files can come, and whether those in them are meant, too."""
    folders, are_deep = [], False
    for place in places:
        if place.is_dir():
            folders.append(place)
        elif not os.path.lexists(place):
            parts = place.parts
            fixed = next((number for number, part in enumerate(parts) if glob.has_magic(part)), len(parts) - 1)
            folders.append(Path(*parts[:fixed]))
            are_deep |= fixed < len(parts) - 1
    missing = next((folder for folder in folders if not folder.is_dir()), None)
    if missing is not None:
        raise SolarUnetError(f"{missing}: no such folder, in which files could come")
    if not folders:
        raise SolarUnetError("nothing to follow but files: give their folder, or put the pattern in quotes")
    return folders, are_deep
