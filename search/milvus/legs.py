"""The legs of a generation, asked of Milvus."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.filters import Filters
from search.legs import Added, Opened
from search.lexical import MAX_QUERY_TERMS, LexicalIndex
from search.manifest import LibraryError
from search.milvus.collections import MOST, Published, expression, word_list
from search.milvus.server import MilvusError, MilvusServer
from search.scored_records import Ranking

# Records named one by one in one search; more are asked for in several.
_NAMED = 20_000
# Candidates that HNSW looks at, at least; other indexes take no notice.
_LOOKED_AT = 200


class MilvusLegs:
    """Dense search in Milvus, and BM25 where its term lists are there; else in tantivy, which reads
    the replicated folder. See :class:`search.legs.Legs`.

    Raises:
        LibraryError: when Milvus does not hold the generation.
    """

    def __init__(self, server: MilvusServer, published: Published, opened: Opened) -> None:
        self._server = server
        self._published = published
        self._lexical: LexicalIndex = opened.lexical
        there = server.call("list_collections")
        if published.passages not in there:
            raise LibraryError(
                f"{server.address} does not hold generation {opened.path.name} of "
                f"{opened.path.parents[1]}; run: jmedsearch publish {opened.path.parents[1]} "
                f"--to {server.address}"
            )
        self.ranks_words = published.words in there
        self._collections = [published.passages, *[published.words] * self.ranks_words]
        self._loaded = False

    def nearest(
        self,
        query: NDArray[np.float32],
        limit: int,
        filters: Filters,
        handicap: float | None = None,
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """See :class:`search.legs.Legs`; at most 16 384 with and without an abstract each, which is
        all that Milvus gives."""
        kinds = (
            [("", 0.0)]
            if handicap is None
            else [("bare == false", 0.0), ("bare == true", handicap)]
        )
        found = [
            (
                less,
                *self._search(
                    self._published.passages,
                    query,
                    limit,
                    " and ".join(filter(None, [condition, kind])),
                    "vector",
                    {"metric_type": "IP", "params": {"ef": min(max(limit, _LOOKED_AT), MOST)}},
                ),
            )
            for condition in self._conditions(filters, "record")
            for kind, less in kinds
        ]
        scores = np.array([s - less for less, _, part in found for s in part], np.float32)
        numbers = np.array([n for _, part, _ in found for n in part], np.int64)
        order = np.lexsort((numbers, -scores))[:limit]
        return scores[order], numbers[order]

    def by_words(
        self, query_terms: Sequence[str], limit: int, filters: Filters, added: Added = ()
    ) -> Ranking:
        """See :class:`search.legs.Legs`.

        What is ``added`` are phrases with a weight each, which Milvus's BM25 does not know: tantivy
        scores them, and Milvus what the query's own words score in those records.
        """
        if not self.ranks_words:
            return self._lexical.search(query_terms, limit, filters, added)
        words = word_list(query_terms[:MAX_QUERY_TERMS])
        scores = self._bm25(words, limit, self._conditions(filters, "number"))
        more = self._lexical.search([], limit, filters, added) if added else []
        unseen = [number for number, _ in more if number not in scores]
        scores |= self._bm25(words, limit, _named("number", unseen))
        for number, score in more:
            scores[number] = scores.get(number, 0.0) + score
        return Ranking.best(list(scores), list(scores.values()), limit)

    def _bm25(self, words: str, limit: int, conditions: Iterator[str]) -> dict[int, float]:
        if not words:
            return {}
        scores: dict[int, float] = {}
        for condition in conditions:
            numbers, distances = self._search(
                self._published.words, words, limit, condition, "ranked", {"metric_type": "BM25"}
            )
            # milvus-lite gives distances, which are the smaller the better; Milvus gives scores.
            scores |= zip(numbers, map(abs, distances), strict=True)
        return scores

    def _conditions(self, filters: Filters, number: str) -> Iterator[str]:
        """What records have to meet, in one condition or several that exclude each other.

        What Milvus has no way to say is looked up in the replicated folder.
        """
        written = expression(filters)
        if written is not None:
            return iter([written])
        return _named(number, sorted(self._lexical.numbers(filters).tolist()))

    def _search(
        self,
        collection: str,
        data: Any,
        limit: int,
        condition: str,
        field: str,
        parameters: dict[str, Any],
    ) -> tuple[list[int], list[float]]:
        """The numbers and scores that one search gives."""
        try:
            if not self._loaded:
                for name in self._collections:
                    self._server.call("load_collection", name)
                self._loaded = True
            (hits,) = self._server.call(
                "search",
                collection,
                data=[data],
                anns_field=field,
                limit=min(limit, MOST),
                filter=condition,
                search_params=parameters,
                # A published collection never changes, so there is nothing to wait for.
                consistency_level="Eventually",
            )
        except MilvusError:
            # A server that was started again may have to be told: milvus-lite has to.
            self._loaded = False
            raise
        return list(hits.ids), list(hits.distances)


def _named(field: str, numbers: Sequence[int]) -> Iterator[str]:
    for first in range(0, len(numbers), _NAMED):
        yield f"{field} in [{','.join(map(str, numbers[first : first + _NAMED]))}]"
