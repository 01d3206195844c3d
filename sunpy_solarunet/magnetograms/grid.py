"""
Pixel coordinates of a map as places on the Sun: lengths, directions and how pixels are stretched.
"""

import astropy.units as u
import numpy as np

from sunpy_solarunet.magnetograms.surface import is_of_the_sky, pixel_length, sky_axes, world_angles

__all__ = ["Grid", "pointing_shift"]


class Grid:
    """
    Lengths between pixels of a map as they are on the Sun, in units of the map's pixel length.

    In a map of the sky they are those in the plane of the sky, at the distance of the Sun's center; in a
    heliographic map those on the sphere, as chords. Pixels may be oblong and, in a heliographic map, differ
    from row to row.

    Parameters
    ----------
    frame : `~sunpy.map.GenericMap`

    Examples
    --------
    Pixels of 2 by 0.5 arcsec are as long as square ones of 1 arcsec, and twice as wide:

    >>> import astropy.units as u
    >>> import numpy as np
    >>> from sunpy_solarunet import magnetogram
    >>> field = np.zeros((6, 8)) * u.G
    >>> frame = magnetogram(field, time="2017-07-13", scale=(2, 0.5) * u.arcsec, center=(0, 0) * u.arcsec)
    >>> grid = Grid(frame)
    >>> places = grid.places(np.array([2.0, 3.0, 2.0]), np.array([4.0, 4.0, 5.0]))
    >>> np.linalg.norm(places[1:] - places[0], axis=1)
    array([2. , 0.5])
    """

    def __init__(self, frame):
        self._wcs = frame.wcs
        self._flat = sky_axes(frame) if is_of_the_sky(frame) else None
        #: Length of a pixel's side, `~astropy.units.Quantity`.
        self.side = pixel_length(frame)
        if self._flat is None:
            self._radius = frame.rsun_meters.to_value(u.Mm)

    def axes(self, columns, rows):
        """
        Where one step along the columns and one along the rows lead.

        Parameters
        ----------
        columns, rows : `numpy.ndarray`
            Pixel coordinates, shape (n,).

        Returns
        -------
        `numpy.ndarray`
            Shape (n, 2, 2), Mm: the first row is the way toward west, the second toward north; the first column
            is that of a step along x, the second of one along y. Where the map shows no place on the Sun, that of
            a square pixel.
        """
        if self._flat is not None:
            return np.broadcast_to(self._flat, (len(columns), 2, 2))
        steps = []
        for right, up in ((0.5, 0), (0, 0.5)):
            ahead = world_angles(self._wcs, columns + right, rows + up)
            behind = world_angles(self._wcs, columns - right, rows - up)
            turn = (ahead[0] - behind[0] + np.pi) % (2 * np.pi) - np.pi
            middle = np.cos((ahead[1] + behind[1]) / 2)
            steps.append(np.stack([turn * middle, ahead[1] - behind[1]], axis=-1))
        axes = np.stack(steps, axis=-1) * self._radius
        size = np.abs(np.linalg.det(np.nan_to_num(axes)))[:, np.newaxis, np.newaxis]
        return np.where(size > 0, axes, self.side.to_value(u.Mm) * np.eye(2))

    def stretch(self, columns, rows):
        """
        The symmetric matrices that turn small steps in pixels into lengths on the Sun.

        Parameters
        ----------
        columns, rows : `numpy.ndarray`
            Pixel coordinates, shape (n,).

        Returns
        -------
        `numpy.ndarray`
            Shape (n, 2, 2), in units of the pixel length.
        """
        axes = self.axes(columns, rows) / self.side.to_value(u.Mm)
        square = np.swapaxes(axes, 1, 2) @ axes
        size = np.sqrt(np.maximum(np.linalg.det(square), 0))[:, np.newaxis, np.newaxis]
        trace = np.trace(square, axis1=1, axis2=2)[:, np.newaxis, np.newaxis]
        # Square pixels of a map of the sky have lengths in pixels to the last digit.
        return ((square + size * np.eye(2)) / np.sqrt(trace + 2 * size)).round(12)

    def places(self, columns, rows):
        """
        Places whose distances are lengths on the Sun.

        Parameters
        ----------
        columns, rows : `numpy.ndarray`
            Pixel coordinates, shape (n,).

        Returns
        -------
        `numpy.ndarray`
            In units of the pixel length: shape (n, 2) in a map of the sky, (n, 3) on the sphere. Where a
            heliographic map shows no place on the Sun, the Sun's center, which is far from all others.
        """
        if self._flat is not None:
            return np.column_stack([columns, rows]) @ self.stretch(np.zeros(1), np.zeros(1))[0]
        lon, lat = world_angles(self._wcs, columns, rows)
        radius = self._radius / self.side.to_value(u.Mm)
        vectors = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
        return radius * np.nan_to_num(vectors)


def pointing_shift(before, after):
    """
    By how many pixels what one map shows is displaced in another of the same shape, as their coordinates have it.

    Parameters
    ----------
    before, after : `~sunpy.map.GenericMap`

    Returns
    -------
    shift : `numpy.ndarray`
        Along x and y: the median over the frame.
    spread : `float`
        Largest difference from it, as a turn or another scale causes it.

    Examples
    --------
    >>> import astropy.units as u
    >>> import numpy as np
    >>> from sunpy_solarunet import magnetogram
    >>> first, second = (
    ...     magnetogram(np.zeros((6, 8)) * u.G, time="2017-07-13", scale=2 * u.arcsec, center=(x, 5) * u.arcsec)
    ...     for x in (10, 13)
    ... )
    >>> shift, spread = pointing_shift(first, second)
    >>> print(shift.round(6), round(spread, 6))
    [-1.5  0. ] 0.0
    """
    height, width = before.data.shape
    rows, columns = (grid.ravel() for grid in np.meshgrid(_thirds(height), _thirds(width), indexing="ij"))
    seen = np.stack(after.wcs.world_to_pixel_values(*before.wcs.pixel_to_world_values(columns, rows)))
    shifts = seen - [columns, rows]
    shifts = shifts[:, np.isfinite(shifts).all(axis=0)]
    if not shifts.size:
        return np.zeros(2), 0.0
    shift = np.median(shifts, axis=1)
    shift[np.abs(shift) < SAME_POINTING] = 0
    return shift, float(np.hypot(*(shifts - shift[:, np.newaxis])).max())


#: Displacements of fewer pixels are rounding.
SAME_POINTING = 1e-6


def _thirds(length):
    return np.array([0, (length - 1) / 2, length - 1])
