"""Filters: what a searcher leaves in, applied inside both retrievers, never after them."""

import json
from dataclasses import dataclass
from typing import Any, Literal

import tantivy

from search.records import Retraction

RetractionFilter = Literal["", "exclude", "only"]

# A correction mends a record; these two put it in doubt.
IN_DOUBT: tuple[Retraction, ...] = ("retracted", "expression of concern")


@dataclass(frozen=True)
class Filters:
    """Conditions that a record must meet; the default meets every record.

    Years are inclusive. ``journal`` is the journal's exact name, ``publication_type`` and
    ``keyword`` are one of the record's as it writes them; ``language`` is an ISO 639-1 code that
    any version of the record may have. ``retraction`` leaves out the records that are retracted or
    under an expression of concern ("exclude"), or all others ("only"). ``within`` are the numbers
    of the only records that can be found, None where all can.
    """

    year_from: int | None = None
    year_to: int | None = None
    journal: str = ""
    publication_type: str = ""
    keyword: str = ""
    language: str = ""
    has_abstract: bool = False
    retraction: RetractionFilter = ""
    within: tuple[int, ...] | None = None

    def __bool__(self) -> bool:
        return self != Filters()

    def sql(self) -> tuple[str, dict[str, Any]]:
        """A condition on ``records.db``'s table ``records`` and its parameters."""
        conditions = ["1"]
        if self.year_from is not None:
            conditions.append("year >= :year_from")
        if self.year_to is not None:
            conditions.append("year <= :year_to")
        if self.journal:
            conditions.append("journal = :journal")
        for column, value in (
            ("publication_types", self.publication_type),
            ("keywords", self.keyword),
        ):
            if value:
                conditions.append(
                    f"exists (select 1 from json_each({column}) where value = :{column})"  # noqa: S608
                )
        if self.language:
            conditions.append(
                "number in (select record from record_languages where language = :language)"
            )
        if self.has_abstract:
            conditions.append("has_abstract")
        if self.retraction:
            states = ", ".join(f"'{state}'" for state in IN_DOUBT)
            conditions.append(
                f"retraction {'in' if self.retraction == 'only' else 'not in'} ({states})"
            )
        if self.within is not None:
            conditions.append("number in (select value from json_each(:within))")
        return " and ".join(conditions), {
            "year_from": self.year_from,
            "year_to": self.year_to,
            "journal": self.journal,
            "publication_types": self.publication_type,
            "keywords": self.keyword,
            "language": self.language,
            "within": json.dumps(self.within),
        }

    def tantivy_queries(self, schema: tantivy.Schema) -> list[tantivy.Query]:
        """The same conditions as queries on the lexical index."""
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
        if self.within is not None:
            queries.append(tantivy.Query.term_set_query(schema, "number", list(self.within)))
        return queries
