"""A waitress server that says so when it is full, and finishes what it has begun before it stops.

waitress by itself queues without end, waits for as long as a client dribbles or does not read, and
drops what is queued when it stops. Its public interface has no place for anything else, so four
parts of it are taken over here: what hands requests to threads, the channel that receives them,
the parser of their head, and the loop. They are private; the version is pinned, and a test compares
them with those that this was written against. What other servers offer instead, as measured, is in
docs/operating.md.
"""

import errno
import logging
import os
import re
import select
import sys
import time
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import WSGITask
from waitress.utilities import BadRequest

from web.http.overload import PROBES, REFUSED
from web.http.sizes import LARGEST_FILE, MIB
from web.server import connections
from web.server.lanes import Lane, Lanes

# A query takes milliseconds of a core, so few more threads than cores wait well; with more, each
# waits longer for Python's lock (two cores, 50 clients: 55 answers/s with four, 48 with eight).
THREADS = min(8, (os.cpu_count() or 1) + 2)
# So many requests wait for a thread; at some 30 ms each they are answered within seconds.
LONGEST_QUEUE = 128
# Seconds that a request waits for a thread: by then whoever asked has given up.
PATIENCE = 10.0
# Requests with a password are hashed one at a time, 0.1 s each.
LONGEST_PASSWORD_QUEUE = 64
# Seconds that a request may take to arrive, and that a client may not read its answer.
RECEIVING = 60.0
_UNREAD = 60
# Room for an address with a query of the greatest length, percent-encoded.
_MAX_HEADER = 262_144
_CLEANUP = 5
# Seconds that requests under way at the end are given, and that kept-alive connections are, to
# send one more and to be told that it was the last.
LAST_ANSWERS = 25.0
KEPT_ALIVE = 2.0
# Seconds between two lines about the same want of descriptors, and until it is tried again.
_LINE_EVERY = 60.0
_BREATH = 0.5
_NO_DESCRIPTOR = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
# Where a request begins: after blank lines, with a method.
_BEGINS = re.compile(rb"[\r\n]*(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]|\Z)")
_FIRST_LINE = re.compile(rb"[\r\n]*[^\s]+ [^\s]+(?: HTTP/\d\.\d)?\r?\n")
_TLS_HANDSHAKE = b"\x16"

_log = logging.getLogger("jmedsearch.server")


