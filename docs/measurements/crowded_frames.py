"""
How long the default rule takes for frames that are crowded, noisy, far apart in time, or have long features.

Usage: python crowded_frames.py DATA OUTPUT.csv, with the folder of the observations. CPU seconds for a pair of frames,
tables included, on one core. Three minutes.
"""

import sys
import time
import warnings
from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.table import Table
from astropy.time import Time
from scipy import ndimage

from sunpy_solarunet import Segmenter, Tracker, magnetogram
from sunpy_solarunet.errors import SolarUnetWarning

START = Time("2017-07-13T20:17:41")


def real_pair(data, segmenter, apart):
    """The first two GST/NIRIS frames of AR 12665, as if they had been taken so far apart."""
    for number in range(2):
        yield segmenter(
            magnetogram(
                data / "gst-2017-07-13" / f"frame_{number + 1}.fits",
                unit=u.G,
                time=START + number * apart,
                extent=(413, 473, -204, -144) * u.arcsec,
                padding=True,
            )
        )


def planted_pair(draw, segmenter):
    """Two frames, a minute apart, of a field that is drawn with a seed."""
    for seed in range(2):
        yield segmenter(
            magnetogram(
                draw(seed) * u.G,
                time=START + seed * u.min,
                scale=0.1 * u.arcsec,
                center=(0, 0) * u.arcsec,
                padding=False,
            )
        )


def noise(seed):
    """White noise, smoothed."""
    field = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(512, 512)), 1.0)
    return 100 * field / field.std()


def crowd(seed, side=100):
    """Ten thousand elements of either sign, seven pixels apart, that move, and of which every tenth is missing."""
    fluxes, motion = np.random.default_rng(7), np.random.default_rng(seed)
    field = np.ones((7 * side, 7 * side))
    for row in range(0, 7 * side, 7):
        for column in range(0, 7 * side, 7):
            gauss = fluxes.choice([-1, 1]) * fluxes.uniform(150, 900)
            if motion.random() < 0.9:
                down, right = motion.integers(0, 3, 2)
                field[row + down :, column + right :][:4, :4] = gauss
    return field


def stripes(seed):
    """Diagonal stripes, each as long as the frame."""
    rows, columns = np.indices((1024, 1024))
    return np.where((rows + columns) % 6 < 3, 300.0, -300.0)


def measure(name, catalogs, **options):
    """A row of the table."""
    catalogs, tracker = list(catalogs), Tracker(**options)
    started = time.process_time()
    tracker.track(catalogs)
    seconds = time.process_time() - started
    features = " and ".join(str(len(catalog)) for catalog in catalogs)
    return {
        "frames": name,
        "features": features,
        "CPU seconds": f"{seconds:.1f}",
        "bounded covers": tracker.meta["bounded_covers"],
    }


def main(data, output):
    """Write the table."""
    above, small = (
        Segmenter("threshold", threshold=150 * u.G),
        Segmenter("threshold", threshold=100 * u.G, min_pixels=1),
    )
    speed = {"max_speed": 6 * u.km / u.s}
    rows = [
        measure("GST, 150 G", real_pair(data, above, 57 * u.s)),
        measure("GST, downhill", real_pair(data, Segmenter("downhill"), 57 * u.s)),
        measure("GST, 150 G, 12 minutes apart", real_pair(data, above, 12 * u.min), max_gap=1 * u.h),
        measure("noise, 512 x 512", planted_pair(noise, Segmenter("threshold", threshold=100 * u.G, min_pixels=4))),
        measure("crowd", planted_pair(crowd, small), **speed),
        measure("stripes, 1024 x 1024", planted_pair(stripes, small)),
    ]
    Table(rows).write(output, format="ascii.csv", overwrite=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore", SolarUnetWarning)
    main(Path(sys.argv[1]), sys.argv[2])
