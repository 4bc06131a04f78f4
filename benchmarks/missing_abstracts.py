"""Whether records without an abstract are drowned or favoured.

    python benchmarks/missing_abstracts.py BEIR_DIR

Takes a collection whose records have title and text, drops the text of every second record (by a
hash of its id), builds a library of the result, and asks all queries. Prints JSON for each leg:
the share of title-only records in the top 10 (the library's own share is the neutral value), and
nDCG@10 of queries whose record kept its text, and of those whose record lost it.
"""

import hashlib
import json
import sys
import tempfile
from pathlib import Path

from indexer.run.pipeline import build
from search.evaluate import evaluate, read_collection, run_queries
from web.cli.options import open_engine


def loses_text(record_id: str) -> bool:
    """Whether a record is one of the half that keeps its title alone."""
    return hashlib.sha256(record_id.encode()).digest()[0] % 2 == 0


def main() -> None:
    """Build, ask, print."""
    collection = read_collection(Path(sys.argv[1]))
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "corpus.jsonl"
        with source.open("w", encoding="utf-8") as stream:
            for line in collection.corpus.read_text(encoding="utf-8").splitlines():
                record = json.loads(line)
                if loses_text(record["_id"]) and record["title"]:
                    record["text"] = ""
                stream.write(json.dumps(record, ensure_ascii=False) + "\n")
        build([str(source)], Path(folder) / "library")
        engine = open_engine(Path(folder) / "library")
        runs = run_queries(engine, collection)
        total, bare = (
            engine.generation()
            .database.execute("select count(*), sum(not has_abstract) from records")
            .fetchone()
        )
        without = {
            row[0]
            for row in engine.generation().database.execute(
                "select id from records where not has_abstract"
            )
        }
    result: dict[str, object] = {"records": total, "title_only_share": round(bare / total, 3)}
    for leg, run in runs.items():
        top = [record for ranked in run.values() for record in list(ranked)[:10]]
        row = {"title_only_share_of_top_10": round(sum(r in without for r in top) / len(top), 3)}
        for name, lost in (("with_text", False), ("title_only", True)):
            qrels = {
                query: gains
                for query, gains in collection.qrels.items()
                if query in run and all((r in without) == lost for r in gains)
            }
            row[f"nDCG@10_{name}"] = round(
                evaluate(qrels, {q: run[q] for q in qrels})["nDCG@10"], 3
            )
        result[leg] = row
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
