"""Sets of passages are sets."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from search.library.passage_set import PassageSet, SplitSet

TOTALS = st.integers(0, 70)


@st.composite
def two_sets(draw: st.DrawFn) -> tuple[int, set[int], set[int]]:
    total = draw(TOTALS)
    members = st.sets(st.integers(0, total - 1)) if total else st.just(set())
    return total, draw(members), draw(members)


def of(total: int, members: set[int]) -> PassageSet:
    kept = np.zeros(total, bool)
    kept[list(members)] = True
    return PassageSet.where(kept)


@given(two_sets())
def test_sets_are_sets(drawn: tuple[int, set[int], set[int]]) -> None:
    total, a, b = drawn
    for ours, theirs in (
        (of(total, a), a),
        (of(total, a) & of(total, b), a & b),
        (of(total, a) - of(total, b), a - b),
    ):
        assert ours.numbers().tolist() == sorted(theirs)
        assert ours.count == len(theirs)
        assert ours.total == total
        assert ours.has(np.arange(total)).tolist() == [n in theirs for n in range(total)]
    split = SplitSet(of(total, a), of(total, b))
    assert set(split.bare.numbers().tolist()) == a & b
    assert set(split.rest.numbers().tolist()) == a - b
