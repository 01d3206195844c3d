"""
Magnetograms: reading them, describing those that come without coordinates, their field and pixel areas.
"""

import datetime
import glob
import warnings
from collections.abc import Sequence
from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.time import Time, TimeDelta
from scipy import ndimage
from sunpy.coordinates import HeliographicStonyhurst, Helioprojective, get_body_heliographic_stonyhurst
from sunpy.map import GenericMap, Map, make_fitswcs_header
from sunpy.util.exceptions import SunpyUserWarning

from sunpy_solarunet.errors import MagnetogramError, SequenceError, name_choice, require_quantity

__all__ = [
    "MagnetogramSequence",
    "field_from_levels",
    "field_strength",
    "is_image",
    "list_magnetograms",
    "magnetogram",
    "pixel_area",
    "pixel_length",
    "read_array",
    "read_field",
    "read_levels",
    "read_magnetograms",
    "valid_pixels",
]

FITS_SUFFIXES = (".fits", ".fts", ".fit", ".fits.gz", ".fts.gz", ".fits.fz", ".fz")
IMAGE_SUFFIXES = (".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp")

#: A run of exact zeros that touches the frame's edge is padding from this many pixels on.
SMALLEST_PADDING = 25

#: Shape of the Sun's projection: how the areas of pixels are counted.
AREAS = ("sky", "surface")


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

    Returns
    -------
    `~sunpy.map.GenericMap`
        Its ``meta["filename"]`` names the file it came from.

    Raises
    ------
    MagnetogramError
        If the data are no magnetogram, or time, unit or coordinates are neither given nor in the file.
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
    field, header, name = _open(data, field_range)
    mask = getattr(data, "mask", None)
    return _described(field, header, name, mask, unit, time, scale, center, extent, observer)


def _described(
    field, header, name, mask=None, unit=None, time=None, scale=None, center=None, extent=None, observer=None
):
    """The map of an array, a header, and what the user adds to it."""
    field = _checked_field(field, name)
    header = dict(header)
    if isinstance(field, u.Quantity):
        unit = unit or field.unit
        field = field.to_value(unit)
    if unit is not None:
        header["bunit"] = u.Unit(unit).to_string("fits")
    if time is not None:
        header = _with_time(header, time)
    if any(argument is not None for argument in (scale, center, extent)):
        header |= _coordinates_header(field, header, scale, center, extent, observer or "earth", name)
    elif observer is not None:
        raise MagnetogramError("observer belongs to scale= and center=, or to extent=: give one of these too")
    _require_header(header, name)
    result = Map(field, header, mask=mask)
    result.meta["filename"] = name
    _require_field_unit(result, name)
    return result


def _open(data, field_range):
    """Array, header and name of whatever the user gave."""
    if isinstance(data, GenericMap):
        return data.data, data.meta, data.meta.get("filename", "map")
    if isinstance(data, str | Path):
        path = Path(data)
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no such file")
        if is_image(path):
            return _read_image(path, field_range), {"bunit": "G"}, path.name
        return *_read_fits(path), path.name
    return (data if isinstance(data, u.Quantity) else np.asarray(data)), {}, "array"


def _read_fits(path):
    """First two-dimensional image of a FITS file and its header."""
    return _of_image(path, lambda image: (image.data, _plain_header(image)))


def _of_image(path, take):
    """What is taken from the first two-dimensional image of a FITS file."""
    try:
        with fits.open(path, memmap=False) as hdus:
            hdus.verify("silentfix+ignore")
            images = [hdu for hdu in hdus if hdu.is_image and hdu.header.get("NAXIS", 0) > 0]
            if not images:
                raise MagnetogramError(f"{path}: the FITS file holds no image")
            return take(next((hdu for hdu in images if len(hdu.shape) == 2), images[0]))
    except (OSError, TypeError, ValueError, EOFError) as problem:
        if isinstance(problem, MagnetogramError):
            raise
        raise MagnetogramError(f"{path}: not a complete FITS file ({problem})") from problem


def _plain_header(image):
    remarks = ("COMMENT", "HISTORY", "")
    return {key.lower(): value for key, value in image.header.items() if key not in remarks}


def is_image(path):
    """
    Whether a file is an image, by its suffix, rather than FITS.

    Parameters
    ----------
    path : `pathlib.Path`

    Returns
    -------
    `bool`
    """
    return path.suffix.lower() in IMAGE_SUFFIXES


