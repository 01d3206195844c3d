"""Results in the forms of other projects."""

import json
import sys
from importlib.util import find_spec

import astropy.units as u
import numpy as np
import pytest
from astropy.io import fits
from astropy.time import Time
from astropy.wcs import WCS
from planted import random_sequence, sequence

from sunpy_solarunet import Run, Segmenter, Tracker
from sunpy_solarunet.errors import SolarUnetError, SolarUnetWarning
from sunpy_solarunet.exports import to_networkx, to_xarray, write_geff
from sunpy_solarunet.tracking.filtering import INTERACTIONS

ALONE = (30, 40, 4, 4, -300)
PARTS = [(10, 10, 4, 4, 200), (10, 15, 4, 3, 300)]
WHOLE = [(10, 10, 4, 8, 212.5)]
SCENES = ([*PARTS, ALONE], [*WHOLE, ALONE], [*PARTS, ALONE])

needs_geff = pytest.mark.skipif(find_spec("geff") is None, reason="geff is not installed")


@pytest.fixture(scope="module")
def tracker():
    """Features 0 and 1 merge into track 1, from which track 3 parts; track 2 is alone."""
    tracker = Tracker(memory=0)
    tracker.track(sequence(*SCENES))
    return tracker


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    maps = [catalog.map for catalog in sequence(*SCENES)]
    empty = np.full(maps[0].data.shape, np.nan)
    maps.insert(1, type(maps[0])(empty, dict(maps[0].meta) | {"date-obs": "2017-07-13T20:18:11"}))
    run = Run(tmp_path_factory.mktemp("run"))
    with pytest.warns(SolarUnetWarning, match="1 of 4 frames"):
        return run.track(maps, Segmenter("threshold", threshold=100 * u.G), Tracker())


# -- NetworkX --


def test_nodes_are_the_tracks_and_edges_lead_from_parents_to_children(tracker):
    graph = to_networkx(tracker)
    assert sorted(graph) == tracker.tracks["track_id"].tolist() == [0, 1, 2, 3]
    assert sorted(graph.edges) == [(0, 1), (1, 3)]
    assert graph.edges[0, 1] == {
        "event_id": 0,
        "kind": "merging",
        "frame": 0,
        "parent_frame": 0,
        "child_frame": 1,
        "flux_exchanged": tracker.events["flux_exchanged"][0].value,
        "event_ids": [0],
    }


def test_attributes_are_plain_and_survive_json(tracker):
    graph = to_networkx(tracker)
    for number, row in zip(tracker.tracks["track_id"].tolist(), tracker.tracks, strict=True):
        for name, value in graph.nodes[number].items():
            assert type(value) in (int, float, str, bool)
            assert value == getattr(row[name], "value", row[name]) or value != value
    assert graph.graph["units"]["flux_exchanged"] == graph.graph["units"]["max_flux"] == "Mx"
    assert graph.graph["units"]["duration"] == "s"
    assert "lifetime" not in graph.graph["units"]
    assert graph.graph["association"] == "likelihood"
    json.dumps([graph.graph, *graph.nodes.values(), *graph.edges.values()])


def test_a_track_that_parts_and_comes_back_again_and_again_tells_of_all_events():
    tracker = Tracker(memory=0)
    tracker.track(sequence(WHOLE, PARTS, WHOLE, PARTS, WHOLE))
    graph = to_networkx(tracker)
    told = sorted(event for _, _, events in graph.edges(data="event_ids") for event in events)
    assert told == tracker.lineage["event_id"].tolist() == [0, 1, 2, 3]


def test_the_table_of_tracks_alone_is_enough_for_who_came_from_whom(tracker):
    whole, alone = to_networkx(tracker), to_networkx(tracker.tracks)
    assert sorted(alone) == sorted(whole)
    assert sorted(alone.edges) == sorted(whole.edges)
    assert alone.edges[0, 1] == {"parent_frame": 0, "child_frame": 1, "event_ids": []}


def test_without_tracks_the_graph_is_empty():
    assert len(to_networkx(Tracker())) == 0


def test_a_run_gives_the_same_graph_as_its_tables(run):
    tables = {name: getattr(run, name) for name in ("events", "members", "tracks")}
    assert sorted(to_networkx(run).edges) == sorted(to_networkx(tables).edges) != []


@pytest.mark.parametrize(
    ("missing", "extra", "export"),
    [
        ("networkx", "graphs", lambda run, _: to_networkx(run)),
        ("geff", "geff", lambda run, path: write_geff(run, path)),
        ("xarray", "xarray", lambda run, _: to_xarray(run)),
    ],
)
def test_what_is_not_installed_is_named_with_how_to_install_it(run, tmp_path, monkeypatch, missing, extra, export):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(SolarUnetError, match=rf'need {missing}: pip install "sunpy_solarunet\[{extra}\]"'):
        export(run, tmp_path / "graph.geff")


