"""Saying no while more is asked than can be answered: 503, and when to come again."""

from typing import Protocol

from flask import Flask, current_app, request
from werkzeug.exceptions import ServiceUnavailable

# In the environment of a request: whether the server has no thread for it in time.
REFUSED = "jmedsearch.refused"
# What a supervisor asks is answered also then: a server that is busy is not to be restarted.
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
_SERVER = "jmedsearch.server"
# Seconds: the queue is answered by then.
_COME_AGAIN = 5


def install(app: Flask) -> None:
    """Refuse requests of ``app`` that its server has no room for."""
    app.before_request(_refuse)


class Server(Protocol):
    """What an application may ask of the server that it runs in."""

    @property
    def waiting(self) -> int:
        """How many requests wait for a thread."""

    @property
    def held(self) -> float:
        """Seconds since a thread for ordinary requests was last free; 0 where one is."""

    @property
    def stuck(self) -> float:
        """Seconds for which no request has got on; 0 where they do."""


def set_server(app: Flask, server: Server | None) -> None:
    """Tell ``app`` in which server it runs."""
    app.extensions[_SERVER] = server


def server(app: Flask) -> Server | None:
    """The server in which ``app`` runs; None where it is asked directly, as in tests."""
    found: Server | None = app.extensions.get(_SERVER)
    return found


def check_moving() -> None:
    """Look whether requests get on.

    Raises:
        ServiceUnavailable: when all threads have long been at work on the same requests.
    """
    running = server(current_app)
    if running is not None and (seconds := running.stuck):
        raise ServiceUnavailable(
            f"no request has got on for {seconds:.0f} s: all threads are at work",
            retry_after=_COME_AGAIN,
        )


def _refuse() -> None:
    if request.environ.get(REFUSED) and request.path not in PROBES:
        raise ServiceUnavailable("too much is asked at once", retry_after=_COME_AGAIN)
