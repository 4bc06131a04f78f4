"""What the terminology brings to ranked search, leg by leg.

    python benchmarks/other_names.py LIBRARY COLLECTION…

LIBRARY holds the records of the collections, which are BEIR folders. Prints nDCG@10 of each leg
without and with other names of what the queries name, the difference with p of a paired t-test, and
the milliseconds a query that looking names up takes.
"""

import sys
import time
from pathlib import Path

from search.evaluate import compare, evaluate, read_collection, run_queries
from web.cli.options import open_engine


def main() -> None:
    """Measure and print."""
    engine = open_engine(Path(sys.argv[1]))
    generation = engine.generation()
    for folder in sys.argv[2:]:
        collection = read_collection(Path(folder))
        runs = {
            names: run_queries(engine, collection, other_names=names) for names in (False, True)
        }
        started = time.perf_counter()
        for query in collection.queries.values():
            engine.names_of(generation, query)
        each = 1000 * (time.perf_counter() - started) / len(collection.queries)
        print(f"{collection.name}: {len(collection.queries)} queries, names {each:.2f} ms each")
        for leg in runs[True]:
            without, with_ = (
                evaluate(collection.qrels, runs[n][leg])["nDCG@10"] for n in (False, True)
            )
            told = compare(collection.qrels, runs[True][leg], runs[False][leg])
            print(f"  {leg:8} {without:.4f} {with_:.4f} {told.difference:+.4f} p {told.p:.4f}")


if __name__ == "__main__":
    main()
