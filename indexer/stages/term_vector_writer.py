"""A vector for each of the terms that can be suggested, in ``terms.db``.

They say which terms mean nearly the same. A term is encoded once, as a query would be; an update
encodes the terms that are new among the most frequent. What a run had encoded when it was killed is
taken up by the next one.
"""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlite_utils import Database

from indexer.stages.embed import read_arrays, write_arrays
from search.encoder import Encoder
from search.text.phrases import is_term

# The most frequent terms that stand alone: 20 MB, two minutes on two cores.
MOST = 50_000
_BATCH = 512


def write_term_vectors(file: Path, encoder: Callable[[], Encoder], checkpoints: Path) -> int:
    """Complete the table ``term_vectors`` (number, scale: float, codes: int8 (dim,)) of a
    ``terms.db``; a vector is scale times codes.

    Batches of terms whose vectors are in ``checkpoints`` are not encoded again. Gives how many
    terms were new; ``encoder`` is called if any are.
    """
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
            scales, codes = _vectors(encoder(), [wanted[number] for number in batch], checkpoints)
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


def _vectors(
    encoder: Encoder, batch: Sequence[str], checkpoints: Path
) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """Scales (n,) and codes (n, dim) of a batch of terms, kept in a file of ``checkpoints``."""
    of = f"{encoder.model.fingerprint} {encoder.backend.name} terms"
    digest = hashlib.sha256("\0".join([of, *batch]).encode()).hexdigest()
    file = checkpoints / f"{digest}.npz"
    kept = read_arrays(file, {"scales", "codes"})
    if kept is None:
        vectors = encoder.encode_queries(batch)
        scales = np.maximum(np.abs(vectors).max(axis=1), 1e-12) / 127
        codes = np.rint(vectors / scales[:, None]).astype(np.int8)
        kept = {"scales": scales.astype(np.float64), "codes": codes}
        checkpoints.mkdir(parents=True, exist_ok=True)
        write_arrays(file, kept)
    return kept["scales"], kept["codes"]
