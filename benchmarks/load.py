"""A server under load, as clients see it.

    python benchmarks/load.py LIBRARY QUERIES.jsonl [--seconds 600] [--publish 60] [--kill 60]

Starts ``jmedsearch serve`` over a copy of LIBRARY as a supervisor would, which holds the socket,
and has clients ask it: searches, exact searches, records, suggestions, pages. Meanwhile, as asked:
a generation is published (--publish), the service ended and started (--restart), reloaded
(--reload), or killed (--kill), every so many seconds. Prints one JSON object.

A client that is cut off in the middle of a request counts it as failed and goes on; requests that
were under way before a process killed by -9 had ended are counted apart, and the longest time
without any answer is given.
"""

import argparse
import http.client
import json
import os
import random
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import quote

CLIENTS = 50
# Seconds between a client's answer and its next request, at least and at most.
THINKING = (0.0, 1.0)
_HAND_OVER = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.environ['LISTEN_FDS'] = '1';"
    "os.environ['LISTEN_PID'] = str(os.getpid()); os.execv(sys.argv[2], sys.argv[2:])"
)
_COMMAND = [sys.executable, "-c", "from web.cli import main; main()"]


class Supervisor:
    """Starts the service, and again whenever it has ended: what systemd does with Restart=always
    and a socket unit."""

    def __init__(self, library: Path, collections: Path) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.listening.set_inheritable(True)
        self.port = self.listening.getsockname()[1]
        self._arguments = [
            *("serve", "--library", str(library)),
            *("--collections", str(collections)),
        ]
        self._over = False
        # When a process had ended: its connections take requests until then.
        self.ended: list[float] = []
        self.process = self._start()
        threading.Thread(target=self._watch, daemon=True).start()

    def _start(self) -> "subprocess.Popen[bytes]":
        first = (sys.executable, "-c", _HAND_OVER, str(self.listening.fileno()))
        return subprocess.Popen(
            [*first, *_COMMAND, *self._arguments],
            stdout=subprocess.DEVNULL,
            pass_fds=[self.listening.fileno()],
            start_new_session=True,
        )

    def _watch(self) -> None:
        while not self._over:
            self.process.wait()
            self.ended.append(time.monotonic())
            if not self._over:
                self.process = self._start()

    def signal(self, number: int) -> None:
        """Send the service a signal."""
        self.process.send_signal(number)

    def memory(self) -> int:
        """Anonymous memory of the service, kB."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        except OSError:
            return 0
        rows = dict(line.split(":", 1) for line in status.splitlines())
        return int(rows.get("RssAnon", "0").split()[0])

    def processor_seconds(self) -> float:
        """Processor time that the running service has used."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii")
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def end(self) -> None:
        """End the service for good."""
        self._over = True
        self.process.terminate()
        self.process.wait(60)
        self.listening.close()


class Client(threading.Thread):
    """Someone who searches, reads and thinks."""

    def __init__(
        self,
        port: int,
        queries: list[str],
        seed: int,
        until: float,
        thinking: tuple[float, float] = THINKING,
    ) -> None:
        super().__init__()
        self._port = port
        self._queries = queries
        self._random = random.Random(seed)
        self._until = until
        self._thinking = thinking
        self._ids = ["none"]
        self.answers: list[tuple[float, float]] = []  # when, and how long it took
        self.failures: list[tuple[float, float, str]] = []  # begun, ended, what
        self.refused = 0

    def run(self) -> None:
        """Ask until the time is over."""
        connection = self._connection()
        while time.monotonic() < self._until:
            path = self._path()
            begun = time.monotonic()
            try:
                connection = self._ask(connection, path)
            except (OSError, http.client.HTTPException) as error:
                self.failures.append((begun, time.monotonic(), f"{path[:30]} {error!r}"))
                connection.close()
                connection = self._connection()
            time.sleep(self._random.uniform(*self._thinking))
        connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)

    def _ask(self, connection: http.client.HTTPConnection, path: str) -> http.client.HTTPConnection:
        begun = time.monotonic()
        # As browsers and urllib3 do: one that the server closed while it was idle is opened anew.
        if connection.sock and select.select([connection.sock], [], [], 0)[0]:
            connection.close()
        connection.request("GET", path)
        answer = connection.getresponse()
        content = answer.read()
        ended = time.monotonic()
        if answer.status == 503:
            self.refused += 1
        if answer.status not in {200, 404}:
            self.failures.append((begun, ended, f"{path[:30]} {answer.status}"))
        else:
            self.answers.append((ended, ended - begun))
            if path.startswith("/api/v1/search?"):
                hits = json.loads(content)["hits"]
                self._ids = [hit["record"]["id"] for hit in hits] or self._ids
        return connection

    def _path(self) -> str:
        query = quote(self._random.choice(self._queries))
        # Words alone: marks could be read as parts of an expression.
        words = quote(" ".join(re.findall(r"\w+", self._random.choice(self._queries))[:3]))
        record = quote(self._random.choice(self._ids), safe="")
        return self._random.choices(
            [
                f"/api/v1/search?q={query}",
                f"/?q={query}",
                f"/api/v1/exact?q={words}",
                f"/api/v1/records/{record}",
                f"/api/v1/complete?q={query[:18]}",
                f"/api/v1/suggest?q={query}",
            ],
            [40, 20, 10, 15, 10, 5],
        )[0]


