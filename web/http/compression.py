"""Compressed answers, for clients that take them.

Flask-Compress minds what is easily got wrong: Vary, ETags that name the encoding, streams.
"""

from flask import Flask
from flask_compress import Compress

_TYPES = [
    "application/atom+xml",
    "application/json",
    "application/problem+json",
    "image/svg+xml",
    "text/html",
    "text/plain",
]


def install(app: Flask) -> None:
    """Compress what ``app`` answers with."""
    app.config["COMPRESS_MIMETYPES"] = _TYPES
    app.config["COMPRESS_ALGORITHM"] = ["zstd", "br", "gzip"]
    # Files stay as they are: a set of 100 000 records would keep a core busy, for one client.
    app.config["COMPRESS_STREAMS"] = False
    Compress(app)
