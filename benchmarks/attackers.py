"""Ordinary work while others send the worst that one request may be.

    python benchmarks/attackers.py LIBRARY QUERIES.jsonl [--seconds 60] [--attackers 5]

Serves LIBRARY as benchmarks/load.py does and has the same clients at work, first among themselves
and then beside attackers, each of whom, from an address of their own, sends one hostile request
after the other, without a pause, and holds half-open connections as well. Sent are the dozen of
benchmarks/hostile_requests.py that take longest, which is found out first, and wrong passwords.
Prints one JSON object: what the clients saw in both runs, the ratio of their p99, and for each kind
of attack how often it was sent, how it was answered and the longest that it took. The promise
(docs/operating.md): p99 at most 3 times the quiet one, and no error.
"""

import argparse
import http.client
import json
import random
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).parent))
from hostile_requests import FORM, REQUESTS, Request, ask
from load import CLIENTS, Client, Supervisor

ATTACKERS = 5
# So many of the hostile requests are sent: those that take longest.
WORST = 12
# Seconds after which an attacker gives up on an answer, as an impatient one does.
_GIVES_UP = 60
# Signing in takes a core for a tenth of a second, on a thread of its own.
_SIGNING_IN = Request("/sign-in", b"name=a&password=wrong-password", FORM)


class Attacker(threading.Thread):
    """Someone who means harm, from an address of their own."""

    def __init__(
        self, port: int, attacks: Mapping[str, Request], number: int, until: float
    ) -> None:
        super().__init__()
        self._port = port
        self._attacks = attacks
        # All of 127.0.0.0/8 is this machine.
        self._source = f"127.0.1.{number + 1}"
        self._random = random.Random(number)
        self._until = until
        self._half_open: list[socket.socket] = []
        self.seen: list[tuple[str, str, float]] = []  # attack, how it was answered, seconds

    def run(self) -> None:
        """Attack until the time is over."""
        while time.monotonic() < self._until:
            self._hold_open()
            name = self._random.choice(list(self._attacks))
            begun = time.monotonic()
            answer = ask(self._port, self._attacks[name], _GIVES_UP, self._source)
            self.seen.append((name, str(answer), time.monotonic() - begun))
        for connection in self._half_open:
            connection.close()

    def _hold_open(self) -> None:
        """Half a request on ten more connections; the server closes those that are too many."""
        for _ in range(10):
            try:
                connection = socket.create_connection(
                    ("127.0.0.1", self._port), timeout=5, source_address=(self._source, 0)
                )
                connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")
            except OSError:
                return
            self._half_open.append(connection)
        for connection in self._half_open[:-200]:
            connection.close()
        del self._half_open[:-200]


def worst(port: int) -> dict[str, Request]:
    """Those of the hostile requests that take longest to be answered, and attempts to sign in."""
    taken = {}
    for number, (name, make) in enumerate(REQUESTS.items()):
        begun = time.monotonic()
        # Each as if nobody had asked for what takes long before.
        ask(port, make(), _GIVES_UP, f"127.0.2.{number + 1}")
        taken[name] = time.monotonic() - begun
    chosen = sorted(taken, key=lambda name: -taken[name])[:WORST]
    return {name: REQUESTS[name]() for name in chosen} | {"signing in": _SIGNING_IN}


def run(
    port: int,
    queries: list[str],
    options: argparse.Namespace,
    attacks: Mapping[str, Request],
    attackers: int,
) -> tuple[list[Client], list[Attacker]]:
    """The clients' run, with so many attackers."""
    until = time.monotonic() + options.seconds
    clients = [
        Client(port, queries, seed, until, tuple(options.thinking))
        for seed in range(options.clients)
    ]
    hostile = [Attacker(port, attacks, number, until) for number in range(attackers)]
    for thread in (*clients, *hostile):
        thread.start()
    for thread in (*clients, *hostile):
        thread.join()
    return clients, hostile


def seen(clients: list[Client]) -> dict[str, object]:
    """What clients saw."""
    times = sorted(taken for client in clients for _, taken in client.answers)
    failures = [what for client in clients for _, _, what in client.failures]
    if not times:
        return {"answers": 0, "failures": len(failures), "examples": failures[:5]}
    return {
        "answers": len(times),
        "p50_ms": round(times[len(times) // 2] * 1000),
        "p99_ms": round(times[int(len(times) * 0.99)] * 1000),
        "longest_ms": round(times[-1] * 1000),
        "failures": len(failures),
        "examples": failures[:5],
    }


def answered(hostile: list[Attacker]) -> dict[str, object]:
    """How attacks were answered, by kind."""
    found: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for attacker in hostile:
        for name, answer, seconds in attacker.seen:
            found[name].append((answer, seconds))
    return {
        name: {
            "answers": Counter(answer for answer, _ in all_seen),
            "longest_s": round(max(seconds for _, seconds in all_seen), 1),
        }
        for name, all_seen in sorted(found.items())
    }


def measured(options: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Both runs over one service."""
    library = folder / "library"
    shutil.copytree(options.library, library)
    with options.queries.open(encoding="utf-8") as lines:
        queries = [json.loads(line)["text"][:200] for line in lines][:2000]
    supervisor = Supervisor(library, folder / "collections.db")
    first = http.client.HTTPConnection("127.0.0.1", supervisor.port, timeout=300)
    first.request("GET", f"/api/v1/suggest?q={quote(queries[0])}")
    first.getresponse().read()
    first.close()
    ask(supervisor.port, Request("/api/v1/collections", b'{"name": "hostile"}'), 60)
    attacks = worst(supervisor.port)
    quiet, _ = run(supervisor.port, queries, options, attacks, 0)
    before = supervisor.memory()
    attacked, hostile = run(supervisor.port, queries, options, attacks, options.attackers)
    after = supervisor.memory()
    process = supervisor.process
    begun = time.monotonic()
    supervisor.end()
    found = {
        "clients": options.clients,
        "thinking_s": options.thinking,
        "seconds": options.seconds,
        "attackers": options.attackers,
        "quiet": seen(quiet),
        "attacked": seen(attacked),
        "anonymous_memory_mb": [before // 1024, after // 1024],
        "end_s": round(time.monotonic() - begun, 1),
        "same_process": process is supervisor.process,
        "attacks": answered(hostile),
    }
    p99 = [part.get("p99_ms") for part in (seen(quiet), seen(attacked))]
    if all(isinstance(value, int) for value in p99):
        found["p99_ratio"] = round(p99[1] / max(1, p99[0]), 1)
    return found


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("queries", type=Path, help="JSON Lines with a text each")
    parser.add_argument("--seconds", type=float, default=60, help="of each of the two runs")
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--attackers", type=int, default=ATTACKERS)
    parser.add_argument(
        "--thinking",
        type=float,
        nargs=2,
        default=(1.0, 5.0),
        metavar=("MIN", "MAX"),
        help="seconds that a client waits before its next request",
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measured(options, Path(folder)), ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
