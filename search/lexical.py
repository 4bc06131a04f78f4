"""The lexical index in tantivy, one document a record: terms for BM25, fields for exact search.

Terms come from :mod:`search.text.terms` and are stored joined by spaces, so that tantivy only
counts them. Its BM25 has k1 = 1.2 and b = 0.75 (Robertson and Zaragoza, The Probabilistic
Relevance Framework, 2009). What exact search looks up is described at :func:`schema`.
"""

import math
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import tantivy

from search.fields import AREAS, VALUES, area_texts, field_values, first_day, title_key
from search.filters import Filters
from search.records import Record
from search.text.terms import terms
from search.text.units import tokens, value_key
from search.text.variants import fold

_TOKENIZER = "terms"
# Far more words than a pasted abstract has; what comes after adds nothing but time.
_MAX_QUERY_TERMS = 256
# What nothing sorts after, for records without a title or a journal.
LAST = "\U0010ffff"
# Titles that agree so far are sorted by number.
_ORDERED = 60


@cache
def schema() -> tantivy.Schema:
    """The fields of a record's document.

    ``words`` is what BM25 ranks. ``title``, ``abstract`` and ``keywords`` hold the tokens of
    :mod:`search.text.units` with their positions, all languages together with a gap between two
    values. The fields of whole values hold what :func:`field_values` says. ``date`` is
    year·10000 + month·100 + day, the first day of what is known. The ``…_order`` fields are what
    lists are sorted by; each ends with the record's number, so no two are equal.
    """
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("number", stored=False, indexed=True, fast=True)
    builder.add_text_field("words", tokenizer_name=_TOKENIZER, index_option="freq")
    for area in AREAS:
        builder.add_text_field(area, tokenizer_name=_TOKENIZER, index_option="position")
    for name in VALUES:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in ("journal_order", "title_order"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    builder.add_unsigned_field("year_order", fast=True)
    builder.add_unsigned_field("year_ascending_order", fast=True)
    builder.add_integer_field("year", indexed=True, fast=True)
    builder.add_integer_field("date", indexed=True, fast=True)
    builder.add_text_field("journal", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("language", tokenizer_name="raw", index_option="basic")
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
    index.register_tokenizer(
        _TOKENIZER, tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    )
    return index


def record_terms(record: Record) -> list[str]:
    """All terms of a record: title and abstract in every language, and its keywords."""
    found: list[str] = []
    for version in record.versions():
        found += terms(version.title) + terms(version.abstract)
    for keyword in record.keywords:
        found += terms(keyword)
    return found


def document(number: int, record: Record) -> tantivy.Document:
    """The document that stands for a record."""
    fields: dict[str, object] = {
        "number": number,
        "words": " ".join(record_terms(record)),
        **{
            area: [" ".join(tokens(fold(text))) for text in texts]
            for area, texts in area_texts(record).items()
        },
        **field_values(record),
        **_orders(number, record),
        "journal": record.journal,
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
    last = 2**32 - 1 - number
    return {
        "year_order": (record.year or 0) << 32 | last,
        "year_ascending_order": (record.year or 9999) << 32 | number,
        "journal_order": f"{value_key(record.journal) or LAST}\x00{number:010d}",
        "title_order": f"{title_key(title)[:_ORDERED] or LAST}\x00{number:010d}",
    }


class LexicalIndex:
    """BM25 over one generation."""

    def __init__(self, directory: Path) -> None:
        self._index = open_index(directory)
        self._schema = self._index.schema
        self._searcher = self._index.searcher()

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def document_frequency(self, term: str) -> int:
        """In how many records ``term`` occurs."""
        return int(self._searcher.doc_freq("words", term))

    def full_match(self, query_terms: Sequence[str]) -> float:
        """The BM25 score of a record of average length that has every query term once.

        What the best hit reaches of it says how much of the query the words can answer at all.
        """
        count = len(self)
        total = 0.0
        for term, repeated in Counter(query_terms[:_MAX_QUERY_TERMS]).items():
            frequency = self.document_frequency(term)
            total += repeated * math.log(1 + (count - frequency + 0.5) / (frequency + 0.5))
        return total

    def search(
        self, query_terms: Sequence[str], limit: int, filters: Filters
    ) -> list[tuple[int, float]]:
        """The best ``limit`` record numbers with their BM25 scores, ties by number."""
        counts = Counter(query_terms[:_MAX_QUERY_TERMS])
        if not counts or not len(self):
            return []
        wanted = []
        for term, count in counts.items():
            query = tantivy.Query.term_query(self._schema, "words", term, "freq")
            if count > 1:
                query = tantivy.Query.boost_query(query, float(count))
            wanted.append((tantivy.Occur.Should, query))
        ranked = tantivy.Query.boolean_query(wanted)
        conditions = filters.tantivy_queries(self._schema)
        if conditions:
            ranked = tantivy.Query.boolean_query(
                [(tantivy.Occur.Must, ranked)]
                + [
                    (tantivy.Occur.Must, tantivy.Query.const_score_query(c, 0.0))
                    for c in conditions
                ]
            )
        found = self._searcher.search(ranked, limit=limit, count=False).hits
        numbers = self._searcher.fast_field_values("number", [address for _, address in found])
        pairs = [(int(n), float(s)) for n, (s, _) in zip(numbers, found, strict=True)]
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))
