"""
The ``solarunet`` command.
"""

import argparse
import contextlib
import os
import sys
import warnings
from pathlib import Path

import astropy.units as u

__all__ = ["main"]

DESCRIPTION = "Find magnetic flux elements in solar magnetograms and follow them through time."


def main(arguments=None):
    """
    Run the ``solarunet`` command.

    Parameters
    ----------
    arguments : list of `str`, optional
        In place of those of the shell.

    Returns
    -------
    `int`
        0 if all went well, 1 if the input cannot be used, 130 if interrupted. Wrong options end the
        program with 2.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    options = _parser().parse_args(arguments)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.showwarning = _show_warning
        try:
            options.run(options)
        except KeyboardInterrupt:
            _say("interrupted")
            return 130
        except (ValueError, TypeError, OSError) as problem:
            _say(f"error: {' '.join(str(problem).split())}")
            return 1
    return 0


def _say(text):
    sys.stderr.write(f"solarunet: {text}\n")


def _show_warning(message, category, *_, **__):
    from sunpy.util.exceptions import SunpyUserWarning

    if issubclass(category, SunpyUserWarning):
        _say(f"note: {message}")


def _parser():
    parser = argparse.ArgumentParser(prog="solarunet", description=DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"%(prog)s {_version()}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_track(commands)
    _add_segment(commands)
    _add_compare(commands)
    _add_train(commands)
    _add_demo(commands)
    return parser


def _version():
    from sunpy_solarunet import __version__

    return __version__


def _command(commands, name, run, summary, details):
    command = commands.add_parser(
        name, help=summary, description=f"{summary[0].upper()}{summary[1:]}. {details}", epilog=QUANTITIES
    )
    command.set_defaults(run=run)
    return command


QUANTITIES = "Physical values may be given with a unit in quotes, such as '0.015 T' or '1 min'."


def _quantity(unit):
    """Type of an option: a number in this unit, or a number with a unit of its own."""

    def parse(text):
        try:
            return float(text) * unit
        except ValueError:
            pass
        try:
            return u.Quantity(text).to(unit)
        except (TypeError, ValueError) as problem:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number or a value in {unit}") from problem

    return parse


def _add_reading(command):
    group = command.add_argument_group("what the files do not say themselves")
    group.add_argument("--unit", help="unit of the field, for example G")
    group.add_argument(
        "--scale", nargs="+", type=_quantity(u.arcsec), metavar="ARCSEC", help="angle per pixel, or two: along x and y"
    )
    group.add_argument(
        "--center", nargs=2, type=_quantity(u.arcsec), metavar=("X", "Y"), help="middle of the frame on the sky"
    )
    group.add_argument(
        "--extent",
        nargs=4,
        type=_quantity(u.arcsec),
        metavar=("LEFT", "RIGHT", "LOWER", "UPPER"),
        help="edges of the frame on the sky, in place of scale and center",
    )
    group.add_argument("--observer", help="solar system body that the Sun is seen from (earth)")
    group.add_argument(
        "--field-range", type=_quantity(u.G), metavar="GAUSS", help="field of the last level of 8-bit images"
    )
    group.add_argument(
        "--padding",
        action=argparse.BooleanOptionalAction,
        help="zeros that reach the frame's edge hold no data, or all zeros are data (where they leave one field of "
        "view they hold none)",
    )


def _add_times(command):
    group = command.add_argument_group("times of observation, where the files do not hold them")
    group.add_argument("--times", nargs="+", metavar="TIME", help="one for each file, or a text file with one a line")
    group.add_argument("--start", metavar="TIME", help="time of the first file; with --cadence")
    group.add_argument("--cadence", type=_quantity(u.s), metavar="SECONDS", help="time from one file to the next")
    group.add_argument(
        "--time-pattern", metavar="PATTERN", help="where the time stands in the file names: name_%%Y%%m%%d_%%H%%M%%S"
    )


def _add_segmentation(command):
    group = command.add_argument_group("finding features")
    group.add_argument("--method", default="network", help="network (default), threshold, hysteresis or downhill")
    group.add_argument("--model", default="solarunet", help="name of a bundled model, or a model's folder or file")
    group.add_argument(
        "--threshold",
        type=_quantity(u.G),
        metavar="GAUSS",
        help="of the classical methods, and of the network solarunet (90)",
    )
    group.add_argument("--low", type=_quantity(u.G), metavar="GAUSS", help="low threshold of hysteresis and downhill")
    group.add_argument(
        "--polarity-threshold",
        type=_quantity(u.G),
        metavar="GAUSS",
        help="weaker pixels belong to no feature (150 with the network solarunet-paper)",
    )
    group.add_argument("--min-pixels", type=int, default=10, metavar="NUMBER", help="smaller features are noise (10)")
    group.add_argument("--probability", type=float, help="cut of the network's probability (the model's own)")
    group.add_argument("--precision", default="float32", help="of the network: float32 (default), bfloat16 or auto")
    group.add_argument("--flips", action="store_true", help="average the network's answer over mirror images and turns")
    group.add_argument("--area", default="sky", help="pixel areas on the sky (default) or on the surface")
    group.add_argument("--device", help="where the network runs: cpu:0, gpu:0")


def _add_tracking(command):
    group = command.add_argument_group("following features")
    group.add_argument(
        "--association",
        default="likelihood",
        help="likelihood (default), assignment, paper, overlap, dual_overlap",
    )
    group.add_argument(
        "--max-speed", type=_quantity(u.km / u.s), default=4 * u.km / u.s, metavar="KM/S", help="of features (4)"
    )
    group.add_argument(
        "--flux-tolerance", type=float, default=0.33, help="flux change of a feature that lives on (0.33)"
    )
    group.add_argument("--balance-tolerance", type=float, default=0.5, help="flux imbalance of an event (0.5)")
    group.add_argument("--max-partners", type=int, default=10, help="neighbors that are combined, at most (10)")
    group.add_argument(
        "--memory", type=int, metavar="FRAMES", help="that a feature may be missing from (2; 0 with other rules)"
    )
    group.add_argument("--identity", help="largest_flux or new: who carries on a track through merging and splitting")
    group.add_argument("--event-rules", default="flux_balance", help="flux_balance (default) or swamis")
    group.add_argument(
        "--max-gap",
        type=_quantity(u.s),
        metavar="SECONDS",
        help="a longer time without a frame ends all tracks (four times the shortest cadence)",
    )


def _add_track(commands):
    command = _command(
        commands,
        "track",
        _track,
        "follow features through a sequence of magnetograms",
        "Writes the tables of events, members, features, tracks and frames, and draws each frame with its events. "
        "If it is stopped, the tables hold what was found until then.",
    )
    command.add_argument("files", nargs="+", help="FITS files, images, folders or patterns, taken in the order of time")
    command.add_argument(
        "--output", "-o", default="solarunet-run", metavar="FOLDER", help="for the results (%(default)s)"
    )
    command.add_argument("--overwrite", action="store_true", help="replace the results in the folder")
    command.add_argument("--format", default="ecsv", help="of the tables: ecsv (default), fits, hdf5, parquet or asdf")
    command.add_argument("--no-plots", action="store_true", help="tables only")
    command.add_argument("--movie", action="store_true", help="draw a movie, too")
    _add_reading(command)
    _add_times(command)
    _add_segmentation(command)
    _add_tracking(command)
    _add_progress(command)


def _add_segment(commands):
    command = _command(
        commands,
        "segment",
        _segment,
        "find the features of one magnetogram",
        "Prints how many there are and writes what is asked for.",
    )
    command.add_argument("file", help="FITS file or image")
    command.add_argument("--plot", metavar="FILE", help="draw the magnetogram with the features' borders")
    command.add_argument("--table", metavar="FILE", help="write the features: .ecsv, .fits, .hdf5, .parquet or .asdf")
    command.add_argument("--mask", metavar="FILE", help="write the three-class mask as FITS")
    command.add_argument("--overwrite", action="store_true", help="replace files that exist")
    _add_reading(command)
    command.add_argument("--time", help="time of observation, where the file does not hold it")
    _add_segmentation(command)


def _add_compare(commands):
    command = _command(
        commands,
        "compare",
        _compare,
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
        "--pixel-area", type=_quantity(u.Mm**2), metavar="MM2", help="area of each pixel, in place of the map's"
    )
    command.add_argument("--device", help="where the network runs: cpu:0, gpu:0")
    command.add_argument(
        "--output", "-o", metavar="FILE", help="write the table: .ecsv, .fits, .hdf5, .parquet or .asdf"
    )
    command.add_argument("--plot", metavar="FILE", help="draw the distributions of all frames together")
    command.add_argument("--overwrite", action="store_true", help="replace files that exist")
    _add_reading(command)
    _add_times(command)
    _add_progress(command)


#: What may be said of a method that is compared, besides its model, and the type of each.
METHOD_ENTRIES = {
    "threshold": _quantity(u.G),
    "low": _quantity(u.G),
    "polarity_threshold": _quantity(u.G),
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
            raise argparse.ArgumentTypeError(f"{entry!r} is not one of {names}")
        settings[name] = METHOD_ENTRIES[name](value)
    return text, settings


def _add_train(commands):
    command = _command(
        commands,
        "train",
        _train,
        "train the network on magnetograms and masks",
        "Writes a checkpoint every few minutes, which --resume goes on from, and a model that "
        "--model of the other commands takes. Magnetograms without a mask get one from --label-method, if it is "
        "given. The recipe holds all numbers of the training and is kept with the model.",
    )
    command.add_argument(
        "--images", metavar="FOLDER", help="magnetograms: FITS, in gauss if without unit, or 8-bit images"
    )
    command.add_argument("--labels", metavar="FOLDER", help="masks of the same names, two or three classes")
    command.add_argument(
        "--label-method", metavar="METHOD", help="of masks to be made: downhill, hysteresis or threshold"
    )
    command.add_argument("--label-threshold", type=_quantity(u.G), metavar="GAUSS", help="of the label method")
    command.add_argument("--label-low", type=_quantity(u.G), metavar="GAUSS", help="its low threshold")
    command.add_argument("--output", "-o", required=True, metavar="FOLDER", help="for checkpoint and model")
    command.add_argument("--recipe", help="solarunet (default), paper, or a recipe's file or a model's folder")
    command.add_argument("--initial", metavar="MODEL", help="model to start from: fine-tuning")
    command.add_argument("--name", help="of the model; the folder's name if not given")
    command.add_argument("--description", default="", metavar="TEXT", help="what the model is")
    command.add_argument("--training-data", default="", metavar="TEXT", help="what it was trained on")
    command.add_argument("--pixel-scale", type=_quantity(u.arcsec), metavar="ARCSEC", help="angle per pixel")
    command.add_argument("--resume", action="store_true", help="go on from the checkpoint in the folder")
    command.add_argument("--logs", metavar="FOLDER", help="write TensorBoard's logs there")
    command.add_argument(
        "--field-range", type=_quantity(u.G), default=300 * u.G, metavar="GAUSS", help="of 8-bit images (300)"
    )
    command.add_argument(
        "--validation", type=int, default=16, metavar="PAIRS", help="last pairs, never trained on (16)"
    )
    group = command.add_argument_group("entries of the recipe to change")
    group.add_argument("--classes", type=int, help="2, or 3 for negative flux apart from positive (recipe paper)")
    group.add_argument("--steps", type=int, help="training steps")
    group.add_argument("--crop", type=int, metavar="PIXELS", help="sides of the random crops")
    group.add_argument("--batch", type=int, metavar="CROPS", help="crops a step")
    group.add_argument("--learning-rate", type=float, help="of Adam")
    group.add_argument("--precision", help="float32, mixed_bfloat16 or mixed_float16")
    group.add_argument("--seed", type=int, help="of everything random")
    group.add_argument("--checkpoint-every", type=int, metavar="STEPS", help="steps between two checkpoints")
    group.add_argument(
        "--set", nargs="+", default=[], type=_entry, metavar="NAME=NUMBER", help="any other entries of the recipe"
    )
    _add_progress(command)


#: Entries of a recipe that have an option of their own.
RECIPE_OPTIONS = ("classes", "steps", "crop", "batch", "learning_rate", "precision", "seed", "checkpoint_every")


def _entry(text):
    """Type of an option: the name of a recipe's entry and its value, as in TOML."""
    import tomllib

    name, _, value = text.partition("=")
    try:
        return name, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError as problem:
        raise argparse.ArgumentTypeError(f"{text!r} is not an entry such as dropout=0.2 ({problem})") from problem


