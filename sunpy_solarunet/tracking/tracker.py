"""
`Tracker`: catalogs in, one by one; events, tracks and features out as tables.
"""

import warnings
from dataclasses import dataclass

import astropy.units as u
import numpy as np
from tqdm.auto import tqdm

from sunpy_solarunet.errors import SequenceError, SolarUnetError, SolarUnetWarning, name_choice, require_quantity
from sunpy_solarunet.features import FeatureCatalog
from sunpy_solarunet.magnetograms import pixel_length
from sunpy_solarunet.tracking.association import ASSOCIATIONS, moving_distance
from sunpy_solarunet.tracking.events import KINDS, compare_frames
from sunpy_solarunet.tracking.rows import events_tables, features_table, frames_table
from sunpy_solarunet.tracking.tables import SCHEMAS, make_table, stack_tables

__all__ = ["Tracker"]

#: How a track begins or ends whose feature lives on in, or comes from, one that continues another track.
SHARED = "shared"

#: Gaps of more than this many of the shortest cadence close all tracks, where the user gives no limit.
LARGEST_GAP = 4


@dataclass
class _Track:
    """What is known of a track so far."""

    polarity: int
    first_frame: int
    last_frame: int
    max_flux: float
    birth: str = ""
    death: str = ""
    birth_censored: bool = False
    death_censored: bool = True
    parents: str = ""
    children: str = ""
    path: float = 0.0
    seconds: float = 0.0
    seconds_after: float = 0.0

    @property
    def lifetime(self):
        return self.last_frame - self.first_frame + 1

    @property
    def duration(self):
        return self.seconds + self.seconds_after

    @property
    def mean_speed(self):
        return self.path / self.seconds if self.seconds else np.nan


