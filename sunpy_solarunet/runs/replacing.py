"""
A new run in place of an old one: made beside it, and put in its place when it is whole.
"""

import shutil

from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.runs.layout import Layout
from sunpy_solarunet.runs.record import read_record

__all__ = ["finish_replacing", "put_in_place", "replacement_of"]


def replacement_of(layout):
    """
    Where the run is made that is to replace one.

    Parameters
    ----------
    layout : `~sunpy_solarunet.runs.layout.Layout`

    Returns
    -------
    `~sunpy_solarunet.runs.layout.Layout`
    """
    return Layout(layout.replacement)


def put_in_place(layout):
    """
    Replace a run by its replacement.

    The old record goes first and the new one comes last: in between, the folder holds no run, and
    `finish_replacing` ends what was begun.

    Parameters
    ----------
    layout : `~sunpy_solarunet.runs.layout.Layout`
        Of the old run.
    """
    new = replacement_of(layout)
    layout.record.unlink(missing_ok=True)
    for path in layout.figures():
        path.unlink()
    for path in sorted(new.folder.iterdir(), key=lambda path: path == new.record):
        target = layout.folder / path.name
        if target.is_dir():
            shutil.rmtree(target)
        path.replace(target)
    new.folder.rmdir()
    layout.remove_tables_but(read_record(layout.record).suffix)


def finish_replacing(layout):
    """
    Put a whole replacement in its place where that was broken off.

    Parameters
    ----------
    layout : `~sunpy_solarunet.runs.layout.Layout`
    """
    new = replacement_of(layout)
    if layout.record.is_file() or not new.record.is_file():
        return
    try:
        whole = read_record(new.record).state == "whole"
    except SolarUnetError:
        return
    if whole:
        put_in_place(layout)
