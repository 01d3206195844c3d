"""
What can be known of magnetograms, also where their description is not complete.

What is missing has something stand in for it, so that the rest can be looked at; nothing is told that depends on it.
"""

import warnings
from collections import Counter
from itertools import pairwise

import astropy.units as u
import numpy as np

from sunpy_solarunet.errors import DescriptionMissing, MagnetogramError, SolarUnetWarning
from sunpy_solarunet.magnetograms import field_strength, is_image, magnetogram, pixel_length
from sunpy_solarunet.runs.inputs import Cadence, common_shape, find_sources, header_faults
from sunpy_solarunet.segmentation.noise import estimate_noise

__all__ = ["seen_in_file", "seen_in_sequence", "would_be_done"]

#: What stands in for what is missing, of one file and of several.
STAND_INS = {
    "unit": {"unit": u.G},
    "time": {"time": "2000-01-01"},
    "coordinates": {"scale": 1 * u.arcsec, "center": (0, 0) * u.arcsec},
    "field range": {"field_range": 1 * u.G},
}
OF_SEQUENCES = STAND_INS | {"time": {"start": "2000-01-01", "cadence": 1 * u.min}}


def seen_in_file(path, description):
    """
    What a file holds.

    Parameters
    ----------
    path : `pathlib.Path`
    description : `dict`
        What the user says of it, as for `~sunpy_solarunet.magnetogram`.

    Returns
    -------
    facts : `dict`
        What is known; ``missing`` names what is not.
    frame : `~sunpy.map.GenericMap`
    """
    frame, missing = _filled_in(lambda filled: magnetogram(path, **filled), [path], description, STAND_INS)
    return {"file": path.name} | _of_frame(frame, missing) | {"missing": missing}, frame


def seen_in_sequence(paths, reading):
    """
    What the files of a sequence hold, by their headers and by the first that can be used.

    Parameters
    ----------
    paths : list of `pathlib.Path`
    reading : `dict`
        What the user says of them, as for `~sunpy_solarunet.read_magnetograms`.

    Returns
    -------
    facts : `dict`
        What is known; ``missing`` names what is not.
    frame : `~sunpy.map.GenericMap`
        The first that can be used.
    """
    sources, missing = _filled_in(lambda filled: find_sources(paths, **filled), paths, reading, OF_SEQUENCES)
    faults = header_faults(sources, common_shape(sources))
    sound = [source for source, fault in zip(sources, faults, strict=True) if not fault]
    frame, fault, note = sound[0].open() if sound else (None, faults[0], "")
    if frame is None:
        raise MagnetogramError(f"none of the {len(sources)} files can be used, such as {sources[0].name}: {fault}")
    if note:
        warnings.warn(note, SolarUnetWarning, stacklevel=2)
    shapes = Counter(f"{source.shape[0]} x {source.shape[1]}" for source in sources if source.shape is not None)
    facts = {
        "files": len(sources),
        "not_usable": [
            {"file": source.name, "reason": fault} for source, fault in zip(sources, faults, strict=True) if fault
        ],
        "shapes": dict(shapes),
        **({} if "time" in missing else _times(sound)),
    }
    facts |= {name: value for name, value in _of_frame(frame, missing).items() if name != "time"}
    return facts | {"missing": missing}, frame


def _filled_in(read, paths, description, stand_ins):
    """What is read, and what had to be stood in for."""
    missing, filled = [], {name: value for name, value in description.items() if value is not None}
    if "field_range" not in filled and any(map(is_image, paths)):
        missing, filled = ["field range"], filled | stand_ins["field range"]
    try:
        return read(filled), missing
    except DescriptionMissing as problem:
        for name in problem.missing:
            filled |= stand_ins[name]
        return read(filled), [*missing, *problem.missing]


def _times(sources):
    times = [source.time.utc for source in sources]
    cadence = Cadence(sources).seconds
    gaps = [round((after - before).to_value(u.s), 9) for before, after in pairwise(times)]
    return {
        "first_time": times[0].isot,
        "last_time": times[-1].isot,
        "cadence": None if cadence is None else cadence * u.s,
        "longest_gap": max(gaps) * u.s if gaps else None,
    }


def _of_frame(frame, missing):
    """What a map holds that does not depend on what is missing."""
    field = field_strength(frame)
    valid = field[~np.isnan(field)]
    is_known = not {"unit", "field range"} & set(missing)
    unit = u.G if is_known else u.dimensionless_unscaled
    facts = {"time": None if "time" in missing else frame.date.utc.isot}
    facts |= {"rows": field.shape[0], "columns": field.shape[1], "unit": str(frame.unit) if is_known else None}
    facts |= {"data_share": valid.size / field.size}
    if valid.size:
        facts |= {"lowest": valid.min() * unit, "highest": valid.max() * unit, "noise": estimate_noise(field) * unit}
    return facts | ({} if "coordinates" in missing else _places(frame, missing))


def _places(frame, missing):
    """Where a map lies, and its observer if its time is known."""
    center, steps = frame.center, frame.scale
    unit = frame.spatial_units[0]
    lon = center.spherical.lon.wrap_at(180 * u.deg)
    facts = {
        "scale": u.Quantity([abs(steps.axis1), abs(steps.axis2)]),
        "coordinates": center.name,
        "center": u.Quantity([lon.to(unit), center.spherical.lat.to(unit)]),
    }
    if "time" in missing:
        return facts
    observer = frame.observer_coordinate
    place = {"lon": observer.lon.to(u.deg), "lat": observer.lat.to(u.deg), "radius": observer.radius.to(u.AU)}
    return facts | {"pixel_length": pixel_length(frame).to(u.Mm), "observer": place}


def would_be_done(frame, facts, segmenter, tracker):
    """
    What would be done with magnetograms.

    Parameters
    ----------
    frame : `~sunpy.map.GenericMap`
    facts : `dict`
        What is seen in them.
    segmenter : `~sunpy_solarunet.Segmenter`
    tracker : `~sunpy_solarunet.Tracker`

    Returns
    -------
    `dict`
        Parameters of both, and by how many pixels features move at most.
    """
    settings = {name: value for name, value in segmenter.meta.items() if name != "model_sha256"}
    done = {"segmenter": settings, "tracker": tracker.parameters.meta, "largest_move": None}
    if "pixel_length" in facts:
        pace = (tracker.max_speed / pixel_length(frame)).to(1 / u.min)
        done["largest_move"] = pace.value * u.pix / u.min
    return done
