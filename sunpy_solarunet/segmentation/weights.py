"""
Trained models: those that come with the package, a user's own, what is known of each, saving and loading.

A model is a folder with a specification, ``specification.json``, weights, ``model.weights.h5``,
whose hash the specification holds, and the recipe that they were trained by. Nothing in it can run
code.
"""

import hashlib
import json
from pathlib import Path

import numpy as np

from sunpy_solarunet.errors import ModelError, SolarUnetError, name_choice, require_number
from sunpy_solarunet.names import MODELS as BUNDLED
from sunpy_solarunet.names import bundled_models, unknown_model
from sunpy_solarunet.segmentation.processes import require_own_process
from sunpy_solarunet.segmentation.recipes import RECIPE_FILE

__all__ = ["available_models", "load_model", "model_recipe", "read_specification", "save_model"]

SPECIFICATION = "specification.json"
WEIGHTS = "model.weights.h5"

#: The least that what must be above zero may be.
LEAST = 1e-6

#: What is assumed of weights that come without a specification: the paper's network, scaling and polarity threshold.
PAPER_SPECIFICATION = {
    "network": {"architecture": "paper", "kernels": [32, 64, 128, 256, 512], "classes": 2},
    "input": {"scale_gauss": 300.0},
    "temperature": 1.0,
    "probability": 0.5,
    "polarity_threshold_gauss": 150.0,
}


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
        If there is no such model; the message lists the bundled ones.
    """
    path = _locate(model)
    if path.is_file():
        return PAPER_SPECIFICATION | {"name": path.name, "sha256": _hash(path)}
    try:
        stored = json.loads((path / SPECIFICATION).read_text())
        specification = PAPER_SPECIFICATION | {"name": path.resolve().name, "sha256": None} | stored
    except (OSError, ValueError, TypeError) as problem:
        raise ModelError(f"{path}: no readable {SPECIFICATION} ({problem}); solarunet train makes a model") from problem
    return _checked(specification, path)


def _checked(specification, path):
    """The specification, if the network can be used by it."""
    probability, inputs = specification["probability"], specification["input"]
    try:
        for name in ("network", "input"):
            if not isinstance(specification[name], dict):
                raise ModelError(f"{name} must name several entries, got {specification[name]!r}")
        if not set(inputs) & {"level_gauss", "scale_gauss"}:
            raise ModelError("input must have an entry level_gauss or scale_gauss")
        for name, value in inputs.items():
            require_number(value, name, LEAST)
        require_number(specification["temperature"], "temperature", LEAST)
        require_number(specification["polarity_threshold_gauss"], "polarity_threshold_gauss", 0)
        if probability is not None:
            require_number(probability, "probability", 0, 1)
    except SolarUnetError as problem:
        raise ModelError(f"{path / SPECIFICATION}: {problem}") from problem
    return specification


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
    if str(model) and (path.is_dir() or path.is_file()):
        return path
    raise ModelError(unknown_model(model))


def _hash(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


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
        specification was written for; or if this process is a fork of one in which a network ran.
    """
    require_own_process()
    specification = read_specification(model)
    path = _locate(model)
    weights = path if path.is_file() else path / WEIGHTS
    if not weights.is_file():
        raise ModelError(f"{weights}: no such file")
    if _hash(weights) != specification["sha256"]:
        raise ModelError(f"{weights}: not the weights of the specification: the file is damaged or was replaced")
    if weights.suffix == ".keras":
        return _load_keras_file(weights)
    if not weights.name.endswith(".weights.h5"):
        raise ModelError(f"{weights}: weights are read from .weights.h5 and .keras files")
    network = _build(specification["network"], path)
    if network.input_shape[-1] != (3 if "level_gauss" in specification["input"] else 1):
        raise ModelError(f"{path / SPECIFICATION}: its input is that of another architecture")
    try:
        network.load_weights(weights)
    except (OSError, ValueError, KeyError) as problem:
        raise ModelError(f"{weights}: not weights of this network ({_first_line(problem)})") from problem
    return network


def _build(settings, path):
    from sunpy_solarunet.segmentation.network import ARCHITECTURES

    settings = dict(settings)
    architecture = name_choice(settings.pop("architecture", None), ARCHITECTURES, "architecture")
    try:
        return ARCHITECTURES[architecture](**settings)
    except (TypeError, ValueError, LookupError, AttributeError) as problem:
        raise ModelError(f"{path}: the specification's network cannot be built ({_first_line(problem)})") from problem


def _load_keras_file(path):
    import keras

    try:
        network = keras.saving.load_model(path, compile=False, safe_mode=True)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise ModelError(
            f"{path}: not a Keras model of the paper's network, which .keras files are read of; others are loaded from "
            f"their folder ({_first_line(problem)})"
        ) from problem
    if len(network.inputs) != 1 or network.input_shape[-1] != 1 or len(network.output_shape) != 4:
        raise ModelError(f"{path}: the model does not take magnetograms: its input shape is {network.input_shape}")
    return network


def _first_line(problem):
    return str(problem).strip().splitlines()[0] if str(problem).strip() else type(problem).__name__


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
    import h5py

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / WEIGHTS
    network.save_weights(weights)
    with h5py.File(weights) as stored, h5py.File(weights.with_suffix(".unfinished"), "w") as halved:
        _copy_halved(stored, halved)
    weights.with_suffix(".unfinished").replace(weights)
    assumed = {name: value for name, value in PAPER_SPECIFICATION.items() if name not in specification}
    text = json.dumps(specification | assumed | {"sha256": _hash(weights)}, indent=2)
    (folder / SPECIFICATION).write_text(text + "\n")
    return folder


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
            value = value.astype(np.float16) if np.ndim(value) == 4 else value
            target.create_dataset(name, data=value, track_times=False)
