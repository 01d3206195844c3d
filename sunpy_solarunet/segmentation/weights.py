"""
Trained models: those that come with the package, a user's own, what is known of each, saving and loading.

A model is a folder with a specification, ``specification.json``, weights, ``model.weights.h5``,
whose hash the specification holds, and the recipe that they were trained by. Nothing in it can run
code.
"""

import contextlib
import hashlib
import json
import tempfile
from pathlib import Path

import numpy as np

from sunpy_solarunet.atomic import written_whole
from sunpy_solarunet.errors import ModelError, name_choice
from sunpy_solarunet.names import MODELS as BUNDLED
from sunpy_solarunet.names import bundled_models, unknown_model
from sunpy_solarunet.segmentation.processes import require_own_process
from sunpy_solarunet.segmentation.recipes import RECIPE_FILE, checked_entries
from sunpy_solarunet.segmentation.specifications import (
    PAPER_SPECIFICATION,
    SPECIFICATION,
    checked_specification,
    stored_specification,
)

__all__ = ["available_models", "load_model", "model_recipe", "read_specification", "save_model"]


#: Name of the weights in a model's folder, and what files of weights end with.
WEIGHTS, SUFFIXES = "model.weights.h5", (".weights.h5", ".keras")


def available_models():
    """
    The models that come with the package.

    Returns
    -------
    `dict`
        Their specifications by name: what each was trained on (``training_data``), its pixels
        (``arcsec_per_pixel``), the field and the noise that it was shown (``field_range_gauss``,
        ``noise_range_gauss``), the ``date`` of the training and the ``sha256`` of the weights.

    Examples
    --------
    >>> from sunpy_solarunet.segmentation.weights import available_models
    >>> sorted(available_models())
    ['solarunet', 'solarunet-paper']
    >>> available_models()["solarunet-paper"]["arcsec_per_pixel"]
    0.083
    """
    return {name: read_specification(BUNDLED / name) for name in bundled_models()}


def read_specification(model):
    """
    What is known of a model, without loading its weights.

    Parameters
    ----------
    model : `str` or path-like
        Name of a bundled model, folder of a model, or a ``.weights.h5`` or ``.keras`` file.

    Returns
    -------
    `dict`
        With at least the keys name, network, input, temperature, probability,
        polarity_threshold_gauss and sha256.

    Raises
    ------
    ModelError
        If there is no such model, the message lists the bundled ones; or the specification is damaged.
    """
    path = _locate(model)
    if path.is_file():
        return PAPER_SPECIFICATION | {"name": path.name, "sha256": _hash(path)}
    named = {"name": path.resolve().name, "sha256": None}
    stored = stored_specification(path / SPECIFICATION)
    return checked_specification(PAPER_SPECIFICATION | named | stored, path / SPECIFICATION)


def model_recipe(model):
    """
    The file with the recipe that a model was trained by.

    Parameters
    ----------
    model : `str` or path-like
        Name of a bundled model, or folder or file of a model.

    Returns
    -------
    `pathlib.Path` or `None`
        `None` where there is none.

    Raises
    ------
    ModelError
        If there is no such model.
    """
    path = _locate(model) / RECIPE_FILE
    return path if path.is_file() else None


def _locate(model):
    """Path of a model's folder or file."""
    if str(model) in bundled_models():
        return BUNDLED / str(model)
    path = Path(model)
    if path.is_file() and not path.name.endswith(SUFFIXES):
        raise ModelError(f"{path}: weights are read from .weights.h5 and .keras files, and from a model's folder")
    if str(model) and (path.is_dir() or path.is_file()):
        return path
    raise ModelError(unknown_model(model))


def _hash(path):
    with _told(path, "it cannot be read"):
        return hashlib.sha256(path.read_bytes()).hexdigest()


@contextlib.contextmanager
def _told(path, what):
    """Tell in one line what Keras, HDF5 or the network's backend complain of, each with errors of its own."""
    try:
        yield
    except Exception as problem:
        told = str(problem).strip().splitlines() or [type(problem).__name__]
        raise ModelError(f"{path}: {what} ({told[0]})") from problem


def load_model(model):
    """
    Build a network and load its weights.

    Parameters
    ----------
    model : `str` or path-like
        Name of a bundled model, folder of a model, or a ``.weights.h5`` or ``.keras`` file. The files
        hold the paper's network: a network that is told the noise is loaded from its folder.

    Returns
    -------
    `keras.Model`

    Raises
    ------
    ModelError
        If there is no such model, the weights are damaged, of another network, or not those that the
        specification was written for; if the network does not answer with probabilities; or if this
        process is a fork of one in which a network ran.
    """
    require_own_process()
    specification = read_specification(model)
    path = _locate(model)
    weights = path if path.is_file() else path / WEIGHTS
    if not weights.is_file():
        raise ModelError(f"{weights}: no such file")
    if _hash(weights) != specification["sha256"]:
        raise ModelError(f"{weights}: not the weights of the specification: the file is damaged or was replaced")
    network = _read_keras(weights) if weights.suffix == ".keras" else _read_weights(specification, path, weights)
    _require_finite(network, weights)
    _require_probabilities(network, weights)
    return network


