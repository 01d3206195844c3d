"""
Score the networks beside the classical methods, each tuned on the very frames, where the truth is known.

Usage: python score_segmentation.py DATA [--model solarunet] [--output DOCS] [--quick] [--cut], with the folder of the
observations, the network's name or folder, and the folder of the documentation, whose measurements/results and images
are written. --quick takes fewer frames. --cut writes nothing and prints what each cut of the probability gives on
frames of the training and on other scenes, so that a cut need not be chosen on the frames that it is judged by. Half
an hour on two cores.
"""

import argparse
import itertools
from pathlib import Path

import numpy as np
from astropy.table import Table
from draw_segmentation import draw_examples, draw_ious, draw_reliability
from segmentation_frames import COLUMNS, COMPARED, LEVEL, NOISY, SCORED, real_frames, scene_frames
from segmentation_methods import CLASSICAL, WIDTHS, Classical, Network, total_iou, tuned_methods
from tqdm import tqdm

from sunpy_solarunet.scoring import score_segmentation
from sunpy_solarunet.scoring.reliability import calibration_error, reliability_counts
from sunpy_solarunet.scoring.thresholds import threshold_overlaps
from sunpy_solarunet.segmentation.pairs import read_pairs
from sunpy_solarunet.synthetic.instrument import correlated_noise

PAPER, OWN = "solarunet-paper", "solarunet"
METHODS = (*CLASSICAL, PAPER, OWN)
#: Of the figure; downhill has the pixels of hysteresis.
COLORS = {
    "threshold": "#7f7f7f",
    "smoothed": "#aec7e8",
    "smoothed and tuned": "#1f77b4",
    "hysteresis": "#2ca02c",
    PAPER: "#ff9896",
    OWN: "#d62728",
}
MEAN = "mean of 30 to 120 G"

#: The training takes the frames before this one.
FIRST_VALIDATION_FRAME = 160

#: Elements of fewer pixels are not counted; where pixels are coarser, elements have fewer.
MIN_PIXELS, MIN_COARSER_PIXELS = 10, 4

#: Measures of the elements, by their headings.
ELEMENTS = {
    "recall": "recall",
    "precision": "precision",
    "F1": "f1",
    "flux error": "flux_error",
    "total flux": "flux_ratio",
}

CUTS = np.arange(0.3, 0.61, 0.02)
PURE_NOISE = (10, 30, 60, 90, 120)

#: The same frame seen otherwise, and the way back.
VIEWS = {
    "signs exchanged": (np.negative, np.negative),
    "left and right exchanged": (np.fliplr, np.fliplr),
    "upper and lower exchanged": (np.flipud, np.flipud),
    "a quarter turn": (np.rot90, lambda mask: np.rot90(mask, -1)),
    "half a turn": (lambda field: np.rot90(field, 2), lambda mask: np.rot90(mask, 2)),
    "three quarter turns": (lambda field: np.rot90(field, 3), lambda mask: np.rot90(mask, -3)),
}


def score_column(frames, networks, name, widths):
    """Scores of all methods on the frames of one column, and the classical methods as they were tuned."""
    least = MIN_COARSER_PIXELS if COLUMNS[name].coarser > 1 else MIN_PIXELS
    tuned = tuned_methods(frames, widths)
    scores = {
        method: sum(score_segmentation(frame.true, find(frame.seen), frame.clean, min_pixels=least) for frame in frames)
        for method, find in (tuned | networks).items()
    }
    return scores, tuned


def write_rows(rows, path):
    """A table, each row a dictionary of texts."""
    Table(rows).write(path, format="ascii.csv", overwrite=True)


def by_column(values, form=".3f"):
    """Texts by the headings of the columns."""
    return {name: format(value, form) for name, value in zip(COLUMNS, values, strict=True)}


