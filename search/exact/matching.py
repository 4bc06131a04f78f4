"""Where a term stands in a text: the meaning of a match, on units.

Exact search, the marks on the page and the scanner that the tests compare with use these
functions; :mod:`search.exact.queries` says the same to tantivy.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

from search.exact.expression import Field, Near, Or, Term
from search.fields import AREAS, Area
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
    return any(_is_near(chosen, near.distance) for chosen in product(*spans))


def _pair_is_near(
    left: Sequence[tuple[int, int]], right: Sequence[tuple[int, int]], near: Near
) -> bool:
    for start, end in left:
        for other_start, other_end in right:
            if 0 <= other_start - end <= near.distance:
                return True
            if not near.ordered and 0 <= start - other_end <= near.distance:
                return True
    return False


def _is_near(chosen: Sequence[tuple[int, int]], distance: int) -> bool:
    ordered = sorted(chosen)
    between = 0
    for (_, end), (start, _) in pairwise(ordered):
        if start < end:
            return False
        between += start - end
    return between <= distance


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
