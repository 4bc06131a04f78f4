"""Exact search in the copies that a collection keeps of records that no library holds.

The copies lie in the file prepared for it. A copy never changes, so what was read stays in memory,
by its hash, as far as there is room: reading ten thousand from the file takes most of a search.
"""

import json
import threading
from collections.abc import Iterable, Mapping

from search import budget
from search.exact.expression import Expression
from search.exact.record_reader import VERSION, parted, prepared, reader
from web.desk.copies import kept_record
from web.desk.store import Store

# Characters of prepared text, two bytes each in Japanese: about 15 000 records with abstracts.
_ROOM = 40_000_000

_lock = threading.Lock()
_remembered: dict[str, list[str]] = {}
_size = 0


def ids_that_meet(store: Store, expression: Expression, hashes: Mapping[str, str]) -> set[str]:
    """Which records, given by id with the hash of the copy, meet an expression of exact search."""
    meets = reader(expression)
    lines = _prepared(store, hashes.values())
    copies = budget.within(hashes.items(), "texts")
    return {record_id for record_id, digest in copies if meets(lines[digest])}


def _prepared(store: Store, hashes: Iterable[str]) -> dict[str, list[str]]:
    wanted = list(hashes)
    found = {digest: known for digest in wanted if (known := _remembered.get(digest))}
    if len(found) < len(wanted):
        unknown = [digest for digest in wanted if digest not in found]
        read = _read(store, unknown)
        found |= read
        _remember(read)
    return found


def _read(store: Store, hashes: list[str]) -> dict[str, list[str]]:
    rows = store.connection.execute(
        "select hash, iif(prepared like ?, prepared, null) prepared, "
        "iif(prepared like ?, null, data) data from records "
        "where hash in (select value from json_each(?))",
        # What an older program prepared is prepared anew.
        [*(f"{VERSION}\n%",) * 2, json.dumps(hashes)],
    )
    return {
        row["hash"]: parted(row["prepared"] or prepared(kept_record(row["data"]))) for row in rows
    }


def _remember(read: Mapping[str, list[str]]) -> None:
    global _size
    with _lock:
        for digest, lines in read.items():
            if digest not in _remembered:
                _remembered[digest] = lines
                _size += sum(map(len, lines))
        while _size > _ROOM and _remembered:
            # The oldest: a dict keeps the order in which its keys came.
            _size -= sum(map(len, _remembered.pop(next(iter(_remembered)))))
