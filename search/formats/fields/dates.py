"""Dates as sources write them, to ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``."""

import re
import unicodedata

_MONTHS = {
    name: number
    for number, name in enumerate(
        "jan feb mar apr may jun jul aug sep oct nov dec".split(),  # noqa: SIM905
        start=1,
    )
}
_YEAR_FIRST = re.compile(r"\b([12]\d{3})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?(?!\d)")
_COMPACT = re.compile(r"\b([12]\d{3})([01]\d)([0-3]\d)\b")
_YEAR_LAST = re.compile(r"\b(\d{1,2})[-/.](\d{1,2})[-/.]([12]\d{3})\b")
_KANJI = re.compile(r"([12]\d{3})\s*年度?(?:\s*(\d{1,2})\s*月(?:\s*(\d{1,2})\s*日)?)?")
_ERA = re.compile(
    r"(明治|大正|昭和|平成|令和)\s*(\d{1,2}|元)\s*年(?:\s*(\d{1,2})\s*月(?:\s*(\d{1,2})\s*日)?)?"
)
_ERA_BEGINS = {"明治": 1868, "大正": 1912, "昭和": 1926, "平成": 1989, "令和": 2019}
_MONTH_NAME = re.compile(
    r"\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?", re.IGNORECASE
)
_YEAR = re.compile(r"(?<!\d)([12]\d{3})(?!\d)")
# No date is longer; what is longer is looked at no further.
_MAX_TEXT = 200


def date_of(text: str) -> str:
    """The first date in ``text``, as far as it is certain; empty where there is none.

    Understands ``2019 Mar 5``, ``2019/03/05/``, ``1948/07//``, ``20190305``, ``5 March 2019``,
    ``2019年3月5日``, ``令和元年5月``, ISO 8601. Of a span (``1998 Dec-1999 Jan``, ``2019 Mar-Apr``)
    the beginning is taken, of a season (``2001 Spring``) the year. ``05/03/2019`` is 5 March or
    3 May, so only its year is kept unless one of the two numbers can't be a month.
    """
    text = unicodedata.normalize("NFKC", text[:_MAX_TEXT]).strip()
    if found := _ERA.search(text):
        era, year, month, day = found.groups()
        count = 1 if year == "元" else int(year)
        return date_from_parts(str(_ERA_BEGINS[era] + count - 1), month or "", day or "")
    if found := _KANJI.search(text):
        return date_from_parts(*(g or "" for g in found.groups()))
    if found := _COMPACT.search(text):
        return date_from_parts(*found.groups())
    if found := _MONTH_NAME.search(text):
        if years := _YEAR.search(text):
            return date_from_parts(years.group(), found.group(), _day_near(text, found))
        return ""
    if found := _YEAR_LAST.search(text):
        first, second, year = found.groups()
        if int(first) > 12:
            return date_from_parts(year, second, first)
        return date_from_parts(year, first, second) if int(second) > 12 else year
    if found := _YEAR_FIRST.search(text):
        return date_from_parts(*(g or "" for g in found.groups()))
    return ""


def date_from_parts(year: str, month: str = "", day: str = "") -> str:
    """A date from its parts as texts: the month as number or English name; a season, a wrong
    month or a wrong day is left out. Empty without a year between 1000 and 2999."""
    found = _YEAR.search(unicodedata.normalize("NFKC", year))
    if not found:
        return ""
    date = found.group()
    month_number = _month(month)
    if not month_number:
        return date
    date += f"-{month_number:02d}"
    day = unicodedata.normalize("NFKC", day).strip()
    if day.isdecimal() and len(day) <= 2 and 1 <= int(day) <= _days(int(date[:4]), month_number):
        date += f"-{int(day):02d}"
    return date


def _month(text: str) -> int:
    text = unicodedata.normalize("NFKC", text).strip()
    if found := _MONTH_NAME.match(text):
        return _MONTHS[found.group(1).lower()]
    if text.isdecimal() and len(text) <= 2 and 1 <= int(text) <= 12:
        return int(text)
    return 0


def _days(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def _day_near(text: str, month: re.Match[str]) -> str:
    """The day right after the month's name (``Mar 5``, ``March 5th, 2019``) or right before it."""
    after = re.match(r"\s*([0-3]?\d)(?:st|nd|rd|th)?(?![\d:])", text[month.end() :])
    if after:
        return after.group(1)
    before = re.search(r"(?<![\d-])([0-3]?\d)(?:st|nd|rd|th)?[\s-]+$", text[: month.start()])
    return before.group(1) if before else ""
