"""Exact search, and ranked search by words alone, while Milvus is stopped in its tracks.

    python -m benchmarks.outage LIBRARY [--clients 6] [--exact 2] [--seconds 5]

Starts a Milvus (that of ``make milvus`` or MILVUS_SERVER, else milvus-lite's server), publishes the
library to it, and serves it. ``--exact`` clients ask exact searches one after the other,
``--clients`` others ranked ones, each twice a second at most, all of them words of the library.
Counts the answers of a window with Milvus running and of windows that begin with SIGSTOP, then
starts ``serve`` with Milvus still stopped, and with Milvus killed. Prints JSON; times in seconds.
"""

import argparse
import itertools
import json
import statistics
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

from indexer.publishing import publish
from search.library.library import Library
from tests.search.library.milvus.servers import Process, real_reason
from tests.waiting import until
from tests.web.running import announced, start_server


class Clients:
    """Threads that ask ``path`` for one word after another, at most each ``pause`` seconds."""

    def __init__(self, address: str, path: str, words: list[str], many: int, pause: float) -> None:
        self.answers: list[tuple[float, float, bool]] = []
        self.failures = 0
        self._stop = threading.Event()
        self._url = f"{address}{path}"
        self._words, self._pause = words, pause
        self._threads = [threading.Thread(target=self._ask, args=[n]) for n in range(many)]
        for thread in self._threads:
            thread.start()

    def _ask(self, number: int) -> None:
        for word in itertools.islice(itertools.cycle(self._words), number * 37, None):
            begun = time.monotonic()
            try:
                url = f"{self._url}?{urlencode({'q': word})}"
                with urllib.request.urlopen(url, timeout=60) as answer:
                    degraded = json.load(answer).get("degraded", False)
                self.answers.append((begun, time.monotonic(), degraded))
            except OSError:
                self.failures += 1
            if self._stop.wait(max(0.0, begun + self._pause - time.monotonic())):
                return

    def end(self) -> None:
        """Let each finish what it has asked."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def between(self, start: float, end: float) -> list[tuple[float, float, bool]]:
        """What was answered then."""
        return [a for a in list(self.answers) if start <= a[1] < end]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("--clients", type=int, default=6)
    parser.add_argument("--exact", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=5.0)
    arguments = parser.parse_args()
    generation = Library(arguments.library).generation()
    rows = generation.terms.execute("select term from terms order by number limit 4000")
    words = [row["term"] for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        kind = "lite" if real_reason() else "real"
        process = getattr(Process, kind)(Path(folder))
        process.start()
        try:
            print(json.dumps({"server": kind, **_measured(process, arguments, words)}, indent=1))
        finally:
            process.kill()


def _measured(
    process: Process, arguments: argparse.Namespace, words: list[str]
) -> dict[str, object]:
    address = process.address("outage")
    publish(arguments.library, address)
    result: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        command = ["serve", "--library", str(address), "--replica", str(arguments.library)]
        command += ["--port", "0", "--collections", f"{folder}/collections.db"]
        server = start_server(*command)
        place = announced(server)
        until(lambda: _status(place) == "ready")
        exact = Clients(place, "/api/v1/exact", words, arguments.exact, 0.0)
        ranked = Clients(place, "/api/v1/search", words, arguments.clients, 0.5)
        # Terms are loaded beside the first answers.
        time.sleep(2 * arguments.seconds)
        start = time.monotonic()
        time.sleep(arguments.seconds)
        result["running"] = _window(exact, ranked, start, arguments.seconds)
        process.stop_in_its_tracks()
        start = time.monotonic()
        time.sleep(arguments.seconds)
        result["stopped"] = _window(exact, ranked, start, arguments.seconds)
        by_words = [e - start for _, e, degraded in ranked.answers if degraded and e > start]
        result["first answer by words alone after"] = round(min(by_words, default=-1.0), 2)
        start = time.monotonic()
        time.sleep(arguments.seconds)
        result["stopped, the seconds after"] = _window(exact, ranked, start, arguments.seconds)
        process.go_on()
        start = time.monotonic()
        until(lambda: _status(place) == "ready")
        result["whole again after"] = round(time.monotonic() - start, 2)
        exact.end()
        ranked.end()
        result["failures"] = exact.failures + ranked.failures
        server.terminate()
        server.communicate()
        process.stop_in_its_tracks()
        result["start with Milvus stopped"] = _start(command)
        process.go_on()
        process.kill()
        result["start with Milvus killed"] = _start(command)
    return result


def _start(command: list[str]) -> dict[str, object]:
    begun = time.monotonic()
    server = start_server(*command)
    place = announced(server)
    up = time.monotonic() - begun
    status = _status(place)
    server.terminate()
    server.communicate()
    return {"serves after": round(up, 1), "readyz": status}


def _window(exact: Clients, ranked: Clients, start: float, seconds: float) -> dict[str, object]:
    sets = [end - begun for begun, end, _ in exact.between(start, start + seconds)]
    lists = ranked.between(start, start + seconds)
    return {
        "exact answers": len(sets),
        "exact p50": round(statistics.median(sets), 3) if sets else None,
        "exact worst": round(max(sets), 2) if sets else None,
        "ranked answers": len(lists),
        "of them by words alone": sum(degraded for _, _, degraded in lists),
        "ranked worst": round(max((end - begun for begun, end, _ in lists), default=0.0), 2),
    }


def _status(place: str) -> str:
    with urllib.request.urlopen(f"{place}/readyz", timeout=60) as answer:
        return str(json.load(answer)["status"])


if __name__ == "__main__":
    main()
