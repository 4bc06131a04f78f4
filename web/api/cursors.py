"""Cursors: where the next page begins, also while the library changes.

A cursor names the search, the generation that answered, and the record at which the page ended. In
a newer generation an exact set goes on behind that record: whatever is in the set throughout, with
its year, journal and title as they were, comes once. A ranked list has no such place, for one new
record moves all others: its cursor ends with its generation.
"""

import base64
import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, Field, TypeAdapter

from search.library.generation import Generation
from web.http import services
from web.http.search_parameters import ExactParameters


class CursorError(ValueError):
    """A cursor that is none of ours, or another search's."""


class CursorExpiredError(LookupError):
    """A cursor whose place is not there any more: the list has to be read from its beginning."""


@dataclass(frozen=True)
class Cursor:
    """The place behind ``position`` records, the last of which is ``last``."""

    search: str
    generation: str
    position: Annotated[int, Field(lt=2**32, strict=True)]
    last: str

    def written(self) -> str:
        """The cursor as a client carries it."""
        data = json.dumps(asdict(self), ensure_ascii=False).encode()
        return base64.urlsafe_b64encode(data).decode().rstrip("=")

    @classmethod
    def read(cls, text: str, search: str) -> "Cursor":
        """The cursor that a client brings back for ``search`` (:func:`named`).

        Raises:
            CursorError: when it is none, or another search's.
        """
        try:
            data = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
            found = _CURSOR.validate_json(data)
        except ValueError as error:
            raise CursorError("this is no cursor: take next_cursor from an answer") from error
        if found.search != search or found.position < 1:
            raise CursorError("this cursor belongs to another search, order or page size")
        return found


_CURSOR = TypeAdapter(Cursor)


def named(parameters: BaseModel) -> str:
    """What a cursor calls a search: all of it but the page."""
    asked: dict[str, Any] = parameters.model_dump(mode="json", exclude={"page", "cursor"})
    text = json.dumps([type(parameters).__name__, asked], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def beginning(generation: Generation, query: ExactParameters, cursor: Cursor) -> int:
    """How many records of an exact set come before the page that ``cursor`` stands for.

    Raises:
        CursorExpiredError: when that cannot be said in this generation.
    """
    if cursor.generation == generation.name:
        return cursor.position
    found = generation.record(cursor.last)
    if query.sort != "relevance" and found is not None:
        numbers = services.exact().numbers(query.q, query.filters(), query.sort)
        places = np.flatnonzero(numbers == found[0])
        if len(places):
            return int(places[0]) + 1
    raise _expired()


def check_generation(generation: str, cursor: Cursor | None) -> None:
    """Refuse to go on in another generation of a ranked list.

    Raises:
        CursorExpiredError: when ``cursor`` is of another one.
    """
    if cursor is not None and cursor.generation != generation:
        raise _expired()


def _expired() -> CursorExpiredError:
    return CursorExpiredError(
        "the library has changed, and the place where the page ended is not there any more: begin "
        "anew, without a cursor"
    )
