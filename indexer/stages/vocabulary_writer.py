"""``terms.db``: the library's own terms, and which record contains which.

Every inner run of every noun phrase is counted, so that the counts stay right under updates; what
stood somewhere as a whole phrase (``standalone``) is a term that can be suggested.
"""

import functools
import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlite_utils import Database

from search.records import Record
from search.text.phrases import inner_runs, is_term, told_phrases
from search.text.readings import reading

_AT_HAND = 200_000
_CACHE_KIB = 64 * 1024


def write_vocabulary(
    file: Path,
    previous: Path | None,
    removed: Iterable[int],
    records: Iterable[tuple[int, Record]],
) -> None:
    """The vocabulary of ``previous`` without the records ``removed``, plus ``records``.

    Tables: ``terms`` (number, term, records: in how many it occurs, standalone: in how many as a
    whole phrase, reading: katakana, of terms that stood alone; empty where they have none) and
    ``record_terms`` (record, contained and standalone: int32 term numbers).
    """
    if previous is not None:
        shutil.copy2(previous, file)
    db = Database(file)
    db.execute("pragma synchronous = off")
    db.execute("pragma journal_mode = memory")
    if previous is None:
        db.table("terms").create(
            {"number": int, "term": str, "records": int, "standalone": int, "reading": str},
            pk="number",
            not_null=("term", "records", "standalone"),
        ).create_index(["term"], unique=True)
        # So that an update finds the terms that have become standalone without a scan.
        db.execute(
            "create index unread_terms on terms(number) where standalone > 0 and reading is null"
        )
        db.table("record_terms").create(
            {"record": int, "contained": bytes, "standalone": bytes}, pk="record"
        )
    db.execute(f"pragma cache_size = -{_CACHE_KIB}")
    with db.atomic():
        counts = _Counts(db)
        for number in removed:
            row = db.conn.execute(
                "select contained, standalone from record_terms where record = ?", [number]
            ).fetchone()
            if row:
                counts.add(np.frombuffer(row[0], np.int32), np.frombuffer(row[1], np.int32), -1)
                db.conn.execute("delete from record_terms where record = ?", [number])
        numbers = _Numbers(db)
        for number, record in records:
            whole, inner = record_phrases(record)
            known = {term: numbers.of(term) for term in sorted(whole | inner)}
            inside = np.array(sorted(known[t] for t in inner), np.int32)
            alone = np.array(sorted(known[t] for t in whole), np.int32)
            counts.add(inside, alone, 1)
            db.conn.execute(
                "insert into record_terms values (?, ?, ?)",
                [number, inside.tobytes(), alone.tobytes()],
            )
        counts.flush()
        unread = db.execute(
            "select number, term from terms where standalone > 0 and reading is null"
        ).fetchall()
        db.conn.executemany(
            "update terms set reading = ? where number = ?",
            ((reading(term), number) for number, term in unread),
        )
    db.execute("pragma journal_mode = delete")
    db.close()


class _Numbers:
    """The number of each term, looked up or given; those used last are at hand.

    A library's terms outgrow memory long before its records do.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._last: int = db.execute("select coalesce(max(number), 0) from terms").fetchone()[0]
        self.of = functools.lru_cache(_AT_HAND)(self._of)

    def _of(self, term: str) -> int:
        row = self._db.conn.execute("select number from terms where term = ?", [term]).fetchone()
        if row:
            return int(row[0])
        self._last += 1
        self._db.conn.execute("insert into terms values (?, ?, 0, 0, null)", [self._last, term])
        return self._last


class _Counts:
    """Changes of the terms' counts, written whenever there are many."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._contained: Counter[int] = Counter()
        self._standalone: Counter[int] = Counter()

    def add(self, contained: NDArray[np.int32], standalone: NDArray[np.int32], sign: int) -> None:
        for counter, found in ((self._contained, contained), (self._standalone, standalone)):
            for number in found.tolist():
                counter[number] += sign
        if len(self._contained) >= _AT_HAND:
            self.flush()

    def flush(self) -> None:
        touched = sorted(self._contained.keys() | self._standalone.keys())
        self._db.conn.executemany(
            "update terms set records = records + ?, standalone = standalone + ? where number = ?",
            [(self._contained[n], self._standalone[n], n) for n in touched],
        )
        self._contained.clear()
        self._standalone.clear()


def record_phrases(record: Record) -> tuple[set[str], set[str]]:
    """The terms that stand alone in a record, and all terms that it contains.

    Keywords count as standing alone: a librarian chose them.
    """
    whole: set[str] = set()
    inner: set[str] = set()
    for version in record.versions():
        for phrase in told_phrases(version.text):
            if phrase.whole:
                whole.add("".join(phrase.words))
            inner.update(inner_runs(phrase.words))
    for keyword in record.keywords:
        whole.add(keyword)
        inner.add(keyword)
    return {t for t in whole if is_term(t)}, {t for t in inner if is_term(t)}
