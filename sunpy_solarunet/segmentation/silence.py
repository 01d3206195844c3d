"""
Keeping quiet what libraries say beneath Python.
"""

import contextlib
import os
import sys
from pathlib import Path

__all__ = ["import_tensorflow", "import_tensorflow_for"]


@contextlib.contextmanager
def _without_standard_error():
    """Silence libraries that write to the standard error beneath Python."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def import_tensorflow(device=None):
    """
    Import TensorFlow, which greets with several lines on processors and drivers.

    It greets once more at its first convolution on a GPU, which is done here if one is to be used.

    Parameters
    ----------
    device : `str`, optional
        Where the network is to run.
    """
    with _without_standard_error():
        import keras
        import tensorflow

        keras.backend.backend()
        on_gpu = device is None or device.lower().startswith("gpu")
        if on_gpu and tensorflow.config.list_physical_devices("GPU"):
            keras.ops.conv(keras.ops.zeros((1, 8, 8, 1)), keras.ops.zeros((3, 3, 1, 1)))


def import_tensorflow_for(*segmenters):
    """Import TensorFlow if one of the segmenters needs it: last, since it takes seconds."""
    of_networks = [segmenter.device for segmenter in segmenters if segmenter.method == "network"]
    if of_networks:
        import_tensorflow(of_networks[0])
