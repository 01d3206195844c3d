import json
import shutil

import astropy.units as u
import numpy as np
import pytest
from astropy.io import fits
from astropy.time import Time
from filelock import FileLock
from sequences import FRAMES, SEGMENTER, planted_map, table_files, track, write_sequence
from sunpy.map import Map

from sunpy_solarunet import Run, Segmenter, Tracker
from sunpy_solarunet.errors import SequenceError, SolarUnetError
from sunpy_solarunet.runs.frames import read_frame
from sunpy_solarunet.runs.layout import Layout
from sunpy_solarunet.runs.pairs import read_pair, write_pair
from sunpy_solarunet.tracking.comparing import compare
from sunpy_solarunet.tracking.rows import features_columns
from sunpy_solarunet.tracking.tables import read_table, write_table


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    return write_sequence(tmp_path_factory.mktemp("sequence"))


@pytest.fixture(scope="module")
def finished(paths, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    track(folder, paths)
    return folder


def assert_same(one, other):
    """Columns and arrays are equal to the last bit."""
    if isinstance(one, Time):
        assert_same(one.jd1, other.jd1)
        assert_same(one.jd2, other.jd2)
    else:
        assert np.asarray(one).dtype == np.asarray(other).dtype
        assert np.asarray(one).tobytes() == np.asarray(other).tobytes()


def test_a_run_finds_what_a_tracker_finds(finished, paths):
    tracker = Tracker()
    events = tracker.track(SEGMENTER(Map(path)) for path in paths)
    run = Run.read(finished)
    assert events["kind"].tolist() == ["appearance", "disappearance"]
    assert run.events["kind"].tolist() == ["appearance", "disappearance"]
    assert run.events["frame"].tolist() == [2, 3]
    for name in ("events", "members", "tracks"):
        found, expected = getattr(run, name), getattr(tracker, name)
        assert found.colnames == expected.colnames
        assert len(found) == len(expected)
    assert (run.features["flux"] == tracker.features["flux"]).all()


def test_a_frame_is_stored_to_the_last_bit(finished, paths):
    for number, path in enumerate(paths):
        stored = read_frame(Layout(finished).frame(number))
        expected = features_columns(SEGMENTER(Map(path)), number)
        assert list(stored.features) == list(expected)
        for name, column in expected.items():
            assert_same(stored.features[name], np.asarray(column) if not isinstance(column, Time) else column)


def test_the_labels_of_a_frame_open_as_a_map_with_its_coordinates(finished, paths):
    with fits.open(Layout(finished).frame(3)) as hdus:
        labels = Map(hdus["LABELS"].data, hdus["LABELS"].header)
    original = Map(paths[3])
    assert (labels.data == SEGMENTER(original).labels).all()
    assert abs((labels.date - original.date).to_value(u.s)) < 1e-6
    corner = original.pixel_to_world(5 * u.pix, 31 * u.pix)
    x, y = labels.world_to_pixel(corner)
    assert (x.value, y.value) == pytest.approx((5, 31), abs=1e-6)


def test_a_pair_is_stored_to_the_last_bit(tmp_path):
    before, after = (SEGMENTER(planted_map(number)) for number in (1, 2))
    transition = compare(before, after)
    write_pair(tmp_path / "pair.npz", transition)
    stored = read_pair(tmp_path / "pair.npz")
    for name, value in vars(transition).items():
        if isinstance(value, np.ndarray):
            assert_same(value, getattr(stored, name))
        elif np.isscalar(value) and not isinstance(value, str):
            assert value == getattr(stored, name)
        elif name == "events":
            assert list(value) == list(stored.events)
            for column in value:
                assert_same(value[column], stored.events[column])
        else:
            assert repr(value) == repr(getattr(stored, name))


def test_a_catalog_comes_back_from_labels_and_magnetogram(finished, paths):
    assert Run.read(finished).catalog(2) == SEGMENTER(Map(paths[2]))


def test_a_track_has_its_rows_against_time(finished):
    run = Run.read(finished)
    wanderer = run.track(int(run.features["track_id"][run.features["flux"] > 0][0]))
    assert wanderer.features["frame"].tolist() == list(range(FRAMES))
    assert np.diff(wanderer.features["x"].value) == pytest.approx(2, abs=0.1)
    assert (wanderer.parents, wanderer.children, len(wanderer.events)) == ([], [], 0)
    assert len(wanderer.plot().axes) == 2


def test_an_event_has_its_members_and_both_frames(finished):
    appearance = Run.read(finished).event(0)
    assert appearance.frames == (1, 2)
    assert appearance.members["role"].tolist() == ["child"]
    assert [len(catalog) for catalog in appearance.catalogs] == [2, 3]
    assert len(appearance.plot().axes) >= 2


def test_the_element_at_a_place_and_time_is_found(finished, paths):
    run, place = Run.read(finished), Map(paths[4]).pixel_to_world(21 * u.pix, 7 * u.pix)
    found = run.at(place, run.frames["time"][4])
    assert found.row["polarity"] == 1
    assert found.features["frame"].tolist() == list(range(FRAMES))
    assert run.at(Map(paths[4]).pixel_to_world(50 * u.pix, 3 * u.pix), run.frames["time"][4]) is None
    with pytest.raises(SequenceError, match="is not within the run"):
        run.at(place, run.frames["time"][0] - 1 * u.day)


def test_what_is_not_there_is_told(finished, tmp_path):
    run = Run.read(finished)
    with pytest.raises(SolarUnetError, match="no frame 77"):
        run.catalog(77)
    with pytest.raises(SolarUnetError, match="no track 99"):
        run.track(99)
    with pytest.raises(SolarUnetError, match="no event 99"):
        run.event(99)
    with pytest.raises(SolarUnetError, match="no run is in this folder"):
        Run.read(tmp_path)


def test_magnetograms_are_found_where_they_were_moved(paths, tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    run = track(tmp_path / "run", write_sequence(old, 3))
    old.rename(new)
    with pytest.raises(SolarUnetError, match="magnetograms="):
        Run.read(run.folder).catalog(1)
    assert len(Run.read(run.folder, magnetograms=new).catalog(1)) == 2
    shutil.copy(paths[5], new / "frame_01.fits")
    with pytest.raises(SolarUnetError, match="has changed since"):
        Run.read(run.folder, magnetograms=new).catalog(1)


def test_maps_in_memory_are_given_again(tmp_path):
    maps = [planted_map(number) for number in range(3)]
    run = Run(tmp_path / "run").track(maps, SEGMENTER, Tracker())
    assert len(run.catalog(1)) == 2
    with pytest.raises(SolarUnetError, match="magnetograms="):
        Run.read(run.folder).catalog(1)
    assert Run.read(run.folder, magnetograms=maps).catalog(1) == run.catalog(1)


@pytest.mark.parametrize(
    ("segmenter", "tracker", "difference"),
    [
        (Segmenter("threshold", threshold=120 * u.G), Tracker(), "threshold was 100"),
        (SEGMENTER, Tracker(balance_tolerance=0.4), "balance_tolerance was 0.5 and is now 0.4"),
    ],
)
def test_other_parameters_on_an_old_folder_are_refused_by_name(finished, paths, segmenter, tracker, difference):
    before = table_files(finished)
    with pytest.raises(SolarUnetError, match=difference):
        Run(finished).track(paths, segmenter, tracker)
    assert table_files(finished) == before


def test_other_files_on_an_old_folder_are_refused_by_name(finished, paths):
    with pytest.raises(SolarUnetError, match=r"file 1 was frame_01\.fits and is now frame_02\.fits"):
        track(finished, paths[:1] + paths[2:])
    with pytest.raises(SolarUnetError, match=r"frame_05\.fits is missing now"):
        track(finished, paths[:-1])


def test_a_folder_is_replaced_only_once_the_new_run_is_there(paths, tmp_path, monkeypatch):
    run, other = track(tmp_path / "run", paths), Segmenter("threshold", threshold=280 * u.G)
    before = table_files(run.folder)

    def fail(self, magnetogram):
        if "frame_03" in magnetogram.meta["filename"]:
            raise RuntimeError("no more")
        return whole(self, magnetogram)

    whole = Segmenter.__call__
    monkeypatch.setattr(Segmenter, "__call__", fail)
    with pytest.raises(RuntimeError, match="no more"):
        Run(run.folder).track(paths, other, Tracker(), overwrite=True)
    assert table_files(run.folder) == before
    assert len(Run.read(run.folder).tracks) == 3
    monkeypatch.undo()
    Run(run.folder).track(paths, other, Tracker(), overwrite=True)
    assert len(Run.read(run.folder).tracks) == 2
    assert table_files(run.folder) == table_files(Run(tmp_path / "new").track(paths, other, Tracker()).folder)


def test_two_runs_do_not_write_to_one_folder(finished, paths):
    with FileLock(finished / ".lock"), pytest.raises(SolarUnetError, match="another run is writing"):
        track(finished, paths)


def test_a_folder_that_cannot_be_written_to_is_refused_before_a_frame_is_read(paths, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("kept")
    monkeypatch.setattr("sunpy_solarunet.runs.inputs.make_map", None)
    with pytest.raises(SolarUnetError, match="cannot be written to"):
        track(tmp_path / "file", paths)
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_a_table_that_was_cut_is_refused(finished, tmp_path, share):
    whole = (finished / "features.ecsv").read_bytes()
    cut = tmp_path / "features.ecsv"
    cut.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(SolarUnetError, match=r"cut|not a table"):
        read_table(cut)


def test_tables_say_that_the_run_is_whole(finished):
    assert {read_table(path).meta["run"] for path in finished.glob("*.ecsv")} == {"whole"}
    assert json.loads((finished / "run.json").read_text())["state"] == "whole"


def test_tables_in_another_format_are_not_left_beside_those_of_the_run(paths, tmp_path):
    run = track(tmp_path / "run", paths)
    track(run.folder, paths, format="fits")
    assert not list(run.folder.glob("*.ecsv"))
    assert len(read_table(run.folder / "events.fits")) == 2


def test_a_table_that_is_not_of_the_run_is_not_taken_for_its_own(paths, tmp_path):
    run = track(tmp_path / "run", paths)
    write_table(run.events[:1], run.folder / "events.ecsv", overwrite=True)
    with pytest.raises(SolarUnetError, match="1 rows, where the run has 2"):
        _ = Run.read(run.folder).events


def test_tables_of_no_run_are_not_replaced_unasked(finished, paths, tmp_path):
    shutil.copy(finished / "events.ecsv", tmp_path / "events.ecsv")
    with pytest.raises(SolarUnetError, match="overwrite"):
        track(tmp_path, paths)


def test_a_run_tells_what_it_is(finished, tmp_path):
    run = Run.read(finished)
    assert repr(run) == f"<Run: whole, 6 frames, 3 tracks, 2 events, in {finished}>"
    assert "threshold" in run._repr_html_()
    assert "not begun" in repr(Run(tmp_path / "nothing"))


def test_an_argument_that_does_not_exist_is_no_fault_of_the_files(paths, tmp_path):
    with pytest.raises(TypeError, match="unknown argument 'extend'; did you mean 'extent'"):
        track(tmp_path / "run", paths, extend=(0, 1, 0, 1) * u.arcsec)
    assert not (tmp_path / "run" / "run.json").exists()
