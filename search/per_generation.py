"""What is made of a generation once: it takes seconds, and many requests need it."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from search.library import Generation

T = TypeVar("T")


class PerGeneration(Generic[T]):
    """Keeps what was made of the generation in use, and of the next one once it is prepared.
    Safe to call from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: tuple[Generation, T] | None = None
        self._next: tuple[Generation, T] | None = None

    def of(self, generation: Generation, make: Callable[[], T]) -> T:
        """What was made of a generation, or is made now, in place of what was kept of another."""
        with self._lock:
            if self._kept is None or self._kept[0] is not generation:
                if self._next is not None and self._next[0] is generation:
                    self._kept, self._next = self._next, None
                else:
                    self._kept = (generation, make())
            return self._kept[1]

    def prepare(self, generation: Generation, made: T) -> None:
        """Keep what was made of the next generation beside what is in use until it is asked for."""
        with self._lock:
            self._next = (generation, made)
