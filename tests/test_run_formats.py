"""Runs whose tables are in any of the formats: whole, broken off, killed, and changed from one to another."""

import json
import shutil

import numpy as np
import pytest
from astropy.time import Time
from sequences import track, write_sequence

from sunpy_solarunet import Run, Segmenter
from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.runs.layout import SUFFIXES, TABLES, Layout

pytestmark = pytest.mark.filterwarnings("ignore:.*could not be used and were skipped")


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    """A sequence with a file that cannot be read, so that not even its time is known."""
    paths = write_sequence(tmp_path_factory.mktemp("sequence"))
    paths[4].write_bytes(b"SIMPLE  = but cut")
    return paths


@pytest.fixture(scope="module")
def runs(paths, tmp_path_factory):
    """A whole run in each format, made when it is asked for."""
    folder, made = tmp_path_factory.mktemp("runs"), {}

    def run(name):
        if name not in made:
            made[name] = track(folder / name, paths, format=name).folder
        return made[name]

    return run


def assert_same_tables(folder, other, name):
    """Equal but for what the format cannot hold; there are no tables in another one."""
    found, expected = Run.read(folder), Run.read(other)
    assert found.state == expected.state == "whole"
    assert sorted(path.name for path in Layout(folder).tables()) == sorted(f"{table}.{name}" for table in TABLES)
    for table in TABLES:
        one, two = getattr(found, table), getattr(expected, table)
        assert one.colnames == two.colnames
        assert dict(one.meta) == ({"table": table} if name == "csv" else dict(two.meta))
        for column in two.colnames:
            assert type(one[column]) is type(two[column])
            assert getattr(one[column], "unit", None) == getattr(two[column], "unit", None)
            if isinstance(two[column], Time):
                assert abs((one[column] - two[column]).to_value("ns")).max() < 1
            else:
                assert np.array_equal(one[column], two[column], equal_nan=one[column].dtype.kind == "f"), column


@pytest.mark.parametrize("name", SUFFIXES)
def test_the_tables_of_a_run_are_the_same_in_every_format(runs, name):
    assert_same_tables(runs(name), runs("ecsv"), name)
    assert [text != "" for text in Run.read(runs(name)).frames["skipped"]] == [False] * 4 + [True, False]


@pytest.mark.parametrize("name", SUFFIXES)
def test_a_run_that_failed_goes_on_in_every_format(runs, paths, tmp_path, monkeypatch, name):
    with monkeypatch.context() as broken:
        whole = Segmenter.__call__
        broken.setattr(
            Segmenter,
            "__call__",
            lambda self, magnetogram: 1 / 0 if "03" in magnetogram.meta["filename"] else whole(self, magnetogram),
        )
        with pytest.raises(ZeroDivisionError):
            track(tmp_path / "run", paths, format=name)
    run = Run.read(tmp_path / "run")
    assert (run.state, len(run.frames)) == ("broken off", 3)
    assert_same_tables(track(run.folder, paths, format=name).folder, runs(name), name)


def leave_as_if_killed(folder, name):
    """As kill -9 leaves a run while it writes its tables: a frame is missing, one table is there, one half-written."""
    layout = Layout(folder)
    record = json.loads(layout.record.read_text()) | {"state": "going", "rows": {}}
    layout.record.write_text(json.dumps(record))
    layout.frame(5).unlink()
    for table in TABLES[1:]:
        layout.table(table, SUFFIXES[name]).unlink()
    (folder / f".writing-{TABLES[1]}{SUFFIXES[name]}").write_bytes(b"half")
    layout.parts.mkdir()
    (layout.parts / "features-000000.npz").write_bytes(b"half")


@pytest.mark.parametrize("name", SUFFIXES)
def test_a_run_that_was_killed_goes_on_in_every_format(runs, paths, tmp_path, name):
    folder = shutil.copytree(runs(name), tmp_path / "run")
    leave_as_if_killed(folder, name)
    assert len(Run.read(folder).frames) == 5
    assert_same_tables(track(folder, paths, format=name).folder, runs(name), name)
    assert not list(folder.glob(".writing*"))
    assert not Layout(folder).parts.exists()


@pytest.mark.parametrize(("old", "new"), [("ecsv", "csv"), ("csv", "fits"), ("fits", "hdf5"), ("asdf", "ecsv")])
def test_the_format_may_change_when_a_run_goes_on(runs, paths, tmp_path, old, new):
    folder = shutil.copytree(runs(old), tmp_path / "run")
    leave_as_if_killed(folder, old)
    assert_same_tables(track(folder, paths, format=new).folder, runs(new), new)
    assert_same_tables(track(folder, paths, format=old).folder, runs(old), old)


def test_tables_of_another_format_are_not_taken_for_those_of_the_run(runs, tmp_path):
    folder = shutil.copytree(runs("fits"), tmp_path / "run")
    (folder / "events.csv").write_text("event_id,kind\n77,merging\n")
    assert len(Run.read(folder).events) == 2


def test_a_csv_table_that_lost_rows_is_refused(runs, tmp_path):
    folder = shutil.copytree(runs("csv"), tmp_path / "run")
    lines = (folder / "features.csv").read_text().splitlines(keepends=True)
    (folder / "features.csv").write_text("".join(lines[:-2]))
    with pytest.raises(SolarUnetError, match=f"{len(lines) - 3} rows, where the run has {len(lines) - 1}"):
        _ = Run.read(folder).features
