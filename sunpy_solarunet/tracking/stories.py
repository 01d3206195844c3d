"""
Stories: explanations of what became of features, many at a time as arrays.
"""

from dataclasses import dataclass, fields

import numpy as np
from scipy.sparse import csc_array

__all__ = ["NOBODY", "Stories", "likeliest"]

#: Where a story has no further feature.
NOBODY = -1

#: Stories of one group, of which no more than this many of the likeliest are kept.
MOST_OF_A_GROUP = 24


@dataclass(frozen=True)
class Stories:
    """
    Explanations: what happened, to whom, and at what cost.

    Attributes
    ----------
    kind : `numpy.ndarray` of `str`
        Shape (n,): a key of `~sunpy_solarunet.tracking.events.KINDS`, or empty where a feature lives on.
    category : `numpy.ndarray` of `str`
        death or birth.
    own, other : `numpy.ndarray` of `int`
        Shapes (n, members) and (n,): the features that end, or begin, and what becomes of them in the other frame;
        `NOBODY` where there are no more.
    cost, imbalance : `numpy.ndarray`
        Shape (n,).

    Examples
    --------
    Two features merge, or one of them becomes what the other did not:

    >>> import numpy as np
    >>> from sunpy_solarunet.tracking.stories import NOBODY, Stories
    >>> merging = Stories.of("merging", np.array([[0, 1]]), np.array([0]), np.array([3.5]))
    >>> living_on = Stories.of("", np.array([[1]]), np.array([0]), np.array([0.5]))
    >>> stories = Stories.joined([merging, living_on])
    >>> stories.own
    array([[ 0,  1],
           [ 1, -1]])
    >>> stories.elements(2, 1).toarray().astype(int)
    array([[1, 0],
           [1, 1],
           [1, 1]])
    """

    kind: np.ndarray
    category: np.ndarray
    own: np.ndarray
    other: np.ndarray
    cost: np.ndarray
    imbalance: np.ndarray

    @classmethod
    def of(cls, kind, own, other, cost, imbalance=np.nan):
        """
        Stories of one kind, of the death category.

        Parameters
        ----------
        kind : `str`
        own, other, cost, imbalance
            As the attributes; one of any for all.

        Returns
        -------
        Stories
        """
        number = len(cost)
        whole = (np.full(number, kind, "U13"), np.full(number, "death", "U5"))
        return cls(*whole, own, np.broadcast_to(other, number), cost, np.broadcast_to(imbalance, number))

    @classmethod
    def joined(cls, parts):
        """
        Stories one after the other.

        Parameters
        ----------
        parts : list of Stories

        Returns
        -------
        Stories
        """
        widest = max(part.own.shape[1] for part in parts)
        parts = [part.with_members(widest) for part in parts]
        return cls(*(np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(cls)))

    def with_members(self, number):
        """
        The same with room for so many members.

        Parameters
        ----------
        number : `int`

        Returns
        -------
        Stories
        """
        room = np.full((len(self), number - self.own.shape[1]), NOBODY)
        return Stories(self.kind, self.category, np.hstack([self.own, room]), self.other, self.cost, self.imbalance)

    def mirrored(self):
        """
        The same of the birth category.

        Returns
        -------
        Stories
        """
        births = np.full(len(self), "birth", "U5")
        return Stories(self.kind, births, self.own, self.other, self.cost, self.imbalance)

    def __len__(self):
        return len(self.cost)

    def __getitem__(self, chosen):
        return Stories(*(getattr(self, each.name)[chosen] for each in fields(self)))

    def features(self, number_before):
        """
        Who takes part, features of the later frame numbered after those of the earlier.

        Parameters
        ----------
        number_before : `int`

        Returns
        -------
        `numpy.ndarray` of `int`
            Shape (n, members + 1).
        """
        death = self.category == "death"
        own = np.where(death[:, np.newaxis] | (self.own == NOBODY), self.own, self.own + number_before)
        other = np.where(~death | (self.other == NOBODY), self.other, self.other + number_before)
        return np.column_stack([own, other])

    def elements(self, number_before, number_after):
        """
        Features by stories.

        Parameters
        ----------
        number_before, number_after : `int`

        Returns
        -------
        `~scipy.sparse.csc_array`
            1 where a feature takes part; features of the later frame come after those of the earlier.
        """
        features = np.sort(self.features(number_before), axis=1)
        takes_part = features != NOBODY
        starts = np.concatenate([[0], np.cumsum(takes_part.sum(axis=1))])
        shape = (number_before + number_after, len(self))
        return csc_array((np.ones(starts[-1]), features[takes_part], starts), shape)

    def cheapest_of_equals(self, number_before, number_after):
        """
        One story for each set of features: a cancellation is told by each of its members.

        Parameters
        ----------
        number_before, number_after : `int`

        Returns
        -------
        Stories
            In the order in which each set of features came up first.
        """
        codes = _codes(self.features(number_before), number_before + number_after)
        order = np.lexsort((np.arange(len(self)), self.cost, codes))
        starts = np.flatnonzero(np.diff(codes[order], prepend=codes[order][:1] ^ np.uint64(1)))
        first_mentioned = np.minimum.reduceat(order, starts) if len(starts) else starts
        return self[order[starts][np.argsort(first_mentioned)]]


def _codes(features, number):
    """A number for each set of features that hardly any other set has: the sum of one random number a feature."""
    words = np.random.default_rng(0).integers(0, 2**64 - 1, number + 1, np.uint64)
    words[NOBODY] = 0
    return words[features].sum(axis=1, dtype=np.uint64)


def likeliest(group, cost):
    """
    Of each group the stories that cost least, no more than ``MOST_OF_A_GROUP``.

    Parameters
    ----------
    group : `numpy.ndarray` of `int`
        Of each story.
    cost : `numpy.ndarray`

    Returns
    -------
    `numpy.ndarray` of `int`
        Which stories: group after group, the cheapest of each first, the first of equals.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.tracking.stories import likeliest
    >>> likeliest(np.array([7, 3, 7]), np.array([2.0, 4.0, 1.0]))
    array([1, 2, 0])
    """
    order = np.lexsort((cost, group))
    rank = np.arange(len(order)) - np.searchsorted(group[order], group[order])
    return order[rank < MOST_OF_A_GROUP]
