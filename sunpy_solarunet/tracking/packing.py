"""
Packings: of sets that each save something, those that share no element and save the most in total.

A linear program finds most of them whole. Where it takes sets by halves, a search or an integer
program decides, among the few sets that its prices leave. All are bounded: the best found counts.
"""

import time
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csc_array
from scipy.sparse.csgraph import connected_components

from sunpy_solarunet.tracking.improving import improved
from sunpy_solarunet.tracking.relaxation import relax, shared_prices, tighten

__all__ = ["Budget", "Packing", "pack"]

#: Sets that one linear program chooses from, but for those that hang together.
BATCH = 20_000

#: Sets that a search, and that an integer program, chooses from.
MOST_SEARCHED = 60
MOST_WHOLE = 2_000

#: Most sets that hang together; of more, those that save most for one of their elements are chosen from.
MOST_SETS = 300_000

#: How often a linear program is tightened.
ROUNDS = 4

#: Steps of a search, branches of an integer program, and exchanges that improve a packing, each times its members.
STEPS = 2_000
BRANCHES = 200
EXCHANGES = 5_000_000

#: Work on what a linear program halves, in about milliseconds: all of it, a linear program and each of
#: its sets, an integer program and each of its sets, a search.
WORK = 2_000
LINEAR = (5, 0.013)
WHOLE = (20, 0.3)
SEARCH = 1

#: Last resort, in seconds: how long an integer program, and all work on halves, may take. The bounds above are met
#: first on all but the slowest computers, so that the same frames have the same story on all of them.
LONGEST = 5.0
LONGEST_IN_ALL = 15.0

#: Shares and savings that differ by less are equal.
RESOLUTION = 1e-6


class Budget:
    """
    What may still be spent on sets that a linear program halves.

    Attributes
    ----------
    met : `int`
        How often that or another bound was met.
    """

    def __init__(self):
        self.met = 0
        self._left = WORK
        self._end = time.monotonic() + LONGEST_IN_ALL

    def allows(self, work):
        """
        Whether there is enough left, which is then spent.

        Parameters
        ----------
        work : `float`

        Returns
        -------
        `bool`
        """
        if work > self._left or time.monotonic() > self._end:
            return False
        self._left -= work
        return True


@dataclass(frozen=True)
class Packing:
    """
    Sets that share no element.

    Attributes
    ----------
    chosen : `numpy.ndarray`
        Columns of the sets, ordered.
    prices : `numpy.ndarray`
        For each element; those of a set's elements sum to what it saves, or to more.
    """

    chosen: np.ndarray
    prices: np.ndarray


def pack(members, saving, budget):
    """
    The sets that share no element and save the most in total.

    Parameters
    ----------
    members : `~scipy.sparse.csc_array`
        Elements by sets, 1 where a set holds an element. No set is empty.
    saving : `numpy.ndarray`
        What each set saves, more than zero.
    budget : Budget
        Becomes smaller, and counts how often it or another bound was met.

    Returns
    -------
    Packing

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csc_array
    >>> from sunpy_solarunet.tracking.packing import Budget, pack
    >>> pairs = csc_array(np.array([[1, 0, 0], [1, 1, 0], [0, 1, 1], [0, 0, 1]]))
    >>> pack(pairs, np.array([2.0, 3.0, 2.0]), Budget()).chosen
    array([0, 2])
    """
    chosen, prices = _pack(members, np.asarray(saving, float), budget)
    return Packing(np.flatnonzero(chosen), prices)


def _pack(members, saving, budget):
    """Which sets are chosen, and prices: sets that hang together are packed without the others."""
    part = _parts(members)
    number = np.bincount(part)
    chosen = number[part] == 1
    prices = shared_prices(members, saving)
    crowds = np.flatnonzero(number > 1)
    # The smallest first: bounds are met where most is undecided.
    for group in _groups(crowds[np.argsort(number[crowds], kind="stable")], number):
        rank = np.full(len(number), -1)
        rank[group] = np.arange(len(group))
        columns = np.flatnonzero(rank[part] >= 0)
        rows, crowd = _without_empty_rows(members[:, columns])
        chosen[columns], prices[rows] = _pack_crowds(crowd, saving[columns], rank[part[columns]], budget)
    return chosen, prices


