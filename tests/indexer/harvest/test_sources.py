"""Each source: harvested whole, ended and carried on, brought up to date, compared as a whole."""

import multiprocessing
import os
import signal
import threading
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from indexer.harvest import (
    cinii_opensearch,
    clinical_trials_api,
    crossref_rest,
    europe_pmc_rest,
    eutilities,
    jstage_webapi,
    openalex_api,
)
from indexer.harvest.harvest_errors import HarvestError, SourceError
from indexer.harvest.harvest_folder import (
    HarvestFolder,
    Run,
    list_harvests,
    remove_harvest,
)
from indexer.harvest.harvesting import ids_of, start, update
from indexer.harvest.known_sources import KNOWN, open_source
from indexer.harvest.network import SOURCE_NAMES, SourceName, read_network
from search.formats import read_records
from search.records import Record
from tests.indexer.harvest.conftest import NOW, Opened
from tests.indexer.harvest.simulated import Simulated, TurnedClock
from tests.waiting import LONG

DAY = date(2026, 12, 1)
CLASSES = (
    eutilities.PubMed,
    europe_pmc_rest.EuropePMC,
    crossref_rest.Crossref,
    openalex_api.OpenAlex,
    clinical_trials_api.ClinicalTrials,
    cinii_opensearch.CiNii,
    jstage_webapi.JStage,
)
# Those that cannot tell what has changed: they are asked for the last years.
BY_YEAR = ("cinii", "jstage")
each_source = pytest.mark.parametrize("name", SOURCE_NAMES)


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eutilities, "_FETCHED_AT_ONCE", 20)
    for source in CLASSES:
        monkeypatch.setattr(source, "page_size", 20)


def records_of(folder: HarvestFolder, run: Run) -> list[Record]:
    return [
        item
        for file in folder.files(run)
        for item, _ in read_records(file)
        if isinstance(item, Record)
    ]


@each_source
def test_a_whole_harvest(name: SourceName, opened: Opened, tmp_path: Path) -> None:
    source = opened(name)
    (run,) = start(tmp_path, source, "fictional").runs
    folder = HarvestFolder(tmp_path / name)
    records = records_of(folder, run)
    assert len(records) == len({r.id for r in records}) == run.records == run.total == 60
    assert all(record.title for record in records)
    assert folder.read().open_run is None


@each_source
def test_a_query_that_finds_nothing(
    name: SourceName, simulated: Simulated, opened: Opened, tmp_path: Path
) -> None:
    simulated.shelf.works.clear()
    source = opened(name)
    assert source.count("fictional").records == 0
    (run,) = start(tmp_path, source, "fictional").runs
    assert (run.records, HarvestFolder(tmp_path / name).files(run)) == (0, [])


def _harvest(settings: Path, harvests: Path, name: SourceName) -> None:
    clock = TurnedClock(NOW).clock()
    source = open_source(name, read_network(settings), clock)
    with closing(source):
        start(harvests, source, "fictional", clock=clock)


@each_source
def test_killed_twice_and_carried_on(
    name: SourceName, simulated: Simulated, tmp_path: Path
) -> None:
    settings = simulated.settings(tmp_path)
    simulated.allowed = threading.Semaphore(0)
    processes = multiprocessing.get_context("fork")
    for answers in (2 if name == "pubmed" else 1, 1):
        child = processes.Process(target=_harvest, args=(settings, tmp_path / "killed", name))
        child.start()
        simulated.allowed.release(answers)
        for _ in range(answers):
            assert simulated.answered.acquire(timeout=LONG)
        _wait_for_question(simulated)
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        simulated.allowed.release()  # the question of the dead
        assert simulated.answered.acquire(timeout=LONG)
    assert HarvestFolder(tmp_path / "killed" / name).read().open_run is not None
    simulated.allowed = None
    _harvest(settings, tmp_path / "killed", name)
    _harvest(settings, tmp_path / "peace", name)
    killed, peace = (HarvestFolder(tmp_path / kind / name) for kind in ("killed", "peace"))
    assert records_of(killed, killed.read().runs[0]) == records_of(peace, peace.read().runs[0])
    assert len(records_of(peace, peace.read().runs[0])) == 60


def _wait_for_question(simulated: Simulated) -> None:
    """Until the child asks on, and so has written what it got."""
    assert simulated.waiting.acquire(timeout=LONG)


@each_source
def test_an_update(
    name: SourceName, simulated: Simulated, opened: Opened, turned: TurnedClock, tmp_path: Path
) -> None:
    source, shelf = opened(name), simulated.shelf
    shelf.add(60, date(2026, 6, 1))
    start(tmp_path, source, "fictional", clock=turned.clock())
    folder = HarvestFolder(tmp_path / name)
    before = ids_of(folder, folder.read().runs[0])
    turned.at = datetime(2026, 12, 8, tzinfo=UTC)
    shelf.add(61, DAY)
    shelf.change([5], DAY)
    run = update(tmp_path, source, name, clock=turned.clock()).runs[1]
    got = records_of(folder, run)
    new = [record for record in got if record.id not in before]
    assert len(new) == 1
    assert "61" in new[0].title
    # The years tell what is new, not what has changed.
    assert run.records == len(got) == 2
    if name not in BY_YEAR:
        assert any("revised 1 times" in record.title for record in got)


