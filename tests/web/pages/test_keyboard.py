"""The main paths by keyboard alone: no pointer, the focus in sight, what changes announced."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.waiting import until

# What the focused element is called and shows of its focus.
FOCUSED = """() => {
  const e = document.activeElement, s = getComputedStyle(e);
  return { text: (e.getAttribute("aria-label") || e.textContent || "").trim(), tag: e.tagName,
           name: e.getAttribute("name") || "", outline: s.outlineStyle + s.outlineWidth };
}"""

FOCUS_IS_SEEN = """() => {
  const b = document.activeElement.getBoundingClientRect();
  return b.width > 0 && b.bottom > 0 && b.top < innerHeight;
}"""


@pytest.fixture
def page(browser: Browser, server: str) -> Iterator[Page]:
    context = browser.new_context(
        base_url=server, locale="ja", viewport={"width": 1280, "height": 900}
    )
    yield context.new_page()
    context.close()


def tab_to(page: Page, wanted: str, most: int = 120) -> None:
    """Press Tab until what is focused is called ``wanted`` (a pattern)."""
    for _ in range(most):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        assert focused["tag"] != "BODY", f"the end of the page came before {wanted}"
        assert focused["outline"].startswith("solid3px"), focused
        if re.search(wanted, f"{focused['name']} {focused['text']}"):
            return
    pytest.fail(f"{wanted} is not among the first {most} stops")


def test_from_a_query_to_a_record_and_back(page: Page) -> None:
    page.goto("/")
    # The box has the focus: one types at once, and Tab leads on to the button.
    page.keyboard.type("糖尿病の高齢者")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(page.locator(".hits > li")).to_have_count(10)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # skip to content
    expect(page.locator("main")).to_be_focused()

    tab_to(page, "^ 関連度$")
    page.keyboard.press("Enter")
    tab_to(page, "新しい順")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("sort=year"))

    tab_to(page, "意味 .*位")
    page.keyboard.press("Enter")
    expect(page.locator("details.reasons[open]")).to_have_count(1)
    tab_to(page, "year_from")
    page.keyboard.type("2015")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("year_from=2015"))

    title = page.locator(".hits h2 a").first.inner_text()
    tab_to(page, re.escape(title))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    tab_to(page, "検索結果に戻る")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("year_from=2015"))


def test_an_exact_search_is_sent_and_mended(page: Page) -> None:
    page.goto("/exact")
    page.keyboard.type("(糖尿病/TI")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    tab_to(page, r"\(糖尿病/TI\)")
    page.keyboard.press("Enter")
    expect(page.locator(".hits > li").first).to_be_visible()


def test_a_record_goes_into_a_new_collection(page: Page) -> None:
    page.goto("/records/sample-cardiology-01")
    tab_to(page, "コレクションに追加")
    page.keyboard.press("Enter")
    tab_to(page, "^name ")
    page.keyboard.type("鍵盤で作った集まり")
    tab_to(page, "^ 追加$")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="1件を追加しました。")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("鍵盤で作った集まり")


def test_the_focus_never_leaves_the_sight(page: Page) -> None:
    page.goto("/?q=糖尿病")
    for _ in range(60):
        page.keyboard.press("Tab")
        # The page scrolls a moment after the key.
        until(lambda: page.evaluate(FOCUS_IS_SEEN))


def test_nothing_moves_where_motion_is_unwelcome(browser: Browser, server: str) -> None:
    context = browser.new_context(base_url=server, reduced_motion="reduce")
    page = context.new_page()
    page.goto("/?q=糖尿病")
    moving = page.evaluate(
        """() => [document.documentElement, ...document.querySelectorAll("*")].filter((e) => {
        const s = getComputedStyle(e);
        return s.scrollBehavior === "smooth" || s.animationName !== "none"
          || s.transitionDuration !== "0s"; }).length"""
    )
    assert moving == 0
    context.close()
