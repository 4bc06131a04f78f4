"""Reciprocal rank fusion (k = 60; Cormack, Clarke and Buettcher 2009) of the peers bm25 and e5.

    python benchmarks/peers/rrf.py RUNS COLLECTION...

Reads the runs of the other two in RUNS.
"""

import sys
from pathlib import Path

from beir import read, write

_K = 60


def main() -> None:
    """Fuse, write the runs."""
    runs, *collections = map(Path, sys.argv[1:])
    for collection in collections:
        found: dict[str, dict[str, float]] = {}
        for system in ("bm25", "e5"):
            for query, records in read(runs, collection, system).items():
                scores = found.setdefault(query, {})
                for rank, record in enumerate(records, 1):
                    scores[record] = scores.get(record, 0.0) + 1 / (_K + rank)
        write(runs, collection, "rrf", found)


if __name__ == "__main__":
    main()
