from pathlib import Path

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
import pandas
import pytest
from astropy.table import MaskedColumn, QTable
from astropy.time import Time
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from planted import sequence
from test_tracker import SCENE

from sunpy_solarunet import Segmenter, Tracker
from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.lineage import family
from sunpy_solarunet.plotting import draw_events, plot_event, plot_lineage
from sunpy_solarunet.tracking.filtering import noise_filter
from sunpy_solarunet.tracking.formats import precise_time
from sunpy_solarunet.tracking.tables import SCHEMAS, coordinates, make_table, read_table, stack_tables, write_table

#: Formats that keep everything.
WHOLE = (".ecsv", ".fits", ".hdf5", ".parquet", ".asdf")

SUFFIXES = (*WHOLE, ".csv")


@pytest.fixture(scope="module")
def tables():
    tracker = Tracker()
    tracker.track(sequence(*SCENE))
    return tracker.tables()


def assert_equal(table, other, *, suffix=""):
    """The same columns, types, units, values, descriptions and meta; CSV has no meta but the table's name."""
    assert table.colnames == other.colnames
    assert dict(table.meta) == ({"table": other.meta["table"]} if suffix == ".csv" else dict(other.meta))
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
    assert_equal(read_table(path), tables[name], suffix=suffix)


@pytest.mark.parametrize("name", SCHEMAS)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_empty_tables_come_back_with_their_columns(tmp_path, name, suffix):
    table = make_table(name, {}, {"association": "paper"})
    assert_equal(read_table(write_table(table, tmp_path / f"none{suffix}")), table, suffix=suffix)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_times_come_back_to_the_nanosecond(tables, tmp_path, suffix):
    table = tables["frames"].copy()
    table["time"] = Time(["2017-07-13T20:17:41.123456789"] * len(table), precision=9)
    path = write_table(table, tmp_path / f"frames{suffix}")
    assert read_table(path)["time"][0].isot == "2017-07-13T20:17:41.123456789"


MOMENTS = st.integers(0, 86_400 * 10**9 - 1).map(
    lambda ns: f"{ns // 3600_000_000_000:02d}:{ns // 60_000_000_000 % 60:02d}:{ns // 10**9 % 60:02d}.{ns % 10**9:09d}"
)


@pytest.mark.parametrize("suffix", [".ecsv", ".csv"])
@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moments=st.lists(MOMENTS, min_size=1, max_size=5))
def test_times_are_text_to_the_nanosecond(tmp_path, suffix, moments):
    """Also in a day with a leap second, and as pandas reads them."""
    written = [f"2016-12-31T{moment}" for moment in moments] + ["2016-12-31T23:59:60.123456789"]
    table = QTable({"kind": ["merging, too"] * len(written), "time": Time(written, precision=9), "file": written})
    path = write_table(table, tmp_path / f"times{suffix}", overwrite=True)
    assert read_table(path)["time"].isot.tolist() == written
    found = pandas.read_csv(path, comment="#", sep="," if suffix == ".csv" else " ")
    assert found["time"].tolist() == written
    assert pandas.to_datetime(found["time"][:-1]).map(lambda time: f"{time:%Y-%m-%dT%H:%M:%S.%f}").tolist() == [
        text[:26] for text in written[:-1]
    ]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_time_that_is_not_known_is_none_to_other_programs(tables, tmp_path, suffix):
    table = make_table("frames", {name: tables["frames"][name][:2] for name in SCHEMAS["frames"]})
    table["time"] = precise_time(Time([0, table["time"][1].jd], format="jd", scale="utc"))
    path = write_table(table, tmp_path / f"frames{suffix}")
    assert read_table(path)["time"].jd[0] == 0
    assert read_table(path)["time"][1].isot == table["time"][1].isot
    if suffix in (".ecsv", ".csv"):
        found = pandas.read_csv(path, comment="#", sep="," if suffix == ".csv" else " ", parse_dates=["time"])
        assert found["time"].isna().tolist() == [True, False]
        assert found["time"].dt.minute[1] == table["time"][1].ymdhms.minute
    if suffix == ".ecsv":
        assert QTable.read(path)["time"].mask.tolist() == [True, False]


OLD = """# %ECSV 1.0
# ---
# datatype:
# - {name: frame, datatype: int64}
# - {name: time.jd1, datatype: float64}
# - {name: time.jd2, datatype: float64}
# meta: !!omap
# - {rows: 1}
# - {table: members}
# - __serialized_columns__:
#     time:
#       __class__: astropy.time.core.Time
#       format: isot
#       in_subfmt: '*'
#       jd1: !astropy.table.SerializedColumn {name: time.jd1}
#       jd2: !astropy.table.SerializedColumn {name: time.jd2}
#       out_subfmt: '*'
#       precision: 9
#       scale: utc
# schema: astropy-2.0
frame time.jd1 time.jd2
3 2457948.0 0.34561487797913195
"""


