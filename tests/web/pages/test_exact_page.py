"""Exact search on the page and in the API: a complete set, and faults that show their place."""

import html
import io
from typing import Any, get_args
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from search.exact import ExactSyntaxError, FaultReason, Note, NoteReason
from search.exact.foreign_syntax import Foreign, Kind
from search.formats import read_stream
from search.ranked.engine import Engine
from tests.web.page import Page
from web.pages.exact import fault_message, field_codes, note_message

EXPRESSION = "(糖尿病/AL or 心不全/AL) not 会議録/PT"


def get(client: FlaskClient, expression: str, status: int = 200, **more: Any) -> str:
    response = client.get("/exact", query_string={"q": expression, "lang": "ja", **more})
    assert response.status_code == status
    return response.text


def expected(engine: Engine) -> set[str]:
    return {
        r.id
        for _, r in engine.generation().all_records()
        if "会議録" not in r.publication_types
        and any(
            word in text
            for word in ("糖尿病", "心不全")
            for text in [*(v.text for v in r.versions()), *r.keywords]
        )
    }


def test_the_api_gives_the_complete_set_with_its_count(client: FlaskClient, engine: Engine) -> None:
    ids: list[str] = []
    for page in (1, 2, 3):
        answer = client.get(
            "/api/v1/exact", query_string={"q": EXPRESSION, "page": page, "per_page": 10}
        ).json
        assert answer
        ids += [hit["record"]["id"] for hit in answer["hits"]]
        assert answer["count"] == len(expected(engine))
        assert answer["facets"]["counted"] == answer["count"]
    assert answer["understood"]["canonical"] == "(糖尿病[all] OR 心不全[all]) NOT 会議録[pt]"
    assert len(ids) == len(set(ids))
    assert set(ids) == expected(engine)


def test_what_was_mapped_is_shown_and_can_be_taken_away(client: FlaskClient) -> None:
    page = Page(get(client, "heart failure NOT 会議録[pt]"))
    assert '"heart failure"[mh] OR (heart[all] AND failure[all]) OR 心不全[tw]' in html.unescape(
        page.html
    )
    (away,) = [href for href in page.links("/exact") if "mapping=0" in href]
    typed = get(client, "heart failure NOT 会議録[pt]", mapping=0)
    assert parse_qs(urlsplit(away).query)["q"] == ["heart failure NOT 会議録[pt]"]
    assert "心不全[tw]" not in typed
    # The switch stays where it is for the next search, and the files of the set follow it.
    assert 'name="mapping" value="0"' in typed
    for mapping in ("true", "false"):
        asked = {"q": "heart failure", "mapping": mapping}
        answer = client.get("/api/v1/exact", query_string=asked).json
        assert answer
        assert bool(answer["understood"]["mapped"]) is (mapping == "true")
        exported = {**asked, "format": "jsonl"}
        with client.get("/api/v1/exact/export", query_string=exported) as file:
            assert len(file.text.splitlines()) == answer["count"]
    known = client.get("/api/v1/exact", query_string={"q": "心不全/TH"}).json
    assert known
    (heading,) = known["understood"]["headings"]
    assert (heading["heading"], heading["narrower"]) == ("心不全[mh]", 0)
    assert "heart failure" in heading["names"]


def test_what_an_abbreviation_may_mean_is_offered(client: FlaskClient) -> None:
    page = Page(get(client, "MS 治療"))
    choices = [parse_qs(urlsplit(href).query)["q"] for href in page.links("/exact?q=")]
    assert ["多発性硬化症 治療"] in choices


def test_filters_and_order(client: FlaskClient) -> None:
    query = {"q": "患者", "year_from": 2018, "keyword": "高齢者", "per_page": 100}
    answer = client.get("/api/v1/exact", query_string={**query, "sort": "year-ascending"}).json
    assert answer
    years = [hit["record"]["year"] for hit in answer["hits"]]
    assert years == sorted(years)
    assert min(years) >= 2018
    assert all("高齢者" in hit["record"]["keywords"] for hit in answer["hits"])


def test_a_fault_in_the_api_shows_the_place_and_a_mend(client: FlaskClient) -> None:
    response = client.get("/api/v1/exact", query_string={"q": "糖尿病 and (心不全"})
    assert response.status_code == 400
    assert response.content_type == "application/problem+json"
    assert response.json
    assert response.json["type"] == "/about#bad-expression"
    fault = response.json["fault"]
    assert fault == {
        "reason": "unclosed parenthesis",
        "start": 8,
        "end": 9,
        "fragment": "(",
        "proposal": "糖尿病 and (心不全)",
        "platform": None,
        "kind": None,
        "here": None,
    }
    mended = client.get("/api/v1/exact", query_string={"q": fault["proposal"]})
    assert mended.status_code == 200


