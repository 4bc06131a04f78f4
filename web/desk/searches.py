"""The searches of a strategy as they are kept: what each asks for, what each run of it found."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from web.desk.history import UnknownError
from web.desk.id_lists import found_ids
from web.desk.shelf import collection
from web.desk.store import Store
from web.desk.strategy_answers import SearchRequest, Syntax, read_filters, read_thesaurus


@dataclass(frozen=True)
class Run:
    """One run of a search. ``generation`` is the library's, ``generation_hash`` SHA-256 of its
    manifest, which holds those of all its files; ``found`` names the list of what was found.
    ``parts`` are the runs that a combination was made of: of each search the number of its run;
    ``frozen`` the numbers of the ranked searches in it, itself or through its parts: cut off, and
    no complete sets."""

    id: int
    number: int
    at: str
    who: str
    program: str
    generation: int
    generation_hash: str
    generation_created: str
    library_records: int
    model: str
    model_hash: str
    count: int
    found: str
    parts: Mapping[int, int]
    frozen: tuple[int, ...]


@dataclass(frozen=True)
class Search:
    """A search of a strategy, with the number of its runs and the last one."""

    id: int
    number: int
    asked: SearchRequest
    name: str
    note: str
    created: str
    created_by: str
    deleted: str | None
    runs: int
    last: Run

    @property
    def mark(self) -> str:
        """How it is referred to."""
        return f"#{self.number}"


def searches(store: Store, number: int, *, deleted: bool = False) -> list[Search]:
    """The searches of a collection by number, or those of them that were deleted.

    Raises:
        UnknownError: when there is no such collection.
    """
    return [s for s in all_searches(store, number) if (s.deleted is not None) == deleted]


def search(store: Store, number: int, wanted: int) -> Search:
    """One search.

    Raises:
        UnknownError: when there is none of this number any more.
    """
    for found in searches(store, number):
        if found.number == wanted:
            return found
    raise UnknownError(f"collection {number} has no search #{wanted}")


def runs(store: Store, found: Search) -> list[Run]:
    """All runs of a search, the newest first."""
    rows = store.connection.execute(
        "select * from runs where search = ? order by number desc", [found.id]
    )
    return [_run(row) for row in rows]


def run(store: Store, found: Search, wanted: int | None) -> Run:
    """One run of a search, by its number; the last where none is asked for.

    Raises:
        UnknownError: when there is no such run.
    """
    if wanted is None:
        return found.last
    for one in runs(store, found):
        if one.number == wanted:
            return one
    raise UnknownError(f"search {found.mark} has no run {wanted}")


def run_before(store: Store, found: Search, one: Run) -> Run | None:
    """The run before a run; None where that is the first."""
    return next((r for r in runs(store, found) if r.number < one.number), None)


def found_by(store: Store, one: Run) -> tuple[str, ...]:
    """The ids that a run found, in its order."""
    return found_ids(store.connection, one.found)


def all_searches(store: Store, number: int) -> list[Search]:
    """Every search of a collection by number, deleted ones too."""
    collection(store, number)
    last = {
        row["search"]: row
        for row in store.connection.execute(
            "select runs.*, max(runs.number) from runs join searches on searches.id = search "
            "where collection = ? group by search",
            [number],
        )
    }
    rows = store.connection.execute(
        "select *, (select count(*) from runs where search = searches.id) runs from searches "
        "where collection = ? order by number",
        [number],
    )
    return [_search(row, last[row["id"]]) for row in rows]


def _search(row: sqlite3.Row, last: sqlite3.Row) -> Search:
    wanted = SearchRequest(
        row["query"],
        cast("Syntax", row["syntax"]),
        read_filters(row["filters"]),
        row["top"],
        read_thesaurus(row["filters"]),
    )
    return Search(
        *(row["id"], row["number"], wanted, row["name"], row["note"]),
        *(row["created"], row["created_by"], row["deleted"], row["runs"]),
        _run(last),
    )


def _run(row: sqlite3.Row) -> Run:
    return Run(
        *(row["id"], row["number"], row["at"], row["who"], row["program"], row["generation"]),
        *(row["generation_hash"], row["generation_created"], row["library_records"]),
        *(row["model"], row["model_hash"], row["count"], row["found"]),
        {int(n): run for n, run in json.loads(row["parts"]).items()},
        tuple(json.loads(row["frozen"])),
    )
