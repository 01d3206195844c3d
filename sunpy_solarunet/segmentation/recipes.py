"""
Recipes: everything that a training follows, in one file that is saved with the model.
"""

import json
import tomllib
from pathlib import Path

from sunpy_solarunet.errors import SolarUnetError

__all__ = ["RECIPE_FILE", "available_recipes", "change_recipe", "later_changes", "read_recipe"]

BUNDLED = Path(__file__).parent / "recipes"

#: Sections that a recipe need not have.
OPTIONAL = ("later", "initial")

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
    return sorted(path.stem for path in BUNDLED.glob("*.toml"))


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
        If there is no such recipe, or it has other sections or entries than the bundled recipe of
        its architecture.

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
    except (OSError, ValueError) as problem:
        raise SolarUnetError(f"{path}: not a recipe ({problem})") from problem
    return _checked(content, path)


def _locate(recipe):
    if str(recipe) in available_recipes():
        return BUNDLED / f"{recipe}.toml"
    path = Path(recipe)
    path = path / RECIPE_FILE if path.is_dir() else path
    if not path.is_file():
        names = ", ".join(map(repr, available_recipes()))
        raise SolarUnetError(f"no recipe {str(recipe)!r}; choose one of {names}, or give a file or a model's folder")
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
    change_recipe(content, **later_changes(content))
    return content


def _check_entries(found, expected, where):
    names = set(found) if isinstance(found, dict) else set()
    if names != set(expected):
        missing, unknown = sorted(set(expected) - names), sorted(names - set(expected))
        raise SolarUnetError(f"{where}: missing are {missing or 'none'}, unknown are {unknown or 'none'}")


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
        If the recipe has no such entry.

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
            known = ", ".join(sorted(entry for section in recipe.values() for entry in section))
            raise SolarUnetError(f"this recipe has no {name}; its entries are {known}")
        sections[0][name] = value
        changed.get("later", {}).pop(name, None)
    return changed
