"""
Events at random that need no leading: appearance, disappearance, splitting and emergence.

Each function proposes one on the stage, or `None` where there is no room or nobody for it.
"""

import numpy as np

from sunpy_solarunet.synthetic import choreography as dance
from sunpy_solarunet.synthetic.choreography import Group
from sunpy_solarunet.synthetic.elements import new_elements, shape_elements
from sunpy_solarunet.synthetic.recruiting import HUBS
from sunpy_solarunet.synthetic.stage import TRIALS

__all__ = ["appearance", "disappearance", "emergence", "splitting"]


def appearance(stage, frame):
    """
    An element out of nothing, where nothing is near.

    Parameters
    ----------
    stage : `~sunpy_solarunet.synthetic.stage.Stage`
    frame : `int`
        The frame before the event.

    Returns
    -------
    tuple or `None`
        The group, the numbers of its parents, and its children.
    """
    element = stage.one(stage.drawn_flux(most=0.2))
    x, y = stage.random_places(TRIALS, frame + 1)
    distance = stage.numbers.separation + 1 + stage.step_length(frame)
    good = stage.is_inside(x, y, element["major"], frame + 1) & stage.has_room(element, x, y, distance)
    if not good.any():
        return None
    chosen = np.argmax(good)
    element["x"], element["y"] = x[chosen], y[chosen]
    return Group("appearance", "", frame, []), [], element


def disappearance(stage, frame):
    """
    An element that is to go, preferably a weak one.

    Parameters
    ----------
    stage : `~sunpy_solarunet.synthetic.stage.Stage`
    frame : `int`
        The frame before the event.

    Returns
    -------
    Group or `None`
        With the element as its only member.
    """
    elements = stage.elements
    inside = stage.is_inside(elements["x"], elements["y"], elements["major"], frame)
    rows = np.flatnonzero(stage.is_free(frame) & inside)
    if not len(rows):
        return None
    # The weak ones live shortest.
    weight = 1 / np.abs(elements["flux"][rows])
    row = stage.rng.choice(rows, p=weight / weight.sum())
    return Group("disappearance", "", frame, [int(elements["id"][row])])


def _parents(stage, frame, least):
    """Free elements that may have children, in random order."""
    elements = stage.elements
    inside = stage.is_inside(elements["x"], elements["y"], 2 * elements["major"] + 3, frame + 1)
    inside &= stage.is_inside(elements["x"], elements["y"], elements["major"], frame)
    rows = np.flatnonzero(stage.is_free(frame) & inside & (np.abs(elements["flux"]) >= least))
    return elements[stage.rng.permutation(rows)[:HUBS]]


def splitting(stage, frame):
    """
    An element that parts into two or three of its sign.

    Parameters
    ----------
    stage : `~sunpy_solarunet.synthetic.stage.Stage`
    frame : `int`
        The frame before the event.

    Returns
    -------
    tuple or `None`
        The group, the numbers of its parents, and its children.
    """
    number = 3 if stage.rng.random() < stage.numbers.three_members else 2
    least = dance.WEAKEST * stage.numbers.flux_min
    for parent in _parents(stage, frame, 1.15 * number * least):
        others = dance.draw_shares(stage.rng, number, least / abs(parent["flux"]))
        flux = parent["flux"] * np.array([1 - others.sum(), *others]) * (1 + stage.flux_error())
        group = Group("splitting", "", frame, [])
        born = _bear_around(stage, group, parent, flux, frame, centered=True)
        if born is not None:
            return born
    return None


def emergence(stage, frame):
    """
    A balanced emergence where there was nothing, or an unbalanced one beside an element.

    Parameters
    ----------
    stage : `~sunpy_solarunet.synthetic.stage.Stage`
    frame : `int`
        The frame before the event.

    Returns
    -------
    tuple or `None`
        The group, the numbers of its parents, and its children.
    """
    balance = stage.drawn_balance("emergence")
    number = 3 if stage.rng.random() < stage.numbers.three_members else 2
    group = Group("emergence", balance, frame, [])
    if balance == "balanced":
        return _balanced(stage, group, number, frame)
    return _unbalanced(stage, group, number, frame)


def _unbalanced(stage, group, number, frame):
    """New elements beside one that was there before, which grows by as much."""
    least = dance.WEAKEST * stage.numbers.flux_min
    for parent in _parents(stage, frame, least):
        # New flux of this share, on both sides, makes the hub and leaves the parent's flux as the difference.
        ratio = 1.2 * (number - 1) * least / abs(parent["flux"])
        if ratio > 1.3:
            continue
        total = stage.rng.uniform(max(ratio, 0.35), 1.3) * parent["flux"]
        share = stage.rng.uniform(0.42, 0.58) if number == 3 else 1.0
        others = -total * np.array([share, 1 - share][: number - 1])
        flux = np.array([(parent["flux"] + total) * (1 + stage.flux_error()), *others])
        born = _bear_around(stage, group, parent, flux, frame, centered=False)
        if born is not None:
            return born
    return None


def _bear_around(stage, group, parent, flux, frame, *, centered):
    """Children in place of a parent: around its center, or beside it; `None` without room."""
    others = len(flux) - 1
    cast = new_elements(stage.rng, flux, np.zeros(others + 1), np.zeros(others + 1), stage.numbers)
    for name in ("vx", "vy", "aspect", "angle", "power", "contrast"):
        cast[name][0] = parent[name]
    shape_elements(cast, stage.numbers)
    gap = stage.drawn_gap()
    for _ in range(4):
        bearings = dance.spread_bearings(stage.rng, others)
        places = dance.arrange(cast, bearings, gap)
        places = places if centered else places - places[0]
        cast["x"], cast["y"] = parent["x"] + places[:, 0], parent["y"] + places[:, 1]
        if _cast_fits(stage, cast, frame, but=[parent["id"]]):
            return group, [int(parent["id"])], cast
    return None


def _cast_fits(stage, cast, frame, *, but=()):
    """Whether children have room, and lie where the next frame has data."""
    distance = stage.numbers.separation + stage.step_length(frame)
    room = [stage.has_room(child, [child["x"]], [child["y"]], distance, but=but)[0] for child in cast]
    return all(room) and bool(stage.is_inside(cast["x"], cast["y"], cast["major"], frame + 1).all())


def _balanced(stage, group, number, frame):
    """A bipole, or three, where there was nothing."""
    hub = stage.drawn_flux(dance.smallest_hub("emergence", "balanced", number), 0.4)
    others = dance.draw_fluxes(stage.rng, "emergence", "balanced", number, hub, stage.numbers)
    cast = new_elements(stage.rng, [hub, *others], np.zeros(number), np.zeros(number), stage.numbers)
    places = dance.arrange(cast, dance.spread_bearings(stage.rng, number - 1), stage.drawn_gap())
    for x, y in zip(*stage.random_places(TRIALS // 2, frame + 1), strict=True):
        cast["x"], cast["y"] = x + places[:, 0], y + places[:, 1]
        if _cast_fits(stage, cast, frame):
            return group, [], cast
    return None
