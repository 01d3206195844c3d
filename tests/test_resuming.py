import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sequences import FRAMES, table_files, track, write_sequence

from sunpy_solarunet import Run, Segmenter
from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.runs import folding

#: Tracks slowly, frame by frame, so that a signal comes between two of them.
SLOW = """
import sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
import sequences
from sunpy_solarunet import Segmenter
whole = Segmenter.__call__
def slow(self, magnetogram):
    time.sleep(0.3)
    return whole(self, magnetogram)
Segmenter.__call__ = slow
sequences.track(Path({folder!r}), sorted(Path({frames!r}).glob("*.fits")))
"""


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    return write_sequence(tmp_path_factory.mktemp("sequence"))


@pytest.fixture(scope="module")
def unbroken(paths, tmp_path_factory):
    """The tables of a run that nothing disturbed."""
    return table_files(track(tmp_path_factory.mktemp("runs") / "run", paths).folder)


def fail_at(monkeypatch, name, problem):
    """Let the segmentation of a frame fail."""
    whole = Segmenter.__call__

    def fail(self, magnetogram):
        if name in magnetogram.meta["filename"]:
            raise problem
        return whole(self, magnetogram)

    monkeypatch.setattr(Segmenter, "__call__", fail)


@pytest.mark.parametrize("number", range(1, FRAMES))
def test_a_run_goes_on_after_any_frame(paths, unbroken, tmp_path, monkeypatch, number):
    folder = tmp_path / "run"
    with monkeypatch.context() as broken:
        fail_at(broken, paths[number].name, RuntimeError("no more"))
        with pytest.raises(RuntimeError, match="no more"):
            track(folder, paths)
    run = Run.read(folder)
    assert run.state == "broken off"
    assert len(run.frames) == number
    assert run.events.meta["run"] == "broken off"
    segmented = []
    whole = Segmenter.__call__
    monkeypatch.setattr(
        Segmenter,
        "__call__",
        lambda self, magnetogram: segmented.append(magnetogram.meta["filename"]) or whole(self, magnetogram),
    )
    track(folder, paths)
    assert segmented == [path.name for path in paths[number:]]
    assert table_files(folder) == unbroken


def test_a_run_that_is_whole_is_not_computed_again(paths, unbroken, tmp_path, monkeypatch):
    folder = track(tmp_path / "run", paths).folder
    monkeypatch.setattr(Segmenter, "__call__", None)
    track(folder, paths)
    assert table_files(folder) == unbroken


def test_a_run_that_fails_in_its_first_frame_leaves_nothing(paths, tmp_path, monkeypatch):
    fail_at(monkeypatch, paths[0].name, RuntimeError("no more"))
    with pytest.raises(RuntimeError, match="no more"):
        track(tmp_path / "run", paths)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM"])
def test_a_run_goes_on_after_a_signal(paths, unbroken, tmp_path, name):
    folder = tmp_path / "run"
    script = SLOW.format(tests=str(Path(__file__).parent), folder=str(folder), frames=str(paths[0].parent))
    process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
    third = folder / "frames" / "000002.fits"
    while not third.exists() and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(getattr(signal, name))
    assert process.wait(20) != 0
    assert Run.read(folder).state == "broken off"
    assert 2 <= len(Run.read(folder).frames) < FRAMES
    track(folder, paths)
    assert table_files(folder) == unbroken
    assert not list(folder.rglob(".writing-*"))


@pytest.mark.parametrize("room", [0, 3, 9, 16, 25])
def test_a_run_goes_on_after_the_disk_was_full(paths, unbroken, tmp_path, monkeypatch, room):
    folder, flush, flushed = tmp_path / "run", os.fsync, []

    def full(handle):
        flushed.append(handle)
        if len(flushed) > room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        flush(handle)

    with monkeypatch.context() as small:
        small.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="the disk is full; make room"):
            track(folder, paths)
    track(folder, paths)
    assert table_files(folder) == unbroken


def test_more_files_are_taken_up(paths, unbroken, tmp_path):
    run = track(tmp_path / "run", paths[:4])
    assert run.events["kind"].tolist() == ["appearance"]
    track(run.folder, paths)
    assert Run.read(run.folder).events["kind"].tolist() == ["appearance", "disappearance"]
    assert table_files(run.folder) == unbroken


def test_a_frame_that_is_damaged_is_told_of(paths, tmp_path):
    folder = track(tmp_path / "run", paths[:3]).folder
    damaged = folder / "frames" / "000001.fits"
    damaged.write_bytes(damaged.read_bytes()[:3000])
    with pytest.raises(SolarUnetError, match=r"000001\.fits: damaged"):
        track(folder, paths)


def test_rows_in_pieces_make_the_same_tables(paths, unbroken, tmp_path, monkeypatch):
    monkeypatch.setattr(folding, "PIECE", 3)
    folder = track(tmp_path / "run", paths).folder
    assert table_files(folder) == unbroken
    assert not (folder / "parts").exists()
