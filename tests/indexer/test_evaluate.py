"""Evaluation: measures against hand-made truth, run files, and the commands."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from indexer.cli import eval_command, index
from search.cli import open_engine, search, suggest, verify_command
from search.evaluate import CollectionError, evaluate, read_collection


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """Four records, three queries of which one is not judged."""
    directory = tmp_path / "tiny"
    (directory / "qrels").mkdir(parents=True)
    corpus = [
        {"_id": "r1", "title": "肺炎", "text": "市中肺炎に抗菌薬を投与した。"},
        {"_id": "r2", "title": "心筋梗塞", "text": "冠動脈を治療した。"},
        {"_id": "r3", "title": "喘息", "text": "吸入ステロイドを用いた。"},
        {"_id": "r4", "title": "骨折", "text": "大腿骨を固定した。"},
    ]
    queries = [
        {"_id": "q1", "text": "抗菌薬"},
        {"_id": "q2", "text": "骨折の固定"},
        {"_id": "q3", "text": "誰も判定していない"},
    ]
    for name, rows in (("corpus", corpus), ("queries", queries)):
        text = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows)
        (directory / f"{name}.jsonl").write_text(text, encoding="utf-8")
    (directory / "qrels" / "test.tsv").write_text(
        "query-id\tcorpus-id\tscore\nq1\tr1\t1\nq2\tr4\t1\n", encoding="utf-8"
    )
    return directory


def test_measures_by_hand() -> None:
    qrels = {"q1": {"a": 1}, "q2": {"b": 1}}
    run = {"q1": {"a": 2.0, "x": 1.0}, "q2": {"x": 2.0, "b": 1.0}}
    assert evaluate(qrels, run) == pytest.approx(
        {"nDCG@10": (1 + 0.63093) / 2, "MRR@10": 0.75, "recall@100": 1.0}, abs=1e-4
    )


def test_a_query_without_results_counts_as_nothing_found() -> None:
    assert evaluate({"q": {"a": 1}}, {"q": {}})["nDCG@10"] == 0.0


def test_reading_a_collection(collection: Path) -> None:
    read = read_collection(collection)
    assert read.name == "tiny"
    assert set(read.queries) == {"q1", "q2"}
    assert read.qrels["q1"] == {"r1": 1}


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("qrels/test.tsv", "q1\tr1\n", "line 1: expected query-id, corpus-id, score"),
        ("qrels/test.tsv", "h\th\th\nq1\tr1\tmany\n", "line 2: expected query-id"),
        ("queries.jsonl", '{"_id": "q1"}\n', "line 1: expected _id and text"),
        ("qrels/test.tsv", "nobody\tr1\t1\n", "no query has a judgement"),
    ],
)
def test_broken_collections(collection: Path, file: str, content: str, message: str) -> None:
    (collection / file).write_text(content, encoding="utf-8")
    with pytest.raises(CollectionError, match=message):
        read_collection(collection)


def test_commands_from_source_to_figures(
    collection: Path, tmp_path: Path, published_layout: Path
) -> None:
    runner = CliRunner()
    library = str(tmp_path / "library")
    corpus = str(collection / "corpus.jsonl")
    model = str(published_layout)
    done = runner.invoke(index, [corpus, "--library", library, "--model", model])
    assert done.exit_code == 0, done.output
    assert "4 read: 4 new, 0 replaced, 0 unchanged, 0 duplicate, 0 deleted, 0 rejected; " in (
        done.output
    )
    assert "generation 000001 is live" in done.output
    assert runner.invoke(verify_command, [library]).output.startswith("generation 000001")

    runs = tmp_path / "runs"
    done = runner.invoke(
        eval_command, [str(collection), "--library", library, "--json", "--runs", str(runs)]
    )
    assert done.exit_code == 0, done.output
    legs = {r["leg"]: r for r in json.loads(done.stdout)}
    assert legs["lexical"]["nDCG@10"] == 1.0
    assert set(legs) == {"fused", "dense", "lexical"}
    first = (runs / "tiny.lexical.trec").read_text().splitlines()[0].split()
    assert first == ["q1", "Q0", "r1", "1", "100", "jmedsearch-lexical"]

    done = runner.invoke(search, ["骨折", "--library", library, "--json"])
    assert json.loads(done.stdout)["hits"][0]["record"]["id"] == "r4"
    done = runner.invoke(search, ["骨折", "--library", library])
    assert "1. 骨折" in done.output
    done = runner.invoke(search, ["  ", "--library", library])
    assert done.exit_code == 1
    assert "Error: the query is empty" in done.output
    done = runner.invoke(suggest, ["[MASK]の治療", "--library", library, "--limit", "2", "--json"])
    assert done.exit_code == 0, done.output
    assert len(json.loads(done.stdout)[0]) == 2
    done = runner.invoke(suggest, ["抗菌薬", "--library", library])
    assert done.exit_code == 0, done.output


def test_build_and_check(collection: Path, tmp_path: Path, published_layout: Path) -> None:
    runner = CliRunner()
    done = runner.invoke(
        eval_command, [str(collection), "--build", "--model", str(published_layout)]
    )
    assert done.exit_code == 0, done.output
    assert "| tiny | lexical | 1.000 | 1.000 | 1.000 |" in done.output
    (tmp_path / "benchmarks").mkdir()
    expected = tmp_path / "benchmarks" / "expected.yaml"
    for value, verdict, code in ((1.0, "OK", 0), (0.5, "FAIL", 1)):
        expected.write_text(
            f"- command: jmedsearch eval tiny --build --model {published_layout} --json\n"
            "  tolerance: 0.001\n"
            f"  expected: {{tiny: {{lexical: {{nDCG@10: {value}}}}}}}\n"
        )
        done = runner.invoke(eval_command, ["--check", str(expected)])
        assert done.exit_code == code, done.output
        assert f"{verdict}" in done.output.split("\n")[0]


@pytest.mark.parametrize(
    "arguments", [[], ["COLLECTION"], ["COLLECTION", "--build", "--library", "x"]]
)
def test_eval_says_what_it_needs(collection: Path, arguments: list[str]) -> None:
    called = [str(collection) if a == "COLLECTION" else a for a in arguments]
    assert CliRunner().invoke(eval_command, called).exit_code == 2


def test_a_library_without_its_model(built: Path, source: Callable[..., Path]) -> None:
    manifest = open_engine(built).generation().path / "MANIFEST.json"
    data = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**data, "model_source": "/nowhere/model"}))
    done = CliRunner().invoke(search, ["肺炎", "--library", str(built)])
    assert done.exit_code == 1
    assert "/nowhere/model: no such directory" in done.output
