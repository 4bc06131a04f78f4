"""What the library holds of a term: how many records, how many of them new, and a sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from search import budget
from search.budget import TooMuchError
from search.exact import ExactSearch, ExactSyntaxError, parse, quoted
from search.exact.excerpts import Marker
from search.filters import Filters
from search.library.generation import Generation
from search.ranked.snippets import MatchedSentence
from search.records import Record

# What "new" is measured against: the complete set of the query as an expression, or the hits.
Basis = Literal["exact", "hits"]


@dataclass(frozen=True)
class Example:
    """A sentence that contains a term, as spans of its record (see
    :class:`search.ranked.engine.MatchedSentence`)."""

    record: str
    sentence: MatchedSentence


@dataclass(frozen=True)
class Grounding:
    """``records`` contain the term, ``new_records`` of them are not in what the query finds
    already (``basis``); ``example`` is a sentence of one of them, None where it stands in no
    title or abstract (a keyword may be all that has it)."""

    records: int
    new_records: int
    basis: Basis
    example: Example | None


def ground(
    exact: ExactSearch,
    generation: Generation,
    query: str,
    found: Sequence[tuple[str, int | None]],
    filters: Filters,
    hits: Sequence[int],
    language: str,
) -> list[Grounding | None]:
    """What the library holds of each of some terms, within ``filters``; None for a term that no
    record has.

    ``found`` are the terms, each with the number of a record that the example may come from;
    ``hits`` are the numbers of the query's first hits.
    """
    basis: Basis = "exact" if _finds_something(exact, query, filters) else "hits"
    counts = exact.reach([t for t, _ in found], query if basis == "exact" else hits, filters)
    records = generation.records(sorted({n for _, n in found if n is not None}))
    return [
        Grounding(
            total,
            new,
            basis,
            _example(exact, term, None if n is None else records.get(n), filters, language),
        )
        if total
        else None
        for (term, n), (total, new) in zip(found, counts, strict=True)
    ]


def _finds_something(exact: ExactSearch, query: str, filters: Filters) -> bool:
    try:
        return exact.count(query, filters) > 0
    except (ExactSyntaxError, TooMuchError):
        return False


def _example(
    exact: ExactSearch, term: str, record: Record | None, filters: Filters, language: str
) -> Example | None:
    """A sentence of ``record`` that has the term, or else of the newest record that has it."""
    budget.check("suggestions")
    found = _sentence(term, record, language) if record else None
    if found is None:
        for hit in exact.search(quoted(term), filters, per_page=1, language=language).hits:
            found = _sentence(term, hit.record, language)
    return found


def _sentence(term: str, record: Record, language: str) -> Example | None:
    marker = Marker(parse(quoted(term)).tree)
    sentence = marker.sentence(record, language)
    for version in record.versions():
        marks = marker.title(version.title) if sentence is None else ()
        if marks:
            end = len(version.title)
            sentence = MatchedSentence(version.title, version.language, "title", 0, end, marks)
    return Example(record.id, sentence) if sentence else None
