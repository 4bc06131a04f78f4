"""From an empty folder to a searched library in a real browser, without a terminal."""

import json
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.waiting import LONG, until
from tests.web.running import announced, start_server

TOPICS = ("肺炎", "心不全", "喘息", "糖尿病", "転倒", "褥瘡", "誤嚥", "高血圧")
RIS = "".join(
    f"TY  - JOUR\nTI  - {TOPICS[i % 8]}の看護 {i}\nAB  - {TOPICS[i % 8]}の患者{i}名を調べた。\n"
    f"PY  - 20{10 + i % 10}\nID  - {i}\nER  - \n"
    for i in range(40)
)


def test_from_an_empty_folder(browser: Browser, tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    process = start_server(
        *("serve", "--library", str(library), "--port", "0"),
        *("--collections", str(tmp_path / "collections.db")),
    )
    try:
        _take_the_steps(browser, announced(process), tmp_path)
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=LONG)
    assert "Traceback" not in errors


def _take_the_steps(browser: Browser, address: str, folder: Path) -> None:
    page = browser.new_context(base_url=address, locale="ja").new_page()
    page.set_default_timeout(LONG * 1000)
    page.goto("/")
    expect(page.get_by_role("heading", name="はじめに")).to_be_visible()
    page.get_by_label("日本語名").fill("架空病院図書室")
    page.get_by_role("button", name="保存").first.click()
    expect(page.get_by_role("banner").get_by_text("架空病院図書室")).to_be_visible()

    page.get_by_role("link", name="ファイルを取り込む").click()
    files = {
        "医中誌.ris": RIS.encode(),
        "もう一つ.jsonl": json.dumps({"id": "one", "title": "せん妄の予防"}).encode(),
        "壊れたもの.pdf": b"%PDF-1.7",
    }
    # Dropped, as a hand drops them.
    dropped = page.evaluate_handle(
        """(files) => {
          const data = new DataTransfer();
          for (const [name, text] of files) data.items.add(new File([text], name));
          return data;
        }""",
        [[name, content.decode()] for name, content in files.items()],
    )
    page.dispatch_event("#drop", "drop", {"dataTransfer": dropped})
    expect(page.get_by_label("データベース")).to_be_visible(timeout=LONG * 1000)
    expect(page.get_by_text("PDF です。")).to_be_visible()
    page.get_by_label("データベース").fill("医中誌Web")
    page.get_by_label("検索日").fill("2026-11-20")
    page.get_by_role("button", name="取り込む", exact=True).click()
    # It is watched: the page brings itself up to date until there is something else to do.
    expect(page.locator(".stages [aria-current=step]")).to_be_visible(timeout=LONG * 1000)
    expect(page.get_by_text("第1版として公開しました。")).to_be_visible(timeout=LONG * 1000)

    # What is read of a new library for the first time may take longer than one request.
    until(lambda: page.request.get("/?q=せん妄").ok)
    page.get_by_role("link", name="ライブラリを検索").click()
    page.locator("#q").fill("せん妄の予防")
    page.locator("#q").press("Enter")
    expect(page.locator(".hits > li").first).to_contain_text("せん妄の予防")

    page.goto("/library/jobs/2")
    page.get_by_role("button", name="元に戻す（空のライブラリへ）").click()
    expect(page.get_by_text("空のライブラリに戻しました。")).to_be_visible(timeout=LONG * 1000)
    page.goto("/library/versions")
    page.get_by_role("button", name="第1版に切り替える").click()
    expect(page.get_by_text("第1版に切り替えました。")).to_be_visible(timeout=LONG * 1000)

    page.goto("/start")
    page.get_by_label("利用者名").fill("mori")
    page.get_by_label("パスワード", exact=True).fill("correct horse battery")
    page.get_by_label("パスワード（確認）").fill("correct horse battery")
    page.get_by_role("button", name="アカウントを作成").click()
    expect(page.get_by_role("link", name="mori", exact=True)).to_be_visible()
    stranger = browser.new_context(base_url=address, locale="ja").new_page()
    stranger.goto("/")
    expect(stranger.get_by_label("利用者名")).to_be_visible()
