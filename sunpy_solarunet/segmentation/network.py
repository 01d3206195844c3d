"""
The U-shaped network of section 3.2, and nothing else.

Written against Keras alone, so that any Keras 3 backend can run it.
"""

import itertools

import keras
from keras import layers

__all__ = ["KERNELS", "POOLING_FACTOR", "build_network", "receptive_radius"]

#: Kernels of the four encoder blocks and the bottleneck (Figure 2 of Jiang et al. 2020).
KERNELS = (32, 64, 128, 256, 512)

#: The four poolings halve the sides of the input: both must be multiples of this number.
POOLING_FACTOR = 2 ** (len(KERNELS) - 1)


def _convolution(tensor, kernels, name, seed):
    """3x3 convolution, batch normalization, ReLU."""
    initializer = keras.initializers.HeNormal(seed=seed)
    tensor = layers.Conv2D(kernels, 3, padding="same", kernel_initializer=initializer, name=f"{name}_conv")(tensor)
    tensor = layers.BatchNormalization(name=f"{name}_norm")(tensor)
    return layers.Activation("relu", name=f"{name}_relu")(tensor)


def _two_convolutions(tensor, kernels, name, seeds):
    tensor = _convolution(tensor, kernels, f"{name}_1", next(seeds))
    return _convolution(tensor, kernels, f"{name}_2", next(seeds))


def build_network(*, classes=2, dropout=0.5, kernels=KERNELS, seed=0):
    """
    Build the untrained network of section 3.2 and Figure 2.

    Four encoder blocks of two convolutions and a pooling, a bottleneck, four decoder blocks
    that start with a 2x2 up-convolution and the concatenation with the encoder block of the
    same size, and a 1x1 convolution with a softmax. A dropout follows each pooling and each
    concatenation. The network is fully convolutional: it takes any sides that are multiples of
    `POOLING_FACTOR`.

    Parameters
    ----------
    classes : `int`
        Number of softmax kernels. The paper's network has two: nonsignificant and significant flux.
    dropout : `float`
        Dropout rate in training. The paper does not give it; its released code has 0.5.
    kernels : `tuple` of `int`
        Kernels of the encoder blocks and, last, of the bottleneck.
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
    *encoder, bottleneck = kernels
    tensor = magnetogram = keras.Input((None, None, 1), name="magnetogram")
    shortcuts = []
    for number, width in enumerate(encoder, start=1):
        tensor = _two_convolutions(tensor, width, f"E{number}", seeds)
        shortcuts.append(tensor)
        tensor = layers.MaxPooling2D(2, name=f"E{number}_pool")(tensor)
        tensor = layers.Dropout(dropout, seed=next(seeds), name=f"E{number}_dropout")(tensor)
    tensor = _two_convolutions(tensor, bottleneck, "Bot", seeds)
    for number, width in enumerate(reversed(encoder), start=1):
        initializer = keras.initializers.GlorotUniform(seed=next(seeds))
        tensor = layers.Conv2DTranspose(
            width, 2, strides=2, padding="same", kernel_initializer=initializer, name=f"D{number}_up"
        )(tensor)
        tensor = layers.Concatenate(name=f"D{number}_concatenate")([shortcuts.pop(), tensor])
        tensor = layers.Dropout(dropout, seed=next(seeds), name=f"D{number}_dropout")(tensor)
        tensor = _two_convolutions(tensor, width, f"D{number}", seeds)
    initializer = keras.initializers.GlorotUniform(seed=next(seeds))
    probability = layers.Conv2D(
        classes, 1, activation="softmax", kernel_initializer=initializer, dtype="float32", name="classes"
    )(tensor)
    return keras.Model(magnetogram, probability, name="solarunet")


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
