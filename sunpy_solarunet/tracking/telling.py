"""
What may have become of the features of a frame: who lives on, who merged, who cancelled, and how unlikely that is.
"""

import numpy as np

from sunpy_solarunet.geometry import runs
from sunpy_solarunet.tracking.association import relative_change
from sunpy_solarunet.tracking.equations import combinations
from sunpy_solarunet.tracking.events import RESOLUTION
from sunpy_solarunet.tracking.stories import NOBODY, Stories, likeliest

__all__ = ["UNTOLD", "Groups", "Side", "Teller"]

#: Changes of flux of fewer standard deviations cannot be told from none.
UNTOLD = 2.0

#: Combinations that are weighed together.
AT_ONCE = 300_000


class Side:
    """
    One frame's features as plain arrays, and how unlikely it is that each ends alone.

    Parameters
    ----------
    catalog : `~sunpy_solarunet.FeatureCatalog`
    smallest : `float`
        Flux of the smallest feature of both frames.
    costs : `~sunpy_solarunet.tracking.likelihood.Costs`
    flux_tolerance : `float`
    """

    def __init__(self, catalog, smallest, costs, flux_tolerance):
        self.flux = catalog.flux.value
        self.strength = np.abs(self.flux)
        self.sign = catalog.polarity
        self.places = catalog.places
        self.radius = catalog.equivalent_radius
        self.at_edge = catalog.touches_edge
        #: Of what data missing in the other frame cut, nothing can be told but that it lives on or ends at an edge.
        self.whole = ~catalog.cut
        relative = costs.change * flux_tolerance * self.flux
        noise = catalog.flux_error.value
        self.variance = noise**2 + relative**2 + (costs.unseen * smallest) ** 2
        growth = costs.vanishing_flux * np.log(np.maximum(self.strength / smallest, 1))
        self.alone = np.where(self.at_edge, costs.leaving, costs.vanishing + growth)

    def ends(self):
        """
        Each feature ends alone.

        Returns
        -------
        `~sunpy_solarunet.tracking.stories.Stories`
        """
        return Stories.of("disappearance", np.arange(len(self.flux))[:, np.newaxis], NOBODY, self.alone)


class Groups:
    """
    Features with their nearest partners.

    Parameters
    ----------
    center, partner : `numpy.ndarray` of `int`
        Pairs.
    gap : `numpy.ndarray`
        Of each pair.
    strength : `numpy.ndarray`
        Of each feature that may be a partner.
    most : `int`
        Most partners of one feature.

    Attributes
    ----------
    centers, sizes : `numpy.ndarray` of `int`
        Each feature that has partners, increasing, and how many.
    cut : `int`
        How many had more.
    """

    def __init__(self, center, partner, gap, strength, most):
        # Gaps are often equal, and labels depend on how the frame is turned: the stronger of the second comes first.
        order = np.lexsort((-strength[partner], np.round(gap / RESOLUTION), center))
        rank = np.arange(len(order)) - np.searchsorted(center[order], center[order])
        self.cut = len(np.unique(center[order[rank >= most]]))
        order = order[rank < most]
        self._partner, self._gap = partner[order], gap[order]
        self.centers, self._starts, self.sizes = np.unique(center[order], return_index=True, return_counts=True)

    def total(self, values):
        """
        Sums over the partners of each center.

        Parameters
        ----------
        values : `numpy.ndarray`
            Of each feature that may be a partner.

        Returns
        -------
        `numpy.ndarray`
        """
        return np.add.reduceat(values[self._partner], self._starts) if len(self.centers) else np.zeros(0)

    def of_size(self, size):
        """
        The groups of so many partners, as many at a time as can be weighed together.

        Parameters
        ----------
        size : `int`

        Yields
        ------
        centers : `numpy.ndarray` of `int`
            Shape (n,).
        partners : `numpy.ndarray` of `int`
            Shape (n, size), the nearest first.
        gaps : `numpy.ndarray`
        """
        alike = np.flatnonzero(self.sizes == size)
        number = max(AT_ONCE >> size, 1)
        for first in range(0, len(alike), number):
            some = alike[first : first + number]
            members = self._starts[some, np.newaxis] + np.arange(size)
            yield self.centers[some], self._partner[members], self._gap[members]


