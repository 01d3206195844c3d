"""
The U-shaped networks: the paper's of section 3.2 and the package's own, and nothing else.

Written against Keras alone, so that any Keras 3 backend can run them.
"""

import itertools

import keras
from keras import layers, ops

__all__ = [
    "ARCHITECTURES",
    "KERNELS",
    "build_network",
    "build_polarity_blind_network",
    "receptive_radius",
]

#: Kernels of the four encoder blocks and the bottleneck (Figure 2 of Jiang et al. 2020).
KERNELS = (32, 64, 128, 256, 512)

#: The first channel of the polarity-blind network is the field in units of the level, divided by this number and
#: clipped to one; its last layers see how much the field exceeds the level, this many times enlarged.
PIXEL_RANGE, PIXEL_STEEPNESS = 10 / 3, 8.0


def _convolution(tensor, kernels, name, seed, policy):
    """3x3 convolution, batch normalization, ReLU."""
    initializer = keras.initializers.HeNormal(seed=seed)
    options = {"kernel_initializer": initializer, "dtype": policy}
    tensor = layers.Conv2D(kernels, 3, padding="same", name=f"{name}_conv", **options)(tensor)
    tensor = layers.BatchNormalization(name=f"{name}_norm", dtype=policy)(tensor)
    return layers.Activation("relu", name=f"{name}_relu", dtype=policy)(tensor)


def _two_convolutions(tensor, kernels, name, seeds, policy):
    tensor = _convolution(tensor, kernels, f"{name}_1", next(seeds), policy)
    return _convolution(tensor, kernels, f"{name}_2", next(seeds), policy)


def _joined(tensor, shortcut, width, name, seeds, policy):
    """2x2 up-convolution, and concatenation with the encoder block of the same size."""
    initializer = keras.initializers.GlorotUniform(seed=next(seeds))
    options = {"strides": 2, "padding": "same", "kernel_initializer": initializer, "dtype": policy}
    tensor = layers.Conv2DTranspose(width, 2, name=f"{name}_up", **options)(tensor)
    return layers.Concatenate(name=f"{name}_concatenate", dtype=policy)([shortcut, tensor])


def _probabilities(tensor, classes, seeds):
    """1x1 convolution with a softmax, in full precision."""
    initializer = keras.initializers.GlorotUniform(seed=next(seeds))
    options = {"activation": "softmax", "kernel_initializer": initializer, "dtype": "float32"}
    return layers.Conv2D(classes, 1, name="classes", **options)(tensor)


def build_network(*, classes=2, dropout=0.5, kernels=KERNELS, precision="float32", seed=0):
    """
    Build the untrained network of section 3.2 and Figure 2.

    Four encoder blocks of two convolutions and a pooling, a bottleneck, four decoder blocks
    that start with a 2x2 up-convolution and the concatenation with the encoder block of the
    same size, and a 1x1 convolution with a softmax. A dropout follows each pooling and each
    concatenation. The network is fully convolutional: it takes any sides that each pooling can
    halve.

    Parameters
    ----------
    classes : `int`
        Number of softmax kernels. The paper's network has two: nonsignificant and significant flux;
        that of its section 5, item 4, has three: none, positive and negative.
    dropout : `float`
        Dropout rate in training. The paper does not give it; its released code has 0.5.
    kernels : `tuple` of `int`
        Kernels of the encoder blocks and, last, of the bottleneck.
    precision : `str`
        Keras's policy for all but the last layer: "float32", "mixed_bfloat16" or "mixed_float16".
    seed : `int`
        Seed of the initial weights and of the dropout.

    Returns
    -------
    `keras.Model`
        From scaled fields of shape ``(batch, rows, columns, 1)`` to class probabilities of shape
        ``(batch, rows, columns, classes)``.

    Examples
    --------
    >>> from sunpy_solarunet.segmentation.network import build_network
    >>> round(build_network().count_params() / 1e6, 2)  # doctest: +SKIP
    7.77
    """
    seeds = itertools.count(1000 * seed)
    policy = keras.DTypePolicy(precision)
    *encoder, bottleneck = kernels
    tensor = magnetogram = keras.Input((None, None, 1), name="magnetogram")
    shortcuts = []
    for number, width in enumerate(encoder, start=1):
        tensor = _two_convolutions(tensor, width, f"E{number}", seeds, policy)
        shortcuts.append(tensor)
        tensor = layers.MaxPooling2D(2, name=f"E{number}_pool", dtype=policy)(tensor)
        tensor = layers.Dropout(dropout, seed=next(seeds), name=f"E{number}_dropout", dtype=policy)(tensor)
    tensor = _two_convolutions(tensor, bottleneck, "Bot", seeds, policy)
    for number, width in enumerate(reversed(encoder), start=1):
        tensor = _joined(tensor, shortcuts.pop(), width, f"D{number}", seeds, policy)
        tensor = layers.Dropout(dropout, seed=next(seeds), name=f"D{number}_dropout", dtype=policy)(tensor)
        tensor = _two_convolutions(tensor, width, f"D{number}", seeds, policy)
    return keras.Model(magnetogram, _probabilities(tensor, classes, seeds), name="solarunet")