# -- GEFF --


def read_geff(path):
    """The graph, checked by the format's own means."""
    import geff
    from geff.core_io import read_to_memory
    from geff.validate.data import ValidationConfig, validate_data

    geff.validate_structure(path)
    validate_data(read_to_memory(path), ValidationConfig(graph=True, lineage=True, tracklet=True))
    return geff.read(path)


@needs_geff
def test_a_graph_of_features_is_valid_and_comes_back_as_it_was(tracker, tmp_path):
    graph, metadata = read_geff(write_geff(tracker, tmp_path / "graph.geff"))
    features = tracker.features
    assert [(axis.name, axis.type, axis.unit) for axis in metadata.axes] == [
        ("frame", "time", "frame"),
        ("y", "space", "pixel"),
        ("x", "space", "pixel"),
    ]
    assert sorted(graph) == list(range(1, len(features) + 1))
    for node, row in enumerate(features, start=1):
        known = graph.nodes[node]
        assert known["seconds"] == 60 * row["frame"]
        for name in set(features.colnames) - {"time"}:
            assert known[name] == getattr(row[name], "value", row[name]) or np.isnan(known[name])
    told = metadata.node_props_metadata["flux"]
    assert (told.unit, told.description) == ("Mx", features["flux"].info.description)
    assert metadata.extra["sunpy_solarunet"]["start"] == "2017-07-13T20:17:41.000000000"


@needs_geff
def test_edges_go_on_with_tracks_and_join_the_members_of_events(tracker, tmp_path):
    graph, metadata = read_geff(write_geff(tracker, tmp_path / "graph.geff"))

    def name(node):
        return graph.nodes[node]["frame"], graph.nodes[node]["track_id"]

    edges = {(name(parent), name(child)): data for parent, child, data in graph.edges(data=True)}
    by_kind = {ends: [kind for kind in INTERACTIONS if data[kind]] for ends, data in edges.items()}
    assert by_kind == {
        ((0, 0), (1, 1)): ["merging"],
        ((0, 1), (1, 1)): ["merging"],
        ((1, 1), (2, 1)): ["splitting"],
        ((1, 1), (2, 3)): ["splitting"],
        ((0, 2), (1, 2)): [],
        ((1, 2), (2, 2)): [],
    }
    assert edges[(0, 2), (1, 2)]["event_id"] == -1
    assert np.isnan(edges[(0, 2), (1, 2)]["flux_exchanged"])
    assert edges[(0, 0), (1, 1)]["flux_exchanged"] == tracker.events["flux_exchanged"][0].value
    assert metadata.edge_props_metadata["flux_exchanged"].unit == "Mx"
    lineage = {name(node): data["lineage"] for node, data in graph.nodes(data=True)}
    assert len({lineage[frame, 2] for frame in (0, 1, 2)}) == 1
    assert len(set(lineage.values())) == 2


@needs_geff
@pytest.mark.filterwarnings("ignore:Spatial unit arcsec")
def test_nodes_may_stand_on_the_sky(run, tmp_path):
    graph, metadata = read_geff(write_geff(run, tmp_path / "graph.geff", axes="sky"))
    units = {axis.name: axis.unit for axis in metadata.axes}
    assert units == {"seconds": "second", "Ty": "arcsec", "Tx": "arcsec"}
    assert sorted({data["seconds"] for _, data in graph.nodes(data=True)}) == [0, 60, 120]
    assert metadata.axes[2].min == run.features["Tx"].min().value


@needs_geff
@pytest.mark.parametrize(
    ("rule", "identity"), [("likelihood", "largest_flux"), ("overlap", "largest_flux"), ("paper", "new")]
)
def test_any_sequence_makes_a_valid_graph(rule, identity, tmp_path):
    tracker = Tracker(rule, identity=identity)
    tracker.track(random_sequence(11, frames=5))
    graph, _ = read_geff(write_geff(tracker, tmp_path / "graph.geff"))
    assert all(graph.nodes[parent]["frame"] < graph.nodes[child]["frame"] for parent, child in graph.edges)
    kin = {
        (graph.nodes[parent]["track_id"], graph.nodes[child]["track_id"], data["event_id"])
        for parent, child, data in graph.edges(data=True)
        if graph.nodes[parent]["track_id"] != graph.nodes[child]["track_id"]
    }
    assert kin == set(tracker.lineage.iterrows("parent", "child", "event_id"))


