"""Ordinary work while others send the worst that one request may be.

    python benchmarks/attackers.py LIBRARY QUERIES.jsonl [--seconds 60] [--attackers 5]

Serves LIBRARY as benchmarks/load.py does and has the same clients at work, first among themselves
and then beside attackers, each of whom sends one hostile request after the other, without a pause,
over connections that stay half-open as well. Prints one JSON object: what the clients saw in both
runs, the ratio of their p99, and for each kind of attack how often it was sent, how it was answered
and the longest that it took. The promise (docs/operating.md): p99 at most 3 times the quiet one,
and no error.
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
from pathlib import Path
from urllib.parse import quote, urlencode

sys.path.insert(0, str(Path(__file__).parent))
from load import CLIENTS, Client, Supervisor

ATTACKERS = 5
# Seconds after which an attacker gives up on an answer, as an impatient one does.
_GIVES_UP = 60
_PASTED = "心不全の患者における運動療法の効果と安全性を検討した。" * 300


def _get(path: str, **parameters: str) -> tuple[str, str, bytes, dict[str, str]]:
    return "GET", f"{path}?{urlencode(parameters)}", b"", {}


def _json(path: str, body: object) -> tuple[str, str, bytes, dict[str, str]]:
    content = json.dumps(body, ensure_ascii=False).encode()
    return "POST", path, content, {"Content-Type": "application/json"}


# What is sent: method, address, body, headers.
ATTACKS = {
    "phrases of truncations": _get("/api/v1/exact", q=" or ".join(["(の* NEAR5 を*)"] * 10)),
    "many of them": _get("/api/v1/exact", q=" or ".join(["(の* NEAR5 を*)"] * 200)),
    "truncations of one letter": _get(
        "/exact", q=" or ".join(f"{c}*" for c in "あいうえおかきくけこ")
    ),
    "quotation marks": _get("/api/v1/exact", q='"' * 20_000),
    "brackets": _get("/api/v1/exact", q="(" * 9_000 + "a" + ")" * 9_000),
    "masks": _get("/api/v1/fill-mask", q="[MASK]" * 50),
    "a pasted text": _get("/", q=_PASTED[:19_000]),
    "ligatures": _get("/api/v1/search", q="ﷺ" * 19_000),
    "a batch": _json("/api/v1/search/batch", {"searches": [{"q": _PASTED[:5_000]}] * 50}),
    "deep JSON": (
        "POST",
        "/api/v1/search/batch",
        b"[" * 100_000,
        {"Content-Type": "application/json"},
    ),
    "a letter, 15 000 times": _get("/api/v1/suggest", q="a" * 15_000),
    "the whole set as a file": _get("/api/v1/exact/export", q="の*", format="csv"),
    "signing in": (
        "POST",
        "/sign-in",
        b"name=a&password=wrong-password",
        {"Content-Type": "application/x-www-form-urlencoded"},
    ),
}


class Attacker(threading.Thread):
    """Someone who means harm, from an address of their own."""

    def __init__(self, port: int, seed: int, until: float) -> None:
        super().__init__()
        self._port = port
        self._random = random.Random(seed)
        self._until = until
        self._half_open: list[socket.socket] = []
        self.seen: list[tuple[str, str, float]] = []  # attack, how it was answered, seconds

    def run(self) -> None:
        """Attack until the time is over."""
        while time.monotonic() < self._until:
            self._hold_open()
            name = self._random.choice(list(ATTACKS))
            begun = time.monotonic()
            self.seen.append((name, self._send(*ATTACKS[name]), time.monotonic() - begun))
        for connection in self._half_open:
            connection.close()

    def _send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_GIVES_UP)
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__
        else:
            return str(answer.status)
        finally:
            connection.close()

    def _hold_open(self) -> None:
        """Half a request on ten more connections; the server closes those that are too many."""
        for _ in range(10):
            try:
                connection = socket.create_connection(("127.0.0.1", self._port), timeout=5)
                connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")
            except OSError:
                return
            self._half_open.append(connection)
        for connection in self._half_open[:-200]:
            connection.close()
        del self._half_open[:-200]


def run(
    port: int, queries: list[str], options: argparse.Namespace, attackers: int
) -> tuple[list[Client], list[Attacker]]:
    """The clients' run, with so many attackers."""
    until = time.monotonic() + options.seconds
    clients = [
        Client(port, queries, seed, until, tuple(options.thinking))
        for seed in range(options.clients)
    ]
    hostile = [Attacker(port, seed, until) for seed in range(attackers)]
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


def attacks(hostile: list[Attacker]) -> dict[str, object]:
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
    quiet, _ = run(supervisor.port, queries, options, 0)
    before = supervisor.memory()
    attacked, hostile = run(supervisor.port, queries, options, options.attackers)
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
        "attacks": attacks(hostile),
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
