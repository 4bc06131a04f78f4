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
