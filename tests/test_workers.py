import os
import shutil
import signal
import time
import warnings
from pathlib import Path

import astropy.units as u
import pytest
from sequences import table_files, track, write_sequence

from sunpy_solarunet import Run, Segmenter, Tracker
from sunpy_solarunet.errors import SolarUnetError, SolarUnetWarning
from sunpy_solarunet.runs import crew


class DyingSegmenter(Segmenter):
    """Ends the process that it works in, as often as there are files to remove."""

    def __init__(self, folder, deaths):
        super().__init__("threshold", threshold=100 * u.G)
        self.folder = Path(folder)
        for number in range(deaths):
            (self.folder / f"death_{number}").touch()

    def __call__(self, magnetogram):
        for path in sorted(self.folder.glob("death_*")):
            path.unlink(missing_ok=True)
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(magnetogram)


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    paths = write_sequence(tmp_path_factory.mktemp("sequence"))
    spoiled = paths[3]
    content = spoiled.read_bytes()
    spoiled.write_bytes(content[: len(content) // 2])
    return paths


@pytest.fixture(scope="module")
def serial(paths, tmp_path_factory):
    folder = tmp_path_factory.mktemp("serial") / "run"
    with pytest.warns(SolarUnetWarning, match="1 of 6 frames could not be used"):
        track(folder, paths)
    return folder


def files_of(folder):
    """The bytes of all frames, and the names of the pairs."""
    frames = {path.name: path.read_bytes() for path in (folder / "frames").iterdir()}
    return frames, {path.name for path in (folder / "pairs").iterdir()}


def assert_same_run(folder, other):
    assert table_files(folder) == table_files(other)
    assert files_of(folder) == files_of(other)


def test_processes_go_on_with_a_run_and_outlive_one_of_them(paths, serial, tmp_path):
    track(tmp_path / "run", paths[:2])
    with pytest.warns(SolarUnetWarning, match="1 of 6 frames could not be used"):
        Run(tmp_path / "run").track(paths, DyingSegmenter(tmp_path, 1), Tracker(), workers=2)
    assert_same_run(tmp_path / "run", serial)


def test_processes_draw_the_figures_that_one_draws(serial, tmp_path):
    shutil.copytree(serial, tmp_path / "run")
    run = Run.read(tmp_path / "run")
    alone = [path.read_bytes() for path in run.draw(events=True)]
    assert [path.read_bytes() for path in run.draw(events=True, workers=2)] == alone
    assert len(alone) == len(run.used_frames()) + len(run.events)


def test_workers_that_die_again_and_again_end_the_run(paths, tmp_path, monkeypatch):
    monkeypatch.setattr(crew, "MOST_ENDS", 1)
    with pytest.raises(SolarUnetError, match="enough memory"):
        Run(tmp_path / "run").track(paths, DyingSegmenter(tmp_path, 1000), Tracker(), workers=2)
    assert not (tmp_path / "run" / "run.json").exists()


@pytest.fixture(scope="module")
def one():
    one = crew.Crew(1)
    yield one
    one.close()


def warn_of(text):
    warnings.warn(text, SolarUnetWarning, stacklevel=2)
    return len(text)


def test_warnings_of_workers_are_heard(one):
    task = one.submit(warn_of, "three pixels are hot")
    with pytest.warns(SolarUnetWarning, match="three pixels are hot"):
        assert one.result(task) == 20


def test_errors_of_workers_are_raised(one):
    task = one.submit(Segmenter, "treshold")
    with pytest.raises(SolarUnetError, match="did you mean 'threshold'"):
        one.result(task)


def test_no_process_is_left_when_a_crew_is_closed(one):
    number = one.result(one.submit(os.getpid))
    one.submit(time.sleep, 60)
    one.close()
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


@pytest.mark.parametrize("workers", [0, 1.5, "two"])
def test_a_wrong_number_of_workers_is_refused(paths, tmp_path, workers):
    with pytest.raises((SolarUnetError, TypeError), match="workers"):
        track(tmp_path / "run", paths, workers=workers)


def test_a_cluster_writes_the_run_that_one_process_writes(paths, serial, tmp_path):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
        pytest.warns(SolarUnetWarning, match="1 of 6 frames could not be used"),
    ):
        track(tmp_path / "run", paths, workers=client)
    assert_same_run(tmp_path / "run", serial)
