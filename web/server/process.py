"""Serving an application: one process with threads, behind waitress.

SIGTERM and Ctrl-C finish the requests under way; SIGHUP, where no terminal is closed, exchanges
the process for a new one that goes on with the same socket.
"""

import errno
import ipaddress
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

from flask import Flask
from threadpoolctl import threadpool_limits

from web.http import overload
from web.server import supervision
from web.server.bounded_server import KEPT_ALIVE, LAST_ANSWERS, BoundedServer

FIRST_PORT = 8000
_PORTS_TRIED = 100
# Seconds that threads are given to end once their connections have been closed.
_LAST_ANSWER = 3.0
# Seconds after a signal when the process ends, whatever it is doing.
END = LAST_ANSWERS + _LAST_ANSWER + 1.0
# Requests with a password: hashing takes a core for a tenth of a second, and 64 MiB.
_WITH_PASSWORDS = frozenset(
    {
        *("/sign-in", "/account/password", "/account/mail", "/start/account", "/users"),
        *("/invitation", "/password"),
    }
)
# Connections that the kernel keeps until they are accepted: a reload takes seconds.
_BACKLOG = 1024


_log = logging.getLogger("jmedsearch.server")


class ServeError(ValueError):
    """A server that cannot be started: says why and what to do."""


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens on ``host``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def listen(host: str, port: int | None) -> socket.socket:
    """A socket bound to ``port``, or to the first free one from :data:`FIRST_PORT`.

    Raises:
        ServeError: when the port is taken, or the host is not this machine's.
    """
    for candidate in (port,) if port is not None else range(FIRST_PORT, FIRST_PORT + _PORTS_TRIED):
        try:
            return _bound(host, candidate)
        except OSError as error:
            if port is None and not isinstance(error, socket.gaierror) and _is_taken(error):
                continue
            raise ServeError(_reason(host, candidate, error)) from error
    raise ServeError(
        f"ports {FIRST_PORT} to {FIRST_PORT + _PORTS_TRIED - 1} of {host} are all taken: "
        "name another with --port"
    )


def prepare_signals() -> None:
    """Have a reload that is asked for before the service is ready change nothing, where nobody
    sits at a terminal."""
    if not supervision.has_terminal():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)


def serve(
    app: Flask,
    listening: socket.socket,
    announce: Callable[[str], None],
    trusted_proxy: str = "",
) -> None:
    """Answer requests until a signal ends that, then those under way.

    ``announce`` is told the address once it works. ``trusted_proxy`` is the address of a proxy
    that says by which host and scheme it was asked.
    """
    # Requests have all cores already: BLAS would divide each product among as many threads of its
    # own, which wait for one another in a busy loop (half of a page's time on two cores).
    threadpool_limits(1, user_api="blas")
    host, port = listening.getsockname()[:2]
    if is_loopback(host) and not trusted_proxy:
        # A page elsewhere that gives its name our address (DNS rebinding) is not answered.
        app.config["TRUSTED_HOSTS"] = ["localhost", "127.0.0.1", "[::1]", host]
    # The client's own address is not asked for: REMOTE_ADDR stays the proxy's, by which its word
    # on who the user is can be told from a stranger's. X-Forwarded-For is left in the environment
    # for web.http.clients, which believes it of the proxy alone, and what strangers send for
    # web.http.access, which refuses it where there are no accounts.
    proxy: dict[str, Any] = (
        {
            "trusted_proxy": trusted_proxy,
            "trusted_proxy_headers": {"x-forwarded-proto", "x-forwarded-host"},
        }
        if trusted_proxy
        else {}
    )
    server = BoundedServer(
        app,
        listening,
        ident="jmedsearch",
        with_passwords=_WITH_PASSWORDS,
        clear_untrusted_proxy_headers=False,
        **proxy,
    )
    overload.set_server(app, server)
    end = _on_signals(server, listening)
    announce(f"http://{f'[{host}]' if ':' in host else host}:{port}/")
    supervision.notify("READY=1")
    try:
        server.run()
    finally:
        left = server.close(_LAST_ANSWER)
    # An interpreter that ends while a thread still gives back its OpenVINO request tears it out of
    # C++, and the process aborts: one that has threads left is not taken down in order.
    if left:
        _log.warning("%d threads were still at work and were cut off", left)
    if left or end.reloading:
        end.now()


class _End:
    """How the process ends: as the last act of :func:`serve`, or by itself once its time is over,
    whatever runs. What has been acknowledged is on the disk; a change under way is rolled back."""

    def __init__(self) -> None:
        # A descriptor of the socket, once a reload is asked for.
        self.reloading: list[int] = []
        self._ending = threading.Lock()

    def within(self, seconds: float) -> None:
        """Have the process end after so many seconds."""
        timer = threading.Timer(seconds, self._overdue)
        timer.daemon = True
        timer.start()
        # And by the kernel's hand where even that is held up, by a log that nobody reads.
        signal.setitimer(signal.ITIMER_REAL, seconds + 1.0)

    def _overdue(self) -> None:
        _log.warning("the process did not end in time; what it was doing is cut off")
        self.now()

    def now(self) -> None:
        """End, or become the successor, without waiting for anything."""
        with self._ending:
            if self.reloading:
                signal.setitimer(signal.ITIMER_REAL, 0)  # it would outlast the exchange
                supervision.succeed(self.reloading[0])
            logging.shutdown()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)


def _on_signals(server: BoundedServer, listening: socket.socket) -> _End:
    """End ``server`` by signals; what is returned ends the process."""
    ending = _End()

    def end(number: int, _: object) -> None:
        if not server.ending:
            ending.within(END)
        # At a terminal nobody waits for connections that browsers keep alive.
        server.stop(0.0 if number == signal.SIGINT else KEPT_ALIVE)
        ending.reloading.clear()
        supervision.notify("STOPPING=1")

    def reload(*_: object) -> None:
        # A service that ends already is not loaded anew.
        if not server.ending:
            ending.within(END)
            server.stop(KEPT_ALIVE)
            ending.reloading.append(os.dup(listening.fileno()))
            supervision.notify("RELOADING=1")

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    if not supervision.has_terminal():
        signal.signal(signal.SIGHUP, reload)
    return ending


def _bound(host: str, port: int) -> socket.socket:
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        # Bound is not enough: two could bind before one listens.
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening


def _is_taken(error: OSError) -> bool:
    return error.errno == errno.EADDRINUSE


def _reason(host: str, port: int, error: OSError) -> str:
    if _is_taken(error):
        return f"port {port} of {host} is taken: name another with --port, or leave --port out"
    return f"cannot listen on {host}, port {port}: {error.strerror or error}"
