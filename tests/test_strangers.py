"""A run leaves alone what is not its own."""

import shutil

import pytest
from sequences import planted_map, table_files, track, write_sequence

from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.runs.layout import Layout


@pytest.fixture
def paths(tmp_path):
    return write_sequence(tmp_path / "frames", 3)


@pytest.mark.parametrize("overwrite", [False, True])
def test_magnetograms_in_the_place_of_a_runs_folder_are_kept(paths, tmp_path, overwrite):
    """Their folder is called frames, and the run is to be written beside it."""
    with pytest.raises(SolarUnetError, match=r"frame_00\.fits is of no run.*choose another folder"):
        track(tmp_path, paths, overwrite=overwrite)
    assert all(path.is_file() for path in paths)
    assert {path.name for path in tmp_path.iterdir()} <= {"frames", ".lock"}


@pytest.mark.parametrize("name", ["frames/000000.fits", "pairs/notes.txt", "replacement/frames/000000.fits", "parts"])
def test_what_is_of_no_run_is_not_removed(paths, tmp_path, name):
    mine = tmp_path / "output" / name
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    for overwrite in (False, True):
        with pytest.raises(SolarUnetError, match="is of no run"):
            track(tmp_path / "output", paths, overwrite=overwrite)
    assert mine.read_text() == "mine"


@pytest.mark.parametrize("text", ["{", "[1, 2]", '{"speed": 4}'])
def test_a_file_that_is_called_as_the_record_of_a_run_is_not_replaced(paths, tmp_path, text):
    mine = tmp_path / "run.json"
    mine.write_text(text)
    for overwrite in (False, True):
        with pytest.raises(SolarUnetError, match=r"run\.json: not the record of a run.*choose another folder"):
            track(tmp_path, [planted_map(0)], overwrite=overwrite)
    assert mine.read_text() == text


def test_a_folder_in_the_place_of_the_record_is_refused(paths, tmp_path):
    (tmp_path / "output" / "run.json").mkdir(parents=True)
    with pytest.raises(SolarUnetError, match=r"run\.json is of no run"):
        track(tmp_path / "output", paths)


def test_figures_of_no_run_are_replaced_only_if_asked_for(paths, tmp_path):
    mine = tmp_path / "output" / "frame_0000.png"
    mine.parent.mkdir()
    mine.write_text("mine")
    with pytest.raises(SolarUnetError, match="is of no run"):
        track(tmp_path / "output", paths)
    track(tmp_path / "output", paths, overwrite=True)
    assert mine.read_text() == "mine"


def test_images_that_go_in_are_not_drawn_over(tmp_path):
    """They are called as the figures of a run in the same folder would be."""
    image = tmp_path / "frame_0000.png"
    shutil.copy(write_sequence(tmp_path / "sequence", 1)[0], image)
    for overwrite in (False, True):
        with pytest.raises(SolarUnetError, match=r"frame_0000\.png is of no run"):
            track(tmp_path, [planted_map(1), image], overwrite=overwrite)


def test_a_run_may_stand_beside_its_magnetograms(paths, tmp_path):
    folder = paths[0].parent
    run = track(folder, folder)
    run.draw()
    before = table_files(folder)
    track(folder, folder)
    assert table_files(folder) == before
    assert all(path.is_file() for path in paths)


def test_removing_a_run_leaves_what_else_is_in_its_folders(paths, tmp_path):
    run = track(tmp_path / "run", paths)
    mine = run.folder / "frames" / "notes.txt"
    mine.write_text("mine")
    Layout(run.folder).remove()
    assert {path for path in run.folder.rglob("*") if path.is_file()} <= {mine, run.folder / ".lock"}
