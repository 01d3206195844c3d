"""
The rows that a frame, and what happened between two frames, add to the tables: plain columns.
"""

import astropy.units as u
import numpy as np
from astropy.time import Time

from sunpy_solarunet.features import MEASUREMENTS
from sunpy_solarunet.magnetograms import pixel_coordinates
from sunpy_solarunet.tracking.columns import join
from sunpy_solarunet.tracking.events import KINDS
from sunpy_solarunet.tracking.exchange import contact, exchanged_flux, lesser_members, minority_share
from sunpy_solarunet.tracking.kinship import text_of
from sunpy_solarunet.tracking.tables import SCHEMAS

__all__ = ["events_columns", "features_columns", "frames_columns"]


def features_columns(catalog, frame):
    """
    The features of a frame, all columns but the numbers of their tracks.

    Parameters
    ----------
    catalog : `~sunpy_solarunet.FeatureCatalog`
    frame : `int`
        Number of the frame.

    Returns
    -------
    `dict`
    """
    measured = {name: _plain(getattr(catalog, name), SCHEMAS["features"][name][0]) for name in MEASUREMENTS}
    number = len(catalog)
    return {"frame": np.full(number, frame), "time": _repeated(catalog.time, number)} | measured


def _plain(values, unit):
    return values.to_value(unit) if isinstance(values, u.Quantity) else values


def frames_columns(catalog, frame, skipped=""):
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
    `dict`
    """
    observer = catalog.map.observer_coordinate
    flux = catalog.flux.to_value(u.Mx)
    row = {
        "frame": frame,
        "time": catalog.time,
        "file": str(catalog.map.meta.get("filename", "")),
        "observer_lon": observer.lon.to_value(u.deg),
        "observer_lat": observer.lat.to_value(u.deg),
        "observer_radius": observer.radius.to_value(u.AU),
        "n_features": len(catalog),
        "positive_flux": flux[flux > 0].sum(),
        "negative_flux": flux[flux < 0].sum(),
        "skipped": skipped,
    }
    return {name: _repeated(value, 1) if isinstance(value, Time) else np.array([value]) for name, value in row.items()}


def events_columns(transition, before, after):
    """
    The events between two frames, deaths first; all columns but their numbers and those of the frames.

    Parameters
    ----------
    transition : `~sunpy_solarunet.tracking.events.Transition`
    before, after : `~sunpy_solarunet.FeatureCatalog`

    Returns
    -------
    `dict`
    """
    deaths = [_Event(death, before, after, "death") for death in transition.deaths]
    births = [_Event(birth, after, before, "birth") for birth in transition.births]
    return join([_columns(deaths, before), _columns(births, after)])


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
        self.lesser = lesser_members(self.members, own.flux.value)
        self.flux_exchanged, self.flux_exchanged_error = exchanged_flux(
            self.lesser, own.flux.value, own.flux_error.value
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
    def minority_share(self):
        return minority_share(self.members, self.lesser, self.own.flux.value)

    @property
    def position(self):
        return contact(self.own, self.members, self.lesser)


def _columns(events, shown):
    """Events of one category, which this frame shows."""
    position = np.array([event.position for event in events]).reshape(-1, 2).T
    places = pixel_coordinates(shown.map, *position) if events else [np.zeros(0) * u.deg] * 4
    columns = {
        "kind": np.array([event.kind for event in events], str),
        "category": np.array([event.category for event in events], str),
        "balance": np.array([event.balance for event in events], str),
        "time": _repeated(shown.time, len(events)),
    }
    columns |= {
        name: place.to_value(SCHEMAS["events"][name][0])
        for name, place in zip(("Tx", "Ty", "lon", "lat"), places, strict=True)
    }
    fluxes = ("flux_before", "flux_after", "flux_exchanged", "flux_exchanged_error", "minority_share")
    columns |= {name: np.array([getattr(event, name) for event in events], float) for name in fluxes}
    columns |= {
        "imbalance": np.array([event.explanation.imbalance for event in events], float),
        "confidence": np.array([event.explanation.confidence for event in events], float),
        "n_features": np.array([len(event.parents) + len(event.children) for event in events], int),
        "parents": np.array([_labels(event.before, event.parents) for event in events], str),
        "children": np.array([_labels(event.after, event.children) for event in events], str),
    }
    return columns


def _repeated(time, number):
    time = time.utc
    return Time(np.full(number, time.jd1), np.full(number, time.jd2), format="jd", scale="utc")


def _labels(catalog, features):
    return text_of(catalog.label[features].tolist())
