"""The tables of ``records.db``, as a first generation makes them."""

from dataclasses import fields
from typing import Any

from sqlite_utils import Database

from search.records import Record

RECORD_COLUMNS: dict[str, Any] = {
    f.name: int if f.name == "to_complete" else str for f in fields(Record)
}


def create_tables(db: Database) -> None:
    """Every table and index."""
    with db.atomic():
        records = db.table("records").create(
            {
                "number": int,
                **RECORD_COLUMNS,
                "year": int,
                "has_abstract": int,
                "content_hash": str,
                "text_hash": str,
            },
            pk="number",
            not_null=("id", "content_hash", "text_hash"),
        )
        records.create_index(["id"], unique=True)
        for column in ("year", "journal"):
            records.create_index([column])
        db.table("record_languages").create(
            {"record": int, "language": str},
            pk=("record", "language"),
            foreign_keys=[("record", "records", "number")],
        ).create_index(["language"])
        db.table("passages").create(
            {"number": int, "record": int, "language": str, "start": int, "end": int},
            pk="number",
            foreign_keys=[("record", "records", "number")],
        ).create_index(["record"])
        db.table("imports").create(
            {
                "number": int,
                "started": str,
                "database": str,
                "searched": str,
                "note": str,
                "sources": str,
                "read": int,
                "new": int,
                "replaced": int,
                "unchanged": int,
                "duplicate": int,
                "deleted": int,
                "rejected": int,
                "to_complete": int,
                "key": str,
            },
            pk="number",
        )
        db.table("rejected").create(
            {"import": int, "source": str, "place": str, "reason": str},
            foreign_keys=[("import", "imports", "number")],
        ).create_index(["import"])
        origins = db.table("origins").create(
            {
                "number": int,
                "id": str,
                "database": str,
                "copy": int,
                "record": int,
                "import": int,
                "source": str,
                "content_hash": str,
                "data": str,
            },
            pk="number",
            foreign_keys=[("record", "records", "number"), ("import", "imports", "number")],
        )
        origins.create_index(["id", "database", "copy"], unique=True)
        origins.create_index(["record"])
        # What was merged is few of many.
        db.execute("create index merged on origins (record, id) where data is not null")
        db.execute(
            "create table record_keys (key integer, record integer references records(number), "
            "primary key (key, record)) without rowid"
        )
        db.table("proposals").create(
            {"first": str, "second": str, "reason": str, "state": str},
            pk=("first", "second"),
        ).create_index(["second"])
        # Ids that an update file withdrew, and which file.
        db.execute("create table withdrawn (id text primary key, source text) without rowid")
        db.execute(
            "create table pmid_versions (id text primary key, version integer) without rowid"
        )
        # What was taken for a copy of a record, in which import, and why; see
        # search.matching.SAMENESS.
        db.execute(
            'create table merges ("import" integer, record text, id text, title text, '
            "source text, reason text)"
        )
