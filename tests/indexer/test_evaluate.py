"""Evaluation: measures against hand-made truth, run files, and the commands."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from search.evaluate import (
    CollectionError,
    compare,
    evaluate,
    losses,
    read_collection,
    read_run,
    write_run,
)
from web.cli.evaluation import eval_command
from web.cli.index import index
from web.cli.options import open_engine
from web.cli.search import search, suggest, verify_command

pytestmark = pytest.mark.slow


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
    assert evaluate({"q": {"a": 1}, "r": {"a": 1}}, {"r": {"a": 1.0}})["MRR@10"] == 0.5


QRELS = {f"q{i}": {"a": 1} for i in range(6)}
FIRST = {"a": 2.0, "b": 1.0}
SECOND = {"b": 2.0, "a": 1.0}


def test_runs_are_compared_query_by_query() -> None:
    ours = dict.fromkeys(QRELS, FIRST) | {"q5": SECOND}
    theirs = dict.fromkeys(QRELS, SECOND) | {"q4": FIRST}
    found = compare(QRELS, ours, theirs)
    assert found.difference == pytest.approx(4 / 6 * (1 - 0.63093), abs=1e-4)
    # Of six differences four are equal and two are nought: t = mean / (sd / sqrt 6) = 3.162.
    assert found.p == pytest.approx(0.0250, abs=1e-3)
    back = compare(QRELS, theirs, ours)
    assert (back.difference, back.p) == pytest.approx((-found.difference, found.p))


def test_runs_that_do_not_differ() -> None:
    run = dict.fromkeys(QRELS, FIRST)
    assert compare(QRELS, run, run) == compare(QRELS, {}, {})
    assert compare(QRELS, run, run).p == 1.0
    assert compare(QRELS, run, {}).p == 0.0
    assert compare({"q0": {"a": 1}}, run, {}).p == 1.0


def test_what_is_lost_against_a_baseline() -> None:
    ours = dict.fromkeys(QRELS, FIRST) | {"q1": SECOND, "q3": {"b": 1.0}}
    theirs = dict.fromkeys(QRELS, FIRST) | {"q0": {}}
    found = losses(QRELS, ours, theirs)
    assert [(loss.query, loss.rank, loss.baseline_rank) for loss in found] == [
        ("q3", None, 1),
        ("q1", 2, 1),
    ]
    assert found[0].difference == -1.0


def test_runs_come_back_from_their_files(tmp_path: Path) -> None:
    run = {"q1": {"r1": 2.0, "r2": 1.5}, "q2": {"r2": 1.0}}
    write_run(run, tmp_path / "run.trec", "ours")
    assert read_run(tmp_path / "run.trec") == run
    (tmp_path / "run.trec").write_text("q1 Q0 r1 1 2.0 ours\nq1 Q0 r1 first\n")
    with pytest.raises(CollectionError, match="line 2: expected query, Q0"):
        read_run(tmp_path / "run.trec")


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

    called = [str(collection), "--library", library]
    peers = tmp_path / "peers"
    peers.mkdir()
    (peers / "tiny.other.trec").write_text("q1 Q0 r1 1 9 other\nq2 Q0 r1 1 9 other\n")
    done = runner.invoke(eval_command, [*called, "--peers", str(peers), "--baseline", "other"])
    assert done.exit_code == 0, done.output
    assert "| tiny | other | 0.500 | 0.500 | 0.500 |  |  |  |" in done.output
    assert "| tiny | lexical | 1.000 | 1.000 | 1.000 |  | +0.500 |" in done.output
    done = runner.invoke(
        eval_command,
        [*called, "--peers", str(peers), "--baseline", "lexical", "--losses", "1", "--json"],
    )
    rows = {r["leg"]: r for r in json.loads(done.stdout)}
    assert rows["other"]["difference"] == -0.5
    assert "difference" not in rows["lexical"]
    done = runner.invoke(eval_command, [*called, "--baseline", "nobody"])
    assert done.exit_code == 1
    assert "no 'nobody' to compare with; there are fused, dense, lexical" in done.output
    done = runner.invoke(eval_command, [*called, "--peers", str(runs)])
    assert "is the name of a leg" in done.output

    done = runner.invoke(search, ["骨折", "--library", library, "--json"])
    assert json.loads(done.stdout)["hits"][0]["record"]["id"] == "r4"
    done = runner.invoke(search, ["骨折", "--library", library])
    assert "1. 骨折" in done.output
    done = runner.invoke(search, ["  ", "--library", library])
    assert done.exit_code == 1
    assert "Error: the query is empty" in done.output
    done = runner.invoke(suggest, ["[MASK]の治療", "--library", library, "--limit", "2", "--json"])
    assert done.exit_code == 0, done.output
    assert len(json.loads(done.stdout)["masks"][0]) == 2
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
    "arguments",
    [
        [],
        ["COLLECTION"],
        ["COLLECTION", "--build", "--library", "x"],
        ["COLLECTION", "--library", "x", "--losses", "3"],
    ],
)
def test_eval_says_what_it_needs(collection: Path, arguments: list[str]) -> None:
    called = [str(collection) if a == "COLLECTION" else a for a in arguments]
    assert CliRunner().invoke(eval_command, called).exit_code == 2


def test_a_library_without_its_model(built: Path, source: Callable[..., Path]) -> None:
    manifest = open_engine(built).generation().path / "MANIFEST.json"
    data = json.loads(manifest.read_text())
    manifest.with_name("MANIFEST.sha256").unlink()
    manifest.write_text(json.dumps({**data, "model_source": "/nowhere/model"}))
    done = CliRunner().invoke(search, ["肺炎", "--library", str(built)])
    assert done.exit_code == 1
    assert "/nowhere/model: no such directory" in done.output
