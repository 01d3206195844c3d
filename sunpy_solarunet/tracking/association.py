"""
Which feature of one frame becomes which of the next: region of interest, overlap, and the four association rules.
"""

import itertools
from dataclasses import dataclass

import astropy.units as u
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching
from scipy.spatial import cKDTree

from sunpy_solarunet.geometry import pairs_within

__all__ = [
    "ASSOCIATIONS",
    "Association",
    "assign",
    "common_pixels",
    "feature_distances",
    "features_in_reach",
    "moving_distance",
    "overlap_pixels",
    "overlapping_remainder",
    "relative_change",
]

#: Share of its own pixels that a feature must have in common with its successor (released rule).
SMALLEST_OVERLAP = 0.01

#: Largest change of the number of pixels in the released rule, as a share of the earlier number.
LARGEST_SIZE_CHANGE = 1.0

#: What lies beyond a limit by no more than this, a pixel at a region's edge or a change of flux, lies on it.
ROUNDING = 1e-9

#: Regions whose features are looked for at once.
REGIONS_AT_ONCE = 1000

#: Weights of missing overlap, distance and flux change in the assignment's cost, each of which runs from 0 to 1.
COST_WEIGHTS = (2.0, 1.0, 1.0)


def moving_distance(max_speed, cadence, pixel_length):
    """
    How far a feature can move from one frame to the next (equation 2).

    Parameters
    ----------
    max_speed : `~astropy.units.Quantity`
        Transverse speed on the photosphere, the paper's C.
    cadence : `~astropy.units.Quantity`
        Time between the two frames.
    pixel_length : `~astropy.units.Quantity`
        Length of a pixel's side on the Sun.

    Returns
    -------
    `float`
        Pixels.

    Examples
    --------
    >>> import astropy.units as u
    >>> round(moving_distance(4 * u.km / u.s, 56 * u.s, 725 * u.km * 0.083), 2)
    3.72
    """
    return float((max_speed * cadence / pixel_length).to_value(u.one))


def features_in_reach(source, target, reach):
    """
    Features with a pixel in the region of interest of another (equation 3).

    The region is a circle: that which covers the feature, its radius enlarged by the reach.

    Parameters
    ----------
    source, target : `~sunpy_solarunet.FeatureCatalog`
        The features that have regions, and those that may lie in them. The same catalog twice gives
        the neighbors within one frame, each feature itself among them.
    reach : `float`
        Twice the moving distance, in units of the pixel length.

    Returns
    -------
    tuple of `numpy.ndarray` of `int`
        Indices of source and target of each pair, ordered.
    """
    if not len(source) or not len(target):
        return np.zeros(0, int), np.zeros(0, int)
    centers, radii = source.enclosing_circles
    surrounded, around = _surrounding_feature(centers, target.numbered)
    codes = [surrounded * len(target) + around]
    places, borders, owners = source.grid.places(*centers.T), target.border_places, target.border_positions[2]
    # A few regions at once: all border pixels in all of them may be more than there is memory for.
    for start in range(0, len(source), REGIONS_AT_ONCE):
        some = slice(start, start + REGIONS_AT_ONCE)
        first, border = pairs_within(places[some], borders, radii[some] + reach + ROUNDING)
        codes.append(np.unique((first + start) * len(target) + owners[border] - 1))
    return np.divmod(np.unique(np.concatenate(codes)), len(target))


def _surrounding_feature(centers, numbered):
    """Features that hold a region's center: one that holds a whole region has no border in it."""
    # A center between pixels has no nearest one.
    whole = np.stack([np.floor(centers), np.ceil(centers)]).astype(int)
    held, around = [], []
    for (columns, _), (_, rows) in itertools.product(np.moveaxis(whole, 2, 1), repeat=2):
        inside = numbered[np.clip(rows, 0, numbered.shape[0] - 1), np.clip(columns, 0, numbered.shape[1] - 1)]
        held.append(np.flatnonzero(inside))
        around.append(inside[held[-1]] - 1)
    return np.concatenate(held), np.concatenate(around)


