"""Query vectors: those of the encoder, each encoded once, together where many ask at once."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from search.encoder import Encoder
from search.ranked.query_vectors import QueryVectors

QUERIES = ["肺炎", "心筋梗塞の予防", "HbA1c と糖尿病の長期予後について", "喘息"]


class Counting:
    """An encoder that says what it was asked for, and waits for ``gate`` before it answers."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self.batches: list[list[str]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.begun = threading.Event()

    def encode_queries(self, queries: Sequence[str]) -> NDArray[np.float32]:
        self.batches.append(list(queries))
        self.begun.set()
        assert self.gate.wait(30)
        if "壊す" in queries:
            raise ValueError("broken")
        return self.encoder.encode_queries(queries)


@pytest.fixture
def counting(encoder: Encoder) -> Counting:
    return Counting(encoder)


def of(counting: Counting, remembered: int = 100) -> QueryVectors:
    return QueryVectors(counting, remembered)  # type: ignore[arg-type]


def test_vectors_are_the_encoders_and_encoded_once(encoder: Encoder, counting: Counting) -> None:
    vectors = of(counting)
    for query in QUERIES * 2:
        np.testing.assert_allclose(
            vectors.vector(query), encoder.encode_queries([query])[0], atol=1e-5
        )
    assert counting.batches == [[query] for query in QUERIES]
    with pytest.raises(ValueError, match="read-only"):
        vectors.vector(QUERIES[0])[0] = 1


def test_the_longest_unasked_is_forgotten(counting: Counting) -> None:
    vectors = of(counting, 2)
    for query in ("a", "b", "a", "c", "a", "b"):
        vectors.vector(query)
    assert counting.batches == [["a"], ["b"], ["c"], ["b"]]


def test_queries_that_come_while_one_is_encoded_go_together(
    encoder: Encoder, counting: Counting
) -> None:
    vectors = of(counting)
    counting.gate.clear()
    others = [f"{query} {i}" for i in range(3) for query in QUERIES]
    with ThreadPoolExecutor(32) as threads:
        first = threads.submit(vectors.vector, "最初")
        assert counting.begun.wait(30)
        # Each is asked for twice: the second waits for the first.
        asked = [threads.submit(vectors.vector, query) for query in others * 2]
        while len(vectors._waiting) < len(others):  # until all have queued up
            threading.Event().wait(0.01)
        counting.gate.set()
        first.result(30)
        for query, future in zip(others * 2, asked, strict=True):
            np.testing.assert_allclose(
                future.result(30), encoder.encode_queries([query])[0], atol=1e-5
            )
    assert [len(batch) for batch in counting.batches] == [1, 8, 4]
    assert sorted(q for batch in counting.batches[1:] for q in batch) == sorted(others)


def test_who_waits_hears_of_the_failure_and_the_next_is_answered(counting: Counting) -> None:
    vectors = of(counting)
    with pytest.raises(ValueError, match="broken"):
        vectors.vector("壊す")
    assert vectors.vector("肺炎").shape == (counting.encoder.dim,)


def test_a_long_query_does_not_lengthen_the_short_ones(
    encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    shapes: list[tuple[int, ...]] = []
    original = encoder.backend.pooled_query

    def seen(ids: NDArray[np.int64], *rest: NDArray[np.float32]) -> NDArray[np.float32]:
        shapes.append(ids.shape)
        return original(ids, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(encoder.backend, "pooled_query", seen)
    encoder.encode_queries(["肺炎", "喘息の管理", "心筋梗塞の予防について" * 30])
    assert [count for count, _ in shapes] == [2, 1]
    assert shapes[0][1] < 20 < shapes[1][1]
