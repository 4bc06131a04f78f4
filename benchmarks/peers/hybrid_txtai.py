"""A ranked query beside txtai's hybrid search of the same passages: latency, memory, nDCG@10.

    python3 -m venv V
    V/bin/pip install -c constraints.txt -r benchmarks/peers/txtai.txt -e .
    V/bin/python -m benchmarks.peers.hybrid_txtai LIBRARY QUERIES.jsonl [--index FOLDER]
        [--qrels REAL_LIBRARY COLLECTION]

txtai gets our passage vectors (f16 rows, as float32), our terms joined by spaces, and our encoder.
The rest is what it takes for ``hybrid: true``: the kind of FAISS index that it chooses for so many
vectors, BM25 over its term index with normalised scores, both legs weighing the same. Only its
tokenizer is told to split at white space, because the default would cut our terms again. It has no
content database, which would only slow it down: it answers with numbers, we with records, their
best sentences and marks. ``--index`` keeps its index, which is made where there is none.

Queries are BEIR's ``queries.jsonl``, spread over the file. Each engine has a process of its own and
all the cores, alternately: after a warm-up both are asked the same queries, each once, in turns.
Tokenising and encoding the query is in the time of both. Prints JSON: milliseconds of both and the
ratio of their p50 (of each turn, and the median of those), anonymous memory and files in MB, and
what txtai chose. With ``--qrels``, also nDCG@10 of both over every third judged query, one list
of ten passages or records each, and the p of a paired t-test.
"""

import argparse
import json
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.scale import anonymous_mb, read_queries
from indexer.stages.embed import segment_vectors
from search.encoder import load_encoder
from search.evaluate import Run, compare, evaluate, read_collection
from search.library.generation import Generation, record_from_row
from search.library.library import Library
from search.ranked.engine import RankedList
from search.text.terms import terms
from web.cli.options import open_engine

_PAGE = 10
_WARM = 20
# Mixtures repeat sentences, and number titles that they repeat.
_PIECES = re.compile(r"(?<=。)| (?=\d+\n)|\n")
_CONTEXT = get_context("spawn")
_engine: "Ours | Txtai"


class Ours:
    """jmedsearch in process."""

    def __init__(self, library: Path) -> None:
        self._engine = open_engine(library)

    def ask(self, query: str) -> RankedList:
        """A page of the ranked list."""
        return self._engine.search(query, per_page=_PAGE)

    def ids(self, answer: RankedList) -> list[str]:
        """The records of the page."""
        return [hit.record.id for hit in answer.hits]

    def facts(self) -> dict[str, object]:
        """What it searches."""
        generation = self._engine.generation()
        return {
            "passages": generation.manifest.passages,
            "vectors": generation.manifest.vectors.kind,
            "disk_mb": disk_mb(generation.path),
        }


class Txtai:
    """txtai over an index that :func:`build` made."""

    def __init__(self, library: Path, index: Path) -> None:
        from txtai import Embeddings

        self._generation = Library(library).generation()
        encoder = load_encoder(self._generation.manifest.model_source)
        self._asked: dict[str, str] = {}
        self._index = index
        self._embeddings = Embeddings()

        # One text goes to both legs: the words, from which the encoder gets back to the query.
        def encode(texts: list[str]) -> NDArray[np.float32]:
            return encoder.encode_queries([self._asked[text] for text in texts])

        self._embeddings.load(str(index), config={"transform": encode})

    def ask(self, query: str) -> list[tuple[int, float]]:
        """The best passages: numbers and scores."""
        words = " ".join(terms(query))
        self._asked[words] = query
        found: list[tuple[int, float]] = self._embeddings.search(words, _PAGE)
        return found

    def ids(self, answer: list[tuple[int, float]]) -> list[str]:
        """The records of passages, each once."""
        owners = [self._generation.passage(number).record for number, _ in answer]
        return self._generation.ids(list(dict.fromkeys(owners)))

    def facts(self) -> dict[str, object]:
        """What it searches, and what it chose."""
        config = self._embeddings.config
        return {
            "version": config["build"]["txtai"],
            "passages": self._embeddings.count(),
            "components": config["build"]["settings"]["components"],
            "nprobe": self._embeddings.ann.nprobe(),
            "scoring": config["scoring"],
            "build_seconds": config["seconds"],
            "disk_mb": disk_mb(self._index),
        }


def build(library: Path, index: Path) -> None:
    """Make txtai's hybrid index of a library's passages."""
    from txtai import Embeddings

    generation = Library(library).generation()
    segments = generation.manifest.segments
    if generation.manifest.passages != sum(segment.passages for segment in segments):
        sys.exit(f"{library}: build it anew, it has rows of records that are gone")
    blocks = segment_vectors(generation.path / "vectors", segments)
    rows = (row for block in blocks for row in block)

    def following(texts: list[str]) -> NDArray[np.float32]:
        return np.stack(list(islice(rows, len(texts))))

    # "hybrid: true" is short for this scoring without its tokenizer.
    scoring = {
        "method": "bm25",
        "terms": True,
        "normalize": True,
        "tokenizer": {"whitespace": True, "lowercase": False},
    }
    embeddings = Embeddings(method="external", transform=following, scoring=scoring, content=False)
    began = time.perf_counter()
    embeddings.index((number, words, None) for number, words in passages(generation))
    embeddings.config["seconds"] = round(time.perf_counter() - began, 1)
    unfinished = index.with_name(index.name + ".part")
    embeddings.save(str(unfinished))
    unfinished.rename(index)