def overlap_pixels(before, after):
    """
    Pixels that features of two frames have in common.

    Parameters
    ----------
    before, after : `~sunpy_solarunet.FeatureCatalog`
        Of frames of one shape.

    Returns
    -------
    tuple of `numpy.ndarray` of `int`
        Index before, index after and number of common pixels of each pair that has any, ordered.
    """
    both = (before.numbered > 0) & (after.numbered > 0)
    codes = (before.numbered[both].astype(np.int64) - 1) * len(after) + after.numbered[both] - 1
    pairs, counts = np.unique(codes, return_counts=True)
    return *np.divmod(pairs, max(len(after), 1)), counts


def feature_distances(catalog, index, others):
    """
    Distances between a feature and others of its frame (equation 5).

    Parameters
    ----------
    catalog : `~sunpy_solarunet.FeatureCatalog`
    index : `int`
        The feature.
    others : `numpy.ndarray` of `int`
        The other features.

    Returns
    -------
    `numpy.ndarray`
        Smallest distance between a pixel of the feature and one of each other, in units of the pixel length.
    """
    points, owners = catalog.border_places, catalog.border_positions[2]
    bounds = np.searchsorted(owners, [index + 1, index + 2])
    tree = cKDTree(points[slice(*bounds)])
    first, last = np.searchsorted(owners, others + 1), np.searchsorted(owners, others + 2)
    return np.array([tree.query(points[start:stop])[0].min() for start, stop in zip(first, last, strict=True)])


def assign(first, second, cost, sizes, worst):
    """
    One-to-one choice among candidate pairs with the least total cost.

    A feature may stay alone, at half of the worst cost: two good pairs are never broken up for
    one more bad one.

    Parameters
    ----------
    first, second : `numpy.ndarray` of `int`
        Indices of the candidate pairs.
    cost : `numpy.ndarray`
        Their costs, from 0 to ``worst``.
    sizes : tuple of `int`
        Numbers of features on both sides.
    worst : `float`
        The largest possible cost.

    Returns
    -------
    `numpy.ndarray` of `int`
        The partner of each feature on the first side, or -1.

    Examples
    --------
    >>> import numpy as np
    >>> assign(np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([0.1, 0.3, 0.2]), (2, 2), 1.0)
    array([1, 0])
    """
    n, m = sizes
    partner = np.full(n, -1)
    if len(first) == 0:
        return partner
    left, right = np.arange(n), np.arange(m)
    # SciPy's matching takes no larger indices before 1.13.
    rows = np.concatenate([first, left, n + right, n + second]).astype(np.int32)
    columns = np.concatenate([second, m + left, right, m + first]).astype(np.int32)
    alone = np.full(n + m, worst / 2)
    # A full matching has n + m pairs: one more on each weight changes nothing, and keeps zeros stored.
    weights = 1.0 + np.concatenate([cost, alone, np.zeros(len(first))])
    chosen_rows, chosen = min_weight_full_bipartite_matching(coo_array((weights, (rows, columns))).tocsr())
    real = (chosen_rows < n) & (chosen < m)
    partner[chosen_rows[real]] = chosen[real]
    return partner


@dataclass(frozen=True)
class Association:
    """
    What an association rule says of the features of two frames.

    Attributes
    ----------
    successor : `numpy.ndarray` of `int`
        For each feature before, the feature after that carries its identity on, or -1. One to one.
    lives_on : `numpy.ndarray` of `bool`
        Features before that exist in the later frame: no death event is looked for.
    lived_before : `numpy.ndarray` of `bool`
        Features after that existed in the earlier frame: no birth event is looked for.
    exclusive : `bool`
        Whether the rule itself is one to one: what continues a feature is then no product of an event.
    """

    successor: np.ndarray
    lives_on: np.ndarray
    lived_before: np.ndarray
    exclusive: bool

    @classmethod
    def one_to_one(cls, successor, number_after):
        """Association of a rule that gives each feature one partner at most."""
        lived_before = np.zeros(number_after, bool)
        lived_before[successor[successor >= 0]] = True
        return cls(successor, successor >= 0, lived_before, exclusive=True)


