import pickle
import subprocess
import sys

import pytest

import sunpy_solarunet
from sunpy_solarunet import names
from sunpy_solarunet.plotting.palettes import PALETTES
from sunpy_solarunet.runs.layout import table_suffix
from sunpy_solarunet.segmentation.weights import available_models
from sunpy_solarunet.tracking.rules import RULES

#: What takes longer to import than a command's help may.
HEAVY = ("numpy", "astropy", "sunpy", "scipy", "matplotlib", "keras", "tensorflow")


def imported_by(statement):
    """Heavy packages that a statement imports in a new interpreter."""
    script = f"import sys; {statement}; print(*({{name.partition('.')[0] for name in sys.modules}} & {{*{HEAVY}}}))"
    return subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split()


def test_the_names_are_those_of_the_things():
    assert list(RULES) == list(names.ASSOCIATIONS)
    assert list(PALETTES) == list(names.PALETTES)
    assert sorted(available_models()) == names.bundled_models()
    assert [table_suffix(name) for name in names.SUFFIXES] == list(names.SUFFIXES.values())


@pytest.mark.parametrize("statement", ["import sunpy_solarunet", "import sunpy_solarunet.names"])
def test_the_package_is_imported_without_what_is_not_asked_for(statement):
    assert imported_by(statement) == []


def test_all_names_are_there_before_the_maps_are():
    script = (
        "import sys; from sunpy_solarunet import *; "
        "sys.exit(bool({'sunpy.map', 'matplotlib.pyplot', 'keras', 'dask'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_each_public_name_is_there_and_listed_and_can_be_pickled():
    everything = {}
    exec("from sunpy_solarunet import *", everything)
    assert set(sunpy_solarunet.__all__) <= set(everything)
    assert set(sunpy_solarunet.__all__) <= set(dir(sunpy_solarunet))
    for name in sunpy_solarunet.__all__:
        assert pickle.loads(pickle.dumps(everything[name])) == getattr(sunpy_solarunet, name)


def test_rooms_can_be_reached_without_being_imported_first():
    script = (
        "import sunpy_solarunet; sunpy_solarunet.tracking.compare; sunpy_solarunet.errors.SolarUnetError; "
        "sunpy_solarunet.exports.to_networkx"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_name_that_does_not_exist_is_told():
    with pytest.raises(AttributeError, match="no attribute 'Segmentor'"):
        _ = sunpy_solarunet.Segmentor
    with pytest.raises(ImportError):
        exec("from sunpy_solarunet import Segmentor")


def test_what_is_said_of_an_unknown_name_suggests_the_nearest():
    assert "did you mean 'hysteresis'?" in names.unknown_name("histeresis", names.METHODS, "method")
    assert "did you mean 'solarunet'?" in names.unknown_model("solarunt")
    assert "did you mean 'paper'?" in names.unknown_recipe("papr")
