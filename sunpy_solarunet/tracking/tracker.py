"""
`Tracker`: catalogs in, one by one; events, tracks and features out as tables.
"""

import itertools
import warnings
from dataclasses import replace

import astropy.units as u
import numpy as np
from tqdm.auto import tqdm

from sunpy_solarunet.errors import SequenceError, SolarUnetError, SolarUnetWarning, name_choice, require_quantity
from sunpy_solarunet.features import FeatureCatalog
from sunpy_solarunet.magnetograms import pixel_length
from sunpy_solarunet.tracking.association import moving_distance
from sunpy_solarunet.tracking.drift import Shifted, bulk_drift
from sunpy_solarunet.tracking.events import KINDS, Transition
from sunpy_solarunet.tracking.heirs import with_heirs
from sunpy_solarunet.tracking.rows import events_tables, features_table, frames_table
from sunpy_solarunet.tracking.rules import EVENT_RULES, IDENTITIES, RULES
from sunpy_solarunet.tracking.swamis import name_events
from sunpy_solarunet.tracking.tables import SCHEMAS, make_table, stack_tables
from sunpy_solarunet.tracking.tracks import Missing, Track, returning

__all__ = ["Tracker"]

#: How a track begins or ends whose feature lives on in, or comes from, one that continues another track.
SHARED = "shared"

#: Gaps of more than this many of the shortest cadence close all tracks, where the user gives no limit.
LARGEST_GAP = 4

#: A drift is looked for up to this many pixels beyond twice the reach of features.
DRIFT = 10.0


