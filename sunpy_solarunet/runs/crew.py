"""
Several processes that take tasks, and outlive the death of one of them.
"""

import multiprocessing
import os
import pickle
import signal
import threading
import warnings
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import lru_cache, partial

from sunpy_solarunet.errors import SolarUnetError

__all__ = ["AHEAD", "Crew", "Noted", "begun_ahead", "in_order", "noted", "unpickled", "warn_again"]

#: Tasks that are begun before the first of them is asked for, for each process.
AHEAD = 2

#: How often processes may end by themselves before it is given up.
MOST_ENDS = 5

#: Variables by which libraries are told how many threads to take.
THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")


@dataclass(frozen=True)
class Noted:
    """
    What a task has given, and the warnings that it gave meanwhile.

    Attributes
    ----------
    value : object
    warnings : list of tuple
        Text, category, file and line.
    """

    value: object
    warnings: list


def noted(function, *arguments, **options):
    """
    Call a function, and keep the warnings that it gives.

    Parameters
    ----------
    function : callable
    *arguments, **options
        Of the function.

    Returns
    -------
    Noted

    Examples
    --------
    >>> import warnings
    >>> from sunpy_solarunet.runs.crew import noted
    >>> [(text, category.__name__) for text, category, *_ in noted(warnings.warn, "no data").warnings]
    [('no data', 'UserWarning')]
    """
    with warnings.catch_warnings(record=True, action="always") as given:
        value = function(*arguments, **options)
    return Noted(value, [(str(one.message), one.category, one.filename, one.lineno) for one in given])


def warn_again(told):
    """
    Give in this process the warnings that were given in another one.

    Parameters
    ----------
    told : list of tuple
        As `Noted` holds them.
    """
    for text, category, file, line in told:
        warnings.warn_explicit(text, category, file, line, registry=_registries.setdefault(file, {}))


#: What was warned of already, by file: the same is not said twice.
_registries = {}


@lru_cache(maxsize=2)
def unpickled(data):
    """
    An object that many tasks share: each process makes it once.

    Parameters
    ----------
    data : `bytes`
        From `pickle.dumps`.

    Returns
    -------
    object
    """
    return pickle.loads(data)


def begun_ahead(items, begin, ahead):
    """
    Begin with items before they are asked for.

    Parameters
    ----------
    items : iterable
        Taken as they are needed.
    begin : callable
        Of an item.
    ahead : `int`
        How many are begun beside the one that is handed out.

    Yields
    ------
    object
        What ``begin`` gives, in the order of the items.

    Examples
    --------
    >>> from sunpy_solarunet.runs.crew import begun_ahead
    >>> next(begun_ahead(range(9), lambda number: print("begun with", number), 1))
    begun with 0
    begun with 1
    """
    waiting = deque()
    for item in items:
        waiting.append(begin(item))
        if len(waiting) > ahead:
            yield waiting.popleft()
    while waiting:
        yield waiting.popleft()


def in_order(function, shared, items, workers=1):
    """
    Call a function for each item, in several processes, and hand out what it gives in the order of the items.

    Parameters
    ----------
    function : callable
        That other processes can import; of what is shared, and of an item.
    shared : object
        Each process gets it once.
    items : iterable
        Taken as they are needed.
    workers : `int`
        Number of processes; with 1 the work is done in this one.

    Yields
    ------
    object

    Examples
    --------
    >>> from sunpy_solarunet.runs.crew import in_order
    >>> list(in_order(divmod, 17, [5, 4]))
    [(3, 2), (4, 1)]
    """
    if workers == 1:
        yield from (function(shared, item) for item in items)
        return
    crew, pickled = Crew(workers), pickle.dumps(shared)
    try:
        submit = partial(crew.submit, _with_shared, function, pickled)
        yield from map(crew.result, begun_ahead(items, submit, AHEAD * workers))
    finally:
        crew.close()


def _with_shared(function, pickled, item):
    return function(unpickled(pickled), item)


class Crew:
    """
    Processes that take tasks.

    They are started anew, not forked, since the threads of TensorFlow do not come along into a fork; each takes
    its share of the processor's cores. They leave Ctrl-C to the process that has started them, and end with it.

    Parameters
    ----------
    number : `int`
        Of processes.

    Examples
    --------
    >>> from sunpy_solarunet.runs.crew import Crew
    >>> crew = Crew(1)
    >>> task = crew.submit(divmod, 17, 5)
    >>> crew.result(task)
    (3, 2)
    >>> crew.close()
    """

    def __init__(self, number):
        self._number = number
        self._ends = 0
        self._tasks = set()
        self._start()

    def _start(self):
        threads = max(1, (os.cpu_count() or 1) // self._number)
        self._pool = ProcessPoolExecutor(
            self._number, multiprocessing.get_context("spawn"), initializer=_begin, initargs=(threads,)
        )

    def submit(self, function, *arguments):
        """
        Hand a task out.

        Parameters
        ----------
        function : callable
            That other processes can import.
        *arguments
            That can be pickled.

        Returns
        -------
        object
            For `result`.
        """
        task = _Task(function, arguments)
        self._tasks.add(task)
        self._hand_out(task)
        return task

    def _hand_out(self, task):
        try:
            task.future = self._pool.submit(noted, task.function, *task.arguments)
        except BrokenProcessPool:
            self._replace()

    def result(self, task):
        """
        What a task has given.

        Parameters
        ----------
        task : object
            From `submit`.

        Returns
        -------
        object

        Raises
        ------
        SolarUnetError
            If processes end by themselves again and again.
        """
        while True:
            try:
                done = task.future.result()
                break
            except BrokenProcessPool:
                self._replace()
        self._tasks.discard(task)
        warn_again(done.warnings)
        return done.value

    def _replace(self):
        """Start new processes, and hand out again what the old ones have left."""
        self._ends += 1
        if self._ends > MOST_ENDS:
            raise SolarUnetError(
                "worker processes have ended by themselves again and again: is there enough memory for so many? In a "
                'script, what starts them stands below `if __name__ == "__main__":`'
            )
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._start()
        for task in self._tasks:
            if not task.is_done:
                task.future = self._pool.submit(noted, task.function, *task.arguments)

    def close(self):
        """End all processes, and leave what is not done."""
        processes = list((self._pool._processes or {}).values())
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()


class _Task:
    """A task with what is needed to do it once more."""

    def __init__(self, function, arguments):
        self.function, self.arguments, self.future = function, arguments, None

    @property
    def is_done(self):
        """Whether it has given something, even if that is an error of its own."""
        future = self.future
        return (
            future is not None
            and future.done()
            and not future.cancelled()
            and not isinstance(future.exception(), BrokenProcessPool)
        )


def _begin(threads):
    """Before the first task of a process."""
    for name in THREADS:
        os.environ.setdefault(name, str(threads))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent():
    """No process goes on when the one that has started it was killed."""
    multiprocessing.parent_process().join()
    os._exit(1)
