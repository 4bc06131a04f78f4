"""What a ranked query costs from a few thousand to millions of passages: latency, recall, memory.

    python benchmarks/scale.py SOURCE_LIBRARY QUERIES.jsonl LIBRARY... [--plot scale.png]

LIBRARY are libraries made of SOURCE_LIBRARY by ``benchmarks/mixture.py``: mixtures of real vectors
and texts of real sentences; queries are real (BEIR's ``queries.jsonl``). Each library is opened in
a process of its own, one after another. For each, JSON says:

- seconds to open it and to the first answer; its files may lie in the system's cache or not;
- p50 and p99 in milliseconds of a ranked query in process, each query asked once after 20 others,
  and of its parts; of queries whose vectors are remembered; of these with a filter that keeps one
  record in 1 000 and one in 40; and of the queries with a word more, once what they read lies in
  the system's cache;
- recall@10 of the vector index against comparing every f16 row, without a filter and with one that
  keeps 1 % of the passages, and of the dense leg as searched, with the handicap of bare titles;
- anonymous memory in MB (mapped files, which the system can drop, are not in it) after all queries,
  and how much of it came with as many queries again.

Beside it stands the recall of each kind of index on the real vectors of SOURCE_LIBRARY, unmixed.
Other load on the machine makes milliseconds longer; compare rows of one run.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from indexer.stages.embed import segment_vectors
from indexer.stages.vector_index_writer import VectorSettings, write_index
from search.filters import Filters
from search.library.generation import Generation
from search.library.library import Library
from search.library.passage_set import PassageSet, SplitSet
from search.library.segments import Segments
from search.library.vector_index import VectorIndex
from search.ranked.ranking import DEPTH
from search.text.terms import terms
from web.cli.options import open_engine

_WARM = 20
_RECALL_QUERIES = 100


def anonymous_mb() -> int:
    """Anonymous memory of this process in MB."""
    found = re.search(r"RssAnon:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) // 1024


def timed(ask: Callable[[str], object], queries: list[str]) -> dict[str, float]:
    """p50 and p99 in milliseconds, after a warm-up."""
    taken = []
    for i, query in enumerate(queries):
        began = time.perf_counter()
        ask(query)
        if i >= _WARM:
            taken.append((time.perf_counter() - began) * 1000)
    return {f"p{p}": round(float(np.percentile(taken, p)), 2) for p in (50, 99)}


def exact(
    queries: NDArray[np.float32], blocks: Iterable[NDArray[np.float32]], kept: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """The ten nearest of the passages kept, by comparing all."""
    best = faiss.ResultHeap(len(queries), 10, keep_max=True)
    start = 0
    for block in blocks:
        rows = np.flatnonzero(kept[start : start + len(block)])
        if len(rows) >= 10:
            scores, found = faiss.knn(
                queries, np.ascontiguousarray(block[rows]), 10, metric=faiss.METRIC_INNER_PRODUCT
            )
            best.add_result(scores, rows[found] + start)
        start += len(block)
    best.finalize()
    numbers: NDArray[np.int64] = best.I
    return numbers


def recall(
    index: VectorIndex,
    queries: NDArray[np.float32],
    blocks: Callable[[], Iterable[NDArray[np.float32]]],
    total: int,
    share: float,
) -> float:
    """Recall@10 where a filter keeps a share of the passages."""
    kept = np.random.default_rng(0).random(total) < share
    among = SplitSet(PassageSet.where(kept), PassageSet.where(kept & False))
    wanted = exact(queries, blocks(), kept)
    found = [index.nearest(q, DEPTH, among)[1][:10] for q in queries]
    hit = sum(len(np.intersect1d(a, b)) for a, b in zip(wanted, found, strict=True))
    return round(hit / wanted.size, 4)


def measure(folder: Path, queries_file: Path, limit: int) -> dict[str, Any]:
    """One library, in this process."""
    began = time.perf_counter()
    engine = open_engine(folder)
    opened = time.perf_counter() - began
    queries = read_queries(queries_file, limit)
    engine.search(queries[0])
    result: dict[str, Any] = {"first_answer_in_process": round(time.perf_counter() - began, 2)}
    generation = engine.generation()
    vectors = {q: engine.encoder.encode_queries([q])[0] for q in queries}
    narrow = Filters(journal="架空雑誌7")
    few = Filters(year_from=2000, year_to=2000)
    result |= {
        "passages": generation.manifest.passages,
        "vectors": generation.manifest.vectors.kind,
        "nprobe": generation.manifest.vectors.nprobe,
        "open_seconds": round(opened, 2),
        "query": timed(engine.search, queries),
        "encoder": timed(lambda q: engine.encoder.encode_queries([q]), queries),
        "vector_search": timed(
            lambda q: generation.nearest_records(vectors[q], DEPTH, Filters()), queries
        ),
        "bm25": timed(lambda q: generation.lexical.search(terms(q), DEPTH, Filters()), queries),
        # Each query is remembered by now: its vector costs nothing here.
        "remembered": timed(engine.search, queries),
        "one_journal_in_1000": timed(lambda q: engine.search(q, narrow), queries),
        "one_year_in_40": timed(lambda q: engine.search(q, few), queries),
    }
    before = anonymous_mb()
    # New to the encoder and to the lists that are remembered; what they read has been read before.
    result["query_files_in_cache"] = timed(lambda q: engine.search(f"{q} 1"), queries)
    result["anonymous_mb"] = anonymous_mb()
    result["anonymous_mb_more_after_as_many_queries"] = anonymous_mb() - before
    some = np.stack([vectors[q] for q in queries[:_RECALL_QUERIES]])
    result["recall@10"] = {
        name: library_recall(generation, some, share)
        for name, share in (("all", 1.0), ("1 % kept", 0.01))
    }
    result["recall@10"]["as searched"] = searched_recall(generation, some)
    return result


def library_recall(generation: Generation, queries: NDArray[np.float32], share: float) -> float:
    """Recall@10 of a library's own index, opened once more."""
    manifest = generation.manifest
    folder = generation.path / "vectors"
    rows = Segments(folder, manifest.segments, manifest.dim)
    return recall(
        VectorIndex(generation.path / "vectors.faiss", manifest.vectors, rows),
        queries,
        lambda: segment_vectors(folder, manifest.segments),
        rows.passages,
        share,
    )


