"""
Remembering: what pairs of frames tell, one after the other, becomes tracks, events and lineage.
"""

import itertools
from collections import deque
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from sunpy_solarunet.tracking.columns import columns_of_rows, join
from sunpy_solarunet.tracking.events import KINDS
from sunpy_solarunet.tracking.tables import SCHEMAS
from sunpy_solarunet.tracking.tracks import Missing, Track, returning

__all__ = ["TOLD", "History", "Told", "event_rows", "feature_members"]

#: The tables whose rows a history gives out.
TOLD = ("features", "events", "members", "tracks")

#: How a track begins or ends whose feature lives on in, or comes from, one that continues another track.
SHARED = "shared"


@dataclass
class Told:
    """
    The events between two frames, kept until no later frame can take one back.

    Attributes
    ----------
    frames : tuple of `int`
        Numbers of the two frames.
    events : `dict`
        Columns of the events, as `~sunpy_solarunet.tracking.events.Transition` has them.
    members : list
        For each event the rows of its members.
    taken_back : `set` of `int`
        Which of the events were none.
    """

    frames: tuple
    events: dict
    members: list
    taken_back: set

    @property
    def kept(self):
        """Numbers of the events that took place."""
        return [number for number in range(len(self.members)) if number not in self.taken_back]


class History:
    """
    Tracks, events and lineage of a sequence, from its frames and from what happened between them.

    Nothing is known here of maps, rules and files. Rows are plain arrays in the units of
    `~sunpy_solarunet.tracking.tables.SCHEMAS`, and each is given out once: when no later frame can change it.
    No more is held than the tracks that live, and the events of as many comparisons as the memory has frames.

    Parameters
    ----------
    memory : `int`
        From how many frames on end a feature may be missing and yet be the same when it comes back.
    max_speed : `float`
        Of a feature while it is missing, in km/s.
    flux_tolerance : `float`
        Largest change of the flux of a feature that comes back, the larger one in the denominator.

    Examples
    --------
    Two features, of which one disappears:

    >>> import numpy as np
    >>> from sunpy_solarunet.tracking.events import Explanation, Transition
    >>> from sunpy_solarunet.tracking.history import History
    >>> def features(*labels):
    ...     number = len(labels)
    ...     return {"label": np.array(labels), "polarity": np.ones(number, int), "flux": np.full(number, 1e18),
    ...             "x": np.arange(number), "y": np.zeros(number)}
    >>> gone = Transition(
    ...     np.array([0, -1]), [Explanation("disappearance", (1,), None, np.nan)], [], 0, seconds=60.0,
    ...     events={"kind": np.array(["disappearance"]), "category": np.array(["death"])}, axes=370 * np.eye(2)[None])
    >>> history = History()
    >>> rows = history.begin(0, features(1, 2))
    >>> rows["features"]["track_id"]
    array([0, 1])
    >>> rows = history.follow(1, features(1), gone)
    >>> rows["events"]["kind"].tolist(), rows["tracks"]["track_id"].tolist()
    (['disappearance'], [1])
    >>> history.finish()["tracks"]["track_id"]
    array([0])
    """

    def __init__(self, *, memory=0, max_speed=np.inf, flux_tolerance=0.5):
        self._memory = memory
        self._max_speed = max_speed
        self._flux_tolerance = flux_tolerance
        self._tracks = {}
        self._missing = []
        self._told = deque()
        self._number_of_tracks = self._number_of_events = 0
        self._features, self._frame = None, -1
        self._track_ids = np.zeros(0, int)

    @property
    def settled_frames(self):
        """Number of frames, from the first on, whose events no later frame can change any more."""
        if self._features is None:
            return self._frame + 1
        return self._told[0].frames[0] if self._told else self._frame

    def begin(self, frame, features):
        """
        Take in a frame that is compared with none before it: the first, or one after a gap.

        Parameters
        ----------
        frame : `int`
            Its number.
        features : `dict` of `numpy.ndarray`
            Its features: at least label, polarity, flux, x and y, of one length.

        Returns
        -------
        `dict` of `dict` of `numpy.ndarray`
            Columns of the rows of `TOLD` that are settled by now.
        """
        rows = self.finish()
        track_ids = np.full(len(features["label"]), -1)
        self._open_tracks(frame, features, track_ids, dict.fromkeys(range(len(track_ids)), ""))
        return rows | self._step_to(frame, features, track_ids)

    def follow(self, frame, features, transition):
        """
        Take in a frame and what happened between the one before and it.

        Parameters
        ----------
        frame : `int`
            Its number.
        features : `dict` of `numpy.ndarray`
            As in `begin`.
        transition : `~sunpy_solarunet.tracking.events.Transition`

        Returns
        -------
        `dict` of `dict` of `numpy.ndarray`
            As in `begin`.
        """
        track_ids = np.full(len(features["label"]), -1)
        self._carry_on(frame, features, track_ids, transition)
        back = self._bring_back(frame, features, track_ids, transition)
        ends, beginnings = _causes(transition)
        for feature in np.flatnonzero(transition.successor < 0).tolist():
            self._tracks[self._track_ids[feature]].end(ends.get(feature, SHARED), transition.seconds)
        self._open_tracks(frame, features, track_ids, beginnings)
        self._note_lineage(transition, track_ids)
        told = self._tell(frame, features, track_ids, transition, back)
        self._note_missing(transition, told)
        rows = self._step_to(frame, features, track_ids)
        return self._settle(self._memory) | rows

    def finish(self):
        """
        End the sequence: all tracks that live end censored.

        Returns
        -------
        `dict` of `dict` of `numpy.ndarray`
            As in `begin`: all rows that have not been given out.
        """
        self._missing, self._track_ids, self._features = [], np.zeros(0, int), None
        return self._settle(0)

    def open_rows(self):
        """
        What `finish` would give, without ending anything.

        Returns
        -------
        `dict` of `dict` of `numpy.ndarray`
        """
        return event_rows(self._told, self._number_of_events) | {"tracks": _track_columns(self._tracks)}

    def _step_to(self, frame, features, track_ids):
        self._frame, self._features, self._track_ids = frame, features, track_ids
        return {"features": features | {"track_id": track_ids}}

    def _carry_on(self, frame, features, track_ids, transition):
        """Carry tracks on to their features' successors."""
        old = np.flatnonzero(transition.successor >= 0)
        new = transition.successor[old]
        track_ids[new] = self._track_ids[old]
        steps = _steps(features, new, _pixels(self._features)[old] + transition.shift, transition.axes)
        jumps = transition.jumps
        for before, after, step in zip(old.tolist(), new.tolist(), steps.tolist(), strict=True):
            track, jump = self._tracks[self._track_ids[before]], (before, after) in jumps
            track.go_on(frame, float(features["flux"][after]), step, transition.seconds, jump=jump)

    def _bring_back(self, frame, features, track_ids, transition):
        """Give features that had only been missing their tracks back; which features these are."""
        for missing in self._missing:
            missing.place = missing.place + transition.shift
            missing.seconds += transition.seconds
        appeared = [birth.members[0] for birth in transition.births if birth.kind == "disappearance"]
        appeared = np.concatenate([np.array(appeared, int), np.flatnonzero(transition.entered)])
        columns = _pixels(features)[appeared], features["flux"][appeared], transition.axes[appeared]
        found = returning(self._missing, *columns, self._max_speed, self._flux_tolerance)
        back = {int(appeared[position]): self._missing[number] for position, number in found.items()}
        for feature, missing in back.items():
            track_ids[feature] = missing.track_id
            (step,) = _steps(features, np.array([feature]), missing.place, transition.axes).tolist()
            self._tracks[missing.track_id].go_on(frame, float(features["flux"][feature]), step, missing.seconds)
            missing.take_back()
        self._missing = [missing for number, missing in enumerate(self._missing) if number not in found.values()]
        return set(back)

    def _open_tracks(self, frame, features, track_ids, beginnings):
        """Begin a track for each feature that has none; without a cause it is censored."""
        for feature in np.flatnonzero(track_ids < 0).tolist():
            birth = beginnings.get(feature, SHARED)
            flux, polarity = float(features["flux"][feature]), int(features["polarity"][feature])
            track = Track(polarity, frame, frame, flux, birth=birth, birth_censored=not birth)
            self._tracks[self._number_of_tracks] = track
            track_ids[feature] = self._number_of_tracks
            self._number_of_tracks += 1

    def _note_lineage(self, transition, track_ids):
        """Which tracks came from which, where features became others."""
        for parents, children in transition.unions:
            for parent, child in itertools.product(self._track_ids[list(parents)], track_ids[list(children)]):
                if parent != child:
                    self._tracks[parent].child_ids.append(int(child))
                    self._tracks[child].parent_ids.append(int(parent))

    def _tell(self, frame, features, track_ids, transition, back):
        """Keep the events until they are settled; those that only had been missing do not appear."""
        members = transition.members(
            feature_members(self._track_ids, self._features["label"], self._frame, "parent"),
            feature_members(track_ids, features["label"], frame, "child"),
        )
        taken_back = {
            number
            for number, birth in enumerate(transition.births, len(transition.deaths))
            if birth.kind == "disappearance" and birth.members[0] in back
        }
        self._told.append(Told((self._frame, frame), transition.events, members, taken_back))
        return self._told[-1]

    def _note_missing(self, transition, told):
        """Remember the features that disappeared, or that missing data hid, for as many frames as the memory says."""
        for missing in self._missing:
            missing.absences += 1
        self._missing = [each for each in self._missing if each.absences <= self._memory]
        if not self._memory:
            return
        gone = {
            death.members[0]: (told, number)
            for number, death in enumerate(transition.deaths)
            if death.kind == "disappearance"
        }
        gone |= dict.fromkeys(np.flatnonzero(transition.left).tolist())
        places = _pixels(self._features) + transition.shift
        self._missing += [
            Missing(
                track_id=int(self._track_ids[feature]),
                flux=float(self._features["flux"][feature]),
                place=places[feature],
                radius=float(transition.radius[feature]),
                seconds=transition.seconds,
                event=event,
            )
            for feature, event in gone.items()
        ]

    def _settle(self, kept):
        """Rows of the events that no later frame can change, and of the tracks that cannot go on."""
        told = [self._told.popleft() for _ in range(len(self._told) - kept)]
        rows = event_rows(told, self._number_of_events)
        self._number_of_events += sum(len(one.kept) for one in told)
        living = set(self._track_ids.tolist()) | {missing.track_id for missing in self._missing}
        ended = {number: track for number, track in self._tracks.items() if number not in living}
        for number in ended:
            del self._tracks[number]
        return rows | {"tracks": _track_columns(ended)}


