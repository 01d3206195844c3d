"""
The most likely story of all features of two frames at once.

Every feature of the two frames takes part in exactly one explanation: it lives on, disappears or
appears alone, or with others merges, splits, cancels or emerges. Each explanation has a cost, the
negative logarithm of how likely it is up to a constant, and the set of explanations that covers all
features at the least cost is chosen. So a partner that lives on cannot also have merged.
"""

from dataclasses import dataclass, replace

import numpy as np

from sunpy_solarunet.tracking.association import common_pixels
from sunpy_solarunet.tracking.cover import CheapestCover
from sunpy_solarunet.tracking.events import Explanation, Transition
from sunpy_solarunet.tracking.gaps import gaps_of_alike, gaps_of_opposites
from sunpy_solarunet.tracking.regions import are_in_reach, circles_in_reach
from sunpy_solarunet.tracking.stories import NOBODY, Stories
from sunpy_solarunet.tracking.telling import Groups, Side, Teller

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


#: Gaps of more than this many standard deviations are not considered.
FARTHEST = 3.0


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
    sides = [Side(catalog, smallest, costs, flux_tolerance) for catalog in (before, after)]
    motion = costs.motion * reach / 2
    contact = np.hypot(costs.contact, motion)
    # Where features move less than a pixel, those that touch may still be some pixels apart.
    reach = max(reach, FARTHEST * contact)
    options = {"motion": motion, "contact": contact, "costs": costs, "balance_tolerance": balance_tolerance}
    with np.errstate(divide="ignore", invalid="ignore"):  # a feature without net flux balances nothing
        teller, mirror = Teller(*sides, **options), Teller(*sides[::-1], **options)
        scene = _Scene(before, after, sides, reach, FARTHEST * contact, max_partners)
        stories = _all_stories(scene, teller, mirror, flux_tolerance)
    chosen, confidence, bounded = _choose(stories, len(before), len(after))
    transition = _transition(chosen, confidence, sides, scene.cut_groups)
    return replace(transition, bounded_covers=bounded)


class _Scene:
    """Which features of two frames are near each other, and which of one frame are near opposite ones."""

    def __init__(self, before, after, sides, reach, farthest, max_partners):
        i, j = circles_in_reach(before, after, reach)
        alike = before.polarity[i] == after.polarity[j]
        i, j = np.divmod(np.sort(i[alike] * len(after) + j[alike]), max(len(after), 1))
        self.pairs = i, j
        smaller = np.minimum(before.n_pixels[i], after.n_pixels[j])
        self.share = common_pixels(before, after, i, j) / np.maximum(smaller, 1)
        self.gaps = self._gaps_of_pairs(before, after, farthest)
        self._catalogs, self._sides, self._reach, self._most = (before, after), sides, reach, max_partners
        self.opposites = [self._opposites(number, farthest) for number in range(2)]
        self.cut_groups = sum(groups.cut for groups in self.opposites)

    def _gaps_of_pairs(self, before, after, farthest):
        """Gaps of all pairs, infinite where they are not small."""
        first, second, gaps = gaps_of_alike(before, after, farthest)
        known = self.pairs[0] * len(after) + self.pairs[1]
        wanted = first * len(after) + second
        place = np.minimum(np.searchsorted(known, wanted), max(len(known) - 1, 0))
        found = known[place] == wanted if len(known) else np.zeros(len(wanted), bool)
        result = np.full(len(known), np.inf)
        result[place[found]] = gaps[found]
        result[self.share > 0] = 0
        return result

    def _opposites(self, number, farthest):
        """Features of one frame with opposite ones near them, each pair seen from either."""
        catalog, side = self._catalogs[number], self._sides[number]
        i, j, gaps = gaps_of_opposites(catalog, farthest)
        known = side.whole[i] & side.whole[j]
        known[known] = _in_reach_of_either(catalog, catalog, i[known], j[known], self._reach)
        i, j, gaps = i[known], j[known], gaps[known]
        pairs = np.concatenate([i, j]), np.concatenate([j, i])
        return Groups(*pairs, np.concatenate([gaps, gaps]), side.strength, self._most)

    def keep(self, wanted):
        """Let go of all pairs but those that are wanted and in each other's region of interest, seen from either."""
        kept = np.flatnonzero(wanted)
        i, j = self.pairs
        kept = kept[_in_reach_of_either(*self._catalogs, i[kept], j[kept], self._reach)]
        self.pairs, self.share, self.gaps = (i[kept], j[kept]), self.share[kept], self.gaps[kept]
        return kept

    def mergers(self, number):
        """Features of the other frame with those of one that may become them."""
        parents, products = self.pairs[number], self.pairs[1 - number]
        near = np.isfinite(self.gaps) & self._sides[number].whole[parents]
        strength = self._sides[number].strength
        groups = Groups(products[near], parents[near], self.gaps[near], strength, self._most)
        self.cut_groups += groups.cut
        return groups


