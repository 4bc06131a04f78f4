"""What a first visit costs: bytes, requests, and what has to come before something is read."""

import pytest
from playwright.sync_api import Browser, Route

from tests.waiting import until

# Bytes that a first visit may transfer, uncompressed and headers included; a list of ten hits holds
# their descriptions for reference managers too.
HEAVIEST = {
    "/": 100_000,
    "/records/sample-cardiology-03": 100_000,
    "/?q=心房細動の再発": 130_000,
}
TRANSFERRED = """[...performance.getEntriesByType("navigation"),
  ...performance.getEntriesByType("resource")].map((e) => [e.name, e.transferSize])"""


@pytest.mark.parametrize("address", HEAVIEST)
def test_a_first_visit_is_light_and_stays_at_home(
    browser: Browser, server: str, address: str
) -> None:
    context = browser.new_context(base_url=server, locale="ja")
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address, wait_until="networkidle")
    assert all(url.startswith(server) for url in asked)
    transferred = page.evaluate(TRANSFERRED)
    assert sum(size for _, size in transferred) < HEAVIEST[address], transferred
    context.close()


def test_something_is_read_before_any_script_has_come(browser: Browser, server: str) -> None:
    context = browser.new_context(base_url=server, locale="ja")
    page = context.new_page()
    held: list[Route] = []
    page.route("**/*.js*", lambda route: held.append(route))
    page.goto("/", wait_until="commit")
    until(lambda: page.evaluate("performance.getEntriesByName('first-contentful-paint').length"))
    assert page.get_by_role("combobox").or_(page.get_by_role("searchbox")).is_visible()
    assert held
    for route in held:
        route.abort()
    context.close()


def test_only_the_style_sheet_is_waited_for(browser: Browser, server: str) -> None:
    context = browser.new_context(base_url=server, locale="ja")
    page = context.new_page()
    page.goto("/")
    blocking = page.evaluate(
        """() => performance.getEntriesByType("resource")
        .filter((e) => e.renderBlockingStatus === "blocking")
        .map((e) => new URL(e.name).pathname)"""
    )
    assert blocking == ["/static/style.css"]
    context.close()
