"""
Synthetic magnetograms whose every event is known.
"""

from sunpy_solarunet.synthetic.choreography import PlannedEvent
from sunpy_solarunet.synthetic.presets import PRESETS, Sun
from sunpy_solarunet.synthetic.scenes import Element, draw_elements, six_events
from sunpy_solarunet.synthetic.simulation import Simulation, simulate
from sunpy_solarunet.synthetic.stills import still_scene

__all__ = [
    "PRESETS",
    "Element",
    "PlannedEvent",
    "Simulation",
    "Sun",
    "draw_elements",
    "simulate",
    "six_events",
    "still_scene",
]
