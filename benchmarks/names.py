"""Everyday names, and names that must not be taken for one.

    python benchmarks/names.py

Indexes the 100 titles of ``name_pairs.tsv`` among the sample's records and asks for each by the
name beside it, without and with the terminology. The sample has records on some of the same topics,
so places are counted among the 100. Then asks the queries of ``name_traps.tsv``, of which a part
must stay as it was typed. Prints JSON: for each kind of name in how many the record is among the
first three, without and with other names, and which are missed with them; how many traps held, and
what was looked for in the place of the part where one did not.
"""

import json
import tempfile
from pathlib import Path

import search
from indexer.run.pipeline import build
from search.ranked.engine import Engine
from web.cli.options import open_engine

_FIRST = 3
_OWN = "name-"
_SAMPLE = Path(search.__path__[0]) / "sample" / "records.jsonl"


def main() -> None:
    """Build, ask, print."""
    pairs, traps = rows("name_pairs.tsv"), rows("name_traps.tsv")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "pairs.jsonl"
        records = [
            {"id": record_id(number), "title": title} for number, (_, _, title) in enumerate(pairs)
        ]
        lines = [json.dumps(record, ensure_ascii=False) for record in records]
        file.write_text("\n".join(lines), encoding="utf-8")
        build([file, _SAMPLE], folder / "library")
        engine = open_engine(folder / "library")
        result = {"pairs": asked(engine, pairs), "traps": sprung(engine, traps)}
    print(json.dumps(result, ensure_ascii=False, indent=1))


def asked(engine: Engine, pairs: list[list[str]]) -> dict[str, object]:
    """How many records are found by each kind of name."""
    result: dict[str, object] = {}
    for kind in dict.fromkeys(kind for kind, _, _ in pairs):
        own = [(record_id(n), query) for n, (k, query, _) in enumerate(pairs) if k == kind]
        found = {
            with_names: [
                query for wanted, query in own if _found(engine, query, wanted, with_names)
            ]
            for with_names in (False, True)
        }
        result[kind] = {
            "names": len(own),
            "found without": len(found[False]),
            "found with": len(found[True]),
            "missed": [query for _, query in own if query not in found[True]],
            "lost": [query for query in found[False] if query not in found[True]],
        }
    return result


def sprung(engine: Engine, traps: list[list[str]]) -> dict[str, object]:
    """How many parts of queries stay as they were typed."""
    taken = {}
    for _, query, part in traps:
        names = dict(engine.search(query).names)
        if wrong := [name for written, found in names.items() if written == part for name in found]:
            taken[query] = wrong
    return {"traps": len(traps), "held": len(traps) - len(taken), "taken": taken}


def record_id(number: int) -> str:
    """The id of the record of a pair."""
    return f"{_OWN}{number:03d}"


def rows(name: str) -> list[list[str]]:
    """The rows of a table beside this file, without its header and remarks."""
    lines = Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line and not line.startswith("#")]
    return [line.split("\t") for line in kept[1:]]


def _found(engine: Engine, query: str, wanted: str, with_names: bool) -> bool:
    found = engine.search(query, other_names=with_names, per_page=100)
    own = [hit.record.id for hit in found.hits if hit.record.id.startswith(_OWN)]
    return wanted in own[:_FIRST]


if __name__ == "__main__":
    main()
