"""How well a library finds its own records: by meaning, by words, and as it is searched.

The queries are those that the weight of both was learnt from ("indexer.learning.fusion_weight"):
a part of a record, by which the record has to be found without that part. So they say what to
expect here, and flatter the weight a little: it was chosen on them.
"""

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.learning.fusion_weight import WEIGHTS, known_item_gains
from indexer.run.intake import Progress
from indexer.stages.staging import BuildError
from indexer.store.record_store import RecordStore
from search.encoder import load_encoder
from search.library.manifest import LibraryError, Manifest, live_folder

_FIRST_PAGE = 10


@dataclass(frozen=True)
class Finding:
    """Shares of the queries whose record came first, and among the first ten; nDCG@10 and MRR."""

    first: float
    ten: float
    ndcg: float
    mrr: float


@dataclass(frozen=True)
class Measured:
    """How many queries were asked, and how each way of searching found their records."""

    queries: int
    meaning: Finding
    words: Finding
    both: Finding


def measure(library: Path, progress: Progress | None = None) -> Measured:
    """Search a library for parts of its own records; it is only read.

    Raises:
        LibraryError, ModelError: when it cannot be opened.
        BuildError: when it has too little text for that.
    """
    progress = progress or Progress()
    live = live_folder(library)
    if live is None:
        raise LibraryError(f"{library}: no library here")
    progress.stage("measure", None)
    manifest = Manifest.read(live)
    encoder = load_encoder(manifest.model_source)
    manifest.check_encoder(encoder.model, library)
    with tempfile.TemporaryDirectory(prefix="jmedsearch-measure-") as folder:
        store = RecordStore(Path(folder) / "records.db", live / "records.db")
        try:
            gains = known_item_gains(store, encoder, live / "vectors", manifest.segments)
        finally:
            store.close()
    if not gains:
        raise BuildError(f"{library}: too few records with enough text to measure anything")
    chosen = {False: _nearest(manifest.dense_weight), True: _nearest(manifest.latin_weight)}
    return Measured(
        sum(map(len, gains.values())),
        _finding([rows[:, -1] for rows in gains.values()]),
        _finding([rows[:, 0] for rows in gains.values()]),
        _finding([rows[:, chosen[latin]] for (latin, _), rows in gains.items()]),
    )


def _nearest(weight: float) -> int:
    return min(range(len(WEIGHTS)), key=lambda i: abs(WEIGHTS[i] - weight))


def _finding(reciprocal_ranks: list[NDArray[np.float64]]) -> Finding:
    gains = np.concatenate(reciprocal_ranks)
    ranks = np.where(gains > 0, 1 / np.maximum(gains, 1e-9), math.inf)
    within = ranks <= _FIRST_PAGE
    return Finding(
        round(float((ranks == 1).mean()), 4),
        round(float(within.mean()), 4),
        round(
            float(np.where(within, 1 / np.log2(np.minimum(ranks, _FIRST_PAGE) + 1), 0).mean()), 4
        ),
        round(float(gains.mean()), 4),
    )