def passages(generation: Generation) -> Iterator[tuple[int, str]]:
    """The passages of a library in order: numbers, and terms joined by spaces."""
    found = generation.database.execute(
        "select p.number as passage, p.language as told, p.start, p.end, r.*"
        " from passages p join records r on r.number = p.record order by p.number"
    )
    for row in found:
        text = record_from_row(row).version(row["told"]).text[row["start"] : row["end"]]
        yield row["passage"], " ".join(filter(None, map(_terms, _PIECES.split(text))))


@lru_cache(200_000)
def _terms(text: str) -> str:
    return " ".join(terms(text))


def disk_mb(folder: Path) -> int:
    """The size of a folder's files."""
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) // 2**20


def opened(library: Path, index: Path) -> dict[str, ProcessPoolExecutor]:
    """Both engines over a library."""
    if not index.exists():
        # In a process of its own: what building takes is not what answering takes.
        with ProcessPoolExecutor(1, _CONTEXT) as pool:
            pool.submit(build, library, index).result()
    return {
        "jmedsearch": ProcessPoolExecutor(1, _CONTEXT, _open, (Ours, library)),
        "txtai": ProcessPoolExecutor(1, _CONTEXT, _open, (Txtai, library, index)),
    }


def _open(system: type, *places: Path) -> None:
    global _engine
    _engine = system(*places)


def _ask(queries: list[str]) -> list[tuple[float, list[str]]]:
    """For each query milliseconds and the records found."""
    answers = []
    for query in queries:
        began = time.perf_counter()
        answer = _engine.ask(query)
        answers.append(((time.perf_counter() - began) * 1000, _engine.ids(answer)))
    return answers


def _facts() -> dict[str, object]:
    return {"anonymous_mb": anonymous_mb()} | _engine.facts()


def latency(library: Path, index: Path, queries: list[str], turns: int) -> dict[str, object]:
    """Milliseconds of both engines, taking turns over the same queries."""
    engines = opened(library, index)
    taken: dict[str, list[list[float]]] = {name: [] for name in engines}
    for pool in engines.values():
        pool.submit(_ask, queries[:_WARM]).result()
    for turn in range(turns):
        part = queries[_WARM + turn :: turns]
        for name in sorted(engines, reverse=bool(turn % 2)):
            answers = engines[name].submit(_ask, part).result()
            taken[name].append([milliseconds for milliseconds, _ in answers])
    result: dict[str, object] = {"queries": len(queries) - _WARM}
    for name, pool in engines.items():
        times = np.concatenate(taken[name])
        result[name] = {f"p{p}": round(float(np.percentile(times, p)), 2) for p in (50, 99)}
        result[name] |= pool.submit(_facts).result()
        pool.shutdown()
    ours, theirs = (np.array([np.median(times) for times in taken[name]]) for name in engines)
    ratios = theirs / ours
    return result | {
        "ratios": [round(float(ratio), 2) for ratio in ratios],
        "ratio": round(float(np.median(ratios)), 2),
    }


def quality(library: Path, directory: Path, index: Path, every: int) -> dict[str, object]:
    """nDCG@10 of both engines over every Nth judged query."""
    collection = read_collection(directory)
    names = sorted(collection.queries)[::every]
    judged = {name: collection.qrels[name] for name in names}
    runs: dict[str, Run] = {}
    for system, pool in opened(library, index).items():
        answers = pool.submit(_ask, [collection.queries[name] for name in names]).result()
        pool.shutdown()
        runs[system] = {
            name: {record: float(_PAGE - i) for i, record in enumerate(found)}
            for name, (_, found) in zip(names, answers, strict=True)
        }
    return {
        "collection": collection.name,
        "queries": len(names),
        "nDCG@10": {name: round(evaluate(judged, run)["nDCG@10"], 4) for name, run in runs.items()},
        "p": float(f"{compare(judged, runs['jmedsearch'], runs['txtai']).p:.2g}"),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("queries", type=Path)
    parser.add_argument("--index", type=Path, help="where txtai's index of LIBRARY is kept")
    parser.add_argument("--qrels", type=Path, nargs=2, metavar=("REAL_LIBRARY", "COLLECTION"))
    parser.add_argument("--every", type=int, default=3, help="of the judged queries")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--limit", type=int, default=200, help="queries, without the warm-up")
    wanted = parser.parse_args()
    # Spread over the file: neighbours are about one text.
    queries = read_queries(wanted.queries, 10**9)
    queries = queries[:: max(len(queries) // (wanted.limit + _WARM), 1)][: wanted.limit + _WARM]
    with tempfile.TemporaryDirectory() as name:
        index = wanted.index or Path(name) / "index"
        result = {"latency": latency(wanted.library, index, queries, wanted.turns)}
        if wanted.qrels:
            real, collection = wanted.qrels
            result["quality"] = quality(real, collection, Path(name) / "real", wanted.every)
    print(json.dumps(result, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
