"""OpenAlex's API: works by cursor.

https://developers.openalex.org. Lists are read by cursor by those alone who have a key; OpenAlex
gives keys for nothing, and counts what one uses in a day. What has changed since a day
(``from_updated_date``) is told to plans that have it; others ask for the whole again. Works that
OpenAlex has joined or deleted are missing from the whole, and are told.
"""

from typing import Any

from indexer.harvest.connection import Connection, DamagedError
from indexer.harvest.harvest_errors import HarvestError
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

BASE = "https://api.openalex.org"
# At most ten a second.
_PER_SECOND = 8.0
_NAMES = ("search", "filter")


class OpenAlex:
    """OpenAlex, over its API."""

    name: SourceName = "openalex"
    asks: tuple[SourceName, ...] = ("openalex",)
    database = "OpenAlex"
    suffix = ".json"
    page_size = 100
    large = 0
    lists_numbers = False

    def __init__(self, network: Network, clock: Clock) -> None:
        self.connection = Connection(self.name, BASE, _PER_SECOND, network, clock)
        if not self.connection.key:
            raise HarvestError(
                "OpenAlex reads lists to those alone who have a key, which it gives for nothing: "
                "put it into the settings as key of openalex"
            )

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def count(self, query: str) -> Found:
        """How many works OpenAlex has."""
        asked: Question = {**parameters_of(query, _NAMES, "search"), "per_page": 1, "select": "id"}
        return Found(self.works(asked)[0].total)

    def plan(self, asked: Asked) -> Plan:
        """The query, with the date of the last change where only what is new or changed is asked
        for."""
        parameters = parameters_of(asked.query, _NAMES, "search")
        if asked.since is not None:
            since = f"from_updated_date:{asked.since}"
            parameters["filter"] = joined(parameters.get("filter", ""), since)
        return {"parameters": parameters}

    def page(self, plan: Plan, position: Position | None) -> Page:
        """The works from a cursor on."""
        cursor = position["cursor"] if position else "*"
        asked = {**plan["parameters"], "per_page": self.page_size, "cursor": cursor}
        return self.works(asked)[0]

    def works(self, parameters: Question) -> tuple[Page, list[Any]]:
        """The works of a question, as an answer and as they are read."""
        return self.connection.ask(
            "/works",
            {**parameters, "mailto": self.connection.contact, "api_key": self.connection.key},
            self._page,
            is_cursor=parameters.get("cursor", "*") != "*",
        )

    def _page(self, data: bytes) -> tuple[Page, list[Any]]:
        answer = json_object(data)
        meta = answer.get("meta")
        if not isinstance(meta, dict):
            raise DamagedError("the answer is no list of works")
        total = whole_number(meta.get("count"))
        works = items_of(answer.get("results"))
        following = meta.get("next_cursor")
        ends = not works or not isinstance(following, str)
        answers = (self.connection.hidden(data),) if works else ()
        return Page(answers, len(works), total, None if ends else {"cursor": following}), works
