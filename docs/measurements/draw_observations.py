"""
Figures of the real observations for the documentation.

Usage: python draw_observations.py DATA IMAGES, with the folder of the observations and that of the figures.
"""

import sys
import tempfile
from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from matplotlib.figure import Figure
from PIL import Image

from sunpy_solarunet import Run, Segmenter, Tracker, read_magnetograms
from sunpy_solarunet.plotting import save_frame
from sunpy_solarunet.plotting.pairs import FIGURE_SIZE

TIMES = ("2017-07-13T20:17:41", "2017-07-13T20:18:38", "2017-07-13T20:19:34")

#: A large element that splits and takes in others, west and north on the sky.
PLACE = (457.5, -162.4) * u.arcsec


def gst_frames(data):
    """The three frames of AR 12665."""
    return read_magnetograms(
        data / "gst-2017-07-13" / "frame_*.fits",
        times=TIMES,
        unit=u.G,
        extent=(413, 473, -204, -144) * u.arcsec,
        observer="earth",
        padding=True,
    )


def pack(path, size=None):
    """Make an image small by a palette of its own, and by fewer pixels."""
    with Image.open(path) as image:
        image = image.convert("RGB").resize(size or image.size, Image.Resampling.LANCZOS)
    image.quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)


def nearest(run, kind, x, y):
    """The event of a kind that is nearest to a place on the sky."""
    events = run.events[run.events["kind"] == kind]
    found = events[np.argmin(np.hypot(events["Tx"].value - x, events["Ty"].value - y))]
    return run.event(found["event_id"])


def save(draw, path, **kwargs):
    """Let something draw itself into a figure, and save that."""
    figure = Figure(**kwargs)
    draw(figure=figure)
    figure.savefig(path, dpi=100)
    pack(path)


def draw_comparison(data, images, folder):
    """What the network that is trained as in the paper makes of the active region, and events that the paper shows."""
    run = Run(folder).track(gst_frames(data), Segmenter(model="solarunet-paper"), Tracker())
    print(run, {kind: int((run.events["kind"] == kind).sum()) for kind in sorted(set(run.events["kind"]))})
    save_frame(images / "ar12665.png", run.catalog(1), run.events)
    pack(images / "ar12665.png", size=(720, 657))
    save(nearest(run, "merging", 453, -180.5).plot, images / "merging_figure_5.png", figsize=FIGURE_SIZE)
    save(nearest(run, "emergence", 453, -181).plot, images / "emergence_figure_8.png", figsize=FIGURE_SIZE)
    save(nearest(run, "cancellation", 455, -164).plot, images / "cancellation.png", figsize=FIGURE_SIZE)


def draw_tutorial(data, images, folder):
    """One element by the default network, and an event that it takes part in."""
    frames = gst_frames(data)
    run = Run(folder).track(frames, Segmenter(), Tracker())
    track = run.at(SkyCoord(*PLACE, frame=frames[0].coordinate_frame), frames[0].date)
    print(run, track, track.events["event_id", "kind", "frame", "flux_exchanged"], sep="\n")
    save(track.plot, images / "element_track.png", figsize=(7, 5), layout="constrained")
    event = run.event(track.events["event_id"][0])
    save(event.plot, images / "element_splitting.png", figsize=FIGURE_SIZE)


def draw_hmi(data, images):
    """A frame of SDO/HMI with events."""
    segmenter = Segmenter(method="threshold", threshold=20 * u.G, polarity_threshold=20 * u.G, min_pixels=4)
    catalogs = [segmenter(frame) for frame in read_magnetograms(data / "hmi-2022-04-17" / "*.fits")]
    save_frame(images / "hmi.png", catalogs[1], Tracker().track(catalogs))
    pack(images / "hmi.png")


if __name__ == "__main__":
    folders = [Path(name) for name in sys.argv[1:3]]
    for draw in (draw_comparison, draw_tutorial):
        with tempfile.TemporaryDirectory() as run_folder:
            draw(*folders, run_folder)
    draw_hmi(*folders)
