"""
Recipes: everything that a training follows, in one file that is saved with the model.
"""

import json
import tomllib
from pathlib import Path

from sunpy_solarunet.errors import SolarUnetError, name_choice, require_number, suggestion
from sunpy_solarunet.names import RECIPES as BUNDLED
from sunpy_solarunet.names import TRAINING_PRECISIONS, bundled_recipes, unknown_recipe

__all__ = ["RECIPE_FILE", "available_recipes", "change_recipe", "checked_entries", "later_changes", "read_recipe"]

#: Sections that a recipe need not have.
OPTIONAL = ("later", "initial")

_SHARE, _AMOUNT, _COUNT = (0, 1, False), (0, float("inf"), False), (1, float("inf"), True)

#: Least and largest value of each entry that is a number, and whether it must be whole.
LIMITS = {
    "classes": (2, 3, True),
    "dropout": (0, 0.99, False),
    "scale_gauss": (1e-6, float("inf"), False),
    "level_gauss": (1e-6, float("inf"), False),
    "steps": _COUNT,
    "crop": (1, 8192, True),
    "batch": (1, 4096, True),
    "learning_rate": _AMOUNT,
    "warmup": (0, float("inf"), True),
    "cooldown": _SHARE,
    "largest_gradient": (1e-12, float("inf"), False),
    "seed": (0, 2**31, True),
    "checkpoint_every": _COUNT,
    "level_range": (1, float("inf"), False),
    "least_noise": _AMOUNT,
    "most_noise": _AMOUNT,
    "most_correlation": _AMOUNT,
    "most_seeing": (0.3, float("inf"), False),
    "most_gain": _AMOUNT,
    "most_fringes": _AMOUNT,
    "from": _SHARE,
    **dict.fromkeys(("turned", "scenes", "empty", "other_level", "untouched", "most_bad_pixels"), _SHARE),
}

#: Entries that are lists of whole numbers: fewest and most of these, the least and the largest one.
LISTS = {"kernels": (2, 8, 1, 4096), "coarser": (1, 100, 1, 64)}

#: What may be done to an example, and to which share of them.
SHARES = ("noise", "seeing", "coarser", "gain", "fringes", "bad_pixels")

#: All entries that a recipe may have.
ENTRIES = (*LIMITS, *LISTS, "architecture", "precision", "shares")

#: Name of the recipe in a model's folder.
RECIPE_FILE = "recipe.json"


def available_recipes():
    """
    Names of the recipes that come with the package.

    Returns
    -------
    list of `str`

    Examples
    --------
    >>> from sunpy_solarunet.segmentation.recipes import available_recipes
    >>> available_recipes()
    ['paper', 'solarunet', 'solarunet-tuning']
    """
    return bundled_recipes()


def read_recipe(recipe):
    """
    Read a recipe.

    Parameters
    ----------
    recipe : `str` or path-like
        Name of one that comes with the package, a TOML or JSON file, or the folder of a model, whose
        recipe is taken.

    Returns
    -------
    `dict`
        The sections network, input, training and examples, and for the architecture that is told the
        noise also degradation; perhaps later, entries of these two that change during the training;
        and perhaps initial, the recipe and the hash of the model that the training started from.

    Raises
    ------
    SolarUnetError
        If there is no such recipe, it has other sections or entries than the bundled recipe of its
        architecture, or an entry is of another type or out of its range.

    Examples
    --------
    >>> from sunpy_solarunet.segmentation.recipes import read_recipe
    >>> read_recipe("paper")["training"]["learning_rate"]
    0.0001
    """
    path = _locate(recipe)
    try:
        text = path.read_text()
        content = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as problem:
        raise SolarUnetError(f"{path}: not a recipe ({problem})") from problem
    return _checked(content, path)


def _locate(recipe):
    if str(recipe) in available_recipes():
        return BUNDLED / f"{recipe}.toml"
    path = Path(recipe)
    path = path / RECIPE_FILE if path.is_dir() else path
    if not path.is_file():
        raise SolarUnetError(unknown_recipe(recipe))
    return path


def _bundled_like(content, path):
    """The bundled recipe of the same architecture."""
    network = content.get("network") if isinstance(content, dict) else None
    architecture = network.get("architecture") if isinstance(network, dict) else None
    for name in available_recipes():
        bundled = tomllib.loads((BUNDLED / f"{name}.toml").read_text())
        if bundled["network"]["architecture"] == architecture:
            return bundled
    raise SolarUnetError(f"{path}: the recipe has no known architecture in its section [network]")


