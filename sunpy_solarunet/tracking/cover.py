"""
Exact covers at the least cost: of sets that each cost something, those that hold each element once.

Whoever holds an element alone has a cost, and any other set saves something against its members
alone. So a cover is a packing: sets that share no element, and save the most in total. Packings that
share nothing are found each for itself, by a linear program; where that halves sets, by a search, or
by integers. All of this is bounded, and what was found by then is a cover, too.
"""

import itertools
from functools import cached_property

import numpy as np
from scipy.sparse import csc_array

from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.tracking.losses import least_losses, worth_of_held
from sunpy_solarunet.tracking.packing import Budget, pack

__all__ = ["CheapestCover"]

#: Weight of a set that must be taken, if any can be.
MUST = 1e4

#: Sets that compete with one of the chosen, and with all of them, of which no more than this many are weighed.
MOST_RIVALS = 500
RIVALS_IN_ALL = 300_000

#: Ways to do without one of the chosen, and without all of them, of which no more than this many are followed; and
#: sets that a program chooses from where there are more ways.
MOST_BEGINNINGS = 200
BEGINNINGS_IN_ALL = 60_000
MOST_BY_PROGRAM = 10_000

#: Chosen sets whose rivals are looked for at once.
AT_ONCE = 1000

#: Savings that differ by less are equal.
RESOLUTION = 1e-7


