"""Tables whose rows come in pieces are the same files as those that are written at once."""

import numpy as np
import pytest
from astropy.time import Time
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sunpy_solarunet.runs import folding
from sunpy_solarunet.runs.folding import Pieces
from sunpy_solarunet.tracking.piecewise import write_pieces
from sunpy_solarunet.tracking.schemas import SCHEMAS
from sunpy_solarunet.tracking.tables import make_table, read_table, write_table

SUFFIXES = (".ecsv", ".csv", ".fits", ".hdf5", ".parquet", ".asdf")

TEXTS = ["", "3 4", "größe ☉", 'it\'s, "so"', "# 1", "a longer text than all others"]

META = {"association": "likelihood", "max_speed": "4.0 km / s", "lines": "one\ntwo", "note": "x" * 100}


def columns_of(name, count, seed=0):
    """Rows of any values, among them times that are not known."""
    rng = np.random.default_rng(seed)
    made = {
        int: lambda: rng.integers(-5, 10**6, count),
        str: lambda: rng.choice(TEXTS, count),
        bool: lambda: rng.random(count) < 0.5,
        Time: lambda: Time(np.where(rng.random(count) < 0.2, 0, 2457948), rng.random(count), format="jd", scale="utc"),
    }
    numbers = lambda: np.where(rng.random(count) < 0.1, np.nan, rng.normal(0, 1e18, count))  # noqa: E731
    return {column: made.get(kind, numbers)() for column, (kind, _) in SCHEMAS[name].items()}


def cut(columns, places):
    """The rows in pieces that end at these places."""
    count = len(next(iter(columns.values())))
    ends = sorted({min(place, count) for place in places} | {count})
    starts = [0, *ends[:-1]]
    return [
        {name: values[start:end] for name, values in columns.items()}
        for start, end in zip(starts, ends, strict=True)
        if end > start
    ]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", SCHEMAS)
@settings(max_examples=3, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(count=st.integers(0, 40), places=st.lists(st.integers(0, 40), max_size=4), seed=st.integers(0, 99))
def test_a_table_in_pieces_is_the_table_at_once(tmp_path, suffix, name, count, places, seed):
    columns = columns_of(name, count, seed)
    pieces = cut(columns, places)
    write_table(make_table(name, columns, META), tmp_path / f"one{suffix}", overwrite=True)
    write_pieces(name, lambda: iter(pieces), tmp_path / f"other{suffix}", rows=count, meta=META)
    if suffix in (".hdf5", ".asdf"):  # which hold the time of writing, or identifiers
        one, other = (read_table(tmp_path / f"{which}{suffix}") for which in ("one", "other"))
        assert one.pformat() == other.pformat()
    else:
        assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"other{suffix}").read_bytes()


@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    order=st.permutations(range(23)),
    sizes=st.lists(st.integers(0, 9), min_size=1, max_size=12),
    piece=st.integers(1, 8),
    in_files=st.booleans(),
)
def test_tracks_come_out_by_number_whenever_they_end(tmp_path_factory, order, sizes, piece, in_files):
    folder = tmp_path_factory.mktemp("parts") if in_files else None
    rows = columns_of("tracks", len(order)) | {"track_id": np.array(order)}
    pieces = Pieces(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folding, "PIECE", piece)
        for part in cut(rows, np.cumsum(sizes)):
            pieces.add({"tracks": part, "members": columns_of("members", 0)})
            assert all(len(store) < piece + 23 for store in pieces._stores.values())
        found = pieces.table("tracks", {})
        held = [len(part["track_id"]) for part in pieces.pieces("tracks")]
    assert found["track_id"].tolist() == list(range(23))
    assert found["parents"].tolist() == rows["parents"][np.argsort(order)].tolist()
    assert pieces.rows["tracks"] == 23
    assert max(held) <= piece