def _checked(content, path):
    like = _bundled_like(content, path)
    needed = {name: section for name, section in like.items() if name not in OPTIONAL}
    _check_entries({name: section for name, section in content.items() if name not in OPTIONAL}, needed, str(path))
    for name, section in needed.items():
        _check_entries(content[name], section, f"{path}, section {name}")
    later = content.get("later", {})
    if not isinstance(later, dict) or ("later" in content and "from" not in later):
        raise SolarUnetError(f"{path}, section later: a section with an entry from, the share of the steps, is needed")
    try:
        checked = {name: checked_entries(section) for name, section in content.items() if name != "initial"}
        change_recipe(checked, **later_changes(checked))
    except SolarUnetError as problem:
        raise SolarUnetError(f"{path}: {problem}") from problem
    return checked | ({"initial": content["initial"]} if "initial" in content else {})


def _check_entries(found, expected, where):
    names = set(found) if isinstance(found, dict) else set()
    if names != set(expected):
        missing, unknown = sorted(set(expected) - names), sorted(names - set(expected))
        raise SolarUnetError(f"{where}: missing are {missing or 'none'}, unknown are {unknown or 'none'}")


def checked_entries(section):
    """
    The entries of a section as plain values, if they are of the right type and within their range.

    Parameters
    ----------
    section : `dict`

    Returns
    -------
    `dict`

    Raises
    ------
    SolarUnetError
        Naming the entry.

    Examples
    --------
    >>> from sunpy_solarunet.segmentation.recipes import checked_entries
    >>> checked_entries({"kernels": (2, 3), "classes": 3.0})
    {'kernels': [2, 3], 'classes': 3}
    """
    return {name: _checked_entry(name, value) for name, value in section.items()}


def _checked_entry(name, value):
    """The value of an entry as a plain one, if it is of the right type and within its range."""
    if name in LIMITS:
        lowest, highest, whole = LIMITS[name]
        return require_number(value, name, lowest, highest, whole=whole)
    if name in LISTS:
        fewest, most, lowest, highest = LISTS[name]
        if not isinstance(value, list | tuple) or not fewest <= len(value) <= most:
            raise SolarUnetError(f"{name} must be a list of {fewest} to {most} whole numbers, got {value!r}")
        return [require_number(each, name, lowest, highest, whole=True) for each in value]
    if name == "precision":
        return name_choice(value, TRAINING_PRECISIONS, "precision")
    if name == "shares":
        if not isinstance(value, dict):
            raise SolarUnetError(f"shares must name several numbers, got {value!r}")
        unknown = sorted(set(value) - set(SHARES))
        if unknown:
            name_choice(unknown[0], SHARES, "share")
        return {each: require_number(share, f"the share {each}", 0, 1) for each, share in value.items()}
    return value


def _check_together(recipe):
    """The crop must be such that each pooling can halve it."""
    crop, poolings = recipe["training"]["crop"], len(recipe["network"]["kernels"]) - 1
    if crop % 2**poolings:
        raise SolarUnetError(f"crop must be a multiple of {2**poolings} for {poolings + 1} kernels, got {crop}")


def later_changes(recipe):
    """
    The entries that others take the place of during the training.

    Parameters
    ----------
    recipe : `dict`

    Returns
    -------
    `dict`
        For `change_recipe`; empty if the recipe has none.

    Examples
    --------
    >>> from sunpy_solarunet.segmentation.recipes import later_changes, read_recipe
    >>> later_changes(read_recipe("paper"))
    {}
    """
    return {name: value for name, value in recipe.get("later", {}).items() if name != "from"}


def change_recipe(recipe, **changes):
    """
    A recipe with other numbers.

    Parameters
    ----------
    recipe : `dict`
    **changes
        New values by name of the entry, such as ``steps``; `None` leaves an entry as it is. They hold
        for the whole training: nothing takes their place later.

    Returns
    -------
    `dict`

    Raises
    ------
    SolarUnetError
        If the recipe has no such entry, or the value is of another type or out of its range.

    Examples
    --------
    >>> from sunpy_solarunet.segmentation.recipes import change_recipe, read_recipe
    >>> change_recipe(read_recipe("paper"), steps=20)["training"]["steps"]
    20
    """
    changed = {name: dict(section) for name, section in recipe.items()}
    for name, value in changes.items():
        sections = [section for key, section in changed.items() if key not in OPTIONAL and name in section]
        if value is None:
            continue
        if not sections:
            known = sorted(entry for key, section in recipe.items() if key not in OPTIONAL for entry in section)
            message = f"this recipe has no {name}; its entries are {', '.join(known)};{suggestion(name, known)}"
            raise SolarUnetError(message.rstrip(";"))
        if name == "architecture" and value != sections[0][name]:
            raise SolarUnetError("the architecture of a recipe cannot be changed: choose another recipe")
        sections[0][name] = _checked_entry(name, value)
        changed.get("later", {}).pop(name, None)
    _check_together(changed)
    return changed
