"""The vector index alone, at any size: recall@10, processor time a query, memory, time to build.

    python benchmarks/vectors.py SOURCE_LIBRARY QUERIES.jsonl FOLDER --passages 1000000

Vectors are mixtures of SOURCE_LIBRARY's real ones (``benchmarks/mixture.py`` says how), queries are
real (BEIR's ``queries.jsonl``). FOLDER gets the f16 rows, 768 bytes each at 384 dimensions. For
each kind of index JSON says the seconds to build it, its MB (all in memory while serving), how many
lists are read, and without a filter and with ones that keep 10 %, 1 % and 0.1 % of the passages
recall@10 against comparing every row, and milliseconds of processor time of a search for 1 000
passages, rescoring included: that grows little with other load on the machine. One thread.
"""

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from mixture import Source
from numpy.typing import NDArray
from scale import exact, read_queries

from indexer.stages.embed import segment_vectors
from indexer.stages.vector_index_writer import VectorSettings, write_index
from search.library.library import Library
from search.library.manifest import Segment
from search.library.passage_set import PassageSet, SplitSet
from search.library.segments import Segments
from search.library.vector_index import VectorIndex
from search.ranked.ranking import DEPTH

_SEGMENT = 50_000
_SHARES = (1.0, 0.1, 0.01, 0.001)


def write_segments(source: Source, folder: Path, count: int) -> tuple[Segment, ...]:
    """Rows of ``count`` mixed vectors, each with a real sentence of the neighbour."""
    (folder / "vectors").mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(0)
    segments = []
    for base in range(0, count, _SEGMENT):
        size = min(_SEGMENT, count - base)
        _, beside, vectors = source.mixed(generator, size)
        codes, scales = source.first_sentences(beside)
        parts = {
            "passages": vectors.astype(np.float16),
            "sentences": codes,
            "scales": scales,
            "spans": np.zeros((size, 2), np.int32),
            "first": np.arange(size + 1),
        }
        segment = Segment(f"{base // _SEGMENT + 1:06d}", base, size, size)
        for part, values in parts.items():
            np.save(folder / "vectors" / f"{segment.name}.{part}.npy", values)
        segments.append(segment)
        print(f"{time.strftime('%H:%M:%S')} {base + size} of {count}", file=sys.stderr)
    return tuple(segments)


def measure(
    index: VectorIndex, queries: NDArray[np.float32], among: SplitSet, wanted: Any
) -> dict[str, float]:
    """Recall@10 and processor time of one kind with one filter."""
    index.nearest(queries[0], DEPTH, among)
    began = time.process_time()
    found = [index.nearest(q, DEPTH, among)[1][:10] for q in queries]
    taken = (time.process_time() - began) / len(queries) * 1000
    hit = sum(len(np.intersect1d(a, b)) for a, b in zip(wanted, found, strict=True))
    return {"recall@10": round(hit / wanted.size, 4), "cpu_ms": round(taken, 2)}


def main() -> None:
    """Build and measure each kind."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("queries", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--passages", type=int, default=1_000_000)
    parser.add_argument("--limit", type=int, default=100, help="queries")
    parser.add_argument("--kinds", nargs="+", default=["ivf-sq8", "ivf-pq"])
    wanted = parser.parse_args()
    faiss.omp_set_num_threads(1)
    generation = Library(wanted.source).generation()
    from search.encoder import load_encoder

    encoder = load_encoder(generation.manifest.model_source, "cpu")
    queries = encoder.encode_queries(read_queries(wanted.queries, wanted.limit))
    segments = write_segments(Source(generation), wanted.folder, wanted.passages)
    dim = generation.manifest.dim
    kept = {s: np.random.default_rng(0).random(wanted.passages) < s for s in _SHARES}
    nearest = {
        share: exact(queries, segment_vectors(wanted.folder / "vectors", segments), mask)
        for share, mask in kept.items()
    }
    results: dict[str, Any] = {"passages": wanted.passages, "queries": len(queries)}
    for kind in wanted.kinds:
        file = wanted.folder / "vectors.faiss"
        began, cpu = time.perf_counter(), time.process_time()
        state = write_index(file, None, VectorSettings(kind), dim, (), segments)
        built = {
            "seconds": round(time.perf_counter() - began, 1),
            "cpu_seconds": round(time.process_time() - cpu, 1),
        }
        index = VectorIndex(file, state, Segments(wanted.folder / "vectors", segments, dim))
        results[kind] = {
            "built": built,
            "mb": round(file.stat().st_size / 1e6),
            "state": asdict(state),
            **{
                f"{share:.1%} kept": measure(
                    index,
                    queries,
                    SplitSet(PassageSet.where(kept[share]), PassageSet.where(kept[share] & False)),
                    nearest[share],
                )
                for share in _SHARES
            },
        }
        print(json.dumps({kind: results[kind]}), file=sys.stderr)
        file.unlink()
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
