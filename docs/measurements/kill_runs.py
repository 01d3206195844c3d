"""
Kill runs at random instants, take them up again, and compare their tables with those of a run that nobody disturbed.

Each run of 60 frames is killed again and again, by a signal or by a disk that is full, until it is whole.

    python docs/measurements/kill_runs.py --kills 200
"""

import argparse
import contextlib
import errno
import os
import random
import signal
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from astropy.io import fits

from sunpy_solarunet import Run, Segmenter, Tracker
from sunpy_solarunet.runs.layout import TABLES

FRAMES = 60
WAYS = ("SIGKILL", "SIGTERM", "SIGHUP", "SIGINT", "ENOSPC")
COORDINATES = {
    "CTYPE1": "HPLN-TAN", "CTYPE2": "HPLT-TAN", "CUNIT1": "arcsec", "CUNIT2": "arcsec", "CDELT1": 0.5, "CDELT2": 0.5,
    "CRPIX1": 25.5, "CRPIX2": 15.5, "CRVAL1": 100.0, "CRVAL2": -50.0, "BUNIT": "G",
    "HGLN_OBS": 0.0, "HGLT_OBS": 3.0, "DSUN_OBS": 1.5e11, "RSUN_REF": 6.957e8,
}  # fmt: skip


def write_frames(folder, number=FRAMES):
    """Elements that wander, meet and part."""
    rng = np.random.default_rng(0)
    places, signs = rng.uniform(0, 40, (8, 2)), rng.choice([-1, 1], 8)
    for frame in range(number):
        field = rng.normal(0, 10, (30, 50))
        for (row, column), sign in zip(places, signs, strict=True):
            field[int(row) % 26 : int(row) % 26 + 4, int(column) % 44 : int(column) % 44 + 5] += 300 * sign
        places += rng.normal(0, 0.7, places.shape)
        header = fits.Header(COORDINATES | {"DATE-OBS": f"2024-05-01T16:{frame:02d}:00"})
        fits.PrimaryHDU(field.astype(np.float32), header).writeto(folder / f"frame_{frame:03d}.fits")


class SlowSegmenter(Segmenter):
    """Takes its time, so that a kill hits."""

    def __call__(self, magnetogram):
        time.sleep(0.02)
        return super().__call__(magnetogram)


def track(frames, output):
    return Run(output).track(frames, SlowSegmenter("threshold"), Tracker())


def start(frames, output, room=None):
    """Start a run in a process of its own; its disk is full after so many files, if that is given."""
    process = os.fork()
    if process:
        return process
    status = 1
    # What runs in the background, or outlives its terminal, ignores these, and so would the run.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    with contextlib.redirect_stderr(None), contextlib.suppress(BaseException):
        if room is not None:
            fill_disk(room)
        track(frames, output)
        status = 0
    os._exit(status)


def fill_disk(room):
    """Let the system say that the disk is full."""
    flush, flushed = os.fsync, []

    def full(handle):
        flushed.append(handle)
        if len(flushed) > room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        flush(handle)

    os.fsync = full


def kill(frames, output, way, rng, longest):
    """Start a run, kill it at a random instant, and tell whether that hit it."""
    if way == "ENOSPC":
        process = start(frames, output, room=rng.randrange(2 * FRAMES))
    else:
        process = start(frames, output)
        time.sleep(rng.uniform(0, longest))
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, getattr(signal, way))
    return os.waitpid(process, 0)[1] != 0


def contents(folder):
    return {name: (folder / f"{name}.ecsv").read_bytes() for name in TABLES}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--longest", type=float, default=4.0, help="seconds before a kill")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    rng, hits, runs = random.Random(options.seed), dict.fromkeys(WAYS, 0), 0
    with tempfile.TemporaryDirectory() as place:
        frames = Path(place) / "frames"
        frames.mkdir()
        write_frames(frames)
        track(frames, Path(place) / "whole")
        expected = contents(Path(place) / "whole")
        while sum(hits.values()) < options.kills:
            output, runs = Path(place) / f"run-{runs}", runs + 1
            while True:
                way = rng.choice(WAYS)
                if not kill(frames, output, way, rng, options.longest):
                    break
                hits[way] += 1
            if contents(output) != expected:
                sys.exit(f"{output.name}: other tables than those of the run that nobody disturbed")
            print(f"run {runs}: {hits}", flush=True)
    print(f"{runs} runs were killed {sum(hits.values())} times ({hits}); all tables are those of the whole run")


if __name__ == "__main__":
    main()
