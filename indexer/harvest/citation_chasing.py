"""What some works cite, and what cites them, from OpenAlex and Europe PMC.

A chase is a source like any other to a harvest: its query says whose citations, its pages are the
answers with whole records. The works are asked for by DOI and PMID; nothing else of them is sent.
References that a source lists without a record of its own are counted, no more.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from indexer.harvest.europe_pmc_rest import EuropePMC
from indexer.harvest.harvest_errors import HarvestError
from indexer.harvest.network import Network, SourceName
from indexer.harvest.openalex_api import OpenAlex
from indexer.harvest.pace import Clock
from indexer.harvest.source import Asked, Found, Page, Plan, Position

Direction = Literal["references", "citing"]
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
ChasedSource = Literal["openalex", "europe-pmc"]
CHASED_SOURCES: tuple[ChasedSource, ...] = get_args(ChasedSource)
# OpenAlex takes a hundred values of a filter; half of it keeps addresses short.
_OPENALEX_AT_ONCE = 50
_CITED_AT_ONCE = 25
_EUROPE_PMC_AT_ONCE = 50
_PARTING = set('",|\\ ')


@dataclass(frozen=True)
class Numbers:
    """The numbers of a work, by which it is asked for."""

    doi: str = ""
    pmid: str = ""

    @property
    def doi_to_ask(self) -> str:
        """The DOI, if a question can hold it."""
        return "" if _PARTING & set(self.doi) else self.doi.lower()


class OpenAlexChase:
    """References or citing works of some works, from OpenAlex."""

    database = "OpenAlex"
    suffix = ".json"
    page_size = OpenAlex.page_size
    large = 0
    lists_numbers = True
    asks: tuple[SourceName, ...] = ("openalex",)

    def __init__(
        self, works: Sequence[Numbers], direction: Direction, network: Network, clock: Clock
    ) -> None:
        self.name = f"openalex-{direction}"
        self._works, self._direction = works, direction
        self._openalex = OpenAlex(network, clock)

    def close(self) -> None:
        """Close the connection."""
        self._openalex.close()

    def count(self, query: str) -> Found:
        """How many works there are."""
        plan = self.plan(Asked(query))
        if self._direction == "references":
            return Found(len(plan["fetch"]))
        asked = ({"filter": one, "per_page": 1, "select": "id"} for one in plan["filters"])
        return Found(sum(self._openalex.works({**one})[0].total for one in asked))

    def plan(self, asked: Asked) -> Plan:  # noqa: ARG002
        """The filters to ask by, and of references the numbers of the works."""
        own: dict[str, dict[str, Any]] = {}
        dois = {work.doi_to_ask for work in self._works} - {""}
        pmids = {work.pmid for work in self._works if not work.doi_to_ask} - {""}
        for kind, numbers in (("doi", sorted(dois)), ("pmid", sorted(pmids))):
            for some in _in_groups(numbers, _OPENALEX_AT_ONCE):
                _, found = self._openalex.works(
                    {
                        "filter": f"{kind}:{'|'.join(some)}",
                        "per_page": self.page_size,
                        "select": "id,referenced_works",
                    }
                )
                own |= {_short(work.get("id")): work for work in found if isinstance(work, dict)}
        own.pop("", None)
        if self._direction == "citing":
            groups = _in_groups(sorted(own), _CITED_AT_ONCE)
            filters = [f"cites:{'|'.join(some)}" for some in groups]
            return {"fetch": [], "numbers": [], "filters": filters}
        cited = {_short(one) for work in own.values() for one in _listed(work, "referenced_works")}
        fetch = sorted(cited - {""})
        groups = _in_groups(fetch, _OPENALEX_AT_ONCE)
        filters = [f"openalex:{'|'.join(some)}" for some in groups]
        return {"fetch": fetch, "numbers": [], "filters": filters}

    def page(self, plan: Plan, position: Position | None) -> Page:
        """The works of a filter, from a cursor on."""
        position = position or {"at": 0, "cursor": "*", "before": 0}
        at, filters = position["at"], plan["filters"]
        if at >= len(filters):
            return Page((), 0, 0, None)
        found, _ = self._openalex.works(
            {"filter": filters[at], "per_page": self.page_size, "cursor": position["cursor"]}
        )
        following: Position | None = None
        if found.next:
            following = {**position, "cursor": found.next["cursor"]}
        elif at + 1 < len(filters):
            before = position["before"] + found.total
            following = {"at": at + 1, "cursor": "*", "before": before}
        total = len(plan["fetch"]) or position["before"] + found.total
        return Page(found.answers, found.records, total, following)


class EuropePMCChase:
    """References or citing works of some works, from Europe PMC."""

    database = "Europe PMC"
    suffix = ".json"
    page_size = _EUROPE_PMC_AT_ONCE
    large = 0
    lists_numbers = True
    asks: tuple[SourceName, ...] = ("europe-pmc",)

    def __init__(
        self, works: Sequence[Numbers], direction: Direction, network: Network, clock: Clock
    ) -> None:
        self.name = f"europe-pmc-{direction}"
        self._works, self._direction = works, direction
        self._europe_pmc = EuropePMC(network, clock)

    def close(self) -> None:
        """Close the connection."""
        self._europe_pmc.close()

    def count(self, query: str) -> Found:
        """How many works there are."""
        return Found(len(self.plan(Asked(query))["fetch"]))

    def plan(self, asked: Asked) -> Plan:  # noqa: ARG002
        """The numbers of the works to fetch, by Europe PMC's collection of them; how many
        references have none."""
        own = {("MED", work.pmid) for work in self._works if work.pmid}
        dois = sorted({work.doi_to_ask for work in self._works if not work.pmid} - {""})
        for some in _in_groups(dois, 20):
            own |= set(self._europe_pmc.listed("doi", some))
        linked: set[tuple[str, str]] = set()
        unknown = 0
        for source, number in sorted(own):
            found, without = self._europe_pmc.linked(source, number, self._direction)
            linked |= set(found)
            unknown += without
        fetch = [list(one) for one in sorted(linked)]
        return {"fetch": fetch, "numbers": [], "unknown": unknown}

    def page(self, plan: Plan, position: Position | None) -> Page:
        """The records of some numbers, all of one collection."""
        fetch = plan["fetch"]
        at = position["at"] if position else 0
        if at >= len(fetch):
            return Page((), 0, len(fetch), None)
        source = fetch[at][0]
        some = [number for own, number in fetch[at : at + self.page_size] if own == source]
        answer, records = self._europe_pmc.of_collection(source, some)
        after = at + len(some)
        following = {"at": after} if after < len(fetch) else None
        return Page((answer,) if answer else (), records, len(fetch), following)


Chase = OpenAlexChase | EuropePMCChase


def open_chase(
    source: ChasedSource,
    works: Sequence[Numbers],
    direction: Direction,
    network: Network,
    clock: Clock | None = None,
) -> Chase:
    """A chase, ready to be harvested.

    Raises:
        NetworkError: when the institution does not allow the source.
        HarvestError: when no work has a number to ask by, or a key is missing.
    """
    asked = [work for work in works if work.pmid or work.doi_to_ask]
    if not asked:
        raise HarvestError("none of the records has a DOI or PMID by which it can be asked for")
    opened = OpenAlexChase if source == "openalex" else EuropePMCChase
    return opened(asked, direction, network, clock or Clock())


def _short(address: object) -> str:
    """``W123`` of an address of OpenAlex; nothing where it is none."""
    number = address.rpartition("/")[2] if isinstance(address, str) else ""
    return number if number[:1] == "W" and number[1:].isdecimal() else ""


def _listed(work: dict[str, Any], name: str) -> list[Any]:
    value = work.get(name)
    return value if isinstance(value, list) else []


def _in_groups(values: Iterable[str], size: int) -> list[list[str]]:
    every = list(values)
    return [every[at : at + size] for at in range(0, len(every), size)]