@needs_geff
@pytest.mark.parametrize("scenes", [[[], []], [[ALONE], [ALONE]]])
def test_graphs_without_events_or_features_are_valid_too(scenes, tmp_path):
    tracker = Tracker()
    tracker.track(sequence(*scenes))
    graph, _ = read_geff(write_geff(tracker, tmp_path / "graph.geff"))
    number = sum(map(len, scenes))
    assert (len(graph), len(graph.edges)) == (number, max(number - 1, 0))


@needs_geff
def test_nothing_is_replaced_unasked(tracker, tmp_path):
    path = write_geff(tracker.tables(), tmp_path / "graph.geff")
    with pytest.raises(OSError, match="exists and is not to be replaced"):
        write_geff(tracker, path)
    smaller = Tracker()
    smaller.track(sequence([ALONE]))
    graph, _ = read_geff(write_geff(smaller, path, overwrite=True))
    assert len(graph) == 1


@needs_geff
def test_what_cannot_be_made_a_graph_is_refused_before_anything_is_written(tracker, tmp_path):
    path = tmp_path / "graph.geff"
    tables = tracker.tables()
    with pytest.raises(SolarUnetError, match="pixels"):
        write_geff(tracker, path, axes="meters")
    with pytest.raises(SolarUnetError, match="members and features are of different runs"):
        write_geff(tables | {"features": tables["features"][1:]}, path)
    with pytest.raises(TypeError, match="a Run, a Tracker or the dict"):
        write_geff(tables["features"], path)
    assert not path.exists()


# -- xarray --


@pytest.fixture
def xarray():
    return pytest.importorskip("xarray")


def test_labels_are_stacked_by_time(xarray):
    catalogs = sequence(*SCENES)
    labels = to_xarray(iter(catalogs))
    assert isinstance(labels, xarray.DataArray)
    assert labels.dims == ("time", "y", "x")
    assert labels.shape == (3, 40, 60)
    for frame, catalog in enumerate(catalogs):
        assert Time(labels.time.values[frame]) == catalog.time
        assert np.array_equal(labels[frame], catalog.labels)
    assert labels.sel(x=12, y=11).values.tolist() == [1, 1, 1]


def test_each_frame_has_its_coordinates(xarray):
    catalogs = sequence(*SCENES)
    labels = to_xarray(catalogs)
    for header, catalog in zip(labels.wcs.values.tolist(), catalogs, strict=True):
        place = WCS(fits.Header.fromstring(header)).pixel_to_world(5, 30)
        assert place.separation(catalog.map.wcs.pixel_to_world(5, 30)) < 1e-6 * u.arcsec


def test_of_a_run_the_used_frames_are_read_when_they_are_asked_for(xarray, run):
    labels = to_xarray(run)
    assert labels.frame.values.tolist() == [0, 2, 3] == run.used_frames()
    assert labels.chunks == ((1, 1, 1), (40,), (60,))
    for position, frame in enumerate(run.used_frames()):
        catalog = run.catalog(frame)
        assert np.array_equal(labels[position], catalog.labels)
        assert Time(labels.time.values[position]) == catalog.time
        place = WCS(fits.Header.fromstring(labels.wcs.values[position])).pixel_to_world(5, 30)
        assert place.separation(catalog.map.wcs.pixel_to_world(5, 30)) < 1e-6 * u.arcsec
    assert labels.attrs["association"] == "likelihood"


def test_the_feature_of_a_table_is_found_in_the_labels(xarray, run):
    labels = to_xarray(run).swap_dims(time="frame")
    for row in run.features:
        pixels = int((labels.sel(frame=row["frame"]) == row["label"]).sum())
        assert pixels == row["n_pixels"]


def test_one_catalog_is_a_stack_of_one(xarray):
    (catalog,) = sequence([ALONE])
    assert to_xarray(catalog).shape == (1, 40, 60)


def test_what_has_no_labels_is_refused(xarray, tracker):
    (small,) = sequence([(3, 4, 4, 3, 300)], shape=(20, 30))
    with pytest.raises(TypeError, match="a Run or FeatureCatalogs are needed"):
        to_xarray([tracker])
    with pytest.raises(TypeError, match="a Run or FeatureCatalogs are needed"):
        to_xarray(tracker)
    with pytest.raises(SolarUnetError, match="no frame"):
        to_xarray([])
    with pytest.raises(SolarUnetError, match=r"one shape, here are \(20, 30\), \(40, 60\)"):
        to_xarray([*sequence([ALONE]), small])
