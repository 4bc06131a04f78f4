"""The page in a real browser: what a librarian does, with and without JavaScript."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def page(browser: Browser, server: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(base_url=server, locale="ja", java_script_enabled=request.param)
    yield context.new_page()
    context.close()


@pytest.fixture
def watched(browser: Browser, server: str) -> Iterator[tuple[Page, list[str]]]:
    """A page with scripts, and what it complained about or asked of other hosts."""
    context = browser.new_context(base_url=server, locale="ja")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request",
        lambda request: None if request.url.startswith(server) else complaints.append(request.url),
    )
    yield page, complaints
    context.close()


def test_words_are_completed_while_they_are_typed(watched: tuple[Page, list[str]]) -> None:
    page, complaints = watched
    page.goto("/?lang=ja")
    box = page.get_by_role("combobox", name="検索語")
    box.press_sequentially("高齢者 とうにょう")
    options = page.get_by_role("listbox", name="ライブラリの用語").get_by_role("option")
    expect(options.first).to_contain_text("糖尿病")
    expect(box).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("status").filter(has_text="候補")).to_have_count(1)

    # Nothing is chosen until the user does; Escape leaves what was typed.
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    expect(box).to_have_value("高齢者 とうにょう")
    box.press_sequentially("b")
    expect(options.first).to_be_visible()
    page.keyboard.press("ArrowDown")
    chosen = page.locator("[role=option][aria-selected=true]")
    expect(chosen).to_have_count(1)
    term = chosen.locator("span").first.inner_text()
    expect(box).to_have_attribute("aria-activedescendant", "completion-0")
    page.keyboard.press("Enter")
    expect(box).to_have_value(f"高齢者 {term}")
    expect(page).not_to_have_url(re.compile("q="))

    box.press_sequentially(" しん")
    expect(options.first).to_be_visible()
    options.nth(1).click()
    expect(box).to_have_value(re.compile(f"^高齢者 {term} .+"))
    page.keyboard.press("Enter")
    expect(page.locator(".hits > li").first).to_be_visible()
    assert complaints == []


def test_search_suggestion_filter_record_and_back(page: Page) -> None:
    page.goto("/")
    page.get_by_label("検索語", exact=True).fill("糖尿病")
    page.get_by_role("button", name="検索", exact=True).click()
    hits = page.locator(".hits > li")
    expect(hits).to_have_count(10)

    chip = page.get_by_role("navigation", name="検索語候補").get_by_role("link").first
    term = chip.locator("[lang]").inner_text()
    chip.click()
    expect(page.locator("#q")).to_have_value(f"糖尿病 {term}")

    page.get_by_label("発行年（から）").fill("2020")
    page.get_by_label("抄録のある文献のみ").check()
    page.get_by_role("button", name="絞り込む").click()
    expect(page.get_by_label("発行年（から）")).to_have_value("2020")
    expect(page.locator("#q")).to_have_value(f"糖尿病 {term}")
    expect(page.locator(".hits .year").first).to_have_text(re.compile("202[0-9]"))

    results = page.url
    title = page.locator(".hits h2 a").first.inner_text()
    page.locator(".hits h2 a").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    expect(page.get_by_role("heading", name="類似文献")).to_be_visible()

    page.get_by_role("link", name="検索結果に戻る").click()
    expect(page.locator(".hits h2 a").first).to_have_text(title)
    expect(page.get_by_label("発行年（から）")).to_have_value("2020")
    page.go_back()
    page.go_back()
    assert page.url == results


def test_suggestions_work_by_keyboard(page: Page) -> None:
    page.goto("/?q=糖尿病")
    suggestions = page.get_by_role("navigation", name="検索語候補")
    term = suggestions.locator(".chip [lang]").first.inner_text()
    suggestions.locator(".chip").first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    details = suggestions.locator("details[open]")
    expect(details).to_have_count(1)
    decline = details.get_by_role("button", name="この語は出さない")
    expect(decline).to_be_visible()
    decline.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("この訪問中は候補に出さない語")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile(f"追加.*{re.escape(term)} "))).to_have_count(0)


def test_the_language_switch_keeps_the_search(page: Page) -> None:
    page.goto("/?q=喘息")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("button", name="Search", exact=True)).to_be_visible()
    expect(page.get_by_label("Query", exact=True)).to_have_value("喘息")


def test_slash_leads_to_the_search_box(watched: tuple[Page, list[str]]) -> None:
    page, _ = watched
    page.goto("/records/sample-cardiology-01")
    page.goto("/?q=喘息")
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("a/b")
    expect(page.locator("#q")).to_have_value("a/b")


def test_empty_filters_stay_out_of_the_address(watched: tuple[Page, list[str]]) -> None:
    page, _ = watched
    page.goto("/?q=喘息")
    page.get_by_role("button", name="絞り込む").click()
    page.wait_for_url(re.compile(r"/\?q=[^&]*$"))
    page.go_back()
    expect(page.get_by_label("雑誌名")).to_be_enabled()


def test_nothing_is_refused_and_nothing_comes_from_elsewhere(
    watched: tuple[Page, list[str]],
) -> None:
    page, complaints = watched
    for address in ("/", "/?q=喘息", "/records/sample-cardiology-01", "/about"):
        page.goto(address, wait_until="networkidle")
    assert complaints == []


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_no_page_scrolls_sideways(browser: Browser, server: str, width: int) -> None:
    context = browser.new_context(base_url=server, viewport={"width": width, "height": 800})
    page = context.new_page()
    for address in ("/", "/?q=心房細動&lang=en", "/records/sample-cardiology-01", "/about"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(browser: Browser, server: str, scheme: str) -> None:
    context = browser.new_context(base_url=server, color_scheme=scheme)
    page = context.new_page()
    page.goto("/?q=喘息")
    colours = page.evaluate(
        """names => { const s = getComputedStyle(document.documentElement);
        return Object.fromEntries(names.map(n => [n, s.getPropertyValue("--" + n).trim()])); }""",
        ["paper", "card", "ink", "soft", "link", "visited", "accent", "on-accent", "marker",
         "term", "grave", "grave-ground", "care", "care-ground"],
    )  # fmt: skip
    pairs = [
        *((text, ground) for text in ("ink", "soft", "link", "visited", "accent", "term")
          for ground in ("paper", "card")),
        *((text, "marker") for text in ("ink", "term")),
        ("on-accent", "accent"), ("grave", "grave-ground"), ("care", "care-ground"),
    ]  # fmt: skip
    for text, ground in pairs:
        assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    context.close()


def contrast(first: str, second: str) -> float:
    """The contrast ratio of two #rrggbb colours, as WCAG 2.2 defines it."""
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
