"""
The rows that a frame, and what happened between two frames, add to the tables: plain columns.
"""

import itertools

import astropy.units as u
import numpy as np
from astropy.time import Time

from sunpy_solarunet.features import MEASUREMENTS
from sunpy_solarunet.magnetograms import pixel_coordinates
from sunpy_solarunet.tracking.columns import join
from sunpy_solarunet.tracking.events import KINDS
from sunpy_solarunet.tracking.exchange import are_lesser, contacts
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
    return join(
        [
            _Events(before, after, transition.deaths, "death").columns(),
            _Events(after, before, transition.births, "birth").columns(),
        ]
    )


class _Events:
    """The events of one category, and the frame that shows them beside the other."""

    def __init__(self, shown, other, explanations, category):
        self._shown, self._other, self._explanations, self._category = shown, other, explanations, category
        sizes = [len(one.members) for one in explanations]
        self._number = len(sizes)
        self._event = np.repeat(np.arange(self._number), sizes)
        self._member = np.fromiter((member for one in explanations for member in one.members), int, sum(sizes))
        self._product = np.array([-1 if one.product is None else one.product for one in explanations], int)
        self._lesser = are_lesser(self._event, self._member, shown.flux.value)

    def columns(self):
        """All columns."""
        number = self._number
        columns = {
            "kind": np.array([self._named(one.kind) for one in self._explanations], str),
            "category": np.full(number, self._category) if number else np.zeros(0, str),
            "balance": np.array([_balance(one) for one in self._explanations], str),
            "time": _repeated(self._shown.time, number),
        }
        columns |= self._places() | self._fluxes()
        columns |= {
            name: np.array([getattr(one, name) for one in self._explanations], float)
            for name in ("imbalance", "confidence")
        }
        columns["n_features"] = np.bincount(self._event, minlength=number) + (self._product >= 0)
        return columns | dict(zip(*self._sides(("parents", "children"), *self._labels()), strict=True))

    def _named(self, kind):
        return kind if self._category == "death" else KINDS[kind]

    def _sides(self, names, of_members, of_products):
        """Two names, and what belongs to them: members die, or are born of products."""
        return names, (of_members, of_products) if self._category == "death" else (of_products, of_members)

    def _places(self):
        names = ("Tx", "Ty", "lon", "lat")
        if not self._number:
            return {name: np.zeros(0) for name in names}
        position = contacts(self._shown, self._event, self._member, self._lesser).T
        places = pixel_coordinates(self._shown.map, *position)
        return {name: _plain(place, SCHEMAS["events"][name][0]) for name, place in zip(names, places, strict=True)}

    def _sum(self, values):
        """Sums over the members of each event."""
        return np.bincount(self._event, values[self._member], self._number)

    def _fluxes(self):
        flux, error = self._shown.flux.value, self._shown.flux_error.value
        of_products = np.where(self._product >= 0, np.append(self._other.flux.value, 0)[self._product], 0.0)
        columns = dict(zip(*self._sides(("flux_before", "flux_after"), self._sum(flux), of_products), strict=True))
        lesser = np.where(self._lesser, np.abs(flux[self._member]), 0)
        exchanged = np.bincount(self._event, lesser, self._number)
        squares = np.where(self._lesser, np.square(error[self._member]), 0)
        total = self._sum(np.abs(flux))
        return columns | {
            "flux_exchanged": exchanged,
            "flux_exchanged_error": np.sqrt(np.bincount(self._event, squares, self._number)),
            "minority_share": self._share_of_minority(exchanged, total),
        }

    def _share_of_minority(self, exchanged, total):
        """Not-a-number where all members have one sign."""
        signs = np.sign(self._shown.flux.value)[self._member]
        lowest, highest = np.full(self._number, np.inf), np.full(self._number, -np.inf)
        np.minimum.at(lowest, self._event, signs)
        np.maximum.at(highest, self._event, signs)
        return np.divide(exchanged, total, where=lowest < highest, out=np.full(self._number, np.nan))

    def _labels(self):
        """Labels of the members and of the product of each event."""
        labels = self._shown.label[self._member].tolist()
        bounds = np.searchsorted(self._event, np.arange(self._number + 1)).tolist()
        members = [text_of(labels[first:last]) for first, last in itertools.pairwise(bounds)]
        products = [[] if one.product is None else [int(self._other.label[one.product])] for one in self._explanations]
        return np.array(members, str), np.array([text_of(product) for product in products], str)


def _balance(explanation):
    if explanation.kind != "cancellation":
        return ""
    return "balanced" if explanation.product is None else "unbalanced"


def _repeated(time, number):
    time = time.utc
    return Time(np.full(number, time.jd1), np.full(number, time.jd2), format="jd", scale="utc")
