"""
Score the association rules, and SoFT as an outside witness, on simulated Suns whose every event is known.

Usage: python score_trackers.py OUTPUT [--soft PYTHON] [--seeds 5] [--frames 30], with the folder of the tables and
figures and, for SoFT, the Python of an environment in which solar-ft is installed. Ten minutes on two cores.
"""

import argparse
import subprocess
import tempfile
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
from astropy.table import QTable, Table

from sunpy_solarunet import Segmenter, Tracker
from sunpy_solarunet.errors import SolarUnetWarning
from sunpy_solarunet.scoring import score
from sunpy_solarunet.synthetic import simulate
from sunpy_solarunet.tracking.tables import EVENT_KINDS

#: What is simulated: preset and changes.
SUNS = {
    "quiet Sun, GST, ideal": ("quiet_sun_gst", {"noise": 0 * u.G, "seeing": 0.0, "jitter": 0.0}),
    "quiet Sun, GST": ("quiet_sun_gst", {}),
    "quiet Sun, HMI": ("quiet_sun_hmi", {}),
    "Hinode": ("hinode", {}),
    "emerging region": ("emerging_region", {}),
    "crowded plage": ("crowded_plage", {}),
}

#: The rules, all with the truth's idea of identity.
RULES = {
    "likelihood": {},
    "assignment": {"association": "assignment"},
    "paper": {"association": "paper", "identity": "largest_flux"},
    "overlap": {"association": "overlap", "identity": "largest_flux"},
    "dual_overlap": {"association": "dual_overlap"},
    "dual_overlap, SWAMIS's events": {"association": "dual_overlap", "event_rules": "swamis"},
}
WITNESS = "SoFT"

#: Measures of the two tables, by their headings.
TRACKING = {
    "link precision": "link precision",
    "link recall": "link recall",
    "purity": "purity",
    "completeness": "completeness",
    "switches per 100 links": "identity switches per 100 links",
    "HOTA": "HOTA",
    "lifetime error (frames)": "mean absolute lifetime error",
}
EVENTS = {kind: f"{kind} F1" for kind in EVENT_KINDS}

COLORS = ("#d62728", "#1f77b4", "#7f7f7f", "#2ca02c", "#9467bd", "#c5b0d5", "#000000")


def score_sequence(task):
    """Scores of all rules, and CPU seconds a frame, for one Sun and one seed."""
    name, seed, n_frames, soft = task
    preset, changes = SUNS[name]
    simulation = simulate(preset, seed=seed, n_frames=n_frames, **changes)
    sun, truth = simulation.sun, simulation.tables()
    segmenter = Segmenter(
        "threshold", threshold=sun.threshold, polarity_threshold=sun.threshold, min_pixels=sun.min_pixels
    )
    catalogs = [segmenter(frame) for frame in simulation.maps]
    results = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SolarUnetWarning)
        for rule, options in RULES.items():
            started = time.process_time()
            tracker = Tracker(**options)
            tracker.track(catalogs)
            seconds = (time.process_time() - started) / n_frames
            results[rule] = score(truth, tracker), seconds
    if soft:
        results[WITNESS] = ask_soft(soft, simulation, truth)
    return name, results


def ask_soft(python, simulation, truth):
    """Score of SoFT's tracks, and its CPU seconds a frame."""
    sun = simulation.sun
    with tempfile.TemporaryDirectory() as folder:
        frames, output = Path(folder) / "frames", Path(folder) / "features.ecsv"
        frames.mkdir()
        for number, frame in enumerate(simulation.maps):
            np.save(frames / f"frame_{number:04d}.npy", frame.data.astype("float32"))
        options = ["--threshold", f"{sun.threshold.to_value(u.G)}", "--min-pixels", f"{sun.min_pixels}"]
        script = Path(__file__).with_name("soft_witness.py")
        subprocess.run([python, str(script), str(frames), str(output), *options], check=True, capture_output=True)
        found = QTable.read(output)
    return score(truth, {"features": found}), found.meta["cpu_seconds"] / len(simulation)


def score_all(soft, seeds, n_frames):
    """Scores of all seeds together, and CPU seconds a frame, by Sun and rule."""
    tasks = [(name, seed, n_frames, soft) for name in SUNS for seed in range(seeds)]
    pooled = {}
    with ProcessPoolExecutor(2) as pool:
        for name, results in pool.map(score_sequence, tasks):
            for rule, (found, seconds) in results.items():
                pooled.setdefault((name, rule), []).append((found, seconds))
    return {
        key: (sum(found for found, _ in results), np.mean([seconds for _, seconds in results]))
        for key, results in pooled.items()
    }


def value_and_interval(table, measure):
    """One measure as text: value and half of the interval of 95 %."""
    row = table[table["measure"] == measure][0]
    if not np.isfinite(row["value"]):
        return "-"
    return f"{row['value']:.3f}\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{(row['upper'] - row['lower']) / 2:.3f}"


def write_table(results, measures, path, *, with_seconds=False):
    """A row for each Sun and rule."""
    rows = []
    shown = set()
    for (sun, rule), (found, seconds) in results.items():
        table = found.to_table()
        row = {"Sun": "" if sun in shown else sun, "rule": rule}
        shown.add(sun)
        row |= {name: value_and_interval(table, key) for name, key in measures.items()}
        rows.append(row | ({"CPU s a frame": f"{seconds:.3f}"} if with_seconds else {}))
    Table(rows).write(path, format="ascii.csv", overwrite=True)


def draw_events(results, path):
    """F1 of each kind of event, with its interval, for each Sun and rule."""
    rules = list(RULES)
    figure, panels = plt.subplots(3, 2, figsize=(10, 9), sharex=True, sharey=True, layout="constrained")
    for panel, sun in zip(panels.flat, SUNS, strict=True):
        for number, rule in enumerate(rules):
            table = results[sun, rule][0].to_table()
            rows = [table[table["measure"] == measure][0] for measure in EVENTS.values()]
            value, lower, upper = (np.array([row[name] for row in rows]) for name in ("value", "lower", "upper"))
            place = np.arange(len(EVENTS)) + (number - (len(rules) - 1) / 2) * 0.13
            panel.bar(place, value, 0.12, color=COLORS[number], label=rule)
            panel.errorbar(place, value, [value - lower, upper - value], fmt="none", ecolor="0.2", elinewidth=0.8)
        panel.set_title(sun)
        panel.set_xticks(np.arange(len(EVENTS)), EVENTS, rotation=30, ha="right")
        panel.set_ylim(0, 1)
    for panel in panels[:, 0]:
        panel.set_ylabel("F1")
    figure.legend(*panels.flat[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    figure.savefig(path, dpi=110)


def main():
    """Write the tables and figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("--soft")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--frames", type=int, default=30)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    results = score_all(options.soft, options.seeds, options.frames)
    write_table(results, TRACKING, options.output / "scores_tracks.csv", with_seconds=True)
    events = {key: result for key, result in results.items() if key[1] != WITNESS}
    write_table(events, EVENTS, options.output / "scores_events.csv")
    for sun in ("quiet Sun, GST", "crowded plage"):
        confusion = results[sun, "likelihood"][0].confusion
        name = sun.lower().replace(",", "").replace(" ", "_")
        confusion.write(options.output / f"confusion_{name}.csv", format="ascii.csv", overwrite=True)
    draw_events(results, options.output / "scores_events.png")


if __name__ == "__main__":
    main()
