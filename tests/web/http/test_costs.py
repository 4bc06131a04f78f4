"""What one request may cost, and how it is said: to programs and on pages."""

from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from search import budget
from search.ranked.engine import MAX_QUERY, Engine
from search.suggest import MAX_MASKS, Suggester
from web.app import create_app


@pytest.fixture(scope="module")
def hurried(engine: Engine, suggester: Suggester) -> FlaskClient:
    """A client of a server that has no time at all."""
    return create_app(engine, suggester, time_limit=1e-9).test_client()


def problem(response: Any, status: int, kind: str) -> Any:
    assert response.status_code == status, response.text
    assert response.content_type == "application/problem+json"
    assert response.json["type"] == f"/about#{kind}"
    return response.json


@pytest.mark.parametrize("path", ["/api/v1/exact?q=患者", "/opensearch?q=患者&format=json"])
def test_too_much_is_a_400_that_says_what_and_how_to_ask_less(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setitem(budget.LIMITS, "words", 3)
    given = problem(client.get(path), 400, "too-much")
    assert given["work"] == "words"
    assert "rarer or fewer words" in given["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/exact?q=患者",
        "/api/v1/exact/export?q=患者&format=ris",
        "/api/v1/suggest?q=喘息",
        "/api/v1/fill-mask?q=[MASK]の治療",
        "/api/v1/draft?q=喘息",
        "/opensearch?q=患者&format=rss",
    ],
)
def test_too_long_is_a_503_that_is_not_to_be_asked_again(hurried: FlaskClient, path: str) -> None:
    response = hurried.get(path)
    problem(response, 503, "too-long")
    assert "Retry-After" not in response.headers


def test_a_batch_ends_with_the_time(hurried: FlaskClient) -> None:
    response = hurried.post("/api/v1/search/batch", json={"searches": [{"q": "喘息"}] * 2})
    assert problem(response, 503, "too-long")["work"] == "batch"


@pytest.mark.parametrize(
    ("language", "said"), [("ja", "より限定的な語を使うか"), ("en", "Ask for rarer or fewer words")]
)
def test_a_page_says_it_beside_the_expression(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, language: str, said: str
) -> None:
    monkeypatch.setitem(budget.LIMITS, "words", 3)
    response = client.get(f"/exact?q=患者 AND 治療&lang={language}")
    assert response.status_code == 400
    assert said in response.text
    assert "患者 AND 治療" in response.text


def test_a_page_says_that_the_time_is_over(hurried: FlaskClient) -> None:
    response = hurried.get("/exact?q=患者&lang=ja")
    assert response.status_code == 503
    assert "処理を打ち切りました" in response.text


