"""
A trained network made ready for use: without what only training needs, and in half precision where that is asked for.
"""

import keras
import numpy as np

__all__ = ["fold_network"]


def fold_network(network, precision="float32"):
    """
    A network that answers as another one does, in less time.

    A batch normalization after a convolution is a factor and an offset for each of its kernels, and
    becomes part of them. Dropouts are left out.

    In half precision ("bfloat16") are the convolutions, and all between them, from the second to the
    last one that sees more than the pixel itself. The first one, which sees the magnetogram, and
    the layers that decide on each pixel stay in full precision.

    Parameters
    ----------
    network : `keras.Model`
        Made of layers, with one input. It stays as it is.
    precision : {"float32", "bfloat16"}
        Of the convolutions.

    Returns
    -------
    `keras.Model`
        With weights of its own.

    Examples
    --------
    >>> from sunpy_solarunet.segmentation.folding import fold_network
    >>> from sunpy_solarunet.segmentation.network import build_network
    >>> network = build_network(kernels=(2, 3, 4))
    >>> len(network.layers), len(fold_network(network).layers)
    (42, 28)
    """
    if isinstance(network, keras.Sequential):
        network = keras.Model(network.inputs, network.outputs)
    normalizations = _normalizations(network)
    left_out = {layer for layer in network.layers if isinstance(layer, keras.layers.Dropout)}
    left_out.update(normalizations.values())
    halved = _between_convolutions(network) if precision != "float32" else set()
    clones = {}

    def clone(layer):
        if layer in left_out:
            return layer
        settings = layer.get_config()
        if layer in normalizations:
            settings["use_bias"] = True
        if layer in halved:
            settings["dtype"] = precision
        if callable(getattr(layer, "activation", None)):
            settings["activation"] = layer.activation  # as it is: not each function has a name that Keras knows
        clones[layer] = type(layer).from_config(settings)
        return clones[layer]

    def call(layer, *inputs, **options):
        return inputs[0] if layer in left_out else layer(*inputs, **options)

    result = keras.models.clone_model(network, clone_function=clone, call_function=call)
    for layer, copy in clones.items():
        if isinstance(layer, keras.layers.Layer):
            copy.set_weights(_folded_weights(layer, normalizations.get(layer)))
    return result


def _normalizations(network):
    """The batch normalizations that can be folded, by the convolution before each."""
    found = {}
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization) and len(layer._inbound_nodes) == 1:
            before = layer.input._keras_history.operation
            plain = type(before) is keras.layers.Conv2D and before.activation is keras.activations.linear
            if plain and layer.axis in (-1, 3) and len(before._inbound_nodes) == len(before._outbound_nodes) == 1:
                found[before] = layer
    return found


def _between_convolutions(network):
    """The layers from the second to the last convolution of more than a pixel."""
    layers = network.layers
    wide = [
        index
        for index, layer in enumerate(layers)
        if isinstance(layer, keras.layers.Conv2D) and max(layer.kernel_size) > 1
    ]
    return set(layers[wide[0] + 1 : wide[-1] + 1]) if wide else set()


def _folded_weights(layer, normalization):
    weights = layer.get_weights()
    if normalization is None:
        return weights
    kernel, bias = weights if layer.use_bias else (*weights, 0)
    stored = iter(normalization.get_weights())
    scale = next(stored) if normalization.scale else 1
    offset = next(stored) if normalization.center else 0
    mean, variance = stored
    factor = scale / np.sqrt(variance + normalization.epsilon)
    return [kernel * factor, (bias - mean) * factor + offset]
