"""
How elements move: the granular walk, the supergranular flow, and that they keep apart.
"""

import numpy as np
from scipy.spatial import cKDTree

from sunpy_solarunet.synthetic.elements import close_pairs, gaps

__all__ = ["FREE", "LED", "PINNED", "TOUCHING", "Flow", "keep_apart", "wander"]

#: Who gives way: free elements to those that are led to an event, and both to those that stay where they are.
FREE, LED, PINNED = 0, 1, 2

#: Pixels between the footprints of elements of one event, at least: with less they touch at a corner.
TOUCHING = 1.5

#: Rounds in which elements that come too close are pushed apart, and in which those that still are are held back.
PUSHES, REFUSALS = 8, 12


class Flow:
    """
    The steady supergranular flow, from the middle of each cell to its lanes.

    Parameters
    ----------
    extent : tuple of `float`
        Least and largest x, then y, in pixels.
    size, speed : `float`
        Width of a cell in pixels, largest speed in pixels per second.
    rng : `numpy.random.Generator`

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.synthetic.motion import Flow
    >>> flow = Flow((0, 100, 0, 100), size=40, speed=0.01, rng=np.random.default_rng(0))
    >>> bool(np.hypot(*flow(np.arange(100.0), np.full(100, 50.0))).max() <= 0.01)
    True
    """

    def __init__(self, extent, size, speed, rng):
        left, right, lower, upper = extent
        x = np.arange(left - size / 2, right + 1.5 * size, size)
        y = np.arange(lower - size / 2, upper + 1.5 * size, size)
        x, y = (values.ravel() for values in np.meshgrid(x, y))
        scatter = rng.uniform(-0.35, 0.35, (2, len(x))) * size
        self.centers = np.column_stack([x, y]) + scatter.T
        self.size, self.speed = size, speed
        self._tree = cKDTree(self.centers)

    def __call__(self, x, y):
        """Velocity in x and y, in pixels per second, at places given in pixels."""
        distance, nearest = self._tree.query(np.column_stack([x, y]))
        # Largest half way out, as the horizontal outflow of a cell is.
        scaled = distance / (self.size / 4)
        speed = self.speed * scaled * np.exp((1 - scaled**2) / 2)
        away = np.column_stack([x, y]) - self.centers[nearest]
        return (away * (speed / np.maximum(distance, 1e-9))[:, np.newaxis]).T

    def network(self, x, y):
        """How much places belong to the lanes between cells, from 0.15 to 1."""
        distance = self._tree.query(np.column_stack([x, y]), k=2)[0]
        return 0.15 + 0.85 * np.exp(-(distance[:, 1] - distance[:, 0]) / (0.2 * self.size))


def wander(elements, seconds, numbers, flow, rng):
    """
    Steps of free elements: an Ornstein-Uhlenbeck velocity and the flow.

    Parameters
    ----------
    elements : `numpy.ndarray` of `~sunpy_solarunet.synthetic.elements.ELEMENT`
        Their velocities change in place.
    seconds : `float`
        Time of the step.
    numbers : `~sunpy_solarunet.synthetic.instrument.Numbers`
    flow : Flow
    rng : `numpy.random.Generator`

    Returns
    -------
    `numpy.ndarray`
        Pixels in x and y, shape (n, 2).
    """
    memory = np.exp(-seconds / numbers.correlation_time)
    kick = numbers.speed * np.sqrt(1 - memory**2) * rng.standard_normal((2, len(elements)))
    elements["vx"] = memory * elements["vx"] + kick[0]
    elements["vy"] = memory * elements["vy"] + kick[1]
    flow_x, flow_y = flow(elements["x"], elements["y"])
    step = np.column_stack([elements["vx"] + flow_x, elements["vy"] + flow_y]) * seconds
    return limited(step, numbers.max_speed * seconds)


def limited(step, longest):
    """Steps, shape (n, 2), cut to a length."""
    length = np.hypot(*step.T)
    return step * np.minimum(1, longest / np.maximum(length, 1e-12))[:, np.newaxis]


def keep_apart(elements, before, rank, separation, longest):
    """
    Let elements that come too close give way, and hold those back that still do.

    Parameters
    ----------
    elements : `numpy.ndarray` of `~sunpy_solarunet.synthetic.elements.ELEMENT`
        After their steps; changed in place.
    before : `numpy.ndarray` of `~sunpy_solarunet.synthetic.elements.ELEMENT`
        The same elements before them.
    rank : `numpy.ndarray` of `int`
        `FREE`, `LED` or `PINNED`: of two elements the lower one gives way, or both.
    separation : `float`
        Pixels between footprints, where not both belong to one event.
    longest : `float`
        Pixels that an element may move.
    """
    for attempt in range(PUSHES + REFUSALS):
        first, second, missing = _too_close(elements, separation)
        if not len(first):
            return
        if attempt < PUSHES:
            _push(elements, before, rank, (first, second, missing), longest)
        else:
            _refuse(elements, before, rank, first, second)


def _too_close(elements, separation):
    """Pairs whose footprints are too close, and the pixels that are missing."""
    first, second = close_pairs(elements, separation)
    one, other = elements[first], elements[second]
    together = (one["group"] == other["group"]) & (one["group"] >= 0)
    # Obstacles, which have no number, keep a place free for their own event alone.
    obstacle = (one["id"] < 0) | (other["id"] < 0)
    wanted = np.where(together, np.where(obstacle, -np.inf, TOUCHING), separation)
    missing = np.where((one["id"] < 0) & (other["id"] < 0), -1.0, wanted - gaps(one, other))
    close = missing > 1e-6
    return first[close], second[close], missing[close]


def _push(elements, before, rank, pairs, longest):
    """Move the lower rank of each pair away, or both by half, no farther than one may move."""
    first, second, missing = pairs
    dx, dy = elements["x"][second] - elements["x"][first], elements["y"][second] - elements["y"][first]
    direction = np.arctan2(dy, dx)
    share = 0.5 * (1 + np.sign(rank[second] - rank[first]))  # of the first
    missing = missing + 0.01
    for index, amount, sign in ((first, share, -1), (second, 1 - share, 1)):
        amount = np.where(rank[index] < PINNED, amount * missing * sign, 0.0)
        np.add.at(elements["x"], index, amount * np.cos(direction))
        np.add.at(elements["y"], index, amount * np.sin(direction))
    step = np.column_stack([elements["x"] - before["x"], elements["y"] - before["y"]])
    step = limited(step, longest)
    elements["x"], elements["y"] = before["x"] + step[:, 0], before["y"] + step[:, 1]


def _refuse(elements, before, rank, first, second):
    """Put the lower rank of each pair back to where it was, or both; its velocity turns around."""
    moved = (elements["x"] != before["x"]) | (elements["y"] != before["y"]) | (elements["flux"] != before["flux"])
    lower = np.where(rank[first] < rank[second], first, second)
    higher = first + second - lower
    also = (rank[first] == rank[second]) | ~moved[lower]
    back = np.unique(np.concatenate([lower, higher[also]]))
    back = back[rank[back] < PINNED]
    elements[back] = before[back]
    elements["vx"][back] *= -0.5
    elements["vy"][back] *= -0.5
