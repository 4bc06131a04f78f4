"""What the desk's pages and API share: whose request it is, files in and out."""

import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

from flask import Response, request
from werkzeug.exceptions import Forbidden, NotFound, ServiceUnavailable

from search import budget
from search.formats.citations import CITATION_STYLES
from web.desk.document import import_document, read_document
from web.desk.export import CollectionFormat, file_ending, write
from web.desk.screening.decision_labels import STATES
from web.desk.screening.outcomes import decisions_are_hidden
from web.desk.screening.plan import Stage
from web.desk.screening.screened_files import ENDINGS, ScreenedFormat, Wanted, write_screened
from web.desk.shelf import Collection, collection
from web.desk.store import Store
from web.desk.strategy_answers import LibrarySearch
from web.http import services, sizes
from web.http.access import identity, may
from web.http.exports import MIMETYPES, saved

_MIMETYPES: dict[str, str] = {
    **MIMETYPES,
    "beir": "application/x-ndjson",
    "json": "application/json",
    "csl-json": "application/vnd.citationstyles.csl+json",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    **dict.fromkeys(CITATION_STYLES, "text/plain; charset=utf-8"),
    **{f"{style}-html": "text/html; charset=utf-8" for style in CITATION_STYLES},
}
# A file has the time of one request for so many records, and as much again for as many more: what
# takes longest, citations, takes some 8 ms for each.
_AT_ONCE = 500
# Seconds that one waits for another to be written, and until one is to come again.
_PATIENCE = 3.0
_COME_AGAIN = 30
_large_file = threading.Semaphore(1)
# How OpenAPI describes such an answer.
EXPORT: dict[str, Any] = {
    "description": "The collection as a file.",
    "content": {
        mimetype.split(";")[0]: {"schema": {"type": "string", "format": "binary"}}
        for mimetype in _MIMETYPES.values()
    },
}


def store() -> Store:
    """The store of the application that serves this request."""
    desk = services.desk()
    if desk is None:
        raise NotFound
    return desk.store


def library_search() -> LibrarySearch:
    """The searches of the application that serves this request, as strategies ask them."""
    return LibrarySearch(services.exact(), services.engine)


def editor() -> str:
    """Whom the history names for what this request does."""
    found = identity()
    assert found is not None
    return found.name


@contextmanager
def sent_body() -> Iterator[BinaryIO]:
    """The body of this request as a file: a large one is on the disk, not in memory."""
    with tempfile.SpooledTemporaryFile(sizes.IN_MEMORY) as file:
        shutil.copyfileobj(request.stream, file)
        file.seek(0)
        yield cast("BinaryIO", file)


def import_file(content: bytes, name: str, folder: int | None = None) -> int:
    """A new collection from an exported one.

    Raises:
        CollectionError: when the file is none.
    """
    return import_document(store(), editor(), read_document(content, name), name, folder)


def saved_collection(number: int, name: CollectionFormat) -> Response:
    """A collection as a file to be saved.

    Raises:
        UnknownError: when there is no such collection.
        TooLongError: when there is no time left.
        ServiceUnavailable: when it is large, and another large one is being written.
        Forbidden: where it would show decisions to those who are not to see them yet.
    """
    shown = collection(store(), number)
    if name == "json" and not may("administer") and decisions_are_hidden(store(), number):
        raise Forbidden(
            "two reviewers decide blind to each other, and JSON holds their decisions: an "
            "administrator can save it, or choose another format"
        )
    with _time_for(shown.records):
        return saved(
            lambda file: write(store(), number, name, file),
            _MIMETYPES[name],
            file_name(shown, file_ending(name)),
        )


@contextmanager
def _time_for(records: int) -> Iterator[None]:
    """Time to write a file of so many records: what is one's own can be taken away whole."""
    if records <= _AT_ONCE:
        yield
        return
    # One at a time: each may hold a thread for long.
    if not _large_file.acquire(timeout=_PATIENCE):
        raise ServiceUnavailable(
            "another large collection is being written to a file: come again later",
            retry_after=_COME_AGAIN,
        )
    try:
        budget.lengthen(1 + records / _AT_ONCE)
        yield
    finally:
        _large_file.release()


def saved_screened(number: int, stage: Stage, wanted: Wanted, name: ScreenedFormat) -> Response:
    """The records of a stage that stand so, as a file to be saved.

    Raises:
        UnknownError: when there is no such collection.
    """
    ending = f"-{stage}-{STATES[wanted] if wanted else 'all'}{ENDINGS[name]}"
    return saved(
        lambda file: write_screened(store(), number, stage, wanted, name, file, editor()),
        _MIMETYPES[name],
        file_name(collection(store(), number), ending),
    )


def file_name(shown: Collection, ending: str) -> str:
    """The name of a file about a collection."""
    safe = "".join(c if c.isalnum() or c in "-_" else "-" for c in shown.name)[:60]
    return f"{safe}{ending}"