def build_polarity_blind_network(*, kernels=(24, 48, 96, 192), precision="float32", seed=0):
    """
    Build the untrained network that is told the noise and does not see the polarity.

    It has the shape of the paper's network with three differences. The first convolution, which
    has no bias, is followed by the absolute value: a magnetogram and its negative give exactly the
    same answer, whatever the weights. There is no normalization: the answer for a pixel does not
    depend on what else was in a batch. And the last layers see the pixel itself once more, in full
    precision, beside what the network made of its surroundings: where the field is clean the answer
    can be as sharp as a threshold.

    Parameters
    ----------
    kernels : sequence of `int`
        Kernels of the encoder blocks and, last, of the bottleneck.
    precision : `str`
        Keras's policy for the convolutions: "float32", "mixed_bfloat16" or "mixed_float16".
    seed : `int`
        Seed of the initial weights.

    Returns
    -------
    `keras.Model`
        From inputs of shape ``(batch, rows, columns, 3)``, as
        `~sunpy_solarunet.segmentation.inference.noise_aware_input` makes them, to the probabilities
        of nonsignificant and significant flux, of shape ``(batch, rows, columns, 2)``.

    Examples
    --------
    >>> from sunpy_solarunet.segmentation.network import build_polarity_blind_network
    >>> build_polarity_blind_network().output_shape
    (None, None, None, 2)
    """
    seeds = itertools.count(1000 * seed)
    policy = keras.DTypePolicy(precision)

    def convolution(tensor, width, size, name, **options):
        options = {"activation": "relu", "dtype": policy} | options
        initializer = keras.initializers.HeNormal(seed=next(seeds))
        return layers.Conv2D(width, size, padding="same", kernel_initializer=initializer, name=name, **options)(tensor)

    def two_convolutions(tensor, width, name):
        return convolution(convolution(tensor, width, 3, f"{name}_1"), width, 3, f"{name}_2")

    *encoder, bottleneck = kernels
    magnetogram = keras.Input((None, None, 3), name="magnetogram")
    signed, noise = magnetogram[..., :2], magnetogram[..., 2:]
    tensor = convolution(signed, encoder[0], 3, "E1_1", activation=ops.abs, use_bias=False, dtype="float32")
    tensor = layers.Concatenate(name="E1_noise", dtype=policy)([tensor, noise])
    tensor = convolution(tensor, encoder[0], 3, "E1_2")
    shortcuts = []
    for number, width in enumerate(encoder, start=1):
        if number > 1:
            tensor = two_convolutions(tensor, width, f"E{number}")
        shortcuts.append(tensor)
        tensor = layers.MaxPooling2D(2, name=f"E{number}_pool", dtype=policy)(tensor)
    tensor = two_convolutions(tensor, bottleneck, "Bot")
    for number, width in enumerate(reversed(encoder), start=1):
        tensor = _joined(tensor, shortcuts.pop(), width, f"D{number}", seeds, policy)
        tensor = two_convolutions(tensor, width, f"D{number}")
    strength = ops.abs(signed)
    excess = ops.clip(PIXEL_STEEPNESS * (PIXEL_RANGE * strength[..., :1] - 1), -2, 2)
    tensor = layers.Concatenate(name="pixel", dtype="float32")([tensor, strength, noise, excess])
    tensor = convolution(tensor, encoder[0], 1, "pixel_1", dtype="float32")
    return keras.Model(magnetogram, _probabilities(tensor, 2, seeds), name="polarity_blind")


def receptive_radius(levels=len(KERNELS)):
    """
    How far, in pixels, an input pixel can be from an output pixel that it influences.

    Parameters
    ----------
    levels : `int`
        Number of resolutions of the network.

    Returns
    -------
    `int`
        The largest distance over all positions of the output pixel within the pooling grid.
    """
    factor = 2 ** (levels - 1)
    radius = 0
    for pixel in range(factor):
        first = last = pixel
        for _ in range(levels - 1):
            first, last = (first - 2) // 2, (last + 2) // 2
        first, last = first - 2, last + 2
        for _ in range(levels - 1):
            first, last = 2 * first - 2, 2 * last + 1 + 2
        radius = max(radius, pixel - first, last - pixel)
    return radius


#: Networks by the name that recipes and specifications have for them.
ARCHITECTURES = {"paper": build_network, "polarity_blind": build_polarity_blind_network}
