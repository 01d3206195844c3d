"""
``solarunet compare``: two runs, or two methods, beside each other.
"""

import argparse

from sunpy_solarunet.cli.building import maps_of
from sunpy_solarunet.cli.options import add_area, add_command, add_flag, add_reading, add_times
from sunpy_solarunet.cli.outcome import Outcome
from sunpy_solarunet.cli.values import model, name_of, value_in
from sunpy_solarunet.names import METHODS, SUFFIXES, suggestion

__all__ = ["add", "run"]


def add(commands):
    command = add_command(
        commands,
        "compare",
        run,
        "compare the features of two runs, or those that two methods find in the same magnetograms",
        "Prints how many there are, the statistics of their sizes and fluxes, and Epps-Singleton tests of whether "
        "these are of one distribution, for each frame and for all frames together; of runs their lifetimes, too. A "
        "method is written METHOD[:MODEL][,NAME=VALUE...], for example network:solarunet-paper, "
        f"threshold,threshold=130 or downhill,threshold=300,low=100; the methods are {', '.join(METHODS)}, the names "
        f"{', '.join(METHOD_ENTRIES)}.",
    )
    command.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="two folders that track has written or two tables of features, which are compared as they are; or FITS "
        "files, images, folders or patterns, taken in the order of time",
    )
    command.add_argument("--first", type=_method, metavar="METHOD", help="(network)")
    command.add_argument("--second", type=_method, metavar="METHOD", help="(downhill)")
    command.add_argument("--min-pixels", type=int, default=2, metavar="NUMBER", help="smaller features are noise (2)")
    add_area(command)
    command.add_argument(
        "--pixel-area", type=value_in("Mm2"), metavar="MM2", help="area of each pixel, in place of the map's"
    )
    command.add_argument("--device", help="where the network runs: cpu:0, gpu:0")
    command.add_argument("--output", "-o", metavar="FILE", help=f"write the table: {', '.join(SUFFIXES.values())}")
    command.add_argument("--plot", metavar="FILE", help="draw the distributions of all frames together")
    add_flag(command, "--overwrite", help="replace files that exist")
    add_reading(command)
    add_times(command)


#: What may be said of a method that is compared, besides its model, and the type of each.
METHOD_ENTRIES = {
    "threshold": value_in("G"),
    "low": value_in("G"),
    "polarity_threshold": value_in("G"),
    "probability": float,
}


def _method(text):
    """Type of an option: how a method is written, and its settings."""
    head, *entries = text.split(",")
    method, _, named = head.partition(":")
    settings = {"method": name_of("method", METHODS)(method)}
    if named and method != "network":
        raise argparse.ArgumentTypeError(f"{method} has no model; thresholds are written {method},threshold={named}")
    if named:
        settings["model"] = model(named)
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
    from sunpy_solarunet.cli.comparison import comparison_facts, comparison_text, lifetimes_of
    from sunpy_solarunet.cli.stored import is_stored
    from sunpy_solarunet.tracking.tables import write_table

    written = _checked(options)
    found, tracks = _of_two_runs(options) if any(map(is_stored, options.files)) else (_by_two_methods(options), {})
    conventions = {"min_pixels": options.min_pixels, "pixel_area": options.pixel_area}
    table = compare_features(*found.values(), names=list(found), **conventions)
    lifetimes = lifetimes_of(tracks)
    if options.output:
        write_table(table, options.output, overwrite=options.overwrite)
    if options.plot:
        _save_distributions(options.plot, found, conventions)
    text = "\n".join([comparison_text(table, lifetimes), *(f"wrote {path}" for path in written)])
    return Outcome(text, comparison_facts(table, lifetimes, written), asked_for=True)


def _checked(options):
    """The files to be written, after all has been looked at that can be wrong."""
    import astropy.units as u

    from sunpy_solarunet.cli.outputs import check_figure, check_table, checked_files
    from sunpy_solarunet.errors import require_number, require_quantity

    asked_for = {check_table: options.output, check_figure: options.plot}
    written = checked_files(asked_for, overwrite=options.overwrite)
    require_number(options.min_pixels, "--min-pixels", 1, whole=True)
    if options.pixel_area is not None:
        require_quantity(options.pixel_area, u.Mm**2, "--pixel-area", positive=True)
    return written


def _of_two_runs(options):
    """The features of two runs or tables by their names, and the tracks of those that have them."""
    from sunpy_solarunet.cli.stored import stored_features
    from sunpy_solarunet.errors import SolarUnetError

    if options.first or options.second:
        raise SolarUnetError("the features of two runs are compared as they are: leave out --first and --second")
    return stored_features(options.files)


def _by_two_methods(options):
    """How two methods are written, and a table of features for each frame by each of them."""
    from tqdm.auto import tqdm

    from sunpy_solarunet import Segmenter
    from sunpy_solarunet.segmentation.silence import import_tensorflow_for

    methods = [options.first or _method("network"), options.second or _method("downhill")]
    common = {"min_pixels": options.min_pixels, "area": options.area, "device": options.device}
    segmenters = [(name, Segmenter(**settings, **common)) for name, settings in methods]
    maps, found = maps_of(options), {}
    import_tensorflow_for(*(segmenter for _, segmenter in segmenters))
    for name, segmenter in segmenters:
        catalogs = tqdm(segmenter.catalogs(maps), name, total=len(maps), unit="frame", disable=options.quiet)
        found[name] = [catalog.to_table() for catalog in catalogs]
    return found


def _save_distributions(path, found, conventions):
    from matplotlib.figure import Figure

    from sunpy_solarunet.analysis import QUANTITIES, feature_values
    from sunpy_solarunet.plotting import draw_distributions

    figure = Figure(figsize=(10, 4), layout="constrained")
    for axes, quantity in zip(figure.subplots(1, 2), QUANTITIES, strict=True):
        values = {name: feature_values(features, quantity, **conventions) for name, features in found.items()}
        draw_distributions(values, axes=axes)
    figure.savefig(path, dpi=120)
