"""
What is measured of the features of a magnetogram.
"""

import astropy.units as u
import numpy as np
from astropy.utils import lazyproperty

from sunpy_solarunet import geometry
from sunpy_solarunet.features.flags import FLAGS
from sunpy_solarunet.features.outlines import hull_corners, near_any
from sunpy_solarunet.features.pixels import pixels_by_label
from sunpy_solarunet.features.spread import NORMAL_MEDIAN, median_of
from sunpy_solarunet.magnetograms import Grid, field_strength, pixel_area, pixel_coordinates, valid_pixels

__all__ = ["MEASUREMENTS", "Measurements"]

#: The columns of `~sunpy_solarunet.FeatureCatalog.to_table`.
MEASUREMENTS = (
    "label",
    "polarity",
    "n_pixels",
    "area",
    "flux",
    "flux_error",
    "mean_field",
    "peak_field",
    "x",
    "y",
    "Tx",
    "Ty",
    "lon",
    "lat",
    "radius",
    "elongation",
    "orientation",
    "bbox_xmin",
    "bbox_xmax",
    "bbox_ymin",
    "bbox_ymax",
    "probability",
    "touches_edge",
    "flags",
)

#: Second moment of a pixel along its side.
PIXEL_MOMENT = 1 / 12

#: Second moments that differ by less, as a share, are equal.
ROUNDING = 1e-9


