"""
Small packings, many at once: what the best of each loses against the prices of its elements.
"""

import numpy as np

from sunpy_solarunet.geometry import runs

__all__ = ["least_losses", "worth_of_held"]

#: Losses that differ by less are equal.
RESOLUTION = 1e-9

#: Elements that a number holds, one a bit.
MOST_ELEMENTS = 64

#: No set.
NONE = -1

ONE = np.uint64(1)


def least_losses(owner, members, excess, price, limit, width):
    """
    The least that packings of several problems lose.

    A packing loses the excess of its sets over what they save, and the prices of the elements that it leaves.
    All problems advance together, element after element, the dearest first: each goes to one of its sets or is
    left. Of beginnings that hold the same elements the cheapest goes on.

    Parameters
    ----------
    owner : `numpy.ndarray` of `int`
        The problem of each set, from 0.
    members : `~scipy.sparse.csc_array`
        Elements by sets, 1 where a set holds an element.
    excess : `numpy.ndarray`
        What taking each set loses.
    price : callable
        Called with arrays of problems and of elements: what leaving each element loses.
    limit : `numpy.ndarray`
        Of each problem: a loss that is to be undercut.
    width : `int`
        Beginnings of one problem that are gone on with, at most.

    Returns
    -------
    losses : `numpy.ndarray`
        The limit where nothing less was found. Elements that no set holds are not counted.
    chosen : `numpy.ndarray` of `bool`
        The sets of the packings that lose so little.
    is_least : `numpy.ndarray` of `bool`
        Whether all that may lose less was tried.

    Examples
    --------
    Of two sets that share an element, one is taken, and the other's second element is left:

    >>> import numpy as np
    >>> from scipy.sparse import csc_array
    >>> from sunpy_solarunet.tracking.losses import least_losses
    >>> members = csc_array(np.array([[1, 0], [1, 1], [0, 1]]))
    >>> prices = np.array([1.0, 2.0, 0.5])
    >>> least_losses(np.array([0, 0]), members, np.array([0.0, 0.2]), lambda problem, element: prices[element],
    ...              np.array([9.0]), 10)
    (array([0.5]), array([ True, False]), array([ True]))
    """
    options = _Options(owner, members, excess, price, len(limit))
    least, best = limit.copy(), np.full((2, len(limit)), NONE)
    is_least = options.number <= MOST_ELEMENTS
    nothing_to_take = is_least & (options.number == 0)
    least[nothing_to_take] = np.minimum(limit[nothing_to_take], 0)
    problem = np.flatnonzero(is_least & (options.number > 0) & (limit > 0))
    free, loss = options.all_elements[problem], np.zeros(len(problem))
    steps = []
    while len(problem):
        problem, free, loss, *step = options.gone_on_with(problem, free, loss, least)
        kept, cut = _cheapest(problem, free, loss, width)
        is_least[cut] = False
        problem, free, loss = problem[kept], free[kept], loss[kept]
        steps.append([each[kept] for each in step])
        ended = np.flatnonzero(free == 0)
        # There is no more than one such of each problem.
        ended = ended[loss[ended] < least[problem[ended]]]
        least[problem[ended]] = loss[ended]
        best[0, problem[ended]], best[1, problem[ended]] = len(steps) - 1, ended
        going_on = free != 0
        problem, free, loss = problem[going_on], free[going_on], loss[going_on]
        steps[-1].append(np.flatnonzero(going_on))
    return least, _traced(steps, best, len(owner)), is_least


def _traced(steps, best, number):
    """The sets that were taken on the ways to the best ends."""
    chosen = np.zeros(number, bool)
    step, place = best
    for level in range(len(steps) - 1, -1, -1):
        parent, option, _ = steps[level]
        here = step == level
        taken = option[place[here]]
        chosen[taken[taken != NONE]] = True
        if level:
            # Where a beginning stands among those that were gone on with one step before.
            place[here] = steps[level - 1][2][parent[place[here]]]
            step[here] = level - 1
    return chosen


