"""What the README shows works as it stands there."""

import re
import shlex
import textwrap
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from astropy.table import QTable

from sunpy_solarunet.cli import main
from sunpy_solarunet.synthetic import six_events
from sunpy_solarunet.tracking.tables import read_table

README = Path(__file__).parents[1] / "README.rst"


@pytest.fixture
def frames_folder(tmp_path, monkeypatch):
    """A working folder with the files that the README speaks of."""
    (tmp_path / "frames").mkdir()
    maps, _ = six_events()
    for number, frame in enumerate(maps):
        frame.save(tmp_path / "frames" / ("one.fits" if number == 0 else f"{number}.fits"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_python_example_runs(frames_folder):
    block = re.search(r"\.\. code-block:: python\n\n((?:    .*\n|\n)+)", README.read_text()).group(1)
    exec(compile(textwrap.dedent(block), "README.rst", "exec"), {})
    plt.close("all")
    assert len(QTable.read("events.ecsv")) == 7
    assert Path("events.png").stat().st_size > 10_000


def test_the_shell_example_runs(frames_folder, capsys):
    lines = re.findall(r"^    (solarunet (?:track|segment) .*)$", README.read_text(), flags=re.MULTILINE)
    assert len(lines) == 2
    for line in lines:
        assert main([*shlex.split(line)[1:]]) == 0
    assert len(read_table("run/events.ecsv")) == 7
    assert Path("run/frame_0007.png").is_file()
    assert Path("one.png").is_file()
    assert "merging              1" in capsys.readouterr().out


def test_the_readme_has_its_two_commands():
    text = README.read_text()
    assert "    pip install . && solarunet demo\n" in text
    assert '    pip install ".[tests]" && pytest -n auto\n' in text
