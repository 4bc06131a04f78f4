"""The JSON API: typed answers, and a clear problem document for every error."""

import json
import re
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import validate

from search.encoder import Encoder
from search.library.library import Library
from search.ranked.engine import Engine, RankedList
from search.records import Record
from search.suggest import Suggester
from tests.web.page import Page
from web.api.models import RecordBody
from web.app import create_app


def get(client: FlaskClient, address: str) -> Any:
    response = client.get(address)
    assert response.status_code == 200, response.get_data(as_text=True)
    assert response.mimetype == "application/json"
    return response.json


def problem(client: FlaskClient, address: str, status: int) -> Any:
    response = client.get(address)
    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    document = response.json
    assert document
    assert {"type", "title", "status", "detail"} <= set(document)
    assert document["status"] == status
    return document


def test_search_answers_with_a_page_of_the_ranked_list(client: FlaskClient) -> None:
    found = get(client, "/api/v1/search?q=心房細動の再発&per_page=3&page=2")
    assert [h["rank"] for h in found["hits"]] == [4, 5, 6]
    assert found["total"] == 148
    assert found["cut_off"] is False
    assert "心房" in found["understood"]["terms"]
    assert found["generation"] == "000001"


def test_a_hit_explains_itself(client: FlaskClient) -> None:
    hit = get(client, "/api/v1/search?q=心房細動の再発")["hits"][0]
    record, sentence = hit["record"], hit["sentence"]
    assert hit["dense"]["rank"] >= 1
    assert hit["lexical"]["score"] > 0
    start, end = hit["title_marks"][0]
    assert record["title"][start:end] in "心房細動の再発"
    assert sentence["text"] in record[sentence["field"]]
    assert record["link"].startswith("https://")


def test_filters_hold(client: FlaskClient) -> None:
    found = get(client, "/api/v1/search?q=患者&year_from=2019&year_to=2020&per_page=100")
    assert found["filters"]["year_from"] == 2019
    assert {h["record"]["year"] for h in found["hits"]} == {2019, 2020}


def test_records_in_doubt_are_left_out_or_alone(client: FlaskClient) -> None:
    def found(retraction: str) -> tuple[int, set[str]]:
        answer = get(client, f"/api/v1/search?q=患者&retraction={retraction}&per_page=100")
        assert answer["filters"]["retraction"] == retraction
        return answer["total"], {h["record"]["retraction"] for h in answer["hits"]}

    total, states = found("only")
    assert states == {"retracted", "expression of concern"}
    without, others = found("exclude")
    assert not others & states
    assert found("")[0] == total + without


def test_a_record_comes_whole(client: FlaskClient) -> None:
    record = get(client, "/api/v1/records/sample-cardiology-01")
    assert record["authors"][0] == {"family": "有馬", "given": "沙織"}
    assert record["year"] == 2021
    assert "心房細動" in record["keywords"]


def test_no_field_of_a_record_is_forgotten() -> None:
    assert set(Record.__dataclass_fields__) | {"year", "link"} == set(RecordBody.model_fields)


@pytest.mark.parametrize("safe", ["", "/", "/:"])
def test_ids_with_slashes_are_found_however_they_are_encoded(
    hostile_client: FlaskClient, safe: str
) -> None:
    record_id = "a/b:c//d e?f#g%2Fh"
    address = f"/api/v1/records/{quote(record_id, safe=safe)}"
    assert get(hostile_client, address)["id"] == record_id
    assert get(hostile_client, f"{address}/similar?limit=2")["id"] == record_id


def test_similar_records_leave_out_the_record_itself(client: FlaskClient) -> None:
    found = get(client, "/api/v1/records/sample-cardiology-01/similar?limit=5")
    ids = [h["record"]["id"] for h in found["hits"]]
    assert len(ids) == 5
    assert "sample-cardiology-01" not in ids


def test_words_are_completed(client: FlaskClient) -> None:
    found = get(client, "/api/v1/complete?q=高齢者 とうにょう&limit=3")
    assert found["query"] == "高齢者 とうにょう"
    assert 0 < len(found["completions"]) <= 3
    for completion in found["completions"]:
        assert completion["query"] == f"高齢者 {completion['term']}"
        assert completion["start"] == 4
        assert completion["records"] > 0
    assert get(client, "/api/v1/complete?q=")["completions"] == []