def worth_of_held(owner, members, prices, number):
    """
    Prices of the elements that the sets of several problems hold.

    Parameters
    ----------
    owner, members
        As for `least_losses`.
    prices : `numpy.ndarray`
        Of all elements.
    number : `int`
        Of problems.

    Returns
    -------
    worth : `numpy.ndarray`
        Sums over the elements of each problem.
    held : `numpy.ndarray` of `int`
        Problems and elements as one number each: the problem times the number of elements, plus the element.
    """
    held = np.unique(np.repeat(owner, np.diff(members.indptr)) * members.shape[0] + members.indices)
    problem, element = np.divmod(held, max(members.shape[0], 1))
    return np.bincount(problem, prices[element], number), held


class _Options:
    """What may be done with each element of each problem: elements are bits, the dearest the lowest."""

    def __init__(self, owner, members, excess, price, number_of_problems):
        sizes = np.diff(members.indptr)
        codes = np.repeat(owner, sizes) * members.shape[0] + members.indices
        found, entry = np.unique(codes, return_inverse=True)
        problem, element = np.divmod(found, members.shape[0])
        self.number = np.bincount(problem, minlength=number_of_problems)
        prices = price(problem, element)
        order = np.lexsort((element, -prices, problem))
        self._first = np.cumsum(self.number) - self.number
        position = np.empty(len(found), int)
        position[order] = np.arange(len(found)) - self._first[problem[order]]
        #: Of all elements of all problems.
        self._prices = prices[order]
        self.all_elements = _lowest_bits(np.minimum(self.number, MOST_ELEMENTS))
        position = position[entry]
        starts = members.indptr[:-1].astype(int)
        lowest = np.minimum.reduceat(position, starts) if len(starts) else starts
        bits = ONE << np.minimum(position, MOST_ELEMENTS - 1).astype(np.uint64)
        mask = np.bitwise_or.reduceat(bits, starts) if len(starts) else bits
        # A set is an option for its dearest element: where another was dearer, that one is gone.
        place = self._first[owner] + lowest
        order = np.lexsort((excess, place))
        self._mask, self._excess, self._set = mask[order], excess[order], order
        self._bounds = np.searchsorted(place[order], np.arange(len(found) + 1))

    def gone_on_with(self, problem, free, loss, least):
        """
        All that can become of the dearest free element of beginnings, but for what loses as much as the least.

        Problems, free elements, losses, which beginning each goes on from, and the set that it takes.
        """
        lowest = free & (~free + ONE)
        place = self._first[problem] + np.log2(lowest.astype(float)).astype(int)
        first, last = self._bounds[place], self._bounds[place + 1]
        parent = np.repeat(np.arange(len(problem)), last - first)
        option = runs(first, last - first)
        taken = loss[parent] + self._excess[option]
        fits = (taken < least[problem[parent]] - RESOLUTION) & (self._mask[option] & ~free[parent] == 0)
        parent, option, taken = parent[fits], option[fits], taken[fits]
        left = loss + self._prices[place]
        may_be_left = left < least[problem] - RESOLUTION
        return (
            np.concatenate([problem[parent], problem[may_be_left]]),
            np.concatenate([free[parent] & ~self._mask[option], (free & ~lowest)[may_be_left]]),
            np.concatenate([taken, left[may_be_left]]),
            np.concatenate([parent, np.flatnonzero(may_be_left)]),
            np.concatenate([self._set[option], np.full(may_be_left.sum(), NONE)]),
        )


def _lowest_bits(number):
    """Numbers of which so many bits are set."""
    whole = np.uint64(2**64 - 1)
    return np.where(number > 0, whole >> (MOST_ELEMENTS - np.maximum(number, 1)).astype(np.uint64), np.uint64(0))


def _cheapest(problem, free, loss, width):
    """Which beginnings are gone on with, and which problems have more than these."""
    order = np.lexsort((loss, free, problem))
    other = (np.diff(problem[order], prepend=-1) != 0) | np.append(True, np.diff(free[order].astype(np.int64)) != 0)[
        : len(order)
    ]
    order = order[other]
    order = order[np.lexsort((loss[order], problem[order]))]
    rank = np.arange(len(order)) - np.searchsorted(problem[order], problem[order])
    return order[rank < width], np.unique(problem[order[rank >= width]])
