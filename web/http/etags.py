"""ETags of JSON answers: a client that has the answer already is told so, without its body."""

from flask import Flask, Response, request


def install(app: Flask) -> None:
    """Answer 304 to If-None-Match where an answer of the API is the same as before."""
    app.after_request(_tag)


def _tag(response: Response) -> Response:
    if (
        request.method in {"GET", "HEAD"}
        and request.path.startswith("/api/")
        and response.status_code == 200
        and response.mimetype == "application/json"
        and not response.is_streamed
        # A file that the server sends by itself: its content is not at hand here.
        and not response.direct_passthrough
    ):
        response.add_etag()
        response.make_conditional(request)
    return response
