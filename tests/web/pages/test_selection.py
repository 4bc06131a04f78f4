"""Records ticked in a list: cited, compared, saved, put into a collection; stars; examples."""

import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, expect

from search.ranked.engine import Engine
from search.suggest import Suggester
from tests.web.page import Page as Html
from web.app import create_app
from web.desk.desk import Desk, open_desk
from web.pages.examples import EXAMPLES, SHOWN

QUERY = "/?q=糖尿病"
IDS = ["sample-endocrinology-07", "sample-endocrinology-04"]


@pytest.fixture
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    found = open_desk(tmp_path_factory.mktemp("selection") / "collections.db")
    yield found
    found.store.close()


@pytest.fixture
def librarian(engine: Engine, suggester: Suggester, desk: Desk) -> FlaskClient:
    return create_app(engine, suggester, desk).test_client()


def held(client: FlaskClient, number: int) -> set[str]:
    found = client.get(f"/api/v1/collections/{number}/records").json
    assert found
    return {item["record"]["id"] for item in found["records"]}


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_example_finds_what_it_promises(
    client: FlaskClient, engine: Engine, language: str
) -> None:
    examples = EXAMPLES[language]  # type: ignore[index]
    assert len(examples) == 10
    for example in examples:
        first = [hit.record.id for hit in engine.search(example.query).hits[:3]]
        assert example.record in first, example
    shown = client.get("/", headers={"Accept-Language": language}).text
    assert all(example.query in shown for example in examples[:SHOWN])


def test_ticked_records_are_cited_in_their_order_and_in_any_style(client: FlaskClient) -> None:
    html = client.get("/selected", query_string={"record": IDS, "style": "apa"}).text
    assert html.index("自動車運転") < html.index("妊娠糖尿病")
    assert html.count("<li lang=") == 2
    assert client.get("/selected?record=none").status_code == 200
    assert client.get("/selected?style=none").status_code == 404


def test_what_a_bar_sends_beside_the_records_leaves_the_address(client: FlaskClient) -> None:
    sent = {"record": IDS, "view": "compare", "collection": "1", "next": QUERY, "q": "糖尿病"}
    response = client.get("/selected", query_string=sent)
    assert response.status_code == 302
    assert "collection" not in response.headers["Location"]
    compared = Html(client.get(response.headers["Location"]).text)
    assert len([a for a in compared.links("/records/") if IDS[0] in a or IDS[1] in a]) == 2


def test_ticked_records_and_whole_sets_are_saved(client: FlaskClient, engine: Engine) -> None:
    ticked = {"record": IDS, "format": "ris"}
    some = client.post("/selected/file", data=ticked, buffered=True)
    assert some.text.count("ER  -") == 2
    asked = {"what": "exact", "q": "糖尿病", "format": "ris"}
    whole = client.post("/selected/file", data=asked, buffered=True)
    assert whole.text.count("ER  -") > 5
    assert client.post("/selected/file", data={"record": IDS, "format": "x"}).status_code == 400


def test_three_of_ten_hits_go_into_a_new_collection_and_the_list_stays(
    librarian: FlaskClient,
) -> None:
    sent = {"record": IDS, "name": "抄読会", "next": QUERY, "q": "糖尿病"}
    response = librarian.post("/collections/add", data=sent)
    assert response.headers["Location"].startswith("/?q=")
    page = Html(librarian.get(response.headers["Location"]).text)
    assert "2件を追加しました。" in page.html
    assert "/collections/1" in page.links("/collections/1")
    assert held(librarian, 1) == set(IDS)
    # The next list offers the same collection first.
    assert page.all("option", value="1", selected="")
    assert len(page.all("button", **{"class": "star", "aria-pressed": "true"})) == 2


def test_a_list_is_never_led_to_another_site(librarian: FlaskClient) -> None:
    sent = {"record": IDS, "name": "x", "next": "https://example.org/"}
    response = librarian.post("/collections/add", data=sent)
    assert response.headers["Location"].startswith("/collections/1")


def test_a_star_adds_and_takes_back(librarian: FlaskClient) -> None:
    answer = librarian.post("/selected/star", data={"star": IDS[0], "next": QUERY})
    assert answer.status_code == 303
    assert held(librarian, 1) == {IDS[0]}
    asked = {"Accept": "application/json"}
    answer = librarian.post("/selected/star", data={"star": IDS[0]}, headers=asked)
    assert answer.json == {"held": False, "collection": "スターを付けた文献"}
    assert held(librarian, 1) == set()
    answer = librarian.post("/selected/star", data={"star": "nowhere"})
    assert answer.status_code == 400


def test_who_may_not_write_has_neither_stars_nor_collections(client: FlaskClient) -> None:
    page = Html(client.get(QUERY).text)
    assert not page.all("button", **{"class": "star"})
    assert page.all("form", id="picked", method="get")
    assert len(page.all("input", type="checkbox", name="record")) == 10


def test_nothing_is_marked_where_nothing_answers(client: FlaskClient) -> None:
    page = Html(client.get("/?q=asdfghjkl").text)
    assert page.all("article")
    assert not page.all("mark")


def test_sections_lead_to_every_collection(librarian: FlaskClient) -> None:
    for address in ("/screening", "/strategies"):
        assert "コレクションはまだありません" in librarian.get(address).text
    librarian.post("/collections/add", data={"record": IDS, "name": "抄読会"})
    librarian.post("/collections/1/strategy", data={"q": "糖尿病/TI", "kind": "exact"})
    assert "/collections/1/screening" in librarian.get("/screening").text
    assert "糖尿病/TI" in librarian.get("/strategies").text
    assert "j" in librarian.get("/help").text


