"""Questions in everyday words over the sample library, and topics that it has nothing on: a part of
what benchmarks/everyday.py asks."""

from pathlib import Path

from search.ranked.engine import Engine

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


def rows(name: str) -> list[list[str]]:
    lines = (BENCHMARKS / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


def test_every_other_question_finds_its_record(engine: Engine) -> None:
    asked = rows("everyday_questions.tsv")[1::2]
    found = [(engine.search(text, per_page=3), wanted.split()) for _, text, wanted in asked]
    right = [any(hit.record.id in wanted for hit in answer.hits) for answer, wanted in found]
    assert len(asked) == 30
    assert sum(right) >= 27
    # Of all sixty, one is told that nothing comes near.
    assert sum(not answer.above for answer, _ in found) <= 1


def test_every_other_absent_topic_is_told_to_be_absent(engine: Engine) -> None:
    asked = [topic for (topic,) in rows("absent_topics.tsv")[::2]]
    assert len(asked) == 20
    assert sum(not engine.search(topic, per_page=1).relevant for topic in asked) >= 16
