"""Suggested terms over HTTP and on the page: groups, reasons, blanks, "not this one", drafts."""

from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from flask.testing import FlaskClient

from search.ranked.ranking import Ranked, rank
from search.suggest import GROUPS
from tests.web.page import Page


def get_json(client: FlaskClient, address: str) -> dict:
    response = client.get(address)
    assert response.status_code == 200, response.text
    return response.json


def get_page(client: FlaskClient, address: str) -> Page:
    response = client.get(address)
    assert response.status_code == 200, response.text
    return Page(response.text)


def parameters(address: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(address).query)


def chips(page: Page, kind: str = "add") -> list[str]:
    return [parameters(a["href"])["q"][0] for a in page.all("a", **{"class": f"chip {kind}"})]


def test_suggestions_come_grouped_and_grounded(client: FlaskClient) -> None:
    found = get_json(client, "/api/v1/suggest?q=糖尿病&limit=5")["suggestions"]
    assert 0 < len(found) <= 5
    order = [GROUPS.index(s["group"]) for s in found]
    assert order == sorted(order)
    for suggestion in found:
        assert suggestion["query"] == f"糖尿病 {suggestion['term']}"
        assert set(suggestion["reasons"]) <= {"name", "synonym", "cooccurs", "fits"}
        ground = suggestion["grounding"]
        assert ground["records"] >= ground["new_records"] >= 0
        expression = quote(f'"{suggestion["term"]}"')
        assert get_json(client, f"/api/v1/exact?q={expression}")["count"] == ground["records"] > 0
        sentence = ground["example"]["sentence"]
        record = get_json(client, f"/api/v1/records/{ground['example']['record']}")
        texts = [record, *record["translations"]]
        shown = next(t for t in texts if t["language"] == sentence["language"])
        span = shown[sentence["field"]][sentence["start"] : sentence["end"]]
        assert span == sentence["text"]


def test_filters_and_declined_terms_are_heeded(client: FlaskClient) -> None:
    found = get_json(client, "/api/v1/suggest?q=糖尿病&year_from=2020")["suggestions"]
    first = found[0]["term"]
    expression = quote(f'"{first}"')
    count = get_json(client, f"/api/v1/exact?q={expression}&year_from=2020")["count"]
    assert count == found[0]["grounding"]["records"] > 0
    address = f"/api/v1/suggest?q=糖尿病&year_from=2020&without={quote(first)}&without=x"
    assert first not in [s["term"] for s in get_json(client, address)["suggestions"]]


def test_blanks_are_filled_one_by_one_and_together(client: FlaskClient) -> None:
    found = get_json(client, "/api/v1/fill-mask?q=[MASK]の患者に＿＿を投与した&limit=2")
    assert [len(fillings) for fillings in found["masks"]] == [2, 2]
    filling = found["masks"][0][0]
    assert 0 < filling["probability"] < 1
    assert filling["query"].startswith(filling["term"])
    joint = found["together"][0]
    assert joint["query"] == f"{joint['terms'][0]}の患者に{joint['terms'][1]}を投与した"
    assert get_json(client, "/api/v1/fill-mask?q=[MASK]を投与した")["together"] == []


def test_a_draft_is_typed_as_described(client: FlaskClient) -> None:
    schemas = get_json(client, "/api/v1/openapi.json")["components"]["schemas"]
    found = get_json(client, "/api/v1/draft?q=心房細動&term=CPAP")
    assert set(found) == set(schemas["DraftBody"]["properties"])
    assert "心房細動/TH" in found["ichushi"]
    assert '"CPAP"[' in found["pubmed"]
    assert [concept[0]["term"] for concept in found["concepts"]] == ["心房細動", "CPAP"]
    suggestion = get_json(client, "/api/v1/suggest?q=心房細動")["suggestions"][0]
    assert set(suggestion) == set(schemas["SuggestionBody"]["properties"])


