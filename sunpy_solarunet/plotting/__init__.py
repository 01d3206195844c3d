"""
Figures: borders of features and of the members of events on map axes, single events, whole frames, movies,
tracks and their families, distributions.
"""

from sunpy_solarunet.plotting.borders import draw_borders
from sunpy_solarunet.plotting.distributions import draw_distributions
from sunpy_solarunet.plotting.events import draw_events
from sunpy_solarunet.plotting.frames import plot_catalog, plot_feature, save_frame
from sunpy_solarunet.plotting.lineage import plot_lineage
from sunpy_solarunet.plotting.movies import movie
from sunpy_solarunet.plotting.pairs import plot_event
from sunpy_solarunet.plotting.palettes import COLORS, PALETTES
from sunpy_solarunet.plotting.tracks import plot_track

__all__ = [
    "COLORS",
    "PALETTES",
    "draw_borders",
    "draw_distributions",
    "draw_events",
    "movie",
    "plot_catalog",
    "plot_event",
    "plot_feature",
    "plot_lineage",
    "plot_track",
    "save_frame",
]