class Teller:
    """
    Tells stories of the death category; with the sides exchanged, those of births.

    Parameters
    ----------
    own, other : Side
    motion, contact : `float`
        Typical motion, and typical gap between features before they merge or cancel.
    costs : `~sunpy_solarunet.tracking.likelihood.Costs`
    balance_tolerance : `float`
        The paper's epsilon 2.
    """

    def __init__(self, own, other, *, motion, contact, costs, balance_tolerance):
        self.own = own
        self.other = other
        self.costs = costs
        self.tolerance = balance_tolerance + RESOLUTION
        self.motion = motion
        self.contact = contact

    def displacement(self, first, second, radius):
        """How unlikely it is that a center moved from one place to another."""
        variance = self.motion**2 + (self.costs.shape * radius) ** 2 + 0.25
        return ((first - second) ** 2).sum(axis=-1) / (2 * variance)

    def living_on(self, pairs, share, flux_tolerance):
        """
        Features live on: of one sign, and overlapping or alike in flux (equation 6).

        Parameters
        ----------
        pairs : tuple of `numpy.ndarray` of `int`
            Indices of own and other features.
        share : `numpy.ndarray`
            Pixels that each pair has in common, as a share of those of the smaller.
        flux_tolerance : `float`

        Returns
        -------
        possible : `numpy.ndarray` of `bool`
            For each pair.
        cost : `numpy.ndarray`
        """
        own, other, (i, j) = self.own, self.other, pairs
        fluxes = np.stack([own.strength[i], other.strength[j]])
        change = relative_change(fluxes[0] - fluxes[1], fluxes.max(axis=0))
        cost = (
            surprise(fluxes[0] - fluxes[1], own.variance[i] + other.variance[j])
            + self.displacement(own.places[i], other.places[j], own.radius[i])
            + self.costs.apart * (1 - share)
        )
        possible = (share > 0) | (change <= flux_tolerance + RESOLUTION)
        return possible & (cost < own.alone[i] + other.alone[j]), cost

    def _contact_cost(self, gaps):
        return np.square(gaps) / (2 * self.contact**2)

    def mergings(self, groups):
        """
        Two or more features of one sign become one, with their flux (equation 7) and at their common center.

        Parameters
        ----------
        groups : Groups
            Features of the other side with those that may become them.

        Returns
        -------
        `~sunpy_solarunet.tracking.stories.Stories`
        """
        told = _Told()
        for size in np.unique(groups.sizes[groups.sizes > 1]):
            sets = combinations(int(size))
            sets = sets[sets.sum(axis=1) > 1]
            for products, parents, gaps in groups.of_size(size):
                self._weigh_mergings(told, sets, products, parents, gaps)
        return told.in_order()

    def _weigh_mergings(self, told, sets, products, parents, gaps):
        own, other, chosen = self.own, self.other, sets.T.astype(float)
        total = own.strength[parents] @ chosen
        difference = total - other.strength[products, np.newaxis]
        variance = own.variance[parents] @ chosen + other.variance[products, np.newaxis]
        weighted = own.strength[parents][:, np.newaxis] * own.places[parents].transpose(0, 2, 1)
        centers = (weighted @ chosen).transpose(0, 2, 1) / total[..., np.newaxis]
        cost = (
            self.costs.joining
            + surprise(difference, variance)
            + self.displacement(centers, other.places[products, np.newaxis], other.radius[products, np.newaxis])
            + self._contact_cost(gaps) @ chosen
        )
        imbalance = np.abs(difference / other.flux[products, np.newaxis])
        possible = (imbalance <= self.tolerance) & (
            cost < own.alone[parents] @ chosen + other.alone[products, np.newaxis]
        )
        told.take(
            "merging", sets, parents, np.full(len(products), NOBODY), products, products, possible, cost, imbalance
        )

    def possible_heirs(self, groups, pairs):
        """
        Of what may be left of features after a cancellation, that which is not so far away that all is likelier alone.

        Parameters
        ----------
        groups : Groups
            Features with opposite ones.
        pairs : tuple of `numpy.ndarray` of `int`
            Indices of own and other features.

        Returns
        -------
        `numpy.ndarray` of `bool`
            For each pair.
        """
        i, j = pairs
        far = self.displacement(self.own.places[i], self.other.places[j], 2 * self.own.radius[i])
        alone = np.full(len(self.own.flux), -np.inf)
        alone[groups.centers] = self.own.alone[groups.centers] + groups.total(self.own.alone)
        return self.costs.cancelling + far < alone[i] + self.other.alone[j]

    def cancellations(self, groups, heirs):
        """
        A feature cancels with others of the other sign, with nothing left (equation 8) or a remainder (9).

        Parameters
        ----------
        groups : Groups
            Features with opposite ones.
        heirs : tuple of `numpy.ndarray` of `int`
            Pairs of own features and those that may be left of them, ordered.

        Returns
        -------
        `~sunpy_solarunet.tracking.stories.Stories`
        """
        told = _Told()
        for size in np.unique(groups.sizes):
            sets = combinations(int(size))
            for group in groups.of_size(size):
                self._weigh_cancellations(told, sets, *group, *heirs)
        return told.in_order()

    def _weigh_cancellations(self, told, sets, centers, partners, gaps, heir_of, heir):
        own, chosen = self.own, sets.T.astype(float)
        exchanged = own.flux[partners] @ chosen
        remaining = own.flux[centers, np.newaxis] + exchanged
        variance = own.variance[centers, np.newaxis] + own.variance[partners] @ chosen
        cost = self.costs.cancelling + self._contact_cost(gaps) @ chosen
        ended = own.alone[partners] @ chosen
        balance = np.abs(remaining / own.flux[centers, np.newaxis])
        nothing_left = cost + surprise(remaining, variance)
        possible = (balance <= self.tolerance) & (nothing_left < ended + own.alone[centers, np.newaxis])
        nobody = np.full(len(centers), NOBODY)
        told.take("cancellation", sets, partners, centers, nobody, centers, possible, nothing_left, balance)
        first = np.searchsorted(heir_of, centers)
        number = np.searchsorted(heir_of, centers, side="right") - first
        which, products = np.repeat(np.arange(len(centers)), number), heir[runs(first, number)]
        most = max(AT_ONCE // len(sets), 1)
        for start in range(0, len(which), most):
            group, product = which[start : start + most], products[start : start + most]
            weights = exchanged[group], variance[group], cost[group], ended[group]
            self._weigh_remainders(told, sets, centers[group], partners[group], product, *weights)

    def _weigh_remainders(self, told, sets, centers, partners, products, exchanged, variance, cost, ended):
        """
        What the center loses is what its partners had, as far as that can be told.

        Beside a giant equation 9 always holds, since it asks for a change that is small beside the product. What is
        asked for here is that the change is, within the tolerance, the flux exchanged, or that it cannot be told
        from the uncertainty of the center's change; then the event stands on contact alone.
        """
        own, other = self.own, self.other
        difference = (own.flux[centers] - other.flux[products])[:, np.newaxis] + exchanged
        imbalance = np.abs(difference / other.flux[products, np.newaxis])
        change_variance = (own.variance[centers] + other.variance[products])[:, np.newaxis]
        balances = np.abs(difference) <= np.maximum(
            self.tolerance * np.abs(exchanged), UNTOLD * np.sqrt(change_variance)
        )
        moved = self.displacement(own.places[centers], other.places[products], 2 * own.radius[centers])
        cost = (
            cost
            + self._untold(ended, exchanged, change_variance)
            + surprise(difference, variance + other.variance[products, np.newaxis])
            + moved[:, np.newaxis]
        )
        alone = ended + (own.alone[centers] + other.alone[products])[:, np.newaxis]
        possible = (imbalance <= self.tolerance) & balances & (cost < alone)
        told.take("cancellation", sets, partners, centers, products, centers, possible, cost, imbalance)

    def _untold(self, alone, exchanged, variance):
        """
        What it costs that the center's change cannot tell of flux that ends beside it.

        Such flux ends as seldom as it does alone, but for what contact tells, and for as much as a change of the
        center by that flux would be a surprise.
        """
        rarity = alone - self.costs.vanishing
        return np.maximum(rarity - self.costs.touching - surprise(exchanged, variance), 0)


class _Told:
    """Stories as they are told, those of groups of one size after each other."""

    def __init__(self):
        self._stories = []
        self._keys = []

    def take(self, kind, sets, partners, centers, products, of, possible, cost, imbalance):
        """The likeliest combinations, of those that balance and cost less than all features alone."""
        group, number = np.nonzero(possible)
        chosen = likeliest(group, cost[group, number])
        group, number = group[chosen], number[chosen]
        members = np.where(sets[number], partners[group], NOBODY)
        members = np.column_stack([members, centers[group]])
        weights = cost[group, number], imbalance[group, number]
        self._stories.append(Stories.of(kind, members, products[group], *weights))
        self._keys.append(np.stack([of[group], products[group]]))

    def in_order(self):
        """All stories, by the features that they are told of and what is left of these."""
        if not self._stories:
            return Stories.of("", np.zeros((0, 1), int), np.zeros(0, int), np.zeros(0))
        return Stories.joined(self._stories)[np.lexsort(np.concatenate(self._keys, axis=1)[::-1])]


def surprise(difference, variance):
    """
    Half a squared deviation where it is small, growing slowly where it is large: fluxes have heavy tails.

    Parameters
    ----------
    difference, variance : `numpy.ndarray`

    Returns
    -------
    `numpy.ndarray`
    """
    return 1.5 * np.log1p(np.square(difference) / (3 * variance))
