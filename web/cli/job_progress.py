"""What a job does, told in the table of jobs, and what people wish of it, heard from there.

A thread of its own writes twice a second how far the job is, and reads what is wished. The work is
in the main thread: it is stopped there, between two steps of Python, by a signal from that thread.
A pause holds nothing in the midst of a write to the table, and costs no processor.
"""

import os
import signal
import sqlite3
import threading
import time
from types import FrameType
from typing import Self

from indexer.run.intake import Progress, RejectedItem
from web.desk.jobs import Job, Jobs, Wish

# Seconds between two looks.
_EVERY = 0.5
# Items left out that the log names: the result counts them all.
_NAMED = 100


class CancelledError(BaseException):
    """The job is to end: people wish it, or the system does. It passes whatever handles errors."""


class JobProgress(Progress):
    """Progress of a job, while it runs: a context manager around the work."""

    def __init__(self, jobs: Jobs, job: Job) -> None:
        self._jobs = jobs
        self._job = job
        self._stage = ""
        self._done = self._total = self._records = self._named = 0
        self._began = time.monotonic()
        self._paused = 0.0
        self._over = threading.Event()
        self._wish: Wish = ""
        self._watcher = threading.Thread(target=self._watch, name="job", daemon=True)
        self.ended_by_system = False

    def __enter__(self) -> Self:
        self._before = {
            number: signal.signal(number, handler)
            for number, handler in (
                (signal.SIGUSR1, self._obey),
                (signal.SIGTERM, self._end),
                (signal.SIGINT, self._end),
            )
        }
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watcher.join()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def stage(self, name: str, total: int | None) -> None:
        """A stage begins."""
        self._stage, self._total = name, total or 0
        self._done = self._records = 0
        self._began, self._paused = time.monotonic(), 0.0
        self._jobs.log(self._job.id, "stage", name)

    def advance(self, steps: int, records: int = 0) -> None:
        """Some steps of the stage are done."""
        self._done += steps
        # Where steps are records, nothing else is said.
        self._records += records or (steps if self._stage in ("embed", "gather") else 0)

    def rejected(self, item: RejectedItem) -> None:
        """The first items that were left out stand in the log."""
        self._named += 1
        if self._named <= _NAMED:
            self._jobs.log(self._job.id, "left out", str(item))

    def _watch(self) -> None:
        while not self._over.wait(_EVERY):
            try:
                self._wish = self._jobs.tell(
                    self._job.id,
                    stage=self._stage,
                    done=self._done,
                    total=self._total,
                    records=self._records,
                    stage_seconds=time.monotonic() - self._began - self._paused,
                )
            except sqlite3.Error:
                # A disk that is full for a moment: the work goes on, and says so the next time.
                continue
            if self._wish and not self._over.is_set():
                os.kill(os.getpid(), signal.SIGUSR1)

    def _obey(self, *_: object) -> None:
        """Do what is wished, in the main thread."""
        if self._wish == "pause":
            self._pause()
        if self._wish == "cancel":
            raise CancelledError

    def _pause(self) -> None:
        began = time.monotonic()
        # The thread would count on, and ask again and again.
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        self._jobs.tell(self._job.id, state="paused")
        self._jobs.log(self._job.id, "paused")
        while self._jobs.wished(self._job.id) == "pause":
            time.sleep(_EVERY)
        self._paused += time.monotonic() - began
        self._wish = self._jobs.tell(self._job.id, state="running")
        self._jobs.log(self._job.id, "went on")
        signal.signal(signal.SIGUSR1, self._obey)

    def _end(self, *_: int | FrameType | None) -> None:
        self.ended_by_system = True
        raise CancelledError