def publish(library: Path, number: int) -> None:
    """One more record: a generation of its own."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        record = {"id": f"load-{number}", "title": f"負荷試験の記録 {number}"}
        file.write(json.dumps(record, ensure_ascii=False) + "\n")
        file.flush()
        subprocess.run(
            [*_COMMAND, "index", file.name, "--library", str(library)],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    subprocess.run(
        [*_COMMAND, "generations", "--library", str(library), "--prune", "2"],
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def measured(options: argparse.Namespace, folder: Path) -> dict[str, object]:
    """The load, with what happens meanwhile, and its report."""
    library = folder / "library"
    shutil.copytree(
        options.library, library, copy_function=os.link if options.link else shutil.copy2
    )
    with options.queries.open(encoding="utf-8") as lines:
        queries = [json.loads(line)["text"][:200] for line in lines][:2000]
    supervisor = Supervisor(library, folder / "collections.db")
    # A suggestion waits for all that is loaded beside the first answers.
    first = http.client.HTTPConnection("127.0.0.1", supervisor.port, timeout=60)
    first.request("GET", f"/api/v1/suggest?q={quote(queries[0])}")
    first.getresponse().read()
    first.close()
    begun = time.monotonic()
    until = begun + options.seconds
    clients = [
        Client(supervisor.port, queries, seed, until, tuple(options.thinking))
        for seed in range(options.clients)
    ]
    for client in clients:
        client.start()
    events: list[tuple[str, float]] = []
    memory: list[int] = []
    worked = supervisor.processor_seconds()
    due = {
        name: begun + every
        for name in ("publish", "restart", "reload", "kill")
        if (every := getattr(options, name))
    }
    publishing: list[threading.Thread] = []
    while time.monotonic() < until:
        time.sleep(0.5)
        memory.append(supervisor.memory())
        for name, moment in due.items():
            # What happens in the last seconds would not be seen through.
            if moment <= time.monotonic() < until - 15:
                due[name] += getattr(options, name)
                events.append((name, time.monotonic()))
                match name:
                    case "publish":
                        made = threading.Thread(target=publish, args=(library, len(events)))
                        made.start()
                        publishing.append(made)
                    case "restart":
                        supervisor.signal(signal.SIGTERM)
                    case "reload":
                        supervisor.signal(signal.SIGHUP)
                    case "kill":
                        supervisor.signal(signal.SIGKILL)
    for thread in (*clients, *publishing):
        thread.join()
    worked = supervisor.processor_seconds() - worked
    supervisor.end()
    return report(options, clients, events, supervisor.ended, memory) | (
        # A process that was started anew has forgotten what the one before did.
        {} if {name for name, _ in events} - {"publish"} else {"processor_s": round(worked, 1)}
    )


def report(
    options: argparse.Namespace,
    clients: list[Client],
    events: list[tuple[str, float]],
    ended: list[float],
    memory: list[int],
) -> dict[str, object]:
    """What the clients saw; ``ended`` are the moments at which processes had ended."""
    answers = sorted(answer for client in clients for answer in client.answers)
    times = sorted(taken for _, taken in answers)
    failures = [failure for client in clients for failure in client.failures]
    kills = [
        (moment, min((end for end in ended if end >= moment), default=moment))
        for name, moment in events
        if name == "kill"
    ]
    cut_off = [f for f in failures if any(f[0] <= end and kill <= f[1] for kill, end in kills)]
    gaps = [
        min((at for at, _ in answers if at > moment), default=moment) - moment
        for _, moment in events
    ]
    tenth = max(1, len(memory) // 10)
    tenths = [memory[at : at + tenth] for at in range(0, len(memory) - tenth + 1, tenth)]
    return {
        "clients": options.clients,
        "thinking_s": options.thinking,
        "seconds": options.seconds,
        "events": {name: sum(n == name for n, _ in events) for name, _ in events},
        "answers": len(answers),
        "answers_per_second": round(len(answers) / options.seconds, 1),
        "p50_ms": round(times[len(times) // 2] * 1000),
        "p95_ms": round(times[int(len(times) * 0.95)] * 1000),
        "p99_ms": round(times[int(len(times) * 0.99)] * 1000),
        "longest_ms": round(times[-1] * 1000),
        "failures": len(failures) - len(cut_off),
        "cut_off_by_kill": len(cut_off),
        "refused_503": sum(client.refused for client in clients),
        "longest_silence_after_an_event_s": round(max(gaps, default=0.0), 1),
        "anonymous_memory_mb": {
            "each_tenth": [round(sum(part) / len(part) / 1024) for part in tenths],
            "most": round(max(memory) / 1024),
        },
        "examples_of_failures": [text for _, _, text in failures[:5]],
    }


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("queries", type=Path, help="JSON Lines with a text each")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument(
        "--thinking",
        type=float,
        nargs=2,
        default=THINKING,
        metavar=("MIN", "MAX"),
        help="seconds that a client waits before its next request",
    )
    parser.add_argument("--link", action="store_true", help="hard links instead of a copy")
    for name, what in (
        ("publish", "a generation"),
        ("restart", "SIGTERM, and started again"),
        ("reload", "SIGHUP"),
        ("kill", "kill -9, and started again"),
    ):
        parser.add_argument(
            f"--{name}", type=float, default=0, metavar="S", help=f"{what}, every S"
        )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measured(options, Path(folder)), ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
