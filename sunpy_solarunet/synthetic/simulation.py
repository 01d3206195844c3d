"""
`simulate`: sequences of magnetograms whose every event is known.
"""

from collections.abc import Sequence

import astropy.units as u
import numpy as np
from astropy.time import Time, TimeDelta
from astropy.utils import lazyproperty

from sunpy_solarunet.errors import SolarUnetError, require_quantity
from sunpy_solarunet.features import FeatureCatalog
from sunpy_solarunet.magnetograms import magnetogram, pixel_length
from sunpy_solarunet.synthetic import instrument
from sunpy_solarunet.synthetic.choreography import PlannedEvent
from sunpy_solarunet.synthetic.planner import Planner
from sunpy_solarunet.synthetic.presets import choose_sun
from sunpy_solarunet.synthetic.rendering import number_labels, render
from sunpy_solarunet.synthetic.stage import Stage
from sunpy_solarunet.synthetic.truth import seen_happenings, true_tables

__all__ = ["OnDemand", "Simulation", "simulate"]

#: Streams of random numbers. What takes place has one of its own: other noise or seeing leave it as it is.
SUN, TIMES, POINTING, QUALITY, NOISE = range(5)

#: A smaller frame has no room for events.
SMALLEST_SIDE = 32


class OnDemand(Sequence):
    """
    A sequence whose items are made when they are asked for, and not kept.

    Parameters
    ----------
    make : callable
        Makes the item of a number.
    numbers : `range`

    Examples
    --------
    >>> from sunpy_solarunet.synthetic.simulation import OnDemand
    >>> squares = OnDemand(lambda number: number**2, range(5))
    >>> squares[-1], list(squares[1:3])
    (16, [1, 4])
    """

    def __init__(self, make, numbers):
        self._make, self._numbers = make, numbers

    def __len__(self):
        return len(self._numbers)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return OnDemand(self._make, self._numbers[index])
        return self._make(self._numbers[index])

    def __repr__(self):
        return f"<{len(self)} items, made on demand>"


def simulate(preset="quiet_sun_gst", *, seed=0, n_frames=30, shape=(256, 256), events=(), **changes):
    """
    Simulate a sequence of magnetograms whose features, tracks and events are known.

    Magnetic elements of a power law of fluxes follow a granular random walk and the supergranular
    flow, keep apart from each other, and take part in events of all six kinds. The true feature of
    an element is its footprint: the pixels in which its field, without noise and blur, exceeds the
    threshold. The same seed gives the same Sun, bit for bit.

    Parameters
    ----------
    preset : {"quiet_sun_gst", "quiet_sun_hmi", "hinode", "emerging_region", "crowded_plage"} or Sun
        The parameters to begin with.
    seed : `int`
        Seed of all random numbers.
    n_frames : `int`
        Frames that are delivered; those that are dropped come on top.
    shape : tuple of `int`
        Rows and columns.
    events : iterable of PlannedEvent
        Events that take place for sure, besides those at random.
    **changes
        Other values of parameters, by the names of `Sun`. ``rates=0`` leaves the events to order alone.

    Returns
    -------
    Simulation

    Raises
    ------
    TypeError
        If a physical parameter has no unit.
    SolarUnetError
        If a name is unknown, a number is out of its range, or an ordered event cannot take place.

    Examples
    --------
    >>> import astropy.units as u
    >>> from sunpy_solarunet.synthetic import PlannedEvent, simulate
    >>> order = PlannedEvent("merging", frame=3, x=40, y=60)
    >>> simulation = simulate("quiet_sun_gst", n_frames=6, shape=(96, 128), events=[order], rates=0, noise=20 * u.G)
    >>> simulation.events["kind", "frame", "n_features"]
    <QTable length=1>
      kind  frame n_features
      str7  int64   int64
    ------- ----- ----------
    merging     3          3
    >>> simulation.maps[3].data.shape
    (96, 128)
    """
    sun = choose_sun(preset, changes)
    shape = _checked_shape(shape)
    for name, value, least in (("n_frames", n_frames, 1), ("seed", seed, 0)):
        if int(value) != value or value < least:
            raise SolarUnetError(f"{name} must be a whole number of at least {least}, got {value}")
    name = preset if isinstance(preset, str) else "custom"
    return Simulation(sun, int(seed), int(n_frames), shape, list(events), name=name)


def _checked_shape(shape):
    if np.shape(shape) != (2,) or any(int(side) != side or side < SMALLEST_SIDE for side in shape):
        raise SolarUnetError(f"shape must be rows and columns of at least {SMALLEST_SIDE} pixels, got {shape}")
    return tuple(int(side) for side in shape)


