"""
Events: how one is explained, and all that happened between two frames.
"""

import itertools
from dataclasses import dataclass, field

import numpy as np

__all__ = ["KINDS", "RESOLUTION", "Explanation", "Transition"]

#: The kinds of events: of the death category, and what each is with the frames exchanged.
KINDS = {"disappearance": "appearance", "merging": "splitting", "cancellation": "emergence"}

#: Imbalances that differ by less are equal.
RESOLUTION = 1e-9


@dataclass(frozen=True)
class Explanation:
    """
    An event of the death category as one of its members sees it.

    Attributes
    ----------
    kind : `str`
        A key of `KINDS`.
    members : tuple of `int`
        Features that end.
    product : `int` or `None`
        The feature of the other frame that they become.
    imbalance : `float`
        Left side of equation 7, 8 or 9; not-a-number for a disappearance.
    confidence : `float`
        By how much less likely, as a logarithm, all else is; not-a-number where the rule does not weigh.
    """

    kind: str
    members: tuple
    product: int | None
    imbalance: float
    confidence: float = np.nan


def _none():
    return np.zeros(0)


@dataclass(frozen=True)
class Transition:
    """
    What happened between two frames.

    Attributes
    ----------
    successor : `numpy.ndarray` of `int`
        For each feature before, the feature after that carries its identity on, or -1.
    deaths, births : list of Explanation
        All events; a birth as the death that it is with the frames exchanged.
    cut_groups : `int`
        Number of groups that were cut to their nearest features.
    left, entered : `numpy.ndarray` of `bool`, optional
        Features that the edge of the frame, or missing data, took away or brought: neither events nor lives that
        went on.
    events : `dict`, optional
        Columns of the table of events, without the numbers that a sequence gives them: deaths, then births.
    seconds : `float`, optional
        Time between the frames.
    shift : `numpy.ndarray`, optional
        Pixels along x and y by which what rests or drifts is displaced in the later frame.
    axes : `numpy.ndarray`, optional
        For each feature after the km toward west and north, in rows, of a step along x and along y, in columns.
    radius : `numpy.ndarray`, optional
        For each feature before, the radius of a circle of its size, in km.
    bounded_covers : `int`
        How often a bound was met in the search for the most likely story, see
        `~sunpy_solarunet.tracking.cover.CheapestCover`.
    """

    successor: np.ndarray
    deaths: list
    births: list
    cut_groups: int
    left: np.ndarray = field(default_factory=_none)
    entered: np.ndarray = field(default_factory=_none)
    bounded_covers: int = 0
    events: dict = field(default_factory=dict)
    seconds: float = np.nan
    shift: np.ndarray = field(default_factory=lambda: np.zeros(2))
    axes: np.ndarray = field(default_factory=_none)
    radius: np.ndarray = field(default_factory=_none)

    @property
    def parts(self):
        """Features before and after that take part in each event: deaths, then births."""
        deaths = [{"parent": death.members, "child": _one(death.product)} for death in self.deaths]
        return deaths + [{"parent": _one(birth.product), "child": birth.members} for birth in self.births]

    def members(self, before, after):
        """
        Who takes part in each event.

        Parameters
        ----------
        before, after : list
            Something for each feature of the two frames.

        Returns
        -------
        list of list
            For each event that of its parents, then of its children.
        """
        return [[before[one] for one in part["parent"]] + [after[one] for one in part["child"]] for part in self.parts]

    @property
    def unions(self):
        """Those of events after which something is left that was there before, as pairs of parents and children."""
        return [(part["parent"], part["child"]) for part in self.parts if part["parent"] and part["child"]]

    @property
    def jumps(self):
        """Features before and after that take part in one event: from the one to the other a center jumps."""
        return {pair for union in self.unions for pair in itertools.product(*union)}


def _one(product):
    return () if product is None else (product,)
