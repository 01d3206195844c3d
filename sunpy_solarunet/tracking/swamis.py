"""
SWAMIS's names for what happens to features: which neighbor took up, or gave, their flux.

Where equations 7 to 9 look for the features of the other frame that the flux went to, SWAMIS looks at the
neighbors in the same frame: at those that end, too, and at how the flux of those that live on has changed.
"""

import astropy.units as u
import numpy as np
from scipy.spatial import cKDTree

from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.tracking.events import RESOLUTION, Explanation
from sunpy_solarunet.tracking.regions import ROUNDING

__all__ = ["agreement", "name_events", "neighbors_of"]

#: Largest distance between the borders of features that take part in one event, in pixels.
LARGEST_DISTANCE = 3

#: Smallest ratio, of the smaller to the larger, of two fluxes that agree.
SMALLEST_RATIO = 0.75


def name_events(before, after, successor, *, distance=LARGEST_DISTANCE, ratio=SMALLEST_RATIO):
    """
    Name all deaths and births between two frames as SWAMIS does.

    Two amounts of flux agree if the smaller is at least ``ratio`` times the larger. The neighbors of a
    feature are those of its own frame with a border pixel within ``distance`` of one of its own. A
    feature that ends, that is, has no successor, takes part in

    - a balanced cancellation with a neighbor of the other sign that ends in the same interval, too, if
      their fluxes agree: both are members, there is no product;
    - an unbalanced cancellation with a neighbor of the other sign that lives on, if that lost as much
      flux as the feature had: both are members, the neighbor's successor is the product;
    - a merging with a neighbor of its own sign that lives on, if that gained as much flux as the feature
      had: both are members, the neighbor's successor is the product;
    - a disappearance if there is none of these.

    Of several that fit, the one with the ratio closest to 1 counts, the first in this list of equal
    ones. A feature ends in one event: a balanced cancellation is between features that no better one
    explains. Births are deaths with the frames exchanged: emergences, splittings and appearances.

    Unlike in `~sunpy_solarunet.tracking.equations.explain_pair`, partners that live on take part: they are
    members, and their successors products, although they neither end nor begin. As each feature that
    ends is judged by itself, a partner that lives on may be in several events.

    Parameters
    ----------
    before, after : `~sunpy_solarunet.FeatureCatalog`
        Features of two frames.
    successor : `numpy.ndarray` of `int`
        Shape (number before,): the index of the feature after that carries each feature before on, or
        -1. One to one.
    distance : `float`
        Largest distance between the borders of neighbors, in units of the pixel length.
    ratio : `float`
        Smallest ratio of the smaller to the larger of two fluxes that agree, from 0 to 1.

    Returns
    -------
    tuple of list
        Deaths and births as `~sunpy_solarunet.tracking.events.Explanation`, a birth as the death that it
        is with the frames exchanged. The best ratio comes first, disappearances come last. The imbalance
        is the left side of equation 7 for merging, of equation 8 for balanced cancellation, with the
        larger flux in the denominator, of equation 9 for unbalanced cancellation, and not-a-number
        for disappearance.

    Raises
    ------
    SolarUnetError
        If the successors do not fit the features or are not one to one, or if a number is out of its range.

    References
    ----------
    DeForest, C. E., Hagenaar, H. J., Lamb, D. A., Parnell, C. E., & Welsch, B. T. 2007, ApJ 666, 576

    Examples
    --------
    One feature ends beside another that gains 218 parts of flux where the first had 240: they merge.

    >>> import astropy.units as u
    >>> import numpy as np
    >>> from sunpy_solarunet import FeatureCatalog, magnetogram
    >>> from sunpy_solarunet.tracking.swamis import name_events
    >>> before, after = np.zeros((6, 12)), np.zeros((6, 12))
    >>> before[2:4, 3:5], before[2:4, 6:9] = 100, 40
    >>> after[2:4, 3:6] = 103
    >>> catalogs = []
    >>> for minute, field in enumerate((before, after)):
    ...     frame = magnetogram(field * u.G, time=f"2017-07-13 20:0{minute}:00", scale=0.5 * u.arcsec,
    ...                         center=(0, 0) * u.arcsec)
    ...     catalogs.append(FeatureCatalog(frame, (field > 70) + 2 * (field == 40)))
    >>> deaths, births = name_events(*catalogs, np.array([0, -1]))
    >>> print(deaths[0].kind, deaths[0].members, deaths[0].product, f"{deaths[0].imbalance:.3f}", births)
    merging (0, 1) 0 0.036 []
    """
    successor = _one_to_one(successor, len(before), len(after))
    _in_range(distance, "distance", np.inf)
    _in_range(ratio, "ratio", 1)
    carried = np.flatnonzero(successor >= 0)
    predecessor = np.full(len(after), -1)
    predecessor[successor[carried]] = carried
    return _endings(before, after, successor, distance, ratio), _endings(after, before, predecessor, distance, ratio)


def _one_to_one(successor, number_before, number_after):
    successor = np.asarray(successor)
    if successor.shape != (number_before,) or (successor.size and successor.dtype.kind not in "iu"):
        raise SolarUnetError(
            f"successor must hold one whole number for each of the {number_before} features before, "
            f"it has shape {successor.shape} and type {successor.dtype}"
        )
    carried = successor[successor != -1].astype(int)
    if np.any((carried < 0) | (carried >= number_after)):
        raise SolarUnetError(f"successor must hold -1 or an index of one of the {number_after} features after")
    if len(np.unique(carried)) < len(carried):
        raise SolarUnetError("successor must be one to one: a feature after carries on more than one before")
    return successor.astype(int)