@pytest.fixture
def page(browser: Browser, server: str) -> Iterator[Page]:
    context = browser.new_context(
        base_url=server, locale="ja", viewport={"width": 1280, "height": 800}
    )
    yield context.new_page()
    context.close()


def test_ticks_outlast_a_page_and_are_added_together(page: Page) -> None:
    page.goto("/?q=患者")
    boxes = page.locator(".tick input")
    boxes.nth(0).check()
    boxes.nth(2).check()
    bar = page.get_by_role("form", name="選択した文献")
    expect(bar.get_by_role("status")).to_have_text("2件を選択中")
    page.get_by_role("link", name="次へ").click()
    expect(bar.get_by_role("status")).to_have_text("2件を選択中")
    boxes.nth(1).check()
    bar.get_by_label("追加先").select_option(label="新しいコレクション")
    bar.get_by_label("新しいコレクションの名前").fill("まとめて追加")
    bar.get_by_role("button", name="コレクションに加える").click()
    expect(page.locator(".done")).to_contain_text("3件を追加しました。")
    expect(page.locator(".tick input:checked")).to_have_count(0)
    # Another search begins without ticks.
    page.goto("/?q=喘息")
    expect(page.locator(".tick input:checked")).to_have_count(0)


def test_the_keys_of_a_list(page: Page) -> None:
    page.goto("/?q=患者")
    page.locator("body").press("j")
    page.keyboard.press("j")
    second = page.locator(".hits > li").nth(1)
    expect(second.locator("h2 a")).to_be_focused()
    page.keyboard.press("x")
    expect(second.locator(".tick input")).to_be_checked()
    page.keyboard.press("s")
    expect(second.locator(".star")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("s")
    expect(second.locator(".star")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("k")
    expect(page.locator(".hits h2 a").first).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="キー操作")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("/")
    page.keyboard.type("j")
    expect(page.locator("#q")).to_have_value("j")
    page.goto("/?q=患者")
    page.locator("body").press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/records/"))


def test_ticks_go_along_without_a_script(browser: Browser, server: str) -> None:
    context = browser.new_context(base_url=server, locale="ja", java_script_enabled=False)
    page = context.new_page()
    page.goto("/?q=患者")
    title = page.locator(".hits h2 a").first.inner_text()
    page.locator(".tick input").first.check()
    page.get_by_role("button", name="選択したまま次のページへ").click()
    expect(page.locator(".hits").first).to_have_attribute("start", "11")
    page.locator(".tick input").first.check()
    page.get_by_role("button", name="引用", exact=True).click()
    expect(page.locator("#citations > li")).to_have_count(2)
    expect(page.locator("#citations")).to_contain_text(title[:8])
    context.close()


# What Safari reports for the Enter that confirms a conversion, and what other browsers do.
CONFIRM = """([selector, key]) => document.querySelector(selector).dispatchEvent(
  new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true, ...key }))"""


@pytest.mark.parametrize("key", [{"keyCode": 229}, {"isComposing": True}])
def test_the_enter_of_a_conversion_sends_nothing(page: Page, key: dict[str, object]) -> None:
    page.goto("/exact?q=糖尿病")
    page.locator("#q").fill("しんふぜん")
    page.evaluate(CONFIRM, ["#q", key])
    expect(page.locator("#q")).to_have_value("しんふぜん")
    expect(page).to_have_url(re.compile("%E7%B3%96"))
    page.goto("/")
    page.locator("#q").press_sequentially("とうにょう")
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.evaluate(CONFIRM, ["#q", key])
    expect(page.locator("#q")).to_have_value("とうにょう")


@pytest.mark.parametrize(("width", "height", "most"), [(1280, 800, 300), (390, 844, 400)])
def test_the_first_hit_is_in_sight_and_nothing_jumps(
    browser: Browser, server: str, width: int, height: int, most: int
) -> None:
    context = browser.new_context(base_url=server, viewport={"width": width, "height": height})
    context.add_init_script(
        """window.shift = 0; new PerformanceObserver((list) => {
        for (const e of list.getEntries()) window.shift += e.value;
        }).observe({ type: "layout-shift", buffered: true });"""
    )
    page = context.new_page()
    for address in ("/?q=糖尿病の高齢者の低血糖&lang=ja", "/?q=falls and dementia&lang=en"):
        page.goto(address, wait_until="networkidle")
        y = page.locator(".hits > li").first.bounding_box()
        assert y
        assert y["y"] <= most, address
        assert page.evaluate("window.shift") <= 0.02
    context.close()


def test_what_is_shown_once_can_be_copied(browser: Browser, server: str) -> None:
    context = browser.new_context(
        base_url=server, locale="ja", permissions=["clipboard-read", "clipboard-write"]
    )
    page = context.new_page()
    number = page.request.post("/api/v1/collections", data={"name": "共有"}).json()["id"]
    page.goto(f"/collections/{number}/shares")
    page.get_by_role("button", name="リンクを作成").click()
    page.get_by_role("button", name="コピー").click()
    expect(page.get_by_role("button", name="コピーしました")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("#link").input_value()
    context.close()


def test_what_is_not_there_leads_on(client: FlaskClient) -> None:
    page = Html(client.get("/nowhere").text)
    assert page.all("form", role="search", action="/")
    assert page.links("/help")
