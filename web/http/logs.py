"""What the server writes about its work: a line a request, with an id that its answer carries too.

Queries can reveal patients: neither addresses nor messages of exceptions, which can hold queries,
are written, unless the operator asks for queries. A route stands as it is declared
(``/records/<id:record_id>``), not as it was asked for.
"""

import json
import logging
import re
import secrets
import sys
import time
import traceback
from datetime import UTC, datetime
from typing import Any, Literal

from flask import Flask, Response, current_app, g, has_request_context, request

from web.http import access
from web.http.clients import came_through, client_address

LogFormat = Literal["text", "json"]
_requests = logging.getLogger("jmedsearch.requests")
# An id that a proxy gives, so that its log and ours can be read together.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_FIELDS = ("method", "route", "status", "seconds", "bytes", "client", "access", "query")


def configure(log_format: LogFormat) -> None:
    """Write warnings and errors as text, or everything as JSON Lines, to standard error."""
    if log_format == "text":
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("jmedsearch").setLevel(logging.INFO)


def install(app: Flask, *, with_queries: bool = False) -> None:
    """Number the requests of ``app`` and log each; ``with_queries`` adds what was searched for."""
    app.config["LOG_QUERIES"] = with_queries
    app.before_request(_begin)
    app.after_request(_end)


def request_id() -> str:
    """The id of this request; empty outside of one."""
    return str(g.get("request_id", "")) if has_request_context() else ""


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON. Of an exception its kind and where it was raised, not what it
    says."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        moment = datetime.fromtimestamp(record.created, UTC)
        entry: dict[str, Any] = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if asked := request_id():
            entry["request"] = asked
        entry |= {name: getattr(record, name) for name in _FIELDS if hasattr(record, name)}
        if record.exc_info and record.exc_info[0] is not None:
            kind, _, trace = record.exc_info
            entry["error"] = kind.__name__
            entry["trace"] = "".join(traceback.format_tb(trace))
        return json.dumps(entry, ensure_ascii=False)


def _begin() -> None:
    proxy = _proxy()
    given = request.headers.get("X-Request-Id", "")
    believed = came_through(proxy) and _REQUEST_ID.fullmatch(given)
    g.request_id = given if believed else secrets.token_hex(8)
    g.began = time.monotonic()


def _end(response: Response) -> Response:
    if "began" not in g:
        return response
    response.headers["X-Request-Id"] = g.request_id
    if _requests.isEnabledFor(logging.INFO):
        rule = request.url_rule
        found = g.get("identity")
        entry = {
            "method": request.method,
            "route": rule.rule if rule else "",
            "status": response.status_code,
            "seconds": round(time.monotonic() - g.began, 4),
            "client": client_address(_proxy()),
            "access": found.kind if found else "",
        }
        if response.content_length is not None:
            entry["bytes"] = response.content_length
        if current_app.config["LOG_QUERIES"]:
            entry["query"] = request.args.get("q", "")
        _requests.info("request", extra=entry)
    return response


def _proxy() -> str:
    admission: access.Admission = current_app.config["ADMISSION"]
    return admission.trusted_proxy
