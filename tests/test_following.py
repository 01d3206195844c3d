import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import astropy.units as u
import pytest
from astropy.time import Time
from sequences import FRAMES, planted_map, table_files, track, write_sequence

from sunpy_solarunet import Run
from sunpy_solarunet.cli import main
from sunpy_solarunet.errors import SequenceError, SolarUnetError, SolarUnetWarning
from sunpy_solarunet.runs import following

pytest.importorskip("watchfiles")

#: Follows until a second has passed without a new file.
SOON = {"follow": True, "idle": 1 * u.s}


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    return write_sequence(tmp_path_factory.mktemp("sequence"))


@pytest.fixture(scope="module")
def unbroken(paths, tmp_path_factory):
    """The tables of a run over files that are all there."""
    return table_files(track(tmp_path_factory.mktemp("runs") / "run", paths).folder)


@pytest.fixture
def place(tmp_path):
    folder = tmp_path / "incoming"
    folder.mkdir()
    return folder


@pytest.fixture
def meanwhile():
    """Have a function run in a thread, which has ended when the test has."""
    threads = []

    def start(function):
        threads.append(threading.Thread(target=function))
        threads[-1].start()

    yield start
    for thread in threads:
        thread.join(30)


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    assert condition()


def frames_in(folder):
    return len(list((folder / "frames").glob("[0-9]*.fits")))


def test_files_that_come_are_taken_up(paths, unbroken, place, tmp_path, meanwhile):
    """Two are there, two are moved into place after that, and two are copied when those have been taken up."""
    for path in paths[:2]:
        shutil.copy(path, place)

    def come():
        wait_for(lambda: frames_in(tmp_path / "run") == 2)
        for path in paths[2:4]:
            shutil.copy(path, tmp_path / path.name)
            (tmp_path / path.name).rename(place / path.name)
        wait_for(lambda: frames_in(tmp_path / "run") == 4)
        for path in paths[4:]:
            shutil.copy(path, place)

    meanwhile(come)
    run = track(tmp_path / "run", place, **SOON)
    assert run.state == "whole"
    assert table_files(run.folder) == unbroken


def test_a_folder_may_be_empty_and_files_may_be_asked_for_by_pattern(paths, unbroken, place, tmp_path, meanwhile):
    def come():
        for path in (*paths, paths[0].with_name("frame_00.fits")):
            shutil.copy(path, place)
        (place / "notes.fits").write_text("not of the pattern")

    meanwhile(come)
    run = track(tmp_path / "run", place / "frame_*.fits", **(SOON | {"idle": 2 * u.s}))
    assert table_files(run.folder) == unbroken


def test_a_file_is_waited_for_until_it_is_whole(paths, unbroken, place, tmp_path, meanwhile):
    """The one after it waits, too: it would come first."""
    for path in paths[:3]:
        shutil.copy(path, place)
    content = paths[3].read_bytes()

    def come():
        wait_for(lambda: frames_in(tmp_path / "run") == 3)
        with (place / paths[3].name).open("wb", buffering=0) as file:
            file.write(content[:5000])
            for path in paths[4:]:
                shutil.copy(path, place)
            time.sleep(1.5)
            file.write(content[5000:])

    meanwhile(come)
    run = track(tmp_path / "run", place, **SOON)
    assert table_files(run.folder) == unbroken


def test_a_file_that_grows_for_long_is_neither_waited_for_nor_taken_half(
    paths, place, tmp_path, monkeypatch, meanwhile
):
    """The one after it comes first, and when it is whole itself, it is too late."""
    monkeypatch.setattr(following, "LONGEST", 0.6)
    shutil.copy(paths[0], place)
    content = paths[1].read_bytes()

    def come():
        wait_for(lambda: frames_in(tmp_path / "run") == 1)
        with (place / paths[1].name).open("wb", buffering=0) as file:
            file.write(content[:5000])
            shutil.copy(paths[2], place)
            wait_for(lambda: frames_in(tmp_path / "run") == 2)
            file.write(content[5000:])

    meanwhile(come)
    with pytest.warns(SolarUnetWarning, match=r"frame_01\.fits: is earlier than frame_02\.fits"):
        run = track(tmp_path / "run", place, **SOON)
    assert run.frames["file"].tolist() == ["frame_00.fits", "frame_02.fits", "frame_01.fits"]


