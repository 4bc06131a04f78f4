"""Where relevance ends: how many leading hits of a ranked list are close to the query.

A record's evidence is what its scores say beyond chance, in the leg that says more: 1 is what the
best hit of a query that has nothing to do with the library hardly ever reaches (measured by
:mod:`indexer.learning.relevance_line`). One leg is enough: words that mean the query without
sharing a character with it are one way to be close, names that the encoder has never read are the
other.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from search.library.scored_records import Ranking

_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff66-\uff9f]")

_NEAR_RANK = 5
_NEAR_SHARE = 2 / 3


@dataclass(frozen=True)
class DenseScale:
    """What inner products with a query mean: ``floor`` is what an unrelated record scores on
    average, ``line`` what the best of all unrelated records hardly ever reaches."""

    floor: float
    line: float


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
        return self.japanese if _CJK.search(query) else self.latin


def relevant_hits(
    line: RelevanceLine,
    query: str,
    order: Ranking,
    dense: Ranking,
    lexical: Ranking,
    average: float,
    full_match: float,
) -> int:
    """How many leading hits of ``order`` are above the line; 0 where nothing is close.

    ``average`` is what a record of the library scores on average for this query: within a field
    everything is somewhat near, so a record also has to be two thirds of the way from there to the
    fifth best one (the very best may be the text that the query was taken from). A leg that was
    not asked gives no evidence.

    Hits follow each other by fused score and not by evidence, so the line is drawn where it parts
    those with evidence of 1 and more from the others best: where the sum of what each has above or
    below 1 is greatest.
    """
    if not order:
        return 0
    evidence = np.zeros(len(order))
    if dense:
        scale = line.dense_scale(query)
        values = dense.scores_of(order.numbers, missing=dense[-1][1])
        near = dense[min(_NEAR_RANK, len(dense)) - 1][1]
        threshold = max(scale.line, average + _NEAR_SHARE * (near - average))
        evidence = (values - scale.floor) / (threshold - scale.floor)
    if lexical and full_match > 0:
        values = lexical.scores_of(order.numbers, missing=0.0)
        evidence = np.maximum(evidence, values / full_match / line.lexical)
    # What one hit has too much does not make up for many that have too little.
    gained = np.cumsum(np.clip(evidence - 1.0, -1.0, 1.0))
    best = int(np.argmax(gained))
    return best + 1 if gained[best] > 0 else 0
