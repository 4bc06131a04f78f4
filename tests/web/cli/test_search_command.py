"""`jmedsearch search` as a user types it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from search.formats import read_records
from search.ranked.engine import Engine
from search.records import Record
from web.cli.record_files import WRITABLE
from web.cli.search import search

IN_DOUBT = {"retracted", "expression of concern"}


def states(library: Path, *options: str) -> list[str]:
    arguments = ["患者", "--library", str(library), "--per-page", "100", "--json", *options]
    result = CliRunner().invoke(search, arguments)
    assert result.exit_code == 0, result.output
    return [hit["record"]["retraction"] for hit in json.loads(result.output)["hits"]]


def test_records_in_doubt_are_left_out_or_alone(sample_library: Path) -> None:
    assert set(states(sample_library, "--retraction", "only")) == IN_DOUBT
    assert not IN_DOUBT & set(states(sample_library, "--retraction", "exclude"))


def test_records_in_doubt_are_flagged(sample_library: Path) -> None:
    arguments = ["患者", "--library", str(sample_library), "--retraction", "only"]
    output = CliRunner().invoke(search, arguments).output
    assert output.count("[retracted]") == output.count("[expression of concern]") == 2


@pytest.mark.parametrize("value", ["", "all", "retracted"])
def test_an_unknown_choice_names_the_known_ones(sample_library: Path, value: str) -> None:
    arguments = ["患者", "--library", str(sample_library), "--retraction", value]
    result = CliRunner().invoke(search, arguments)
    assert result.exit_code == 2
    assert "'exclude', 'only'" in result.output


def shown(library: Path, query: str, *options: str) -> str:
    result = CliRunner().invoke(search, [query, "--library", str(library), *options])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_list_says_where_relevance_ends(sample_library: Path) -> None:
    output = shown(sample_library, "糖尿病の食事療法", "--per-page", "100")
    assert output.count("less relevant from here") == 1
    assert not output.startswith("Nothing in this library")
    output = shown(sample_library, "衆議院の解散総選挙")
    assert output.startswith("Nothing in this library is close to the query")
    assert "less relevant from here" not in output


def test_offers_known_items_and_other_spellings_are_shown(sample_library: Path) -> None:
    output = shown(sample_library, "しんきんこうそく")
    assert output.startswith("Did you mean (もしかして): 心筋梗塞")
    output = shown(sample_library, "sample-cardiology-01")
    assert "[identifier]" in output.splitlines()[0]
    assert "Understood as: ｲﾝﾌﾙｴﾝｻﾞ → インフルエンザ" in shown(sample_library, "ｲﾝﾌﾙｴﾝｻﾞ")
    assert shown(sample_library, "PMID: 99999999").strip() == "No such record here."
    data = json.loads(shown(sample_library, "しんきんこうそく", "--json"))
    assert data["offers"][0]["offered"] == "心筋梗塞"
    assert data["relevant"] is not None


def written(file: Path, format_name: str) -> list[str]:
    return [r.title for r, _ in read_records(file, format_name) if isinstance(r, Record)]


@pytest.mark.parametrize("name", WRITABLE)
def test_a_ranked_list_is_saved_down_to_where_relevance_ends(
    sample_library: Path, engine: Engine, tmp_path: Path, name: str
) -> None:
    file = tmp_path / "list"
    query = "糖尿病の食事療法"
    found = engine.search(query, per_page=100)
    titles = [hit.record.title for hit in found.hits]
    shown(sample_library, query, "--format", name, "--output", str(file))
    assert found.relevant
    assert written(file, name) == titles[: found.relevant]
    assert found.relevant < found.total


def test_a_limit_saves_more_or_less_of_a_list(
    sample_library: Path, engine: Engine, tmp_path: Path
) -> None:
    file = tmp_path / "list.ris"
    options = ("--format", "ris", "--output", str(file))
    for query in ("糖尿病の食事療法", "衆議院の解散総選挙"):
        shown(sample_library, query, *options, "--limit", "7")
        expected = [hit.record.title for hit in engine.search(query, per_page=7).hits]
        assert written(file, "ris") == expected
    result = CliRunner().invoke(
        search, ["衆議院の解散総選挙", "--library", str(sample_library), *options]
    )
    assert "0 of" in result.stderr
    assert "--limit N writes the nearest N" in result.stderr
    assert written(file, "ris") == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--sort", "year"), "--sort needs --exact"),
        (("--output", "x"), "need --format"),
        (("--limit", "5"), "need --format"),
        (("--limit", "5", "--format", "ris", "--exact"), "the whole set is written"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    result = CliRunner().invoke(search, ["x", "--library", str(tmp_path), *options])
    assert result.exit_code == 2
    assert message in result.output


def test_a_file_that_cannot_be_written_is_named(sample_library: Path, tmp_path: Path) -> None:
    target = tmp_path / "none" / "list.ris"
    for kind in ([], ["--exact"]):
        options = ["--format", "ris", "--output", str(target), *kind]
        result = CliRunner().invoke(search, ["患者", "--library", str(sample_library), *options])
        assert result.exit_code == 1
        assert f"{target}: No such file or directory" in result.output
