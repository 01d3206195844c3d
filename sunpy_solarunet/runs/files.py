"""
The files that an argument of a run stands for, and what only has the name of one.
"""

import glob
import os
import stat
from pathlib import Path

from sunpy_solarunet.magnetograms import list_magnetograms
from sunpy_solarunet.magnetograms.maps import is_map
from sunpy_solarunet.magnetograms.reading import FITS_SUFFIXES, IMAGE_SUFFIXES
from sunpy_solarunet.magnetograms.sequences import in_natural_order

__all__ = ["find_files", "kind_of_no_file"]

#: What a path may be that is no file. None of these is opened: a pipe would be waited for.
KINDS = {
    stat.S_ISDIR: "a folder",
    stat.S_ISFIFO: "a named pipe",
    stat.S_ISSOCK: "a socket",
    stat.S_ISCHR: "a device",
    stat.S_ISBLK: "a device",
}


def find_files(maps):
    """
    The files and maps that an argument stands for.

    What has the name of a file but is none, such as a link to nothing, is among them: it may stand for a frame.

    Parameters
    ----------
    maps : path-like, `~sunpy.map.GenericMap` or iterable of these
        As `~sunpy_solarunet.read_magnetograms` takes them.

    Returns
    -------
    list

    Raises
    ------
    FileNotFoundError
        If nothing is found.
    """
    if is_map(maps):
        return [maps]
    if not isinstance(maps, str | os.PathLike):
        return [found for one in maps for found in find_files(one)]
    path = Path(maps).expanduser()
    if path.is_dir():
        return _in_folder(path)
    return [path] if os.path.lexists(path) else _of_pattern(path)


def _in_folder(folder):
    found = sorted(filter(_is_named_like_one, folder.iterdir()), key=in_natural_order)
    if not found and _is_named_like_one(folder):
        return [folder]
    return found or list_magnetograms(folder)


def _of_pattern(pattern):
    matching = map(Path, glob.glob(str(pattern), recursive=True))
    found = [path for path in matching if path.is_file() or (_is_named_like_one(path) and kind_of_no_file(path))]
    if not found:
        raise FileNotFoundError(f"{pattern}: no such file, and no file fits it as a pattern")
    return sorted(found, key=in_natural_order)


def _is_named_like_one(path):
    return path.name.lower().endswith((*FITS_SUFFIXES, *IMAGE_SUFFIXES))


def kind_of_no_file(path):
    """
    What a path is that is no file.

    Parameters
    ----------
    path : `pathlib.Path`

    Returns
    -------
    `str`
        Such as "a named pipe"; empty if it is a file.

    Examples
    --------
    >>> from pathlib import Path
    >>> from sunpy_solarunet.runs.files import kind_of_no_file
    >>> kind_of_no_file(Path("."))
    'a folder'
    """
    try:
        mode = path.stat().st_mode
    except PermissionError:
        return ""
    except OSError:
        return "a link to nothing" if path.is_symlink() else ""
    return next((kind for is_kind, kind in KINDS.items() if is_kind(mode)), "")
