"""``records.db``: records, their passages and languages, in SQLite through sqlite-utils."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal

from sqlite_utils import Database

from search.library import JSON_COLUMNS, record_from_row
from search.records import Record, record_to_dict

Change = Literal["new", "replaced", "metadata", "unchanged"]

_TYPES: dict[str, Any] = {f.name: str for f in fields(Record)}


class RecordStore:
    """The staged ``records.db`` of a generation being built."""

    def __init__(self, file: Path, previous: Path | None) -> None:
        if previous is not None:
            # SQLite's own copy: consistent, and the live file is only read.
            with sqlite3.connect(f"file:{previous}?mode=ro", uri=True) as source:
                target = sqlite3.connect(file)
                source.backup(target)
            source.close()
            target.close()
        self.db = Database(file)
        # A staged file is flushed once, before it is published.
        self.db.execute("pragma synchronous = off")
        self.db.execute("pragma journal_mode = memory")
        if previous is None:
            self._create()

    def _create(self) -> None:
        with self.db.atomic():
            self.db.table("records").create(
                {
                    "number": int,
                    **_TYPES,
                    "year": int,
                    "has_abstract": int,
                    "content_hash": str,
                    "text_hash": str,
                },
                pk="number",
                not_null=("id", "content_hash", "text_hash"),
            ).create_index(["id"], unique=True)
            for column in ("year", "journal"):
                self.db.table("records").create_index([column])
            self.db.table("record_languages").create(
                {"record": int, "language": str},
                pk=("record", "language"),
                foreign_keys=[("record", "records", "number")],
            ).create_index(["language"])
            self.db.table("passages").create(
                {"number": int, "record": int, "language": str, "start": int, "end": int},
                pk="number",
                foreign_keys=[("record", "records", "number")],
            ).create_index(["record"])

    def put(self, record: Record) -> tuple[int, Change]:
        """Store ``record`` under its id and say what that changed.

        ``metadata`` means that title and abstract are as before: the vectors still hold.
        """
        content, text = record.content_hash(), text_hash(record)
        row = self.db.execute(
            "select number, content_hash, text_hash from records where id = ?", [record.id]
        ).fetchone()
        if row and row[1] == content:
            return row[0], "unchanged"
        values = _row(record, content, text)
        if row:
            number = row[0]
            assignments = ", ".join(f'"{name}" = :{name}' for name in values)
            self.db.execute(
                f"update records set {assignments} where number = :number",  # noqa: S608
                {**values, "number": number},
            )
            self.db.execute("delete from record_languages where record = ?", [number])
        else:
            names = ", ".join(f'"{name}"' for name in values)
            marks = ", ".join(f":{name}" for name in values)
            number = self.db.execute(
                f"insert into records ({names}) values ({marks})",  # noqa: S608
                values,
            ).lastrowid
        self.db.conn.executemany(
            "insert or ignore into record_languages values (?, ?)",
            [(number, v.language) for v in record.versions() if v.title or v.abstract],
        )
        if not row:
            return number, "new"
        return number, "metadata" if row[2] == text else "replaced"

    def forget_passages(self, numbers: Iterable[int]) -> None:
        """Drop the passages of records; their vectors stay in their segments, unreachable."""
        self.db.conn.executemany(
            "delete from passages where record = ?", [(number,) for number in numbers]
        )

    def add_passages(self, rows: Iterable[tuple[int, int, str, int, int]]) -> None:
        """Add (number, record, language, start, end) rows."""
        self.db.conn.executemany("insert into passages values (?, ?, ?, ?, ?)", rows)

    def records(self, numbers: Iterable[int]) -> Iterator[tuple[int, Record]]:
        """Stored records by number, in the order asked for."""
        cursor = self.db.conn.cursor()
        cursor.row_factory = sqlite3.Row
        for number in numbers:
            row = cursor.execute("select * from records where number = ?", [number]).fetchone()
            yield number, record_from_row(row)

    def counts(self) -> tuple[int, int]:
        """How many records and passages there are."""
        return self.db.table("records").count, self.db.table("passages").count

    def close(self) -> None:
        """Finish the file: no journal is left beside it."""
        self.db.execute("pragma journal_mode = delete")
        self.db.close()


def text_hash(record: Record) -> str:
    """SHA-256 over what is embedded: equal hashes need no new vectors."""
    texts = [(v.language, v.title, v.abstract) for v in record.versions()]
    return hashlib.sha256(json.dumps(texts, ensure_ascii=False).encode()).hexdigest()


def _row(record: Record, content: str, text: str) -> dict[str, Any]:
    data = record_to_dict(record)
    values: dict[str, Any] = {name: data.get(name, "") for name in _TYPES}
    for name in JSON_COLUMNS:
        values[name] = json.dumps(data.get(name, []), ensure_ascii=False)
    return {
        **values,
        "year": record.year,
        "has_abstract": int(any(v.abstract for v in record.versions())),
        "content_hash": content,
        "text_hash": text,
    }
