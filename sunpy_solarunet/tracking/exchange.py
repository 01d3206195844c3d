"""
What an event exchanges, between whom, and where.

Of the members of an event, those of the lesser side give or take flux: in a cancellation or emergence the polarity
that ends or begins as a whole, in a merging or splitting all but the largest. Beside a giant, fluxes and places of the
event are theirs: how the giant changes can hardly be told from its noise.
"""

import itertools

import numpy as np
from scipy.spatial import cKDTree

from sunpy_solarunet.geometry import runs

__all__ = ["are_lesser", "contact", "contacts", "exchanged_flux", "lesser_members", "minority_share"]

#: Lengths that differ by less are equal.
ROUNDING = 1e-6


def lesser_members(members, flux):
    """
    The members of an event whose flux is exchanged.

    Parameters
    ----------
    members : list of `int`
        Features that end or begin.
    flux : `numpy.ndarray`
        Signed fluxes of all features of their frame.

    Returns
    -------
    list of `int`
        Of both signs: those of the sign with less flux in total, no more than which can cancel or emerge; of equal
        fluxes the negative ones. Of one sign: all but the largest. A single member is its own.

    Examples
    --------
    >>> import numpy as np
    >>> lesser_members([0, 1, 2], np.array([900.0, -70.0, -20.0]))
    [1, 2]
    >>> lesser_members([0, 1, 2], np.array([900.0, 70.0, 20.0]))
    [1, 2]
    """
    members = np.asarray(members)
    return members[are_lesser(np.zeros(len(members), int), members, flux)].tolist()


def are_lesser(event, member, flux):
    """
    Whether members of events are of those whose flux is exchanged, see `lesser_members`.

    Parameters
    ----------
    event : `numpy.ndarray` of `int`
        Number of the event of each member, from 0 and increasing; none is left out.
    member : `numpy.ndarray` of `int`
        Features that end or begin.
    flux : `numpy.ndarray`
        Signed fluxes of all features of their frame.

    Returns
    -------
    `numpy.ndarray` of `bool`

    Examples
    --------
    >>> import numpy as np
    >>> are_lesser(np.array([0, 0, 1, 2, 2]), np.array([0, 1, 1, 1, 2]), np.array([900.0, -70.0, -20.0]))
    array([False,  True,  True, False,  True])
    """
    if not len(event):
        return np.zeros(0, bool)
    starts = np.searchsorted(event, np.arange(event[-1] + 1))
    flux = flux[member]
    sign = np.sign(flux)
    left = np.sign(np.add.reduceat(flux, starts))
    left[left == 0] = 1
    largest = np.zeros(len(event), bool)
    largest[np.lexsort((np.arange(len(event)), -np.abs(flux), event))[starts]] = True
    alike = np.minimum.reduceat(sign, starts) == np.maximum.reduceat(sign, starts)
    single = np.bincount(event) == 1
    return np.where(alike[event], single[event] | ~largest, sign != left[event])


def exchanged_flux(lesser, flux, flux_error):
    """
    The unsigned flux that an event exchanges, and its error.

    Parameters
    ----------
    lesser : list of `int`
        As `lesser_members` gives them.
    flux, flux_error : `numpy.ndarray`
        Of all features of the frame.

    Returns
    -------
    tuple of `float`

    Examples
    --------
    >>> import numpy as np
    >>> exchanged_flux([1, 2], np.array([900.0, -70.0, -20.0]), np.array([50.0, 3.0, 4.0]))
    (90.0, 5.0)
    """
    return float(np.abs(flux[lesser]).sum()), float(np.sqrt(np.square(flux_error[lesser]).sum()))


def minority_share(members, lesser, flux):
    """
    Part of the unsigned flux of the members that is of the polarity which ends or begins as a whole.

    Parameters
    ----------
    members, lesser : list of `int`
    flux : `numpy.ndarray`
        Of all features of the frame.

    Returns
    -------
    `float`
        Not-a-number where all members have one sign.

    Examples
    --------
    >>> import numpy as np
    >>> minority_share([0, 1], [1], np.array([900.0, -100.0]))
    0.1
    """
    total = np.abs(flux[members]).sum()
    if len(set(np.sign(flux[members]))) < 2 or not total:
        return float("nan")
    return float(np.abs(flux[lesser]).sum() / total)