def searched_recall(generation: Generation, queries: NDArray[np.float32]) -> float:
    """Recall@10 of the dense leg, in which bare titles have a handicap."""
    manifest, bare = generation.manifest, generation.owners.bare
    is_bare = np.unpackbits(bare.bits, count=bare.total, bitorder="little").astype(bool)
    nearest = [
        exact(queries, segment_vectors(generation.path / "vectors", manifest.segments), kept)
        for kept in (is_bare, ~is_bare)
    ]
    hit = 0
    for query, candidates in zip(queries, np.concatenate(nearest, axis=1), strict=True):
        less = (generation.bare_advantage(query) or 0.0) * is_bare[candidates]
        wanted = candidates[np.argsort(less - generation.vectors(candidates) @ query)[:10]]
        found = generation.nearest_records(query, DEPTH, Filters()).passages[:10]
        hit += len(np.intersect1d(wanted, found))
    return round(hit / (10 * len(queries)), 4)


def unmixed(source: Path, queries_file: Path) -> dict[str, dict[str, float]]:
    """Recall@10 of each kind of index on the real vectors alone."""
    engine = open_engine(source)
    generation = engine.generation()
    queries = engine.encoder.encode_queries(read_queries(queries_file, _RECALL_QUERIES))
    manifest = generation.manifest
    results: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "vectors").symlink_to(generation.path / "vectors")
        for kind in ("exact", "ivf-sq8", "ivf-pq"):
            file = Path(name) / "vectors.faiss"
            state = write_index(
                file,
                None,
                VectorSettings(kind),  # type: ignore[arg-type]
                manifest.dim,
                (),
                manifest.segments,
            )
            rows = Segments(generation.path / "vectors", manifest.segments, manifest.dim)
            index = VectorIndex(file, state, rows)
            results[kind] = {
                label: recall(
                    index,
                    queries,
                    lambda: segment_vectors(generation.path / "vectors", manifest.segments),
                    rows.passages,
                    share,
                )
                for label, share in (("all", 1.0), ("10 % kept", 0.1))
            }
            results[kind]["lists"] = state.nprobe
            file.unlink()
    return results


def read_queries(file: Path, limit: int) -> list[str]:
    """The texts of a queries file, each once."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return list(dict.fromkeys(json.loads(line)["text"] for line in lines))[:limit]


def plot(results: list[dict[str, Any]], file: Path) -> None:
    """Milliseconds by number of passages, whole and in parts."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.5))
    rows = sorted(results, key=lambda r: r["passages"])
    counts = [r["passages"] for r in rows]
    names = {
        "query": "query, first time",
        "query_files_in_cache": "with a word more",
        "remembered": "again",
        "vector_search": "vectors",
        "bm25": "BM25",
        "encoder": "encoder",
    }
    for name, label in names.items():
        axes.plot(counts, [r[name]["p50"] for r in rows], marker="o", label=f"{label}, p50")
    axes.plot(counts, [r["query"]["p99"] for r in rows], ":", marker="x", label="first time, p99")
    for row in rows:
        place = (row["passages"], row["query"]["p99"])
        axes.annotate(
            row["vectors"], place, (0, 5), textcoords="offset points", ha="center", fontsize=7
        )
    axes.set(xscale="log", xlabel="passages (mixtures of real ones)", ylabel="ms")
    axes.margins(x=0.08, y=0.1)
    axes.set_ylim(0)
    axes.legend()
    figure.tight_layout()
    figure.savefig(file, dpi=120)


def main() -> None:
    """Measure each library in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("queries", type=Path)
    parser.add_argument("libraries", type=Path, nargs="+")
    parser.add_argument("--limit", type=int, default=320, help="queries, the warm-up included")
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.one:
        print(json.dumps(measure(wanted.libraries[0], wanted.queries, wanted.limit)))
        return
    results = []
    for folder in wanted.libraries:
        records = Library(folder).generation().manifest.records
        print(f"{time.strftime('%H:%M:%S')} {folder}: {records} records", file=sys.stderr)
        command = [sys.executable, __file__, str(wanted.source), str(wanted.queries), str(folder)]
        began = time.time()
        done = subprocess.run(
            [*command, "--one", "--limit", str(wanted.limit)],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        results.append(json.loads(done.stdout) | {"whole_seconds": round(time.time() - began, 1)})
    if wanted.plot:
        plot(results, wanted.plot)
    print(
        json.dumps({"mixture": results, "real": unmixed(wanted.source, wanted.queries)}, indent=1)
    )


if __name__ == "__main__":
    main()