class Simulation:
    """
    A simulated sequence: magnetograms and the truth. Made by `simulate`.

    Parameters
    ----------
    sun : Sun
    seed, n_frames : `int`
    shape : tuple of `int`
        Rows and columns.
    orders : list of PlannedEvent
    name : `str`
        Name of the preset.

    Attributes
    ----------
    sun : Sun
        The parameters.
    seed : `int`
    shape : tuple of `int`
    times : `~astropy.time.Time`
        Of the frames.

    Examples
    --------
    >>> from sunpy_solarunet.synthetic import simulate
    >>> simulation = simulate("hinode", seed=3, n_frames=4, shape=(64, 80))
    >>> simulation
    <Simulation: hinode, seed 3, 4 frames, 64 x 80 pixels>
    >>> simulation.labels[0].shape
    (64, 80)
    """

    def __init__(self, sun, seed, n_frames, shape, orders, *, name="custom"):
        self.sun, self.seed, self.shape, self.name = sun, seed, shape, name
        self._mask = instrument.data_mask(shape, sun.padding)
        self._numbers = numbers = instrument.plain_numbers(sun, self._pixel_length())
        self._seconds = instrument.frame_times(numbers, n_frames, self._rng(TIMES))
        self.times = Time(sun.start) + TimeDelta(self._seconds, format="sec")
        self._pointing = instrument.point(numbers, self._seconds, shape, self._rng(POINTING))
        self._blur, self._noise = instrument.image_quality(numbers, n_frames, self._rng(QUALITY))
        self._plan(orders)

    def __repr__(self):
        rows, columns = self.shape
        return f"<Simulation: {self.name}, seed {self.seed}, {len(self)} frames, {rows} x {columns} pixels>"

    def __len__(self):
        return len(self._seconds)

    def _rng(self, *stream):
        return np.random.default_rng([self.seed, *stream])

    def _pixel_length(self):
        return pixel_length(self._map(np.zeros(self.shape), self.sun.start))

    def _map(self, field, time):
        padding = self.sun.padding > 0
        return magnetogram(field * u.G, time=time, scale=self.sun.scale, center=self.sun.center, padding=padding)

    def _plan(self, orders):
        """Let the Sun run, and see what the frames show of it."""
        for order in orders:
            if not isinstance(order, PlannedEvent):
                raise TypeError(f"events= takes PlannedEvent, got {type(order).__name__}")
        fluxes = [self._order_flux(order) for order in orders]
        stage = Stage(self._numbers, self._seconds, self._pointing, self._mask, self._rng(SUN))
        planner = Planner(stage, orders, fluxes)
        self._states = planner.states
        self._shown = [self._states[frame]["id"][self._draw(frame)[2]] for frame in range(len(self))]
        self._happenings = seen_happenings(planner.happenings, self._shown)
        took_place = [id(happening.order) for happening in self._happenings]
        for order in orders:
            if id(order) not in took_place:
                raise SolarUnetError(f"the {order.kind} in frame {order.frame} cannot take place: it would not be seen")

    def _order_flux(self, order):
        """Flux of an ordered event in gauss pixels."""
        if order.flux is None:
            return np.nan
        return require_quantity(order.flux, u.Mx, "flux") / self._pixel_length().to_value(u.cm) ** 2

    def _draw(self, frame):
        """Field without noise and blur, labels, and the row of the element that each label is."""
        elements = self._states[frame]
        x, y = self._pointing.to_image(elements["x"], elements["y"], frame)
        angle = self._pointing.angle[frame]
        field, owner = render(elements, x, y, angle, self.shape, self._numbers.threshold)
        labels, shown = number_labels(owner, self._mask, len(elements), self._numbers.min_pixels)
        return field, labels, shown

    def _observed(self, frame):
        """The magnetogram of a frame as it is delivered."""
        field = self._draw(frame)[0]
        seen = (self._blur[frame], self._noise[frame], self._numbers.noise_correlation, self._mask)
        return self._map(instrument.observe(field, *seen, self._rng(NOISE, frame)), self.times[frame])

    @property
    def maps(self):
        """The magnetograms, each made when it is asked for: a sequence of `~sunpy.map.GenericMap`."""
        return OnDemand(self._observed, range(len(self)))

    @property
    def clean_maps(self):
        """The magnetograms without noise and blur."""
        return OnDemand(self._clean, range(len(self)))

    def _clean(self, frame):
        return self._clean_map(self._draw(frame)[0], frame)

    def _clean_map(self, field, frame):
        return self._map(instrument.observe(field, 0, 0, 0, self._mask, None), self.times[frame])

    @property
    def labels(self):
        """
        The true features, each frame made when it is asked for.

        A sequence of `numpy.ndarray` of `numpy.int32`, row 0 south; 0 where there is no feature,
        else its number in this frame, from 1 without gaps.
        """
        return OnDemand(lambda frame: self._draw(frame)[1], range(len(self)))

    def catalog(self, frame):
        """
        The true features of a frame, measured on the field without noise and blur.

        Parameters
        ----------
        frame : `int`

        Returns
        -------
        `~sunpy_solarunet.FeatureCatalog`
        """
        frame = range(len(self))[frame]
        field, labels, _ = self._draw(frame)
        return FeatureCatalog(self._clean_map(field, frame), labels, meta={"method": "truth"})

    @property
    def meta(self):
        """The version, the preset, the seed and all parameters, as they go into the tables."""
        from sunpy_solarunet import __version__

        meta = {"version": __version__, "preset": self.name, "seed": self.seed}
        return meta | {"n_frames": len(self), "shape": list(self.shape)} | self.sun.meta

    @lazyproperty
    def _tables(self):
        catalogs = (self.catalog(frame) for frame in range(len(self)))
        return true_tables(catalogs, self._shown, self._happenings, self.meta)

    def tables(self):
        """
        All five tables, measured when they are first asked for.

        Returns
        -------
        `dict` of `~astropy.table.QTable`
            events, members, features, tracks and frames, with the columns of
            `sunpy_solarunet.tracking.tables.SCHEMAS`.
        """
        return dict(self._tables)

    @property
    def events(self):
        """All events, one a row; the confidence is not-a-number."""
        return self._tables["events"]

    @property
    def members(self):
        """The features that take part in each event."""
        return self._tables["members"]

    @property
    def features(self):
        """All true features of all frames, with their tracks."""
        return self._tables["features"]

    @property
    def tracks(self):
        """The elements followed through time, as long as they are features."""
        return self._tables["tracks"]

    @property
    def frames(self):
        """The frames."""
        return self._tables["frames"]