def test_ranked_search_answers_where_the_exact_count_would_cost_too_much(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(budget.LIMITS, "words", 0)
    assert client.get("/api/v1/search?q=患者").status_code == 200


def test_the_next_request_has_a_budget_of_its_own(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(budget.LIMITS, "words", 2_000)
    assert {client.get("/api/v1/exact?q=患者").status_code for _ in range(30)} == {200}


def test_as_many_blanks_are_filled_as_a_request_may_have(client: FlaskClient) -> None:
    def filled(masks: int) -> Any:
        return client.get("/api/v1/fill-mask", query_string={"q": "[MASK]の治療、" * masks})

    assert len(filled(MAX_MASKS).json["masks"]) == MAX_MASKS
    given = problem(filled(MAX_MASKS + 1), 400, "bad-parameter")
    assert given["errors"][0]["field"] == "q"
    page = client.get("/", query_string={"q": "[MASK]の治療、" * 20, "lang": "en"})
    assert page.status_code == 200
    assert f"At most {MAX_MASKS} blanks" in page.text


def test_a_batch_is_as_long_as_one_query_may_be(client: FlaskClient) -> None:
    def asked(*queries: str) -> Any:
        return client.post("/api/v1/search/batch", json={"searches": [{"q": q} for q in queries]})

    given = problem(asked(*["肺" * (MAX_QUERY // 2 + 1)] * 2), 400, "bad-parameter")
    assert "fewer or shorter" in given["detail"]
    assert asked("肺炎", "喘息").status_code == 200


def test_of_millions_of_wrong_values_the_first_is_told(client: FlaskClient) -> None:
    body = '{"searches": [' + "1," * 100_000 + "1]}"
    given = client.post("/api/v1/search/batch", data=body, content_type="application/json")
    assert len(problem(given, 400, "bad-parameter")["errors"]) < 5


def test_a_long_query_of_words_that_no_record_has_is_answered(client: FlaskClient) -> None:
    # Each word is compared with those that a reason tells, which are few.
    kanji = "".join(chr(0x4E00 + i * 7 % 20_000) for i in range(MAX_QUERY - 10))
    assert client.get("/", query_string={"q": kanji}).status_code == 200
    # Marks out of order are put in order one by one.
    marks = "a" + "\u0301\u0316" * (MAX_QUERY // 2 - 10)
    assert client.get("/api/v1/search", query_string={"q": marks}).status_code == 200


@pytest.mark.parametrize(
    "search",
    [
        {"q": "a", "has_abstract": 0},
        {"q": "a", "page": "1"},
        {"q": "a", "per_page": True},
        {"q": "a", "year_to": 0},
        {"q": "a", "year_to": "2020"},
        {"q": ""},
        {"q": " "},
    ],
)
def test_json_is_taken_as_openapi_describes_it(client: FlaskClient, search: dict[str, Any]) -> None:
    response = client.post("/api/v1/search/batch", json={"searches": [search]})
    problem(response, 400, "bad-parameter")


def test_openapi_says_the_bounds_that_are_checked(client: FlaskClient) -> None:
    document = client.get("/api/v1/openapi.json").json
    search = document["components"]["schemas"]["BatchedSearch"]["properties"]
    assert search["q"]["minLength"] == 1
    for name in ("year_from", "year_to"):
        number = search[name]["anyOf"][0]
        assert (number["minimum"], number["maximum"]) == (1000, 2999)
    parameters = document["paths"]["/api/v1/search"]["get"]["parameters"]
    years = {p["name"]: p["schema"] for p in parameters if p["name"].startswith("year")}
    assert all(schema["anyOf"][0]["minimum"] == 1000 for schema in years.values())


@pytest.mark.parametrize("query", ["ﷺ" * 6_000, "ﷺ" * 2_000])
def test_a_query_is_as_long_as_what_it_stands_for(client: FlaskClient, query: str) -> None:
    given = problem(client.get("/api/v1/search", query_string={"q": query}), 400, "bad-parameter")
    assert "at most 20000" in given["detail"]


def test_json_that_is_nested_too_deeply_is_refused(client: FlaskClient) -> None:
    for body in (b"[" * 200_000, b'{"searches":' * 100_000):
        response = client.post("/api/v1/search/batch", data=body, content_type="application/json")
        assert response.status_code == 400
        assert response.content_type == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "query"),
    [
        *((path, "a" * 15_000) for path in ("search", "exact", "suggest", "complete")),
        *((path, "あ" * 15_000) for path in ("search", "exact", "suggest", "complete")),
        ("exact", "a" * 15_000 + "*"),
        ("exact", "a" * 15_000 + "[au]"),
        ("exact", "a" * 15_000 + "*[au]"),
        ("exact", "a" * 15_000 + "[doi]"),
        ("exact", "a" * 15_000 + "*[id]"),
    ],
)
def test_long_words_are_answered_or_refused(client: FlaskClient, path: str, query: str) -> None:
    response = client.get(f"/api/v1/{path}", query_string={"q": query})
    assert response.status_code in {200, 400}, response.text


@pytest.mark.parametrize("format_name", ["csv", "ris", "bibtex", "nbib"])
def test_files_that_would_be_too_large_are_refused(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, format_name: str
) -> None:
    address = f"/api/v1/exact/export?q={quote('患者')}&format={format_name}"
    with client.get(address) as whole:
        assert whole.status_code == 200
    monkeypatch.setitem(budget.LIMITS, "file", 3)
    assert problem(client.get(address), 400, "too-much")["work"] == "file"


def test_the_type_of_a_csv_file_says_its_characters_once(client: FlaskClient) -> None:
    with client.get("/api/v1/exact/export?q=患者&format=csv") as response:
        assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
