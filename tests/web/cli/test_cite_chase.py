"""References and citing works of a collection, from both sources, into its flow diagram."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from search.records import Record, record_to_dict
from tests.indexer.harvest.simulated import Simulated
from tests.indexer.harvest.works import Shelf
from web.cli import main
from web.desk import shelf
from web.desk.additions import add_file
from web.desk.copies import sources
from web.desk.desk import open_desk
from web.desk.items import record_ids
from web.desk.screening.flow import flow
from web.desk.store import Store

Chase = Callable[..., Result]
# What was screened: known by its PMID, by its DOI, and one of whose citations nothing is asked.
OWN = (
    Record(
        "pmid:30000001", title="Imagined disease 1 and its fictional treatment", pmid="30000001"
    ),
    Record("x:2", title="Imagined disease 2 and its fictional treatment", doi="10.5555/sim.2"),
    # Cited by the first, and there already under an id of a database.
    Record("x:10", title="Imagined disease 10 and its fictional treatment", doi="10.5555/SIM.10"),
    Record("x:99", title="A book"),
)


@pytest.fixture
def simulated() -> Iterator[Simulated]:
    with Simulated(Shelf.of(60)).running() as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = open_desk(tmp_path / "collections.db").store
    number = shelf.create(store, "mori", "Imagined diseases")
    assert number == 1
    lines = "".join(json.dumps(record_to_dict(record)) + "\n" for record in OWN)
    stream = io.BytesIO(lines.encode())
    add_file(store, "mori", 1, stream, "own.jsonl", None)
    return store


@pytest.fixture
def chase(
    store: Store, simulated: Simulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Chase:
    works = simulated.shelf.works
    works[1].cites = (10, 11, 2)
    works[2].cites = (11, 14)
    works[12].cites = (1, 2)
    works[13].cites = (2,)
    monkeypatch.setenv("JMEDSEARCH_NETWORK", str(simulated.settings(tmp_path)))
    monkeypatch.setenv("JMEDSEARCH_HARVESTS", str(tmp_path / "harvests"))
    monkeypatch.setenv("JMEDSEARCH_COLLECTIONS", str(tmp_path / "collections.db"))

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["collection", "cite-chase", "1", *arguments])

    return run


def test_what_they_cite_and_what_cites_them_is_added_once(chase: Chase, store: Store) -> None:
    done = chase()
    assert done.exit_code == 0, done.output
    # They cite each other, and a book that Europe PMC has not; it finds what OpenAlex brought.
    assert done.stdout.splitlines() == [
        "OpenAlex, references: 2 added, 2 there already",
        "OpenAlex, citing works: 2 added, 1 there already",
        "Europe PMC, references: 0 added, 4 there already, 3 without a record",
        "Europe PMC, citing works: 0 added, 3 there already",
    ]
    assert len(record_ids(store, 1)) == 8
    assert {source.kind for source in sources(store, 1)} == {"database", "citation"}
    drawn = flow(store, 1)
    assert drawn.adds_up
    assert drawn.total == 4
    others = drawn.other_methods
    assert others is not None
    assert dict(others.identified) == {
        "OpenAlex, references": 4,
        "OpenAlex, citing works": 3,
        "Europe PMC, references": 4,
        "Europe PMC, citing works": 3,
    }
    assert (others.total, others.duplicates, others.waiting) == (14, 10, 4)


def test_again_counts_only_what_is_new(chase: Chase, store: Store, simulated: Simulated) -> None:
    chase("--source", "openalex", "--direction", "citing")
    before = flow(store, 1)
    again = chase("--source", "openalex", "--direction", "citing")
    assert again.stdout == "OpenAlex, citing works: 0 added, 0 there already\n"
    assert flow(store, 1) == before
    simulated.shelf.works[20].cites = (1,)
    again = chase("--source", "openalex", "--direction", "citing")
    assert again.stdout == "OpenAlex, citing works: 1 added, 0 there already\n"


def test_the_count_adds_nothing(chase: Chase, store: Store) -> None:
    done = chase("--count")
    assert done.stdout.splitlines() == [
        "OpenAlex, references: 4 works",
        "OpenAlex, citing works: 3 works",
        "Europe PMC, references: 4 works",
        "Europe PMC, citing works: 3 works",
    ]
    assert len(record_ids(store, 1)) == 4


def test_only_dois_and_pmids_are_sent(chase: Chase, simulated: Simulated) -> None:
    chase()
    sent = " ".join(f"{path} {asked}" for path, asked, _ in simulated.asked)
    assert "Imagined" not in sent
    assert "book" not in sent


def test_what_cannot_be_chased_is_told(
    chase: Chase, simulated: Simulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "none of the records has a DOI or PMID" in chase("--included").output
    assert "none of the records" in chase("--tag", "nothing").output
    settings = simulated.settings(tmp_path, without=("openalex", "europe-pmc"))
    monkeypatch.setenv("JMEDSEARCH_NETWORK", str(settings))
    done = chase()
    assert done.exit_code == 1
    assert "neither is among the sources" in done.output


def test_an_identifier_of_an_answer_cannot_lead_elsewhere(
    chase: Chase, simulated: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "tests.indexer.harvest.works.Work.pmid",
        property(lambda work: "../../evil" if work.number == 14 else str(30_000_000 + work.number)),
    )
    done = chase("--source", "europe-pmc")
    assert done.exit_code == 0, done.output
    assert not any("evil" in path or "evil" in str(asked) for path, asked, _ in simulated.asked)
