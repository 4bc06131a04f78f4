"""Where the terms of an expression stand in a record: marks in its title, a sentence to show."""

from functools import lru_cache

from search.exact.expression import Expression, Field, sought
from search.exact.occurrences import TEXT_AREAS, Pattern, pattern, places
from search.library.exact_fields import Area
from search.ranked.snippets import MatchedSentence
from search.records import Record
from search.text.sentences import sentence_spans
from search.text.units import units
from search.text.variants import fold_with_spans

Marks = tuple[tuple[int, int], ...]


class Marker:
    """Marks what an expression looks for; what it excludes is not marked."""

    def __init__(self, tree: Expression) -> None:
        found = [(t.field, pattern(t)) for t in sought(tree)]
        self._patterns = {
            area: tuple(dict.fromkeys(p for field, p in found if area in _areas(field)))
            for area in ("title", "abstract")
        }

    def title(self, title: str) -> Marks:
        """Half-open spans of a title that match; overlapping ones are merged."""
        return _marks(title, self._patterns["title"])

    def sentence(self, record: Record, language: str) -> MatchedSentence | None:
        """The first sentence of an abstract with a match, of the version in ``language`` first."""
        versions = sorted(record.versions(), key=lambda v: v.language != language)
        for version in versions:
            marks = _marks(version.abstract, self._patterns["abstract"])
            if not marks:
                continue
            first = marks[0][0]
            for start, end in sentence_spans(version.abstract, version.language):
                if end > first:
                    inside = [(max(a, start), min(b, end)) for a, b in marks]
                    shown = tuple((a - start, b - start) for a, b in inside if a < b)
                    text = version.abstract[start:end]
                    return MatchedSentence(text, version.language, "abstract", start, end, shown)
        return None


def _areas(field: Field) -> tuple[Area, ...]:
    return TEXT_AREAS.get(field, ())


def _marks(text: str, patterns: tuple[Pattern, ...]) -> Marks:
    if not patterns or not text:
        return ()
    merged: list[tuple[int, int]] = []
    for start, end in sorted(_spans(text, patterns)):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


@lru_cache(maxsize=1024)
def _spans(text: str, patterns: tuple[Pattern, ...]) -> tuple[tuple[int, int], ...]:
    folded = fold_with_spans(text)
    found = units(folded.text)
    row = [unit.text for unit in found]
    return tuple(
        folded.original_span(found[i].start, found[i + len(wanted) - 1].end)
        for wanted in patterns
        for i in places(wanted, row)
    )
