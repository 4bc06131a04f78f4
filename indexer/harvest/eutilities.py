"""PubMed by NCBI's E-utilities: ESearch lists the PMIDs, EFetch gives the records as XML.

"Entrez Programming Utilities Help", NCBI Bookshelf NBK25501. A run begins with the list of PMIDs,
which is kept, and fetches them by number, 200 a request: a list goes on whenever it was ended,
while a place on NCBI's history server is forgotten after some hours. ESearch lists no more than
9 999 records of a search; a larger one is asked for by spans of Entrez dates.

A PMID that EFetch does not give and ESearch does not find is withdrawn: it is written down as
``DeleteCitation``, as NLM's update files have it.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from io import BytesIO
from itertools import islice

from lxml import etree

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
from search.formats.fields.identity import record_id
from search.formats.syntax.read_items import Rejected
from search.formats.syntax.xml_records import read_elements, text_at

BASE = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils"
_WITHOUT_KEY, _WITH_KEY = 3.0, 10.0
# NCBI leaves it to the caller to keep under its rate; a little less is sure to be.
_SURELY = 0.95
_LISTED_AT_MOST = 9_999
_FETCHED_AT_ONCE = 200
_FIRST_DAY, _LAST_DAY = date(1700, 1, 1), date(2999, 12, 31)
_PASSING = ("search backend failed", "unable to obtain", "temporarily", "timeout")
_NONE_OF_THEM = b"ID list is empty"
_END = re.compile(rb"</PubmedArticleSet\s*>\s*\Z")
_PMID = re.compile(r"[1-9]\d{0,8}\Z")


class PubMed:
    """PubMed, over the E-utilities."""

    name: SourceName = "pubmed"
    asks: tuple[SourceName, ...] = ("pubmed",)
    database = "PubMed"
    suffix = ".xml"
    page_size = _FETCHED_AT_ONCE
    large = 100
    lists_numbers = True

    def __init__(self, network: Network, clock: Clock) -> None:
        rate = _WITH_KEY if network.of(self.name).key else _WITHOUT_KEY
        self.connection = Connection(self.name, BASE, rate * _SURELY, network, clock)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def count(self, query: str) -> Found:
        """How many records PubMed has, how it reads the query, and phrases that it has not."""
        return self._search({"term": query}, 0)[0]

    def plan(self, asked: Asked) -> Plan:
        """The PMIDs to fetch: all, or those that are new or changed since a day, and those that the
        query finds no more."""
        now = self._listed(asked.query)
        changed = now
        if asked.since is not None:
            changed = {
                pmid
                for kind in ("edat", "mdat")
                for pmid in self._within(asked.query, kind, asked.since, _LAST_DAY)
            }
        left = asked.known - now
        there = self._existing(_sorted(left))
        return {
            "fetch": _sorted(changed | (now - asked.known) | there),
            "numbers": _sorted(now),
            "left": _ids(_sorted(there)),
            "withdrawn": _sorted(left - there),
        }

    def page(self, plan: Plan, position: Position | None) -> Page:
        """Up to 200 records; at the end of a run, what was withdrawn."""
        fetch, withdrawn = plan["fetch"], plan["withdrawn"]
        at = position["at"] if position else 0
        if at >= len(fetch):
            answers = (_deleted(withdrawn),) if withdrawn else ()
            return Page(answers, 0, len(fetch), None, _ids(withdrawn))
        records, gone = self.fetched(fetch[at : at + _FETCHED_AT_ONCE])
        after = at + _FETCHED_AT_ONCE
        more = after < len(fetch) or withdrawn
        given = len(fetch[at:after]) - len(gone)
        return Page(records, given, len(fetch), {"at": after} if more else None, _ids(gone))

    def fetched(self, pmids: Sequence[str]) -> tuple[tuple[bytes, ...], list[str]]:
        """The records of PMIDs as PubMed gives them, and those PMIDs that are withdrawn."""
        data, given = self._fetch(pmids)
        missing = [pmid for pmid in pmids if pmid not in given]
        if not missing:
            return (data,), []
        there = self._existing(missing)
        gone = [pmid for pmid in missing if pmid not in there]
        answers = [data]
        if again := [pmid for pmid in missing if pmid in there]:
            data, given = self._fetch(again)
            if not given >= set(again):
                raise SourceError(
                    f"pubmed finds PMID {min(set(again) - given)}, and does not give it; what was "
                    "harvested is kept, go on later"
                )
            answers.append(data)
        answers += [_deleted(gone)] if gone else []
        return tuple(answer for answer in answers if answer), gone

    def _fetch(self, pmids: Sequence[str]) -> tuple[bytes, set[str]]:
        parameters = {"db": "pubmed", "id": ",".join(pmids), "retmode": "xml"}
        return self.connection.ask(
            "/efetch.fcgi", {**parameters, **self._who()}, self._articles, post=True, refusals=True
        )

    def _articles(self, data: bytes) -> tuple[bytes, set[str]]:
        given: set[str] = set()
        if _NONE_OF_THEM in data[:2000]:
            return b"", given
        if not _END.search(data[-200:]) or b"<!ENTITY" in data:
            raise DamagedError("the answer is no PubmedArticleSet, or cut off")
        names = ("PubmedArticle", "PubmedBookArticle")
        for found in read_elements(BytesIO(data), names):
            if isinstance(found, Rejected):
                raise DamagedError(f"{found.place} of the answer: {found.reason}")
            given.add(text_at(found[1], "MedlineCitation/PMID", "BookDocument/PMID"))
        return self.connection.hidden(data), given

    def _listed(self, query: str) -> set[str]:
        """Every PMID of a query."""
        found, listed = self._search({"term": query}, _LISTED_AT_MOST)
        if found.records <= _LISTED_AT_MOST:
            return set(listed)
        return set(self._within(query, "edat", _FIRST_DAY, _LAST_DAY))

    def _within(self, query: str, kind: str, first: date, last: date) -> Sequence[str]:
        """The PMIDs of a query whose date of this kind lies in a span."""
        dates = {"datetype": kind, "mindate": _slashed(first), "maxdate": _slashed(last)}
        found, listed = self._search({"term": query, **dates}, _LISTED_AT_MOST)
        if found.records <= _LISTED_AT_MOST:
            return listed
        if first == last:
            raise HarvestError(
                f"PubMed lists no more than {_LISTED_AT_MOST} records at once, and has "
                f"{found.records} of {first} for this query; narrow it, or load NLM's own files"
            )
        middle = first + (last - first) // 2
        return [
            *self._within(query, kind, first, middle),
            *self._within(query, kind, middle + timedelta(days=1), last),
        ]

    def _existing(self, pmids: Sequence[str]) -> set[str]:
        """Those of some PMIDs that PubMed has."""
        found: set[str] = set()
        rest = iter(pmids)
        while some := list(islice(rest, _FETCHED_AT_ONCE)):
            term = " OR ".join(f"{pmid}[uid]" for pmid in some)
            _, listed = self._search({"term": term}, _LISTED_AT_MOST)
            found |= set(listed) & set(some)
        return found

    def _search(self, parameters: dict[str, str], most: int) -> tuple[Found, list[str]]:
        asked: Question = {"db": "pubmed", "retmode": "json", "retmax": most}
        return self.connection.ask(
            "/esearch.fcgi",
            {**asked, **parameters, **self._who()},
            lambda data: self._found(data, most),
            post=True,
        )

    def _found(self, data: bytes, most: int) -> tuple[Found, list[str]]:
        result = json_object(data).get("esearchresult")
        if not isinstance(result, dict):
            raise DamagedError("the answer is none of ESearch")
        if error := result.get("ERROR"):
            told = self.connection.hidden(str(error).encode()).decode()[:200]
            if any(sign in told.lower() for sign in _PASSING):
                raise DamagedError(told)
            raise SourceError(f"pubmed: {told}")
        records = whole_number(result.get("count"))
        listed = [pmid for pmid in map(str, items_of(result.get("idlist"))) if _PMID.match(pmid)]
        if most >= records != len(listed):
            raise DamagedError(f"{len(listed)} of {records} PMIDs are listed")
        return Found(records, str(result.get("querytranslation", "")), _doubts(result)), listed

    def _who(self) -> dict[str, str]:
        return {
            "tool": "jmedsearch",
            "email": self.connection.contact,
            "api_key": self.connection.key,
        }


def _doubts(result: dict[str, object]) -> tuple[str, ...]:
    """What PubMed says that it did not find of a query."""
    doubts = []
    for group in ("errorlist", "warninglist"):
        listed = result.get(group)
        for name, values in listed.items() if isinstance(listed, dict) else ():
            if isinstance(values, list):
                doubts += [f"{name}: {value}" for value in values if value]
    return tuple(doubts)


def _deleted(pmids: Sequence[str]) -> bytes:
    """A file that says that these PMIDs were withdrawn, as NLM's update files do."""
    root = etree.Element("PubmedArticleSet")
    deletion = etree.SubElement(root, "DeleteCitation")
    for pmid in pmids:
        # Of every version: none is there any more.
        etree.SubElement(deletion, "PMID", Version="9999").text = pmid
    return etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True)


def _ids(pmids: Iterable[str]) -> tuple[str, ...]:
    """What the records of these PMIDs are called in a library."""
    return tuple(record_id(pmid=pmid) for pmid in pmids)


def _slashed(day: date) -> str:
    return day.isoformat().replace("-", "/")


def _sorted(pmids: Iterable[str]) -> list[str]:
    return sorted(pmids, key=int)
