"""
Packings by a linear program, which may take sets by halves, and the prices that it puts on elements.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csc_array, vstack

__all__ = ["Relaxation", "relax", "shared_prices", "tighten"]

#: Last resort, in seconds: how long one program may run.
LONGEST = 10.0

#: Shares of sets that differ by less are equal.
RESOLUTION = 1e-6


@dataclass(frozen=True)
class Relaxation:
    """
    Sets by shares, and what that says of whole ones.

    Attributes
    ----------
    shares : `numpy.ndarray`
        Of each set, from 0 to 1.
    prices : `numpy.ndarray`
        For each element; those of a set's elements sum to what it saves, or to more.
    excess : `numpy.ndarray`
        What is lost at least by taking each set.
    most : `float`
        No packing saves more.
    is_exact : `bool`
        Whether no bound was met.
    constraints : `~scipy.sparse.csc_array`
        Of the sets that a row has, one can be whole; the first rows are elements.
    """

    shares: np.ndarray
    prices: np.ndarray
    excess: np.ndarray
    most: float
    is_exact: bool
    constraints: csc_array

    @property
    def halved(self):
        """Sets that are taken in part."""
        return (self.shares > RESOLUTION) & (self.shares < 1 - RESOLUTION)

    def part(self, columns, rows, members):
        """
        What is said of some sets that share no element with the others.

        Parameters
        ----------
        columns, rows : `numpy.ndarray` of `int`
            The sets and their elements.
        members : `~scipy.sparse.csc_array`
            These elements by these sets.

        Returns
        -------
        Relaxation
        """
        prices = self.prices[rows]
        excess = self.excess[columns]
        return Relaxation(self.shares[columns], prices, excess, float(prices.sum()), self.is_exact, members)


def relax(members, saving):
    """
    The shares of sets that save the most, no element being shared out more than once.

    Parameters
    ----------
    members : `~scipy.sparse.csc_array`
        Elements by sets, 1 where a set holds an element.
    saving : `numpy.ndarray`
        What each set saves, more than zero.

    Returns
    -------
    Relaxation
        All shares are 0 where a bound was met.

    Examples
    --------
    Of three sets of which each shares an element with either other, half of each saves most.

    >>> import numpy as np
    >>> from scipy.sparse import csc_array
    >>> from sunpy_solarunet.tracking.relaxation import relax, tighten
    >>> pairs, saving = csc_array(np.array([[1, 0, 1], [1, 1, 0], [0, 1, 1]])), np.array([2.0, 3.0, 4.0])
    >>> found = relax(pairs, saving)
    >>> found.shares, float(found.most)
    (array([0.5, 0.5, 0.5]), 4.5)
    >>> tighten(pairs, saving, found).shares
    array([0., 0., 1.])
    """
    return _solved(members, saving, members.shape[0])


def _solved(constraints, saving, number):
    """Shares under constraints of which the first number are elements."""
    prices = np.zeros(constraints.shape[0])
    solution = linprog(
        -saving,
        A_ub=constraints,
        b_ub=np.ones(len(prices)),
        bounds=(0, None),
        method="highs-ds",
        # Hardly any set can be left out beforehand, and looking for one takes as long as a third of the program.
        options={"time_limit": LONGEST, "presolve": False},
    )
    if solution.status:
        prices[:number] = shared_prices(constraints[:number], saving)
        shares = np.zeros(len(saving))
    else:
        prices, shares = np.maximum(-solution.ineqlin.marginals, 0), solution.x
    excess = np.maximum(constraints.T @ prices - saving, 0)
    return Relaxation(shares, prices[:number], excess, float(prices.sum()), not solution.status, constraints)


def shared_prices(members, saving):
    """
    Prices without any program: each element's is the largest share of a saving.

    Parameters
    ----------
    members, saving
        As for `relax`.

    Returns
    -------
    `numpy.ndarray`
        Those of a set's elements sum to what it saves, or to more.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csc_array
    >>> from sunpy_solarunet.tracking.relaxation import shared_prices
    >>> shared_prices(csc_array(np.array([[1, 0], [1, 1], [0, 1]])), np.array([2.0, 3.0]))
    array([1. , 1.5, 1.5])
    """
    sizes = np.diff(members.indptr)
    prices = np.zeros(members.shape[0])
    np.maximum.at(prices, members.indices, np.repeat(saving / sizes, sizes))
    return prices


def tighten(members, saving, relaxed):
    """
    Fewer halves: of all sets with two or more of any three elements, only one can be whole.

    Parameters
    ----------
    members, saving
        As for `relax`.
    relaxed : Relaxation

    Returns
    -------
    Relaxation
        No packing of whole sets is excluded. The same as before where there are no such three.
    """
    halved = np.flatnonzero(relaxed.halved)
    triples = _overfull_triples(members[:, halved], relaxed.shares[halved])
    if not len(triples):
        return relaxed
    constraints = vstack([relaxed.constraints, _at_most_one(triples, members)], format="csc")
    tightened = _solved(constraints, saving, members.shape[0])
    return tightened if tightened.is_exact else relaxed


def _at_most_one(triples, members):
    """Constraints by sets: 1 where a set has two or more of three elements."""
    chosen = (np.ones(triples.size), triples.ravel(), np.arange(0, triples.size + 1, 3))
    counts = (csc_array(chosen, (members.shape[0], len(triples))).T @ members).tocsc()
    counts.data = np.floor(counts.data / 2)
    counts.eliminate_zeros()
    return counts


def _overfull_triples(members, shares):
    """Three elements each that the sets with two or more of them have more than one share of; shape (n, 3)."""
    shared = _pair_shares(members, shares)
    whole = {}
    for elements, share in _elements_of(members, shares):
        for triple in itertools.combinations(elements, 3):
            whole[triple] = whole.get(triple, 0.0) + share
    found = [
        (first, second, third)
        for first, partners in shared.items()
        for second, third in itertools.combinations(sorted(partners), 2)
        if second in shared
        and third in shared[second]
        and partners[second] + partners[third] + shared[second][third] - 2 * whole.get((first, second, third), 0.0)
        > 1 + 100 * RESOLUTION
    ]
    return np.array(found, int).reshape(-1, 3)


def _pair_shares(members, shares):
    """By pairs of elements, the smaller first, the shares of sets that have both."""
    shared = {}
    for elements, share in _elements_of(members, shares):
        for first, second in itertools.combinations(elements, 2):
            partners = shared.setdefault(first, {})
            partners[second] = partners.get(second, 0.0) + share
    return shared


def _elements_of(members, shares):
    for (first, last), share in zip(itertools.pairwise(members.indptr), shares.tolist(), strict=True):
        yield sorted(members.indices[first:last].tolist()), share
