"""
The lineage as a graph of NetworkX.
"""

import astropy.units as u
import numpy as np

from sunpy_solarunet.exports.packages import needed
from sunpy_solarunet.tracking.kinship import lineage_of, tracks_of

__all__ = ["to_networkx"]

__doctest_requires__ = {"to_networkx": ["networkx"]}

#: Columns of a lineage that name the ends of its edges.
ENDS = ["parent", "child"]


def to_networkx(tracks):
    """
    Which tracks came from which, as a graph.

    Nodes are the numbers of the tracks, with the columns of the table of tracks as attributes; edges lead from parents
    to children, with the columns of the `~sunpy_solarunet.Tracker.lineage` as attributes. All attributes are plain
    numbers and texts; ``graph.graph["units"]`` tells their units by name, and the rest of ``graph.graph`` how the
    tracks were made.

    Parameters
    ----------
    tracks : `~sunpy_solarunet.Run`, `~sunpy_solarunet.Tracker`, `dict` or `~astropy.table.QTable`
        What holds the tables of a sequence, or a dict of these. With the table of tracks alone, edges know neither
        events nor fluxes.

    Returns
    -------
    `networkx.DiGraph`
        An edge tells of the first event by which the one track came from the other, and in ``event_ids`` of all.
        Two tracks may have edges both ways: one that parts and comes back.

    Raises
    ------
    TypeError
        If ``tracks`` is none of these.
    SolarUnetError
        If NetworkX is not installed, or a table or column is missing.

    Examples
    --------
    Two elements merge, and cancel with a third, which loses most of its flux:

    >>> import networkx as nx
    >>> from sunpy_solarunet import Segmenter, Tracker
    >>> from sunpy_solarunet.exports import to_networkx
    >>> from sunpy_solarunet.synthetic import six_events
    >>> maps, _ = six_events()
    >>> segmenter, tracker = Segmenter("threshold"), Tracker()
    >>> events = tracker.track(segmenter(frame) for frame in maps)
    >>> graph = to_networkx(tracker)
    >>> print(graph)
    DiGraph with 15 nodes and 3 edges
    >>> graph.nodes[3]["lifetime"], graph.nodes[3]["death"], graph.graph["units"]["max_flux"]
    (5, 'merging', 'Mx')
    >>> graph.edges[3, 1]["kind"], graph.edges[3, 1]["parent_frame"], graph.edges[3, 1]["child_frame"]
    ('merging', 4, 5)

    What became of a track, what it came from, and the tracks that all others came from:

    >>> nx.descendants(graph, 3), nx.ancestors(graph, 3)
    ({1}, set())
    >>> founders = [number for number, parents in graph.in_degree if not parents]
    >>> len(founders)
    12
    """
    networkx = needed("networkx", "graphs", "graphs of the lineage")
    table, lineage = tracks_of(tracks), lineage_of(tracks)
    graph = networkx.DiGraph(**table.meta, units=_units(lineage) | _units(table))
    for row in _plain_rows(table):
        graph.add_node(row["track_id"], **row)
    for row in _plain_rows(lineage):
        parent, child = (row.pop(name) for name in ENDS)
        if parent in graph and child in graph:
            _join(graph, parent, child, row)
    return graph


def _join(graph, parent, child, event):
    if not graph.has_edge(parent, child):
        graph.add_edge(parent, child, **event, event_ids=[])
    if "event_id" in event:
        graph.edges[parent, child]["event_ids"].append(event["event_id"])


def _units(table):
    return {name: str(column.unit) for name, column in table.items() if isinstance(column, u.Quantity)}


def _plain_rows(table):
    """Rows with numbers and texts of Python's own."""
    columns = {name: np.asarray(getattr(column, "value", column)).tolist() for name, column in table.items()}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
