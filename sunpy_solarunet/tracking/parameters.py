"""
The parameters of tracking: checked once, in one place.
"""

from dataclasses import asdict, dataclass

import astropy.units as u
import numpy as np

from sunpy_solarunet.display import settings_text
from sunpy_solarunet.errors import SolarUnetError, name_choice, require_quantity
from sunpy_solarunet.tracking.rules import EVENT_RULES, IDENTITIES, RULES

__all__ = ["LARGEST_GAP", "Parameters"]

#: Gaps of more than this many of the shortest cadence close all tracks, where the user gives no limit.
LARGEST_GAP = 4


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """
    By what rule frames are compared, and what is remembered of them.

    Where a parameter is `None` the rule's own value takes its place. The attributes have the meaning of the
    parameters of `~sunpy_solarunet.Tracker`.

    Raises
    ------
    TypeError
        If a physical parameter has no unit.
    SolarUnetError
        If a name is unknown or a number out of its range.

    Examples
    --------
    >>> from sunpy_solarunet.tracking.parameters import Parameters
    >>> Parameters(association="paper").identity
    'new'
    >>> print(Parameters(association="paper", memory=1))
    association='paper', memory=1
    """

    association: str = "likelihood"
    max_speed: u.Quantity = 4 * u.km / u.s
    flux_tolerance: float = 0.33
    balance_tolerance: float = 0.5
    max_partners: int = 10
    max_gap: u.Quantity | None = None
    memory: int | None = None
    identity: str | None = None
    event_rules: str = "flux_balance"
    drift: bool | None = None
    pixel_length: u.Quantity | None = None

    def __post_init__(self):
        rule = RULES[name_choice(self.association, RULES, "association")]
        name_choice(self.event_rules, EVENT_RULES, "event rules")
        identity = rule.identity if self.identity is None else name_choice(self.identity, IDENTITIES, "identity")
        self._set(
            max_speed=_physical(self.max_speed, u.km / u.s, "max_speed"),
            flux_tolerance=_fraction(self.flux_tolerance, "flux_tolerance"),
            balance_tolerance=_fraction(self.balance_tolerance, "balance_tolerance"),
            max_partners=_whole(self.max_partners, "max_partners", 1, 16),
            max_gap=_physical(self.max_gap, u.s, "max_gap"),
            memory=rule.memory if self.memory is None else _whole(self.memory, "memory", 0, 100),
            identity=identity,
            drift=rule.drift if self.drift is None else bool(self.drift),
            pixel_length=_physical(self.pixel_length, u.km, "pixel_length"),
        )

    def _set(self, **values):
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __str__(self):
        """What differs from the values that the package, or the rule of association, chooses itself."""
        by_rule = vars(Parameters(association=self.association))
        return settings_text(vars(self), by_rule | {"association": Parameters.association})

    @property
    def meta(self):
        """All parameters as they go into the tables."""
        plain = {name: str(value) if isinstance(value, u.Quantity) else value for name, value in asdict(self).items()}
        defaults = {"max_gap": f"{LARGEST_GAP} times the shortest cadence", "pixel_length": "from the coordinates"}
        return plain | {name: text for name, text in defaults.items() if plain[name] is None}


def _physical(value, unit, argument):
    return None if value is None else require_quantity(value, unit, argument, positive=True) * unit


def _whole(value, argument, lowest, highest):
    if isinstance(value, u.Quantity) or int(value) != value or not lowest <= value <= highest:
        raise SolarUnetError(f"{argument} must be a whole number from {lowest} to {highest}, got {value}")
    return int(value)


def _fraction(value, argument):
    if isinstance(value, u.Quantity) or not np.isfinite(value) or value < 0:
        raise SolarUnetError(f"{argument} must be a plain number of at least 0, got {value}")
    return float(value)
