"""
Section 5, item 4, of the paper: a network with three classes in place of two, on three real frames.

Usage: python compare_classes.py IMAGES LABELS FRAMES TABLES MODELS [STEPS], with the folders of the training pairs of
2018 June 7 and of the frames of 2017 July 13, those that the tables are written to and the models are trained in, and
the number of training steps (10000). A training that was broken off is gone on with.
"""

import sys
from pathlib import Path

import astropy.units as u
from compare_masks import classical, read_frames, table_2, test_table, write

from sunpy_solarunet import Segmenter
from sunpy_solarunet.segmentation.training import train_model

#: Number of classes, and how the network is used.
NETWORKS = {
    "two classes": (2, {}),
    "two classes, no polarity step": (2, {"polarity_threshold": 0 * u.G}),
    "three classes": (3, {}),
}


def trained(classes, images, labels, folder, steps):
    """Folder of the paper's network with this number of classes."""
    output = Path(folder) / f"classes_{classes}"
    resume = (output / "checkpoint.npz").is_file()
    train_model(
        output,
        images=images,
        masks=labels,
        recipe="paper",
        classes=classes,
        steps=steps,
        validation=16,
        resume=resume,
        progress=True,
    )
    return output


def main(images, labels, frames, tables, models, steps="10000"):
    """Train what has not been trained and write the tables."""
    maps = read_frames(frames)
    folders = {classes: trained(classes, images, labels, models, int(steps)) for classes in (2, 3)}
    networks = {
        name: list(Segmenter(model=folders[classes], min_pixels=2, **settings).catalogs(maps))
        for name, (classes, settings) in NETWORKS.items()
    }
    others = classical(maps)
    write(Path(tables) / "classes_table_2.csv", table_2(networks))
    write(Path(tables) / "classes_tests.csv", test_table(networks, others))


if __name__ == "__main__":
    main(*sys.argv[1:7])
