"""
Memory of runs and of trackers of few and of many frames: does it grow with their number?

Small frames with elements that wander, come and go are written into a temporary folder. A process of its own for
each number of frames takes them in, and tells the most memory that it had. Writes results/memory.csv.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.io import fits
from astropy.table import Table
from astropy.time import Time

from sunpy_solarunet import Run, Segmenter, Tracker, magnetogram, read_magnetograms

RESULTS = Path(__file__).parent / "results"

#: Pixels on a side, and elements of a frame.
SIDE, ELEMENTS = 96, 24

SEGMENTER = Segmenter("threshold", threshold=60 * u.G)


def write_frames(folder, count, seed=0):
    """Write frames 45 s apart, in which elements live for about ten frames."""
    rng = np.random.default_rng(seed)
    header = magnetogram(
        np.zeros((SIDE, SIDE)) * u.G, time="2017-07-13", scale=0.5 * u.arcsec, center=(0, 0) * u.arcsec
    )
    rows, columns = np.mgrid[:SIDE, :SIDE]
    places, fields = rng.uniform(4, SIDE - 4, (ELEMENTS, 2)), rng.choice([-300.0, 300.0], ELEMENTS)
    for number in range(count):
        new = rng.random(ELEMENTS) < 0.1
        places[new], fields[new] = rng.uniform(4, SIDE - 4, (new.sum(), 2)), rng.choice([-300.0, 300.0], new.sum())
        places = np.clip(places + rng.normal(0, 0.4, places.shape), 3, SIDE - 4)
        data = rng.normal(0, 5, (SIDE, SIDE))
        for (row, column), field in zip(places, fields, strict=True):
            data += field * np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / 6)
        fits_header = header.fits_header.copy()
        fits_header["DATE-OBS"] = (Time("2017-07-13") + number * 45 * u.s).isot
        fits.writeto(folder / f"{number:05d}.fits", data.astype("f4"), fits_header)


def follow(files):
    """A tracker that is given frame by frame, and whose events are taken as they are settled."""
    tracker, events = Tracker(), 0
    for frame in read_magnetograms(files):
        events += len(tracker.update(SEGMENTER(frame)))
    return events + len(tracker.finish())


def run(files, folder, suffix):
    """A run in a folder."""
    return len(Run(folder).track(files, SEGMENTER, Tracker(), format=suffix).frames)


def work(what, frames, count):
    """Take frames in, and print the most memory that it took in MiB."""
    files = sorted(Path(frames).glob("*.fits"))[:count]
    with tempfile.TemporaryDirectory() as folder:
        follow(files) if what == "tracker" else run(files, folder, what)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def measure(what, frames, count):
    """Memory in MiB of a process that takes in so many frames."""
    command = [sys.executable, "-W", "ignore", __file__, "--work", what, str(frames), str(count)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def main():
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", type=int, nargs=2, default=[50, 1000])
    parser.add_argument("--what", nargs="+", default=["tracker", "ecsv", "csv", "fits", "hdf5", "parquet", "asdf"])
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        what, frames, count = options.work
        return work(what, frames, int(count))
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        write_frames(Path(folder), max(options.counts))
        for what in options.what:
            few, many = (measure(what, folder, count) for count in options.counts)
            rows.append(
                ("Tracker" if what == "tracker" else f"run, {what}", round(few), round(many), f"{many / few - 1:+.1%}")
            )
            print(*rows[-1], flush=True)
    names = ["", *(f"{count} frames [MiB]" for count in options.counts), "growth"]
    Table(rows=rows, names=names).write(RESULTS / "memory.csv", overwrite=True)
    return None


if __name__ == "__main__":
    main()
