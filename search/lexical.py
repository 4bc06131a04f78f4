"""The lexical index: our terms in tantivy, one document a record, ranked by its BM25.

Terms come from :mod:`search.text.terms` and are stored joined by spaces, so that tantivy only
counts them. Its BM25 has k1 = 1.2 and b = 0.75 (Robertson and Zaragoza, The Probabilistic
Relevance Framework, 2009).
"""

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tantivy

from search.filters import Filters
from search.records import Record
from search.text.terms import terms

_TOKENIZER = "terms"
# Far more words than a pasted abstract has; what comes after adds nothing but time.
_MAX_QUERY_TERMS = 256


def schema() -> tantivy.Schema:
    """The fields of a record's document."""
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("number", stored=False, indexed=True, fast=True)
    builder.add_text_field("words", tokenizer_name=_TOKENIZER, index_option="freq")
    builder.add_integer_field("year", indexed=True, fast=True)
    for name in ("journal", "publication_type", "keyword", "language"):
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
        "journal": record.journal,
        "publication_type": list(dict.fromkeys(record.publication_types)),
        "keyword": list(dict.fromkeys(record.keywords)),
        "language": sorted({v.language for v in record.versions() if v.title or v.abstract}),
        "has_abstract": any(v.abstract for v in record.versions()),
        "retraction": record.retraction,
    }
    if record.year is not None:
        fields["year"] = record.year
    return tantivy.Document.from_dict(fields, schema())


class LexicalIndex:
    """BM25 over one generation."""

    def __init__(self, directory: Path) -> None:
        self._index = open_index(directory)
        self._schema = self._index.schema
        self._searcher = self._index.searcher()

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def numbers_query(self, numbers: Sequence[int]) -> tantivy.Query:
        """A query that finds the records with these numbers."""
        return tantivy.Query.term_set_query(self._schema, "number", list(map(int, numbers)))

    def aggregate(
        self, query: tantivy.Query, aggregations: dict[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        """How many records ``query`` finds, and tantivy's aggregations over them."""
        count = self._searcher.search(query, limit=1).count
        return int(count), dict(self._searcher.aggregate(query, aggregations))

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
