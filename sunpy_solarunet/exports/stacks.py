"""
The labels of all frames as an array of xarray.
"""

import warnings
from collections.abc import Iterable

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.exports.packages import needed
from sunpy_solarunet.features import FeatureCatalog
from sunpy_solarunet.runs import Run
from sunpy_solarunet.runs.frames import read_labels
from sunpy_solarunet.runs.layout import Layout

__all__ = ["to_xarray"]

__doctest_requires__ = {"to_xarray": ["xarray"]}

NEEDED = "a Run or FeatureCatalogs are needed; a Tracker has no labels"


def to_xarray(source):
    """
    The labels of the features in all frames, one after the other.

    Parameters
    ----------
    source : `~sunpy_solarunet.Run`, `~sunpy_solarunet.FeatureCatalog` or iterable of these catalogs
        Of a run, the frames that could be used; their labels are read from its folder when they are asked for, frame by
        frame.

    Returns
    -------
    `xarray.DataArray`
        Labels by time, y and x, 0 where there is no feature. Coordinates are the time in UTC, the ``frame``, as in the
        tables of a run or else counted from 0, the pixels ``y`` and ``x``, from 0, and ``wcs``, the coordinates of each
        frame as a FITS header: `astropy.wcs.WCS` reads it. The attributes tell how the features were found.

    Raises
    ------
    TypeError
        If the source is neither a run nor catalogs.
    SolarUnetError
        If xarray or, for a run, Dask is not installed, there is no frame, or the frames differ in shape.

    Examples
    --------
    >>> from sunpy_solarunet import Segmenter
    >>> from sunpy_solarunet.exports import to_xarray
    >>> from sunpy_solarunet.synthetic import six_events
    >>> maps, _ = six_events()
    >>> labels = to_xarray(map(Segmenter("threshold"), maps))
    >>> labels.sizes["time"]
    8
    >>> labels.dims
    ('time', 'y', 'x')
    >>> labels.sel(time="2024-05-01T16:02").frame.item()
    2
    """
    xarray = needed("xarray", "xarray", "arrays of xarray")
    frames, stack, meta = _of_run(source) if isinstance(source, Run) else _of_catalogs(source)
    numbers, times, headers = zip(*frames, strict=True)
    coordinates = {
        "time": [time.utc.to_value("datetime64") for time in times],
        "frame": ("time", list(numbers)),
        "wcs": ("time", list(headers)),
        "y": np.arange(stack.shape[1]),
        "x": np.arange(stack.shape[2]),
    }
    attributes = {name: value if type(value) in (str, int, float) else str(value) for name, value in meta.items()}
    return xarray.DataArray(stack, coordinates, ("time", "y", "x"), name="label", attrs=attributes)


def _of_catalogs(source):
    """Number, time and coordinates of each frame, the labels, and how they were found."""
    if not isinstance(source, Iterable):
        raise TypeError(NEEDED)
    catalogs = [source] if isinstance(source, FeatureCatalog) else list(source)
    if not all(isinstance(catalog, FeatureCatalog) for catalog in catalogs):
        raise TypeError(NEEDED)
    _require_one_shape([catalog.labels.shape for catalog in catalogs])
    frames = [(number, one.time, one.map.wcs.to_header_string(relax=True)) for number, one in enumerate(catalogs)]
    return frames, np.stack([catalog.labels for catalog in catalogs]), catalogs[0].meta


def _of_run(run):
    array = needed("dask.array", "xarray", "labels of a run")
    delayed = needed("dask", "xarray", "labels of a run").delayed
    paths = {number: Layout(run.folder).frame(number) for number in run.used_frames()}
    stored = [_shape_and_wcs(path) for path in paths.values()]
    _require_one_shape([shape for shape, _ in stored])
    times = dict(zip(run.frames["frame"].tolist(), run.frames["time"], strict=True))
    frames = [(number, times[number], wcs) for number, (_, wcs) in zip(paths, stored, strict=True)]
    pieces = [array.from_delayed(delayed(_stored_labels)(path), stored[0][0], np.int32) for path in paths.values()]
    return frames, array.stack(pieces), run.frames.meta


def _require_one_shape(shapes):
    if not shapes:
        raise SolarUnetError("there is no frame with labels")
    if len(set(shapes)) > 1:
        raise SolarUnetError(f"all frames must have one shape, here are {', '.join(map(str, sorted(set(shapes))))}")


def _shape_and_wcs(path):
    with warnings.catch_warnings(action="ignore"), fits.open(path) as hdus:
        labels = hdus["LABELS"]
        return labels.shape, WCS(labels.header).to_header_string(relax=True)


def _stored_labels(path):
    return read_labels(path).data
