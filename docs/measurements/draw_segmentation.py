"""
Figures of how well elements are found in degraded frames.
"""

import itertools

import matplotlib.pyplot as plt
import numpy as np
from segmentation_frames import COLUMNS

#: Degradations of one kind, whose points are joined.
GROUPS = ("noise", "seeing", "coarser")
SHADES = ("#440154", "#3b528b", "#21918c", "#5ec962", "#c2b300")
POLARITIES = {1: "#ff7f0e", -1: "#17becf"}


def draw_ious(scores, colors, path):
    """IoU of each method in each column, for each kind of frames."""
    figure, panels = plt.subplots(1, len(scores), figsize=(10, 4.8), sharey=True, layout="constrained")
    names = list(COLUMNS)
    for panel, (kind, columns) in zip(panels, scores.items(), strict=True):
        for method, color in colors.items():
            for group in GROUPS:
                places = [place for place, name in enumerate(names) if group in name]
                values = [columns[names[place]][method].iou for place in places]
                label = method if group == GROUPS[0] else None
                width = 2.4 if method == list(colors)[-1] else 1.4
                panel.plot(places, values, "o-", color=color, label=label, linewidth=width, markersize=4)
        panel.set_xticks(range(len(names)), names, rotation=40, ha="right")
        panel.set_title(kind)
    panels[0].set_ylabel("IoU")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=6)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def draw_examples(examples, path):
    """A row for each kind of frames: titles, fields and elements of its panels."""
    figure, panels = plt.subplots(len(examples), len(examples[0]), figsize=(11, 5.9), layout="constrained")
    for panel, (title, field, elements) in zip(panels.flat, itertools.chain(*examples), strict=True):
        panel.imshow(field, vmin=-300, vmax=300, cmap="gray", origin="lower")
        for polarity, color in POLARITIES.items():
            if np.any(np.sign(elements) == polarity):
                panel.contour(np.sign(elements) == polarity, [0.5], colors=color, linewidths=0.8)
        panel.set(xticks=[], yticks=[])
        panel.set_title(title, fontsize=10)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def draw_reliability(counts, path):
    """The share of significant pixels against the probability, for each kind of frames and each noise."""
    figure, panels = plt.subplots(1, len(counts), figsize=(9, 4.8), sharex=True, sharey=True, layout="constrained")
    for panel, (kind, columns) in zip(panels, counts.items(), strict=True):
        panel.plot([0, 1], [0, 1], color="0.5", linewidth=0.8)
        noisy = [name for name in columns if name.startswith("noise")]
        for name, color in zip(noisy, SHADES, strict=True):
            pixels, probability, true = (each[columns[name][0] > 0] for each in columns[name])
            panel.plot(probability / pixels, true / pixels, "o-", color=color, label=name, markersize=4)
        panel.set(xlabel="probability", aspect="equal")
        panel.set_title(kind)
    panels[0].set_ylabel("share of significant pixels")
    panels[0].legend()
    figure.savefig(path, dpi=110)
    plt.close(figure)
