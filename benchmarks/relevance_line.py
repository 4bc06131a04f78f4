"""Where the line of relevance falls: for queries with an answer, from other fields, and nonsense.

    python benchmarks/relevance_line.py LIBRARY BEIR_DIR... [--elsewhere BEIR_DIR]

The collections' queries are asked of LIBRARY, which holds their corpus (see jmedsearch eval
--build); 150 queries of ``--elsewhere`` and those of ``unrelated_queries.tsv`` have no answer in a
medical library. Prints JSON: the line as learnt; for each collection the share of relevant records
of the top 10 that stay above the line, the share of queries that get "nothing close", and the
length of the lists down to the line (quartiles); for each kind of unrelated query the share that
gets "nothing close". The three legs are given where they differ in what they know.
"""

import argparse
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search.evaluate import LEGS, read_collection
from search.filters import Filters
from search.library.generation import Generation
from search.ranked.engine import Engine
from search.ranked.ranking import Leg, Ranked, rank
from search.text.latin import is_latin
from web.cli.options import open_engine

_ELSEWHERE = 150


def main() -> None:
    """Ask and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("collections", type=Path, nargs="+")
    parser.add_argument("--elsewhere", type=Path)
    arguments = parser.parse_args()
    engine = open_engine(arguments.library)
    line = engine.generation().manifest.relevance
    result: dict[str, object] = {
        "records": engine.generation().manifest.records,
        "line": asdict(line) if line else None,
    }
    for directory in arguments.collections:
        collection = read_collection(directory)
        result[collection.name] = {
            leg: answered(engine, collection.queries, collection.qrels, leg) for leg in LEGS
        }
    unrelated = read_unrelated(Path(__file__).with_name("unrelated_queries.tsv"))
    if arguments.elsewhere:
        elsewhere = read_collection(arguments.elsewhere)
        chosen = random.Random(3).sample(sorted(elsewhere.queries.values()), _ELSEWHERE)
        unrelated[elsewhere.name] = chosen
    result["nothing close"] = {
        kind: {"queries": len(queries)}
        | {
            leg: round(float(np.mean([n == 0 for n in lengths(engine, queries, leg)])), 3)
            for leg in LEGS
        }
        for kind, queries in unrelated.items()
    }
    print(json.dumps(result, indent=1, ensure_ascii=False))


def read_unrelated(file: Path) -> dict[str, list[str]]:
    """Queries by kind: ``kind<TAB>query`` lines."""
    queries: dict[str, list[str]] = {}
    for row in file.read_text(encoding="utf-8").splitlines():
        kind, query = row.split("\t")
        queries.setdefault(kind, []).append(query)
    return queries


def answered(
    engine: Engine, queries: Mapping[str, str], qrels: Mapping[str, Mapping[str, int]], leg: Leg
) -> dict[str, object]:
    """How the line treats queries that have an answer."""
    generation = engine.generation()
    id_of = dict(generation.database.execute("select number, id from records").fetchall())
    kept, cut, found = 0, 0, []
    vectors = engine.encoder.encode_queries(list(queries.values()))
    for (name, query), vector in zip(queries.items(), vectors, strict=True):
        ranked = ranked_list(generation, query, vector, leg)
        told = ranked.closeness(generation, query)
        found.append(told.close if told else 0)
        for place, (number, _) in enumerate(ranked.order[:10]):
            if qrels[name].get(id_of[number], 0) > 0:
                kept, cut = kept + (place < found[-1]), cut + (place >= found[-1])
    return {
        "queries": len(queries),
        "relevant in top 10": kept + cut,
        "of these above the line": round(kept / max(kept + cut, 1), 3),
        "nothing close": round(float(np.mean([n == 0 for n in found])), 3),
        "length, quartiles": [int(q) for q in np.percentile(found, [25, 50, 75])],
    }


def lengths(engine: Engine, queries: Sequence[str], leg: Leg) -> list[int]:
    """How many hits are above the line for each query."""
    generation = engine.generation()
    vectors = engine.encoder.encode_queries(list(queries))
    told = (
        ranked_list(generation, query, vector, leg).closeness(generation, query)
        for query, vector in zip(queries, vectors, strict=True)
    )
    return [one.above if one else 0 for one in told]


def ranked_list(
    generation: Generation, query: str, vector: NDArray[np.float32], leg: Leg
) -> Ranked:
    """The list of a leg for a query."""
    words = generation.query_words(query).terms
    return rank(generation, vector, words, Filters(), leg, latin=is_latin(query))


if __name__ == "__main__":
    main()
