"""
Features of one magnetogram: labelled pixels together with their map, and what is measured of them.
"""

from collections.abc import Sequence

import astropy.units as u
import numpy as np
from astropy.table import QTable
from astropy.utils import lazyproperty
from scipy import ndimage
from sunpy.map import GenericMap

from sunpy_solarunet import geometry
from sunpy_solarunet.errors import MagnetogramError, SolarUnetError, name_choice, require_quantity, require_whole
from sunpy_solarunet.grid import Grid
from sunpy_solarunet.magnetograms import AREAS, field_strength, pixel_area, surface_coordinates

__all__ = ["FLAGS", "Feature", "FeatureCatalog", "flag_names"]

#: What the bits of a feature's flags mean.
FLAGS = {
    "edge": (1, "touches the frame's edge or pixels without data: part of it may be missing"),
    "off_disk": (2, "its center is not on the solar disk: no longitude and latitude"),
    "no_area": (
        4,
        "some of its pixels have no area, such as those beyond the limb: area and flux leave them out",
    ),
}

#: Standard deviation of normal noise in units of the median of its absolute value.
NORMAL_MEDIAN = 1.4826


def flag_names(flags):
    """
    Names of the flags that are set.

    Parameters
    ----------
    flags : `int`
        As in the column ``flags`` of a table.

    Returns
    -------
    `list` of `str`

    Examples
    --------
    >>> from sunpy_solarunet.features import flag_names
    >>> flag_names(3)
    ['edge', 'off_disk']
    """
    return [name for name, (bit, _) in FLAGS.items() if flags & bit]


