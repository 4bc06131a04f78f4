"""The vector index of a generation, opened: FAISS finds candidates, the stored f16 rows rank them.

Up to some size every vector is compared (``exact``). Beyond it, vectors are divided among the
centroids of a spherical k-means (inverted lists, IVF) and only the lists nearest to the query are
read. Their codes are 8-bit scalars (``ivf-sq8``), or 4-bit product quantisation of the residuals
in the layout of FAISS's fast scan (``ivf-pq``; Jégou, Douze and Schmid, Product Quantization for
Nearest Neighbor Search, TPAMI 2011; André, Kermarrec and Le Scouarnec, Cache Locality Is Not
Enough, VLDB 2015). Codes are held in memory; the f16 rows stay on disk.
"""

import math
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from search.manifest import VectorIndexState
from search.passage_set import PassageSet
from search.segments import Segments

# Of so few passages that a filter leaves in, each is compared, from its f16 row.
SCANNED = 10_000
# Candidates whose f16 rows are read at least: codes alone confuse near neighbours.
# Comparing all, FAISS goes through a few (one in so many) one by one.
_FEW = 10
_CANDIDATES = {"ivf-sq8": 100, "ivf-pq": 1000}


class VectorIndex:
    """``vectors.faiss`` with the rows that it was built from. Safe to call from several threads."""

    def __init__(self, file: Path, state: VectorIndexState, rows: Segments) -> None:
        self._faiss = faiss.read_index(str(file))
        self._state = state
        self._rows = rows
        if self._faiss.ntotal != rows.passages:
            raise ValueError(f"{file.name} has another number of vectors than the segments")

    def nearest(
        self, query: NDArray[np.float32], limit: int, among: PassageSet | None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Inner products and numbers of the ``limit`` passages nearest to a query vector (dim,),
        best first; of all passages where ``among`` is None. May be fewer than there are where the
        index is not exact."""
        if self._state.kind == "exact":
            parameters = faiss.SearchParameters(sel=_exact_selector(among)) if among else None
            scores, numbers = self._faiss.search(query[None, :], limit, params=parameters)
            found = numbers[0] >= 0
            return scores[0][found], numbers[0][found]
        if among is not None and among.count <= SCANNED:
            return self._ranked(query, among.numbers(), limit)
        candidates = max(limit, _CANDIDATES[self._state.kind])
        _, numbers = self._faiss.search(
            query[None, :], candidates, params=self._parameters(self._state.nprobe, among)
        )
        return self._ranked(query, numbers[0][numbers[0] >= 0], limit)

    def _parameters(self, nprobe: int, among: PassageSet | None) -> faiss.SearchParametersIVF:
        if among is None:
            return faiss.SearchParametersIVF(nprobe=nprobe)
        # The nearest of a few lie further out than the nearest of all, so more lists are read. The
        # root holds recall (benchmarks/vectors.py); the share itself would read most lists.
        more = math.sqrt(self._faiss.ntotal / among.count)
        return faiss.SearchParametersIVF(
            nprobe=min(math.ceil(nprobe * more), self._faiss.nlist),
            sel=faiss.IDSelectorBitmap(among.bits),
        )

    def _ranked(
        self, query: NDArray[np.float32], numbers: NDArray[np.int64], limit: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        # In the order of the disk; ties then go by number.
        numbers = np.sort(numbers)
        scores = self._rows.scores(numbers, query)
        order = np.argsort(-scores, kind="stable")[:limit]
        return scores[order], numbers[order]


def _exact_selector(among: PassageSet) -> faiss.IDSelector:
    if among.count * _FEW < among.total:
        return faiss.IDSelectorArray(among.numbers())
    return faiss.IDSelectorBitmap(among.bits)
