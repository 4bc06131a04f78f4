"""Duplicates inside a collection: proposed, handled as one, or declared to be none.

What is handled as one stays whole: one record is the main one and is shown, the others lie under
it.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from search.matching import merit
from search.records import record_to_dict
from web.desk.copies import FROM_LIBRARY, kept_record
from web.desk.history import CollectionError, UnknownError, change
from web.desk.items import Item, items
from web.desk.likeness import Likeness, alike, links, remembered_links
from web.desk.shelf import LONGEST_TEXT
from web.desk.store import Store


@dataclass(frozen=True)
class PossibleDuplicates:
    """Records that may be one, the one that would be the main one first, and why: ``same`` where
    the rules leave no doubt."""

    items: tuple[Item, ...]
    likenesses: tuple[Likeness, ...]

    @property
    def certain(self) -> bool:
        """Whether all of them are the same beyond doubt."""
        return self.likenesses == ("same",)


@dataclass(frozen=True)
class Group:
    """Records that are handled as one: the main one and those under it."""

    main: Item
    others: tuple[Item, ...]


def proposals(
    store: Store, collection: int, first: int = 0, count: int | None = None
) -> tuple[int, list[PossibleDuplicates]]:
    """How many groups of records there are that may be one and were not decided on, and ``count``
    of them from ``first`` on (None for all), in the collection's order."""
    found = alike(remembered_links(store, collection))
    shown = []
    for ids, likenesses in found[first:][:count]:
        _, members = items(store, collection, record_ids=ids)
        shown.append(PossibleDuplicates(tuple(_best_first(members)), likenesses))
    return len(found), shown


def certain_groups(store: Store, collection: int) -> int:
    """How many groups :func:`handle_certain` would make."""
    return len(alike(remembered_links(store, collection), certain_only=True))


def groups(store: Store, collection: int, count: int = -1) -> tuple[int, list[Group]]:
    """How many groups are handled as one, and the first ``count`` of them (-1 for all), in the
    collection's order."""
    (total,) = store.connection.execute(
        "select count(distinct main) from duplicates join items on items.id = main "
        "where collection = ?",
        [collection],
    ).fetchone()
    chosen = (
        "select distinct main from duplicates join items on items.id = main "
        "where collection = :collection order by position, items.id limit :count"
    )
    return total, _groups(store, collection, chosen, {"count": count})


def number_under_others(store: Store, collection: int) -> int:
    """How many records lie under a main record that they are handled as one with."""
    (number,) = store.connection.execute(
        "select count(*) from duplicates join items on items.id = item where collection = ?",
        [collection],
    ).fetchone()
    return int(number)


def group_of(store: Store, collection: int, record_id: str) -> Group | None:
    """The records that one is handled as one with, if there are any."""
    chosen = (
        "select coalesce(main, items.id) from items left join duplicates on item = items.id "
        "where collection = :collection and record_id = :record"
    )
    return next(iter(_groups(store, collection, chosen, {"record": record_id})), None)


def distinct_pairs(store: Store, collection: int) -> list[tuple[Item, Item]]:
    """Pairs that were declared not to be duplicates."""
    rows = store.connection.execute(
        "select own.record_id own, other.record_id other from distinct_pairs "
        "join items own on own.id = item join items other on other.id = other "
        "where own.collection = ? order by distinct_pairs.id",
        [collection],
    ).fetchall()
    _, found = items(store, collection, record_ids=[i for row in rows for i in row])
    by_id = {item.record.id: item for item in found}
    return [(by_id[row["own"]], by_id[row["other"]]) for row in rows]


def handle_as_one(store: Store, who: str, collection: int, main: str, others: Sequence[str]) -> int:
    """Put records under a main one, which gets their tags and, after its own, their notes; how many
    there were. What lay under them comes along.

    Raises:
        UnknownError: when there is no such collection or record.
        CollectionError: when the main record itself lies under another, or there are no others.
    """
    with change(store, who, "handle as one", collection, record=main) as opened:
        number = _row(opened.db, collection, main)
        rows = [_row(opened.db, collection, i) for i in dict.fromkeys(others) if i != main]
        if not rows:
            raise CollectionError("choose at least two records to handle as one")
        _join(opened.db, number, rows)
        opened.says(record=main, records=len(rows) + 1)
    return len(rows)


def handle_certain(store: Store, who: str, collection: int) -> int:
    """Handle as one all records that are the same beyond doubt; how many groups there were.

    Raises:
        UnknownError: when there is no such collection.
    """
    with change(store, who, "handle as one", collection) as opened:
        records = found = 0
        for ids, _ in alike(links(opened.db, collection), certain_only=True):
            _, members = items(store, collection, record_ids=ids)
            main, *others = _best_first(members)
            _join(opened.db, main.id, [item.id for item in others])
            found += 1
            records += len(members)
        opened.says(records=records)
    return found


def take_apart(store: Store, who: str, collection: int, main: str) -> int:
    """Show again by themselves the records under a main one; how many there were. Tags and notes
    that it got from them it keeps.

    Raises:
        UnknownError: when there is no such collection or record.
    """
    with change(store, who, "take apart", collection, record=main) as opened:
        number = _row(opened.db, collection, main)
        return opened.db.execute("delete from duplicates where main = ?", [number]).rowcount


