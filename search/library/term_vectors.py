"""The vectors of a generation's terms, and which of them are nearest to a vector.

Tens of thousands of vectors are compared with every query: codes of 4 bits for four numbers find a
thousand candidates in a tenth of a millisecond (FAISS fast scan; André, Kermarrec and Le Scouarnec,
Cache Locality Is Not Enough, VLDB 2015), whose own vectors then decide.
"""

import faiss
import numpy as np
from numpy.typing import NDArray

# Fewer are compared one by one; faiss also wants some forty for each of a code's 16 centroids.
_LEAST_CODED = 2_000
_SAMPLE = 3_000
_ROUNDS = 8
# So many candidates hold the fifty nearest of 50 000 terms, measured on 60 queries.
_CANDIDATES = 1_000
_AT_ONCE = 8_192


class TermVectors:
    """Vectors of unit length (n, dim), kept as 8-bit ``codes`` (n, dim) times ``scales`` (n,), of
    the terms with some ``numbers`` (n,), ascending.

    What all of them share says nothing, so likeness is the cosine once their mean is taken off.
    """

    def __init__(
        self, numbers: NDArray[np.int64], codes: NDArray[np.int8], scales: NDArray[np.float32]
    ) -> None:
        self.numbers = numbers
        self._codes = codes
        self._scales = scales
        count, dim = codes.shape
        self._centre = np.zeros(dim, np.float32)
        blocks = [np.arange(count)[first : first + _AT_ONCE] for first in range(0, count, _AT_ONCE)]
        for rows in blocks:
            self._centre += self.of(rows).sum(axis=0) / count
        self._index: faiss.Index | None = None
        if count >= _LEAST_CODED:
            self._index = faiss.index_factory(
                dim, f"PQ{_parts(dim)}x4fs", faiss.METRIC_INNER_PRODUCT
            )
            self._index.pq.cp.niter = _ROUNDS
            self._index.train(self._unit(np.arange(count)[:: max(1, count // _SAMPLE)]))
            for rows in blocks:
                self._index.add(self._unit(rows))

    def __len__(self) -> int:
        return len(self.numbers)

    def of(self, places: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors of the terms at some places (m, dim)."""
        return self._codes[places] * self._scales[places, None]

    def mean_score(self, vector: NDArray[np.float32]) -> float:
        """The mean inner product of a vector (dim,) with all."""
        return float(self._centre @ vector)

    def likeness(
        self, vectors: NDArray[np.float32], places: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """How like some vectors (k, dim) the terms at some places are (k, m)."""
        return self._apart(vectors) @ self._unit(places).T

    def near(self, vector: NDArray[np.float32]) -> NDArray[np.int64]:
        """The places of the terms likest to a vector (dim,), a thousand at most, in no order."""
        if self._index is None:
            return np.arange(len(self))
        _, found = self._index.search(self._apart(vector[None]), _CANDIDATES)
        places: NDArray[np.int64] = found[0][found[0] >= 0]
        return places

    def _unit(self, places: NDArray[np.int64]) -> NDArray[np.float32]:
        return self._apart(self.of(places))

    def _apart(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Vectors (k, dim) less the mean of all, L2-normalised."""
        shifted = vectors - self._centre
        lengths = np.maximum(np.linalg.norm(shifted, axis=1, keepdims=True), 1e-12)
        unit: NDArray[np.float32] = (shifted / lengths).astype(np.float32)
        return unit


def _parts(dim: int) -> int:
    """Into how many codes a vector is cut: four numbers in each, or what divides ``dim``."""
    return next(parts for parts in range(max(1, dim // 4), 0, -1) if dim % parts == 0)