def test_a_service_is_alive_and_ready(client: FlaskClient) -> None:
    assert get(client, "/healthz") == {"status": "ok"}
    assert get(client, "/readyz") == {
        "status": "ready",
        "generation": "000001",
        "records": 148,
        "published": "000001",
        "degraded_reason": None,
    }


@pytest.mark.parametrize(
    ("address", "fields"),
    [
        ("search", {"q"}),
        ("search?q=", {"q"}),
        ("search?q=%00%1f%E2%80%A8", {"q"}),
        ("search?q=[MASK]", {"q"}),
        ("search?q=" + "あ" * 20_001, {"q"}),
        ("search?q=a&page=0", {"page"}),
        ("search?q=a&page=101", {"page", "per_page"}),
        ("search?q=a&page=99999999999999999999", {"page"}),
        ("search?q=a&per_page=101", {"per_page"}),
        ("search?q=a&year_from=-1&year_to=x", {"year_from", "year_to"}),
        ("search?q=a&year_from=2020&year_to=2019", {"year_to"}),
        ("search?q=a&language=%22%3E", {"language"}),
        ("search?q=a&has_abstract=perhaps", {"has_abstract"}),
        ("search?q=a&retraction=none", {"retraction"}),
        ("search?q=a&journal=" + "x" * 501, {"journal"}),
        ("search?q=a&qq=b", {"qq"}),
        ("records/sample-cardiology-01?x=1", {"x"}),
        ("records/sample-cardiology-01/similar?limit=0", {"limit"}),
        ("suggest", {"q"}),
        ("suggest?q=%20", {"q"}),
        ("suggest?q=a&limit=21", {"limit"}),
        ("fill-mask?q=喘息", {"q"}),
        ("fill-mask?q=[MASK]&limit=51", {"limit"}),
    ],
)
def test_bad_parameters_are_named(client: FlaskClient, address: str, fields: set[str]) -> None:
    document = problem(client, f"/api/v1/{address}", 400)
    assert document["type"] == "/about#bad-parameter"
    assert {e["field"] for e in document["errors"]} == fields
    assert all(e["message"] for e in document["errors"])


def test_types_of_problems_lead_to_their_explanation(client: FlaskClient) -> None:
    document = problem(client, "/api/v1/search", 400)
    assert f'id="{document["type"].partition("#")[2]}"' in client.get("/about").text


def test_control_characters_in_a_query_are_read_as_spaces(client: FlaskClient) -> None:
    assert get(client, "/api/v1/search?q=喘息%00%0a%1b吸入")["query"] == "喘息 吸入"


@pytest.mark.parametrize("address", ["records/none", "records/none/similar", "records/%00%ff"])
def test_unknown_records_are_problems(client: FlaskClient, address: str) -> None:
    assert problem(client, f"/api/v1/{address}", 404)["type"] == "/about#unknown-record"


@pytest.mark.parametrize("address", ["/api", "/api/", "/api/v1", "/api/v2/search", "/api/v1/x"])
def test_unknown_routes_below_api_are_problems(client: FlaskClient, address: str) -> None:
    assert problem(client, address, 404)["type"] == "about:blank"


def test_other_methods_are_problems_that_name_the_allowed_ones(client: FlaskClient) -> None:
    response = client.post("/api/v1/search?q=a")
    assert response.status_code == 405
    assert response.content_type == "application/problem+json"
    assert "GET" in response.headers["Allow"]


