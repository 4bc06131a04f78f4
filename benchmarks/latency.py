"""Latency of one ranked query, in process and over HTTP on loopback, one at a time.

    python benchmarks/latency.py LIBRARY QUERIES.jsonl [--limit 200]

Queries are BEIR's ``queries.jsonl``; each is asked once, after a warm-up of 20 others. Prints JSON:
p50 and p95 in milliseconds of the engine (query to hits with marked sentences), of its parts, and
of GET /api/v1/search.
"""

import argparse
import http.client
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import numpy as np

from search.filters import Filters
from search.ranked.ranking import DEPTH
from search.text.terms import terms
from web.cli.options import open_engine


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("queries", type=Path)
    parser.add_argument("--limit", type=int, default=200)
    arguments = parser.parse_args()
    lines = arguments.queries.read_text(encoding="utf-8").splitlines()
    queries = [json.loads(line)["text"] for line in lines]
    warm, measured = queries[:20], queries[20 : 20 + arguments.limit]

    engine = open_engine(arguments.library)
    generation = engine.generation()
    vectors = {q: engine.encoder.encode_queries([q])[0] for q in queries}
    parts: dict[str, Callable[[str], object]] = {
        "engine": engine.search,
        "encoder": lambda q: engine.encoder.encode_queries([q]),
        "vectors": lambda q: generation.nearest_records(vectors[q], DEPTH, Filters()),
        "bm25": lambda q: generation.lexical.search(terms(q), DEPTH, Filters()),
    }
    result: dict[str, object] = {
        "library": generation.manifest.records,
        "queries": len(measured),
        **{name: timed(ask, warm, measured) for name, ask in parts.items()},
    }
    command = [str(Path(sys.executable).with_name("jmedsearch")), "serve"]
    command += ["--library", str(arguments.library)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            found = None
            while found is None:
                found = re.search(r"http://([\d.]+):(\d+)", server.stdout.readline())
            connection = http.client.HTTPConnection(found[1], int(found[2]))

            def over_http(query: str) -> None:
                connection.request("GET", "/api/v1/search?" + urlencode({"q": query}))
                response = connection.getresponse()
                body = response.read()
                if response.status != 200:
                    sys.exit(f"{response.status}: {body.decode()}")

            result["http"] = timed(over_http, warm, measured)
        finally:
            server.terminate()
    print(json.dumps(result, indent=1))


def timed(ask: Callable[[str], object], warm: list[str], measured: list[str]) -> dict[str, float]:
    """p50 and p95 in milliseconds of ``ask`` over the measured queries."""
    for query in warm:
        ask(query)
    taken = []
    for query in measured:
        start = time.perf_counter()
        ask(query)
        taken.append((time.perf_counter() - start) * 1000)
    return {f"p{p}": round(float(np.percentile(taken, p)), 2) for p in (50, 95)}


if __name__ == "__main__":
    main()
