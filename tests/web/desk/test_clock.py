"""Clocks that jump: who stays signed in, what a limit counts, what an alert calls new."""

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo

import pytest

from search.filters import Filters
from tests.web.desk.conftest import PASSWORD, Growing, app_without_library
from web.desk import alerts, shelf, strategies
from web.desk.desk import Desk
from web.desk.strategy_answers import search_request

Jump = Callable[[timedelta], None]


@pytest.fixture
def jump(monkeypatch: pytest.MonkeyPatch) -> Jump:
    """Sets the clock so far from the right time."""

    def to(shift: timedelta) -> None:
        class Shifted(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> "Shifted":
                return cls.fromtimestamp((datetime.now(tz) + shift).timestamp(), tz)

        for module in ("web.desk.accounts", "web.desk.store"):
            monkeypatch.setattr(f"{module}.datetime", Shifted)

    return to


def test_a_session_lasts_no_longer_than_its_hours_whatever_the_clock_said(
    staffed: Desk, jump: Jump
) -> None:
    reader = staffed.accounts.user("reader")
    session = staffed.accounts.open_session(reader)
    jump(timedelta(hours=11))
    assert staffed.accounts.session_user(session) == reader
    jump(timedelta(hours=13))
    assert staffed.accounts.session_user(session) is None
    # Signed in while the clock was a year ahead: not signed in for a year.
    jump(timedelta(days=365))
    ahead = staffed.accounts.open_session(reader)
    assert staffed.accounts.session_user(ahead) == reader
    jump(timedelta())
    assert staffed.accounts.session_user(ahead) is None
    # A few minutes are what clocks are put right by.
    jump(timedelta(minutes=3))
    slightly = staffed.accounts.open_session(reader)
    jump(timedelta())
    assert staffed.accounts.session_user(slightly) == reader


def test_tokens_end_at_the_date_that_was_told(staffed: Desk, jump: Jump) -> None:
    token = staffed.accounts.add_token("reader", "", "read", timedelta(days=30))
    jump(timedelta(days=-3650))
    assert staffed.accounts.token_user(token) is not None
    jump(timedelta(days=31))
    assert staffed.accounts.token_user(token) is None


@pytest.mark.slow
def test_a_clock_that_jumps_gives_no_attempts_and_takes_none(staffed: Desk, jump: Jump) -> None:
    client = app_without_library(staffed).test_client()

    def attempt(password: str) -> int:
        return client.post("/sign-in", data={"name": "reader", "password": password}).status_code

    statuses = []
    for days in (0, 3650, -3650) * 4:
        jump(timedelta(days=days))
        statuses.append(attempt("wrong password"))
    assert statuses[:10].count(429) == 0
    assert statuses[10:] == [429, 429]
    jump(timedelta())
    assert attempt(PASSWORD) == 429


def test_what_is_new_does_not_depend_on_the_time(growing: Growing, jump: Jump) -> None:
    desk, number = growing.desk.store, shelf.create(growing.desk.store, "a", "呼吸器")
    wanted = search_request("肺炎", ranked=False, filters=Filters())
    strategies.run_search(desk, "a", number, wanted, growing.search)
    alerts.switch_on(desk, "a", number, 1)
    jump(timedelta(days=-3650))
    growing.index({"id": "f", "title": "肺炎の画像"})
    page = growing.app.test_client().get("/api/v1/alerts").json["alerts"]
    assert [alert["new"] for alert in page] == [["f"]]
