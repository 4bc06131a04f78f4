"""What each stage of ranking adds: nDCG@10 of a library's lists with stages switched off and on.

    python benchmarks/stages.py LIBRARY BEIR_DIR... [--every N]

LIBRARY holds the corpus of the collections (see jmedsearch eval --build). Every Nth query is asked.
Prints JSON: for each collection the number of queries, the weight that the library learnt, and the
stages in the order in which they come:

- the lexical leg (BM25 of the query's words), the dense leg, and their reciprocal rank fusion;
- "weighted": min-max normalised scores with the library's weight;
- "coverage": the lexical scores count by how much of the query the words can answer;
- "near terms": terms near in meaning are looked for too (search/library/expansion.py);
- "word pairs": neighbouring words count (search.ranked.fusion.with_pairs). This is the list as
  it is;
- "without near terms": all other stages.
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

import ir_measures
import numpy as np
from ir_measures import nDCG
from numpy.typing import NDArray

from search.evaluate import Run, read_collection
from search.filters import Filters
from search.library.generation import Generation
from search.library.scored_records import Ranking
from search.ranked.fusion import PAIRED, reciprocal_rank, weighted, with_pairs
from search.ranked.ranking import rank
from search.text.latin import is_latin
from web.cli.options import open_engine

_RUN_DEPTH = 100


def main() -> None:
    """Ask and print."""
    arguments = parsed(__doc__.splitlines()[0])
    engine = open_engine(arguments.library)
    generation = engine.generation()
    id_of = dict(generation.database.execute("select number, id from records").fetchall())
    result: dict[str, object] = {"dense_weight": generation.manifest.dense_weight}
    for directory in arguments.collections:
        collection = read_collection(directory)
        asked = sorted(collection.queries)[:: arguments.every]
        runs: dict[str, Run] = {}
        for query in asked:
            text = collection.queries[query]
            vector = engine.encoder.encode_queries([text])[0]
            for stage, order in stages(generation, vector, text).items():
                runs.setdefault(stage, {})[query] = listed(order, id_of)
        judged = {query: dict(collection.qrels[query]) for query in asked}
        result[collection.name] = {"queries": len(asked)} | {
            stage: round(measured(judged, run), 4) for stage, run in runs.items()
        }
    print(json.dumps(result, ensure_ascii=False, indent=1))


def parsed(description: str) -> argparse.Namespace:
    """The command line of a benchmark that asks a library the queries of collections."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("library", type=Path)
    parser.add_argument("collections", type=Path, nargs="+")
    parser.add_argument("--every", type=int, default=1)
    return parser.parse_args()


def listed(order: Ranking, id_of: Mapping[int, str]) -> dict[str, float]:
    """A list as a run has it: the ids of its records, the first with the highest number."""
    return {id_of[n]: float(_RUN_DEPTH - i) for i, (n, _) in enumerate(order[:_RUN_DEPTH])}


def stages(
    generation: Generation, vector: NDArray[np.float32], query: str
) -> Mapping[str, Ranking]:
    """The list for a query after each stage."""
    query_terms = generation.query_words(query).terms
    whole = rank(generation, vector, query_terms, Filters(), latin=is_latin(query))
    dense = whole.dense
    weight, full_match = whole.dense_weight or 0.0, whole.full_match
    best = whole.unaided[0][1] if whole.unaided else 0.0
    covered = weighted(dense, whole.unaided, weight, full_match)
    shares = generation.lexical.pair_shares(query_terms, covered.numbers[:PAIRED].tolist())
    return {
        "lexical": whole.unaided,
        "dense": dense,
        "rrf": reciprocal_rank(dense, whole.unaided),
        "weighted": weighted(dense, whole.unaided, weight, best),
        "coverage": covered,
        "near terms": weighted(dense, whole.lexical, weight, full_match),
        "word pairs": whole.order,
        "without near terms": with_pairs(covered, shares),
    }


def measured(judged: dict[str, dict[str, int]], run: Run) -> float:
    """Mean nDCG@10; a query without any hit counts 0."""
    scores = ir_measures.calc_aggregate(
        [nDCG @ 10], judged, {query: run.get(query) or {"": 0.0} for query in judged}
    )
    return float(scores[nDCG @ 10])


if __name__ == "__main__":
    main()
