"""What a result list offers: order, page size, search within, reasons, help when it is empty."""

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, expect

from search.filters import Filters
from search.ranked.engine import Engine
from tests.web.page import Page

QUERY = "糖尿病の高齢者の転倒"


def get(client: FlaskClient, address: str) -> Page:
    response = client.get(address)
    assert response.status_code == 200
    return Page(response.text)


def asked(address: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(address).query)


@pytest.mark.parametrize("sort", ["year", "year-ascending"])
def test_by_year_stand_the_close_records_alone(engine: Engine, sort: str) -> None:
    by_relevance = engine.search(QUERY, per_page=100)
    assert by_relevance.above
    close = {hit.record.id: hit.rank for hit in by_relevance.hits[: by_relevance.above]}
    found = engine.search(QUERY, per_page=100, sort=sort)  # type: ignore[arg-type]
    assert found.total == by_relevance.above
    assert {hit.record.id: hit.rank for hit in found.hits} == close
    years = [hit.record.year or 0 for hit in found.hits]
    assert years == sorted(years, reverse=sort == "year")


def test_order_and_page_size_stand_in_the_address(client: FlaskClient) -> None:
    page = get(client, f"/?q={QUERY}&year_from=2000&per_page=20")
    addresses = [a["href"] for a in page.all("a")]
    (newest,) = [a for a in addresses if asked(a).get("sort") == ["year"]]
    assert asked(newest) == {
        "q": [QUERY], "year_from": ["2000"], "per_page": ["20"], "sort": ["year"]
    }  # fmt: skip
    assert any(asked(a).get("per_page") == ["50"] for a in addresses)
    by_year = get(client, newest)
    assert re.search(r"<summary>\s*新しい順", by_year.html)
    assert by_year.all("input", type="hidden", name="sort", value="year")
    assert by_year.all("input", type="hidden", name="per_page", value="20")
    assert "以下は関連度の低い文献です" not in by_year.html


def test_a_file_of_a_sorted_list_has_the_order_in_sight(
    client: FlaskClient, engine: Engine
) -> None:
    page = get(client, f"/?q={QUERY}&sort=year")
    form = page.html.partition('action="/api/v1/search/export"')[2].partition("</form>")[0]
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    fields |= {"format": "jsonl", "limit": "10"}
    with client.get("/api/v1/search/export", query_string=fields) as response:
        saved = [json.loads(line)["title"] for line in response.get_data().splitlines()]
    shown = client.get(f"/api/v1/search?q={QUERY}&sort=year").json
    assert shown
    assert saved == [hit["record"]["title"] for hit in shown["hits"]]
    assert saved != [hit.record.title for hit in engine.search(QUERY).hits]


@pytest.mark.parametrize("address", ["/?q=患者", "/exact?q=患者"])
def test_a_search_within_the_results_narrows_both_searches(
    client: FlaskClient, engine: Engine, address: str
) -> None:
    page = get(client, f"{address}&words=糖尿病 高齢者&per_page=100")
    expected = engine.generation().lexical.numbers(Filters(words="糖尿病 高齢者"))
    assert 0 < len(page.all("article")) <= len(expected) < 148
    assert "結果内の語：糖尿病 高齢者" in page.html
    assert page.all("input", name="words", value="糖尿病 高齢者")


def test_a_hit_says_why_it_is_there_without_scores(client: FlaskClient, engine: Engine) -> None:
    hit = engine.search(QUERY).hits[0]
    assert "糖尿病" in hit.words
    assert "転倒" not in hit.words
    html = get(client, f"/?q={QUERY}").html
    why = html.partition('<details class="reasons">')[2].partition("</details>")[0]
    assert f"意味 {hit.dense_rank}位" in why
    assert "上位" in why
    has, lacks = why.partition("含まれる語")[2].split("含まれない語")
    # The compound, not its parts.
    assert ">糖尿病<" in has
    assert ">糖尿<" not in has
    assert ">転倒<" in lacks
    assert "0." not in re.sub(r"<dd lang.*?</dd>", "", why, flags=re.DOTALL)


def test_an_empty_set_says_which_term_is_at_fault(client: FlaskClient) -> None:
    page = get(client, "/exact?q=糖尿病 and 麻疹")
    counts = re.findall(
        r'class="expression" lang=""[^>]*>(\S+?)\[all\]</a> <span class="n">(\d+)件', page.html
    )
    assert dict(counts)["麻疹"] == "0"
    assert int(dict(counts)["糖尿病"]) > 0
    assert any(asked(a).get("q") == ["糖尿病 麻疹"] for a in page.links("/?q="))


@pytest.mark.parametrize("address", ["/?q=患者", "/exact?q=患者"])
def test_an_empty_list_says_which_filter_leaves_nothing(client: FlaskClient, address: str) -> None:
    page = get(client, f"{address}&year_from=2030&language=ja")
    assert '「発行年：2030–」を外す</a> <span class="n">（ほかの条件に合う文献 148件）' in page.html
    assert '「言語：日本語」を外す</a> <span class="n">（ほかの条件に合う文献 0件）' in page.html


def test_nothing_close_gets_advice(client: FlaskClient) -> None:
    page = get(client, "/?q=ｚｑｘｗｖｊ ｋｑｊｘｚ")
    assert "検索式で、語そのものを含む文献を探す" in page.html


def test_years_are_dragged_on_the_chart(browser: Browser, server: str) -> None:
    context = browser.new_context(base_url=server, locale="ja")
    page = context.new_page()
    page.goto("/exact?q=患者")
    chart = page.locator(".yearchart svg")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    first = int(chart.get_attribute("data-first") or 0)
    last = int(chart.get_attribute("data-last") or 0)
    assert box
    width = box["width"] / (last - first + 1)
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + width * 5.5, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + width * 9.5, middle, steps=4)
    expect(page.get_by_label("発行年（から）")).to_have_value(str(first + 5))
    page.mouse.up()
    page.wait_for_url(re.compile("year_from="))
    expect(page.get_by_label("発行年（まで）")).to_have_value(str(first + 9))
    expect(page.locator(".active")).to_contain_text(f"{first + 5}–{first + 9}")
    context.close()


def test_recent_searches_stay_in_the_browser(browser: Browser, server: str) -> None:
    context = browser.new_context(base_url=server, locale="ja")
    page = context.new_page()
    page.goto("/?q=喘息&year_from=2010&page=2")
    page.goto("/exact?q=痛風/TI")
    page.goto("/exact?q=(")
    page.goto("/")
    recent = page.get_by_role("region", name="最近の検索")
    expect(recent.get_by_role("link")).to_have_text(["痛風/TI", "喘息"])
    recent.get_by_role("link", name="喘息").click()
    expect(page.get_by_label("発行年（から）")).to_have_value("2010")
    page.goto("/exact")
    recent.get_by_role("button", name="保存しない").click()
    expect(recent).to_be_hidden()
    page.goto("/?q=喘息")
    page.goto("/")
    expect(recent).to_be_hidden()
    page.get_by_role("button", name="最近の検索をこのブラウザーに保存する").click()
    page.goto("/?q=喘息")
    page.goto("/")
    expect(recent.get_by_role("link")).to_have_count(1)
    recent.get_by_role("button", name="履歴を消去").click()
    expect(recent).to_be_hidden()
    expect(page.locator("#q")).to_be_focused()
    context.close()
