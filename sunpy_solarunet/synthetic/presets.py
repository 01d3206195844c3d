"""
`Sun`: the parameters of a simulated sequence, and the presets.
"""

from dataclasses import dataclass, field, fields, replace

import astropy.units as u
import numpy as np
from astropy.time import Time

from sunpy_solarunet.errors import SolarUnetError, name_choice, require_quantity

__all__ = ["PRESETS", "RATES", "Sun", "choose_sun"]

#: Events between two frames of 256 x 256 pixels, where nothing else is said: several of each kind in 30 frames.
#: Merging and splitting are more frequent than emergence and cancellation (Iida et al. 2012, ApJ 752, 149; Lamb et
#: al. 2013, ApJ 774, 127). With the fluxes and the cadence of quiet_sun_gst some 90 Mx / cm2 appear in a day, 120
#: in the internetwork of Gosic et al. (2016, ApJ 820, 35).
RATES = {
    "appearance": 0.5,
    "disappearance": 0.5,
    "merging": 0.45,
    "splitting": 0.45,
    "cancellation": 0.3,
    "emergence": 0.3,
}

#: Units of the fields that are Quantities.
UNITS = {
    "scale": u.arcsec,
    "cadence": u.s,
    "center": u.arcsec,
    "density": u.Mm**-2,
    "flux_min": u.Mx,
    "flux_max": u.Mx,
    "peak_field": u.G,
    "threshold": u.G,
    "speed": u.km / u.s,
    "correlation_time": u.s,
    "flow_speed": u.km / u.s,
    "cell_size": u.Mm,
    "max_speed": u.km / u.s,
    "drift": u.km / u.s,
    "rotation": u.deg / u.hour,
    "noise": u.G,
}

#: Of these, those that must be more than zero.
NOT_ZERO = ("scale", "cadence", "flux_min", "flux_max", "peak_field", "threshold", "correlation_time")
NOT_ZERO += ("cell_size", "max_speed")

#: Quantities that may be negative, and those that are pairs.
SIGNED = ("center", "drift", "rotation")
PAIRS = ("center", "drift")

#: Fields that are shares, from 0 to the number given.
SHARES = {
    "flat_topped": 1.0,
    "flux_scatter": 0.2,
    "balanced": 1.0,
    "three_members": 1.0,
    "imbalance": 0.5,
    "cadence_jitter": 0.9,
    "seeing_scatter": 1.0,
    "dropped": 0.9,
    "bad": 1.0,
    "padding": 0.5,
}

#: Other plain numbers and the least that each may be.
LEAST = {
    "flux_index": 1.0,
    "min_pixels": 1,
    "elongation": 1.0,
    "separation": 0.0,
    "lead": 2,
    "noise_correlation": 0.0,
    "seeing": 0.0,
    "jitter": 0.0,
    "bad_noise": 1.0,
}


