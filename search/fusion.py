"""Joining the dense and the lexical ranking into one.

The weighted combination of min-max normalised scores is the one of Bruch, Gai and Ingber, An
Analysis of Fusion Functions for Hybrid Retrieval, ACM TOIS 2023; reciprocal rank fusion is
Cormack, Clarke and Buettcher, SIGIR 2009. A ranking is a list of (record number, score), best
first; the result is one too, ties broken by record number.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Ranking = Sequence[tuple[int, float]]

# The score at this rank counts as 0 after normalisation: deep enough that the best hits spread
# over the whole range, shallow enough that one hopeless passage does not set the scale.
_FLOOR_RANK = 200
_RRF_K = 60
# Hits whose word pairs are looked at, and what all pairs of a query weigh beside both legs' 1.
PAIRED = 50
_PAIR_WEIGHT = 0.2


def weighted(
    dense: Ranking, lexical: Ranking, dense_weight: float, full_match: float
) -> list[tuple[int, float]]:
    """Weighted sum of normalised scores; ``dense_weight`` 1 is dense alone, 0 lexical alone.

    ``full_match`` is the BM25 score of a record that has all words of the query: the lexical
    scores are scaled by what the best hit reaches of it, so that a query whose words hardly occur
    is answered by its meaning. A record that one ranking lacks counts there as its last one does.
    Where a ranking is empty, the other decides alone.
    """
    if not lexical:
        dense_weight = 1.0
    elif not dense:
        dense_weight = 0.0
    coverage = min(1.0, lexical[0][1] / full_match) if lexical and full_match > 0 else 1.0
    # No shared word at all is a BM25 score of 0, so 0 is the floor unless the list is deeper.
    left, left_scores = _normalized(dense, dense[-1][1] if dense else 0.0)
    right, right_scores = _normalized(lexical, 0.0)
    records = np.union1d(left, right)
    scores = np.zeros(len(records))
    for found, values, weight, missing in (
        (left, left_scores, dense_weight, left_scores.min(initial=np.inf)),
        (right, right_scores, coverage * (1 - dense_weight), right_scores.min(initial=0.0)),
    ):
        if weight:
            part = np.full(len(records), missing)
            part[np.searchsorted(records, found)] = values
            scores += weight * part
    order = np.lexsort((records, -scores))
    return list(zip(records[order].tolist(), scores[order].tolist(), strict=True))


def with_pairs(order: Ranking, shares: Mapping[int, float]) -> list[tuple[int, float]]:
    """A fused ranking in which pairs of neighbouring words count too.

    ``shares`` are the shares of the query's pairs (0 to 1) that records have, those of the first
    :data:`PAIRED` hits. Word order tells 急性の肝炎 from 肝炎の急性増悪, to which the words alone
    are the same and the vectors nearly so.
    """
    rescored = [
        (record, score + _PAIR_WEIGHT * shares.get(record, 0.0)) for record, score in order[:PAIRED]
    ]
    # They only rise, so they stay before all others.
    return [*sorted(rescored, key=lambda item: (-item[1], item[0])), *order[PAIRED:]]


def reciprocal_rank(dense: Ranking, lexical: Ranking) -> list[tuple[int, float]]:
    """Sum of 1 / (60 + rank) over both rankings: needs no scores and no tuning."""
    scores: dict[int, float] = {}
    for ranking in (dense, lexical):
        for rank, (record, _) in enumerate(ranking, 1):
            scores[record] = scores.get(record, 0.0) + 1 / (_RRF_K + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def _normalized(ranking: Ranking, floor: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Record numbers and scores of a ranking, its best score 1 and its floor 0."""
    records = np.array([record for record, _ in ranking], np.int64)
    scores = np.array([score for _, score in ranking], np.float64)
    if len(ranking) >= _FLOOR_RANK:
        floor = ranking[_FLOOR_RANK - 1][1]
    span = ranking[0][1] - floor if ranking else 0.0
    return records, (scores - floor) / span if span > 1e-9 else np.ones(len(ranking))