def test_a_file_that_stays_cut_is_skipped_after_some_time(paths, place, tmp_path, monkeypatch, meanwhile):
    monkeypatch.setattr(following, "PATIENCE", 1.0)
    for path in paths[:3]:
        shutil.copy(path, place)

    def come():
        wait_for(lambda: frames_in(tmp_path / "run") == 3)
        (place / paths[3].name).write_bytes(paths[3].read_bytes()[:5000])
        shutil.copy(paths[4], place)

    meanwhile(come)
    with pytest.warns(SolarUnetWarning, match=r"1 of 5 frames could not be used.*frame_03\.fits"):
        run = track(tmp_path / "run", place, **SOON)
    assert ["cut" in reason for reason in run.frames["skipped"]] == [False, False, False, True, False]
    assert run.frames["file"].tolist() == [path.name for path in paths[:5]]


def test_a_file_that_is_earlier_than_the_last_frame_is_skipped(paths, unbroken, place, tmp_path, meanwhile):
    for path in (paths[0], paths[2]):
        shutil.copy(path, place)

    def come():
        wait_for(lambda: frames_in(tmp_path / "run") == 2)
        shutil.copy(paths[1], place)

    meanwhile(come)
    with pytest.warns(SolarUnetWarning, match=r"1 of 3 frames.*frame_01\.fits"):
        run = track(tmp_path / "run", place, **SOON)
    assert run.frames["skipped"].tolist() == ["", "", "is earlier than frame_02.fits, which came before it"]
    for path in paths[3:]:
        shutil.copy(path, place)
    for options in ({}, SOON):
        with pytest.warns(SolarUnetWarning, match=r"1 of 6 frames.*frame_01\.fits"):
            track(run.folder, place, **options)
    run = Run.read(run.folder)
    assert run.frames["file"].tolist() == [f"frame_{number:02d}.fits" for number in (0, 2, 1, 3, 4, 5)]
    assert run.state == "whole"


def test_following_is_taken_up_again_though_the_first_files_are_gone(paths, unbroken, place, tmp_path):
    """In a folder in near-real time they do not stay."""
    for path in paths[:3]:
        shutil.copy(path, place)
    run = track(tmp_path / "run", place, follow=True, until=Time.now())
    assert len(run.frames) == 3
    for path in paths[:2]:
        (place / path.name).unlink()
    for path in paths[3:]:
        shutil.copy(path, place)
    track(run.folder, place, **SOON)
    assert table_files(run.folder) == unbroken


def test_a_file_that_was_cut_may_be_whole_when_following_is_taken_up(paths, place, tmp_path, monkeypatch):
    monkeypatch.setattr(following, "PATIENCE", 0.6)
    for path in paths[:3]:
        shutil.copy(path, place)
    (place / paths[1].name).write_bytes(paths[1].read_bytes()[:5000])
    with pytest.warns(SolarUnetWarning, match="1 of 3 frames"):
        run = track(tmp_path / "run", place, **SOON)
    shutil.copy(paths[1], place)
    with pytest.warns(SolarUnetWarning, match="1 of 3 frames"):
        track(run.folder, place, **SOON)
    shutil.copy(paths[5], place / paths[2].name)
    with pytest.raises(SolarUnetError, match=r"frame_02\.fits has changed since"):
        track(run.folder, place, **SOON)


def test_the_tables_are_up_to_date_while_it_waits(paths, place, tmp_path, meanwhile):
    seen = []
    for path in paths[:4]:
        shutil.copy(path, place)

    def look():
        wait_for(lambda: (tmp_path / "run" / "frames.ecsv").is_file())
        run = Run.read(tmp_path / "run")
        seen.extend([run.state, len(run.frames), run.events.meta["run"], run.events["kind"].tolist()])
        assert len(run.tracks) == 3

    meanwhile(look)
    track(tmp_path / "run", place, follow=True, idle=3 * u.s)
    assert seen == ["going", 4, "going", ["appearance"]]


FOLLOWING = """
import signal, sys
# A program that was started in the background may be told to ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.path.insert(0, {tests!r})
from pathlib import Path
import sequences
run = sequences.track(Path({folder!r}), Path({place!r}), follow=True)
print(run.state, len(run.frames))
"""