def _parts(members):
    """For each set, which of the parts that share nothing it is in."""
    if not members.shape[1]:
        return np.zeros(0, int)
    rows, columns = members.shape
    # Older releases of SciPy take indices of 32 bits alone.
    indices, indptr = (some.astype(np.int32) for some in (members.indices, _padded(members.indptr, rows)))
    whole = csc_array((members.data, indices, indptr), (rows + columns, rows + columns))
    _, label = connected_components(whole, directed=False)
    return np.unique(label[rows:], return_inverse=True)[1]


def _padded(indptr, rows):
    """Columns of sets behind empty ones of elements, as nodes of one graph."""
    return np.concatenate([np.zeros(rows, indptr.dtype), indptr])


def _groups(crowds, number):
    """Crowds in their order, so many at a time that a program may choose from their sets."""
    group = np.cumsum(number[crowds]) // BATCH
    bounds = np.concatenate([[0], np.flatnonzero(np.diff(group)) + 1, [len(crowds)]])
    return [crowds[first:last] for first, last in pairwise(bounds) if last > first]


def _without_empty_rows(members):
    rows, index = np.unique(members.indices, return_inverse=True)
    # Older solvers take no larger indices.
    packed = (members.data, index.astype(np.int32), members.indptr.astype(np.int32))
    return rows, csc_array(packed, (len(rows), members.shape[1]))


def _pack_crowds(members, saving, crowd, budget):
    """Several crowds by one linear program, and those that it halves one by one."""
    if len(saving) > MOST_SETS:
        budget.met += 1
        kept = _best_of_each(members, saving)
        chosen, prices = np.zeros(len(saving), bool), shared_prices(members, saving)
        chosen[kept], _ = _pack(members[:, kept], saving[kept], budget)
        return chosen, prices
    relaxed = relax(members, saving)
    if not relaxed.is_exact:
        budget.met += 1
        return _greedy(members, saving, saving), relaxed.prices
    chosen = relaxed.shares > 1 - RESOLUTION
    for number in np.unique(crowd[relaxed.halved]):
        columns = np.flatnonzero(crowd == number)
        rows, own = _without_empty_rows(members[:, columns])
        chosen[columns] = _whole(own, saving[columns], relaxed.part(columns, rows, own), budget)
    return chosen, relaxed.prices


