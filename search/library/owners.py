"""Which record each stored vector belongs to, kept as arrays beside ``records.db``: asked of SQLite
row by row, they would take a minute and a gigabyte to open ten million passages."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search.library.passage_set import PassageSet
from search.library.segments import mapped

# int32 (n,), and uint8 with one bit a passage, the lowest first.
OWNERS = "passage_records.npy"
BARE = "bare_titles.npy"
_ROWS = 100_000


@dataclass(frozen=True)
class Owners:
    """The record number of every stored vector (n,) int32, -1 where its passage is gone, and the
    passages that are a bare title, whether or not there is an abstract beside it."""

    record_of: NDArray[np.int32]
    bare: PassageSet


def read_owners(generation: Path, count: int) -> Owners:
    """The owners of the ``count`` vectors of a generation.

    Raises:
        OSError, ValueError: when a file is damaged.
    """
    record_of, bits = mapped(generation / OWNERS), mapped(generation / BARE)
    if len(record_of) != count or len(bits) != (count + 7) // 8:
        raise ValueError(f"{OWNERS} or {BARE} has another length than the segments")
    # Every query looks at the bits: in memory. The record numbers of its candidates it only picks.
    return Owners(record_of, PassageSet(bits.copy(), count))


def owners_in(database: sqlite3.Connection, count: int) -> Owners:
    """The same from ``records.db``."""
    record_of, bare = np.full(count, -1, np.int32), np.zeros(count, bool)
    cursor = database.execute(
        "select p.number, p.record, p.end <= case when p.language = r.language "
        "then length(r.title) else coalesce((select length(t.value ->> 'title') "
        "from json_each(r.translations) t where t.value ->> 'language' = p.language), 0) end "
        "from passages p join records r on r.number = p.record"
    )
    while rows := cursor.fetchmany(_ROWS):
        table = np.array([tuple(row) for row in rows], np.int64)
        record_of[table[:, 0]] = table[:, 1]
        bare[table[:, 0]] = table[:, 2]
    return Owners(record_of, PassageSet.where(bare))
