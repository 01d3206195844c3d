"""
The bulk drift: the displacement that most features of two frames share.
"""

import numpy as np
from scipy.spatial import cKDTree

from sunpy_solarunet.geometry import pairs_within

__all__ = ["bulk_drift"]

#: Fewest features that must share a displacement for it to be called a drift.
FEWEST = 5

#: Of features of one sign, no more than this many of the strongest vote.
MOST_VOTERS = 1000

#: Displacements that differ by less, in pixels, are shared.
AGREEMENT = 1.0

#: Largest ratio of the fluxes of features that may be one and the same.
FLUX_RATIO = 1.5


def bulk_drift(before, after, largest):
    """
    The displacement that most features share between two frames: pointing, rotation, a moving region.

    Each pair of features of one sign and like flux votes for its displacement, of very many features only
    the strongest. The drift is the median of the votes in the densest place.

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
    tree = cKDTree(votes)
    counts = tree.query_ball_point(votes, AGREEMENT, return_length=True)
    # Of equally dense places the least displacement: no drift where nothing speaks for one.
    densest = np.lexsort((np.hypot(*votes.T), -counts))[0]
    voters = min(sum(len(_voters(catalog, sign)) for sign in (1, -1)) for catalog in (before, after))
    if counts[densest] < max(FEWEST, voters / 4):
        return np.zeros(2)
    return np.median(votes[tree.query_ball_point(votes[densest], AGREEMENT)], axis=0)


def _voters(catalog, sign):
    """The strongest features of a sign."""
    features = np.flatnonzero(catalog.polarity == sign)
    strongest = np.argsort(-np.abs(catalog.flux.value[features]), kind="stable")[:MOST_VOTERS]
    return np.sort(features[strongest])


def _displacements(before, after, largest):
    """Displacements of all pairs of one sign and like flux, shape (n, 2)."""
    votes = [np.zeros((0, 2))]
    for sign in (1, -1):
        first, second = _voters(before, sign), _voters(after, sign)
        places = [_places(before)[first], _places(after)[second]]
        i, j = pairs_within(*places, largest)
        fluxes = np.abs([before.flux.value[first[i]], after.flux.value[second[j]]])
        alike = fluxes.max(axis=0) <= FLUX_RATIO * fluxes.min(axis=0)
        votes.append((places[1][j] - places[0][i])[alike])
    return np.concatenate(votes)


def _places(catalog):
    return np.column_stack([catalog.x.value, catalog.y.value])
