"""
The stage: the elements that are there, and where there is data and room.
"""

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from sunpy_solarunet.synthetic import motion
from sunpy_solarunet.synthetic.choreography import MIRROR, WEAKEST
from sunpy_solarunet.synthetic.elements import ELEMENT, gaps, new_elements, power_law, shape_elements

__all__ = ["Stage"]

#: Random places that are tried for one element.
TRIALS = 64

#: Correlation of the fluctuation of the flux from frame to frame.
FLUX_MEMORY = 0.8

#: Pixels between an event and the end of the data, and how far the Sun goes on beyond the frames.
SHORE, BEYOND = 2.0, 12.0


class Stage:
    """
    The elements of a simulated Sun at one time.

    Parameters
    ----------
    numbers : `~sunpy_solarunet.synthetic.instrument.Numbers`
    seconds : `numpy.ndarray`
        Times of the frames, shape (n,).
    pointing : `~sunpy_solarunet.synthetic.instrument.Pointing`
    mask : `numpy.ndarray` of `bool`
        Where frames have data.
    rng : `numpy.random.Generator`

    Attributes
    ----------
    elements : `numpy.ndarray` of `~sunpy_solarunet.synthetic.elements.ELEMENT`
        In the order of their numbers.
    obstacles : `numpy.ndarray` of `~sunpy_solarunet.synthetic.elements.ELEMENT`
        Places that are kept free for events to come, numbered -1.
    """

    def __init__(self, numbers, seconds, pointing, mask, rng):
        self.numbers, self.seconds, self.pointing, self.rng = numbers, seconds, pointing, rng
        self.shape = mask.shape
        self._depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
        left, right, lower, upper = pointing.field_of_view(mask.shape)
        # Elements come in and go out over the edges: the Sun goes on beyond them.
        self.extent = (left - BEYOND, right + BEYOND, lower - BEYOND, upper + BEYOND)
        self.flow = motion.Flow(self.extent, numbers.cell_size, numbers.flow_speed, rng)
        self.elements, self.obstacles = np.zeros(0, ELEMENT), np.zeros(0, ELEMENT)
        self._next_id = 0

    def rows(self, ids):
        """
        Where elements stand in the array.

        Parameters
        ----------
        ids : array-like of `int`
            Numbers of elements that are there.

        Returns
        -------
        `numpy.ndarray` of `int`
        """
        return np.searchsorted(self.elements["id"], np.asarray(ids, int))

    def is_inside(self, x, y, reach, frame):
        """
        Whether footprints lie wholly where a frame has data.

        Parameters
        ----------
        x, y, reach : `numpy.ndarray`
            Places on the Sun and half widths, in pixels.
        frame : `int`

        Returns
        -------
        `numpy.ndarray` of `bool`
        """
        column, row = self.pointing.to_image(x, y, frame)
        i, j = np.round(row).astype(int), np.round(column).astype(int)
        within = (i >= 0) & (i < self.shape[0]) & (j >= 0) & (j < self.shape[1])
        depth = self._depth[np.clip(i, 0, self.shape[0] - 1), np.clip(j, 0, self.shape[1] - 1)]
        return within & (depth > reach + SHORE)

    def has_room(self, element, x, y, distance, *, but=()):
        """
        Whether an element keeps a distance from all others, and from obstacles, at each of some places.

        Parameters
        ----------
        element : `numpy.ndarray` of `~sunpy_solarunet.synthetic.elements.ELEMENT`
            One element, wherever it is.
        x, y : array-like
            Places on the Sun in pixels, shape (n,).
        distance : `float`
            Pixels between footprints.
        but : list of `int`
            Elements that do not count.

        Returns
        -------
        `numpy.ndarray` of `bool`
            Shape (n,).
        """
        others = np.concatenate([self.elements, self.obstacles])
        others = others[~np.isin(others["id"], but) | (others["id"] < 0)]
        good = np.ones(len(x), bool)
        if not len(others):
            return good
        tried = np.repeat(np.atleast_1d(element), len(x))
        tried["x"], tried["y"] = x, y
        reach = others["major"].max() + tried["major"].max() + distance
        places = (cKDTree(np.column_stack([group["x"], group["y"]])) for group in (tried, others))
        near = next(places).query_ball_tree(next(places), reach)
        first = np.repeat(np.arange(len(tried)), [len(found) for found in near])
        second = np.concatenate(near).astype(int)
        good[first[gaps(tried[first], others[second]) < distance]] = False
        return good

    def random_places(self, number, frame=None):
        """
        Draw places in the field of view of a frame.

        Parameters
        ----------
        number : `int`
        frame : `int`, optional
            Anywhere on the simulated part of the Sun, if not given.

        Returns
        -------
        tuple of `numpy.ndarray`
            Pixels in x and y on the Sun, each of shape (number,).
        """
        share = self.rng.random((2, number))
        if frame is None:
            left, right, lower, upper = self.extent
            return left + (right - left) * share[0], lower + (upper - lower) * share[1]
        column, row = share[0] * self.shape[1] - 0.5, share[1] * self.shape[0] - 0.5
        return self.pointing.to_sun(column, row, frame)

    def step_length(self, frame):
        """Pixels that an element may move to the next frame."""
        return self.numbers.max_speed * (self.seconds[frame + 1] - self.seconds[frame])

    def add(self, elements):
        """
        Number new elements and let them in.

        Parameters
        ----------
        elements : `numpy.ndarray` of `~sunpy_solarunet.synthetic.elements.ELEMENT`
            Their numbers are set in place.

        Returns
        -------
        list of `int`
            The numbers.
        """
        elements["id"] = np.arange(self._next_id, self._next_id + len(elements))
        self._next_id += len(elements)
        self.elements = np.concatenate([self.elements, elements])
        return elements["id"].tolist()

    def remove(self, ids):
        """Take elements away."""
        self.elements = self.elements[~np.isin(self.elements["id"], ids)]

    def one(self, flux, x=0.0, y=0.0):
        """One new element that is not on the stage yet."""
        return new_elements(self.rng, [flux], [x], [y], self.numbers)

    def drawn_flux(self, least=WEAKEST, most=1.0):
        """
        Draw a flux from the power law, of either sign.

        Parameters
        ----------
        least, most : `float`
            Limits, as multiples of the smallest and of the largest flux.

        Returns
        -------
        `float`
            Gauss pixels.
        """
        numbers = self.numbers
        least = least * numbers.flux_min
        flux = power_law(self.rng, 1, numbers.flux_index, least, max(most * numbers.flux_max, 1.01 * least))[0]
        return flux * self.rng.choice([-1, 1])

    def is_free(self, frame):
        """Elements that may take part in an event from this frame on."""
        return (self.elements["group"] < 0) & (self.elements["ready"] <= frame)

    def flux_error(self):
        """How much flux differs between the two sides of an event, as a share."""
        return float(np.clip(0.4 * self.numbers.flux_scatter * self.rng.standard_normal(), -0.03, 0.03))

    def drawn_gap(self):
        """Pixels between the footprints of members next to each other."""
        return self.rng.uniform(motion.TOUCHING + 0.1, 2.6)

    def drawn_balance(self, kind):
        """Whether an event of this kind is balanced or unbalanced; empty where that has no meaning."""
        if MIRROR[kind] != "cancellation":
            return ""
        return "balanced" if self.rng.random() < self.numbers.balanced else "unbalanced"

    def populate(self):
        """Elements at random, preferably in the lanes of the network; the largest find their places first."""
        left, right, lower, upper = self.extent
        number = round(self.numbers.density * (right - left) * (upper - lower)) - len(self.elements)
        limits = (self.numbers.flux_index, 1.02 * self.numbers.flux_min, self.numbers.flux_max)
        flux = -np.sort(-power_law(self.rng, max(number, 0), *limits))
        for value in flux * self.rng.choice([-1, 1], len(flux)):
            element = self.one(value)
            x, y = self.random_places(TRIALS)
            liked = self.rng.random(TRIALS) < self.flow.network(x, y)
            free = np.flatnonzero(liked & self.has_room(element, x, y, self.numbers.separation))
            if len(free):
                element["x"], element["y"] = x[free[0]], y[free[0]]
                self.add(element)

    def fluctuate(self, chosen):
        """
        Let fluxes fluctuate around their bases.

        Parameters
        ----------
        chosen : `numpy.ndarray` of `bool`
            Elements whose fluxes do so.
        """
        elements, scatter = self.elements, self.numbers.flux_scatter
        change = np.log(np.abs(elements["flux"]) / np.abs(elements["base"]))
        # The step from frame to frame, memory and kick together, has this standard deviation.
        kick = scatter * np.sqrt((1 + FLUX_MEMORY) / 2) * self.rng.standard_normal(len(elements))
        flux = np.abs(elements["base"]) * np.exp(FLUX_MEMORY * change + kick)
        flux = np.clip(flux, self.numbers.flux_min, None) * np.sign(elements["base"])
        elements["flux"] = np.where(chosen, flux, elements["flux"])
        shape_elements(elements, self.numbers)

    def keep_apart(self, before, rank, longest):
        """
        Let elements give way to each other and to obstacles.

        Parameters
        ----------
        before, rank, longest
            As in `~sunpy_solarunet.synthetic.motion.keep_apart`, of the elements alone.
        """
        everything = np.concatenate([self.elements, self.obstacles])
        earlier = np.concatenate([before, self.obstacles])
        ranks = np.concatenate([rank, np.full(len(self.obstacles), motion.PINNED)])
        motion.keep_apart(everything, earlier, ranks, self.numbers.separation, longest)
        self.elements = everything[: len(before)]

    def turn_at_the_end(self, elements, before):
        """
        Let elements that would leave the simulated part of the Sun turn around.

        Parameters
        ----------
        elements, before : `numpy.ndarray` of `~sunpy_solarunet.synthetic.elements.ELEMENT`
            After their steps, changed in place, and before them.
        """
        left, right, lower, upper = self.extent
        for place, speed, least, most in (("x", "vx", left, right), ("y", "vy", lower, upper)):
            out = (elements[place] < least) | (elements[place] > most)
            elements[place][out] = before[place][out]
            elements[speed][out] *= -1
