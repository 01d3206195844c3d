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


def import_tensorflow():
    """TensorFlow greets with several lines on processors and drivers when it is imported."""
    with _without_standard_error():
        import keras

        keras.backend.backend()


def import_tensorflow_for(*segmenters):
    """Import TensorFlow if one of the segmenters needs it: last, since it takes seconds."""
    if any(segmenter.method == "network" for segmenter in segmenters):
        import_tensorflow()
