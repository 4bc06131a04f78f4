"""The history of collections: who changed what and when, row by row, and back again.

Every edit runs inside :func:`change`; triggers of the store write down each row before and after.
So nothing can be changed without a trace, and any change can be undone.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, get_args

from search import budget
from web.desk.copies import every_record_is_counted
from web.desk.schema import DECISIONS_SEEN, OPENS_DECISIONS, TRACKED
from web.desk.store import Store, now

Action = Literal[
    "add folder",
    "change folder",
    "delete folder",
    "create",
    "describe",
    "delete",
    "add records",
    "name source",
    "take back source",
    "take over decisions",
    "decline decisions",
    "remove records",
    "note",
    "reorder records",
    "add tag",
    "rename tag",
    "merge tags",
    "reorder tags",
    "delete tag",
    "tag records",
    "untag records",
    "share",
    "end share",
    "import collection",
    "run search",
    "rerun searches",
    "describe search",
    "delete search",
    "alert on",
    "alert off",
    "living on",
    "living off",
    "mark seen",
    "share feed",
    "end feed",
    "answer report",
    "handle as one",
    "take apart",
    "declare distinct",
    "propose again",
    "plan screening",
    "mark words",
    "fill in abstract",
    "note number",
    "undo",
    "restore",
]
ACTIONS: tuple[Action, ...] = get_args(Action)


class CollectionError(ValueError):
    """An edit that cannot be made: says why."""


class UnknownError(LookupError):
    """There is no such collection, record, tag, folder or change."""


class ConflictError(CollectionError):
    """Someone else has changed the same thing in between; ``current`` is what it is now."""

    def __init__(self, message: str, current: str = "") -> None:
        super().__init__(message)
        self.current = current


@dataclass(frozen=True)
class Change:
    """An entry of a history. ``rows`` is how many rows it changed; one without any (a share, an
    import) cannot be undone."""

    id: int
    at: str
    who: str
    action: Action
    detail: dict[str, Any]
    rows: int


@dataclass
class OpenChange:
    """A change under way: the connection to write through, and its number in the history."""

    db: sqlite3.Connection
    id: int

    def belongs_to(self, collection: int) -> None:
        """Say whose history this is, where the collection did not exist before."""
        self.db.execute("update changes set collection = ? where id = ?", [collection, self.id])

    def says(self, **detail: Any) -> None:
        """What the history tells about it."""
        text = json.dumps(detail, ensure_ascii=False)
        self.db.execute("update changes set detail = ? where id = ?", [text, self.id])


@contextmanager
def change(
    store: Store,
    who: str,
    action: Action,
    collection: int | None = None,
    *,
    without_rows: bool = False,
    **detail: Any,
) -> Iterator[OpenChange]:
    """An edit of a collection, or of the desk as a whole, written into the history as one.

    An edit that changes nothing leaves no entry, but for one that has no rows by nature.

    Raises:
        UnknownError: when there is no such collection.
    """
    with store.writing() as db:
        if collection is not None:
            _check_collection(db, collection, deleted_too=action in {"undo", "restore"})
        number = db.execute(
            "insert into changes (collection, at, who, action, detail) values (?, ?, ?, ?, ?)",
            [collection, now(), who, action, json.dumps(detail, ensure_ascii=False)],
        ).lastrowid
        assert number is not None
        db.execute("insert into current_change values (?)", [number])
        yield OpenChange(db, number)
        db.execute("delete from current_change")
        found = db.execute("select 1 from change_rows where change = ?", [number]).fetchone()
        if found is None and not without_rows:
            db.execute("delete from changes where id = ?", [number])


def history(
    store: Store, collection: int | None, first: int = 0, count: int = 1000
) -> tuple[int, list[Change]]:
    """How many changes there are of a collection, or of folders, and ``count`` of them from
    ``first`` on, the newest first."""
    where = "collection = ?" if collection is not None else "collection is ?"
    (total,) = store.connection.execute(
        f"select count(*) from changes where {where}",  # noqa: S608 - our own text
        [collection],
    ).fetchone()
    rows = store.connection.execute(
        "select *, (select count(*) from change_rows where change = changes.id) rows "  # noqa: S608
        f"from changes where {where} order by id desc limit ? offset ?",
        [collection, count, first],
    )
    return total, [_change(row) for row in rows]


def undo(store: Store, who: str, number: int, collection: int | None = None) -> Change:
    """Take one change back, if what it changed has not been changed again since; of one
    ``collection`` where that is given.

    Raises:
        UnknownError: when there is no such change.
        ConflictError: when it has.
        CollectionError: when the change has no rows.
    """
    row = store.connection.execute(
        "select *, (select count(*) from change_rows where change = changes.id) rows "
        "from changes where id = ?",
        [number],
    ).fetchone()
    if row is None or (collection is not None and row["collection"] != collection):
        raise UnknownError(f"there is no change {number}")
    undone = _change(row)
    if not undone.rows:
        raise CollectionError(f"{undone.action!r} cannot be undone")
    try:
        with change(
            store, who, "undo", row["collection"], change=number, undone=undone.action
        ) as opened:
            for changed in _rows_backwards(opened.db, number):
                if _current(opened.db, changed["tracked"], changed["row"]) != changed["after"]:
                    raise ConflictError(
                        f"change {number} cannot be undone: what it changed has been changed since"
                    )
                _put(opened.db, changed)
            _check_counts(opened.db, row["collection"], number)
    except sqlite3.IntegrityError as error:
        refused = str(error) in (OPENS_DECISIONS, DECISIONS_SEEN)
        why = str(error) if refused else "later changes build on it"
        raise ConflictError(f"change {number} cannot be undone: {why}") from error
    return undone


def restore_to(store: Store, who: str, collection: int, number: int) -> None:
    """Bring a collection back to what it was right after a change of its history.

    Raises:
        UnknownError: when the history has no such change.
        ConflictError: when that state cannot be brought back any more.
    """
    try:
        _restore_to(store, who, collection, number)
    except sqlite3.IntegrityError as error:
        raise ConflictError(
            f"what the collection was after change {number} cannot be brought back: {error}"
        ) from error


def _check_counts(db: sqlite3.Connection, collection: int | None, number: int) -> None:
    if collection is not None and not every_record_is_counted(db, collection):
        raise ConflictError(
            f"change {number} cannot be undone: other files hold some of the same records, or they "
            "came in again. A file is taken back among the sources of the collection"
        )


def _restore_to(store: Store, who: str, collection: int, number: int) -> None:
    with change(store, who, "restore", collection, change=number) as opened:
        found = opened.db.execute(
            "select at from changes where id = ? and collection = ?", [number, collection]
        ).fetchone()
        if found is None:
            raise UnknownError(f"the history of collection {collection} has no change {number}")
        opened.says(change=number, at=found["at"])
        later = opened.db.execute(
            "select id from changes where collection = ? and id > ? and id < ? order by id desc",
            [collection, number, opened.id],
        ).fetchall()
        for row in later:
            for changed in _rows_backwards(opened.db, row["id"]):
                _put(opened.db, changed)
        if not every_record_is_counted(opened.db, collection):
            raise ConflictError("its records and the copies of its sources would not agree")


def _rows_backwards(db: sqlite3.Connection, number: int) -> list[sqlite3.Row]:
    return db.execute(
        "select * from change_rows where change = ? order by id desc", [number]
    ).fetchall()


def _current(db: sqlite3.Connection, table: str, row: int) -> str | None:
    """A row as the triggers write it; None where it is gone."""
    columns = ", ".join(f"{c!r}, {c}" for c in TRACKED[table])
    found = db.execute(
        f"select json_object({columns}) from {table} where id = ?",  # noqa: S608 - our own names
        [row],
    ).fetchone()
    return found[0] if found else None


def _put(db: sqlite3.Connection, changed: sqlite3.Row) -> None:
    """Make a row what it was before a change."""
    budget.check("collection")
    table = changed["tracked"]
    if changed["before"] is None:
        db.execute(f"delete from {table} where id = ?", [changed["row"]])  # noqa: S608
        return
    values = json.loads(changed["before"])
    if values.get("folder") is not None and not _exists(db, "folders", values["folder"]):
        values["folder"] = None
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    updates = ", ".join(f"{name} = excluded.{name}" for name in values if name != "id")
    # Not "insert or replace", which would delete the row and insert another.
    db.execute(
        f"insert into {table} ({names}) values ({marks}) "  # noqa: S608 - our own names
        f"on conflict (id) do update set {updates}",
        list(values.values()),
    )


def _exists(db: sqlite3.Connection, table: str, number: int) -> bool:
    return bool(
        db.execute(f"select 1 from {table} where id = ?", [number]).fetchone()  # noqa: S608
    )


def _check_collection(db: sqlite3.Connection, collection: int, *, deleted_too: bool) -> None:
    row = db.execute("select deleted from collections where id = ?", [collection]).fetchone()
    if row is None or (row["deleted"] and not deleted_too):
        raise UnknownError(f"there is no collection {collection}")


def _change(row: sqlite3.Row) -> Change:
    return Change(
        row["id"],
        row["at"],
        row["who"],
        row["action"],
        json.loads(row["detail"]),
        row["rows"],
    )
