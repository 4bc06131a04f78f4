"""What adding a term to a query would do to its hits, without searching again.

Among the leading hits, the dense scores are those of the mean of query and term, the lexical ones
gain the term's rarity where a hit contains it, and both are fused as in search. From the places
that the hits would take comes what a term is worth to a searcher of whom one only knows that the
wanted record is more likely an early hit than a late one.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.library.scored_records import Ranking

# Where dense scores count as 0 when they are fused (search.ranked.fusion).
_FLOOR_RANK = 200
# Below this place a hit is not looked at.
_SEEN = 10
# How fast the probability of being wanted falls with the fused score.
_SPREAD = 0.12
# At most so many terms of one group are offered for a query.
_MOST_OF_A_GROUP = 4


@dataclass(frozen=True)
class LeadingHits:
    """The leading hits of a query: their fused scores (hits,), their normalised dense scores and
    what of the raw score that is a unit of (``dense_span``), their BM25 scores, the vectors of
    their best passages (hits, dim), the share of the dense leg and the BM25 score of a full match.
    """

    scores: NDArray[np.float64]
    dense: NDArray[np.float64]
    dense_span: float
    lexical: NDArray[np.float64]
    passages: NDArray[np.float32]
    dense_weight: float
    full_match: float


def leading_hits(
    order: Ranking,
    dense: Ranking,
    lexical: Ranking,
    passages: NDArray[np.float32],
    dense_weight: float,
    full_match: float,
) -> LeadingHits:
    """The first hits, ``order``, of a fused list, from the lists of both legs."""
    floor = dense[min(_FLOOR_RANK, len(dense)) - 1][1] if dense else 0.0
    span = max(dense[0][1] - floor, 1e-9) if dense else 1.0
    return LeadingHits(
        scores=order.scores,
        dense=(dense.scores_of(order.numbers, missing=floor) - floor) / span,
        dense_span=span,
        lexical=lexical.scores_of(order.numbers, missing=0.0),
        passages=passages,
        dense_weight=dense_weight,
        full_match=full_match,
    )


@dataclass(frozen=True)
class Effects:
    """``gains`` (terms, hits): the discounted gain of each hit once a term is added, less what it
    is now; ``wanted`` (hits,): the probability that a hit is the wanted one."""

    gains: NDArray[np.float64]
    wanted: NDArray[np.float64]

    @property
    def expected(self) -> NDArray[np.float64]:
        """What a term changes on average (terms,)."""
        average: NDArray[np.float64] = self.gains @ self.wanted
        return average


def effects(
    hits: LeadingHits,
    query: NDArray[np.float32],
    query_length: int,
    vectors: NDArray[np.float32],
    lengths: NDArray[np.int64],
    contained: NDArray[np.bool_],
    rarity: NDArray[np.float64],
) -> Effects:
    """The effects of adding each of some terms.

    ``query`` (dim,) and ``vectors`` (terms, dim) are L2-normalised, ``query_length`` and
    ``lengths`` (terms,) numbers of characters, ``contained`` (terms, hits) says which hit contains
    which term, ``rarity`` (terms,) is the terms' inverse document frequency.
    """
    share = (lengths / (lengths + query_length))[:, None]
    mixed = share * vectors + (1 - share) * query
    mixed /= np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-12)
    moved = (mixed - query) @ hits.passages.T / max(hits.dense_span, 1e-9)
    dense = hits.dense + np.where(np.any(vectors, axis=1)[:, None], moved, 0.0)
    lexical = hits.lexical + contained * rarity[:, None]
    best = np.maximum(lexical.max(axis=1, keepdims=True), 1e-9)
    covered = np.minimum(1.0, best / np.maximum(hits.full_match + rarity, 1e-9)[:, None])
    fused = hits.dense_weight * dense + covered * (1 - hits.dense_weight) * lexical / best
    after = _gain(np.argsort(np.argsort(-fused, axis=1, kind="stable"), axis=1))
    before = _gain(np.arange(len(hits.scores)))
    return Effects(after - before, wanted(hits.scores))


def wanted(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probability (hits,) that each of some hits is the one wanted, from their fused scores."""
    found = np.exp((scores - scores.max()) / _SPREAD)
    probability: NDArray[np.float64] = found / found.sum()
    return probability


def _gain(places: NDArray[np.int64]) -> NDArray[np.float64]:
    """The discounted gain of places, the first being 0."""
    gain: NDArray[np.float64] = np.where(places < _SEEN, 1 / np.log2(places + 2), 0.0)
    return gain


def choose(
    effects: Effects,
    quality: NDArray[np.float64],
    limit: int,
    care: float,
    conflicts: NDArray[np.bool_],
    groups: Sequence[str],
) -> list[int]:
    """At most ``limit`` terms of which the best one helps a searcher most, whichever hit is wanted.

    Greedy, as for any gain that diminishes with what has been chosen already (Nemhauser, Wolsey
    and Fisher, 1978). ``quality`` (terms,) is what speaks for a term beside its effect; ``care``
    weighs what a term does on average against what it does for those whom it suits. Of two terms
    in conflict (terms, terms) one is taken, and a few of each group.
    """
    chosen: list[int] = []
    best = np.zeros(len(effects.wanted))
    base = quality + care * effects.expected
    left = np.ones(len(quality), bool)
    taken: Counter[str] = Counter()
    while len(chosen) < limit and left.any():
        extra = np.maximum(effects.gains - best, 0.0) @ effects.wanted
        i = int(np.argmax(np.where(left, base + extra, -np.inf)))
        chosen.append(i)
        left &= ~conflicts[i]
        best = np.maximum(best, effects.gains[i])
        taken[groups[i]] += 1
        if taken[groups[i]] == _MOST_OF_A_GROUP:
            left &= np.array([group != groups[i] for group in groups])
    return chosen
