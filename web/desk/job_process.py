"""The process that does the jobs: started by whoever has one to do, and gone when none waits.

It is the command ``jmedsearch jobs run``, with the least claim to processor and disk, in a session
of its own: what ends the web process does not end it.
"""

import shutil
import subprocess
import sys
import threading
import time

from web.desk.jobs import Jobs

PROGRAM = (sys.executable, "-c", "from web.cli.program import main; main()")
# Seconds in which a process that was started holds the lock, or another one does.
_STARTING = 10.0

_lock = threading.Lock()
_started: "list[tuple[float, subprocess.Popen[bytes]]]" = []


def attend(jobs: Jobs) -> None:
    """See to it that jobs which wait are done, and that those whose process is gone are told as
    such. Whoever shows jobs or adds one calls it."""
    with _lock:
        now = time.monotonic()
        # What has ended is taken note of, or the system keeps its place.
        _started[:] = [(since, one) for since, one in _started if one.poll() is None]
        if not jobs.settle() or not jobs.has_queued():
            return
        if any(now - since < _STARTING for since, _ in _started):
            return
        _started.append((now, _start(jobs)))


def wait() -> None:
    """Wait until the processes that were started have ended."""
    for _, one in _started:
        one.wait()


def _start(jobs: Jobs) -> "subprocess.Popen[bytes]":
    quietly = [
        *(("nice", "-n", "10") if shutil.which("nice") else ()),
        # The lowest of the best-effort classes: idle could wait for ever.
        *(("ionice", "-c", "2", "-n", "7") if shutil.which("ionice") else ()),
    ]
    return subprocess.Popen(
        [
            *quietly,
            *PROGRAM,
            *("jobs", "run", "--library", str(jobs.library)),
            *("--collections", str(jobs.collections_file)),
        ],
        stdin=subprocess.DEVNULL,
        # What goes wrong stands in the job's log.
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