def relative_change(difference, flux):
    """
    Changes of flux as shares of a flux.

    Parameters
    ----------
    difference, flux : `numpy.ndarray`
        Of one shape.

    Returns
    -------
    `numpy.ndarray`
        Zero where nothing changes, also where there is no flux at all.

    Examples
    --------
    >>> import numpy as np
    >>> relative_change(np.array([-1.0, 0.0, 2.0]), np.array([4.0, 0.0, 0.0]))
    array([0.25, 0.  ,  inf])
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(difference == 0, 0.0, np.abs(difference / flux))


def _same_sign(before, after, first, second):
    alike = before.polarity[first] == after.polarity[second]
    return first[alike], second[alike]


def _flux_change(before, after, first, second):
    """The left side of equation 6, the flux of the first feature in the denominator."""
    flux = before.flux.value[first]
    return relative_change(flux - after.flux.value[second], flux)


def _successors_in_reach(source, target, reach, flux_tolerance):
    """Pairs that satisfy equation 6 in the source's region of interest."""
    first, second = _same_sign(source, target, *features_in_reach(source, target, reach))
    close = _flux_change(source, target, first, second) <= flux_tolerance + ROUNDING
    return first[close], second[close]


def _occurring(index, number):
    return np.bincount(index, minlength=number) > 0


def paper(before, after, reach, flux_tolerance):
    """
    Section 3.3 to the letter: a feature lives on if any feature in its region satisfies equation 6.

    Several features may live on in one. Its identity is that of the one whose flux changed least in
    total, chosen one to one.
    """
    first, second = _successors_in_reach(before, after, reach, flux_tolerance)
    looking_back, _ = _successors_in_reach(after, before, reach, flux_tolerance)
    change = _flux_change(before, after, first, second)
    successor = assign(first, second, change, (len(before), len(after)), max(flux_tolerance, 1e-9))
    lives_on, lived_before = _occurring(first, len(before)), _occurring(looking_back, len(after))
    return Association(successor, lives_on, lived_before, exclusive=False)


def overlap(before, after, reach, flux_tolerance):
    """
    The rule of the released code: the first label that overlaps, else the first whose flux fits.

    A feature lives on in the first feature in its region, of its sign, that shares 1 % of its pixels
    and differs in size by 100 % at most; where there is none, in the first that satisfies equation 6.
    Several features may live on in one; its identity is that of the one it overlaps most.
    """
    forward = _first_that_fits(before, after, reach, flux_tolerance)
    backward = _first_that_fits(after, before, reach, flux_tolerance)
    first = np.flatnonzero(forward >= 0)
    second = forward[first]
    cost = 1 - _overlap_share(before, after, first, second)
    successor = assign(first, second, cost, (len(before), len(after)), 1.0)
    return Association(successor, forward >= 0, backward >= 0, exclusive=False)


def _first_that_fits(source, target, reach, flux_tolerance):
    first, second = _same_sign(source, target, *features_in_reach(source, target, reach))
    common = common_pixels(source, target, first, second)
    size_change = np.abs(target.n_pixels[second] - source.n_pixels[first]) / source.n_pixels[first]
    overlaps = (common >= SMALLEST_OVERLAP * source.n_pixels[first]) & (size_change <= LARGEST_SIZE_CHANGE)
    flux_fits = _flux_change(source, target, first, second) <= flux_tolerance + ROUNDING
    chosen = np.full(len(source), -1)
    for fits in (flux_fits, overlaps & (common > 0)):
        features, position = np.unique(first[fits], return_index=True)
        chosen[features] = second[fits][position]
    return chosen


def common_pixels(before, after, first, second):
    """
    Pixels that the features of given pairs have in common.

    Parameters
    ----------
    before, after : `~sunpy_solarunet.FeatureCatalog`
    first, second : `numpy.ndarray` of `int`
        Indices before and after.

    Returns
    -------
    `numpy.ndarray` of `int`
    """
    i, j, counts = overlap_pixels(before, after)
    if len(counts) == 0:
        return np.zeros(len(first), int)
    known = i * len(after) + j
    wanted = first * len(after) + second
    position = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.where(known[position] == wanted, counts[position], 0)


