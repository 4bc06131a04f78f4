"""Copies of records: kept by their hash, and counted by the source that held them.

A source is a file, or a search of the library. What it held is written down copy by copy, also what
a collection had already: a flow diagram counts the copies, and each can be seen.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from search import budget
from search.exact.record_reader import prepared
from search.records import Record, Translation, record_from_dict, record_to_dict
from web.desk.store import Store, now

# What an item's source, and the name of a source, say of what came from the library.
FROM_LIBRARY = "library"

# How a source was found, in PRISMA's words: databases and registers, or other methods.
Kind = Literal["database", "register", "website", "organisation", "citation", "other"]
KINDS: tuple[Kind, ...] = get_args(Kind)
# Why a record was taken out before screening.
Why = Literal["other", "automation"]
WHYS: tuple[Why, ...] = get_args(Why)


@dataclass(frozen=True)
class SentFile:
    """What a source held: its records in their order, each with the id that it has in the
    collection, and how many could not be read."""

    name: str
    records: Sequence[Record]
    kind: Kind = "database"
    unread: int = 0


@dataclass(frozen=True)
class Source:
    """A file or a search that gave records to a collection. ``held`` is how many copies are
    listed, ``unlisted`` how many more there were that only a number is known of, ``unread`` how
    many could not be read. ``label`` is how it was named by hand."""

    id: int
    name: str
    label: str
    kind: Kind
    held: int
    unlisted: int
    unread: int
    at: str
    who: str

    @property
    def shown(self) -> str:
        """What a flow diagram calls it."""
        return self.label or self.name


@dataclass(frozen=True)
class Copy:
    """A record as a source held it, ``place`` counted from 1. ``record_id`` is the record of the
    collection that it is a copy of."""

    id: int
    source: int
    name: str
    kind: Kind
    place: int
    record_id: str


def sources(store: Store, collection: int) -> list[Source]:
    """Every source of a collection, in the order in which they came."""
    rows = store.connection.execute(
        "select id, name, label, kind, "
        "(select count(*) from copies where intake = intakes.id) held, "
        "unlisted, unread, at, who from intakes where collection = ? order by id",
        [collection],
    )
    return [Source(*row) for row in rows]


def copies(store: Store, collection: int) -> list[Copy]:
    """Every copy of a collection, in the order in which they came."""
    rows = store.connection.execute(
        "select copies.id, intake, iif(label = '', name, label), kind, place, record_id "
        "from copies join intakes on intakes.id = intake where collection = ? "
        "order by intake, place",
        [collection],
    )
    return [Copy(*row) for row in rows]


def copied_records(store: Store, numbers: Sequence[int]) -> dict[int, Record]:
    """The records of some copies, as the sources held them."""
    rows = store.connection.execute(
        "select copies.id, data from copies join records on hash = record_hash "
        "where copies.id in (select value from json_each(?))",
        [json.dumps(list(numbers))],
    )
    return {number: kept_record(data) for number, data in rows}


def come_in(db: sqlite3.Connection, who: str, collection: int, file: SentFile) -> None:
    """Write down what a source held, inside the change that adds its records. Of several copies the
    fuller abstract wins."""
    intake = db.execute(
        "insert into intakes (collection, name, kind, unread, at, who) values (?, ?, ?, ?, ?, ?)",
        [collection, file.name, file.kind, file.unread, now(), who],
    ).lastrowid
    for place, record in enumerate(file.records, 1):
        db.execute(
            "insert into copies (intake, place, record_id, record_hash) values (?, ?, ?, ?)",
            [intake, place, record.id, keep(db, record)],
        )
    db.execute(
        "delete from removals where collection = ? "
        "and record_id in (select record_id from copies where intake = ?)",
        [collection, intake],
    )
    fuller = db.execute(
        "select items.id, source, items.record_hash, own.data own, copied.data copied "
        "from copies join items on items.collection = ? and items.record_id = copies.record_id "
        "join records own on own.hash = items.record_hash "
        "join records copied on copied.hash = copies.record_hash "
        "where intake = ? and copies.record_hash != items.record_hash order by items.id, place",
        [collection, intake],
    ).fetchall()
    known: dict[int, Record] = {}
    for row in fuller:
        record = known.setdefault(row["id"], kept_record(row["own"]))
        known[row["id"]] = _with_fuller_abstract(db, row, record)


def _with_fuller_abstract(db: sqlite3.Connection, row: sqlite3.Row, record: Record) -> Record:
    fuller = with_fuller_abstracts(record, kept_record(row["copied"]))
    if fuller == record:
        return record
    if row["source"] != FROM_LIBRARY:
        digest = keep(db, fuller, searchable=True)
        db.execute("update items set record_hash = ? where id = ?", [digest, row["id"]])
        return fuller
    # The library's record stays as the library has it: it is only given an abstract that it lacks.
    if not any(v.abstract for v in record.versions()):
        text = next(v.abstract for v in fuller.versions() if v.abstract)
        db.execute(
            "insert into filled_abstracts (item, text, source) values (?, ?, ?) "
            "on conflict do nothing",
            [row["id"], text, record.id],
        )
    return record


def with_fuller_abstracts(record: Record, other: Record) -> Record:
    """A record with the abstracts of another copy of it, by language, where those are longer."""
    for version in other.versions():
        if not version.abstract:
            continue
        if version.language == record.language or not record.language:
            if len(version.abstract) > len(record.abstract):
                record = replace(record, abstract=version.abstract, language=version.language)
            continue
        own = next((v for v in record.translations if v.language == version.language), None)
        if own is None:
            record = replace(record, translations=(*record.translations, version))
        elif len(version.abstract) > len(own.abstract):
            longer = Translation(own.language, own.title, version.abstract)
            record = replace(
                record,
                translations=tuple(longer if v is own else v for v in record.translations),
            )
    return record


def every_record_is_counted(db: sqlite3.Connection, collection: int) -> bool:
    """Whether each record is a copy of something, and each copy that of a record that is there or
    was taken out. A change that would leave it otherwise cannot be made."""
    broken = db.execute(
        "select 1 from items where collection = :c and record_id not in "
        "(select record_id from copies join intakes on intakes.id = intake where collection = :c) "
        "union all "
        "select 1 from copies join intakes on intakes.id = intake where collection = :c "
        "and record_id not in (select record_id from items where collection = :c) "
        "and record_id not in (select record_id from removals where collection = :c) "
        "union all "
        "select 1 from removals where collection = :c and (record_id in "
        "(select record_id from items where collection = :c) or record_id not in "
        "(select record_id from copies join intakes on intakes.id = intake where collection = :c)) "
        "union all "
        "select 1 from removals where collection = :c and under != '' "
        "and under not in (select record_id from items where collection = :c "
        "union select record_id from removals where collection = :c) limit 1",
        {"c": collection},
    ).fetchone()
    return broken is None


def keep(db: sqlite3.Connection, record: Record, *, searchable: bool = False) -> str:
    """Keep a copy of a record as it is now; its hash. ``searchable`` prepares it for exact search,
    for which no library can be asked about it."""
    digest = record.content_hash()
    db.execute(
        "insert into records (hash, data, prepared) values (?, ?, ?) on conflict do nothing",
        [
            digest,
            json.dumps(record_to_dict(record), ensure_ascii=False),
            prepared(record) if searchable else None,
        ],
    )
    return digest


def kept_record(data: str) -> Record:
    """A record from its copy.

    Raises:
        TooLongError: where a request has no time left; whatever reads many copies ends so.
    """
    budget.check("collection")
    return record_from_dict(json.loads(data))
