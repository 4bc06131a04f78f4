"""Strategies through their pages, the API and the commands; the report after PRISMA-S."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from tests.web.desk.conftest import Growing
from tests.web.page import Page
from web.cli.program import main
from web.desk import items, shelf
from web.desk.report import ITEMS
from web.http.language import spoken
from web.reports.prisma_s import as_markdown, item_headings, report

pytestmark = pytest.mark.slow

API = "/api/v1/collections/1"
HERE = "/collections/1/strategy"
Run = Callable[..., str]


@pytest.fixture
def client(growing: Growing) -> FlaskClient:
    shelf.create(growing.desk.store, "a", "呼吸器")
    client = growing.app.test_client()
    client.set_cookie("lang", "ja")
    return client


def post(client: FlaskClient, address: str, status: int = 200, **form: Any) -> str:
    response = client.post(address, data=form, follow_redirects=True)
    assert response.status_code == status, response.text
    return response.text


def call(client: FlaskClient, method: str, path: str, status: int = 200, **body: Any) -> Any:
    sent = {"json": body} if method != "GET" else {"query_string": body}
    response = client.open(f"{API}{path}", method=method, **sent)
    assert response.status_code == status, response.get_data(as_text=True)
    return response.json


def three_searches(client: FlaskClient) -> None:
    post(client, HERE, q="肺炎", kind="exact", name="対象", note="成人も小児も")
    post(client, HERE, q="吸入の指導", kind="ranked", top="2", year_from="２０２０")
    post(client, HERE, do="combine", search=["1", "2"], operator="OR")


def test_a_search_of_the_strategy_can_be_for_words_within(client: FlaskClient) -> None:
    assert 'name="words"' in client.get(HERE).text
    post(client, HERE, q="肺炎", kind="exact", words="高齢者")
    assert "結果内の語：高齢者" in client.get(HERE).text
    post(client, HERE, q="肺炎", kind="exact")
    narrowed, whole = call(client, "GET", "/searches")["searches"]
    assert (narrowed["last"]["count"], whole["last"]["count"]) == (1, 3)


def test_a_strategy_by_its_forms(client: FlaskClient, growing: Growing) -> None:
    assert "検索はまだありません" in client.get(HERE).text
    three_searches(client)
    page = client.get(HERE).text
    for shown in ("#1 OR #2", "関連度検索・上位2件を固定", "関連度検索の上位（固定）を含む (#2)"):
        assert shown in page
    assert "発行年：2020–" in page
    assert "成人も小児も" in page
    one = client.get(f"{HERE}/1").text
    assert "高齢者の" in one
    assert "<mark" in one or 'class="term"' in one
    assert "全件" in one
    assert "全件ではありません" in client.get(f"{HERE}/3").text

    growing.index({"id": "f", "title": "肺炎の画像"})
    growing.remove("a")
    page = post(client, f"{HERE}/rerun", do="all")
    assert "再実行しました" in page
    assert "新着 1件" in page
    assert "非該当 1件" in page
    changes = client.get(f"{HERE}/1/changes").text
    assert "肺炎の画像" in changes
    assert "ライブラリから削除済み" in changes
    earlier = client.get(f"{HERE}/1?run=1").text
    assert "2回中1回目の実行" in earlier
    assert "1件はライブラリから削除されています" in earlier
    assert client.get(f"{HERE}/1/changes?run=1").status_code == 404

    assert "1件を追加しました。" in post(client, f"{HERE}/1", do="add new", run="2")
    assert items.record_ids(growing.desk.store, 1) == ["f"]
    assert "2件を追加しました。 1件は" in post(client, f"{HERE}/1", do="add", run="2")
    post(client, f"{HERE}/1", 400, do="add new", run="1")
    post(client, f"{HERE}/1", do="describe", name="新名", note="")
    assert call(client, "GET", "/searches/1")["search"]["name"] == "新名"
    page = Page(post(client, f"{HERE}/3", do="delete"))
    assert [li["id"] for li in page.all("li") if "id" in li] == ["search1", "search2"]
    undo = page.all("input", name="change")[0]["value"]
    post(client, "/collections/1/history", change=undo)
    assert len(call(client, "GET", "/searches")["searches"]) == 3
    assert "#3" in client.get("/collections/1/history").text


def test_what_is_wrong_is_shown_where_it_was_typed(client: FlaskClient) -> None:
    three_searches(client)
    page = post(client, HERE, 400, q="#1 AND #9", name="あとで")
    assert '<mark class="wrong">#9</mark>' in page
    assert "この番号の検索はありません" in page
    assert "#1 AND #9</textarea>" in page
    assert Page(page).all("input", name="name")[0]["value"] == "あとで"
    assert "肺炎[tiab]" in post(client, HERE, 400, q="肺炎[tiba]")
    assert "2015のように4桁" in post(client, HERE, 400, q="肺炎", year_from="20")
    post(client, HERE, 400, q=" ", kind="ranked")
    post(client, HERE, 400, do="combine", search=["1"])
    post(client, f"{HERE}/2", do="delete")
    page = post(client, f"{HERE}/rerun", 400, do="all")
    assert "#3 は再実行できませんでした" in page
    assert '<mark class="wrong">#2</mark>' in page
    assert call(client, "GET", "/searches/1")["search"]["runs"] == 2


def test_a_part_that_was_run_again_alone_is_pointed_out(client: FlaskClient) -> None:
    three_searches(client)
    post(client, f"{HERE}/rerun", search="1")
    assert "#1 がその後に再実行されています" in client.get(HERE).text
    post(client, f"{HERE}/rerun", search="3")
    assert "がその後に再実行されています" not in client.get(HERE).text


def test_a_search_is_kept_from_where_it_was_made(client: FlaskClient) -> None:
    for path, kind in (("/exact?q=肺炎&year_from=2020", "exact"), ("/?q=肺炎", "ranked")):
        page = Page(client.get(path).text)
        form = {a["name"]: a["value"] for a in page.all("input", type="hidden") if "name" in a}
        assert page.all("button", formaction="/collections/strategy/keep")
        assert form["kind"] == kind
        kept = post(client, "/collections/strategy/keep", **{**form, "collection": "1"})
        assert "肺炎" in kept
    first, second = call(client, "GET", "/searches")["searches"]
    assert (first["syntax"], first["filters"]["year_from"], first["last"]["count"]) == (
        "exact",
        2020,
        2,
    )
    assert (second["syntax"], second["top"]) == ("ranked", 100)
    post(client, "/collections/strategy/keep", 400, q="肺炎", year_from="x", collection="1")


def test_every_page_in_both_languages(client: FlaskClient, growing: Growing) -> None:
    three_searches(client)
    post(client, f"{HERE}/rerun", do="all")
    post(client, f"{HERE}/1/alert", do="on")
    paths = (HERE, f"{HERE}/3?run=1", f"{HERE}/1/changes", f"{HERE}/1/alert", "/alerts")
    for path in (*paths, "/collections/1/report"):
        for language in ("ja", "en"):
            joined = "&" if "?" in path else "?"
            response = client.get(f"{path}{joined}lang={language}")
            assert response.status_code == 200
            page = Page(response.text)
            assert page.all("html", lang=language)
            switch = page.all("a", rel="alternate")[0]["href"]
            assert switch.partition("?")[0] == path.partition("?")[0]
            assert ("run=1" in switch) == ("run=1" in path)
            assert client.get(switch).status_code == 200


def test_without_a_library_what_was_found_can_still_be_read(
    client: FlaskClient, growing: Growing
) -> None:
    three_searches(client)
    (growing.path / "CURRENT").unlink()
    for path in (HERE, f"{HERE}/1", "/collections/1/report"):
        assert client.get(path).status_code == 200
    assert ">c<" in client.get(f"{HERE}/1").text
    assert client.post(HERE, data={"q": "肺炎"}).status_code == 503


def test_the_api(client: FlaskClient, growing: Growing) -> None:
    first = call(client, "POST", "/searches", q="肺炎", retraction="exclude", name="P")
    manifest = growing.engine.generation().manifest
    last = first["last"]
    assert (first["number"], first["syntax"], last["count"]) == (1, "exact", 3)
    assert (last["generation"], last["model_hash"]) == (1, manifest.encoder_fingerprint)
    ranked = call(client, "POST", "/searches", q="吸入", kind="ranked", top=2)
    assert ranked["last"]["frozen"] == [2]
    third = call(client, "POST", "/searches", q="#1 NOT #2")
    assert (third["syntax"], third["last"]["parts"]) == ("combination", {"1": 1, "2": 1})
    wrong = call(client, "POST", "/searches", 400, q="#1 AND #9")
    assert (wrong["fault"]["reason"], wrong["fault"]["fragment"]) == ("unknown line", "#9")
    call(client, "POST", "/searches", 400, q="x", top=0)
    found = call(client, "GET", "/searches/1/records", per_page=2, page=2)
    assert (found["total"], [r["id"] for r in found["records"]]) == (3, ["a"])
    listed = call(client, "GET", "/searches/2/records")["records"]
    assert [r["rank"] for r in listed] == [1, 2]
    call(client, "GET", "/searches/1/changes", 400)
    growing.index({"id": "f", "title": "肺炎の画像"})
    done = call(client, "POST", "/searches/rerun", searches=[3])["searches"]
    assert [r["search"]["number"] for r in done] == [1, 2, 3]
    assert done[0]["changes"]["changed"] == {"new": ["f"], "gone": [], "moved": []}
    assert call(client, "GET", "/searches/1/changes")["changed"]["new"] == ["f"]
    assert call(client, "POST", "/searches/1/add", only="new")["added"] == 1
    assert call(client, "POST", "/searches/1/add", run=1)["added"] == 3
    call(client, "PATCH", "/searches/1", note="注")
    assert [r["number"] for r in call(client, "GET", "/searches/1")["runs"]] == [2, 1]
    call(client, "DELETE", "/searches/2")
    call(client, "GET", "/searches/2", 404)
    call(client, "GET", "/searches/1/records", 404, run=9)
    again = call(client, "POST", "/searches/rerun")["searches"]
    assert [r["fault"] and r["fault"]["reason"] for r in again] == [None, "deleted line"]


def test_the_report_knows_what_the_desk_knows_and_leaves_blanks(
    client: FlaskClient, growing: Growing
) -> None:
    empty = call(client, "GET", "/report")
    assert [i["item"] for i in empty["items"]] == list(ITEMS)
    three_searches(client)
    made = call(client, "GET", "/report", lang="ja")
    blanks = {i["item"] for i in made["items"] if i["blank"]}
    assert blanks == {
        *("multi-database searching", "study registries", "online resources and browsing"),
        *("citation searching", "contacts", "others", "search filters", "prior work"),
        *("updates", "peer review"),
    }
    text = made["markdown"]
    assert "## 14. 検索式の査読" in text
    assert text.count("＿＿＿＿＿＿＿＿ （要記入）") == len(blanks)
    for copied in ("```\n肺炎\n```", "```\n#1 OR #2\n```", "文献庫", "発行年：2020–", "3件"):
        assert copied in text
    call(client, "PUT", "/report", item="peer review", text="PRESSで査読")
    call(client, "PUT", "/report", 409, item="peer review", text="別", seen="")
    call(client, "PUT", "/report", 400, item="weather", text="x")
    page = client.get("/collections/1/report").text
    assert "PRESSで査読</textarea>" in page
    assert "9項目が未記入です" in page
    post(client, "/collections/1/report", **{"item contacts": "なし", "seen contacts": ""})
    stale = {"item contacts": "x", "seen contacts": ""}
    assert client.post("/collections/1/report", data=stale).status_code == 409
    post(client, "/collections/1/report", **{"item contacts": "", "seen contacts": "なし"})
    for ending, mimetype in (("md", "text/markdown"), ("txt", "text/plain")):
        saved = client.get(f"/collections/1/report/file?format={ending}", buffered=True)
        assert saved.mimetype == mimetype
        assert "PRESSで査読" in saved.data.decode()
    assert client.get("/collections/1/report/file?format=doc").status_code == 400
    call(client, "POST", "/searches/1/add")
    main, other, *_ = (r["id"] for r in call(client, "GET", "/searches/1/records")["records"])
    call(client, "POST", "/duplicates", main=main, others=[other])
    text = call(client, "GET", "/report", lang="ja")["markdown"]
    assert "コレクション内で別の文献にまとめた重複：1件" in text


def test_a_query_is_copied_into_the_report_as_it_is(growing: Growing, client: FlaskClient) -> None:
    query = '"a ``` b" OR x_y OR [y]/TI OR <b>'
    call(client, "POST", "/searches", q=query)
    with spoken("en"):
        text = as_markdown(report(growing.desk.store, 1, "a_b*", None))
        assert len({heading for heading, _ in item_headings().values()}) == len(ITEMS)
    assert f"````\n{query}\n````" in text
    assert "a\\_b\\*" in text
    assert query.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&#34;") in (
        client.get("/collections/1/report").text
    )


@pytest.fixture
def run(growing: Growing) -> Run:
    def command(*arguments: str, code: int = 0, library: bool = True) -> str:
        options = ["--collections", str(growing.desk.store.path)]
        options += ["--library", str(growing.path)] if library else []
        done = CliRunner().invoke(main, ["collection", *arguments, *options])
        assert done.exception is None or isinstance(done.exception, SystemExit)
        assert done.exit_code == code, done.output
        return done.output

    return command


def test_a_strategy_by_commands_alone(growing: Growing, run: Run, tmp_path: Path) -> None:
    run("create", "呼吸器", library=False)
    line = run("search", "1", "肺炎", "--name", "対象", "--year-from", "2019")
    assert line.startswith("#1  対象: 肺炎  year_from=2019  2 records  2026-")
    assert "[ranked, first 2 frozen]" in run("search", "1", "吸入", "--ranked", "--top", "2")
    assert "[with frozen #2]" in run("search", "1", "#1 or #2")
    wrong = run("search", "1", "#1 and #8", code=1)
    assert "there is no search of this number\n  #1 and #8\n         ^^" in wrong
    growing.index({"id": "f", "title": "肺炎の画像", "date": "2023"})
    assert "  + f  肺炎の画像\n" in run("rerun", "1", "1")
    assert run("add-found", "1", "1", "--new") == "1 added, 0 there already\n"
    assert run("add-found", "1", "1") == "2 added, 1 there already\n"
    listed = json.loads(run("searches", "1", "--json", library=False))
    assert (listed[0]["number"], listed[0]["runs"], listed[0]["last"]["count"]) == (1, 2, 3)
    run("describe-search", "1", "1", "--note", "注", library=False)
    run("describe-search", "1", "2", "--delete", library=False)
    assert len(run("searches", "1", library=False).splitlines()) == 2
    assert "the search of this number was deleted" in run("rerun", "1", code=1)
    assert [s["fault"] for s in json.loads(run("rerun", "1", "--json", code=1))] == [
        None,
        "deleted line",
    ]
    assert "was run once" in run("add-found", "1", "3", "--new", code=1)
    run("alert", "1", "1", library=False)
    run("alert", "1", "1", "--off", library=False)
    run("alert", "1", "1", "--off", code=1, library=False)
    run("report", "1", "--item", "peer review", "--text", "PRESS", library=False)
    assert "## 14. 検索式の査読" in run("report", "1")
    english = run("report", "1", "--language", "en", library=False)
    assert "## 14. Peer review" in english
    assert "PRESS" in english
    run("report", "1", "--item", "peer review", code=2)
