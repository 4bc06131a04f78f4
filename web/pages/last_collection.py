"""The collection that this browser added to last: where a star puts a record."""

from flask import Response, request

from web.desk.shelf import Collection, collections
from web.desk.store import Store
from web.http import access, services

_COOKIE = "collection"
_YEAR = 365 * 24 * 3600


def last_collection(store: Store) -> Collection | None:
    """The collection added to last, or else the one that was changed last; None where there is
    none."""
    there = collections(store)
    chosen = request.cookies.get(_COOKIE, "")
    for collection in there:
        if str(collection.id) == chosen:
            return collection
    return max(there, key=lambda c: (c.changed, c.id), default=None)


def last_collection_of_request() -> Collection | None:
    """The same for a page; None where this request may add to none."""
    desk = services.desk()
    return last_collection(desk.store) if desk and access.may("write") else None


def remember(response: Response, number: int) -> Response:
    """``response``, with which the browser remembers a collection."""
    response.set_cookie(
        _COOKIE,
        str(number),
        max_age=_YEAR,
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )
    return response
