"""
The next frames, read while the present one is worked on.
"""

import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor

__all__ = ["prefetched"]

#: Name of the thread that reads.
THREAD = "prefetched"


def prefetched(iterable, ahead=2):
    """
    Take the next items of an iterable in a thread while the present one is in use.

    Only one thread takes items, one after the other, and no more of them than asked for are held
    beside the one in use. The thread ends with the iterable, with its first exception, and when
    the generator is closed.

    Parameters
    ----------
    iterable : iterable
        Best a generator that reads or draws an item when it is asked for one.
    ahead : `int`
        Number of items that are taken ahead of the one in use.

    Yields
    ------
    object
        The items, in their order. An exception is raised in place of the item that it kept from
        being made.

    Raises
    ------
    ValueError
        If no item is to be taken ahead.

    Examples
    --------
    >>> from sunpy_solarunet.segmentation.prefetch import prefetched
    >>> list(prefetched(number**2 for number in range(5)))
    [0, 1, 4, 9, 16]
    """
    if ahead < 1:
        raise ValueError(f"ahead must be at least 1, got {ahead}")
    iterator, end = iter(iterable), object()
    pool = ThreadPoolExecutor(1, thread_name_prefix=THREAD)
    try:
        coming = deque(pool.submit(next, iterator, end) for _ in range(ahead))
        while (item := coming.popleft().result()) is not end:
            coming.append(pool.submit(next, iterator, end))
            yield item
    finally:
        # A generator that was forgotten may be closed by whichever thread collects the garbage.
        own = threading.current_thread().name.startswith(THREAD)
        pool.shutdown(wait=not own, cancel_futures=True)