def declare_distinct(store: Store, who: str, collection: int, record_ids: Sequence[str]) -> None:
    """Remember that none of some records is a duplicate of another of them.

    Raises:
        UnknownError: when there is no such collection or record.
        CollectionError: when there are not at least two.
    """
    with change(store, who, "declare distinct", collection) as opened:
        rows = sorted(_row(opened.db, collection, i) for i in set(record_ids))
        if len(rows) < len("ab"):
            raise CollectionError("choose at least two records that are not duplicates")
        opened.db.executemany(
            "insert into distinct_pairs (item, other) values (?, ?) on conflict do nothing",
            list(combinations(rows, 2)),
        )
        opened.says(records=len(rows))


def propose_again(store: Store, who: str, collection: int, one: str, other: str) -> None:
    """Forget that two records were declared not to be duplicates.

    Raises:
        UnknownError: when there is no such collection or record.
    """
    with change(store, who, "propose again", collection, records=2) as opened:
        rows = sorted(_row(opened.db, collection, i) for i in (one, other))
        opened.db.execute("delete from distinct_pairs where item = ? and other = ?", rows)


def _join(db: sqlite3.Connection, main: int, others: Sequence[int]) -> None:
    under = db.execute("select 1 from duplicates where item = ?", [main]).fetchone()
    if under:
        raise CollectionError("the main record is itself handled as one with another by now")
    numbers = json.dumps(others)
    db.execute(
        "delete from distinct_pairs where item in (select value from json_each(:all)) "
        "and other in (select value from json_each(:all))",
        {"all": json.dumps([main, *others])},
    )
    # First what lay under the others, so that a main record never lies under another.
    db.execute(
        "update duplicates set main = ? where main in (select value from json_each(?))",
        [main, numbers],
    )
    for other in others:
        db.execute(
            "insert into duplicates (item, main) values (?, ?) "
            "on conflict (item) do update set main = excluded.main",
            [other, main],
        )
    db.execute(
        "insert into item_tags (item, tag) select distinct ?, tag from item_tags "
        "where item in (select value from json_each(?)) on conflict do nothing",
        [main, numbers],
    )
    (note,) = db.execute("select note from items where id = ?", [main]).fetchone()
    joined = note
    for row in db.execute(
        "select note from items where id in (select value from json_each(?)) order by position, id",
        [numbers],
    ).fetchall():
        if row["note"] and row["note"] not in joined:
            joined = f"{joined}\n{row['note']}".strip()
    if joined != note and len(joined) <= LONGEST_TEXT:
        db.execute("update items set note = ? where id = ?", [joined, main])
    _give_abstract(db, main, numbers)


def _give_abstract(db: sqlite3.Connection, main: int, numbers: str) -> None:
    """Give a main record that has no abstract the longest one of those under it."""
    rows = db.execute(
        "select items.id, record_id, data from items join records on hash = record_hash "
        "where items.id = ? or items.id in (select value from json_each(?)) "
        "order by position, items.id",
        [main, numbers],
    ).fetchall()
    abstracts = {
        row["id"]: [v.abstract for v in kept_record(row["data"]).versions() if v.abstract]
        for row in rows
    }
    others = [row for row in rows if row["id"] != main and abstracts[row["id"]]]
    if abstracts[main] or not others:
        return
    fullest = max(others, key=lambda row: len(max(abstracts[row["id"]], key=len)))
    db.execute(
        "insert into filled_abstracts (item, text, source) values (?, ?, ?) on conflict do nothing",
        [main, max(abstracts[fullest["id"]], key=len), fullest["record_id"]],
    )


def _groups(store: Store, collection: int, chosen: str, named: dict[str, Any]) -> list[Group]:
    """The groups whose main records' numbers the query ``chosen`` gives."""
    rows = store.connection.execute(
        "select main.record_id main, own.record_id own from duplicates "  # noqa: S608 - our text
        "join items own on own.id = item join items main on main.id = duplicates.main "
        f"where duplicates.main in ({chosen}) "
        "order by main.position, main.id, own.position, own.id",
        {"collection": collection, **named},
    ).fetchall()
    _, found = items(store, collection, record_ids={i for row in rows for i in row})
    by_id = {item.record.id: item for item in found}
    under: dict[str, list[Item]] = {}
    for row in rows:
        under.setdefault(row["main"], []).append(by_id[row["own"]])
    return [Group(by_id[main], tuple(others)) for main, others in under.items()]


def _best_first(members: Iterable[Item]) -> list[Item]:
    """Articles before their preprints and conference abstracts, the library's records before those
    of files, those with abstract, DOI and PMID before the others; else in the collection's order.
    """

    def key(item: Item) -> tuple[bool, bool, int, int]:
        article, known = merit(item.record)
        return article, item.source == FROM_LIBRARY, known, len(record_to_dict(item.record))

    return sorted(members, key=key, reverse=True)


def _row(db: sqlite3.Connection, collection: int, record_id: str) -> int:
    row = db.execute(
        "select id from items where collection = ? and record_id = ?", [collection, record_id]
    ).fetchone()
    if row is None:
        raise UnknownError(f"collection {collection} has no record {record_id!r}")
    number: int = row["id"]
    return number