def read_array(path, field_range=None):
    """
    The numbers of a FITS file, or the field of an 8-bit image, without coordinates.

    Parameters
    ----------
    path : path-like
    field_range : `~astropy.units.Quantity`, optional
        Needed for an image, see `field_from_levels`.

    Returns
    -------
    `numpy.ndarray`
        Shape (rows, columns), row 0 south.

    Raises
    ------
    MagnetogramError
        If the file is neither, or not two-dimensional.
    """
    path = Path(path)
    field = _read_image(path, field_range) if is_image(path) else _read_fits(path)[0]
    return _checked_field(field, path.name)


def read_field(path, field_range=None):
    """
    The field of a FITS file or an 8-bit image in gauss, without coordinates.

    Parameters
    ----------
    path : path-like
        A FITS file whose header has no unit is taken to be in gauss.
    field_range : `~astropy.units.Quantity`, optional
        Needed for an image, see `field_from_levels`.

    Returns
    -------
    `numpy.ndarray` of `numpy.float32`
        Shape (rows, columns), row 0 south.

    Raises
    ------
    MagnetogramError
        If the file is neither, not two-dimensional, or in a unit that is not one of a magnetic field.
    """
    path = Path(path)
    if is_image(path):
        return read_array(path, field_range).astype(np.float32)
    field, header = _read_fits(path)
    text = str(header.get("bunit") or "G").strip()
    unit = u.Unit("G" if text.lower() == "gauss" else text, parse_strict="silent")
    if not unit.is_equivalent(u.G):
        raise MagnetogramError(f"{path.name}: the unit is {text}, which is not one of a magnetic field")
    return (_checked_field(field, path.name) * unit.to(u.G)).astype(np.float32)


def _read_image(path, field_range):
    if field_range is None:
        raise MagnetogramError(
            f"{path}: an image needs field_range=, the field of its last level, for example field_range=300 * u.G"
        )
    levels = read_levels(path)
    return field_from_levels(levels, field_range).value if levels.ndim == 2 else levels


def read_levels(path):
    """
    The levels of an 8-bit image as they are.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    `numpy.ndarray` of `numpy.uint8`
        Row 0 north; a color image has three dimensions.

    Raises
    ------
    MagnetogramError
        If the file is no image or has more than 8 bits.
    """
    from skimage.io import imread

    try:
        levels = imread(path)
    except (OSError, ValueError, SyntaxError) as problem:
        raise MagnetogramError(f"{path}: not a complete image ({problem})") from problem
    if levels.ndim == 2 and levels.dtype != np.uint8:
        raise MagnetogramError(f"{path}: an image must have 8 bits, this one is {levels.dtype}")
    return levels


def field_from_levels(levels, field_range):
    """
    Field of an 8-bit image of a magnetogram.

    The levels are ``floor(256 (B + R) / 2 R)`` with the field range R, clipped to 0 and 255; each
    gives back the middle of its interval. Row 0 of an image is north, row 0 of a map is south. The
    padding of a frame, exact zeros, has become level 127 and is made zero again.

    Parameters
    ----------
    levels : `numpy.ndarray`
        Shape (rows, columns), row 0 north, `numpy.uint8`.
    field_range : `~astropy.units.Quantity`
        The field range R.

    Returns
    -------
    `~astropy.units.Quantity`
        In gauss, row 0 south.

    Examples
    --------
    >>> import astropy.units as u
    >>> import numpy as np
    >>> field_from_levels(np.array([[255], [0]], dtype=np.uint8), 256 * u.G)
    <Quantity [[-255.],
               [ 255.]] G>
    """
    limit = require_quantity(field_range, u.G, "field_range", positive=True)
    levels = np.flipud(levels)
    field = (levels.astype(float) + 0.5) * (2 * limit / 256) - limit
    field[_edge_regions(levels == 127)] = 0.0
    return field * u.G


def _checked_field(field, name):
    if field is None or field.ndim != 2:
        shape = "none" if field is None else field.shape
        hint = ": take one channel of a color image or one frame of a cube" if np.ndim(field) == 3 else ""
        raise MagnetogramError(f"{name}: a magnetogram has two dimensions, this has shape {shape}{hint}")
    if field.size == 0:
        raise MagnetogramError(f"{name}: the array is empty")
    if field.dtype.kind not in "iuf":
        raise MagnetogramError(f"{name}: a magnetogram holds real numbers, this holds {field.dtype}")
    native = field.dtype.newbyteorder("=") if field.dtype.kind == "f" else np.dtype(float)
    return field.astype(native, copy=False)


