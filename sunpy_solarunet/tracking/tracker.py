"""
`Tracker`: catalogs in, one by one; events, tracks and features out as tables.
"""

import warnings

import astropy.units as u
import numpy as np
from tqdm.auto import tqdm

from sunpy_solarunet.display import settings_html
from sunpy_solarunet.errors import SolarUnetWarning
from sunpy_solarunet.features import FeatureCatalog
from sunpy_solarunet.tracking.columns import Store
from sunpy_solarunet.tracking.comparing import compare, time_between
from sunpy_solarunet.tracking.history import TOLD, History
from sunpy_solarunet.tracking.kinship import lineage_table
from sunpy_solarunet.tracking.parameters import LARGEST_GAP, Parameters
from sunpy_solarunet.tracking.rows import features_columns, frames_columns
from sunpy_solarunet.tracking.tables import make_table

__all__ = ["Tracker"]

#: The tables of a sequence.
TABLES = ("events", "members", "features", "tracks", "frames")


def _parameter(name, summary):
    return property(lambda tracker: getattr(tracker.parameters, name), doc=summary)


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

    association = _parameter("association", "How successors are found.")
    max_speed = _parameter("max_speed", "Transverse speed on the photosphere.")
    flux_tolerance = _parameter("flux_tolerance", "Largest change of the flux of a feature that lives on.")
    balance_tolerance = _parameter("balance_tolerance", "Largest imbalance of an event.")
    max_partners = _parameter("max_partners", "How many of the nearest features are combined, at most.")
    max_gap = _parameter("max_gap", "A longer time between two frames closes all tracks; `None` if not given.")
    memory = _parameter("memory", "From how many frames on end a feature may be missing.")
    identity = _parameter("identity", "Who carries a track on where features merge or split.")
    event_rules = _parameter("event_rules", "How events are named.")
    drift = _parameter("drift", "Whether a displacement that most features share is taken out.")
    pixel_length = _parameter("pixel_length", "Length of a pixel's side on the Sun; `None` if the map tells.")

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
        #: All parameters, those of the rule in place of those that were not given.
        self.parameters = Parameters(
            association=association,
            max_speed=max_speed,
            flux_tolerance=flux_tolerance,
            balance_tolerance=balance_tolerance,
            max_partners=max_partners,
            max_gap=max_gap,
            memory=memory,
            identity=identity,
            event_rules=event_rules,
            drift=drift,
            pixel_length=pixel_length,
        )
        self._begin()

    def _begin(self):
        speed = self.max_speed.to_value(u.km / u.s)
        self._history = History(memory=self.memory, max_speed=speed, flux_tolerance=self.balance_tolerance)
        self._stores = {name: Store(name) for name in TABLES}
        self._frame = -1
        self._previous = None
        self._shortest_cadence = np.inf
        self._cut_groups = 0
        self._bounded_covers = 0
        self._source = {}

    def __repr__(self):
        return f"<Tracker({self.parameters}): {self._progress}>"

    def _repr_html_(self):
        return settings_html(f"Tracker: {self._progress}", vars(self.parameters))

    @property
    def _progress(self):
        opened = self._history.open_rows()
        tracks, events = (
            len(self._stores[name]) + len(opened[name].get(number, ()))
            for name, number in (("tracks", "track_id"), ("events", "event_id"))
        )
        return f"{self._frame + 1} frames, {tracks} tracks, {events} events"

    @property
    def meta(self):
        """All parameters and how the features were found, as they go into the tables."""
        from sunpy_solarunet import __version__

        counts = {"cut_groups": self._cut_groups, "bounded_covers": self._bounded_covers}
        meta = {"version": __version__} | self.parameters.meta | counts
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
        cadence = None if self._previous is None else time_between(self._previous, catalog)
        if not catalog.has_data.any():
            return self._pass_over(catalog)
        connected = cadence is not None and self._is_connected(cadence, catalog)
        transition = compare(self._previous, catalog, parameters=self.parameters) if connected else None
        self._frame += 1
        self._stores["frames"].add(frames_columns(catalog, self._frame))
        features = features_columns(catalog, self._frame)
        self._previous, self._source = catalog, dict(catalog.meta)
        if not connected:
            return self._take(self._history.begin(self._frame, features))
        self._note_cut_groups(transition.cut_groups)
        self._bounded_covers += transition.bounded_covers
        return self._take(self._history.follow(self._frame, features, transition))

    def _pass_over(self, catalog):
        """A frame without any data has a number and a row, and is compared with no other."""
        self._frame += 1
        self._stores["frames"].add(frames_columns(catalog, self._frame, "no data"))
        return make_table("events", {}, self.meta)

    def _take(self, rows):
        """Keep settled rows, and hand out the events among them."""
        for name in TOLD:
            self._stores[name].add(rows.get(name))
        return make_table("events", rows["events"], self.meta)

    def finish(self):
        """
        End the sequence: the tracks of the last frame end censored.

        Returns
        -------
        `~astropy.table.QTable`
            The events that `update` has not returned yet.
        """
        self._previous = None
        return self._take(self._history.finish())

    @property
    def settled_frames(self):
        """Number of frames, from the first on, whose events no later frame can change any more."""
        return self._history.settled_frames

    @property
    def events(self):
        """All events so far, one a row."""
        return self._table("events")

    @property
    def members(self):
        """The features that take part in each event."""
        return self._table("members")

    @property
    def features(self):
        """All features of all frames, with their tracks."""
        return self._table("features")

    @property
    def frames(self):
        """The frames."""
        return self._table("frames")

    @property
    def tracks(self):
        """The features followed through time; those that still live count as censored."""
        return self._table("tracks")

    @property
    def lineage(self):
        """Which tracks came from which, see `~sunpy_solarunet.tracking.kinship.lineage_table`."""
        opened = self._history.open_rows()
        return lineage_table(self._with_rows("events", opened), self._with_rows("members", opened))

    def _table(self, name):
        return self._with_rows(name, self._history.open_rows())

    def _with_rows(self, name, opened):
        """A table of the settled rows and of those that are still open."""
        order = "track_id" if name == "tracks" else None
        return self._stores[name].table(opened.get(name), meta=self.meta, order=order)

    def tables(self):
        """
        All five tables.

        Returns
        -------
        `dict` of `~astropy.table.QTable`
            events, members, features, tracks and frames.
        """
        opened = self._history.open_rows()
        return {name: self._with_rows(name, opened) for name in TABLES}

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

    def _note_cut_groups(self, number):
        """Count groups of partners that were cut; warn when it happens first."""
        if number and not self._cut_groups:
            warnings.warn(
                f"{number} features have more than {self.max_partners} neighbors that could share "
                "their events; only the nearest are tried (max_partners); cut_groups in the tables' meta counts them",
                SolarUnetWarning,
                stacklevel=3,
            )
        self._cut_groups += number
