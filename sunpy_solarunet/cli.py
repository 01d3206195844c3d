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
    group.add_argument("--threshold", type=_quantity(u.G), metavar="GAUSS", help="of the classical methods")
    group.add_argument("--low", type=_quantity(u.G), metavar="GAUSS", help="low threshold of hysteresis and downhill")
    group.add_argument(
        "--polarity-threshold",
        type=_quantity(u.G),
        metavar="GAUSS",
        help="weaker pixels belong to no feature (150 with the network)",
    )
    group.add_argument("--min-pixels", type=int, default=10, metavar="NUMBER", help="smaller features are noise (10)")
    group.add_argument("--probability", type=float, default=0.5, help="cut of the network's probability (0.5)")
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


def _add_train(commands):
    command = _command(
        commands,
        "train",
        _train,
        "train the network on magnetograms and masks",
        "Writes a checkpoint every few minutes, which --resume goes on from, and a model that "
        "--model of the other commands takes.",
    )
    command.add_argument(
        "--images", required=True, metavar="FOLDER", help="magnetograms: FITS in gauss or 8-bit images"
    )
    command.add_argument(
        "--labels", required=True, metavar="FOLDER", help="masks of the same names, two or three classes"
    )
    command.add_argument("--output", "-o", required=True, metavar="FOLDER", help="for checkpoint and model")
    command.add_argument("--name", help="of the model; the folder's name if not given")
    command.add_argument("--description", default="", metavar="TEXT", help="what the model was trained on")
    command.add_argument("--resume", action="store_true", help="go on from the checkpoint in the folder")
    command.add_argument(
        "--field-range", type=_quantity(u.G), default=300 * u.G, metavar="GAUSS", help="of 8-bit images (300)"
    )
    command.add_argument("--scale", type=_quantity(u.G), default=300 * u.G, metavar="GAUSS", help="input scale (300)")
    command.add_argument(
        "--validation", type=int, default=16, metavar="PAIRS", help="last pairs, never trained on (16)"
    )
    command.add_argument("--steps", type=int, default=10_000, help="training steps (10000)")
    command.add_argument("--crop", type=int, default=192, metavar="PIXELS", help="sides of the random crops (192)")
    command.add_argument("--batch", type=int, default=1, help="crops a step (1)")
    command.add_argument("--learning-rate", type=float, default=1e-4, help="of Adam (0.0001)")
    command.add_argument("--dropout", type=float, default=0.1, help="dropout rate (0.1)")
    command.add_argument("--seed", type=int, default=0, help="of everything random (0)")
    command.add_argument("--checkpoint-every", type=int, default=500, metavar="STEPS", help="(500)")
    _add_progress(command)


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


def _track(options):
    from sunpy_solarunet import read_magnetograms
    from sunpy_solarunet.pipeline import run

    maps = read_magnetograms(
        options.files,
        times=_times(options),
        start=options.start,
        cadence=options.cadence,
        time_pattern=options.time_pattern,
        **_description(options),
    )
    tracker = run(
        maps,
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


def _train(options):
    _import_tensorflow()
    from sunpy_solarunet.segmentation.training import train_model

    folder, history = train_model(
        options.images,
        options.labels,
        options.output,
        name=options.name,
        description=options.description,
        field_range=options.field_range,
        scale=options.scale,
        validation=options.validation,
        steps=options.steps,
        crop=options.crop,
        batch=options.batch,
        learning_rate=options.learning_rate,
        dropout=options.dropout,
        seed=options.seed,
        checkpoint_every=options.checkpoint_every,
        resume=options.resume,
        progress=not options.quiet,
    )
    last = history[-1]
    print(f"accuracy {last['accuracy']:.4f} and IoU {last['iou']:.4f} on the validation pairs;")
    print(f"the plain threshold has {last['threshold_accuracy']:.4f} and {last['threshold_iou']:.4f}")
    print(f"model in {folder}")


def _demo(options):
    _import_tensorflow()
    from sunpy_solarunet.demo import demonstrate

    demonstrate(options.output, seed=options.seed, progress=not options.quiet)


if __name__ == "__main__":
    sys.exit(main())