# Pairs cannot be compared as one truth value: two Suns are equal only if they are one.
@dataclass(frozen=True, eq=False)
class Sun:
    """
    What a simulated sequence shows and how it is observed.

    Attributes
    ----------
    scale : `~astropy.units.Quantity`
        Angle per pixel.
    cadence : `~astropy.units.Quantity`
        Time between frames.
    cadence_jitter : `float`
        The cadence is even between this share less and this share more.
    start : `~astropy.time.Time` or `str`
        Time of the first frame.
    center : `~astropy.units.Quantity`
        Helioprojective place of the middle of the frames.
    density : `~astropy.units.Quantity`
        Elements per area on the Sun.
    flux_index : `float`
        Exponent of the power law of the fluxes, without its minus: 1.85 in Parnell et al. (2009,
        ApJ 698, 75).
    flux_min, flux_max : `~astropy.units.Quantity`
        Range of the power law, of the flux within footprints.
    peak_field : `~astropy.units.Quantity`
        Field in the middle of an element of the smallest flux; it grows with the flux.
    elongation : `float`
        Largest ratio of an element's axes.
    flat_topped : `float`
        Share of elements whose profile is flat-topped in place of Gaussian.
    flux_scatter : `float`
        Standard deviation of the change of an element's flux from frame to frame, as a share.
    threshold : `~astropy.units.Quantity`
        The footprint of an element is where its field without noise and blur is stronger.
    min_pixels : `int`
        A footprint of fewer pixels in the frame is no feature.
    separation : `float`
        Pixels between the footprints of elements that do not take part in an event. With less than
        1.5, footprints of like elements may touch, and no observer can tell them apart.
    speed : `~astropy.units.Quantity`
        Root mean square of each component of the granular walk's velocity; some 1 km/s in
        magnetic elements (Schrijver et al. 1997, ApJ 487, 424).
    correlation_time : `~astropy.units.Quantity`
        Of this velocity: the life of a granule, 5 to 10 minutes.
    flow_speed, cell_size : `~astropy.units.Quantity`
        Largest speed of the outflow and width of the supergranular cells: 0.3 to 0.4 km/s and some
        30 Mm (Rincon & Rieutord 2018, Living Rev. Sol. Phys. 15, 6).
    max_speed : `~astropy.units.Quantity`
        No element moves faster between two frames, and members of events are led at most this fast.
    drift : `~astropy.units.Quantity`
        Velocity of the whole image in x and y, which the coordinates do not tell.
    rotation : `~astropy.units.Quantity`
        Angular speed of the image around its middle, counterclockwise; likewise not told.
    rates : `dict`
        Events between two frames of 256 x 256 pixels, by kind.
    balanced : `float`
        Share of the cancellations and emergences that are balanced.
    three_members : `float`
        Share of the events with three members in place of two.
    imbalance : `float`
        Largest imbalance (equation 8) of those that are balanced.
    lead : `int`
        Frames over which the members of an event are led together.
    noise : `~astropy.units.Quantity`
        Standard deviation of the noise.
    noise_correlation : `float`
        Standard deviation, in pixels, of the Gaussian that the noise was smoothed with.
    seeing, seeing_scatter : `float`
        Mean standard deviation of the blur in pixels, and its scatter from frame to frame as a share.
    jitter : `float`
        Standard deviation of the pointing in x and in y, in pixels, which the coordinates do not tell.
    dropped : `float`
        Share of the frames that are missing from the sequence.
    bad, bad_noise : `float`
        Share of frames that are bad, and how many times larger their noise is.
    padding : `float`
        Share of the frame that is zeros in its corners, as a rotated field of view leaves it.

    Raises
    ------
    TypeError
        If a physical field has no unit.
    `~astropy.units.UnitConversionError`
        If its unit is of another kind.
    SolarUnetError
        If a number is out of its range.

    Examples
    --------
    >>> import astropy.units as u
    >>> from sunpy_solarunet.synthetic import Sun
    >>> Sun(noise=30 * u.G).noise
    <Quantity 30. G>
    """

    scale: u.Quantity = 0.083 * u.arcsec
    cadence: u.Quantity = 60 * u.s
    cadence_jitter: float = 0.0
    start: str = "2024-05-01T16:00:00"
    center: u.Quantity = field(default_factory=lambda: (20, -150) * u.arcsec)
    density: u.Quantity = 0.22 / u.Mm**2
    flux_index: float = 1.85
    flux_min: u.Quantity = 1.3e17 * u.Mx
    flux_max: u.Quantity = 4e18 * u.Mx
    peak_field: u.Quantity = 300 * u.G
    elongation: float = 1.6
    flat_topped: float = 0.3
    flux_scatter: float = 0.03
    threshold: u.Quantity = 150 * u.G
    min_pixels: int = 10
    separation: float = 4.0
    speed: u.Quantity = 0.6 * u.km / u.s
    correlation_time: u.Quantity = 5 * u.min
    flow_speed: u.Quantity = 0.3 * u.km / u.s
    cell_size: u.Quantity = 25 * u.Mm
    max_speed: u.Quantity = 1.8 * u.km / u.s
    drift: u.Quantity = field(default_factory=lambda: (0.0, 0.0) * u.km / u.s)
    rotation: u.Quantity = 0 * u.deg / u.hour
    rates: dict = field(default_factory=lambda: dict(RATES))
    balanced: float = 0.5
    three_members: float = 0.15
    imbalance: float = 0.15
    lead: int = 8
    noise: u.Quantity = 55 * u.G
    noise_correlation: float = 0.7
    seeing: float = 0.8
    seeing_scatter: float = 0.2
    jitter: float = 0.2
    dropped: float = 0.0
    bad: float = 0.0
    bad_noise: float = 4.0
    padding: float = 0.0

    def __post_init__(self):
        for name, unit in UNITS.items():
            object.__setattr__(self, name, _quantity(getattr(self, name), unit, name))
        for name, most in SHARES.items():
            _require_between(getattr(self, name), 0, most, name)
        for name, least in LEAST.items():
            _require_between(getattr(self, name), least, np.inf, name)
        for name in ("min_pixels", "lead"):
            if int(getattr(self, name)) != getattr(self, name):
                raise SolarUnetError(f"{name} must be a whole number, got {getattr(self, name)}")
        object.__setattr__(self, "rates", _full_rates(self.rates))
        if not self.flux_min < self.flux_max:
            raise SolarUnetError(f"flux_min, {self.flux_min:g}, must be less than flux_max, {self.flux_max:g}")
        if not self.peak_field > 1.2 * self.threshold:
            raise SolarUnetError(
                f"peak_field, {self.peak_field:g}, must exceed the threshold, {self.threshold:g}, by a fifth at least"
            )

    @property
    def meta(self):
        """All parameters as text and plain numbers, as they go into tables."""
        values = {name: getattr(self, name) for name in (entry.name for entry in fields(self))}
        return {name: _plain(value) for name, value in values.items()}


