"""The records of a collection: added, removed, annotated, put in order.

A collection keeps a copy of each of its records as it was when it came in: a library may drop it.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from search import budget
from search.records import Record, Retraction
from web.desk.copies import FROM_LIBRARY, WHYS, SentFile, Why, come_in, keep, kept_record
from web.desk.history import CollectionError, ConflictError, UnknownError, change
from web.desk.shelf import LONGEST_TEXT, checked_text
from web.desk.store import Store, now

# Records in memory at a time, of those that are read one after another.
_AT_ONCE = 500


@dataclass(frozen=True)
class Item:
    """A record in a collection: the copy that is kept, where it came from (``library`` or a
    file's name), its note and its tags, in their order. ``duplicates`` is how many records are
    handled as one with it and hidden."""

    id: int
    record: Record
    source: str
    note: str
    tags: tuple[str, ...]
    added: str
    added_by: str
    duplicates: int = 0


def items(
    store: Store,
    collection: int,
    *,
    tag: str = "",
    record_ids: Iterable[str] | None = None,
    first: int = 0,
    count: int = -1,
) -> tuple[int, list[Item]]:
    """How many records there are, with this tag and among ``record_ids`` where those are given,
    and ``count`` of them from ``first`` on (-1 for all), in order. Those that are handled as one
    with another are there only where ``record_ids`` names them."""
    where, named = _where(collection, tag, record_ids)
    named |= {"first": first, "count": count}
    db = store.connection
    (total,) = db.execute(f"select count(*) from items where {where}", named).fetchone()  # noqa: S608
    rows = db.execute(
        "select items.*, data, "  # noqa: S608 - our text
        "(select count(*) from duplicates where main = items.id) duplicates "
        f"from (select * from items where {where} "
        "order by position, id limit :count offset :first) items "
        "join records on records.hash = record_hash order by position, id",
        named,
    ).fetchall()
    tags = _tags_of(db, [row["id"] for row in rows])
    return total, [_item(row, tags.get(row["id"], ())) for row in rows]


# How a collection can be listed: in its own order, which people set, or by what its records say.
ItemOrder = Literal["own", "year", "year-ascending", "title", "added"]
_ORDERS: dict[ItemOrder, str] = {
    "own": "",
    "year": "coalesce(data ->> '$.date', '') desc,",
    "year-ascending": "data ->> '$.date' is null, data ->> '$.date',",
    "title": "coalesce(data ->> '$.title', '') = '', data ->> '$.title',",
    "added": "added desc,",
}


def record_ids(
    store: Store, collection: int, *, tag: str = "", order: ItemOrder = "own"
) -> list[str]:
    """The id of every record that is shown, with this tag where one is given, in order."""
    where, named = _where(collection, tag, None)
    # Own order is asked for at every turn, and needs none of the texts.
    texts = "join records on records.hash = record_hash" if "data" in _ORDERS[order] else ""
    rows = store.connection.execute(
        f"select record_id from (select * from items where {where}) items {texts} "  # noqa: S608
        f"order by {_ORDERS[order]} position, id",
        named,
    )
    return [row["record_id"] for row in rows]


def every_item(store: Store, collection: int) -> Iterator[Item]:
    """Every record that is shown, in order, a few in memory at a time. What is read meanwhile is of
    one moment only inside :meth:`Store.reading`."""
    ids = record_ids(store, collection)
    for start in range(0, len(ids), _AT_ONCE):
        yield from items(store, collection, record_ids=ids[start : start + _AT_ONCE])[1]


@dataclass(frozen=True)
class Origin:
    """Where a record came from, and of the copy that is kept its hash and retraction state."""

    source: str
    record_hash: str
    retraction: Retraction


def origins(store: Store, collection: int) -> dict[str, Origin]:
    """The origin of every record, in order; also of those that are handled as one with another."""
    rows = store.connection.execute(
        "select record_id, source, hash, coalesce(data ->> '$.retraction', '') retraction "
        "from items join records on hash = record_hash where collection = ? order by position, id",
        [collection],
    )
    return {row["record_id"]: Origin(*tuple(row)[1:]) for row in rows}


def mains(store: Store, collection: int) -> dict[str, str]:
    """Of every record that is handled as one with another, in order, the id of that other."""
    rows = store.connection.execute(
        "select own.record_id, main.record_id from duplicates "
        "join items own on own.id = item join items main on main.id = main "
        "where own.collection = ? order by own.position, own.id",
        [collection],
    )
    return dict(map(tuple, rows))


def add(
    store: Store,
    who: str,
    collection: int,
    records: Iterable[tuple[Record, str]],
    origin: str = "",
    *,
    file: SentFile | None = None,
    notes: Mapping[str, str] | None = None,
    kept: Callable[[sqlite3.Connection], None] | None = None,
) -> int:
    """Add records, each with its source, at the end; those that are there already stay as they
    are. ``origin`` says in the history where they came from (a query, a file). How many came in.
    ``notes`` are those of records by their ids: what a record's note does not say yet is added to
    it. ``kept`` keeps what else came with them, inside the same change.
    Every record that was offered is kept as a copy of its source: a flow diagram counts it. What a
    ``file`` held, copy by copy, counts instead where one is given.

    Raises:
        UnknownError: when there is no such collection.
    """
    with change(store, who, "add records", collection) as opened:
        db = opened.db
        (last,) = db.execute(
            "select coalesce(max(position), 0) from items where collection = ?", [collection]
        ).fetchone()
        added = already = 0
        offered: dict[str, list[Record]] = {}
        for record, source in budget.within(records, "collection"):
            digest = keep(db, record, searchable=source != FROM_LIBRARY)
            found = db.execute(
                "insert into items (collection, record_id, record_hash, source, position, added, "
                "added_by, note) values (?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing",
                [
                    *(collection, record.id, digest, source, last + added + 1, now(), who),
                    (notes or {}).get(record.id, ""),
                ],
            )
            if not found.rowcount and (note := (notes or {}).get(record.id)):
                _add_note(db, collection, record.id, note)
            added += found.rowcount
            already += 1 - found.rowcount
            offered.setdefault(source, []).append(record)
        if file is not None:
            come_in(db, who, collection, file)
        else:
            for source, few in offered.items():
                come_in(db, who, collection, SentFile(source, few))
        if kept is not None and (file or offered):
            kept(db)
        told = {"records": added} | ({"already": already} if already and file else {})
        opened.says(**told, **({"from": origin} if origin else {}))
    return added


def _add_note(db: sqlite3.Connection, collection: int, record_id: str, note: str) -> None:
    number, current = db.execute(
        "select id, note from items where collection = ? and record_id = ?", [collection, record_id]
    ).fetchone()
    joined = f"{current}\n{note}".strip()
    if note not in current and len(joined) <= LONGEST_TEXT:
        db.execute("update items set note = ? where id = ?", [joined, number])


def remove(
    store: Store, who: str, collection: int, record_ids: Sequence[str], why: Why = "other"
) -> int:
    """Take records out, with their notes and tags, and with each what is handled as one with it;
    how many there were, each such group counted once. ``why`` says whether an automation tool
    decided so: a flow diagram counts that apart.

    Raises:
        UnknownError: when there is no such collection. CollectionError: when ``why`` is no reason.
    """
    if why not in WHYS:
        raise CollectionError(f"records are removed as {' or '.join(WHYS)}, not as {why!r}")
    with change(store, who, "remove records", collection) as opened:
        named = _numbers(opened.db, collection, record_ids)
        opened.db.execute(
            "insert into removals (collection, record_id, why, under) "
            "select own.collection, own.record_id, :why, coalesce(main.record_id, '') "
            "from items own left join duplicates on item = own.id "
            "left join items main on main.id = duplicates.main "
            "and main.id in (select value from json_each(:named)) "
            "where own.id in (select value from json_each(:named)) or main.id is not null",
            {"why": why, "named": json.dumps(named)},
        )
        removed = take_out(opened.db, named)
        opened.says(records=removed)
    return removed


def take_out(db: sqlite3.Connection, numbers: Sequence[int]) -> int:
    """Delete items, with each what lies under it, and all that hangs on them; how many were
    named."""
    under = db.execute(
        "select item from duplicates where main in (select value from json_each(?))",
        [json.dumps(list(numbers))],
    ).fetchall()
    every = json.dumps([*numbers, *({row["item"] for row in under} - set(numbers))])
    for table, column in (
        ("item_tags", "item"),
        ("filled_abstracts", "item"),
        ("item_numbers", "item"),
        ("distinct_pairs", "item"),
        ("distinct_pairs", "other"),
        ("duplicates", "item"),
        ("items", "id"),
    ):
        db.execute(
            f"delete from {table} "  # noqa: S608 - our names
            f"where {column} in (select value from json_each(?))",
            [every],
        )
    return len(numbers)


def annotate(
    store: Store,
    who: str,
    collection: int,
    record_id: str,
    note: str,
    seen: str | None = None,
) -> None:
    """Write the note of a record; ``seen`` is the note that the editor had before them.

    Raises:
        ConflictError: when someone else has written another since.
        UnknownError: when there is no such record.
    """
    note = checked_text(note)
    with change(store, who, "note", collection, record=record_id) as opened:
        (number,) = _numbers(opened.db, collection, [record_id]) or (None,)
        if number is None:
            raise UnknownError(f"collection {collection} has no record {record_id!r}")
        (current,) = opened.db.execute("select note from items where id = ?", [number]).fetchone()
        if seen is not None and checked_text(seen) != current and current != note:
            raise ConflictError("someone else has written this note in between", current)
        if current != note:
            opened.db.execute("update items set note = ? where id = ?", [note, number])


def move(store: Store, who: str, collection: int, record_id: str, place: int) -> None:
    """Put a record at a place, counted from 1; a place beyond the end is the end.

    Raises:
        UnknownError: when there is no such record.
    """
    with change(store, who, "reorder records", collection, record=record_id) as opened:
        (number,) = _numbers(opened.db, collection, [record_id]) or (None,)
        if number is None:
            raise UnknownError(f"collection {collection} has no record {record_id!r}")
        put_at(opened.db, "items", collection, number, max(1, place))


def put_at(db: sqlite3.Connection, table: str, collection: int, number: int, place: int) -> None:
    """Give a row of items or tags the position of a place. Positions are real numbers, so that a
    move changes one row; where no number fits between two any more, all get new ones."""
    shown = " and id not in (select item from duplicates)" if table == "items" else ""
    others = f"from {table} where collection = ? and id != ?{shown} order by position, id"
    before = [
        row["position"]
        for row in db.execute(
            f"select position {others} limit 2 offset ?",
            [collection, number, max(0, place - 2)],
        )
    ]
    if place == 1:
        low, high = None, before[0] if before else None
    elif before:
        low, high = before[0], before[1] if len(before) > 1 else None
    else:
        (low,) = db.execute(
            f"select max(position) from {table} where collection = ? and id != ?{shown}",  # noqa: S608
            [collection, number],
        ).fetchone()
        high = None
    position = _between(low, high)
    if position is None:
        rows = db.execute(f"select id {others}", [collection, number]).fetchall()
        order = [row["id"] for row in rows]
        order.insert(min(place - 1, len(order)), number)
        for index, row_id in enumerate(order, 1):
            db.execute(
                f"update {table} set position = ? where id = ? and position != ?",  # noqa: S608
                [index, row_id, index],
            )
        return
    db.execute(f"update {table} set position = ? where id = ?", [position, number])  # noqa: S608


def _where(
    collection: int, tag: str, record_ids: Iterable[str] | None
) -> tuple[str, dict[str, Any]]:
    where = "collection = :collection"
    if tag:
        where += (
            " and id in (select item from item_tags join tags on tags.id = item_tags.tag "
            "where tags.collection = :collection and tags.name = :tag)"
        )
    if record_ids is not None:
        where += " and record_id in (select value from json_each(:ids))"
    else:
        where += " and id not in (select item from duplicates)"
    ids = json.dumps(list(record_ids)) if record_ids is not None else ""
    return where, {"collection": collection, "tag": tag, "ids": ids}


def _between(low: float | None, high: float | None) -> float | None:
    if low is None:
        return high - 1 if high is not None else 1.0
    if high is None:
        return low + 1
    middle = (low + high) / 2
    return middle if low < middle < high else None


def _numbers(db: sqlite3.Connection, collection: int, wanted: Sequence[str]) -> list[int]:
    rows = db.execute(
        "select id from items where collection = ? "
        "and record_id in (select value from json_each(?))",
        [collection, json.dumps(list(wanted))],
    )
    return [row["id"] for row in rows]


def _tags_of(db: sqlite3.Connection, numbers: Sequence[int]) -> dict[int, tuple[str, ...]]:
    found: dict[int, list[str]] = {}
    rows = db.execute(
        "select item, name from item_tags join tags on tags.id = item_tags.tag "
        "where item in (select value from json_each(?)) order by tags.position, tags.id",
        [json.dumps(list(numbers))],
    )
    for row in rows:
        found.setdefault(row["item"], []).append(row["name"])
    return {item: tuple(names) for item, names in found.items()}


def _item(row: sqlite3.Row, tags: tuple[str, ...]) -> Item:
    return Item(
        row["id"],
        kept_record(row["data"]),
        row["source"],
        row["note"],
        tags,
        row["added"],
        row["added_by"],
        row["duplicates"],
    )
