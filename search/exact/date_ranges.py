"""Dates of publication as both systems write them: ``2015:2020``, ``2010/01/01``, ``2015:``."""

import re

from search.exact.expression import Dates

_DATE = re.compile(r"(\d{4})(?:[/-](\d{1,2}))?(?:[/-](\d{1,2}))?[/-]*")
_FIRST_YEAR, _LAST_YEAR = 1000, 3000
# Below and above every date.
EARLIEST, LATEST = 0, 99_999_999


def read_dates(text: str) -> Dates | None:
    """A date or a range of dates, not yet checked for its order; None where it is neither."""
    parts = [part.strip() for part in text.split(":")]
    if len(parts) > len(("low", "high")) or not any(parts):
        return None
    dates = [_date(part) if part else "" for part in parts]
    if None in dates:
        return None
    return Dates(dates[0] or "", dates[-1] or "")


def day_range(dates: Dates) -> tuple[int, int]:
    """The first and the last day (YYYYMMDD) of a range."""
    first = int((dates.low.replace("/", "") + "0101")[:8]) if dates.low else EARLIEST
    last = int((dates.high.replace("/", "") + "9999")[:8]) if dates.high else LATEST
    return first, last


def swapped(text: str) -> str:
    """A range that ends before it begins, turned round."""
    low, _, high = text.partition(":")
    return f"{high.strip()}:{low.strip()}"


def year_in(text: str) -> str | None:
    """A year that stands in text that is no date."""
    found = re.search(r"(?<!\d)(?:1[5-9]|20)\d\d(?!\d)", text)
    return found.group() if found else None


def _date(text: str) -> str | None:
    match = _DATE.fullmatch(text)
    if not match:
        return None
    year, month, day = (int(part) if part else None for part in match.groups())
    assert year is not None
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return None
    if (month is not None and not 1 <= month <= 12) or (day is not None and not 1 <= day <= 31):
        return None
    return "/".join([f"{year:04d}", *(f"{p:02d}" for p in (month, day) if p is not None)])
