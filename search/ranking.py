"""How a query's ranked list comes about: two legs, what is added to the lexical one, fusion."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from search.expansion import Expansion
from search.filters import Filters
from search.fusion import PAIRED, reciprocal_rank, weighted, with_pairs
from search.generation import Generation
from search.relevance import RelevanceLine, relevant_hits

# A ranked list ends here: nobody reads further, and every page is cut from the same candidates.
DEPTH = 1000

Leg = Literal["fused", "dense", "lexical"]

# The lexical legs of queries; more threads than cores gain nothing.
_beside = ThreadPoolExecutor(os.cpu_count(), "lexical-leg")


@dataclass(frozen=True)
class Ranked:
    """The whole list: fused order, each leg's (record, score) and each record's best passage.

    ``unaided`` is the lexical leg by the query's own words alone, ``added`` what was looked for
    beside them.
    """

    order: list[tuple[int, float]] = field(default_factory=list)
    dense: list[tuple[int, float]] = field(default_factory=list)
    lexical: list[tuple[int, float]] = field(default_factory=list)
    unaided: list[tuple[int, float]] = field(default_factory=list)
    passages: dict[int, int] = field(default_factory=dict)
    terms: list[str] = field(default_factory=list)
    added: tuple[Expansion, ...] = ()
    dense_weight: float | None = None
    average: float = 0.0
    full_match: float = 0.0

    def relevant(self, line: RelevanceLine | None, query: str) -> int | None:
        """How many leading hits are above the line, if there is one."""
        if line is None:
            return None
        return relevant_hits(
            line, query, self.order, self.dense, self.unaided, self.average, self.full_match
        )

    def with_first(self, numbers: Sequence[int]) -> "Ranked":
        """The same list with some records before all others; what retrieval has not found scores
        0."""
        scores = dict(self.order)
        moved = set(numbers)
        rest = [item for item in self.order if item[0] not in moved]
        order = [(number, scores.get(number, 0.0)) for number in numbers] + rest
        return replace(self, order=order[:DEPTH])

    def without(self, number: int) -> "Ranked":
        """The same list with one record taken out."""
        return replace(self, order=[item for item in self.order if item[0] != number])


def rank(
    generation: Generation,
    vector: NDArray[np.float32],
    query_terms: list[str],
    filters: Filters,
    leg: Leg = "fused",
) -> Ranked:
    """Retrieve with both legs, or one, and fuse as the library's manifest says.

    The list of a single leg is by that leg alone: the vector, or the query's own words.
    """
    # Side by side: who answers leaves Python's lock meanwhile, be it FAISS, tantivy or Milvus.
    words = (
        _beside.submit(_look_for, generation, vector, query_terms, filters, leg == "fused")
        if leg != "dense"
        else None
    )
    nearest = generation.best_passages(vector, DEPTH, filters) if leg != "lexical" else []
    dense = [(record, score) for record, score, _ in nearest]
    found = words.result() if words else _Found()
    weight: float | None = generation.manifest.dense_weight
    if generation.manifest.fusion == "weighted" or leg != "fused":
        order = weighted(dense, found.lexical, generation.manifest.dense_weight, found.full_match)
    else:
        weight = None
        order = reciprocal_rank(dense, found.lexical)
    if leg == "fused" and weight is not None:
        first = [record for record, _ in order[:PAIRED]]
        order = with_pairs(order, generation.lexical.pair_shares(query_terms, first))
    return Ranked(
        order=order[:DEPTH],
        dense=dense,
        lexical=found.lexical,
        unaided=found.unaided,
        passages={record: passage for record, _, passage in nearest},
        terms=query_terms,
        added=found.added,
        dense_weight=weight,
        average=generation.average_score(vector),
        full_match=found.full_match,
    )


@dataclass(frozen=True)
class _Found:
    """What the lexical leg found, and by the query's own words alone; see :class:`Ranked`."""

    lexical: list[tuple[int, float]] = field(default_factory=list)
    unaided: list[tuple[int, float]] = field(default_factory=list)
    added: tuple[Expansion, ...] = ()
    full_match: float = 0.0


def _look_for(
    generation: Generation,
    vector: NDArray[np.float32],
    query_terms: list[str],
    filters: Filters,
    expanded: bool,
) -> _Found:
    """The lexical leg: the query's words, and where they fall short what is near in meaning."""
    unaided = generation.best_by_words(query_terms, DEPTH, filters)
    full_match = generation.lexical.full_match(query_terms)
    if not expanded:
        return _Found(unaided, unaided, (), full_match)
    covered = min(1.0, unaided[0][1] / full_match) if unaided else 0.0
    added = generation.near_terms.expansions(vector, query_terms, covered)
    if not added:
        return _Found(unaided, unaided, (), full_match)
    more = [(expansion.words, expansion.weight) for expansion in added]
    found = generation.best_by_words(query_terms, DEPTH, filters, more)
    return _Found(found, unaided, added, full_match)
