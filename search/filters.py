"""Filters: what a searcher leaves in, applied inside both retrievers, never after them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import tantivy

from search.records import Retraction
from search.text.terms import alternatives

RetractionFilter = Literal["", "exclude", "only"]

# A correction mends a record; these two put it in doubt.
IN_DOUBT: tuple[Retraction, ...] = ("retracted", "expression of concern")

# So many values are looked up one by one, which is four to ten times as fast for up to a thousand
# as tantivy's set of terms: that goes through the field's whole dictionary.
_ONE_BY_ONE = 5000


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
            in_doubt = values_query(schema, "retraction", IN_DOUBT)
            if self.retraction == "exclude":
                in_doubt = tantivy.Query.boolean_query(
                    [
                        (tantivy.Occur.Must, tantivy.Query.all_query()),
                        (tantivy.Occur.MustNot, in_doubt),
                    ]
                )
            queries.append(in_doubt)
        queries += [
            tantivy.Query.boolean_query(
                [
                    (tantivy.Occur.Should, tantivy.Query.term_query(schema, "words", term))
                    for term in group.terms
                ]
            )
            for group in alternatives(self.words)
        ]
        if self.within is not None:
            queries.append(values_query(schema, "number", self.within))
        return queries


def values_query(
    schema: tantivy.Schema, field: str, values: Sequence[int] | Sequence[str]
) -> tantivy.Query:
    """The records that have one of some whole values in a field."""
    if not 0 < len(values) <= _ONE_BY_ONE:
        return tantivy.Query.term_set_query(schema, field, list(values))
    found = [tantivy.Query.term_query(schema, field, value, "basic") for value in values]
    if len(found) == 1:
        return found[0]
    return tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in found])
