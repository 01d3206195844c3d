"""
``solarunet compare``: two runs, or two methods, beside each other.
"""

import argparse
import warnings
from pathlib import Path

from sunpy_solarunet.cli.building import maps_of
from sunpy_solarunet.cli.options import add_area, add_command, add_flag, add_reading, add_times
from sunpy_solarunet.cli.outcome import Outcome
from sunpy_solarunet.cli.values import name_of, value_in
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
    method, _, model = head.partition(":")
    name_of("method", METHODS)(method)
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
    from sunpy_solarunet.cli.comparison import comparison_facts, comparison_text, lifetimes_of
    from sunpy_solarunet.tracking.tables import write_table

    written = _checked(options)
    tracks = {}
    if any(map(_is_stored, options.files)):
        found, tracks = _of_two(options)
    else:
        found = _by_two_methods(options)
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

    from sunpy_solarunet.cli.outputs import check_figure, check_table, refuse_existing
    from sunpy_solarunet.errors import require_number, require_quantity

    written = [Path(name) for name in (options.output, options.plot) if name]
    refuse_existing(written, overwrite=options.overwrite)
    require_number(options.min_pixels, "--min-pixels", 1, whole=True)
    if options.pixel_area is not None:
        require_quantity(options.pixel_area, u.Mm**2, "--pixel-area", positive=True)
    if options.output:
        check_table(options.output)
    if options.plot:
        check_figure(options.plot)
    return written


def _is_stored(place):
    """Whether features are stored there: a run's folder, or a table of its own."""
    from sunpy_solarunet.magnetograms.reading import FITS_SUFFIXES
    from sunpy_solarunet.runs.layout import Layout
    from sunpy_solarunet.tracking.tables import FORMATS

    path = Path(place)
    if path.is_dir():
        return Layout(path).record.is_file() or _table_in(path) is not None
    suffix = path.suffix.lower()
    return path.is_file() and suffix in FORMATS and (suffix not in FITS_SUFFIXES or path.stem == "features")


def _table_in(folder):
    """The table of features of a folder that is not a run's, if there is one."""
    from sunpy_solarunet.tracking.tables import FORMATS

    tables = (folder / f"features{suffix}" for suffix in FORMATS)
    return next((path for path in tables if path.is_file()), None)


def _of_two(options):
    """The features of two runs or tables by their names, and the tracks of those that have them."""
    import numpy as np

    from sunpy_solarunet.errors import SolarUnetError

    if len(options.files) != 2 or not all(map(_is_stored, options.files)):
        raise SolarUnetError("give two runs' folders or two tables of features, or magnetograms")
    if options.first or options.second:
        raise SolarUnetError("the features of two runs are compared as they are: leave out --first and --second")
    sides = {place: _stored(Path(place)) for place in options.files}
    if len(sides) != 2:
        raise SolarUnetError(f"{options.files[0]} is given twice: compare two")
    unused = _frames_of_one_alone([frames for _, _, frames in sides.values()])
    features = {place: table[~np.isin(table["frame"], unused)] for place, (table, _, _) in sides.items()}
    return features, {place: tracks for place, (_, tracks, _) in sides.items() if tracks is not None}


def _stored(path):
    """Features, tracks and frames of a run; of a table of features, these alone."""
    from sunpy_solarunet import Run
    from sunpy_solarunet.runs.layout import Layout
    from sunpy_solarunet.tracking.tables import read_table

    if not (path.is_dir() and Layout(path).record.is_file()):
        return read_table(_table_in(path) if path.is_dir() else path), None, None
    run = Run.read(path)
    return run.features, run.tracks, run.frames


def _frames_of_one_alone(sides):
    """Numbers of the frames that one run could not use and the other could."""
    from sunpy_solarunet.errors import SequenceError, SolarUnetWarning

    known = [frames for frames in sides if frames is not None]
    if len(known) < 2:
        return []
    first, second = known
    if len(first) != len(second):
        raise SequenceError(f"the runs have {len(first)} and {len(second)} frames: compare the same frames")
    numbers = first["frame"][(first["skipped"] == "") != (second["skipped"] == "")].tolist()
    if numbers:
        listed = ", ".join(map(str, numbers))
        warnings.warn(f"left out are frames that one of the runs skipped: {listed}", SolarUnetWarning, stacklevel=2)
    return numbers


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