def _quantity(value, unit, name):
    number = require_quantity(value, unit, name, positive=name not in SIGNED)
    if np.shape(number) != ((2,) if name in PAIRS else ()):
        raise SolarUnetError(f"{name} takes {'two numbers, for x and y' if name in PAIRS else 'one number'}")
    if name in NOT_ZERO and number == 0:
        raise SolarUnetError(f"{name} must be more than zero")
    return number * u.Unit(unit)


def _require_between(value, least, most, name):
    if isinstance(value, u.Quantity):
        raise TypeError(f"{name} is a plain number, got {value}")
    if not (np.isfinite(value) and least <= value <= most):
        limits = f"at least {least}" if most == np.inf else f"from {least} to {most}"
        raise SolarUnetError(f"{name} must be {limits}, got {value}")


def _full_rates(rates):
    """Rates of all kinds; those that are not named are zero."""
    full = dict.fromkeys(RATES, 0.0)
    for kind, rate in dict(rates).items():
        full[name_choice(kind, RATES, "kind of event")] = float(rate)
        _require_between(rate, 0, np.inf, f"the rate of {kind}")
    return full


def _plain(value):
    if isinstance(value, Time):
        return value.isot
    return dict(value) if isinstance(value, dict) else str(value) if isinstance(value, u.Quantity) else value


