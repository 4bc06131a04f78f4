"""Pages of other sites that may read the API (CORS): none, unless the operator names them."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from flask import Flask
from flask_cors import CORS

_SENT = ["Authorization", "Content-Type", "If-None-Match"]
_READ = ["ETag", "Retry-After", "X-Request-Id"]
# Seconds that a browser remembers what it may send.
_REMEMBERED = 600


def checked_origin(text: str) -> str:
    """An origin as browsers send it: scheme, host and port.

    Raises:
        ValueError: when it is none.
    """
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or f"{parts.scheme}://{parts.netloc}" != text:
        raise ValueError(f"{text!r} is no origin: write scheme and host, as in https://example.org")
    if not parts.hostname or any(c in text for c in "*?$^\\()"):
        raise ValueError(f"{text!r} is no origin: each one is named in full, without wildcards")
    return text


def install(app: Flask, origins: Sequence[str]) -> None:
    """Let pages of ``origins`` read what the API of ``app`` answers. No cookie comes along: they
    sign in with a token."""
    if origins:
        CORS(
            app,
            resources={r"/api/.*": {"origins": list(origins)}},
            allow_headers=_SENT,
            expose_headers=_READ,
            max_age=_REMEMBERED,
            supports_credentials=False,
            send_wildcard=False,
        )
