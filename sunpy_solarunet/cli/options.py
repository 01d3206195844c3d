"""
The options that the subcommands share.
"""

import argparse

from sunpy_solarunet.cli.values import field_unit, model, name_of, time, value_in
from sunpy_solarunet.names import (
    AREAS,
    ASSOCIATIONS,
    DEFAULT_MODEL,
    ENGINES,
    EVENT_RULES,
    IDENTITIES,
    METHODS,
    PALETTES,
    PRECISIONS,
    bundled_models,
)

__all__ = [
    "add_area",
    "add_choice",
    "add_command",
    "add_flag",
    "add_palette",
    "add_reading",
    "add_run",
    "add_segmentation",
    "add_times",
    "add_tracking",
    "add_workers",
]

QUANTITIES = "Physical values may be given with a unit in quotes, such as '0.015 T' or '1 min'."


def add_command(commands, name, run, summary, details):
    """A subcommand, with the options that all of them have."""
    command = commands.add_parser(
        name, help=summary, description=f"{summary[0].upper()}{summary[1:]}. {details}", epilog=QUANTITIES
    )
    command.set_defaults(run=run, command=name)
    group = command.add_argument_group("what is said, and where options come from")
    add_flag(group, "--quiet", help="no progress bars, and no summary of what was written")
    add_flag(group, "--json", help="print the summary as one JSON object")
    group.add_argument(
        "--config", metavar="FILE", help="TOML file with options, by their names; those of the command line count more"
    )
    return command


class _Flag(argparse.BooleanOptionalAction):
    """An option that is on or off, so that the command line can take back what a file says."""

    def __init__(self, *arguments, help=None, **settings):  # noqa: A002
        super().__init__(*arguments, **settings)
        # Some releases of Python add the default.
        self.help = help


def add_flag(group, name, *, default=False, help):  # noqa: A002
    """An option that is on or off."""
    return group.add_argument(name, action=_Flag, default=default, help=help)


def add_choice(group, name, choices, *, default=None, what=None, help):  # noqa: A002
    """An option that is one of several names, all of which are in the help."""
    what = what or name.strip("-").replace("-", " ")
    return group.add_argument(name, type=name_of(what, choices), choices=list(choices), default=default, help=help)


def add_palette(command):
    """The colors of figures."""
    add_choice(command, "--palette", PALETTES, default="default", help="colors of figures (%(default)s)")


def add_reading(command):
    group = command.add_argument_group("what the files do not say themselves")
    group.add_argument("--unit", type=field_unit, help="unit of the field, for example G")
    group.add_argument(
        "--scale", nargs="+", type=value_in("arcsec"), metavar="ARCSEC", help="angle per pixel, or two: along x and y"
    )
    group.add_argument(
        "--center", nargs=2, type=value_in("arcsec"), metavar=("X", "Y"), help="middle of the frame on the sky"
    )
    group.add_argument(
        "--extent",
        nargs=4,
        type=value_in("arcsec"),
        metavar=("LEFT", "RIGHT", "LOWER", "UPPER"),
        help="edges of the frame on the sky, in place of scale and center",
    )
    group.add_argument("--observer", help="solar system body that the Sun is seen from (earth)")
    group.add_argument(
        "--field-range", type=value_in("G"), metavar="GAUSS", help="field of the last level of 8-bit images"
    )
    add_flag(
        group,
        "--padding",
        default=None,
        help="zeros that reach the frame's edge hold no data, or all zeros are data (where they leave one field of "
        "view they hold none)",
    )


def add_times(command):
    group = command.add_argument_group("times of observation, where the files do not hold them")
    group.add_argument("--times", nargs="+", metavar="TIME", help="one for each file, or a text file with one a line")
    group.add_argument("--start", type=time, metavar="TIME", help="time of the first file; with --cadence")
    group.add_argument("--cadence", type=value_in("s"), metavar="SECONDS", help="time from one file to the next")
    group.add_argument(
        "--time-pattern", metavar="PATTERN", help="where the time stands in the file names: name_%%Y%%m%%d_%%H%%M%%S"
    )


def add_segmentation(command):
    group = command.add_argument_group("finding features")
    add_choice(group, "--method", METHODS, default="network", help="how significant pixels are found (%(default)s)")
    group.add_argument(
        "--model",
        type=model,
        default=DEFAULT_MODEL,
        metavar="MODEL",
        help=f"the network: {' or '.join(bundled_models())}, or a model's folder or file (%(default)s)",
    )
    group.add_argument(
        "--threshold",
        type=value_in("G"),
        metavar="GAUSS",
        help="of the classical methods, and of the network solarunet (90)",
    )
    group.add_argument("--low", type=value_in("G"), metavar="GAUSS", help="low threshold of hysteresis and downhill")
    group.add_argument(
        "--polarity-threshold",
        type=value_in("G"),
        metavar="GAUSS",
        help="weaker pixels belong to no feature (150 with the network solarunet-paper)",
    )
    group.add_argument("--min-pixels", type=int, default=10, metavar="NUMBER", help="smaller features are noise (10)")
    group.add_argument("--probability", type=float, help="cut of the network's probability (the model's own)")
    add_choice(group, "--precision", PRECISIONS, default="float32", help="of the network (%(default)s)")
    add_choice(group, "--engine", ENGINES, default="keras", help="what computes the network (%(default)s)")
    add_flag(group, "--flips", help="average the network's answer over mirror images and turns")
    add_area(group)
    group.add_argument("--device", help="where the network runs: cpu:0, gpu:0")


def add_area(group):
    add_choice(group, "--area", AREAS, default="sky", help="where the areas of pixels are counted (%(default)s)")


def add_tracking(command):
    group = command.add_argument_group("following features")
    add_choice(
        group, "--association", ASSOCIATIONS, default="likelihood", help="how successors are found (%(default)s)"
    )
    group.add_argument(
        "--max-speed", type=value_in("km/s"), default="4", metavar="KM/S", help="of features (%(default)s)"
    )
    group.add_argument(
        "--flux-tolerance", type=float, default=0.33, help="flux change of a feature that lives on (0.33)"
    )
    group.add_argument("--balance-tolerance", type=float, default=0.5, help="flux imbalance of an event (0.5)")
    group.add_argument("--max-partners", type=int, default=10, help="neighbors that are combined, at most (10)")
    group.add_argument(
        "--memory", type=int, metavar="FRAMES", help="that a feature may be missing from (2; 0 with other rules)"
    )
    add_choice(
        group,
        "--identity",
        IDENTITIES,
        help="who carries a track on through merging and splitting: the feature of the largest flux, or new tracks "
        "begin (the rule's own)",
    )
    add_choice(group, "--event-rules", EVENT_RULES, default="flux_balance", help="how events are named (%(default)s)")
    group.add_argument(
        "--max-gap",
        type=value_in("s"),
        metavar="SECONDS",
        help="a longer time without a frame ends all tracks (four times the median cadence)",
    )


def add_run(command):
    command.add_argument("run_folder", metavar="RUN", help="folder that track has written")
    command.add_argument(
        "--magnetograms", metavar="FOLDER", help="where the magnetograms are, if not where they were then"
    )


def add_workers(command):
    return command.add_argument(
        "--workers", type=int, default=1, metavar="NUMBER", help="processes that share the work (%(default)s)"
    )
