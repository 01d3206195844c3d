"""
One feature of a catalog.
"""

import astropy.units as u
import numpy as np

from sunpy_solarunet.errors import require_quantity
from sunpy_solarunet.features.measurements import MEASUREMENTS, Measurements

__all__ = ["Feature"]


class Feature:
    """
    One magnetic feature: a view of one element of a `FeatureCatalog`.

    Parameters
    ----------
    catalog : FeatureCatalog
    index : `int`
        Position in the catalog, from 0; one less than the label.
    """

    def __init__(self, catalog, index):
        self.catalog = catalog
        self.index = index

    def __repr__(self):
        sign = "positive" if self.polarity > 0 else "negative"
        return (
            f"<Feature {self.label}: {sign}, {self.n_pixels} pixels, {self.flux:.3g}, "
            f"at ({self.Tx:.1f}, {self.Ty:.1f})>"
        )

    @property
    def mask(self):
        """Where the map shows this feature, `numpy.ndarray` of `bool`."""
        return self.catalog.labels == self.label

    @property
    def border(self):
        """Outlines as a list of closed `~astropy.coordinates.SkyCoord` rings, the holes' included."""
        rings, owners = self.catalog._borders
        first, last = np.searchsorted(owners, [self.label, self.label + 1])
        return [self.catalog.map.pixel_to_world(*(ring.T * u.pix)) for ring in rings[first:last]]

    def submap(self, margin=5 * u.pix):
        """
        The part of the map around this feature.

        Parameters
        ----------
        margin : `~astropy.units.Quantity`
            What is added on each side, in pixels.

        Returns
        -------
        `~sunpy.map.GenericMap`
        """
        margin = require_quantity(margin, u.pix, "margin", positive=True)
        rows, columns = np.nonzero(self.mask)
        height, width = self.catalog.labels.shape
        lower = [max(columns.min() - margin, 0), max(rows.min() - margin, 0)] * u.pix
        upper = [min(columns.max() + margin, width - 1), min(rows.max() + margin, height - 1)] * u.pix
        return self.catalog.map.submap(lower, top_right=upper)


def _of_catalog(name):
    """A property of one feature that is an element of the catalog's."""
    summary = getattr(Measurements, name).__doc__
    return property(lambda feature: getattr(feature.catalog, name)[feature.index], doc=summary)


for _name in (*MEASUREMENTS, "coordinate"):
    setattr(Feature, _name, _of_catalog(_name))
