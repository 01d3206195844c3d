"""
Figures of the real observations for the documentation.

Usage: python draw_observations.py DATA IMAGES, with the folder of the observations and that of the figures.
"""

import sys
from pathlib import Path

import astropy.units as u
import numpy as np
from matplotlib.figure import Figure

from sunpy_solarunet import Segmenter, Tracker, read_magnetograms
from sunpy_solarunet.plotting import plot_catalog, plot_event, save_frame

TIMES = ("2017-07-13T20:17:41", "2017-07-13T20:18:38", "2017-07-13T20:19:34")


def nearest(events, x, y):
    """The event nearest to a place on the sky."""
    return events[np.argmin(np.hypot(events["Tx"].value - x, events["Ty"].value - y))]


def draw(event, catalogs, path):
    """Two panels of an event."""
    first = event["frame"] - (event["category"] == "birth")
    figure = Figure(figsize=(9, 4.5))
    plot_event(event, catalogs[first], catalogs[first + 1], figure=figure)
    figure.savefig(path, dpi=100)


def main(data, images):
    """Draw all figures."""
    data, images = Path(data), Path(images)
    maps = read_magnetograms(
        data / "gst-2017-07-13" / "frame_*.fits",
        times=TIMES,
        unit=u.G,
        extent=(413, 473, -204, -144) * u.arcsec,
        padding=True,
    )
    segmenter = Segmenter()
    catalogs = [segmenter(frame) for frame in maps]
    events = Tracker().track(catalogs)
    figure = Figure(figsize=(9, 8), layout="constrained")
    plot_catalog(catalogs[1], events, axes=figure.add_subplot(projection=catalogs[1].map))
    figure.savefig(images / "ar12665.png", dpi=80)
    draw(nearest(events[events["kind"] == "merging"], 453, -180.5), catalogs, images / "merging_figure_5.png")
    draw(nearest(events[events["kind"] == "emergence"], 453, -181), catalogs, images / "emergence_figure_8.png")
    draw(nearest(events[events["kind"] == "cancellation"], 455, -164), catalogs, images / "cancellation.png")

    segmenter = Segmenter(method="threshold", threshold=20 * u.G, polarity_threshold=20 * u.G, min_pixels=4)
    catalogs = [segmenter(frame) for frame in read_magnetograms(data / "hmi-2022-04-17" / "*.fits")]
    save_frame(images / "hmi.png", catalogs[1], Tracker().track(catalogs))


if __name__ == "__main__":
    main(*sys.argv[1:3])
