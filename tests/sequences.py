"""A small sequence in files whose events are known, shared by the tests of runs."""

import astropy.units as u
import numpy as np
from planted import frame

from sunpy_solarunet import Run, Segmenter, Tracker

#: Frames of the sequence.
FRAMES = 6

SEGMENTER = Segmenter("threshold", threshold=100 * u.G)


def field_of(number):
    """
    The rectangles of a frame: row, column, height, width, gauss.

    A positive element wanders west, a negative one is there from frame 2 on, another to frame 3.
    """
    rectangles = [(6, 10 + 2 * number, 4, 7, 300.0)]
    if number >= 2:
        rectangles.append((28, 40, 5, 3, -250.0))
    if number <= 3:
        rectangles.append((20, 12, 6, 4, -400.0))
    return rectangles


def planted_map(number):
    """The map of a frame, with noise that is the same each time."""
    planted, _ = frame(field_of(number), minute=number)
    noise = np.random.default_rng(number).normal(0, 5, planted.data.shape)
    return planted._new_instance(planted.data + noise, planted.meta)


def write_sequence(folder, count=FRAMES):
    """Write the frames into a folder and give back their paths."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"frame_{number:02d}.fits" for number in range(count)]
    for number, path in enumerate(paths):
        planted_map(number).save(path)
    return paths


def track(folder, paths, **options):
    """Write a run with the settings of all these tests."""
    return Run(folder).track(paths, SEGMENTER, Tracker(), **options)


def table_files(folder, suffix=".ecsv"):
    """The bytes of the five tables."""
    return {path.name: path.read_bytes() for path in sorted(folder.glob(f"*{suffix}"))}