class Measurements:
    """
    The measurements of a `~sunpy_solarunet.FeatureCatalog`: each an array with one element a feature.
    """

    @lazyproperty
    def _members(self):
        """Label of each feature, flat indices of all features' pixels, and where each feature begins among them."""
        return pixels_by_label(self.labels)

    @lazyproperty
    def _pixels(self):
        """Flat indices of all features' pixels, feature after feature."""
        return self._members[1]

    @lazyproperty
    def numbered(self):
        """Position of the feature that each pixel belongs to, counted from 1, 0 where there is none."""
        if self.labels.dtype == np.int32 and np.array_equal(self.label, np.arange(1, len(self) + 1)):
            return self.labels
        numbered = np.zeros(self.labels.shape, np.int32)
        numbered.ravel()[self._pixels] = np.repeat(np.arange(1, len(self) + 1), self.n_pixels)
        return numbered

    @lazyproperty
    def _starts(self):
        """Where each feature begins in the flat arrays."""
        return self._members[2]

    @lazyproperty
    def _field(self):
        """Gauss of each feature pixel."""
        return field_strength(self.map, self._pixels).astype(float)

    @lazyproperty
    def _pixel_positions(self):
        """Rows and columns of each feature pixel."""
        pixels = self._pixels.astype(np.result_type(np.int32, np.min_scalar_type(self.labels.size)))
        rows = pixels // self.labels.shape[1]
        return rows, pixels - rows * self.labels.shape[1]

    @lazyproperty
    def _pixel_areas(self):
        """Mm2 of each feature pixel; zero where it has none."""
        area = pixel_area(self.map, self.area_kind, self._pixels).to_value(u.Mm**2)
        return np.broadcast_to(np.nan_to_num(area), self._pixels.shape)

    @lazyproperty
    def _has_all_areas(self):
        if self._pixel_areas.all():
            return np.ones(len(self), bool)
        return self._total((self._pixel_areas == 0).astype(np.intp)) == 0

    def _total(self, values):
        """Sum of a pixel quantity over each feature."""
        return np.add.reduceat(values, self._starts) if len(self) else np.zeros(0)

    @lazyproperty
    def label(self):
        """Number of each feature in ``labels``, increasing; there may be gaps."""
        return self._members[0]

    @lazyproperty
    def n_pixels(self):
        """Number of pixels."""
        return np.diff(np.append(self._starts, len(self._pixels)))

    @lazyproperty
    def area(self):
        """Area of the pixels that have one (see the flag "no_area"), `~astropy.units.Quantity` in Mm2."""
        return self._total(self._pixel_areas) * u.Mm**2

    @lazyproperty
    def flux(self):
        """Signed magnetic flux (equation 4) of the pixels that have an area, `~astropy.units.Quantity` in Mx."""
        return (self._total(self._field * self._pixel_areas) * (u.G * u.Mm**2)).to(u.Mx)

    @lazyproperty
    def _total_field(self):
        return self._total(self._field)

    @lazyproperty
    def polarity(self):
        """1 for positive flux, -1 for negative."""
        return np.where(self._total_field < 0, -1, 1)

    @lazyproperty
    def mean_field(self):
        """Mean field of the pixels, `~astropy.units.Quantity` in G."""
        return self._total_field / np.maximum(self.n_pixels, 1) * u.G

    @lazyproperty
    def peak_field(self):
        """Field of the strongest pixel, with its sign, `~astropy.units.Quantity` in G."""
        if not len(self):
            return np.zeros(0) * u.G
        highest = np.maximum.reduceat(self._field, self._starts)
        lowest = np.minimum.reduceat(self._field, self._starts)
        return np.where(highest >= -lowest, highest, lowest) * u.G

    @lazyproperty
    def _weights(self):
        """Unsigned field of each feature pixel; 1 where the feature has no field at all."""
        weights = np.abs(self._field)
        weights[np.repeat(self._total(weights) == 0, self.n_pixels)] = 1
        return weights

    @lazyproperty
    def _total_weight(self):
        return self._total(self._weights)

    def _weighted(self, values):
        """Flux-weighted mean of a pixel quantity over each feature."""
        return self._total(self._weights * values) / self._total_weight

    @lazyproperty
    def _centroids(self):
        """Columns and rows of the flux-weighted centers."""
        rows, columns = self._pixel_positions
        return self._weighted(columns), self._weighted(rows)

    @lazyproperty
    def x(self):
        """Column of the flux-weighted center, counted from 0, `~astropy.units.Quantity` in pixels."""
        return self._centroids[0] * u.pix

    @lazyproperty
    def y(self):
        """Row of the flux-weighted center, counted from 0, `~astropy.units.Quantity` in pixels."""
        return self._centroids[1] * u.pix

    @lazyproperty
    def coordinate(self):
        """Flux-weighted centers as a `~astropy.coordinates.SkyCoord` in the map's frame."""
        return self.map.pixel_to_world(self.x, self.y)

    @lazyproperty
    def _surface_coordinates(self):
        return pixel_coordinates(self.map, *self._centroids)

    @property
    def Tx(self):
        """Helioprojective x of the center, `~astropy.units.Quantity` in arcsec."""
        return self._surface_coordinates[0]

    @property
    def Ty(self):
        """Helioprojective y of the center, `~astropy.units.Quantity` in arcsec."""
        return self._surface_coordinates[1]

    @property
    def lon(self):
        """Stonyhurst longitude of the center, `~astropy.units.Quantity` in degrees; not-a-number off the disk."""
        return self._surface_coordinates[2]

    @property
    def lat(self):
        """Stonyhurst latitude of the center, `~astropy.units.Quantity` in degrees; not-a-number off the disk."""
        return self._surface_coordinates[3]

    @lazyproperty
    def border_positions(self):
        """Columns, rows and numbers (see `numbered`) of the pixels at the features' borders, ordered by number."""
        at_border = geometry.border_pixels(self.labels).ravel()[self._pixels]
        rows, columns = np.divmod(self._pixels[at_border], self.labels.shape[1])
        return columns, rows, self.numbered[rows, columns]

    @lazyproperty
    def grid(self):
        """Lengths between pixels as they are on the Sun, a `~sunpy_solarunet.magnetograms.Grid`."""
        return Grid(self.map)

    @lazyproperty
    def places(self):
        """Places of the centers, whose distances are lengths on the Sun in units of ``grid.side``."""
        return self.grid.places(*self._centroids)

    @lazyproperty
    def border_places(self):
        """Places of the pixels of `border_positions`, whose distances are lengths on the Sun."""
        return self.grid.places(*self.border_positions[:2])

    @lazyproperty
    def enclosing_circles(self):
        """
        Smallest circles on the Sun that cover each feature's pixels whole.

        Centers, shape (n, 2), x and y in pixels, and radii, shape (n,), in units of ``grid.side``.
        """
        corners, owners = hull_corners(*self.border_positions)
        starts = np.searchsorted(owners, np.arange(1, len(self) + 1))
        stretch = self.grid.stretch(*self._centroids)
        stretched = np.einsum("nij,nj->ni", stretch[owners - 1], corners)
        centers, radii = geometry.smallest_circles(stretched, starts)
        return np.linalg.solve(stretch, centers[..., np.newaxis])[..., 0], radii

    @lazyproperty
    def radius(self):
        """Radius of the smallest circle that covers the feature, `~astropy.units.Quantity` in Mm."""
        return (self.enclosing_circles[1] * self.grid.side).to(u.Mm)

    @lazyproperty
    def equivalent_radius(self):
        """Radius of a circle of the feature's size, in units of ``grid.side``."""
        stretch = self.grid.stretch(*self._centroids)
        return np.sqrt(self.n_pixels * np.linalg.det(stretch) / np.pi)

    @lazyproperty
    def _covariance(self):
        """
        Flux-weighted second moments toward west and north, shape (n, 2, 2), in units of ``grid.side`` squared.

        Features that are thinner than a pixel are widened by the second moment of one, as photutils does.
        """
        rows, columns = self._pixel_positions
        x, y = (np.repeat(center, self.n_pixels) for center in self._centroids)
        x, y = columns - x, rows - y
        xx, xy, yy = (self._weighted(product) for product in (x * x, x * y, y * y))
        axes = self.grid.axes(*self._centroids) / self.grid.side.to_value(u.Mm)
        covariance = axes @ np.stack([xx, xy, xy, yy], axis=-1).reshape(-1, 2, 2) @ np.swapaxes(axes, 1, 2)
        thin = np.linalg.det(covariance) < PIXEL_MOMENT**2
        covariance[thin] += PIXEL_MOMENT * np.eye(2)
        covariance[~axes.any(axis=(1, 2))] = np.nan
        return covariance

    @lazyproperty
    def _spread(self):
        """Half the sum and half the difference of the second moments along the major and the minor axis."""
        west, mixed, _, north = np.moveaxis(self._covariance.reshape(-1, 4), 1, 0)
        return (west + north) / 2, np.hypot((west - north) / 2, mixed)

    @lazyproperty
    def elongation(self):
        """
        Ratio of the major to the minor axis of the ellipse with the feature's flux-weighted second moments, from 1 on.

        It is that on the Sun: oblong pixels do not make a round feature elongated. In a map of the sky it is
        that in the plane of the sky. Not-a-number where the map shows no place on the Sun.
        """
        middle, difference = self._spread
        return np.sqrt((middle + difference) / (middle - difference))

    @lazyproperty
    def orientation(self):
        """
        Angle of the major axis from west toward north, `~astropy.units.Quantity` in degrees, above -90 up to 90.

        That of the ellipse of `elongation`; not-a-number where this is a circle. In a map of the sky west and
        north are the directions of helioprojective x and y.
        """
        west, mixed, _, north = np.moveaxis(self._covariance.reshape(-1, 4), 1, 0)
        middle, difference = self._spread
        angle = np.degrees(np.arctan2(2 * mixed, west - north)) / 2
        # An axis that points east points west.
        angle = np.where(angle <= -90, 90.0, angle)
        return np.where(difference > ROUNDING * middle, angle, np.nan) * u.deg

    @lazyproperty
    def bbox(self):
        """
        Bounding boxes, `numpy.ndarray` of `int` of shape (n, 4): first row, first column, and those after the last.

        As in `skimage.measure.regionprops`: ``map.data[bbox[0]:bbox[2], bbox[1]:bbox[3]]`` holds the feature.
        """
        if not len(self):
            return np.zeros((0, 4), int)
        lowest = [np.minimum.reduceat(values, self._starts) for values in self._pixel_positions]
        highest = [np.maximum.reduceat(values, self._starts) for values in self._pixel_positions]
        return np.stack([*lowest, *(values + 1 for values in highest)], axis=-1).astype(int)

    @property
    def bbox_xmin(self):
        """First column of the bounding box."""
        return self.bbox[:, 1]

    @property
    def bbox_xmax(self):
        """Last column of the bounding box."""
        return self.bbox[:, 3] - 1

    @property
    def bbox_ymin(self):
        """First row of the bounding box."""
        return self.bbox[:, 0]

    @property
    def bbox_ymax(self):
        """Last row of the bounding box."""
        return self.bbox[:, 2] - 1

    @lazyproperty
    def noise(self):
        """
        Noise of a pixel, `~astropy.units.Quantity` in G: 1.48 times the median of the field where there is no feature.

        Zero where there is no such pixel.
        """
        strength = field_strength(self.map, (self.labels == 0) & self.has_data)
        np.abs(strength, out=strength)
        return (NORMAL_MEDIAN * median_of(strength) if len(strength) else 0.0) * u.G

    @lazyproperty
    def flux_error(self):
        """Uncertainty of the fluxes from the noise of their pixels, `~astropy.units.Quantity` in Mx."""
        area = self.area / np.sqrt(np.maximum(self.n_pixels, 1))
        return (self.noise * area).to(u.Mx)

    @lazyproperty
    def probability(self):
        """Mean probability of the pixels to be significant, from 0 to 1; not-a-number without a network."""
        if self._probability is None:
            return np.full(len(self), np.nan)
        return self._total(self._probability) / np.maximum(self.n_pixels, 1)

    @lazyproperty
    def has_data(self):
        """Where the map has data, `numpy.ndarray` of `bool` of its shape."""
        return valid_pixels(self.map)

    @lazyproperty
    def touches_edge(self):
        """Whether features touch the frame's edge or pixels without data."""
        columns, rows, owners = self.border_positions
        touches = np.zeros(len(self), bool)
        touches[owners[near_any(~self.has_data, rows, columns)] - 1] = True
        return touches

    @property
    def cut(self):
        """Whether data that are missing in a frame beside this one cut features: not as long as it stands alone."""
        return np.zeros(len(self), bool)

    @lazyproperty
    def flags(self):
        """Sums of the bits in `~sunpy_solarunet.features.FLAGS`."""
        found = {"edge": self.touches_edge, "off_disk": np.isnan(self.lon), "no_area": ~self._has_all_areas}
        return sum(FLAGS[name][0] * is_set for name, is_set in found.items())
