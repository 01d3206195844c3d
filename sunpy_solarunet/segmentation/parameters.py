"""
The parameters of segmentation: checked once, in one place.
"""

from dataclasses import dataclass, field, fields

import astropy.units as u

from sunpy_solarunet.errors import SolarUnetError, name_choice, require_number, require_quantity
from sunpy_solarunet.names import AREAS, DEFAULT_MODEL, METHODS
from sunpy_solarunet.segmentation.engines import choose_engine
from sunpy_solarunet.segmentation.precision import choose_precision
from sunpy_solarunet.segmentation.weights import read_specification

__all__ = ["Parameters"]

#: Parameters that are fields.
THRESHOLDS = ("threshold", "low", "polarity_threshold")


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """
    How features are found.

    Where a parameter is `None` the method's or the model's own value takes its place, and stays `None`
    if these have none. The attributes have the meaning of the parameters of
    `~sunpy_solarunet.Segmenter`.

    Raises
    ------
    SolarUnetError
        If a name is unknown or a number out of its range.
    TypeError
        If a threshold has no unit.

    Examples
    --------
    >>> from sunpy_solarunet.segmentation.parameters import Parameters
    >>> Parameters(method="hysteresis").low
    <Quantity 100. G>
    """

    method: str = "network"
    # Two names may stand for one model: it is the same if its specification is.
    model: str | None = field(default=DEFAULT_MODEL, compare=False)
    threshold: u.Quantity | None = None
    low: u.Quantity | None = None
    polarity_threshold: u.Quantity | None = None
    min_pixels: int = 10
    probability: float | None = None
    flips: bool = False
    precision: str = "float32"
    engine: str = "keras"
    area: str = "sky"
    device: str | None = None
    #: What is known of the network, or `None` with a classical method.
    specification: dict | None = field(init=False, hash=False, repr=False)

    def __post_init__(self):
        by_network = name_choice(self.method, METHODS, "method") == "network"
        name_choice(self.area, AREAS, "area")
        self._set(
            specification=read_specification(self.model) if by_network else None,
            model=self.model if by_network else None,
            min_pixels=require_number(self.min_pixels, "min_pixels", 1, whole=True),
            flips=bool(self.flips),
            precision=choose_precision(self.precision, engine=self.engine),
        )
        choose_engine(self.engine, precision=self.precision, device=self.device)
        self._set(probability=self._cut(), **self._thresholds())

    def _set(self, **values):
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def _cut(self):
        """The probability above which a pixel is significant; `None` where each frame has its own."""
        if self.probability is None:
            return None if self.specification is None else self.specification["probability"]
        cut = require_number(self.probability, "probability", 0, 1)
        if cut in (0, 1):
            raise SolarUnetError(f"probability must lie between 0 and 1, got {cut}")
        return cut

    def _thresholds(self):
        """The three thresholds: those given, and the method's or model's own in place of the others."""
        found = {name: self._threshold(name, default) for name, default in self._defaults().items()}
        threshold, low = found["threshold"], found["low"]
        if self.specification is not None and threshold == 0:
            raise SolarUnetError("the network needs a threshold above zero")
        if low is not None and low > threshold:
            if self.low is not None:
                raise SolarUnetError(f"low is {low:g} G, which is above the threshold of {threshold:g} G")
            found["low"] = threshold
        return {name: None if value is None else value * u.G for name, value in found.items()}

    def _defaults(self):
        """The method's or the model's own thresholds in gauss."""
        known = METHODS[self.method]
        if self.specification is not None:
            known = self.specification["input"].get("level_gauss"), None, self.specification["polarity_threshold_gauss"]
        return dict(zip(THRESHOLDS, known, strict=True))

    def _threshold(self, name, default):
        """One of the thresholds in gauss, if the method has it."""
        given = getattr(self, name)
        if given is None:
            return default
        if default is None:
            raise SolarUnetError(f"the {self._described} has no {name}")
        return require_quantity(given, u.G, name, positive=True)

    @property
    def _described(self):
        if self.specification is None:
            return f"method {self.method!r}"
        return f"network {self.specification['name']!r}"

    @property
    def settings(self):
        """All parameters by their names."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.init}

    @property
    def changed(self):
        """The parameters that are not what they would be if they had not been given."""
        plain = {each.name: each.default for each in fields(self) if each.init}
        if self.specification is not None:
            plain["probability"] = self.specification["probability"]
        plain |= {name: None if value is None else value * u.G for name, value in self._defaults().items()}
        return {name: value for name, value in self.settings.items() if value is not None and value != plain[name]}

    @property
    def meta(self):
        """The parameters, as they go into the tables."""
        meta = {"method": self.method, "min_pixels": self.min_pixels}
        thresholds = {name: getattr(self, name) for name in THRESHOLDS}
        meta |= {name: f"{value.value:g} G" for name, value in thresholds.items() if value is not None}
        if self.specification is not None:
            meta["probability"] = "best expected" if self.probability is None else self.probability
            meta |= {"model": self.specification["name"], "model_sha256": self.specification["sha256"]}
            meta |= {name: getattr(self, name) for name in ("precision", "engine", "flips")}
        return meta
