"""Crossref's REST API: works by cursor.

https://www.crossref.org/documentation/retrieve-metadata/rest-api/. With a contact address
(``mailto``) requests go to the polite pool. A cursor is forgotten after five minutes: a run that
was ended for longer starts again. DOIs are never taken back; what has become of a work stands in
its ``updated-by``.
"""

from collections.abc import Sequence
from typing import Literal

from indexer.harvest.connection import Connection, DamagedError
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
    joined,
    json_object,
    parameters_of,
    whole_number,
)

BASE = "https://api.crossref.org"
# Lists: one a second in the public pool, three in the polite one.
_PER_SECOND = 2.0
_NAMES = (
    "query",
    "query.bibliographic",
    "query.title",
    "query.author",
    "query.container-title",
    "query.affiliation",
    "filter",
)


class Crossref:
    """Crossref, over its REST API."""

    name: SourceName = "crossref"
    asks: tuple[SourceName, ...] = ("crossref",)
    database = "Crossref"
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
        """How many works Crossref has; a query by words finds every work with any of them."""
        return Found(self.works({**parameters_of(query, _NAMES, "query"), "rows": 0}).total)

    def plan(self, asked: Asked) -> Plan:
        """The query, with the date since when Crossref has indexed it again where only what is new
        or changed is asked for."""
        parameters = parameters_of(asked.query, _NAMES, "query")
        if asked.since is not None:
            since = f"from-index-date:{asked.since}"
            parameters["filter"] = joined(parameters.get("filter", ""), since)
        return {"parameters": parameters}

    def page(self, plan: Plan, position: Position | None) -> Page:
        """The works from a cursor on."""
        cursor = position["cursor"] if position else "*"
        return self.works({**plan["parameters"], "rows": self.page_size, "cursor": cursor})

    def numbered(self, kind: Literal["doi"], numbers: Sequence[str]) -> bytes:
        """The answer with the works of these DOIs; empty without one."""
        filters = ",".join(f"{kind}:{number}" for number in numbers)
        return b"".join(self.works({"filter": filters, "rows": len(numbers)}).answers)

    def works(self, parameters: Question) -> Page:
        """The works of a question."""
        key = self.connection.key
        headers = {"Crossref-Plus-API-Token": f"Bearer {key}"} if key else {}
        return self.connection.ask(
            "/works",
            {**parameters, "mailto": self.connection.contact},
            self._page,
            headers=headers,
            is_cursor=parameters.get("cursor", "*") != "*",
        )

    def _page(self, data: bytes) -> Page:
        answer = json_object(data)
        message = answer.get("message")
        if answer.get("message-type") != "work-list" or not isinstance(message, dict):
            raise DamagedError("the answer is no list of works")
        total = whole_number(message.get("total-results"))
        works = len(items_of(message.get("items")))
        following = message.get("next-cursor")
        ends = not works or not isinstance(following, str)
        answers = (self.connection.hidden(data),) if works else ()
        return Page(answers, works, total, None if ends else {"cursor": following})