def _in_range(value, argument, highest):
    if isinstance(value, u.Quantity) or not (np.isfinite(value) and 0 <= value <= highest):
        limit = "of at least 0" if np.isinf(highest) else f"from 0 to {highest}"
        raise SolarUnetError(f"{argument} must be a plain number {limit}, got {value}")


def _endings(catalog, other, successor, distance, ratio):
    """What the features of one frame that have no successor end in."""
    flux = catalog.flux.value
    whole = ~catalog.cut
    ends = (successor < 0) & whole
    flux_next = np.zeros(len(catalog))
    carried = successor >= 0
    flux_next[carried] = other.flux.value[successor[carried]]
    first, second = neighbors_of(catalog, ends, distance)
    agrees = agreement(flux[first], (flux_next - flux)[second])
    fits = (agrees >= max(ratio - RESOLUTION, RESOLUTION)) & whole[second]
    first, second, agrees = first[fits], second[fits], agrees[fits]
    like = catalog.polarity[first] == catalog.polarity[second]
    preference = np.where(ends[second], 0, np.where(like, 2, 1))
    order = np.lexsort((second, first, preference, -np.round(agrees / RESOLUTION)))
    events = [
        _explanation(flux, flux_next, i, j, successor[j], is_like)
        for i, j, is_like in _each_once(first[order], second[order], like[order], ends)
    ]
    explained = {member for event in events for member in event.members}
    alone = [index for index in np.flatnonzero(ends).tolist() if index not in explained]
    return events + [Explanation("disappearance", (index,), None, np.nan) for index in alone]


def neighbors_of(catalog, chosen, distance):
    """
    Features of a frame whose borders come close to those of chosen ones.

    Parameters
    ----------
    catalog : `~sunpy_solarunet.FeatureCatalog`
    chosen : `numpy.ndarray` of `bool`
        Shape (n,): the features whose neighbors are sought.
    distance : `float`
        Largest distance between the centers of border pixels, in units of the pixel length.

    Returns
    -------
    tuple of `numpy.ndarray` of `int`
        Indices of a chosen feature and its neighbor in each pair, ordered.

    Examples
    --------
    >>> import astropy.units as u
    >>> import numpy as np
    >>> from sunpy_solarunet import FeatureCatalog, magnetogram
    >>> from sunpy_solarunet.tracking.swamis import neighbors_of
    >>> labels = np.array([[1, 0, 0, 2, 0, 0, 0, 3], [1, 0, 0, 0, 0, 0, 0, 3]])
    >>> frame = magnetogram(labels * u.G, time="2017-07-13", scale=0.5 * u.arcsec, center=(0, 0) * u.arcsec)
    >>> catalog = FeatureCatalog(frame, labels)
    >>> neighbors_of(catalog, np.array([False, True, True]), 3)
    (array([1]), array([0]))
    """
    points, owners = catalog.border_places, catalog.border_positions[2]
    seeking = chosen[owners - 1]
    if not seeking.any():
        return np.zeros(0, int), np.zeros(0, int)
    # Only the borders of the features that end are searched from: in a real frame they are few.
    close = cKDTree(points[seeking]).sparse_distance_matrix(cKDTree(points), distance + ROUNDING, output_type="ndarray")
    first, second = owners[seeking][close["i"]] - 1, owners[close["j"]] - 1
    apart = first != second
    return np.divmod(np.unique(first[apart].astype(int) * len(catalog) + second[apart]), len(catalog))


def agreement(flux, change):
    """
    Ratio of the flux that ends to the change of flux elsewhere, the smaller to the larger.

    Flux of one sign that adds to a neighbor of its own makes that grow; added to one of the other sign it
    makes that shrink, or end: in each case the neighbor's signed flux changes by the flux that it took up.

    Parameters
    ----------
    flux, change : `numpy.ndarray`
        Signed fluxes of features that end and signed changes of their neighbors' fluxes.

    Returns
    -------
    `numpy.ndarray`
        From 0 to 1; 0 where the change has the other sign.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.tracking.swamis import agreement
    >>> agreement(np.array([4.0, 4.0, 4.0]), np.array([3.0, 16.0, -4.0]))
    array([0.75, 0.25, 0.  ])
    """
    size, change_size = np.abs(flux), np.abs(change)
    alike = np.sign(flux) * np.sign(change) > 0
    return np.divide(np.minimum(size, change_size), np.maximum(size, change_size), where=alike, out=np.zeros(len(flux)))


def _each_once(first, second, like, ends):
    """Pairs in their order, without those that have a feature whose end another pair before explains."""
    open_end = ends.copy()
    for i, j, is_like in zip(first.tolist(), second.tolist(), like.tolist(), strict=True):
        if open_end[i] and (open_end[j] or not ends[j]):
            open_end[i] = open_end[j] = False
            yield i, j, is_like


def _explanation(flux, flux_next, index, partner, product, like):
    members = tuple(sorted((index, partner)))
    kind = "merging" if like else "cancellation"
    left = flux[index] + flux[partner] - flux_next[partner]
    if product < 0:
        return Explanation(kind, members, None, float(np.abs(left) / np.abs(flux[list(members)]).max()))
    return Explanation(kind, members, int(product), float(np.abs(left / flux_next[partner])))
