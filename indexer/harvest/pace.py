"""When a source may be asked: a clock that tests can turn, so many requests a second, and the hours
that NLM wants for large jobs."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_EASTERN = ZoneInfo("America/New_York")
_EVENING, _MORNING = 21, 5
_SATURDAY = 5


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Clock:
    """The time of day, seconds that only go forward, and waiting."""

    now: Callable[[], datetime] = _now
    seconds: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep


class Pace:
    """Lets requests go at most ``per_second`` times a second, evenly."""

    def __init__(self, per_second: float, clock: Clock) -> None:
        self._apart = 1 / per_second
        self._clock = clock
        self._next = 0.0

    def wait(self) -> None:
        """Return when the next request may go."""
        now = self._clock.seconds()
        if self._next > now:
            self._clock.sleep(self._next - now)
            now = max(self._next, self._clock.seconds())
        self._next = now + self._apart


def is_quiet(moment: datetime) -> bool:
    """Whether it is a weekend in the east of the United States, or between 21 and 5 o'clock there:
    "limit large jobs to either weekends or between 9:00 PM and 5:00 AM Eastern time" (E-utilities,
    Usage Guidelines)."""
    there = moment.astimezone(_EASTERN)
    return there.weekday() >= _SATURDAY or there.hour >= _EVENING or there.hour < _MORNING


def next_quiet(moment: datetime) -> datetime:
    """The next full hour that is quiet, in UTC."""
    hour = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    while not is_quiet(hour) or hour < moment:
        hour += timedelta(hours=1)
    return hour
