"""Exact search over a library: an expression in, a complete set with its count out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
import tantivy
from numpy.typing import NDArray

from search import budget
from search.exact.excerpts import Marker
from search.exact.expression import (
    TEXT_FIELDS,
    Expression,
    Near,
    Term,
    lines_of,
    sought,
    terms_of,
)
from search.exact.occurrences import (
    TEXT_AREAS,
    contains,
    contains_near,
    operand_patterns,
    pattern,
    unit_texts,
)
from search.exact.parser import Parsed, parse
from search.exact.queries import QueryBuilder, candidates, field_of
from search.exact.syntax_errors import ExactSyntaxError
from search.exact.term_reader import Note
from search.exact.thesaurus import (
    MOST_NARROWER,
    MappedWords,
    SearchedHeading,
    Thesaurus,
    ThesaurusUse,
    UnsureWord,
)
from search.filters import Filters
from search.library.exact_fields import area_texts
from search.library.facets import Facets, facets
from search.library.generation import Generation
from search.library.library import Library
from search.ranked.engine import MAX_PER_PAGE, QueryError
from search.ranked.snippets import MatchedSentence
from search.records import Record
from search.terminology.concepts import Concept
from search.terminology.terminology import Terminology, bundled
from search.text.terms import terms
from search.text.variants import fold, is_respelled

Sort = Literal["year", "year-ascending", "journal", "title", "relevance"]
SORTS: tuple[Sort, ...] = get_args(Sort)

_READ_AT_ONCE = 500
# More terms than anyone looks through for the one that is at fault.
_MOST_COUNTED = 20


@dataclass(frozen=True)
class Lines:
    """What earlier searches found, by their numbers: records of one generation, by theirs."""

    generation: Generation
    found: Mapping[int, Sequence[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class HeadingCounts:
    """How many records have a heading, alone and with all that lies under it, and how many concepts
    that is; None where these are too many."""

    alone: int
    exploded: int | None
    narrower: int | None


@dataclass(frozen=True)
class ExactHit:
    """A record of the set, as a page shows it.

    ``title_marks`` are offsets of matched terms into the title of the version shown; ``sentence``
    is the first one of an abstract that a term of the expression stands in.
    """

    record: Record
    title_marks: tuple[tuple[int, int], ...]
    sentence: MatchedSentence | None


@dataclass(frozen=True)
class ExactSet:
    """A page of a complete set, and what was understood.

    ``canonical`` is the expression with every field and grouping written out; ``folded`` the terms
    that were respelled, as typed and as looked for; ``headings``, ``mapped`` and ``unsure`` what
    the thesaurus made of it; ``count`` the size of the whole set; ``facets`` how all of it divides,
    where that was asked for.
    """

    expression: str
    canonical: str
    folded: tuple[tuple[str, str], ...]
    notes: tuple[Note, ...]
    count: int
    page: int
    per_page: int
    sort: Sort
    hits: tuple[ExactHit, ...]
    filters: Filters
    generation: str
    facets: Facets | None
    headings: tuple[SearchedHeading, ...] = ()
    mapped: tuple[MappedWords, ...] = ()
    unsure: tuple[UnsureWord, ...] = ()


class ExactSearch:
    """Answers expressions over a library; needs no encoder. Safe to call from several threads.

    Each search says what use it makes of the ``terminology`` (by default the one that ships): none,
    or headings with what lies under them, or words that name a concept mapped to it, too.
    """

    def __init__(self, library: Library, terminology: Terminology | None = None) -> None:
        self.library = library
        self.terminology = bundled() if terminology is None else terminology

    def search(
        self,
        expression: str,
        filters: Filters | None = None,
        *,
        sort: Sort = "year",
        page: int = 1,
        per_page: int = 10,
        language: str = "ja",
        with_facets: bool = False,
        lines: Lines | None = None,
        first: int | None = None,
        thesaurus: ThesaurusUse = "none",
    ) -> ExactSet:
        """One page of the set that ``expression`` finds; ``language`` chooses the version shown.
        With ``lines`` it may refer to earlier searches, and their generation is searched. The page
        begins behind ``first`` records, where that is given.

        A page beyond the end is empty. Ties are in the order of record numbers.

        Raises:
            ExactSyntaxError: when the expression cannot be read.
            QueryError: for an impossible page.
            LibraryError: when the library cannot be used.
            BudgetError: when the request may not cost so much.
        """
        if page < 1 or not 1 <= per_page <= MAX_PER_PAGE:
            raise QueryError(
                "bad page",
                f"page {page} of {per_page} does not exist: pages begin at 1 and hold 1 to "
                f"{MAX_PER_PAGE} records",
            )
        filters = filters or Filters()
        asked = self._asked(expression, filters, lines, thesaurus)
        parsed, generation = asked.parsed, asked.generation
        count, numbers = asked.page(
            sort, (page - 1) * per_page if first is None else first, per_page
        )
        records = generation.records(numbers)
        marker = Marker(parsed.tree)
        return ExactSet(
            expression=expression,
            canonical=str(parsed.tree),
            folded=folded_terms(parsed.tree),
            notes=parsed.notes,
            count=count,
            page=page,
            per_page=per_page,
            sort=sort,
            hits=tuple(_hit(records[n], marker, language) for n in numbers),
            filters=filters,
            generation=generation.name,
            facets=asked.facets(count) if with_facets else None,
            headings=parsed.headings,
            mapped=parsed.mapped,
            unsure=parsed.unsure,
        )

    def count(
        self,
        expression: str,
        filters: Filters | None = None,
        thesaurus: ThesaurusUse = "none",
    ) -> int:
        """The size of the set alone.

        Raises:
            ExactSyntaxError, LibraryError, BudgetError: as for :meth:`search`.
        """
        return self._asked(expression, filters, None, thesaurus).count()

    def term_counts(
        self,
        expression: str,
        filters: Filters | None = None,
        thesaurus: ThesaurusUse = "none",
    ) -> tuple[tuple[str, int], ...]:
        """The terms of an expression that must not be absent, each as it was read and with the
        number of records that it finds alone: which of them leaves a set empty.

        Raises:
            ExactSyntaxError, LibraryError, BudgetError: as for :meth:`search`.
        """
        parsed = self.parsed(expression, thesaurus)
        lines = Lines(self.library.generation())
        wanted = list(dict.fromkeys(sought(parsed.tree)))[:_MOST_COUNTED]
        alone = [_BoundExpression(lines, Parsed(term, ()), filters or Filters()) for term in wanted]
        return tuple((str(term), found.count()) for term, found in zip(wanted, alone, strict=True))

    def reach(
        self, wanted: Sequence[str], among: Sequence[int] | str, filters: Filters | None = None
    ) -> list[tuple[int, int]]:
        """For each of some terms the number of records that have it, and how many of these are not
        ``among`` others: what an expression finds, or records of the generation by their numbers.

        Raises:
            ExactSyntaxError, LibraryError, BudgetError: as for :meth:`search`.
        """
        if isinstance(among, str):
            found = self._asked(among, filters, None)
            generation, known = found.generation, found.query
        else:
            generation = self.library.generation()
            known = generation.lexical.numbers_query(among)
        lexical = generation.lexical
        counts = []
        for term in budget.within(wanted, "suggestions"):
            query = self._asked(quoted(term), filters, Lines(generation)).query
            both = tantivy.Query.boolean_query(
                [(tantivy.Occur.Must, query), (tantivy.Occur.Must, known)]
            )
            total = lexical.count(query)
            counts.append((total, total - lexical.count(both) if total else 0))
        return counts

    def numbers(
        self,
        expression: str,
        filters: Filters | None = None,
        sort: Sort = "year",
        lines: Lines | None = None,
        most: int | None = None,
        thesaurus: ThesaurusUse = "none",
    ) -> NDArray[np.int64]:
        """The record numbers of the whole set in the order of ``sort``, int64, or of the first
        ``most``; ``lines`` as for :meth:`search`.

        Raises:
            ExactSyntaxError, LibraryError, BudgetError: as for :meth:`search`.
        """
        return self._asked(expression, filters, lines, thesaurus).numbers(sort, most)

    def records(
        self,
        expression: str,
        filters: Filters | None = None,
        sort: Sort = "year",
        thesaurus: ThesaurusUse = "none",
    ) -> Iterator[Record]:
        """Every record of the set in the order of ``sort``, read a few hundred at a time.

        Raises:
            ExactSyntaxError, LibraryError, BudgetError: as for :meth:`search`, before the first
                record.
        """
        asked = self._asked(expression, filters, None, thesaurus)
        budget.spend("file", asked.count())
        return asked.generation.records_in_order(asked.numbers(sort).tolist())

    def part(
        self,
        expression: str,
        sort: Sort,
        first: int,
        count: int,
        thesaurus: ThesaurusUse = "none",
    ) -> tuple[int, list[tuple[int, Record]]]:
        """The size of the set, and ``count`` of its records from ``first`` (from 0) on, each with
        its number.

        Raises:
            ExactSyntaxError, LibraryError, BudgetError: as for :meth:`search`.
        """
        asked = self._asked(expression, None, None, thesaurus)
        total, numbers = asked.page(sort, first, count)
        records = asked.generation.records(numbers)
        return total, [(number, records[number]) for number in numbers]

    def heading_counts(self, concept: Concept) -> HeadingCounts:
        """How many records of the library have a concept as heading.

        Raises:
            LibraryError, BudgetError: as for :meth:`search`.
        """
        budget.check("search")
        lexical = self.library.generation().lexical
        own = self.terminology.headings(concept.places)
        alone = lexical.with_values("keyword", own)
        exploded = self.terminology.explosion(concept, MOST_NARROWER)
        if exploded is None:
            return HeadingCounts(alone, None, None)
        if not exploded.narrower:
            return HeadingCounts(alone, alone, 0)
        budget.spend("headings", exploded.places)
        found = lexical.with_values("keyword", own | exploded.names)
        return HeadingCounts(alone, found, exploded.narrower)

    def parsed(
        self, expression: str, thesaurus: ThesaurusUse = "none", *, with_lines: bool = False
    ) -> Parsed:
        """What an expression means with that use of the thesaurus.

        Raises:
            ExactSyntaxError: when it cannot be read.
        """
        if thesaurus == "none":
            return parse(expression, with_lines=with_lines)
        known = Thesaurus(self.terminology, mapping=thesaurus == "map")
        return parse(expression, with_lines=with_lines, thesaurus=known)

    def _asked(
        self,
        expression: str,
        filters: Filters | None,
        lines: Lines | None,
        thesaurus: ThesaurusUse = "none",
    ) -> "_BoundExpression":
        parsed = self.parsed(expression, thesaurus, with_lines=lines is not None)
        lines = lines or Lines(self.library.generation())
        for line in lines_of(parsed.tree):
            if line.number not in lines.found:
                raise ExactSyntaxError("unknown line", expression, line.start, line.end)
        return _BoundExpression(lines, parsed, filters or Filters())


def quoted(term: str) -> str:
    """``term`` as an expression of its own, whatever it contains."""
    return '"' + term.replace('"', " ") + '"'


def folded_terms(tree: Expression) -> tuple[tuple[str, str], ...]:
    """The terms of an expression that folding respells, each with what is looked for."""
    pairs = [(t.text, fold(t.text)) for t in terms_of(tree) if is_respelled(t.text)]
    return tuple(dict.fromkeys(pairs))


def meant_words(expression: str) -> str:
    """The words of an expression without its notation, as ranked search takes them.

    Raises:
        ExactSyntaxError: when it cannot be read.
    """
    return " ".join(dict.fromkeys(term.text for term in sought(parse(expression).tree)))


def _hit(record: Record, marker: Marker, language: str) -> ExactHit:
    title = record.version(language).title
    return ExactHit(record, marker.title(title), marker.sentence(record, language))


class _BoundExpression:
    """An expression with filters, as asked of one generation."""

    def __init__(self, lines: Lines, parsed: Parsed, filters: Filters) -> None:
        self.generation = generation = lines.generation
        self.parsed = parsed
        builder = QueryBuilder(generation.lexical, self._verified, self._merged, lines.found)
        self.query = generation.lexical.filtered(builder.query(parsed.tree), filters)

    def page(self, sort: Sort, first: int, count: int) -> tuple[int, list[int]]:
        """The size of the set, and the record numbers of one page."""
        lexical = self.generation.lexical
        if sort == "relevance":
            return lexical.ranked_page(self.query, self._words(), first, count)
        return lexical.sorted_page(self.query, sort, first, count)

    def count(self) -> int:
        """The size of the set."""
        return self.generation.lexical.count(self.query)

    def facets(self, count: int) -> Facets:
        """How the whole set, of that size, divides."""
        budget.check("search")
        return facets(self.generation.lexical, self.query, count)

    def numbers(self, sort: Sort, most: int | None = None) -> NDArray[np.int64]:
        """All record numbers in order, or the first ``most``."""
        size = self.count() if most is None else most
        budget.spend("set", size)
        _, numbers = self.page(sort, 0, size) if size else (0, [])
        return np.array(numbers, np.int64)

    def _words(self) -> list[str]:
        texts = [t.text for t in sought(self.parsed.tree) if t.field in TEXT_FIELDS]
        return [term for text in texts for term in terms(text)]

    def _merged(self, record_id: str) -> Sequence[int]:
        found = self.generation.record(record_id)
        return [found[0]] if found else []

    def _verified(self, wanted: Term | Near) -> Sequence[int]:
        """The records that have a term, or terms close enough, by reading their texts."""
        lexical = self.generation.lexical
        query = candidates(wanted)
        size = lexical.count(query)
        budget.spend("texts", size)
        numbers = lexical.sorted_page(query, "number", 0, size)[1] if size else []
        areas = TEXT_AREAS[field_of(wanted)]
        is_in = _checked(wanted)
        found = []
        for start in range(0, len(numbers), _READ_AT_ONCE):
            chosen = numbers[start : start + _READ_AT_ONCE]
            for number, record in self.generation.records(chosen).items():
                budget.check("texts")
                texts = area_texts(record)
                if any(is_in(unit_texts(text)) for area in areas for text in texts[area]):
                    found.append(number)
        return found


def _checked(wanted: Term | Near) -> Callable[[Sequence[str]], bool]:
    """Whether a text, in units, has a term or terms close enough."""
    if isinstance(wanted, Term):
        looked_for = pattern(wanted)
        return lambda row: contains(looked_for, row)
    operands = operand_patterns(wanted)
    return lambda row: contains_near(wanted, operands, row)


__all__ = [
    "SORTS",
    "ExactHit",
    "ExactSearch",
    "ExactSet",
    "Lines",
    "Sort",
    "folded_terms",
    "meant_words",
    "quoted",
]
