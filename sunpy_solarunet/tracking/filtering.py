"""
Tables without the tracks that are too short or too small to be told from noise.
"""

from collections.abc import Mapping
from numbers import Real

import astropy.units as u
import numpy as np

from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.tracking.kinship import numbers_in, text_of
from sunpy_solarunet.tracking.tables import SCHEMAS, require_columns

__all__ = ["INTERACTIONS", "noise_filter"]

#: Kinds of events in which a feature meets another.
INTERACTIONS = ("merging", "splitting", "cancellation", "emergence")


#: The columns that are needed of each table.
COLUMNS = {
    "events": ("event_id", "n_features", "parents", "children"),
    "members": ("event_id", "track_id", "label", "role"),
    "features": ("frame", "track_id", "n_pixels", "flux"),
    "tracks": ("track_id", "lifetime", "birth", "death", "birth_censored", "death_censored", "parents", "children"),
    "frames": ("frame", "n_features", "positive_flux", "negative_flux"),
}


def noise_filter(tables, *, min_lifetime=4, min_pixels=4, keep_interacting=True):
    """
    Drop the tracks that live too briefly or stay too small, as SWAMIS does.

    A track is dropped if it lives fewer than ``min_lifetime`` frames, or if it has fewer than
    ``min_pixels`` pixels in each of its frames. Censored tracks are never dropped for their lifetime:
    they may be longer than what was seen of them. Noise seldom merges, splits, cancels or emerges with
    another feature, so that tracks that are born or die in such an event stay, unless
    ``keep_interacting`` is `False`. (A track whose birth or death is "shared" has no such event.)

    With a track go its rows in features and members and its number in the lineage of others. An event
    stays as long as one of its members does: it loses the dropped members' labels and is counted with
    those that are left, while its place, its fluxes and its imbalance remain those of the whole event.
    Numbers of features and fluxes of the frames are those of the features that are left. Numbers of
    tracks and events remain as they are.

    Parameters
    ----------
    tables : `dict` of `~astropy.table.QTable` or `~sunpy_solarunet.Tracker`
        The five tables of a sequence by name, as from `sunpy_solarunet.Tracker.tables`; they are not
        changed.
    min_lifetime : `int`
        Smallest lifetime, in frames.
    min_pixels : `int`
        Smallest number of pixels that a track must have in one of its frames.
    keep_interacting : `bool`
        Whether tracks that are born or die by merging, splitting, cancellation or emergence stay
        however short and small they are.

    Returns
    -------
    `dict` of `~astropy.table.QTable`
        events, members, features, tracks and frames; the ``meta`` of each says how they were filtered
        (``noise_filter_min_lifetime``, ``noise_filter_min_pixels``, ``noise_filter_keep_interacting``)
        and how many tracks that dropped (``noise_filter_dropped_tracks``).

    Raises
    ------
    TypeError
        If ``tables`` is neither a tracker nor a dict of tables.
    SolarUnetError
        If a table or a column is missing, the tables are not of one run, or a number is out of its range.

    References
    ----------
    DeForest, C. E., Hagenaar, H. J., Lamb, D. A., Parnell, C. E., & Welsch, B. T. 2007, ApJ 666, 576

    Examples
    --------
    >>> import astropy.units as u
    >>> import numpy as np
    >>> from sunpy_solarunet import Segmenter, Tracker, magnetogram
    >>> from sunpy_solarunet.tracking.filtering import noise_filter
    >>> frames = []
    >>> for minute in range(3):
    ...     field = np.full((16, 24), 5.0)
    ...     field[6:10, 3:8] = 300
    ...     if minute == 1:
    ...         field[2:6, 18:21] = -200
    ...     frames.append(magnetogram(field * u.G, time=f"2017-07-13 20:0{minute}:00", scale=0.5 * u.arcsec,
    ...                               center=(0, 0) * u.arcsec))
    >>> segmenter = Segmenter(method="threshold", threshold=100 * u.G)
    >>> tracker = Tracker()
    >>> events = tracker.track(segmenter(frame) for frame in frames)
    >>> filtered = noise_filter(tracker, min_lifetime=2)
    >>> len(tracker.tracks), len(filtered["tracks"])
    (2, 1)
    >>> len(events), len(filtered["events"])
    (2, 0)
    >>> filtered["frames"]["n_features"].tolist()
    [1, 1, 1]
    """
    tables = _checked(tables)
    min_lifetime = _whole_number(min_lifetime, "min_lifetime")
    min_pixels = _whole_number(min_pixels, "min_pixels")
    tracks, features, members = (tables[name] for name in ("tracks", "features", "members"))
    noise = _noise(tracks, features, min_lifetime, min_pixels)
    if keep_interacting:
        noise &= ~(np.isin(tracks["birth"], INTERACTIONS) | np.isin(tracks["death"], INTERACTIONS))
    kept = np.asarray(tracks["track_id"])[~noise]
    kept_features = features[np.isin(features["track_id"], kept)]
    kept_members = members[np.isin(members["track_id"], kept)]
    filtered = {
        "events": _events_of(tables["events"], members, kept_members),
        "members": kept_members,
        "features": kept_features,
        "tracks": _without_lost_kin(tracks[~noise], kept),
        "frames": _recounted(tables["frames"], kept_features),
    }
    for table in filtered.values():
        table.meta |= {
            "noise_filter_min_lifetime": min_lifetime,
            "noise_filter_min_pixels": min_pixels,
            "noise_filter_keep_interacting": bool(keep_interacting),
            "noise_filter_dropped_tracks": int(noise.sum()),
        }
    return filtered


