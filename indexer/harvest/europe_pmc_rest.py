"""Europe PMC's RESTful web service: a search by cursor, with whole records.

https://europepmc.org/RestfulWebService. Queries are Europe PMC's (``TITLE:… AND SRC:MED``). A
cursor is a place in the sorted list and does not age. Nothing is said of records taken back: those
that a whole run finds no more are told.
"""

import re
from collections.abc import Sequence
from typing import Any, Literal

from indexer.harvest.connection import Connection, DamagedError
from indexer.harvest.harvest_errors import HarvestError, SourceError
from indexer.harvest.network import Network, SourceName
from indexer.harvest.pace import Clock
from indexer.harvest.source import (
    Asked,
    Found,
    Page,
    Plan,
    Position,
    Question,
    items_of,
    json_object,
    whole_number,
)

BASE = "https://www.ebi.ac.uk/europepmc/webservices/rest"
# It asks for no particular rate; ten a second are what it is said to bear.
_PER_SECOND = 5.0
_LINKED_AT_ONCE = 1000
_SOURCE = re.compile(r"[A-Z]{2,4}\Z")
_NUMBER = re.compile(r"[A-Za-z0-9]{1,30}\Z")
# A collection of Europe PMC (MED, PMC, PPR …), and the number there.
Identifier = tuple[str, str]
_FAR_AWAY = "2999-12-31"


class EuropePMC:
    """Europe PMC, over its REST service."""

    name: SourceName = "europe-pmc"
    asks: tuple[SourceName, ...] = ("europe-pmc",)
    database = "Europe PMC"
    suffix = ".json"
    page_size = 500
    large = 0
    lists_numbers = False

    def __init__(self, network: Network, clock: Clock) -> None:
        self.connection = Connection(self.name, BASE, _PER_SECOND, network, clock)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def count(self, query: str) -> Found:
        """How many records Europe PMC has."""
        return Found(self._search({"query": _checked(query)}, "*", 1, "idlist").total)

    def plan(self, asked: Asked) -> Plan:
        """The query, with the dates of creation, update and first publication where only what is
        new or changed is asked for."""
        query = _checked(asked.query)
        if asked.since is not None:
            span = f":[{asked.since} TO {_FAR_AWAY}]"
            dates = ("CREATION_DATE", "UPDATE_DATE", "FIRST_PDATE")
            query = f"({query}) AND ({' OR '.join(name + span for name in dates)})"
        return {"query": query}

    def page(self, plan: Plan, position: Position | None) -> Page:
        """The results from a cursor on."""
        cursor = position["cursor"] if position else "*"
        return self._search({"query": plan["query"]}, cursor, self.page_size, "core")

    def numbered(self, kind: Literal["pmid", "doi"], numbers: Sequence[str]) -> bytes:
        """The answer with the records of these PMIDs or DOIs; empty without one."""
        name = {"pmid": "EXT_ID", "doi": "DOI"}[kind]
        query = " OR ".join(f'{name}:"{number}"' for number in numbers)
        if kind == "pmid":
            query = f"({query}) AND SRC:MED"
        # A DOI may have a preprint's record beside the article's.
        found = self._search({"query": query}, "*", 2 * len(numbers), "core")
        return b"".join(found.answers)

    def listed(self, kind: Literal["pmid", "doi"], numbers: Sequence[str]) -> list[Identifier]:
        """Under which identifiers Europe PMC has these PMIDs or DOIs."""
        answer = self.numbered(kind, numbers)
        if not answer:
            return []
        return [i for one in json_object(answer)["resultList"]["result"] if (i := _identifier(one))]

    def linked(
        self, source: str, number: str, direction: Literal["references", "citing"]
    ) -> tuple[list[Identifier], int]:
        """What a work cites or is cited by; and how many references are no records here."""
        kind = "references" if direction == "references" else "citations"
        found: list[Identifier] = []
        without, page, rest = 0, 1, True
        while rest:
            asked: Question = {"format": "json", "page": page, "pageSize": _LINKED_AT_ONCE}
            total, some = self.connection.ask(
                f"/{source}/{number}/{kind}",
                {**asked, "email": self.connection.contact},
                lambda data: _links(data, kind),
            )
            identifiers = [_identifier(one) for one in some]
            found += [one for one in identifiers if one]
            without += identifiers.count(None)
            rest = bool(some) and page * _LINKED_AT_ONCE < total
            page += 1
        return found, without

    def of_collection(self, source: str, numbers: Sequence[str]) -> tuple[bytes, int]:
        """The answer with the records of these numbers of one of Europe PMC's collections (MED,
        PPR …), and how many there are."""
        query = " OR ".join(f'EXT_ID:"{number}"' for number in numbers)
        page = self._search({"query": f"({query}) AND SRC:{source}"}, "*", len(numbers), "core")
        return b"".join(page.answers), page.records

    def _search(self, query: dict[str, str], cursor: str, size: int, kind: str) -> Page:
        asked: Question = {
            "format": "json",
            "resultType": kind,
            "pageSize": size,
            "cursorMark": cursor,
        }
        return self.connection.ask(
            "/search",
            {**query, **asked, "email": self.connection.contact},
            lambda data: self._page(data, cursor),
            is_cursor=cursor != "*",
        )

    def _page(self, data: bytes, cursor: str) -> Page:
        answer = json_object(data)
        if "errMsg" in answer:
            raise SourceError(f"europe-pmc: {str(answer['errMsg'])[:200]}")
        total = whole_number(answer.get("hitCount"))
        listed = answer.get("resultList")
        if not isinstance(listed, dict):
            raise DamagedError("the answer has no list of results")
        results = len(items_of(listed.get("result", [])))
        following = answer.get("nextCursorMark")
        ends = not results or not isinstance(following, str) or following == cursor
        answers = (self.connection.hidden(data),) if results else ()
        return Page(answers, results, total, None if ends else {"cursor": following})


def _links(data: bytes, kind: str) -> tuple[int, list[Any]]:
    answer = json_object(data)
    name = kind.removesuffix("s")
    listed = answer.get(f"{name}List")
    some = items_of(listed.get(name, [])) if isinstance(listed, dict) else []
    return whole_number(answer.get("hitCount")), some


def _identifier(one: Any) -> Identifier | None:
    """Collection and number of a work; None where it has none, or they could not be asked for."""
    if not isinstance(one, dict):
        return None
    source, number = str(one.get("source", "")), str(one.get("id", ""))
    # They become part of an address of Europe PMC.
    is_one = _SOURCE.match(source) and _NUMBER.match(number)
    return (source, number) if is_one else None


def _checked(query: str) -> str:
    if not query.strip():
        raise HarvestError("the query is empty")
    return query.strip()
