"""
What is made of the options: segmenters, trackers, and what is said of the files.
"""

import argparse
import contextlib
from pathlib import Path

from sunpy_solarunet.cli.values import time

__all__ = ["cluster", "description_of", "maps_of", "reading_of", "segmenter_of", "tracker_of"]

#: Seconds that a scheduler has to answer in.
PATIENCE = 10


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
        engine=options.engine,
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


def description_of(options):
    """What the options say of the files."""
    from sunpy_solarunet.errors import SolarUnetError

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


def _several(values):
    import astropy.units as u

    return None if values is None else u.Quantity(values)


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


def _times(options):
    from sunpy_solarunet.errors import SolarUnetError

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
    from sunpy_solarunet.errors import SolarUnetError

    try:
        return path.read_text()
    except UnicodeDecodeError as problem:
        raise SolarUnetError(f"{path}: --times takes a text file with one time a line") from problem


@contextlib.contextmanager
def cluster(address):
    """The client of the Dask cluster at an address; `None` without one."""
    from sunpy_solarunet.errors import SolarUnetError

    if address is None:
        yield None
        return
    try:
        from distributed import Client
    except ImportError as problem:
        raise SolarUnetError('--scheduler needs Dask: pip install "sunpy_solarunet[dask]"') from problem
    try:
        client = Client(address, timeout=PATIENCE)
    except (OSError, ValueError) as problem:
        raise SolarUnetError(f"--scheduler: no Dask scheduler answers at {address} ({problem})") from problem
    with client:
        if not client.nthreads():
            raise SolarUnetError(f"--scheduler: the cluster at {address} has no workers")
        yield client