def test_a_missing_library_is_503_everywhere_but_about(
    encoder: Encoder, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engine = Engine(Library(tmp_path / "none"), encoder)
    client = create_app(engine, Suggester(engine)).test_client()
    for address in (
        "/readyz",
        "/api/v1/search?q=a",
        "/api/v1/records/a",
        "/api/v1/records/a/similar",
        "/api/v1/suggest?q=a",
    ):
        document = problem(client, address, 503)
        assert document["type"] == "/about#library-unavailable"
        assert str(tmp_path) not in json.dumps(document)
    assert client.get("/healthz").status_code == 200  # starting it anew would not help
    assert str(tmp_path) in caplog.text  # the operator learns what the client does not
    for address in ("/", "/?q=a", "/records/a"):
        response = client.get(address)
        assert response.status_code == 503
        assert response.mimetype == "text/html"
        assert response.headers["Retry-After"]
    assert client.get("/about").status_code == 200


def test_a_library_of_another_encoder_is_503(
    sample_library: Path, encoder: Encoder, tmp_path: Path
) -> None:
    library = tmp_path / "library"
    shutil.copytree(sample_library, library)
    manifest = next(library.glob("generations/*/MANIFEST.json"))
    data = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.chmod(0o644)
    manifest.with_name("MANIFEST.sha256").unlink()
    manifest.write_text(json.dumps({**data, "encoder_fingerprint": "0" * 64}), encoding="utf-8")
    engine = Engine(Library(library), encoder)
    client = create_app(engine, Suggester(engine)).test_client()
    problem(client, "/api/v1/search?q=a", 503)
    problem(client, "/readyz", 503)


class _Broken(Engine):
    def search(self, query: str, *_: Any, **__: Any) -> RankedList:
        raise RuntimeError(f"cannot answer {query}")


def test_mistakes_of_ours_tell_nothing_and_log_no_query(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    broken = _Broken(engine.library, engine.encoder)
    client = create_app(broken, Suggester(broken)).test_client()
    document = problem(client, "/api/v1/search?q=himitsu", 500)
    page = client.get("/?q=himitsu")
    assert page.status_code == 500
    assert page.mimetype == "text/html"
    for text in (json.dumps(document), page.text):
        assert "Traceback" not in text
        assert "RuntimeError" not in text
    assert "RuntimeError" in caplog.text
    assert "himitsu" not in caplog.text


class TestDocument:
    """The OpenAPI document."""

    def test_it_is_valid_openapi_3_1(self, client: FlaskClient) -> None:
        document = get(client, "/api/v1/openapi.json")
        assert document["openapi"].startswith("3.1")
        validate(document)

    def test_it_describes_every_route(self, client: FlaskClient) -> None:
        paths = set(get(client, "/api/v1/openapi.json")["paths"])
        routed = {
            re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
            for rule in client.application.url_map.iter_rules()
            if rule.rule.startswith("/api/") and not rule.rule.endswith("openapi.json")
        }
        assert paths == routed | {"/healthz", "/readyz"}
        assert paths >= {
            "/api/v1/search",
            "/api/v1/search/export",
            "/api/v1/exact",
            "/api/v1/exact/export",
            "/api/v1/records/{record_id}",
            "/api/v1/records/{record_id}/similar",
            "/api/v1/thesaurus",
            "/api/v1/thesaurus/concept",
            "/api/v1/suggest",
            "/api/v1/fill-mask",
            "/api/v1/draft",
            "/healthz",
        }

    def test_every_operation_names_its_errors_as_problems(self, client: FlaskClient) -> None:
        paths = get(client, "/api/v1/openapi.json")["paths"].values()
        for operation in (operation for path in paths for operation in path.values()):
            responses = operation["responses"]
            assert {"200", "400", "401"} <= set(responses)
            for status, response in responses.items():
                if status != "200":
                    assert list(response["content"]) == ["application/problem+json"]

    def test_every_summary_is_a_whole_sentence(self, client: FlaskClient) -> None:
        paths = get(client, "/api/v1/openapi.json")["paths"].values()
        summaries = [operation["summary"] for path in paths for operation in path.values()]
        assert [summary for summary in summaries if not summary.endswith(".")] == []

    def test_answers_are_as_described(self, client: FlaskClient) -> None:
        schemas = get(client, "/api/v1/openapi.json")["components"]["schemas"]
        hit = get(client, "/api/v1/search?q=喘息&per_page=1")["hits"][0]
        assert set(hit) == set(schemas["HitBody"]["properties"])
        assert set(hit["record"]) == set(schemas["RecordBody"]["required"])

    def test_it_can_be_read_as_a_page(self, client: FlaskClient) -> None:
        document = get(client, "/api/v1/openapi.json")
        for language in ("ja", "en"):
            page = Page(client.get(f"/reference?lang={language}").text)
            named = {a["id"] for _, a in page.tags if "id" in a}
            assert set(document["components"]["schemas"]) <= named
            for path in document["paths"].values():
                assert {operation["operationId"] for operation in path.values()} <= named
            inner = {link.lstrip("#") for link in page.links("#")} - {"main"}
            assert inner <= named
            assert not page.links("http")
        assert "/reference" in client.get("/about").text
