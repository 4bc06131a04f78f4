"""`jmedsearch search` as a user types it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from search.cli import search

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
