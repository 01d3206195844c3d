"""
From a field to the network's probabilities: input, padding, tiles, batches.
"""

import itertools
from dataclasses import dataclass

import keras
import numpy as np

from sunpy_solarunet.segmentation.calibration import temper
from sunpy_solarunet.segmentation.engines import choose_engine, compiled
from sunpy_solarunet.segmentation.folding import fold_network
from sunpy_solarunet.segmentation.network import PIXEL_RANGE, receptive_radius
from sunpy_solarunet.segmentation.noise import estimate_noise
from sunpy_solarunet.segmentation.precision import choose_precision
from sunpy_solarunet.segmentation.processes import require_own_process

__all__ = ["Predictor", "Reach", "noise_aware_input", "predict_classes", "predict_field", "scale_field"]

#: Sides of the largest piece that a network is given at once, in pixels, if it has no more than so many kernels at full
#: resolution. Larger pieces waste less on what is seen twice, and take more memory, as more kernels and OpenVINO do.
LARGEST_TILES, THEIR_KERNELS = {"keras": 1536, "openvino": 1280}, 24

#: Less noise than this share of the level makes no difference, and fields of more noises than this number neither.
LEAST_NOISE, NOISE_RANGE = 0.02, 5.0


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


def noise_aware_input(field, level, noise):
    """
    The polarity-blind network's input: the field in units of the level and of the noise, and the noise.

    Parameters
    ----------
    field : `numpy.ndarray`
        Gauss, shape (rows, columns); not-a-number counts as no field.
    level : `float`
        Gauss: where the field without noise and blur is stronger, flux is significant.
    noise : `float`
        Gauss, from `~sunpy_solarunet.segmentation.noise.estimate_noise`.

    Returns
    -------
    `numpy.ndarray` of `numpy.float32`
        Shape (rows, columns, 3).
    """
    field = np.nan_to_num(np.asarray(field, np.float32)) / np.float32(level)
    relative = max(noise / level, LEAST_NOISE)
    channels = np.empty((*field.shape, 3), np.float32)
    channels[..., 0] = np.clip(field / PIXEL_RANGE, -1, 1)
    channels[..., 1] = np.clip(field / (NOISE_RANGE * relative), -1, 1)
    channels[..., 2] = np.log2(relative) / 4
    return channels