class BoundedServer(TcpWSGIServer):  # type: ignore[misc] # waitress has no types
    """A WSGI server over a listening socket, with bounded queues.

    A request that finds its queue full, or has waited for too long, reaches the application at that
    moment with :data:`web.http.overload.REFUSED` in its environment, on a thread that does nothing
    else: the application says so in its own words. Probes have a thread of their own, and so have
    POST requests to the paths ``with_passwords``. Connections of ``trusted_proxy`` are many
    clients'.
    """

    def __init__(
        self,
        application: Any,
        listening: Any,
        *,
        threads: int = THREADS,
        longest_queue: int = LONGEST_QUEUE,
        patience: float = PATIENCE,
        receiving: float = RECEIVING,
        with_passwords: frozenset[str] = frozenset(),
        half_open: int = connections.HALF_OPEN,
        most_connections: int | None = None,
        trusted_proxy: str = "",
        **adjustments: Any,
    ) -> None:
        self.draining = False
        self.receiving = receiving
        self.ending = False
        self.patience = patience
        self._grace = self._deadline = 0.0
        self._half_open = half_open
        self._most = most_connections or connections.room()
        self._proxy = connections.source(trusted_proxy)
        self._with_passwords = with_passwords
        self._no_line_until = self._paused_until = 0.0
        self._lanes = Lanes(
            {
                "requests": Lane(threads, longest_queue, patience),
                "passwords": Lane(1, LONGEST_PASSWORD_QUEUE, patience),
                "probes": Lane(1, longest_queue, patience),
            }
        )
        # waitress looks for what is overdue at these intervals.
        adjustments = {"cleanup_interval": _CLEANUP, "channel_timeout": _UNREAD} | adjustments
        if trusted_proxy:
            adjustments["trusted_proxy"] = trusted_proxy
        super().__init__(
            _marking(application, self._lanes),
            map={},
            _sock=listening,
            dispatcher=self._lanes,
            adj=Adjustments(
                sockets=[listening],
                asyncore_use_poll=True,
                # Who is closed where there are too many is decided here, not who is not let in.
                connection_limit=2 * connections.MOST + 100,
                max_request_header_size=_MAX_HEADER,
                max_request_body_size=LARGEST_FILE + MIB,
                **adjustments,
            ),
            sockinfo=(listening.family, listening.type, listening.proto, listening.getsockname()),
            bind_socket=False,
        )
        self.channel_class = _Channel

    @property
    def waiting(self) -> int:
        """How many requests wait for a thread."""
        return self._lanes.waiting

    @property
    def stuck(self) -> float:
        """Seconds for which no request has got on: all threads at work on the same ones for longer
        than a request waits, or one that has waited for half of that; else 0."""
        held, waited = self._lanes.held, self._lanes.longest_wait
        if held > self.patience or waited > self.patience / 2:
            return max(held, waited)
        return 0.0

    @property
    def held(self) -> float:
        """Seconds since a thread for ordinary requests was last free; 0 where one is."""
        return self._lanes.held

    def run(self) -> None:
        """Answer requests until :meth:`stop`, then those under way."""
        while not self.ending:
            self._turn_over(1.0)
        self._drain()

    def stop(self, kept_alive: float = 0.0) -> None:
        """Have :meth:`run` end; safe in a signal handler. Clients that keep a connection alive have
        ``kept_alive`` seconds for one more request, whose answer says that the connection ends. A
        second call ends at once."""
        moment = time.monotonic()
        self._deadline = moment if self.ending else moment + LAST_ANSWERS
        self._grace = moment + kept_alive
        self.ending = True
        self.pull_trigger()

    def close(self, seconds: float = 5.0) -> int:
        """End what is left: threads once they have answered, connections, the socket. How many
        threads are still at work after ``seconds``."""
        left = self._lanes.end(seconds)
        for channel in list(self.active_channels.values()):
            channel.handle_close()
        super().close()
        return left

    def add_task(self, task: Any) -> None:
        """Queue a channel whose first request is to be answered."""
        request = task.requests[0]
        if request.error:
            self._lanes.add_refused(task)  # that is told in no time, without the application
        elif request.path in PROBES:
            self._lanes.add(task, "probes")
        elif request.command == "POST" and request.path in self._with_passwords:
            self._lanes.add(task, "passwords")
        else:
            self._lanes.add(task, "requests")

    def readable(self) -> bool:
        """Whether newcomers are let in: not in the moment after descriptors have run out."""
        return bool(super().readable()) and time.monotonic() >= self._paused_until

    def handle_accept(self) -> None:
        """Let a connection in; one that has long been idle makes room where there are too many."""
        try:
            accepted = self.accept()
        except OSError as error:
            self._cannot_accept(error)
            return
        if accepted is None:
            return
        connection, address = accepted
        try:
            self.set_socket_options(connection)
        except OSError:  # it has gone already
            connection.close()
            return
        newcomer = self.channel_class(self, connection, address, self.adj, map=self._map)
        goes = connections.superfluous(
            newcomer, self.active_channels.values(), self._most, self._half_open, self._proxy
        )
        if goes is not None:
            goes.handle_close()

    def maintenance(self, now: float) -> None:
        """Close connections that are idle, dribble a request or do not read the answer."""
        super().maintenance(now)
        for channel in list(self.active_channels.values()):
            if channel.total_outbufs_len and channel.last_activity < now - _UNREAD:
                channel.will_close = True
            elif channel.is_dribbling(self.receiving):
                channel.give_up()

    def _cannot_accept(self, error: OSError) -> None:
        moment = time.monotonic()
        if error.errno in _NO_DESCRIPTOR:
            goes = connections.least_needed(self.active_channels.values())
            if goes is not None:
                goes.handle_close()
            else:
                self._paused_until = moment + _BREATH
        if moment >= self._no_line_until:
            self._no_line_until = moment + _LINE_EVERY
            _log.warning(
                "a connection could not be accepted (%s); where it is for want of descriptors, "
                "raise the limit of open files (LimitNOFILE=, ulimit -n)",
                error.strerror,
            )

    def _turn_over(self, seconds: float) -> None:
        wasyncore.loop(timeout=seconds, use_poll=True, map=self._map, count=1)

    def _drain(self) -> None:
        self.draining = True
        # Who has been let in by the kernel is answered; where a supervisor or a successor holds the
        # socket too, it goes on letting in.
        while _is_readable(self.socket) and time.monotonic() >= self._paused_until:
            self.handle_accept()
        self.del_channel()
        self.socket.close()
        while self.active_channels and time.monotonic() < self._deadline:
            if time.monotonic() >= self._grace:
                for channel in list(self.active_channels.values()):
                    if channel.is_idle():
                        channel.will_close = True
            self._turn_over(0.05)


