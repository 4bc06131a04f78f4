"""The legs of a generation, asked of Milvus."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.filters import Filters
from search.library.legs import Added, Opened, Trouble
from search.library.lexical_index import MAX_QUERY_TERMS, LexicalIndex
from search.library.milvus.milvus_server import TIMEOUT, MilvusError, MilvusServer
from search.library.milvus.stored_generation import MOST, Published, expression, word_list
from search.library.scored_records import Ranking

# Records named one by one in one search; more are asked for in several.
_NAMED = 20_000
# Candidates that HNSW looks at, at least; other indexes take no notice.
_LOOKED_AT = 200
# Seconds that a call of a check may take.
_CHECKED = 1.0


class MilvusLegs:
    """Dense search in Milvus, and BM25 where its term lists are there; else in tantivy, which reads
    the replicated folder. See :class:`search.library.legs.Legs`.

    It is a circuit breaker. The first question that is not answered, or not in time, opens it:
    nobody asks any more, and ``failed`` is called, whereupon :meth:`check` is to be called, now and
    again. A check that is answered closes it. The packages for this (pybreaker, circuitbreaker,
    purgatory) have requests try again when a pause is over: with a server that hangs, each of them
    holds its thread for as long as it may wait. pybreaker also holds its lock during calls.
    """

    def __init__(
        self,
        server: MilvusServer,
        published: Published,
        opened: Opened,
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        self._server = server
        self._failed = failed
        self._dim = opened.manifest.dim
        self._lexical: LexicalIndex = opened.lexical
        self.published = published
        self.trouble: Trouble | None = "unreachable"
        self.ranks_words = False

    def check(self) -> None:
        """See whether both collections are there and searched, and have them loaded where they are
        not. May take seconds.

        Raises:
            MilvusError: when they are not, with the reason.
        """
        try:
            self.ranks_words = self.published.words in self._held()
            self._try()
        except MilvusError as error:
            self.trouble = error.trouble
            raise
        self.trouble = None

    def _held(self) -> list[str]:
        there: list[str] = self._server.call("list_collections", timeout=_CHECKED)
        if self.published.passages in there:
            return there
        raise MilvusError(
            f"{self._server.address} does not hold generation {self.published.generation}, which "
            "is served here",
            "missing",
        )

    def _try(self) -> None:
        names = [self.published.passages, *[self.published.words] * self.ranks_words]
        vector = np.zeros(self._dim, np.float32)
        vector[0] = 1.0
        questions: list[tuple[Any, str, dict[str, Any]]] = [
            (vector, "vector", {"metric_type": "IP", "params": {"ef": 1}}),
            (word_list(["x"]), "ranked", {"metric_type": "BM25"}),
        ]
        for name, (data, field, parameters) in zip(names, questions, strict=False):
            try:
                self._server.call(
                    "search", name, **_search(data, 1, "", field, parameters, timeout=_CHECKED)
                )
            except MilvusError as error:
                if error.trouble in ("refused", "loading") and error.fault is None:
                    # It was released, or a server that was started again has to be told:
                    # milvus-lite has to.
                    self._server.call("load_collection", name, timeout=_CHECKED, _async=True)
                    raise MilvusError(str(error), "loading") from error
                raise

    def nearest(
        self,
        query: NDArray[np.float32],
        limit: int,
        filters: Filters,
        handicap: float | None = None,
        until: float = math.inf,
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """See :class:`search.library.legs.Legs`; at most 16 384 with and without an abstract each,
        which is all that Milvus gives."""
        until = min(until, time.monotonic() + TIMEOUT)
        kinds = (
            [("", 0.0)]
            if handicap is None
            else [("bare == false", 0.0), ("bare == true", handicap)]
        )
        found = [
            (
                less,
                *self._search(
                    until,
                    self.published.passages,
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
        self,
        query_terms: Sequence[str],
        limit: int,
        filters: Filters,
        added: Added = (),
        until: float = math.inf,
    ) -> Ranking:
        """See :class:`search.library.legs.Legs`; where Milvus does not answer, tantivy does.

        What is ``added`` are phrases with a weight each, which Milvus's BM25 does not know: tantivy
        scores them, and Milvus what the query's own words score in those records. The better of two
        names it does not know either: where there are such, tantivy does all.
        """
        added = list(added)
        if self.ranks_words and self.trouble is None and not any(a.instead_of for a in added):
            until = min(until, time.monotonic() + TIMEOUT)
            try:
                return self._by_words_there(query_terms, limit, filters, added, until)
            except MilvusError:
                pass
        return self._lexical.search(query_terms, limit, filters, added)

    def _by_words_there(
        self,
        query_terms: Sequence[str],
        limit: int,
        filters: Filters,
        added: Added,
        until: float,
    ) -> Ranking:
        words = word_list(query_terms[:MAX_QUERY_TERMS])
        scores = self._bm25(words, limit, self._conditions(filters, "number"), until)
        more = self._lexical.search([], limit, filters, added) if added else []
        unseen = [number for number, _ in more if number not in scores]
        scores |= self._bm25(words, limit, _named("number", unseen), until)
        for number, score in more:
            scores[number] = scores.get(number, 0.0) + score
        return Ranking.best(list(scores), list(scores.values()), limit)

    def _bm25(
        self, words: str, limit: int, conditions: Iterator[str], until: float
    ) -> dict[int, float]:
        if not words:
            return {}
        scores: dict[int, float] = {}
        for condition in conditions:
            numbers, distances = self._search(
                until,
                self.published.words,
                words,
                limit,
                condition,
                "ranked",
                {"metric_type": "BM25"},
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
        until: float,
        collection: str,
        data: Any,
        limit: int,
        condition: str,
        field: str,
        parameters: dict[str, Any],
    ) -> tuple[list[int], list[float]]:
        """The numbers and scores that one search gives."""
        if self.trouble is not None:
            raise MilvusError(f"{self._server.address}: Milvus does not answer", self.trouble)
        asked = _search(data, min(limit, MOST), condition, field, parameters)
        try:
            (hits,) = self._server.ask(until, "search", collection, **asked)
        except MilvusError as error:
            if error.trouble != "busy":
                self.trouble = error.trouble
                self._failed()
            raise
        return list(hits.ids), list(hits.distances)


def _search(
    data: Any, limit: int, condition: str, field: str, parameters: dict[str, Any], **more: Any
) -> dict[str, Any]:
    return {
        "data": [data],
        "anns_field": field,
        "limit": limit,
        "filter": condition,
        "search_params": parameters,
        # A published collection never changes, so there is nothing to wait for.
        "consistency_level": "Eventually",
        **more,
    }


def _named(field: str, numbers: Sequence[int]) -> Iterator[str]:
    for first in range(0, len(numbers), _NAMED):
        yield f"{field} in [{','.join(map(str, numbers[first : first + _NAMED]))}]"
