"""``records.db``: records, where they came from, and their passages, in SQLite.

``records`` holds what is searched. ``origins`` holds what was imported: one row for each id that a
database gave, and for each further copy of it in one export. A record with several origins is
their merge. ``record_keys`` finds records by identifier or title, ``proposals`` holds pairs that
may be one record.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from indexer.store.merging import merge
from indexer.store.pmid_versions import PmidVersions
from indexer.store.proposed_pairs import Proposals
from indexer.store.record_tables import RECORD_COLUMNS, create_tables
from search.library.generation import JSON_COLUMNS, record_from_row
from search.matching import identity_keys, title_keys
from search.records import Record, record_from_dict, record_to_dict

# Of a key that more records share, none is told apart by it: Editorial, 編集後記.
_MAX_SHARING = 20
_CACHE_KIB = 64 * 1024


@dataclass(frozen=True)
class Provenance:
    """Where an item came from: the number of its import, its database, its source's name and
    format, and which version of its PMID it is."""

    import_number: int
    database: str
    source: str
    format: str
    version: int = 1


@dataclass(frozen=True)
class Origin:
    """A row of ``origins``. Withdrawn ones have no ``content_hash``: their id still leads to the
    record, but they add nothing to it."""

    number: int
    copy: int
    record: int
    source: str
    content_hash: str


class RecordStore:
    """The staged ``records.db`` of a generation being built.

    It remembers which records this run touched, and how they were before. ``proposals`` are the
    pairs that may be one, ``versions`` those of PMIDs.
    """

    def __init__(self, file: Path, previous: Path | None) -> None:
        if previous is not None:
            # SQLite's own copy: consistent, and the live file is only read.
            source = sqlite3.connect(f"file:{previous}?mode=ro", uri=True)
            target = sqlite3.connect(file)
            try:
                source.backup(target)
            finally:
                source.close()
                target.close()
        self.db = Database(file)
        # A staged file is flushed once, before it is published.
        self.db.execute("pragma synchronous = off")
        self.db.execute("pragma journal_mode = memory")
        self.db.execute(f"pragma cache_size = -{_CACHE_KIB}")
        if previous is None:
            create_tables(self.db)
        self.db.execute(
            "create temp table changes (number integer primary key, content_hash, text_hash)"
        )
        self.db.execute(
            "create temp table met (origin int, import int, primary key (origin, import)) "
            "without rowid"
        )
        self.proposals = Proposals(self.db.conn)
        self.versions = PmidVersions(self.db.conn)

    # Imports

    def next_import(self) -> int:
        """The number of the next import."""
        return int(self._execute("select coalesce(max(number), 0) + 1 from imports").fetchone()[0])

    def add_import(self, values: dict[str, Any]) -> None:
        """Add a row to ``imports``."""
        # Libraries that were begun before there were keys get the column with their next import.
        self.db.table("imports").insert(values, alter=True)

    def import_of_key(self, key: str) -> dict[str, Any] | None:
        """The row of the import that has this key."""
        imports = self.db.table("imports")
        if "key" not in imports.columns_dict:
            return None
        found: dict[str, Any] | None = next(imports.rows_where("key = ?", [key]), None)
        return found

    def add_rejected(self, number: int, source: str, place: str, reason: str) -> None:
        """Remember what import ``number`` left out."""
        self._execute("insert into rejected values (?, ?, ?, ?)", [number, source, place, reason])

    def add_merge(self, number: int, record: Record, source: str, reason: str) -> None:
        """Remember that import ``number`` took ``record`` for a copy of the record that its id
        leads to now, and why."""
        kept = self.record_of(record.id)
        kept_id = "" if kept is None else self.record_id(kept)
        self._execute(
            "insert into merges values (?, ?, ?, ?, ?, ?)",
            [number, kept_id, record.id, record.title, source, reason],
        )

    def last_merge_is_of_this_run(self, number: int) -> bool:
        """Whether the record that import ``number`` took its last copy for was not there before."""
        row = self._execute(
            "select 1 from merges join records on records.id = merges.record join changes "
            "on changes.number = records.number and changes.content_hash is null "
            'where merges.rowid = (select max(rowid) from merges where "import" = ?)',
            [number],
        ).fetchone()
        return row is not None

    # Origins

    def confirm(self, origin: int, import_number: int) -> bool:
        """Note that an import has met an origin, by its number; False when it had before."""
        met = self._execute("insert or ignore into met values (?, ?)", [origin, import_number])
        return met.rowcount == 1

    def is_confirmed(self, origin: int, import_number: int) -> bool:
        """Whether an import has met an origin."""
        found = self._execute(
            "select 1 from met where origin = ? and import = ?", [origin, import_number]
        )
        return found.fetchone() is not None

    def origins_of_id(self, record_id: str, database: str) -> list[Origin]:
        """The origins that ``database`` gave under this id."""
        rows = self._execute(
            "select number, copy, record, source, content_hash from origins "
            "where id = ? and database = ? order by copy",
            [record_id, database],
        )
        return [Origin(*row) for row in rows]

    def record_of(self, record_id: str) -> int | None:
        """The number of the record that an id leads to, its own or that of an origin."""
        row = self._execute(
            "select record from origins where id = ? order by number limit 1", [record_id]
        ).fetchone()
        return int(row[0]) if row else None

    def record_id(self, number: int) -> str:
        """The id of a record."""
        row = self._execute("select id from records where number = ?", [number]).fetchone()
        return str(row[0])

    def originals(self, number: int) -> list[Record]:
        """What was imported of a record, in order of import, without what was withdrawn."""
        rows = self._execute(
            "select data from origins where record = ? and content_hash != '' order by number",
            [number],
        ).fetchall()
        return [
            record_from_dict(json.loads(data)) if data else self._record(number) for (data,) in rows
        ]

    def original(self, origin: int) -> Record:
        """What was imported as an origin, by its number; nothing of it where it was withdrawn."""
        record, data, content = self._execute(
            "select record, data, content_hash from origins where number = ?", [origin]
        ).fetchone()
        if not content:
            return Record("")
        return record_from_dict(json.loads(data)) if data else self._record(record)

    def sharing(self, key: int) -> list[int]:
        """The records that share a key; none where they are too many to mean anything."""
        rows = self._execute(
            "select record from record_keys where key = ? limit ?", [key, _MAX_SHARING + 1]
        ).fetchall()
        return [row[0] for row in rows] if len(rows) <= _MAX_SHARING else []

    # Changing records, inside a transaction: open them, change their origins, settle them.

    def open(self, number: int) -> None:
        """Prepare a record for a change of its origins: each gets its own data, its keys go."""
        self.touch(number)
        for original in self.originals(number):
            self.db.conn.executemany(
                "delete from record_keys where key = ? and record = ?",
                [(key, number) for key in identity_keys(original) | title_keys(original)],
            )
        self._execute(
            "update origins set data = ? where record = ? and data is null and content_hash != ''",
            [_json(self._record(number)), number],
        )

    def add_record(self, record: Record, content_hash: str, came: Provenance) -> int:
        """Store a record that nothing is known of; its only origin's data are its own."""
        values = _row(record, content_hash)
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join(f":{name}" for name in values)
        number = self._execute(
            f"insert into records ({names}) values ({marks})",  # noqa: S608
            values,
        ).lastrowid
        assert number is not None
        # A number that was freed in this run is known already, as what it was before.
        self._execute("insert or ignore into changes values (?, null, null)", [number])
        self._write_languages(number, record)
        self.add_origin(number, record, content_hash, 0, came, sole=True)
        self._add_keys(number, [record])
        return number

    def add_origin(
        self,
        number: int,
        record: Record,
        content_hash: str,
        copy: int,
        came: Provenance,
        *,
        sole: bool = False,
    ) -> None:
        """Add what was imported to an opened record, or to a new one as its sole origin."""
        added = self._execute(
            'insert into origins (id, database, copy, record, "import", source, content_hash, data)'
            " values (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                record.id,
                came.database,
                copy,
                number,
                came.import_number,
                came.source,
                content_hash,
                None if sole else _json(record),
            ],
        ).lastrowid
        assert added is not None
        self.confirm(added, came.import_number)

    def replace_origin(
        self, origin: Origin, record: Record, content_hash: str, came: Provenance
    ) -> None:
        """Replace what was imported of an opened record; its place in the order stays."""
        self.confirm(origin.number, came.import_number)
        self._execute(
            'update origins set "import" = ?, source = ?, content_hash = ?, data = ? '
            "where number = ?",
            [came.import_number, came.source, content_hash, _json(record), origin.number],
        )

    def sources_of_id(self, record_id: str) -> list[str]:
        """The sources of every origin with this id, and the one that withdrew it."""
        rows = self._execute(
            "select source from origins where id = :id union all "
            "select source from withdrawn where id = :id",
            {"id": record_id},
        )
        return [source for (source,) in rows]

    def withdraw(self, record_id: str, source: str) -> int | None:
        """Withdraw every origin with this id, as ``source`` says; the record that lost by it, None
        if none did."""
        self._execute("insert or replace into withdrawn values (?, ?)", [record_id, source])
        self.versions.forget(record_id)
        rows = self._execute(
            "select record from origins where id = ? and content_hash != ''", [record_id]
        ).fetchall()
        if not rows:
            return None
        number = int(rows[0][0])
        self.open(number)
        self._execute("update origins set content_hash = '', data = null where id = ?", [record_id])
        self.settle(number)
        return number

    def unite(self, number: int, other: int) -> None:
        """Move the origins of ``other`` to ``number``, both opened; ``other`` is gone then."""
        kept, gone = self.record_id(number), self.record_id(other)
        self._execute("update origins set record = ? where record = ?", [number, other])
        self._delete(other)
        self.proposals.unite(kept, gone)

    def part(self, number: int, origin_id: str) -> int:
        """Make what was imported under ``origin_id`` a record of its own again; gives its number.
        The record that it leaves was opened, and is settled here."""
        kept = self.record_id(number)
        gone = [o for o in self.originals(number) if o.id == origin_id]
        parted = merge(gone)
        # Opened, every origin has data of its own; the id of the one that leaves becomes free.
        stays = merge([o for o in self.originals(number) if o.id != origin_id])
        self._write(number, stays)
        if kept != stays.id:
            self.proposals.rename(kept, stays.id)
        values = _row(parted, parted.content_hash())
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join(f":{name}" for name in values)
        new = self._execute(
            f"insert into records ({names}) values ({marks})",  # noqa: S608
            values,
        ).lastrowid
        assert new is not None
        self._execute("insert or ignore into changes values (?, null, null)", [new])
        self._execute(
            "update origins set record = ? where record = ? and id = ?", [new, number, origin_id]
        )
        self.settle(number)
        self.settle(new)
        self.proposals.declare_distinct(self.record_id(number), self.record_id(new))
        return new

    def settle(self, number: int) -> None:
        """Make an opened record the merge of its origins; without any, it goes."""
        originals = self.originals(number)
        if not originals:
            self.remove(number)
            return
        record = merge(originals)
        before = self.record_id(number)
        if before != record.id:
            self.proposals.rename(before, record.id)
        self._write(number, record)
        if len(originals) == 1:
            self._execute("update origins set data = null where record = ?", [number])
        self._add_keys(number, originals)

    def remove(self, number: int) -> None:
        """Remove an opened record with all its origins, and what was proposed of it."""
        self.proposals.forget_open(self.record_id(number))
        for (record_id,) in self._execute("select id from origins where record = ?", [number]):
            self.versions.forget(record_id)
        self._execute("delete from origins where record = ?", [number])
        self._delete(number)

    def _delete(self, number: int) -> None:
        # Its passages go at the end of the run: it may come back the same.
        self._execute("delete from records where number = ?", [number])
        self._execute("delete from record_languages where record = ?", [number])

    def _write(self, number: int, record: Record) -> None:
        values = _row(record, record.content_hash())
        assignments = ", ".join(f'"{name}" = :{name}' for name in values)
        self._execute(
            f"update records set {assignments} where number = :number",  # noqa: S608
            {**values, "number": number},
        )
        self._execute("delete from record_languages where record = ?", [number])
        self._write_languages(number, record)

    def _write_languages(self, number: int, record: Record) -> None:
        self.db.conn.executemany(
            "insert or ignore into record_languages values (?, ?)",
            [(number, v.language) for v in record.versions() if v.title or v.abstract],
        )

    def _add_keys(self, number: int, originals: Iterable[Record]) -> None:
        keys = {key for o in originals for key in identity_keys(o) | title_keys(o)}
        self.db.conn.executemany(
            "insert or ignore into record_keys values (?, ?)", [(key, number) for key in keys]
        )

    # What this run changed

    def touch(self, number: int) -> None:
        """Remember how a record was before this run."""
        self._execute(
            "insert or ignore into changes "
            "select number, content_hash, text_hash from records where number = ?",
            [number],
        )

    def changed(self) -> bool:
        """Whether any record is other than it was."""
        return bool(self.outdated_count() or self.touched_count())

    def outdated(self) -> Iterator[int]:
        """Numbers of records that the previous generation has in another form, or has alone."""
        return self._numbers(_OUTDATED)

    def outdated_count(self) -> int:
        """How many :meth:`outdated` gives."""
        return self._count(_OUTDATED)

    def touched(self) -> Iterator[tuple[int, Record]]:
        """Records that are new or other than they were, by number."""
        return self.records(self.touched_numbers())

    def touched_numbers(self) -> Iterator[int]:
        """The numbers of :meth:`touched`."""
        return self._numbers(_TOUCHED)

    def touched_count(self) -> int:
        """How many :meth:`touched` gives."""
        return self._count(_TOUCHED)

    def to_embed(self) -> Iterator[tuple[int, Record]]:
        """Records whose text is new or other than it was, by number."""
        return self.records(self._numbers(_TO_EMBED))

    def to_embed_count(self) -> int:
        """How many :meth:`to_embed` gives."""
        return self._count(_TO_EMBED)

    def _numbers(self, query: str) -> Iterator[int]:
        for (number,) in self.db.conn.execute(f"select c.number {query} order by c.number"):
            yield number

    def _count(self, query: str) -> int:
        return int(self._execute(f"select count(*) {query}").fetchone()[0])

    # Passages, reading, closing

    def forget_old_passages(self) -> None:
        """Drop the passages of records that are gone or have another text; their vectors stay in
        their segments, unreachable."""
        self._execute(
            "delete from passages where record in (select c.number from changes c "
            "left join records r on r.number = c.number where c.text_hash is not null "
            "and (r.number is null or r.text_hash != c.text_hash))"
        )

    def add_passages(self, rows: Iterable[tuple[int, int, str, int, int]]) -> None:
        """Add (number, record, language, start, end) rows."""
        self.db.conn.executemany("insert into passages values (?, ?, ?, ?, ?)", rows)

    def _execute(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> sqlite3.Cursor:
        # Not by sqlite-utils: it would commit after each statement outside a transaction.
        return self.db.conn.execute(sql, values)

    def records(self, numbers: Iterable[int]) -> Iterator[tuple[int, Record]]:
        """Stored records by number, in the order asked for."""
        for number in numbers:
            yield number, self._record(number)

    def _record(self, number: int) -> Record:
        cursor = self.db.conn.cursor()
        cursor.row_factory = sqlite3.Row
        return record_from_row(
            cursor.execute("select * from records where number = ?", [number]).fetchone()
        )

    def counts(self) -> tuple[int, int]:
        """How many records and passages there are."""
        return self.db.table("records").count, self.db.table("passages").count

    def close(self) -> None:
        """Finish the file: no journal is left beside it."""
        self.db.execute("pragma journal_mode = delete")
        self.db.close()


_OUTDATED = (
    "from changes c left join records r on r.number = c.number where c.content_hash is not null "
    "and (r.number is null or r.content_hash != c.content_hash)"
)
_TOUCHED = (
    "from changes c join records r on r.number = c.number "
    "where c.content_hash is null or r.content_hash != c.content_hash"
)
_TO_EMBED = (
    "from changes c join records r on r.number = c.number "
    "where c.text_hash is null or r.text_hash != c.text_hash"
)


def text_hash(record: Record) -> str:
    """SHA-256 over what is embedded: equal hashes need no new vectors."""
    texts = [(v.language, v.title, v.abstract) for v in record.versions()]
    return hashlib.sha256(json.dumps(texts, ensure_ascii=False).encode()).hexdigest()


def _json(record: Record) -> str:
    return json.dumps(record_to_dict(record), ensure_ascii=False)


def _row(record: Record, content_hash: str) -> dict[str, Any]:
    data = record_to_dict(record)
    values: dict[str, Any] = {name: data.get(name, "") for name in RECORD_COLUMNS}
    for name in JSON_COLUMNS:
        values[name] = json.dumps(data.get(name, []), ensure_ascii=False)
    return {
        **values,
        "to_complete": int(record.to_complete),
        "year": record.year,
        "has_abstract": int(any(v.abstract for v in record.versions())),
        "content_hash": content_hash,
        "text_hash": text_hash(record),
    }
