"""
All features and what became of them, as a graph in the Graph Exchange File Format.
"""

import warnings
from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.table import QTable
from astropy.time import Time
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from sunpy_solarunet.errors import SolarUnetError, name_choice
from sunpy_solarunet.exports.packages import needed
from sunpy_solarunet.tracking.filtering import INTERACTIONS
from sunpy_solarunet.tracking.kinship import pairs_of_members
from sunpy_solarunet.tracking.sources import table_of
from sunpy_solarunet.tracking.tables import require_columns

__all__ = ["AXES", "write_geff"]

__doctest_requires__ = {"write_geff": ["geff"]}

#: What the nodes are placed by: property, kind of axis and unit, in the order of an image's axes.
AXES = {
    "pixels": (("frame", "time", "frame"), ("y", "space", "pixel"), ("x", "space", "pixel")),
    "sky": (("seconds", "time", "second"), ("Ty", "space", "arcsec"), ("Tx", "space", "arcsec")),
}

#: Number of the first node: where nodes are labels of pixels, 0 is the background.
FIRST = np.uint64(1)


def write_geff(source, path, *, axes="pixels", overwrite=False):
    """
    Write all features and what became of them as a graph in the Graph Exchange File Format.

    Nodes are the features with their measurements, numbered from 1 on in the order of their table. Edges lead from each
    to the next of its track, and from the parents of an event to its children; they have the number of the event, whose
    kind is that of merging, splitting, cancellation and emergence which is true, and the flux exchanged. The labels to
    go with the graph are those of `~sunpy_solarunet.exports.to_xarray`, where ``frame`` and ``label`` name a feature's
    pixels.

    Parameters
    ----------
    source : `~sunpy_solarunet.Run`, `~sunpy_solarunet.Tracker` or `dict` of `~astropy.table.QTable`
        What holds the tables of a sequence; events, members and features are needed.
    path : path-like
        Of the folder that is written, by custom with the suffix .geff or .zarr.
    axes : {"pixels", "sky"}
        What the nodes are placed by: frame, y and x in pixels, which viewers lay over the images, or seconds, Ty and
        Tx in arcsec. Either way all of these are properties of the nodes.
    overwrite : `bool`
        Replace a graph that is there.

    Returns
    -------
    `pathlib.Path`

    Raises
    ------
    TypeError
        If the source is none of these.
    SolarUnetError
        If geff is not installed, the axes are unknown, or a table or column is missing.
    OSError
        If there is something that is not to be replaced.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import geff
    >>> from sunpy_solarunet import Segmenter, Tracker
    >>> from sunpy_solarunet.exports import write_geff
    >>> from sunpy_solarunet.synthetic import six_events
    >>> maps, _ = six_events()
    >>> segmenter, tracker = Segmenter("threshold"), Tracker()
    >>> events = tracker.track(segmenter(frame) for frame in maps)
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = write_geff(tracker, Path(folder.name) / "run.geff")
    >>> graph, metadata = geff.read(path)
    >>> len(graph) == len(tracker.features)
    True
    >>> [axis.name for axis in metadata.axes]
    ['frame', 'y', 'x']
    >>> folder.cleanup()
    """
    needed("geff", "geff", "graphs in the Graph Exchange File Format")
    from geff.core_io import write_arrays

    placed_by = AXES[name_choice(axes, AXES, "kind of axes")]
    path = Path(path)
    if path.exists() and not overwrite:
        raise OSError(f"{path} exists and is not to be replaced")
    events, members, features = (table_of(source, name) for name in ("events", "members", "features"))
    edges, event = _edges(events, members, features)
    nodes, lives = _table_of_nodes(features, edges), _table_of_edges(events, event)
    with warnings.catch_warnings():
        # Arcsec is no unit of microscopes.
        warnings.filterwarnings("ignore", "Spatial unit arcsec")
        write_arrays(
            path,
            FIRST + np.arange(len(nodes), dtype=np.uint64),
            _properties(nodes),
            FIRST + edges.astype(np.uint64),
            _properties(lives),
            _metadata(nodes, lives, placed_by),
            overwrite=overwrite,
        )
    return path


