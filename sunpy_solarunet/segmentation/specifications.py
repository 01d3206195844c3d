"""
What a model's specification may hold, checked before anything is done with it.
"""

import json

from sunpy_solarunet.errors import ModelError, SolarUnetError, name_choice, require_number

__all__ = ["PAPER_SPECIFICATION", "SPECIFICATION", "checked_specification", "stored_specification"]

#: Name of the specification in a model's folder.
SPECIFICATION = "specification.json"

#: What is assumed of weights that come without a specification: the paper's network, scaling and polarity threshold.
PAPER_SPECIFICATION = {
    "network": {"architecture": "paper", "kernels": [32, 64, 128, 256, 512], "classes": 2},
    "input": {"scale_gauss": 300.0},
    "temperature": 1.0,
    "probability": 0.5,
    "polarity_threshold_gauss": 150.0,
}

#: A specification has some hundred bytes.
MOST_BYTES = 10**6

#: The least that what must be above zero may be, and the strongest field and the highest temperature.
LEAST, STRONGEST, HOTTEST = 1e-6, 1e6, 1e3


def stored_specification(path):
    """
    The entries of a specification's file.

    Parameters
    ----------
    path : `pathlib.Path`

    Returns
    -------
    `dict`

    Raises
    ------
    ModelError
        If the file is missing, or is not what a training writes.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError("it is too long")
        stored = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(stored, dict):
            raise ValueError("it names no entries")
    except (OSError, ValueError, RecursionError) as problem:
        raise ModelError(
            f"{path.parent}: no readable {SPECIFICATION} ({problem}); solarunet train makes a model"
        ) from problem
    return stored


def checked_specification(specification, path):
    """
    A specification, if a network can be used by it.

    Parameters
    ----------
    specification : `dict`
    path : path-like
        Its file, for the message.

    Returns
    -------
    `dict`

    Raises
    ------
    ModelError
        If an entry is unknown, of another type or out of its range.

    Examples
    --------
    >>> from pathlib import Path
    >>> from sunpy_solarunet.segmentation.specifications import PAPER_SPECIFICATION, checked_specification
    >>> checked_specification(PAPER_SPECIFICATION | {"temprature": 1}, Path("specification.json"))
    Traceback (most recent call last):
    ...
    sunpy_solarunet.errors.ModelError: specification.json: unknown entry 'temprature'; did you mean 'temperature'?...
    """
    try:
        for name, value in specification.items():
            CHECKS[name_choice(name, CHECKS, "entry")](name, value)
    except SolarUnetError as problem:
        raise ModelError(f"{path}: {problem}") from problem
    return specification


def _several(name, value):
    if not isinstance(value, dict):
        raise ModelError(f"{name} must name several entries, got {value!r}")


def _text(name, value):
    if not isinstance(value, str | None):
        raise ModelError(f"{name} must be a text, got {value!r}")


def _angle(name, value):
    if value is not None:
        require_number(value, name, LEAST)


def _range(name, value):
    if not isinstance(value, list) or len(value) != 2 or any(isinstance(each, dict | list) for each in value):
        raise ModelError(f"{name} must be a list of two numbers, got {value!r}")
    require_number(value[1], name, require_number(value[0], name, -STRONGEST), STRONGEST)


def _input(name, value):
    _several(name, value)
    if len(value) != 1 or not set(value) & {"level_gauss", "scale_gauss"}:
        raise ModelError("input must have an entry level_gauss or scale_gauss, and no other")
    for each, gauss in value.items():
        require_number(gauss, each, LEAST, STRONGEST)


def _probability(name, value):
    if value is not None and require_number(value, name, 0, 1) in (0, 1):
        raise ModelError(f"{name} must be a number between 0 and 1, got {value!r}")


#: The entries of a specification, and what their values must be.
CHECKS = {
    "name": _text,
    "description": _text,
    "training_data": _text,
    "arcsec_per_pixel": _angle,
    "field_range_gauss": _range,
    "noise_range_gauss": _range,
    "date": _text,
    "network": _several,
    "input": _input,
    "temperature": lambda name, value: require_number(value, name, LEAST, HOTTEST),
    "probability": _probability,
    "polarity_threshold_gauss": lambda name, value: require_number(value, name, 0, STRONGEST),
    "validation": _several,
    "sha256": _text,
}
