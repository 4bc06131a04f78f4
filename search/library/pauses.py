"""Long work beside the answers that does not hold them up.

A thread that computes in Python keeps the interpreter's lock for 5 ms at a time, and an answer asks
for that lock a hundred times: while the terms of a new generation are read, each would take half a
second. So that work pauses for most of the time.
"""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

# Seconds.
_WORK = 0.003
_PAUSE = 0.010
# Items between two looks at the clock.
_FEW = 32

_thread = threading.local()


@contextmanager
def beside_answers() -> Iterator[None]:
    """Nobody waits for what this thread does meanwhile: :func:`pausing` pauses."""
    _thread.pausing = True
    try:
        yield
    finally:
        _thread.pausing = False


def pausing(items: Iterable[T]) -> Iterator[T]:
    """The items; inside :func:`beside_answers` with a pause every few milliseconds."""
    if not getattr(_thread, "pausing", False):
        yield from items
        return
    until = time.monotonic() + _WORK
    for place, item in enumerate(items):
        yield item
        # A process that ends waits for its threads.
        if place % _FEW == 0 and time.monotonic() > until and threading.main_thread().is_alive():
            time.sleep(_PAUSE)
            until = time.monotonic() + _WORK
