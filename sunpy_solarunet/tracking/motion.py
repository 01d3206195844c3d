"""
How an element moves: the straight line through its places.
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["Motion"]


@dataclass(slots=True)
class Motion:
    """
    The way of an element from place to place, and the straight line that fits its places best.

    Where features merge or split, the center of what carries a track on jumps, and that is no motion: the way goes
    on from the new place, and the line with the same velocity, but not through the place before. All places weigh
    the same. Time and memory that it takes do not grow with their number.

    Attributes
    ----------
    west, north : `float`
        Net displacement from the first place to the last, in km; jumps are left out.

    Examples
    --------
    Half a kilometer a second toward west, and a jump of 900 km that is none of it:

    >>> from sunpy_solarunet.tracking.motion import Motion
    >>> motion = Motion()
    >>> for west, jump in ((30, False), (30, False), (900, True), (30, False)):
    ...     motion.go_on(west, 0.0, 60.0, jump=jump)
    >>> motion.west
    90.0
    >>> motion.velocity
    (0.5, 0.0)
    """

    west: float = 0.0
    north: float = 0.0
    _time: float = 0.0
    # Of the stretch since the last jump: number of places, means of time and place.
    _number: int = 1
    _mean_time: float = 0.0
    _mean_west: float = 0.0
    _mean_north: float = 0.0
    # Steps that count, and sums about the means of their stretch: of squares of times, products, squares of places.
    _steps: int = 0
    _time_time: float = 0.0
    _time_west: float = 0.0
    _time_north: float = 0.0
    _place_place: float = 0.0

    def go_on(self, west, north, seconds, *, jump=False):
        """
        Take in the next place.

        Parameters
        ----------
        west, north : `float`
            From the last place, in km.
        seconds : `float`
            The time since then.
        jump : `bool`
            Whether this is no motion.
        """
        self._time += seconds
        if jump:
            self._number = 1
            self._mean_time, self._mean_west, self._mean_north = self._time, self.west, self.north
            return
        self.west += west
        self.north += north
        self._number += 1
        self._steps += 1
        late, far_west, far_north = (
            self._time - self._mean_time,
            self.west - self._mean_west,
            self.north - self._mean_north,
        )
        self._mean_time += late / self._number
        self._mean_west += far_west / self._number
        self._mean_north += far_north / self._number
        self._time_time += late * (self._time - self._mean_time)
        self._time_west += late * (self.west - self._mean_west)
        self._time_north += late * (self.north - self._mean_north)
        self._place_place += far_west * (self.west - self._mean_west) + far_north * (self.north - self._mean_north)

    @property
    def displacement(self):
        """Length of the net displacement in km."""
        return float(np.hypot(self.west, self.north))

    @property
    def velocity(self):
        """Slope of the line toward west and toward north, in km/s; not-a-number for a single place."""
        if not self._time_time:
            return np.nan, np.nan
        return self._time_west / self._time_time, self._time_north / self._time_time

    @property
    def velocity_error(self):
        """
        Standard error of each component of the velocity, in km/s, from the scatter of the places about the line.

        Not-a-number where there are no more places than the line needs.
        """
        if self._steps < 2:
            return np.nan
        explained = (self._time_west**2 + self._time_north**2) / self._time_time
        scatter = max(self._place_place - explained, 0.0) / (2 * (self._steps - 1))
        return float(np.sqrt(scatter / self._time_time))
