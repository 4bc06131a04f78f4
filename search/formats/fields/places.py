"""Volume, issue and pages: freed of what sources write around them, parted where they stand in one
text, and mended where a spreadsheet took them for dates."""

import datetime
import re
import unicodedata

from search.formats.fields.markup import something
from search.formats.fields.page_ranges import page_range

_VOLUME = re.compile(r"(?:第\s*)?([0-9A-Za-z]+)\s*巻|\bVol(?:ume)?s?\b\.?\s*([0-9A-Za-z]+)", re.I)
_ISSUE = re.compile(
    r"(?:第\s*)?([0-9A-Za-z]+(?:\s*[-.・,]\s*[0-9A-Za-z]+)*|(?:臨時)?増刊|特別|別冊|[Ss]uppl\.?\s*\d*)"
    r"\s*号|\b(?:No|Iss|Issue|Number|Heft)\b\.?\s*([0-9A-Za-z]+(?:[-.][0-9A-Za-z]+)*)",
    re.IGNORECASE,
)
_PAGE = r"[A-Za-z]{0,3}\d+[A-Za-z]{0,2}\d*"
_PAGES = re.compile(
    rf"(?<![\w./])(?:(?-i:[Pp]ages?|PAGES?)|pp?|S\.)\.?\s*({_PAGE}(?:\s*[-‐‑‒–—−~〜～]+\s*{_PAGE})?)"
    rf"|({_PAGE}(?:\s*[-‐‑‒–—−~〜～]+\s*{_PAGE})?)\s*(?:頁|ページ)",
    re.IGNORECASE,
)
_BARE_PAGES = re.compile(rf"^[\s:,、;]*({_PAGE}(?:\s*[-‐‑‒–—−~〜～]+\s*{_PAGE})?)")
# 12(3):45-50, 12(3), 45-50, 12:45-50, as citations have it.
_COMPACT = re.compile(
    rf"(?<![\w.])([0-9]+[A-Za-z]?)\s*(?:\(\s*([^()]{{1,30}}?)\s*\))?\s*[:,]\s*"
    rf"({_PAGE}(?:\s*[-‐‑‒–—−~〜～]+\s*{_PAGE})?)(?![\w/])"
)
_WRAPPED = re.compile(
    r"^(?:第|vol(?:ume)?s?\b\.?|no\b\.?|number\b|iss(?:ue)?\b\.?|nr\b\.?|bd\b\.?|v\.)\s*(?=[0-9A-Za-z])"
    r"|(?<=[0-9A-Za-z])\s*(?:巻|号|輯|集)$",
    re.IGNORECASE,
)
_PAGE_WRAPPED = re.compile(
    r"^(?:(?-i:[Pp]ages?|PAGES?)(?:\b|(?=[A-Z]?\d))|pp?\.|pp?(?=\s*\d)|art(?:icle)?\.?\s*(?:no\.?|number|id)\s*:?|UNSP\b)[.:\s]*"
    r"|\s*(?:頁|ページ|pp?\.?)$",
    re.IGNORECASE,
)
_PLAIN_PAGES = re.compile(r"[0-9]{1,6}-[0-9]{2,6}$")
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()  # noqa: SIM905
_DATED = (
    re.compile(
        r"^(?P<year>(?:19|20)\d\d)[-/](?P<month>\d{1,2})[-/](?P<day>\d{1,2})(?:[ T]0?0:00.*)?$"
    ),
    re.compile(r"^(?P<month>\d{1,2})月(?P<day>\d{1,2})日$"),
    re.compile(rf"^(?P<day>\d{{1,2}})-(?P<month>{'|'.join(_MONTHS)})$", re.IGNORECASE),
    re.compile(rf"^(?P<month>{'|'.join(_MONTHS)})-(?P<last>\d{{1,2}})$", re.IGNORECASE),
)
# Days since 1899-12-30, as Excel counts them: from 2009 to 2036. No issue has such a number.
_SERIAL = range(40_000, 50_000)


def number_of(text: str) -> str:
    """Volume or issue: ``第12巻``, ``Vol. 12``, ``１２`` are 12; words for nothing are empty."""
    if not text or (text.isascii() and text.isdecimal()):
        return text
    text = something(unicodedata.normalize("NFKC", text).strip())
    return _WRAPPED.sub("", _undated(text)).strip() if text else ""


def pages_of(text: str) -> str:
    """Pages in full, or an article's number, without what stands around them: ``Page45-50``,
    ``４５－５０頁``, ``UNSP 104501``."""
    if not text or _PLAIN_PAGES.match(text):
        return page_range(text)
    text = something(unicodedata.normalize("NFKC", text).strip())
    return page_range(_PAGE_WRAPPED.sub("", _undated(text)).strip()) if text else ""


def place_in(text: str) -> dict[str, str]:
    """``volume``, ``issue`` and ``pages`` that stand in one text, as far as they are there:
    ``12巻3号 Page45-50(2019.03)``, ``Vol.12 No.3 Page.45-50``, ``12(3):45-50``."""
    text = unicodedata.normalize("NFKC", text[:500])
    volume, issue, pages = _VOLUME.search(text), _ISSUE.search(text), _PAGES.search(text)
    if not (volume or issue) and (found := _COMPACT.search(text)):
        return _filled(*found.groups(""))
    end = max(found.end() for found in (volume, issue) if found) if volume or issue else 0
    bare = None if pages else _BARE_PAGES.match(text[end:])
    return _filled(_group(volume), _group(issue), _group(pages or bare))


def _group(found: re.Match[str] | None) -> str:
    return next(filter(None, found.groups()), "") if found else ""


def _filled(volume: str, issue: str, pages: str) -> dict[str, str]:
    found = {"volume": number_of(volume), "issue": number_of(issue), "pages": pages_of(pages)}
    return {name: value for name, value in found.items() if value}


def issue_of(text: str) -> str:
    """An issue, as :func:`number_of`; a number that can only be one of Excel's days is the two
    issues that were typed (``1-2``)."""
    number = number_of(text)
    if number.isdecimal() and len(number) == 5 and int(number) in _SERIAL:
        return _undated(excel_date(number))
    return number


def excel_date(serial: str) -> str:
    """The date (``YYYY-MM-DD``) of a day as Excel counts them, from 1927 to 2064; empty for any
    other text."""
    text = serial.removesuffix(".0")
    if not (text.isdecimal() and len(text) == 5 and 10_000 <= int(text) < 60_000):
        return ""
    return (datetime.date(1899, 12, 30) + datetime.timedelta(days=int(text))).isoformat()


def _undated(text: str) -> str:
    """What was typed where a spreadsheet made a date of it: ``1-5`` of ``05-Jan``, ``1月5日`` and
    ``2024-01-05``; ``1-50`` of ``Jan-50`` and ``1950-01-01``."""
    for pattern in _DATED:
        if found := pattern.match(text):
            parts = found.groupdict()
            month = parts["month"].lower()
            first = _MONTHS.index(month) + 1 if month in _MONTHS else int(month)
            day = int(parts.get("day") or parts.get("last") or 0)
            if day == 1 and parts.get("year") and first > 1:
                day = int(parts["year"][2:])
            return f"{first}-{day}"
    return text
