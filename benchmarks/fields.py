"""
Fields that the benchmarks are run on: drawn with seeds, the same on every computer.
"""

import astropy.units as u
import numpy as np
from astropy.time import Time
from scipy import ndimage

from sunpy_solarunet import Segmenter, magnetogram

__all__ = ["FIELDS", "SEGMENTER", "pair"]

START = Time("2017-07-13T20:17:41")

#: Finds the features of all fields, so that what is timed after it does not depend on a network.
SEGMENTER = Segmenter("threshold", threshold=100 * u.G, min_pixels=4)


def sparse(number, seed):
    """Elements of either sign, 30 pixels apart on average, that move by half a pixel and of which some are missing."""
    places, motion = np.random.default_rng(7), np.random.default_rng(seed)
    side = int(30 * np.sqrt(number))
    peaks = np.zeros((side, side))
    rows, columns = (places.uniform(8, side - 8, number) + motion.normal(0, 0.5, number) for _ in range(2))
    gauss = places.choice([-1, 1], number) * places.uniform(3000, 15000, number)
    seen = motion.random(number) < 0.95
    peaks[rows[seen].astype(int), columns[seen].astype(int)] = gauss[seen]
    return ndimage.gaussian_filter(peaks, 1.5)


def crowded(number, seed):
    """Squares of either sign, seven pixels apart, that move by up to two, and of which every tenth is missing."""
    fluxes, motion = np.random.default_rng(7), np.random.default_rng(seed)
    side = int(np.sqrt(number))
    field = np.ones((7 * side, 7 * side))
    for row, column in np.ndindex(side, side):
        gauss = fluxes.choice([-1, 1]) * fluxes.uniform(150, 900)
        down, right = motion.integers(0, 3, 2)
        if motion.random() < 0.9:
            field[7 * row + down :, 7 * column + right :][:4, :4] = gauss
    return field


def long(number, seed):
    """Diagonal stripes, each as long as the frame, the later ones of the second frame moved by one pixel."""
    rows, columns = np.indices((3 * number // 2, 3 * number // 2))
    return np.where((rows + columns + seed * (rows > number)) % 6 < 3, 300.0, -300.0)


#: How features lie, by name: functions of their number, about, and of a seed.
FIELDS = {"sparse": sparse, "crowded": crowded, "long": long}


def pair(kind, number):
    """Two magnetograms, a minute apart, of a kind of field with about so many features."""
    return [
        magnetogram(
            FIELDS[kind](number, seed) * u.G,
            time=START + seed * u.min,
            scale=0.1 * u.arcsec,
            center=(0, 0) * u.arcsec,
            padding=False,
        )
        for seed in range(2)
    ]
