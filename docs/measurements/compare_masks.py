"""
Section 4.2 of the paper: sizes and fluxes of features by the networks and by classical methods, on three real frames.

Usage: python compare_masks.py FRAMES TABLES FIGURES [MODEL], with the folder of the frames of 2017 July 13, those that
the tables and the figure are written to, and a model in place of the bundled "solarunet".
"""

import csv
import itertools
import sys
from pathlib import Path

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
from skimage.io import imread

from sunpy_solarunet import FeatureCatalog, Segmenter, magnetogram
from sunpy_solarunet.analysis import QUANTITIES, compare_features, feature_statistics, feature_values
from sunpy_solarunet.plotting import draw_distributions
from sunpy_solarunet.segmentation.classical import keep_large, signed_labels

TIMES = ("20:17:41", "20:18:38", "20:19:34")

#: The pixels of Table 2: 0.083 arcsec, 725 km/arcsec.
PIXEL_AREA = (0.083 * 725 * u.km) ** 2

#: Units of Table 2.
UNITS = {"area": 1 * u.Mm**2, "flux": 1e18 * u.Mx}

#: How it calls its statistics.
SHORT = ("min", "max", "median", "mean", "SD")

#: Table 2, for the frame of 20:15:49 UT: number of features, then the statistics of size and of flux.
PAPER = (
    ("20:15:49", "paper: SWAMIS", 548, 0.007242, 218.03, 0.029, 0.94, 10.14, 0.009507, 1805.13, 0.048, 6.70, 81.59),
    ("20:15:49", "paper: SolarUnet", 543, 0.007242, 208.80, 0.022, 0.89, 9.72, 0.011051, 1780.96, 0.048, 6.61, 80.89),
)

CLASSICAL = {
    "downhill": Segmenter("downhill", min_pixels=2),
    "hysteresis": Segmenter("hysteresis", min_pixels=2),
    "threshold, 90 G": Segmenter("threshold", threshold=90 * u.G, min_pixels=2),
    "threshold, 130 G": Segmenter("threshold", threshold=130 * u.G, min_pixels=2),
    "threshold, 150 G": Segmenter("threshold", threshold=150 * u.G, min_pixels=2),
}


def read_frames(folder):
    """The three frames."""
    return [
        magnetogram(
            Path(folder) / f"frame_{number}.fits",
            unit=u.G,
            time=f"2017-07-13T{time}",
            extent=(413, 473, -204, -144) * u.arcsec,
            padding=True,
        )
        for number, time in enumerate(TIMES, start=1)
    ]


def published(folder, frames):
    """Features of the published three-class masks."""
    catalogs = []
    for number, frame in enumerate(frames, start=1):
        levels = np.flipud(imread(Path(folder) / f"frame_{number}_three_class_mask.png").astype(int))
        catalogs.append(FeatureCatalog(frame, keep_large(signed_labels(np.sign(levels - 127)), 2)))
    return catalogs


def write(path, rows):
    """A table as comma-separated values."""
    with Path(path).open("w", newline="") as file:
        csv.writer(file).writerows(rows)


def written(p_value):
    """A p value as it stands in the tables."""
    return f"{p_value:.3f}" if p_value >= 0.001 else "< 0.001"


def table_2(methods):
    """Table 2 for each of the frames: a head, then its rows."""
    yield ["time", "method", "features", *(f"{name} {short}" for name in ("size", "flux") for short in SHORT)]
    for number, time in enumerate(TIMES):
        for name, found in methods.items():
            row = [time, name, len(found[number])]
            for what, unit in UNITS.items():
                values = feature_values(found[number], what, pixel_area=PIXEL_AREA)
                row += [f"{float(value / unit):.4g}" for value in feature_statistics(values).values()]
            yield row


def test_table(networks, others):
    """For each network and each other method the p values of each frame, sizes first: a head, then its rows."""
    yield ["network", "other method", *(f"{name} {time}" for name in ("size", "flux") for time in TIMES)]
    for (name, found), (other, reference) in itertools.product(networks.items(), others.items()):
        rows = compare_features(found, reference, names=(name, other))[: 2 * len(TIMES) : 2]
        yield [name, other, *(written(row[f"{quantity}_p_value"]) for quantity in QUANTITIES for row in rows)]


def classical(frames):
    """Features of each frame by each of the classical methods."""
    return {name: list(segmenter.catalogs(frames)) for name, segmenter in CLASSICAL.items()}


def draw(methods, path):
    """Figures 10 and 11 for the first frame."""
    figure, panels = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for axes, quantity in zip(panels, QUANTITIES, strict=True):
        values = {name: feature_values(found[0], quantity, pixel_area=PIXEL_AREA) for name, found in methods.items()}
        draw_distributions(values, axes=axes, legend=axes is panels[0])
    figure.savefig(path, dpi=110)


def main(folder, tables, figures, model="solarunet"):
    """Write the tables and draw the figure."""
    frames = read_frames(folder)
    segmenters = {
        "solarunet-paper": Segmenter(model="solarunet-paper", min_pixels=2),
        "solarunet": Segmenter(model=model, min_pixels=2),
        "solarunet, 150 G": Segmenter(model=model, threshold=150 * u.G, min_pixels=2),
    }
    networks = {name: list(segmenter.catalogs(frames)) for name, segmenter in segmenters.items()}
    others = {"published masks": published(folder, frames)} | classical(frames)
    methods = others | networks
    head, *rows = table_2(methods)
    write(Path(tables) / "paper_table_2.csv", [head, *PAPER, *rows])
    write(Path(tables) / "paper_tests.csv", test_table(networks, others))
    chosen = ("downhill", "threshold, 130 G", "solarunet-paper", "solarunet")
    draw({name: methods[name] for name in chosen}, Path(figures) / "paper_distributions.png")


if __name__ == "__main__":
    main(*sys.argv[1:5])
