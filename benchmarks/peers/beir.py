"""Test collections in, TREC runs out, for peers that know nothing of jmedsearch."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

DEPTH = 100


def corpus(collection: Path) -> tuple[list[str], list[str]]:
    """The records of a BEIR folder: ids, and title and text joined by a space."""
    ids, texts = [], []
    for row in _rows(collection / "corpus.jsonl"):
        ids.append(row["_id"])
        texts.append(" ".join(filter(None, (row.get("title", ""), row["text"]))))
    return ids, texts


def queries(collection: Path) -> tuple[list[str], list[str]]:
    """The judged queries: ids and texts."""
    lines = (collection / "qrels" / "test.tsv").read_text(encoding="utf-8").splitlines()
    judged = {line.split("\t")[0] for line in lines}
    rows = [row for row in _rows(collection / "queries.jsonl") if row["_id"] in judged]
    return [row["_id"] for row in rows], [row["text"] for row in rows]


def write(runs: Path, collection: Path, system: str, found: dict[str, dict[str, float]]) -> None:
    """Write ``runs/<collection>.<system>.trec``: the best :data:`DEPTH` of each query, ties by
    id."""
    runs.mkdir(parents=True, exist_ok=True)
    name = collection.resolve().name
    with (runs / f"{name}.{system}.trec").open("w", encoding="utf-8") as stream:
        for query, scores in found.items():
            best = sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:DEPTH]
            for rank, (record, score) in enumerate(best, 1):
                stream.write(f"{query} Q0 {record} {rank} {score:g} {system}\n")


def read(runs: Path, collection: Path, system: str) -> dict[str, list[str]]:
    """The records of each query in a run that :func:`write` wrote, best first."""
    found: dict[str, list[str]] = {}
    file = runs / f"{collection.resolve().name}.{system}.trec"
    for line in file.read_text(encoding="utf-8").splitlines():
        query, _, record, *_ = line.split()
        found.setdefault(query, []).append(record)
    return found


def _rows(file: Path) -> Iterator[dict[str, str]]:
    packed = file.with_name(file.name + ".gz")
    with gzip.open(packed, "rt") if packed.exists() else file.open(encoding="utf-8") as stream:
        yield from map(json.loads, stream)
