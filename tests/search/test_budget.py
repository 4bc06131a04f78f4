"""Budgets: what is counted, and when the time is over."""

import sqlite3
import threading
from collections.abc import Iterator
from typing import get_args

import pytest

from search import budget
from search.budget import LIMITS, MESSAGES, TooLongError, TooMuchError, Work, limited


def test_without_a_budget_everything_passes() -> None:
    budget.spend("texts", 10**12)
    budget.check("texts")


def test_all_that_a_request_asks_for_counts_together() -> None:
    with limited(60) as opened:
        budget.spend("texts", LIMITS["texts"] - 1)
        budget.spend("texts", 1)
        assert opened.left["texts"] == 0
        with pytest.raises(TooMuchError, match="rarer words") as refused:
            budget.spend("texts", 1)
    assert refused.value.work == "texts"
    assert refused.value.limit == LIMITS["texts"]
    budget.spend("texts", 1)


def test_the_time_is_over_after_the_seconds_that_were_given() -> None:
    moments = iter([0.0, 5.0, 5.1])
    with limited(5, lambda: next(moments)):
        budget.check("batch")
        with pytest.raises(TooLongError, match=r"longer than 5 s.*fewer or shorter") as refused:
            budget.check("batch")
    assert refused.value.work == "batch"


def test_items_end_when_the_time_is_over() -> None:
    now = 0.0
    seen = []

    def items() -> Iterator[int]:
        nonlocal now
        for number in range(100):
            now += 1
            yield number

    with limited(3, lambda: now), pytest.raises(TooLongError):
        seen += [number for number in budget.within(items(), "file") if not seen.append(number)]
    assert seen == [0, 1, 2]


def test_a_request_may_be_given_more_time() -> None:
    now = 0.0
    with limited(5, lambda: now) as opened:
        budget.lengthen(3)
        now = 15.0
        budget.check("collection")
        now = 15.1
        with pytest.raises(TooLongError, match="longer than 15 s"):
            budget.check("collection")
        assert opened.is_over()
    budget.lengthen(3)


COUNTED = "with recursive c(n) as (select 1 union all select n + 1 from c where n < ?) "


def test_a_statement_ends_with_the_time_and_the_connection_goes_on() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    budget.watch(connection)
    count = f"{COUNTED} select count(*) from c"
    # Without a request, and with time, it runs to its end.
    assert connection.execute(count, [100_000]).fetchone() == (100_000,)
    with limited(600):
        assert connection.execute(count, [100_000]).fetchone() == (100_000,)
    connection.execute("create table kept (n)")
    connection.execute("begin")
    connection.execute("insert into kept values (0)")
    moments = iter([0.0])
    with limited(5, lambda: next(moments, 6.0)):
        with pytest.raises(sqlite3.OperationalError) as ended:
            connection.execute(f"insert into kept {COUNTED} select n from c", [10**9])
        told = budget.ended(ended.value, "collection")
    assert told is not None
    assert "longer than 5 s" in str(told)
    # The change that it was part of is not made.
    assert not connection.in_transaction
    assert connection.execute("select count(*) from kept").fetchone() == (0,)
    with limited(5):
        assert budget.ended(sqlite3.OperationalError("another"), "collection") is None
    connection.close()


def test_a_budget_is_that_of_its_own_thread() -> None:
    errors: list[Exception] = []

    def beside() -> None:
        try:
            budget.spend("texts", LIMITS["texts"] + 1)
        except TooMuchError as error:
            errors.append(error)

    with limited(60):
        thread = threading.Thread(target=beside)
        thread.start()
        thread.join()
    assert not errors


def test_every_kind_of_work_says_how_to_ask_less() -> None:
    assert set(MESSAGES) == set(get_args(Work))
    assert set(LIMITS) <= set(MESSAGES)
