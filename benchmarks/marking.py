"""Whether the sentence shown with a hit is the one that answers.

    python benchmarks/marking.py LIBRARY JAQUAD_DIR

LIBRARY holds the corpus of jaquad. ``answers_jaquad.tsv`` says for 120 of its questions, drawn at
random among those whose paragraph has three sentences and more, at which offset of the paragraph
the sentence begins that holds the answer: judged by reading, by the project, for this purpose.
Prints JSON: the share of questions whose paragraph, where the list holds it, is shown with that
sentence, and the share that the first sentence, or one drawn blindly, would have.
"""

import argparse
import csv
import json
from pathlib import Path

from search.evaluate import read_collection
from search.ranked.engine import Engine
from search.text.sentences import sentence_spans
from web.cli.options import open_engine

_ANSWERS = Path(__file__).with_name("answers_jaquad.tsv")
_PAGE = 100


def main() -> None:
    """Ask and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("collection", type=Path)
    arguments = parser.parse_args()
    engine = open_engine(arguments.library)
    queries = read_collection(arguments.collection).queries
    right, first, blind = [], [], []
    with _ANSWERS.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream, delimiter="\t"):
            offsets = set(map(int, row["offsets"].split()))
            shown = shown_with(engine, queries[row["query"]], row["record"])
            if shown is None:
                continue
            (start, end), borders = shown
            right.append(any(start <= offset < end for offset in offsets))
            first.append(0 in offsets)
            blind.append(len(offsets) / len(borders))
    print(
        json.dumps(
            {
                "questions": len(right),
                "right": round(sum(right) / len(right), 3),
                "first sentence": round(sum(first) / len(first), 3),
                "blindly": round(sum(blind) / len(blind), 3),
            }
        )
    )


def shown_with(
    engine: Engine, query: str, record: str
) -> tuple[tuple[int, int], list[tuple[int, int]]] | None:
    """The span of the sentence shown with ``record``, and of all sentences; None where the record
    is not among the first hits."""
    for hit in engine.search(query, per_page=_PAGE).hits:
        if hit.record.id == record and hit.sentence and hit.sentence.field == "abstract":
            span = (hit.sentence.start, hit.sentence.end)
            return span, sentence_spans(hit.record.abstract, hit.record.language)
    return None


if __name__ == "__main__":
    main()
