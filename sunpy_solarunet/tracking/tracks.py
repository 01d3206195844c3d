"""
What is known of each track, and of features that vanished and may come back.
"""

from dataclasses import dataclass, field

import numpy as np

from sunpy_solarunet.geometry import pairs_within
from sunpy_solarunet.tracking.association import assign, relative_change
from sunpy_solarunet.tracking.kinship import text_of
from sunpy_solarunet.tracking.motion import Motion

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
    motion: Motion = field(default_factory=Motion)
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
    def displacement(self):
        """Net displacement in Mm."""
        return self.motion.displacement / 1000

    @property
    def velocity(self):
        """Kilometers a second, toward wherever."""
        return float(np.hypot(*self.motion.velocity))

    @property
    def velocity_west(self):
        """Kilometers a second toward west."""
        return self.motion.velocity[0]

    @property
    def velocity_north(self):
        """Kilometers a second toward north."""
        return self.motion.velocity[1]

    @property
    def velocity_error(self):
        """Kilometers a second, of each component."""
        return self.motion.velocity_error

    @property
    def parents(self):
        """Numbers of the tracks that it came from."""
        return text_of(self.parent_ids)

    @property
    def children(self):
        """Numbers of the tracks that came from it."""
        return text_of(self.child_ids)

    def go_on(self, frame, flux, step, seconds, *, jump=False):
        """
        Take in the feature of the next frame that it is seen in.

        Parameters
        ----------
        frame : `int`
        flux : `float`
        step : tuple of `float`
            Kilometers from its last place, toward west and north.
        seconds : `float`
            Since it was last seen.
        jump : `bool`
            Whether the step is no motion.
        """
        self.last_frame = frame
        self.motion.go_on(*step, seconds, jump=jump)
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
    flux : `float`
        With its sign.
    place : `numpy.ndarray`
        Column and row where it would be now, pointing and drift included.
    radius : `float`
        Of a circle of its size, in km.
    seconds : `float`
        Since it was last seen.
    event : tuple or `None`
        What the history tells of the two frames, and which number there says that it disappeared. `None` where
        missing data hid it, which is no event.
    absences : `int`
        Number of frames that it has been missing from.
    """

    track_id: int
    flux: float
    place: np.ndarray
    radius: float
    seconds: float
    event: tuple | None
    absences: int = 1

    def take_back(self):
        """Strike the disappearance out, if there was one."""
        if self.event is not None:
            told, number = self.event
            told.taken_back.add(number)


def returning(missing, pixels, flux, axes, max_speed, flux_tolerance):
    """
    Which of the features that appear had only been missing.

    One comes back with its sign, within the distance that it may have moved, and with its flux
    within the tolerance.

    Parameters
    ----------
    missing : list of Missing
    pixels : `numpy.ndarray`
        Columns and rows of the features that would appear, shape (n, 2).
    flux : `numpy.ndarray`
        Their fluxes, shape (n,).
    axes : `numpy.ndarray`
        Kilometers of a step along the columns and one along the rows there, shape (n, 2, 2).
    max_speed : `float`
        In km/s.
    flux_tolerance : `float`
        Largest change of flux, the larger one in the denominator.

    Returns
    -------
    `dict`
        Position in ``missing`` by position among the features.
    """
    if not missing or not len(pixels):
        return {}
    were = np.array([each.place for each in missing])
    limit = np.array([max_speed * each.seconds + each.radius for each in missing])
    narrowest = np.linalg.svd(axes, compute_uv=False).min()
    i, j = pairs_within(were, pixels, limit / narrowest)
    distance = np.linalg.norm(np.einsum("nij,nj->ni", axes[j], pixels[j] - were[i]), axis=1)
    before, after = np.array([each.flux for each in missing])[i], flux[j]
    change = relative_change(before - after, np.maximum(np.abs(before), np.abs(after)))
    alike = (distance <= limit[i]) & (change <= flux_tolerance) & (before * after > 0)
    cost = distance / limit[i] + change
    sizes = (len(missing), len(pixels))
    partner = assign(i[alike], j[alike], cost[alike], sizes, 2 * (1 + flux_tolerance))
    return {int(feature): position for position, feature in enumerate(partner) if feature >= 0}
