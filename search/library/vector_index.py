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

from search.library.manifest import VectorIndexState
from search.library.passage_set import PassageSet, SplitSet
from search.library.segments import Segments

# Of so few passages that a filter leaves in, each is compared, from its f16 row.
SCANNED = 10_000
# Comparing all, FAISS goes through a few (one in so many) one by one.
_FEW = 10
# Candidates whose f16 rows are read at least: codes alone confuse near neighbours.
_CANDIDATES = {"exact": 0, "ivf-sq8": 100, "ivf-pq": 1000}


class VectorIndex:
    """``vectors.faiss`` with the rows that it was built from. Safe to call from several threads."""

    def __init__(self, file: Path, state: VectorIndexState, rows: Segments) -> None:
        self._faiss = faiss.read_index(str(file))
        self._state = state
        self._rows = rows
        if self._faiss.ntotal != rows.passages:
            raise ValueError(f"{file.name} has another number of vectors than the segments")

    def nearest(
        self,
        query: NDArray[np.float32],
        limit: int,
        among: SplitSet,
        handicap: float | None = None,
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Scores and numbers of the ``limit`` passages of ``among`` nearest to a query vector
        (dim,), best first. A score is the inner product, less the ``handicap`` for bare titles. May
        be fewer than there are where the index is not exact."""
        candidates = max(limit, _CANDIDATES[self._state.kind])
        if self._state.kind != "exact" and among.whole.count <= SCANNED:
            numbers = among.whole.numbers()
        elif handicap is None:
            scores, numbers = self._looked_up(query, candidates, among.whole)
        else:
            scores, numbers = self._handicapped(query, candidates, among, handicap)
        if self._state.kind != "exact":
            # In the order of the disk.
            numbers = np.sort(numbers)
            scores = _less(handicap, self._rows.scores(numbers, query), numbers, among)
        return _best(scores, numbers, limit)

    def _handicapped(
        self, query: NDArray[np.float32], count: int, among: SplitSet, handicap: float
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The ``count`` best candidates, by scores less the ``handicap`` of bare titles."""
        if self._state.kind != "exact":
            # Looking once among all is cheaper than once among each kind, and mostly enough: what
            # is not found has no better score than the worst found, with or without the handicap.
            scores, numbers = self._looked_up(query, 2 * count, among.whole)
            unseen = scores.min(initial=np.inf) + max(0.0, -handicap)
            scores = _less(handicap, scores, numbers, among)
            if np.count_nonzero(scores >= unseen) >= count:
                return _best(scores, numbers, count)
        found = [self._looked_up(query, count, kind) for kind in (among.rest, among.bare)]
        scores, numbers = (np.concatenate(column) for column in zip(*found, strict=True))
        return _best(_less(handicap, scores, numbers, among), numbers, count)

    def _looked_up(
        self, query: NDArray[np.float32], count: int, among: PassageSet
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """What the index takes for the inner products of the ``count`` nearest passages of a set,
        and their numbers."""
        if self._state.kind == "exact":
            parameters = faiss.SearchParameters(sel=_exact_selector(among))
        elif among.count <= SCANNED:
            numbers = among.numbers()
            return self._rows.scores(numbers, query), numbers
        else:
            parameters = self._parameters(among)
        count = min(count, among.count)
        if not count:
            return np.zeros(0, np.float32), np.zeros(0, np.int64)
        scores, numbers = self._faiss.search(query[None, :], count, params=parameters)
        found = numbers[0] >= 0
        return scores[0][found], numbers[0][found]

    def _parameters(self, among: PassageSet) -> faiss.SearchParametersIVF:
        nprobe = self._state.nprobe
        if among.count == among.total:
            return faiss.SearchParametersIVF(nprobe=nprobe)
        # The nearest of a few lie further out than the nearest of all, so more lists are read. The
        # root holds recall (benchmarks/vectors.py); the share itself would read most lists.
        more = math.sqrt(among.total / among.count)
        return faiss.SearchParametersIVF(
            nprobe=min(math.ceil(nprobe * more), self._faiss.nlist),
            sel=faiss.IDSelectorBitmap(among.bits),
        )


def _less(
    handicap: float | None,
    scores: NDArray[np.float32],
    numbers: NDArray[np.int64],
    among: SplitSet,
) -> NDArray[np.float32]:
    """Scores (n,) of passages (n,), those of bare titles less the handicap."""
    if handicap is None:
        return scores
    handicaps: NDArray[np.float32] = among.bare_titles.has(numbers) * np.float32(handicap)
    return scores - handicaps


def _best(
    scores: NDArray[np.float32], numbers: NDArray[np.int64], limit: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The best ``limit`` of them, ties by number."""
    order = np.lexsort((numbers, -scores))[:limit]
    return scores[order], numbers[order]


def _exact_selector(among: PassageSet) -> faiss.IDSelector | None:
    if among.count == among.total:
        return None
    if among.count * _FEW < among.total:
        return faiss.IDSelectorArray(among.numbers())
    return faiss.IDSelectorBitmap(among.bits)
