"""Threads share what they have freed."""

import platform
import subprocess
import sys

import pytest

_ARENAS_OF_BUSY_THREADS = """
import ctypes, sys, threading
from web.server.memory import share_free_memory
if sys.argv[1:]:
    share_free_memory()
together = threading.Barrier(4)
def work():
    together.wait()
    held = [bytearray(50_000) for _ in range(100)]
    together.wait()
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
libc = ctypes.CDLL(None)
libc.fdopen.restype = ctypes.c_void_p
out = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, out)
libc.fflush(out)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="speaks to glibc's allocator")
@pytest.mark.parametrize(("told", "alone"), [([], False), (["told"], True)])
def test_all_threads_use_one_arena(told: list[str], alone: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _ARENAS_OF_BUSY_THREADS, *told],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout.count("<heap nr=") == 1) == alone
