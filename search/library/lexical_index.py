"""The lexical index in tantivy, one document a record: terms for BM25, fields for exact search.

Terms come from :mod:`search.text.terms` and are stored joined by spaces, so that tantivy only
counts them. Its BM25 has k1 = 1.2 and b = 0.75 (Robertson and Zaragoza, The Probabilistic
Relevance Framework, 2009). What exact search looks up is described at :func:`schema`.
"""

import math
import os
import shutil
import tempfile
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tantivy
from numpy.typing import NDArray

from search import budget
from search.filters import Filters, values_query
from search.library.exact_fields import (
    AREAS,
    VALUES,
    area_texts,
    field_values,
    first_day,
    title_key,
)
from search.library.expansion import Expansion
from search.library.scored_records import Ranking
from search.records import Record
from search.text.terms import terms
from search.text.units import tokens, value_key
from search.text.variants import fold

_TOKENIZER = "terms"
_UNITS_TOKENIZER = "units"
# Positions that stay empty between two values of an area: more than any distance asked for.
GAP = 101
_FILLER = "‖"
_BETWEEN_VALUES = " ".join(["", *[_FILLER] * GAP, ""])
# Far more words than a pasted abstract has; what comes after adds nothing but time.
MAX_QUERY_TERMS = 256
_MAX_PAIRED_TERMS = 64
# Of a pasted abstract not every word is told: so many bits has the significand of a float32.
_MAX_EXPLAINED_TERMS = 24
# How often a word of a title counts beside one of the abstract: BM25F (Robertson, Zaragoza and
# Taylor, CIKM 2004). Records without an abstract, which are short, would be favoured by it.
_TITLE_WEIGHT = 2
# What a list can be sorted by.
Order = Literal["number", "year", "year-ascending", "journal", "title"]
# What nothing sorts after, for records without a title or a journal.
_LAST = "\U0010ffff"
_LAST_NUMBER = 2**32 - 1
# One record in so many is few.
_FEW = 20
# Titles that agree so far are sorted by number.
_ORDERED = 60
# How tantivy's lock files end.
_LOCK = ".lock"


