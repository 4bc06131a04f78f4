"""Where relevance ends: how many leading hits of a ranked list are close to the query.

A record's evidence is what its scores say beyond chance, in the leg that says more: 1 is what the
best hit of a query that has nothing to do with the library hardly ever reaches (measured by
:mod:`indexer.learning.relevance_line`). One leg is enough: words that mean the query without
sharing a character with it are one way to be close, names that the encoder has never read are the
other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.library.scored_records import Ranking
from search.text.latin import is_latin

_NEAR_RANK = 5
_NEAR_SHARE = 2 / 3
# Shares of a query's words, by rarity: all but for rounding, most of them, and many.
_ALL = 0.999
_MOST_WORDS = 0.6
_MANY_WORDS = 0.45
# What nearness and the share of words together have to reach.
_TOGETHER = 0.9
# Hits of which it is looked up which words of the query they have.
LOOKED_AT = 50


@dataclass(frozen=True)
class Closeness:
    """What a ranked list says of itself: how many hits at its head are ``close`` to the query, and
    how many are weak matches at least (``weak``, no fewer). Both 0: nothing comes near."""

    close: int
    weak: int

    @property
    def above(self) -> int:
        """How many hits at the head are worth a look: the close ones, or else the weak ones."""
        return self.close or self.weak


@dataclass(frozen=True)
class DenseScale:
    """What inner products with a query mean.

    ``floor`` is what an unrelated record scores on average, ``line`` what the best of all unrelated
    records hardly ever reaches, ``spread`` by how much the best one is hardly ever above average
    (None where queries of any field are), and ``topic`` what the best record hardly ever reaches on
    a topic of the field that it does not have.
    """

    floor: float
    line: float
    topic: float
    spread: float | None = None


@dataclass(frozen=True)
class RelevanceLine:
    """What scores mean in one library.

    Queries in Latin letters alone have a scale of their own: they lie nearer to passages in Latin
    letters, whatever they say. ``lexical`` is the line for BM25, as a share of a full match
    (:meth:`LexicalIndex.full_match`); its floor is 0.
    """

    japanese: DenseScale
    latin: DenseScale
    lexical: float

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "RelevanceLine":
        """The line as a manifest keeps it."""
        return cls(DenseScale(**data["japanese"]), DenseScale(**data["latin"]), data["lexical"])

    def dense_scale(self, query: str) -> DenseScale:
        """The scale for this query."""
        return self.latin if is_latin(query) else self.japanese


def closeness(
    line: RelevanceLine,
    query: str,
    order: Ranking,
    dense: Ranking,
    lexical: Ranking,
    average: float,
    full_match: float,
    shares: Mapping[int, float],
) -> Closeness:
    """How many leading hits of ``order`` are close to the query, and how many are weak matches.

    ``average`` is what a record of the library scores on average for this query: within a field
    everything is somewhat near, so a record also has to be two thirds of the way from there to the
    fifth best one (the very best may be the text that the query was taken from). ``shares`` are the
    shares of the query's words, by rarity, that hits have (those of the first :data:`LOOKED_AT`). A
    leg that was not asked gives no evidence.

    A record that has all words of the query is close, whatever its length. Otherwise a hit needs
    more than a word that many topics share: nearness beyond what other topics of the field reach,
    or nearness beyond chance together with most of the words. Nearness beyond chance alone is a
    weak match, and so is nearly half of the words.
    """
    if not order:
        return Closeness(0, 0)
    shared = np.array([shares.get(number, 0.0) for number in order.numbers[:LOOKED_AT].tolist()])
    share = np.zeros(len(order))
    share[: len(shared)] = shared
    close = np.where(share >= _ALL, 1.0 + share, 0.0)
    weak = np.maximum(close, share / _MANY_WORDS)
    if dense:
        scale = line.dense_scale(query)
        values = dense.scores_of(order.numbers, missing=dense[-1][1])
        near = dense[min(_NEAR_RANK, len(dense)) - 1][1]
        among = average + _NEAR_SHARE * (near - average)
        beyond_chance, beyond_topics = (
            (values - scale.floor) / (max(at, among) - scale.floor)
            for at in (scale.line, max(scale.line, scale.topic))
        )
        close = np.maximum(close, beyond_topics)
        close = np.maximum(close, np.minimum(beyond_chance, share / _MOST_WORDS))
        weak = np.maximum(weak, beyond_chance)
        if scale.spread is not None:
            apart = (values - average) / max(scale.spread, among - average)
            weak = np.maximum(weak, apart)
            weak = np.maximum(weak, ((beyond_chance + apart) / 2 + share) / _TOGETHER)
    if lexical and full_match > 0:
        values = lexical.scores_of(order.numbers, missing=0.0) / full_match
        if not dense:
            weak = np.maximum(weak, values / line.lexical)
            close = np.maximum(close, np.minimum(values / line.lexical, share / _MOST_WORDS))
    found = _parted(close)
    return Closeness(found, max(found, _parted(weak)))


def _parted(evidence: NDArray[np.float64]) -> int:
    """Where the line falls in a list of this evidence.

    Hits follow each other by fused score and not by evidence, so the line is drawn where it parts
    those with evidence of 1 and more from the others best: where the sum of what each has above or
    below 1 is greatest.
    """
    # What one hit has too much does not make up for many that have too little.
    gained = np.cumsum(np.clip(evidence - 1.0, -1.0, 1.0))
    best = int(np.argmax(gained))
    return best + 1 if gained[best] > 0 else 0
