"""A server on this machine that speaks the protocols of all sources, well and badly.

It answers from a :class:`~tests.indexer.harvest.works.Shelf`. A fault is played once, for the next
request, in the order in which they were put in.
"""

import re
import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from indexer.harvest.network import Network, read_network
from indexer.harvest.pace import Clock
from tests.indexer.harvest import protocols
from tests.indexer.harvest.works import Shelf

KEY = "a-very-secret-key-0123456789"
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9))
    + b"]><PubmedArticleSet>&j;</PubmedArticleSet>"
)


class Simulated:
    """All sources. ``asked`` are the questions: path, parameters, headers."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.faults: deque[str] = deque()
        self.forgotten: set[str] = set()
        self.asked: list[tuple[str, dict[str, str], Mapping[str, str]]] = []
        # How many answers may be given; then the server waits, and says so, until more may.
        self.allowed: threading.Semaphore | None = None
        self.waiting = threading.Semaphore(0)
        self.answered = threading.Semaphore(0)
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @contextmanager
    def running(self) -> Iterator["Simulated"]:
        thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        thread.start()
        try:
            yield self
        finally:
            if self.allowed:
                self.allowed.release(1_000_000)
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def settings(self, folder: Path, *, key: bool = True, without: tuple[str, ...] = ()) -> Path:
        """A file that allows every source, each at this server."""
        names = [name for name in protocols.BASES if name not in without]
        lines = ['contact = "library@hospital.example"', f"sources = {names}"]
        for name, path in protocols.BASES.items():
            lines += [
                f"[{name}]",
                f'base = "{self.address}{path}"',
                "requests_per_second = 1000",
                *([f'key = "{KEY}"'] if key else []),
            ]
        file = folder / "network.toml"
        file.write_text("\n".join(lines), encoding="utf-8")
        return file

    def network(self, folder: Path, **options: bool) -> Network:
        return read_network(self.settings(folder, **options))

    def answer(self, path: str, asked: dict[str, str]) -> protocols.Answer:
        try:
            if path == "/crossref/works":
                return protocols.crossref_works(self.shelf, asked, self.forgotten)
            if linked := re.fullmatch(r"/europepmc/MED/(\d+)/(references|citations)", path):
                return protocols.europe_pmc_links(self.shelf, linked[1], linked[2], asked)
            return protocols.ROUTES[path](self.shelf, asked)
        except protocols.RefusedError as refused:
            return refused.status, refused.content.encode()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever was killed says no goodbye."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class TurnedClock:
    """A clock that waiting turns."""

    def __init__(self, now: datetime) -> None:
        self.at = now
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += timedelta(seconds=seconds)

    def clock(self) -> Clock:
        begun = datetime(2000, 1, 1, tzinfo=UTC)
        return Clock(lambda: self.at, lambda: (self.at - begun).total_seconds(), self.sleep)


def _handler(simulated: Simulated) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            self._answer(parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)))

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer(urlsplit(self.path).path, dict(parse_qsl(sent, keep_blank_values=True)))

        def _answer(self, path: str, asked: dict[str, str]) -> None:
            if (allowed := simulated.allowed) and not allowed.acquire(blocking=False):
                simulated.waiting.release()
                allowed.acquire()
            simulated.asked.append((path, asked, dict(self.headers)))
            fault = simulated.faults.popleft() if simulated.faults else ""
            status, content = simulated.answer(path, asked)
            try:
                self._send(fault, status, content)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True
            simulated.answered.release()

        def _send(self, fault: str, status: int, content: bytes) -> None:
            kind, _, detail = fault.partition(" ")
            headers = {}
            if kind in ("429", "500", "503", "403"):
                status, content = int(kind), f"busy, said to {KEY}".encode()
                headers = {"Retry-After": detail} if detail else {}
            elif kind == "garbage":
                content = b"<html><body>Please log in to the wireless network</body></html>"
            elif kind == "half":
                content = content[: len(content) // 2]
            elif kind == "bomb":
                content = BOMB
            elif kind == "redirect":
                status, headers = 302, {"Location": detail}
            elif kind == "missing":
                # A record is left out of the answer, though it is there.
                start = content.index(b"<PubmedArticle>")
                end = content.index(b"</PubmedArticle>") + len(b"</PubmedArticle>")
                content = content[:start] + content[end:]
            elif kind == "endless":
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                while True:
                    self.wfile.write(b"100000\r\n" + b"x" * 0x100000 + b"\r\n")
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            length = len(content)
            if kind == "cut":
                # Says more than it sends.
                self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(content[: length // 2])
                self.close_connection = True
                return
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
