"""
================================
The features of one magnetogram
================================

Find the magnetic features of a magnetogram with the network, measure them, and draw their borders.
"""

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np

from sunpy_solarunet import Segmenter
from sunpy_solarunet.plotting import draw_borders
from sunpy_solarunet.synthetic import six_events

##############################################################################
# Any `sunpy.map.Map` in a unit of the magnetic field will do. This one is synthetic and carries
# noise of 15 G; `~sunpy_solarunet.magnetogram` makes maps of files that come without coordinates.

maps, _ = six_events(seed=1)
magnetogram = maps[3]

##############################################################################
# The segmenter is made once and called with as many maps as there are. It returns a catalog.

segmenter = Segmenter()
catalog = segmenter(magnetogram)
print(catalog)

##############################################################################
# All measurements are columns of a table, with units.

table = catalog.to_table()
table["flux"].info.format = ".2e"
print(table["label", "polarity", "n_pixels", "flux", "Tx", "Ty"])

##############################################################################
# Each feature knows its place, flux and outline. This is the strongest of the negative ones.

strongest = catalog[int(np.argmin(catalog.flux))]
print(strongest)
print(strongest.coordinate)

##############################################################################
# Borders are drawn on the axes of the map, yellow around positive and green around negative flux.
# Beside them, the network's probability that a pixel is significant.

figure = plt.figure(figsize=(10, 4.5), layout="constrained")
axes = figure.add_subplot(121, projection=magnetogram)
magnetogram.plot(axes=axes, cmap="gray", clip_interval=(1, 99) * u.percent, title="Features")
draw_borders(catalog, axes=axes)

probability = segmenter.probabilities(magnetogram)
axes = figure.add_subplot(122, projection=probability)
image = probability.plot(axes=axes, cmap="viridis", vmin=0, vmax=1, title="Probability")
figure.colorbar(image, ax=axes, shrink=0.8)

plt.show()
