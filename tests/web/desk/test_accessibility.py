"""axe-core finds nothing on any page, in both languages and both colour schemes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page

from tests.waiting import until
from tests.web.desk.conftest import PASSWORD, app_without_library, desk_serving
from web.desk.account_links import ask_to_confirm, invite, open_reset
from web.desk.desk import Desk, open_desk
from web.desk.unsubscribing import unsubscribe_token
from web.http.language import PAGES

# What WCAG 2.2 AA asks for, and what axe's makers think good.
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = ["color-contrast", "link-in-text-block"]
# Colours are the dearest to look at, and the language changes none: Japanese pages show them all.
RUNS = {
    "ja": [("light", {"runOnly": STANDARDS}), ("dark", {"runOnly": COLOURS})],
    "en": [
        ("light", {"runOnly": STANDARDS, "rules": {rule: {"enabled": False} for rule in COLOURS}})
    ],
}
# Of many parts that are alike a few are looked into: axe takes minutes for the whole reference.
A_FEW = """
for (const d of [...document.querySelectorAll("details")].slice(0, 5)) d.open = true;
for (const parent of document.querySelectorAll("main, main *")) {
  const seen = {};
  for (const child of [...parent.children]) {
    const kind = child.tagName + "." + child.className;
    seen[kind] = (seen[kind] || 0) + 1;
    if (seen[kind] > 5) child.remove();
  }
}"""
RUN = """
rules => axe.run({...rules, resultTypes: ["violations"]}).then(found => found.violations)"""
BILINGUAL = "sample-cardiology-03"
# A record that can be read, and one that cannot.
BROKEN = "TY  - JOUR\nTI  - 心不全\nER  - \nTY  - JOUR\nPY  - 2020\nER  - \n".encode()

# Every page by its endpoint; a page in several states has several addresses.
ADDRESSES = {
    "account.sign_in_form": ["/sign-in"],
    "alerts.index": ["/alerts"],
    "alerts.show": ["/collections/1/strategy/1/alert"],
    "backups.ask": ["{backup}/restore"],
    "backups.show": ["/library/backups"],
    "collections.index": ["/collections"],
    "collections.record": [f"/collections/1/record?record={BILINGUAL}"],
    "collections.shared": ["{share}"],
    "collections.show": ["/collections/1", "/collections/1?q=心不全"],
    "collections.show_history": ["/collections/1/history"],
    "collections.show_shares": ["/collections/1/shares"],
    "collections.show_tags": ["/collections/1/tags"],
    "duplicates.show": ["/collections/1/duplicates"],
    # Where no code is needed, there is no such page.
    "first_run.ask": ["/start/code"],
    "first_run.show": ["/start"],
    "jobs.index": ["/library/jobs"],
    "jobs.show": ["/library/jobs/1"],
    "measure.show": ["/library/measure"],
    "forgotten.choose": ["/password/{password}"],
    "forgotten.show": ["/forgotten"],
    "growing.show": ["/collections/1/growing"],
    "invitations.show": ["/invitations/{invitation}", "/invitations/none"],
    "mail_links.show": ["/mail/{mail}"],
    "mail_links.unsubscribe_form": ["/unsubscribe/{unsubscribe}"],
    "merges.show": ["/library/merges"],
    "names.show": ["/library/terminology"],
    "overview.show": ["/collections/1/overview"],
    "own_account.show": ["/account"],
    "pages.about": ["/about"],
    "pages.exact": ["/exact", "/exact?q=患者&per_page=20", "/exact?q=(", "/exact?q=糖尿病 麻疹 MS"],
    "pages.gallery": ["/about/gallery"],
    "pages.map": ["/map?q=高齢者の転倒"],
    "pages.record": [f"/records/{BILINGUAL}?q=心不全の運動療法", "/records/nowhere"],
    "pages.search": ["/", "/?q=糖尿病の高齢者", "/?q=高齢者に[MASK]", "/?q=ｚｑｘｗｖｊ", "/?q="],
    "pages.thesaurus": [
        "/thesaurus",
        "/thesaurus?q=心筋&base=患者",
        "/thesaurus?concept=心不全&base=患者",
        "/thesaurus?concept=抗菌薬",
        "/thesaurus?concept=どこにもない",
    ],
    "printing.show": ["/collections/1/print"],
    "progress.flow_records": ["/collections/1/screening/flow/records?box=identified"],
    "progress.show": ["/collections/1/screening/progress"],
    "reference.show": ["/reference"],
    "report.show": ["/collections/1/report"],
    "screening.show": ["/collections/1/screening"],
    "screening.show_conflicts": ["/collections/1/screening/conflicts"],
    "screening.show_decisions": ["/collections/1/screening/decisions"],
    "screening.show_plan": ["/collections/1/screening/plan"],
    "sections.guide": ["/help"],
    "sections.screening": ["/screening"],
    "sections.strategies": ["/strategies"],
    "selection.show": [
        f"/selected?record={BILINGUAL}&record=sample-cardiology-01",
        f"/selected?view=compare&record={BILINGUAL}&record=sample-cardiology-01",
        "/selected",
    ],
    "settings.show": ["/settings"],
    "strategies.show": ["/collections/1/strategy"],
    "strategies.show_changes": ["/collections/1/strategy/1/changes"],
    "strategies.show_search": ["/collections/1/strategy/1"],
    "suggestions.draft": ["/draft?q=糖尿病"],
    "upkeep.index": ["/library"],
    "upkeep.show_import": ["/library/imports/1"],
    "upkeep.show_imports": ["/library/imports"],
    "upkeep.show_removal": ["/library/remove", "/library/remove?expression=心不全"],
    "upkeep.show_versions": ["/library/versions"],
    "uploads.look": ["{upload}"],
    "uploads.show": ["/library/import"],
    "usage.show": ["/library/use"],
    "users.show": ["/users"],
}
# Answers that are no pages.
FILES = {
    *(
        "pages.static",
        "pages.model_card",
        "pages.build",
        "pages.headings",
        "alerts.feed",
        "collections.export",
        "report.file",
    ),
    *("progress.flow_file", "progress.test_set", "selection.file"),
    *("progress.flow_document", "screening.save_records", "settings.show_logo"),
    *("backups.save", "upkeep.save_left_out"),
}


def test_every_page_is_looked_at(desk: Desk) -> None:
    app: Flask = app_without_library(desk)
    pages = {
        str(rule.endpoint)
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and rule.endpoint.partition(".")[0] in PAGES
    }
    assert set(ADDRESSES) == pages - FILES


@dataclass
class Desktop:
    """A browser page of someone signed in, and what stands for the secrets of addresses."""

    page: Page
    secrets: dict[str, str]

    def post(self, path: str, data: dict[str, Any], method: str = "post") -> Any:
        send = getattr(self.page.request, method)
        answer = send(f"/api/v1{path}", data=data)
        assert answer.ok, answer.text()
        return answer.json()


def furnished(page: Page) -> Desktop:
    """A collection with everything that a page can show."""
    page.goto("/sign-in?lang=ja")
    page.get_by_label("利用者名").fill("administrator")
    page.get_by_label("パスワード").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="ログイン").click()
    desktop = Desktop(page, {})
    desktop.post("/folders", {"name": "診療科"})
    desktop.post("/collections", {"name": "循環器", "description": "心不全と不整脈", "folder": 1})
    desktop.post("/collections/1/records", {"exact": {"q": "心不全 OR 心房細動 OR 糖尿病"}})
    desktop.post("/collections/1/records", {"ids": [BILINGUAL]})
    desktop.post("/collections/1/tags", {"tag": "重要", "ids": [BILINGUAL]})
    desktop.post("/collections/1/note", {"id": BILINGUAL, "note": "抄読会で使う"}, "put")
    for query, kind in (("心不全 OR 心房細動", "exact"), ("運動療法", "ranked")):
        desktop.post("/collections/1/searches", {"q": query, "kind": kind})
    desktop.post("/collections/1/searches/rerun", {})
    desktop.post("/collections/1/searches/1/alert", {}, "put")
    desktop.post("/collections/1/screening/decisions", {"id": BILINGUAL, "verdict": "include"})
    desktop.secrets["share"] = desktop.post("/collections/1/shares", {})["address"]
    broken = {"name": "broken.ris", "mimeType": "text/plain", "buffer": BROKEN}
    desktop.secrets["upload"] = page.request.post("/library/import", multipart={"file": broken}).url
    page.request.post("/library/backups", form={})
    until(lambda: "データベース" in page.request.get(desktop.secrets["upload"]).text())
    backups = until(lambda: re.findall(r"/library/backups/[^/]+\.db", listed(page)))
    desktop.secrets["backup"] = backups[0]
    return desktop


def listed(page: Page) -> str:
    """The page of backups."""
    return page.request.get("/library/backups").text()


def secrets_of_mails(file: Path) -> dict[str, str]:
    """What the links of mails end with."""
    desk = open_desk(file)
    accounts, store = desk.accounts, desk.store
    accounts.set_mail("reader", "reader@example.org", confirmed=False)
    found = {
        "invitation": invite(store, "administrator", "reader", name="suzuki"),
        "password": open_reset(store, "administrator", "reader"),
        "mail": ask_to_confirm(store, "reader"),
        "unsubscribe": unsubscribe_token(store, accounts.user("reader")),
    }
    store.close()
    return found


@pytest.fixture(scope="module")
def desktop(
    browser: Browser,
    sample_library: Path,
    staff_file: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Desktop]:
    folder = tmp_path_factory.mktemp("desktop")
    with (
        desk_serving(sample_library, staff_file, folder) as address,
        browser.new_context(base_url=address) as context,
    ):
        found = furnished(context.new_page())
        found.secrets |= secrets_of_mails(folder / "collections.db")
        yield found


@pytest.mark.parametrize("language", RUNS)
def test_axe_finds_nothing(desktop: Desktop, language: str) -> None:
    page = desktop.page
    axe, found = Axe(), []
    for path in (path for paths in ADDRESSES.values() for path in paths):
        for name, secret in desktop.secrets.items():
            path = path.replace(f"{{{name}}}", secret)
        page.goto(f"{path}{'&' if '?' in path else '?'}lang={language}")
        page.evaluate(A_FEW)
        page.evaluate(axe.axe_script)
        for scheme, rules in RUNS[language]:
            page.emulate_media(color_scheme=scheme)
            for fault in page.evaluate(RUN, rules):
                nodes = [(n["target"], n["html"][:200]) for n in fault["nodes"][:3]]
                found.append((path, scheme, fault["id"], nodes))
    assert found == [], "\n".join(map(str, found))
