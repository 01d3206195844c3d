"""
``solarunet compare``: two methods, or two runs, beside each other.
"""

import argparse
from pathlib import Path

import astropy.units as u

from sunpy_solarunet.cli.options import (
    add_command,
    add_progress,
    add_reading,
    add_times,
    import_tensorflow_for,
    maps_of,
    value_in,
)
from sunpy_solarunet.cli.outputs import check_figure, check_table
from sunpy_solarunet.errors import SolarUnetError, require_number, require_quantity, suggestion

__all__ = ["add", "run"]


def add(commands):
    command = add_command(
        commands,
        "compare",
        run,
        "compare the features that two methods find in the same magnetograms",
        "Prints how many there are, the statistics of their sizes and fluxes, and Epps-Singleton tests of whether "
        "these are of one distribution, for each frame and for all frames together. A method is written "
        "METHOD[:MODEL][,NAME=VALUE...], for example network:solarunet-paper, threshold,threshold=130 or "
        f"downhill,threshold=300,low=100; the names are {', '.join(METHOD_ENTRIES)}.",
    )
    command.add_argument(
        "files",
        nargs="+",
        help="FITS files, images, folders or patterns, taken in the order of time; or two folders that track has "
        "written, whose features are compared as they are",
    )
    command.add_argument("--first", type=_method, metavar="METHOD", help="(network)")
    command.add_argument("--second", type=_method, metavar="METHOD", help="(downhill)")
    command.add_argument("--min-pixels", type=int, default=2, metavar="NUMBER", help="smaller features are noise (2)")
    command.add_argument("--area", default="sky", help="pixel areas on the sky (default) or on the surface")
    command.add_argument(
        "--pixel-area", type=value_in(u.Mm**2), metavar="MM2", help="area of each pixel, in place of the map's"
    )
    command.add_argument("--device", help="where the network runs: cpu:0, gpu:0")
    command.add_argument(
        "--output", "-o", metavar="FILE", help="write the table: .ecsv, .fits, .hdf5, .parquet or .asdf"
    )
    command.add_argument("--plot", metavar="FILE", help="draw the distributions of all frames together")
    command.add_argument("--overwrite", action="store_true", help="replace files that exist")
    add_reading(command)
    add_times(command)
    add_progress(command)


#: What may be said of a method that is compared, besides its model, and the type of each.
METHOD_ENTRIES = {
    "threshold": value_in(u.G),
    "low": value_in(u.G),
    "polarity_threshold": value_in(u.G),
    "probability": float,
}


def _method(text):
    """Type of an option: how a method is written, and its settings."""
    head, *entries = text.split(",")
    method, _, model = head.partition(":")
    if model and method != "network":
        raise argparse.ArgumentTypeError(f"{method} has no model; thresholds are written {method},threshold={model}")
    settings = {"method": method} | ({"model": model} if model else {})
    for entry in entries:
        name, _, value = entry.partition("=")
        name = name.strip().replace("-", "_")
        if name not in METHOD_ENTRIES:
            names = ", ".join(f"{known}=" for known in METHOD_ENTRIES)
            message = f"{entry!r} is not one of {names};{suggestion(name, METHOD_ENTRIES)}"
            raise argparse.ArgumentTypeError(message.rstrip(";"))
        settings[name] = METHOD_ENTRIES[name](value)
    return text, settings


def run(options):
    from sunpy_solarunet.analysis import compare_features
    from sunpy_solarunet.pipeline import refuse_existing
    from sunpy_solarunet.tracking.tables import write_table

    written = [Path(name) for name in (options.output, options.plot) if name]
    refuse_existing(written, overwrite=options.overwrite)
    require_number(options.min_pixels, "--min-pixels", 1, whole=True)
    if options.pixel_area is not None:
        require_quantity(options.pixel_area, u.Mm**2, "--pixel-area", positive=True)
    if options.output:
        check_table(options.output)
    if options.plot:
        check_figure(options.plot)
    found = _of_two_runs(options) if any(map(_is_run, options.files)) else _by_two_methods(options)
    conventions = {"min_pixels": options.min_pixels, "pixel_area": options.pixel_area}
    table = compare_features(*(features for _, features in found), names=[name for name, _ in found], **conventions)
    _print_comparison(table)
    if options.output:
        write_table(table, options.output, overwrite=options.overwrite)
    if options.plot:
        _save_distributions(options.plot, dict(found), conventions)
    for path in written:
        print(f"wrote {path}")


