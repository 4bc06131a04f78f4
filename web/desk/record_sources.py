"""The sources of a collection: named by hand, and taken back where one was a mistake."""

import json
import sqlite3
from collections.abc import Iterable, Sequence

from web.desk.copies import FROM_LIBRARY, KINDS, Kind, keep, kept_record, with_fuller_abstracts
from web.desk.history import CollectionError, UnknownError, change
from web.desk.items import take_out
from web.desk.shelf import checked_name
from web.desk.store import Store


def name_source(
    store: Store, who: str, collection: int, source: int, label: str, kind: Kind
) -> None:
    """Say which database a source is of, and how it was found; an empty label leaves its own name.

    Raises:
        UnknownError: when there is no such source.
        CollectionError: when there is no such kind, or the label is too long.
    """
    if kind not in KINDS:
        raise CollectionError(f"a source is one of {', '.join(KINDS)}, not {kind!r}")
    label = checked_name(label) if label.strip() else ""
    with change(store, who, "name source", collection) as opened:
        name = _name(opened.db, collection, source)
        opened.says(**{"from": name, "name": label})
        opened.db.execute(
            "update intakes set label = ?, kind = ? where id = ? and (label, kind) != (?, ?)",
            [label, kind, source, label, kind],
        )


def take_back_source(store: Store, who: str, collection: int, source: int) -> int:
    """Take a source back as if it had never come in, whatever was done since: the records that no
    other source held leave, with notes and tags; how many there were. It can be undone.

    Raises:
        UnknownError: when there is no such source.
    """
    with change(store, who, "take back source", collection) as opened:
        db = opened.db
        name = _name(db, collection, source)
        ids = [
            row["record_id"]
            for row in db.execute(
                "select distinct record_id from copies where intake = ? order by id", [source]
            )
        ]
        db.execute("delete from told_decisions where intake = ?", [source])
        db.execute("delete from copies where intake = ?", [source])
        db.execute("delete from intakes where id = ?", [source])
        held = {
            row["record_id"]
            for row in db.execute(
                "select record_id from copies join intakes on intakes.id = intake "
                "where collection = ? and record_id in (select value from json_each(?))",
                [collection, json.dumps(ids)],
            )
        }
        leaving = [i for i in ids if i not in held]
        _forget_removals(db, collection, leaving)
        numbers = [
            row["id"]
            for row in db.execute(
                "select id from items where collection = ? "
                "and record_id in (select value from json_each(?)) order by position, id",
                [collection, json.dumps(leaving)],
            )
        ]
        _promote(db, numbers)
        take_out(db, numbers)
        for record_id in ids:
            if record_id in held:
                _settle(db, collection, record_id)
        opened.says(records=len(numbers), **{"from": name})
    return len(numbers)


def _promote(db: sqlite3.Connection, leaving: Sequence[int]) -> None:
    """Let one of the records that lie under a main record that leaves take its place."""
    gone = set(leaving)
    for main in leaving:
        staying = [
            row["item"]
            for row in db.execute(
                "select item from duplicates join items on items.id = item where main = ? "
                "order by position, items.id",
                [main],
            )
            if row["item"] not in gone
        ]
        if not staying:
            continue
        first, *others = staying
        # First away, then anew: a main record never lies under another.
        db.execute(
            "delete from duplicates where main = ? and item in (select value from json_each(?))",
            [main, json.dumps(staying)],
        )
        db.executemany(
            "insert into duplicates (item, main) values (?, ?)", [(o, first) for o in others]
        )


def _forget_removals(db: sqlite3.Connection, collection: int, record_ids: Iterable[str]) -> None:
    """Forget that records were taken out which are counted no more; what was taken out under one of
    them stands for itself."""
    for record_id in record_ids:
        db.execute(
            "delete from removals where collection = ? and record_id = ?", [collection, record_id]
        )
        under = [
            row["record_id"]
            for row in db.execute(
                "select record_id from removals where collection = ? and under = ? order by id",
                [collection, record_id],
            )
        ]
        for place, other in enumerate(under):
            db.execute(
                "update removals set under = ? where collection = ? and record_id = ?",
                ["" if place == 0 else under[0], collection, other],
            )


def _settle(db: sqlite3.Connection, collection: int, record_id: str) -> None:
    """Make a record what the copies that are left say: the first one, with the fullest abstract."""
    item = db.execute(
        "select id, source from items where collection = ? and record_id = ?",
        [collection, record_id],
    ).fetchone()
    if item is None or item["source"] == FROM_LIBRARY:
        return
    rows = db.execute(
        "select name, data from copies join intakes on intakes.id = intake "
        "join records on hash = record_hash where collection = ? and record_id = ? "
        "order by intake, place",
        [collection, record_id],
    ).fetchall()
    first, *others = (kept_record(row["data"]) for row in rows)
    for other in others:
        first = with_fuller_abstracts(first, other)
    db.execute(
        "update items set record_hash = :hash, source = :source where id = :id "
        "and (record_hash, source) != (:hash, :source)",
        {"hash": keep(db, first, searchable=True), "source": rows[0]["name"], "id": item["id"]},
    )


def _name(db: sqlite3.Connection, collection: int, source: int) -> str:
    row = db.execute(
        "select iif(label = '', name, label) name from intakes where collection = ? and id = ?",
        [collection, source],
    ).fetchone()
    if row is None:
        raise UnknownError(f"collection {collection} has no source {source}")
    name: str = row["name"]
    return name
