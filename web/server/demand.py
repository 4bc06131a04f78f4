"""Who has lately asked for what takes long.

A thread that works for seconds is one that others wait for. Whoever makes such requests again and
again gets a lane of their own (:mod:`web.server.lanes`), and the others keep theirs. What a request
takes beyond :data:`LONG` is owed, and is forgiven with time; so nobody is set aside for many short
ones, nor for long for a single long one.
"""

import threading
import time
from collections.abc import Callable

# Seconds that a request may take without anything being owed: some fifty times the usual.
LONG = 1.0
# Seconds that may be owed, and how many are forgiven in each second.
CREDIT = 3.0
FORGIVEN = 0.1
# Sources beyond that many are looked through for those that owe nothing any more.
_SOURCES = 10_000


class Demand:
    """What each source owes. Safe to use from several threads."""

    def __init__(
        self,
        long: float = LONG,
        credit: float = CREDIT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._long = long
        self._credit = credit
        self._clock = clock
        # When each source will owe nothing.
        self._paid: dict[str, float] = {}
        self._lock = threading.Lock()

    def took(self, source: str, seconds: float) -> None:
        """Note that a request of ``source`` took so long."""
        owed = (seconds - self._long) / FORGIVEN
        if owed <= 0:
            return
        moment = self._clock()
        with self._lock:
            if len(self._paid) >= _SOURCES:
                self._paid = {s: until for s, until in self._paid.items() if until > moment}
            self._paid[source] = max(self._paid.get(source, moment), moment) + owed

    def is_high(self, source: str) -> bool:
        """Whether ``source`` owes more than one may."""
        with self._lock:
            owed = (self._paid.get(source, 0.0) - self._clock()) * FORGIVEN
        return owed > self._credit
