"""Two rankings become one."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.library.scored_records import Ranking
from search.ranked.fusion import PAIRED, reciprocal_rank, weighted, with_pairs

DENSE = Ranking.of([(1, 0.9), (2, 0.8), (3, 0.5)])
LEXICAL = Ranking.of([(3, 12.0), (2, 6.0), (4, 3.0)])
NOTHING = Ranking()


def test_weight_one_is_dense_alone_and_zero_lexical_alone() -> None:
    assert [r for r, _ in weighted(DENSE, LEXICAL, 1.0, 12.0)][:3] == [1, 2, 3]
    assert [r for r, _ in weighted(DENSE, LEXICAL, 0.0, 12.0)][:3] == [3, 2, 4]


def test_equal_weights_by_hand() -> None:
    # dense 1, 0.75, 0 and lexical 1, 0.5, 0.25; what a list lacks counts as its last or as 0
    scores = dict(weighted(DENSE, LEXICAL, 0.5, 12.0))
    assert scores == pytest.approx({1: 0.5, 2: 0.625, 3: 0.5, 4: 0.125})
    assert [r for r, _ in weighted(DENSE, LEXICAL, 0.5, 12.0)] == [2, 1, 3, 4]


def test_words_that_answer_little_of_the_query_count_little() -> None:
    # The best lexical hit reaches a tenth of a full match: the dense order stands.
    assert [r for r, _ in weighted(DENSE, LEXICAL, 0.5, 120.0)] == [1, 2, 3, 4]


def test_an_empty_leg_leaves_the_other_as_it_is() -> None:
    assert [r for r, _ in weighted(DENSE, NOTHING, 0.1, 0.0)] == [1, 2, 3]
    assert [r for r, _ in weighted(NOTHING, LEXICAL, 0.9, 12.0)] == [3, 2, 4]
    assert weighted(NOTHING, NOTHING, 0.5, 0.0) == NOTHING


def test_equal_scores_are_no_division_by_zero() -> None:
    assert [r for r, _ in weighted(Ranking.of([(2, 0.5), (5, 0.5)]), NOTHING, 0.5, 0.0)] == [2, 5]


def test_reciprocal_rank_by_hand() -> None:
    scores = dict(reciprocal_rank(DENSE, LEXICAL))
    assert scores[3] == pytest.approx(1 / 63 + 1 / 61)
    assert scores[1] == pytest.approx(1 / 61)


def test_pairs_of_words_lift_a_hit_by_a_fifth_at_most() -> None:
    order = Ranking.of([(7, 0.6), (3, 0.5), (9, 0.3)])
    lifted = with_pairs(order, {3: 1.0, 9: 0.5})
    assert [record for record, _ in lifted] == [3, 7, 9]
    assert dict(lifted) == pytest.approx({3: 0.7, 7: 0.6, 9: 0.4})
    assert with_pairs(order, {}) == order


def test_pairs_are_looked_at_in_the_first_hits_only() -> None:
    order = Ranking.of((n, 1 - n / 1000) for n in range(PAIRED + 1))
    assert with_pairs(order, {PAIRED: 1.0}) == order
    assert with_pairs(order, {PAIRED - 1: 1.0})[0][0] == PAIRED - 1


RANKING = st.dictionaries(
    st.integers(0, 50), st.floats(0.01, 30, allow_nan=False), min_size=1, max_size=40
).map(lambda d: Ranking.best(list(d), list(d.values())))


@given(RANKING, RANKING, st.floats(0, 1), st.floats(0, 100))
def test_fusion_keeps_every_record_once(
    dense: Ranking,
    lexical: Ranking,
    weight: float,
    full_match: float,
) -> None:
    expected = {r for r, _ in dense} | {r for r, _ in lexical}
    for fused in (weighted(dense, lexical, weight, full_match), reciprocal_rank(dense, lexical)):
        assert sorted(r for r, _ in fused) == sorted(expected)
        assert all(a[1] > b[1] or (a[1] == b[1] and a[0] < b[0]) for a, b in pairwise(fused))


@given(RANKING)
def test_agreement_is_kept(ranking: Ranking) -> None:
    fused = weighted(ranking, ranking, 0.3, 1.0)
    order = dict(ranking)
    assert [order[r] for r, _ in fused] == sorted(order.values(), reverse=True)
