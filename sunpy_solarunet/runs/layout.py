"""
Where everything stands in the folder of a run.
"""

import contextlib
import os
from fnmatch import fnmatchcase
from pathlib import Path

from sunpy_solarunet.errors import name_choice
from sunpy_solarunet.names import SUFFIXES
from sunpy_solarunet.tracking.formats import FORMATS, table_format

__all__ = ["SUFFIXES", "TABLES", "Layout", "remove_files", "table_suffix"]

#: Names of the files of frames and pairs, without their suffix.
NUMBERED = 6 * "[0-9]"

#: Names of figures and movies.
FIGURES = ("frame_[0-9]*.png", "event_[0-9]*.png", "movie.mp4", "movie.gif")

#: The tables of a run.
TABLES = ("events", "members", "features", "tracks", "frames")


def table_suffix(name):
    """
    Suffix of the tables of a format.

    Parameters
    ----------
    name : {"ecsv", "fits", "hdf5", "parquet", "asdf", "csv"}

    Returns
    -------
    `str`

    Raises
    ------
    SolarUnetError
        If the format is unknown, or what it needs is not installed.
    """
    suffix = SUFFIXES[name_choice(name, SUFFIXES, "table format")]
    table_format(Path(f"events{suffix}"))
    return suffix


class Layout:
    """
    The names of the files of a run.

    Parameters
    ----------
    folder : path-like

    Examples
    --------
    >>> from sunpy_solarunet.runs.layout import Layout
    >>> Layout("run").frame(12).as_posix()
    'run/frames/000012.fits'
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        #: Parameters and files that went in, and how far the run is.
        self.record = self.folder / "run.json"
        self.frames = self.folder / "frames"
        self.pairs = self.folder / "pairs"
        #: Rows of the tables of a run that is going on.
        self.parts = self.folder / "parts"
        #: The run that is to replace this one.
        self.replacement = self.folder / "replacement"

    def frame(self, number):
        """File with the labels and measurements of a frame."""
        return self.frames / f"{number:06d}.fits"

    def pair(self, number):
        """File with what happened between a frame and the one that it is compared with."""
        return self.pairs / f"{number:06d}.npz"

    def table(self, name, suffix):
        """File of a table."""
        return self.folder / f"{name}{suffix}"

    def tables(self):
        """Files of tables in any format that are there."""
        return [path for name in TABLES for suffix in FORMATS if (path := self.table(name, suffix)).is_file()]

    def remove_tables_but(self, suffix):
        """Remove the tables in other formats than the one of this suffix."""
        for path in self.tables():
            if path.suffix != suffix:
                path.unlink()

    def figure(self, number):
        """File with the drawing of a frame."""
        return self.folder / f"frame_{number:04d}.png"

    def figures(self):
        """Files of figures and movies that are there."""
        return [path for pattern in FIGURES for path in self.folder.glob(pattern)]

    def number_of_frames(self):
        """How many frames are there, from the first one on without a gap."""
        names = {path.name for path in self.frames.glob("*.fits")} if self.frames.is_dir() else set()
        number = 0
        while self.frame(number).name in names:
            number += 1
        return number

    def make_folders(self):
        """Make the folders of a run."""
        for folder in (self.folder, self.frames, self.pairs):
            folder.mkdir(parents=True, exist_ok=True)

    def owns(self, path):
        """Whether a path is one of those that a run writes, be it there or not."""
        try:
            folder, *rest = Path(path).absolute().relative_to(self.folder.absolute()).parts
        except ValueError:
            return False
        if rest:
            return folder in {own.name for own in (self.frames, self.pairs, self.parts, self.replacement)}
        is_table = any(folder == self.table(name, suffix).name for name in TABLES for suffix in FORMATS)
        return is_table or any(fnmatchcase(folder, pattern) for pattern in FIGURES)

    def strangers(self):
        """Where no run is, what is there in the places of a run's files and folders."""
        folders = [self.frames, self.pairs, self.parts]
        if not (self.replacement / self.record.name).is_file():
            folders.append(self.replacement)
        files = sorted(path for folder in folders for path in (folder, *folder.rglob("*")) if path.is_file())
        return files + ([self.record] if os.path.lexists(self.record) else [])

    def remove(self):
        """Remove the run, but nothing else that is in its folder; the record, which tells of it, at the end."""
        for path in (*self.tables(), *self.figures()):
            path.unlink()
        for folder, names in (
            (self.frames, NUMBERED + ".fits"),
            (self.pairs, NUMBERED + ".npz"),
            (self.parts, "*.npz"),
        ):
            remove_files(folder, names)
        self.record.unlink(missing_ok=True)


def remove_files(folder, names):
    """
    Remove files, and their folder if nothing else is in it.

    Parameters
    ----------
    folder : `pathlib.Path`
    names : `str`
        Pattern.
    """
    for path in folder.glob(names):
        path.unlink()
    with contextlib.suppress(OSError):
        folder.rmdir()
