"""How often a source is asked, and at what hours NLM wants large jobs."""

from datetime import UTC, datetime

import pytest

from indexer.harvest.pace import Pace, is_quiet, next_quiet
from tests.indexer.harvest.conftest import NOW
from tests.indexer.harvest.simulated import TurnedClock


def test_requests_go_evenly() -> None:
    turned = TurnedClock(NOW)
    pace = Pace(4, turned.clock())
    for _ in range(9):
        pace.wait()
    assert (turned.at - NOW).total_seconds() == pytest.approx(2)


def test_who_was_slow_does_not_hurry_after() -> None:
    turned = TurnedClock(NOW)
    pace = Pace(4, turned.clock())
    pace.wait()
    turned.sleep(60)
    pace.wait()
    pace.wait()
    assert turned.slept == [60, 0.25]


@pytest.mark.parametrize(
    ("moment", "quiet"),
    [
        ((2026, 7, 1, 1), True),  # 21:00 on Tuesday, in summer
        ((2026, 7, 1, 0, 59), False),
        ((2026, 7, 1, 8, 59), True),
        ((2026, 7, 1, 9), False),  # 5:00
        ((2026, 12, 2, 1, 59), False),
        ((2026, 12, 2, 2), True),  # 21:00, in winter
        ((2026, 12, 2, 10), False),
        ((2026, 11, 28, 17), True),  # Saturday noon
        ((2026, 11, 30, 4), True),  # Sunday, 23:00
        ((2026, 11, 30, 17), False),
    ],
)
def test_the_hours_of_large_jobs(moment: tuple[int, ...], quiet: bool) -> None:
    assert is_quiet(datetime(*moment, tzinfo=UTC)) is quiet  # type: ignore[arg-type, misc]


def test_the_next_quiet_hour() -> None:
    noon = datetime(2026, 12, 2, 17, 20, tzinfo=UTC)
    assert next_quiet(noon) == datetime(2026, 12, 3, 2, tzinfo=UTC)
