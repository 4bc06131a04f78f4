"""What attackers try against accounts, sessions, tokens and the queries behind them."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.web.desk.conftest import PASSWORD, Growing, app_without_library
from tests.web.desk.test_access import routes
from web.desk import shelf
from web.desk.desk import Desk
from web.http.access import ACCESS, Admission

pytestmark = pytest.mark.slow

_UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}


@pytest.fixture
def app(staffed: Desk) -> Flask:
    return app_without_library(staffed)


def signed_in(app: Flask, desk: Desk, who: str = "administrator") -> FlaskClient:
    client = app.test_client()
    client.set_cookie("session", desk.accounts.open_session(desk.accounts.user(who)))
    return client


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:81"},
        {"Origin": "https://localhost"},
    ],
)
def test_no_unsafe_route_takes_what_another_site_sends(
    app: Flask, staffed: Desk, headers: dict[str, str]
) -> None:
    client = signed_in(app, staffed)
    asked = [(e, m, a) for e, m, a in routes(app) if m in _UNSAFE]
    assert len(asked) > 60
    for endpoint, method, address in asked:
        if endpoint == "mail_links.end_mails":
            continue  # Mail programs send it from wherever they are; its address is the permission.
        response = client.open(address, method=method, headers=headers)
        assert response.status_code == 403, (endpoint, method)
    assert shelf.collections(staffed.store) == []


def test_only_a_token_of_ours_may_come_from_another_site(staffed: Desk) -> None:
    # Browsers send along by themselves what they sign in to a proxy with.
    admission = Admission(
        local=False, trusted_proxy="127.0.0.1", remote_user_header="X-Remote-User"
    )
    client = app_without_library(staffed, admission).test_client()
    foreign = {"Sec-Fetch-Site": "cross-site", "X-Remote-User": "administrator"}
    for scheme in ("Basic", "Negotiate", "Bearer"):
        headers = {**foreign, "Authorization": f"{scheme} eA=="}
        answer = client.post("/api/v1/collections", json={"name": "x"}, headers=headers)
        assert answer.status_code == 403
    token = staffed.accounts.add_token("librarian", "", "write", timedelta(days=1))
    headers = {**foreign, "Authorization": f"Bearer {token}"}
    answer = client.post("/api/v1/collections", json={"name": "x"}, headers=headers)
    assert answer.status_code == 200


def test_a_made_up_token_is_none_where_nobody_has_an_account(desk: Desk) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Authorization": "Bearer x"}
    client = app_without_library(desk).test_client()
    answer = client.post("/api/v1/collections", json={"name": "x"}, headers=headers)
    assert answer.status_code == 403


def test_no_safe_route_changes_anything(growing: Growing) -> None:
    client = growing.app.test_client()
    client.post("/api/v1/collections", json={"name": "one"})
    db = growing.desk.store.connection

    def state() -> list[Any]:
        tables = ("changes", "items", "collections", "shares", "tokens", "users", "runs")
        return [db.execute(f"select count(*) from {t}").fetchone()[0] for t in tables]

    before = state()
    for endpoint, method, address in routes(growing.app):
        if method in {"GET", "HEAD"}:
            response = client.open(address, method=method, buffered=True)
            assert response.status_code != 500, endpoint
    assert state() == before


def test_a_session_that_was_planted_is_not_taken_over(app: Flask) -> None:
    client = app.test_client()
    client.set_cookie("session", "planted-by-somebody-else")
    answer = client.post("/sign-in", data={"name": "reader", "password": PASSWORD})
    assert answer.status_code == 303
    fresh = client.get_cookie("session")
    assert fresh
    assert fresh.value != "planted-by-somebody-else"
    other = app.test_client()
    other.set_cookie("session", "planted-by-somebody-else")
    assert other.get("/collections").status_code == 303
    # Signing in once more ends the session that there was.
    client.post("/sign-in", data={"name": "reader", "password": PASSWORD})
    other.set_cookie("session", fresh.value)
    assert other.get("/collections").status_code == 303


@pytest.mark.parametrize(
    "onward",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "http:evil.example",
        " //evil.example",
        "/a\r\nSet-Cookie: x=y",
    ],
)
def test_signing_in_leads_to_no_other_site(app: Flask, onward: str) -> None:
    answer = app.test_client().post(
        "/sign-in", data={"name": "reader", "password": PASSWORD, "next": onward}
    )
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/"
    assert "x" not in {c.partition("=")[0] for c in answer.headers.getlist("Set-Cookie")}


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_cookies_are_out_of_reach(app: Flask, scheme: str) -> None:
    answer = app.test_client().post(
        "/sign-in",
        data={"name": "reader", "password": PASSWORD},
        base_url=f"{scheme}://localhost",
    )
    for cookie in answer.headers.getlist("Set-Cookie"):
        flags = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"httponly", "samesite=lax"} <= flags
        assert ("secure" in flags) == (scheme == "https")
        assert not any(flag.startswith("domain") for flag in flags)


def test_a_token_reaches_nothing_beyond_its_scope(app: Flask, staffed: Desk) -> None:
    order = ["anyone", "search", "read", "write", "administer"]
    for scope in order[1:]:
        token = staffed.accounts.add_token("administrator", "", scope, timedelta(days=1))
        client = app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        for endpoint, method, address in routes(app):
            beyond = order.index(ACCESS[endpoint]) > order.index(scope)
            response = client.open(address, method=method, buffered=True)
            own = endpoint.startswith("own_account.")  # a token makes no tokens
            if not own:
                assert (response.status_code == 403) == beyond, (scope, endpoint)


@pytest.mark.parametrize(
    "token", ["", "x", "jmed_", "jmed_' or 1=1 --", "jmed_%", "jmed_" + "a" * 9000, "\x00"]
)
def test_what_is_no_token_opens_nothing(app: Flask, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    assert app.test_client().get("/api/v1/collections", headers=headers).status_code == 401


_INJECTIONS = [
    "' or '1'='1",
    "'; drop table items; --",
    '" or ""="',
    "%",
    "_",
    "*",
    "a* OR b*",
    "title:肺炎",
    "number:[0 TO 9]",
    "words:*",
    "\\",
    ") union select password from users --",
    "\x00",
    "NEAR(a b)",
]


@pytest.mark.parametrize("text", _INJECTIONS)
def test_queries_of_engines_and_databases_are_only_words(growing: Growing, text: str) -> None:
    client = growing.app.test_client()
    client.post("/api/v1/collections", json={"name": "one"})
    client.post("/api/v1/collections/1/records", json={"ids": ["a", "b", "c"]})
    client.post("/api/v1/collections/1/tags", json={"tag": "t", "ids": ["a"]})

    def found(address: str, **query: str) -> Any:
        answer = client.get(address, query_string=query)
        assert answer.status_code in {200, 400, 404}, answer.text
        return answer.json if answer.status_code == 200 else None

    for name in ("journal", "keyword", "publication_type"):
        for address in ("/api/v1/search", "/api/v1/exact"):
            page = found(address, q="肺炎", **{name: text})
            assert page is None or not page["hits"], name
    inside = found("/api/v1/collections/1/records", q=text, mode="words")
    assert inside is None or inside["total"] == 0
    tagged = found("/api/v1/collections/1/records", tag=text)
    assert tagged is None or tagged["total"] == 0
    found("/api/v1/exact", q=text)
    found("/api/v1/exact", q=f'"{text}"')
    found("/api/v1/complete", q=text)
    found("/api/v1/suggest", q=text)
    assert found(f"/api/v1/records/{text}") is None
    client.post("/api/v1/collections", json={"name": text})
    client.post("/api/v1/collections/1/tags", json={"tag": text, "ids": ["a"]})
    client.post("/api/v1/collections/1/searches", json={"expression": text})
    members = found("/api/v1/collections/1/records")
    assert members["total"] == 3


@pytest.mark.parametrize(
    "name", ["../../../etc/passwd", "/etc/passwd", "..\\..\\x.ris", "a\x00.ris", "x\r\nA: b.ris"]
)
def test_file_names_lead_nowhere(growing: Growing, name: str) -> None:
    client = growing.app.test_client()
    client.post("/api/v1/collections", json={"name": name.replace("\x00", "").replace("\r\n", "")})
    content = b"TY  - JOUR\nTI  - T\nER  - \n"
    sent = client.post("/api/v1/collections/1/files", query_string={"name": name}, data=content)
    assert sent.status_code in {200, 400}
    saved = client.get("/api/v1/collections/1/export?format=ris", buffered=True)
    disposition = saved.headers["Content-Disposition"]
    assert "/" not in disposition
    assert "\\" not in disposition
    for path in (f"/static/{name}", f"/api/v1/records/{name}", f"/records/{name}"):
        assert client.get(path, buffered=True).status_code in {308, 400, 404}


def test_halves_of_characters_are_refused(growing: Growing) -> None:
    client = growing.app.test_client()
    for address, key in (("/api/v1/collections", "name"), ("/api/v1/folders", "name")):
        body = f'{{"{key}": "\\ud800"}}'
        answer = client.post(address, data=body, content_type="application/json")
        assert answer.status_code == 400, answer.text
