"""J-STAGE's WebAPI, service 3 (search for articles): by start and count, as Atom.

https://www.jstage.jst.go.jp/static/pages/WebAPI/-char/ja. At most 1 000 articles an answer, no
abstracts. Records have no date of change: an update asks for the years of publication since the one
before the last run's, and a whole run for everything.
"""

import re
from io import BytesIO

from indexer.harvest.connection import Connection, DamagedError
from indexer.harvest.harvest_errors import SourceError
from indexer.harvest.network import Network, SourceName
from indexer.harvest.pace import Clock
from indexer.harvest.source import (
    Asked,
    Found,
    Page,
    Plan,
    Position,
    Question,
    parameters_of,
    whole_number,
)
from search.formats.syntax.read_items import Rejected
from search.formats.syntax.xml_records import read_elements, text_at

BASE = "https://api.jstage.jst.go.jp"
# No rate is told; one a second is what a person would not exceed.
_PER_SECOND = 1.0
_NOTHING_FOUND = "ERR_001"
_END = re.compile(rb"</feed\s*>\s*\Z")
_TOTAL = re.compile(rb"<opensearch:totalResults>\s*(\d{1,12})\s*<")
_NAMES = (
    "text",
    "article",
    "author",
    "affil",
    "keyword",
    "abst",
    "material",
    "issn",
    "cdjournal",
    "pubyearfrom",
    "pubyearto",
    "vol",
    "no",
)


class JStage:
    """J-STAGE, over its WebAPI."""

    name: SourceName = "jstage"
    asks: tuple[SourceName, ...] = ("jstage",)
    database = "J-STAGE"
    suffix = ".xml"
    page_size = 1000
    large = 0
    lists_numbers = False

    def __init__(self, network: Network, clock: Clock) -> None:
        self.connection = Connection(self.name, BASE, _PER_SECOND, network, clock)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def count(self, query: str) -> Found:
        """How many articles J-STAGE has."""
        return Found(self._articles({**parameters_of(query, _NAMES, "text"), "count": 1}, 1).total)

    def plan(self, asked: Asked) -> Plan:
        """The query, with the year before the day since when where only what may be new is asked
        for."""
        parameters = parameters_of(asked.query, _NAMES, "text")
        if asked.since is not None:
            own = parameters.get("pubyearfrom", "")
            parameters["pubyearfrom"] = max(str(asked.since.year - 1), own)
        return {"parameters": parameters}

    def page(self, plan: Plan, position: Position | None) -> Page:
        """The articles from a number on."""
        start = position["start"] if position else 1
        return self._articles({**plan["parameters"], "count": self.page_size}, start)

    def _articles(self, parameters: Question, start: int) -> Page:
        return self.connection.ask(
            "/searchapi/do",
            {"service": 3, **parameters, "start": start},
            lambda data: self._page(data, start),
        )

    def _page(self, data: bytes, start: int) -> Page:
        if not _END.search(data[-200:]) or b"<!ENTITY" in data:
            raise DamagedError("the answer is no feed, or cut off")
        entries = 0
        for found in read_elements(BytesIO(data), ("entry", "result")):
            if isinstance(found, Rejected):
                raise DamagedError(f"{found.place} of the answer: {found.reason}")
            element = found[1]
            if element.tag == "entry":
                entries += 1
                continue
            status, message = text_at(element, "status"), text_at(element, "message")
            if status == _NOTHING_FOUND:
                return Page((), 0, 0, None)
            if status not in ("", "0"):
                raise SourceError(f"jstage answers {status}: {message[:200]}")
        said = _TOTAL.search(data)
        total = whole_number(said.group(1).decode() if said else None)
        if not entries and start <= total:
            raise DamagedError(f"no articles from {start} on, of {total}")
        following = start + entries
        answers = (self.connection.hidden(data),) if entries else ()
        return Page(answers, entries, total, {"start": following} if following <= total else None)
