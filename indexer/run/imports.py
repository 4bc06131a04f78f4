"""What was imported, when, from where, and what became of it: for reports as PRISMA asks them."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from indexer.run.intake import RejectedItem, Report
from indexer.store.record_store import RecordStore
from search.library.manifest import LibraryError, live_folder

# What a run counts, in the order in which it is said.
COUNTS = ("read", "new", "replaced", "unchanged", "duplicate", "deleted", "rejected")


@dataclass(frozen=True)
class Export:
    """What a librarian says of what is imported: the database that it came from, the date of the
    search there (``YYYY-MM-DD``) and a note. A run with a ``key`` is made once: where the library
    has it already, it is not made again."""

    database: str = ""
    searched: str = ""
    note: str = ""
    key: str = ""


@dataclass(frozen=True)
class Import:
    """One indexing run. ``started`` is an ISO time; ``sources`` as they were named; the counts are
    of items read."""

    number: int
    started: str
    database: str
    searched: str
    note: str
    sources: tuple[str, ...]
    read: int
    new: int
    replaced: int
    unchanged: int
    duplicate: int
    deleted: int
    rejected: int
    # Libraries of format 5 had none.
    to_complete: int = 0
    # Nor had those of format 7 at first.
    key: str | None = None


def keep_import(
    store: RecordStore,
    number: int,
    started: str,
    export: Export,
    sources: Sequence[str],
    report: Report,
) -> None:
    """Write an indexing run into the staged ``records.db``."""
    store.add_import(
        {
            "number": number,
            "started": started,
            "database": export.database,
            "searched": export.searched,
            "note": export.note,
            "sources": json.dumps(list(sources), ensure_ascii=False),
            **{name: getattr(report, name) for name in COUNTS},
            "to_complete": report.to_complete,
            "key": export.key,
        }
    )


def made_before(store: RecordStore, key: str) -> Report | None:
    """What the run with this key did, where the library has it."""
    row = store.import_of_key(key) if key else None
    return Report(**{name: row[name] for name in COUNTS}) if row else None


def imports(library: Path) -> list[Import]:
    """The imports of the live generation, in order.

    Raises:
        LibraryError: when there is no library.
    """
    with closing(open_records(library)) as db:
        rows = db.execute("select * from imports order by number").fetchall()
    return [
        Import(**{**row, "sources": tuple(json.loads(row["sources"]))}) for row in map(dict, rows)
    ]


def rejected(library: Path, number: int) -> Iterator[RejectedItem]:
    """What import ``number`` left out, in order.

    Raises:
        LibraryError: when there is no library.
    """
    with closing(open_records(library)) as db:
        for row in db.execute(
            "select source, place, reason from rejected where import = ? order by rowid", [number]
        ):
            yield RejectedItem(*row)


@dataclass(frozen=True)
class Merge:
    """What an import took for a copy: of which record, under which id, title and source it came,
    and why (:data:`search.matching.SAMENESS`)."""

    record: str
    id: str
    title: str
    source: str
    reason: str


def merges(library: Path, number: int) -> Iterator[Merge]:
    """What import ``number`` took for duplicates, in order.

    Raises:
        LibraryError: when there is no library.
    """
    with closing(open_records(library)) as db:
        for row in db.execute(
            "select record, id, title, source, reason from merges where import = ? order by rowid",
            [number],
        ):
            yield Merge(*row)


def open_records(library: Path) -> sqlite3.Connection:
    """The live generation's ``records.db``, for reading.

    Raises:
        LibraryError: when there is no library.
    """
    live = live_folder(library)
    if live is None:
        raise LibraryError(
            f"{library}: no library here; build one with: "
            f"jmedsearch index SOURCE --library {library}"
        )
    connection = sqlite3.connect(f"file:{live / 'records.db'}?mode=ro&immutable=1", uri=True)
    connection.row_factory = sqlite3.Row
    return connection
