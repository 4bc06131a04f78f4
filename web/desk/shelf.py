"""Collections as a whole, and the folders that they stand in."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from web.desk.history import CollectionError, ConflictError, UnknownError, change
from web.desk.store import Store, now

LONGEST_NAME = 200
LONGEST_TEXT = 20_000


@dataclass(frozen=True)
class Folder:
    """A folder; ``parent`` is the one that it lies in, None at the top."""

    id: int
    name: str
    parent: int | None


@dataclass(frozen=True)
class Collection:
    """A librarian's own set of records. ``changed`` is when it last was, ``records`` how many
    there are, those that are handled as one counted once; ``deleted`` is when it was put away, from
    where it can be brought back."""

    id: int
    name: str
    description: str
    folder: int | None
    records: int
    changed: str
    deleted: str | None


_COLLECTIONS = (
    "select collections.*, "
    "(select count(*) from items where collection = collections.id "
    "and id not in (select item from duplicates)) records, "
    "(select max(at) from changes where collection = collections.id) changed from collections"
)


def collections(store: Store, *, deleted: bool = False) -> list[Collection]:
    """All collections in order, or those that were put away."""
    rows = store.connection.execute(
        f"{_COLLECTIONS} where deleted is {'not ' * deleted}null order by position, id"
    )
    return [_collection(row) for row in rows]


def holding(store: Store, record_ids: Sequence[str]) -> list[Collection]:
    """The collections that hold any of some records, in order, without those put away."""
    rows = store.connection.execute(
        f"{_COLLECTIONS} where deleted is null and id in "  # noqa: S608 - fixed text
        "(select collection from items join json_each(?) wanted on record_id = wanted.value) "
        "order by position, id",
        [json.dumps(list(record_ids))],
    )
    return [_collection(row) for row in rows]


def collection(store: Store, number: int, *, deleted: bool = False) -> Collection:
    """One collection; one that was put away only where ``deleted`` asks for it too.

    Raises:
        UnknownError: when there is none.
    """
    row = store.connection.execute(f"{_COLLECTIONS} where collections.id = ?", [number]).fetchone()
    if row is None or (row["deleted"] and not deleted):
        raise UnknownError(f"there is no collection {number}")
    return _collection(row)


def create(
    store: Store, who: str, name: str, description: str = "", folder: int | None = None
) -> int:
    """A new, empty collection; its number.

    Raises:
        CollectionError: for a name that is none. UnknownError: for a folder that is none.
    """
    name, description = checked_name(name), checked_text(description)
    with change(store, who, "create", name=name) as opened:
        _check_folder(opened.db, folder)
        number = opened.db.execute(
            "insert into collections (name, description, folder, position) "
            "select ?, ?, ?, coalesce(max(position), 0) + 1 from collections",
            [name, description, folder],
        ).lastrowid
        assert number is not None
        opened.belongs_to(number)
    return number


def describe(
    store: Store,
    who: str,
    number: int,
    *,
    name: str,
    description: str,
    seen: tuple[str, str] | None = None,
) -> None:
    """Change a collection's name and description; ``seen`` is what the editor had before them.

    Raises:
        ConflictError: when someone else has changed them since.
        CollectionError: for a name that is none. UnknownError: when there is no such collection.
    """
    name, description = checked_name(name), checked_text(description)
    with change(store, who, "describe", number, name=name) as opened:
        row = opened.db.execute(
            "select name, description from collections where id = ?", [number]
        ).fetchone()
        current = (row["name"], row["description"])
        if seen is not None and seen != current and current != (name, description):
            raise ConflictError(
                "name or description have been changed by someone else in between",
                "\n".join(current),
            )
        if current != (name, description):
            opened.db.execute(
                "update collections set name = ?, description = ? where id = ?",
                [name, description, number],
            )


def put_into(store: Store, who: str, number: int, folder: int | None) -> None:
    """Put a collection into a folder, or to the top.

    Raises:
        UnknownError: when there is no such collection or folder.
    """
    with change(store, who, "describe", number, folder=_name_of(store, folder)) as opened:
        _check_folder(opened.db, folder)
        opened.db.execute(
            "update collections set folder = ? where id = ? and folder is not ?",
            [folder, number, folder],
        )


def delete(store: Store, who: str, number: int) -> None:
    """Put a collection away; undoing that brings it back.

    Raises:
        UnknownError: when there is no such collection.
    """
    with change(store, who, "delete", number) as opened:
        opened.db.execute("update collections set deleted = ? where id = ?", [now(), number])


# Folders


def folders(store: Store) -> list[Folder]:
    """All folders, by name."""
    rows = store.connection.execute("select * from folders order by name, id")
    return [Folder(row["id"], row["name"], row["parent"]) for row in rows]


def add_folder(store: Store, who: str, name: str, parent: int | None = None) -> int:
    """A new folder; its number.

    Raises:
        CollectionError: for a name that is none. UnknownError: for a parent that is none.
    """
    name = checked_name(name)
    with change(store, who, "add folder", name=name) as opened:
        _check_folder(opened.db, parent)
        number = opened.db.execute(
            "insert into folders (name, parent, position) values (?, ?, 0)", [name, parent]
        ).lastrowid
        assert number is not None
    return number


def change_folder(store: Store, who: str, number: int, name: str, parent: int | None) -> None:
    """Give a folder another name or place.

    Raises:
        CollectionError: when it would lie inside itself, or for a name that is none.
        UnknownError: when there is no such folder.
    """
    name = checked_name(name)
    with change(store, who, "change folder", name=name) as opened:
        _check_folder(opened.db, number)
        _check_folder(opened.db, parent)
        above, seen = parent, set()
        while above is not None and above not in seen:
            if above == number:
                raise CollectionError("a folder cannot lie inside itself")
            seen.add(above)
            (above,) = opened.db.execute(
                "select parent from folders where id = ?", [above]
            ).fetchone()
        opened.db.execute(
            "update folders set name = ?, parent = ? where id = ?", [name, parent, number]
        )


def delete_folder(store: Store, who: str, number: int) -> None:
    """Take a folder away; what lies in it moves up.

    Raises:
        UnknownError: when there is no such folder.
    """
    with change(store, who, "delete folder", name=_name_of(store, number)) as opened:
        _check_folder(opened.db, number)
        (parent,) = opened.db.execute(
            "select parent from folders where id = ?", [number]
        ).fetchone()
        for table, column in (("folders", "parent"), ("collections", "folder")):
            opened.db.execute(
                f"update {table} set {column} = ? where {column} = ?",  # noqa: S608 - our names
                [parent, number],
            )
        opened.db.execute("delete from folders where id = ?", [number])


def checked_name(name: str) -> str:
    """A name on one line.

    Raises:
        CollectionError: when it is empty or too long.
    """
    name = " ".join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise CollectionError(f"a name has 1 to {LONGEST_NAME} characters")
    return name


def checked_text(text: str) -> str:
    """A text of several lines, with line ends as they are here.

    Raises:
        CollectionError: when it is too long.
    """
    text = "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").split("\n")).strip()
    if len(text) > LONGEST_TEXT:
        raise CollectionError(f"the text has {len(text)} characters; at most {LONGEST_TEXT}")
    return text


def _name_of(store: Store, folder: int | None) -> str:
    return next((f.name for f in folders(store) if f.id == folder), "")


def _check_folder(db: sqlite3.Connection, folder: int | None) -> None:
    if folder is None:
        return
    if db.execute("select 1 from folders where id = ?", [folder]).fetchone() is None:
        raise UnknownError(f"there is no folder {folder}")


def _collection(row: sqlite3.Row) -> Collection:
    return Collection(
        row["id"],
        row["name"],
        row["description"],
        row["folder"],
        row["records"],
        row["changed"] or "",
        row["deleted"],
    )