def followed_and_sent(name, place, folder):
    """Follow in a process of its own, send it a signal once there are tables, and give back its status and output."""
    script = FOLLOWING.format(tests=str(Path(__file__).parent), folder=str(folder), place=str(place))
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        try:
            wait_for(lambda: (folder / "frames.ecsv").is_file() or process.poll() is not None, 60)
            process.send_signal(getattr(signal, name))
            told, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    return process.returncode, told.split()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_ends_it_with_whole_tables(paths, unbroken, tmp_path, name):
    assert followed_and_sent(name, paths[0].parent, tmp_path / "run") == (0, ["whole", str(FRAMES)])
    assert table_files(tmp_path / "run") == unbroken


def test_following_is_taken_up_again_after_a_kill(paths, unbroken, place, tmp_path):
    for path in paths[:4]:
        shutil.copy(path, place)
    status, _ = followed_and_sent("SIGKILL", place, tmp_path / "run")
    assert status != 0
    assert Run.read(tmp_path / "run").state == "broken off"
    for path in paths[4:]:
        shutil.copy(path, place)
    track(tmp_path / "run", place, **SOON)
    assert table_files(tmp_path / "run") == unbroken


def test_the_files_of_the_run_are_not_taken_for_new_ones(paths, tmp_path, unbroken):
    for path in paths:
        shutil.copy(path, tmp_path)
    run = track(tmp_path, tmp_path / "**" / "*.fits", **SOON)
    assert len(run.frames) == FRAMES
    assert table_files(tmp_path) == unbroken
    track(tmp_path, tmp_path / "**" / "*.fits")
    assert table_files(tmp_path) == unbroken


def test_the_limit_of_a_gap_follows_from_all_that_has_come(place, tmp_path, meanwhile):
    """The first two are 10 minutes apart; the median of 10, 1, 1, 1 and 5 minutes is 1, and 5 are more than 4."""
    for minute in (0, 10):
        planted_map(minute).save(place / f"frame_{minute:02d}.fits")

    def come():
        for number, minute in enumerate((11, 12, 13, 18), 2):
            wait_for(lambda number=number: frames_in(tmp_path / "run") == number)
            planted_map(minute).save(place / f"frame_{minute:02d}.fits")

    meanwhile(come)
    with pytest.warns(SolarUnetWarning, match="no frame for 300 s.*max_gap"):
        run = track(tmp_path / "run", place, **SOON)
    assert run.tracks.meta["max_gap"] == "240.0 s"


@pytest.mark.parametrize(
    ("maps", "options", "problem"),
    [
        ("frame_00.fits", {}, "nothing to follow but files"),
        ("gone/*.fits", {}, "no such folder"),
        ("", {"start": "2020-01-01", "cadence": 1 * u.min}, "start= cannot be given for files that have not come"),
        ("", {"idle": -1 * u.s}, "idle must not be negative"),
        ("", {"until": "soon"}, "'soon' is not a time"),
        ("", {"follow": False, "idle": 1 * u.s}, "do nothing without it"),
    ],
)
def test_what_cannot_be_followed_is_refused(paths, tmp_path, maps, options, problem):
    with pytest.raises(SolarUnetError, match=problem):
        track(tmp_path / "run", paths[0].parent / maps, **({"follow": True} | options))
    assert not (tmp_path / "run").exists()


def test_a_command_follows_and_draws_nothing(paths, unbroken, tmp_path, capsys):
    place = str(paths[0].parent / "frame_*.fits")
    options = ["--method", "threshold", "--threshold", "100", "--follow", "--idle", "0.5"]
    assert main(["track", place, *options, "--output", str(tmp_path / "run")]) == 0
    assert f"{FRAMES} frames" in capsys.readouterr().out
    assert table_files(tmp_path / "run") == unbroken
    assert not list((tmp_path / "run").glob("*.png"))


def test_maps_in_memory_cannot_be_followed(tmp_path):
    with pytest.raises(SolarUnetError, match="give a folder or a pattern"):
        track(tmp_path / "run", [planted_map(0)], follow=True)


def test_nothing_that_came_leaves_nothing(place, tmp_path):
    with pytest.raises(SequenceError, match="none has come"):
        track(tmp_path / "run", place, follow=True, idle=0.1 * u.s)
    assert not (tmp_path / "run").exists()


def test_what_following_needs_is_told(paths, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    with pytest.raises(SolarUnetError, match=r"pip install watchfiles, or sunpy_solarunet\[follow\]"):
        track(tmp_path / "run", paths[0].parent, follow=True)
