import numpy as np
import pytest
from astropy.table import QTable
from astropy.time import Time
from planted import sequence
from test_tracker import SCENE

from sunpy_solarunet import Tracker
from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.tracking.tables import SCHEMAS, make_table, read_table, stack_tables, write_table

SUFFIXES = (".ecsv", ".fits", ".hdf5", ".parquet", ".asdf")


@pytest.fixture(scope="module")
def tables():
    tracker = Tracker()
    tracker.track(sequence(*SCENE))
    return tracker.tables()


def assert_equal(table, other):
    """The same columns, types, units, values, descriptions and meta."""
    assert table.colnames == other.colnames
    assert dict(table.meta) == dict(other.meta)
    for name in table.colnames:
        one, two = table[name], other[name]
        assert type(one) is type(two), name
        assert getattr(one, "unit", None) == getattr(two, "unit", None), name
        assert one.info.description == two.info.description
        if isinstance(one, Time):
            assert (one.format, one.scale, one.precision) == (two.format, two.scale, two.precision)
            assert len(one) == 0 or abs((one - two).to_value("ns")).max() < 0.1
        else:
            assert one.dtype.kind == two.dtype.kind, name
            assert np.array_equal(np.asarray(one), np.asarray(two), equal_nan=one.dtype.kind == "f"), name


@pytest.mark.parametrize("name", SCHEMAS)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_tables_come_back_as_they_were_written(tables, tmp_path, name, suffix):
    path = write_table(tables[name], tmp_path / f"{name}{suffix}")
    assert_equal(read_table(path), tables[name])


@pytest.mark.parametrize("name", SCHEMAS)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_empty_tables_come_back_with_their_columns(tmp_path, name, suffix):
    table = make_table(name, {}, {"association": "paper"})
    assert_equal(read_table(write_table(table, tmp_path / f"none{suffix}")), table)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_times_come_back_to_the_nanosecond(tables, tmp_path, suffix):
    table = tables["frames"].copy()
    table["time"] = Time(["2017-07-13T20:17:41.123456789"] * len(table), precision=9)
    path = write_table(table, tmp_path / f"frames{suffix}")
    assert read_table(path)["time"][0].isot == "2017-07-13T20:17:41.123456789"


def test_events_written_by_astropy_itself_keep_their_nanoseconds(tables, tmp_path):
    tables["events"].write(tmp_path / "events.ecsv")
    found = QTable.read(tmp_path / "events.ecsv")
    assert abs((found["time"] - tables["events"]["time"]).to_value("ns")).max() < 0.1
    assert found.meta["association"] == "likelihood"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_is_not_replaced_unasked(tables, tmp_path, suffix):
    path = write_table(tables["members"], tmp_path / f"members{suffix}")
    with pytest.raises(OSError, match=r"not to be replaced"):
        write_table(tables["members"][:1], path)
    write_table(tables["members"][:1], path, overwrite=True)
    assert len(read_table(path)) == 1


def test_an_unknown_suffix_lists_those_that_exist(tables, tmp_path):
    with pytest.raises(SolarUnetError, match=r"\.ecsv, \.fits, \.hdf5, \.h5, \.parquet, \.asdf"):
        write_table(tables["events"], tmp_path / "events.csv")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_that_is_no_table_is_told(tmp_path, suffix):
    path = tmp_path / f"events{suffix}"
    path.write_bytes(b"this is no table at all")
    with pytest.raises(SolarUnetError, match=r"not a table"):
        read_table(path)
    with pytest.raises(FileNotFoundError, match=r"no such file"):
        read_table(tmp_path / f"others{suffix}")


def test_tables_of_different_observers_stack(tables):
    other = tables["frames"].copy()
    other["observer_lon"] += 60 * other["observer_lon"].unit
    assert len(stack_tables("frames", [tables["frames"], other])) == 2 * len(other)
    assert stack_tables("frames", []).colnames == list(SCHEMAS["frames"])


def test_an_unknown_table_lists_those_that_exist():
    with pytest.raises(SolarUnetError, match=r"'events', 'members', 'features', 'tracks', 'frames'"):
        make_table("event", {})
