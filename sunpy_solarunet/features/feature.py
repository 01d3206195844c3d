"""
One feature of a catalog.
"""

import astropy.units as u
import numpy as np

from sunpy_solarunet.errors import require_quantity
from sunpy_solarunet.features.comparing import is_same_magnetogram
from sunpy_solarunet.features.display import feature_html
from sunpy_solarunet.features.measurements import Measurements

__all__ = ["Feature"]


def _element_of(measurement):
    """A property of one feature that is its element of the catalog's measurement."""
    name = measurement.fget.__name__
    return property(lambda feature: getattr(feature.catalog, name)[feature.index], doc=measurement.__doc__)


class Feature:
    """
    One magnetic feature: a view of one element of a `FeatureCatalog`.

    Parameters
    ----------
    catalog : FeatureCatalog
    index : `int`
        Position in the catalog, from 0.
    """

    def __init__(self, catalog, index):
        self.catalog = catalog
        self.index = index

    label = _element_of(Measurements.label)
    polarity = _element_of(Measurements.polarity)
    n_pixels = _element_of(Measurements.n_pixels)
    area = _element_of(Measurements.area)
    flux = _element_of(Measurements.flux)
    flux_error = _element_of(Measurements.flux_error)
    mean_field = _element_of(Measurements.mean_field)
    peak_field = _element_of(Measurements.peak_field)
    x = _element_of(Measurements.x)
    y = _element_of(Measurements.y)
    coordinate = _element_of(Measurements.coordinate)
    Tx = _element_of(Measurements.Tx)
    Ty = _element_of(Measurements.Ty)
    lon = _element_of(Measurements.lon)
    lat = _element_of(Measurements.lat)
    radius = _element_of(Measurements.radius)
    elongation = _element_of(Measurements.elongation)
    orientation = _element_of(Measurements.orientation)
    bbox_xmin = _element_of(Measurements.bbox_xmin)
    bbox_xmax = _element_of(Measurements.bbox_xmax)
    bbox_ymin = _element_of(Measurements.bbox_ymin)
    bbox_ymax = _element_of(Measurements.bbox_ymax)
    probability = _element_of(Measurements.probability)
    touches_edge = _element_of(Measurements.touches_edge)
    flags = _element_of(Measurements.flags)

    def __repr__(self):
        sign = "positive" if self.polarity > 0 else "negative"
        return (
            f"<Feature {self.label}: {sign}, {self.n_pixels} pixels, {self.flux:.3g}, "
            f"at ({self.Tx:.1f}, {self.Ty:.1f})>"
        )

    def _repr_html_(self):
        return feature_html(self)

    def __eq__(self, other):
        if not isinstance(other, Feature):
            return NotImplemented
        return (
            self.label == other.label
            and np.array_equal(self._pixels, other._pixels)
            and self.catalog.labels.shape == other.catalog.labels.shape
            and is_same_magnetogram(self.catalog.map, other.catalog.map)
        )

    def __hash__(self):
        return hash((int(self.label), self._pixels.tobytes()))

    @property
    def _pixels(self):
        """Flat indices of its pixels."""
        first = self.catalog._starts[self.index]
        return self.catalog._pixels[first : first + self.n_pixels]

    @property
    def bbox(self):
        """
        Bounding box, a `tuple` of `int`: first row, first column, and those after the last.

        As in `skimage.measure.regionprops`: ``map.data[bbox[0]:bbox[2], bbox[1]:bbox[3]]`` holds the feature.
        """
        return tuple(self.catalog.bbox[self.index].tolist())

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

    def plot(self, axes=None, *, margin=10 * u.pix, **kwargs):
        """
        Plot its surroundings with its border, see `sunpy_solarunet.plotting.plot_feature`.

        Parameters
        ----------
        axes : `~astropy.visualization.wcsaxes.WCSAxes`, optional
            Axes of this map or of any other. The current axes, or new ones if there are none.
        margin : `~astropy.units.Quantity`
            What is shown beside the feature on each side, in pixels.
        **kwargs
            Passed to `~sunpy_solarunet.plotting.plot_feature`.

        Returns
        -------
        `~astropy.visualization.wcsaxes.WCSAxes`
        """
        # Figures are a room above this one.
        from sunpy_solarunet.plotting import plot_feature

        return plot_feature(self, axes=axes, margin=margin, **kwargs)

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
        height, width = self.catalog.labels.shape
        lower = [max(self.bbox_xmin - margin, 0), max(self.bbox_ymin - margin, 0)] * u.pix
        upper = [min(self.bbox_xmax + margin, width - 1), min(self.bbox_ymax + margin, height - 1)] * u.pix
        return self.catalog.map.submap(lower, top_right=upper)
