"""Response headers that every answer carries, errors included."""

from flask import Flask, Response

# Nothing is loaded from elsewhere, and nothing inline runs: record text is untrusted.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "connect-src 'self'",
        "img-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    # An address holds the query, and a query can tell of patients: no other site learns it. With
    # "no-referrer" forms of our own would send "Origin: null", as those of other sites may.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def install(app: Flask) -> None:
    """Put the headers on every response of ``app``."""
    app.after_request(_add)


def _add(response: Response) -> Response:
    response.headers.update(_HEADERS)
    if not response.cache_control:
        response.cache_control.private = True
        response.cache_control.no_cache = True
    return response
