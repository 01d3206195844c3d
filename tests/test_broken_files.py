"""A folder with files that are broken in all ways of docs/measurements/broken_files.py."""

import importlib.util
from pathlib import Path

import pytest

from sunpy_solarunet.tracking.tables import read_table

SCRIPT = Path(__file__).parents[1] / "docs" / "measurements" / "broken_files.py"
FILES, BROKEN = 40, 25

#: A few words of why a file of each way is skipped.
REASONS = {
    "cut in the header": "not a complete FITS file",
    "cut in the data": "not a complete FITS file: it has been cut",
    "empty": "not a complete FITS file",
    "a text": "not a complete FITS file",
    "a folder": "a folder in place of a file",
    "a link to nothing": "a link to nothing in place of a file",
    "a named pipe": "a named pipe in place of a file",
    "a device": "a device in place of a file",
    "compressed and cut": "not a complete FITS file",
    "tiles damaged": "the compressed image is damaged",
    "a table alone": "holds no image",
    "a header alone": "holds no image",
    "header swapped": "not a complete FITS file",
    "all NaN": "no data",
    "all zeros": "no data",
    "wrong shape": "43 x 55 pixels in place of 48 x 64",
    "three axes": "two dimensions",
    "far too noisy": "noise of",
    "three fifths infinite": "data in 41% of its pixels",
    "wrong pointing": "points 1600 pixels away",
    "scale of zero": "the coordinates cannot be used",
    "another scale": "turned or scaled",
    "a unit that is none": "not one of a magnetic field",
    "a time that is none": "time of observation is missing or cannot be read (DATE-OBS is '2021-13-45T99:99:99')",
    "time of the one before": "has the time of frame_",
}


@pytest.fixture(scope="module")
def script():
    if not SCRIPT.is_file():
        pytest.skip("the measurements are not beside the tests")
    specification = importlib.util.spec_from_file_location("broken_files", SCRIPT)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def folder(script, tmp_path_factory):
    """The folder, and the way in which each file is broken, by its number."""
    place = tmp_path_factory.mktemp("sequence") / "frames"
    place.mkdir()
    return place, script.write_files(place, FILES, BROKEN)


@pytest.fixture(scope="module")
def tracked(script, folder, tmp_path_factory):
    output = tmp_path_factory.mktemp("runs") / "run"
    return *script.track(folder[0], output), read_table(output / "frames.ecsv")


def test_each_broken_file_is_skipped_with_its_reason_and_every_other_is_used(script, folder, tracked):
    ways, skipped = folder[1], script.skipped_frames(tracked[2])
    assert set(REASONS) <= set(ways.values())
    assert len(tracked[2]) == FILES
    assert set(skipped) == set(ways)
    wrong = {way: skipped[number] for number, way in ways.items() if REASONS.get(way, "") not in skipped[number]}
    assert wrong == {}


def test_the_command_says_how_many_and_why(tracked):
    status, told, _ = tracked
    assert status == 3
    assert f"{FILES} frames, {BROKEN} of them skipped" in told
    assert "skipped frame_0004.fits and 2 more: not a complete FITS file (Empty" in told
    assert "skipped frame_0038.fits: has the time of frame_0037.fits" in told
    assert "Traceback" not in told


def test_strict_names_all_that_the_headers_betray_before_it_begins(script, folder, tmp_path):
    """What only the data tell is not among them."""
    of_data = ("tiles damaged", "all NaN", "all zeros", "far too noisy", "three fifths infinite", "wrong pointing")
    status, told = script.track(folder[0], tmp_path / "run", "--strict")
    assert status == 1
    assert not (tmp_path / "run").exists()
    for number, way in folder[1].items():
        assert (f"frame_{number:04d}.fits" in told) == (way not in (*of_data, "another scale"))
