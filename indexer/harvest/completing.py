"""What is missing of a library's records asked for: those known by a PMID or DOI alone, and
abstracts.

A completion is a source like any other to a harvest: its query is the library, its pages are
records in jmedsearch's own layout. PubMed is asked for PMIDs, or Europe PMC where PubMed may not
be; Europe PMC for DOIs, and Crossref for what that has no abstract of. What a record says already
stays as it is: what comes is the same record, with what it lacked, under an id of its own, and
:func:`indexer.store.merging.merge` takes it for a further copy. An answer under the number of
another work, with another title, is left alone.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

from indexer.harvest.crossref_rest import Crossref
from indexer.harvest.europe_pmc_rest import EuropePMC
from indexer.harvest.eutilities import PubMed
from indexer.harvest.harvest_errors import NetworkError
from indexer.harvest.network import Network, SourceName
from indexer.harvest.pace import Clock
from indexer.harvest.source import Asked, Found, Page, Plan, Position
from indexer.run.imports import open_records
from search.formats import read_stream
from search.formats.jsonl import write
from search.library.generation import record_from_row
from search.matching import other_work, titles_agree
from search.records import Record, record_from_dict, record_to_dict

COMPLETION = "completion"
_Kind = Literal["pmid", "doi"]
_AT_ONCE: Mapping[_Kind, int] = {"pmid": 200, "doi": 20}
# These part the DOIs of a question.
_PARTING = set('",|\\ ')
_ID_LENGTH = 200


class Completion:
    """What a library lacks, from the sources that may be asked. ``again`` asks also for what an
    earlier run has asked for in vain."""

    name = COMPLETION
    database = COMPLETION
    suffix = ".jsonl"
    page_size = _AT_ONCE["pmid"]
    lists_numbers = True

    def __init__(
        self, library: Path, network: Network, clock: Clock | None = None, *, again: bool = False
    ) -> None:
        self._library = library
        self._again = again
        clock = clock or Clock()
        allowed = network.sources
        self._pubmed = PubMed(network, clock) if "pubmed" in allowed else None
        self._europe_pmc = EuropePMC(network, clock) if "europe-pmc" in allowed else None
        self._crossref = Crossref(network, clock) if "crossref" in allowed else None
        opened = [s for s in (self._pubmed, self._europe_pmc, self._crossref) if s is not None]
        if not opened:
            raise NetworkError(
                "records are completed from PubMed, Europe PMC and Crossref, and none of them is "
                "among the sources that this institution allows"
            )
        self._opened = opened
        self.asks: tuple[SourceName, ...] = tuple(source.name for source in opened)
        self.large = PubMed.large if self._pubmed else 0

    def close(self) -> None:
        """Close the connections."""
        for source in self._opened:
            source.close()

    def count(self, query: str) -> Found:  # noqa: ARG002
        """How many records there are to ask for."""
        return Found(len(self._lacking()))

    def plan(self, asked: Asked) -> Plan:
        """The ids of the records to ask for, in batches of one kind of number."""
        known = frozenset() if self._again else asked.known
        lacking = {i: kind for i, kind in self._lacking().items() if i not in known}
        batches = [
            {"kind": kind, "ids": some}
            for kind, size in _AT_ONCE.items()
            for some in _in_groups([i for i, own in lacking.items() if own == kind], size)
        ]
        numbers = sorted(asked.known | set(lacking))
        return {"fetch": sorted(lacking), "numbers": numbers, "batches": batches}

    def page(self, plan: Plan, position: Position | None) -> Page:
        """The records of a batch with what they lacked; those of which nothing came are left
        out."""
        at = position["at"] if position else 0
        batches, total = plan["batches"], len(plan["fetch"])
        if at >= len(batches):
            return Page((), 0, total, None)
        batch = batches[at]
        own = self._records(batch["ids"])
        asked = self._by_pmid if batch["kind"] == "pmid" else self._by_doi
        filled = [_filled(own[i], got) for i, got in asked(own).items()]
        following = {"at": at + 1} if at + 1 < len(batches) else None
        return Page((_lines(filled),) if filled else (), len(filled), total, following)

    def _lacking(self) -> dict[str, _Kind]:
        """The records that lack something and have a number to ask by, of which kind."""
        kinds: dict[str, _Kind] = {}
        with closing(open_records(self._library)) as db:
            rows = db.execute(
                "select id, pmid, doi, translations from records "
                "where to_complete or abstract = '' order by id"
            )
            for row in rows:
                if any(version["abstract"] for version in json.loads(row["translations"])):
                    continue
                if row["pmid"] and (self._pubmed or self._europe_pmc):
                    kinds[row["id"]] = "pmid"
                elif (self._europe_pmc or self._crossref) and _can_be_asked(row["doi"]):
                    kinds[row["id"]] = "doi"
        return kinds

    def _records(self, ids: Iterable[str]) -> dict[str, Record]:
        """The library's records as they are now; one may have gone since the plan was made."""
        with closing(open_records(self._library)) as db:
            rows = db.execute(
                "select * from records where id in (select value from json_each(?)) order by id",
                [json.dumps(list(ids))],
            )
            return {row["id"]: record_from_row(row) for row in rows}

    def _by_pmid(self, own: Mapping[str, Record]) -> dict[str, Record]:
        pmids = sorted({record.pmid for record in own.values()})
        if not pmids:
            return {}
        if self._pubmed:
            answers, _ = self._pubmed.fetched(pmids)
        else:
            assert self._europe_pmc is not None
            answers = tuple(
                self._europe_pmc.numbered("pmid", some) for some in _in_groups(pmids, 100)
            )
        got = {record.pmid: record for record in _read(answers) if record.pmid}
        return {i: got[r.pmid] for i, r in own.items() if r.pmid in got and _adds(r, got[r.pmid])}

    def _by_doi(self, own: Mapping[str, Record]) -> dict[str, Record]:
        completed: dict[str, Record] = {}
        for ask in (self._europe_pmc, self._crossref):
            dois = sorted({r.doi.lower() for i, r in own.items() if i not in completed})
            if ask is None or not dois:
                continue
            answer = ask.numbered("doi", dois)
            got = {record.doi.lower(): record for record in _read([answer])}
            for i, record in own.items():
                found = got.get(record.doi.lower())
                if found is not None and i not in completed and _adds(record, found):
                    completed[i] = found
        return completed


