"""Work beside the answers, which pauses."""

from types import SimpleNamespace

import pytest

from search.library import pauses
from search.library.pauses import beside_answers, pausing


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made; a clock on which each look takes a millisecond."""
    made: list[float] = []
    now = iter(range(10**6))
    clock = SimpleNamespace(sleep=made.append, monotonic=lambda: next(now) / 1000)
    monkeypatch.setattr(pauses, "time", clock)
    return made


def test_all_items_come_in_their_order(slept: list[float]) -> None:
    with beside_answers():
        assert list(pausing(iter(range(1000)))) == list(range(1000))
    # A look every 32 items, and a pause after each fourth.
    assert len(slept) == 1000 // 32 // 4 + 1
    assert all(0 < pause < 0.1 for pause in slept)


def test_what_is_waited_for_does_not_pause(slept: list[float]) -> None:
    assert list(pausing("abc" * 1000)) == list("abc" * 1000)
    with pytest.raises(OSError, match="full"), beside_answers():
        raise OSError("full")
    assert list(pausing(range(1000))) == list(range(1000))
    assert slept == []
