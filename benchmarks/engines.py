"""A library answered by Milvus beside the same library answered by its own files.

    python benchmarks/engines.py LIBRARY QUERIES.jsonl ADDRESS [--limit 200]

The live generation is published to ADDRESS (see ``jmedsearch publish``), then each query is asked
of both, one after the other, for each leg and for the fused list. Queries are BEIR's
``queries.jsonl``; their vectors are made beforehand. Prints JSON: how much of the first ten both
share (mean over queries), how many lists are the same in order, and p50 and p95 in milliseconds.
"""

import argparse
import json
import time
from pathlib import Path
from typing import get_args

import numpy as np

from indexer.publishing import publish
from search.library.library import Library
from search.library.milvus import MilvusAddress, MilvusRetrieval
from search.ranked.engine import Engine
from search.ranked.ranking import Leg
from web.cli.options import open_engine

_WARM = 20


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("queries", type=Path)
    parser.add_argument("address", type=MilvusAddress.parse)
    parser.add_argument("--limit", type=int, default=200)
    arguments = parser.parse_args()
    lines = arguments.queries.read_text(encoding="utf-8").splitlines()[: arguments.limit]
    queries = [json.loads(line)["text"] for line in lines]

    start = time.perf_counter()
    published = publish(arguments.library, arguments.address)
    result: dict[str, object] = {
        "passages": published.passages,
        "queries": len(queries),
        "published in s": round(time.perf_counter() - start, 1),
    }
    embedded = open_engine(arguments.library)
    retrieval = MilvusRetrieval(arguments.address)
    milvus = Engine(Library(arguments.library, retrieval), embedded.encoder)
    for engine in (embedded, milvus):
        for query in queries:
            engine.query_vectors.vector(query)
    for leg in get_args(Leg):
        for query in queries[:_WARM]:
            embedded.search(query, leg=leg)
            milvus.search(query, leg=leg)
        shared, same = [], 0
        taken: dict[str, list[float]] = {"embedded": [], "milvus": []}
        for query in queries:
            lists = []
            for name, engine in (("embedded", embedded), ("milvus", milvus)):
                begun = time.perf_counter()
                found = engine.search(query, leg=leg)
                taken[name].append((time.perf_counter() - begun) * 1000)
                lists.append([hit.record.id for hit in found.hits])
            shared.append(len(set(lists[0]) & set(lists[1])) / max(len(lists[0]), 1))
            same += lists[0] == lists[1]
        result[leg] = {
            "overlap": round(float(np.mean(shared)), 4),
            "same": same,
            **{
                f"{name} p{p}": round(float(np.percentile(times, p)), 1)
                for name, times in taken.items()
                for p in (50, 95)
            },
        }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
