"""Alerts: what is new, on the page, in the API, as a feed, on the command line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from lxml import etree

from search.records import Author, Record
from tests.web.desk.conftest import Growing
from web.cli import main
from web.desk import alerts, items, shelf, strategies
from web.desk.feed import Entry, atom
from web.desk.history import history, undo

ATOM = {"a": "http://www.w3.org/2005/Atom"}


@pytest.fixture
def client(growing: Growing) -> FlaskClient:
    return growing.app.test_client()


@pytest.fixture
def api(client: FlaskClient) -> Callable[..., Any]:
    """A collection with three searches and an alert on the first and the third."""

    def call(method: str, path: str, status: int = 200, **body: Any) -> Any:
        sent = {"json": body} if method != "GET" else {"query_string": body}
        response = client.open(f"/api/v1{path}", method=method, **sent)
        assert response.status_code == status, response.get_data(as_text=True)
        return response.json

    assert call("POST", "/collections", name="呼吸器")["id"] == 1
    for query in ("肺炎", "喘息", "#1 OR #2"):
        call("POST", "/collections/1/searches", q=query)
    for search in (1, 3):
        assert call("PUT", f"/collections/1/searches/{search}/alert")["new"] == []
    return call


def feed_of(client: FlaskClient, address: str) -> "etree._Element":
    response = client.get(address.removeprefix("http://localhost"))
    assert response.status_code == 200
    assert response.mimetype == "application/atom+xml"
    return etree.fromstring(response.data)


def entry_ids(feed: "etree._Element") -> list[str]:
    return [i.rpartition("/")[2] for i in feed.xpath("a:entry/a:id/text()", namespaces=ATOM)]


def test_new_until_it_is_marked_as_seen(
    client: FlaskClient, growing: Growing, api: Callable[..., Any]
) -> None:
    growing.index({"id": "f", "title": "肺炎の画像"}, {"id": "g", "title": "喘息の診断"})
    told = api("GET", "/alerts")["alerts"]
    assert [(t["search"], sorted(t["new"])) for t in told] == [(1, ["f"]), (3, ["f", "g"])]
    page = client.get("/collections/1/strategy/3/alert?lang=ja").text
    assert "喘息の診断" in page
    assert "新着 2件" in client.get("/alerts?lang=ja").text
    seen = "/collections/1/searches/3/alert/seen"
    assert api("POST", seen, 409, shown="0")["type"] == "/about#conflict"
    assert api("POST", seen, shown=told[1]["shown"])["new"] == []
    # Of this alert alone, and the page says who.
    assert [len(t["new"]) for t in api("GET", "/alerts")["alerts"]] == [1, 0]
    assert "その後の新着はありません" in client.get("/collections/1/strategy/3/alert?lang=ja").text
    # It is a change like any other.
    entry = history(growing.desk.store, 1)[1][0]
    assert (entry.action, entry.detail) == ("mark seen", {"search": "#3", "records": 2})
    undo(growing.desk.store, "a", entry.id)
    assert [len(t["new"]) for t in api("GET", "/alerts")["alerts"]] == [1, 2]


def test_the_forms_of_an_alert(
    client: FlaskClient, growing: Growing, api: Callable[..., Any]
) -> None:
    here = "/collections/1/strategy/2/alert"
    assert client.get(here).status_code == 404
    assert client.post(here, data={"do": "on"}).status_code == 303
    growing.index({"id": "g", "title": "喘息の診断"})
    shown = api("GET", "/collections/1/searches/2/alert")["shown"]
    assert client.post(here, data={"do": "add", "shown": "x"}).status_code == 409
    response = client.post(here, data={"do": "add", "shown": shown}, follow_redirects=True)
    assert "1件を追加しました。" in response.text
    assert items.record_ids(growing.desk.store, 1) == ["g"]
    assert api("GET", "/collections/1/searches/2/alert")["new"] == []
    assert client.post(here, data={"do": "paint"}).status_code == 400
    client.post(here, data={"do": "off"})
    assert client.get(here).status_code == 404
    assert len(api("GET", "/alerts")["alerts"]) == 2


def test_what_was_seen_once_is_never_new_again(growing: Growing, api: Callable[..., Any]) -> None:
    growing.index({"id": "f", "title": "肺炎の画像"})
    shown = api("GET", "/collections/1/searches/1/alert")["shown"]
    api("POST", "/collections/1/searches/1/alert/seen", shown=shown)
    growing.index({"id": "f", "title": "骨折の画像"})
    growing.index({"id": "f", "title": "肺炎の画像"})
    assert api("GET", "/collections/1/searches/1/alert")["new"] == []


def test_an_alert_whose_part_was_deleted_says_so(
    client: FlaskClient, growing: Growing, api: Callable[..., Any]
) -> None:
    api("DELETE", "/collections/1/searches/2")
    told = api("GET", "/alerts")["alerts"]
    assert [t["fault"] and t["fault"]["reason"] for t in told] == [None, "deleted line"]
    assert "この番号の検索は削除されています" in client.get("/alerts?lang=ja").text
    shown = told[1]["shown"]
    assert api("POST", "/collections/1/searches/3/alert/seen", 400, shown=shown)
    # An alert on a search that was itself deleted is silent.
    api("DELETE", "/collections/1/searches/3")
    assert len(api("GET", "/alerts")["alerts"]) == 1


def test_a_feed_shows_what_has_come_and_moves_nothing(
    client: FlaskClient, growing: Growing, api: Callable[..., Any]
) -> None:
    address = api("POST", "/collections/1/searches/3/alert/feeds")["address"]
    empty = feed_of(client, address)
    assert entry_ids(empty) == []
    growing.index(
        {"id": "f", "title": "肺炎の画像", "abstract": "<b>CT & MRI</b>", "doi": "10.1/x",
         "authors": [{"family": "山田", "given": "花子"}, {"family": "Smith", "given": "J"}],
         "journal": "架空画像", "date": "2024"},
        {"id": "g", "title": "骨折の診断"},
    )  # fmt: skip
    feed = feed_of(client, address)
    assert entry_ids(feed) == ["f"]
    (entry,) = feed.findall("a:entry", ATOM)
    assert entry.findtext("a:title", "", ATOM) == "肺炎の画像"
    assert entry.xpath("a:author/a:name/text()", namespaces=ATOM) == ["山田 花子", "Smith J"]
    assert entry.findtext("a:summary", "", ATOM) == "架空画像. 2024\n<b>CT & MRI</b>"
    assert "https://doi.org/10.1/x" in entry.xpath("a:link/@href", namespaces=ATOM)
    # Reading it marks nothing, and marking does not take from it.
    shown = api("GET", "/collections/1/searches/3/alert")
    assert shown["new"] == ["f"]
    api("POST", "/collections/1/searches/3/alert/seen", shown=shown["shown"])
    assert entry_ids(feed_of(client, address)) == ["f"]
    path = address.removeprefix("http://localhost")
    tag = client.get(path).headers["ETag"]
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 304


def test_a_feed_ends(client: FlaskClient, growing: Growing, api: Callable[..., Any]) -> None:
    path = "/collections/1/searches/3/alert/feeds"
    first, second = (api("POST", path)["address"] for _ in range(2))
    secret = first.rpartition("/")[2]
    assert secret not in "\n".join(growing.desk.store.connection.iterdump())
    number = api("GET", path)["feeds"][1]["id"]
    api("DELETE", f"{path}/{number}")
    api("DELETE", f"{path}/99", 404)
    status = {
        a: client.get(a.removeprefix("http://localhost")).status_code for a in (first, second)
    }
    assert status == {first: 404, second: 200}
    page = client.post("/collections/1/strategy/3/alert", data={"do": "feed"}).text
    assert "http://localhost/feeds/" in page
    api("DELETE", "/collections/1/searches/3/alert")
    assert client.get(second.removeprefix("http://localhost")).status_code == 404
    api("PUT", "/collections/1/searches/3/alert")
    assert client.get(second.removeprefix("http://localhost")).status_code == 200
    shelf.delete(growing.desk.store, "a", 1)
    assert client.get(second.removeprefix("http://localhost")).status_code == 404


def test_a_feed_is_valid_atom() -> None:
    """RFC 4287, 4.1.1 and 4.1.2: what a feed and an entry must have, once."""
    strange = Record(
        "x/y z",
        title="題\x00名 \ud83d",
        language="ja",
        authors=(Author("山田", ""), Author("", "")),
    )
    untitled = Record("bare", title="", language="ja")
    address = "https://example.org/feeds/s?a=1&b=2"
    written = atom(
        title="甲 & 乙", subtitle="#1 <b>", own=address, page="https://example.org/p",
        since="2026-11-01T00:00:00+00:00",
        feed_entries=[
            Entry(r, f"https://example.org/records/{n}", "2026-11-02T00:00:00+00:00",
                  "2026-11-03T09:30:00+09:00")
            for n, r in enumerate((strange, untitled))
        ],
    )  # fmt: skip
    feed = etree.fromstring(written)
    assert feed.tag == f"{{{ATOM['a']}}}feed"
    assert feed.findtext("a:id", "", ATOM) == address
    assert feed.findtext("a:updated", "", ATOM) == "2026-11-03T09:30:00+09:00"
    assert feed.xpath("a:link[@rel='self']/@href", namespaces=ATOM) == [address]
    for element in (feed, *feed.findall("a:entry", ATOM)):
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"a:{name}", ATOM)) == 1
            assert element.findtext(f"a:{name}", "", ATOM).strip()
        assert len(element.xpath("a:link[@rel='alternate']", namespaces=ATOM)) == 1
    assert feed.findtext("a:author/a:name", "", ATOM)
    assert len(set(feed.xpath("//a:id/text()", namespaces=ATOM))) == 3
    none = atom(
        title="t", subtitle="", own=address, page="p", since="2026-11-01T00:00:00+00:00",
        feed_entries=[],
    )  # fmt: skip
    assert b"<updated>2026-11-01T00:00:00Z</updated>" in none


def test_alerts_for_cron(growing: Growing, api: Callable[..., Any]) -> None:
    def run(*arguments: str) -> tuple[int, str, str]:
        command = ["collection", "alerts", "--library", str(growing.path)]
        command += ["--collections", str(growing.desk.store.path), *arguments]
        done = CliRunner().invoke(main, command)
        assert done.exception is None or isinstance(done.exception, SystemExit)
        return done.exit_code, done.stdout, done.stderr

    assert run() == (0, "", "")
    growing.index({"id": "f", "title": "肺炎の画像"})
    expected = (
        "呼吸器 #1  肺炎  1 new\n  + f  肺炎の画像\n呼吸器 #3  #1 OR #2  1 new\n  + f  肺炎の画像\n"
    )
    assert run() == run("--peek") == (0, expected, "")
    (first, _) = json.loads(run("--json", "1")[1])
    assert (first["name"], first["new"]) == ("呼吸器", ["f"])
    assert run("--mark") == (0, expected, "")
    assert run("--mark") == (0, "", "")
    assert history(growing.desk.store, 1)[1][0].who.endswith("(command line)")
    strategies.delete(growing.desk.store, "a", 1, 2)
    code, output, errors = run()
    assert (code, output) == (1, "")
    assert "#3: the search of this number was deleted" in errors
    assert run("9")[0] == 1


def test_two_who_mark_at_once(growing: Growing, api: Callable[..., Any], tmp_path: Path) -> None:
    from web.desk.history import ConflictError

    store = growing.desk.store
    growing.index({"id": "f", "title": "肺炎の画像"})
    both = [alerts.news(store, 1, alerts.alert(store, 1, 1), growing.search) for _ in range(2)]
    alerts.mark_seen(store, "a", 1, both[0])
    with pytest.raises(ConflictError):
        alerts.mark_seen(store, "b", 1, both[1])
