"""Both legs side by side: beside each other or in turn, the list is the same."""

import numpy as np
import pytest
from numpy.typing import NDArray

from search import ranking
from search.engine import Engine
from search.filters import Filters
from search.ranking import rank
from search.text.terms import terms

QUERY = "糖尿病の食事療法"


def busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other queries have all cores."""
    monkeypatch.setattr(ranking._idle, "acquire", lambda blocking: False)


@pytest.mark.parametrize("leg", ["fused", "dense", "lexical"])
def test_a_busy_machine_ranks_the_same(
    engine: Engine, leg: ranking.Leg, monkeypatch: pytest.MonkeyPatch
) -> None:
    generation = engine.generation()
    vector = engine.query_vectors.vector(QUERY)
    alone = rank(generation, vector, terms(QUERY), Filters(), leg)
    busy(monkeypatch)
    assert rank(generation, vector, terms(QUERY), Filters(), leg).order == alone.order


def test_a_vector_that_is_still_to_be_made(engine: Engine) -> None:
    generation = engine.generation()
    vector = engine.query_vectors.vector(QUERY)
    given = rank(generation, vector, terms(QUERY), Filters())
    made = rank(generation, lambda: vector, terms(QUERY), Filters())
    assert made.order == given.order
    assert made.added == given.added


@pytest.mark.parametrize("is_busy", [False, True])
def test_an_encoder_that_fails_leaves_nothing_behind(
    engine: Engine, is_busy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> NDArray[np.float32]:
        raise RuntimeError("no memory")

    if is_busy:
        busy(monkeypatch)
    generation = engine.generation()
    # More often than there are threads beside the queries.
    for _ in range(ranking._cores + 1):
        with pytest.raises(RuntimeError, match="no memory"):
            rank(generation, broken, terms(QUERY), Filters())
    vector = engine.query_vectors.vector(QUERY)
    assert rank(generation, vector, terms(QUERY), Filters()).order
