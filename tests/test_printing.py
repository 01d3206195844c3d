import astropy.table
import astropy.units as u
import numpy as np
import pytest
from astropy.time import Time
from hypothesis import given, settings
from hypothesis import strategies as st

from sunpy_solarunet.tracking.schemas import SCHEMAS
from sunpy_solarunet.tracking.tables import make_table, read_table, stack_tables, write_table

FLUX = 1.2345678901234e18

#: What the columns of the events begin with.
MATTERS = ["event_id", "kind", "time", "Tx", "Ty", "flux_exchanged", "confidence"]


def events(times=("2017-07-13T20:17:41.123456789", "2017-07-13T20:18:37.5")):
    number = len(times)
    columns = {
        name: ["cancellation"] * number if kind is str else np.arange(number) + 1 / 3 if kind is float else [0] * number
        for name, (kind, _) in SCHEMAS["events"].items()
    }
    columns |= {"time": Time(list(times), precision=9), "flux_exchanged": [FLUX] * number * u.Mx}
    columns |= {"Tx": [-123.456789] * number, "event_id": np.arange(number)}
    return make_table("events", columns)


def rows(table, width=-1):
    return [line.split() for line in table.pformat(max_lines=-1, max_width=width)]


def test_events_print_what_matters_first_and_at_sensible_digits():
    names, _, _, first, second = rows(events())
    assert names[:7] == MATTERS
    assert first[:7] == ["0", "cancellation", "2017-07-13T20:17:41", "-123.5", "0.0", "1.23e+18", "0.33"]
    assert second[2] == "2017-07-13T20:18:37"


def test_where_there_is_no_room_the_last_columns_give_way():
    assert rows(events(), 80)[0] == [*MATTERS[:6], "..."]
    assert rows(events(), 90)[0] == [*MATTERS, "..."]
    assert rows(events(), 5)[0] == ["event_id", "..."]
    assert "..." not in rows(events())[0]
    assert all(len(line) <= 80 for line in str(events()).splitlines())


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_table_prints_with_rows_and_without(name):
    columns = {
        column: ["x"] if kind is str else Time(["2020-01-01"]) if kind is Time else [1]
        for column, (kind, _) in SCHEMAS[name].items()
    }
    for table in (make_table(name, columns), make_table(name, {})):
        assert rows(table)[0] == list(SCHEMAS[name])
        assert next(iter(SCHEMAS[name])) in table._repr_html_()
        assert next(iter(SCHEMAS[name])) in str(table)
        assert all(column.info.format is None for column in table.columns.values())


def test_a_part_of_a_table_prints_as_the_whole_does(tmp_path):
    table = events()
    back = read_table(write_table(table, tmp_path / "events.ecsv"))
    parts = [
        table[:1],
        table[[0]],
        table[table["event_id"] == 0],
        table.copy()[:1],
        stack_tables("events", [table])[:1],
    ]
    parts += [astropy.table.vstack([table, table])[:1], back[:1], table[list(table.colnames)][:1]]
    for part in parts:
        assert rows(part) == rows(table)[:4]
    assert rows(table["time", "flux_exchanged"])[3] == ["2017-07-13T20:17:41", "1.23e+18"]


@pytest.mark.parametrize("suffix", [".ecsv", ".csv", ".fits"])
def test_printing_does_not_change_what_is_in_a_table_and_in_files(tmp_path, suffix):
    table = events()
    before = write_table(table, tmp_path / f"before{suffix}").read_bytes()
    assert str(table)
    assert write_table(table, tmp_path / f"after{suffix}").read_bytes() == before
    assert read_table(tmp_path / f"after{suffix}")["flux_exchanged"][0].value == FLUX
    assert table["time"][0].isot == "2017-07-13T20:17:41.123456789"


def test_a_table_written_by_astropy_itself_keeps_all_digits(tmp_path):
    table = events()
    assert str(table)
    table.write(tmp_path / "events.ecsv")
    found = astropy.table.QTable.read(tmp_path / "events.ecsv")
    assert found["flux_exchanged"][0].value == FLUX
    assert found["time"][0].isot == "2017-07-13T20:17:41.123456789"


def test_a_format_that_a_user_gives_is_taken():
    table = events()
    table["flux_exchanged"].info.format = ".4e"
    table["mine"] = [0.123456789, 2]
    assert rows(table["flux_exchanged", "mine"])[3] == ["1.2346e+18", "0.123456789"]


def test_a_time_that_is_not_known_prints_as_nothing():
    columns = {name: [0, 1] for name in SCHEMAS["frames"]}
    table = make_table("frames", columns | {"time": Time([0, 2457948], format="jd", scale="utc")})
    assert [line.strip() for line in table["time",].pformat(max_lines=-1)[2:]] == ["", "2017-07-13T12:00:00"]


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 10**11), min_size=2, max_size=6, unique=True))
def test_times_that_differ_print_differently(nanoseconds):
    times = Time("2017-07-13T20:17:41", precision=9) + np.array(nanoseconds) * u.ns
    shown = [line[0] for line in rows(events(times.isot)["time",])[2:]]
    assert len(set(shown)) == len(nanoseconds)
    steps = np.diff(np.sort(nanoseconds))
    if steps.min() >= 10**9:
        assert {len(text) for text in shown} == {len("2017-07-13T20:17:41")}
