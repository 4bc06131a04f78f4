"""Where a term stands in a text: the meaning of a match, on units.

Exact search, the marks on the page and the scanner that the tests compare with use these
functions; :mod:`search.exact.queries` says the same to tantivy.
"""

import heapq
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from search.exact.expression import Field, Near, Or, Term
from search.library.exact_fields import AREAS, Area
from search.text.spellings import greek, stems
from search.text.units import BREAK, is_cjk, texts, units
from search.text.variants import fold

TEXT_AREAS: dict[Field, tuple[Area, ...]] = {
    "all": AREAS,
    "text": AREAS,
    "title-abstract": ("title", "abstract"),
    "title": ("title",),
    "abstract": ("abstract",),
}


@dataclass(frozen=True)
class Pattern:
    """The units that a term stands for, in a row. Where it is truncated in the middle of a word in
    Latin letters, the last unit may begin with any of ``beginnings`` or be any of ``letters``."""

    units: tuple[str, ...]
    beginnings: tuple[str, ...] = ()
    letters: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.units)

    def ends_with(self, unit: str) -> bool:
        """Whether ``unit`` may be the last one."""
        if not self.beginnings:
            return unit == self.units[-1]
        return unit in self.letters or unit.startswith(self.beginnings)


def pattern(term: Term) -> Pattern:
    """What a term looks for. A term that ends in a CJK character needs no truncation: it is found
    inside longer words anyway."""
    found = tuple(unit.text for unit in units(fold(term.text)))
    if not term.truncated or is_cjk(found[-1]):
        return Pattern(found)
    return Pattern(found, stems(found[-1]), greek(found[-1]))


def unit_texts(text: str) -> list[str]:
    """The units of a text as it is stored."""
    return texts(fold(text))


def places(wanted: Pattern, text: Sequence[str]) -> Iterator[int]:
    """Where ``wanted`` begins in a row of units."""
    *before, _ = wanted.units
    last = len(before)
    if not before:
        yield from (place for place, unit in enumerate(text) if wanted.ends_with(unit))
        return
    start = -1
    while True:
        try:
            start = text.index(before[0], start + 1, max(0, len(text) - last))
        except ValueError:
            return
        if wanted.ends_with(text[start + last]) and list(text[start : start + last]) == before:
            yield start


def contains(wanted: Pattern, text: Sequence[str]) -> bool:
    """Whether ``wanted`` stands anywhere in a row of units."""
    return next(places(wanted, text), None) is not None


def operand_patterns(near: Near) -> list[list[Pattern]]:
    """For each operand what it may be."""
    return [
        [pattern(t) for t in (o.parts if isinstance(o, Or) else (o,)) if isinstance(t, Term)]
        for o in near.operands
    ]


def contains_near(near: Near, operands: Sequence[Sequence[Pattern]], text: Sequence[str]) -> bool:
    """Whether the operands stand in a row of units without overlap, with at most
    ``near.distance`` units that belong to none of them between the first and the last."""
    spans = []
    for alternatives in operands:
        found = {(i, i + len(p)) for p in alternatives for i in places(p, text)}
        if not found:
            return False
        spans.append(sorted(found))
    if len(spans) == len(("left", "right")):
        return _pair_is_near(spans[0], spans[1], near)
    return _are_near(spans, near.distance)


# Where an operand begins in a row of units, and where it ends.
_Span = tuple[int, int]


def _pair_is_near(left: Sequence[_Span], right: Sequence[_Span], near: Near) -> bool:
    if _follows(left, right, near.distance):
        return True
    return not near.ordered and _follows(right, left, near.distance)


def _follows(first: Sequence[_Span], second: Sequence[_Span], distance: int) -> bool:
    """Whether one of some spans begins within a distance behind the end of another."""
    starts = [start for start, _ in second]
    for _, end in first:
        at = bisect_left(starts, end)
        if at < len(starts) and starts[at] - end <= distance:
            return True
    return False


def _are_near(spans: Sequence[Sequence[_Span]], distance: int) -> bool:
    """Whether a span of each operand can be chosen so that none overlaps another and at most
    ``distance`` units are left between them; all spans of an operand are of one length.

    From left to right, for each set of operands (as bits) the chain of their spans that begins last
    is remembered: trying every choice would take ages where words are frequent.
    """
    every = (1 << len(spans)) - 1
    most = distance + sum(found[0][1] - found[0][0] for found in spans)
    begins: dict[int, int] = {}
    # Chains that have not ended yet where the next span begins: (end, operands, beginning).
    under_way: list[tuple[int, int, int]] = []
    ordered = sorted((*span, 1 << i) for i, found in enumerate(spans) for span in found)
    for start, end, operand in ordered:
        while under_way and under_way[0][0] <= start:
            _, chosen, first = heapq.heappop(under_way)
            begins[chosen] = max(begins.get(chosen, -1), first)
        chains = [(c | operand, first) for c, first in begins.items() if not c & operand]
        for chosen, first in [(operand, start), *chains]:
            if end - first > most:
                continue
            if chosen == every:
                return True
            heapq.heappush(under_way, (end, chosen, first))
    return False


__all__ = [
    "BREAK",
    "TEXT_AREAS",
    "Pattern",
    "contains",
    "contains_near",
    "operand_patterns",
    "pattern",
    "places",
    "unit_texts",
]
