"""
What the subcommands share: options, their types, and what is made of them.
"""

import argparse
import contextlib
import os
import sys
from pathlib import Path

import astropy.units as u

from sunpy_solarunet.errors import SolarUnetError

__all__ = [
    "add_command",
    "add_progress",
    "add_reading",
    "add_run",
    "add_segmentation",
    "add_times",
    "add_tracking",
    "description_of",
    "field_unit",
    "import_tensorflow",
    "import_tensorflow_for",
    "maps_of",
    "reading_of",
    "segmenter_of",
    "time",
    "tracker_of",
    "value_in",
]


def add_command(commands, name, run, summary, details):
    command = commands.add_parser(
        name, help=summary, description=f"{summary[0].upper()}{summary[1:]}. {details}", epilog=QUANTITIES
    )
    command.set_defaults(run=run)
    return command


QUANTITIES = "Physical values may be given with a unit in quotes, such as '0.015 T' or '1 min'."


def value_in(unit):
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


def field_unit(text):
    """Type of an option: a unit of a magnetic field."""
    try:
        unit = u.Unit(text)
    except (TypeError, ValueError) as problem:
        raise argparse.ArgumentTypeError(f"{text!r} is not a unit; write it like G, T or Mx/cm2") from problem
    if not unit.is_equivalent(u.G):
        raise argparse.ArgumentTypeError(f"{text!r} is not a unit of a magnetic field; write it like G, T or Mx/cm2")
    return text


def time(text):
    """Type of an option: a time."""
    from astropy.time import Time

    try:
        Time(text, scale="utc")
    except ValueError as problem:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time; write it like 2017-07-13T20:17:41") from problem
    return text


def add_reading(command):
    group = command.add_argument_group("what the files do not say themselves")
    group.add_argument("--unit", type=field_unit, help="unit of the field, for example G")
    group.add_argument(
        "--scale", nargs="+", type=value_in(u.arcsec), metavar="ARCSEC", help="angle per pixel, or two: along x and y"
    )
    group.add_argument(
        "--center", nargs=2, type=value_in(u.arcsec), metavar=("X", "Y"), help="middle of the frame on the sky"
    )
    group.add_argument(
        "--extent",
        nargs=4,
        type=value_in(u.arcsec),
        metavar=("LEFT", "RIGHT", "LOWER", "UPPER"),
        help="edges of the frame on the sky, in place of scale and center",
    )
    group.add_argument("--observer", help="solar system body that the Sun is seen from (earth)")
    group.add_argument(
        "--field-range", type=value_in(u.G), metavar="GAUSS", help="field of the last level of 8-bit images"
    )
    group.add_argument(
        "--padding",
        action=argparse.BooleanOptionalAction,
        help="zeros that reach the frame's edge hold no data, or all zeros are data (where they leave one field of "
        "view they hold none)",
    )


def add_times(command):
    group = command.add_argument_group("times of observation, where the files do not hold them")
    group.add_argument("--times", nargs="+", metavar="TIME", help="one for each file, or a text file with one a line")
    group.add_argument("--start", type=time, metavar="TIME", help="time of the first file; with --cadence")
    group.add_argument("--cadence", type=value_in(u.s), metavar="SECONDS", help="time from one file to the next")
    group.add_argument(
        "--time-pattern", metavar="PATTERN", help="where the time stands in the file names: name_%%Y%%m%%d_%%H%%M%%S"
    )


def add_segmentation(command):
    group = command.add_argument_group("finding features")
    group.add_argument("--method", default="network", help="network (default), threshold, hysteresis or downhill")
    group.add_argument("--model", default="solarunet", help="name of a bundled model, or a model's folder or file")
    group.add_argument(
        "--threshold",
        type=value_in(u.G),
        metavar="GAUSS",
        help="of the classical methods, and of the network solarunet (90)",
    )
    group.add_argument("--low", type=value_in(u.G), metavar="GAUSS", help="low threshold of hysteresis and downhill")
    group.add_argument(
        "--polarity-threshold",
        type=value_in(u.G),
        metavar="GAUSS",
        help="weaker pixels belong to no feature (150 with the network solarunet-paper)",
    )
    group.add_argument("--min-pixels", type=int, default=10, metavar="NUMBER", help="smaller features are noise (10)")
    group.add_argument("--probability", type=float, help="cut of the network's probability (the model's own)")
    group.add_argument("--precision", default="float32", help="of the network: float32 (default), bfloat16 or auto")
    group.add_argument("--flips", action="store_true", help="average the network's answer over mirror images and turns")
    group.add_argument("--area", default="sky", help="pixel areas on the sky (default) or on the surface")
    group.add_argument("--device", help="where the network runs: cpu:0, gpu:0")


def add_tracking(command):
    group = command.add_argument_group("following features")
    group.add_argument(
        "--association",
        default="likelihood",
        help="likelihood (default), assignment, paper, overlap, dual_overlap",
    )
    group.add_argument(
        "--max-speed", type=value_in(u.km / u.s), default=4 * u.km / u.s, metavar="KM/S", help="of features (4)"
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
        type=value_in(u.s),
        metavar="SECONDS",
        help="a longer time without a frame ends all tracks (four times the median cadence)",
    )


def add_progress(command):
    command.add_argument("--quiet", action="store_true", help="no progress bars")


def add_run(command):
    command.add_argument("run_folder", metavar="RUN", help="folder that track has written")
    command.add_argument(
        "--magnetograms", metavar="FOLDER", help="where the magnetograms are, if not where they were then"
    )


def _several(values):
    return None if values is None else u.Quantity(values)


def description_of(options):
    """What the options say of the files."""
    if options.scale is not None and len(options.scale) > 2:
        raise SolarUnetError(f"--scale takes one number, or two along x and y, got {len(options.scale)}")
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
    if options.times is None:
        return None
    times = options.times
    if len(times) == 1 and Path(times[0]).is_file():
        times = [line.strip() for line in _text_of(Path(times[0])).splitlines() if line.strip()]
    for each in times:
        try:
            time(each)
        except argparse.ArgumentTypeError as problem:
            raise SolarUnetError(f"--times: {problem}") from problem
    return times


def _text_of(path):
    try:
        return path.read_text()
    except UnicodeDecodeError as problem:
        raise SolarUnetError(f"{path}: --times takes a text file with one time a line") from problem


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


def import_tensorflow():
    """TensorFlow greets with several lines on processors and drivers when it is imported."""
    with _without_standard_error():
        import keras

        keras.backend.backend()


def import_tensorflow_for(*segmenters):
    """Import TensorFlow if one of the segmenters needs it: last, since it takes seconds."""
    if any(segmenter.method == "network" for segmenter in segmenters):
        import_tensorflow()


def segmenter_of(options):
    from sunpy_solarunet import Segmenter

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


def tracker_of(options):
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


def reading_of(options):
    """What the options say of the files of a sequence, and of their times."""
    return {
        "times": _times(options),
        "start": options.start,
        "cadence": options.cadence,
        "time_pattern": options.time_pattern,
        **description_of(options),
    }


def maps_of(options):
    from sunpy_solarunet import read_magnetograms

    return read_magnetograms(options.files, **reading_of(options))
