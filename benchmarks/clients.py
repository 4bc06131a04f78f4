"""Start-up of ``jmedsearch serve``, and many clients at once: queries/s and latency over HTTP.

    python benchmarks/clients.py LIBRARY QUERIES.jsonl [--clients 16] [--seconds 20]

The server is started as users start it. Each client asks GET /api/v1/search on one connection, the
next query as soon as the last is answered; none is asked twice (a number is put behind it where
there are too few), so none is remembered. Prints JSON: seconds from the start of the process to the
first answer; for 1 client and for all, queries/s, p50 and p99 in milliseconds, and the server's
anonymous memory in MB; and ``batching``: queries/s of the encoder alone, asked by as many threads
of one process, with queries joined into batches (:mod:`search.ranked.query_vectors`) and without.
The clients run on the machine that they measure.
"""

import argparse
import http.client
import itertools
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
from scale import read_queries

from search.encoder import load_encoder
from search.library.library import Library
from search.ranked.query_vectors import QueryVectors


def asked_by(
    clients: int, seconds: float, ask: Callable[[], Callable[[str], object]], queries: Iterator[str]
) -> dict[str, float]:
    """What ``clients`` threads get answered; ``ask`` gives each its own way to ask."""
    lock = threading.Lock()
    taken: list[float] = []
    end = time.perf_counter() + seconds

    def client() -> None:
        own = ask()
        while time.perf_counter() < end:
            with lock:
                query = next(queries)
            began = time.perf_counter()
            own(query)
            taken.append(time.perf_counter() - began)

    threads = [threading.Thread(target=client) for _ in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    whole = time.perf_counter() - began
    p50, p99 = (round(float(np.percentile(taken, p)) * 1000, 1) for p in (50, 99))
    return {"queries_per_second": round(len(taken) / whole, 1), "p50": p50, "p99": p99}


def over_http(host: str, port: int) -> Callable[[str], object]:
    """A way to ask on a connection of its own."""
    connection = http.client.HTTPConnection(host, port)

    def ask(query: str) -> None:
        connection.request("GET", "/api/v1/search?" + urlencode({"q": query}))
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise SystemExit(f"{response.status}: {body.decode()}")

    return ask


def batching(library: Path, queries: Iterator[str], clients: int) -> dict[str, Any]:
    """The encoder alone: queries joined into batches, and each on its own, turn by turn."""
    encoder = load_encoder(Library(library).generation().manifest.model_source)
    joined = QueryVectors(encoder)
    ways: dict[str, Callable[[str], object]] = {
        "joined": joined.vector,
        "alone": lambda query: encoder.encode_queries([query])[0],
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(4):
        for name, way in ways.items():
            found = asked_by(clients, 3, lambda way=way: way, queries)
            if turn:
                rates[name].append(found["queries_per_second"])
    medians = {name: float(np.median(values)) for name, values in rates.items()}
    return medians | {"ratio": round(medians["joined"] / medians["alone"], 2)}


def main() -> None:
    """Start, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("queries", type=Path)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=20)
    wanted = parser.parse_args()
    texts = read_queries(wanted.queries, 100_000)
    endless = (f"{q} {n}" if n else q for n in itertools.count() for q in texts)
    result: dict[str, Any] = {"passages": Library(wanted.library).generation().manifest.passages}
    served = "from web.cli import main; main()"
    command = [sys.executable, "-c", served, "serve", "--library", str(wanted.library)]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            found = None
            while found is None:
                found = re.search(r"http://([\d.]+):(\d+)", server.stdout.readline())
            host, port = found[1], int(found[2])
            over_http(host, port)(next(endless))
            result["first_answer_seconds"] = round(time.perf_counter() - began, 2)
            for clients in (1, wanted.clients):
                result[f"{clients} clients"] = asked_by(
                    clients, wanted.seconds, lambda: over_http(host, port), endless
                )
                status = Path(f"/proc/{server.pid}/status").read_text()
                memory = re.search(r"RssAnon:\s+(\d+) kB", status)
                assert memory is not None
                result[f"{clients} clients"]["anonymous_mb"] = int(memory[1]) // 1024
        finally:
            server.terminate()
    result["batching"] = batching(wanted.library, endless, wanted.clients)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
