"""
Describing magnetograms that do not say themselves when they were taken, in what unit, and where on the Sun.
"""

import inspect
import warnings
from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.time import Time
from sunpy import log
from sunpy.util import MetaDict
from sunpy.util.exceptions import SunpyMetadataWarning

from sunpy_solarunet.errors import DescriptionMissing, MagnetogramError, SolarUnetWarning, suggestion
from sunpy_solarunet.magnetograms.coordinates import (
    coordinates_header,
    has_coordinates,
    require_coordinates,
    same_coordinates,
)
from sunpy_solarunet.magnetograms.field import checked_field, field_unit, said_of_padding
from sunpy_solarunet.magnetograms.maps import is_map
from sunpy_solarunet.magnetograms.padding import padding_of
from sunpy_solarunet.magnetograms.reading import existing_file, is_image, named_errors, read_fits, read_image
from sunpy_solarunet.magnetograms.times import agree, further_times, header_with_time, read_time, unreadable_times

__all__ = ["magnetogram"]

#: Keywords by which sunpy knows an instrument's class of maps.
OF_INSTRUMENT = ("instrume", "telescop", "obsrvtry", "detector", "camera", "imtype", "dtype", "model", "content")

NO_MAP = "sunpy cannot make a map of it; where the coordinates are to blame, give scale= and center=, or extent="


def magnetogram(
    data,
    *,
    unit=None,
    time=None,
    scale=None,
    center=None,
    extent=None,
    observer=None,
    field_range=None,
    padding=None,
):
    """
    Make a magnetogram map, filling in what a file or an array does not say itself.

    Parameters
    ----------
    data : path-like, `~sunpy.map.GenericMap`, `~astropy.units.Quantity` or `numpy.ndarray`
        FITS file (also ``.gz`` or fpack), 8-bit image, map, or array of shape (rows, columns) whose
        row 0 is south.
    unit : unit-like, optional
        Unit of the field, where ``data`` has none.
    time : `~astropy.time.Time` or `str`, optional
        Time of observation, where ``data`` has none. A string is UTC.
    scale : `~astropy.units.Quantity`, optional
        Angle per pixel, one number or one for x and one for y.
    center : `~astropy.units.Quantity`, optional
        Helioprojective x and y of the middle of the frame.
    extent : `~astropy.units.Quantity`, optional
        Helioprojective x of the left and right edge, y of the lower and upper edge; in place of
        ``center``, and of ``scale``, which must agree if it is given too.
    observer : `str` or `~astropy.coordinates.SkyCoord`, optional
        A solar system body or the observer's place. "earth" if not given and not in the file.
    field_range : `~astropy.units.Quantity`, optional
        Field that the last level of an 8-bit image stands for; its first level is minus that.
    padding : `bool`, optional
        True if exact zeros that reach the frame's edge, 25 or more together, hold no data; False if all
        zeros are data. If it is not said, they are padding where they leave one field of view, such as
        the disk of the Sun or a rotated rectangle, and a warning says so.

    Returns
    -------
    `~sunpy.map.GenericMap`
        Its ``meta["filename"]`` names the file it came from. Its time is that of the header, or the one
        that is given, in UTC; padding is masked. What is given here counts more than the file, and
        more than the rules that sunpy has for the file's instrument.

    Raises
    ------
    MagnetogramError
        If the data are no magnetogram, are damaged, or hold coordinates that cannot be used.
    DescriptionMissing
        If time, unit or coordinates are neither given nor in the file; it names all that are missing.
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> import astropy.units as u
    >>> import numpy as np
    >>> from sunpy_solarunet import magnetogram
    >>> field = np.zeros((60, 80)) * u.G
    >>> frame = magnetogram(field, time="2017-07-13 20:17:41", extent=(413, 421, -204, -198) * u.arcsec)
    >>> frame.scale.axis1
    <Quantity 0.1 arcsec / pix>
    """
    options = {"unit": unit, "time": time, "scale": scale, "center": center, "extent": extent, "observer": observer}
    frame, is_news = make_map(data, field_range=field_range, padding=padding, **options)
    if is_news:
        warn_of_padding(frame)
    return frame


def require_descriptions(names):
    """
    Refuse what `magnetogram` cannot be told of a file.

    Parameters
    ----------
    names : iterable of `str`

    Raises
    ------
    TypeError
        Naming the first that is unknown, and those that there are.
    """
    known = [name for name in inspect.signature(magnetogram).parameters if name != "data"]
    for name in names:
        if name not in known:
            raise TypeError(f"unknown argument {name!r};{suggestion(name, known)} choose one of {', '.join(known)}")


def make_map(data, *, field_range=None, padding=None, **options):
    """As `magnetogram`, without a word about padding; and whether there is one to say."""
    field, header, name = _open(data, field_range, padding)
    frame = described(field, header, name, source=type(data), mask=getattr(data, "mask", None), **options)
    return _without_padding(frame, padding)


