"""
==============
The six events
==============

One example of each kind of event, drawn in the two frames between which it takes place.
"""

import matplotlib.pyplot as plt

from sunpy_solarunet import Segmenter, Tracker
from sunpy_solarunet.plotting import plot_event
from sunpy_solarunet.synthetic import six_events
from sunpy_solarunet.tracking.tables import EVENT_KINDS

##############################################################################
# A sequence in which each kind of event takes place, segmented and tracked.

maps, _ = six_events(seed=1)
segmenter = Segmenter()
catalogs = [segmenter(frame) for frame in maps]
events = Tracker().track(catalogs)

##############################################################################
# A death is marked in the earlier of two frames, a birth in the later one, as in Figures 3 to 8 of
# Jiang et al. (2020): disappearance purple, merging amber, cancellation pink; appearance blue,
# splitting aqua, emergence red.

figure = plt.figure(figsize=(9, 27))
for panel, kind in zip(figure.subfigures(len(EVENT_KINDS)), EVENT_KINDS, strict=True):
    event = events[events["kind"] == kind][0]
    first = event["frame"] - (event["category"] == "birth")
    plot_event(event, catalogs[first], catalogs[first + 1], figure=panel)
    panel.suptitle(f"{event['balance']} {kind}".strip().capitalize())

plt.show()
