"""
The rows that one frame, and what happened before it, add to the tables.
"""

import astropy.units as u
import numpy as np
from astropy.time import Time

from sunpy_solarunet.features import MEASUREMENTS
from sunpy_solarunet.magnetograms import surface_coordinates
from sunpy_solarunet.tracking.events import KINDS
from sunpy_solarunet.tracking.tables import SCHEMAS, make_table, stack_tables

__all__ = ["events_tables", "features_table", "frames_table"]


def features_table(catalog, frame, track_ids):
    """
    The features of a frame.

    Parameters
    ----------
    catalog : `~sunpy_solarunet.FeatureCatalog`
    frame : `int`
        Number of the frame.
    track_ids : `numpy.ndarray` of `int`
        Track of each feature.

    Returns
    -------
    `~astropy.table.QTable`
    """
    columns = {name: getattr(catalog, name) for name in MEASUREMENTS}
    columns |= {"frame": np.full(len(catalog), frame), "track_id": track_ids}
    return make_table("features", columns | {"time": _repeated(catalog.time, len(catalog))})


def frames_table(catalog, frame, skipped=""):
    """
    The row of a frame.

    Parameters
    ----------
    catalog : `~sunpy_solarunet.FeatureCatalog`
    frame : `int`
        Number of the frame.
    skipped : `str`
        Why it could not be used, if so.

    Returns
    -------
    `~astropy.table.QTable`
    """
    observer = catalog.map.observer_coordinate
    flux = catalog.flux.value
    row = {
        "frame": frame,
        "time": catalog.time,
        "file": str(catalog.map.meta.get("filename", "")),
        "observer_lon": observer.lon,
        "observer_lat": observer.lat,
        "observer_radius": observer.radius,
        "n_features": len(catalog),
        "positive_flux": flux[flux > 0].sum(),
        "negative_flux": flux[flux < 0].sum(),
        "skipped": skipped,
    }
    return make_table("frames", {name: _single(value) for name, value in row.items()})


def events_tables(transition, before, after):
    """
    The events between two frames and their members.

    Parameters
    ----------
    transition : `~sunpy_solarunet.tracking.events.Transition`
    before, after : tuple
        Catalog, number of the frame and track of each feature.

    Returns
    -------
    tuple of `~astropy.table.QTable`
        Events, numbered from 0, and members.
    """
    deaths = [_Event(death, before[0], after[0], "death") for death in transition.deaths]
    births = [_Event(birth, after[0], before[0], "birth") for birth in transition.births]
    tables = [_events_table(deaths, before[1]), _events_table(births, after[1])]
    events = stack_tables("events", tables)
    events["event_id"] = np.arange(len(events))
    sides = (("parent", "parents", *before), ("child", "children", *after))
    rows = [
        (event_id, track_ids[feature], catalog.label[feature], frame, role)
        for event_id, event in zip(events["event_id"], deaths + births, strict=True)
        for role, members, catalog, frame, track_ids in sides
        for feature in getattr(event, members)
    ]
    columns = dict(zip(SCHEMAS["members"], zip(*rows, strict=True), strict=True)) if rows else {}
    return events, make_table("members", columns)


class _Event:
    """An explanation with the catalogs that it speaks of."""

    def __init__(self, explanation, own, other, category):
        self.explanation = explanation
        self.own = own
        self.other = other
        self.category = category
        self.before, self.after = (own, other) if category == "death" else (other, own)
        self.members = list(explanation.members)
        self.products = [] if explanation.product is None else [explanation.product]
        self.parents, self.children = (
            (self.members, self.products) if category == "death" else (self.products, self.members)
        )

    @property
    def kind(self):
        kind = self.explanation.kind
        return kind if self.category == "death" else KINDS[kind]

    @property
    def balance(self):
        if self.explanation.kind != "cancellation":
            return ""
        return "unbalanced" if self.products else "balanced"

    @property
    def flux_before(self):
        return self.before.flux.value[self.parents].sum()

    @property
    def flux_after(self):
        return self.after.flux.value[self.children].sum()

    @property
    def position(self):
        """Column and row of the members' common flux-weighted center."""
        weights = np.abs(self.own.flux.value[self.members])
        weights = weights if weights.any() else None
        return [np.average(places.value[self.members], weights=weights) for places in (self.own.x, self.own.y)]


def _events_table(events, frame):
    """Events of one category, which this frame shows."""
    if not events:
        return make_table("events", {})
    first = events[0]
    number = len(events)
    position = np.array([event.position for event in events]).T * u.pix
    Tx, Ty, lon, lat = surface_coordinates(first.own.map.pixel_to_world(*position))
    described = ("kind", "balance", "flux_before", "flux_after")
    columns = {name: [getattr(event, name) for event in events] for name in described}
    columns |= {
        "event_id": np.zeros(number),
        "category": [first.category] * number,
        "time": _repeated(first.own.time, number),
        "frame": np.full(number, frame),
        "Tx": Tx,
        "Ty": Ty,
        "lon": lon,
        "lat": lat,
        "imbalance": [event.explanation.imbalance for event in events],
        "confidence": [event.explanation.confidence for event in events],
        "n_features": [len(event.parents) + len(event.children) for event in events],
        "parents": [_labels(event.before, event.parents) for event in events],
        "children": [_labels(event.after, event.children) for event in events],
    }
    return make_table("events", columns)


def _repeated(time, number):
    return Time(np.full(number, time.jd1), np.full(number, time.jd2), format="jd", scale=time.scale)


def _labels(catalog, features):
    return " ".join(str(catalog.label[feature]) for feature in features)


def _single(value):
    """A column of one row."""
    return value.reshape(1) if isinstance(value, u.Quantity | Time) else [value]
