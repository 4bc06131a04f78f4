"""Which thread answers a request, and for how long it may wait for one.

Requests wait in lanes, each with threads and a queue of its own, so that one kind cannot hold up
another: ordinary requests; those with a password, whose hashing takes a core for a tenth of a
second; and what a supervisor asks. Who has waited for too long is told so at that moment, by a
thread that does nothing else, whether or not a thread becomes free.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

_log = logging.getLogger("jmedsearch.server")


class Task(Protocol):
    """A request that is to be answered, as waitress hands it over."""

    def service(self) -> None:
        """Answer it."""

    def cancel(self) -> None:
        """Drop it."""


@dataclass(frozen=True)
class Lane:
    """``threads`` that answer, ``longest`` requests that wait for one, each at most ``patience``
    seconds."""

    threads: int
    longest: int
    patience: float


@dataclass
class _Traffic:
    """What is going on in a lane."""

    lane: Lane
    arrived: threading.Condition
    waiting: deque[tuple[float, Task]] = field(default_factory=deque)  # since when
    under_way: dict[int, float] = field(default_factory=dict)  # thread, since when

    def overdue(self, moment: float) -> bool:
        """Whether the first in the queue has waited for too long."""
        return bool(self.waiting) and moment - self.waiting[0][0] >= self.lane.patience


class Lanes:
    """Threads that answer requests, by lane.

    While :attr:`refused` is true on a thread, what it answers is to be refused. The name of the
    first lane is that of ordinary requests.
    """

    def __init__(self, lanes: Mapping[str, Lane]) -> None:
        self._lock = threading.Lock()
        self._to_refuse = threading.Condition(self._lock)
        self._traffic = {
            name: _Traffic(lane, threading.Condition(self._lock)) for name, lane in lanes.items()
        }
        self._ordinary = next(iter(self._traffic.values()))
        self._refused: deque[Task] = deque()
        self._ending = False
        self._turn = threading.local()
        self._threads = [
            threading.Thread(target=self._work, args=(traffic,), name=f"{name}-{i}", daemon=True)
            for name, traffic in self._traffic.items()
            for i in range(traffic.lane.threads)
        ]
        self._threads.append(threading.Thread(target=self._refuse, name="refusing", daemon=True))
        for thread in self._threads:
            thread.start()

    @property
    def refused(self) -> bool:
        """Whether what this thread answers is to be refused."""
        return bool(getattr(self._turn, "refused", False))

    @property
    def waiting(self) -> int:
        """How many requests wait for a thread."""
        with self._lock:
            return sum(len(traffic.waiting) for traffic in self._traffic.values())

    @property
    def longest_wait(self) -> float:
        """Seconds for which the first of the ordinary requests has waited; 0 where none waits."""
        with self._lock:
            queue = self._ordinary.waiting
            return time.monotonic() - queue[0][0] if queue else 0.0

    @property
    def held(self) -> float:
        """Seconds since a thread for ordinary requests was last free; 0 where one is."""
        with self._lock:
            begun = self._ordinary.under_way.values()
            if len(begun) < self._ordinary.lane.threads:
                return 0.0
            return time.monotonic() - max(begun)

    def add(self, task: Task, lane: str) -> None:
        """Have ``task`` answered in a lane, or refused where that is full."""
        with self._lock:
            traffic = self._traffic[lane]
            if len(traffic.waiting) >= traffic.lane.longest:
                self._refused.append(task)
                self._to_refuse.notify()
            else:
                traffic.waiting.append((time.monotonic(), task))
                traffic.arrived.notify()

    def add_refused(self, task: Task) -> None:
        """Have ``task`` answered by the thread that refuses, which is never held up."""
        with self._lock:
            self._refused.append(task)
            self._to_refuse.notify()

    def end(self, seconds: float) -> int:
        """Drop what waits and end the threads, each after the request that it answers; how many
        have not ended within ``seconds``."""
        with self._lock:
            self._ending = True
            dropped = [task for t in self._traffic.values() for _, task in t.waiting]
            dropped += self._refused
            self._refused.clear()
            self._to_refuse.notify()
            for traffic in self._traffic.values():
                traffic.waiting.clear()
                traffic.arrived.notify_all()
        for task in dropped:
            task.cancel()
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        return sum(thread.is_alive() for thread in self._threads)

    def _work(self, traffic: _Traffic) -> None:
        own = threading.get_ident()
        while True:
            with self._lock:
                while not traffic.waiting and not self._ending:
                    traffic.arrived.wait()
                if not traffic.waiting:
                    return
                moment = time.monotonic()
                if traffic.overdue(moment):
                    # Its time was over a moment ago: the thread that refuses has it next.
                    self._refused.append(traffic.waiting.popleft()[1])
                    self._to_refuse.notify()
                    continue
                _, task = traffic.waiting.popleft()
                traffic.under_way[own] = moment
            _serve(task)
            with self._lock:
                del traffic.under_way[own]

    def _refuse(self) -> None:
        self._turn.refused = True
        shortest = min(traffic.lane.patience for traffic in self._traffic.values())
        while True:
            with self._lock:
                while not (overdue := self._overdue()):
                    if self._ending:
                        return
                    # Whoever comes while this waits is not overdue before it ends.
                    self._to_refuse.wait(self._next_overdue(shortest))
            for task in overdue:
                _serve(task)

    def _overdue(self) -> list[Task]:
        moment = time.monotonic()
        found = list(self._refused)
        self._refused.clear()
        for traffic in self._traffic.values():
            while traffic.overdue(moment):
                found.append(traffic.waiting.popleft()[1])
        return found

    def _next_overdue(self, shortest: float) -> float:
        moment = time.monotonic()
        left = [
            traffic.waiting[0][0] + traffic.lane.patience - moment
            for traffic in self._traffic.values()
            if traffic.waiting
        ]
        return max(0.0, min([shortest, *left]))


def _serve(task: Task) -> None:
    try:
        task.service()
    except BaseException:  # noqa: BLE001 - a thread that ends answers nobody any more
        _log.exception("a request could not be answered")