def _with_time(header, time):
    """The header with this time of observation in place of any other."""
    try:
        time = Time(time, scale="utc") if not isinstance(time, Time) else time.utc
    except ValueError as problem:
        raise MagnetogramError(f"{time!r} is not a time; write it like 2017-07-13T20:17:41") from problem
    stale = {"date-obs", "date_obs", "time-obs", "time_obs", "date-beg", "date-avg", "date-end", "t_obs", "timesys"}
    kept = {key: value for key, value in header.items() if key not in stale}
    time = Time(time, format="isot", precision=9)
    return kept | {"date-obs": time.isot, "timesys": "UTC"}


def _coordinates_header(field, header, scale, center, extent, observer, name):
    """World coordinates of a frame from what the user says of it."""
    rows, columns = field.shape
    if extent is not None:
        if center is not None:
            raise MagnetogramError("give either extent= or center=, not both")
        left, right, lower, upper = _several(extent, 4, "extent", "arcsec")
        if not (right > left and upper > lower):
            raise MagnetogramError("extent= is left, right, lower, upper: each second must be the larger")
        steps = ((right - left) / columns, (upper - lower) / rows)
        middle = ((left + right) / 2, (lower + upper) / 2)
        if scale is not None and not np.allclose(steps, _steps(scale), rtol=0.01):
            raise MagnetogramError(f"{name}: extent= makes {steps[0]:.4g} by {steps[1]:.4g} arcsec a pixel, not scale=")
    else:
        if scale is None or center is None:
            missing = "center=" if center is None else "scale="
            raise MagnetogramError(f"{name}: coordinates need {missing} too, or extent= in place of both")
        steps = _steps(scale)
        middle = _several(center, 2, "center", "arcsec")
    if "date-obs" not in header:
        raise MagnetogramError(f"{name}: the time of observation is missing; give it as time=")
    frame = Helioprojective(observer=_observer(observer, header["date-obs"]), obstime=header["date-obs"])
    world = make_fitswcs_header(
        field,
        SkyCoord(*middle * u.arcsec, frame=frame),
        reference_pixel=[(columns - 1) / 2, (rows - 1) / 2] * u.pix,
        scale=steps * u.arcsec / u.pix,
    )
    world.pop("date-obs")
    return dict(world)


def _steps(scale):
    """Arcsec a pixel along x and y."""
    if isinstance(scale, u.Quantity) and scale.unit.is_equivalent(u.arcsec / u.pix):
        scale = scale * u.pix
    steps = _several(np.broadcast_to(scale, 2, subok=True), 2, "scale", "arcsec")
    if min(steps) <= 0:
        raise MagnetogramError("scale= must be positive")
    return steps


def _several(value, number, argument, unit):
    value = require_quantity(value, unit, argument)
    if np.shape(value) != (number,):
        raise MagnetogramError(f"{argument}= takes {number} numbers, got {np.size(value)}")
    return value


def _observer(observer, time):
    if not isinstance(observer, str):
        return observer
    try:
        return get_body_heliographic_stonyhurst(observer, time)
    except (KeyError, ValueError) as problem:
        message = f"unknown observer {observer!r}: name a solar system body or give a SkyCoord"
        raise MagnetogramError(message) from problem


def _require_header(header, name):
    times = ("date-obs", "date_obs", "date-beg", "date-avg", "t_obs")
    if not any(header.get(key) for key in times):
        raise MagnetogramError(f"{name}: the time of observation is missing; give it as time=")
    if not (header.get("ctype1") and header.get("cunit1") and ("cdelt1" in header or "cd1_1" in header)):
        raise MagnetogramError(f"{name}: the coordinates are missing; give scale= and center=, or extent=")


def _require_field_unit(frame, name="the map"):
    if frame.unit is None:
        raise MagnetogramError(f"{name}: the unit of the field is missing; give it, for example unit=u.G")
    if not frame.unit.is_equivalent(u.G):
        raise MagnetogramError(f"{name}: the unit is {frame.unit}, which is not one of a magnetic field")


