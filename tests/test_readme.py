"""What a newcomer types from the README does what the README says, over the sample."""

import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from search.formats import read_records
from search.ranked.engine import Engine
from search.records import Record
from web.cli import main

ROOT = Path(__file__).parents[1]
READMES = (ROOT / "README.md", ROOT / "docs" / "ja" / "README.md")
# What each example over the sample is to show: the record wanted first, or a term among others.
WANTED = {
    "転んで手首を折ったお年寄り": "sample-orthopedics-01",
    "IL-6": "sample-rheumatology-02",
    "(心房細動/AL) and (カテーテルアブレーション/TH)": "sample-cardiology-01",
    "心房細動アブレーション後の再発": "sample-cardiology-01",
    "関節リウマチに[MASK]を投与": "トシリズマブ",
}


def commands(file: Path) -> list[list[str]]:
    """The lines of a document's blocks that call the command, as the shell takes them apart."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", file.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [shlex.split(line, comments=True) for line in lines if line.startswith("jmedsearch ")]


def over_the_sample(file: Path) -> list[list[str]]:
    return [words for words in commands(file) if words[-2:] == ["--library", ".demo/library"]]


EXAMPLES = over_the_sample(READMES[0])


def test_both_languages_show_the_same_and_each_has_an_expectation() -> None:
    assert over_the_sample(READMES[1]) == EXAMPLES
    assert {words[2] for words in EXAMPLES} == set(WANTED)


def test_the_sample_library_is_where_the_makefile_puts_it() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^DEMO +:= \.demo$", makefile, re.MULTILINE)
    assert "demo --library $(DEMO)/library" in makefile


@pytest.mark.parametrize("words", EXAMPLES, ids=lambda words: " ".join(words[1:3]))
def test_an_example_shows_what_it_promises(
    words: list[str], sample_library: Path, tmp_path: Path
) -> None:
    words = [*words[1:-1], str(sample_library)]
    output = tmp_path / "list.ris"
    if "--output" in words:
        words[words.index("--output") + 1] = str(output)
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    wanted = WANTED[words[1]]
    if "--output" in words:
        first = next(item for item, _ in read_records(output, "ris") if isinstance(item, Record))
        assert first.id == wanted
    elif words[0] == "suggest":
        assert re.search(rf"\d  {wanted}  \(\d+\)$", done.output, re.MULTILINE)
    else:
        entries = re.split(r"^ *(?=\d+\. )", done.output, flags=re.MULTILINE)
        assert entries[1].startswith("1. ")
        assert wanted in entries[1]


def test_the_sentence_on_top_of_the_readme_is_true(engine: Engine) -> None:
    text = READMES[0].read_text(encoding="utf-8").split("## Start")[0]
    found = engine.search("転んで手首を折ったお年寄り").hits[0].record
    assert "転んで手首を折ったお年寄り" in text
    assert "70歳以上の橈骨遠位端骨折" in text
    assert found.title.startswith("70歳以上の橈骨遠位端骨折")
    assert "手首" not in found.title + found.abstract
    il6 = engine.search("IL-6").hits[0].record
    assert "IL-6" in il6.title
    assert not il6.retraction


DOCUMENTS = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: file.name)
def test_commands_in_documents_exist_with_their_options(file: Path) -> None:
    for _, *words in commands(file):
        group: click.Command = main
        while isinstance(group, click.Group):
            name = words.pop(0)
            assert name in group.commands, f"{file.name}: {name}"
            group = group.commands[name]
        known = {option for parameter in group.params for option in parameter.opts} | {"--help"}
        options = {word.split("=")[0] for word in words if word.startswith("--")}
        assert options <= known, f"{file.name}: {' '.join(words)}"
