"""
Events made to order: who waits where for them.
"""

import numpy as np

from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.synthetic import choreography as dance
from sunpy_solarunet.synthetic.choreography import Group
from sunpy_solarunet.synthetic.elements import ELEMENT, new_elements

__all__ = ["LEADING", "impossible", "set_scenes"]

#: Part of the largest speed that members are counted on to be led with: others may stand in their way.
LEADING = 0.7


def impossible(order, reason):
    """
    The error that says why an ordered event cannot take place.

    Parameters
    ----------
    order : `~sunpy_solarunet.synthetic.PlannedEvent`
    reason : `str`

    Returns
    -------
    SolarUnetError
    """
    place = f"in frame {order.frame} at ({order.x:g}, {order.y:g})"
    return SolarUnetError(f"the {order.kind} {place} cannot take place: {reason}")


def set_scenes(stage, orders, fluxes):
    """
    Put the members of ordered events on the stage, and keep the places free.

    Parameters
    ----------
    stage : `~sunpy_solarunet.synthetic.stage.Stage`
    orders : list of `~sunpy_solarunet.synthetic.PlannedEvent`
    fluxes : list of `float`
        Flux of each in gauss pixels, not-a-number where none is given.

    Returns
    -------
    list of `~sunpy_solarunet.synthetic.choreography.Group`

    Raises
    ------
    SolarUnetError
        If an event cannot take place.
    """
    ordered = zip(orders, fluxes, strict=True)
    return [_set_scene(stage, number, order, flux) for number, (order, flux) in enumerate(ordered)]


def _set_scene(stage, number, order, flux):
    """The group of one order, its members where they are to wait."""
    last = len(stage.seconds) - 1
    frame = order.frame if order.is_death else order.frame - 1
    if not 0 <= frame < last:
        frames = f"0 to {last - 1}" if order.is_death else f"1 to {last}"
        raise impossible(order, f"its frame must be one of {frames}")
    x, y = stage.pointing.to_sun(order.x, order.y, order.frame)
    cast, bearings, gap = _cast(stage, order, flux)
    places = dance.arrange(cast, bearings, gap)
    reach = np.max(np.hypot(*places.T) + cast["major"])
    if not all(stage.is_inside(np.array([x]), np.array([y]), reach, seen)[0] for seen in (frame, frame + 1)):
        raise impossible(order, "there are no data at its place, or it is too close to their end")
    obstacle = _obstacle(number, x, y, reach)
    if not stage.has_room(obstacle, [x], [y], stage.numbers.separation)[0]:
        raise impossible(order, "it is too close to another ordered event")
    group = Group(order.kind, order.balance, frame, [], x, y, bearings, gap, order=order)
    if order.is_death:
        _let_wait(stage, number, group, cast, places)
    else:
        group.cast = cast
        cast["x"], cast["y"] = x + places[:, 0], y + places[:, 1]
        _add_parent(stage, number, group)
    stage.obstacles = np.concatenate([stage.obstacles, obstacle])
    return group


def _obstacle(number, x, y, reach):
    """A circle that keeps all elements off but those of one group."""
    obstacle = np.zeros(1, ELEMENT)
    obstacle["id"], obstacle["group"], obstacle["x"], obstacle["y"] = -1, number, x, y
    obstacle["major"] = obstacle["minor"] = reach
    return obstacle


def _cast(stage, order, flux):
    """The members that an ordered event shows, the hub first, their bearings and gap."""
    numbers = stage.numbers
    least = dance.smallest_hub(order.kind, order.balance, order.n_members)
    if np.isnan(flux):
        flux = min(max(4.0, 1.2 * least) * numbers.flux_min, numbers.flux_max)
    elif abs(flux) < least * numbers.flux_min:
        raise impossible(order, f"its flux must be {least:.1f} times flux_min at least")
    others = dance.draw_fluxes(stage.rng, order.kind, order.balance, order.n_members, flux, numbers)
    fluxes = [flux, *others]
    cast = new_elements(stage.rng, fluxes, np.zeros(len(fluxes)), np.zeros(len(fluxes)), numbers)
    return cast, dance.spread_bearings(stage.rng, len(others)), stage.drawn_gap()


def _let_wait(stage, number, group, cast, places):
    """Put the members of an ordered death near its place, as far as they can be led together."""
    frame = group.frame
    group.begin = max(frame - stage.numbers.lead, 0)
    way = LEADING * stage.numbers.max_speed * (stage.seconds[frame] - stage.seconds[group.begin])
    length = np.hypot(*places.T)
    extra = min(stage.numbers.separation + 2, way)
    scale = 1 + extra / np.maximum(length.max(), 1e-9) if len(cast) > 1 else 1.0
    cast["x"], cast["y"] = group.x + scale * places[:, 0], group.y + scale * places[:, 1]
    cast["group"] = number
    _require_room(stage, group.order, cast)
    group.members = stage.add(cast)
    group.wanted = dict(zip(group.members, cast["flux"].tolist(), strict=True))


def _add_parent(stage, number, group):
    """The element that an ordered splitting or unbalanced emergence comes from."""
    hub = group.cast[0]
    at_hub = group.kind == "emergence"
    if group.kind == "appearance" or group.balance == "balanced":
        return
    parent = stage.one(group.cast["flux"].sum(), *((hub["x"], hub["y"]) if at_hub else (group.x, group.y)))
    parent["group"] = number
    _require_room(stage, group.order, parent)
    group.members = stage.add(parent)


def _require_room(stage, order, elements):
    for element in elements:
        if not stage.has_room(element, [element["x"]], [element["y"]], stage.numbers.separation)[0]:
            raise impossible(order, "it is too close to another ordered event")