def _add_demo(commands):
    command = _command(
        commands,
        "demo",
        _demo,
        "the whole way on a synthetic sequence",
        "Eight frames in which each of the six kinds of events takes place are segmented by the bundled network and "
        "tracked; tables, figures and a movie go into a folder. A real SDO/HMI magnetogram from sunpy's sample data is "
        "segmented as well, if it is on this machine or can be downloaded.",
    )
    command.add_argument("--output", "-o", default="solarunet-demo", metavar="FOLDER", help="(%(default)s)")
    command.add_argument("--seed", type=int, default=0, help="of the noise (0)")
    _add_progress(command)


def _add_progress(command):
    command.add_argument("--quiet", action="store_true", help="no progress bars")


def _several(values):
    return None if values is None else u.Quantity(values)


def _description(options):
    """What the options say of the files."""
    scale = _several(options.scale)
    description = {
        "unit": options.unit,
        "scale": scale[0] if scale is not None and len(scale) == 1 else scale,
        "center": _several(options.center),
        "extent": _several(options.extent),
        "observer": options.observer,
        "field_range": options.field_range,
        "padding": options.padding,
    }
    return {name: value for name, value in description.items() if value is not None}


def _times(options):
    if options.times is not None and len(options.times) == 1 and Path(options.times[0]).is_file():
        return [line.strip() for line in Path(options.times[0]).read_text().splitlines() if line.strip()]
    return options.times


