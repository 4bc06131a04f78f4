"""Ranked search: a query in, hits out.

Dense and lexical candidates are retrieved separately, with the same filters inside both, and
fused. The list is ordered and cut off: it has no complete set and no exact count.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from search.encoder import Encoder
from search.filters import Filters
from search.library.abbreviations import Abbreviations
from search.library.expansion import Expansion
from search.library.facets import Facets, facets_of_records
from search.library.generation import Generation
from search.library.legs import Trouble, UnreachableError
from search.library.library import Library
from search.library.other_names import offered_names
from search.library.other_names import other_names as names_in_library
from search.library.relevance import Closeness
from search.library.scored_records import Ranking
from search.ranked.highlighting import marks
from search.ranked.known_items import Known, KnownItems, known_items
from search.ranked.query_vectors import QueryVectors
from search.ranked.ranking import DEPTH, Leg, Ranked, rank
from search.ranked.snippets import MatchedSentence, answering_sentences, best_sentence
from search.records import Record
from search.terminology.terminology import Terminology, bundled
from search.text.fold import nfkc
from search.text.latin import is_latin
from search.text.profile import without_masks
from search.text.terms import respelled, written

# What a ranked list can be sorted by.
ListSort = Literal["relevance", "year", "year-ascending"]

MAX_PER_PAGE = 100
MAX_QUERY = 20_000
# Lists that are remembered: half a megabyte each.
_REMEMBERED = 32


class QueryError(ValueError):
    """A query that cannot be answered. ``reason`` is one of a closed set for translation."""

    def __init__(
        self,
        reason: Literal["empty", "too long", "bad page", "no mask", "too many masks"],
        message: str,
    ) -> None:
        super().__init__(message)
        self.reason = reason


class UnknownRecordError(LookupError):
    """No record has the id that was asked for."""


@dataclass(frozen=True)
class Hit:
    """One search result. A leg that did not retrieve the record has neither score nor rank.

    ``title_marks`` are offsets of matched terms into the title of the version shown. ``known`` is
    what the query names the record by, where it does (:mod:`search.ranked.known_items`); ``words``
    are those of the query's words that the record has. ``rank`` is the place by relevance, whatever
    the list is sorted by.
    """

    rank: int
    record: Record
    score: float
    dense_score: float | None
    dense_rank: int | None
    lexical_score: float | None
    lexical_rank: int | None
    sentence: MatchedSentence | None
    title_marks: tuple[tuple[int, int], ...]
    known: Known | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class RankedList:
    """A page of a ranked list, and what the engine understood.

    ``total`` is the length of the whole list (at most :data:`DEPTH`), ``relevant`` how many hits at
    its head are close to the query (0: nothing is; None: this library cannot say), ``weak`` how
    many are weak matches at least (0: nothing comes near, where ``relevant`` is 0 too), ``terms``
    the words that BM25 looked for, ``added`` the terms near in meaning that it looked for too
    (:mod:`search.library.expansion`), ``names`` other names of what the query names, each with what
    stands there, ``encoder_text`` what the encoder saw, ``facets`` how its
    records divide where that was asked for: the close ones, or else the weak matches, or all where
    there is no line or nothing above. ``sort`` is what the list is sorted by. ``degraded`` says why
    the list is by words alone where it should be by meaning too, and may be again soon: whoever
    knows the vectors does not answer.
    """

    query: str
    filters: Filters
    page: int
    per_page: int
    total: int
    relevant: int | None
    hits: tuple[Hit, ...]
    terms: tuple[str, ...]
    added: tuple[str, ...]
    names: tuple[tuple[str, tuple[str, ...]], ...]
    encoder_text: str
    folded: tuple[tuple[str, str], ...]
    dense_weight: float | None
    generation: str
    facets: Facets | None
    sort: ListSort = "relevance"
    degraded: Trouble | None = None
    weak: int = 0

    @property
    def above(self) -> int | None:
        """How many hits at the head are worth a look: the close ones, or else the weak matches;
        None where this library cannot say."""
        return None if self.relevant is None else self.relevant or self.weak


@dataclass(frozen=True)
class SimilarRecords:
    """The records most like a record, best first; ``degraded`` as in :class:`RankedList`."""

    hits: tuple[Hit, ...] = ()
    degraded: Trouble | None = None


class _DegradedError(Exception):
    """A list that is not to be remembered: the next one may be whole."""

    def __init__(self, ranked: Ranked) -> None:
        super().__init__()
        self.ranked = ranked


class Engine:
    """Answers queries over a library, with its encoder. Safe to call from several threads."""

    def __init__(
        self, library: Library, encoder: Encoder, terminology: Terminology | None = None
    ) -> None:
        self.library = library
        self.encoder = encoder
        # None: the one that ships.
        self.terminology = bundled() if terminology is None else terminology
        self.query_vectors = QueryVectors(encoder)
        self._abbreviations = Abbreviations(self.terminology, self.query_vectors.vectors)
        self._checked: Generation | None = None
        self._remembered = lru_cache(_REMEMBERED)(self._ranked)

    def generation(self) -> Generation:
        """The live generation, once it is known to be made with this encoder.

        Raises:
            LibraryError: when it is not, or there is none.
        """
        generation = self.library.generation()
        if generation is not self._checked:
            generation.check_encoder(self.encoder.model)
            self._checked = generation
            # They would keep the generation before open.
            self._remembered.cache_clear()
        return generation

    def ranked(
        self, generation: Generation, text: str, filters: Filters, other_names: bool = True
    ) -> Ranked:
        """The whole list for a text by both legs, without what it names; the last ones are
        remembered, for a page asks twice (its hits, its suggestions), and so do those after it."""
        try:
            return self._remembered(generation, text, filters, other_names)
        except _DegradedError as passing:
            return passing.ranked

    def _ranked(
        self, generation: Generation, text: str, filters: Filters, other_names: bool
    ) -> Ranked:
        words = generation.query_words(text).terms
        vector = partial(self.query_vectors.vector, text)
        names = self.names_of(generation, text) if other_names else ()
        found = rank(generation, vector, words, filters, latin=is_latin(text), names=names)
        if found.degraded:
            raise _DegradedError(found)
        return found

    def names_of(self, generation: Generation, text: str) -> tuple[Expansion, ...]:
        """Other names of what a text names, that the library has
        (:mod:`search.library.other_names`)."""
        return names_in_library(generation.lexical, self.terminology, text, self._abbreviations)

    def names_offered(self, generation: Generation, text: str) -> tuple[tuple[str, str], ...]:
        """What short and ambiguous names in a text may stand for: (as written, a name)."""
        return offered_names(generation.lexical, self.terminology, text, self._abbreviations)

    def search(
        self,
        query: str,
        filters: Filters | None = None,
        *,
        page: int = 1,
        per_page: int = 10,
        language: str = "ja",
        leg: Leg = "fused",
        sort: ListSort = "relevance",
        with_facets: bool = False,
        other_names: bool = True,
    ) -> RankedList:
        """One page of the ranked list for ``query``; ``language`` chooses the version shown, and
        ``other_names`` says whether the terminology's names of what the query names are looked for.

        Sorted by year it holds the records that are close, or else the weak matches, or all where
        there is no line: below it, years would mix what was asked for with what was not. Where
        nothing comes near, the list is by relevance whatever was asked for.

        Records that the query names come first (:mod:`search.ranked.known_items`), except in the
        list of a single leg.

        Raises:
            QueryError: for an empty or overlong query or an impossible page.
            LibraryError: when the library cannot be used.
        """
        filters = filters or Filters()
        query = clean_query(query)
        text = _searchable(query)
        if page < 1 or not 1 <= per_page <= MAX_PER_PAGE or (page - 1) * per_page >= DEPTH:
            raise QueryError(
                "bad page",
                f"page {page} of {per_page} does not exist: pages begin at 1, hold 1 to "
                f"{MAX_PER_PAGE} records, and a ranked list ends after {DEPTH}",
            )
        generation = self.generation()
        answer = self._answer(generation, text, filters, leg, other_names)
        ranked, understood = answer.ranked, answer.vector is not None
        first = (page - 1) * per_page
        by_relevance = ranked.order
        above = answer.closeness.above if answer.closeness else None
        if above == 0:
            # By year, what was asked for would be lost among the whole library.
            sort = "relevance"
        ranked = _sorted(generation, ranked, above, sort)
        hits = self._hits(generation, ranked, answer.vector, first, per_page, language)
        kinds = dict(answer.known)
        shown = [number for number, _ in hits]
        places = by_relevance.places_of(shown)
        words = generation.lexical.words_of(shown, ranked.terms, ranked.added)
        as_written = written(text)
        return RankedList(
            query=query,
            filters=filters,
            page=page,
            per_page=per_page,
            total=len(ranked.order),
            relevant=answer.closeness.close if answer.closeness else None,
            weak=answer.closeness.weak if answer.closeness else 0,
            hits=tuple(
                replace(
                    hit,
                    rank=places[number] + 1,
                    known=kinds.get(number),
                    words=_told(words[number], as_written),
                )
                for number, hit in hits
            ),
            terms=_told(ranked.terms, as_written),
            added=tuple(e.term for e in ranked.added if not e.instead_of),
            names=_by_written(ranked.added),
            encoder_text=self.encoder.model.profile.normalize(text) if understood else "",
            folded=_read_as_the_same(generation, text) if understood else (),
            dense_weight=ranked.dense_weight,
            generation=generation.name,
            facets=(
                facets_of_records(
                    generation.lexical,
                    ranked.order.numbers[: above or None].tolist(),
                )
                if with_facets
                else None
            ),
            sort=sort,
            degraded=ranked.degraded,
        )

    def best(
        self,
        query: str,
        filters: Filters | None = None,
        limit: int = DEPTH,
        sort: ListSort = "relevance",
        other_names: bool = True,
        *,
        above_line: bool = False,
    ) -> Iterator[Record]:
        """The first ``limit`` records of the ranked list for ``query``, in the order in which
        :meth:`search` has them; where ``above_line`` says so, none below the line of relevance.
        What is kept in files and strategies is made of whole lists only.

        Raises:
            QueryError, LibraryError: as :meth:`search`.
            UnreachableError: where the list would be by words alone.
        """
        text = _searchable(clean_query(query))
        generation = self.generation()
        answer = self._answer(generation, text, filters or Filters(), "fused", other_names)
        if answer.ranked.degraded:
            raise UnreachableError(
                "this list would be by words alone, for the vectors cannot be asked for at present "
                f"({answer.ranked.degraded}): it is not kept",
                answer.ranked.degraded,
            )
        above = answer.closeness.above if answer.closeness else None
        order = _sorted(generation, answer.ranked, above, sort).order
        if above_line and above is not None:
            limit = min(limit, above)
        return generation.records_in_order(order.numbers[:limit].tolist())

    def _answer(
        self,
        generation: Generation,
        text: str,
        filters: Filters,
        leg: Leg,
        other_names: bool = True,
    ) -> "_Answer":
        """The whole list for a query, known items first."""
        known = KnownItems() if leg != "fused" else known_items(generation, text, filters, DEPTH)
        if known.identifiers_only:
            # A number means nothing to an encoder: its neighbours would be nonsense.
            ranked = Ranked().with_first([number for number, _ in known.found])
            named = Closeness(len(known.found), len(known.found))
            return _Answer(ranked, None, named, known.found)
        ranked = (
            self.ranked(generation, text, filters, other_names)
            if leg == "fused"
            else rank(
                generation,
                self.query_vectors.vector(text),
                generation.query_words(text).terms,
                filters,
                leg,
                names=self.names_of(generation, text) if other_names else (),
            )
        )
        # Words alone do not say that nothing is close.
        told = None if ranked.degraded else ranked.closeness(generation, text)
        if known.found:
            named_ = {number for number, _ in known.found}
            if told is not None:
                close, weak = (
                    len(named_ | set(ranked.order.numbers[:count].tolist()))
                    for count in (told.close, told.weak)
                )
                told = Closeness(close, weak)
            ranked = ranked.with_first([number for number, _ in known.found])
        return _Answer(ranked, self.query_vectors.vector(text), told, known.found)

    def similar(self, record_id: str, limit: int = 10, language: str = "ja") -> SimilarRecords:
        """The records most like a record, without itself.

        Meaning is the mean of the record's passage vectors; words are those of its title and
        keywords. Both are fused as for a query.

        Raises:
            UnknownRecordError: when there is no such record.
        """
        generation = self.generation()
        found = generation.record(record_id)
        if found is None:
            raise UnknownRecordError(f"no record has the id {record_id!r}")
        number, record = found
        passages = generation.passages_of(number)
        if not passages:
            return SimilarRecords()
        centre = generation.vectors([p.number for p in passages]).mean(axis=0)
        vector = (centre / max(float(np.linalg.norm(centre)), 1e-12)).astype(np.float32)
        told = " ".join([*(v.title for v in record.versions()), *record.keywords])
        words = generation.query_words(told).terms
        ranked = rank(generation, vector, words, Filters()).without(number)
        hits = self._hits(generation, ranked, vector, 0, limit, language)
        return SimilarRecords(tuple(hit for _, hit in hits), ranked.degraded)

    def sentences(self, record_id: str, query: str, most: int = 2) -> tuple[MatchedSentence, ...]:
        """The sentences of a record's abstracts that answer a query best, at most ``most`` in each
        language, in their order: those nearly as near as the nearest.

        Raises:
            UnknownRecordError, QueryError, LibraryError: as :meth:`similar` and :meth:`search`.
        """
        generation = self.generation()
        text = _searchable(clean_query(query))
        found = generation.record(record_id)
        if found is None:
            raise UnknownRecordError(f"no record has the id {record_id!r}")
        number, record = found
        rarity = generation.lexical.inverse_document_frequency
        weights = {word: rarity(word) for word in generation.query_words(text).terms}
        return answering_sentences(
            generation, number, record, self.query_vectors.vector(text), weights, most
        )

    def _hits(
        self,
        generation: Generation,
        ranked: Ranked,
        vector: NDArray[np.float32] | None,
        first: int,
        count: int,
        language: str,
    ) -> list[tuple[int, Hit]]:
        """Hits ``first`` to ``first + count`` of a list, each with its record's number."""
        chosen = ranked.order[first : first + count]
        numbers = chosen.numbers.tolist()
        records = generation.records(numbers)
        passages = ranked.nearest.passages_of(numbers)
        in_dense, in_lexical = (leg.places_of(numbers) for leg in (ranked.dense, ranked.lexical))
        weights = _word_weights(generation, ranked)
        hits = []
        for rank_, (number, score) in enumerate(chosen, first + 1):
            record = records[number]
            dense, lexical = in_dense.get(number), in_lexical.get(number)
            hit = Hit(
                rank=rank_,
                record=record,
                score=score,
                dense_score=None if dense is None else ranked.dense[dense][1],
                dense_rank=None if dense is None else dense + 1,
                lexical_score=None if lexical is None else ranked.lexical[lexical][1],
                lexical_rank=None if lexical is None else lexical + 1,
                sentence=None
                if vector is None
                else best_sentence(generation, number, record, vector, passages, weights),
                title_marks=tuple(marks(record.version(language).title, weights)),
            )
            hits.append((number, hit))
        return hits


