"""
The columns of the tables of a tracked sequence.
"""

import astropy.units as u
from astropy.time import Time

__all__ = ["ALL_SCHEMAS", "EVENT_KINDS", "SCHEMAS", "recognized_table"]

#: The kinds of events: three of the death category, then three of the birth category.
EVENT_KINDS = ("disappearance", "merging", "cancellation", "appearance", "splitting", "emergence")

#: The columns of each table, those first that matter most: unit (or `str`, `int`, `float`, `bool`,
#: `~astropy.time.Time`) and meaning.
SCHEMAS = {
    "events": {
        "event_id": (int, "number of the event"),
        "kind": (str, "appearance, disappearance, merging, splitting, emergence or cancellation"),
        "time": (Time, "of the frame that shows the event: the earlier for a death, the later for a birth"),
        "Tx": (
            u.arcsec,
            "helioprojective x of the place in that frame where the members meet; of a single one's center",
        ),
        "Ty": (u.arcsec, "helioprojective y"),
        "flux_exchanged": (u.Mx, "unsigned flux that cancelled, emerged, joined, parted, came or went"),
        "confidence": (float, "how much less likely the next best explanation is, in units of the logarithm"),
        "balance": (str, "balanced or unbalanced cancellation or emergence, else empty"),
        "parents": (str, "labels of the members in the earlier frame, separated by blanks"),
        "children": (str, "labels of the members in the later frame"),
        "frame": (int, "number of the frame that shows the event"),
        "category": (str, "birth or death"),
        "lon": (u.deg, "Stonyhurst longitude"),
        "lat": (u.deg, "Stonyhurst latitude"),
        "flux_before": (u.Mx, "signed flux of the members in the earlier frame"),
        "flux_after": (u.Mx, "signed flux of the members in the later frame"),
        "flux_exchanged_error": (u.Mx, "its error, from the noise of the pixels"),
        "minority_share": (float, "of a cancellation or emergence: flux_exchanged by the unsigned flux of all members"),
        "imbalance": (float, "left side of equation 7, 8 or 9; not-a-number for appearance and disappearance"),
        "n_features": (int, "number of members in both frames"),
    },
    "members": {
        "event_id": (int, "number of the event"),
        "track_id": (int, "number of the track"),
        "label": (int, "label of the feature in its frame"),
        "frame": (int, "number of the frame"),
        "role": (str, "parent (in the earlier frame) or child (in the later)"),
    },
    "features": {
        "frame": (int, "number of the frame"),
        "label": (int, "label of the feature in its frame"),
        "track_id": (int, "number of the track that the feature belongs to"),
        "time": (Time, "of the frame"),
        "flux": (u.Mx, "signed flux"),
        "area": (u.Mm**2, "area"),
        "Tx": (u.arcsec, "helioprojective x of the center"),
        "Ty": (u.arcsec, "helioprojective y of the center"),
        "lon": (u.deg, "Stonyhurst longitude of the center"),
        "lat": (u.deg, "Stonyhurst latitude of the center"),
        "polarity": (int, "1 positive, -1 negative"),
        "n_pixels": (int, "number of pixels"),
        "flux_error": (u.Mx, "uncertainty of the flux from the noise of its pixels"),
        "mean_field": (u.G, "mean field"),
        "peak_field": (u.G, "field of the strongest pixel"),
        "radius": (u.Mm, "radius of the smallest circle that covers the feature"),
        "elongation": (float, "ratio of the major to the minor axis, from flux-weighted second moments on the Sun"),
        "orientation": (u.deg, "angle of the major axis from west toward north; not-a-number where it is round"),
        "x": (u.pix, "column of the flux-weighted center"),
        "y": (u.pix, "row of the flux-weighted center"),
        "bbox_xmin": (int, "first column"),
        "bbox_xmax": (int, "last column"),
        "bbox_ymin": (int, "first row"),
        "bbox_ymax": (int, "last row"),
        "probability": (float, "mean probability of its pixels to be significant; not-a-number without a network"),
        "touches_edge": (bool, "it touches the frame's edge or pixels without data: part of it may be missing"),
        "flags": (int, "sum of the bits of sunpy_solarunet.features.FLAGS"),
    },
    "tracks": {
        "track_id": (int, "number of the track"),
        "polarity": (int, "1 positive, -1 negative"),
        "birth": (str, "kind of event that the track begins with; shared: it parts from another; empty: censored"),
        "death": (str, "kind of event that the track ends with; shared: it lives on in another; empty: censored"),
        "lifetime": (int, "number of frames: last minus first plus one"),
        "duration": (u.s, "from the first frame to the one after the last; to the last where the end is censored"),
        "max_flux": (u.Mx, "largest flux, with its sign"),
        "velocity": (u.km / u.s, "slope of its places against time, without drift and jumps; noise makes it larger"),
        "first_frame": (int, "number of the first frame"),
        "last_frame": (int, "number of the last frame"),
        "parents": (str, "numbers of the tracks that it came from, separated by blanks"),
        "children": (str, "numbers of the tracks that came from it"),
        "displacement": (u.Mm, "from its first to its last place, without drift and jumps by merging and splitting"),
        "velocity_west": (u.km / u.s, "its component toward west; not-a-number for a single frame"),
        "velocity_north": (u.km / u.s, "its component toward north"),
        "velocity_error": (u.km / u.s, "standard error of each component, from the scatter about the line"),
        "birth_censored": (bool, "the track begins with the sequence or after a gap: it may be older"),
        "death_censored": (bool, "the track ends with the sequence or before a gap: it may live longer"),
    },
    "frames": {
        "frame": (int, "number of the frame"),
        "time": (Time, "of observation"),
        "n_features": (int, "number of features"),
        "positive_flux": (u.Mx, "total flux of the positive features"),
        "negative_flux": (u.Mx, "total flux of the negative features"),
        "skipped": (str, "why the frame could not be used; empty if it could"),
        "file": (str, "name of the file"),
        "observer_lon": (u.deg, "Stonyhurst longitude of the observer"),
        "observer_lat": (u.deg, "Stonyhurst latitude of the observer"),
        "observer_radius": (u.AU, "distance of the observer from the Sun's center"),
    },
}

#: The columns of these, and of the table that follows from events and members.
ALL_SCHEMAS = SCHEMAS | {
    "lineage": {
        "parent": (int, "number of the track that the other came from"),
        "child": (int, "number of the track that came from it"),
        "event_id": (int, "number of the event in which it did"),
        "kind": (str, "of the event: merging, splitting, cancellation or emergence"),
        "frame": (int, "number of the frame that shows the event"),
        "parent_frame": (int, "number of the earlier frame, where the parent is"),
        "child_frame": (int, "number of the later frame, where the child is"),
        "flux_exchanged": (u.Mx, "unsigned flux that cancelled, emerged, joined or parted in the event"),
    },
}


def recognized_table(columns):
    """
    Which of the tables has these columns.

    Parameters
    ----------
    columns : iterable of `str`
        Some may be missing, and there may be others.

    Returns
    -------
    `str` or `None`
        The table that has the largest part of its columns among them; `None` if none has half of them.

    Examples
    --------
    >>> from sunpy_solarunet.tracking.schemas import recognized_table
    >>> recognized_table(["event_id", "label", "frame", "role", "mine"])
    'members'
    """
    columns = set(columns)
    parts = {name: len(columns & schema.keys()) / len(schema) for name, schema in ALL_SCHEMAS.items()}
    best = max(parts, key=parts.get)
    return best if parts[best] >= 0.5 else None
