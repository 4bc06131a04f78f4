"""Harvesting from the command line: counted, harvested, indexed, brought up to date."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from search.library.library import Library
from tests.indexer.harvest.simulated import KEY, Simulated
from tests.indexer.harvest.works import Shelf
from web.cli import main

Run = Callable[..., Result]


@pytest.fixture
def simulated() -> Iterator[Simulated]:
    with Simulated(Shelf.of(12)).running() as running:
        yield running


@pytest.fixture
def run(simulated: Simulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs ``jmedsearch harvest …`` at the simulated sources."""
    monkeypatch.setenv("JMEDSEARCH_NETWORK", str(simulated.settings(tmp_path)))
    monkeypatch.setenv("JMEDSEARCH_HARVESTS", str(tmp_path / "harvests"))

    def command(*arguments: str, fails: bool = False) -> Result:
        done = CliRunner().invoke(main, ["harvest", *arguments])
        assert (done.exit_code != 0) is fails, done.output
        assert KEY not in done.output
        return done

    return command


def test_off_unless_the_institution_switches_it_on(
    run: Run, simulated: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JMEDSEARCH_NETWORK")
    assert "jmedsearch asks nobody" in run("pubmed", "fictional", fails=True).output
    assert "asks nobody" in run("update", fails=True).output
    assert "Nobody is asked" in run("sources").output
    assert simulated.asked == []


def test_the_count_comes_first_and_writes_nothing(run: Run, tmp_path: Path) -> None:
    told = run("pubmed", "fictional", "--count").output
    assert "12 records at PubMed" in told
    assert 'understood: "fictional"[All Fields]' in told
    assert not (tmp_path / "harvests").exists()


def test_sources_tell_what_is_sent_and_not_the_key(run: Run, simulated: Simulated) -> None:
    told = run("sources").output
    assert "Contact: library@hospital.example" in told
    assert f"where: {simulated.address}/entrez" in told
    assert "key: there is one" in told


def test_harvested_indexed_and_brought_up_to_date(
    run: Run, simulated: Simulated, tmp_path: Path, published_layout: Path
) -> None:
    library = str(tmp_path / "library")
    assert "12 records" in run("pubmed", "fictional", "--name", "heart").output
    run("europe-pmc", "fictional")
    told = run("index", "heart", "--library", library, "--model", str(published_layout)).output
    assert "heart, run 1: 12 read: 12 new" in told
    today = datetime.now(UTC).date()
    simulated.shelf.add(13, today)
    simulated.shelf.change([5], today)
    simulated.shelf.withdraw([7])
    told = run("update", "heart").output
    assert "heart, run 2: 2 records" in told
    assert "1 withdrawn by the source" in told
    told = run("index", "heart", "--library", library).output
    assert "1 new, 1 replaced, 0 unchanged, 0 duplicate, 1 deleted" in told
    assert (
        "nothing that the library has not yet" in run("index", "heart", "--library", library).output
    )
    generation = Library(Path(library)).generation()
    assert generation.record("pmid:30000007") is None
    changed = generation.record("pmid:30000005")
    assert changed is not None
    assert "revised 1 times" in changed[1].title


def test_a_list_for_people_and_for_programs(run: Run) -> None:
    run("jstage", "架空")
    assert "jstage  J-STAGE  complete" in run("list").output
    (made,) = json.loads(run("list", "--json").output)
    assert (made["query"], made["runs"][0]["records"]) == ("架空", 12)
    assert "position" not in made["runs"][0]
    assert "J-STAGE: 架空" in run("show", "jstage").output
    run("remove", "jstage", "--yes")
    assert json.loads(run("list", "--json").output) == []
    assert "there is no harvest 'jstage'" in run("show", "jstage", fails=True).output


def test_one_source_that_fails_does_not_keep_the_others(run: Run, simulated: Simulated) -> None:
    run("crossref", "fictional")
    run("jstage", "fictional")
    simulated.faults.append("403")
    told = run("update", fails=True).output
    assert "crossref: crossref answers 403" in told
    assert "jstage, run 2: 0 records" in told
    assert "not up to date: crossref" in told
    # The run that was not finished goes on.
    assert "crossref, run 2: 0 records" in run("update", "crossref").output


def test_what_a_library_lacks_is_completed(
    run: Run, simulated: Simulated, tmp_path: Path, published_layout: Path
) -> None:
    numbers, library = tmp_path / "numbers.txt", str(tmp_path / "library")
    numbers.write_text("30000001\n10.5555/sim.2\n")
    model = str(published_layout)
    commands = (
        ["index", str(numbers), "--library", library, "--model", model],
        ["complete", "--library", library, "--count"],
        ["complete", "--library", library],
        ["harvest", "index", "completion", "--library", library],
    )
    outputs = [CliRunner().invoke(main, command).output for command in commands]
    assert "2 records lack" in outputs[1]
    assert "completion, run 1: 2 records" in outputs[2]
    found = Library(Path(library)).generation().record("pmid:30000001")
    assert found is not None
    assert found[1].title.startswith("Imagined disease 1 ")
    # An update of harvests leaves it alone.
    simulated.asked.clear()
    run("update")
    assert simulated.asked == []
