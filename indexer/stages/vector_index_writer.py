"""Which FAISS index for how many vectors, trained, filled, and judged when vectors are added.

The number of a vector in the index is its passage number, so vectors are added in segment order
and none is ever removed; passages that are gone are masked out when searching. What the kinds are
is said at :mod:`search.library.vector_index`.

Vectors added to an index with centroids go to the lists that there are. Whether these still fit is
measured (:func:`drifted`); only then are centroids trained anew, from the f16 rows of all segments.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from indexer.stages.embed import segment_vectors
from search.library.manifest import Segment, VectorIndexChoice, VectorIndexKind, VectorIndexState
from search.library.segments import Segments

# Up to here every vector is compared: a few milliseconds, and nothing is lost.
EXACT = 50_000
# Up to here codes of 8 bits a number; beyond, product quantisation, whose scan is 5 times as fast.
_SCALAR = 200_000
# Of fewer vectors nothing can be trained, whatever is asked for.
_TRAINABLE = 256
_TRAINING_VECTORS = 40
# Residuals are means over at most so many vectors.
_MEASURED = 20_000
# Queries, and the recall@10 against exact search that decides how many lists are read.
_QUERIES = 128
_RECALL = 0.99
_DEPTH = 10
_FURTHER = 6
# Drift: the added lie further from their centroids by this share, lists are more unequal by this
# factor, or there are so many times the vectors that the number of lists was chosen for.
_RESIDUAL_GROWTH = 0.15
_IMBALANCE_GROWTH = 1.5
_GROWTH = 4
# Fewer added vectors say nothing.
_JUDGED = 1000


@dataclass(frozen=True)
class VectorSettings:
    """What was asked for; None keeps what the library has."""

    choice: VectorIndexChoice | None = None
    memory: int | None = None


def write_index(
    file: Path,
    previous: tuple[Path, VectorIndexState] | None,
    settings: VectorSettings,
    dim: int,
    old_segments: Sequence[Segment],
    new_segments: Sequence[Segment],
) -> VectorIndexState:
    """Write the index of all segments, which lie in ``vectors/`` beside ``file``, and say what it
    is. ``previous`` is the index of the old segments; where it can be added to, it is, and where
    nothing is new it is linked."""
    state = previous[1] if previous else VectorIndexState()
    wanted = replace(
        state,
        choice=settings.choice or state.choice,
        memory=settings.memory or state.memory,
    )
    segments = (*old_segments, *new_segments)
    total = sum(s.passages for s in segments)
    kind = chosen_kind(total, dim, wanted)
    directory = file.parent / "vectors"
    if previous and kind == state.kind:
        if not new_segments:
            file.hardlink_to(previous[0])
            return wanted
        index = faiss.read_index(str(previous[0]))
        if kind == "exact":
            _add(index, segment_vectors(directory, new_segments))
            faiss.write_index(index, str(file))
            return wanted
        wanted = _with_added(wanted, index, Segments(directory, new_segments, dim))
        _add(index, segment_vectors(directory, new_segments))
        if not drifted(wanted, index.ntotal, index.invlists.imbalance_factor()):
            faiss.write_index(index, str(file))
            return wanted
    return _written_anew(file, kind, wanted, dim, segments)


def chosen_kind(total: int, dim: int, state: VectorIndexState) -> VectorIndexKind:
    """The kind of index for ``total`` vectors: what was chosen, or by count and memory."""
    if total < _TRAINABLE:
        return "exact"
    if state.choice != "auto":
        return state.choice
    if total <= EXACT:
        return "exact"
    return "ivf-sq8" if total <= _SCALAR and total * dim <= state.memory * 1e6 else "ivf-pq"


def drifted(state: VectorIndexState, total: int, imbalance: float) -> bool:
    """Whether the centroids of an index no longer fit the ``total`` vectors in its lists.

    They don't where the vectors added since training lie further from their nearest centroids than
    those that it was trained for (by more than 15 % in mean squared distance), where the lists have
    become unequal (1.5 times the imbalance, so a query reads that much more), or where there are
    four times as many vectors. Fewer than 1 000 added vectors are not judged.
    """
    if state.added < _JUDGED:
        return False
    return (
        state.added_residual > (1 + _RESIDUAL_GROWTH) * state.residual
        or imbalance > _IMBALANCE_GROWTH * state.imbalance
        or total > _GROWTH * state.trained_on
    )


def _with_added(state: VectorIndexState, index: faiss.IndexIVF, new: Segments) -> VectorIndexState:
    added = state.added + new.passages
    residual = _residual(index, new)
    mean = (state.added * state.added_residual + new.passages * residual) / added
    return replace(state, added=added, added_residual=mean)


def _written_anew(
    file: Path,
    kind: VectorIndexKind,
    state: VectorIndexState,
    dim: int,
    segments: Sequence[Segment],
) -> VectorIndexState:
    directory = file.parent / "vectors"
    state = VectorIndexState(kind, state.choice, state.memory)
    if kind == "exact":
        index = faiss.IndexFlatIP(dim)
        _add(index, segment_vectors(directory, segments))
        faiss.write_index(index, str(file))
        return state
    rows = Segments(directory, segments, dim)
    index = _empty(kind, rows.passages, dim, state.memory)
    index.train(rows.vectors(_drawn(rows, _TRAINING_VECTORS * index.nlist)))
    _add(index, segment_vectors(directory, segments))
    faiss.write_index(index, str(file))
    return replace(
        state,
        nprobe=_lists_to_read(index, rows, segment_vectors(directory, segments)),
        trained_on=rows.passages,
        residual=_residual(index, rows),
        imbalance=float(index.invlists.imbalance_factor()),
    )


def _empty(kind: VectorIndexKind, total: int, dim: int, memory: int) -> faiss.IndexIVF:
    """About as many lists as the root of ``total``, but no list of too few vectors to train it."""
    lists = 1 << round(math.log2(math.sqrt(total)))
    lists = max(1, min(lists, total // _TRAINING_VECTORS))
    centroids = faiss.IndexFlatIP(dim)
    metric = faiss.METRIC_INNER_PRODUCT
    if kind == "ivf-sq8":
        eight_bit = faiss.ScalarQuantizer.QT_8bit
        index = faiss.IndexIVFScalarQuantizer(centroids, dim, lists, eight_bit, metric, False)
    else:
        # Half a byte and, in its list, eight for the number. Two numbers of a vector share a code;
        # four where memory would not do.
        codes = dim // 2 if dim % 2 == 0 else dim
        if (codes / 2 + 8) * total > memory * 1e6 and dim % 4 == 0:
            codes = dim // 4
        index = faiss.IndexIVFPQFastScan(centroids, dim, lists, codes, 4, metric)
        index.by_residual = True
    return index


def _add(index: faiss.Index, blocks: Iterator[NDArray[np.float32]]) -> None:
    for block in blocks:
        index.add(block)


def _drawn(rows: Segments, count: int) -> NDArray[np.int64]:
    """``count`` passage numbers of those in ``rows``, evenly spaced, the same every time."""
    spaced = np.linspace(0, rows.passages - 1, min(count, rows.passages))
    return rows.base + np.unique(spaced.astype(np.int64))


def _residual(index: faiss.IndexIVF, rows: Segments) -> float:
    """One less the cosine between a vector and its nearest centroid, averaged."""
    vectors = rows.vectors(_drawn(rows, _MEASURED))
    cosines, _ = index.quantizer.search(vectors, 1)
    return float(1 - cosines.mean())


def _lists_to_read(
    index: faiss.IndexIVF, rows: Segments, blocks: Iterator[NDArray[np.float32]]
) -> int:
    """How many lists to read: six times as many as a recall@10 of 0.99 takes, in powers of two.

    That is found with sentences of the library as queries: they are short, as queries are, and
    there is one in every passage. Real queries lie further out, hence six times as many
    (benchmarks/vectors.py).
    """
    numbers = _drawn(rows, _QUERIES)
    queries = np.stack([rows.sentences(int(n))[0][-1] for n in numbers])
    exact = _exact(queries, blocks)
    nprobe: int = min(8, index.nlist)
    while nprobe < index.nlist:
        parameters = faiss.SearchParametersIVF(nprobe=nprobe)
        _, found = index.search(queries, 100 * _DEPTH, params=parameters)
        both = [len(np.intersect1d(a, b)) for a, b in zip(exact, found, strict=True)]
        if sum(both) >= _RECALL * exact.size:
            break
        nprobe = min(2 * nprobe, index.nlist)
    return min(_FURTHER * nprobe, int(index.nlist))


def _exact(
    queries: NDArray[np.float32], blocks: Iterator[NDArray[np.float32]]
) -> NDArray[np.int64]:
    """The numbers of the ten passages nearest to each query, by comparing all."""
    best = faiss.ResultHeap(len(queries), _DEPTH, keep_max=True)
    start = 0
    for block in blocks:
        depth = min(_DEPTH, len(block))
        scores, numbers = faiss.knn(queries, block, depth, metric=faiss.METRIC_INNER_PRODUCT)
        best.add_result(scores, numbers + start)
        start += len(block)
    best.finalize()
    nearest: NDArray[np.int64] = best.I
    return nearest