@pytest.mark.parametrize("address", ["draft?q=", "draft", "suggest?q=[MASK]", "draft?q=a&x=1"])
def test_what_cannot_be_answered_is_a_problem(client: FlaskClient, address: str) -> None:
    response = client.get(f"/api/v1/{address}")
    assert response.status_code == 400
    assert response.content_type == "application/problem+json"


def test_hits_and_suggestions_of_a_page_are_ranked_once(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def counted(*arguments: Any, **options: Any) -> Ranked:
        asked.append("once")
        return rank(*arguments, **options)

    monkeypatch.setattr("search.ranked.engine.rank", counted)
    page = client.get("/?q=喘息の吸入手技の指導を数える")
    assert "検索語候補" in page.text
    client.get("/?q=喘息の吸入手技の指導を数える&page=2&sort=year")
    assert asked == ["once"]


def test_chips_are_plain_links_with_the_refined_query(client: FlaskClient) -> None:
    page = get_page(client, "/?q=糖尿病&year_from=2010&page=2")
    links = page.all("a", **{"class": "chip add"})
    assert links
    for link in links:
        asked = parameters(link["href"])
        assert asked["q"][0].startswith("糖尿病 ")
        assert asked["year_from"] == ["2010"]
        assert "page" not in asked
    assert "が候補になった理由" in page.html
    assert "<blockquote>" in page.html


def test_a_blank_is_filled_by_links(client: FlaskClient) -> None:
    page = get_page(client, "/?q=糖尿病の患者に＿＿を投与した")
    assert chips(page, "fill")
    assert all("＿＿" not in query for query in chips(page, "fill"))
    several = get_page(client, "/?q=＿＿の患者に＿＿を投与した")
    assert "すべての空欄" in several.html
    assert "＿＿" not in chips(several, "fill")[0]


def test_a_blank_alone_is_answered_with_its_terms(client: FlaskClient) -> None:
    page = get_page(client, "/?q=[MASK]")
    assert chips(page, "fill")
    assert not page.all("ol", **{"class": "hits"})


def test_not_this_one_holds_for_the_visit_and_can_be_undone(client: FlaskClient) -> None:
    first = chips(get_page(client, "/?q=肺炎"))[0].removeprefix("肺炎 ")
    answer = client.post("/suggestions/declined", data={"term": first, "next": "/?q=肺炎"})
    assert answer.status_code == 303
    assert "Max-Age" not in answer.headers["Set-Cookie"]
    page = get_page(client, "/?q=肺炎")
    assert f"肺炎 {first}" not in chips(page)
    assert "候補に戻す" in page.html
    client.post("/suggestions/declined", data={"next": "/?q=肺炎"})
    assert f"肺炎 {first}" in chips(get_page(client, "/?q=肺炎"))


@pytest.mark.parametrize("cookie", ["x", "eyJhIjoxfQ==", "WzEsbnVsbF0=", "W1tbW1s="])
def test_a_broken_cookie_declines_nothing(client: FlaskClient, cookie: str) -> None:
    client.set_cookie("declined", cookie)
    assert chips(get_page(client, "/?q=肺炎"))


def test_declining_leads_back_to_this_site_alone(client: FlaskClient) -> None:
    for elsewhere in ("https://example.org/", "//example.org/", "/\\example.org"):
        answer = client.post("/suggestions/declined", data={"term": "x", "next": elsewhere})
        assert answer.headers["Location"] == "/"
    answer = client.post(
        "/suggestions/declined", data={"term": "x"}, headers={"Origin": "https://example.org"}
    )
    assert answer.status_code == 403


def test_the_draft_page_shows_both_strategies(client: FlaskClient) -> None:
    page = get_page(client, "/draft?q=心房細動 吸入手技&term=CPAP")
    assert "心房細動/TH or 心房細動/AL" in page.html
    assert page.all("input", type="checkbox", value="CPAP", checked="")
    assert "英語表記が見当たらず" in page.html
    assert client.get("/draft").status_code == 200
    assert client.get("/draft?q=[MASK]").status_code == 400
