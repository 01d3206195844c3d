"""
The most likely story of all features of two frames at once.

Every feature of the two frames takes part in exactly one explanation: it lives on, disappears or
appears alone, or with others merges, splits, cancels or emerges. Each explanation has a cost, the
negative logarithm of how likely it is up to a constant, and the set of explanations that covers all
features at the least cost is chosen. So a partner that lives on cannot also have merged.
"""

import itertools
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from sunpy_solarunet.tracking.association import common_pixels, features_in_reach, relative_change
from sunpy_solarunet.tracking.cover import CheapestCover
from sunpy_solarunet.tracking.events import RESOLUTION, Explanation, Transition, combinations

__all__ = ["Costs", "most_likely"]


@dataclass(frozen=True)
class Costs:
    """
    How unlikely things are, as negative logarithms, and how exact measurements are.

    The values are those with which the simulated Suns of `~sunpy_solarunet.synthetic.simulate` are told best, on seeds
    that no published score uses.

    Attributes
    ----------
    vanishing : `float`
        Disappearance or appearance of the smallest feature.
    vanishing_flux : `float`
        Added for each factor e of flux above that of the smallest feature.
    leaving : `float`
        End or beginning of a feature at the edge of the frame.
    joining : `float`
        Merging or splitting.
    cancelling : `float`
        Cancellation or emergence.
    change : `float`
        Relative change of a flux from frame to frame, in units of the flux tolerance.
    unseen : `float`
        Flux below the threshold that comes and goes, in units of the smallest feature's.
    motion : `float`
        Typical motion in units of the largest, the moving distance.
    shape : `float`
        Uncertainty of a center because shapes change, in units of the equivalent radius.
    contact : `float`
        Typical gap between features before they merge or cancel, in pixels, besides their motion.
    touching : `float`
        What contact with a feature of the other sign tells for a cancellation, where the flux that this loses
        cannot tell.
    apart : `float`
        Two features that are one, but share no pixel.
    """

    vanishing: float = 4.0
    vanishing_flux: float = 1.0
    leaving: float = 1.0
    joining: float = 4.0
    cancelling: float = 4.0
    change: float = 0.5
    unseen: float = 0.6
    motion: float = 0.4
    shape: float = 0.15
    contact: float = 1.0
    touching: float = 1.0
    apart: float = 1.5


#: Gaps and displacements of more than this many standard deviations are not considered.
FARTHEST = 3.0

#: Changes of flux of fewer standard deviations cannot be told from none.
UNTOLD = 2.0

#: Of the combinations of partners around one feature, no more than this many of the likeliest are kept.
MOST_COMBINATIONS = 24


@dataclass(frozen=True)
class _Story:
    """One explanation: which features it covers, and at what cost."""

    kind: str
    before: tuple
    after: tuple
    cost: float
    category: str = "death"
    imbalance: float = np.nan


class _Side:
    """One frame's features as plain arrays, and what is near what."""

    def __init__(self, catalog, smallest, costs, flux_tolerance):
        self.catalog = catalog
        self.flux = catalog.flux.value
        self.sign = catalog.polarity
        self.places = catalog.places
        self.radius = catalog.equivalent_radius
        self.at_edge = catalog.touches_edge
        #: Of what data missing in the other frame cut, nothing can be told but that it lives on or ends at an edge.
        self.whole = ~catalog.cut
        relative = costs.change * flux_tolerance * self.flux
        noise = catalog.flux_error.value
        self.variance = noise**2 + relative**2 + (costs.unseen * smallest) ** 2
        growth = costs.vanishing_flux * np.log(np.maximum(np.abs(self.flux) / smallest, 1))
        self.alone = np.where(self.at_edge, costs.leaving, costs.vanishing + growth)