def _checked(tables):
    """The tables by name, with the columns that are needed, and none that names what another has not."""
    # A tracker is known by its method: this module does not need the tracker's.
    tables = tables.tables() if hasattr(tables, "tables") else tables
    if not isinstance(tables, Mapping):
        raise TypeError(f"the dict of tables of Tracker.tables() is needed, or a Tracker, got {type(tables).__name__}")
    missing = [name for name in SCHEMAS if name not in tables]
    if missing:
        raise SolarUnetError(f"no table {', '.join(missing)}; all of {', '.join(SCHEMAS)} are needed")
    for name, columns in COLUMNS.items():
        require_columns(tables[name], columns, name)
    for column, whole, parts in (
        ("track_id", "tracks", ("features", "members")),
        ("track_id", "features", ("tracks",)),
        ("event_id", "events", ("members",)),
        ("frame", "frames", ("features",)),
    ):
        for part in parts:
            if not np.isin(tables[part][column], tables[whole][column]).all():
                raise SolarUnetError(f"{part} and {whole} are of different runs: a {column} is in the first alone")
    return tables


def _whole_number(value, argument):
    if not isinstance(value, Real) or value % 1 != 0 or value < 0:
        raise SolarUnetError(f"{argument} must be a whole number of at least 0, got {value}")
    return int(value)


def _noise(tracks, features, min_lifetime, min_pixels):
    """Tracks that are too short or too small."""
    order = np.argsort(tracks["track_id"])
    owner = order[np.searchsorted(tracks["track_id"], features["track_id"], sorter=order)]
    largest = np.zeros(len(tracks), int)
    np.maximum.at(largest, owner, np.asarray(features["n_pixels"]))
    censored = np.asarray(tracks["birth_censored"] | tracks["death_censored"])
    return (np.asarray(tracks["lifetime"] < min_lifetime) & ~censored) | (largest < min_pixels)


def _events_of(events, members, kept_members):
    """Events that have members left, with the labels and the number of these."""
    rows_before, rows = (_rows_of_each(events["event_id"], table["event_id"]) for table in (members, kept_members))
    label, role = np.asarray(kept_members["label"]), np.asarray(kept_members["role"])
    number = np.array([len(left) for left in rows], int)
    changed = number < [len(all_rows) for all_rows in rows_before]
    events = events.copy()
    for column, side in (("parents", "parent"), ("children", "child")):
        for event in np.flatnonzero(changed & (number > 0)):
            left = rows[event]
            events[column][event] = text_of(label[left[role[left] == side]])
    events["n_features"][changed] = number[changed]
    return events[number > 0]


def _rows_of_each(event_ids, owners):
    """For each event the rows of a table that belong to it."""
    owners = np.asarray(owners)
    order = np.argsort(owners, kind="stable")
    first, last = (np.searchsorted(owners, event_ids, side=side, sorter=order) for side in ("left", "right"))
    return [order[start:stop] for start, stop in zip(first, last, strict=True)]


def _without_lost_kin(tracks, kept):
    """The tracks, their lineage without the tracks that are not among those kept."""
    known = set(kept.tolist())
    for column in ("parents", "children"):
        for row in np.flatnonzero(tracks[column] != ""):
            tracks[column][row] = text_of(number for number in numbers_in(tracks[column][row]) if number in known)
    return tracks


def _recounted(frames, features):
    """The frames with the number and the fluxes of the features that are left."""
    frames = frames.copy()
    order = np.argsort(frames["frame"])
    row = order[np.searchsorted(frames["frame"], features["frame"], sorter=order)]
    flux = features["flux"].to_value(u.Mx)
    frames["n_features"][:] = np.bincount(row, minlength=len(frames))
    for column, part in (("positive_flux", np.maximum(flux, 0)), ("negative_flux", np.minimum(flux, 0))):
        frames[column][:] = np.bincount(row, part, minlength=len(frames)) * u.Mx
    return frames
