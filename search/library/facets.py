"""Facets: how a result divides by year, journal, publication type, keyword, language.

Counted by tantivy's aggregations over fast fields: over the complete set of an exact search, or
over the records of a ranked list, which is cut off and says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import tantivy

from search.library.lexical_index import LexicalIndex

# A library has fewer years of publication, and fewer languages, than this.
_ALL = 3000
# With as many candidates of each segment the counts of the most frequent values are exact.
_CANDIDATES = 200_000


@dataclass(frozen=True)
class Facets:
    """How ``counted`` records divide: (value, number of records).

    Years are in order, all others by number of records, ties by value. A record counts once for
    each of its values; lists but for years hold at most the number of values asked for.
    """

    counted: int
    years: tuple[tuple[int, int], ...]
    journals: tuple[tuple[str, int], ...]
    publication_types: tuple[tuple[str, int], ...]
    keywords: tuple[tuple[str, int], ...]
    languages: tuple[tuple[str, int], ...]


def facets_of_records(index: LexicalIndex, numbers: Sequence[int], values: int = 10) -> Facets:
    """The facets of some records of the index, at most ``values`` values each."""
    return _facets(index, index.numbers_query(numbers), len(numbers), values)


def facets(index: LexicalIndex, query: tantivy.Query, count: int, values: int = 10) -> Facets:
    """The facets of the complete set that ``query`` finds, ``count`` records, at most ``values``
    values each."""
    return _facets(index, query, count, values)


def _facets(index: LexicalIndex, query: tantivy.Query, counted: int, values: int) -> Facets:
    sizes = {
        "year": _ALL,
        "journal": values,
        "shown_publication_type": values,
        "shown_keyword": values,
        "language": values,
    }
    buckets = index.aggregate(query, {n: _terms(n, size) for n, size in sizes.items()})

    def listed(name: str) -> tuple[tuple[str, int], ...]:
        found = ((str(b["key"]), int(b["doc_count"])) for b in buckets[name]["buckets"])
        return tuple(sorted((item for item in found if item[0]), key=lambda i: (-i[1], i[0])))

    return Facets(
        counted=counted,
        years=tuple(
            sorted((int(b["key"]), int(b["doc_count"])) for b in buckets["year"]["buckets"])
        ),
        journals=listed("journal"),
        publication_types=listed("shown_publication_type"),
        keywords=listed("shown_keyword"),
        languages=listed("language"),
    )


def _terms(field: str, size: int) -> dict[str, Any]:
    return {"terms": {"field": field, "size": size, "segment_size": _CANDIDATES}}