def field_strength(frame):
    """
    The field of a map in gauss, with not-a-number where the map has no data.

    Parameters
    ----------
    frame : `~sunpy.map.GenericMap`
        In gauss, tesla, Mx / cm2 or any equivalent unit.

    Returns
    -------
    `numpy.ndarray`
        Shape (rows, columns), plain gauss.

    Raises
    ------
    MagnetogramError
        If the map has no unit or one that is not of a magnetic field.
    """
    if not isinstance(frame, GenericMap):
        raise TypeError(f"a sunpy.map.Map is needed, got {type(frame).__name__}; magnetogram() makes one")
    _require_field_unit(frame, frame.meta.get("filename", "the map"))
    field = _checked_field(np.asarray(frame.data), frame.meta.get("filename", "the map"))
    factor = frame.unit.to(u.G)
    field = field * factor if factor != 1 else field.copy()
    field[~valid_pixels(frame)] = np.nan
    return field


def valid_pixels(frame):
    """
    Where a map has data: finite, not masked, not padding.

    Padding is a region of exact zeros, of 25 pixels or more, that reaches the frame's edge: what the
    rotation of a field of view leaves in its corners.

    Parameters
    ----------
    frame : `~sunpy.map.GenericMap`

    Returns
    -------
    `numpy.ndarray` of `bool`
        Shape (rows, columns).
    """
    data = np.asarray(frame.data)
    valid = np.isfinite(data) & ~_edge_regions(data == 0)
    if frame.mask is not None:
        valid &= ~frame.mask
    return valid


def _edge_regions(pixels):
    """The connected regions of a mask that touch the frame's edge and are not there by chance."""
    labels, number = ndimage.label(pixels)
    if number == 0:
        return np.zeros(pixels.shape, bool)
    edge = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    chosen = np.zeros(number + 1, bool)
    chosen[edge] = True
    chosen &= np.bincount(labels.ravel(), minlength=number + 1) >= SMALLEST_PADDING
    chosen[0] = False
    return chosen[labels]


def pixel_area(frame, kind="sky"):
    """
    Area of each pixel of a map.

    On the sky, a pixel's area follows from its angle and the observer's distance from the Sun's
    center. On the surface it is larger by 1 / mu, mu being the cosine of the angle between the line
    of sight and the vertical. Pixels of a heliographic map are areas of the surface anyway.

    Parameters
    ----------
    frame : `~sunpy.map.GenericMap`
    kind : {"sky", "surface"}

    Returns
    -------
    `~astropy.units.Quantity`
        In Mm2: a scalar where all pixels are alike, else of shape (rows, columns); not-a-number
        where a line of sight misses the Sun and the surface is asked for.

    Examples
    --------
    >>> import astropy.units as u
    >>> import numpy as np
    >>> from sunpy_solarunet import magnetogram
    >>> from sunpy_solarunet.magnetograms import pixel_area
    >>> frame = magnetogram(np.zeros((4, 4)) * u.G, time="2017-07-13", scale=1 * u.arcsec, center=(0, 0) * u.arcsec)
    >>> print(f"{pixel_area(frame):.4f}")
    0.5435 Mm2
    """
    name_choice(kind, AREAS, "area")
    if not isinstance(frame.coordinate_frame, Helioprojective):
        return _heliographic_pixel_area(frame)
    matrix = frame.wcs.pixel_scale_matrix * frame.wcs.wcs.cunit[0].to(u.radian)
    distance = frame.observer_coordinate.radius.to_value(u.Mm)
    area = abs(np.linalg.det(matrix)) * distance**2
    if kind == "sky":
        return area * u.Mm**2
    return area / _mu(frame) * u.Mm**2


def _mu(frame):
    """Cosine of the angle between line of sight and vertical; not-a-number off the disk."""
    rows, columns = np.indices(frame.data.shape)
    direction = frame.pixel_to_world(columns * u.pix, rows * u.pix)
    cosine = np.cos(direction.Tx) * np.cos(direction.Ty)
    sine = np.sqrt(1 - cosine**2) * (frame.observer_coordinate.radius / frame.rsun_meters)
    with np.errstate(invalid="ignore"):
        return np.sqrt(1 - sine.to_value(u.one) ** 2)


