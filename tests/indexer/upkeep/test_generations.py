"""Generations: listed, gone back to, pruned; and one writer at a time."""

import json
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from indexer.stages.staging import locked
from search.library.generation import Generation
from search.library.legs import Retrieval
from search.library.library import Library
from search.library.manifest import verify
from tests.indexer.conftest import RECORDS, index, written
from tests.waiting import LONG
from web.cli.index import index as index_command
from web.cli.upkeep import duplicates, generations, remove


def run(command: click.Command, *arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def three_generations(small_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("three")
    library = Path(shutil.copytree(small_library, folder / "library"))
    for title in ("喘息の管理", "喘息の新しい管理"):
        index(written(folder / "c.jsonl", {"id": "c", "title": title}), library)
    return library


@pytest.fixture
def three(three_generations: Path, tmp_path: Path) -> Path:
    """A library of three generations, with 2, 3 and 3 records."""
    return Path(shutil.copytree(three_generations, tmp_path / "library"))


def test_listing(three: Path) -> None:
    listed = json.loads(run(generations, "--library", three, "--json").output)
    assert [(g["number"], g["records"], g["live"]) for g in listed] == [
        (1, 2, False),
        (2, 3, False),
        (3, 3, True),
    ]
    lines = run(generations, "--library", three).output.splitlines()
    assert [line[:3] for line in lines] == ["  1", "  2", "* 3"]
    (three / "generations" / "000001" / "MANIFEST.json").write_text("{")
    assert "cannot be read" in run(generations, "--library", three).output


def test_going_back_and_on(three: Path, source: Callable[..., Path]) -> None:
    library = Library(three)  # as a running server holds it
    assert library.generation().manifest.records == 3
    assert "000001 is live" in run(generations, "--library", three, "--rollback", "1").output
    assert library.generation().manifest.records == 2
    index(source({"id": "d", "title": "骨折の治療"}), three)
    assert library.generation().name == "000004"
    assert library.generation().record("c") is None
    assert verify(library.generation().path) == []


def test_going_back_only_to_what_is_whole(three: Path) -> None:
    done = run(generations, "--library", three, "--rollback", "9")
    assert "no generation 9; there are 1, 2, 3" in done.output
    (three / "generations" / "000002" / "terms.db").write_bytes(b"")
    done = run(generations, "--library", three, "--rollback", "2")
    assert "generation 2 is damaged (terms.db" in done.output
    assert Library(three).generation().name == "000003"


@pytest.mark.parametrize(
    ("live", "keep", "left"),
    [(3, 1, [3]), (3, 2, [2, 3]), (1, 1, [1, 3]), (3, 0, [3]), (3, 9, [1, 2, 3])],
)
def test_pruning_never_takes_the_live_one(
    three: Path, live: int, keep: int, left: list[int]
) -> None:
    run(generations, "--library", three, "--rollback", str(live))
    done = run(generations, "--library", three, "--prune", str(keep))
    assert done.exit_code == 0, done.output
    listed = json.loads(run(generations, "--library", three, "--json").output)
    assert [g["number"] for g in listed] == left
    assert verify(Library(three).generation().path) == []


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        (index_command, ["SOURCE"]),
        (remove, ["a"]),
        (duplicates, ["--merge", "a", "b"]),
        (duplicates, ["--distinct", "a", "b"]),
        (generations, ["--rollback", "1"]),
        (generations, ["--prune", "1"]),
    ],
)
def test_a_second_writer_is_told_at_once(
    built: Path, source: Callable[..., Path], command: click.Command, arguments: list[str]
) -> None:
    file = str(source(*RECORDS))
    named = [file if a == "SOURCE" else a for a in arguments]
    with locked(built):
        done = run(command, *named, "--library", built)
    assert done.exit_code == 1
    assert "another jmedsearch process is writing it" in done.output
    assert Library(built).generation().name == "000001"


def test_rollback_or_prune(built: Path) -> None:
    done = run(generations, "--library", built, "--rollback", "1", "--prune", "1")
    assert done.exit_code == 2


def test_while_a_generation_is_opened_the_one_before_answers(
    built: Path, source: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library(built)
    before = library.generation()
    index(source({"id": "c", "title": "喘息の管理"}), built)
    begun, finish = threading.Event(), threading.Event()

    def slowly(path: Path, retrieval: Retrieval) -> Generation:
        begun.set()
        assert finish.wait(LONG)
        return Generation(path, retrieval)

    monkeypatch.setattr("search.library.library.Generation", slowly)
    with ThreadPoolExecutor(1) as other:
        opened = other.submit(library.generation)
        assert begun.wait(LONG)
        assert library.generation() is before
        finish.set()
        assert opened.result().manifest.records == 3
    assert library.generation() is opened.result()
