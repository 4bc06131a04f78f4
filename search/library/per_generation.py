"""What is made of a generation once: it takes seconds, and many requests need it."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from search.library.generation import Generation

T = TypeVar("T")

# Seconds after which no request that began with the generation before is under way any more.
_UNDER_WAY = 10.0


class PerGeneration(Generic[T]):
    """Keeps what was made of the generation in use, of the next one once it is prepared, and for
    some seconds of the one before, for requests that began with it. Safe to call from several
    threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: tuple[Generation, T] | None = None
        self._next: tuple[Generation, T] | None = None
        self._before: tuple[Generation, T] | None = None
        self._changed = 0.0

    def of(self, generation: Generation, make: Callable[[], T]) -> T:
        """What was made of a generation, or is made now, in place of what was kept of another."""
        with self._lock:
            if time.monotonic() > self._changed + _UNDER_WAY:
                self._before = None
            for kept in (self._kept, self._before):
                if kept is not None and kept[0] is generation:
                    return kept[1]
            self._before, self._changed = self._kept, time.monotonic()
            if self._next is not None and self._next[0] is generation:
                self._kept, self._next = self._next, None
            else:
                self._kept = (generation, make())
            return self._kept[1]

    def prepare(self, generation: Generation, made: T) -> None:
        """Keep what was made of the next generation beside what is in use until it is asked for."""
        with self._lock:
            self._next = (generation, made)
