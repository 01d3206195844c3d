"""
Who carries a track on where features merge, split, or cancel or emerge with a remainder.
"""

import numpy as np
from scipy.spatial import cKDTree

from sunpy_solarunet.tracking.association import ROUNDING, common_pixels

__all__ = ["are_near", "with_heirs"]


def with_heirs(transition, before, after, distance):
    """
    Successors, with the largest feature of each side of an event carrying the track on.

    An heir has the sign of the feature that it carries on or becomes, and overlaps it or lies within
    the moving distance of it.

    Parameters
    ----------
    transition : `~sunpy_solarunet.tracking.events.Transition`
    before, after : `~sunpy_solarunet.FeatureCatalog`
        A bulk drift has been taken out.
    distance : `float`
        The moving distance, in units of the pixel length.

    Returns
    -------
    `numpy.ndarray` of `int`
        For each feature before, the feature after that carries its track on, or -1.

    Examples
    --------
    Two features merge; the one with twice the flux lives on.

    >>> import astropy.units as u
    >>> import numpy as np
    >>> from sunpy_solarunet import FeatureCatalog, magnetogram
    >>> from sunpy_solarunet.tracking.events import Explanation, Transition
    >>> from sunpy_solarunet.tracking.heirs import with_heirs
    >>> catalogs = []
    >>> for minute, labels in enumerate(([[1, 0, 2, 2, 0]], [[1, 1, 1, 1, 0]])):
    ...     frame = magnetogram(np.array(labels) * u.G, time=f"2017-07-13 20:0{minute}:00",
    ...                         scale=0.5 * u.arcsec, center=(0, 0) * u.arcsec)
    ...     catalogs.append(FeatureCatalog(frame, np.array(labels)))
    >>> merging = Transition(np.array([-1, -1]), [Explanation("merging", (0, 1), 0, 0.2)], [], 0)
    >>> with_heirs(merging, *catalogs, 2.0)
    array([-1,  0])
    """
    successor = transition.successor.copy()
    deaths = [death for death in transition.deaths if death.product is not None]
    births = [birth for birth in transition.births if birth.product is not None]
    pairs = [(member, death.product) for death in deaths for member in death.members]
    pairs += [(birth.product, member) for birth in births for member in birth.members]
    flux_before, flux_after = before.flux.value, after.flux.value
    pairs = [(i, j) for i, j in pairs if flux_before[i] * flux_after[j] > 0]
    near = {pair for pair, is_near in zip(pairs, are_near(before, after, pairs, distance), strict=True) if is_near}
    taken = set(successor[successor >= 0].tolist())
    for death in deaths:
        parents = [member for member in death.members if (member, death.product) in near]
        heir = max(parents, key=lambda feature: abs(flux_before[feature]), default=None)
        if heir is not None and successor[heir] < 0 and death.product not in taken:
            successor[heir] = death.product
            taken.add(death.product)
    for birth in births:
        children = [member for member in birth.members if (birth.product, member) in near]
        heir = max(children, key=lambda feature: abs(flux_after[feature]), default=None)
        if heir is not None and heir not in taken and successor[birth.product] < 0:
            successor[birth.product] = heir
            taken.add(heir)
    return successor


def are_near(before, after, pairs, distance):
    """
    Whether features of two frames overlap, or have pixels (equation 5) that are not far from each other.

    Parameters
    ----------
    before, after : `~sunpy_solarunet.FeatureCatalog`
    pairs : list of tuple of `int`
        Indices before and after.
    distance : `float`
        Largest distance of the nearest pixels, in units of the pixel length.

    Returns
    -------
    list of `bool`
    """
    if not pairs:
        return []
    overlaps = common_pixels(before, after, *np.array(pairs).T) > 0
    borders = [_borders_by_feature(catalog) for catalog in (before, after)]
    trees = {}
    result = []
    for (i, j), overlap in zip(pairs, overlaps.tolist(), strict=True):
        if not overlap and i not in trees:
            trees[i] = cKDTree(borders[0][i])
        result.append(overlap or _nearest(trees[i], borders[1][j], distance + ROUNDING) <= distance + ROUNDING)
    return result


def _nearest(tree, points, farthest):
    """Smallest distance between two borders, infinite where it is larger than the farthest."""
    return tree.query(points, distance_upper_bound=np.nextafter(farthest, np.inf))[0].min()


def _borders_by_feature(catalog):
    return np.split(catalog.border_places, np.searchsorted(catalog.border_positions[2], np.arange(2, len(catalog) + 1)))
