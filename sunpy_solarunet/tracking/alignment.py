"""
Two frames side by side: where the features of one would be in the other, and which of them missing data cut.
"""

import warnings

import numpy as np
from astropy.utils import lazyproperty
from scipy import ndimage

from sunpy_solarunet.errors import SolarUnetWarning
from sunpy_solarunet.magnetograms import pointing_shift
from sunpy_solarunet.tracking.association import overlap_pixels
from sunpy_solarunet.tracking.drift import bulk_drift

__all__ = ["Aligned", "Pointing", "align"]

#: A drift is looked for up to this many pixel lengths beyond twice the reach of features.
DRIFT = 10.0


class Aligned:
    """
    A catalog whose features stand where they would be in another frame.

    Everything but places is that of the catalog. Pixels move by whole ones.

    Parameters
    ----------
    catalog : `~sunpy_solarunet.FeatureCatalog`
    shift : `numpy.ndarray`
        Pixels along x and y: what pointing and drift move.
    grid : `~sunpy_solarunet.magnetograms.Grid`
        Of the other frame.
    """

    def __init__(self, catalog, shift, grid):
        self._catalog = catalog
        self._shift = shift
        self.grid = grid
        self.numbered = moved(catalog.numbered, shift)
        self.x = catalog.x + shift[0] * catalog.x.unit
        self.y = catalog.y + shift[1] * catalog.y.unit
        #: Whether data that are missing in one of the two frames hide a part of a feature, or bare it.
        self.cut = np.zeros(len(catalog), bool)

    def __getattr__(self, name):
        if name == "_catalog":  # of an instance that is being unpickled
            raise AttributeError(name)
        return getattr(self._catalog, name)

    def __len__(self):
        return len(self._catalog)

    @lazyproperty
    def labels(self):
        """Labels, moved as the pixels are."""
        return moved(self._catalog.labels, self._shift)

    @property
    def enclosing_circles(self):
        """Centers and radii, as in the catalog."""
        centers, radii = self._catalog.enclosing_circles
        return centers + self._shift, radii

    @lazyproperty
    def border_positions(self):
        """Columns, rows and numbers, as in the catalog; columns and rows need not be whole."""
        columns, rows, owners = self._catalog.border_positions
        return columns + self._shift[0], rows + self._shift[1], owners

    @lazyproperty
    def places(self):
        """Places of the centers, as in the catalog."""
        return self.grid.places(self.x.value, self.y.value)

    @lazyproperty
    def border_places(self):
        """Places of the border pixels, as in the catalog."""
        return self.grid.places(*self.border_positions[:2])

    @property
    def touches_edge(self):
        """Whether features touch the edge of the data in either frame."""
        return self._catalog.touches_edge | self.cut


def align(before, after, shift):
    """
    Bring the features of two frames into the pixels of the later one, and find those that missing data cut.

    Parameters
    ----------
    before, after : `~sunpy_solarunet.FeatureCatalog`
        Of frames of one shape.
    shift : `numpy.ndarray`
        Pixels along x and y that what the earlier frame shows has moved by in the later one.

    Returns
    -------
    tuple of `Aligned`

    Examples
    --------
    A feature that a hole in the later frame covers may be there, but nobody can know:

    >>> import astropy.units as u
    >>> import numpy as np
    >>> from sunpy_solarunet import Segmenter, magnetogram
    >>> field = np.full((2, 12, 16), 5.0)
    >>> field[:, 2:5, 3:7] = 300
    >>> field[:, 7:10, 9:14] = -300
    >>> field[1, 1:6, 2:8] = np.nan
    >>> segmenter = Segmenter("threshold")
    >>> catalogs = [segmenter(magnetogram(data * u.G, time="2017-07-13", scale=1 * u.arcsec, center=(0, 0) * u.arcsec))
    ...             for data in field]
    >>> before, after = align(*catalogs, np.zeros(2))
    >>> before.cut, after.cut
    (array([ True, False]), array([False]))
    """
    aligned = Aligned(before, shift, after.grid), Aligned(after, np.zeros(2), after.grid)
    missing = moved(before.has_data, shift) ^ after.has_data
    near = ndimage.binary_dilation(missing, np.ones((3, 3))) if missing.any() else missing
    for each in aligned:
        each.cut[each.numbered[near & (each.numbered > 0)] - 1] = True
        # What has moved beyond the frame is not seen in it.
        left = np.bincount(each.numbered.ravel(), minlength=len(each) + 1)[1:]
        each.cut |= left < each.n_pixels
    return aligned


def moved(array, shift):
    """
    An array moved by whole pixels; what leaves the frame is lost, and zero comes in.

    Parameters
    ----------
    array : `numpy.ndarray`
        Shape (rows, columns).
    shift : `numpy.ndarray`
        Pixels along x and y.

    Returns
    -------
    `numpy.ndarray`
        The array itself where there is nothing to move.
    """
    x, y = np.rint(shift).astype(int)
    if not x and not y:
        return array
    result = np.zeros_like(array)
    height, width = array.shape
    if abs(x) < width and abs(y) < height:
        result[max(y, 0) : height + min(y, 0), max(x, 0) : width + min(x, 0)] = array[
            max(-y, 0) : height + min(-y, 0), max(-x, 0) : width + min(-x, 0)
        ]
    return result


class Pointing:
    """
    How the view moves from one frame to the next: by the coordinates of the maps, and by what features share.

    Parameters
    ----------
    before, after : `~sunpy_solarunet.FeatureCatalog`
        Of frames of one shape.
    """

    def __init__(self, before, after):
        self._before = before
        self._after = after
        #: Pixels along x and y that the same coordinates are apart in the two frames.
        self.shift, self._spread = pointing_shift(before.map, after.map)

    def drift(self, reach):
        """
        The displacement beyond the pointing's that most features share.

        Parameters
        ----------
        reach : `float`
            Twice the moving distance, in units of the pixel length.

        Returns
        -------
        `numpy.ndarray`
            Pixels along x and y.
        """
        middle = [np.array([(length - 1) / 2]) for length in self._after.labels.shape[::-1]]
        narrowest = np.linalg.svd(self._after.grid.stretch(*middle)[0], compute_uv=False).min()
        farthest = (2 * reach + DRIFT) / narrowest + np.hypot(*self.shift)
        return bulk_drift(Aligned(self._before, self.shift, self._after.grid), self._after, farthest)

    def warn_of_doubt(self, reach):
        """
        Warn where the coordinates move or turn the view farther than features move, and the features do not show it.

        Parameters
        ----------
        reach : `float`
            Twice the moving distance, in units of the pixel length.
        """
        limit, length = max(reach, 1.0), np.hypot(*self.shift)
        if length > limit and self._shared_pixels(np.zeros(2)) > self._shared_pixels(self.shift):
            fault = f"points {length:.1f} pixels away from the one before it, and the features do not show it"
        elif self._spread > limit:
            fault = f"is turned or scaled against the one before it, by up to {self._spread:.1f} pixels"
        else:
            return
        warnings.warn(
            f"the frame of {self._after.time.isot} {fault}; features may move by {reach:.1f} pixels: "
            "align the frames first",
            SolarUnetWarning,
            stacklevel=5,
        )

    def _shared_pixels(self, shift):
        """Pixels that features of one sign have in common."""
        i, j, counts = overlap_pixels(Aligned(self._before, shift, self._after.grid), self._after)
        return counts[self._before.polarity[i] == self._after.polarity[j]].sum()
