"""
=======================================
A simulated Sun, and who came from whom
=======================================

Simulate a sequence whose every event is known, track it, and see how often the tracker was right.
"""

import matplotlib.pyplot as plt

from sunpy_solarunet import Segmenter, Tracker
from sunpy_solarunet.lineage import family
from sunpy_solarunet.plotting import plot_catalog, plot_lineage
from sunpy_solarunet.scoring import score
from sunpy_solarunet.synthetic import simulate

##############################################################################
# The preset is the quiet Sun as GST/NIRIS sees it, with noise, seeing and a pointing that jitters.

simulation = simulate("quiet_sun_gst", seed=3, n_frames=20)
print(simulation)

##############################################################################
# Track it. The plain threshold of the preset finds the features.

sun = simulation.sun
segmenter = Segmenter(method="threshold", threshold=sun.threshold, min_pixels=sun.min_pixels)
tracker = Tracker()
events = tracker.track(segmenter(frame) for frame in simulation.maps)

##############################################################################
# One frame with its events, found ones on the left and true ones on the right.

number = 8
true_events = simulation.events
figure = plt.figure(figsize=(11, 6.2), layout="constrained")
for position, (title, catalog, shown) in enumerate(
    (
        ("Found", segmenter(simulation.maps[number]), events[events["frame"] == number]),
        ("True", simulation.catalog(number), true_events[true_events["frame"] == number]),
    ),
    start=1,
):
    axes = figure.add_subplot(1, 2, position, projection=catalog.map)
    plot_catalog(catalog, shown, axes=axes)
    axes.set_xlabel(f"{title}: {len(catalog)} features, {len(shown)} events")

plt.show()

##############################################################################
# How often it was right: links, tracks, and each kind of event.

result = score(simulation, tracker)
print(result)

##############################################################################
# What was mistaken for what: true kinds in rows, found kinds in columns.

print(result.confusion)

##############################################################################
# Tracks that came together or apart belong to one family. The largest as a tree:

tracks = tracker.tracks
largest = max(tracks["track_id"], key=lambda track_id: len(family(tracks, track_id)))
figure, axes = plt.subplots(figsize=(9, 5), layout="constrained")
plot_lineage(tracks, largest, axes=axes)

plt.show()
