"""
Columns in files of plain arrays: to the last bit, and without anything that a program would run.
"""

import json

import numpy as np
from astropy.time import Time

from sunpy_solarunet.atomic import written_whole

__all__ = ["read_arrays", "write_arrays"]

#: Where the two halves of a time and everything that is no array stand.
HALVES, PLAIN = (".jd1", ".jd2"), "plain"

#: What the names of columns begin with: numpy has names of its own, such as "file".
COLUMN = "column."


def write_arrays(path, columns, plain=None):
    """
    Write columns, and beside them what JSON can hold.

    Parameters
    ----------
    path : path-like
        With the suffix .npz.
    columns : `dict`
        Arrays and times by name.
    plain : object, optional
    """
    arrays = {PLAIN: np.array(json.dumps(plain))}
    for name, values in columns.items():
        if isinstance(values, Time):
            halves = (values.utc.jd1, values.utc.jd2)
            arrays |= {COLUMN + name + half: part for half, part in zip(HALVES, halves, strict=True)}
        else:
            arrays[COLUMN + name] = np.asarray(values)
    with written_whole(path) as temporary:
        np.savez_compressed(temporary, **arrays)


def read_arrays(path):
    """
    Read what `write_arrays` has written.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    tuple
        The columns and what JSON held.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from sunpy_solarunet.runs.arrays import read_arrays, write_arrays
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_arrays(f"{folder}/columns.npz", {"flux": np.array([0.1, np.nan])}, {"frames": 2})
    ...     read_arrays(f"{folder}/columns.npz")
    ({'flux': array([0.1, nan])}, {'frames': 2})
    """
    with np.load(path, allow_pickle=False) as file:
        arrays = {name.removeprefix(COLUMN): file[name] for name in file.files}
    plain = json.loads(arrays.pop(PLAIN).item())
    columns = {}
    for name, values in arrays.items():
        if name.endswith(HALVES[0]):
            stem = name.removesuffix(HALVES[0])
            columns[stem] = Time(values, arrays[stem + HALVES[1]], format="jd", scale="utc")
        elif not name.endswith(HALVES[1]):
            columns[name] = values
    return columns, plain