def test_times_in_halves_of_days_are_still_read(tmp_path):
    (tmp_path / "old.ecsv").write_text(OLD)
    assert read_table(tmp_path / "old.ecsv")["time"].isot.tolist() == ["2017-07-13T20:17:41.125457397"]


def test_a_csv_file_has_a_line_of_names_and_rows_and_nothing_else(tmp_path):
    table = make_table("members", {"event_id": [3], "track_id": [4], "label": [1], "frame": [0], "role": ["parent"]})
    path = write_table(table, tmp_path / "members.csv")
    assert path.read_text() == "event_id,track_id,label,frame,role\n3,4,1,0,parent\n"


def test_a_csv_file_is_recognized_by_its_columns(tables, tmp_path):
    """Also what another program has written, with columns of its own and in another order."""
    frame = tables["events"].to_pandas()
    frame["remark"] = "seen, too"
    frame[frame.columns[::-1]].to_csv(tmp_path / "mine.csv", index=False)
    found = read_table(tmp_path / "mine.csv")
    assert found.meta == {"table": "events"}
    assert (found["flux_exchanged"] == tables["events"]["flux_exchanged"]).all()
    assert found["parents"].tolist() == tables["events"]["parents"].tolist()
    assert found["remark"].tolist() == ["seen, too"] * len(frame)
    assert found["time"].isot.tolist() == tables["events"]["time"].isot.tolist()


def test_a_user_s_own_columns_in_csv_are_what_they_look_like(tmp_path):
    table = QTable({name: values for name, values in OWN.items() if name != "several"})
    table["number"] = MaskedColumn([1, 2, 3], mask=[False, True, False])
    found = read_table(write_table(table, tmp_path / "own.csv"))
    assert found["text"].tolist() == OWN["text"]
    assert found["short"].tolist() == [1, -2, 3]
    assert np.array_equal(found["rate"], [1.5, np.nan, 2], equal_nan=True)
    assert found["flag"].tolist() == [True, False, True]
    assert found["number"].mask.tolist() == [False, True, False]
    assert found["tai"].scale == "utc"
    assert abs((found["tai"] - OWN["tai"]).to_value("ns")).max() < 0.1
    with pytest.raises(SolarUnetError, match=r"cannot be written as ascii\.csv"):
        write_table(QTable({"several": OWN["several"]}), tmp_path / "several.csv")


def test_values_in_csv_are_in_the_units_that_readers_take_them_to_have(tables, tmp_path):
    table = tables["features"].copy()
    table["area"] = table["area"].to(u.km**2)
    found = read_table(write_table(table, tmp_path / "features.csv"))
    assert u.allclose(found["area"], tables["features"]["area"], rtol=1e-12)


@pytest.mark.parametrize("text", ["", "frame,frame\n1,2\n", "frame,time\n1\n", "frame,label\n1,2", '"frame\n1\n'])
def test_csv_that_is_no_table_is_told(tmp_path, text):
    (tmp_path / "bad.csv").write_text(text)
    with pytest.raises(SolarUnetError, match=r"not a table"):
        read_table(tmp_path / "bad.csv")


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
    with pytest.raises(SolarUnetError, match=r"\.ecsv, \.fits, \.hdf5, \.h5, \.parquet, \.asdf, \.csv"):
        write_table(tables["events"], tmp_path / "events.xlsx")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_that_is_no_table_is_told(tmp_path, suffix):
    path = tmp_path / f"events{suffix}"
    path.write_bytes(b"this is no table at all")
    with pytest.raises(SolarUnetError, match=r"not a table"):
        read_table(path)
    with pytest.raises(FileNotFoundError, match=r"no such file"):
        read_table(tmp_path / f"others{suffix}")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.filterwarnings("ignore")
