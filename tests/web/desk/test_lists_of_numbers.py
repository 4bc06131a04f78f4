"""A list of PMIDs as a file, in a library and in a collection."""

import io

from indexer.run.pipeline import build
from tests.web.desk.conftest import Growing
from web.desk import items, shelf
from web.desk.additions import add_file
from web.desk.members import live_generation


def index_list(growing: Growing, *numbers: str) -> None:
    file = growing.path.parent / "list.txt"
    file.write_text("\n".join(numbers))
    report = build([file], growing.path, model=str(growing.model), device="cpu")
    assert report.to_complete == len(numbers)


def test_a_library_keeps_what_it_has_not_as_to_complete(growing: Growing) -> None:
    index_list(growing, "31000001", "10.5555/x.1")
    client = growing.app.test_client()
    page = client.get("/records/pmid:31000001?lang=en")
    assert page.status_code == 200
    assert "To complete" in page.text
    assert "PMID 31000001" in page.text
    found = client.get("/api/v1/exact", query_string={"q": "31000001[pmid]"}).get_json()
    assert [hit["record"]["to_complete"] for hit in found["hits"]] == [True]
    assert client.get("/", query_string={"q": "31000001"}).status_code == 200
    assert client.get("/", query_string={"q": "肺炎"}).status_code == 200
    # An export that has the record itself completes it.
    growing.index({"id": "pmid:31000001", "title": "転倒の予防", "pmid": "31000001"})
    record = client.get("/api/v1/records/pmid:31000001").get_json()
    assert (record["title"], record["to_complete"]) == ("転倒の予防", False)


def test_a_collection_takes_the_library_s_record_or_keeps_the_number(growing: Growing) -> None:
    growing.index({"id": "x", "title": "転倒の予防", "pmid": "31000001"})
    store = growing.desk.store
    shelf.create(store, "local", "転倒")
    generation = live_generation(growing.engine.library)
    content = io.BytesIO("PMID: 31000001\n３１０００００２\nhttps://doi.org/10.5555/x.2\n".encode())
    intake = add_file(store, "local", 1, content, "list.txt", generation)
    assert (intake.added, intake.to_complete) == (3, 2)
    _, kept = items.items(store, 1)
    assert [(i.record.id, i.source) for i in kept] == [
        ("x", "library"),
        ("pmid:31000002", "list.txt"),
        ("doi:10.5555/x.2", "list.txt"),
    ]
    client = growing.app.test_client()
    for address in ("/collections/1", "/collections/1/print", "/collections/1/screening"):
        assert client.get(address).status_code == 200


def test_a_number_of_several_records_adds_none(growing: Growing) -> None:
    doi = "10.5555/s.7"
    growing.index(
        {"id": "x", "title": "転倒の予防", "doi": doi, "authors": ["伊藤"]},
        {"id": "y", "title": "病棟の猫", "doi": doi, "authors": ["阿部"]},
    )
    store = growing.desk.store
    shelf.create(store, "local", "転倒")
    generation = live_generation(growing.engine.library)
    intake = add_file(store, "local", 1, io.BytesIO(doi.encode()), "list.txt", generation)
    assert (intake.added, intake.ambiguous) == (0, (doi,))
