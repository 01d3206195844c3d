"""
Who works frames and pairs out: this process, several processes, or the workers of a Dask cluster.

The three have one interface, and the same input gives the same output with each, bit for bit.
"""

import pickle
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

from sunpy_solarunet.errors import SolarUnetError, require_number
from sunpy_solarunet.runs.crew import AHEAD, Crew, unpickled
from sunpy_solarunet.runs.making import made_of, make_frame
from sunpy_solarunet.segmentation.silence import import_tensorflow_for
from sunpy_solarunet.tracking.comparing import compare

__all__ = ["Cluster", "Here", "Processes", "workers_of"]

#: How often a task of a cluster is done again, where its worker has died.
RETRIES = 3

#: Seconds after which a cluster is asked again for what a task has given.
PATIENCE = 20


@contextmanager
def workers_of(workers, *, shape, segmenter, parameters):
    """
    The workers of a run, as long as it lasts.

    Parameters
    ----------
    workers : `int` or ``distributed.Client``
        Number of processes, with 1 the work is done in this one; or the client of a cluster.
    shape : tuple or `None`
        Rows and columns that frames must have.
    segmenter : `~sunpy_solarunet.Segmenter`
    parameters : `~sunpy_solarunet.tracking.parameters.Parameters`
        Of tracking.

    Yields
    ------
    Here, Processes or Cluster

    Raises
    ------
    SolarUnetError
        If it is neither a number from 1 on nor a client.
    """
    if is_client(workers):
        team = Cluster(workers, shape, segmenter, parameters)
    elif require_number(workers, "workers", 1, whole=True) == 1:
        team = Here(shape, segmenter, parameters)
    else:
        team = Processes(int(workers), shape, segmenter, parameters)
    try:
        yield team
    finally:
        team.close()


def is_client(workers):
    """
    Whether this is the client of a Dask cluster.

    Parameters
    ----------
    workers : object

    Returns
    -------
    `bool`

    Examples
    --------
    >>> from sunpy_solarunet.runs.workers import is_client
    >>> is_client(2)
    False
    """
    return hasattr(workers, "submit") and hasattr(workers, "scatter")


class Here:
    """
    Work in this process, the next magnetograms being read meanwhile.

    Parameters
    ----------
    shape, segmenter, parameters
        As for `workers_of`.
    """

    def __init__(self, shape, segmenter, parameters):
        #: Frames that are begun before the first of them is asked for.
        self.ahead = AHEAD
        #: Pairs that are begun before the first of them is asked for.
        self.behind = 0
        self._shape, self._segmenter, self._parameters = shape, segmenter, parameters
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="reader")

    def frame(self, number, source):
        """Begin with a frame."""
        return number, source, self._reader.submit(source.open)

    def made(self, begun):
        """What a frame has yielded, as a `~sunpy_solarunet.runs.making.Made`."""
        number, source, opened = begun
        return made_of(number, source, opened.result(), self._shape, self._segmenter)

    def pair(self, before, after):
        """Begin with what happened between two frames that are made."""
        return compare(before.catalog, after.catalog, parameters=self._parameters)

    def found(self, begun):
        """What happened, as a `~sunpy_solarunet.tracking.events.Transition`."""
        return begun

    def close(self):
        """End."""
        self._reader.shutdown(cancel_futures=True)


class Processes:
    """
    Work in several processes of this computer.

    Parameters
    ----------
    number : `int`
        Of processes.
    shape, segmenter, parameters
        As for `workers_of`.
    """

    def __init__(self, number, shape, segmenter, parameters):
        self.ahead = self.behind = AHEAD * number
        self._shape, self._segmenter, self._parameters = shape, pickle.dumps(segmenter), parameters
        self._crew = Crew(number)

    def frame(self, number, source):
        """Begin with a frame."""
        return self._crew.submit(_make_frame, number, source, self._shape, self._segmenter)

    def made(self, begun):
        """What a frame has yielded, as a `~sunpy_solarunet.runs.making.Made`."""
        return self._crew.result(begun)

    def pair(self, before, after):
        """Begin with what happened between two frames that are made."""
        return self._crew.submit(_compare, before.catalog, after.catalog, self._parameters)

    def found(self, begun):
        """What happened, as a `~sunpy_solarunet.tracking.events.Transition`."""
        return self._crew.result(begun)

    def close(self):
        """End, and leave what is not done."""
        self._crew.close()


class Cluster:
    """
    Work on the workers of a Dask cluster, where the catalogs stay that the next pair needs.

    Each worker has one thread, since Python's warnings and TensorFlow's threads belong to the whole process.
    Warnings stand in the workers' logs.

    Parameters
    ----------
    client : ``distributed.Client``
    shape, segmenter, parameters
        As for `workers_of`.
    """

    def __init__(self, client, shape, segmenter, parameters):
        self._client = client
        self._shape, self._segmenter, self._parameters = shape, pickle.dumps(segmenter), parameters
        self.ahead = self.behind = AHEAD * max(1, sum(client.nthreads().values()))

    def _submit(self, function, *arguments):
        return self._client.submit(function, *arguments, pure=False, retries=RETRIES)

    def frame(self, number, source):
        """Begin with a frame."""
        whole = self._submit(_make_frame, number, source, self._shape, self._segmenter)
        return self._submit(_without_catalog, whole), self._submit(_catalog_of, whole)

    def made(self, begun):
        """What a frame has yielded, with its catalog where that is."""
        small, catalog = begun
        return replace(self._result(small), catalog=catalog)

    def pair(self, before, after):
        """Begin with what happened between two frames that are made."""
        return self._submit(_compare, before.catalog, after.catalog, self._parameters)

    def found(self, begun):
        """What happened, as a `~sunpy_solarunet.tracking.events.Transition`."""
        return self._result(begun)

    def _result(self, future):
        from distributed.scheduler import KilledWorker

        try:
            return _awaited(future)
        except KilledWorker as problem:
            raise SolarUnetError(
                f"workers of the cluster have died again and again ({problem}): is there enough memory?"
            ) from problem

    def close(self):
        """Leave what is not done; the cluster goes on."""


def _awaited(future):
    """What a task of a cluster gives; asked for again and again, as an answer is lost with the worker that gives it."""
    while True:
        try:
            return future.result(timeout=PATIENCE)
        except TimeoutError:
            if future.status == "error":
                raise


def _make_frame(number, source, shape, segmenter):
    segmenter = unpickled(segmenter)
    import_tensorflow_for(segmenter)
    return make_frame(number, source, shape, segmenter)


def _compare(before, after, parameters):
    return compare(before, after, parameters=parameters)


def _without_catalog(made):
    return replace(made, catalog=None)


def _catalog_of(made):
    return made.catalog
