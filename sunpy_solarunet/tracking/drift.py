"""
The bulk drift: the displacement that most features of two frames share.
"""

import numpy as np
from scipy.spatial import cKDTree

from sunpy_solarunet.geometry import pairs_within

__all__ = ["bulk_drift"]

#: Fewest features that must share a displacement for it to be called a drift.
FEWEST = 5

#: Displacements that differ by less, in pixels, are shared.
AGREEMENT = 1.0

#: Largest ratio of the fluxes of features that may be one and the same.
FLUX_RATIO = 1.5


def bulk_drift(before, after, largest):
    """
    The displacement that most features share between two frames: pointing, rotation, a moving region.

    Each pair of features of one sign and like flux votes for its displacement. The drift is the
    median of the votes in the densest place.

    Parameters
    ----------
    before, after : `~sunpy_solarunet.FeatureCatalog`
    largest : `float`
        Largest displacement that is looked for, in pixels.

    Returns
    -------
    `numpy.ndarray`
        Pixels along x and y; zero where too few features agree.

    Examples
    --------
    >>> from sunpy_solarunet import Segmenter
    >>> from sunpy_solarunet.synthetic import six_events
    >>> maps, _ = six_events()
    >>> first, second = (Segmenter(method="threshold")(frame) for frame in maps[:2])
    >>> bool(abs(bulk_drift(first, second, 10.0)).max() < 1.5)
    True
    """
    votes = _displacements(before, after, largest)
    if len(votes) < FEWEST:
        return np.zeros(2)
    near = cKDTree(votes).query_ball_point(votes, AGREEMENT)
    counts = np.array([len(group) for group in near])
    # Of equally dense places the least displacement: no drift where nothing speaks for one.
    densest = np.lexsort((np.hypot(*votes.T), -counts))[0]
    if counts[densest] < max(FEWEST, min(len(before), len(after)) / 4):
        return np.zeros(2)
    return np.median(votes[near[densest]], axis=0)


def _displacements(before, after, largest):
    """Displacements of all pairs of one sign and like flux, shape (n, 2)."""
    votes = [np.zeros((0, 2))]
    for sign in (1, -1):
        first, second = np.flatnonzero(before.polarity == sign), np.flatnonzero(after.polarity == sign)
        places = [_places(before)[first], _places(after)[second]]
        i, j = pairs_within(*places, largest)
        fluxes = np.abs([before.flux.value[first[i]], after.flux.value[second[j]]])
        alike = fluxes.max(axis=0) <= FLUX_RATIO * fluxes.min(axis=0)
        votes.append((places[1][j] - places[0][i])[alike])
    return np.concatenate(votes)


def _places(catalog):
    return np.column_stack([catalog.x.value, catalog.y.value])
