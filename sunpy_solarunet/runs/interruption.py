"""
Signals that end a program, heard as an exception: what is open is closed, and what was found is kept.
"""

import contextlib
import math
import signal
import threading

__all__ = ["Interrupted", "Listener", "interruptible"]

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


class Listener:
    """
    The signals that were heard.

    Calling it raises `Interrupted` once more, where that was lost because a library swallowed it, or had to wait.

    Examples
    --------
    >>> import signal
    >>> from sunpy_solarunet.runs.interruption import Listener
    >>> listener = Listener()
    >>> with listener.patience():
    ...     listener.hear(signal.SIGTERM, None)
    >>> listener.asked_to_end
    True
    """

    def __init__(self):
        self._heard = []
        self._patience = 0

    @property
    def asked_to_end(self):
        """Whether a signal was heard."""
        return bool(self._heard)

    def hear(self, number, _):
        """Take in a signal, as a handler of it."""
        self._heard.append(number)
        self()

    def __call__(self):
        if len(self._heard) > self._patience:
            raise Interrupted(self._heard[0])

    @contextlib.contextmanager
    def patience(self, signals=math.inf):
        """
        Let signals wait, for what must be done as a whole.

        Parameters
        ----------
        signals : `int`
            How many wait; the next one is heard at once.
        """
        before, self._patience = self._patience, signals
        try:
            yield
        finally:
            self._patience = before


@contextlib.contextmanager
def interruptible():
    """
    Have the signals that would end the program raise `Interrupted`.

    Signals that are ignored, or that have a listener, are left to it. In another than the main thread nothing
    is changed.

    Yields
    ------
    Listener

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
    listener, before = Listener(), {}
    if threading.current_thread() is threading.main_thread():
        for number in (getattr(signal, name) for name in SIGNALS if hasattr(signal, name)):
            if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                before[number] = signal.signal(number, listener.hear)
    try:
        yield listener
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