def contact(catalog, members, lesser):
    """
    Where the members of an event meet.

    Parameters
    ----------
    catalog : `~sunpy_solarunet.FeatureCatalog`
        Of their frame.
    members, lesser : list of `int`

    Returns
    -------
    `numpy.ndarray`
        Column and row: midway between each lesser member and the nearest of the others, weighted by the lesser
        members' flux; the center of a single member.

    Examples
    --------
    >>> import astropy.units as u
    >>> import numpy as np
    >>> from sunpy_solarunet import FeatureCatalog, magnetogram
    >>> labels = np.zeros((9, 24), int)
    >>> labels[1:8, 1:12], labels[3:6, 14:16] = 1, 2
    >>> frame = magnetogram(np.where(labels == 2, -200, 200) * u.G, time="2017-07-13", scale=1 * u.arcsec,
    ...                     center=(0, 0) * u.arcsec)
    >>> contact(FeatureCatalog(frame, labels), [0, 1], [1])
    array([12.5,  4. ])
    """
    members = np.asarray(members)
    return contacts(catalog, np.zeros(len(members), int), members, np.isin(members, lesser))[0]


def contacts(catalog, event, member, lesser):
    """
    Where the members of events meet, see `contact`.

    Parameters
    ----------
    catalog : `~sunpy_solarunet.FeatureCatalog`
        Of their frame.
    event, member : `numpy.ndarray` of `int`
        As for `are_lesser`.
    lesser : `numpy.ndarray` of `bool`
        As `are_lesser` gives it.

    Returns
    -------
    `numpy.ndarray`
        Columns and rows, shape (number of events, 2).
    """
    weight = np.where(lesser, np.abs(catalog.flux.value[member]), 0)
    total = np.bincount(event, weight)
    # Without any flux, all lesser members weigh the same.
    weight = np.where(lesser & (total[event] == 0), 1.0, weight)
    place = np.column_stack([catalog.x.value[member], catalog.y.value[member]])
    among_others = np.flatnonzero(lesser & (np.bincount(event)[event] > 1))
    place[among_others] = _midways(catalog, event, member, lesser, among_others)
    weight = weight / np.bincount(event, weight)[event]
    return np.column_stack([np.bincount(event, weight * axis) for axis in place.T])


def _midways(catalog, event, member, lesser, chosen):
    """The middle of the shortest way from each chosen member to the others; of ways of one length, that of all."""
    mine, place, pixel = _borders(catalog, member[chosen])
    other, other_place, other_pixel = _borders(catalog, member[~lesser])
    # One tree for all events, which lie so far apart that none is near another.
    apart = 1 + 2 * np.ptp(catalog.border_places, axis=0).sum() if len(mine) else 1.0
    tree = cKDTree(np.column_stack([other_place, apart * event[~lesser][other]]))
    place = np.column_stack([place, apart * event[chosen][mine]])
    distance = tree.query(place)[0]
    shortest = np.full(len(chosen), np.inf)
    np.minimum.at(shortest, mine, distance)
    near = np.flatnonzero(distance <= shortest[mine] + ROUNDING)
    met = tree.query_ball_point(place[near], shortest[mine[near]] + ROUNDING)
    codes = np.repeat(mine[near], [len(each) for each in met]) * len(other)
    codes = np.unique(codes + np.fromiter(itertools.chain.from_iterable(met), int, len(codes)))
    owner, opposite = np.divmod(codes, max(len(other), 1))
    return (_means(mine[near], pixel[near], len(chosen)) + _means(owner, other_pixel[opposite], len(chosen))) / 2


def _borders(catalog, features):
    """Border pixels of features, one after the other: which of the features, places, and columns and rows."""
    columns, rows, owners = catalog.border_positions
    first, last = np.searchsorted(owners, features + 1), np.searchsorted(owners, features + 2)
    chosen = runs(first, last - first)
    number = np.repeat(np.arange(len(features)), last - first)
    return number, catalog.border_places[chosen], np.column_stack([columns[chosen], rows[chosen]])


def _means(owner, pixels, number):
    counts = np.bincount(owner, minlength=number)[:, np.newaxis]
    return np.column_stack([np.bincount(owner, axis, number) for axis in pixels.T]) / counts