def _pixels(features):
    """Columns and rows of the centers, shape (n, 2)."""
    return np.column_stack([features["x"], features["y"]])


def _steps(features, new, origins, axes):
    """The ways that features have come from pixels of their frame, in km toward west and north."""
    return np.einsum("nij,nj->ni", axes[new], _pixels(features)[new] - origins)


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
    ends |= dict.fromkeys(np.flatnonzero(transition.left).tolist(), "")
    beginnings |= dict.fromkeys(np.flatnonzero(transition.entered).tolist(), "")
    return ends, beginnings


def feature_members(track_ids, labels, frame, role):
    """
    The rows of members, but for the event, of all features of a frame that may take part in one.

    Parameters
    ----------
    track_ids, labels : `numpy.ndarray` of `int`
        Of the features.
    frame : `int`
    role : {"parent", "child"}

    Returns
    -------
    list of `tuple`
    """
    return [(track, label, frame, role) for track, label in zip(track_ids.tolist(), labels.tolist(), strict=True)]


def event_rows(told, first):
    """
    The events of several pairs of frames and their members, numbered.

    Parameters
    ----------
    told : iterable of Told
    first : `int`
        Number of the first event.

    Returns
    -------
    `dict` of `dict`
        Columns of events and members.
    """
    events, members = [], []
    for one in told:
        kept = one.kept
        numbers = first + np.arange(len(kept))
        first += len(kept)
        columns = {name: values[kept] for name, values in one.events.items()}
        shown = np.where(columns["category"] == "death", *one.frames) if kept else numbers
        events.append(columns | {"event_id": numbers, "frame": shown})
        for number, event in zip(numbers.tolist(), kept, strict=True):
            members += [(number, *member) for member in one.members[event]]
    return {"events": join(events), "members": columns_of_rows("members", members)}


def _track_columns(tracks):
    """Columns of tracks by number."""
    names = [name for name in SCHEMAS["tracks"] if name != "track_id"]
    values_of = attrgetter(*names)
    rows = [(number, *values_of(track)) for number, track in tracks.items()]
    return columns_of_rows("tracks", rows)