def _best_of_each(members, saving):
    """The sets that save most for one of their elements, by their members."""
    sizes = np.diff(members.indptr)
    column = np.repeat(np.arange(len(saving)), sizes)
    order = np.lexsort((column, -(saving / sizes)[column], members.indices))
    row = members.indices[order]
    rank = np.arange(len(row)) - np.searchsorted(row, row)
    return np.unique(column[order[rank < max(MOST_SETS // members.shape[0], 1)]])[:MOST_SETS]


def _whole(members, saving, relaxed, budget):
    """One crowd by whole sets: the best packing of those that prices leave beside one that is easily found."""
    tightened = _tightened(members, saving, relaxed, budget)
    found = _rounded(members, saving, tightened.shares, budget)
    if len(saving) > MOST_WHOLE:
        found = improved(members, saving, relaxed.prices, found)
    likely = np.flatnonzero(tightened.excess <= tightened.most - saving[found].sum() + RESOLUTION)
    own, number = (members[:, likely], saving[likely]), len(likely)
    better, is_best = np.zeros(number, bool), False
    if number <= MOST_SEARCHED and budget.allows(SEARCH):
        better, is_best = _searched(*own, relaxed.prices, relaxed.prices.sum() - saving[found].sum())
    if not is_best and number <= MOST_WHOLE and budget.allows(_work(WHOLE, number)):
        better, is_best = _by_integers(*own)
    budget.met += not is_best
    if saving[likely[better]].sum() > saving[found].sum():
        found = np.zeros(len(saving), bool)
        found[likely[better]] = True
    return found


def _work(kind, number):
    return kind[0] + kind[1] * number


def _tightened(members, saving, relaxed, budget):
    """Fewer halves, where there are too many sets to search among."""
    rounds = 0
    while rounds < ROUNDS and MOST_SEARCHED < len(saving) <= MOST_WHOLE and budget.allows(_work(LINEAR, len(saving))):
        rounds += 1
        tightened = tighten(members, saving, relaxed)
        if tightened is relaxed:
            break
        relaxed = tightened
    return relaxed


def _rounded(members, saving, shares, budget):
    """The sets that a linear program took whole, and the best of what shares nothing with them."""
    found = shares > 1 - RESOLUTION
    if len(saving) <= MOST_WHOLE or not found.any():
        return _greedy(members, saving * (shares + RESOLUTION), saving)
    free = np.flatnonzero(members.T @ members[:, found].sum(axis=1) == 0)
    if len(free):
        found[free] = _pack(members[:, free], saving[free], budget)[0]
    return found


def _greedy(members, worth, saving):
    """The worthiest set, then the worthiest that shares nothing with it, and so on, improved by exchanges."""
    taken = np.zeros(members.shape[0], bool)
    found = np.zeros(len(worth), bool)
    starts = members.indptr
    for column in np.argsort(-worth / np.diff(starts), kind="stable").tolist():
        elements = members.indices[starts[column] : starts[column + 1]]
        if not taken[elements].any():
            taken[elements] = found[column] = True
    return _exchanged(members, saving, found)


def _exchanged(members, saving, found):
    """A packing in which no one set saves more than all those that it shares elements with."""
    found = found.copy()
    for _ in range(EXCHANGES // max(members.nnz, 5_000)):
        columns = np.flatnonzero(found)
        shared = members[:, columns].T @ members
        shared.data = np.ones(len(shared.data))
        gain = saving - saving[columns] @ shared
        gain[columns] = 0
        best = np.argmax(gain)
        if gain[best] <= RESOLUTION:
            break
        found[columns[(members[:, columns].T @ members[:, [best]]).toarray()[:, 0] > 0]] = False
        found[best] = True
    return found


def _by_integers(members, saving):
    """An integer program's packing, and whether it is the best."""
    solution = milp(
        -saving,
        integrality=np.ones(len(saving)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(members, -np.inf, 1),
        # The solver's default is content with savings that are 0.01 % too low.
        options={"mip_rel_gap": 0.0, "node_limit": BRANCHES, "time_limit": LONGEST},
    )
    if solution.x is None:
        return np.zeros(len(saving), bool), False
    return solution.x > 0.5, solution.status == 0


def _searched(members, saving, prices, loss):
    """The best packing of a few sets that loses less than another, and whether all that prices allow were tried."""
    excess = np.maximum(members.T @ prices - saving, 0)
    search = _Search(members, excess, prices, loss)
    search.go_on(search.all_elements, (), 0.0)
    chosen = np.zeros(len(saving), bool)
    chosen[list(search.best)] = True
    return chosen, search.steps <= STEPS


class _Search:
    """
    Element by element, the dearest first: each goes to one of its sets or is left.

    A packing loses, against the sum of all prices, the excess of its sets over what they save, and the
    prices of the elements that are left. What loses as much as the best so far is not gone on with.
    """

    def __init__(self, members, excess, prices, loss):
        dearest = np.argsort(-prices, kind="stable")
        bit = np.empty(len(prices), int)
        bit[dearest] = np.arange(len(prices))
        self._prices = prices[dearest].tolist()
        self._options = [[] for _ in prices]
        for column in np.argsort(excess, kind="stable").tolist():
            bits = bit[members.indices[members.indptr[column] : members.indptr[column + 1]]].tolist()
            option = (sum(1 << position for position in bits), float(excess[column]), column)
            for position in bits:
                self._options[position].append(option)
        self._loss = loss
        self.all_elements = (1 << len(prices)) - 1
        self.best = ()
        self.steps = 0

    def go_on(self, free, taken, loss):
        """Try all that can become of the dearest of the free elements."""
        self.steps += 1
        if self.steps > STEPS or loss >= self._loss - RESOLUTION / 1000:
            return
        position = (free & -free).bit_length() - 1
        if not free or self._prices[position] <= 0:
            self.best, self._loss = taken, loss
            return
        for mask, excess, column in self._options[position]:
            if mask & free == mask:
                self.go_on(free & ~mask, (*taken, column), loss + excess)
        self.go_on(free & ~(1 << position), taken, loss + self._prices[position])