def _read_weights(specification, path, weights):
    network = _build(specification["network"], path, weights)
    if network.input_shape[-1] != (3 if "level_gauss" in specification["input"] else 1):
        raise ModelError(f"{path / SPECIFICATION}: its input is that of another architecture")
    with _told(weights, "not weights of this network"):
        network.load_weights(weights)
    return network


def _build(settings, path, weights):
    from sunpy_solarunet.segmentation.network import ARCHITECTURES

    with _told(path, "the specification's network cannot be built"):
        settings = checked_entries(settings)
        build = ARCHITECTURES[name_choice(settings.pop("architecture", None), ARCHITECTURES, "architecture")]
        # A network that is far larger than its file would take all memory before anyone sees that it is not in there.
        if sum(2 * 9 * kernels**2 for kernels in settings.get("kernels", ())) > weights.stat().st_size:
            raise ModelError(f"{weights.name} is too small: not weights of this network")
        return build(**settings)


def _read_keras(path):
    import keras

    with _told(
        path,
        "not a Keras model of the paper's network, which .keras files are read of; others are loaded from their folder",
    ):
        network = keras.saving.load_model(path, compile=False, safe_mode=True)
        shape = network.inputs[0].shape
    if len(network.inputs) != 1 or tuple(shape) != (None, None, None, 1):
        raise ModelError(f"{path}: the model does not take magnetograms of any size: its input shape is {shape}")
    return network


def _require_finite(network, path):
    for variable in network.weights:
        values = np.asarray(variable)
        if not np.isfinite(values).all() or (variable.name == "moving_variance" and np.any(values < 0)):
            raise ModelError(f"{path}: {variable.path} holds numbers that no training leaves: the weights are damaged")


def _require_probabilities(network, path):
    """Ask for a small frame: what the network computes, and its last layer, are to give probabilities of classes."""
    import keras

    from sunpy_solarunet.segmentation.inference import Reach

    side = max(2 * Reach.of(network).factor, 16)
    frame = np.linspace(-1, 1, side * side * network.input_shape[-1], dtype=np.float32)
    with _told(path, "the network cannot be run"):
        answer = keras.ops.convert_to_numpy(network(frame.reshape(1, side, side, -1), training=False))
    right = answer.ndim == 4 and answer.shape[:3] == (1, side, side) and answer.shape[3] in (2, 3)
    if not (right and np.all(answer >= 0) and np.allclose(answer.sum(axis=-1), 1, atol=1e-3)):
        raise ModelError(f"{path}: the network does not give each pixel the probabilities of two or three classes")


def save_model(network, folder, specification):
    """
    Save a model as a folder, its convolution kernels in half precision.

    Parameters
    ----------
    network : `keras.Model`
    folder : path-like
        Made if need be.
    specification : `dict`
        What a user should know of the model; the hash of the weights is added.

    Returns
    -------
    `pathlib.Path`
        The folder.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    assumed = {name: value for name, value in PAPER_SPECIFICATION.items() if name not in specification}
    # The two files belong together: both are written before either takes its place.
    with written_whole(folder / WEIGHTS) as weights, written_whole(folder / SPECIFICATION) as description:
        _write_halved(network, weights)
        complete = specification | assumed | {"sha256": _hash(weights)}
        description.write_text(json.dumps(complete, indent=2) + "\n", encoding="utf-8")
    return folder


def _write_halved(network, path):
    import h5py

    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / WEIGHTS
        network.save_weights(whole)
        with h5py.File(whole) as stored, h5py.File(path, "w") as halved:
            _copy_halved(stored, halved)


def _copy_halved(source, target):
    """Copy an HDF5 group, kernels (four dimensions) in half precision, without the optimizer and times."""
    for key in source.attrs:
        target.attrs[key] = source.attrs[key]
    for name, item in source.items():
        if name == "optimizer":
            continue
        if hasattr(item, "items"):
            _copy_halved(item, target.create_group(name))
        else:
            value = item[()]
            target.create_dataset(name, data=_halved(value) if np.ndim(value) == 4 else value, track_times=False)


def _halved(kernels):
    """Kernels in half precision, if they are within its range."""
    with np.errstate(over="ignore"):
        halved = kernels.astype(np.float16)
    return halved if np.isfinite(halved).all() else kernels