@each_source
def test_a_whole_update_tells_what_is_gone(
    name: SourceName, simulated: Simulated, opened: Opened, turned: TurnedClock, tmp_path: Path
) -> None:
    source = opened(name)
    start(tmp_path, source, "fictional", clock=turned.clock())
    simulated.shelf.withdraw([3])
    run = update(tmp_path, source, name, whole=True, clock=turned.clock()).runs[1]
    assert run.records == 59
    assert len(run.left) + len(run.withdrawn) == 1


def test_a_forgotten_cursor_begins_the_run_anew(
    simulated: Simulated, opened: Opened, turned: TurnedClock, tmp_path: Path
) -> None:
    crossref = opened("crossref")
    simulated.faults.extend(["", "", *["500"] * 6])
    with pytest.raises(SourceError, match="500"):
        start(tmp_path, crossref, "fictional", clock=turned.clock())
    simulated.forgotten = {"DnF140"}
    simulated.shelf.withdraw([1, 2, 3, 4, 5, *range(30, 60)])
    (run,) = start(tmp_path, crossref, "fictional", clock=turned.clock()).runs
    folder = HarvestFolder(tmp_path / "crossref")
    assert len(records_of(folder, run)) == run.records == 25
    assert run.pages == 3


def test_a_cursor_that_is_always_forgotten_ends(
    simulated: Simulated, opened: Opened, tmp_path: Path
) -> None:
    simulated.forgotten = {"DnF120"}
    with pytest.raises(SourceError, match="does not know any more"):
        start(tmp_path, opened("crossref"), "fictional")


def test_the_flag_of_cinii_goes_along(opened: Opened, tmp_path: Path) -> None:
    (run,) = start(tmp_path, opened("cinii"), "fictional").runs
    records = records_of(HarvestFolder(tmp_path / "cinii"), run)
    assert sum(record.abstract_license == "disallow" for record in records) == 6


@pytest.mark.parametrize("name", ["crossref", "openalex", "clinical-trials", "cinii", "jstage"])
def test_a_query_in_parameters_of_the_source(
    name: SourceName, simulated: Simulated, opened: Opened
) -> None:
    source = opened(name)
    source.count(KNOWN[name].query.split(": ")[1])
    _, asked, _ = simulated.asked[0]
    parameter = KNOWN[name].query.split(": ")[1].split("=")[0]
    assert asked[parameter]
    with pytest.raises(HarvestError, match="callback is no parameter"):
        source.count(f"{parameter}=x&callback=y")


def test_the_same_query_again_is_the_same_harvest(opened: Opened, tmp_path: Path) -> None:
    source = opened("europe-pmc")
    start(tmp_path, source, "fictional")
    with pytest.raises(HarvestError, match="jmedsearch harvest update europe-pmc"):
        start(tmp_path, source, "fictional")
    with pytest.raises(HarvestError, match="europe-pmc is another harvest"):
        start(tmp_path, source, "other", "europe-pmc")
    assert start(tmp_path, source, "other").name == "europe-pmc-2"
    assert [h.query for h in list_harvests(tmp_path)] == ["fictional", "other"]
    remove_harvest(tmp_path, "europe-pmc")
    assert [h.name for h in list_harvests(tmp_path)] == ["europe-pmc-2"]


def test_a_query_that_is_not_taken_makes_no_harvest(
    simulated: Simulated, opened: Opened, tmp_path: Path
) -> None:
    with pytest.raises(HarvestError, match="issn is no parameter"):
        start(tmp_path, opened("crossref"), "filter=type:book&issn=1")
    simulated.faults.append("403")
    with pytest.raises(SourceError):
        start(tmp_path, opened("pubmed"), "fictional")
    assert list_harvests(tmp_path) == []
    assert start(tmp_path, opened("pubmed"), "fictional").name == "pubmed"


def test_where_changes_are_not_told_the_whole_is_asked_for(
    simulated: Simulated, opened: Opened, turned: TurnedClock, tmp_path: Path
) -> None:
    openalex = opened("openalex")
    start(tmp_path, openalex, "fictional", clock=turned.clock())
    simulated.faults.append("403")
    with pytest.raises(SourceError, match="403"):
        update(tmp_path, openalex, "openalex", clock=turned.clock())
    made = update(tmp_path, openalex, "openalex", whole=True, clock=turned.clock())
    assert [(run.since, run.records) for run in made.runs] == [("", 60), ("", 60)]


@pytest.mark.parametrize("name", ["../outside", "a/b", "", ".hidden", "x" * 65])
def test_a_name_is_no_path(name: str, opened: Opened, tmp_path: Path) -> None:
    with pytest.raises(HarvestError, match=r"no name of a harvest|no harvest"):
        remove_harvest(tmp_path, name)