class Tracker:
    """
    Follow features through a sequence and tell how each one was born and how it died.

    Section 3.3 of Jiang et al. (2020). A feature lives on if the association rule finds its
    successor. One that does not has merged (equation 7), cancelled (equations 8 and 9) or
    disappeared; with the two frames exchanged, one without a predecessor is the part of a splitting
    or an emergence, or has appeared.

    Parameters
    ----------
    association : {"likelihood", "assignment", "paper", "overlap", "dual_overlap"}
        How successors are found: together with all events, as the most likely story of the two
        frames; by a one-to-one assignment over all candidates by overlap, distance and flux change;
        by flux alone, to the letter of the paper; by the released code's rule, overlap first, then
        flux; by SWAMIS's dual-maximum overlap.
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
    memory : `int`, optional
        From how many frames on end a feature may be missing and yet be the same when it comes back.
        2 with "likelihood", else 0, if not given.
    identity : {"largest_flux", "new"}, optional
        Whether the feature with the largest flux carries its track on where features merge, split, or
        cancel or emerge with a remainder, or whether new tracks begin there. An heir overlaps what it
        becomes, or lies within the moving distance of it. The former with "likelihood" and
        "assignment", if not given.
    event_rules : {"flux_balance", "swamis"}
        How events are named: by equations 7 to 9, or by SWAMIS's changes of the flux of neighbors.
    drift : `bool`, optional
        Whether a displacement that most features share is taken out before they are compared. It is
        with "likelihood", if not given.
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
        association="likelihood",
        *,
        max_speed=4 * u.km / u.s,
        flux_tolerance=0.33,
        balance_tolerance=0.5,
        max_partners=10,
        max_gap=None,
        memory=None,
        identity=None,
        event_rules="flux_balance",
        drift=None,
        pixel_length=None,
    ):
        self.association = name_choice(association, RULES, "association")
        rule = RULES[association]
        self.memory = rule.memory if memory is None else _whole(memory, "memory", 0, 100)
        self.identity = rule.identity if identity is None else name_choice(identity, IDENTITIES, "identity")
        self.event_rules = name_choice(event_rules, EVENT_RULES, "event rules")
        self.drift = rule.drift if drift is None else bool(drift)
        self.max_speed = require_quantity(max_speed, u.km / u.s, "max_speed", positive=True) * u.km / u.s
        self.flux_tolerance = _fraction(flux_tolerance, "flux_tolerance")
        self.balance_tolerance = _fraction(balance_tolerance, "balance_tolerance")
        self.max_partners = _whole(max_partners, "max_partners", 1, 16)
        self.max_gap = None if max_gap is None else require_quantity(max_gap, u.s, "max_gap", positive=True) * u.s
        self.pixel_length = None
        if pixel_length is not None:
            self.pixel_length = require_quantity(pixel_length, u.km, "pixel_length", positive=True) * u.km
        self._begin()

    def _begin(self):
        self._rows = {name: [] for name in ("events", "members", "features", "frames")}
        self._tracks = []
        self._missing = []
        self._settled = self._first_open = 0
        self._frame = -1
        self._previous = None
        self._track_ids = np.zeros(0, int)
        self._shortest_cadence = np.inf
        self._cut_groups = 0
        self._bounded_covers = 0
        self._source = {}

    def __repr__(self):
        events = sum(map(len, self._rows["events"]))
        counts = f"{self._frame + 1} frames, {len(self._tracks)} tracks, {events} events"
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
            "memory": self.memory,
            "identity": self.identity,
            "event_rules": self.event_rules,
            "drift": self.drift,
            "max_gap": str(self.max_gap) if self.max_gap is not None else f"{LARGEST_GAP} times the shortest cadence",
            "pixel_length": str(self.pixel_length) if self.pixel_length is not None else "from the coordinates",
            "cut_groups": self._cut_groups,
            "bounded_covers": self._bounded_covers,
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
        self.finish()
        return self.events

    def update(self, catalog):
        """
        Take in the next frame.

        Parameters
        ----------
        catalog : `~sunpy_solarunet.FeatureCatalog`

        Returns
        -------
        `~astropy.table.QTable`
            The events that are now settled: those between the frame before and this one or, with a
            memory, between frames as many earlier. The others are in `events` already, but a
            disappearance there is taken back if the feature returns.

        Raises
        ------
        SequenceError
            If the frame is not later than the one before, or differs in shape; the tracker is left as it was.
        """
        if not isinstance(catalog, FeatureCatalog):
            raise TypeError(f"a FeatureCatalog is needed, got {type(catalog).__name__}; a Segmenter makes one")
        cadence = self._cadence(catalog)
        connected = cadence is not None and self._is_connected(cadence, catalog)
        comparison = self._compare(catalog, cadence) if connected else None
        self._frame += 1
        self._rows["frames"].append(frames_table(catalog, self._frame))
        if connected:
            track_ids = self._continue(catalog, cadence, *comparison)
        else:
            track_ids = np.full(len(catalog), -1)
            self._open_tracks(catalog, track_ids, dict.fromkeys(range(len(catalog)), ""))
            self._missing = []
        self._rows["features"].append(features_table(catalog, self._frame, track_ids))
        self._previous, self._track_ids, self._source = catalog, track_ids, dict(catalog.meta)
        return self._settle(self.memory if connected else 0)

    def _settle(self, open_comparisons):
        """Events that no later frame can change any more, and that have not been handed out."""
        settled = slice(self._settled, max(len(self._rows["events"]) - open_comparisons, self._settled))
        events, _ = _numbered(self._rows["events"][settled], self._rows["members"][settled], self._first_open)
        self._settled = settled.stop
        self._first_open += sum(map(len, events))
        return stack_tables("events", events, self.meta)

    def finish(self):
        """
        End the sequence: the tracks of the last frame end censored.

        Returns
        -------
        `~astropy.table.QTable`
            The events that `update` has not returned yet.
        """
        self._previous, self._track_ids, self._missing = None, np.zeros(0, int), []
        return self._settle(0)

    @property
    def events(self):
        """All events so far, one a row."""
        return stack_tables("events", _numbered(self._rows["events"], self._rows["members"])[0], self.meta)

    @property
    def members(self):
        """The features that take part in each event."""
        return stack_tables("members", _numbered(self._rows["events"], self._rows["members"])[1], self.meta)

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
        cadence = (catalog.time - self._previous.time).to(u.s).round(9)
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
        """What happened between the frame before and this one, who carries tracks on, and the drift between them."""
        reach = 2 * moving_distance(self.max_speed, cadence, self._side(catalog))
        pointing = _pointing_shifts(self._previous.map, catalog.map)
        farthest = 2 * reach + DRIFT + np.hypot(*pointing).max()
        drift = bulk_drift(self._previous, catalog, farthest) if self.drift else np.zeros(2)
        unseen = min(np.hypot(*shifts).max() for shifts in (pointing, pointing - drift[:, np.newaxis]))
        self._warn_of_pointing(catalog, unseen, reach)
        before = Shifted(self._previous, drift) if drift.any() else self._previous
        transition = RULES[self.association].compare(
            before,
            catalog,
            reach,
            flux_tolerance=self.flux_tolerance,
            balance_tolerance=self.balance_tolerance,
            max_partners=self.max_partners,
        )
        if self.event_rules == "swamis":
            deaths, births = name_events(before, catalog, transition.successor)
            transition = Transition(transition.successor, deaths, births, 0)
        self._warn_of_cut_groups(transition.cut_groups)
        self._bounded_covers += transition.bounded_covers
        heirs = self.identity == "largest_flux"
        successor = with_heirs(transition, before, catalog, reach / 2) if heirs else transition.successor
        return transition, successor, drift

    def _warn_of_pointing(self, catalog, shift, reach):
        if shift > max(reach, 1.0):
            warnings.warn(
                f"the frame of {catalog.time.isot} points {shift:.1f} pixels away from the one before it, more than "
                f"features may move ({reach:.1f} pixels), and the features do not show it: align the frames first",
                SolarUnetWarning,
                stacklevel=4,
            )

    def _warn_of_cut_groups(self, number):
        if number and not self._cut_groups:
            warnings.warn(
                f"{number} features have more than {self.max_partners} neighbors that could share "
                "their events; only the nearest are tried (max_partners); cut_groups in the tables' meta counts them",
                SolarUnetWarning,
                stacklevel=4,
            )
        self._cut_groups += number

    def _side(self, catalog):
        return pixel_length(catalog.map) if self.pixel_length is None else self.pixel_length

    def _continue(self, catalog, cadence, transition, successor, drift):
        """Carry tracks on to this frame, end and open others, and note the events; the track of each feature."""
        seconds = cadence.to_value(u.s)
        track_ids = np.full(len(catalog), -1)
        self._follow(catalog, track_ids, successor, seconds)
        transition = self._bring_back(catalog, track_ids, transition, drift, seconds)
        ends, beginnings = _causes(transition)
        for feature in np.flatnonzero(successor < 0):
            self._tracks[self._track_ids[feature]].end(ends.get(int(feature), SHARED), seconds)
        self._open_tracks(catalog, track_ids, beginnings)
        self._note_lineage(transition, track_ids)
        self._note_events(catalog, track_ids, transition)
        self._note_missing(transition, drift, seconds)
        return track_ids

    def _follow(self, catalog, track_ids, successor, seconds):
        """Carry tracks on to their features' successors."""
        old = np.flatnonzero(successor >= 0)
        new = successor[old]
        track_ids[new] = self._track_ids[old]
        moved = np.hypot(catalog.x[new] - self._previous.x[old], catalog.y[new] - self._previous.y[old])
        path = moved.value * self._side(catalog).to_value(u.km)
        for track_id, flux, length in zip(track_ids[new], catalog.flux.value[new], path, strict=True):
            self._tracks[track_id].go_on(self._frame, float(flux), float(length), seconds)

    def _bring_back(self, catalog, track_ids, transition, drift, seconds):
        """Give features that had only been missing their tracks back; the transition without their appearance."""
        for missing in self._missing:
            missing.place = missing.place + drift
            missing.seconds += seconds
        appeared = [birth.members[0] for birth in transition.births if birth.kind == "disappearance"]
        speed = (self.max_speed / self._side(catalog)).to_value(1 / u.s)
        found = returning(self._missing, catalog, np.array(appeared, int), speed, self.balance_tolerance)
        for feature, position in found.items():
            missing = self._missing[position]
            track_ids[feature] = missing.track_id
            place = np.array([catalog.x.value[feature], catalog.y.value[feature]])
            length = np.hypot(*(place - missing.place)) * self._side(catalog).to_value(u.km)
            track = self._tracks[missing.track_id]
            track.go_on(self._frame, float(catalog.flux.value[feature]), float(length), missing.seconds)
            self._take_back(*missing.event)
        gone = set(found.values())
        self._missing = [each for position, each in enumerate(self._missing) if position not in gone]
        births = [birth for birth in transition.births if birth.product is not None or birth.members[0] not in found]
        return replace(transition, births=births)

    def _take_back(self, comparison, number):
        """Strike an event out of the tables."""
        for name in ("events", "members"):
            table = self._rows[name][comparison]
            self._rows[name][comparison] = table[table["event_id"] != number]

    def _open_tracks(self, catalog, track_ids, beginnings):
        """Begin a track for each feature that has none; without a cause it is censored."""
        for feature in np.flatnonzero(track_ids < 0):
            track_ids[feature] = len(self._tracks)
            birth = beginnings.get(int(feature), SHARED)
            flux, polarity = float(catalog.flux.value[feature]), int(catalog.polarity[feature])
            track = Track(polarity, self._frame, self._frame, flux, birth=birth, birth_censored=not birth)
            self._tracks.append(track)

    def _note_lineage(self, transition, track_ids):
        """Which tracks came from which, where features became others."""
        earlier = [(death.members, (death.product,)) for death in transition.deaths if death.product is not None]
        later = [((birth.product,), birth.members) for birth in transition.births if birth.product is not None]
        for parents, children in earlier + later:
            for parent, child in itertools.product(self._track_ids[list(parents)], track_ids[list(children)]):
                if parent != child:
                    self._tracks[parent].child_ids.append(int(child))
                    self._tracks[child].parent_ids.append(int(parent))

    def _note_events(self, catalog, track_ids, transition):
        tracked = ((self._previous, self._frame - 1, self._track_ids), (catalog, self._frame, track_ids))
        events, members = events_tables(transition, *tracked)
        self._rows["events"].append(events)
        self._rows["members"].append(members)

    def _note_missing(self, transition, drift, seconds):
        """Remember the features that disappeared for as many frames as the memory says."""
        self._missing = [each for each in self._missing if each.frame >= self._frame - self.memory]
        if not self.memory:
            return
        before, comparison = self._previous, len(self._rows["events"]) - 1
        for number, death in enumerate(transition.deaths):
            if death.kind == "disappearance":
                feature = death.members[0]
                missing = Missing(
                    track_id=int(self._track_ids[feature]),
                    frame=self._frame - 1,
                    flux=float(before.flux.value[feature]),
                    place=np.array([before.x.value[feature], before.y.value[feature]]) + drift,
                    radius=float(np.sqrt(before.n_pixels[feature] / np.pi)),
                    seconds=seconds,
                    event=(comparison, number),
                )
                self._missing.append(missing)