def _overlap_share(before, after, first, second):
    """Common pixels of given pairs as a share of the smaller feature."""
    smaller = np.minimum(before.n_pixels[first], after.n_pixels[second])
    return common_pixels(before, after, first, second) / np.maximum(smaller, 1)


def dual_overlap(before, after, reach, flux_tolerance):
    """
    SWAMIS's dual-maximum overlap: two features are one if each is the other's largest overlap.

    Overlaps are those of one sign; of equal ones that with the stronger feature counts. Region plays no part, nor
    does flux in anything else.
    """
    return Association.one_to_one(_dual_maximum(before, after), len(after))


def _dual_maximum(before, after, allowed_before=None, allowed_after=None):
    """For each feature before, that after of which it is the largest overlap and the other way round, or -1."""
    i, j, counts = overlap_pixels(before, after)
    chosen = before.polarity[i] == after.polarity[j]
    if allowed_before is not None:
        chosen &= allowed_before[i] & allowed_after[j]
    i, j, counts = i[chosen], j[chosen], counts[chosen]
    forward = _largest(i, j, counts, np.abs(after.flux.value), len(before))
    backward = _largest(j, i, counts, np.abs(before.flux.value), len(after))
    successor = np.full(len(before), -1)
    mutual = np.flatnonzero(forward >= 0)
    mutual = mutual[backward[forward[mutual]] == mutual]
    successor[mutual] = forward[mutual]
    return successor


def _largest(owner, other, counts, strength, number):
    """For each owner the other with the highest count; of equal ones the strongest, as labels depend on directions."""
    order = np.lexsort((-other, strength[other], counts, owner))
    best = np.full(number, -1)
    best[owner[order]] = other[order]
    return best


def assignment(before, after, reach, flux_tolerance):
    """
    One-to-one assignment over all candidates by overlap, distance and flux change, the least cost in total.

    Candidates have one sign, lie in the region of interest of one another, seen from either, and
    satisfy equation 6 with the larger flux in the denominator: the rule is the same with the frames
    exchanged.
    """
    pairs = [features_in_reach(before, after, reach), features_in_reach(after, before, reach)[::-1]]
    codes = np.unique(np.concatenate([first * len(after) + second for first, second in pairs]))
    first, second = _same_sign(before, after, *np.divmod(codes, max(len(after), 1)))
    flux_before, flux_after = np.abs(before.flux.value[first]), np.abs(after.flux.value[second])
    change = relative_change(flux_before - flux_after, np.maximum(flux_before, flux_after))
    close = change <= flux_tolerance + ROUNDING
    first, second, change = first[close], second[close], change[close]
    radius = np.maximum(before.enclosing_circles[1][first], after.enclosing_circles[1][second])
    moved = np.linalg.norm(before.places[first] - after.places[second], axis=1)
    parts = (
        1 - _overlap_share(before, after, first, second),
        np.minimum(moved / (reach + radius), 1),
        change / max(flux_tolerance, 1e-9),
    )
    cost = sum(weight * part for weight, part in zip(COST_WEIGHTS, parts, strict=True))
    successor = assign(first, second, cost, (len(before), len(after)), sum(COST_WEIGHTS))
    return Association.one_to_one(successor, len(after))


def overlapping_remainder(before, after, unexplained_before, unexplained_after):
    """
    Features that no event explains and that overlap: they live on, however much their flux changed.

    Parameters
    ----------
    before, after : `~sunpy_solarunet.FeatureCatalog`
    unexplained_before, unexplained_after : `numpy.ndarray` of `bool`
        Features that would disappear or appear.

    Returns
    -------
    `numpy.ndarray` of `int`
        For each feature before, that after which it becomes, or -1; by dual-maximum overlap.
    """
    return _dual_maximum(before, after, unexplained_before, unexplained_after)


#: The association rules by name.
ASSOCIATIONS = {"assignment": assignment, "paper": paper, "overlap": overlap, "dual_overlap": dual_overlap}