def _heliographic_pixel_area(frame):
    """Area on the sphere between the corners of each pixel: exact in longitude and sine of latitude."""
    rows, columns = np.indices(np.add(frame.data.shape, 1)) - 0.5
    corners = frame.pixel_to_world(columns * u.pix, rows * u.pix)
    lon = np.unwrap(corners.spherical.lon.to_value(u.rad), axis=1)
    sine = np.sin(corners.spherical.lat.to_value(u.rad))
    first = (lon[1:, 1:] - lon[:-1, :-1]) * (sine[1:, :-1] - sine[:-1, 1:])
    second = (lon[1:, :-1] - lon[:-1, 1:]) * (sine[1:, 1:] - sine[:-1, :-1])
    return np.abs(first - second) / 2 * frame.rsun_meters.to(u.Mm) ** 2


def pixel_length(frame):
    """
    Length of a pixel's side on the Sun: the root of its area at the middle of the frame.

    Parameters
    ----------
    frame : `~sunpy.map.GenericMap`

    Returns
    -------
    `~astropy.units.Quantity`
        In Mm.
    """
    area = pixel_area(frame)
    if not area.isscalar:
        area = np.nanmedian(area)
    return np.sqrt(area).to(u.Mm)


class MagnetogramSequence(Sequence):
    """
    Magnetograms in the order of their times, each read when it is asked for.

    Made by `~sunpy_solarunet.read_magnetograms`. Indexing, slicing and iterating give maps; nothing is kept.

    Parameters
    ----------
    sources : list
        Paths or maps.
    times : `~astropy.time.Time`
        One a source, increasing.
    options : list of `dict`
        Arguments of `~sunpy_solarunet.magnetogram`, one a source.
    """

    def __init__(self, sources, times, options):
        self._sources = sources
        self._options = options
        #: Times of the frames.
        self.times = times

    def __len__(self):
        return len(self._sources)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return MagnetogramSequence(self._sources[index], self.times[index], self._options[index])
        return magnetogram(self._sources[index], **self._options[index])

    def __repr__(self):
        if not self:
            return "<MagnetogramSequence: no frames>"
        return f"<MagnetogramSequence: {len(self)} frames, {self.times[0].iso} to {self.times[-1].iso}>"


def read_magnetograms(paths, *, times=None, start=None, cadence=None, time_pattern=None, **description):
    """
    Magnetograms of a sequence, read one by one and in the order of their times.

    Parameters
    ----------
    paths : path-like or list
        A file, a folder, a pattern such as ``"frames/*.fits"``, or a list of these or of maps. Files
        that a folder or a pattern names are taken in the order of their names.
    times : `~astropy.time.Time` or list of `str`, optional
        One time a file, in the order of ``paths``, for files without.
    start, cadence : `~astropy.time.Time` or `str`, `~astropy.units.Quantity`, optional
        Time of the first file and time from one file to the next, for files without.
    time_pattern : `str`, optional
        Where the time stands in the file name, as `datetime.datetime.strptime` reads it, for
        example ``"intgr_%y%m%d_%H%M%S"``; for files without.
    **description
        Further arguments of `magnetogram`, the same for all files.

    Returns
    -------
    MagnetogramSequence

    Raises
    ------
    FileNotFoundError
        If nothing is found.
    MagnetogramError
        If a file is no magnetogram, or its time is neither in it nor given.
    SequenceError
        If two frames have the same time.

    Examples
    --------
    >>> from sunpy_solarunet import read_magnetograms
    >>> read_magnetograms([])
    <MagnetogramSequence: no frames>
    """
    sources = _find(paths)
    given = _given_times(sources, times, start, cadence, time_pattern)
    options = [description | ({} if time is None else {"time": time}) for time in given]
    if not sources:
        return MagnetogramSequence([], Time([], format="isot"), [])
    taken = Time([_time_of(source, chosen) for source, chosen in zip(sources, options, strict=True)])
    order = np.argsort(taken, kind="stable")
    _require_different_times(sources, taken, order)
    return MagnetogramSequence([sources[i] for i in order], taken[order], [options[i] for i in order])


def _find(paths):
    """The files and maps that a user's argument stands for."""
    if isinstance(paths, GenericMap):
        return [paths]
    if not isinstance(paths, str | Path):
        return [source for path in paths for source in _find(path)]
    path = Path(paths)
    if path.is_dir():
        return list_magnetograms(path)
    if path.is_file():
        found = [path]
    else:
        found = sorted(Path(name) for name in glob.glob(str(paths)))
    if not found:
        raise FileNotFoundError(f"{paths}: no such file, and no file fits it as a pattern")
    return found


