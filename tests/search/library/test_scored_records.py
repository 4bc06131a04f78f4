"""Rankings: pairs in order, as two arrays."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from search.library.scored_records import Ranking

PAIRS = st.dictionaries(st.integers(0, 40), st.sampled_from([0.0, 0.25, 0.5, 2.0]), max_size=30)


@given(PAIRS, st.one_of(st.none(), st.integers(0, 40)))
def test_the_best_come_first_and_ties_go_by_number(
    scores: dict[int, float], limit: int | None
) -> None:
    expected = sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:limit]
    found = Ranking.best(list(scores), list(scores.values()), limit)
    assert list(found) == expected
    assert found == Ranking.of(expected)
    assert len(found) == len(expected)
    assert bool(found) == bool(expected)


@given(PAIRS, st.integers(-35, 35), st.integers(-35, 35))
def test_it_reads_as_the_sequence_of_its_pairs(
    scores: dict[int, float], start: int, stop: int
) -> None:
    pairs = list(scores.items())
    ranking = Ranking.of(pairs)
    assert list(ranking[start:stop]) == pairs[start:stop]
    assert [ranking[place] for place in range(len(pairs))] == pairs
    assert ranking != pairs
    kept = [number % 2 == 0 for number in scores]
    assert list(ranking.take(np.array(kept, bool))) == [p for p in pairs if p[0] % 2 == 0]


@given(PAIRS, st.lists(st.integers(0, 50)))
def test_scores_and_places_are_those_of_a_dictionary(
    scores: dict[int, float], wanted: list[int]
) -> None:
    ranking = Ranking.of(scores.items())
    found = ranking.scores_of(np.array(wanted, np.int64), missing=-1.0)
    assert found.tolist() == [scores.get(number, -1.0) for number in wanted]
    places = {number: place for place, number in enumerate(scores) if number in wanted}
    assert ranking.places_of(wanted) == places
