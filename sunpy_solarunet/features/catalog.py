"""
The features of one magnetogram: labelled pixels together with their map.
"""

from collections.abc import Sequence

import astropy.units as u
import numpy as np
from astropy.coordinates import Angle
from astropy.table import QTable
from astropy.utils import lazyproperty

from sunpy_solarunet import geometry
from sunpy_solarunet.errors import MagnetogramError, SolarUnetError, name_choice, require_quantity, require_whole
from sunpy_solarunet.features.comparing import is_same_magnetogram
from sunpy_solarunet.features.display import catalog_html
from sunpy_solarunet.features.feature import Feature
from sunpy_solarunet.features.files import read_catalog, write_catalog
from sunpy_solarunet.features.measurements import MEASUREMENTS, Measurements
from sunpy_solarunet.features.places import pixels_of
from sunpy_solarunet.features.selecting import part, position, positions, positions_of_labels
from sunpy_solarunet.magnetograms import AREAS
from sunpy_solarunet.magnetograms.maps import is_map

__all__ = ["FeatureCatalog"]

#: What a selection takes over as it is, and of what it takes the elements of its features or of their pixels.
OF_FRAME = ("grid", "has_data")
OF_FEATURES = (*MEASUREMENTS, "coordinate", "equivalent_radius", "enclosing_circles", "places", "bbox", "_centroids")
OF_PIXELS = ("_pixels", "_field", "_weights", "_pixel_areas", "_pixel_positions", "_probability")