def clean_query(query: str) -> str:
    """``query`` on one line, without control characters.

    Raises:
        QueryError: when it is longer than any abstract.
    """
    # One character can become twenty (ﷺ).
    length = max(len(query), len(nfkc(query[:MAX_QUERY])))
    if length > MAX_QUERY:
        raise QueryError(
            "too long", f"the query has {length} characters; at most {MAX_QUERY} are read"
        )
    kept = "".join(" " if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} else c for c in query)
    return " ".join(kept.split())


def _searchable(query: str) -> str:
    """What remains of a query to be searched.

    Raises:
        QueryError: when that is nothing.
    """
    text = without_masks(query)
    if not text:
        raise QueryError("empty", "the query is empty: type a word, a phrase or a question")
    return text


@dataclass(frozen=True)
class _Answer:
    """A whole list; the query's vector, None where the query is no text; how many hits are close,
    where that is known; what the query names, as (record, by what)."""

    ranked: Ranked
    vector: NDArray[np.float32] | None
    closeness: Closeness | None
    known: Sequence[tuple[int, Known]]


def _sorted(generation: Generation, ranked: Ranked, above: int | None, sort: ListSort) -> Ranked:
    """The records above the line in another order, ties by number; all where there is no line, and
    none where nothing is above it: the list then stays as it is."""
    close = ranked.order[:above]
    if sort == "relevance" or not close:
        return ranked
    query = generation.lexical.numbers_query(close.numbers.tolist())
    _, numbers = generation.lexical.sorted_page(query, sort, 0, len(close))
    scores = close.scores_of(np.asarray(numbers, np.int64), missing=0.0)
    return replace(ranked, order=Ranking(numbers, scores))


