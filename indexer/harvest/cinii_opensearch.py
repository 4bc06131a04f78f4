"""CiNii Research's OpenSearch: articles by start and count, as JSON-LD.

https://support.nii.ac.jp/ja/cir/r_opensearch, version 1. Every question carries the application id
(appid) that NII gives an institution. Records have no date of change: an update asks for the years
of publication since the one before the last run's, and a whole run for everything. The oldest come
first, so that what is added meanwhile moves no page. Abstracts that CiNii forbids to pass on are
marked by ``abstractLicenseFlag``, which the reader of its answers keeps.
"""

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
    json_object,
    parameters_of,
    whole_number,
)

BASE = "https://cir.nii.ac.jp"
# No rate is told; one a second is what a person would not exceed.
_PER_SECOND = 1.0
_OLDEST_FIRST = 1
_NAMES = (
    "q",
    "title",
    "creator",
    "publicationTitle",
    "publisher",
    "issn",
    "volume",
    "number",
    "from",
    "until",
    "hasLinkToFullText",
    "languageType",
    "dataSourceType",
    "doi",
)


class CiNii:
    """CiNii Research, over its OpenSearch."""

    name: SourceName = "cinii"
    asks: tuple[SourceName, ...] = ("cinii",)
    database = "CiNii Research"
    suffix = ".json"
    page_size = 200
    large = 0
    lists_numbers = False

    def __init__(self, network: Network, clock: Clock) -> None:
        self.connection = Connection(self.name, BASE, _PER_SECOND, network, clock)
        if not self.connection.key:
            raise HarvestError(
                "CiNii Research answers those alone who have an application id (appid) of NII: "
                "put it into the settings as key of cinii"
            )

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def count(self, query: str) -> Found:
        """How many articles CiNii has."""
        return Found(self._articles({**parameters_of(query, _NAMES, "q"), "count": 1}, 1).total)

    def plan(self, asked: Asked) -> Plan:
        """The query, with the year before the day since when where only what may be new is asked
        for."""
        parameters = parameters_of(asked.query, _NAMES, "q")
        if asked.since is not None:
            own = parameters.get("from", "")[:4]
            parameters["from"] = max(str(asked.since.year - 1), own)
        return {"parameters": parameters}

    def page(self, plan: Plan, position: Position | None) -> Page:
        """The articles from a number on."""
        start = position["start"] if position else 1
        return self._articles({**plan["parameters"], "count": self.page_size}, start)

    def _articles(self, parameters: Question, start: int) -> Page:
        asked: Question = {"format": "json", "sortorder": _OLDEST_FIRST, "start": start}
        return self.connection.ask(
            "/opensearch/articles",
            {**parameters, **asked, "appid": self.connection.key},
            lambda data: self._page(data, start),
        )

    def _page(self, data: bytes, start: int) -> Page:
        answer = json_object(data)
        total = whole_number(answer.get("opensearch:totalResults"))
        items = len(items_of(answer.get("items", [])))
        if not items and start <= total:
            raise DamagedError(f"no items from {start} on, of {total}")
        following = start + items
        answers = (self.connection.hidden(data),) if items else ()
        return Page(answers, items, total, {"start": following} if following <= total else None)