def _in_reach_of_either(first, second, i, j, reach):
    return are_in_reach(first, second, i, j, reach) | are_in_reach(second, first, j, i, reach)


def _all_stories(scene, teller, mirror, flux_tolerance):
    """All that may have happened and is not likelier to have happened to each feature alone."""
    pairs, tellers = scene.pairs, (teller, mirror)
    lives_on, cost = teller.living_on(pairs, scene.share, flux_tolerance)
    heirs = [
        one.possible_heirs(near, sides)
        for one, near, sides in zip(tellers, scene.opposites, (pairs, pairs[::-1]), strict=True)
    ]
    kept = scene.keep(lives_on | np.isfinite(scene.gaps) | heirs[0] | heirs[1])
    lives_on, cost, heirs = lives_on[kept], cost[kept], [possible[kept] for possible in heirs]
    i, j = scene.pairs
    stories = [Stories.of("", i[lives_on, np.newaxis], j[lives_on], cost[lives_on])]
    for number, one in enumerate(tellers):
        own, other = (side[heirs[number]] for side in (scene.pairs[number], scene.pairs[1 - number]))
        order = np.lexsort((other, own))
        told = [one.own.ends(), one.mergings(scene.mergers(number))]
        told.append(one.cancellations(scene.opposites[number], (own[order], other[order])))
        stories += [each.mirrored() for each in told] if number else told
    return Stories.joined(stories)


def _choose(stories, number_before, number_after):
    """The stories that cover each feature once at the least cost, the confidence of each, and how often bounded."""
    stories = stories.cheapest_of_equals(number_before, number_after)
    cover = CheapestCover(stories.cost, stories.elements(number_before, number_after), number_before + number_after)
    confidence = np.full(len(stories), np.nan)
    events = cover.chosen[stories.kind[cover.chosen] != ""]
    confidence[events] = cover.margins(events)
    return stories[cover.chosen], confidence[cover.chosen], cover.bounded


def _transition(chosen, confidence, sides, cut_groups):
    """The chosen stories as the tracker takes them: events of several features first, then those of one."""
    successor = np.full(len(sides[0].flux), -1)
    links = chosen.kind == ""
    successor[chosen.own[links, 0]] = chosen.other[links]
    beyond = [np.zeros(len(side.flux), bool) for side in sides]
    told = ([], [])
    for category, side, away, events in zip(("death", "birth"), sides, beyond, told, strict=True):
        alone = (chosen.kind == "disappearance") & (chosen.category == category)
        gone = alone.copy()
        gone[alone] = side.at_edge[chosen.own[alone, 0]]
        away[chosen.own[gone, 0]] = True
        which = np.flatnonzero((chosen.category == category) & ~links & ~gone)
        kinds, imbalance, margin = (values[which].tolist() for values in (chosen.kind, chosen.imbalance, confidence))
        members = [tuple(sorted(member for member in row if member != NOBODY)) for row in chosen.own[which].tolist()]
        products = [None if other == NOBODY else other for other in chosen.other[which].tolist()]
        found = [Explanation(*one) for one in zip(kinds, members, products, imbalance, margin, strict=True)]
        events.extend(sorted(found, key=_reading_order if category == "death" else _mirrored_order))
    return Transition(successor, *told, cut_groups, *beyond)


def _reading_order(event):
    """Events of several features first, then those of one."""
    return event.kind == "disappearance", event.members, _one(event.product)


def _mirrored_order(event):
    """The same of births: what they come from is in the earlier frame."""
    return event.kind == "disappearance", _one(event.product), event.members


def _one(product):
    return () if product is None else (product,)