@dataclass(frozen=True)
class Reach:
    """
    How a network's answers hang together with the pixels of its input.

    Parameters
    ----------
    factor : `int`
        What its poolings divide the sides of the input by: both are to be multiples of it.
    halo : `int`
        What a tile must see beyond the pixels that it answers for: no less than the network sees, and a
        multiple of the factor.
    """

    factor: int
    halo: int

    @classmethod
    def of(cls, network):
        """
        The reach of a network of the package's shape, from the number of its poolings.

        Parameters
        ----------
        network : `keras.Model`

        Returns
        -------
        Reach

        Examples
        --------
        >>> from sunpy_solarunet.segmentation.inference import Reach
        >>> from sunpy_solarunet.segmentation.network import build_network
        >>> Reach.of(build_network(kernels=(2, 3, 4)))
        Reach(factor=4, halo=24)
        """
        poolings = sum(isinstance(layer, keras.layers.MaxPooling2D) for layer in network.layers)
        factor = 2**poolings
        return cls(factor, -(-receptive_radius(poolings + 1) // factor) * factor)


class Predictor:
    """
    A trained network made ready for many magnetograms of any size.

    Its batch normalizations are folded into the convolutions and, with TensorFlow or OpenVINO, the
    rest is compiled once for all sizes. A frame with a longer side than the largest tile is cut into tiles
    that overlap by what the network sees: the result is that of the whole frame.

    Parameters
    ----------
    network : `keras.Model`
        The predictor takes its weights as they are; training it further changes nothing here.
    inputs : `dict`
        The section ``input`` of a recipe or specification: ``level_gauss`` for a network that is
        told the noise, else ``scale_gauss``.
    temperature : `float`
        See `~sunpy_solarunet.segmentation.calibration.temper`.
    precision : {"float32", "bfloat16", "auto"}
        Of the convolutions. In "bfloat16" they take a third to a fifth of the time on processors with
        instructions for it, and may take longer on others; "auto" knows, see
        `~sunpy_solarunet.segmentation.precision.choose_precision`. Probabilities differ by some hundredths at
        most.
    engine : {"keras", "openvino"}
        What computes the convolutions, see `~sunpy_solarunet.segmentation.engines.choose_engine`.
    largest_tile : `int`, optional
        Longest side of what the network is given at once, in pixels. If it is not given, what the
        memory allows: up to 1536 pixels, so that a frame of 4096 x 4096 takes less than 3 GB.

    Raises
    ------
    ValueError
        If the tiles are too small for the network to see enough.
    SolarUnetError
        If the precision or the engine is unknown, or the engine is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.segmentation.inference import Predictor
    >>> from sunpy_solarunet.segmentation.network import build_network
    >>> predictor = Predictor(build_network(kernels=(2, 3, 4)), {"scale_gauss": 300.0})
    >>> predictor.classes(np.zeros((30, 50))).shape
    (30, 50, 2)
    """

    def __init__(self, network, inputs, *, temperature=1.0, precision="float32", engine="keras", largest_tile=None):
        require_own_process()
        precision = choose_precision(precision, engine=engine)
        engine = choose_engine(engine, precision=precision)
        self._inputs = dict(inputs)
        self._temperature = temperature
        self._reach = Reach.of(network)
        self._largest_tile = _largest_tile(network, engine) if largest_tile is None else largest_tile
        _largest_core(self._largest_tile, self._reach)
        self._network = fold_network(network, precision)
        self._run = compiled(self._network, engine)

    def classes(self, field, noise=None):
        """
        Class probabilities of one frame.

        Parameters
        ----------
        field : `numpy.ndarray`
            Gauss, shape (rows, columns); not-a-number where there are no data.
        noise : `float`, optional
            Its noise in gauss, where it is known from `~sunpy_solarunet.segmentation.noise.estimate_noise`
            already.

        Returns
        -------
        `numpy.ndarray` of `numpy.float32`
            Shape (rows, columns, classes).
        """
        return self._batch([field], None if noise is None else [noise])[0]

    def classes_of_many(self, fields, *, batch=1):
        """
        Class probabilities of many frames.

        Parameters
        ----------
        fields : iterable of `numpy.ndarray`
            As for `classes`; taken as they are needed.
        batch : `int`
            Number of successive frames of one shape that the network is given at once. More than
            one pays on a GPU.

        Yields
        ------
        `numpy.ndarray` of `numpy.float32`
            Shape (rows, columns, classes), in the order of the frames.
        """
        for _, alike in itertools.groupby(fields, key=np.shape):
            while frames := list(itertools.islice(alike, batch)):
                yield from self._batch(frames)

    def _batch(self, frames, noises=None):
        require_own_process()
        noises = _noises(frames, self._inputs) if noises is None else noises
        together = np.asarray(frames[0])[np.newaxis] if len(frames) == 1 else np.stack(frames)
        return _in_tiles(together, lambda tiles: self._answer(tiles, noises), self._reach, self._largest_tile)

    def _answer(self, tiles, noises):
        return temper(self._run(_network_inputs(tiles, self._inputs, noises)), self._temperature)


def predict_field(model, field, inputs):
    """
    Class probabilities of a field in gauss by a network as it is, such as one in training.

    Parameters
    ----------
    model : `keras.Model`
    field : `numpy.ndarray`
        Gauss, shape (rows, columns); not-a-number where there are no data.
    inputs : `dict`
        The section ``input`` of a recipe or specification: ``level_gauss`` for a network that is
        told the noise, else ``scale_gauss``.

    Returns
    -------
    `numpy.ndarray` of `numpy.float32`
        Shape (rows, columns, classes).
    """
    noises = _noises([field], inputs)
    return predict_classes(model, _network_inputs([field], inputs, noises)[0])


def predict_classes(model, scaled, *, largest_tile=None):
    """
    Class probabilities of one frame of any size.

    The frame is mirrored at its upper and right edge up to multiples of what the poolings divide
    it by. A frame with a longer side than the largest tile is cut into tiles that start on the
    pooling grid and overlap by the receptive field: the result is that of the whole frame.

    Parameters
    ----------
    model : `keras.Model`
    scaled : `numpy.ndarray`
        Shape (rows, columns, channels): the network's input.
    largest_tile : `int`, optional
        Longest side of a tile in pixels; what the memory allows, if it is not given.

    Returns
    -------
    `numpy.ndarray` of `numpy.float32`
        Shape (rows, columns, classes).

    Raises
    ------
    ValueError
        If the tiles are too small for the network to see enough.
    """
    largest_tile = _largest_tile(model) if largest_tile is None else largest_tile
    return _in_tiles(scaled[np.newaxis], model.predict_on_batch, Reach.of(model), largest_tile)[0]


def _largest_tile(network, engine="keras"):
    kernels = next((layer.filters for layer in network.layers if isinstance(layer, keras.layers.Conv2D)), THEIR_KERNELS)
    return int(LARGEST_TILES[engine] * min(1, THEIR_KERNELS / kernels) ** 0.5)


def _noises(frames, inputs):
    """The noise of each whole frame, where the network is told it."""
    return [estimate_noise(frame) if "level_gauss" in inputs else None for frame in frames]


def _network_inputs(tiles, inputs, noises):
    """What the network is given for tiles of several frames: shape (frames, rows, columns, channels)."""
    if "level_gauss" in inputs:
        level = inputs["level_gauss"]
        return np.stack([noise_aware_input(tile, level, noise) for tile, noise in zip(tiles, noises, strict=True)])
    return np.stack([scale_field(tile, inputs["scale_gauss"]) for tile in tiles])[..., np.newaxis]


def _in_tiles(frames, answer, reach, largest_tile):
    """Answers for frames of one shape, (frames, rows, columns) and perhaps channels, put together from tiles."""
    rows, columns = frames.shape[1:3]
    beyond = [(0, 0), (0, -rows % reach.factor), (0, -columns % reach.factor)] + [(0, 0)] * (frames.ndim - 3)
    padded = np.pad(frames, beyond, mode="symmetric") if np.any(beyond) else frames
    result = None
    for row_tile, row_core in _tiles(padded.shape[1], largest_tile, reach):
        for column_tile, column_core in _tiles(padded.shape[2], largest_tile, reach):
            part = np.asarray(answer(padded[:, row_tile, column_tile]))
            if result is None:
                result = np.empty((*padded.shape[:3], part.shape[-1]), np.float32)
            kept = tuple(
                slice(core.start - tile.start, core.stop - tile.start)
                for core, tile in ((row_core, row_tile), (column_core, column_tile))
            )
            result[:, row_core, column_core] = part[:, *kept]
    return result[:, :rows, :columns]


def _largest_core(largest_tile, reach):
    """What is left of the longest tile when it sees enough on both sides."""
    core = (largest_tile - 2 * reach.halo) // reach.factor * reach.factor
    if core <= 0:
        raise ValueError(f"tiles of {largest_tile} pixels are too small: more than {2 * reach.halo} are needed")
    return core


def _tiles(side, largest_tile, reach):
    """Tiles along one axis, as few as can be, of one length, and the part of the axis that each answers for."""
    if side <= largest_tile:
        return [(slice(0, side), slice(0, side))]
    inner = side - 2 * reach.halo
    number = -(-inner // _largest_core(largest_tile, reach))
    core = -(-inner // (number * reach.factor)) * reach.factor
    length = core + 2 * reach.halo
    starts = [min(index * core, side - length) for index in range(number)]
    borders = [0, *(start + reach.halo for start in starts[1:]), side]
    return [
        (slice(start, start + length), slice(*part))
        for start, part in zip(starts, itertools.pairwise(borders), strict=True)
    ]
