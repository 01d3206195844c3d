"""
Lifetimes in the 176 frames of the quiet Sun of 2018 June 7 by each association rule, as in Figure 12 of the paper.

Usage: python follow_quiet_sun.py DATA OUTPUT, with the folder of the observations and that of the table and figure.
"""

import csv
import itertools
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
from sunpy_solarunet.tracking.filtering import noise_filter
from sunpy_solarunet.tracking.tables import EVENT_KINDS

RULES = ("likelihood", "assignment", "dual_overlap", "overlap", "paper")
COLORS = ("#d62728", "#1f77b4", "#9467bd", "#2ca02c", "#7f7f7f")
LIFETIMES = ["rule", "tracks", "of one frame", "share (%)", "longest", "mean lifetime", "CPU s a pair"]
EVENTS = ["rule", "noise filter", "tracks", *EVENT_KINDS]


def catalogs(folder):
    """Features above 150 G, of 10 pixels or more, of one frame after the other."""
    frames = read_magnetograms(
        folder / "gst-2018-06-07" / "image",
        time_pattern="intgr_%y%m%d_%H%M%S",
        field_range=300 * u.G,
        scale=0.083 * u.arcsec,
        center=(0, 0) * u.arcsec,
        padding=True,
    )
    segmenter = Segmenter("threshold", threshold=150 * u.G)
    return (segmenter(frame) for frame in frames)


def follow(task):
    """Lifetimes in frames, the row of the table of lifetimes, and those of the table of events."""
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
    lifetime = np.asarray(tracker.tracks["lifetime"])
    single, number = np.count_nonzero(lifetime == 1), len(lifetime)
    row = [rule, number, single, f"{100 * single / number:.1f}", lifetime.max(), f"{lifetime.mean():.2f}"]
    filtered = noise_filter(tracker, min_lifetime=4, keep_interacting=False)
    events = [[rule, "no", *_counts(tracker.tables())], [rule, "yes", *_counts(filtered)]]
    return lifetime, [*row, f"{seconds / pairs:.2f}"], events


def _counts(tables):
    """Numbers of tracks and of events of each kind."""
    kinds = Counter(tables["events"]["kind"].tolist())
    return [len(tables["tracks"]), *(kinds[kind] for kind in EVENT_KINDS)]


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
        lifetimes, rows, events = zip(*pool.map(follow, [(Path(data), rule) for rule in RULES]), strict=True)
    with (Path(output) / "lifetimes.csv").open("w", newline="") as file:
        csv.writer(file).writerows([LIFETIMES, *rows])
    with (Path(output) / "real_events.csv").open("w", newline="") as file:
        csv.writer(file).writerows([EVENTS, *itertools.chain.from_iterable(events)])
    draw(lifetimes, Path(output) / "lifetimes.png")


if __name__ == "__main__":
    main(*sys.argv[1:3])
