"""A waitress server that says so when it is full, and finishes what it has begun before it stops.

waitress by itself queues without end, waits for as long as a client dribbles or does not read, and
drops what is queued when it stops. Three places of it are taken over here: the dispatcher that
hands requests to threads, the channel that receives them, and the loop.
"""

import os
import select
import threading
import time
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher, WSGITask

from web.overload import PROBES, REFUSED
from web.sizes import LARGEST_FILE, MIB

# A query takes milliseconds of a core, so few more threads than cores wait well; with more, each
# waits longer for Python's lock (two cores, 50 clients: 55 answers/s with four, 48 with eight).
THREADS = min(8, (os.cpu_count() or 1) + 2)
# So many requests wait for a thread; at some 30 ms each they are answered within seconds.
LONGEST_QUEUE = 128
# Seconds that a request waits for a thread: by then whoever asked has given up.
PATIENCE = 10.0
# Seconds that a request may take to arrive, and that a client may not read its answer.
RECEIVING = 60.0
_UNREAD = 60
# Room for an address with a query of the greatest length, percent-encoded.
_MAX_HEADER = 262_144
# Connections held at once; most of them idle, kept alive by browsers.
_CONNECTIONS = 1000
_CLEANUP = 5
# Seconds that requests under way at the end are given, and that kept-alive connections are, to
# send one more and to be told that it was the last.
_LAST_ANSWERS = 30.0
KEPT_ALIVE = 2.0

_turn = threading.local()


class BoundedServer(TcpWSGIServer):  # type: ignore[misc] # waitress has no types
    """A WSGI server over a listening socket, with a bounded queue.

    A request that finds the queue full, or has waited for too long, reaches the application with
    :data:`web.overload.REFUSED` in its environment, on a thread of its own: the application says
    so in its own words. Probes take that thread too, so they are answered whatever the load is.
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
        **adjustments: Any,
    ) -> None:
        self.draining = False
        self.receiving = receiving
        self.ending = False
        self._grace = self._deadline = 0.0
        self._dispatcher = _Dispatcher(threads, longest_queue, patience)
        # waitress looks for what is overdue at these intervals.
        adjustments = {"cleanup_interval": _CLEANUP, "channel_timeout": _UNREAD} | adjustments
        super().__init__(
            _marking(application),
            map={},
            _sock=listening,
            dispatcher=self._dispatcher,
            adj=Adjustments(
                sockets=[listening],
                asyncore_use_poll=True,
                connection_limit=_CONNECTIONS,
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
        return len(self._dispatcher.queue)

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
        self._deadline = moment if self.ending else moment + _LAST_ANSWERS
        self._grace = moment + kept_alive
        self.ending = True
        self.pull_trigger()

    def close(self) -> None:
        """End what is left: threads once they have answered, connections, the socket."""
        self._dispatcher.shutdown()
        for channel in list(self.active_channels.values()):
            channel.handle_close()
        super().close()

    def maintenance(self, now: float) -> None:
        """Close connections that are idle, dribble a request or do not read the answer."""
        super().maintenance(now)
        for channel in list(self.active_channels.values()):
            unread = channel.total_outbufs_len and channel.last_activity < now - _UNREAD
            if unread or channel.is_dribbling(self.receiving):
                channel.will_close = True

    def _turn_over(self, seconds: float) -> None:
        wasyncore.loop(timeout=seconds, use_poll=True, map=self._map, count=1)

    def _drain(self) -> None:
        self.draining = True
        # Who has been let in by the kernel is answered; where a supervisor or a successor holds the
        # socket too, it goes on letting in.
        while _is_readable(self.socket):
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


class _Channel(HTTPChannel):  # type: ignore[misc]
    """A connection that knows since when a request has been arriving on it."""

    task_class = _Task
    _begun = 0.0

    def received(self, data: bytes) -> Any:
        """Take in a part of a request."""
        if self.request is None:
            self._begun = time.monotonic()
        return super().received(data)

    def is_dribbling(self, seconds: float) -> bool:
        """Whether a request has been arriving for longer than ``seconds``."""
        return self.request is not None and time.monotonic() - self._begun > seconds

    def is_idle(self) -> bool:
        """Whether nothing is being received, answered or sent."""
        return not (self.requests or self.request is not None or self.total_outbufs_len)


class _Dispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]
    """Hands requests to threads; what the queue has no room for goes to one of its own."""

    def __init__(self, threads: int, longest_queue: int, patience: float) -> None:
        super().__init__()
        self._longest = longest_queue
        self._patience = patience
        self._aside = ThreadedTaskDispatcher()
        self._aside.set_thread_count(1)
        self.set_thread_count(threads)

    def add_task(self, task: Any) -> None:
        """Queue a channel whose first request is to be answered."""
        if task.requests[0].path in PROBES:
            self._aside.add_task(_Waiting(task, None))
        elif len(self.queue) >= self._longest:
            self._aside.add_task(_Waiting(task, 0.0))
        else:
            super().add_task(_Waiting(task, self._patience))

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        """End the threads, each after the request that it answers."""
        self._aside.shutdown(cancel_pending, timeout)
        return bool(super().shutdown(cancel_pending, timeout))


class _Waiting:
    """A channel in a queue: refused once it has waited for ``patience`` seconds (None: never)."""

    def __init__(self, channel: Any, patience: float | None) -> None:
        self._channel = channel
        self._until = None if patience is None else time.monotonic() + patience

    def service(self) -> None:
        _turn.refused = self._until is not None and time.monotonic() >= self._until
        self._channel.service()

    def cancel(self) -> None:
        self._channel.cancel()


def _marking(application: Any) -> Any:
    """``application``, told of each request whether it is to be refused."""

    def marked(environ: dict[str, Any], start_response: Any) -> Any:
        environ[REFUSED] = getattr(_turn, "refused", False)
        return application(environ, start_response)

    return marked


def _is_readable(listening: Any) -> bool:
    poll = select.poll()
    poll.register(listening.fileno(), select.POLLIN)
    return bool(poll.poll(0))