class CheapestCover:
    """
    The sets that cover each element once at the least cost.

    Parameters
    ----------
    cost : `numpy.ndarray`
        Shape (n,).
    sets : sequence of sequence of `int`, or `~scipy.sparse.csc_array`
        The elements of each set, from 0, or elements by sets, 1 where a set holds an element. For each element
        there is a set that holds it alone.
    number : `int`
        Number of elements.

    Attributes
    ----------
    chosen : `numpy.ndarray` of `int`
        Indices of the sets, ordered.
    bounded : `int`
        How often a bound was met, so that the best cover found need not be the cheapest.

    Raises
    ------
    SolarUnetError
        If no set holds an element alone.

    Examples
    --------
    >>> from sunpy_solarunet.tracking.cover import CheapestCover
    >>> cover = CheapestCover([1.0, 1.0, 1.0, 1.5, 1.2], [(0,), (1,), (2,), (0, 1), (1, 2)], 3)
    >>> cover.chosen
    array([0, 4])
    >>> cover.margins([4]).round(1)
    array([0.3])
    """

    def __init__(self, cost, sets, number):
        self._cost = np.asarray(cost, float)
        self._incidence = _incidence(sets, number)
        self._alone = self._cheapest_alone(number)
        others = np.ones(len(self._cost), bool)
        others[self._alone] = False
        #: Sets that are no element's cheapest set of its own; columns of the matrix of members.
        self._told = np.flatnonzero(others)
        self._members = self._incidence[:, self._told]
        self._size = np.diff(self._members.indptr)
        self._saving = self._members.T @ self._cost[self._alone] - self._cost[self._told]
        worthwhile = np.flatnonzero(self._saving > 0)
        budget = Budget()
        packing = pack(self._members[:, worthwhile], self._saving[worthwhile], budget)
        self._packed = worthwhile[packing.chosen]
        self._prices = packing.prices
        self.bounded = budget.met
        left = self._members[:, self._packed].sum(axis=1) == 0
        self.chosen = np.sort(np.concatenate([self._told[self._packed], self._alone[left]])).astype(int)

    def _cheapest_alone(self, number):
        """The cheapest set that holds each element alone."""
        single = np.flatnonzero(np.diff(self._incidence.indptr) == 1)
        element = self._incidence.indices[self._incidence.indptr[single]]
        order = np.lexsort((self._cost[single], element))
        found, first = np.unique(element[order], return_index=True)
        if len(found) < number:
            missing = np.setdiff1d(np.arange(number), found)[0]
            raise SolarUnetError(f"no set holds element {missing} alone: give each element a set of its own")
        return single[order][first]

    def margins(self, chosen):
        """
        What the cheapest cover without each of some chosen sets costs more.

        For each set, only those elements are covered anew that compete with its own for sets, and what the
        chosen ones hold beside them; all others stay as they are.

        Parameters
        ----------
        chosen : sequence of `int`
            Indices of sets that are chosen.

        Returns
        -------
        `numpy.ndarray`
            Infinite where there is no such cover.
        """
        chosen = np.asarray(chosen, int)
        budget = Budget()
        most = min(MOST_RIVALS, RIVALS_IN_ALL // max(len(chosen), 1))
        width = min(MOST_BEGINNINGS, BEGINNINGS_IN_ALL // max(len(chosen), 1))
        groups = [chosen[start : start + AT_ONCE] for start in range(0, len(chosen), AT_ONCE)]
        by_program = MOST_BY_PROGRAM // max(len(groups), 1)
        margins = [self._margins(group, most, width, by_program, budget) for group in groups]
        self.bounded += budget.met
        return np.concatenate([np.zeros(0), *margins])

    def _margins(self, chosen, most_rivals, width, most_by_program, budget):
        """Each set's rivals, and what those around them lose without it; by a program where there are many ways."""
        around = _Surroundings(self, chosen)
        own, rival = around.candidates(most_rivals, budget)
        losses, is_least = around.losses(own, rival, width)
        is_open = ~is_least & np.isfinite(around.most)
        number = np.bincount(own, minlength=len(chosen))
        smallest = np.argsort(np.where(is_open, number, np.iinfo(int).max), kind="stable")[: is_open.sum()]
        by_program = smallest[np.cumsum(number[smallest]) <= most_by_program]
        budget.met += len(smallest) - len(by_program)
        chosen_ones = np.isin(own, by_program)
        margins = around.saving - around.worth + losses
        if len(by_program):
            best = around.best_packings(own[chosen_ones], rival[chosen_ones], budget)
            margins[by_program] = (around.saving - best)[by_program]
        # A bounded search may find less without a set than was found before.
        return np.where(np.isfinite(around.most), np.clip(margins, 0, around.most), np.inf)

    @cached_property
    def _blocks(self):
        """What is chosen, one set a row: a matrix of members, and what each saves."""
        packed = self._members[:, self._packed]
        left = np.flatnonzero(packed.sum(axis=1) == 0)
        alone = csc_array((np.ones(len(left)), (left, np.arange(len(left)))), (packed.shape[0], len(left)))
        saving = np.concatenate([self._saving[self._packed], np.zeros(len(left))])
        return _stacked(packed, alone).T.tocsr(), saving

    @cached_property
    def _loss(self):
        """What is lost by taking each set in place of all chosen ones that it shares elements with."""
        blocks, saving = self._blocks
        return saving @ _pattern(blocks @ self._members) - self._saving

    @cached_property
    def _excess(self):
        """By how much each set costs more than the prices of its elements: what taking it costs at least."""
        return np.maximum(self._members.T @ self._prices - self._saving, 0)


class _Surroundings:
    """What is covered anew to do without each of some chosen sets; one set a column of all matrices."""

    def __init__(self, cover, chosen):
        self._cover = cover
        self._chosen = chosen
        members = cover._incidence[:, chosen]
        blocks, block_saving = cover._blocks
        position = np.searchsorted(cover._told, chosen)
        position = np.minimum(position, max(len(cover._told) - 1, 0))
        self.is_alone = np.ones(len(chosen), bool) if not len(cover._told) else cover._told[position] != chosen
        self._own = np.where(self.is_alone, -1, position)
        rivals = _pattern(cover._members.T @ members)
        touched = _pattern(members + cover._members @ rivals)
        kept = _pattern(blocks @ touched)
        self._features = _pattern(blocks.T @ kept).tocsc()
        #: What the chosen sets save there.
        self.saving = block_saving @ kept
        #: What their elements are worth by prices.
        self.worth = cover._prices @ self._features
        own_saving = np.where(self.is_alone, np.inf, cover._saving[self._own] if len(cover._told) else np.inf)
        #: What the best that is easily found costs more.
        self._rivals = rivals.tocoo()
        self.most = np.minimum(own_saving, self._least_loss())

    def losses(self, own, rival, width):
        """What the best without each chosen set loses against prices, and whether that is certain."""
        cover, number = self._cover, len(self.is_alone)
        members = cover._members[:, rival]
        element = np.where(self.is_alone, cover._incidence.indices[cover._incidence.indptr[self._chosen]], -1)

        def price(problem, row):
            return np.where(row == element[problem], np.inf, cover._prices[row])

        worth, held = worth_of_held(own, members, cover._prices, number)
        # Elements that no rival holds are left.
        left = self.worth - worth
        slack = self.most + self.worth - self.saving
        losses, _, is_least = least_losses(own, members, cover._excess[rival], price, slack - left, width)
        losses = losses + left
        losses[self.is_alone & ~np.isin(np.arange(number) * members.shape[0] + element, held)] = np.inf
        return losses, is_least

    def best_packings(self, own, rival, budget):
        """What the best without each chosen set saves, by a program for all of them."""
        cover = self._cover
        saving = cover._saving[rival] + MUST * self._must_be_taken(own, rival)
        worthwhile = saving > 0
        own, rival, saving = own[worthwhile], rival[worthwhile], saving[worthwhile]
        packing = pack(_apart(cover._members[:, rival], own), saving, budget)
        best = np.bincount(own[packing.chosen], saving[packing.chosen], len(self.is_alone))
        best[self.is_alone] -= MUST
        return best

    def _must_be_taken(self, own, story):
        """Whether sets hold the element that may not be alone."""
        codes = self._rivals.row.astype(np.int64) * len(self.is_alone) + self._rivals.col
        return self.is_alone[own] & np.isin(story.astype(np.int64) * len(self.is_alone) + own, codes)

    def _least_loss(self):
        least = np.full(len(self.is_alone), np.inf)
        story, own = self._rivals.row, self._rivals.col
        others = story != self._own[own]
        np.minimum.at(least, own[others], self._cover._loss[story[others]])
        return least

    def candidates(self, most_rivals, budget):
        """Sets that may be in a cover that is better than the best that is easily found: columns, and sets."""
        cover = self._cover
        slack = self.most + self.worth - self.saving + RESOLUTION
        inside = (cover._members.T @ self._features).tocoo()
        story, own = inside.row, inside.col
        fits = (inside.data > cover._size[story] - 0.5) & (story != self._own[own])
        fits &= np.isfinite(slack[own]) & (cover._excess[story] <= slack[own])
        story, own = story[fits], own[fits]
        order = np.lexsort((story, cover._excess[story], own))
        story, own = story[order], own[order]
        rank = np.arange(len(own)) - np.searchsorted(own, own)
        budget.met += len(np.unique(own[rank >= most_rivals]))
        return own[rank < most_rivals], story[rank < most_rivals]


def _incidence(sets, number):
    """Elements by sets."""
    if isinstance(sets, csc_array):
        return sets
    sizes = [len(elements) for elements in sets]
    column = np.repeat(np.arange(len(sizes)), sizes)
    row = np.fromiter(itertools.chain.from_iterable(sets), int, len(column))
    return csc_array((np.ones(len(row)), (row, column)), (number, len(sizes)))


def _pattern(matrix):
    """Where a matrix is not zero, as ones."""
    matrix = matrix.copy()
    matrix.data = np.ones(len(matrix.data))
    return matrix


def _stacked(first, second):
    """Two matrices of columns side by side."""
    indptr = np.concatenate([first.indptr, first.indptr[-1] + second.indptr[1:]])
    parts = [np.concatenate([getattr(first, name), getattr(second, name)]) for name in ("data", "indices")]
    return csc_array((*parts, indptr), (first.shape[0], first.shape[1] + second.shape[1]))


def _apart(members, own):
    """The columns of a matrix, those of different owners without a common row."""
    owner = np.repeat(own, np.diff(members.indptr))
    _, rows = np.unique(owner.astype(np.int64) * members.shape[0] + members.indices, return_inverse=True)
    return csc_array((members.data, rows, members.indptr), (rows.max(initial=-1) + 1, members.shape[1]))