def most_likely(before, after, reach, *, flux_tolerance, balance_tolerance, max_partners, costs=None):
    """
    What happened between two frames, all features considered together.

    Flux balances as in equations 6 to 9, but each in units of its own uncertainty: the noise of the
    pixels, the change that is usual from frame to frame, and what fell below the threshold.

    Parameters
    ----------
    before, after : `~sunpy_solarunet.FeatureCatalog`
        A bulk drift has been taken out.
    reach : `float`
        Twice the moving distance, in units of the pixel length.
    flux_tolerance, balance_tolerance : `float`
        The paper's epsilon 1, for features that do not overlap, and epsilon 2.
    max_partners : `int`
        Most partners of one feature that are combined.
    costs : Costs, optional

    Returns
    -------
    `~sunpy_solarunet.tracking.events.Transition`
        Each event with its confidence: by how much the next best story without it costs more.

    Examples
    --------
    >>> from sunpy_solarunet import Segmenter
    >>> from sunpy_solarunet.synthetic import six_events
    >>> maps, planted = six_events()
    >>> segmenter = Segmenter(method="threshold")
    >>> before, after = segmenter(maps[4]), segmenter(maps[5])
    >>> found = most_likely(before, after, 7.4, flux_tolerance=0.33, balance_tolerance=0.5, max_partners=10)
    >>> [event.kind for event in found.deaths]
    ['merging', 'disappearance']
    """
    costs = costs or Costs()
    fluxes = np.abs(np.concatenate([before.flux.value, after.flux.value]))
    smallest = fluxes[fluxes > 0].min(initial=np.inf)
    sides = [_Side(catalog, smallest, costs, flux_tolerance) for catalog in (before, after)]
    motion = costs.motion * reach / 2
    contact = np.hypot(costs.contact, motion)
    # Where features move less than a pixel, those that touch may still be some pixels apart.
    reach = max(reach, FARTHEST * contact)
    pairs = _alike_in_reach(before, after, reach)
    gaps = _gaps(before, after, *pairs, FARTHEST * contact)
    options = (reach, motion, contact, costs, balance_tolerance, max_partners)
    teller = _Teller(*sides, pairs, gaps, *options)
    mirror = _Teller(*sides[::-1], pairs[::-1], gaps, *options)
    with np.errstate(divide="ignore", invalid="ignore"):  # a feature without net flux balances nothing
        stories = [*teller.links(flux_tolerance), *teller.ends(), *teller.deaths()]
        stories += [_mirrored(story) for story in (*mirror.ends(), *mirror.deaths())]
    chosen, bounded = _choose(stories, len(before), len(after))
    transition = _transition(chosen, sides, len(teller.cut_groups) + len(mirror.cut_groups))
    return replace(transition, bounded_covers=bounded)


def _mirrored(story):
    return replace(story, before=story.after, after=story.before, category="birth")


