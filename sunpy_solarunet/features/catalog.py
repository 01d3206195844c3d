"""
The features of one magnetogram: labelled pixels together with their map.
"""

from collections.abc import Sequence

import numpy as np
from astropy.table import QTable
from astropy.utils import lazyproperty
from sunpy.map import GenericMap

from sunpy_solarunet import geometry
from sunpy_solarunet.errors import MagnetogramError, SolarUnetError, name_choice
from sunpy_solarunet.features.feature import Feature
from sunpy_solarunet.features.measurements import MEASUREMENTS, Measurements
from sunpy_solarunet.magnetograms import AREAS

__all__ = ["FeatureCatalog"]


class FeatureCatalog(Measurements, Sequence):
    """
    The magnetic features of one magnetogram.

    A sequence of `Feature`. Each property is an array with one element a feature, computed for all
    features at once when it is first asked for. A catalog without features has empty arrays.

    Parameters
    ----------
    map : `~sunpy.map.GenericMap`
        The magnetogram.
    labels : `numpy.ndarray` of `int`
        Shape (rows, columns): 0 where there is no feature, else the feature's label. There may be gaps
        between the labels.
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
        labels = np.asarray(labels)
        if labels.shape != map.data.shape:
            raise SolarUnetError(f"labels have shape {labels.shape}, the map has {map.data.shape}")
        #: The magnetogram.
        self.map = map
        #: Label of the feature that each pixel belongs to, 0 where there is none.
        self.labels = _checked_labels(labels)
        #: How pixel areas are counted.
        self.area_kind = name_choice(area, AREAS, "area")
        #: How the features were found.
        self.meta = dict(meta or {})
        if probability is not None and np.shape(probability) != labels.shape:
            raise SolarUnetError(f"labels have shape {labels.shape}, the probability has {np.shape(probability)}")
        # Only that of the features' pixels is kept.
        self._probability = None if probability is None else np.ravel(probability)[self._pixels].astype(float)
        if np.isnan(self._field).any():
            raise MagnetogramError("a feature has pixels where the map has no data")

    def __len__(self):
        return len(self.label)

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
            One row a feature: label, polarity, n_pixels, area, flux, mean_field, peak_field, x, y,
            Tx, Ty, lon, lat, radius, probability, flags. The ``meta`` tells how the features were found.
        """
        table = QTable({name: getattr(self, name) for name in MEASUREMENTS})
        file = str(self.map.meta.get("filename", ""))
        table.meta.update(self.meta, time=self.time.isot, file=file, area=self.area_kind)
        return table


def _checked_labels(labels):
    """Labels as signed integers, of 32 bits where they fit."""
    if labels.dtype.kind not in "iu":
        raise SolarUnetError(f"labels must be integers, these are {labels.dtype}")
    lowest, highest = labels.min(initial=0), labels.max(initial=0)
    if lowest < 0 or highest > np.iinfo(np.int64).max:
        raise SolarUnetError(f"labels must lie between 0 and 2**63 - 1, these run from {lowest} to {highest}")
    return labels.astype(np.int32 if highest <= np.iinfo(np.int32).max else np.int64, copy=False)
