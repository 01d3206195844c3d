"""
Deaths to come: a hub and partners that can be led to it in time.
"""

import numpy as np

from sunpy_solarunet.synthetic import choreography as dance
from sunpy_solarunet.synthetic.choreography import Group
from sunpy_solarunet.synthetic.elements import gaps
from sunpy_solarunet.synthetic.orders import LEADING
from sunpy_solarunet.synthetic.stage import TRIALS

__all__ = ["HUBS", "gather"]

#: How much larger or smaller than its hub's a partner's flux may be that is to cancel it: both change slowly
#: until they are alike.
ADJUSTABLE = 1.5

#: Elements that are tried as hubs of one event.
HUBS = 12


def gather(stage, kind, frame, target, *, may_appear, at_start=False):
    """
    Find a hub and partners for a death, or make partners.

    Parameters
    ----------
    stage : `~sunpy_solarunet.synthetic.stage.Stage`
    kind : `str`
        merging or cancellation.
    frame, target : `int`
        The frame at hand and the one before the event.
    may_appear : `bool`
        Whether partners may be made where there are none.
    at_start : `bool`
        This is the first frame: what is made has been there before.

    Returns
    -------
    tuple or `None`
        The group, its members, the hub first, and which of them are made, or `None` if it is not possible.
    """
    numbers, elements = stage.numbers, stage.elements
    number = 3 if stage.rng.random() < numbers.three_members else 2
    balance = stage.drawn_balance(kind)
    least = dance.smallest_hub(kind, balance, number) * numbers.flux_min
    inside = stage.is_inside(elements["x"], elements["y"], 2 * elements["major"] + 4, target)
    hubs = np.flatnonzero(stage.is_free(frame) & inside & (np.abs(elements["flux"]) >= least))
    hubs = elements[stage.rng.permutation(hubs)[:HUBS]]
    for make in (False, True) if may_appear else (False,):
        for hub in hubs:
            group = Group(kind, balance, target, [], gap=stage.drawn_gap(), begin=frame)
            members, made = _find_partners(stage, group, hub, number, frame, may_appear=make, at_start=at_start)
            if len(members) == number:
                return group, np.concatenate(members), made
    return None


def _find_partners(stage, group, hub, number, frame, *, may_appear, at_start):
    """The hub and the partners that are found or made, as many as can be, and which of them are made."""
    fluxes = dance.draw_fluxes(stage.rng, group.kind, group.balance, number, hub["flux"], stage.numbers)
    members, made, bearings = [np.array([hub])], [], []
    for flux in fluxes:
        partner = _near_partner(stage, group, hub, flux, frame, members, bearings)
        if partner is None and may_appear:
            made.append(len(members))
            partner = _new_partner(stage, group, hub, flux, frame, bearings, at_start=at_start)
        if partner is None:
            break
        members.append(partner)
        bearings.append(_bearing(hub, partner[0]))
    group.bearings = np.array(bearings)
    return members, made


def _closing(stage, frame, target):
    """Pixels by which two elements can be led closer."""
    return 2 * LEADING * stage.numbers.max_speed * max(stage.seconds[target] - stage.seconds[frame], 0)


def _near_partner(stage, group, hub, flux, frame, members, bearings):
    """The nearest free element of a fitting flux that can be led to the hub, or `None`."""
    elements = stage.elements
    least, most = _fitting(stage, group, hub, flux, len(members) - 1)
    strength = np.abs(elements["flux"])
    fits = stage.is_free(frame) & (np.sign(elements["flux"]) == np.sign(flux))
    fits &= (strength >= least) & (strength <= most)
    fits &= ~np.isin(elements["id"], [member["id"][0] for member in members])
    rows = np.flatnonzero(fits)
    distance = gaps(np.array([hub]), elements[rows])
    near = distance <= group.gap + _closing(stage, frame, group.frame)
    for row in rows[near][np.argsort(distance[near], kind="stable")]:
        partner = elements[row : row + 1]
        if _is_clear(_bearing(hub, partner[0]), bearings) and stage.is_inside(
            partner["x"], partner["y"], partner["major"] + 3, group.frame
        ):
            return partner.copy()
    return None


def _fitting(stage, group, hub, flux, taken):
    """Least and largest strength of a partner that may stand for one of a drawn flux."""
    if group.kind == "merging":
        return dance.WEAKEST * stage.numbers.flux_min, abs(hub["flux"])
    if group.balance == "balanced" and taken == 0:
        return abs(flux) / ADJUSTABLE, abs(flux) * ADJUSTABLE
    return max(0.85 * abs(flux), stage.numbers.flux_min), 1.15 * abs(flux)


def _new_partner(stage, group, hub, flux, frame, bearings, *, at_start):
    """An element that is to appear where it can be led to the hub, or `None`."""
    separation = stage.numbers.separation
    farthest = group.gap + _closing(stage, frame, group.frame)
    nearest = group.gap if at_start else separation + 1
    if farthest < nearest:
        return None
    partner = stage.one(flux)
    angle = stage.rng.uniform(0, 2 * np.pi, TRIALS // 4)
    gap = nearest + stage.rng.uniform(0.2, 0.8, len(angle)) * min(farthest - nearest, 8)
    hubs = np.repeat(np.array([hub]), len(angle))
    distance = gap + dance.support(hubs, angle) + dance.support(np.repeat(partner, len(angle)), angle)
    x, y = hub["x"] + distance * np.cos(angle), hub["y"] + distance * np.sin(angle)
    good = stage.has_room(partner, x, y, separation + 1, but=[hub["id"]])
    good &= stage.is_inside(x, y, partner["major"] + 3, group.frame)
    good &= stage.is_inside(x, y, partner["major"], frame)
    good &= np.array([_is_clear(direction, bearings) for direction in angle])
    if not good.any():
        return None
    chosen = np.argmax(good)
    partner["x"], partner["y"] = x[chosen], y[chosen]
    return partner


def _is_clear(bearing, bearings):
    """Whether a direction from the hub is not taken by another partner."""
    turned = np.abs((bearing - np.array(bearings) + np.pi) % (2 * np.pi) - np.pi)
    return bool(np.all(turned >= dance.SMALLEST_ANGLE))


def _bearing(hub, partner):
    return float(np.arctan2(partner["y"] - hub["y"], partner["x"] - hub["x"]))