class _Teller:
    """Tells stories of the death category; with the sides exchanged, those of births."""

    def __init__(self, own, other, pairs, gaps, reach, motion, contact, costs, balance_tolerance, max_partners):
        self.own = own
        self.other = other
        self.pairs = pairs
        self.gaps = gaps
        self.reach = reach
        self.costs = costs
        self.tolerance = balance_tolerance + RESOLUTION
        self.max_partners = max_partners
        #: Features whose groups were cut to the nearest ones.
        self.cut_groups = set()
        self.motion = motion
        self.contact = contact

    def ends(self):
        """Each feature ends alone."""
        for index, cost in enumerate(self.own.alone):
            yield _Story("disappearance", (index,), (), float(cost))

    def links(self, flux_tolerance):
        """Features live on: of one sign, and overlapping or alike in flux (equation 6)."""
        i, j = self.pairs
        fluxes = np.abs([self.own.flux[i], self.other.flux[j]])
        change = relative_change(fluxes[0] - fluxes[1], fluxes.max(axis=0, initial=0))
        smaller = np.minimum(self.own.catalog.n_pixels[i], self.other.catalog.n_pixels[j])
        share = common_pixels(self.own.catalog, self.other.catalog, i, j) / np.maximum(smaller, 1)
        cost = (
            _surprise(fluxes[0] - fluxes[1], self.own.variance[i] + self.other.variance[j])
            + self._displacement(self.own.places[i], self.other.places[j], self.own.radius[i])
            + self.costs.apart * (1 - share)
        )
        possible = (share > 0) | (change <= flux_tolerance + RESOLUTION)
        possible &= cost < self.own.alone[i] + self.other.alone[j]
        for index in np.flatnonzero(possible):
            yield _Story("", (int(i[index]),), (int(j[index]),), float(cost[index]))

    def deaths(self):
        """Features merge and cancel, those that missing data cut excepted."""
        yield from self._mergings()
        yield from self._cancellations()

    def _displacement(self, first, second, radius):
        variance = self.motion**2 + (self.costs.shape * radius) ** 2 + 0.25
        return ((first - second) ** 2).sum(axis=-1) / (2 * variance)

    def _contact_cost(self, gaps):
        return np.square(gaps) / (2 * self.contact**2)

    def _near(self, pairs, gaps, strength):
        """Pairs whose gap is not too large, as neighbors and their gaps by first index; the nearest, if many."""
        first, second = pairs
        # Gaps are often equal, and labels depend on how the frame is turned: the stronger of the second comes first.
        order = np.lexsort((-strength[second], np.round(gaps / RESOLUTION), first))
        order = order[gaps[order] <= FARTHEST * self.contact]
        rank = np.arange(len(order)) - np.searchsorted(first[order], first[order])
        self.cut_groups.update(first[order[rank >= self.max_partners]].tolist())
        order = order[rank < self.max_partners]
        features, starts = np.unique(first[order], return_index=True)
        stops = np.append(starts, len(order))[1:]
        groups = [order[start:stop] for start, stop in zip(starts, stops, strict=True)]
        return {feature: (second[group], gaps[group]) for feature, group in zip(features.tolist(), groups, strict=True)}

    def _mergings(self):
        """Two or more features of one sign become one, with their flux (equation 7) and at their common center."""
        own, other = self.pairs
        whole, strength = self.own.whole[own], np.abs(self.own.flux)
        for product, (parents, gap) in self._near((other[whole], own[whole]), self.gaps[whole], strength).items():
            sets = combinations(len(parents))
            sets = sets[sets.sum(axis=1) > 1]
            if not len(sets):
                continue
            flux = np.abs(self.own.flux[parents])
            total = sets @ flux
            difference = total - abs(self.other.flux[product])
            variance = sets @ self.own.variance[parents] + self.other.variance[product]
            centers = (sets * flux) @ self.own.places[parents] / total[:, np.newaxis]
            cost = (
                self.costs.joining
                + _surprise(difference, variance)
                + self._displacement(centers, self.other.places[product], self.other.radius[product])
                + sets @ self._contact_cost(gap)
            )
            imbalance = np.abs(difference / self.other.flux[product])
            yield from self._likely("merging", parents, sets, (), (product,), cost, imbalance)

    def _opposite_neighbors(self):
        """Pairs of opposite features near each other, each seen from either, and their gaps."""
        first, second = features_in_reach(self.own.catalog, self.own.catalog, self.reach)
        size = max(len(self.own.catalog), 1)
        i, j = np.divmod(np.unique(np.minimum(first, second) * size + np.maximum(first, second)), size)
        opposite = (self.own.sign[i] != self.own.sign[j]) & self.own.whole[i] & self.own.whole[j]
        i, j = i[opposite], j[opposite]
        gaps = _gaps(self.own.catalog, self.own.catalog, i, j, FARTHEST * self.contact)
        return (np.concatenate([i, j]), np.concatenate([j, i])), np.concatenate([gaps, gaps])

    def _cancellations(self):
        """A feature cancels with others of the other sign, with nothing left (equation 8) or a remainder (9)."""
        heirs = _grouped_pairs(*self.pairs)
        for center, (partners, gap) in self._near(*self._opposite_neighbors(), np.abs(self.own.flux)).items():
            sets = combinations(len(partners))
            exchanged = sets @ self.own.flux[partners]
            remaining = self.own.flux[center] + exchanged
            variance = self.own.variance[center] + sets @ self.own.variance[partners]
            cost = self.costs.cancelling + sets @ self._contact_cost(gap)
            balance = np.abs(remaining / self.own.flux[center])
            nothing_left = cost + _surprise(remaining, variance)
            yield from self._likely("cancellation", partners, sets, (center,), (), nothing_left, balance)
            for product in self._possible_heirs(center, partners, heirs.get(center, [])):
                yield from self._remainders(center, partners, sets, product, exchanged, variance, cost)

    def _possible_heirs(self, center, partners, heirs):
        """Of the features that a remainder may be, those that are not so far away that all is likelier alone."""
        far = self._displacement(self.own.places[center], self.other.places[heirs], 2 * self.own.radius[center])
        alone = self.own.alone[center] + self.own.alone[partners].sum() + self.other.alone[heirs]
        return np.asarray(heirs, int)[self.costs.cancelling + far < alone].tolist()

    def _remainders(self, center, partners, sets, product, exchanged, variance, cost):
        """
        What the center loses is what its partners had, as far as that can be told.

        Beside a giant equation 9 always holds, since it asks for a change that is small beside the product. What is
        asked for here is that the change is, within the tolerance, the flux exchanged, or that it cannot be told
        from the uncertainty of the center's change; then the event stands on contact alone.
        """
        difference = self.own.flux[center] + exchanged - self.other.flux[product]
        imbalance = np.abs(difference / self.other.flux[product])
        if not (imbalance <= self.tolerance).any():
            return
        change_variance = self.own.variance[center] + self.other.variance[product]
        told = np.maximum(self.tolerance * np.abs(exchanged), UNTOLD * np.sqrt(change_variance))
        balances = np.abs(difference) <= told
        cost = (
            cost
            + self._untold(sets @ self.own.alone[partners], exchanged, change_variance)
            + _surprise(difference, variance + self.other.variance[product])
            + self._displacement(self.own.places[center], self.other.places[product], 2 * self.own.radius[center])
        )
        yield from self._likely("cancellation", partners, sets, (center,), (product,), cost, imbalance, balances)

    def _untold(self, alone, exchanged, variance):
        """
        What it costs that the center's change cannot tell of flux that ends beside it.

        Such flux ends as seldom as it does alone, but for what contact tells, and for as much as a change of the
        center by that flux would be a surprise.
        """
        rarity = alone - self.costs.vanishing
        return np.maximum(rarity - self.costs.touching - _surprise(exchanged, variance), 0)

    def _likely(self, kind, partners, sets, center, products, cost, imbalance, balances=True):
        """The likeliest combinations, of those that balance and cost less than all features alone."""
        alone = sets @ self.own.alone[partners] + self.own.alone[list(center)].sum()
        alone = alone + self.other.alone[list(products)].sum()
        possible = np.flatnonzero((imbalance <= self.tolerance) & balances & (cost < alone))
        for chosen in possible[np.argsort(cost[possible], kind="stable")[:MOST_COMBINATIONS]]:
            members = tuple(sorted((*center, *partners[sets[chosen]].tolist())))
            yield _Story(kind, members, products, float(cost[chosen]), imbalance=float(imbalance[chosen]))