@cache
def schema() -> tantivy.Schema:
    """The fields of a record's document.

    ``words`` is what BM25 ranks; it has positions, for pairs of words. ``title``, ``abstract`` and
    ``keywords`` hold the tokens of :mod:`search.text.units` with their positions, all languages
    together with a gap between two values. The fields of whole values hold what
    :func:`field_values` says; the ``shown_…`` fields, journal and language what the record itself
    says, for filters and facets. ``date`` is year·10000 + month·100 + day, the first day of what is
    known. The ``…_order`` fields are what lists are sorted by; each ends with the record's number,
    so no two are equal.
    """
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("number", stored=False, indexed=True, fast=True)
    builder.add_text_field("words", tokenizer_name=_TOKENIZER, index_option="position")
    for area in AREAS:
        builder.add_text_field(area, tokenizer_name=_UNITS_TOKENIZER, index_option="position")
    for name in VALUES:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in ("journal_order", "title_order"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    builder.add_unsigned_field("year_order", fast=True)
    builder.add_unsigned_field("year_ascending_order", fast=True)
    builder.add_integer_field("year", indexed=True, fast=True)
    builder.add_integer_field("date", indexed=True, fast=True)
    for name in ("journal", "shown_publication_type", "shown_keyword", "language"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    builder.add_boolean_field("has_abstract", indexed=True)
    builder.add_text_field("retraction", tokenizer_name="raw", index_option="basic")
    return builder.build()


def open_index(directory: Path, create: bool = False) -> tantivy.Index:
    """The index in ``directory``, made there when ``create`` is set."""
    if create:
        directory.mkdir(parents=True, exist_ok=True)
        index = tantivy.Index(schema(), path=str(directory))
    else:
        index = tantivy.Index.open(str(directory))
    whitespace = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
    index.register_tokenizer(_TOKENIZER, whitespace.build())
    # What the filter drops keeps its position.
    filler = tantivy.Filter.custom_stopword([_FILLER])
    index.register_tokenizer(
        _UNITS_TOKENIZER,
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).filter(filler).build(),
    )
    return index


def record_terms(record: Record) -> list[str]:
    """All terms of a record: title and abstract in every language, and its keywords. Beside an
    abstract, a title's terms count twice."""
    found: list[str] = []
    times = _TITLE_WEIGHT if any(v.abstract for v in record.versions()) else 1
    for version in record.versions():
        found += terms(version.title) * times + terms(version.abstract)
    for keyword in record.keywords:
        found += terms(keyword)
    return found


def area_tokens(text: str) -> str:
    """A text of an area as the index takes it: its tokens, joined by spaces."""
    return " ".join(tokens(fold(text)))


def document(number: int, record: Record) -> tantivy.Document:
    """The document that stands for a record."""
    fields: dict[str, object] = {
        "number": number,
        "words": " ".join(record_terms(record)),
        **{
            area: _BETWEEN_VALUES.join(map(area_tokens, texts))
            for area, texts in area_texts(record).items()
        },
        **field_values(record),
        **_orders(number, record),
        "journal": record.journal,
        "shown_publication_type": list(dict.fromkeys(record.publication_types)),
        "shown_keyword": list(dict.fromkeys(record.keywords)),
        "language": sorted({v.language for v in record.versions() if v.title or v.abstract}),
        "has_abstract": any(v.abstract for v in record.versions()),
        "retraction": record.retraction,
    }
    if record.year is not None:
        fields["year"] = record.year
        fields["date"] = first_day(record.date)
    return tantivy.Document.from_dict(fields, schema())


def _orders(number: int, record: Record) -> dict[str, object]:
    """What lists are sorted by. A record without a year comes last either way."""
    title = next((v.title for v in record.versions() if v.title), "")
    return {
        "year_order": (record.year or 0) << 32 | (_LAST_NUMBER - number),
        "year_ascending_order": (record.year or 9999) << 32 | number,
        "journal_order": f"{value_key(record.journal) or _LAST}\x00{number:010d}",
        "title_order": f"{title_key(title)[:_ORDERED] or _LAST}\x00{number:010d}",
    }


# The field that an order goes by, its direction, and the record's number in a value of it.
_ORDERS: dict[Order, tuple[str, tantivy.Order, Callable[[Any], int]]] = {
    "number": ("number", tantivy.Order.Asc, int),
    "year": ("year_order", tantivy.Order.Desc, lambda key: _LAST_NUMBER - (key & _LAST_NUMBER)),
    "year-ascending": (
        "year_ascending_order",
        tantivy.Order.Asc,
        lambda key: int(key & _LAST_NUMBER),
    ),
    "journal": ("journal_order", tantivy.Order.Asc, lambda key: int(key[-10:])),
    "title": ("title_order", tantivy.Order.Asc, lambda key: int(key[-10:])),
}


def _linked(index: "LexicalIndex", directory: Path) -> Path:
    """A folder with links to the files of ``directory``, as long as ``index`` lives: also to read,
    tantivy takes a lock, which is a file beside the others. One that it has left there, while the
    folder could be written, is not linked: it would be opened for writing."""
    folder = Path(tempfile.mkdtemp(prefix="jmedsearch-lexical-"))
    weakref.finalize(index, shutil.rmtree, folder, ignore_errors=True)
    for file in directory.iterdir():
        if file.suffix != _LOCK:
            (folder / file.name).symlink_to(file.absolute())
    return folder


class LexicalIndex:
    """The index of one generation: BM25, and whatever else a query asks for."""

    def __init__(self, directory: Path) -> None:
        if not os.access(directory, os.W_OK):
            directory = _linked(self, directory)
        self._index = open_index(directory)
        self._schema = self._index.schema
        self._searcher = self._index.searcher()

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def numbers_query(self, numbers: Sequence[int]) -> tantivy.Query:
        """A query that finds the records with these numbers."""
        return values_query(self._schema, "number", list(map(int, numbers)))

    def aggregate(self, query: tantivy.Query, aggregations: dict[str, Any]) -> dict[str, Any]:
        """The aggregations (tantivy's) of the records that ``query`` finds."""
        return dict(self._searcher.aggregate(query, aggregations))

    def document_frequency(self, term: str, field: str = "words") -> int:
        """In how many records ``term`` occurs."""
        return int(self._searcher.doc_freq(field, term))

    def beginning_with(self, field: str, beginning: str) -> tuple[int, int]:
        """How many terms of a field begin so, and the sum of the numbers of records in which each
        of them occurs."""
        found = self._searcher.terms_with_prefix(field, beginning)
        return len(found), sum(records for _, records in found)

    def terms_beginning_with(self, field: str, beginning: str) -> list[str]:
        """The terms of a field that begin so."""
        return [term for term, _ in self._searcher.terms_with_prefix(field, beginning)]

    def words_beginning_with(self, letter: str) -> list[tuple[str, int]]:
        """The words of BM25 that begin so, each with the number of records that have it."""
        return list(self._searcher.terms_with_prefix("words", letter))

    def words_of(
        self, numbers: Sequence[int], query_terms: Sequence[str], added: Iterable[Expansion] = ()
    ) -> dict[int, list[str]]:
        """Those of a query's terms that each of some records has, in the query's order, itself or
        by another name among ``added``."""
        found: dict[int, list[str]] = {number: [] for number in numbers}
        if not found:
            return found
        wanted = list(dict.fromkeys(query_terms[:_MAX_EXPLAINED_TERMS]))
        named: dict[str, list[tantivy.Query]] = {}
        for own, names in _by_concept(added).items():
            for word in own:
                named.setdefault(word, []).extend(self._phrase(name.words) for name in names)
        query = tantivy.Query.boolean_query(
            [
                (
                    tantivy.Occur.Must,
                    tantivy.Query.const_score_query(self.numbers_query(list(found)), 0.0),
                ),
                # The nth term scores 2ⁿ: the sum, which is exact, says which of them a record has.
                *(
                    (
                        tantivy.Occur.Should,
                        tantivy.Query.const_score_query(
                            tantivy.Query.disjunction_max_query(
                                [
                                    tantivy.Query.term_query(self._schema, "words", term),
                                    *named.get(term, ()),
                                ]
                            ),
                            float(1 << place),
                        ),
                    )
                    for place, term in enumerate(wanted)
                ),
            ]
        )
        hits = self._searcher.search(query, limit=len(found), count=False).hits
        numbers_ = self._searcher.fast_field_values("number", [address for _, address in hits])
        for number, (score, _) in zip(numbers_, hits, strict=True):
            found[int(number)] = [
                term for place, term in enumerate(wanted) if int(score) >> place & 1
            ]
        return found

    def word_shares(
        self, query_terms: Sequence[str], numbers: Sequence[int], added: Iterable[Expansion] = ()
    ) -> dict[int, float]:
        """Which share of a query's words, by their rarity, each of some records has, itself or by
        another name among ``added``."""
        weights = {term: self.inverse_document_frequency(term) for term in query_terms}
        total = sum(weights.values())
        return {
            number: sum(weights[term] for term in had) / total if total else 0.0
            for number, had in self.words_of(numbers, query_terms, added).items()
        }

    def full_match(self, query_terms: Sequence[str], added: Iterable[Expansion] = ()) -> float:
        """The BM25 score of a record of average length that has every query term once, or where
        some name among ``added`` can bring more than the words that it stands for, that name.

        What the best hit reaches of it says how much of the query the words can answer at all.
        """
        rarity = self.inverse_document_frequency
        counts = Counter(query_terms[:MAX_QUERY_TERMS])
        total = 0.0
        for own, names in _by_concept(added).items():
            words = {word: counts.pop(word) for word in own if word in counts}
            if not own:
                continue
            had = [word for word in words if self.document_frequency(word)]
            typed = sum(rarity(word) * words[word] for word in had)
            named = (name.weight * sum(map(rarity, name.words)) for name in names)
            total += max(typed, *named)
        return total + sum(rarity(word) * count for word, count in counts.items())

    def inverse_document_frequency(self, term: str) -> float:
        """BM25's measure of how rare ``term`` is."""
        frequency = self.document_frequency(term)
        return math.log(1 + (len(self) - frequency + 0.5) / (frequency + 0.5))

    def pair_shares(self, query_terms: Sequence[str], numbers: Sequence[int]) -> dict[int, float]:
        """Which share of the pairs of neighbouring words of a query stand side by side in each of
        some records too, a pair weighing as much as its words' idf; records without any are left
        out.

        Metzler and Croft, A Markov Random Field Model for Term Dependencies, SIGIR 2005: the
        ordered windows of their sequential dependence.
        """
        pairs = dict.fromkeys(pairwise(query_terms[:_MAX_PAIRED_TERMS]))
        weights = {pair: sum(map(self.inverse_document_frequency, pair)) for pair in pairs}
        total = sum(weights.values())
        if not total or not numbers:
            return {}
        # The records beside each pair: a pair is then looked for in these alone.
        among = (tantivy.Occur.Must, self.numbers_query(numbers))
        query = tantivy.Query.boolean_query(
            [
                (
                    tantivy.Occur.Should,
                    tantivy.Query.const_score_query(
                        tantivy.Query.boolean_query([among, (tantivy.Occur.Must, phrase)]),
                        weights[pair] / total,
                    ),
                )
                for pair in pairs
                for phrase in [self._phrase(pair)]
            ]
        )
        found = self._searcher.search(query, limit=len(numbers), count=False).hits
        owners = self._searcher.fast_field_values("number", [address for _, address in found])
        return {int(n): float(s) for n, (s, _) in zip(owners, found, strict=True) if s > 0}

    def _phrase(self, words: Sequence[str]) -> tantivy.Query:
        """Records that have ``words`` one after another."""
        if len(words) == 1:
            return tantivy.Query.term_query(self._schema, "words", words[0], "freq")
        return tantivy.Query.phrase_query(self._schema, "words", list(words), 0)

    def filtered(self, query: tantivy.Query, filters: Filters) -> tantivy.Query:
        """What ``query`` finds among the records that the filters leave in."""
        conditions = filters.tantivy_queries(self._schema)
        if not conditions:
            return query
        return tantivy.Query.boolean_query(
            [(tantivy.Occur.Must, query)]
            + [(tantivy.Occur.Must, tantivy.Query.const_score_query(c, 0.0)) for c in conditions]
        )

    def numbers(self, filters: Filters) -> NDArray[np.int64]:
        """The numbers of all records that the filters leave in, int64, in no order."""
        query = self.filtered(tantivy.Query.all_query(), filters)
        found = self._searcher.search(query, limit=max(len(self), 1), count=False).hits
        addresses = [address for _, address in found]
        return np.array(self._searcher.fast_field_values("number", addresses), np.int64)

    def size(self, filters: Filters) -> int:
        """How many records the filters leave in."""
        return self.count(self.filtered(tantivy.Query.all_query(), filters))

    def count(self, query: tantivy.Query) -> int:
        """How many records a query finds."""
        return int(self._searcher.search(query, limit=1, count=True).count)

    def together(self, phrases: Iterable[Sequence[str]]) -> int:
        """In how many records each of ``phrases`` (words one after another) stands."""
        wanted = [(tantivy.Occur.Must, self._phrase(words)) for words in phrases if words]
        return self.count(tantivy.Query.boolean_query(wanted)) if wanted else 0

    def sorted_page(
        self, query: tantivy.Query, order: Order, first: int, count: int
    ) -> tuple[int, list[int]]:
        """How many records a query finds, and the numbers of ``count`` of them from ``first`` on
        in that order; ties are in the order of their numbers."""
        if first >= len(self):
            # tantivy makes room for all that comes before.
            return self.count(query), []
        field, direction, number = _ORDERS[order]
        found = self._searcher.search(
            query, limit=count, offset=first, count=True, order_by_field=field, order=direction
        )
        return int(found.count), [number(key) for key, _ in found.hits]

    def ranked_page(
        self, query: tantivy.Query, query_terms: Sequence[str], first: int, count: int
    ) -> tuple[int, list[int]]:
        """Like :meth:`sorted_page`, by the BM25 of ``query_terms``; ``query`` alone decides what is
        found."""
        wanted = self._wanted(query_terms)
        if not wanted:
            return self.sorted_page(query, "number", first, count)
        ranked = tantivy.Query.boolean_query(
            [(tantivy.Occur.Must, tantivy.Query.const_score_query(query, 0.0)), *wanted]
        )
        if first >= len(self):
            return self.count(query), []
        limit = first + count
        while True:
            budget.spend("set", limit)
            found = self._searcher.search(ranked, limit=limit, count=True)
            total, hits = int(found.count), found.hits
            # Equal scores over the end of the page: all of them, to put them in order.
            if len(hits) <= first + count - 1 or len(hits) == total:
                break
            if hits[-1][0] < hits[first + count - 1][0]:
                break
            limit *= 2
        numbers = self._searcher.fast_field_values("number", [address for _, address in hits])
        order = sorted(zip((-score for score, _ in hits), numbers, strict=True))
        return total, [int(number) for _, number in order[first : first + count]]

    def search(
        self,
        query_terms: Sequence[str],
        limit: int,
        filters: Filters,
        added: Iterable[Expansion] = (),
    ) -> Ranking:
        """The best ``limit`` records by BM25, ties by number; ``added`` are terms that are looked
        for too."""
        wanted = self._wanted(query_terms, added)
        if not wanted or not len(self):
            return Ranking()
        ranked = self._ranked_among(wanted, filters)
        found = self._searcher.search(ranked, limit=limit, count=False).hits
        numbers = self._searcher.fast_field_values("number", [address for _, address in found])
        return Ranking.best(numbers, [score for score, _ in found])

    def _ranked_among(
        self, wanted: list[tuple[tantivy.Occur, tantivy.Query]], filters: Filters
    ) -> tantivy.Query:
        """Any of ``wanted`` among the records that the filters leave in. Where these are few, each
        word is looked for among them, which is faster than looking for them among all that any word
        finds; scores are the same."""
        if not filters or self.size(filters) * _FEW > len(self):
            return self.filtered(tantivy.Query.boolean_query(wanted), filters)
        return tantivy.Query.boolean_query(
            [(occur, self.filtered(query, filters)) for occur, query in wanted]
        )

    def _wanted(
        self, query_terms: Sequence[str], added: Iterable[Expansion] = ()
    ) -> list[tuple[tantivy.Occur, tantivy.Query]]:
        counts = Counter(query_terms[:MAX_QUERY_TERMS])
        wanted: list[tantivy.Query] = []
        for own, names in _by_concept(added).items():
            phrases = [
                tantivy.Query.boost_query(self._phrase(name.words), name.weight) for name in names
            ]
            # Words of the query that are in two concepts count once, with the first.
            words = {word: counts.pop(word) for word in own if word in counts}
            if words:
                typed = [(tantivy.Occur.Should, query) for query in self._each(words)]
                phrases.append(tantivy.Query.boolean_query(typed))
            wanted += [tantivy.Query.disjunction_max_query(phrases)] if own else phrases
        wanted += self._each(counts)
        return [(tantivy.Occur.Should, query) for query in wanted]

    def _each(self, counts: Mapping[str, int]) -> list[tantivy.Query]:
        """Words, each by BM25 as often as the query has it."""
        queries = []
        for term, count in counts.items():
            query = tantivy.Query.term_query(self._schema, "words", term, "freq")
            queries.append(tantivy.Query.boost_query(query, float(count)) if count > 1 else query)
        return queries


def _by_concept(added: Iterable[Expansion]) -> dict[tuple[str, ...], list[Expansion]]:
    """Added terms by the words of the query that they stand for; those for none together."""
    found: dict[tuple[str, ...], list[Expansion]] = {}
    for expansion in added:
        found.setdefault(expansion.instead_of, []).append(expansion)
    return found