def _is_run(folder):
    from sunpy_solarunet.tracking.tables import FORMATS

    return any((Path(folder) / f"features{suffix}").is_file() for suffix in FORMATS)


def _of_two_runs(options):
    """Names of two folders and the tables of their features."""
    from sunpy_solarunet.scoring.reading import read_tables

    if len(options.files) != 2 or not all(map(_is_run, options.files)):
        raise SolarUnetError("give two folders with tables of features, or magnetograms")
    if options.first or options.second:
        raise SolarUnetError("the features of two runs are compared as they are: leave out --first and --second")
    runs = [(folder, read_tables(folder, folder)) for folder in options.files]
    lengths = [len(tables["frames"]) for _, tables in runs if tables["frames"] is not None]
    if len(set(lengths)) > 1:
        raise SolarUnetError(f"the runs have {lengths[0]} and {lengths[1]} frames: compare the same frames")
    return [(folder, tables["features"]) for folder, tables in runs]


def _by_two_methods(options):
    """How two methods are written, and a table of features for each frame by each of them."""
    from tqdm.auto import tqdm

    from sunpy_solarunet import Segmenter

    methods = [options.first or _method("network"), options.second or _method("downhill")]
    common = {"min_pixels": options.min_pixels, "area": options.area, "device": options.device}
    segmenters = [(name, Segmenter(**settings, **common)) for name, settings in methods]
    maps, found = maps_of(options), []
    import_tensorflow_for(*(segmenter for _, segmenter in segmenters))
    for name, segmenter in segmenters:
        catalogs = tqdm(segmenter.catalogs(maps), name, total=len(maps), unit="frame", disable=options.quiet)
        found.append((name, [catalog.to_table() for catalog in catalogs]))
    return found


def _print_comparison(table):
    """As Table 2 stands in the paper, with the tests, for each frame and for all frames, if there are several."""
    from sunpy_solarunet.analysis import ALL_FRAMES, QUANTITIES, STATISTICS

    names = [str(frame) for frame in table["frame"][::2]]
    width = max(map(len, table["method"]))
    for frame in names[:1] if len(names) == 2 else names:
        rows = table[table["frame"] == frame]
        title = f"frame {frame}, {rows['time'][0]}" if frame != ALL_FRAMES else "all frames"
        print(f"{title}: " + ", ".join(f"{row['n_features']} features by {row['method']}" for row in rows))
        print(f"{'':{width + 13}}" + "".join(f"{name.replace('standard_deviation', 'SD'):>12}" for name in STATISTICS))
        for quantity, unit in QUANTITIES.items():
            for row in rows:
                values = "".join(f"{row[f'{quantity}_{name}'].value:12.4g}" for name in STATISTICS)
                print(f"  {f'{quantity} ({unit})':11}{row['method']:{width}}{values}")
            statistic, p_value = (rows[f"{quantity}_{name}"][0] for name in ("statistic", "p_value"))
            print(f"  {'':11}Epps-Singleton statistic {statistic:.4g}, p = {p_value:.3g}")


def _save_distributions(path, found, conventions):
    from matplotlib.figure import Figure

    from sunpy_solarunet.analysis import QUANTITIES, feature_values
    from sunpy_solarunet.plotting import draw_distributions

    figure = Figure(figsize=(10, 4), layout="constrained")
    for axes, quantity in zip(figure.subplots(1, 2), QUANTITIES, strict=True):
        values = {name: feature_values(features, quantity, **conventions) for name, features in found.items()}
        draw_distributions(values, axes=axes)
    figure.savefig(path, dpi=120)