def list_magnetograms(folder):
    """
    The FITS files and images in a folder, in the order of their names.

    Parameters
    ----------
    folder : path-like

    Returns
    -------
    list of `pathlib.Path`

    Raises
    ------
    FileNotFoundError
        If there is no such folder or nothing in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder")
    suffixes = (*FITS_SUFFIXES, *IMAGE_SUFFIXES)
    found = sorted(path for path in folder.iterdir() if path.is_file() and path.name.lower().endswith(suffixes))
    if not found:
        raise FileNotFoundError(f"{folder}: no FITS file or image in this folder")
    return found


def _given_times(sources, times, start, cadence, time_pattern):
    """A time a source, or None where the source must know its own."""
    ways = [times is not None, start is not None or cadence is not None, time_pattern is not None]
    if sum(ways) > 1:
        raise SequenceError("give times=, or start= and cadence=, or time_pattern=: only one of these")
    if times is not None:
        if len(times) != len(sources):
            raise SequenceError(f"times= holds {len(times)} times for {len(sources)} files")
        return list(times)
    if ways[1]:
        if start is None or cadence is None:
            raise SequenceError("start= and cadence= belong together: one of them is missing")
        step = TimeDelta(require_quantity(cadence, u.s, "cadence", positive=True), format="sec")
        return [Time(start) + number * step for number in range(len(sources))]
    if time_pattern is not None:
        return [_time_in_name(source, time_pattern) for source in sources]
    return [None] * len(sources)


def _time_in_name(source, pattern):
    name = Path(source).name if isinstance(source, str | Path) else source.meta.get("filename", "")
    for end in range(len(name), 0, -1):
        try:
            return Time(datetime.datetime.strptime(name[:end], pattern))
        except ValueError:
            continue
    raise MagnetogramError(f"{name}: the file name does not begin like {pattern!r}")


def _time_of(source, options):
    """Time of a frame, from its header alone."""
    if options.get("time") is not None:
        return Time(options["time"])
    if isinstance(source, GenericMap):
        return source.date
    if is_image(source):
        message = f"{source.name}: an image has no time of observation; give times=, start= or time_pattern="
        raise MagnetogramError(message)
    empty, header = _of_image(source, _without_data)
    description = {key: value for key, value in options.items() if key != "field_range"}
    return _described(empty, header, source.name, **description).date


def _without_data(image):
    """As `_read_fits` gives it, but with zeros, which take no memory, in place of the data."""
    return np.broadcast_to(np.zeros(1), image.shape), _plain_header(image)


def _require_different_times(sources, times, order):
    same = np.flatnonzero(np.diff(times[order].unix) == 0)
    if len(same):
        names = [getattr(sources[order[i]], "name", "a map") for i in (same[0], same[0] + 1)]
        raise SequenceError(f"{names[0]} and {names[1]} have the same time, {times[order][same[0]].iso}")


def surface_coordinates(coordinate):
    """
    Helioprojective and Stonyhurst coordinates of places given in any solar frame.

    Parameters
    ----------
    coordinate : `~astropy.coordinates.SkyCoord`
        In a frame that knows its time. Where it knows no observer, the Earth's view is taken.

    Returns
    -------
    tuple of `~astropy.units.Quantity`
        Tx and Ty in arcsec, longitude and latitude in degrees; the last two are not-a-number off the disk.
    """
    observer = coordinate.observer
    if observer is None:
        observer = get_body_heliographic_stonyhurst("earth", coordinate.obstime)
    if isinstance(coordinate.frame, Helioprojective):
        sky = coordinate
    else:
        sky = coordinate.transform_to(Helioprojective(observer=observer, obstime=coordinate.obstime))
    with warnings.catch_warnings():
        # Not-a-number is the answer that is wanted off the disk.
        warnings.filterwarnings("ignore", "The conversion of these 2D helioprojective coordinates", SunpyUserWarning)
        surface = coordinate.transform_to(HeliographicStonyhurst(obstime=coordinate.obstime))
    return sky.Tx.to(u.arcsec), sky.Ty.to(u.arcsec), surface.lon.to(u.deg), surface.lat.to(u.deg)
