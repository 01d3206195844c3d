"""
Measures of the Cell Tracking Challenge, by traccuracy.
"""

import contextlib
import io
import warnings

import numpy as np

__all__ = ["challenge_measures"]


def challenge_measures(sequences):
    """
    Measures of the Cell Tracking Challenge of all sequences together.

    Parameters
    ----------
    sequences : iterable of `~sunpy_solarunet.scoring.counting.Sequence`

    Returns
    -------
    `dict` of `float`
        DET, LNK and TRA, each not-a-number if there is nothing true.

    Raises
    ------
    ModuleNotFoundError
        If traccuracy is not installed.
    """
    classes, graphs = _challenge_classes(), _challenge_graphs(sequences)
    if not len(graphs[0]):
        return dict.fromkeys(("DET", "LNK", "TRA"), np.nan)
    # traccuracy draws progress bars, and warns where a measure is 0/0, which is told above.
    with _silent(), contextlib.redirect_stderr(io.StringIO()):
        pair = [classes["TrackingGraph"](graph, label_key=None) for graph in graphs[:2]]
        matched = classes["Matched"](*pair, graphs[2], {"matching type": "one-to-one"})
        results = classes["CTCMetrics"]().compute(matched).results
    return {name: float(results[name]) for name in ("DET", "LNK", "TRA")}


def _challenge_classes():
    """The classes of traccuracy that are used; it is large, and few need it."""
    try:
        # It and what it imports use functions that numpy and zarr deprecate.
        with _silent():
            from traccuracy import TrackingGraph
            from traccuracy.matchers import Matched
            from traccuracy.metrics import CTCMetrics
    except ModuleNotFoundError as problem:
        raise ModuleNotFoundError(
            'the measures of the Cell Tracking Challenge need traccuracy: pip install "sunpy_solarunet[scoring]"'
        ) from problem
    return {"TrackingGraph": TrackingGraph, "Matched": Matched, "CTCMetrics": CTCMetrics}


def _challenge_graphs(sequences):
    """Graphs of the true and of the found tracks of all sequences, and the pairs of their matched features."""
    import networkx as nx

    graphs, pairs, begin = (nx.DiGraph(), nx.DiGraph()), [], (0, 0)
    for sequence in sequences:
        for graph, features, first in zip(graphs, (sequence.true, sequence.found), begin, strict=True):
            graph.add_nodes_from((first + number, {"t": int(frame)}) for number, frame in enumerate(features.frame))
            graph.add_edges_from((features.links + first).tolist())
        matching = sequence.matching
        pairs += np.column_stack([matching.true + begin[0], matching.found + begin[1]]).tolist()
        begin = tuple(len(graph) for graph in graphs)
    return *graphs, pairs


@contextlib.contextmanager
def _silent():
    """Ignore warnings of another project's code, which may be errors where this is called from."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
