"""
What a training is to be, checked before anything is read or computed.
"""

import importlib.util
import os
from pathlib import Path

from sunpy_solarunet.errors import SolarUnetError, require_number
from sunpy_solarunet.magnetograms import list_magnetograms
from sunpy_solarunet.segmentation.pairs import find_pairs
from sunpy_solarunet.segmentation.places import place_of_training
from sunpy_solarunet.segmentation.recipes import RECIPE_FILE, change_recipe, read_recipe
from sunpy_solarunet.segmentation.weights import model_recipe, read_specification

__all__ = ["plan_training", "require_tensorboard"]


def plan_training(
    output,
    *,
    images=None,
    masks=None,
    labeler=None,
    recipe=None,
    initial=None,
    validation=16,
    resume=False,
    overwrite=False,
    logs=None,
    **changes,
):
    """
    Check what `~sunpy_solarunet.segmentation.training.train_model` is asked for, and choose the recipe.

    Nothing is written, and neither magnetograms nor TensorFlow are touched.

    Parameters
    ----------
    output, images, masks, labeler, recipe, initial, validation, resume, overwrite, logs
        See `~sunpy_solarunet.segmentation.training.train_model`.
    **changes
        Other numbers for entries of the recipe.

    Returns
    -------
    `dict`
        The recipe.

    Raises
    ------
    SolarUnetError
        If no pairs are left to train on, the recipe is not one, a folder is a file or cannot be written
        to, there is a training that is not to be replaced or none to resume, or the initial model is of
        another architecture.
    FileNotFoundError
        If a folder does not exist, or a magnetogram has no mask and there is no labeler.

    Examples
    --------
    >>> from sunpy_solarunet.segmentation.plans import plan_training
    >>> plan_training("model", recipe="solarunet", scenes=1, validation=0, steps=20)["training"]["steps"]
    20
    """
    output = Path(output)
    for folder in (output, *(() if logs is None else (Path(logs),))):
        _require_folder(folder.absolute())
    require_tensorboard(logs)
    place = place_of_training(output, resume=resume, overwrite=overwrite)
    changes = {name: value for name, value in changes.items() if value is not None}
    recipe = _chosen(place, recipe, initial, resume, changes)
    _require_pairs(images, masks, labeler, validation, recipe)
    return recipe


def require_tensorboard(logs):
    """
    Refuse a training that is to be logged without what writes the logs.

    Parameters
    ----------
    logs : path-like or `None`
        Folder for TensorBoard.

    Raises
    ------
    SolarUnetError
        If there is one and TensorBoard is not installed.
    """
    if logs is not None and importlib.util.find_spec("tensorboard") is None:
        raise SolarUnetError("logs need TensorBoard: pip install tensorboard")


def _require_folder(folder):
    """Refuse what is a file, lies in one, or cannot be written to."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir():
        raise SolarUnetError(f"{there} is a file: a folder is needed in its place")
    if not os.access(there, os.W_OK):
        raise SolarUnetError(f"{there}: no permission to write there")


def _require_pairs(images, masks, labeler, validation, recipe):
    """There must be something to train on."""
    validation = require_number(validation, "validation", -(2**31), whole=True)
    if images is None:
        number, scenes_alone = 0, recipe["examples"].get("scenes") == 1
    else:
        number, scenes_alone = len(find_pairs(list_magnetograms(images), masks, labeler)), False
    if validation < 0 or (validation >= max(number, 1) and not scenes_alone):
        beginning = "validation must be at least 0: " if validation < 0 else ""
        raise SolarUnetError(f"{beginning}{number} pairs with {validation} held back leave none to train on")


def _chosen(place, recipe, initial, resume, changes):
    """The recipe asked for; when a training is resumed, the one that is there."""
    kept = place / RECIPE_FILE
    if resume and recipe is None and not changes and kept.is_file():
        return read_recipe(kept)
    source = None if initial is None else model_recipe(initial)
    default = "solarunet" if initial is None else source or "paper"
    recipe = change_recipe(read_recipe(recipe or default), **changes)
    recipe.pop("initial", None)
    if initial is not None:
        before = None if source is None else read_recipe(source)
        if before is not None and before["network"] != recipe["network"]:
            message = "its network is not that of the recipe, whose section [network] must be the same"
            raise SolarUnetError(f"{initial}: {message}")
        recipe["initial"] = {"sha256": read_specification(initial)["sha256"], "recipe": before}
    if resume and kept.is_file() and read_recipe(kept) != recipe:
        raise SolarUnetError(f"{kept} is not the recipe asked for: leave it away to go on with the one that is there")
    return recipe
