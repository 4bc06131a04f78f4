"""How a query's ranked list comes about: two legs, what is added to the lexical one, fusion."""

import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from search.filters import Filters
from search.library.expansion import Expansion
from search.library.generation import Generation, NearestRecords
from search.library.legs import Trouble, UnreachableError
from search.library.relevance import LOOKED_AT, Closeness, closeness
from search.library.scored_records import Ranking
from search.ranked.fusion import PAIRED, reciprocal_rank, weighted, with_pairs

# A ranked list ends here: nobody reads further, and every page is cut from the same candidates.
DEPTH = 1000

Leg = Literal["fused", "dense", "lexical"]

# A query's vector (dim,) float32, or what gives it: words are looked for meanwhile.
Vector = NDArray[np.float32] | Callable[[], NDArray[np.float32]]

# Seconds that the vectors of a list are waited for, all that is asked for it together. Beyond, the
# list is by words alone.
PATIENCE = 1.5

_cores = os.cpu_count() or 1
# The lexical legs of queries over a library of more than so many records, beside the encoder and
# the other leg. In fewer, looking for words takes no longer than handing it over; and where so many
# queries are under way that all cores are busy, it costs less in the query's own thread.
_LARGE = 100_000
_beside = ThreadPoolExecutor(_cores, "lexical-leg")
_idle = threading.BoundedSemaphore(max(1, _cores // 2))


@dataclass(frozen=True)
class Ranked:
    """The whole list: fused order, and what each leg found.

    ``nearest`` also has each record's best passage. ``unaided`` is the lexical leg by the query's
    own words alone, ``added`` what was looked for beside them. ``degraded`` says why the list is by
    words alone, where it should not be: whoever knows the vectors does not answer.
    """

    order: Ranking = field(default_factory=Ranking)
    nearest: NearestRecords = field(default_factory=NearestRecords)
    lexical: Ranking = field(default_factory=Ranking)
    unaided: Ranking = field(default_factory=Ranking)
    terms: list[str] = field(default_factory=list)
    added: tuple[Expansion, ...] = ()
    dense_weight: float | None = None
    average: float = 0.0
    full_match: float = 0.0
    degraded: Trouble | None = None

    @property
    def dense(self) -> Ranking:
        """The dense leg."""
        return self.nearest.ranking

    def closeness(self, generation: Generation, query: str) -> Closeness | None:
        """How many leading hits are close to the query, where the library has a line."""
        line = generation.manifest.relevance
        if line is None:
            return None
        first = self.order.numbers[:LOOKED_AT].tolist()
        return closeness(
            line,
            query,
            self.order,
            self.dense,
            self.unaided,
            self.average,
            self.full_match,
            generation.lexical.word_shares(self.terms, first, self.added),
        )

    def with_first(self, numbers: Sequence[int]) -> "Ranked":
        """The same list with some records before all others; what retrieval has not found scores
        0."""
        first = np.asarray(numbers, np.int64)
        rest = self.order.take(~np.isin(self.order.numbers, first))
        order = Ranking(
            np.concatenate((first, rest.numbers)),
            np.concatenate((self.order.scores_of(first, missing=0.0), rest.scores)),
        )
        return replace(self, order=order[:DEPTH])

    def without(self, number: int) -> "Ranked":
        """The same list with one record taken out."""
        return replace(self, order=self.order.take(self.order.numbers != number))


def rank(
    generation: Generation,
    vector: Vector,
    query_terms: list[str],
    filters: Filters,
    leg: Leg = "fused",
    *,
    latin: bool = False,
    names: Sequence[Expansion] = (),
) -> Ranked:
    """Retrieve with both legs, or one, and fuse as the library's manifest says; ``latin`` is a
    query in Latin letters alone, ``names`` are other names of what it names, which BM25 takes for
    the same.

    The list of a single leg is by that leg alone: the vector, or the query's own words. Where the
    vectors cannot be had in time, a fused list is by words alone, and says so.

    Raises:
        UnreachableError: when they cannot, and the list is of that leg.
    """
    degraded = None
    given: Future[NDArray[np.float32]] = Future()
    look = partial(_look_for, generation, given, query_terms, tuple(names), filters, leg == "fused")
    # Who looks for words leaves Python's lock meanwhile, be it tantivy or Milvus.
    large = len(generation.lexical) > _LARGE
    beside = large and leg != "dense" and _idle.acquire(blocking=False)
    try:
        words = _beside.submit(look, time.monotonic() + PATIENCE) if beside else None
        try:
            given.set_result(vector() if callable(vector) else vector)
        except BaseException as error:
            given.set_exception(error)
            raise
        # Not before: a busy encoder is no slow engine.
        until = time.monotonic() + PATIENCE
        nearest = NearestRecords()
        if leg != "lexical":
            try:
                nearest = generation.nearest_records(given.result(), DEPTH, filters, until)
            except UnreachableError as error:
                if leg == "dense":
                    raise
                degraded = error.trouble
        found = _Found() if leg == "dense" else words.result() if words else look(until)
    finally:
        if beside:
            _idle.release()
    manifest = generation.manifest
    learnt = manifest.latin_weight if latin else manifest.dense_weight
    weight: float | None = learnt if degraded is None else 0.0
    if manifest.fusion == "weighted" or leg != "fused" or degraded is not None:
        order = weighted(nearest.ranking, found.lexical, learnt, found.full_match)
    else:
        weight = None
        order = reciprocal_rank(nearest.ranking, found.lexical)
    if leg == "fused" and weight is not None:
        first = order.numbers[:PAIRED].tolist()
        order = with_pairs(order, generation.lexical.pair_shares(query_terms, first))
    return Ranked(
        order=order[:DEPTH],
        nearest=nearest,
        lexical=found.lexical,
        unaided=found.unaided,
        terms=query_terms,
        added=found.added,
        dense_weight=weight,
        average=generation.average_score(given.result()),
        full_match=found.full_match,
        degraded=degraded,
    )


@dataclass(frozen=True)
class _Found:
    """What the lexical leg found, and by the query's own words alone; see :class:`Ranked`."""

    lexical: Ranking = field(default_factory=Ranking)
    unaided: Ranking = field(default_factory=Ranking)
    added: tuple[Expansion, ...] = ()
    full_match: float = 0.0


def _look_for(
    generation: Generation,
    vector: "Future[NDArray[np.float32]]",
    query_terms: list[str],
    names: tuple[Expansion, ...],
    filters: Filters,
    expanded: bool,
    until: float,
) -> _Found:
    """The lexical leg: the query's words and other names of the same, and where these fall short
    what is near in meaning."""
    unaided = generation.best_by_words(query_terms, DEPTH, filters, names, until)
    full_match = generation.lexical.full_match(query_terms, names)
    if not expanded:
        return _Found(unaided, unaided, names, full_match)
    covered = min(1.0, unaided[0][1] / full_match) if unaided else 0.0
    unknown = {word for word in query_terms if not generation.lexical.document_frequency(word)}
    named = {word for name in names for word in name.instead_of}
    if unknown and unknown <= named:
        # Known by another name: what is only near says nothing in its place.
        return _Found(unaided, unaided, names, full_match)
    near = generation.near_terms.expansions(vector.result(), query_terms, covered, unknown - named)
    if not near:
        return _Found(unaided, unaided, names, full_match)
    found = generation.best_by_words(query_terms, DEPTH, filters, (*names, *near), until)
    return _Found(_own_words_first(found, unaided), unaided, (*names, *near), full_match)


def _own_words_first(found: Ranking, unaided: Ranking) -> Ranking:
    """A ranking by a query's words and added ones, in which no record that has none of the query's
    own is before the best that has."""
    own = np.isin(found.numbers, unaided.numbers)
    if not own.any():
        return found
    scores = np.where(own, found.scores, np.minimum(found.scores, found.scores[own].max()))
    order = np.lexsort((found.numbers, ~own, -scores))
    return Ranking(found.numbers, scores).take(order)