class _Task(WSGITask):  # type: ignore[misc]
    """A request on its thread; while the server drains, its connection's last one."""

    def start(self) -> None:
        super().start()
        if self.channel.server.draining:
            self.set_close_on_finish()


class _Parser(HTTPRequestParser):  # type: ignore[misc]
    """A request's head, as clients really send it."""

    completed: bool = False
    # Of a request that cannot be read.
    path = ""
    command = ""

    def received(self, data: bytes) -> int:
        """Take in a part of a request. What is no HTTP is told so at its first byte: waiting for
        the end of a head, which never comes, would keep the client for a minute."""
        taken = int(super().received(data))
        if not self.completed and self.body_rcv is None and (what := _no_http(self.header_plus)):
            self.error = BadRequest(f"this port speaks HTTP, and was sent {what}")
            self.completed = True
        return taken

    def give_up(self) -> None:
        """Have the answer be that it took too long."""
        self.error = _RequestTimeout("the request took too long to arrive")
        self.completed = True

    def parse_header(self, header_plus: bytes) -> None:
        """Read the head. An address may hold letters as they are typed into curl, in UTF-8: they
        are percent-encoded, as a browser does."""
        method, space, rest = header_plus.partition(b" ")
        line, end, fields = rest.partition(b"\r\n")
        if not line.isascii():
            line = re.sub(rb"[\x80-\xff]", lambda found: b"%%%02X" % ord(found[0]), line)
        try:
            super().parse_header(method + space + line + end + fields)
        except ValueError as error:  # an address that is none, a length of 5 000 digits
            raise ParsingError("the head cannot be read") from error


class _RequestTimeout(BadRequest):  # type: ignore[misc]
    code = 408
    reason = "Request Timeout"


class _Channel(HTTPChannel):  # type: ignore[misc]
    """A connection that knows since when a request has been arriving on it."""

    task_class = _Task
    parser_class = _Parser
    request: _Parser | None = None

    def __init__(self, server: Any, sock: Any, addr: Any, adj: Any, map: Any = None) -> None:  # noqa: A002 - waitress calls it so
        self.source = connections.source(addr[0])
        self._begun = time.monotonic()
        self._has_asked = False
        super().__init__(server, sock, addr, adj, map=map)

    def received(self, data: bytes) -> Any:
        """Take in a part of a request."""
        if self.request is None:
            self._begun = time.monotonic()
        taken = super().received(data)
        if self.request is None:
            self._has_asked = True
        return taken

    def give_up(self) -> None:
        """Answer the request that is arriving, unless it is there by now: it took too long."""
        with self.requests_lock:
            if self.request is None or self.requests:
                return
            self.request.give_up()
            self.requests.append(self.request)
            self.request = None
        self.server.add_task(self)

    def handle_error(self) -> None:
        """End the connection after a mistake of ours; what was sent on it is not written down."""
        kind = sys.exc_info()[0]
        _log.error("a connection was ended: %s", kind.__name__ if kind else "error")
        self.handle_close()

    def is_dribbling(self, seconds: float) -> bool:
        """Whether a request has been arriving for longer than ``seconds``."""
        return self.request is not None and time.monotonic() - self._begun > seconds

    def is_idle(self) -> bool:
        """Whether nothing is being received, answered or sent."""
        return not (self.requests or self.request is not None or self.total_outbufs_len)

    def is_half_open(self) -> bool:
        """Whether it has not sent a whole request yet, or is sending one."""
        if self.requests or self.total_outbufs_len:
            return False
        return self.request is not None or not self._has_asked

    def idle_since(self) -> float:
        """When its last request began to arrive; without one, when it was opened."""
        return self._begun


def _marking(application: Any, lanes: Lanes) -> Any:
    """``application``, told of each request whether it is to be refused."""

    def marked(environ: dict[str, Any], start_response: Any) -> Any:
        environ[REFUSED] = lanes.refused
        return application(environ, start_response)

    return marked


def _no_http(head: bytes) -> str:
    """What the beginning of a request's head is, if it cannot become one; else nothing. Waiting for
    the end of it, which never comes, would keep the client for a minute."""
    if head.startswith(_TLS_HANDSHAKE):
        return "TLS"
    if not _BEGINS.match(head) or (b"\n" in head.lstrip(b"\r\n") and not _FIRST_LINE.match(head)):
        return "something else"
    return "lines that end without CR" if b"\n\n" in head else ""


def _is_readable(listening: Any) -> bool:
    poll = select.poll()
    poll.register(listening.fileno(), select.POLLIN)
    return bool(poll.poll(0))
