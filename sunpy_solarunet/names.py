"""
The names that there are to choose from, and what is said of one that does not exist.

They stand here, where nothing else is imported, so that the command's help and its completion cost nothing.
"""

import difflib
from pathlib import Path

__all__ = [
    "AREAS",
    "ASSOCIATIONS",
    "DEFAULT_MODEL",
    "ENGINES",
    "EVENT_RULES",
    "IDENTITIES",
    "METHODS",
    "MODELS",
    "PALETTES",
    "PRECISIONS",
    "RECIPES",
    "SUFFIXES",
    "TRAINING_PRECISIONS",
    "bundled_models",
    "bundled_recipes",
    "suggestion",
    "unknown_model",
    "unknown_name",
    "unknown_recipe",
]

#: The methods of segmentation and their default thresholds in gauss: threshold, low and polarity threshold. Those of
#: the network are its model's.
METHODS = {
    "network": (None, None, None),
    "threshold": (150.0, None, 0.0),
    "hysteresis": (300.0, 100.0, 0.0),
    "downhill": (300.0, 100.0, 0.0),
}

#: The network that is used where nothing else is said.
DEFAULT_MODEL = "solarunet"

#: How exactly the network's convolutions are computed; "auto" takes the second where it is fast.
PRECISIONS = ("float32", "bfloat16", "auto")

#: What computes the network: Keras's backend, or OpenVINO.
ENGINES = ("keras", "openvino")

#: Policies of Keras that a network can be trained in.
TRAINING_PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")

#: Shape of the Sun's projection: how the areas of pixels are counted.
AREAS = ("sky", "surface")

#: The rules of tracking.
ASSOCIATIONS = ("likelihood", "assignment", "paper", "overlap", "dual_overlap")

#: Who carries on the track where features merge, split, cancel or emerge with a remainder: the
#: feature with the largest flux, or none, so that a new track begins.
IDENTITIES = ("largest_flux", "new")

#: How events are named: by the flux balance of equations 7 to 9, or by SWAMIS's flux changes of neighbors.
EVENT_RULES = ("flux_balance", "swamis")

#: The colors of events and signs.
PALETTES = ("default", "paper")

#: Names of the table formats, by which they are chosen, and their suffixes.
SUFFIXES = {"ecsv": ".ecsv", "fits": ".fits", "hdf5": ".hdf5", "parquet": ".parquet", "asdf": ".asdf", "csv": ".csv"}

#: Folders of the models and of the recipes that come with the package.
MODELS, RECIPES = (Path(__file__).parent / "segmentation" / name for name in ("models", "recipes"))


def bundled_models():
    """
    Names of the models that come with the package.

    Returns
    -------
    list of `str`

    Examples
    --------
    >>> from sunpy_solarunet.names import bundled_models
    >>> bundled_models()
    ['solarunet', 'solarunet-paper']
    """
    return sorted(path.parent.name for path in MODELS.glob("*/specification.json"))


def bundled_recipes():
    """
    Names of the recipes that come with the package.

    Returns
    -------
    list of `str`

    Examples
    --------
    >>> from sunpy_solarunet.names import bundled_recipes
    >>> bundled_recipes()
    ['paper', 'solarunet', 'solarunet-tuning']
    """
    return sorted(path.stem for path in RECIPES.glob("*.toml"))


def suggestion(name, choices):
    """
    Ask whether another name was meant.

    Parameters
    ----------
    name : `str`
        One that does not exist.
    choices : iterable of `str`
        Those that do.

    Returns
    -------
    `str`
        A question with a blank before it; empty if no name is near.

    Examples
    --------
    >>> from sunpy_solarunet.names import suggestion
    >>> suggestion("step", ["steps", "crop"])
    " did you mean 'steps'?"
    """
    plain = {choice.lower(): choice for choice in choices}
    near = difflib.get_close_matches(str(name).lower(), plain, n=1, cutoff=0.7)
    return f" did you mean {plain[near[0]]!r}?" if near else ""


def unknown_name(name, choices, what):
    """
    What is said of a name that does not exist.

    Parameters
    ----------
    name : `str`
        The name as the user gave it.
    choices : iterable of `str`
        The names that exist.
    what : `str`
        What is being chosen.

    Returns
    -------
    `str`

    Examples
    --------
    >>> from sunpy_solarunet.names import AREAS, unknown_name
    >>> unknown_name("surfaces", AREAS, "area")
    "unknown area 'surfaces'; did you mean 'surface'? choose one of 'sky', 'surface'"
    """
    choices = list(choices)
    return f"unknown {what} {name!r};{suggestion(name, choices)} choose one of {', '.join(map(repr, choices))}"


def unknown_model(model):
    """
    What is said of a model that is neither bundled nor a folder or file.

    Parameters
    ----------
    model : `str` or path-like

    Returns
    -------
    `str`
    """
    others = "give a model's folder, .weights.h5 or .keras file"
    return _unknown_of(f"unknown model {str(model)!r}", model, bundled_models(), others)


def unknown_recipe(recipe):
    """
    What is said of a recipe that is neither bundled nor a folder or file.

    Parameters
    ----------
    recipe : `str` or path-like

    Returns
    -------
    `str`
    """
    return _unknown_of(f"no recipe {str(recipe)!r}", recipe, bundled_recipes(), "give a file or a model's folder")


def _unknown_of(beginning, name, names, others):
    text = f"{beginning}; choose one of {', '.join(map(repr, names))}, or {others};{suggestion(name, names)}"
    return text.rstrip(";")