#: The presets. Instruments: GST/NIRIS (Cao et al. 2012, ASP Conf. 463, 291), of which Jiang et al. (2020, ApJS
#: 250, 5) use frames of 0.083 arcsec a pixel every 56 to 73 s; SDO/HMI (Schou et al. 2012, Sol. Phys. 275, 229;
#: noise of Liu et al. 2012, Sol. Phys. 279, 295); Hinode/SOT NFI (Tsuneta et al. 2008, Sol. Phys. 249, 167).
#: Thresholds are 2.5 to 3 times the noise, as DeForest et al. (2007, ApJ 666, 576) advise. The densities of HMI and
#: Hinode are those of elements above flux_min in the power law of Parnell et al. (2009, ApJ 698, 75).
PRESETS = {
    # Denser than Parnell's law, 0.05 / Mm2, for there would be a dozen elements in 256 x 256 pixels; frames of
    # AR 12665 have 0.11 / Mm2. Cadence from 56 to 73 s; a footprint of 150 G, the paper's cut.
    "quiet_sun_gst": Sun(cadence=64.5 * u.s, cadence_jitter=0.13, drift=(0.05, -0.03) * u.km / u.s),
    # A pixel is longer than what an element moves in five frames: members of events come from close by.
    "quiet_sun_hmi": Sun(
        scale=0.5 * u.arcsec,
        cadence=45 * u.s,
        density=0.015 / u.Mm**2,
        flux_min=8.5e17 * u.Mx,
        flux_max=5e19 * u.Mx,
        peak_field=60 * u.G,
        threshold=28 * u.G,
        separation=2.5,
        noise=10 * u.G,
        noise_correlation=0.5,
        seeing=0.6,
        seeing_scatter=0.0,
        jitter=0.05,
        lead=10,
    ),
    # From space: no seeing that changes.
    "hinode": Sun(
        scale=0.16 * u.arcsec,
        cadence=75 * u.s,
        cadence_jitter=0.2,
        density=0.15 / u.Mm**2,
        flux_min=5e16 * u.Mx,
        flux_max=2e18 * u.Mx,
        peak_field=35 * u.G,
        threshold=15 * u.G,
        separation=3.0,
        noise=5.5 * u.G,
        noise_correlation=0.6,
        seeing=0.7,
        seeing_scatter=0.0,
        jitter=0.1,
    ),
    # Flux emerges strongly and moves apart; weak flux cancels (Cheung & Isobe 2014, Living Rev. Sol. Phys. 11, 3).
    "emerging_region": Sun(
        flux_min=2.5e17 * u.Mx,
        flux_max=1e19 * u.Mx,
        peak_field=450 * u.G,
        flux_index=1.6,
        density=0.15 / u.Mm**2,
        rates=RATES | {"emergence": 1.2, "cancellation": 0.6, "disappearance": 0.8},
        balanced=0.7,
    ),
    # Elements so close that blur joins them: where association is hard.
    "crowded_plage": Sun(
        density=0.7 / u.Mm**2,
        flux_max=1.5e18 * u.Mx,
        separation=1.6,
        speed=0.4 * u.km / u.s,
        rates={kind: 2 * rate for kind, rate in RATES.items()},
    ),
}


def choose_sun(preset, changes):
    """
    A preset with some of its parameters changed.

    Parameters
    ----------
    preset : `str` or Sun
        A key of `PRESETS`, or parameters of one's own.
    changes : `dict`
        New values by the names of the parameters. Of ``rates``, those kinds that are named change;
        a number in place of a `dict` multiplies all of them, 0 for no event by chance.

    Returns
    -------
    Sun

    Raises
    ------
    SolarUnetError
        If there is no such preset or parameter; the message lists those that exist.

    Examples
    --------
    >>> from sunpy_solarunet.synthetic.presets import choose_sun
    >>> choose_sun("hinode", {"jitter": 0.5, "rates": {"merging": 2}}).rates["merging"]
    2.0
    """
    sun = preset if isinstance(preset, Sun) else PRESETS[name_choice(preset, PRESETS, "preset")]
    known = [entry.name for entry in fields(Sun)]
    for name in changes:
        name_choice(name, known, "parameter of the Sun")
    if "rates" in changes:
        changes = changes | {"rates": _changed_rates(sun.rates, changes["rates"])}
    return replace(sun, **changes)


def _changed_rates(rates, change):
    if isinstance(change, int | float):
        return {kind: change * rate for kind, rate in rates.items()}
    return rates | dict(change)