class FeatureCatalog(Sequence):
    """
    The magnetic features of one magnetogram.

    A sequence of `Feature`. Each property is an array with one element a feature, computed for all
    features at once when it is first asked for. A catalog without features has empty arrays.

    Parameters
    ----------
    map : `~sunpy.map.GenericMap`
        The magnetogram.
    labels : `numpy.ndarray`
        Shape (rows, columns), whole numbers of any type: 0 where there is no feature, else the
        feature's number. The numbers run from 1 without gaps.
    probability : `numpy.ndarray`, optional
        Shape (rows, columns): the network's probability that a pixel is significant.
    area : {"sky", "surface"}
        How pixel areas are counted, see `~sunpy_solarunet.magnetograms.pixel_area`.
    meta : `dict`, optional
        How the labels were made; goes into the tables.

    Raises
    ------
    SolarUnetError
        If shapes differ or the labels are not as told above.
    MagnetogramError
        If the map has no unit or one that is not of a magnetic field, or a feature has pixels
        without data.

    Examples
    --------
    >>> import astropy.units as u
    >>> import numpy as np
    >>> from sunpy_solarunet import FeatureCatalog, magnetogram
    >>> field = np.zeros((6, 8)) * u.G
    >>> field[2:4, 3:5] = 200 * u.G
    >>> frame = magnetogram(field, time="2017-07-13", scale=1 * u.arcsec, center=(0, 0) * u.arcsec)
    >>> catalog = FeatureCatalog(frame, (frame.data > 100).astype(int))
    >>> catalog
    <FeatureCatalog: 1 features (1 positive, 0 negative), 6 x 8 pixels, 2017-07-13 00:00:00.000>
    >>> catalog.x
    <Quantity [3.5] pix>
    >>> print(f"{catalog[0].area:.2f}")
    2.17 Mm2
    """

    def __init__(self, map, labels, *, probability=None, area="sky", meta=None):  # noqa: A002
        if not isinstance(map, GenericMap):
            raise TypeError(f"a sunpy.map.Map is needed, got {type(map).__name__}; magnetogram() makes one")
        if np.shape(labels) != map.data.shape:
            raise SolarUnetError(f"labels have shape {np.shape(labels)}, the map has {map.data.shape}")
        labels = require_whole(labels, "labels")
        #: The magnetogram.
        self.map = map
        #: Number of the feature that each pixel belongs to, 0 where there is none.
        self.labels = labels.astype(np.int32, copy=False)
        #: How pixel areas are counted.
        self.area_kind = name_choice(area, AREAS, "area")
        #: How the features were found.
        self.meta = dict(meta or {})
        possible = labels.min(initial=0) >= 0 and labels.max(initial=0) <= labels.size
        counts = np.bincount(labels.ravel()) if possible else [0]
        if not (possible and np.all(counts[1:])):
            raise SolarUnetError("labels must run from 1 without gaps: use skimage.segmentation.relabel_sequential")
        self._counts = counts[1:]
        if probability is not None and np.shape(probability) != labels.shape:
            raise SolarUnetError(f"labels have shape {labels.shape}, the probability has {np.shape(probability)}")
        # Only that of the features' pixels is kept.
        self._probability = None if probability is None else np.ravel(probability)[self._pixels].astype(float)
        if np.isnan(self._field).any():
            raise MagnetogramError("a feature has pixels where the map has no data")

    def __len__(self):
        return len(self._counts)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [Feature(self, number) for number in range(*index.indices(len(self)))]
        number = index + len(self) if index < 0 else index
        if not 0 <= number < len(self):
            raise IndexError(f"feature {index} of {len(self)}")
        return Feature(self, number)

    def __repr__(self):
        rows, columns = self.labels.shape
        positive = np.count_nonzero(self.polarity > 0)
        return (
            f"<FeatureCatalog: {len(self)} features ({positive} positive, {len(self) - positive} negative), "
            f"{rows} x {columns} pixels, {self.time.iso}>"
        )

    @property
    def time(self):
        """`~astropy.time.Time` of the magnetogram."""
        return self.map.date

    @lazyproperty
    def _pixels(self):
        """Flat indices of all features' pixels, feature after feature."""
        order = np.argsort(self.labels, axis=None, kind="stable")
        return order[self.labels.size - int(np.sum(self._counts)) :]

    @lazyproperty
    def _starts(self):
        """Where each feature begins in the flat arrays."""
        return np.concatenate([[0], np.cumsum(self._counts)[:-1]]).astype(int) if len(self) else np.zeros(0, int)

    @lazyproperty
    def _field(self):
        """Gauss of each feature pixel."""
        return field_strength(self.map).ravel()[self._pixels].astype(float)

    @lazyproperty
    def _pixel_positions(self):
        """Rows and columns of each feature pixel."""
        return np.divmod(self._pixels, self.labels.shape[1])

    @lazyproperty
    def _pixel_areas(self):
        """Mm2 of each feature pixel; zero where it has none."""
        area = pixel_area(self.map, self.area_kind).to_value(u.Mm**2)
        return np.nan_to_num(np.broadcast_to(area, self.labels.shape).ravel()[self._pixels])

    @lazyproperty
    def _has_all_areas(self):
        return self._total((self._pixel_areas == 0).astype(int)) == 0

    def _total(self, values):
        """Sum of a pixel quantity over each feature."""
        return np.add.reduceat(values, self._starts) if len(self) else np.zeros(0)

    @lazyproperty
    def label(self):
        """Number of each feature in ``labels``."""
        return np.arange(1, len(self) + 1)

    @lazyproperty
    def n_pixels(self):
        """Number of pixels."""
        return np.asarray(self._counts, int)

    @lazyproperty
    def area(self):
        """Area of the pixels that have one (see the flag "no_area"), `~astropy.units.Quantity` in Mm2."""
        return self._total(self._pixel_areas) * u.Mm**2

    @lazyproperty
    def flux(self):
        """Signed magnetic flux (equation 4) of the pixels that have an area, `~astropy.units.Quantity` in Mx."""
        return (self._total(self._field * self._pixel_areas) * (u.G * u.Mm**2)).to(u.Mx)

    @lazyproperty
    def polarity(self):
        """1 for positive flux, -1 for negative."""
        return np.where(self._total(self._field) < 0, -1, 1)

    @lazyproperty
    def mean_field(self):
        """Mean field of the pixels, `~astropy.units.Quantity` in G."""
        return self._total(self._field) / np.maximum(self.n_pixels, 1) * u.G

    @lazyproperty
    def peak_field(self):
        """Field of the strongest pixel, with its sign, `~astropy.units.Quantity` in G."""
        if not len(self):
            return np.zeros(0) * u.G
        highest = np.maximum.reduceat(self._field, self._starts)
        lowest = np.minimum.reduceat(self._field, self._starts)
        return np.where(highest >= -lowest, highest, lowest) * u.G

    @lazyproperty
    def _centroids(self):
        """Columns and rows of the flux-weighted centers."""
        weights = np.abs(self._field)
        rows, columns = self._pixel_positions
        total = self._total(weights)
        if np.any(total == 0):
            weights = np.where(np.repeat(total == 0, self.n_pixels), 1.0, weights)
            total = self._total(weights)
        return self._total(weights * columns) / total, self._total(weights * rows) / total

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
        return surface_coordinates(self.coordinate)

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
        """Columns, rows and labels of the pixels at the features' borders, ordered by label."""
        at_border = geometry.border_pixels(self.labels).ravel()[self._pixels]
        rows, columns = self._pixel_positions
        return columns[at_border], rows[at_border], self.labels.ravel()[self._pixels[at_border]]

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
        columns, rows, owners = self.border_positions
        starts = 4 * np.searchsorted(owners, self.label)
        stretch = self.grid.stretch(*self._centroids)
        corners = geometry.pixel_corners(columns, rows)
        stretched = np.einsum("nij,nj->ni", stretch[np.repeat(owners - 1, 4)], corners)
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
    def noise(self):
        """
        Noise of a pixel, `~astropy.units.Quantity` in G: 1.48 times the median of the field where there is no feature.

        Zero where there is no such pixel.
        """
        rest = np.abs(field_strength(self.map)[self.labels == 0])
        rest = rest[~np.isnan(rest)]
        return (NORMAL_MEDIAN * np.median(rest) if len(rest) else 0.0) * u.G

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
        return ~np.isnan(field_strength(self.map))

    @lazyproperty
    def touches_edge(self):
        """Whether features touch the frame's edge or pixels without data."""
        beyond = ndimage.binary_dilation(~np.pad(self.has_data, 1), np.ones((3, 3)))[1:-1, 1:-1]
        return self._total(beyond.ravel()[self._pixels].astype(int)) > 0

    @property
    def cut(self):
        """Whether data that are missing in a frame beside this one cut features: not as long as it stands alone."""
        return np.zeros(len(self), bool)

    @lazyproperty
    def flags(self):
        """Sums of the bits in `~sunpy_solarunet.features.FLAGS`."""
        found = {"edge": self.touches_edge, "off_disk": np.isnan(self.lon), "no_area": ~self._has_all_areas}
        return sum(FLAGS[name][0] * is_set for name, is_set in found.items())

    def borders(self, *, inset=0.0):
        """
        Outlines of all features along the edges of their pixels.

        Parameters
        ----------
        inset : `float`
            How far, in pixels, the outlines are drawn into their feature.

        Returns
        -------
        tuple
            A list of arrays of shape (n, 2), x and y in pixels, each closed, and the label of each.
        """
        return geometry.rings(self.labels, inset=inset)

    @lazyproperty
    def _borders(self):
        return self.borders()

    def to_table(self):
        """
        All measurements as a table.

        Returns
        -------
        `~astropy.table.QTable`
            One row a feature: label, polarity, n_pixels, area, flux, mean_field, peak_field, x, y,
            Tx, Ty, lon, lat, radius, probability, flags. The ``meta`` tells how the features were found.
        """
        table = QTable({name: getattr(self, name) for name in MEASUREMENTS})
        file = str(self.map.meta.get("filename", ""))
        table.meta.update(self.meta, time=self.time.isot, file=file, area=self.area_kind)
        return table


#: The columns of `FeatureCatalog.to_table`.
MEASUREMENTS = (
    "label",
    "polarity",
    "n_pixels",
    "area",
    "flux",
    "mean_field",
    "peak_field",
    "x",
    "y",
    "Tx",
    "Ty",
    "lon",
    "lat",
    "radius",
    "probability",
    "flags",
)


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
    summary = getattr(FeatureCatalog, name).__doc__
    return property(lambda feature: getattr(feature.catalog, name)[feature.index], doc=summary)


for _name in (*MEASUREMENTS, "coordinate"):
    setattr(Feature, _name, _of_catalog(_name))