def described(
    field,
    header,
    name,
    *,
    source=None,
    mask=None,
    unit=None,
    time=None,
    scale=None,
    center=None,
    extent=None,
    observer=None,
):
    """The map of an array, a header, and what the user adds to it."""
    field = checked_field(field, name)
    header = {key: value for key, value in dict(header).items() if value is not None}
    placed = any(argument is not None for argument in (scale, center, extent))
    if observer is not None and not placed:
        raise MagnetogramError("observer belongs to scale= and center=, or to extent=: give one of these too")
    from sunpy.map import GenericMap

    if placed or not (isinstance(source, type) and issubclass(source, GenericMap)):
        source = _source(header, name)
    field, header, missing = _with_unit(field, header, unit, name)
    try:
        time = read_time(header, name) if time is None else given_time(time)
    except DescriptionMissing:
        missing.append("time")
    if not (placed or has_coordinates(header, source)):
        missing.append("coordinates")
    if missing:
        raise DescriptionMissing(name, missing, unreadable_times(header) if "time" in missing else ())
    further = {} if placed else further_times(header)
    header = header_with_time(header, time)
    if placed:
        header = coordinates_header(field.shape, header, scale, center, extent, observer or "earth", name)
        source, header = _obedient(source, header, field.shape, name)
    return _built(source, field, header, further, mask, time, name)


def _with_unit(field, header, unit, name):
    """The array and the header in a unit that FITS knows, and what is missing."""
    said = field_unit(header.get("bunit") if unit is None else unit, name)
    if isinstance(field, u.Quantity):
        said = said or field_unit(field.unit, name)
        field = field.to_value(said)
    if said is None:
        return field, header, ["unit"]
    written = "G" if said == u.G else _fits_name(said)
    if written is None:
        return field * said.to(u.G), header | {"bunit": "G"}, []
    return field, header | {"bunit": written}, []


def _fits_name(unit):
    """The name of a unit, unless FITS, and so sunpy, has none for it: `str` or None."""
    try:
        text = unit.to_string("fits")
        known = all(u.Unit(base.to_string("fits"), format="fits") is base for base in unit.bases)
    except ValueError:
        return None
    return text if known and unit.scale == 1 else None


def _source(header, name):
    """The class of maps whose rules sunpy follows for a header: those of its instrument, or none."""
    from sunpy.map import GenericMap, Map

    header = MetaDict(header)
    with named_errors(name, "sunpy cannot tell its instrument"):
        fitting = [kind for kind, fits in Map.registry.items() if fits(None, header)]
    return fitting[0] if len(fitting) == 1 else GenericMap


def _obedient(source, header, shape, name):
    """A class of maps, and a header, that do not override what the user says of the coordinates."""
    from sunpy.map import GenericMap

    empty = np.broadcast_to(np.zeros(1), shape)
    plain = GenericMap(empty, header)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SunpyMetadataWarning)
            if same_coordinates(source(empty, header), plain):
                return source, header
    except Exception as problem:  # noqa: BLE001
        # Whatever the instrument's rules stumble over, they are not needed.
        log.debug(f"{name}: {problem}")
    return GenericMap, {key: value for key, value in header.items() if key not in OF_INSTRUMENT}


def _built(source, field, header, further, mask, time, name):
    """The map, of which time, coordinates and unit have been seen to be usable and as the header says."""
    from sunpy.map import GenericMap

    header = header | {"filename": name}
    with named_errors(name, NO_MAP), warnings.catch_warnings():
        # All that sunpy would assume has been asked for already.
        warnings.simplefilter("ignore", SunpyMetadataWarning)
        frame = source(field, header | further, mask=mask)
        if not agree(frame, time):
            frame = source(field, header, mask=mask)
        if not agree(frame, time):
            frame = GenericMap(field, header, mask=mask)
    require_coordinates(frame, name)
    return frame


def _without_padding(frame, padding):
    """
    The map with its padding masked, and whether that is news.

    What was decided stands in its header, so that nobody asks again.
    """
    said = said_of_padding(frame) if padding is None else bool(padding)
    if padding is None and (said is False or (said and frame.mask is not None)):
        return frame, False
    found = padding_of(np.asarray(frame.data) == 0, said)
    frame.meta["padding"] = bool(found.any())
    if not found.any():
        return frame, False
    mask = found if frame.mask is None else found | frame.mask
    frame = frame._new_instance(frame.data, frame.meta, frame.plot_settings, mask=mask)
    return frame, said is None and not found.all()


def padding_note(frame):
    """What was taken for padding, in a sentence."""
    share = padding_of(np.asarray(frame.data) == 0, True).mean()
    return (
        f"{frame.meta['filename']}: {share:.1%} of the frame, exact zeros that reach its edge, is taken for padding, "
        "which holds no data; padding=True confirms it, padding=False makes the zeros data"
    )


def warn_of_padding(frame):
    """Say what was taken for padding."""
    warnings.warn(padding_note(frame), SolarUnetWarning, stacklevel=3)


def given_time(time):
    """The time that a user gives, in UTC."""
    try:
        return time.utc if isinstance(time, Time) else Time(time, scale="utc")
    except (TypeError, ValueError) as problem:
        raise MagnetogramError(f"{time!r} is not a time; write it like 2017-07-13T20:17:41") from problem


def _open(data, field_range, padding):
    """Array, header and name of whatever the user gave."""
    if is_map(data):
        return data.data, data.meta, data.meta.get("filename", "map")
    if isinstance(data, str | Path):
        path = existing_file(data)
        if is_image(path):
            return read_image(path, field_range, padding), {"bunit": "G"}, path.name
        return *read_fits(path), path.name
    return (data if isinstance(data, u.Quantity) else np.asarray(data)), {}, "array"
