"""
Files that are there as a whole or not at all.
"""

import contextlib
import errno
import os
from pathlib import Path

__all__ = ["clear_temporaries", "written_whole"]

#: What the names of files begin with as long as they are being written.
PREFIX = ".writing-"

#: Errors that say that there is no room left.
FULL = (errno.ENOSPC, errno.EDQUOT)


@contextlib.contextmanager
def written_whole(path):
    """
    Write a file under another name in its folder, and give it its own when it is whole and on the disk.

    Whatever ends the program meanwhile, under the name itself there is the old file, the new one, or none.

    Parameters
    ----------
    path : path-like

    Yields
    ------
    `pathlib.Path`
        Where to write, with the suffix of ``path``.

    Raises
    ------
    OSError
        If it cannot be written; where the disk is full, the message says so.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sunpy_solarunet.atomic import written_whole
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "answer.txt"
    ...     with written_whole(path) as temporary:
    ...         _ = temporary.write_text("42")
    ...         assert not path.exists()
    ...     path.read_text()
    '42'
    """
    path = Path(path)
    temporary = path.with_name(PREFIX + path.name)
    try:
        yield temporary
        _flush(temporary)
        temporary.replace(path)
        _flush(path.parent)
    except OSError as problem:
        _remove(temporary)
        if problem.errno in FULL:
            raise OSError(
                problem.errno,
                f"{path}: the disk is full; make room and give the same command again, which goes on from here",
            ) from problem
        raise
    except BaseException:
        _remove(temporary)
        raise


def clear_temporaries(folder):
    """
    Remove what a program that was killed had begun to write.

    Parameters
    ----------
    folder : `pathlib.Path`
        With the folders in it.
    """
    for path in folder.rglob(f"{PREFIX}*"):
        _remove(path)


def _remove(path):
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def _flush(path):
    """Have a file, or the names in a folder, on the disk."""
    if path.is_dir() and os.name == "nt":  # Windows does not open folders
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
