"""What a library keeps of its imports, as pages read it: each run, and what it left out."""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from search.library.manifest import live_folder

# What an import counts, in the order in which it is said.
COUNTS = ("read", "new", "replaced", "unchanged", "duplicate", "deleted", "rejected")


@dataclass(frozen=True)
class LoggedImport:
    """One import: ``started`` is an ISO time, ``sources`` are as they were named, ``counts`` are of
    items read."""

    number: int
    started: str
    database: str
    searched: str
    note: str
    sources: tuple[str, ...]
    counts: dict[str, int]


@dataclass(frozen=True)
class LeftOut:
    """An item that an import left out: its source, its place there, and why."""

    source: str
    place: str
    reason: str


def logged_imports(database: sqlite3.Connection) -> list[LoggedImport]:
    """The imports of a generation, the newest first."""
    rows = database.execute("select * from imports order by number desc").fetchall()
    return [_logged(row) for row in rows]


def logged_import(database: sqlite3.Connection, number: int) -> LoggedImport | None:
    """One import of a generation."""
    row = database.execute("select * from imports where number = ?", [number]).fetchone()
    return _logged(row) if row else None


def left_out(
    database: sqlite3.Connection, number: int, first: int = 0, count: int = -1
) -> list[LeftOut]:
    """What an import left out, in order; ``count`` of it from the ``first`` on, or all."""
    rows = database.execute(
        "select source, place, reason from rejected where import = ? order by rowid "
        "limit ? offset ?",
        [number, count, first],
    )
    return [LeftOut(*row) for row in rows]


def ids_of_import(database: sqlite3.Connection, number: int) -> list[str]:
    """The records that one import alone has brought: what others brought, too, is not its own."""
    rows = database.execute(
        "select records.id from records join origins on origins.record = records.number "
        'group by records.number having min(origins."import") = :n and max(origins."import") = :n '
        "order by records.number",
        {"n": number},
    )
    return [row[0] for row in rows]


def import_with_key(library: Path, key: str) -> dict[str, Any] | None:
    """What the import with this key did, where the live generation has it.

    Raises:
        sqlite3.Error, OSError: when the library cannot be read.
    """
    live = live_folder(library)
    if live is None:
        return None
    address = f"file:{live / 'records.db'}?mode=ro&immutable=1"
    with closing(sqlite3.connect(address, uri=True)) as database:
        database.row_factory = sqlite3.Row
        columns = {row["name"] for row in database.execute("pragma table_info(imports)")}
        if "key" not in columns:
            return None
        row = database.execute("select * from imports where key = ?", [key]).fetchone()
    if row is None:
        return None
    return {"import": row["number"], "generation": int(live.name), **_logged(row).counts}


def _logged(row: sqlite3.Row) -> LoggedImport:
    return LoggedImport(
        row["number"],
        row["started"],
        row["database"],
        row["searched"],
        row["note"],
        tuple(json.loads(row["sources"])),
        {name: int(row[name]) for name in COUNTS},
    )