@contextlib.contextmanager
def _without_standard_error():
    """Silence libraries that write to the standard error beneath Python."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _import_tensorflow():
    """TensorFlow greets with several lines on processors and drivers when it is imported."""
    with _without_standard_error():
        import keras

        keras.backend.backend()


def _segmenter(options):
    from sunpy_solarunet import Segmenter

    if options.method == "network":
        _import_tensorflow()
    return Segmenter(
        options.method,
        model=options.model,
        threshold=options.threshold,
        low=options.low,
        polarity_threshold=options.polarity_threshold,
        min_pixels=options.min_pixels,
        probability=options.probability,
        flips=options.flips,
        precision=options.precision,
        area=options.area,
        device=options.device,
    )


def _tracker(options):
    from sunpy_solarunet import Tracker

    return Tracker(
        options.association,
        max_speed=options.max_speed,
        flux_tolerance=options.flux_tolerance,
        balance_tolerance=options.balance_tolerance,
        max_partners=options.max_partners,
        max_gap=options.max_gap,
        memory=options.memory,
        identity=options.identity,
        event_rules=options.event_rules,
    )


def _maps(options):
    from sunpy_solarunet import read_magnetograms

    return read_magnetograms(
        options.files,
        times=_times(options),
        start=options.start,
        cadence=options.cadence,
        time_pattern=options.time_pattern,
        **_description(options),
    )


def _track(options):
    from sunpy_solarunet.pipeline import run

    tracker = run(
        _maps(options),
        _segmenter(options),
        _tracker(options),
        options.output,
        table_format=options.format,
        plots=not options.no_plots,
        movie=options.movie,
        overwrite=options.overwrite,
        progress=not options.quiet,
    )
    _print_summary(tracker, options.output)


def _print_summary(tracker, output):
    from sunpy_solarunet.tracking.tables import EVENT_KINDS

    events = tracker.events
    print(f"{len(tracker.frames)} frames, {len(tracker.features)} features, {len(tracker.tracks)} tracks")
    for kind in EVENT_KINDS:
        print(f"  {kind:15} {int((events['kind'] == kind).sum()):6}")
    print(f"results in {output}")


def _segment(options):
    from sunpy_solarunet import magnetogram
    from sunpy_solarunet.pipeline import refuse_existing
    from sunpy_solarunet.tracking.tables import write_table

    written = [Path(name) for name in (options.plot, options.table, options.mask) if name]
    refuse_existing(written, overwrite=options.overwrite)
    segmenter = _segmenter(options)
    frame = magnetogram(options.file, time=options.time, **_description(options))
    catalog = segmenter(frame)
    positive, negative = catalog.flux[catalog.polarity > 0].sum(), catalog.flux[catalog.polarity < 0].sum()
    print(f"{len(catalog)} features, {positive:.3g} of positive and {negative:.3g} of negative flux")
    if options.plot:
        from sunpy_solarunet.pipeline import save_frame

        save_frame(options.plot, catalog)
    if options.table:
        write_table(catalog.to_table(), options.table, overwrite=options.overwrite)
    if options.mask:
        segmenter.mask(frame).save(options.mask, overwrite=options.overwrite)
    for path in written:
        print(f"wrote {path}")


def _compare(options):
    from sunpy_solarunet.analysis import compare_features
    from sunpy_solarunet.pipeline import refuse_existing
    from sunpy_solarunet.tracking.tables import write_table

    written = [Path(name) for name in (options.output, options.plot) if name]
    refuse_existing(written, overwrite=options.overwrite)
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
    from sunpy_solarunet.errors import SolarUnetError
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
    if any(settings["method"] == "network" for _, settings in methods):
        _import_tensorflow()
    common = {"min_pixels": options.min_pixels, "area": options.area, "device": options.device}
    segmenters = [(name, Segmenter(**settings, **common)) for name, settings in methods]
    maps, found = _maps(options), []
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


def _train(options):
    from sunpy_solarunet.errors import SolarUnetError

    labeler_needed = options.label_method is not None
    if options.images is not None and options.labels is None and not labeler_needed:
        raise SolarUnetError("magnetograms need masks: give --labels, or --label-method to make them, or both")
    if not labeler_needed and (options.label_threshold is not None or options.label_low is not None):
        raise SolarUnetError("--label-threshold and --label-low belong to --label-method")
    _import_tensorflow()
    from sunpy_solarunet.segmentation.pairs import classical_labeler
    from sunpy_solarunet.segmentation.training import train_model

    labeler = None
    if labeler_needed:
        labeler = classical_labeler(options.label_method, options.label_threshold, options.label_low)
    changes = {name: getattr(options, name) for name in RECIPE_OPTIONS} | dict(options.set)
    folder, history = train_model(
        options.output,
        images=options.images,
        masks=options.labels,
        labeler=labeler,
        recipe=options.recipe,
        initial=options.initial,
        name=options.name,
        description=options.description,
        training_data=options.training_data,
        pixel_scale=options.pixel_scale,
        field_range=options.field_range,
        validation=options.validation,
        resume=options.resume,
        logs=options.logs,
        progress=not options.quiet,
        **{name: value for name, value in changes.items() if value is not None},
    )
    last = history[-1]
    print(f"accuracy {last['accuracy']:.4f} and IoU {last['iou']:.4f} on the validation pairs as they are")
    print(f"model in {folder}")


def _demo(options):
    _import_tensorflow()
    from sunpy_solarunet.demo import demonstrate

    demonstrate(options.output, seed=options.seed, progress=not options.quiet)


if __name__ == "__main__":
    sys.exit(main())
