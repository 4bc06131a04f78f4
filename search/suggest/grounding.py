"""What the library holds of a term: how many records, how many of them new, and a sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from search.engine import MatchedSentence
from search.exact import ExactSearch, ExactSyntaxError, parse, quoted
from search.exact.excerpts import Marker
from search.filters import Filters
from search.library import Generation
from search.records import Record

# What "new" is measured against: the complete set of the query as an expression, or the hits.
Basis = Literal["exact", "hits"]
# The hits that an example is looked for in.
_READ = 20


@dataclass(frozen=True)
class Example:
    """A sentence that contains a term, as spans of its record (see
    :class:`search.engine.MatchedSentence`)."""

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
    terms: Sequence[str],
    filters: Filters,
    hits: Sequence[int],
    language: str,
) -> list[Grounding | None]:
    """What the library holds of each of some terms, within ``filters``; None for a term that no
    record has.

    ``hits`` are the record numbers of the present list, in order. An example is taken from them
    where one has the term.
    """
    basis: Basis = "exact" if _finds_something(exact, query, filters) else "hits"
    counts = exact.reach(terms, query if basis == "exact" else hits, filters)
    records = generation.records(hits[:_READ])
    return [
        Grounding(total, new, basis, _example(exact, records, term, hits, filters, language))
        if total
        else None
        for term, (total, new) in zip(terms, counts, strict=True)
    ]


def _finds_something(exact: ExactSearch, query: str, filters: Filters) -> bool:
    try:
        return exact.count(query, filters) > 0
    except ExactSyntaxError:
        return False


def _example(
    exact: ExactSearch,
    records: Mapping[int, Record],
    term: str,
    hits: Sequence[int],
    filters: Filters,
    language: str,
) -> Example | None:
    """A sentence of the first hit that has the term, or else of the newest record that has it."""
    marker = Marker(parse(quoted(term)).tree)
    for number in hits[:_READ]:
        sentence = marker.sentence(records[number], language)
        if sentence:
            return Example(records[number].id, sentence)
    for hit in exact.search(quoted(term), filters, per_page=1, language=language).hits:
        if hit.sentence:
            return Example(hit.record.id, hit.sentence)
        if hit.title_marks:
            version = hit.record.version(language)
            title = version.title
            return Example(
                hit.record.id,
                MatchedSentence(title, version.language, "title", 0, len(title), hit.title_marks),
            )
    return None
