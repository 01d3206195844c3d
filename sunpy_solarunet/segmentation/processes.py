"""
In which process a network may run: TensorFlow's threads do not come along into a fork, where it would wait for ever.
"""

import os

from sunpy_solarunet.errors import ModelError

__all__ = ["require_own_process"]

#: Processes that a network has run in: this one, or the one that this one is a fork of.
_USED_IN = set()


def require_own_process():
    """
    Refuse to run a network in a fork of a process in which one has run already.

    Raises
    ------
    ModelError
        Saying how processes are to be started.

    Examples
    --------
    >>> from sunpy_solarunet.segmentation.processes import require_own_process
    >>> require_own_process()
    """
    here = os.getpid()
    if _USED_IN - {here}:
        raise ModelError(
            "a network ran before this process was forked, and TensorFlow cannot go on in a fork: start processes with "
            'multiprocessing.get_context("spawn"), or use the network only in the processes and not before them'
        )
    _USED_IN.add(here)
