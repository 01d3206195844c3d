"""
From a field to the network's probabilities: scaling, padding, tiles.
"""

import numpy as np

from sunpy_solarunet.segmentation.network import POOLING_FACTOR, receptive_radius

__all__ = ["predict_classes", "scale_field"]

#: Sides of the largest piece that the network is given at once, in pixels.
LARGEST_TILE = 1024

#: What a tile must see beyond the pixels that it answers for: on the pooling grid, no less than the network sees.
HALO = -(-receptive_radius() // POOLING_FACTOR) * POOLING_FACTOR


def scale_field(field, scale):
    """
    The network's input: the field clipped to plus and minus the scale, in units of the scale.

    Parameters
    ----------
    field : `numpy.ndarray`
        Gauss; not-a-number counts as no field.
    scale : `float`
        Gauss (the paper's 300 G).

    Returns
    -------
    `numpy.ndarray` of `numpy.float32`
    """
    return (np.clip(np.nan_to_num(field), -scale, scale) / scale).astype(np.float32)


def predict_classes(model, scaled, *, largest_tile=LARGEST_TILE):
    """
    Class probabilities of one frame of any size.

    The frame is mirrored at its upper and right edge up to multiples of 16. A frame with a longer
    side than the largest tile is cut into tiles that start on the pooling grid and overlap by the
    receptive field: the result is that of the whole frame.

    Parameters
    ----------
    model : `keras.Model`
    scaled : `numpy.ndarray`
        Shape (rows, columns), as from `scale_field`.
    largest_tile : `int`
        Sides of a tile in pixels, a multiple of 16.

    Returns
    -------
    `numpy.ndarray` of `numpy.float32`
        Shape (rows, columns, classes).
    """
    rows, columns = scaled.shape
    padded = np.pad(scaled, [(0, -side % POOLING_FACTOR) for side in scaled.shape], mode="symmetric")
    result = None
    for row_tile, row_core in _tiles(padded.shape[0], largest_tile):
        for column_tile, column_core in _tiles(padded.shape[1], largest_tile):
            piece = padded[row_tile, column_tile]
            answer = np.asarray(model.predict_on_batch(piece[np.newaxis, ..., np.newaxis]))[0]
            if result is None:
                result = np.empty((*padded.shape, answer.shape[-1]), np.float32)
            kept = tuple(
                slice(core.start - tile.start, core.stop - tile.start)
                for core, tile in ((row_core, row_tile), (column_core, column_tile))
            )
            result[row_core, column_core] = answer[kept]
    return result[:rows, :columns]


def _tiles(side, largest):
    """Tiles along one axis, all of one length, and the part of the axis that each answers for."""
    if side <= largest:
        return [(slice(0, side), slice(0, side))]
    core = largest - 2 * HALO
    if core <= 0:
        raise ValueError(f"tiles of {largest} pixels are too small: more than {2 * HALO} are needed")
    tiles = []
    for start in range(0, side, core):
        first = min(max(start - HALO, 0), side - largest)
        tiles.append((slice(first, first + largest), slice(start, min(start + core, side))))
    return tiles
