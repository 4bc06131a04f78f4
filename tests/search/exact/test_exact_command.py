"""`jmedsearch search --exact` as a librarian types it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from search.exact import ExactSearch
from search.formats import read_records
from search.records import Record
from web.cli.search import search


def run(exact: ExactSearch, *arguments: str) -> Result:
    return CliRunner().invoke(search, [*arguments, "--library", str(exact.library.path), "--exact"])


def test_a_page_says_the_count_and_what_was_understood(exact: ExactSearch) -> None:
    typed = ("ぜんそく/TH or がん", "--per-page", "2", "--sort", "year-ascending")
    result = run(exact, *typed, "--no-mapping")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0] == "5 records: ぜんそく[mh] OR がん[all]"
    assert "  searched as: ぜんそく → 喘息" in lines
    assert any(line.startswith("  heading: ぜんそく[mh]: also asthma") for line in lines)
    mapped = run(exact, *typed).output.splitlines()
    assert int(mapped[0].split()[0]) >= 5
    assert any(line.startswith("  mapped: がん → 悪性腫瘍[mh] OR がん[all] OR") for line in mapped)
    assert [line[:5] for line in lines if line[:5].strip(" .").isdigit()] == ["  1. ", "  2. "]


def test_json(exact: ExactSearch) -> None:
    data = json.loads(run(exact, "肺炎", "--json").output)
    assert data["count"] == len(exact.numbers("肺炎"))
    assert data["hits"][0]["record"]["title"]


@pytest.mark.parametrize("name", ["ris", "nbib", "bibtex", "csv", "jsonl"])
def test_the_whole_set_is_written_in_order(exact: ExactSearch, tmp_path: Path, name: str) -> None:
    file = tmp_path / "set"
    result = run(exact, "NOT 肺炎", "--format", name, "--output", str(file), "--sort", "title")
    assert result.exit_code == 0, result.output
    expected = [record.title for record in exact.records("NOT 肺炎", sort="title")]
    written = [item for item, _ in read_records(file, name) if isinstance(item, Record)]
    assert [record.title for record in written] == expected
    assert f"{len(expected)} records written" in result.stderr
    assert len(expected) > 20


def test_standard_output_takes_the_set(exact: ExactSearch) -> None:
    result = run(exact, "肺炎/TI", "--format", "jsonl")
    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == ["ja-1", "ja-0"]


def test_a_fault_has_a_caret_under_it_and_a_mend(exact: ExactSearch) -> None:
    result = run(exact, "肺炎[tiba] AND 治療")
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "Error: no such field code",
        "  肺炎[tiba] AND 治療",
        "      ^^^^^^",
        "perhaps: 肺炎[tiab] AND 治療",
    ]
    shown = run(exact, "肺 " * 40 + "AND\nOR 治療", "--format", "ris").output.splitlines()
    assert shown[1].endswith("AND OR 治療")
    assert shown[2].endswith(" ^^")


def test_sets_have_options_that_ranked_lists_have_not(exact: ExactSearch) -> None:
    library = str(exact.library.path)
    result = CliRunner().invoke(search, ["肺炎", "--library", library, "--sort", "year"])
    assert result.exit_code == 2
    assert "--exact" in result.output
