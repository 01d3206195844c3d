"""
One track and one event of a run.
"""

import html

import numpy as np

from sunpy_solarunet.errors import SolarUnetError

__all__ = ["RunEvent", "RunTrack"]


class RunTrack:
    """
    An element through time.

    Parameters
    ----------
    run : `~sunpy_solarunet.Run`
    number : `int`
        Its ``track_id``.

    Raises
    ------
    SolarUnetError
        If there is no such track.
    """

    def __init__(self, run, number):
        self._run = run
        #: Its number.
        self.track_id = number
        #: Its row in the table of tracks.
        self.row = _row(run.tracks, "track_id", number)

    def __repr__(self):
        sign = "positive" if self.row["polarity"] > 0 else "negative"
        frames = f"frames {self.row['first_frame']} to {self.row['last_frame']}"
        return f"<RunTrack {self.track_id}: {sign}, {frames}, up to {self.row['max_flux']:.3g}>"

    def _repr_html_(self):
        return f"<p>{html.escape(repr(self))}</p>{self.features._repr_html_()}"

    @property
    def features(self):
        """Its features, one a frame, in the order of time: flux, area, place and so on."""
        features = self._run.features
        return features[features["track_id"] == self.track_id]

    @property
    def events(self):
        """The events that it takes part in."""
        members, events = self._run.members, self._run.events
        return events[np.isin(events["event_id"], members["event_id"][members["track_id"] == self.track_id])]

    @property
    def parents(self):
        """The tracks that it came from, in the order of time."""
        return self._relatives("parent", "child")

    @property
    def children(self):
        """The tracks that came from it, in the order of time."""
        return self._relatives("child", "parent")

    def _relatives(self, which, other):
        lineage = self._run.lineage
        numbers = lineage[which][lineage[other] == self.track_id].tolist()
        return [RunTrack(self._run, number) for number in dict.fromkeys(numbers)]

    def plot(self, *, figure=None, **kwargs):
        """
        Plot its flux and its area against time, and its events.

        Parameters
        ----------
        figure : `~matplotlib.figure.Figure`, optional
            A new one, if not given.
        **kwargs
            For `~sunpy_solarunet.plotting.plot_track`.

        Returns
        -------
        `~matplotlib.figure.Figure`
        """
        from sunpy_solarunet import plotting

        return plotting.plot_track(self.features, self.events, figure=figure, **kwargs)


class RunEvent:
    """
    What happened to one or several elements between two frames.

    Parameters
    ----------
    run : `~sunpy_solarunet.Run`
    number : `int`
        Its ``event_id``.

    Raises
    ------
    SolarUnetError
        If there is no such event.
    """

    def __init__(self, run, number):
        self._run = run
        #: Its number.
        self.event_id = number
        #: Its row in the table of events.
        self.row = _row(run.events, "event_id", number)

    def __repr__(self):
        first, second = self.frames
        return f"<RunEvent {self.event_id}: {self.row['kind']}, frames {first} and {second}>"

    def _repr_html_(self):
        return f"<p>{html.escape(repr(self))}</p>{self.members._repr_html_()}"

    @property
    def frames(self):
        """Numbers of the two frames that it lies between."""
        used = self._run.used_frames()
        shown = used.index(int(self.row["frame"]))
        first = shown if self.row["category"] == "death" else shown - 1
        return used[first], used[first + 1]

    @property
    def members(self):
        """The features that take part in it."""
        members = self._run.members
        return members[members["event_id"] == self.event_id]

    @property
    def catalogs(self):
        """The two frames, a tuple of `~sunpy_solarunet.FeatureCatalog`."""
        return tuple(self._run.catalog(number) for number in self.frames)

    def plot(self, *, figure=None, **kwargs):
        """
        Plot the two frames side by side.

        Parameters
        ----------
        figure : `~matplotlib.figure.Figure`, optional
        **kwargs
            For `~sunpy_solarunet.plotting.plot_event`.

        Returns
        -------
        `~matplotlib.figure.Figure`
        """
        from sunpy_solarunet import plotting

        return plotting.plot_event(self.row, *self.catalogs, figure=figure, **kwargs)


def _row(table, column, number):
    """The row of that number."""
    found = table[table[column] == number]
    if not len(found):
        what = column.removesuffix("_id")
        raise SolarUnetError(f"there is no {what} {number}; there are {len(table)}, from 0 on")
    return found[0]
