"""Joining the dense and the lexical ranking into one.

The weighted combination of min-max normalised scores is the one of Bruch, Gai and Ingber, An
Analysis of Fusion Functions for Hybrid Retrieval, ACM TOIS 2023; reciprocal rank fusion is
Cormack, Clarke and Buettcher, SIGIR 2009. Ties are broken by record number.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from search.library.scored_records import Ranking

# The score at this rank counts as 0 after normalisation: deep enough that the best hits spread
# over the whole range, shallow enough that one hopeless passage does not set the scale.
_FLOOR_RANK = 200
_RRF_K = 60
# Hits whose word pairs are looked at, and what all pairs of a query weigh beside both legs' 1.
PAIRED = 50
_PAIR_WEIGHT = 0.2


def weighted(dense: Ranking, lexical: Ranking, dense_weight: float, full_match: float) -> Ranking:
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
    left = _normalized(dense, dense[-1][1] if dense else 0.0)
    right = _normalized(lexical, 0.0)
    records, places = np.unique(
        np.concatenate((dense.numbers, lexical.numbers)), return_inverse=True
    )
    scores = np.zeros(len(records))
    for found, where, weight, missing in (
        (left, places[: len(left)], dense_weight, left.min(initial=np.inf)),
        (right, places[len(left) :], coverage * (1 - dense_weight), right.min(initial=0.0)),
    ):
        if weight:
            part = np.full(len(records), missing)
            part[where] = found
            scores += weight * part
    return Ranking.best(records, scores)


def with_pairs(order: Ranking, shares: Mapping[int, float]) -> Ranking:
    """A fused ranking in which pairs of neighbouring words count too.

    ``shares`` are the shares of the query's pairs (0 to 1) that records have, those of the first
    :data:`PAIRED` hits. Word order tells 急性の肝炎 from 肝炎の急性増悪, to which the words alone
    are the same and the vectors nearly so.
    """
    gained = np.zeros(len(order))
    gained[:PAIRED] = [shares.get(record, 0.0) for record, _ in order[:PAIRED]]
    scores = order.scores + _PAIR_WEIGHT * gained
    # They only rise, so they stay before all others.
    first = np.lexsort((order.numbers[:PAIRED], -scores[:PAIRED]))
    places = np.concatenate((first, np.arange(len(first), len(order))))
    return Ranking(order.numbers, scores).take(places)


def reciprocal_rank(dense: Ranking, lexical: Ranking) -> Ranking:
    """Sum of 1 / (60 + rank) over both rankings: needs no scores and no tuning."""
    scores: dict[int, float] = {}
    for ranking in (dense, lexical):
        for rank, (record, _) in enumerate(ranking, 1):
            scores[record] = scores.get(record, 0.0) + 1 / (_RRF_K + rank)
    return Ranking.best(list(scores), list(scores.values()))


def _normalized(ranking: Ranking, floor: float) -> NDArray[np.float64]:
    """The scores of a ranking, its best 1 and its floor 0."""
    if len(ranking) >= _FLOOR_RANK:
        floor = ranking[_FLOOR_RANK - 1][1]
    span = ranking[0][1] - floor if ranking else 0.0
    return (ranking.scores - floor) / span if span > 1e-9 else np.ones(len(ranking))
