"""
Features and tracks that SoFT finds in a sequence of frames, as a witness from outside the package.

Usage: python soft_witness.py FOLDER OUTPUT --threshold 150 --min-pixels 10 [--separation] [--processes 1] [--keep KEPT]

The python is one that has SoFT (``pip install solar-ft==3.2.1``), which needs not be that of the package. FOLDER holds
the frames, frame_0000.npy or frame_0000.fits and so on, each with a field in gauss, row 0 in the south. OUTPUT is an
ECSV table with a row for each feature of each frame. SoFT runs in its coarse mode, or with --separation in its fine
mode. KEPT is a new folder that SoFT's own images and table stay in, in one folder for each stretch of frames.

SoFT's own table drops all tracks shorter than four frames, and no option of ``track_all`` changes that. The rows here
come from the label images that SoFT writes, in which no track is dropped: 02-id for the features of a frame, their
polarity and their pixels, 03-assoc for the tracks. SoFT links features whatever their polarity, and the label of a
track keeps the sign of its first feature: only the sign in 02-id is the polarity. SoFT ends with an error at a frame
without features: such frames are left out then, and no track crosses them, as SoFT does not close gaps anyway.

Columns: frame, counted from 0; label, SoFT's number of the feature before it is linked, with the sign of its polarity;
track_id, in the order in which the tracks appear; polarity; n_pixels; x and y, the center weighted by the absolute
field in pixels, column and row counted from 0 (SoFT's own table weights by the field above the threshold). The seconds
in the meta are those of SoFT alone, as processor time of all of its processes and as time on the clock.
"""

import argparse
import os
import sys
import tempfile
import time
from contextlib import redirect_stdout
from importlib.metadata import version
from itertools import groupby
from pathlib import Path

import numpy as np
import soft.soft as st
from astropy.io import fits
from astropy.table import Table
from scipy import ndimage

COLUMNS = {"frame": int, "label": int, "track_id": int, "polarity": int, "n_pixels": int, "x": float, "y": float}


def read_frame(path):
    """Field of a file."""
    field = np.load(path) if path.suffix == ".npy" else fits.getdata(path)
    return np.asarray(field, dtype=np.float32)


def has_features(field, options):
    """Whether SoFT finds anything in a frame."""
    labels = st.detection(field, options.threshold, "both", options.separation)
    try:
        st.identification(labels, options.min_pixels)
    except ValueError:
        return False
    return True


def stretches(fields, options):
    """Numbers of the frames that SoFT finds something in, as lists of consecutive ones."""
    filled = [has_features(field, options) for field in fields]
    runs = groupby(range(len(fields)), key=filled.__getitem__)
    return [list(frames) for has_any, frames in runs if has_any]


def run_soft(fields, folder, options):
    """Let SoFT track the fields in a folder, which has its images then, and return the processor and clock seconds."""
    (folder / "00-data").mkdir(parents=True)
    for number, field in enumerate(fields):
        fits.writeto(folder / "00-data" / f"frame_{number:04d}.fits", field)
    started, used = time.perf_counter(), sum(os.times()[:4])
    with (folder / "soft.log").open("w") as log, redirect_stdout(log):
        st.track_all(
            f"{folder}/",  # without this slash SoFT finds no frames, and says nothing
            cores=options.processes,
            l_thr=options.threshold,
            min_size=options.min_pixels,
            dx=1.0,  # the pixel and the cadence are for velocities, which are not used here
            dt=1.0,
            sign="both",
            separation=options.separation,
        )
    return sum(os.times()[:4]) - used, time.perf_counter() - started


def label_images(folder):
    """Pairs of label images of each frame, with the labels of the frame and those of the tracks."""
    labels, tracked = (sorted((folder / step).glob("*.fits")) for step in ("02-id", "03-assoc"))
    for own, track in zip(labels, tracked, strict=True):
        yield fits.getdata(own).astype(int), fits.getdata(track).astype(int)


def measure(field, labels, tracked):
    """Label, label of the track, polarity, pixels and center of each feature of a frame."""
    values, first, pixels = np.unique(labels, return_index=True, return_counts=True)
    values, first, pixels = (column[values != 0] for column in (values, first, pixels))
    tracks = tracked.flat[first]
    if not tracks.all() or len(np.unique(tracks)) < len(tracks):
        raise ValueError("the features of a frame are not each in a track of their own")
    y, x = np.transpose(ndimage.center_of_mass(np.abs(field), labels, values))
    return zip(values, tracks, np.sign(values), pixels, x, y, strict=True)


def rows_of(frames, fields, folder, options):
    """Rows of a stretch of frames, with SoFT's labels of the tracks, and the seconds that SoFT took."""
    part = folder / f"frames_{frames[0]:04d}_{frames[-1]:04d}"
    seconds = run_soft([fields[frame] for frame in frames], part, options)
    rows = [
        (frame, label, (frames[0], int(track)), *measured)
        for frame, images in zip(frames, label_images(part), strict=True)
        for label, track, *measured in measure(fields[frame], *images)
    ]
    return rows, seconds


def find_rows(fields, folder, options):
    """Rows of the table, and the processor and clock seconds that SoFT took."""
    whole = list(range(len(fields)))
    try:
        parts = [rows_of(whole, fields, folder, options)]
    except ValueError:
        runs = stretches(fields, options)
        if whole in runs:
            raise  # every frame has features, so this is something else
        parts = [rows_of(frames, fields, folder, options) for frames in runs]
    track_ids = {}
    rows = [
        (frame, label, track_ids.setdefault(track, len(track_ids)), *measured)
        for part, _ in parts
        for frame, label, track, *measured in part
    ]
    return rows, [sum(seconds) for seconds in zip((0.0, 0.0), *(seconds for _, seconds in parts), strict=True)]


def parse(arguments):
    """Options of the command."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder of the frames")
    parser.add_argument("output", type=Path, help="ECSV file to write")
    parser.add_argument("--threshold", type=float, required=True, help="smallest absolute field of a feature in gauss")
    parser.add_argument("--min-pixels", type=int, required=True, help="smallest number of pixels of a feature")
    parser.add_argument("--separation", action="store_true", help="fine mode, which parts features that touch")
    parser.add_argument("--processes", type=int, default=1, help="number of processes, 1 unless told")
    parser.add_argument("--keep", type=Path, help="new folder for SoFT's own images")
    return parser.parse_args(arguments)


def main(arguments):
    """Write the table."""
    options = parse(arguments)
    paths = sorted(path for path in options.folder.glob("frame_*") if path.suffix in {".npy", ".fits"})
    if not paths:
        raise SystemExit(f"{options.folder} has no frames")
    with tempfile.TemporaryDirectory() as temporary:
        fields = [read_frame(path) for path in paths]
        rows, (cpu, clock) = find_rows(fields, options.keep or Path(temporary), options)
    meta = {
        "program": f"solar-ft {version('solar-ft')}",
        "mode": "fine" if options.separation else "coarse",
        "threshold_gauss": options.threshold,
        "min_pixels": options.min_pixels,
        "processes": options.processes,
        "frames": len(paths),
        "cpu_seconds": round(cpu, 2),
        "clock_seconds": round(clock, 2),
    }
    table = Table(rows=rows or None, names=list(COLUMNS), dtype=list(COLUMNS.values()), meta=meta)
    table.round({"x": 3, "y": 3})
    table.write(options.output, format="ascii.ecsv", overwrite=True)
    tracks = len(set(table["track_id"]))
    print(f"{len(paths)} frames, {len(table)} features, {tracks} tracks, {cpu:.1f} s CPU, {clock:.1f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
