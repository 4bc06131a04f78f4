"""The server under load and at its end: nobody waits without end, nothing begun is dropped."""

import errno
import hashlib
import http.client
import inspect
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from importlib.metadata import version
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import BaseWSGIServer, TcpWSGIServer
from waitress.task import Task, WSGITask

from tests.waiting import LONG, until
from web.http.overload import REFUSED
from web.server import connections
from web.server.bounded_server import BoundedServer, _Parser

pytestmark = pytest.mark.slow


class Slow:
    """An application that answers when it is allowed to."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.begun = threading.Semaphore(0)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        if environ[REFUSED]:
            start_response("503 Service Unavailable", [("Content-Length", "7")])
            return [b"refused"]
        if environ["PATH_INFO"] == "/slow":
            self.begun.release()
            self.go_on.wait(LONG)
        start_response("200 OK", [("Content-Length", "4")])
        return [b"done"]


@contextmanager
def running(application: Any, **options: Any) -> Iterator[tuple[BoundedServer, int]]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = BoundedServer(application, listening, **options)
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            yield server, listening.getsockname()[1]
        finally:
            server.stop()
            server.stop()
            thread.join(LONG)
            server.close()
            assert not thread.is_alive()


def get(port: int, path: str, method: str = "GET") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONG)
    connection.request(method, path)
    response = connection.getresponse()
    answer = response.status, response.read()
    connection.close()
    return answer


class Asked(threading.Thread):
    """A request that is answered in its own time."""

    def __init__(self, port: int, path: str, method: str = "GET") -> None:
        super().__init__()
        self._asked = port, path, method
        self.answer: tuple[int, bytes] | None = None
        self.start()

    def run(self) -> None:
        self.answer = get(*self._asked)


def test_a_full_queue_is_refused_at_once_and_probes_are_not() -> None:
    slow = Slow()
    with running(slow, threads=1, longest_queue=2) as (server, port):
        first = Asked(port, "/slow")
        assert slow.begun.acquire(timeout=LONG)
        queued = [Asked(port, "/quick") for _ in range(2)]
        until(lambda: server.waiting == 2)
        assert get(port, "/quick") == (503, b"refused")
        assert get(port, "/healthz") == (200, b"done")
        slow.go_on.set()
        for asked in (first, *queued):
            asked.join(LONG)
            assert asked.answer == (200, b"done")


def test_what_has_waited_for_too_long_is_refused_while_no_thread_is_free() -> None:
    slow = Slow()
    with running(slow, threads=1, patience=0.05) as (server, port):
        first = Asked(port, "/slow")
        assert slow.begun.acquire(timeout=LONG)
        assert get(port, "/quick") == (503, b"refused")
        assert first.answer is None
        # Nothing has got on for longer than a request waits.
        until(lambda: server.stuck)
        slow.go_on.set()
        first.join(LONG)
        assert first.answer == (200, b"done")
        until(lambda: not server.held)
        assert not server.stuck


def test_passwords_have_a_thread_of_their_own() -> None:
    slow = Slow()
    with running(slow, threads=1, with_passwords=frozenset({"/slow"})) as (_, port):
        first = Asked(port, "/slow", "POST")
        assert slow.begun.acquire(timeout=LONG)
        second = Asked(port, "/slow", "POST")
        assert get(port, "/quick") == (200, b"done")
        slow.go_on.set()
        for asked in (first, second):
            asked.join(LONG)
            assert asked.answer == (200, b"done")


def test_threads_that_do_not_end_are_left_behind() -> None:
    slow = Slow()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = BoundedServer(slow, listening, threads=2)
        thread = threading.Thread(target=server.run)
        thread.start()
        with socket.create_connection(listening.getsockname()) as client:
            client.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            assert slow.begun.acquire(timeout=LONG)
            server.stop()
            server.stop()
            thread.join(LONG)
            assert not thread.is_alive()
            assert server.close(0.05) == 1
        slow.go_on.set()


def answer(port: int, sent: bytes) -> bytes:
    """All that comes back until the server closes."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=LONG) as client:
        client.sendall(sent)
        try:
            while more := client.recv(4096):
                received += more
        except ConnectionResetError:
            pass
    return received


def test_who_dribbles_a_request_is_told_and_cut_off() -> None:
    with running(Slow(), receiving=0.1, cleanup_interval=0) as (_, port):
        received = answer(port, b"GET / HTTP/1.1\r\nHost: a\r\nX: ")
        assert received.startswith(b"HTTP/1.0 408 ")


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
        b"\x00\x01garbage",
        b"hello\r\n",
        b"GET / HTTP/1.1\nHost: a\n\n",
        b"GET http://[::1/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    ],
)
def test_what_is_no_request_is_told_so_at_once(sent: bytes) -> None:
    with running(Slow()) as (_, port):
        assert answer(port, sent).split(b" ")[1] == b"400"
        assert get(port, "/quick") == (200, b"done")