def write_ious(scores, path):
    """Pixels: a row for each method, and how far the network is ahead of the best classical one."""
    ious = {method: np.array([scores[name][method].iou for name in COLUMNS]) for method in METHODS}
    means = {method: np.mean([scores[name][method].iou for name in NOISY]) for method in METHODS}
    rows = [{"method": method} | by_column(ious[method]) | {MEAN: f"{means[method]:.3f}"} for method in METHODS]
    ahead = ious[OWN] - np.max([ious[method] for method in CLASSICAL], axis=0)
    ahead_in_mean = means[OWN] - max(means[method] for method in CLASSICAL)
    lead = {"method": f"{OWN} less the best classical one"} | by_column(ahead, "+.3f") | {MEAN: f"{ahead_in_mean:+.3f}"}
    write_rows([*rows, lead], path)


def write_elements(scores, path):
    """Elements: a row for each measure and method."""
    rows = [
        {"measure": measure if method == METHODS[0] else "", "method": method}
        | by_column(getattr(scores[name][method], attribute) for name in COLUMNS)
        for measure, attribute in ELEMENTS.items()
        for method in METHODS
    ]
    number = by_column((scores[name][OWN].true_elements for name in COLUMNS), "d")
    write_rows([*rows, {"measure": "true elements", "method": ""} | number], path)


def write_tuned(tuned, path):
    """What the classical methods were tuned to."""
    shown = [method for method in CLASSICAL if method not in ("threshold", "downhill")]
    rows = [
        {"frames": kind if method == shown[0] else "", "method": method}
        | by_column((methods[name][method] for name in COLUMNS), "")
        for kind, methods in tuned.items()
        for method in shown
    ]
    write_rows(rows, path)


def score_table(kinds, networks, widths, results, images):
    """The table: pixels and elements of each kind of frames by all methods. Returns the tuned methods."""
    scores, tuned = {kind: {} for kind in kinds}, {kind: {} for kind in kinds}
    for kind, name in tqdm(list(itertools.product(kinds, COLUMNS)), desc="table", unit="column"):
        frames = list(kinds[kind](name))
        scores[kind][name], tuned[kind][name] = score_column(frames, networks, name, widths)
    for kind, columns in scores.items():
        write_ious(columns, results / f"segmentation_iou_{kind.split()[0]}.csv")
        write_elements(columns, results / f"segmentation_elements_{kind.split()[0]}.csv")
    write_tuned(tuned, results / "segmentation_tuned.csv")
    draw_ious(scores, COLORS, images / "segmentation_iou.png")
    return tuned


def show_examples(kinds, tuned, network, path):
    """A frame of each kind: as it was, and with noise of 60 G what is found in it."""
    name, cut = "noise 60 G", (slice(48, 208),) * 2
    rows = []
    for kind, frames_of in kinds.items():
        frame = next(itertools.islice(frames_of(name), 3, None))
        smoothed = tuned[kind][name]["smoothed and tuned"]
        shown = (
            (f"{kind}, truth", frame.clean, frame.true),
            ("with noise of 60 G", frame.seen, np.zeros_like(frame.true)),
            (f"smoothed and tuned ({smoothed})", frame.seen, smoothed(frame.seen)),
            (OWN, frame.seen, network(frame.seen)),
        )
        rows.append([(title, field[cut], elements[cut]) for title, field, elements in shown])
    draw_examples(rows, path)


def score_noise(network, n_frames, path, side=1024):
    """Elements that are found in noise without any field, by the plain threshold and by the network."""
    methods = {"threshold": Classical(0.0, LEVEL), OWN: network}
    million = n_frames * side**2 / 1e6
    rows = []
    for noise in tqdm(PURE_NOISE, desc="noise", unit="level"):
        counts = dict.fromkeys(methods, 0)
        for number in range(n_frames):
            field = noise * correlated_noise(np.random.default_rng([SCORED, noise, number]), (side, side), 0.7)
            for method, find in methods.items():
                size = np.bincount(np.abs(find(field)).ravel())[1:]
                counts[method] = counts[method] + np.array([np.count_nonzero(size >= MIN_PIXELS), len(size)])
        row = {"noise (G)": str(noise), "million pixels": f"{million:.1f}"}
        for method, (large, every) in counts.items():
            row |= {f"{method}: of {MIN_PIXELS} pixels": f"{large / million:.2f}"}
            row |= {f"{method}: of any size": f"{every / million:.2f}"}
        rows.append(row)
    write_rows(rows, path)