def _causes(transition):
    """By feature, how those that do not live on end, and how those that did not live begin; empty where censored."""
    ends, beginnings = {}, {}
    for death in transition.deaths:
        ends |= dict.fromkeys(death.members, death.kind)
        if death.product is not None:
            beginnings[death.product] = death.kind
    for birth in transition.births:
        beginnings |= dict.fromkeys(birth.members, KINDS[birth.kind])
        if birth.product is not None:
            ends[birth.product] = KINDS[birth.kind]
    if transition.left is not None:
        ends |= dict.fromkeys(np.flatnonzero(transition.left).tolist(), "")
        beginnings |= dict.fromkeys(np.flatnonzero(transition.entered).tolist(), "")
    return ends, beginnings


def _numbered(events, members, first=0):
    """Tables of events and members, one a comparison, with the events numbered through the sequence."""
    numbered = ([], [])
    for own_events, own_members in zip(events, members, strict=True):
        own_events, own_members = own_events.copy(), own_members.copy()
        own_members["event_id"] = first + np.searchsorted(own_events["event_id"], own_members["event_id"])
        own_events["event_id"] = first + np.arange(len(own_events))
        first += len(own_events)
        numbered[0].append(own_events)
        numbered[1].append(own_members)
    return numbered


def _whole(value, argument, lowest, highest):
    if isinstance(value, u.Quantity) or int(value) != value or not lowest <= value <= highest:
        raise SolarUnetError(f"{argument} must be a whole number from {lowest} to {highest}, got {value}")
    return int(value)


def _fraction(value, argument):
    if isinstance(value, u.Quantity) or not np.isfinite(value) or value < 0:
        raise SolarUnetError(f"{argument} must be a plain number of at least 0, got {value}")
    return float(value)


def _pointing_shifts(first, second):
    """Pixels, along x and y, by which what the corners of a frame show is displaced in the next; shape (2, 4)."""
    rows, columns = first.data.shape
    x, y = np.array([0, columns - 1, 0, columns - 1]), np.array([0, 0, rows - 1, rows - 1])
    earlier, later = (np.array(frame.wcs.pixel_to_world_values(x, y)) for frame in (first, second))
    difference = (earlier - later + 180) % 360 - 180
    return np.linalg.inv(first.wcs.pixel_scale_matrix) @ difference