def _can_be_asked(doi: str) -> bool:
    return bool(doi) and not _PARTING & set(doi)


def _adds(own: Record, got: Record) -> bool:
    """Whether what came is of the same work, and says what the record lacks."""
    if own.to_complete:
        return bool(got.title)
    if not any(v.abstract for v in got.versions()):
        return False
    # A Japanese title says nothing of an English one; authors, pages and years may.
    one_language = _languages(own) & _languages(got)
    return titles_agree(own, got) or not (
        one_language or other_work(replace(own, id=f"pmid:{own.pmid}"), got)
    )


def _languages(record: Record) -> set[str]:
    return {version.language for version in record.versions() if version.title}


def _filled(own: Record, got: Record) -> Record:
    """The record with what it lacked: every field that says something stays as it is."""
    told, further = record_to_dict(own), record_to_dict(got)
    for name, value in further.items():
        if name not in ("translations", "abstract", "abstract_license") and not told.get(name):
            told[name] = value
    told.pop("to_complete", None)
    told["id"] = f"{COMPLETION}:{own.id}"[:_ID_LENGTH]
    versions = {v["language"]: dict(v) for v in told.get("translations", ())}
    for version in got.versions():
        if version.language == told.get("language"):
            if not told.get("abstract"):
                told |= {"abstract": version.abstract, "abstract_license": version.abstract_license}
        elif version.language:
            known = versions.setdefault(version.language, {"language": version.language})
            known["title"] = known.get("title") or version.title
            if not known.get("abstract"):
                known |= {
                    "abstract": version.abstract,
                    "abstract_license": version.abstract_license,
                }
    told["translations"] = [v for v in versions.values() if v.get("title") or v.get("abstract")]
    return record_from_dict(told)


def _read(answers: Iterable[bytes]) -> Iterator[Record]:
    for answer in answers:
        if not answer:
            continue
        for item, _ in read_stream(BytesIO(answer), "the answer"):
            if isinstance(item, Record):
                yield item


def _lines(records: Iterable[Record]) -> bytes:
    stream = BytesIO()
    write(records, stream)
    return stream.getvalue()


def _in_groups(values: Sequence[Any], size: int) -> list[list[Any]]:
    return [list(values[at : at + size]) for at in range(0, len(values), size)]