@given(st.binary(min_size=1, max_size=300))
def test_no_bytes_end_the_parser(sent: bytes) -> None:
    parser = _Parser(Adjustments())
    while sent and not parser.completed:
        sent = sent[max(1, parser.received(sent)) :]
    assert parser.path is not None


def holds(server: BoundedServer, many: int) -> bool:
    return len(server.active_channels) == many


class TestConnections:
    """Connections over which nothing comes, and those who open them."""

    def test_those_of_one_address_are_limited(self) -> None:
        half = b"GET / HTTP/1.1\r\nHost: a\r\nX: "
        with running(Slow(), half_open=3) as (server, port), ExitStack() as held:
            clients = []
            for number in range(5):
                client = held.enter_context(
                    socket.create_connection(("127.0.0.1", port), timeout=LONG)
                )
                clients.append(client)
                client.sendall(half)
                many = min(number + 1, 3)
                until(partial(holds, server, many))
            # The oldest went; who has come last is answered.
            for client in clients[:2]:
                with suppress(ConnectionResetError):
                    assert client.recv(100) == b""
            clients[-1].sendall(b"y\r\n\r\n")
            assert clients[-1].recv(100).startswith(b"HTTP/1.1 200")
            assert get(port, "/quick") == (200, b"done")

    def test_idle_ones_make_room(self) -> None:
        with running(Slow(), most_connections=3) as (_, port), ExitStack() as held:
            idle = []
            for _ in range(4):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONG)
                held.callback(connection.close)
                connection.request("GET", "/quick")
                assert connection.getresponse().read() == b"done"
                assert connection.sock
                idle.append(connection.sock)
            assert idle[0].recv(100) == b""
            assert get(port, "/quick") == (200, b"done")

    def test_without_descriptors_the_oldest_goes_and_one_line_is_written(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        failures = iter(range(3))
        with running(Slow()) as (server, port), ExitStack() as held:
            oldest = held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=LONG))
            until(lambda: server.active_channels)
            accept = server.accept

            def failing() -> Any:
                if next(failures, None) is not None:
                    raise OSError(errno.EMFILE, "Too many open files")
                return accept()

            monkeypatch.setattr(server, "accept", failing)
            assert get(port, "/quick") == (200, b"done")
            assert oldest.recv(100) == b""
        lines = [record for record in caplog.records if "could not be accepted" in record.message]
        assert len(lines) == 1
        assert "LimitNOFILE" in lines[0].message

    @pytest.mark.parametrize(
        ("address", "counted"),
        [
            ("192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("fe80::1%eth0", "fe80::/64"),
        ],
    )
    def test_a_host_has_many_addresses(self, address: str, counted: str) -> None:
        assert connections.source(address) == counted


# SHA-256 of the private parts of waitress that the server takes over or relies on.
_WRITTEN_AGAINST = "b2ef81fb402d5f4fa523f0647119ea823ae2c97d8ce2626a82723c5981053649"


def test_waitress_is_the_one_that_this_was_written_against() -> None:
    parts = (HTTPChannel, HTTPRequestParser, BaseWSGIServer, TcpWSGIServer, Task, WSGITask)
    source = "".join(inspect.getsource(part) for part in (*parts, wasyncore.poll2))
    assert version("waitress") == "3.0.2"
    assert hashlib.sha256(source.encode()).hexdigest() == _WRITTEN_AGAINST, (
        "waitress has changed where web/server/bounded_server.py takes it over: read what changed, "
        "run this module and tests/web/desk/test_served.py, and only then write the new sum here"
    )


def test_a_stop_finishes_what_is_under_way_and_queued() -> None:
    slow = Slow()
    with running(slow, threads=1) as (server, port):
        first = Asked(port, "/slow")
        assert slow.begun.acquire(timeout=LONG)
        second = Asked(port, "/quick")
        until(lambda: server.waiting)
        server.stop()
        until(lambda: server.draining)
        slow.go_on.set()
        for asked in (first, second):
            asked.join(LONG)
            assert asked.answer == (200, b"done")
        with pytest.raises(ConnectionError):
            get(port, "/quick")


def test_kept_alive_connections_are_told_that_they_end() -> None:
    with running(Slow()) as (server, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONG)
        closing = []
        for _ in range(2):
            connection.request("GET", "/quick")
            response = connection.getresponse()
            assert response.read() == b"done"
            closing.append(response.getheader("Connection"))
            server.stop(kept_alive=2.0)
            until(lambda: server.draining)
        assert closing == [None, "close"]
        connection.close()
