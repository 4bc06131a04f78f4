"""What a library lacks, asked for by numbers: nothing that it says is replaced."""

import json
from pathlib import Path

import pytest

from indexer.harvest.completing import Completion
from indexer.harvest.harvest_errors import NetworkError
from indexer.harvest.harvest_folder import HarvestFolder
from indexer.harvest.harvest_indexing import index_run
from indexer.harvest.harvesting import harvest_again
from indexer.harvest.network import read_network
from indexer.run.pipeline import build
from search.library.library import Library
from search.records import Record
from tests.indexer.conftest import written
from tests.indexer.harvest.simulated import Simulated, TurnedClock

OWN: list[dict[str, object]] = [
    # A list of numbers was imported.
    {"id": "pmid:30000001", "pmid": "30000001", "to_complete": True},
    {"id": "doi:10.5555/sim.2", "doi": "10.5555/sim.2", "to_complete": True},
    # Abstracts are missing; a librarian wrote title and journal.
    {
        "id": "a",
        "title": "Imagined Disease 3 and its Fictional Treatment",
        "pmid": "30000003",
        "journal": "J. Nothing (Tokyo)",
    },
    {"id": "b", "title": "想像上の疾患4", "doi": "10.5555/sim.4", "language": "ja"},
    # The number of another work.
    {"id": "c", "title": "Quite another story about hens", "pmid": "30000005", "date": "1950"},
    # Nothing is missing, or there is nothing to ask by.
    {"id": "d", "title": "Whole", "abstract": "It is here.", "pmid": "30000006"},
    {"id": "e", "title": "Editorial"},
]


@pytest.fixture
def library(tmp_path: Path, published_layout: Path) -> Path:
    file = written(tmp_path / "own.jsonl", *OWN)
    build([file], tmp_path / "library", model=str(published_layout), device="cpu")
    return tmp_path / "library"


def completed(
    library: Path, simulated: Simulated, turned: TurnedClock, **options: object
) -> tuple[int, dict[str, Record]]:
    """How many records came, and all of the library once they are indexed."""
    folder = library.parent
    network = read_network(simulated.settings(folder, **options))  # type: ignore[arg-type]
    source = Completion(library, network, turned.clock())
    made = harvest_again(
        folder / "h", source, str(library), "completion", clock=turned.clock(), at_once=True
    )
    source.close()
    run = made.runs[-1]
    kept = HarvestFolder(folder / "h" / "completion")
    if kept.files(run):
        index_run(kept, made, run, library, device="cpu")
    generation = Library(library).generation()
    ids = [str(r["id"]) for r in OWN]
    return run.records, {i: found[1] for i in ids if (found := generation.record(i))}


def test_numbers_and_abstracts_are_completed(
    library: Path, simulated: Simulated, turned: TurnedClock
) -> None:
    count, records = completed(library, simulated, turned)
    assert count == 4
    by_number = records["pmid:30000001"]
    assert (by_number.id, by_number.to_complete) == ("pmid:30000001", False)
    assert by_number.title.startswith("Imagined disease 1 ")
    assert records["doi:10.5555/sim.2"].abstract == "Nobody was treated for imagined disease 2."
    # What was there is there: the title and journal that a librarian wrote.
    own = records["a"]
    assert own.abstract == "Nobody was treated for imagined disease 3."
    assert (own.title, own.journal) == (OWN[2]["title"], OWN[2]["journal"])
    assert own.doi == "10.5555/sim.3"
    # The abstract stands in its own language.
    japanese = records["b"]
    assert (japanese.title, japanese.abstract) == ("想像上の疾患4", "")
    assert japanese.version("en").abstract == "Nobody was treated for imagined disease 4."
    # The number of another work tells nothing.
    assert records["c"].abstract == ""
    assert records["d"].abstract == "It is here."
    # Each is asked for once; --again asks for what did not come.
    simulated.asked.clear()
    assert completed(library, simulated, turned)[0] == 0
    assert simulated.asked == []


def test_crossref_is_asked_for_what_europe_pmc_has_not(
    library: Path, simulated: Simulated, turned: TurnedClock
) -> None:
    count, records = completed(library, simulated, turned, without=("europe-pmc", "pubmed"))
    assert count == 2
    assert records["doi:10.5555/sim.2"].title.startswith("Imagined disease 2 ")
    assert {path for path, _, _ in simulated.asked} == {"/crossref/works"}


def test_europe_pmc_stands_in_for_pubmed(
    library: Path, simulated: Simulated, turned: TurnedClock
) -> None:
    count, _ = completed(library, simulated, turned, without=("pubmed", "crossref"))
    assert count == 4
    assert {path for path, _, _ in simulated.asked} == {"/europepmc/search"}


def test_none_of_the_three_may_be_asked(
    library: Path, simulated: Simulated, tmp_path: Path
) -> None:
    settings = simulated.settings(tmp_path, without=("pubmed", "europe-pmc", "crossref"))
    with pytest.raises(NetworkError, match="completed from PubMed, Europe PMC and Crossref"):
        Completion(library, read_network(settings))


def test_only_numbers_are_sent(library: Path, simulated: Simulated, turned: TurnedClock) -> None:
    completed(library, simulated, turned)
    assert "hens" not in json.dumps([asked for _, asked, _ in simulated.asked])
