"""
The demonstration: a synthetic sequence all the way from magnetograms to tables, figures and a movie.
"""

import contextlib
import io

import astropy.units as u
import numpy as np
from sunpy import log

from sunpy_solarunet import Run, Segmenter, Tracker, magnetogram
from sunpy_solarunet.plotting import save_frame
from sunpy_solarunet.synthetic import six_events
from sunpy_solarunet.tracking.tables import require_columns

__all__ = ["demonstrate", "matching_events"]

#: How far a found event may lie from the planted one.
TOLERANCE = 1 * u.arcsec


def matching_events(planted, found, *, tolerance=TOLERANCE):
    """
    The found event that each planted one is.

    Parameters
    ----------
    planted, found : `~astropy.table.QTable`
        With the columns kind, frame, Tx and Ty.
    tolerance : `~astropy.units.Quantity`
        Largest distance.

    Returns
    -------
    `numpy.ndarray` of `int`
        Row in ``found`` of the nearest event of the same kind in the same frame, or -1.
    """
    for events in (planted, found):
        require_columns(events, ("kind", "frame", "Tx", "Ty"), "events")
    rows = np.full(len(planted), -1)
    for number, event in enumerate(planted):
        distance = np.hypot(found["Tx"] - event["Tx"], found["Ty"] - event["Ty"])
        distance[(found["kind"] != event["kind"]) | (found["frame"] != event["frame"])] = np.inf * u.arcsec
        if len(found) and distance.min() <= tolerance:
            rows[number] = distance.argmin()
    return rows


def demonstrate(output, *, seed=0, progress=True, say=print):
    """
    Show the whole way on a sequence whose events are known, and one step of it on a real magnetogram.

    Parameters
    ----------
    output : path-like
        Folder for tables, figures and movie, made if need be; what is in it from before is replaced.
    seed : `int`
        Seed of the noise.
    progress : `bool`
        Show bars.
    say : callable
        Called with each line of what is found.

    Returns
    -------
    run : `~sunpy_solarunet.Run`
    rows : `numpy.ndarray` of `int`
        Of the run's events, that which each planted one is, see `matching_events`.
    """
    segmenter = Segmenter()
    say("A synthetic sequence, segmented by the network and tracked:")
    maps, planted = six_events(seed)
    run = Run(output).track(maps, segmenter, Tracker(), overwrite=True, progress=progress)
    run.draw(events=True, progress=progress)
    run.movie(progress=progress)
    rows = matching_events(planted, run.events)
    _compare(planted, run.events, rows, say)
    _real_magnetogram(segmenter, run.folder, say)
    say(f"\nTables, figures and a movie are in {run.folder.resolve()}")
    return run, rows


def _compare(planted, found, rows, say):
    say(f"\n  {'planted':15} frame  found at")
    for event, row in zip(planted, rows, strict=True):
        place = f"({found['Tx'][row]:.1f}, {found['Ty'][row]:.1f})" if row >= 0 else "not found"
        say(f"  {event['kind']:15} {event['frame']:5}  {place}")
    say(f"  {np.count_nonzero(rows >= 0)} of {len(planted)} found, {len(found) - len(set(rows[rows >= 0]))} others\n")


def _real_magnetogram(segmenter, output, say=print):
    """A magnetogram of SDO/HMI out of sunpy's sample data, where that can be had."""
    say("A real magnetogram, SDO/HMI out of sunpy's sample data:")
    path = _sample_file()
    if path is None:
        say("  not on this machine, and it cannot be downloaded now")
        return
    catalog = segmenter(magnetogram(path))
    save_frame(output / "hmi.png", catalog)
    say(f"  {catalog.time.iso}, {len(catalog)} features, drawn in hmi.png")


def _sample_file():
    """Path of the sample magnetogram, downloaded if need be, or `None`; without the downloader's own messages."""
    level = log.level
    log.setLevel("CRITICAL")
    try:
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            from sunpy.data.sample import HMI_LOS_IMAGE
    except (RuntimeError, OSError, ImportError):
        return None
    finally:
        log.setLevel(level)
    return HMI_LOS_IMAGE
