"""
Links and events of one pair of frames, beside those of the code released with the paper.

Usage: python compare_released.py DATA PEERS OUTPUT, with the folder of the observations, that of the released code's
features and events, and the file that the table is written to.
"""

import csv
import json
import sys
import time
from collections import Counter
from pathlib import Path

import astropy.units as u
import numpy as np
from skimage.io import imread

from sunpy_solarunet import FeatureCatalog, magnetogram
from sunpy_solarunet.magnetograms import pixel_length
from sunpy_solarunet.segmentation.classical import keep_large, signed_labels
from sunpy_solarunet.tracking.association import overlap_pixels
from sunpy_solarunet.tracking.events import KINDS
from sunpy_solarunet.tracking.regions import moving_distance
from sunpy_solarunet.tracking.rules import RULES
from sunpy_solarunet.tracking.tables import EVENT_KINDS

TIMES = ("2017-07-13T20:17:41", "2017-07-13T20:18:38")
CHANGES = {
    "likelihood": {},
    "assignment": {},
    "paper": {},
    "overlap": {"flux_tolerance": 0.5},
    "dual_overlap": {},
}
REASONS = (
    "link only here",
    "released link without overlap",
    "released target shared",
    "flux change or event",
    "another target",
)


def catalog(folder, number):
    """Features of a frame on the released three-class mask, so that only the tracking differs."""
    frame = magnetogram(
        folder / f"frame_{number}.fits",
        unit=u.G,
        time=TIMES[number - 1],
        extent=(413, 473, -204, -144) * u.arcsec,
        padding=True,
    )
    mask = np.flipud(imread(folder / f"frame_{number}_three_class_mask.png").astype(int))
    return FeatureCatalog(frame, keep_large(signed_labels(np.sign(mask - 127)), 10))


def released_index(found, features):
    """Index in the catalog of each released feature, by its place."""
    height = found.labels.shape[0]
    places = np.array([(f["flux_centroid_col"], height - 1 - f["flux_centroid_row"]) for f in features])
    distance = np.hypot(*(places[:, np.newaxis] - np.stack([found.x.value, found.y.value], axis=-1)).transpose(2, 0, 1))
    index = distance.argmin(axis=1)
    if len(set(index)) < len(index) or distance.min(axis=1).max() > 1:
        raise ValueError("the released features are not those of the mask")
    return {feature["label"]: position for feature, position in zip(features, index, strict=True)}


def reason(i, released, ours, claimed, overlapping):
    """Why the released link of a feature and ours are not the same."""
    if released < 0:
        return "link only here"
    if (i, released) not in overlapping:
        return "released link without overlap"
    if ours >= 0:
        return "another target"
    if claimed[released] > 1:
        return "released target shared"
    return "flux change or event"


def compare(rule, changes, before, after, released):
    """One row: links, links like the released ones, reasons of the others, events, CPU seconds."""
    options = {"flux_tolerance": 0.33, "balance_tolerance": 0.5, "max_partners": 10} | changes
    cadence = (after.time - before.time).to(u.s)
    reach = 2 * moving_distance(4 * u.km / u.s, cadence, pixel_length(after.map))
    started = time.process_time()
    happened = RULES[rule].compare(before, after, reach, **options)
    seconds = time.process_time() - started
    ours = happened.successor
    first, second, _ = overlap_pixels(before, after)
    overlapping = set(zip(first.tolist(), second.tolist(), strict=True))
    claimed = np.bincount(released[released >= 0], minlength=len(after))
    reasons = Counter(reason(i, released[i], ours[i], claimed, overlapping) for i in np.flatnonzero(released != ours))
    events = Counter(death.kind for death in happened.deaths) + Counter(KINDS[birth.kind] for birth in happened.births)
    agreeing = np.count_nonzero((released == ours) & (released >= 0))
    return [
        rule,
        np.count_nonzero(ours >= 0),
        agreeing,
        *[reasons[name] for name in REASONS],
        *[events[kind] for kind in EVENT_KINDS],
        f"{seconds:.2f}",
    ]


def main(data, peers, output):
    """Write the table."""
    folder, stored = Path(data) / "gst-2017-07-13", Path(peers) / "released-solarunet"
    before, after = catalog(folder, 1), catalog(folder, 2)
    indices = [
        released_index(found, json.loads((stored / f"features_frame_{number}.json").read_text())["features"])
        for number, found in ((1, before), (2, after))
    ]
    known = json.loads((stored / "events_pair_1_2.json").read_text())
    released = np.full(len(before), -1)
    for link in known["links_forward"]:
        released[indices[0][link["i"]]] = indices[1][link["j"]]
    rows = [["rule", "links", "as released", *REASONS, *EVENT_KINDS, "CPU s"]]
    counts = [known["counts"].get(kind, 0) for kind in EVENT_KINDS]
    rows.append(["released code", np.count_nonzero(released >= 0), "", *[""] * len(REASONS), *counts, "20"])
    rows += [compare(rule, changes, before, after, released) for rule, changes in CHANGES.items()]
    with Path(output).open("w", newline="") as file:
        csv.writer(file).writerows(rows)


if __name__ == "__main__":
    main(*sys.argv[1:4])
