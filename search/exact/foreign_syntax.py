"""Recognises what belongs to another platform's syntax, so that it is never read as something else.

Each platform is a table of constructs (:mod:`search.exact.platforms`): what it looks like, and how
it is written here. An expression with any of them is refused with its place, or rewritten as a
whole.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from search.exact.notation import half_width

Platform = Literal[
    "Ovid",
    "Embase",
    "Embase and the Cochrane Library",
    "the Cochrane Library",
    "EBSCOhost (CINAHL)",
    "Web of Science",
    "Scopus",
    "Europe PMC",
]
Kind = Literal[
    "field",
    "heading",
    "proximity",
    "wildcard",
    "phrase",
    "limit",
    "line numbers",
    "frequency",
    "date",
    "words in a row",
]
# Replace what stands from start to end.
Edit = tuple[int, int, str]

_QUOTED = re.compile(r'"[^"]*"')
_TAG = re.compile(r"\[(?!mh\s)[^\[\]]*\]", re.IGNORECASE)
_ADDRESS = re.compile(r"10\.\d{4,9}/[^\s\"]+|https?://[^\s\"]+")
_OPERAND = re.compile(r'"[^"]*"\*?|[^\s()=]+')
_WORDS_IN_A_ROW = re.compile(
    r"(?<![\w*\"\])/#=.:-])[A-Za-z][\w'-]*\*?(?:\s+[A-Za-z0-9][\w'-]*\*?)+(?![\w*\"(:=./-])"
)
_CONNECTOR = re.compile(
    r"\s+(?:(?:and|or|not)|(?:NEAR|ADJ)/\d+)(?=\s|$)|^(?:and|or|not)\s+", re.IGNORECASE
)


@dataclass(frozen=True)
class Foreign:
    """A construct of another platform: whose, what it is, where it stands, and what would make it
    one of ours (None where nothing does). ``here`` is how that is written."""

    platform: Platform
    kind: Kind
    start: int
    end: int
    edits: tuple[Edit, ...] | None
    here: str = ""


class Scan:
    """An expression as tables look at it: ``masked`` is of the same length, in half width, and
    holds no word that is a quoted text, a code in brackets or an address."""

    def __init__(self, expression: str) -> None:
        self.text = half_width(expression)
        masked = _QUOTED.sub(lambda m: f'"{"x" * (len(m.group()) - 2)}"', self.text)
        masked = _TAG.sub(lambda m: f"[{'x' * (len(m.group()) - 2)}]", masked)
        self.masked = _ADDRESS.sub(lambda m: "x" * len(m.group()), masked)

    def closing(self, opening: int) -> int | None:
        """Where the parenthesis that opens at ``opening`` is closed."""
        return self._pairs.get(opening)

    def operand_end(self, start: int) -> int:
        """Where the phrase, group or word ends that begins at ``start``."""
        if self.masked[start : start + 1] == "(":
            closing = self.closing(start)
            return len(self.masked) if closing is None else closing + 1
        found = _OPERAND.match(self.masked, start)
        return found.end() if found else start

    @cached_property
    def _pairs(self) -> dict[int, int]:
        opened: list[int] = []
        pairs = {}
        for place, character in enumerate(self.masked):
            if character == "(":
                opened.append(place)
            elif character == ")" and opened:
                pairs[opened.pop()] = place
        return pairs


# Finds every construct of its kind in an expression.
Finder = Callable[[Scan], Iterator[Foreign]]


def recognise(expression: str, finders: Iterable[Finder]) -> list[Foreign]:
    """What belongs to other platforms in an expression, from left to right, none inside another."""
    scan = Scan(expression)
    found = sorted(
        (one for finder in finders for one in finder(scan)),
        key=lambda one: (one.start, -one.end),
    )
    kept: list[Foreign] = []
    for one in found:
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


def rewritten(expression: str, found: Iterable[Foreign]) -> str | None:
    """The expression with all of it written as it is here; None where some of it cannot be."""
    known = list(found)
    edits: list[Edit] = []
    for one in known:
        if one.edits is None:
            return None
        edits += one.edits
    text = expression
    # From the right, so that places stay; of insertions at one place the first stays first.
    for start, end, new in sorted(edits, key=lambda edit: edit[:2], reverse=True):
        text = text[:start] + new + text[end:]
    return phrases_marked(text) if any(one.platform == "Ovid" for one in known) else text


def words_in_a_row(expression: str) -> list[tuple[int, int]]:
    """Where bare words stand in a row, which most platforms take as a phrase and we as AND. A code
    in brackets takes the words before it together, here as well."""
    return [place for place, coded in _rows(expression) if not coded]


def phrases_marked(expression: str) -> str | None:
    """The expression with bare words in a row as the phrases that Ovid takes them for; None where
    they are cut off so that no phrase can be written."""
    text = expression
    for (start, end), coded in reversed(_rows(expression)):
        words = text[start:end].split()
        cut = any("*" in word for word in words[:-1])
        if cut and len(words) > len(("one", "other")):
            return None
        if cut:
            joined = " ADJ/0 ".join(words)
            marked = f"({joined})" if coded else joined
        elif coded:
            continue
        else:
            star = "*" if words[-1].endswith("*") else ""
            marked = f'"{" ".join(words).removesuffix("*")}"{star}'
        text = text[:start] + marked + text[end:]
    return text


def _rows(expression: str) -> list[tuple[tuple[int, int], bool]]:
    """Where bare words stand in a row, and whether a code in brackets follows."""
    masked = Scan(expression).masked
    places = []
    for match in _WORDS_IN_A_ROW.finditer(masked):
        start = match.start()
        for connector in [*_CONNECTOR.finditer(match.group()), None]:
            end = match.end() if connector is None else match.start() + connector.start()
            part = masked[start:end]
            if re.search(r"\S\s+\S", part.strip()):
                place = (start + len(part) - len(part.lstrip()), start + len(part.rstrip()))
                places.append((place, re.match(r"\s*\[", masked[end:]) is not None))
            if connector is not None:
                start = match.start() + connector.end()
    return places
