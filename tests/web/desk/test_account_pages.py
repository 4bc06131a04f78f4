"""The pages of accounts: administrators look after users, users after themselves."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.web.desk.conftest import PASSWORD, app_without_library
from tests.web.page import Page
from web.desk.desk import Desk
from web.http.access import Admission

pytestmark = pytest.mark.slow

NEW = "another password"


@pytest.fixture
def app(staffed: Desk) -> Flask:
    return app_without_library(staffed)


def client_of(app: Flask, desk: Desk, name: str) -> FlaskClient:
    client = app.test_client()
    client.set_cookie("session", desk.accounts.open_session(desk.accounts.user(name)))
    return client


def send(client: FlaskClient, address: str, status: int = 200, **form: object) -> str:
    response = client.post(address, data=form, follow_redirects=True)
    assert response.status_code == status, response.text
    return response.text


def value_of(page: str, field: str) -> str:
    return Page(page).all("input", id=field)[0]["value"]


def test_an_administrator_looks_after_accounts(app: Flask, staffed: Desk) -> None:
    client, accounts = client_of(app, staffed, "administrator"), staffed.accounts
    shown = send(client, "/users", do="add", name="鈴木", role="librarian")
    made = value_of(shown, "newpassword")
    assert accounts.check_password("鈴木", made)
    assert made not in client.get("/users").text
    assert "同じ名前" in send(client, "/users", 400, do="add", name="鈴木", role="reader")
    send(client, "/users", do="add", name="佐藤", role="reader", sign_on="1", password=NEW)
    assert not accounts.user("佐藤").has_password
    session = accounts.open_session(accounts.user("鈴木"))
    assert "ログイン中 1件" in client.get("/users").text
    send(client, "/users", do="sessions", name="鈴木")
    assert accounts.session_user(session) is None
    send(client, "/users", do="role", name="鈴木", role="reader")
    assert accounts.user("鈴木").role == "reader"
    send(client, "/users", do="disable", name="鈴木")
    assert "利用停止中" in client.get("/users").text
    send(client, "/users", do="enable", name="鈴木")
    assert send(client, "/users", do="password", name="鈴木", password=NEW).count(NEW) == 0
    assert accounts.check_password("鈴木", NEW)
    assert "10文字以上" in send(client, "/users", 400, do="password", name="鈴木", password="x")
    assert "管理者が一人も" in send(client, "/users", 400, do="disable", name="administrator")
    send(client, "/users", 400, do="role", name="鈴木", role="king")
    send(client, "/users", 400, do="x")
    token = accounts.add_token("鈴木", "夜間", "search", timedelta(days=1))
    assert "夜間" in client.get("/users").text
    send(client, "/users/tokens", token=accounts.tokens()[0].id)
    assert accounts.token_user(token) is None
    send(client, "/users/tokens", 400, token=99)


def test_the_first_account_is_an_administrators(desk: Desk) -> None:
    app = app_without_library(desk, Admission(local=True))
    client = app.test_client()
    assert "/users" in client.get("/collections").text
    send(client, "/users", 400, do="add", name="a", role="reader", password=PASSWORD)
    # From then on one signs in.
    page = send(client, "/users", do="add", name="a", role="administrator", password=PASSWORD)
    assert Page(page).all("input", name="name", autocomplete="username")
    assert desk.accounts.check_password("a", PASSWORD)


def test_users_change_their_password_and_stay_signed_in(app: Flask, staffed: Desk) -> None:
    client, elsewhere = (client_of(app, staffed, "reader") for _ in range(2))
    address = "/account/password"
    changed = {"old": PASSWORD, "new": NEW, "again": NEW}
    assert "現在のパスワード" in send(client, address, 400, **changed | {"old": "x"})
    assert "一致しません" in send(client, address, 400, **changed | {"again": "x"})
    assert "10文字以上" in send(client, address, 400, old=PASSWORD, new="x", again="x")
    assert elsewhere.get("/account").status_code == 200
    assert "変更しました" in send(client, address, **changed)
    assert client.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 303
    assert staffed.accounts.check_password("reader", NEW)
    other = client_of(app, staffed, "reader")
    send(client, "/account/sessions")
    assert client.get("/account").status_code == 200
    assert other.get("/account").status_code == 303


def test_users_make_and_end_their_own_tokens(app: Flask, staffed: Desk) -> None:
    client, accounts = client_of(app, staffed, "librarian"), staffed.accounts
    page = send(client, "/account/tokens", name="表計算", scope="write", days=30)
    token = value_of(page, "newtoken")
    assert accounts.token_user(token)
    assert token not in client.get("/account").text
    assert "表計算" in client.get("/account").text
    assert "表計算" not in client_of(app, staffed, "reader").get("/account").text
    for wrong in ({"scope": "administer", "days": 30}, {"scope": "write", "days": 9999}):
        send(client, "/account/tokens", 400, **wrong)
    number = accounts.tokens("librarian")[0].id
    send(client_of(app, staffed, "reader"), "/account/tokens", 400, do="revoke", token=number)
    assert accounts.token_user(token)
    # A token makes no other: it would outlive itself.
    bearer = {"Authorization": f"Bearer {token}"}
    form = {"scope": "write", "days": 365}
    assert app.test_client().post("/account/tokens", data=form, headers=bearer).status_code == 404
    send(client, "/account/tokens", do="revoke", token=number)
    assert accounts.token_user(token) is None


def test_the_pages_are_in_both_languages(app: Flask, staffed: Desk) -> None:
    client = client_of(app, staffed, "administrator")
    for address in ("/users", "/account"):
        for language in ("ja", "en"):
            assert Page(client.get(f"{address}?lang={language}").text).all("html", lang=language)
