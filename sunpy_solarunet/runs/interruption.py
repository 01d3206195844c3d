"""
Signals that end a program, heard as an exception: what is open is closed, and what was found is kept.
"""

import contextlib
import signal
import threading

__all__ = ["Interrupted", "interruptible"]

#: Signals that are heard, where the system has them and nobody else listens.
SIGNALS = ("SIGTERM", "SIGHUP", "SIGINT")


class Interrupted(KeyboardInterrupt):
    """
    A signal has asked the program to end.

    Parameters
    ----------
    number : `int`
        Of the signal.
    """

    def __init__(self, number):
        super().__init__(signal.Signals(number).name)
        #: Of the signal.
        self.number = number


@contextlib.contextmanager
def interruptible():
    """
    Have the signals that would end the program raise `Interrupted`.

    Signals that are ignored, or that have a listener, are left to it. In another than the main thread nothing
    is changed.

    Yields
    ------
    callable
        Raises the exception once more, where it was lost because a library swallowed it.

    Examples
    --------
    >>> import signal
    >>> from sunpy_solarunet.runs.interruption import Interrupted, interruptible
    >>> try:
    ...     with interruptible():
    ...         signal.raise_signal(signal.SIGTERM)
    ... except Interrupted as interruption:
    ...     print(interruption)
    SIGTERM
    """
    heard, before = [], {}

    def hear(number, _):
        heard.append(number)
        raise Interrupted(number)

    def insist():
        if heard:
            raise Interrupted(heard[0])

    if threading.current_thread() is threading.main_thread():
        for number in (getattr(signal, name) for name in SIGNALS if hasattr(signal, name)):
            if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                before[number] = signal.signal(number, hear)
    try:
        yield insist
    finally:
        for number, listener in before.items():
            signal.signal(number, listener)
