"""
Configuration of the Sphinx documentation builder.
"""

import builtins
import csv
import datetime
import sys
import urllib.request
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from astropy.utils.exceptions import AstropyDeprecationWarning
from matplotlib import MatplotlibDeprecationWarning
from sphinx.util import logging
from sunpy.util.exceptions import SunpyDeprecationWarning, SunpyPendingDeprecationWarning
from sunpy_sphinx_theme import PNG_ICON

from sunpy_solarunet import __version__
from sunpy_solarunet.tracking.schemas import ALL_SCHEMAS

# Nothing that the documentation shows may be deprecated.
for category in (
    AstropyDeprecationWarning,
    MatplotlibDeprecationWarning,
    SunpyDeprecationWarning,
    SunpyPendingDeprecationWarning,
):
    warnings.filterwarnings("error", category=category)

# -- Project -------------------------------------------------------------------

project = "sunpy_solarunet"
author = "The sunpy_solarunet developers"
copyright = f"{datetime.datetime.now(tz=datetime.UTC).year}, {author}"  # noqa: A001
version = release = __version__

# -- General -------------------------------------------------------------------

extensions = [
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.intersphinx",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "sphinx_automodapi.automodapi",
    "sphinx_automodapi.smart_resolver",
    "sphinx_changelog",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "Thumbs.db", ".DS_Store"]
default_role = "obj"
nitpicky = True

# Copying an example leaves out its prompts and output.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# -- Docstrings and reference --------------------------------------------------

numpydoc_show_class_members = False  # automodapi lists them
automodapi_toctreedirnm = "api"
automodapi_inheritance_diagram = False
automodsumm_inherited_members = False
autoclass_content = "class"

# -- Links to other projects ---------------------------------------------------

INVENTORIES = {
    "python": "https://docs.python.org/3/",
    "numpy": "https://numpy.org/doc/stable/",
    "scipy": "https://docs.scipy.org/doc/scipy/",
    "matplotlib": "https://matplotlib.org/stable/",
    "astropy": "https://docs.astropy.org/en/stable/",
    "sunpy": "https://docs.sunpy.org/en/stable/",
    "skimage": "https://scikit-image.org/docs/stable/",
    "networkx": "https://networkx.org/documentation/stable/",
    "xarray": "https://docs.xarray.dev/en/stable/",
}


def _is_reachable(url):
    try:
        with urllib.request.urlopen(f"{url}objects.inv", timeout=10):
            return True
    except OSError:
        return False


with ThreadPoolExecutor() as pool:
    reached = dict(zip(INVENTORIES, pool.map(_is_reachable, INVENTORIES.values()), strict=True))
intersphinx_mapping = {name: (url, None) for name, url in INVENTORIES.items() if reached[name]}

# Keras has no inventory. A project whose inventory is out of reach, as on a machine without network, gets no
# links either, and its names are not checked; names of this package always are.
unchecked = ["keras", *(name for name in INVENTORIES if not reached[name])]
nitpick_ignore_regex = [("py:.*", rf"{name}(\..*)?") for name in unchecked]
# The signatures of a sequence's count and index, as Python writes them.
nitpick_ignore_regex += [("py:class", "integer -- return .*")]
if not reached["python"]:
    nitpick_ignore_regex += [("py:.*", rf"({'|'.join(dir(builtins))})(\..*)?")]
    nitpick_ignore_regex += [("py:.*", rf"({'|'.join(sys.stdlib_module_names)})\..*")]
if not all(reached.values()):
    missing = ", ".join(name for name in INVENTORIES if not reached[name])
    logging.getLogger(__name__).info("out of reach, not linked: %s", missing)

# -- Columns of the tables -----------------------------------------------------

columns = Path(__file__).parent / "generated" / "columns"
columns.mkdir(parents=True, exist_ok=True)
for name, schema in ALL_SCHEMAS.items():
    with (columns / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("column", "unit or type", "meaning"))
        rows.writerows(
            (f"``{column}``", getattr(kind, "__name__", kind), told) for column, (kind, told) in schema.items()
        )

# -- HTML ----------------------------------------------------------------------

html_theme = "sunpy"
html_title = f"{project} {release}"

# -- Gallery -------------------------------------------------------------------

HERE = Path(__file__).parent
sphinx_gallery_conf = {
    "examples_dirs": str(HERE.parent / "examples"),
    "gallery_dirs": "generated/gallery",
    "backreferences_dir": "generated/modules",
    "doc_module": ("sunpy_solarunet",),
    "filename_pattern": r"\.py$",
    "within_subsection_order": "FileNameSortKey",
    "default_thumb_file": PNG_ICON,
    "matplotlib_animations": True,
    "min_reported_time": 10,
    "plot_gallery": "True",
    "remove_config_comments": True,
    "show_memory": False,
}
