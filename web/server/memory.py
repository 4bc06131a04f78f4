"""glibc's allocator, told to share its free memory among threads.

By default each thread gets an arena of its own, which keeps what it has freed from all others.
What is loaded for a new generation of a library is loaded by whichever thread asks first, so every
generation grew another arena: after ten of them a process held twice the memory that one arena
needs (docs/operating.md).
"""

import ctypes

# mallopt(3): how many arenas there may be.
_M_ARENA_MAX = -8


def share_free_memory() -> None:
    """Keep to one arena from now on; where the C library is not glibc, nothing changes."""
    try:
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
    except (AttributeError, OSError, TypeError):  # musl and macOS lack it, Windows has no None
        return
