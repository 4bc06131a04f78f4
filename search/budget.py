"""What one request may cost: a deadline, and limits on its work.

Whoever takes requests opens a budget for each (:func:`limited`). What could go on for long says
beforehand how much it is going to do (:func:`spend`), and looks at the clock while it does it
(:func:`check`). Where no budget is open, as in commands, both let everything pass.

A call of tantivy, FAISS or OpenVINO cannot be interrupted, so what it will cost is counted before
it is made.

================  =====================================================
error             cause
================  =====================================================
BudgetError       a request costs too much: ``work`` says what of it
  TooMuchError    it asks for more work than :data:`LIMITS` allows
  TooLongError    its deadline is over
================  =====================================================
"""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, TypeVar, get_args

T = TypeVar("T")

Work = Literal[
    "search",
    "words",
    "headings",
    "texts",
    "set",
    "suggestions",
    "batch",
    "file",
    "upload",
    "collection",
]
WORKS: tuple[Work, ...] = get_args(Work)

# Seconds that a request may take, where nobody says otherwise.
SECONDS = 5.0
# What one request may ask for in all:
# - entries of the index, one for each word and each record that it stands in;
# - concepts under the headings of an expression;
# - records whose texts are read because the index cannot tell;
# - records of sets that are listed whole, and of files;
# - values of JSON that it brings in a file, which is read whole.
LIMITS: dict[Work, int] = {
    "words": 200_000_000,
    "headings": 30_000,
    "texts": 20_000,
    "set": 300_000,
    "file": 100_000,
    "upload": 2_000_000,
}
# What was too much, and how to ask less.
MESSAGES: dict[Work, str] = {
    "search": "ask for less at once",
    "words": "the words of this expression stand in too many records together: ask for rarer or "
    "fewer words",
    "headings": "too many narrower headings lie under those of this expression: take narrower "
    "ones, or leave them out ([mh:noexp])",
    "texts": "the index cannot tell where so frequent words stand close together, and too many "
    "texts would have to be read: ask for rarer words or more letters before the asterisk, for a "
    "smaller distance, or for AND in the place of NEAR",
    "set": "the set is too large to be listed whole: narrow it down, by years for instance",
    "suggestions": "ask for terms for a shorter query with fewer blanks",
    "batch": "ask for fewer or shorter queries at once",
    "file": "divide the set, by years for instance, or write the file with a command "
    "(jmedsearch search --exact --format)",
    "upload": "divide the file into smaller ones",
    "collection": "the collection is too large for this at once: divide it, or use the command "
    "jmedsearch collection",
}
# Steps of SQLite's program between two looks at the clock: a millisecond or less.
_STEPS = 10_000


class BudgetError(Exception):
    """A request that costs too much; ``work`` says what of it."""

    def __init__(self, work: Work, message: str) -> None:
        super().__init__(f"{message}: {MESSAGES[work]}")
        self.work = work


class TooMuchError(BudgetError):
    """A request that asks for more of one kind of work than ``limit``."""

    def __init__(self, work: Work, limit: int) -> None:
        super().__init__(work, f"this asks for too much (more than {limit:,})")
        self.limit = limit


class TooLongError(BudgetError):
    """A request whose deadline is over after ``seconds``."""

    def __init__(self, work: Work, seconds: float) -> None:
        super().__init__(work, f"this took longer than {seconds:.3g} s and was ended")
        self.seconds = seconds


class Budget:
    """What is left to one request: ``left`` of each kind of work, and time. Used by one thread at a
    time."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._begun = clock()
        self.left = dict(LIMITS)

    def spend(self, work: Work, amount: int) -> None:
        """Take ``amount`` of one kind of work.

        Raises:
            TooMuchError: when less is left.
        """
        self.left[work] -= amount
        if self.left[work] < 0:
            raise TooMuchError(work, LIMITS[work])

    def check(self, work: Work) -> None:
        """Look at the clock.

        Raises:
            TooLongError: when the time is over.
        """
        if self.is_over():
            raise TooLongError(work, self.seconds)

    def is_over(self) -> bool:
        """Whether no time is left."""
        return self._clock() - self._begun > self.seconds


_open: ContextVar[Budget | None] = ContextVar("budget", default=None)


@contextmanager
def limited(seconds: float, clock: Callable[[], float] = time.monotonic) -> Iterator[Budget]:
    """A budget for what is done meanwhile in this thread."""
    budget = Budget(seconds, clock)
    token = _open.set(budget)
    try:
        yield budget
    finally:
        _open.reset(token)


def spend(work: Work, amount: int) -> None:
    """Take some of what the request at hand may cost, before doing it.

    Raises:
        TooMuchError: when it would cost too much.
    """
    if (budget := _open.get()) is not None:
        budget.spend(work, amount)


def lengthen(times: float) -> None:
    """Give the request at hand so many times the time that it would have."""
    if (budget := _open.get()) is not None:
        budget.seconds *= times


def check(work: Work) -> None:
    """Look whether the request at hand still has time.

    Raises:
        TooLongError: when it has none.
    """
    if (budget := _open.get()) is not None:
        budget.check(work)


def within(items: Iterable[T], work: Work) -> Iterator[T]:
    """The items, as long as the request at hand has time.

    Raises:
        TooLongError: when it has none left.
    """
    for item in items:
        check(work)
        yield item


def watch(connection: sqlite3.Connection) -> None:
    """Have statements on a connection end with the time of the request that they are made for: with
    an error that :func:`ended` knows."""
    connection.set_progress_handler(_is_over, _STEPS)


def ended(error: sqlite3.Error, work: Work) -> TooLongError | None:
    """The end of the request's time, where that is what an error of SQLite's means."""
    budget = _open.get()
    if budget is None or getattr(error, "sqlite_errorcode", 0) != sqlite3.SQLITE_INTERRUPT:
        return None
    return TooLongError(work, budget.seconds)


def _is_over() -> bool:
    budget = _open.get()
    return budget is not None and budget.is_over()
