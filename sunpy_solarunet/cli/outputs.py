"""
Whether what a command is asked to write can be written, before it does any work.
"""

import os
from pathlib import Path

from sunpy_solarunet.errors import SolarUnetError, suggestion

__all__ = ["check_figure", "check_folder", "check_map", "check_table", "refuse_existing"]

#: Suffixes of the masks.
MAP_SUFFIXES = (".fits", ".fts", ".fit")


def check_figure(path):
    """Refuse a figure's file of a format that is not known, or in a place where none can be."""
    from matplotlib.backend_bases import FigureCanvasBase

    known = [f".{name}" for name in sorted(FigureCanvasBase.get_supported_filetypes())]
    _check_suffix(Path(path), known)
    _check_place(Path(path))


def check_table(path):
    """Refuse a table's file of a format that is not known or not installed, or in a place where none can be."""
    from sunpy_solarunet.tracking.formats import table_format

    table_format(Path(path))
    _check_place(Path(path))


def check_map(path):
    """Refuse a map's file that is not FITS, or in a place where none can be."""
    _check_suffix(Path(path), MAP_SUFFIXES)
    _check_place(Path(path))


def check_folder(path):
    """Refuse a folder that is a file, lies in one, or cannot be written to."""
    path = Path(path).absolute()
    there = next(place for place in (path, *path.parents) if place.exists())
    if not there.is_dir():
        raise SolarUnetError(f"{there} is a file: a folder is needed in its place")
    _require_permission(there)


def refuse_existing(paths, *, overwrite):
    """
    Raise an error if results would be replaced that are not to be.

    Parameters
    ----------
    paths : list of `pathlib.Path`
    overwrite : `bool`

    Raises
    ------
    SolarUnetError
        Naming the first path that exists.
    """
    there = [path for path in paths if path.exists()]
    if there and not overwrite:
        raise SolarUnetError(f"{there[0]} exists: choose another place, or overwrite it (--overwrite)")


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
