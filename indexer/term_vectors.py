"""A vector for each of the terms that can be suggested, in ``terms.db``.

They say which terms mean nearly the same. A term is encoded once, as a query would be; an update
encodes the terms that are new among the most frequent.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from sqlite_utils import Database

from search.encoder import Encoder
from search.text.phrases import is_term

# The most frequent terms that stand alone: 20 MB, two minutes on two cores.
MOST = 50_000
_BATCH = 512


def write_term_vectors(file: Path, encoder: Callable[[], Encoder]) -> int:
    """Complete the table ``term_vectors`` (number, scale: float, codes: int8 (dim,)) of a
    ``terms.db``; a vector is scale times codes. Gives how many were encoded; ``encoder`` is called
    if any are."""
    db = Database(file)
    db.execute("pragma synchronous = off")
    db.execute("pragma journal_mode = memory")
    db.execute(
        "create table if not exists term_vectors "
        "(number integer primary key, scale real not null, codes blob not null)"
    )
    with db.atomic():
        wanted = {
            number: term
            for number, term in db.conn.execute(
                "select number, term from terms where standalone > 0 and records > 0 "
                "order by records desc, number limit ?",
                [MOST],
            )
            if is_term(term)
        }
        known = {row[0] for row in db.conn.execute("select number from term_vectors")}
        db.conn.executemany(
            "delete from term_vectors where number = ?", [(n,) for n in sorted(known - set(wanted))]
        )
        new = sorted(set(wanted) - known)
        for start in range(0, len(new), _BATCH):
            batch = new[start : start + _BATCH]
            vectors = encoder().encode_queries([wanted[number] for number in batch])
            scales = np.maximum(np.abs(vectors).max(axis=1), 1e-12) / 127
            codes = np.rint(vectors / scales[:, None]).astype(np.int8)
            db.conn.executemany(
                "insert into term_vectors values (?, ?, ?)",
                (
                    (number, float(scale), row.tobytes())
                    for number, scale, row in zip(batch, scales, codes, strict=True)
                ),
            )
    db.execute("pragma journal_mode = delete")
    db.close()
    return len(new)
