"""``terms.db``: the library's own terms, and which record contains which.

Every inner run of every noun phrase is counted, so that the counts stay right under updates; what
stood somewhere as a whole phrase (``standalone``) is a term that can be suggested.
"""

import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from sqlite_utils import Database

from search.records import Record
from search.text.phrases import inner_runs, is_term, phrases


def write_vocabulary(
    file: Path,
    previous: Path | None,
    removed: Iterable[int],
    records: Iterable[tuple[int, Record]],
) -> None:
    """The vocabulary of ``previous`` without the records ``removed``, plus ``records``.

    Tables: ``terms`` (number, term, records: in how many it occurs, standalone: in how many as a
    whole phrase) and ``record_terms`` (record, contained and standalone: int32 term numbers).
    """
    if previous is not None:
        shutil.copy2(previous, file)
    db = Database(file)
    db.execute("pragma synchronous = off")
    db.execute("pragma journal_mode = memory")
    if previous is None:
        db.table("terms").create(
            {"number": int, "term": str, "records": int, "standalone": int},
            pk="number",
            not_null=("term", "records", "standalone"),
        ).create_index(["term"], unique=True)
        db.table("record_terms").create(
            {"record": int, "contained": bytes, "standalone": bytes}, pk="record"
        )
    contained: Counter[int] = Counter()
    standalone: Counter[int] = Counter()
    with db.atomic():
        for number in removed:
            row = db.execute(
                "select contained, standalone from record_terms where record = ?", [number]
            ).fetchone()
            if row:
                contained.subtract(np.frombuffer(row[0], np.int32).tolist())
                standalone.subtract(np.frombuffer(row[1], np.int32).tolist())
                db.execute("delete from record_terms where record = ?", [number])
        known: dict[str, int] = dict(db.execute("select term, number from terms").fetchall())
        for number, record in records:
            whole, inner = record_phrases(record)
            for term in sorted((whole | inner) - known.keys()):
                known[term] = len(known) + 1
                db.execute("insert into terms values (?, ?, 0, 0)", [known[term], term])
            inside = sorted(known[t] for t in inner)
            alone = sorted(known[t] for t in whole)
            contained.update(inside)
            standalone.update(alone)
            db.execute(
                "insert into record_terms values (?, ?, ?)",
                [number, np.array(inside, np.int32).tobytes(), np.array(alone, np.int32).tobytes()],
            )
        db.conn.executemany(
            "update terms set records = records + ?, standalone = standalone + ? where number = ?",
            [(contained[n], standalone[n], n) for n in contained.keys() | standalone.keys()],
        )
    db.execute("pragma journal_mode = delete")
    db.close()


def record_phrases(record: Record) -> tuple[set[str], set[str]]:
    """The terms that stand alone in a record, and all terms that it contains.

    Keywords count as standing alone: a librarian chose them.
    """
    whole: set[str] = set()
    inner: set[str] = set()
    for version in record.versions():
        for words in phrases(version.text):
            whole.add("".join(words))
            inner.update(inner_runs(words))
    for keyword in record.keywords:
        whole.add(keyword)
        inner.add(keyword)
    return {t for t in whole if is_term(t)}, {t for t in inner if is_term(t)}
