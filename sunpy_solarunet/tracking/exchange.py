"""
What an event exchanges, between whom, and where.

Of the members of an event, those of the lesser side give or take flux: in a cancellation or emergence the polarity
that ends or begins as a whole, in a merging or splitting all but the largest. Beside a giant, fluxes and places of the
event are theirs: how the giant changes can hardly be told from its noise.
"""

import numpy as np
from scipy.spatial import cKDTree

__all__ = ["contact", "exchanged_flux", "lesser_members", "minority_share"]

#: Lengths that differ by less are equal.
ROUNDING = 1e-6


def lesser_members(members, flux, product=None):
    """
    The members of an event whose flux is exchanged.

    Parameters
    ----------
    members : list of `int`
        Features that end or begin.
    flux : `numpy.ndarray`
        Signed fluxes of all features of their frame.
    product : `float`, optional
        Flux of the feature that they become or come from.

    Returns
    -------
    list of `int`
        Of both signs: those that the product has not, or, without one, those with less flux in total; of equal
        fluxes the negative ones. Of one sign: all but the largest. A single member is its own.

    Examples
    --------
    >>> import numpy as np
    >>> lesser_members([0, 1, 2], np.array([900.0, -70.0, -20.0]), product=800.0)
    [1, 2]
    >>> lesser_members([0, 1, 2], np.array([900.0, 70.0, 20.0]))
    [1, 2]
    """
    signs = np.sign(flux[members])
    if len(members) == 1:
        return list(members)
    if (signs == signs[0]).all():
        return [member for member in members if member != members[np.argmax(np.abs(flux[members]))]]
    left = np.sign(flux[members].sum() if product is None else product) or 1
    return [member for member, sign in zip(members, signs, strict=True) if sign != left]


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
    if len(members) == 1:
        return np.array([catalog.x.value[members[0]], catalog.y.value[members[0]]])
    places, pixels = _border(catalog, [member for member in members if member not in lesser])
    tree = cKDTree(places)
    meeting = [_midway(*_border(catalog, [member]), tree, pixels) for member in lesser]
    weights = np.abs(catalog.flux.value[lesser])
    return np.average(meeting, axis=0, weights=weights if weights.any() else None)


def _border(catalog, features):
    """Places and pixels of the borders of some features."""
    columns, rows, owners = catalog.border_positions
    bounds = np.searchsorted(owners, [[feature + 1, feature + 2] for feature in features])
    chosen = np.concatenate([np.arange(first, last) for first, last in bounds])
    return catalog.border_places[chosen], np.column_stack([columns, rows])[chosen]


def _midway(places, pixels, tree, others):
    """The middle of the shortest way between two borders; of several ways of one length, that of all of them."""
    distance = tree.query(places)[0]
    shortest = distance.min() + ROUNDING
    near = np.flatnonzero(distance <= shortest)
    opposite = np.unique(np.concatenate(tree.query_ball_point(places[near], shortest)).astype(int))
    return (pixels[near].mean(axis=0) + others[opposite].mean(axis=0)) / 2