def test_a_damaged_table_is_told_or_read(tables, tmp_path, suffix):
    """Cut off, and with bytes that are not its own: what the readers say of it is of many classes."""
    path = write_table(tables["frames"], tmp_path / f"frames{suffix}")
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    refused = 0
    for _ in range(30):
        damaged = bytearray(whole[: rng.integers(len(whole))])
        damaged[len(damaged) // 3 : len(damaged) // 3 + 2] = rng.bytes(2)
        path.write_bytes(damaged)
        try:
            read_table(path)
        except SolarUnetError as problem:
            refused += str(path) in str(problem)
    assert refused > 15


def test_tables_of_different_observers_stack(tables):
    other = tables["frames"].copy()
    other["observer_lon"] += 60 * other["observer_lon"].unit
    assert len(stack_tables("frames", [tables["frames"], other])) == 2 * len(other)
    assert stack_tables("frames", []).colnames == list(SCHEMAS["frames"])


def test_an_unknown_table_lists_those_that_exist():
    with pytest.raises(SolarUnetError, match=r"'events', 'members', 'features', 'tracks', 'frames'"):
        make_table("event", {})


# A user's own columns

OWN = {
    "text": ["quiet", "", "größe ☉ \"quoted\", 'so', and more"],
    "short": np.array([1, -2, 3], np.int16),
    "single": np.array([0.5, np.nan, -np.inf], np.float32),
    "flag": np.array([True, False, True]),
    "rate": [1.5, np.nan, 2] * u.Mx / u.s,
    "when": Time(["2020-01-01T00:00:00.000000001", "2020-01-02T12:00:00", "2020-01-03T00:00:00"], precision=9),
    "tai": Time(["2020-01-01T00:00:00", "2020-01-02T06:00:00", "2020-01-03T00:00:00"], scale="tai", precision=9),
    "several": np.arange(6.0).reshape(3, 2),
}


@pytest.mark.parametrize("suffix", WHOLE)
@pytest.mark.parametrize("name", ["events", "tracks", "mine"])
def test_a_user_s_own_columns_come_back(tmp_path, name, suffix):
    table = make_table(name, ROWS[name], {"association": "paper"}) if name in SCHEMAS else QTable(meta={"by": "me"})
    for column, values in OWN.items():
        table[column] = values
    table["rate"].info.description = "what I measured"
    found = read_table(write_table(table, tmp_path / f"own{suffix}"))
    assert_equal(found, table)
    assert write_table(found, tmp_path / f"again{suffix}").is_file()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_numbers_that_are_masked_come_back_masked_and_text_empty(tmp_path, suffix):
    table = make_table("tracks", ROWS["tracks"])
    table["number"] = MaskedColumn([1, 2, 3], mask=[False, True, False])
    table["share"] = MaskedColumn([0.1, np.nan, 0.3], mask=[False, False, True])
    table["text"] = MaskedColumn(["a", "b", "c"], mask=[True, False, False])
    found = read_table(write_table(table, tmp_path / f"masked{suffix}"))
    assert found["number"].mask.tolist() == [False, True, False]
    assert found["number"][[0, 2]].tolist() == [1, 3]
    assert found["share"].mask.tolist() == [False, False, True]
    assert np.isnan(found["share"][1])
    assert found["text"].tolist() == ["", "b", "c"]


def test_the_table_that_is_written_stays_as_it_is(tmp_path):
    table = make_table("tracks", ROWS["tracks"], {"limit": (1, 2)})
    table["text"] = np.array(["a", None, "c"], object)
    table["when"] = Time([58000.0, 58001.0, 58002.0], format="mjd")
    table.meta["path"] = Path("run")
    for suffix in SUFFIXES:
        write_table(table, tmp_path / f"one{suffix}")
    assert table["text"].tolist() == ["a", None, "c"]
    assert table["when"].format == "mjd"
    assert table.meta["path"] == Path("run")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_column_of_python_objects_is_named(tmp_path, suffix):
    table = QTable({"shape": np.array([{}, [], 1], object)})
    with pytest.raises(SolarUnetError, match=r"'shape' holds Python objects"):
        write_table(table, tmp_path / f"objects{suffix}")


# Columns that are missing

ROWS = {
    "events": {
        "kind": ["merging", "appearance", "emergence"],
        "category": ["death", "birth", "birth"],
        "balance": ["", "", "balanced"],
        "time": Time(["2017-07-13T20:17:41"] * 3),
        "parents": ["1 2", "", ""],
        "children": ["1", "3", "4 5"],
        **{name: [0, 1, 2] for name, (kind, _) in SCHEMAS["events"].items() if kind not in (str, Time)},
    },
    "tracks": {
        name: ["merging", "", "shared"] if kind is str else [0, 1, 2] for name, (kind, _) in SCHEMAS["tracks"].items()
    },
}


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(("name", "missing"), [("events", ("kind", "imbalance")), ("tracks", ("parents", "lifetime"))])
def test_a_table_with_columns_missing_is_read_as_far_as_it_goes(tmp_path, name, missing, suffix):
    table = make_table(name, ROWS[name])
    table.remove_columns(missing)
    assert_equal(read_table(write_table(table, tmp_path / f"some{suffix}")), table, suffix=suffix)
    assert len(stack_tables(name, [table, table])) == 6


def without(table, column):
    table = table.copy()
    table.remove_column(column)
    return table


def test_a_column_that_is_needed_is_named_with_its_table(tables):
    before, after = sequence(*SCENE)[:2]
    events, tracks, frames = (tables[name] for name in ("events", "tracks", "frames"))
    needed = [
        ("features has no column Tx", lambda: coordinates(without(tables["features"], "Tx"), frames)),
        ("frames has no column observer_lon", lambda: coordinates(tables["features"], without(frames, "observer_lon"))),
        ("tracks has no column parents", lambda: family(without(tracks, "parents"), 0)),
        ("tracks has no column birth", lambda: plot_lineage(without(tracks, "birth"))),
        ("tracks has no column lifetime", lambda: noise_filter(tables | {"tracks": without(tracks, "lifetime")})),
        ("events has no column kind", lambda: draw_events(before, without(events, "kind"), axes=plt.gca())),
        ("events has no column category", lambda: plot_event(without(events, "category")[0], before, after)),
    ]
    for message, use in needed:
        with pytest.raises(SolarUnetError, match=message):
            use()


# Columns of the same kinds


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_catalog_s_table_has_columns_of_the_tracker_s_kinds(tables, tmp_path, suffix):
    catalog = sequence(*SCENE)[0]
    catalog.meta["probability"] = np.float32(0.4)
    table = catalog.to_table()
    found = read_table(write_table(table, tmp_path / f"catalog{suffix}"))
    for name in table.colnames:
        for one in (table[name], found[name]):
            other = tables["features"][name]
            assert (type(one), one.dtype, one.unit) == (type(other), other.dtype, other.unit), name
    if suffix != ".csv":
        assert found.meta["probability"] == np.float32(0.4)


# Meta

SIMPLE = st.none() | st.booleans() | st.integers(-(2**31), 2**31) | st.floats(allow_nan=False) | st.text()
METAS = st.dictionaries(st.text(min_size=1), SIMPLE | st.lists(SIMPLE) | st.dictionaries(st.text(min_size=1), SIMPLE))


@pytest.mark.parametrize("suffix", WHOLE)
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(meta=METAS)
def test_any_meta_comes_back(tmp_path, suffix, meta):
    meta = {name: value for name, value in meta.items() if name not in ("table", "TABMETA")}
    table = make_table("members", {}, meta)
    found = read_table(write_table(table, tmp_path / f"meta{suffix}", overwrite=True))
    assert dict(found.meta) == {"table": "members", **meta}


AWKWARD = {
    "lines": "one\ntwo\r\n\n  three\t",
    "quotes": "it's \"so\" & 'so' \\ # : {x}" * 30,
    "file": "Größe ☉ 日.fits",
    "single": np.float32(0.4),
    "integer": np.int64(3),
    "yes": np.bool_(True),
    "folder": Path("run"),
    "nothing": None,
    "pair": (1, 2.5),
    "array": np.array([[1, 2], [3, 4]]),
    "inner": {"level": np.float64(90), 5: np.int8(1)},
    "threshold": 90 * u.G,
}


@pytest.mark.parametrize("suffix", WHOLE)
def test_parameters_of_any_type_come_back_as_plain_ones(tmp_path, suffix):
    table = QTable({"x": [1, 2]}, meta=AWKWARD)
    found = dict(read_table(write_table(table, tmp_path / f"meta{suffix}")).meta)
    assert found == {
        "lines": AWKWARD["lines"],
        "quotes": AWKWARD["quotes"],
        "file": AWKWARD["file"],
        "single": float(np.float32(0.4)),
        "integer": 3,
        "yes": True,
        "folder": "run",
        "nothing": None,
        "pair": [1, 2.5],
        "array": [[1, 2], [3, 4]],
        "inner": {"level": 90.0, "5": 1},
        "threshold": "90.0 G",
    }


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_file_names_of_any_language_come_back(tables, tmp_path, suffix):
    frames = tables["frames"].copy()
    frames["file"] = [f"Größe ☉ {number}.fits" for number in range(len(frames))]
    assert read_table(write_table(frames, tmp_path / f"frames{suffix}"))["file"].tolist() == frames["file"].tolist()


def test_a_probability_of_numpy_s_single_precision_lands_in_the_meta():
    assert Segmenter("threshold", probability=np.float32(0.4)).meta["method"] == "threshold"
    assert type(Segmenter("threshold", probability=np.float32(0.4)).probability) is float


def test_a_format_without_its_package_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SolarUnetError, match=r"pip install sunpy_solarunet\[tables\]"):
        write_table(make_table("events", {}), tmp_path / "events.parquet")
