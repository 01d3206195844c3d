"""
How long the whole way from frames to tables takes beside SoFT, on the same frames in the same run.

Usage: python compare_speed.py DATA OUTPUT.csv --soft PYTHON [--fine], with the folder of the observations and a Python
that has SoFT (see soft_witness.py). CPU seconds for the three GST/NIRIS frames of AR 12665, reading
not counted; medians of five. One minute, and two more with SoFT's fine mode.
"""

import argparse
import subprocess
import tempfile
import time
import warnings
from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.table import Table

from sunpy_solarunet import Segmenter, Tracker, magnetogram
from sunpy_solarunet.errors import SolarUnetWarning
from sunpy_solarunet.tracking.rules import RULES

TIMES = ("2017-07-13T20:17:41", "2017-07-13T20:18:38", "2017-07-13T20:19:34")
THRESHOLD, MIN_PIXELS, ROUNDS = 150, 10, 5


def observations(folder):
    """The three frames."""
    return [
        magnetogram(
            folder / f"frame_{number}.fits",
            unit=u.G,
            time=time_of_frame,
            extent=(413, 473, -204, -144) * u.arcsec,
            padding=True,
        )
        for number, time_of_frame in enumerate(TIMES, 1)
    ]


def follow(frames, **options):
    """CPU seconds of segmentation, features, tracking and tables."""
    segmenter, tracker = Segmenter("threshold", threshold=THRESHOLD * u.G, min_pixels=MIN_PIXELS), Tracker(**options)
    started = time.process_time()
    tracker.track(segmenter(frame) for frame in frames)
    tracker.tables()
    return time.process_time() - started


def ask_soft(python, frames, *, fine):
    """CPU seconds of SoFT."""
    with tempfile.TemporaryDirectory() as folder:
        fields, output = Path(folder) / "frames", Path(folder) / "features.ecsv"
        fields.mkdir()
        for number, frame in enumerate(frames):
            np.save(fields / f"frame_{number:04d}.npy", frame.data.astype("float32"))
        options = ["--threshold", str(THRESHOLD), "--min-pixels", str(MIN_PIXELS), *(["--separation"] if fine else [])]
        script = Path(__file__).with_name("soft_witness.py")
        subprocess.run([python, str(script), str(fields), str(output), *options], check=True, capture_output=True)
        return Table.read(output).meta["cpu_seconds"]


def main(options):
    """Write the table, and print it."""
    ways = {rule: {"association": rule} for rule in RULES}
    ways["dual_overlap, SWAMIS's events"] = {"association": "dual_overlap", "event_rules": "swamis"}
    # New maps each time: what is known of a map already is not measured again.
    seconds = {
        way: np.median([follow(observations(options.data / "gst-2017-07-13"), **rule) for _ in range(ROUNDS)])
        for way, rule in ways.items()
    }
    frames = observations(options.data / "gst-2017-07-13")
    soft = {"SoFT, coarse": ask_soft(options.soft, frames, fine=False)}
    if options.fine:
        soft["SoFT, fine"] = ask_soft(options.soft, frames, fine=True)
    rows = [
        {"tracker": way, "CPU seconds": f"{spent:.2f}"}
        | {f"times faster than {name}": f"{theirs / spent:.1f}" for name, theirs in soft.items()}
        for way, spent in (seconds | soft).items()
    ]
    table = Table(rows)
    table.write(options.output, format="ascii.csv", overwrite=True)
    table.pprint_all()


if __name__ == "__main__":
    warnings.simplefilter("ignore", SolarUnetWarning)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder of the observations")
    parser.add_argument("output", type=Path, help="CSV file to write")
    parser.add_argument("--soft", required=True, help="Python of an environment that has SoFT")
    parser.add_argument("--fine", action="store_true", help="ask SoFT's fine mode, too")
    main(parser.parse_args())
