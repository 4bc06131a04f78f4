"""Both legs side by side: beside each other or in turn, the list is the same."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from search.filters import Filters
from search.ranked import ranking
from search.ranked.engine import Engine
from search.ranked.ranking import rank
from search.text.terms import terms

QUERY = "糖尿病の食事療法"


def beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library large enough, and a core to spare."""
    monkeypatch.setattr(ranking, "_LARGE", 0)


def busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same while other queries have all cores."""
    beside(monkeypatch)
    monkeypatch.setattr(ranking._idle, "acquire", lambda blocking: False)


Way = Callable[[pytest.MonkeyPatch], None]
WAYS: list[Way] = [lambda _: None, beside, busy]


@pytest.mark.parametrize("leg", ["fused", "dense", "lexical"])
def test_the_list_is_the_same_whoever_looks_for_words(
    engine: Engine, leg: ranking.Leg, monkeypatch: pytest.MonkeyPatch
) -> None:
    generation = engine.generation()
    vector = engine.query_vectors.vector(QUERY)
    lists = []
    for way in WAYS:
        way(monkeypatch)
        lists.append(rank(generation, vector, terms(QUERY), Filters(), leg).order)
    assert lists[0]
    assert lists[0] == lists[1] == lists[2]


@pytest.mark.parametrize("way", WAYS, ids=["small", "beside", "busy"])
def test_a_vector_that_is_still_to_be_made(
    engine: Engine, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    way(monkeypatch)
    generation = engine.generation()
    vector = engine.query_vectors.vector(QUERY)
    given = rank(generation, vector, terms(QUERY), Filters())
    made = rank(generation, lambda: vector, terms(QUERY), Filters())
    assert made.order == given.order
    assert made.added == given.added


@pytest.mark.parametrize("way", WAYS, ids=["small", "beside", "busy"])
def test_an_encoder_that_fails_leaves_nothing_behind(
    engine: Engine, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> NDArray[np.float32]:
        raise RuntimeError("no memory")

    way(monkeypatch)
    generation = engine.generation()
    # More often than there are threads beside the queries.
    for _ in range(ranking._cores + 1):
        with pytest.raises(RuntimeError, match="no memory"):
            rank(generation, broken, terms(QUERY), Filters())
    vector = engine.query_vectors.vector(QUERY)
    assert rank(generation, vector, terms(QUERY), Filters()).order