def score_symmetry(network, pairs, path):
    """Agreement of the answers, polarity included, for a frame and for the same frame seen otherwise."""
    columns = ("noise 0 G", "noise 60 G")
    counts = {(view, name): 0 for view in VIEWS for name in columns}
    for name in tqdm(columns, desc="symmetry", unit="column"):
        for frame in real_frames(pairs, name):
            upright = np.sign(network(frame.seen))
            for view, (there, back) in VIEWS.items():
                answer = back(np.sign(network(there(frame.seen))))
                shared, either = (answer == upright) & (upright != 0), (answer != 0) | (upright != 0)
                counts[view, name] = counts[view, name] + np.array([shared.sum(), either.sum()])
    iou = {key: shared / either for key, (shared, either) in counts.items()}
    write_rows([{"view": view} | {name: f"{iou[view, name]:.4f}" for name in columns} for view in VIEWS], path)


def score_reliability(network, kinds, results, images):
    """The reliability diagram, and the expected calibration errors."""
    counts = {
        kind: {
            name: sum(reliability_counts(network.probability(frame.seen), frame.true != 0) for frame in frames_of(name))
            for name in tqdm(COLUMNS, desc="reliability", unit="column")
        }
        for kind, frames_of in kinds.items()
    }
    draw_reliability(counts, images / "segmentation_reliability.png")
    rows = [
        {"frames": kind}
        | by_column(calibration_error(columns[name]) for name in COLUMNS)
        | {"all": f"{calibration_error(sum(columns.values())):.3f}"}
        for kind, columns in counts.items()
    ]
    write_rows(rows, results / "segmentation_reliability.csv")


def print_cuts(network, kinds):
    """IoU of each cut, by column, on frames that nothing is judged by."""

    def overlaps(frames):
        return (threshold_overlaps(network.probability(frame.seen), frame.true != 0, CUTS) for frame in frames)

    for kind, frames_of in kinds.items():
        ious = [total_iou(overlaps(frames_of(name))) for name in tqdm(COLUMNS, desc=kind, unit="column")]
        table = Table({"cut": CUTS} | dict(zip(COLUMNS, ious, strict=True)))
        table["mean"] = np.mean(ious, axis=0)
        table.round(4)
        print(kind, *table.pformat(max_lines=-1, max_width=-1), sep="\n")


def main():
    """Write the tables and figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default=OWN)
    parser.add_argument("--output", type=Path, default=Path(__file__).parents[1])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--cut", action="store_true")
    options = parser.parse_args()
    folder = options.data / "gst-2018-06-07"
    pairs = read_pairs(folder / "image", folder / "label")
    training, validation = pairs[:FIRST_VALIDATION_FRAME:20], pairs[FIRST_VALIDATION_FRAME:]
    network, n_scenes, step = Network(options.model), 48, 1
    if options.quick:
        n_scenes, step = 8, 5
    if options.cut:
        scenes = {"synthetic scenes": lambda name: scene_frames(n_scenes, name, COMPARED)}
        print_cuts(network, scenes | {"real frames": lambda name: real_frames(training[::step], name)})
        return

    def kinds(n_scenes, pairs):
        return {
            "synthetic scenes": lambda name: scene_frames(n_scenes, name),
            "real frames": lambda name: real_frames(pairs, name),
        }

    results, images = options.output / "measurements" / "results", options.output / "images"
    for each in (results, images):
        each.mkdir(parents=True, exist_ok=True)
    scored, fewer = kinds(n_scenes, validation[::step]), kinds(8, validation[::4])
    networks = {PAPER: Network(PAPER), OWN: network}
    tuned = score_table(scored, networks, WIDTHS[:: 2 if options.quick else 1], results, images)
    show_examples(fewer, tuned, network, images / "segmentation_examples.png")
    score_noise(network, 1 if options.quick else 4, results / "segmentation_noise.csv")
    score_symmetry(network, validation[::4], results / "segmentation_symmetry.csv")
    score_reliability(network, fewer, results, images)


if __name__ == "__main__":
    main()
