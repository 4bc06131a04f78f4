"""PubMed: a list of numbers, then records by number; what is withdrawn; large jobs at night."""

import gzip
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from indexer.harvest import eutilities
from indexer.harvest.harvest_errors import HarvestError, LaterError, SourceError
from indexer.harvest.harvest_folder import HarvestFolder
from indexer.harvest.harvesting import ids_of, start, update
from indexer.harvest.source import Asked
from search.formats import Deletion, read_records
from tests.indexer.harvest import protocols
from tests.indexer.harvest.conftest import Opened
from tests.indexer.harvest.simulated import BOMB, KEY, Simulated, TurnedClock
from tests.indexer.harvest.works import Shelf

DAY = date(2026, 12, 1)


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eutilities, "_FETCHED_AT_ONCE", 20)
    monkeypatch.setattr(eutilities.PubMed, "page_size", 20)


def test_the_count_comes_with_how_pubmed_reads_the_query(opened: Opened) -> None:
    found = opened("pubmed").count("fictional")
    assert (found.records, found.understood) == (60, '"fictional"[All Fields]')


def test_records_come_by_number_and_are_kept_as_they_came(
    simulated: Simulated, opened: Opened, tmp_path: Path
) -> None:
    harvest = start(tmp_path / "harvests", opened("pubmed"), " fictional ")
    (run,) = harvest.runs
    folder = HarvestFolder(tmp_path / "harvests" / "pubmed")
    assert (run.records, run.total, run.pages, bool(run.finished)) == (60, 60, 3, True)
    assert ids_of(folder, run) == {f"pmid:{work.pmid}" for work in simulated.shelf.there()}
    assert [file.name for file in folder.files(run)] == [f"00000{n}.xml.gz" for n in (1, 2, 3)]


@pytest.fixture
def _short_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """ESearch lists 99 records of a search, instead of 9 999."""
    monkeypatch.setattr(eutilities, "_LISTED_AT_MOST", 99)
    monkeypatch.setattr(protocols, "LISTED_AT_MOST", 99)


@pytest.mark.usefixtures("_short_lists")
def test_long_lists_are_asked_for_by_dates(opened: Opened, simulated: Simulated) -> None:
    simulated.shelf = Shelf.of(350, per_day=10)
    plan = opened("pubmed").plan(Asked("fictional"))
    assert len(plan["fetch"]) == len(set(plan["fetch"])) == 350
    assert all("mindate" in asked for _, asked, _ in simulated.asked[1:])


@pytest.mark.usefixtures("_short_lists")
def test_a_day_with_more_than_that_is_told(opened: Opened, simulated: Simulated) -> None:
    simulated.shelf = Shelf.of(150, per_day=200)
    with pytest.raises(HarvestError, match="150 of 2020-01-01"):
        opened("pubmed").plan(Asked("fictional"))


def test_an_update_brings_what_is_new_changed_and_withdrawn(
    opened: Opened, simulated: Simulated, turned: TurnedClock, tmp_path: Path
) -> None:
    harvests, pubmed, shelf = tmp_path / "harvests", opened("pubmed"), simulated.shelf
    start(harvests, pubmed, "fictional", clock=turned.clock())
    turned.at = datetime(2026, 12, 5, tzinfo=UTC)
    shelf.add(61, DAY)
    shelf.change([5], DAY)
    shelf.withdraw([7])
    shelf.works[9].found = False
    harvest = update(harvests, pubmed, "pubmed", clock=turned.clock())
    run = harvest.runs[1]
    numbers = {n: f"{30_000_000 + n}" for n in (5, 7, 9, 61)}
    assert run.since == "2026-11-26"
    assert run.withdrawn == (f"pmid:{numbers[7]}",)
    assert run.left == (f"pmid:{numbers[9]}",)
    folder = HarvestFolder(harvests / "pubmed")
    assert ids_of(folder, run) == {f"pmid:{numbers[n]}" for n in (5, 9, 61)}
    deleted = [
        item.record_id
        for file in folder.files(run)
        for item, _ in read_records(file)
        if isinstance(item, Deletion)
    ]
    assert deleted == [f"pmid:{numbers[7]}"]
    # The next one has nothing to tell: neither is told again.
    turned.at = datetime(2026, 12, 20, tzinfo=UTC)
    run = update(harvests, pubmed, "pubmed", clock=turned.clock()).runs[2]
    assert (run.records, run.withdrawn, run.left) == (0, (), ())


def test_a_record_that_is_left_out_is_asked_for_again(
    opened: Opened, simulated: Simulated, turned: TurnedClock, tmp_path: Path
) -> None:
    pubmed = opened("pubmed")
    simulated.faults.extend(["", "missing"])
    (run,) = start(tmp_path, pubmed, "fictional", clock=turned.clock()).runs
    folder = HarvestFolder(tmp_path / "pubmed")
    assert (run.records, run.withdrawn) == (60, ())
    assert len(ids_of(folder, run)) == 60
    assert folder.files(run)[1].name == "000001_2.xml.gz"


def test_what_is_withdrawn_between_the_list_and_the_records(
    opened: Opened, simulated: Simulated, tmp_path: Path
) -> None:
    pubmed = opened("pubmed")
    plan = pubmed.plan(Asked("fictional"))
    simulated.shelf.withdraw([1, 2])
    page = pubmed.page(plan, None)
    assert page.records == 18
    assert page.withdrawn == ("pmid:30000001", "pmid:30000002")
    simulated.shelf.withdraw(range(1, 21))
    assert pubmed.page(plan, None).records == 0


def test_entities_are_not_resolved(
    opened: Opened, simulated: Simulated, turned: TurnedClock, tmp_path: Path
) -> None:
    assert b"<!ENTITY" in BOMB
    simulated.faults.extend(["", *["bomb"] * 6])
    with pytest.raises(SourceError, match="no PubmedArticleSet"):
        start(tmp_path, opened("pubmed"), "fictional", clock=turned.clock())


@pytest.fixture
def _small_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than two requests are a large job, instead of a hundred."""
    monkeypatch.setattr(eutilities.PubMed, "large", 2)


@pytest.mark.usefixtures("_small_jobs")
def test_large_jobs_wait_for_the_night(opened: Opened, turned: TurnedClock, tmp_path: Path) -> None:
    turned.at = datetime(2026, 12, 2, 15, tzinfo=UTC)
    pubmed = opened("pubmed")
    with pytest.raises(LaterError, match=r"3 more requests.*2026-12-03"):
        start(tmp_path, pubmed, "fictional", clock=turned.clock())
    turned.at = datetime(2026, 12, 3, 3, tzinfo=UTC)
    (run,) = start(tmp_path, pubmed, "fictional", clock=turned.clock()).runs
    assert run.records == 60


@pytest.mark.usefixtures("_small_jobs")
def test_a_large_job_that_was_agreed_on(
    opened: Opened, turned: TurnedClock, tmp_path: Path
) -> None:
    turned.at = datetime(2026, 12, 2, 15, tzinfo=UTC)
    (run,) = start(tmp_path, opened("pubmed"), "x", clock=turned.clock(), at_once=True).runs
    assert run.records == 60


def test_no_key_lies_in_the_files(opened: Opened, tmp_path: Path) -> None:
    for name in ("pubmed", "cinii"):
        start(tmp_path / "h", opened(name), "fictional")  # type: ignore[arg-type]
    for file in (tmp_path / "h").rglob("*.*"):
        if file.is_file():
            data = file.read_bytes()
            assert KEY.encode() not in (gzip.decompress(data) if file.suffix == ".gz" else data)