def test_the_set_is_saved_whole(client: FlaskClient, engine: Engine) -> None:
    query = {"q": EXPRESSION, "format": "ris", "sort": "title"}
    response = client.get("/api/v1/exact/export", query_string=query, buffered=True)
    assert response.headers["Content-Disposition"].endswith("jmedsearch-exact.ris")
    records = [item for item, _ in read_stream(io.BytesIO(response.data), "set", "ris")]
    assert {r.id for r in records} == expected(engine)
    assert len(records) == len(expected(engine))


def test_the_page_counts_and_shows_what_was_understood(client: FlaskClient, engine: Engine) -> None:
    html = get(client, EXPRESSION)
    assert f"<strong>{len(expected(engine))}</strong>" in html
    assert "(糖尿病[all] OR 心不全[all]) NOT 会議録[pt]" in html
    assert "全件" in html
    page = Page(html)
    assert len(page.links("/records/")) == 20
    assert page.all("form", action="/api/v1/exact/export")
    assert page.all("b", **{"class": "term"})


def test_folding_is_in_sight(client: FlaskClient) -> None:
    html = get(client, "ｲﾝﾌﾙｴﾝｻﾞ or がん")
    assert "ｲﾝﾌﾙｴﾝｻﾞ → インフルエンザ" in html
    assert "がん → 癌" in html


def test_a_fault_on_the_page_shows_the_place_and_a_link_that_mends(client: FlaskClient) -> None:
    page = Page(get(client, '糖尿病 and "心不全', 400))
    assert '<mark class="wrong">&#34;心不全</mark>' in page.html
    (mend,) = page.all("a", **{"class": "expression"})
    assert parse_qs(urlsplit(mend["href"]).query)["q"] == ['糖尿病 and "心不全"']
    assert client.get(mend["href"]).status_code == 200


def test_the_other_search_is_one_step_away_with_what_was_typed(client: FlaskClient) -> None:
    ranked = Page(client.get("/?q=糖尿病&lang=ja").text)
    assert any("q=%E7%B3%96" in a for a in ranked.links("/exact?"))
    assert "検索式として検索" in ranked.html
    exact = Page(get(client, "糖尿病"))
    assert any("q=%E7%B3%96" in a for a in exact.links("/?"))


def test_a_facet_narrows_and_can_be_taken_off(client: FlaskClient) -> None:
    page = Page(get(client, "患者"))
    narrowing = next(a for a in page.links("/exact?") if "publication_type=" in a)
    narrowed = Page(client.get(narrowing).text)
    (off,) = [
        a["href"]
        for a in narrowed.all("a", **{"class": "chip"})
        if "publication_type" not in a["href"]
    ]
    total = "".join(page.html.split("<strong>")[1:2]).split("<")[0]
    assert f"<strong>{total}</strong>" in client.get(off).text


def test_an_empty_set_and_a_page_beyond_the_end(client: FlaskClient) -> None:
    assert "検索式に一致する文献はありません" in get(client, "存在しない疾患名")
    assert Page(get(client, "糖尿病", page=500)).links("/exact?q=%E7%B3%96")
    assert "発行年" in get(client, "糖尿病", 400, year_from="abc")


def test_markup_in_an_expression_stays_text(client: FlaskClient) -> None:
    for expression in ("<script>alert(1)</script>", '"><img src=x>', "(<b>"):
        response = client.get("/exact", query_string={"q": expression})
        assert response.status_code in (200, 400)
        assert "<script>alert" not in response.text
        assert "<img src=x" not in response.text


def test_the_syntax_of_another_platform_is_told_on_page_and_api(client: FlaskClient) -> None:
    response = client.get("/api/v1/exact", query_string={"q": "diabetes.ti,ab."})
    fault = response.json["fault"]
    assert response.status_code == 400
    assert (fault["platform"], fault["kind"], fault["here"]) == ("Ovid", "field", "[tiab]")
    assert fault["proposal"] == "diabetes[tiab]"
    shown = get(client, "diabetes.ti,ab.", 400)
    assert "Ovid の書き方（フィールドの指定）です。ここでは [tiab] と書きます。" in shown
    english = get(client, "TITLE-ABS-KEY(diabetes)", 400, lang="en")
    assert "This is the syntax of Scopus: a field. Here it is written [tw]." in english


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_reason_has_words(app: Flask, language: str) -> None:
    with app.test_request_context(f"/exact?lang={language}"):
        for reason in get_args(FaultReason):
            assert fault_message(ExactSyntaxError(reason, "x", 0, 1))
        for kind in get_args(Kind):
            for here, edits in (("y", ()), ("", ()), ("", None)):
                foreign = Foreign("Embase", kind, 0, 1, edits, here)
                error = ExactSyntaxError("other platform", "x", 0, 1, foreign=foreign)
                assert "Embase" in fault_message(error)
        for note in get_args(NoteReason):
            assert note_message(Note(note, "x[all]"))
        assert len(field_codes()) == 15
