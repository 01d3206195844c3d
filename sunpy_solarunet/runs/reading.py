"""
The tables of a run, from their files, or from the frames where those are not what the record says.
"""

from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.runs.folding import Fold, Pieces, stored_steps
from sunpy_solarunet.runs.layout import TABLES
from sunpy_solarunet.runs.record import parameters_of, tables_meta
from sunpy_solarunet.tracking.tables import read_table

__all__ = ["read_tables"]


def read_tables(layout, record, state):
    """
    The tables of a run.

    Parameters
    ----------
    layout : `~sunpy_solarunet.runs.layout.Layout`
    record : `~sunpy_solarunet.runs.record.Record`
    state : `str`
        How far it is.

    Returns
    -------
    `~collections.abc.Mapping` of `~astropy.table.QTable`
        Each is read when it is asked for.
    """
    complete = record.rows and all(layout.table(name, record.suffix).is_file() for name in TABLES)
    return _Files(layout, record) if complete else _folded(layout, record, state)


class _Files(dict):
    """Tables in files."""

    def __init__(self, layout, record):
        super().__init__()
        self._layout = layout
        self._record = record

    def __missing__(self, name):
        path = self._layout.table(name, self._record.suffix)
        table = read_table(path)
        if len(table) != self._record.rows[name]:
            raise SolarUnetError(f"{path}: {len(table)} rows, where the run has {self._record.rows[name]}: remove it")
        self[name] = table
        return table


def _folded(layout, record, state):
    """Tables from the frames and pairs."""
    parameters = parameters_of(record)
    fold, pieces = Fold(parameters), Pieces()
    for frame, transition in stored_steps(layout):
        pieces.add(fold.take(frame, transition))
    pieces.add(fold.finish())
    meta = tables_meta(parameters, record.segmenter, fold.counts) | {"run": state}
    return {name: pieces.table(name, meta) for name in TABLES}
