"""
What is known of each track, and of features that vanished and may come back.
"""

from dataclasses import dataclass, field

import numpy as np

from sunpy_solarunet.geometry import pairs_within
from sunpy_solarunet.tracking.association import assign

__all__ = ["Missing", "Track", "returning"]


@dataclass
class Track:
    """
    A feature followed through time, as far as it is known.

    Attributes have the meaning of the columns of the tracks table.
    """

    polarity: int
    first_frame: int
    last_frame: int
    max_flux: float
    birth: str = ""
    death: str = ""
    birth_censored: bool = False
    death_censored: bool = True
    path: float = 0.0
    seconds: float = 0.0
    seconds_after: float = 0.0
    parent_ids: list = field(default_factory=list)
    child_ids: list = field(default_factory=list)

    @property
    def lifetime(self):
        """Number of frames, those in which it was missing included."""
        return self.last_frame - self.first_frame + 1

    @property
    def duration(self):
        """Seconds; to the frame after the last one where the end was seen."""
        return self.seconds + self.seconds_after

    @property
    def mean_speed(self):
        """Kilometers a second along the path of its center."""
        return self.path / self.seconds if self.seconds else np.nan

    @property
    def parents(self):
        """Numbers of the tracks that it came from."""
        return " ".join(map(str, self.parent_ids))

    @property
    def children(self):
        """Numbers of the tracks that came from it."""
        return " ".join(map(str, self.child_ids))

    def go_on(self, frame, flux, length, seconds):
        """
        Take in the feature of the next frame that it is seen in.

        Parameters
        ----------
        frame : `int`
        flux : `float`
        length : `float`
            Kilometers from its last place.
        seconds : `float`
            Since it was last seen.
        """
        self.last_frame = frame
        self.path += length
        self.seconds += seconds
        self.max_flux = max(self.max_flux, flux, key=abs)
        self.death, self.death_censored, self.seconds_after = "", True, 0.0

    def end(self, death, seconds):
        """
        End between its last frame and the next.

        Parameters
        ----------
        death : `str`
            Kind of event; empty if the edge of the frame took it away.
        seconds : `float`
            Between the two frames.
        """
        self.death, self.death_censored, self.seconds_after = death, not death, seconds if death else 0.0


@dataclass
class Missing:
    """
    A feature that disappeared and may come back.

    Attributes
    ----------
    track_id : `int`
    frame : `int`
        The last one that showed it.
    flux : `float`
        With its sign.
    place : `numpy.ndarray`
        Column and row where it would be now, drifts included.
    radius : `float`
        Pixels, of a circle of its area.
    seconds : `float`
        Since it was last seen.
    event : tuple of `int`
        Which of the tracker's tables of events, and which number there, says that it disappeared.
    """

    track_id: int
    frame: int
    flux: float
    place: np.ndarray
    radius: float
    seconds: float
    event: tuple


def returning(missing, catalog, appeared, speed, flux_tolerance):
    """
    Which of the features that appear had only been missing.

    One comes back with its sign, within the distance that it may have moved, and with its flux
    within the tolerance.

    Parameters
    ----------
    missing : list of Missing
    catalog : `~sunpy_solarunet.FeatureCatalog`
    appeared : `numpy.ndarray` of `int`
        Features that would appear.
    speed : `float`
        Largest speed in pixels a second.
    flux_tolerance : `float`
        Largest change of flux, the larger one in the denominator.

    Returns
    -------
    `dict`
        Position in ``missing`` by feature.
    """
    if not missing or not len(appeared):
        return {}
    places = np.column_stack([catalog.x.value, catalog.y.value])[appeared]
    were = np.array([each.place for each in missing])
    limit = np.array([speed * each.seconds + each.radius for each in missing])
    i, j = pairs_within(were, places, limit)
    flux, flux_now = np.array([each.flux for each in missing])[i], catalog.flux.value[appeared][j]
    change = np.abs(flux - flux_now) / np.maximum(np.abs(flux), np.abs(flux_now))
    cost = np.hypot(*(places[j] - were[i]).T) / limit[i] + change
    alike = (change <= flux_tolerance) & (flux * flux_now > 0)
    sizes = (len(missing), len(appeared))
    partner = assign(i[alike], j[alike], cost[alike], sizes, 2 * (1 + flux_tolerance))
    return {int(appeared[feature]): int(position) for position, feature in enumerate(partner) if feature >= 0}
