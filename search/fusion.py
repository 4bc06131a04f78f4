"""Joining the dense and the lexical ranking into one.

The weighted combination of min-max normalised scores is the one of Bruch, Gai and Ingber, An
Analysis of Fusion Functions for Hybrid Retrieval, ACM TOIS 2023; reciprocal rank fusion is
Cormack, Clarke and Buettcher, SIGIR 2009. A ranking is a list of (record number, score), best
first; the result is one too, ties broken by record number.
"""

from collections.abc import Sequence

Ranking = Sequence[tuple[int, float]]

# The score at this rank counts as 0 after normalisation: deep enough that the best hits spread
# over the whole range, shallow enough that one hopeless passage does not set the scale.
_FLOOR_RANK = 200
_RRF_K = 60


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
    left = _normalized(dense, dense[-1][1] if dense else 0.0)
    right = {record: coverage * score for record, score in _normalized(lexical, 0.0).items()}
    left_missing, right_missing = min(left.values(), default=0.0), min(0.0, *right.values(), 0.0)
    return _ranked(
        {
            record: dense_weight * left.get(record, left_missing)
            + (1 - dense_weight) * right.get(record, right_missing)
            for record in left.keys() | right.keys()
        }
    )


def reciprocal_rank(dense: Ranking, lexical: Ranking) -> list[tuple[int, float]]:
    """Sum of 1 / (60 + rank) over both rankings: needs no scores and no tuning."""
    scores: dict[int, float] = {}
    for ranking in (dense, lexical):
        for rank, (record, _) in enumerate(ranking, 1):
            scores[record] = scores.get(record, 0.0) + 1 / (_RRF_K + rank)
    return _ranked(scores)


def _normalized(ranking: Ranking, floor: float) -> dict[int, float]:
    if not ranking:
        return {}
    if len(ranking) >= _FLOOR_RANK:
        floor = ranking[_FLOOR_RANK - 1][1]
    span = ranking[0][1] - floor
    if span <= 1e-9:
        return {record: 1.0 for record, _ in ranking}
    return {record: (score - floor) / span for record, score in ranking}


def _ranked(scores: dict[int, float]) -> list[tuple[int, float]]:
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))
