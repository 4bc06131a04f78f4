"""An afternoon of two reviewers in a real browser: keys, a conflict, the estimate, the flow
diagram, and the decisions as a test set that jmedsearch eval reads."""

import json
import re
import zipfile
from pathlib import Path

from click.testing import CliRunner
from playwright.sync_api import Browser, Page, expect

from tests.web.desk.conftest import PASSWORD
from web.cli import main

WORDS = ("糖尿病", "肺炎", "骨折", "喘息")


def signed_in(browser: Browser, desk_server: str, name: str) -> Page:
    page = browser.new_context(base_url=desk_server, locale="ja", accept_downloads=True).new_page()
    page.goto("/collections")
    page.get_by_label("利用者名").fill(name)
    page.get_by_label("パスワード").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="ログイン").click()
    expect(page.get_by_role("link", name=name)).to_be_visible()
    return page


def decide(page: Page, key: str) -> str:
    """Press a key for the record that is shown; its id."""
    decided = page.locator("#decide input[name=record]").get_attribute("value")
    done = page.locator(".progressline strong").first.inner_text()
    page.keyboard.press(key)
    if key not in "u":
        counted = page.locator(".progressline strong").first
        moved_on = counted.filter(has_not_text=re.compile(rf"^\s*{re.escape(done)}\s*$"))
        nothing_left = page.locator("main:not(:has(#decide))")
        expect(moved_on.or_(nothing_left).first).to_be_visible()
    return str(decided)


def test_an_afternoon_of_two_reviewers(
    browser: Browser,
    desk_server: str,
    sample_library: Path,
    tmp_path: Path,
) -> None:
    ann = signed_in(browser, desk_server, "librarian")
    ben = signed_in(browser, desk_server, "administrator")

    # Ann collects from the library, and twice from one file.
    ann.goto("/exact?q=" + " OR ".join(WORDS))
    ann.locator("summary").get_by_text("保存", exact=True).click()
    ann.locator("#what").select_option("exact")
    ann.locator("#new_name").fill("糖尿病のスクリーニング")
    ann.locator("form:has(#what)").get_by_role("button", name="追加", exact=True).click()
    here = ann.url.partition("?")[0]
    source = tmp_path / "more.ris"
    source.write_text("TY  - JOUR\nTI  - 糖尿病の新しい治療\nPY  - 2020\nID  - 1\nER  - \n")
    for _ in range(2):
        ann.goto(here)
        ann.get_by_text("ファイルから追加").click()
        ann.locator("input[type=file]").set_input_files(source)
        ann.locator("details[open]").get_by_role("button", name="追加").click()
    number = int(here.rsplit("/", 1)[1])

    # The plan: criteria, reasons with keys, two reviewers, words in green and red.
    ann.goto(f"{here}/screening/plan")
    ann.locator("#criteria1").fill("糖尿病の治療")
    ann.locator("#reasons1").fill("対象が違う\n動物")
    ann.locator("#reviewers1").select_option("2")
    ann.locator("form:has(#criteria1) button").click()
    ann.locator("#include").fill("糖尿病")
    ann.locator("#exclude").fill("骨折")
    ann.locator("form:has(#include) button").click()

    # Both screen with keys: i, m, e, 1, and u for one that was pressed by mistake.
    for page in (ann, ben):
        page.goto(f"{here}/screening")
        expect(page.locator(".criteria")).to_contain_text("糖尿病の治療")
        mistaken = decide(page, "e")
        page.keyboard.press("u")
        expect(page.locator("#decide input[name=record]")).to_have_attribute("value", mistaken)
        verdicts: dict[str, str] = {}
        differently = ["m", "e"]
        while page.locator("#decide").count():
            title = page.locator("#title").text_content() or ""
            key = "i" if "糖尿病" in title else "1" if "骨折" in title else "e"
            # Ben excludes one that Ann includes, and is not sure of another.
            if page is ben and key == "i" and differently:
                key = differently.pop()
            verdicts[decide(page, key)] = key
        assert len(verdicts) > 10
        expect(page.locator("main")).to_contain_text("判定する文献はもうありません")

    # The estimate has moved to its end, for all was read.
    ben.goto(f"{here}/screening/progress?lang=en")
    expect(ben.locator("#bound")).to_have_text("100%")

    # What they see differently is settled; kappa says how much that was.
    ann.goto(f"{here}/screening/conflicts")
    expect(ann.locator(".conflicts > li")).not_to_have_count(0)
    expect(ann.locator(".figures")).to_contain_text("administrator · librarian")
    while ann.locator(".conflicts > li").count():
        left = ann.locator(".conflicts > li").count()
        ann.locator(".conflicts > li").first.get_by_role("button", name="採用").click()
        expect(ann.locator(".conflicts > li")).to_have_count(left - 1)

    # Full texts, by one of them.
    ann.goto(f"{here}/screening?stage=full-text")
    while ann.locator("#decide").count():
        decide(ann, "i")
    flow = ann.request.get(f"/api/v1/collections/{number}/screening/flow").json()
    assert flow["adds_up"]
    assert flow["waiting"] == flow["waiting_full_text"] == 0
    assert flow["duplicates"] == 1
    assert flow["included"] == flow["sought"] > 0
    ann.goto(f"{here}/screening/progress?lang=en")
    expect(ann.locator(".prisma svg")).to_contain_text(f"(n = {flow['included']})")

    # The decisions are a test set: evaluated against the library.
    ann.request.post(
        f"/api/v1/collections/{number}/searches",
        data={"q": "糖尿病の治療", "kind": "ranked", "top": 20},
    )
    ann.goto(f"{here}/screening/progress?lang=en")
    with ann.expect_download() as download:
        ann.get_by_role("link", name="Save as test data").click()
    with zipfile.ZipFile(download.value.path()) as packed:
        packed.extractall(tmp_path)
    directory = tmp_path / "test-set"
    arguments = [str(directory), "--library", str(sample_library), "--json"]
    arguments += ["--peers", str(directory / "runs")]
    done = CliRunner().invoke(main, ["eval", *arguments], catch_exceptions=False)
    measured = {row["leg"]: row for row in json.loads(done.stdout)}
    assert {"fused", "dense", "lexical", "search-1"} <= set(measured)
    assert measured["fused"]["nDCG@10"] > 0.3
