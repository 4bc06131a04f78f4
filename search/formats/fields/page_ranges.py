"""Page ranges, written in full."""

import re

_RANGE = re.compile(
    r"^(?:pp?\.?\s*)?([A-Za-z]*\d+[A-Za-z]*)\s*[-‐‑‒–—―−~〜～]+\s*([A-Za-z]*\d+[A-Za-z]*)$"
)
_NUMBER = re.compile(r"^([A-Za-z]*)(\d+)([A-Za-z]*)$")


def page_range(first: str, last: str = "") -> str:
    """``first-last`` with the last page written in full: ``283-98`` becomes ``283-298``.

    ``first`` may hold the whole range. An article number or anything else stays as it is.
    """
    first, last = first.strip(), last.strip()
    if not last and (found := _RANGE.match(first)):
        first, last = found.groups()
    elif first and last.startswith(first) and _RANGE.match(last):
        return page_range(last)
    if not first or not last or first == last:
        return first or last
    return f"{first}-{_in_full(first, last)}"


def _in_full(first: str, last: str) -> str:
    start, end = _NUMBER.match(first), _NUMBER.match(last)
    if not start or not end or end.group(1) not in ("", start.group(1)):
        return last
    digits, short = start.group(2), end.group(2)
    if len(short) >= len(digits):
        return last
    return f"{start.group(1)}{digits[: len(digits) - len(short)]}{short}{end.group(3)}"