class FeatureCatalog(Measurements, Sequence):
    """
    The magnetic features of one magnetogram.

    A sequence of `Feature`. Each property is an array with one element a feature, computed for all
    features at once when it is first asked for. A catalog without features has empty arrays.

    ``catalog[2]`` is a feature; ``catalog[:3]``, ``catalog[[0, 2]]`` and ``catalog[catalog.area > 2 * u.Mm**2]``
    are catalogs of some of the features. They keep their labels, and the order of these, each once;
    `noise` remains that of the whole magnetogram.

    Two catalogs are equal if they have the same pixels under the same labels, with the same
    probability, in the same magnetogram: field, time and coordinates.

    Parameters
    ----------
    map : `~sunpy.map.GenericMap`
        The magnetogram.
    labels : `numpy.ndarray`
        Shape (rows, columns), whole numbers of any type: 0 where there is no feature, else the feature's
        label. There may be gaps between the labels.
    probability : `numpy.ndarray`, optional
        Shape (rows, columns): the network's probability that a pixel is significant.
    noise : `~astropy.units.Quantity`, optional
        Noise of a pixel, if it is known; as in `noise`, if not given.
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
    >>> len(catalog[catalog.flux > 1e19 * u.Mx])
    0
    """

    def __init__(self, map, labels, *, probability=None, noise=None, area="sky", meta=None):  # noqa: A002
        if not is_map(map):
            raise TypeError(f"a sunpy.map.Map is needed, got {type(map).__name__}; magnetogram() makes one")
        if np.shape(labels) != map.data.shape:
            raise SolarUnetError(f"labels have shape {np.shape(labels)}, the map has {map.data.shape}")
        #: The magnetogram.
        self.map = map
        #: Label of the feature that each pixel belongs to, 0 where there is none.
        self.labels = _checked_labels(labels)
        #: How pixel areas are counted.
        self.area_kind = name_choice(area, AREAS, "area")
        #: How the features were found.
        self.meta = dict(meta or {})
        if probability is not None and np.shape(probability) != self.labels.shape:
            raise SolarUnetError(f"labels have shape {self.labels.shape}, the probability has {np.shape(probability)}")
        if noise is not None:
            self.noise = require_quantity(noise, u.G, "noise", positive=True) * u.G
        # Only that of the features' pixels is kept.
        self._probability = None if probability is None else np.ravel(probability)[self._pixels].astype(float)
        if not (np.isfinite(self._field) & self.has_data.ravel()[self._pixels]).all():
            raise MagnetogramError("a feature has pixels where the map has no data")

    def __len__(self):
        return len(self.label)

    def __getitem__(self, index):
        if isinstance(index, int | np.integer) and not isinstance(index, bool):
            return Feature(self, position(int(index), len(self)))
        return self._selection(positions(index, len(self)))

    def _selection(self, chosen):
        """The catalog of the features at increasing positions, with what is measured of them already."""
        kept = np.isin(np.arange(1, len(self) + 1), chosen + 1)
        of_pixels = np.repeat(kept, self.n_pixels)
        selection = object.__new__(type(self))
        selection.map, selection.area_kind, selection.meta = self.map, self.area_kind, dict(self.meta)
        selection.labels = np.where(np.append(False, kept)[self.numbered], self.labels, 0)
        selection.noise = self.noise
        for names, mask in ((OF_FRAME, ...), (OF_FEATURES, kept), (OF_PIXELS, of_pixels)):
            vars(selection).update((name, part(vars(self)[name], mask)) for name in names if name in vars(self))
        return selection

    def get_label(self, label):
        """
        The feature of a label.

        Parameters
        ----------
        label : `int`

        Returns
        -------
        Feature

        Raises
        ------
        SolarUnetError
            If no feature has it; the message lists the labels that there are.

        Examples
        --------
        >>> import astropy.units as u
        >>> import numpy as np
        >>> from sunpy_solarunet import FeatureCatalog, magnetogram
        >>> labels = np.array([[1, 0, 6], [1, 0, 0]])
        >>> frame = magnetogram(labels * u.G, time="2017-07-13", scale=1 * u.arcsec, center=(0, 0) * u.arcsec)
        >>> FeatureCatalog(frame, labels).get_label(6)
        <Feature 6: positive, 1 pixels, 3.26e+16 Mx, at (1.0 arcsec, -0.5 arcsec)>
        """
        return Feature(self, int(positions_of_labels([label], self.label)[0]))

    def get_labels(self, labels):
        """
        The features of several labels.

        Parameters
        ----------
        labels : array-like of `int`

        Returns
        -------
        FeatureCatalog
            In the order of the labels, each once, as from an index.

        Raises
        ------
        SolarUnetError
            If no feature has one of them; the message lists the labels that there are.

        Examples
        --------
        >>> import astropy.units as u
        >>> import numpy as np
        >>> from sunpy_solarunet import FeatureCatalog, magnetogram
        >>> labels = np.array([[1, 0, 6], [1, 0, 7]])
        >>> frame = magnetogram(labels * u.G, time="2017-07-13", scale=1 * u.arcsec, center=(0, 0) * u.arcsec)
        >>> FeatureCatalog(frame, labels).get_labels([7, 1]).label
        array([1, 7])
        """
        return self._selection(np.unique(positions_of_labels(labels, self.label)))

    def at(self, coordinate):
        """
        The feature that has a place on the Sun, as this magnetogram shows it.

        Parameters
        ----------
        coordinate : `~astropy.coordinates.SkyCoord`
            In any frame, one place or several.

        Returns
        -------
        Feature or `None`, or list of these
            `None` where there is no feature: outside of all of them, beyond the field of view, or
            behind the limb. A list, in the order of the places, for several.

        Raises
        ------
        TypeError
            If ``coordinate`` is none.

        Examples
        --------
        >>> import astropy.units as u
        >>> import numpy as np
        >>> from astropy.coordinates import SkyCoord
        >>> from sunpy_solarunet import FeatureCatalog, magnetogram
        >>> labels = np.array([[1, 0, 6], [1, 0, 0]])
        >>> frame = magnetogram(labels * u.G, time="2017-07-13", scale=1 * u.arcsec, center=(0, 0) * u.arcsec)
        >>> catalog = FeatureCatalog(frame, labels)
        >>> catalog.at(SkyCoord(1.2 * u.arcsec, -0.3 * u.arcsec, frame=frame.coordinate_frame))
        <Feature 6: positive, 1 pixels, 3.26e+16 Mx, at (1.0 arcsec, -0.5 arcsec)>
        """
        rows, columns, seen = pixels_of(self.map, coordinate)
        number = np.where(seen, self.numbered[rows, columns], 0)
        found = [Feature(self, int(place) - 1) if place else None for place in number.flat]
        return found if number.ndim else found[0]

    def __contains__(self, feature):
        if not isinstance(feature, Feature) or feature.label not in self.label:
            return False
        return self.get_label(feature.label) == feature

    def __eq__(self, other):
        if not isinstance(other, FeatureCatalog):
            return NotImplemented
        return (
            self.area_kind == other.area_kind
            and np.array_equal(self.labels, other.labels)
            and np.array_equal(self.probability, other.probability, equal_nan=True)
            and is_same_magnetogram(self.map, other.map)
        )

    def __hash__(self):
        return hash((self.labels.shape, self.label.tobytes(), self.n_pixels.tobytes()))

    def __repr__(self):
        rows, columns = self.labels.shape
        positive = np.count_nonzero(self.polarity > 0)
        return (
            f"<FeatureCatalog: {len(self)} features ({positive} positive, {len(self) - positive} negative), "
            f"{rows} x {columns} pixels, {self.time.iso}>"
        )

    def _repr_html_(self):
        return catalog_html(self)

    @property
    def time(self):
        """`~astropy.time.Time` of the magnetogram, in UTC."""
        return self.map.date.utc

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
        rings, owners = geometry.rings(self.numbered, inset=inset)
        return rings, self.label[owners - 1]

    @lazyproperty
    def _borders(self):
        return self.borders()

    def to_table(self):
        """
        All measurements as a table.

        Returns
        -------
        `~astropy.table.QTable`
            One row a feature: label, polarity, n_pixels, area, flux, flux_error, mean_field, peak_field, x, y,
            Tx, Ty, lon, lat, radius, elongation, orientation, bbox_xmin, bbox_xmax, bbox_ymin, bbox_ymax,
            probability, touches_edge, flags. The ``meta`` tells how the features were found.
        """
        columns = {name: getattr(self, name) for name in MEASUREMENTS}
        # Longitudes and latitudes are of a class of their own, which the other tables do not have.
        angles = {name: u.Quantity(value) for name, value in columns.items() if isinstance(value, Angle)}
        table = QTable(columns | angles)
        file = str(self.map.meta.get("filename", ""))
        table.meta.update(self.meta, time=self.time.isot, file=file, area=self.area_kind)
        return table

    def plot(self, events=None, *, axes=None, **kwargs):
        """
        Plot the magnetogram with the borders of its features, see `sunpy_solarunet.plotting.plot_catalog`.

        Parameters
        ----------
        events, axes, **kwargs
            Passed to `~sunpy_solarunet.plotting.plot_catalog`.

        Returns
        -------
        `~astropy.visualization.wcsaxes.WCSAxes`
        """
        # Figures are a room above this one.
        from sunpy_solarunet.plotting import plot_catalog

        return plot_catalog(self, events, axes=axes, **kwargs)

    def write(self, path, *, overwrite=False):
        """
        Write the catalog as one FITS file, whole or not at all.

        Its images, in compressed tiles that lose nothing, are the magnetogram, which SunPy and other
        software read as they read any, the labels and, if there is one, the probability of the features'
        pixels, all with the magnetogram's coordinates.

        Parameters
        ----------
        path : path-like
            With one of the suffixes .fits, .fit, .fts.
        overwrite : `bool`
            Replace a file that exists.

        Returns
        -------
        `pathlib.Path`

        Raises
        ------
        SolarUnetError
            If the suffix is another one.
        FileExistsError
            If the file exists and is not to be replaced.
        FileNotFoundError
            If there is no such folder.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> import astropy.units as u
        >>> import numpy as np
        >>> from sunpy_solarunet import FeatureCatalog, magnetogram
        >>> labels = np.array([[1, 0, 6], [1, 0, 7]])
        >>> frame = magnetogram(labels * u.G, time="2017-07-13", scale=1 * u.arcsec, center=(0, 0) * u.arcsec)
        >>> catalog = FeatureCatalog(frame, labels)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = catalog.write(Path(folder) / "catalog.fits")
        ...     FeatureCatalog.read(path) == catalog
        True
        """
        return write_catalog(self, path, overwrite=overwrite)

    @classmethod
    def read(cls, path):
        """
        Read a catalog that `write` has written.

        Parameters
        ----------
        path : path-like

        Returns
        -------
        FeatureCatalog
            Equal to the one that was written; of ``meta``, what JSON does not know has become text.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        SolarUnetError
            If the file is damaged or holds no catalog.
        """
        return cls(**read_catalog(path))


def _checked_labels(labels):
    """Labels as signed integers, of 32 bits where they fit."""
    labels = np.asarray(labels)
    if labels.dtype.kind != "i":
        labels = require_whole(labels, "labels")
    lowest, highest = labels.min(initial=0), labels.max(initial=0)
    if lowest < 0:
        raise SolarUnetError(f"labels must not be negative, the lowest is {lowest}")
    return labels.astype(np.int32 if highest <= np.iinfo(np.int32).max else np.int64, copy=False)
