"""
Lifetimes in the 176 frames of the quiet Sun of 2018 June 7 by each association rule, as in Figure 12 of the paper.

Usage: python follow_quiet_sun.py DATA OUTPUT, with the folder of the observations and that of the table and figure.
"""

import csv
import sys
import time
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np

from sunpy_solarunet import Segmenter, Tracker, read_magnetograms
from sunpy_solarunet.errors import SolarUnetWarning
from sunpy_solarunet.tracking.tables import EVENT_KINDS

RULES = ("likelihood", "assignment", "dual_overlap", "overlap", "paper")
COLORS = ("#d62728", "#1f77b4", "#9467bd", "#2ca02c", "#7f7f7f")
HEADINGS = ["rule", "tracks", "of one frame", "share (%)", "longest", "mean lifetime", *EVENT_KINDS, "CPU s a pair"]


def catalogs(folder):
    """Features above 150 G, of 10 pixels or more, of one frame after the other."""
    frames = read_magnetograms(
        folder / "gst-2018-06-07" / "image",
        time_pattern="intgr_%y%m%d_%H%M%S",
        field_range=300 * u.G,
        scale=0.083 * u.arcsec,
        center=(0, 0) * u.arcsec,
    )
    segmenter = Segmenter("threshold", threshold=150 * u.G)
    return (segmenter(frame) for frame in frames)


def follow(task):
    """Lifetimes in frames, and the row of the table."""
    folder, rule = task
    tracker = Tracker(rule)
    seconds = pairs = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SolarUnetWarning)
        for catalog in catalogs(folder):
            started = time.process_time()
            tracker.update(catalog)
            seconds, pairs = seconds + time.process_time() - started, pairs + 1
        tracker.finish()
    tracks, kinds = tracker.tracks, Counter(tracker.events["kind"].tolist())
    lifetime = np.asarray(tracks["lifetime"])
    single = np.count_nonzero(lifetime == 1)
    row = [rule, len(tracks), single, f"{100 * single / len(tracks):.1f}", lifetime.max(), f"{lifetime.mean():.2f}"]
    return lifetime, row + [kinds[kind] for kind in EVENT_KINDS] + [f"{seconds / pairs:.2f}"]


def draw(lifetimes, path):
    """Histogram of the lifetimes by each rule."""
    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    edges = np.unique(np.round(np.geomspace(1, 180, 28)))
    for lifetime, rule, color in zip(lifetimes, RULES, COLORS, strict=True):
        counts, _ = np.histogram(lifetime, edges)
        axes.stairs(counts / np.diff(edges), edges, color=color, label=rule, linewidth=1.6)
    axes.set(xscale="log", yscale="log", xlabel="Lifetime (frames)", ylabel="Tracks per frame of lifetime")
    axes.legend()
    figure.savefig(path, dpi=110)


def main(data, output):
    """Write the table and draw the figure."""
    with ProcessPoolExecutor(2) as pool:
        lifetimes, rows = zip(*pool.map(follow, [(Path(data), rule) for rule in RULES]), strict=True)
    with (Path(output) / "lifetimes.csv").open("w", newline="") as file:
        csv.writer(file).writerows([HEADINGS, *rows])
    draw(lifetimes, Path(output) / "lifetimes.png")


if __name__ == "__main__":
    main(*sys.argv[1:3])
