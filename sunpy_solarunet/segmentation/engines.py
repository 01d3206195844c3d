"""
What computes a network that is ready for use: Keras's own backend, or OpenVINO.
"""

import importlib.util

from sunpy_solarunet.errors import ModelError, SolarUnetError, name_choice
from sunpy_solarunet.names import ENGINES

__all__ = ["ENGINES", "choose_engine", "compiled"]


def choose_engine(engine, *, precision="float32", device=None):
    """
    An engine, if it is there and can do what is asked of it.

    Parameters
    ----------
    engine : {"keras", "openvino"}
        The latter is an optional extra of the package, and computes in full precision, on processors.
    precision : {"float32", "bfloat16"}
        Of the convolutions.
    device : `str`, optional
        Such as "gpu:0".

    Returns
    -------
    `str`
        The name of the engine.

    Raises
    ------
    SolarUnetError
        If the name is unknown, or the engine does not do this.
    ModelError
        If the engine is not installed.

    Examples
    --------
    >>> from sunpy_solarunet.segmentation.engines import choose_engine
    >>> choose_engine("keras")
    'keras'
    """
    if name_choice(engine, ENGINES, "engine") == "keras":
        return engine
    if importlib.util.find_spec("openvino") is None:
        raise ModelError('the engine OpenVINO is not installed: pip install "sunpy_solarunet[openvino]"')
    if precision != "float32":
        raise SolarUnetError(f"the engine openvino computes in float32: give precision='float32', not {precision!r}")
    if device is not None and not str(device).lower().startswith("cpu"):
        raise SolarUnetError(f"the engine openvino computes on the processor, not on {device}: leave device= away")
    return engine


def compiled(network, engine="keras"):
    """
    A function from a network's inputs to its answers, ready for frames of any size.

    Parameters
    ----------
    network : `keras.Model`
    engine : {"keras", "openvino"}
        With Keras on another backend than TensorFlow, each size is compiled anew.

    Returns
    -------
    callable
        From arrays of shape (frames, rows, columns, channels) to ones of shape (frames, rows, columns, classes).

    Raises
    ------
    ModelError
        If OpenVINO is to take a network of Keras on another backend than TensorFlow.
    """
    import keras

    on_tensorflow = keras.backend.backend() == "tensorflow"
    if engine == "openvino":
        if not on_tensorflow:
            raise ModelError("the engine openvino takes networks of Keras on TensorFlow: set KERAS_BACKEND=tensorflow")
        return _by_openvino(_traced(network))
    if not on_tensorflow:
        return network.predict_on_batch
    import tensorflow as tf

    run = _traced(network)
    return lambda frames: keras.ops.convert_to_numpy(run(tf.convert_to_tensor(frames)))


def _traced(network):
    """The network as one graph of TensorFlow's for frames of all sizes."""
    import tensorflow as tf

    sizes = tf.TensorSpec((None, *network.input_shape[1:]), tf.float32)
    return tf.function(lambda frames: network(frames, training=False)).get_concrete_function(sizes)


def _by_openvino(graph):
    import openvino

    # Without the hint, processors that have instructions for it compute in half precision.
    settings = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    run = openvino.Core().compile_model(openvino.convert_model(graph), "CPU", settings)
    return lambda frames: run(frames)[0]
