"""What searches found: ids of records in order, each list kept once, by its hash."""

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Sequence


def found_hash(ids: Sequence[str]) -> str:
    """The name under which a list of ids is kept: SHA-256 of its JSON."""
    return hashlib.sha256(_written(ids)).hexdigest()


def keep_found(db: sqlite3.Connection, ids: Sequence[str]) -> str:
    """Keep a list of ids; its hash."""
    digest = found_hash(ids)
    db.execute(
        "insert into found (hash, ids) values (?, ?) on conflict do nothing",
        [digest, zlib.compress(_written(ids))],
    )
    return digest


def found_ids(db: sqlite3.Connection, digest: str) -> tuple[str, ...]:
    """The ids that are kept under a hash, in order."""
    (packed,) = db.execute("select ids from found where hash = ?", [digest]).fetchone()
    return tuple(json.loads(zlib.decompress(packed)))


def _written(ids: Sequence[str]) -> bytes:
    return json.dumps(list(ids), ensure_ascii=False, separators=(",", ":")).encode()
