"""
A folder that one program writes to at a time.
"""

import contextlib
from pathlib import Path

from filelock import FileLock, Timeout

from sunpy_solarunet.errors import SolarUnetError

__all__ = ["claimed", "is_claimed"]

#: Name of the file that is locked. The system lets go of the lock when the program ends, however that comes.
LOCK = ".lock"


@contextlib.contextmanager
def claimed(folder, work="run"):
    """
    Make a folder and keep others from writing to it.

    A folder that was made, and in which nothing is at the end, is removed.

    Parameters
    ----------
    folder : `pathlib.Path`
    work : `str`
        What writes to it, for the message.

    Raises
    ------
    SolarUnetError
        If it cannot be written to, or another one writes to it.
    """
    made = [one for one in (folder, *folder.parents) if not one.exists()]
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise SolarUnetError(
            f"{folder}: another {work} is writing to this folder; wait for its end, or choose another folder"
        ) from None
    except (OSError, NotImplementedError) as problem:
        _remove_empty(folder, made)
        raise SolarUnetError(f"{folder}: this folder cannot be written to ({problem}); choose another one") from problem
    try:
        yield
    finally:
        lock.release()
        _remove_empty(folder, made)


def is_claimed(folder):
    """
    Whether something is writing to a folder.

    Parameters
    ----------
    folder : `pathlib.Path`

    Returns
    -------
    `bool`
    """
    if not (folder / LOCK).exists():
        return False
    try:
        with FileLock(folder / LOCK, timeout=0):
            return False
    except Timeout:
        return True
    except (OSError, NotImplementedError):
        return False


def _remove_empty(folder, made):
    """Remove the folders that were made, if there is nothing in them but the lock."""
    with contextlib.suppress(OSError):
        if {path.name for path in folder.iterdir()} <= {LOCK}:
            Path(folder / LOCK).unlink(missing_ok=True)
    for one in made:
        with contextlib.suppress(OSError):
            one.rmdir()