def _surprise(difference, variance):
    """Half a squared deviation where it is small, growing slowly where it is large: fluxes have heavy tails."""
    return 1.5 * np.log1p(np.square(difference) / (3 * variance))


def _alike_in_reach(before, after, reach):
    """Pairs of features of one sign in each other's region of interest, seen from either."""
    first, second = features_in_reach(before, after, reach)
    back, there = features_in_reach(after, before, reach)
    size = max(len(after), 1)
    i, j = np.divmod(np.union1d(first * size + second, there * size + back), size)
    alike = before.polarity[i] == after.polarity[j]
    return i[alike], j[alike]


def _gaps(own, other, first, second, farthest):
    """
    Lengths between two features that belong to neither.

    Zero where they overlap or touch, infinite where they are far apart.
    """
    owners = other.border_positions[2]
    starts = np.searchsorted(owners, np.arange(1, len(other) + 2))
    bounds = np.searchsorted(own.border_positions[2], np.arange(1, len(own) + 2))
    pixels = [np.column_stack(side.border_positions[:2]) for side in (own, other)]
    gap = np.zeros(len(first))
    order = np.argsort(first, kind="stable")
    for index, group in itertools.groupby(order, key=lambda position: first[position]):
        group = list(group)
        lengths = starts[second[group] + 1] - starts[second[group]]
        wanted = np.concatenate([np.arange(starts[j], starts[j + 1]) for j in second[group]])
        mine = slice(bounds[index], bounds[index + 1])
        distance, nearest = cKDTree(own.border_places[mine]).query(other.border_places[wanted])
        steps = np.hypot(*(pixels[0][mine][nearest] - pixels[1][wanted]).T)
        # Of the way from center to center, one step lies within the two pixels.
        between = distance * (1 - 1 / np.maximum(steps, 1))
        gap[group] = np.minimum.reduceat(between, np.concatenate([[0], np.cumsum(lengths)[:-1]]))
    overlap = common_pixels(own, other, first, second) > 0 if own is not other else np.zeros(len(first), bool)
    return np.where(overlap, 0.0, np.where(gap > farthest, np.inf, gap))


