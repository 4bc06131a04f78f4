"""The tags of a collection: its own words for its records, in its own order."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from web.desk.history import CollectionError, UnknownError, change
from web.desk.items import put_at
from web.desk.shelf import checked_name
from web.desk.store import Store


@dataclass(frozen=True)
class Tag:
    """A tag and how many records have it."""

    name: str
    records: int


def tags(store: Store, collection: int) -> list[Tag]:
    """A collection's tags in order."""
    rows = store.connection.execute(
        "select name, (select count(*) from item_tags where tag = tags.id "
        "and item not in (select item from duplicates)) records "
        "from tags where collection = ? order by position, id",
        [collection],
    )
    return [Tag(row["name"], row["records"]) for row in rows]


def tag_records(
    store: Store, who: str, collection: int, name: str, record_ids: Sequence[str]
) -> int:
    """Give records a tag, made where there is none; how many did not have it yet.

    Raises:
        UnknownError: when there is no such collection. CollectionError: for a name that is none.
    """
    name = checked_name(name)
    with change(store, who, "tag records", collection) as opened:
        number = _made(opened.db, collection, name)
        tagged = opened.db.execute(
            "insert into item_tags (item, tag) select id, ? from items "
            "where collection = ? and record_id in (select value from json_each(?)) "
            "on conflict do nothing",
            [number, collection, json.dumps(list(record_ids))],
        ).rowcount
        opened.says(tag=name, records=tagged)
    return tagged


def untag_records(
    store: Store, who: str, collection: int, name: str, record_ids: Sequence[str]
) -> int:
    """Take a tag off records; how many had it.

    Raises:
        UnknownError: when there is no such collection or tag.
    """
    with change(store, who, "untag records", collection) as opened:
        number = _number(opened.db, collection, name)
        untagged = opened.db.execute(
            "delete from item_tags where tag = ? and item in (select id from items "
            "where collection = ? and record_id in (select value from json_each(?)))",
            [number, collection, json.dumps(list(record_ids))],
        ).rowcount
        opened.says(tag=name, records=untagged)
    return untagged


def add(store: Store, who: str, collection: int, name: str) -> None:
    """A new tag at the end, that no record has yet.

    Raises:
        UnknownError: when there is no such collection. CollectionError: for a name that is none.
    """
    name = checked_name(name)
    with change(store, who, "add tag", collection, tag=name) as opened:
        _made(opened.db, collection, name)


def rename(store: Store, who: str, collection: int, name: str, new: str) -> None:
    """Give a tag another name.

    Raises:
        CollectionError: when there is a tag of that name: the two can be merged.
        UnknownError: when there is no such collection or tag.
    """
    new = checked_name(new)
    with change(store, who, "rename tag", collection, tag=name, new=new) as opened:
        number = _number(opened.db, collection, name)
        try:
            opened.db.execute(
                "update tags set name = ? where id = ? and name != ?", [new, number, new]
            )
        except sqlite3.IntegrityError as error:
            raise CollectionError(f"there is a tag {new!r} already: merge the two") from error


def merge(store: Store, who: str, collection: int, name: str, into: str) -> None:
    """Give every record of one tag another, and delete the first.

    Raises:
        CollectionError: when both are the same.
        UnknownError: when there is no such collection or tag.
    """
    with change(store, who, "merge tags", collection, tag=name, into=into) as opened:
        gone, kept = (_number(opened.db, collection, n) for n in (name, into))
        if gone == kept:
            raise CollectionError("a tag cannot be merged with itself")
        opened.db.execute(
            "insert into item_tags (item, tag) select item, ? from item_tags where tag = ? "
            "on conflict do nothing",
            [kept, gone],
        )
        _delete(opened.db, gone)


def move(store: Store, who: str, collection: int, name: str, place: int) -> None:
    """Put a tag at a place among the tags, counted from 1.

    Raises:
        UnknownError: when there is no such collection or tag.
    """
    with change(store, who, "reorder tags", collection, tag=name) as opened:
        number = _number(opened.db, collection, name)
        put_at(opened.db, "tags", collection, number, max(1, place))


def delete(store: Store, who: str, collection: int, name: str) -> None:
    """Take a tag off all records, and away.

    Raises:
        UnknownError: when there is no such collection or tag.
    """
    with change(store, who, "delete tag", collection, tag=name) as opened:
        _delete(opened.db, _number(opened.db, collection, name))


def _made(db: sqlite3.Connection, collection: int, name: str) -> int:
    db.execute(
        "insert into tags (collection, name, position) "
        "select ?, ?, coalesce(max(position), 0) + 1 from tags where collection = ? "
        "on conflict do nothing",
        [collection, name, collection],
    )
    return _number(db, collection, name)


def _number(db: sqlite3.Connection, collection: int, name: str) -> int:
    row = db.execute(
        "select id from tags where collection = ? and name = ?", [collection, name]
    ).fetchone()
    if row is None:
        raise UnknownError(f"collection {collection} has no tag {name!r}")
    number: int = row["id"]
    return number


def _delete(db: sqlite3.Connection, number: int) -> None:
    db.execute("delete from item_tags where tag = ?", [number])
    db.execute("delete from tags where id = ?", [number])
