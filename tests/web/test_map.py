"""The map of a ranked list: every record once, alike ones near, and the same as lists."""

import re

from flask.testing import FlaskClient
from playwright.sync_api import Browser, expect

from search.engine import Engine
from search.records import Record
from tests.web.page import Page
from web.result_map import result_map, theme_keywords

QUERY = "高齢者の薬物療法"


def test_every_record_of_the_page_has_its_place(engine: Engine) -> None:
    found = engine.search(QUERY, per_page=50)
    drawn = result_map(found, engine.generation())
    assert drawn
    assert [p.record.id for p in drawn.places] == [hit.record.id for hit in found.hits]
    assert all(0 <= p.x <= 1 and 0 <= p.y <= 1 for p in drawn.places)
    assert sum(p.close for p in drawn.places) == min(found.relevant or 50, 50)
    assert sorted(r.id for theme in drawn.themes for r in theme.records) == sorted(
        hit.record.id for hit in found.hits
    )
    again = result_map(engine.search(QUERY, per_page=50), engine.generation())
    assert again == drawn


def test_too_few_records_make_no_map(engine: Engine, client: FlaskClient) -> None:
    assert result_map(engine.search("sample-cardiology-01"), engine.generation()) is None
    assert "文献が少ないため" in client.get("/map?q=sample-cardiology-01").text


def test_themes_are_named_by_what_sets_them_apart() -> None:
    kinds = [("高齢者", "転倒"), ("高齢者", "転倒"), ("高齢者", "肺炎"), ("高齢者", "肺炎")]
    records = [Record(str(n), keywords=keywords) for n, keywords in enumerate(kinds)]
    assert theme_keywords(records[:2], records)[0] == "転倒"
    assert theme_keywords(records, records)[0] == "高齢者"


def test_dots_and_lists_lead_to_the_same_records(client: FlaskClient) -> None:
    response = client.get(f"/map?q={QUERY}&year_from=2015")
    assert response.status_code == 200
    addresses = Page(response.text).hits()
    assert len(addresses) == 2 * len(set(addresses)) > 20
    assert all("year_from=2015" in address for address in addresses)


def test_what_cannot_be_searched_is_said(client: FlaskClient) -> None:
    for address in ("/map", "/map?q=", "/map?q=患者&year_from=x"):
        response = client.get(address)
        assert response.status_code == 400
        assert 'role="alert"' in response.text


def test_the_list_leads_to_its_map_and_a_dot_to_its_record(browser: Browser, server: str) -> None:
    context = browser.new_context(base_url=server, locale="ja", java_script_enabled=False)
    page = context.new_page()
    page.goto(f"/?q={QUERY}")
    page.get_by_role("link", name="地図").click()
    dot = page.locator(".map a").last
    title = dot.get_attribute("aria-label")
    assert title
    dot.click(force=True)
    expect(page).to_have_url(re.compile("/records/"))
    context.close()
