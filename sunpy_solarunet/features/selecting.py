"""
Which features of a catalog an index, a mask, a slice or labels mean.
"""

import operator

import numpy as np

from sunpy_solarunet.errors import SolarUnetError

__all__ = ["part", "position", "positions", "positions_of_labels"]

#: Of labels in a message, this many stretches without gaps are written out.
MOST_STRETCHES = 20


def position(index, number):
    """
    Position of one element of a sequence.

    Parameters
    ----------
    index : `int`
        Counted from the end, if negative.
    number : `int`
        Length of the sequence.

    Returns
    -------
    `int`

    Raises
    ------
    IndexError
        If there is no such element.

    Examples
    --------
    >>> from sunpy_solarunet.features.selecting import position
    >>> position(-1, 5)
    4
    """
    if not -number <= index < number:
        raise IndexError(f"feature {index} of {number}")
    return index + number if index < 0 else index


def positions(choice, number):
    """
    Positions of several elements of a sequence.

    Parameters
    ----------
    choice : `slice`, array-like of `bool` or array-like of `int`
        What `numpy.ndarray` takes as an index in one dimension.
    number : `int`
        Length of the sequence.

    Returns
    -------
    `numpy.ndarray` of `int`
        Increasing, each once.

    Raises
    ------
    IndexError
        If there is no such element, or a mask has another length.
    TypeError
        If it is none of these.

    Examples
    --------
    >>> from sunpy_solarunet.features.selecting import positions
    >>> positions([True, False, True], 3), positions([2, -3, 2], 3), positions(slice(-2, None), 3)
    (array([0, 2]), array([0, 2]), array([1, 2]))
    """
    if isinstance(choice, slice):
        return np.unique(np.arange(number)[choice])
    if isinstance(choice, tuple) and len(choice) == 1:  # as numpy.nonzero returns it
        (choice,) = choice
    chosen = np.asarray(choice)
    if isinstance(choice, tuple) or chosen.ndim == 0 or (chosen.size and chosen.dtype.kind not in "biu"):
        raise TypeError(
            f"features are chosen by a whole number, a slice, a mask or an array of whole numbers, not by {choice!r}"
        )
    if chosen.dtype.kind == "b":
        if chosen.shape != (number,):
            raise IndexError(f"the mask is for {' x '.join(map(str, chosen.shape))} features, there are {number}")
        return np.flatnonzero(chosen)
    if chosen.ndim != 1:
        raise IndexError(f"positions must have one dimension, these have shape {chosen.shape}")
    return np.unique([position(index, number) for index in chosen.tolist()]).astype(int)


def positions_of_labels(wanted, labels):
    """
    Positions of labels among those of a catalog.

    Parameters
    ----------
    wanted : array-like of `int`
    labels : `numpy.ndarray` of `int`
        Increasing.

    Returns
    -------
    `numpy.ndarray` of `int`

    Raises
    ------
    SolarUnetError
        If there is no such label; the message lists those that exist.
    TypeError
        If a label is no whole number.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.features.selecting import positions_of_labels
    >>> positions_of_labels([7, 2], np.array([2, 3, 7]))
    array([2, 0])
    """
    wanted = [operator.index(label) for label in wanted]
    known = {label: place for place, label in enumerate(labels.tolist())}
    missing = [str(label) for label in wanted if label not in known]
    if missing:
        raise SolarUnetError(f"no feature has the label {', '.join(missing)}; {_told(labels)}")
    return np.array([known[label] for label in wanted], int)


def _told(labels):
    """The labels that there are, those that follow each other as stretches."""
    if not len(labels):
        return "the catalog is empty"
    stretches = np.split(labels, np.flatnonzero(np.diff(labels) > 1) + 1)
    told = [str(part[0]) if len(part) == 1 else f"{part[0]} to {part[-1]}" for part in stretches]
    beyond = [f"and others up to {labels[-1]}"] if len(told) > MOST_STRETCHES else []
    return f"there are {', '.join(told[:MOST_STRETCHES] + beyond)}"


def part(values, mask):
    """
    Elements of an array or of each array of a tuple.

    Parameters
    ----------
    values : array, `tuple` of arrays or `None`
    mask : array of `bool` or ``...``
        Which elements; all, as they are.

    Returns
    -------
    array, `tuple` of arrays or `None`
    """
    if values is None or mask is ...:
        return values
    return tuple(each[mask] for each in values) if isinstance(values, tuple) else values[mask]
