"""
Augmentation: training pairs shifted, turned, mirrored and zoomed (section 3.1, step 3).
"""

import numpy as np
from scipy import ndimage

__all__ = ["augmented_crop"]


def _random_grid_transform(rng):
    """One of the eight quarter turns and mirrorings, as a 2x2 matrix."""
    matrix = np.linalg.matrix_power(np.array([[0.0, -1.0], [1.0, 0.0]]), rng.integers(4))
    return matrix @ np.diag([1.0, rng.choice([-1.0, 1.0])])


def _random_free_transform(rng, zoom):
    """A rotation by any angle, a mirroring and a zoom, as a 2x2 matrix."""
    angle = rng.uniform(0, 2 * np.pi)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return rotation @ np.diag([1.0, rng.choice([-1.0, 1.0])]) / rng.uniform(1 / zoom, zoom)


def _mirrored(index, side):
    """Pixels within the frame, which is mirrored at its edges."""
    index = index % (2 * side)
    return np.where(index < side, index, 2 * side - 1 - index)


def augmented_crop(field, mask, size, rng, *, zoom=1.2, grid_share=0.5):
    """
    Cut a randomly shifted, rotated, flipped and zoomed square out of a training pair.

    The field is interpolated linearly, the mask takes its nearest pixel (section 3.1, step 3).
    Interpolation smooths the field's noise, which the mask was made with; a share of the crops is
    therefore turned by quarter turns and mirrored only, which moves pixels without mixing them.

    Parameters
    ----------
    field, mask : `numpy.ndarray`
        Two-dimensional, of one shape.
    size : `int`
        Sides of the crop in pixels.
    rng : `numpy.random.Generator`
    zoom : `float`
        Largest magnification; its inverse is the smallest.
    grid_share : `float`
        Share of the crops without interpolation.

    Returns
    -------
    tuple of `numpy.ndarray`
        Field and mask of shape ``(size, size)``.

    Examples
    --------
    >>> import numpy as np
    >>> field = np.arange(900.0).reshape(30, 30)
    >>> crop, mask = augmented_crop(field, field > 450, 16, np.random.default_rng(1))  # doctest: +SKIP
    """
    on_grid = rng.random() < grid_share
    matrix = _random_grid_transform(rng) if on_grid else _random_free_transform(rng, zoom)
    middle = (size - 1) / 2
    reach = np.abs(matrix).sum(axis=1) * middle
    sides = np.array(field.shape)
    first = np.ceil(reach)
    last = np.maximum(np.floor(sides - 1 - reach), first)
    center = rng.integers(first.astype(int), last.astype(int) + 1) + ((size + 1) % 2) / 2
    offset = center - matrix @ np.full(2, middle)
    if on_grid:
        pixels = np.rint(np.moveaxis(np.indices((size, size)), 0, -1) @ matrix.T + offset).astype(int)
        places = tuple(_mirrored(pixels[..., axis], side) for axis, side in enumerate(field.shape))
        return field[places], mask[places]
    shape = (size, size)
    crop = ndimage.affine_transform(field, matrix, offset, output_shape=shape, order=1, mode="reflect")
    labels = ndimage.affine_transform(mask, matrix, offset, output_shape=shape, order=0, mode="reflect")
    return crop, labels
