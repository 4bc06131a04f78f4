"""Reading a list page by page while the library changes."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from indexer.run.pipeline import build
from indexer.upkeep.curation import remove as remove_records
from search.encoder import Encoder
from search.library.library import Library
from search.ranked.engine import Engine
from search.suggest import Suggester
from web.app import create_app


def row(number: int, year: int) -> dict[str, object]:
    return {"id": f"r{number}", "title": f"喘息の研究 {number}", "date": str(year)}


@pytest.fixture
def library(tmp_path: Path, published_layout: Path) -> Path:
    add(tmp_path, *(row(n, 2000 + n) for n in range(6)), model=str(published_layout))
    return tmp_path / "library"


def add(folder: Path, *rows: dict[str, object], model: str | None = None) -> None:
    source = folder / "records.jsonl"
    text = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows)
    source.write_text(text, encoding="utf-8")
    build([source], folder / "library", model=model, device="cpu")


@pytest.fixture
def client(library: Path, tiny_encoder: Encoder) -> FlaskClient:
    engine = Engine(Library(library), tiny_encoder)
    return create_app(engine, Suggester(engine)).test_client()


def walk(
    client: FlaskClient, address: str, between: Callable[[], None] = lambda: None, **asked: Any
) -> list[str]:
    """The ids of all pages; ``between`` happens after the first."""
    found: list[str] = []
    cursor = ""
    while True:
        given = {"q": "喘息", "per_page": 2, **asked, **({"cursor": cursor} if cursor else {})}
        answer = client.get(address, query_string=given)
        assert answer.status_code == 200, answer.text
        page = answer.json
        assert page
        found += [hit["record"]["id"] for hit in page["hits"]]
        if not page["next_cursor"]:
            return found
        if not cursor:
            between()
        cursor = page["next_cursor"]


ALL = ["r5", "r4", "r3", "r2", "r1", "r0"]


@pytest.mark.parametrize("address", ["/api/v1/search", "/api/v1/exact"])
def test_pages_follow_each_other(client: FlaskClient, address: str) -> None:
    assert sorted(walk(client, address)) == sorted(ALL)
    first = client.get(address, query_string={"q": "喘息", "per_page": 6}).json
    assert first
    assert first["next_cursor"] is None


def test_a_complete_set_goes_on_behind_its_record(client: FlaskClient, library: Path) -> None:
    # One more in front of the page that was read, one behind it; one of that page goes.
    def between() -> None:
        add(library.parent, row(8, 2030), row(9, 1999))
        remove_records(library, ["r5"])

    assert walk(client, "/api/v1/exact", between) == [*ALL, "r9"]


def test_a_place_that_is_gone_is_said(client: FlaskClient, library: Path) -> None:
    asked = {"q": "喘息", "per_page": 2}
    cursors = {}
    for address, more in (("exact", {}), ("exact", {"sort": "relevance"}), ("search", {})):
        page = client.get(f"/api/v1/{address}", query_string={**asked, **more}).json
        assert page
        cursors[address, *more] = page["next_cursor"]
    remove_records(library, ["r4"])
    for (address, *more), cursor in cursors.items():
        given = {**asked, **({"sort": "relevance"} if more else {}), "cursor": cursor}
        gone = client.get(f"/api/v1/{address}", query_string=given)
        assert gone.status_code == 410
        assert gone.json
        assert gone.json["type"] == "/about#cursor-expired"


def test_a_cursor_belongs_to_its_search(client: FlaskClient) -> None:
    asked = {"q": "喘息", "per_page": 2}
    page = client.get("/api/v1/exact", query_string=asked).json
    assert page
    cursor = page["next_cursor"]
    parts = json.loads(base64.urlsafe_b64decode(cursor + "=="))

    def forged(**changes: object) -> dict[str, Any]:
        text = json.dumps({**parts, **changes}).encode()
        return {"cursor": base64.urlsafe_b64encode(text).decode()}

    wrong: list[dict[str, Any]] = [
        forged(position=0),
        forged(position=-1),
        forged(position=2**40),
        forged(position=1e9),
        forged(position="2"),
        forged(last="\ud800"),
        forged(last=None),
        {"cursor": base64.urlsafe_b64encode(b"[" * 1_400).decode()},
        {"q": "研究"},
        {"per_page": 3},
        {"sort": "title"},
        {"page": 2},
        {"cursor": "x"},
        {"cursor": "あ"},
        {"cursor": base64.urlsafe_b64encode(b"[]").decode()},
        {"cursor": cursor[:-4]},
    ]
    for change in wrong:
        given = {**asked, "cursor": cursor, **change}
        answer = client.get("/api/v1/exact", query_string=given)
        assert answer.status_code == 400, change
        assert answer.json
        assert answer.json["errors"][0]["field"] == "cursor"


def test_several_searches_are_answered_at_once(client: FlaskClient) -> None:
    searches = [{"q": "喘息", "per_page": 1}, {"q": "研究 3", "year_from": 2003}]
    answer = client.post("/api/v1/search/batch", json={"searches": searches})
    assert answer.status_code == 200
    assert answer.json
    first, second = answer.json["answers"]
    assert (first["query"], len(first["hits"])) == ("喘息", 1)
    assert second["hits"][0]["record"]["id"] == "r3"
    alone = client.get("/api/v1/search", query_string=searches[1]).json
    assert alone == second
    for bad in ({"searches": []}, {"searches": [{}]}, {"searches": [{"q": "a"}] * 51}, {}, []):
        refused = client.post("/api/v1/search/batch", json=bad)
        assert refused.status_code == 400
        assert refused.content_type == "application/problem+json"
    empty = client.post("/api/v1/search/batch", json={"searches": [{"q": " "}]})
    assert empty.status_code == 400


def test_a_whole_set_is_saved_a_line_a_record(client: FlaskClient) -> None:
    asked = {"q": "喘息", "format": "jsonl"}
    response = client.get("/api/v1/exact/export", query_string=asked, buffered=True)
    assert response.content_length == len(response.data)
    assert response.mimetype == "application/x-ndjson"
    assert response.headers["Content-Disposition"].endswith("jmedsearch-exact.jsonl")
    assert [json.loads(line)["id"] for line in response.text.splitlines()] == ALL
    assert client.get("/api/v1/exact/export?q=(&format=jsonl").status_code == 400
