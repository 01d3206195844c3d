"""
Follow SDO/HMI magnetograms with the network and with a plain threshold: what stays from frame to frame.

Usage: python other_instrument.py FRAMES RESULTS, with the folder of the FITS files and that of the csv file.
"""

import argparse
import itertools
from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.table import Table

from sunpy_solarunet import Segmenter, Tracker, read_magnetograms

THRESHOLD = 20 * u.G
SEGMENTERS = {
    "threshold": Segmenter("threshold", threshold=THRESHOLD, min_pixels=4),
    "solarunet": Segmenter(model="solarunet", threshold=THRESHOLD, min_pixels=4),
}


def overlap(first, second):
    """IoU of the significant pixels of two frames."""
    return np.count_nonzero((first != 0) & (second != 0)) / np.count_nonzero((first != 0) | (second != 0))


def main():
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("frames", type=Path)
    parser.add_argument("results", type=Path)
    options = parser.parse_args()
    maps = list(read_magnetograms(options.frames / "*.fits"))
    rows = []
    for name, segmenter in SEGMENTERS.items():
        masks = [segmenter.mask(frame).data for frame in maps]
        tracker = Tracker()
        events = tracker.track(segmenter.catalogs(maps))
        row = {"method": name, "features": " ".join(map(str, tracker.frames["n_features"]))}
        row["IoU from frame to frame"] = " ".join(f"{overlap(*pair):.3f}" for pair in itertools.pairwise(masks))
        rows.append(row | {"tracks": len(tracker.tracks), "events": len(events)})
    Table(rows).write(options.results / "segmentation_hmi.csv", format="ascii.csv", overwrite=True)


if __name__ == "__main__":
    main()
