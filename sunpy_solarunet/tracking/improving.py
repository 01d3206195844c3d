"""
Packings made better piece by piece, where there are too many sets to find the best as a whole.
"""

import numpy as np
from scipy.sparse import csc_array
from scipy.sparse.csgraph import dijkstra

from sunpy_solarunet.tracking.losses import least_losses, worth_of_held

__all__ = ["improved"]

#: How often all pieces are packed anew, with other bounds between them.
TURNS = 6

#: Elements of a piece, about.
PIECE = 24

#: Beginnings of each piece that are gone on with.
WIDTH = 40


def improved(members, saving, prices, found):
    """
    A packing that saves as much as another, or more.

    What the packing takes in one neighborhood is packed anew while all else stays as it is, in many neighborhoods
    at once that share nothing, and then in others.

    Parameters
    ----------
    members : `~scipy.sparse.csc_array`
        Elements by sets, 1 where a set holds an element.
    saving : `numpy.ndarray`
        What each set saves, more than zero.
    prices : `numpy.ndarray`
        For each element; those of a set's elements sum to what it saves, or to more.
    found : `numpy.ndarray` of `bool`
        The sets of the packing.

    Returns
    -------
    `numpy.ndarray` of `bool`

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csc_array
    >>> from sunpy_solarunet.tracking.improving import improved
    >>> pairs = csc_array(np.array([[1, 0, 0], [1, 1, 0], [0, 1, 1], [0, 0, 1]]))
    >>> improved(pairs, np.array([2.0, 3.0, 2.0]), np.array([1.0, 2.0, 2.0, 1.0]), np.array([False, True, False]))
    array([ True, False,  True])
    """
    excess = np.maximum(members.T @ prices - saving, 0)
    found = found.copy()
    for turn in range(TURNS):
        piece = _pieces(members, found, turn)
        number = piece.max(initial=-1) + 1
        of_members, starts = piece[members.indices], members.indptr[:-1]
        of_set = np.minimum.reduceat(of_members, starts)
        inside = (of_set >= 0) & (of_set == np.maximum.reduceat(of_members, starts))
        known = piece >= 0
        worth = np.bincount(piece[known], prices[known], number)
        taken = found & inside
        loss = worth - np.bincount(of_set[taken], saving[taken], number)
        sets = np.flatnonzero(inside)
        sets = sets[excess[sets] <= loss[of_set[sets]]]
        own = members[:, sets]
        left = worth - worth_of_held(of_set[sets], own, prices, number)[0]
        limit = loss - left
        least, chosen, _ = least_losses(of_set[sets], own, excess[sets], lambda _, row: prices[row], limit, WIDTH)
        better = least < limit
        found[taken & better[of_set]] = False
        found[sets[chosen]] = True
    return found


def _pieces(members, found, turn):
    """For each element the neighborhood that it is in; what one set of the packing holds stays together."""
    columns = np.flatnonzero(found)
    block = np.full(members.shape[0], -1)
    sizes = np.diff(members.indptr)[columns]
    block[members[:, columns].indices] = np.repeat(np.arange(len(columns)), sizes)
    left = np.flatnonzero(block < 0)
    block[left] = len(columns) + np.arange(len(left))
    number = len(columns) + len(left)
    shape = (number, members.shape[1])
    together = csc_array((np.ones(members.nnz), block[members.indices], members.indptr), shape)
    near = (together @ together.T).tocsr()
    step = max(PIECE * number // members.shape[0], 1)
    seeds = np.arange(turn * step // TURNS % number, number, step)
    *_, source = dijkstra(near, directed=False, indices=seeds, unweighted=True, min_only=True, return_predecessors=True)
    rank = np.full(number + 1, -1)
    rank[seeds] = np.arange(len(seeds))
    return rank[np.where(source < 0, number, source)][block]