def _grouped_pairs(first, second):
    groups = {}
    for i, j in zip(first.tolist(), second.tolist(), strict=True):
        groups.setdefault(i, []).append(j)
    return groups


def _choose(stories, number_before, number_after):
    """The stories that cover each feature once at the least cost, each with its confidence, and how often bounded."""
    stories = _cheapest_of_equals(stories)
    covered = [(*story.before, *(number_before + j for j in story.after)) for story in stories]
    cover = CheapestCover([story.cost for story in stories], covered, number_before + number_after)
    confidence = np.full(len(stories), np.nan)
    events = [index for index in cover.chosen if stories[index].kind]
    confidence[events] = cover.margins(events)
    return [(stories[index], float(confidence[index])) for index in cover.chosen], cover.bounded


def _cheapest_of_equals(stories):
    """One story for each set of features: a cancellation is told by each of its members."""
    best = {}
    for story in stories:
        key = (story.before, story.after)
        if key not in best or story.cost < best[key].cost:
            best[key] = story
    return list(best.values())


def _reading_order(entry):
    """Events of several features first, then those of one."""
    story, _ = entry
    return len(story.before) + len(story.after) == 1, story.before, story.after


def _transition(chosen, sides, cut_groups):
    """The chosen stories as the tracker takes them."""
    before, after = sides
    successor = np.full(len(before.flux), -1)
    deaths, births = [], []
    left, entered = np.zeros(len(before.flux), bool), np.zeros(len(after.flux), bool)
    for story, confidence in sorted(chosen, key=_reading_order):
        if not story.kind:
            successor[story.before[0]] = story.after[0]
            continue
        members, products = (story.before, story.after) if story.category == "death" else (story.after, story.before)
        own, beyond = (before, left) if story.category == "death" else (after, entered)
        if story.kind == "disappearance" and own.at_edge[members[0]]:
            beyond[members[0]] = True
            continue
        event = Explanation(story.kind, members, products[0] if products else None, story.imbalance, confidence)
        (deaths if story.category == "death" else births).append(event)
    return Transition(successor, deaths, births, cut_groups, left, entered)
