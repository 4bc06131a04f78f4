"""Everyday questions and absent topics over the sample library.

    python benchmarks/everyday.py [LIBRARY]

Without LIBRARY the sample library is built first, in a folder of its own. Asks the questions of
``everyday_questions.tsv`` and the topics of ``absent_topics.tsv``. Prints JSON: for each kind of
question in how many the wanted record is among the first three, how many are told that nothing is
close, and which are missed; how many of the topics are told close, weak or none, and which close.
"""

import json
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from indexer.sample import build_sample
from search.ranked.engine import Engine, RankedList
from web.cli.options import open_engine

_FIRST = 3


@dataclass(frozen=True)
class Question:
    """A question, how it is worded (``clinical``, ``lay`` or ``english``), and the records of which
    one is wanted."""

    kind: str
    text: str
    wanted: frozenset[str]


def main() -> None:
    """Ask and print."""
    if len(sys.argv) > 1:
        print(json.dumps(measured(open_engine(Path(sys.argv[1]))), ensure_ascii=False, indent=1))
        return
    with tempfile.TemporaryDirectory() as folder:
        build_sample(Path(folder) / "sample")
        engine = open_engine(Path(folder) / "sample")
        print(json.dumps(measured(engine), ensure_ascii=False, indent=1))


def measured(engine: Engine) -> dict[str, object]:
    """What the two files say of a library of the sample."""
    result: dict[str, object] = {}
    asked = questions()
    for kind in dict.fromkeys(question.kind for question in asked):
        own = [question for question in asked if question.kind == kind]
        places = {q.text: place(engine.search(q.text), q.wanted) for q in own}
        result[kind] = {
            "questions": len(own),
            "in the first three": sum(p is not None and p <= _FIRST for p in places.values()),
            "nothing close": sum(closeness(engine.search(q.text)) == "none" for q in own),
            "weak": sum(closeness(engine.search(q.text)) == "weak" for q in own),
            "missed": {text: p for text, p in places.items() if p is None or p > _FIRST},
        }
    told = {topic: closeness(engine.search(topic)) for topic in topics()}
    result["absent topics"] = dict(Counter(told.values())) | {
        "told close": [topic for topic, said in told.items() if said == "close"]
    }
    return result


def questions() -> list[Question]:
    """The everyday questions."""
    rows = (line.split("\t") for line in _lines("everyday_questions.tsv")[1:])
    return [Question(kind, text, frozenset(wanted.split())) for kind, text, wanted in rows]


def topics() -> list[str]:
    """The topics that the sample has nothing on."""
    return _lines("absent_topics.tsv")


def place(found: RankedList, wanted: frozenset[str]) -> int | None:
    """Where the first wanted record stands on the first page; None where it does not."""
    return next((hit.rank for hit in found.hits if hit.record.id in wanted), None)


def closeness(found: RankedList) -> str:
    """What a list says of itself: ``close``, ``weak`` or ``none``."""
    return "close" if found.relevant else "weak" if found.weak else "none"


def _lines(name: str) -> list[str]:
    lines = Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


if __name__ == "__main__":
    main()
