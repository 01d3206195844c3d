"""
The features and the events of a sequence as plain arrays.
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["Events", "Features"]


@dataclass(frozen=True)
class Features:
    """
    The features of a sequence: one element a feature; frames and tracks are counted from 0.

    Attributes
    ----------
    frame : `numpy.ndarray` of `int`
        Shape (features,): the frame that shows each feature.
    track : `numpy.ndarray` of `int`
        Shape (features,): the track of each feature.
    track_ids : `numpy.ndarray` of `int`
        Shape (tracks,): the numbers that the tracks have in the table.
    position : `numpy.ndarray`
        Shape (features, 2): x and y in pixels.
    polarity : `numpy.ndarray`
        Shape (features,): 1 or -1.
    weight : `numpy.ndarray`
        Shape (features,): the unsigned flux in Mx, 1 if the table has none.
    n_frames : `int`
        Number of frames of the sequence, those without features included.
    """

    frame: np.ndarray
    track: np.ndarray
    track_ids: np.ndarray
    position: np.ndarray
    polarity: np.ndarray
    weight: np.ndarray
    n_frames: int

    def __len__(self):
        return len(self.frame)

    @property
    def links(self):
        """Earlier and later feature of each link, shape (links, 2)."""
        return self.links_among(np.arange(len(self)))

    def links_among(self, features):
        """
        Links as if there were only these features.

        Parameters
        ----------
        features : `numpy.ndarray` of `int`
            Shape (chosen,): numbers of the features.

        Returns
        -------
        `numpy.ndarray` of `int`
            Shape (links, 2): earlier and later feature of each link.
        """
        order = features[np.lexsort((self.frame[features], self.track[features]))]
        pairs = np.column_stack([order[:-1], order[1:]])
        return pairs[self.track[pairs[:, 0]] == self.track[pairs[:, 1]]]

    @property
    def sizes(self):
        """Number of features of each track."""
        return np.bincount(self.track, minlength=len(self.track_ids))

    @property
    def spans(self):
        """First and last frame of each track."""
        first, last = np.full(len(self.track_ids), self.n_frames), np.full(len(self.track_ids), -1)
        np.minimum.at(first, self.track, self.frame)
        np.maximum.at(last, self.track, self.frame)
        return first, last

    def per_frame(self, features, weights=None):
        """
        How many of these features, or the sum of their weights, each frame has.

        Parameters
        ----------
        features : `numpy.ndarray` or `slice`
            Numbers of the features, shape (chosen,).
        weights : `numpy.ndarray`, optional
            Shape (chosen,).

        Returns
        -------
        `numpy.ndarray` of `float`
            Shape (frames,).
        """
        return np.bincount(self.frame[features], weights, minlength=self.n_frames).astype(float)


@dataclass(frozen=True)
class Events:
    """
    The events of a sequence, one element an event, and their members, one element each.

    Attributes
    ----------
    frame : `numpy.ndarray` of `int`
        Shape (events,): the frame that shows each event, counted from 0.
    kind : `numpy.ndarray` of `int`
        Shape (events,): positions in `~sunpy_solarunet.tracking.tables.EVENT_KINDS`.
    balance : `numpy.ndarray` of `str`
        Shape (events,): "balanced", "unbalanced" or empty.
    place : `numpy.ndarray`
        Shape (events, 2): flux-weighted center of the members in pixels, not-a-number without members.
    member_event : `numpy.ndarray` of `int`
        Shape (members,): the event of each member.
    member_feature : `numpy.ndarray` of `int`
        Shape (members,): the feature that each member is.
    """

    frame: np.ndarray
    kind: np.ndarray
    balance: np.ndarray
    place: np.ndarray
    member_event: np.ndarray
    member_feature: np.ndarray

    def __len__(self):
        return len(self.frame)
