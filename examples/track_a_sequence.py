"""
=================
Track a sequence
=================

Follow features through a sequence: their lifetimes, their fluxes, and what became of them.
"""

import astropy.units as u
import matplotlib.pyplot as plt

from sunpy_solarunet import Segmenter, Tracker
from sunpy_solarunet.synthetic import six_events
from sunpy_solarunet.tracking.tables import EVENT_KINDS

##############################################################################
# Eight frames, one minute apart, in which we know what takes place.

maps, planted = six_events(seed=1)

##############################################################################
# The tracker takes catalogs one by one, so that a generator serves: no more than two frames are
# held at a time, however long the sequence.

segmenter = Segmenter()
tracker = Tracker(max_speed=4 * u.km / u.s)
events = tracker.track(segmenter(frame) for frame in maps)
print(tracker)

##############################################################################
# The events, one a row. Each names its members by their labels in the earlier and the later frame.

print(events["kind", "frame", "Tx", "Ty", "imbalance", "parents", "children"])

##############################################################################
# All that were planted are there, and nothing else.

for kind in EVENT_KINDS:
    print(f"{kind:14} planted {(planted['kind'] == kind).sum()}, found {(events['kind'] == kind).sum()}")

##############################################################################
# The tracks tell how long each feature lived. One that was there from the beginning may be older,
# one that is still there may live longer: both are marked as censored.

tracks = tracker.tracks
print(tracks["track_id", "polarity", "lifetime", "birth", "death", "birth_censored", "death_censored"])

##############################################################################
# Flux against time, one line a track; the color is that of its polarity.

features = tracker.features
minutes = (features["time"] - features["time"][0]).to_value(u.min)
figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
for track in tracks:
    chosen = features["track_id"] == track["track_id"]
    color = "goldenrod" if track["polarity"] > 0 else "seagreen"
    axes.plot(minutes[chosen], features["flux"][chosen].to_value(1e18 * u.Mx), "o-", markersize=3, color=color)
axes.axhline(0, color="gray", linewidth=0.5)
axes.set_xlabel("Time (min)")
axes.set_ylabel("Flux (10$^{18}$ Mx)")
axes.set_title("Flux of positive (gold) and negative (green) features")

plt.show()
