"""A librarian's morning in a real browser, without JavaScript: every form is a plain one."""

import json
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.web.desk.conftest import PASSWORD

# One paper from two databases, and its preprint.
PAPER = "TI  - 他院からの文献：足病変の予防に関する研究\nAU  - 山田, 花子\n"
RIS = "".join(
    f"TY  - JOUR\n{PAPER}{more}ER  - \n"
    for more in (
        "PY  - 2021\nDO  - 10.9999/a\nID  - 1\n",
        "PY  - 2021\nDO  - 10.9999/a\nAN  - 12345678\nDB  - PubMed\n",
        "PY  - 2019\nDO  - 10.51094/jxiv.9\nT2  - Jxiv\n",
    )
)


def test_a_librarians_morning(browser: Browser, desk_server: str, tmp_path: Path) -> None:
    context = browser.new_context(base_url=desk_server, locale="ja", java_script_enabled=False)
    page = context.new_page()
    page.goto("/collections")
    page.get_by_label("利用者名").fill("librarian")
    page.get_by_label("パスワード").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="ログイン").click()

    page.get_by_label("名称", exact=True).fill("糖尿病の診療")
    page.get_by_role("button", name="作成").first.click()
    page.get_by_text("ファイルから追加").click()
    source = tmp_path / "export.ris"
    source.write_text(RIS)
    page.locator("input[type=file]").set_input_files(source)
    page.locator("details[open]").get_by_role("button", name="追加").click()
    expect(page.get_by_text("3件を追加しました。")).to_be_visible()
    expect(page.get_by_text("ライブラリ外").first).to_be_visible()
    collection = page.url.partition("?")[0]
    records = page.locator(".hits > li")
    expect(records).to_have_count(3)

    page.get_by_role("link", name="重複", exact=True).click()
    page.get_by_role("button", name="確実な1組を1件にまとめる").click()
    expect(page.get_by_text("1組をそれぞれ1件にまとめました。")).to_be_visible()
    expect(page.get_by_text("プレプリントまたは会議録と原著")).to_be_visible()
    page.get_by_role("button", name="1件にまとめる", exact=True).click()
    expect(page.get_by_text("判断していない重複の候補はありません。")).to_be_visible()
    page.goto(collection)
    expect(records).to_have_count(1)
    expect(page.get_by_text("ほか2件の重複をまとめて表示")).to_be_visible()

    for searched, what in (("/exact?q=患者/TI", "exact"), ("/?q=足の潰瘍", "page")):
        page.goto(searched)
        page.locator("summary").get_by_text("保存", exact=True).click()
        page.get_by_label("対象", exact=True).select_option(what)
        page.locator("details[open]").get_by_role("button", name="追加", exact=True).click()
        expect(page.locator(".done")).to_contain_text("件を追加しました。")

    page.goto(collection)
    parts = page.get_by_role("navigation", name="コレクションの内容")
    parts.get_by_role("link", name="検索戦略").click()
    for query, kind in (("糖尿病 OR 腎症", "exact"), ("透析を避けたい患者", "ranked")):
        page.get_by_label("ライブラリを検索").fill(query)
        page.get_by_label("検索の種類").select_option(kind)
        page.get_by_role("button", name="検索", exact=True).click()
        parts.get_by_role("link", name="検索戦略").click()
    for mark in ("#1", "#2"):
        page.get_by_label(f"選択：{mark}").check()
    page.get_by_label("演算子").select_option("NOT")
    page.get_by_role("button", name="履歴検索").click()
    expect(page.get_by_text("関連度検索の上位（固定）を含む (#2)")).to_be_visible()
    page.get_by_role("button", name="コレクションに追加").click()
    expect(page.locator(".done")).to_contain_text("件を追加しました。")

    count = records.count()
    assert count > 10
    page.get_by_role("checkbox").nth(0).check()
    page.get_by_role("checkbox").nth(1).check()
    page.get_by_label("タグ", exact=True).fill("採用")
    page.get_by_role("button", name="タグを付ける").click()
    expect(page.get_by_text("2件にタグを付けました。")).to_be_visible()
    page.get_by_role("checkbox").nth(2).check()
    page.get_by_role("button", name="コレクションから外す").click()
    expect(records).to_have_count(count - 1)
    page.get_by_role("button", name="元に戻す").click()
    expect(records).to_have_count(count)

    page.get_by_role("link", name="共有リンク").click()
    page.get_by_role("button", name="リンクを作成").click()
    link = page.locator("#link").input_value()
    stranger = browser.new_context(locale="ja").new_page()
    stranger.goto(link)
    expect(stranger.locator(".hits > li")).to_have_count(count)
    stranger.goto(collection)
    expect(stranger.get_by_label("利用者名")).to_be_visible()

    page.goto(collection)
    page.get_by_text("ファイルに保存").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="JSON", exact=True).click()
    saved = tmp_path / "saved.json"
    download.value.save_as(saved)
    for name, content in (
        ("Excel", b"PK"),
        ("文献リスト（SIST 02） (テキスト)", "山田花子".encode()),
    ):
        with page.expect_download() as download:
            page.get_by_role("link", name=name, exact=True).click()
        assert content in Path(download.value.path()).read_bytes()
    page.get_by_role("link", name="印刷用ページ").click()
    expect(page.locator(".printed li")).to_have_count(count)
    page.goto("/collections")
    page.get_by_text("コレクションの取り込み").click()
    page.locator("input[type=file]").set_input_files(saved)
    page.get_by_role("button", name="取り込む").click()
    expect(records).to_have_count(count)
    page.get_by_text("ファイルに保存").click()
    with page.expect_download() as again:
        page.get_by_role("link", name="JSON", exact=True).click()
    # It is the same, but for the mark of whom the file names.
    text = Path(again.value.path()).read_text(encoding="utf-8")
    assert " (imported)" in text
    copied = json.loads(text.replace(" (imported)", ""))
    assert copied["history"].pop()["action"] == "import collection"
    assert copied == json.loads(saved.read_text())

    page.get_by_role("button", name="ログアウト").click()
    page.goto(collection)
    expect(page.get_by_label("利用者名")).to_be_visible()
    assert_narrow(page, desk_server)


def assert_narrow(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
