"""
The rules by which a tracker compares two frames, by name, and what each takes for granted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sunpy_solarunet.names import EVENT_RULES, IDENTITIES
from sunpy_solarunet.tracking.equations import compare_frames
from sunpy_solarunet.tracking.likelihood import most_likely

__all__ = ["EVENT_RULES", "IDENTITIES", "RULES", "Rule"]


@dataclass(frozen=True)
class Rule:
    """
    How two frames are compared.

    Attributes
    ----------
    compare : callable
        Called with two catalogs, the reach, and the tolerances; returns a
        `~sunpy_solarunet.tracking.events.Transition`.
    identity : `str`
        One of `IDENTITIES`, where the user names none.
    memory : `int`
        Frames that a feature may be missing from, where the user gives no number.
    drift : `bool`
        Whether a bulk drift is taken out, where the user does not say.
    """

    compare: Callable
    identity: str = "largest_flux"
    memory: int = 0
    drift: bool = False


#: The rules by name. "paper", "overlap" and "dual_overlap" keep to what the paper, the released code and SWAMIS do:
#: no flux balance carries a track on.
RULES = {
    "likelihood": Rule(most_likely, memory=2, drift=True),
    "assignment": Rule(partial(compare_frames, association="assignment")),
    "paper": Rule(partial(compare_frames, association="paper"), identity="new"),
    "overlap": Rule(partial(compare_frames, association="overlap"), identity="new"),
    "dual_overlap": Rule(partial(compare_frames, association="dual_overlap"), identity="new"),
}
