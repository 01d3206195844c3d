"""
The planner: it lets a simulated Sun run from frame to frame and writes down what takes place.
"""

import numpy as np

from sunpy_solarunet.synthetic import choreography as dance
from sunpy_solarunet.synthetic import motion, spontaneous
from sunpy_solarunet.synthetic.choreography import Group, Happening
from sunpy_solarunet.synthetic.elements import gaps, shape_elements
from sunpy_solarunet.synthetic.orders import impossible, set_scenes
from sunpy_solarunet.synthetic.recruiting import gather

__all__ = ["Planner"]

#: Frames after an event in which an element takes part in no other.
REST = 3

#: Appearances that may be ahead of their rate, because partners were wanted.
ADVANCE = 3

#: A frame of this many pixels is meant by the rates.
RATED_PIXELS = 256 * 256


class Planner:
    """
    Run a simulated Sun.

    Parameters
    ----------
    stage : `~sunpy_solarunet.synthetic.stage.Stage`
        Empty; it is left as it is in the last frame.
    orders : list of `~sunpy_solarunet.synthetic.choreography.PlannedEvent`
    fluxes : list of `float`
        Flux of each order in gauss pixels, not-a-number where none is given.

    Attributes
    ----------
    states : list of `numpy.ndarray`
        The elements of each frame.
    happenings : list of `~sunpy_solarunet.synthetic.choreography.Happening`

    Raises
    ------
    SolarUnetError
        If an ordered event cannot take place.
    """

    def __init__(self, stage, orders, fluxes):
        self.stage = stage
        self.last = len(stage.seconds) - 1
        self.happenings, self.states = [], []
        self._due = dict.fromkeys(dance.BIRTHS + dance.DEATHS, 0)
        self.groups = set_scenes(stage, orders, fluxes)
        self._deaths = self._draw_deaths()
        stage.populate()
        self._recruit(0, at_start=True)
        self._run()

    def _run(self):
        for frame in range(self.last + 1):
            self.states.append(self.stage.elements.copy())
            if frame < self.last:
                pinned = self._take_place(frame)
                self._move(frame, pinned)
                self._recruit(frame + 1)
        for group in self.groups:
            if group.order is not None and not group.parting:
                raise impossible(group.order, "its members could not be led there")

    def _draw_deaths(self):
        """Deaths that need leading: kind and frame."""
        area = np.prod(self.stage.shape) / RATED_PIXELS
        deaths = []
        for kind in ("merging", "cancellation"):
            counts = self.stage.rng.poisson(self.stage.numbers.rates[kind] * area, self.last)
            deaths += [(max(frame, 1), kind) for frame, count in enumerate(counts) for _ in range(count)]
        return sorted(deaths)

    def _recruit(self, frame, *, at_start=False):
        """Gather the members of the deaths that are due within the frames over which they are led."""
        waiting = []
        for target, kind in self._deaths:
            if target - self.stage.numbers.lead > frame:
                waiting.append((target, kind))
            elif target < self.last and not self._gather(kind, frame, target, at_start=at_start):
                waiting.append((target + 1, kind))
        self._deaths = waiting

    def _gather(self, kind, frame, target, *, at_start):
        """Bind the members of a death; whether there are any, and time enough."""
        if target - frame < (1 if at_start else 2):
            return False
        may_appear = at_start or (self.stage.numbers.rates["appearance"] > 0 and self._due["appearance"] > -ADVANCE)
        found = gather(self.stage, kind, frame, target, may_appear=may_appear, at_start=at_start)
        if found is None:
            return False
        self._engage(*found, frame, at_start=at_start)
        return True

    def _engage(self, group, members, made, frame, *, at_start):
        """Bind members; those that are made enter now, which is an appearance but in the first frame."""
        for index in made:
            # A view of the row: its number is wanted here, too.
            member = members[index : index + 1]
            self.stage.add(member)
            if not at_start:
                self._appear(member, frame)
        group.members = members["id"].tolist()
        self.stage.elements["group"][self.stage.rows(group.members)] = len(self.groups)
        if group.balance == "balanced":
            group.wanted = self._balanced_fluxes(members)
        places = dance.arrange(members, group.bearings, group.gap)
        # Where all have about the same way to go.
        group.x, group.y = np.mean(members["x"] - places[:, 0]), np.mean(members["y"] - places[:, 1])
        self.groups.append(group)

    def _appear(self, element, frame):
        """Write down an appearance that makes a partner, in place of one at random."""
        self._due["appearance"] -= 1
        self.happenings.append(Happening("appearance", "", frame - 1, (), (int(element["id"][0]),)))

    def _balanced_fluxes(self, members):
        """Fluxes that the members of a balanced cancellation are to have: about the middle of what they have."""
        hub, others = members["base"][0], members["base"][1:]
        total = np.sqrt(abs(hub) * np.abs(others).sum())
        left = 1 - dance.USED_IMBALANCE * self.stage.numbers.imbalance * self.stage.rng.random()
        wanted = [np.sign(hub) * total, *(others * (total * left / np.abs(others).sum()))]
        return dict(zip(members["id"].tolist(), map(float, wanted), strict=True))

    def _take_place(self, frame):
        """All events between a frame and the next; the numbers of the elements that must not be moved."""
        pinned = []
        for number, group in enumerate(self.groups):
            if not group.parting and group.frame == frame:
                pinned += self._perform(number, group, frame)
        area = np.prod(self.stage.shape) / RATED_PIXELS
        for kind in ("appearance", "disappearance", "splitting", "emergence"):
            self._due[kind] += self.stage.rng.poisson(self.stage.numbers.rates[kind] * area)
            for _ in range(max(self._due[kind], 0)):
                pinned += self._happen(kind, frame)
        return pinned

    def _happen(self, kind, frame):
        """An event at random that needs no leading, if there is room; if not, it stays due."""
        proposed = getattr(spontaneous, kind)(self.stage, frame)
        if proposed is None:
            return []
        self._due[kind] -= 1
        if kind == "disappearance":
            return self._die(proposed, self.stage.elements[:0], frame)
        return self._bear(*proposed, frame)

    def _perform(self, number, group, frame):
        """An event whose members have been led together or have waited."""
        self.stage.obstacles = self.stage.obstacles[self.stage.obstacles["group"] != number]
        if group.order is not None and not group.order.is_death:
            return self._perform_birth(group, frame)
        members = self.stage.elements[self.stage.rows(group.members)]
        product = self._product(group, members)
        if not self._is_ready(group, members, product, frame):
            self._put_off(group)
            return []
        return self._die(group, product, frame)

    def _is_ready(self, group, members, product, frame):
        """Whether the members stand next to each other where the frame shows them, and leave room for the product."""
        places = (members["x"], members["y"], members["major"] - 1)
        inside = self.stage.is_inside(*places, frame) & self.stage.is_inside(*places, frame + 1)
        if not (dance.touching(members) and inside.all()):
            return False
        place = (product, product["x"], product["y"], motion.TOUCHING)
        return not len(product) or bool(self.stage.has_room(*place, but=group.members)[0])

    def _product(self, group, members):
        """The element that goes on after a death, as it is to be; none after most."""
        if group.kind != "merging" and group.balance != "unbalanced":
            return members[:0]
        strength = np.abs(members["flux"])
        survivor = int(np.argmax(strength)) if group.kind == "merging" else 0
        product = members[survivor : survivor + 1].copy()
        if group.kind == "merging":
            for axis in ("x", "y"):
                product[axis] = np.average(members[axis], weights=strength)
        product["flux"] = product["base"] = members["flux"].sum() * (1 + self.stage.flux_error())
        return shape_elements(product, self.stage.numbers)

    def _put_off(self, group):
        """Try again a frame later; an event to order cannot wait."""
        if group.order is not None:
            raise impossible(group.order, "its members could not be led there in time")
        group.frame += 1
        if group.frame >= self.last or group.frame > group.begin + 3 * self.stage.numbers.lead:
            self._release(group, self.last)

    def _release(self, group, frame):
        """Let the members go; nothing else comes of the group."""
        rows = self.stage.rows(group.members)
        self.stage.elements["group"][rows] = -1
        self.stage.elements["ready"][rows] = np.minimum(frame, self.last)
        group.parting, group.members = True, []

    def _die(self, group, product, frame):
        """Disappearance, merging or cancellation: the members go, but for the one that the product is."""
        children = tuple(product["id"].tolist())
        self.stage.remove([member for member in group.members if member not in children])
        self.stage.elements[self.stage.rows(children)] = product
        happening = Happening(group.kind, group.balance, frame, tuple(group.members), children, group.order)
        self.happenings.append(happening)
        group.members = list(children)
        self._release(group, frame + REST)
        return list(children)

    def _perform_birth(self, group, frame):
        """A birth to order: the cast enters, its hub in place of the parent."""
        parents = group.members
        cast = group.cast
        if parents:
            now = self.stage.elements["flux"][self.stage.rows(parents)][0]
            cast["flux"] = cast["base"] = cast["flux"] * now / cast["flux"].sum()
            shape_elements(cast, self.stage.numbers)
            places = dance.arrange(cast, group.bearings, group.gap)
            cast["x"], cast["y"] = group.x + places[:, 0], group.y + places[:, 1]
        group.parting, group.members = True, []
        return self._bear(group, parents, cast, frame)

    def _bear(self, group, parents, cast, frame):
        """Let children enter; the parent, if there is one, lives on in the first of them."""
        number = len(self.groups)
        cast["group"] = number if len(cast) > 1 else -1
        cast["ready"] = frame + REST
        if parents:
            row = self.stage.rows(parents)
            cast["id"][0] = parents[0]
            self.stage.elements[row] = cast[:1]
        children = [*parents, *self.stage.add(cast[len(parents) :])]
        happening = Happening(group.kind, group.balance, frame, tuple(parents), tuple(children), group.order)
        self.happenings.append(happening)
        self.groups.append(Group(group.kind, group.balance, frame, children, parting=True))
        return children

    def _move(self, frame, pinned):
        """Move all elements to the next frame, but for those that an event has just put in their places."""
        elements, numbers = self.stage.elements, self.stage.numbers
        seconds = self.stage.seconds[frame + 1] - self.stage.seconds[frame]
        before = elements.copy()
        fixed = np.isin(elements["id"], pinned)
        step = motion.wander(elements, seconds, numbers, self.stage.flow, self.stage.rng)
        self.stage.fluctuate(~fixed)
        led = np.zeros(len(elements), bool)
        for group in self.groups:
            if group.members:
                rows = self.stage.rows(group.members)
                step[rows] = self._part(group, frame) if group.parting else self._lead(group, frame)
                led[rows] = True
        step[fixed] = 0
        step = motion.limited(step, numbers.max_speed * seconds)
        elements["x"] += step[:, 0]
        elements["y"] += step[:, 1]
        self.stage.turn_at_the_end(elements, before)
        rank = np.where(fixed, motion.PINNED, np.where(led, motion.LED, motion.FREE))
        self.stage.keep_apart(before, rank, numbers.max_speed * seconds)
        self._part_ways(frame + 1)

    def _lead(self, group, frame):
        """Steps of members on the way to their event; their fluxes come to what they are to be."""
        rows = self.stage.rows(group.members)
        members = self.stage.elements[rows]
        if frame < group.begin or group.cast is not None:
            return np.zeros((len(rows), 2))
        left = self.stage.seconds[group.frame] - self.stage.seconds[frame]
        share = (self.stage.seconds[frame + 1] - self.stage.seconds[frame]) / left if left > 0 else 1.0
        share = min(share, 1.0)
        if group.wanted:
            self._approach_flux(group, rows, share)
            members = self.stage.elements[rows]
        places = dance.arrange(members, group.bearings, group.gap)
        target = np.array([group.x, group.y]) + places
        return (target - np.column_stack([members["x"], members["y"]])) * share

    def _approach_flux(self, group, rows, share):
        """Let the bases of the fluxes go part of the way to what is wanted, and the fluxes at the end."""
        elements = self.stage.elements
        for row, wanted in zip(rows, group.wanted.values(), strict=True):
            elements["base"][row] *= (wanted / elements["base"][row]) ** share
            if share == 1:
                elements["flux"][row] = wanted
        elements[rows] = shape_elements(elements[rows], self.stage.numbers)

    def _part(self, group, frame):
        """Steps of members away from their center."""
        members = self.stage.elements[self.stage.rows(group.members)]
        away = np.column_stack([members["x"] - members["x"].mean(), members["y"] - members["y"].mean()])
        away /= np.maximum(np.hypot(*away.T), 1e-9)[:, np.newaxis]
        return 0.6 * self.stage.step_length(frame) * away

    def _part_ways(self, frame):
        """Let go the members that have been led apart far enough."""
        for group in self.groups:
            if group.parting and group.members:
                members = self.stage.elements[self.stage.rows(group.members)]
                distance = gaps(members[:, np.newaxis], members[np.newaxis])[np.triu_indices(len(members), 1)]
                if np.all(distance >= self.stage.numbers.separation + 0.3):
                    self._release(group, max(frame, int(members["ready"].max())))
