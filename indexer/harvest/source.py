"""What a harvest asks of any source: how many records, what to read, one page after the other."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol
from urllib.parse import parse_qsl

from indexer.harvest.connection import DamagedError
from indexer.harvest.harvest_errors import HarvestError
from indexer.harvest.network import SourceName

# Where reading goes on, and what is read, in the source's own terms: kept on disk as JSON.
Position = dict[str, Any]
Plan = dict[str, Any]
# A question to a source.
Question = dict[str, str | int]


@dataclass(frozen=True)
class Found:
    """How many records a source has for a query, and how it says that it understood it."""

    records: int
    understood: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Asked:
    """A query in the source's own language; only what is new or changed since a day, where one is
    given. ``known`` are the numbers that earlier runs got, where the source lists numbers."""

    query: str
    since: date | None = None
    known: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Page:
    """What one step brought: the source's answers, each a file, how many records are in there, how
    many the run has in all, and where the next begins; None ends the run. ``withdrawn`` are ids of
    records that the source has taken back."""

    answers: tuple[bytes, ...]
    records: int
    total: int
    next: Position | None
    withdrawn: tuple[str, ...] = field(default=())


class Source(Protocol):
    """A source of records. ``asks`` are those whom it asks, ``database`` is what an import is
    called by, ``suffix`` the ending of its files. Of jobs with more than ``large`` requests, its
    terms want the night; 0 where they say nothing of it. ``lists_numbers`` where a run begins with
    the numbers of all records. All methods raise SourceError."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    asks: tuple[SourceName, ...]
    database: str
    suffix: str
    page_size: int
    large: int
    lists_numbers: bool

    def close(self) -> None:
        """Close what is open."""
        ...

    def count(self, query: str) -> Found:
        """How many records there are, before any is asked for."""
        ...

    def plan(self, asked: Asked) -> Plan:
        """What a run is going to read; with ``numbers`` where it lists them.

        Raises:
            HarvestError: when the source cannot tell what has changed.
        """
        ...

    def page(self, plan: Plan, position: Position | None) -> Page:
        """The page at a position, None for the first.

        Raises:
            CursorError: when the source no longer knows the position.
        """
        ...


def parameters_of(query: str, names: tuple[str, ...], box: str) -> dict[str, str]:
    """A query as the source's parameters: what one types into its search ``box``, or parameters
    of its own, of those in ``names``, as ``name=value&name=value``.

    Raises:
        HarvestError: when a parameter is none of those, or there is nothing to search for.
    """
    query = query.strip()
    if not query:
        raise HarvestError("the query is empty")
    if not re.match(rf"(?:{'|'.join(map(re.escape, names))})=", query):
        return {box: query}
    pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=50)
    for name, value in pairs:
        if name not in names:
            raise HarvestError(f"{name} is no parameter to search by; they are {', '.join(names)}")
        if not value.strip():
            raise HarvestError(f"{name} is empty")
    if len(dict(pairs)) < len(pairs):
        raise HarvestError("a parameter stands twice")
    return dict(pairs)


def json_object(data: bytes) -> Mapping[str, Any]:
    """The JSON object that an answer is.

    Raises:
        DamagedError: when it is none.
    """
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DamagedError("the answer is no JSON, or cut off") from error
    if not isinstance(value, dict):
        raise DamagedError("the answer is no JSON object")
    return value


def whole_number(value: object) -> int:
    """A count that an answer names.

    Raises:
        DamagedError: when it is none.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and value.isdecimal() and len(value) <= 12:
        return int(value)
    raise DamagedError("the answer does not say how many records there are")


def items_of(value: object) -> list[Any]:
    """The list that an answer must have.

    Raises:
        DamagedError: when it has none.
    """
    if not isinstance(value, list):
        raise DamagedError("the answer has no list of records")
    return value


def joined(*parts: str) -> str:
    """Filters that are there, with commas between them."""
    return ",".join(part for part in parts if part)
