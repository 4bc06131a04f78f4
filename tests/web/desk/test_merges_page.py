"""What the library merged, on a page: seen, parted by librarians, merged again."""

from pathlib import Path

import pytest

from indexer.stages.staging import locked
from search.library.merged_records import merged_records, parted_records
from tests.waiting import LONG
from tests.web.desk.conftest import Growing
from web.desk import library_command

COPIES: tuple[dict[str, object], ...] = (
    {"id": "pmid:31000001", "title": "転倒の予防", "pmid": "31000001", "journal": "架空看護"},
    {
        "id": "ichushi:2020000001",
        "title": "転倒の予防",
        "pmid": "31000001",
        "journal": "架空看護誌",
    },
)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command takes as long as it takes, and another one's end is waited for."""
    monkeypatch.setattr(library_command, "PATIENCE", LONG)
    library_command.wait()


@pytest.fixture
def merged(growing: Growing) -> Growing:
    """A library in which two copies became one record."""
    growing.index(*COPIES)
    return growing


def titles(growing: Growing) -> list[str]:
    generation = growing.engine.generation()
    return [record.id for _, record in generation.all_records() if record.title == "転倒の予防"]


def test_each_copy_says_its_own(merged: Growing) -> None:
    total, (found,) = merged_records(merged.engine.generation(), 0, 10)
    assert total == 1
    assert found.record.id == "pmid:31000001"
    assert [copy.id for copy in found.copies] == [c["id"] for c in COPIES]
    assert [copy.record.journal for copy in found.copies] == ["架空看護", "架空看護誌"]
    page = merged.app.test_client().get("/library/merges?lang=en")
    assert page.status_code == 200
    assert "架空看護誌" in page.text
    record = merged.app.test_client().get("/records/pmid:31000001?lang=en").text
    assert "merged of several copies" in record
    assert "merged of several copies" not in merged.app.test_client().get("/records/a").text


@pytest.mark.servers
def test_a_merge_is_parted_and_made_again_on_the_page(merged: Growing) -> None:
    client = merged.app.test_client()
    pair = [str(c["id"]) for c in COPIES]
    parted = client.post("/library/merges", data={"do": "part", "id": pair})
    assert parted.status_code == 303, parted.text
    assert sorted(titles(merged)) == sorted(pair)
    assert merged_records(merged.engine.generation(), 0, 10)[0] == 0
    ((one, other),) = parted_records(merged.engine.generation())
    assert {one.id, other.id} == set(pair)
    # They stay two when they come again.
    merged.index(*COPIES)
    assert len(titles(merged)) == 2
    again = client.post("/library/merges", data={"do": "merge", "id": pair})
    assert again.status_code == 303
    assert len(titles(merged)) == 1
    refused = client.post("/library/merges?lang=en", data={"do": "part", "id": ["a", "b"]})
    assert refused.status_code == 409
    assert "a and b are not one record" in refused.text


@pytest.mark.servers
def test_a_library_that_is_written_is_left_alone(merged: Growing) -> None:
    with locked(merged.path):
        outcome = library_command.run(merged.path, "duplicates", "--part", "a", "b")
    assert outcome.state == "refused"
    assert "another jmedsearch process is writing it" in outcome.told


@pytest.mark.servers
def test_a_command_that_takes_long_goes_on(tmp_path: Path) -> None:
    first = library_command.run(tmp_path, "imports", patience=0.0)
    assert first.state == "running"
    second = library_command.run(tmp_path, "imports", patience=0.0)
    assert second.state in ("busy", "running")
    library_command.wait()
    assert library_command.run(tmp_path, "imports").state == "refused"


def test_what_is_asked_wrongly_is_refused(merged: Growing) -> None:
    client = merged.app.test_client()
    assert client.post("/library/merges", data={"do": "drop", "id": ["a", "b"]}).status_code == 400
    assert client.post("/library/merges", data={"do": "part", "id": ["a"]}).status_code == 400
