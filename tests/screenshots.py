"""The screenshots of the guides, made anew: ``python -m tests.screenshots``.

They show the sample library and a collection that is made up here; a change of the pages makes them
again, and nobody draws arrows by hand.
"""

import shutil
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from indexer.sample import build_sample
from tests.conftest import CHROMIUM
from tests.web.running import announced, start_server

IMAGES = Path(__file__).parents[1] / "docs" / "images"
_SIZE = (1120, 760)
# Enough for text on paper, and a quarter of the bytes.
_COLOURS = 64


def main() -> None:
    """Write every image of the guides."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "library"
        build_sample(library)
        process = start_server(
            *("serve", "--library", str(library), "--port", "0"),
            *("--collections", str(Path(folder) / "collections.db")),
        )
        try:
            _take_all(announced(process))
        finally:
            process.terminate()
            process.communicate(timeout=60)


def _take_all(address: str) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=[*CHROMIUM, "--lang=ja"]
        )
        width, height = _SIZE
        page = browser.new_context(
            base_url=address, locale="ja", viewport={"width": width, "height": height}
        ).new_page()
        _furnish(page)

        page.goto("/?q=糖尿病の高齢者の低血糖")
        page.locator("details.reasons").first.evaluate("d => d.open = true")
        _take(page, "search-ja", 1000)
        page.goto("/exact?q=(心不全/AL or 心房細動/AL) and 高齢者/TH")
        _take(page, "exact-ja")
        page.goto("/records/sample-cardiology-03?q=心不全の運動療法")
        _take(page, "record-ja", 900)
        page.goto("/records/sample-cardiology-03?q=heart failure exercise&lang=en")
        _take(page, "record-en", 900)
        page.goto("/map?q=高齢者の薬物療法&lang=ja")
        _take(page, "map-ja")
        page.goto("/collections/1")
        page.get_by_text("ファイルから追加").click()
        _take(page, "collection-ja", 900)
        page.goto("/collections/1/strategy")
        _take(page, "strategy-ja", 900)
        page.goto("/collections/1/screening")
        _take(page, "screening-ja")
        page.goto("/collections/1/screening/progress")
        _take(page, "progress-ja", 900)
        browser.close()


def _furnish(page: Page) -> None:
    """A collection with a strategy, notes and decisions, through the API."""

    def send(method: str, path: str, data: dict[str, object]) -> None:
        answer = page.request.fetch(f"/api/v1/collections{path}", method=method, data=data)
        assert answer.ok, answer.text()

    send("POST", "", {"name": "心不全の運動療法", "description": "循環器内科からの依頼"})
    for query, kind in (
        ("心不全/TI or 心房細動/TI", "exact"),
        ("運動療法 or リハビリテーション", "exact"),
        ("#1 or #2", "exact"),
        ("自宅でできる心臓リハビリテーション", "ranked"),
    ):
        send("POST", "/1/searches", {"q": query, "kind": kind, "top": 10})
    send("POST", "/1/searches/3/add", {})
    found = page.request.get("/api/v1/collections/1/records").json()["records"]
    ids = [item["record"]["id"] for item in found]
    send("PUT", "/1/note", {"id": ids[0], "note": "抄読会の候補"})
    send("POST", "/1/tags", {"tag": "要全文", "ids": ids[:2]})
    send(
        "PUT",
        "/1/screening/plan",
        {
            "criteria": "心不全または心房細動の患者に運動療法を行った研究",
            "reasons": ["対象が異なる", "介入が異なる", "総説"],
        },
    )
    words = {"include": ["運動療法", "リハビリテーション"], "exclude": ["小児"]}
    send("PUT", "/1/screening/words", words)
    for number, record_id in enumerate(ids[:4]):
        verdict = "include" if number == 0 else "exclude"
        decision = {"id": record_id, "verdict": verdict, "reason": "介入が異なる" * (number > 0)}
        send("POST", "/1/screening/decisions", decision)


def _take(page: Page, name: str, height: int = _SIZE[1]) -> None:
    page.set_viewport_size({"width": _SIZE[0], "height": height})
    file = IMAGES / f"{name}.png"
    page.screenshot(path=file)
    with Image.open(file) as taken:
        taken.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)


if __name__ == "__main__":
    main()
