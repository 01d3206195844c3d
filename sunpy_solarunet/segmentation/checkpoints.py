"""
Checkpoints: everything that the next step of a training depends on, in one file.
"""

import json
import math

import numpy as np

from sunpy_solarunet.atomic import written_whole
from sunpy_solarunet.errors import ModelError

__all__ = ["diverged", "load_checkpoint", "save_checkpoint"]


def save_checkpoint(path, model, step, history):
    """
    Save a training so that it can go on; the file is never half written.

    Parameters
    ----------
    path : `pathlib.Path`
    model : `keras.Model`
        Compiled, with its optimizer.
    step : `int`
        Steps that are done.
    history : list of `dict`
        What was measured at each checkpoint.

    Raises
    ------
    ModelError
        If the weights are not finite: the last checkpoint stays.
    """
    arrays = {f"variable_{index}": np.asarray(variable) for index, variable in enumerate(_variables(model))}
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise diverged(path, f"its weights are not finite after step {step}")
    with written_whole(path) as unfinished:
        np.savez(unfinished, step=step, history=json.dumps(history), **arrays)


def load_checkpoint(path, model):
    """
    Set a model to where a training was broken off.

    Parameters
    ----------
    path : `pathlib.Path`
    model : `keras.Model`
        Compiled, with its optimizer.

    Returns
    -------
    tuple
        The steps that are done and the history.

    Raises
    ------
    ModelError
        If the file is damaged, or of another network.
    """
    arrays, step, history = _read(path)
    variables = _variables(model)
    stored = [arrays.get(f"variable_{index}") for index in range(len(arrays))]
    if len(stored) != len(variables) or any(
        array is None or array.shape != tuple(variable.shape) for array, variable in zip(stored, variables, strict=True)
    ):
        raise ModelError(f"{path}: the checkpoint is of another network than the recipe's; train anew (--overwrite)")
    for variable, array in zip(variables, stored, strict=True):
        variable.assign(array)
    return step, history


def diverged(path, what):
    """
    The error of a training that has no way back.

    Parameters
    ----------
    path : `pathlib.Path`
        The checkpoint.
    what : `str`
        What is not finite.

    Returns
    -------
    ModelError
    """
    kept = f"{path} is kept as it was" if path.is_file() else "there is no checkpoint yet"
    return ModelError(f"the training diverged: {what}; {kept}; train anew with a smaller learning_rate=")


def _variables(model):
    return [*model.variables, *model.optimizer.variables]


def _read(path):
    """The arrays, the step and the history, if the file is as it was written."""
    if not path.is_file():
        raise ModelError(f"{path}: no checkpoint to resume from")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        step, history = int(arrays.pop("step")), json.loads(str(arrays.pop("history")))
        _require_sense(arrays, step, history)
    except Exception as problem:
        told = str(problem).strip().splitlines() or [type(problem).__name__]
        raise ModelError(f"{path}: the checkpoint is damaged ({told[0]}); train anew (--overwrite)") from problem
    return arrays, step, history


def _require_sense(arrays, step, history):
    if not all(array.dtype.kind in "fiu" and np.isfinite(array).all() for array in arrays.values()):
        raise ValueError("its weights are not finite numbers")
    last = history[-1]["step"]
    if step < 1 or last != step or not all(math.isfinite(entry["loss"]) for entry in history):
        raise ValueError("its history is not that of a training")
