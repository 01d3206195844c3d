"""
Whether what a command is asked to write can be written, before it does any work.
"""

import os
from pathlib import Path

from sunpy_solarunet.errors import SolarUnetError, suggestion

__all__ = ["check_figure", "check_folder", "check_map", "check_table", "checked_files"]

#: Suffixes of the masks.
MAP_SUFFIXES = (".fits", ".fts", ".fit")


def check_figure(path):
    """Refuse a figure's file of a format that is not known, or in a place where none can be."""
    from matplotlib.backend_bases import FigureCanvasBase

    known = [f".{name}" for name in sorted(FigureCanvasBase.get_supported_filetypes())]
    _check_suffix(path, known)
    _check_place(path)


def check_table(path):
    """Refuse a table's file of a format that is not known or not installed, or in a place where none can be."""
    from sunpy_solarunet.tracking.formats import table_format

    table_format(path)
    _check_place(path)


def check_map(path):
    """Refuse a map's file that is not FITS, or in a place where none can be."""
    _check_suffix(path, MAP_SUFFIXES)
    _check_place(path)


def check_folder(path):
    """Refuse a folder that is a file, lies in one, or cannot be written to."""
    path = Path(path).absolute()
    there = next(place for place in (path, *path.parents) if place.exists())
    if not there.is_dir():
        raise SolarUnetError(f"{there} is a file: a folder is needed in its place")
    _require_permission(there)


def checked_files(asked_for, *, overwrite):
    """
    The files that a command is to write.

    Parameters
    ----------
    asked_for : `dict`
        The check of each kind of file, and the path; `None` where there is to be none.
    overwrite : `bool`
        Whether files that exist are to be replaced.

    Returns
    -------
    list of `pathlib.Path`

    Raises
    ------
    SolarUnetError
        Naming the first path that exists and is not to be replaced, or that cannot be written.
    """
    asked_for = {check: Path(path) for check, path in asked_for.items() if path}
    there = [path for path in asked_for.values() if path.exists()]
    if there and not overwrite:
        raise SolarUnetError(f"{there[0]} exists: choose another place, or overwrite it (--overwrite)")
    for check, path in asked_for.items():
        check(path)
    return list(asked_for.values())


def _check_suffix(path, known):
    suffix = path.suffix.lower()
    if suffix not in known:
        question = suggestion(suffix, known)
        raise SolarUnetError(f"{path}: unknown suffix {path.suffix!r};{question} choose one of {', '.join(known)}")


def _check_place(path):
    folder = path.absolute().parent
    if not folder.is_dir():
        raise SolarUnetError(f"{path}: there is no folder {folder}")
    if path.is_dir():
        raise SolarUnetError(f"{path} is a folder: give the name of a file")
    _require_permission(path if path.exists() else folder)


def _require_permission(place):
    if not os.access(place, os.W_OK):
        raise SolarUnetError(f"{place}: no permission to write there")
