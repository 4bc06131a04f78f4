"""What a librarian does to records that are there: removes them, decides on proposed duplicates."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from indexer.run.imports import open_records
from indexer.run.intake import Progress, propose
from indexer.run.pipeline import edit, finish
from indexer.stages.staging import BuildError
from indexer.store.record_store import RecordStore
from search.library.generation import record_from_row
from search.records import Record

Decision = Literal["merged", "distinct"]


@dataclass(frozen=True)
class DuplicatePair:
    """Two records that may be one, why, and what was decided: ``open``, or a :data:`Decision`.

    A record that is gone, because it was merged or removed, is None.
    """

    ids: tuple[str, str]
    records: tuple[Record | None, Record | None]
    reason: str
    state: str


def proposals(library: Path, state: str = "open") -> list[DuplicatePair]:
    """The proposed pairs in ``state``, by id.

    Raises:
        LibraryError: when there is no library.
    """
    with closing(open_records(library)) as db:

        def record(record_id: str) -> Record | None:
            row = db.execute("select * from records where id = ?", [record_id]).fetchone()
            return record_from_row(row) if row else None

        return [
            DuplicatePair(
                (row["first"], row["second"]),
                (record(row["first"]), record(row["second"])),
                row["reason"],
                row["state"],
            )
            for row in db.execute(
                "select * from proposals where state = ? order by first, second", [state]
            )
        ]


def decide(
    library: Path, a: str, b: str, decision: Decision, progress: Progress | None = None
) -> Path:
    """Merge two records, or declare them distinct for good; gives the new generation.

    Any two records can be named, also by ids that were merged into others.

    Raises:
        BuildError: when an id is unknown, or both lead to one record.
        LibraryError, ModelError: when the library cannot be written.
    """
    with edit(library) as edited:
        store = edited.store
        with store.db.atomic():
            first, second = sorted((_known(library, store, a), _known(library, store, b)))
            if first == second:
                raise BuildError(f"{a} and {b} are one record: {store.record_id(first)}")
            if decision == "merged":
                store.open(first)
                store.open(second)
                store.unite(first, second)
                store.settle(first)
                propose(store)
            else:
                store.declare_distinct(store.record_id(first), store.record_id(second))
        return finish(edited, progress=progress)


def part(
    library: Path, record_id: str, other: str, progress: Progress | None = None
) -> tuple[str, str, Path]:
    """Part what was merged: two ids that lead to one record lead to two again, which never become
    one by themselves. Gives the ids of both records and the new generation.

    Raises:
        BuildError: when an id is unknown, or the two do not lead to one record.
        LibraryError, ModelError: when the library cannot be written.
    """
    with edit(library) as edited:
        store = edited.store
        with store.db.atomic():
            number = _known(library, store, record_id)
            if number != _known(library, store, other) or record_id == other:
                raise BuildError(f"{record_id} and {other} are not one record")
            imported = {original.id for original in store.originals(number)}
            if not {record_id, other} <= imported:
                raise BuildError(f"{record_id} and {other} were not both imported; nothing to part")
            # The record keeps its own id, whichever was named first.
            leaving = record_id if store.record_id(number) == other else other
            store.open(number)
            new = store.part(number, leaving)
            propose(store)
            ids = store.record_id(number), store.record_id(new)
        return *ids, finish(edited, progress=progress)


def remove(
    library: Path, ids: Sequence[str], progress: Progress | None = None
) -> tuple[list[str], Path | None]:
    """Remove records; gives the ids that led to none, and the new generation if there is one.

    An id that was merged into a record removes that record, with all that was merged into it.

    Raises:
        LibraryError, ModelError, BuildError: when the library cannot be written.
    """
    open_records(library).close()
    with edit(library) as edited:
        store = edited.store
        unknown = []
        with store.db.atomic():
            for record_id in ids:
                number = store.record_of(record_id)
                if number is None:
                    unknown.append(record_id)
                else:
                    store.open(number)
                    store.remove(number)
        return unknown, finish(edited, progress=progress) if store.changed() else None


def _known(library: Path, store: RecordStore, record_id: str) -> int:
    number = store.record_of(record_id)
    if number is None:
        raise BuildError(f"{library}: no record has the id {record_id!r}")
    return number