def _edges(events, members, features):
    """Rows of the features that edges lead between, shape (n, 2), and the event of each; -1 where a track goes on."""
    require_columns(events, ("event_id", "kind", "flux_exchanged"), "events")
    require_columns(members, ("event_id", "frame", "label", "role"), "members")
    require_columns(features, ("frame", "time", "label", "track_id"), "features")
    members = members[np.isin(members["event_id"], events["event_id"])]
    pairs = np.column_stack(pairs_of_members(members))
    lives = _lives(features)
    edges = np.vstack([_rows_of(features, members)[pairs], lives])
    event = np.concatenate([np.asarray(members["event_id"])[pairs[:, 0]], np.full(len(lives), -1)])
    edges, first = np.unique(edges, axis=0, return_index=True)
    return edges, event[first]


def _lives(features):
    """Rows of the features that follow each other in a track."""
    track, order = np.asarray(features["track_id"]), np.lexsort((features["frame"], features["track_id"]))
    pairs = np.column_stack([order[:-1], order[1:]])
    return pairs[track[pairs[:, 0]] == track[pairs[:, 1]]]


def _rows_of(features, members):
    """Rows of the features that are the members."""
    row = {key: number for number, key in enumerate(features.iterrows("frame", "label"))}
    rows = np.array([row.get(key, -1) for key in members.iterrows("frame", "label")], int)
    if np.any(rows < 0):
        raise SolarUnetError("members and features are of different runs: a member is not among the features")
    return rows


def _table_of_nodes(features, edges):
    """The features with their times in seconds, and the numbers of what they hang together with."""
    number, time = len(features), features["time"]
    nodes = features[[name for name in features.colnames if not isinstance(features[name], Time)]]
    nodes.meta["start"] = Time(time.min(), precision=9).isot if number else ""
    nodes["seconds"] = (time - time.min()).to(u.s).round(9) if number else np.zeros(0) * u.s
    nodes["tracklet"] = _tracklets(number, edges)
    nodes["lineage"] = _components(number, edges)
    nodes["seconds"].info.description = "time since the first feature, see start in extra"
    nodes["tracklet"].info.description = "number of the path, on which nothing branches or meets another"
    nodes["lineage"].info.description = "number of the family, whose members hang together"
    return nodes


def _tracklets(number, edges):
    leaving, entering = (np.bincount(edges[:, side], minlength=number) for side in (0, 1))
    return _components(number, edges[(leaving[edges[:, 0]] == 1) & (entering[edges[:, 1]] == 1)])


def _components(number, edges):
    """For each node the number of those that it hangs together with."""
    if not number:
        return np.zeros(0, np.int64)
    graph = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(number, number))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def _table_of_edges(events, event):
    """Of each edge the event, and what is known of it."""
    # Not every program that reads the format takes texts, or can do without a value.
    order = np.argsort(events["event_id"])
    row = order[np.searchsorted(events["event_id"], event[event >= 0], sorter=order)]
    edges = QTable({"event_id": event, "flux_exchanged": [np.nan] * len(event) * u.Mx})
    edges["event_id"].info.description = "number of the event; -1 where a track goes on without one"
    edges["flux_exchanged"][event >= 0] = events["flux_exchanged"][row]
    edges["flux_exchanged"].info.description = events["flux_exchanged"].info.description
    for kind in INTERACTIONS:
        edges[kind] = np.zeros(len(event), bool)
        edges[kind][event >= 0] = events["kind"][row] == kind
        edges[kind].info.description = f"whether the event is one of {kind}"
    return edges


def _properties(table):
    arrays = {name: np.asarray(getattr(column, "value", column)) for name, column in table.items()}
    return {name: {"values": values, "missing": None} for name, values in arrays.items()}


def _metadata(nodes, edges, placed_by):
    from geff_spec import Axis, DisplayHint, GeffMetadata

    time, vertical, horizontal = (name for name, _, _ in placed_by)
    return GeffMetadata(
        directed=True,
        axes=[Axis(name=name, type=kind, unit=unit) for name, kind, unit in placed_by],
        node_props_metadata=_described(nodes),
        edge_props_metadata=_described(edges),
        track_node_props={"tracklet": "tracklet", "lineage": "lineage"},
        display_hints=DisplayHint(display_horizontal=horizontal, display_vertical=vertical, display_time=time),
        extra={"sunpy_solarunet": dict(nodes.meta)},
    )


def _described(table):
    """Type, unit and meaning of each property."""
    from geff_spec import PropMetadata

    return {
        name: PropMetadata(
            identifier=name,
            dtype=column.dtype,
            unit=str(column.unit) if isinstance(column, u.Quantity) else None,
            description=column.info.description,
        )
        for name, column in table.items()
    }