class Tracker:
    """
    Follow features through a sequence and tell how each one was born and how it died.

    Section 3.3 of Jiang et al. (2020). A feature lives on if the association rule finds its
    successor. One that does not has merged (equation 7), cancelled (equations 8 and 9) or
    disappeared; with the two frames exchanged, one without a predecessor is the part of a splitting
    or an emergence, or has appeared.

    Parameters
    ----------
    association : {"assignment", "paper", "overlap", "dual_overlap"}
        How successors are found: by a one-to-one assignment over all candidates by overlap, distance
        and flux change; by flux alone, to the letter of the paper; by the released code's rule,
        overlap first, then flux; by SWAMIS's dual-maximum overlap.
    max_speed : `~astropy.units.Quantity`
        Transverse speed on the photosphere (C in equation 2).
    flux_tolerance : `float`
        Largest change of the flux of a feature that lives on (epsilon 1 in equation 6).
    balance_tolerance : `float`
        Largest imbalance of merging, splitting, cancellation and emergence (epsilon 2).
    max_partners : `int`
        How many of the nearest features are combined, at most (k).
    max_gap : `~astropy.units.Quantity`, optional
        A longer time between two frames closes all tracks. Four times the shortest time between
        two frames so far, if not given.
    pixel_length : `~astropy.units.Quantity`, optional
        Length of a pixel's side on the Sun, in place of that from the map's coordinates, for
        example ``725 * u.km * 0.083`` as in the paper.

    Raises
    ------
    TypeError
        If a physical argument has no unit.
    SolarUnetError
        If a name is unknown or a number out of its range.

    Examples
    --------
    >>> import astropy.units as u
    >>> import numpy as np
    >>> from sunpy_solarunet import Segmenter, Tracker, magnetogram
    >>> frames = []
    >>> for minute, column in enumerate([3, 4, 5]):
    ...     field = np.full((16, 24), 5.0)
    ...     field[6:10, column:column + 4] = 300
    ...     frames.append(magnetogram(field * u.G, time=f"2017-07-13 20:0{minute}:00", scale=0.5 * u.arcsec,
    ...                               center=(0, 0) * u.arcsec))
    >>> segmenter = Segmenter(method="threshold", threshold=100 * u.G)
    >>> tracker = Tracker()
    >>> events = tracker.track(segmenter(frame) for frame in frames)
    >>> len(events)
    0
    >>> tracker.tracks["track_id", "polarity", "lifetime", "birth_censored", "death_censored"]
    <QTable length=1>
    track_id polarity lifetime birth_censored death_censored
     int64    int64    int64        bool           bool
    -------- -------- -------- -------------- --------------
           0        1        3           True           True
    """

    def __init__(
        self,
        association="assignment",
        *,
        max_speed=4 * u.km / u.s,
        flux_tolerance=0.33,
        balance_tolerance=0.5,
        max_partners=10,
        max_gap=None,
        pixel_length=None,
    ):
        self.association = name_choice(association, ASSOCIATIONS, "association")
        self.max_speed = require_quantity(max_speed, u.km / u.s, "max_speed", positive=True) * u.km / u.s
        self.flux_tolerance = _fraction(flux_tolerance, "flux_tolerance")
        self.balance_tolerance = _fraction(balance_tolerance, "balance_tolerance")
        if int(max_partners) != max_partners or not 1 <= max_partners <= 16:
            raise SolarUnetError(f"max_partners must be a whole number from 1 to 16, got {max_partners}")
        self.max_partners = int(max_partners)
        self.max_gap = None if max_gap is None else require_quantity(max_gap, u.s, "max_gap", positive=True) * u.s
        self.pixel_length = None
        if pixel_length is not None:
            self.pixel_length = require_quantity(pixel_length, u.km, "pixel_length", positive=True) * u.km
        self._begin()

    def _begin(self):
        self._rows = {name: [] for name in ("events", "members", "features", "frames")}
        self._tracks = []
        self._events = 0
        self._frame = -1
        self._previous = None
        self._track_ids = np.zeros(0, int)
        self._shortest_cadence = np.inf
        self._cut_groups = 0
        self._source = {}

    def __repr__(self):
        counts = f"{self._frame + 1} frames, {len(self._tracks)} tracks, {self._events} events"
        return f"<Tracker: {self.association}, {counts}>"

    @property
    def meta(self):
        """All parameters and how the features were found, as they go into the tables."""
        from sunpy_solarunet import __version__

        meta = {
            "version": __version__,
            "association": self.association,
            "max_speed": str(self.max_speed),
            "flux_tolerance": self.flux_tolerance,
            "balance_tolerance": self.balance_tolerance,
            "max_partners": self.max_partners,
            "max_gap": str(self.max_gap) if self.max_gap is not None else f"{LARGEST_GAP} times the shortest cadence",
            "pixel_length": str(self.pixel_length) if self.pixel_length is not None else "from the coordinates",
            "cut_groups": self._cut_groups,
        }
        return meta | {f"features_{key}": value for key, value in self._source.items()}

    def track(self, catalogs, *, progress=False):
        """
        Follow the features of a whole sequence, from its beginning.

        Catalogs are taken one by one and let go: memory does not grow with their number but for the
        rows of the tables. If one of them raises an error, the tables hold what came before it.

        Parameters
        ----------
        catalogs : iterable of `~sunpy_solarunet.FeatureCatalog`
            In the order of time.
        progress : `bool`
            Show a bar.

        Returns
        -------
        `~astropy.table.QTable`
            The events, see `events`.

        Raises
        ------
        SequenceError
            If frames are out of order, have the same time, or differ in shape.
        """
        self._begin()
        for catalog in tqdm(catalogs, unit="frame", disable=not progress):
            self.update(catalog)
        return self.finish()

    def update(self, catalog):
        """
        Take in the next frame.

        Parameters
        ----------
        catalog : `~sunpy_solarunet.FeatureCatalog`

        Returns
        -------
        `~astropy.table.QTable`
            The events between the frame before and this one.

        Raises
        ------
        SequenceError
            If the frame is not later than the one before, or differs in shape; the tracker is left as it was.
        """
        if not isinstance(catalog, FeatureCatalog):
            raise TypeError(f"a FeatureCatalog is needed, got {type(catalog).__name__}; a Segmenter makes one")
        cadence = self._cadence(catalog)
        transition = None
        if cadence is not None and self._is_connected(cadence, catalog):
            transition = self._compare(catalog, cadence)
        self._frame += 1
        if transition is None:
            track_ids = self._open_tracks(catalog, np.full(len(catalog), -1), births=None)
        else:
            track_ids = self._continue_tracks(catalog, transition.successor, cadence)
            track_ids = self._open_tracks(catalog, track_ids, self._end_tracks(transition, cadence))
        new_events = self._store(catalog, track_ids, transition)
        self._previous, self._track_ids, self._source = catalog, track_ids, dict(catalog.meta)
        return new_events

    def finish(self):
        """
        End the sequence: the tracks of the last frame end censored.

        Returns
        -------
        `~astropy.table.QTable`
            All events, see `events`.
        """
        self._previous, self._track_ids = None, np.zeros(0, int)
        return self.events

    @property
    def events(self):
        """All events so far, one a row."""
        return stack_tables("events", self._rows["events"], self.meta)

    @property
    def members(self):
        """The features that take part in each event."""
        return stack_tables("members", self._rows["members"], self.meta)

    @property
    def features(self):
        """All features of all frames, with their tracks."""
        return stack_tables("features", self._rows["features"], self.meta)

    @property
    def frames(self):
        """The frames."""
        return stack_tables("frames", self._rows["frames"], self.meta)

    @property
    def tracks(self):
        """The features followed through time; those that still live count as censored."""
        columns = {"track_id": np.arange(len(self._tracks))}
        for name in SCHEMAS["tracks"]:
            if name not in columns:
                columns[name] = [getattr(track, name) for track in self._tracks]
        return make_table("tracks", columns, self.meta)

    def tables(self):
        """
        All five tables.

        Returns
        -------
        `dict` of `~astropy.table.QTable`
            events, members, features, tracks and frames.
        """
        return {name: getattr(self, name) for name in ("events", "members", "features", "tracks", "frames")}

    def _cadence(self, catalog):
        """Time since the frame before, or `None` for the first; refuses frames that do not follow it."""
        if self._previous is None:
            return None
        cadence = (catalog.time - self._previous.time).to(u.s)
        if cadence <= 0 * u.s:
            relation = "the same time as" if cadence == 0 * u.s else "an earlier time than"
            raise SequenceError(
                f"the frame of {catalog.time.isot} has {relation} the one before it, {self._previous.time.isot}: "
                "give frames in the order of their times (read_magnetograms sorts them)"
            )
        if catalog.labels.shape != self._previous.labels.shape:
            raise SequenceError(
                f"the frame of {catalog.time.isot} has shape {catalog.labels.shape}, the one before it "
                f"{self._previous.labels.shape}: cut all frames to one field of view"
            )
        return cadence

    def _is_connected(self, cadence, catalog):
        """Whether features may be followed over the time since the frame before; warns where they may not."""
        seconds = cadence.to_value(u.s)
        self._shortest_cadence = min(self._shortest_cadence, seconds)
        limit = LARGEST_GAP * self._shortest_cadence if self.max_gap is None else self.max_gap.to_value(u.s)
        if seconds <= limit:
            return True
        warnings.warn(
            f"no frame for {seconds:.0f} s before {catalog.time.isot}, more than max_gap ({limit:.0f} s): "
            "all tracks are closed as censored",
            SolarUnetWarning,
            stacklevel=3,
        )
        return False

    def _compare(self, catalog, cadence):
        """What happened between the frame before and this one."""
        reach = 2 * moving_distance(self.max_speed, cadence, self._side(catalog))
        shift = _pointing_shift(self._previous.map, catalog.map)
        if shift > max(reach, 1.0):
            warnings.warn(
                f"the frame of {catalog.time.isot} points {shift:.1f} pixels away from the one before it, more than "
                f"features may move ({reach:.1f} pixels): align the frames first",
                SolarUnetWarning,
                stacklevel=3,
            )
        transition = compare_frames(
            self._previous,
            catalog,
            reach,
            association=self.association,
            flux_tolerance=self.flux_tolerance,
            balance_tolerance=self.balance_tolerance,
            max_partners=self.max_partners,
        )
        if transition.cut_groups and not self._cut_groups:
            warnings.warn(
                f"{transition.cut_groups} features have more than {self.max_partners} neighbors that could share "
                "their events; only the nearest are tried (max_partners); cut_groups in the tables' meta counts them",
                SolarUnetWarning,
                stacklevel=3,
            )
        self._cut_groups += transition.cut_groups
        return transition

    def _side(self, catalog):
        return pixel_length(catalog.map) if self.pixel_length is None else self.pixel_length

    def _continue_tracks(self, catalog, successor, cadence):
        """Carry tracks on to this frame; the track of each feature, or -1."""
        track_ids = np.full(len(catalog), -1)
        old = np.flatnonzero(successor >= 0)
        new = successor[old]
        track_ids[new] = self._track_ids[old]
        moved = np.hypot(catalog.x[new] - self._previous.x[old], catalog.y[new] - self._previous.y[old])
        path = moved.value * self._side(catalog).to_value(u.km)
        for track_id, flux, length in zip(track_ids[new], catalog.flux.value[new], path, strict=True):
            track = self._tracks[track_id]
            track.last_frame = self._frame
            track.path += float(length)
            track.seconds += cadence.to_value(u.s)
            track.max_flux = max(track.max_flux, float(flux), key=abs)
        return track_ids

    def _end_tracks(self, transition, cadence):
        """Say how tracks die; return how those that begin are born, by feature."""
        ends, births = {}, {}
        for death in transition.deaths:
            ends |= dict.fromkeys(death.members, death.kind)
            if death.product is not None:
                births[death.product] = death.kind
        for birth in transition.births:
            births |= dict.fromkeys(birth.members, KINDS[birth.kind])
            if birth.product is not None:
                ends[birth.product] = KINDS[birth.kind]
        for feature in np.flatnonzero(transition.successor < 0):
            track = self._tracks[self._track_ids[feature]]
            track.death = ends.get(int(feature), SHARED)
            track.death_censored = False
            track.seconds_after = cadence.to_value(u.s)
        return births

    def _open_tracks(self, catalog, track_ids, births):
        """Begin a track for each feature that has none; without births they are censored."""
        for feature in np.flatnonzero(track_ids < 0):
            track_ids[feature] = len(self._tracks)
            self._tracks.append(
                _Track(
                    polarity=int(catalog.polarity[feature]),
                    first_frame=self._frame,
                    last_frame=self._frame,
                    max_flux=float(catalog.flux.value[feature]),
                    birth="" if births is None else births.get(int(feature), SHARED),
                    birth_censored=births is None,
                )
            )
        return track_ids

    def _store(self, catalog, track_ids, transition):
        """Rows of this frame and of what happened before it; returns the events."""
        self._rows["features"].append(features_table(catalog, self._frame, track_ids))
        self._rows["frames"].append(frames_table(catalog, self._frame))
        if transition is None:
            return make_table("events", {}, self.meta)
        tracked = ((self._previous, self._frame - 1, self._track_ids), (catalog, self._frame, track_ids))
        events, members = events_tables(transition, *tracked, first_id=self._events)
        self._events += len(events)
        self._rows["events"].append(events)
        self._rows["members"].append(members)
        return stack_tables("events", [events], self.meta)


def _fraction(value, argument):
    if isinstance(value, u.Quantity) or not np.isfinite(value) or value < 0:
        raise SolarUnetError(f"{argument} must be a plain number of at least 0, got {value}")
    return float(value)


def _pointing_shift(first, second):
    """Largest distance, in pixels, between the places that the corners of two frames show."""
    rows, columns = first.data.shape
    x, y = np.array([0, columns - 1, 0, columns - 1]), np.array([0, 0, rows - 1, rows - 1])
    earlier, later = (np.array(frame.wcs.pixel_to_world_values(x, y)) for frame in (first, second))
    difference = (later - earlier + 180) % 360 - 180
    return float(np.hypot(*(np.linalg.inv(first.wcs.pixel_scale_matrix) @ difference)).max())
