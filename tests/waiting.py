"""Waiting for what should come at once, on any machine and under any load."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Seconds. What takes so long hangs: no machine is that slow.
LONG = 120.0


def until(what: Callable[[], T]) -> T:
    """Ask again and again until the answer is true, and give it.

    Raises:
        TimeoutError: after :data:`LONG` seconds.
    """
    end = time.monotonic() + LONG
    while not (answer := what()):
        if time.monotonic() > end:
            raise TimeoutError(f"still {answer!r} after {LONG:.0f} seconds")
        time.sleep(0.02)
    return answer
