"""ClinicalTrials.gov's API, version 2: studies by page token.

https://clinicaltrials.gov/data-api/api. Studies are not taken back: what became of them stands in
their status. Of a study its protocol is asked for, which is what a record is made of.
"""

from indexer.harvest.connection import Connection
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

BASE = "https://clinicaltrials.gov/api/v2"
# About fifty requests a minute are what it bears.
_PER_SECOND = 0.8
_NAMES = (
    "query.term",
    "query.cond",
    "query.intr",
    "query.titles",
    "query.outc",
    "query.spons",
    "query.lead",
    "query.id",
    "query.locn",
    "filter.overallStatus",
    "filter.advanced",
    "aggFilters",
)


class ClinicalTrials:
    """ClinicalTrials.gov, over its API."""

    name: SourceName = "clinical-trials"
    asks: tuple[SourceName, ...] = ("clinical-trials",)
    database = "ClinicalTrials.gov"
    suffix = ".json"
    page_size = 200
    large = 0
    lists_numbers = False

    def __init__(self, network: Network, clock: Clock) -> None:
        self.connection = Connection(self.name, BASE, _PER_SECOND, network, clock)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def count(self, query: str) -> Found:
        """How many studies the register has."""
        asked = parameters_of(query, _NAMES, "query.term")
        return Found(self._studies({**asked, "pageSize": 1, "fields": "NCTId"}, None).total)

    def plan(self, asked: Asked) -> Plan:
        """The query, with the day on which the last update was posted where only what is new or
        changed is asked for."""
        parameters = parameters_of(asked.query, _NAMES, "query.term")
        if asked.since is not None:
            since = f"AREA[LastUpdatePostDate]RANGE[{asked.since},MAX]"
            own = parameters.get("filter.advanced", "")
            parameters["filter.advanced"] = f"({own}) AND {since}" if own else since
        return {"parameters": parameters}

    def page(self, plan: Plan, position: Position | None) -> Page:
        """The studies from a token on."""
        asked: Question = {"pageSize": self.page_size, "fields": "protocolSection"}
        return self._studies({**plan["parameters"], **asked}, position)

    def _studies(self, parameters: Question, position: Position | None) -> Page:
        token = position["token"] if position else ""
        return self.connection.ask(
            "/studies",
            {"format": "json", "countTotal": "true", **parameters, "pageToken": token},
            lambda data: self._page(data, position),
            is_cursor=bool(token),
        )

    def _page(self, data: bytes, position: Position | None) -> Page:
        answer = json_object(data)
        # The first page alone says how many there are.
        total = position["total"] if position else whole_number(answer.get("totalCount"))
        studies = len(items_of(answer.get("studies")))
        following = answer.get("nextPageToken")
        ends = not studies or not isinstance(following, str)
        answers = (self.connection.hidden(data),) if studies else ()
        after = None if ends else {"token": following, "total": total}
        return Page(answers, studies, total, after)