def _read_as_the_same(generation: Generation, text: str) -> tuple[tuple[str, str], ...]:
    """The words of a query that are understood in another spelling, and its names that the library
    writes in the other script: (written, understood)."""
    names = generation.query_words(text).names
    sounding = [(written, "、".join(heard)) for written, heard in names.items()]
    return (*respelled(text), *sounding)


def _by_written(added: Sequence[Expansion]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Other names by what the query calls the same."""
    found: dict[str, list[str]] = {}
    for expansion in added:
        if expansion.instead_of:
            found.setdefault(expansion.written, []).append(expansion.term)
    return tuple((written, tuple(names)) for written, names in found.items())


def _told(words: Sequence[str], as_written: Mapping[str, str]) -> tuple[str, ...]:
    """Words as they are told: once each, and what is a stem as the query writes it."""
    return tuple(dict.fromkeys(as_written.get(word, word) for word in words))


def _word_weights(generation: Generation, ranked: Ranked) -> dict[str, float]:
    """The words of a query and of what was added to it, by how rare they are."""
    rarity = generation.lexical.inverse_document_frequency
    weights = {word: rarity(word) for word in ranked.terms}
    for expansion in ranked.added:
        for word in expansion.words:
            weights.setdefault(word, expansion.weight * rarity(word))
    return weights
