"""The map of a ranked list: every record once, alike ones near, and the same as lists."""

import itertools
import math

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, expect

from search.ranked.engine import MAX_PER_PAGE, Engine
from search.records import Record
from tests.web.page import Page
from web.desk.result_map import result_map, theme_keywords
from web.pages.charts import (
    APART,
    MAP_HEIGHT,
    MAP_WIDTH,
    MARGIN,
    Label,
    across,
    down,
    side_by_side,
)

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


SHARE = st.floats(0, 1) | st.sampled_from([0.5, 0.501])
SHARES = st.tuples(SHARE, SHARE)
TERMS = st.lists(st.sampled_from(["高齢者", "SGLT2阻害薬", "falls"]), min_size=1).map(tuple)


@given(st.lists(SHARES, max_size=MAX_PER_PAGE), st.lists(st.tuples(SHARES, TERMS), max_size=6))
@pytest.mark.slow
def test_nothing_covers_a_dot(
    shares: list[tuple[float, float]], themes: list[tuple[tuple[float, float], tuple[str, ...]]]
) -> None:
    places = [(across(x), down(y)) for x, y in shares]
    labels = [Label.at(x, y, terms) for (x, y), terms in themes]
    dots = side_by_side(places, labels)
    assert len(dots) == len(places)
    assert all(math.dist(a, b) >= APART for a, b in itertools.combinations(dots, 2))
    for x, y in dots:
        assert MARGIN <= x <= MAP_WIDTH - MARGIN
        assert MARGIN <= y <= MAP_HEIGHT - MARGIN
        for left, top, right, bottom in (label.box for label in labels):
            assert not (left < x < right and top < y < bottom)
    # What has room stays: the first one, and all once they stand apart.
    assert labels or dots[:1] == places[:1]
    assert side_by_side(dots, labels) == dots


# The dots at whose middle a pointer meets something else, or that lie under letters.
COVERED = """() => [...document.querySelectorAll(".map a")].filter((a) => {
  const dot = a.querySelector(".dot");
  dot.scrollIntoView({ block: "center" });
  const { left, top, width, height } = dot.getBoundingClientRect();
  const x = left + width / 2, y = top + height / 2;
  const lettered = [...document.querySelectorAll(".map text")].some((text) => {
    // The box of a font is higher than its letters.
    const box = text.getBoundingClientRect(), room = 0.2 * box.height;
    return box.left < x && x < box.right && box.top + room < y && y < box.bottom - room;
  });
  return lettered || document.elementFromPoint(x, y)?.closest("a") !== a;
}).map((a) => a.getAttribute("aria-label"))"""


@pytest.mark.parametrize("width", [390, 1280])
def test_the_list_leads_to_its_map_and_each_dot_to_its_record(
    browser: Browser, server: str, width: int
) -> None:
    context = browser.new_context(
        base_url=server,
        locale="ja",
        java_script_enabled=False,
        viewport={"width": width, "height": 800},
    )
    page = context.new_page()
    page.goto(f"/?q={QUERY}")
    page.locator("summary").get_by_text("表示", exact=True).click()
    page.get_by_role("link", name="地図").click()
    dots = page.locator(".map a")
    expect(dots.nth(50)).to_be_attached()
    assert page.evaluate(COVERED) == []
    for place in (0, dots.count() - 1):
        address = dots.nth(place).get_attribute("href")
        title = dots.nth(place).get_attribute("aria-label")
        assert address
        assert title
        dots.nth(place).click()
        expect(page).to_have_url(f"{server}{address}")
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        page.go_back()
    context.close()
