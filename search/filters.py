"""Filters: what a searcher leaves in, applied inside both retrievers, never after them."""

from dataclasses import dataclass
from typing import Literal

import tantivy

from search.records import Retraction
from search.text.terms import terms

RetractionFilter = Literal["", "exclude", "only"]

# A correction mends a record; these two put it in doubt.
IN_DOUBT: tuple[Retraction, ...] = ("retracted", "expression of concern")


@dataclass(frozen=True)
class Filters:
    """Conditions that a record must meet; the default meets every record.

    Years are inclusive. ``journal`` is the journal's exact name, ``publication_type`` and
    ``keyword`` are one of the record's as it writes them; ``language`` is an ISO 639-1 code that
    any version of the record may have. ``retraction`` leaves out the records that are retracted or
    under an expression of concern ("exclude"), or all others ("only"). ``words`` are words
    that title, abstract or keywords have, all of them. ``within`` are the numbers of the only
    records that can be found, None where all can.
    """

    year_from: int | None = None
    year_to: int | None = None
    journal: str = ""
    publication_type: str = ""
    keyword: str = ""
    language: str = ""
    has_abstract: bool = False
    retraction: RetractionFilter = ""
    words: str = ""
    within: tuple[int, ...] | None = None

    def __bool__(self) -> bool:
        return self != Filters()

    def tantivy_queries(self, schema: tantivy.Schema) -> list[tantivy.Query]:
        """The conditions as queries on the lexical index, where both legs look them up."""
        queries = []
        if self.year_from is not None or self.year_to is not None:
            queries.append(
                tantivy.Query.range_query(
                    schema, "year", tantivy.FieldType.Integer, self.year_from, self.year_to
                )
            )
        for name, value in (
            ("journal", self.journal),
            ("shown_publication_type", self.publication_type),
            ("shown_keyword", self.keyword),
            ("language", self.language),
        ):
            if value:
                queries.append(tantivy.Query.term_query(schema, name, value))
        if self.has_abstract:
            queries.append(tantivy.Query.term_query(schema, "has_abstract", True))
        if self.retraction:
            in_doubt = tantivy.Query.term_set_query(schema, "retraction", list(IN_DOUBT))
            if self.retraction == "exclude":
                in_doubt = tantivy.Query.boolean_query(
                    [
                        (tantivy.Occur.Must, tantivy.Query.all_query()),
                        (tantivy.Occur.MustNot, in_doubt),
                    ]
                )
            queries.append(in_doubt)
        queries += [tantivy.Query.term_query(schema, "words", term) for term in terms(self.words)]
        if self.within is not None:
            queries.append(tantivy.Query.term_set_query(schema, "number", list(self.within)))
        return queries
