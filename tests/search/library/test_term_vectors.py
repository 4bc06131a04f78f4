"""The vectors of terms: what is near by codes is near by the vectors themselves."""

import numpy as np
import pytest
from numpy.typing import NDArray

from search.library.term_vectors import TermVectors


def term_vectors(vectors: NDArray[np.floating]) -> TermVectors:
    """Vectors (n, dim) of unit length as a library keeps them."""
    scales = np.maximum(np.abs(vectors).max(axis=1), 1e-12).astype(np.float32) / 127
    codes = np.rint(vectors / scales[:, None]).astype(np.int8)
    return TermVectors(np.arange(len(vectors)) * 3, codes, scales)


def clustered(count: int, dim: int) -> NDArray[np.floating]:
    """Unit vectors around a few dozen centres, all of which have something in common."""
    random = np.random.default_rng(0)
    centres = random.normal(size=(40, dim)) + 2.0
    found = centres[random.integers(40, size=count)] + 0.5 * random.normal(size=(count, dim))
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def cosines(vectors: NDArray[np.floating], query: NDArray[np.floating]) -> NDArray[np.floating]:
    centre = vectors.mean(axis=0)
    apart, own = vectors - centre, query - centre
    return apart @ own / np.linalg.norm(apart, axis=1) / np.linalg.norm(own)


@pytest.mark.parametrize(("count", "dim"), [(300, 24), (6_000, 384), (6_000, 90)])
def test_the_likest_are_among_the_near(count: int, dim: int) -> None:
    vectors = clustered(count, dim)
    kept = term_vectors(vectors)
    for row in range(0, 200, 20):
        query = (vectors[row] + vectors[row + 1]) / 2
        near = kept.near(query.astype(np.float32))
        assert len(near) == min(count, 1_000) == len(set(near.tolist()))
        likest = np.argsort(-cosines(vectors, query))[:20]
        assert len(np.intersect1d(likest, near)) >= 19


def test_likeness_is_the_cosine_less_what_all_have_in_common() -> None:
    vectors = clustered(9_000, 24)
    places = np.array([8_999, 0, 17])
    found = term_vectors(vectors).likeness(vectors[:5].astype(np.float32), places)
    wanted = [cosines(vectors, query)[places] for query in vectors[:5]]
    np.testing.assert_allclose(found, np.stack(wanted), atol=0.03)


def test_no_vectors_at_all() -> None:
    none = term_vectors(np.zeros((0, 24)))
    assert len(none) == len(none.near(np.ones(24, np.float32))) == 0
    assert none.likeness(np.ones((2, 24), np.float32), np.zeros(0, np.int64)).shape == (2, 0)
    assert none.mean_score(np.ones(24, np.float32)) == 0
