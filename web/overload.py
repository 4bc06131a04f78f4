"""Saying no while more is asked than can be answered: 503, and when to come again."""

from flask import Flask, request
from werkzeug.exceptions import ServiceUnavailable

# In the environment of a request: whether the server has no thread for it in time.
REFUSED = "jmedsearch.refused"
# What a supervisor asks is answered also then: a server that is busy is not to be restarted.
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
# Seconds: the queue is answered by then.
_COME_AGAIN = 5


def install(app: Flask) -> None:
    """Refuse requests of ``app`` that its server has no room for."""
    app.before_request(_refuse)


def _refuse() -> None:
    if request.environ.get(REFUSED) and request.path not in PROBES:
        raise ServiceUnavailable("too much is asked at once", retry_after=_COME_AGAIN)
