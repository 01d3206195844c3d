"""
Where a training is written: into a folder that holds none, or beside an old one until it can take its place.
"""

import shutil
from pathlib import Path

from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.segmentation.recipes import RECIPE_FILE
from sunpy_solarunet.segmentation.specifications import SPECIFICATION
from sunpy_solarunet.segmentation.weights import WEIGHTS

__all__ = ["CHECKPOINT_FILE", "finish_replacing", "place_of_training", "put_in_place"]

#: Name of the checkpoint in a model's folder.
CHECKPOINT_FILE = "checkpoint.npz"

#: What a training leaves; the specification comes last and says that the model is whole.
RESULTS = (CHECKPOINT_FILE, RECIPE_FILE, WEIGHTS, SPECIFICATION)

#: Folder in that of the old training.
REPLACEMENT = "replacement"


def place_of_training(output, *, resume=False, overwrite=False):
    """
    The folder that a training writes to, which is another one as long as an old training is kept.

    Parameters
    ----------
    output : path-like
        Where the model is to be in the end.
    resume : `bool`
        Go on with the training that was broken off.
    overwrite : `bool`
        Replace the training in the folder, if there is one.

    Returns
    -------
    `pathlib.Path`

    Raises
    ------
    SolarUnetError
        If there is a training that is not to be replaced, or none to go on with.

    Examples
    --------
    >>> from sunpy_solarunet.segmentation.places import place_of_training
    >>> place_of_training("no-such-folder").name
    'no-such-folder'
    """
    output = Path(output)
    beside = output / REPLACEMENT
    there = [output / name for name in RESULTS if (output / name).exists()]
    if resume:
        place = beside if (beside / CHECKPOINT_FILE).is_file() else output
        if not (place / CHECKPOINT_FILE).is_file():
            raise SolarUnetError(f"{place / CHECKPOINT_FILE}: no checkpoint to resume from")
        return place
    if there and not overwrite:
        raise SolarUnetError(
            f"{there[0]} exists: go on with this training (--resume), replace it by a new one (--overwrite), or choose "
            "another folder"
        )
    return beside if there else output


def put_in_place(output):
    """
    Replace an old training by the new one beside it.

    The old specification goes first and the new one comes last: in between, the folder holds no
    model, and `finish_replacing` ends what was begun.

    Parameters
    ----------
    output : path-like
    """
    output = Path(output)
    (output / SPECIFICATION).unlink(missing_ok=True)
    for name in RESULTS:
        if (output / REPLACEMENT / name).is_file():
            (output / REPLACEMENT / name).replace(output / name)
    shutil.rmtree(output / REPLACEMENT)


def finish_replacing(output):
    """
    Put a whole new training in its place where that was broken off.

    Parameters
    ----------
    output : path-like
    """
    if (Path(output) / REPLACEMENT / SPECIFICATION).is_file():
        put_in_place(output)
