"""Users, passwords, sessions and tokens; signing in; single sign-on; requests of other sites."""

import time
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from tests.web.desk.conftest import PASSWORD, app_without_library
from web.cli import main
from web.desk.accounts import AccountError
from web.desk.desk import Desk
from web.desk.password_strength import is_guessable
from web.http.access import Admission

# A page that needs the desk only, behind the door of "search".
INNER = "/about"


def sign_in(client: FlaskClient, name: str, password: str = PASSWORD, onward: str = "") -> int:
    return client.post(
        "/sign-in", data={"name": name, "password": password, "next": onward}
    ).status_code


def test_no_secret_lies_in_the_file(staffed: Desk) -> None:
    secrets = [
        PASSWORD,
        staffed.accounts.open_session(staffed.accounts.user("reader")),
        staffed.accounts.add_token("reader", "", "search", timedelta(days=1)),
    ]
    dump = "\n".join(staffed.store.connection.iterdump())
    assert "$argon2id$" in dump
    assert not any(secret in dump for secret in secrets)


def test_what_an_account_cannot_be(staffed: Desk) -> None:
    accounts = staffed.accounts
    for name, password, message in (
        ("READER", PASSWORD, "already"),
        ("new", "short", "at least 10"),
        ("new", "Sakura2024!", "easy to guess"),
        ("new", "kangoshi-2024", "easy to guess"),
        ("hanako.suzuki", "Hanako.Suzuki1", "easy to guess"),
        (" ", PASSWORD, "printable"),
        ("a\nb", PASSWORD, "printable"),
    ):
        with pytest.raises(AccountError, match=message):
            accounts.add(name, "reader", password)
    with pytest.raises(AccountError, match="no user 'none'"):
        accounts.set_password("none", PASSWORD)
    with pytest.raises(AccountError, match="administrator"):
        accounts.set_disabled("administrator", True)
    with pytest.raises(AccountError, match="administrator"):
        accounts.set_role("administrator", "reader")


def test_long_passwords_are_looked_at_no_longer_than_short_ones(staffed: Desk) -> None:
    # Every letter has several readings, of which an estimator without a limit tries each.
    started = time.process_time()
    staffed.accounts.set_password("reader", "4@8({[<3e6g1!|17$5+7%2z" * 40)
    assert time.process_time() - started < 5
    assert not is_guessable("静かな 鯨は 青い 鍵を 数える", "reader")


@pytest.mark.slow
def test_a_new_password_ends_tokens_where_that_is_asked_for(staffed: Desk) -> None:
    secret = staffed.accounts.add_token("reader", "nightly", "read", timedelta(days=1))
    client = app_without_library(staffed).test_client()
    sign_in(client, "reader")
    fields = {"old": PASSWORD, "new": "another password", "again": "another password"}
    assert "end_tokens" in client.get("/account").text
    assert client.post("/account/password", data=fields).status_code == 303
    assert staffed.accounts.token_user(secret) is not None
    fields = {"old": "another password", "new": PASSWORD, "again": PASSWORD, "end_tokens": "1"}
    assert client.post("/account/password", data=fields).status_code == 303
    assert staffed.accounts.token_user(secret) is None
    assert "end_tokens" not in client.get("/account").text
    weak = {"old": PASSWORD, "new": "password123", "again": "password123"}
    refused = client.post("/account/password?lang=en", data=weak)
    assert refused.status_code == 400
    assert "easy to guess" in refused.text


def test_a_password_of_the_command_line_ends_tokens_too(staffed: Desk) -> None:
    secret = staffed.accounts.add_token("reader", "nightly", "read", timedelta(days=1))
    arguments = ["user", "passwd", "reader", "--password-stdin", "--end-tokens"]
    arguments += ["--collections", str(staffed.store.path)]
    result = CliRunner().invoke(main, arguments, input="kangoshi2024\n")
    assert (result.exit_code, "easy to guess" in result.output) == (1, True)
    assert staffed.accounts.token_user(secret) is not None
    assert CliRunner().invoke(main, arguments, input="ward wet cabbage\n").exit_code == 0
    assert staffed.accounts.token_user(secret) is None


def test_the_first_user_administers(desk: Desk) -> None:
    with pytest.raises(AccountError, match="administrator"):
        desk.accounts.add("first", "reader", PASSWORD)
    assert not desk.accounts.exist()


@pytest.mark.slow
def test_without_accounts_this_machine_has_one_user_and_others_may_search_at_most(
    desk: Desk,
) -> None:
    for admission, status in (
        (Admission(local=True), 200),
        (Admission(local=False, guests=True), 200),
        (Admission(local=False), 303),
    ):
        client = app_without_library(desk, admission).test_client()
        assert client.get(INNER).status_code == status


@pytest.mark.slow
def test_signing_in_and_out(staffed: Desk) -> None:
    client = app_without_library(staffed).test_client()
    refused = client.get(INNER)
    assert refused.status_code == 303
    assert refused.headers["Location"] == "/sign-in?next=/about"
    assert sign_in(client, "reader", "wrong password") == 401
    assert sign_in(client, "nobody") == 401
    assert client.get_cookie("session") is None
    response = client.post(
        "/sign-in", data={"name": "Reader", "password": PASSWORD, "next": "/about?lang=en"}
    )
    assert response.headers["Location"] == "/about?lang=en"
    cookie = client.get_cookie("session")
    assert cookie
    assert cookie.http_only
    assert cookie.same_site == "Lax"
    assert not cookie.secure
    assert client.get(INNER).status_code == 200
    # A new session each time; the one before is over.
    assert sign_in(client, "reader") == 303
    assert client.get_cookie("session") != cookie
    assert staffed.accounts.session_user(cookie.value) is None
    newer = client.get_cookie("session")
    assert newer
    assert client.post("/sign-out").status_code == 303
    assert client.get(INNER).status_code == 303
    assert staffed.accounts.session_user(newer.value) is None


def test_the_cookie_is_secure_over_https(staffed: Desk) -> None:
    client = app_without_library(staffed).test_client()
    client.post(
        "/sign-in", base_url="https://localhost", data={"name": "reader", "password": PASSWORD}
    )
    cookie = client.get_cookie("session")
    assert cookie
    assert cookie.secure


@pytest.mark.parametrize("onward", ["https://evil.example", "//evil.example", "/\\evil", "/\t/e"])
def test_signing_in_leads_nowhere_else(staffed: Desk, onward: str) -> None:
    client = app_without_library(staffed).test_client()
    response = client.post(
        "/sign-in", data={"name": "reader", "password": PASSWORD, "next": onward}
    )
    assert response.headers["Location"] == "/"


@pytest.mark.slow
def test_locking_out_and_a_new_password_end_sessions_and_tokens(staffed: Desk) -> None:
    accounts = staffed.accounts
    session = accounts.open_session(accounts.user("reader"))
    token = accounts.add_token("reader", "", "search", timedelta(days=1))
    accounts.set_password("reader", "another password")
    assert accounts.session_user(session) is None
    assert accounts.check_password("reader", PASSWORD) is None
    session = accounts.open_session(accounts.user("reader"))
    accounts.set_disabled("reader", True)
    assert accounts.session_user(session) is None
    assert accounts.token_user(token) is None
    assert accounts.check_password("reader", "another password") is None
    accounts.set_disabled("reader", False)
    assert accounts.check_password("reader", "another password")


def test_tokens_expire_and_can_be_revoked(staffed: Desk) -> None:
    accounts = staffed.accounts
    client = app_without_library(staffed).test_client()

    def status(token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return client.get("/api/v1/openapi.json", headers=headers).status_code

    token = accounts.add_token("reader", "portal", "search", timedelta(days=1))
    assert status(token) == 200
    assert status(token + "x") == 401
    assert status(accounts.add_token("reader", "", "search", timedelta(seconds=-1))) == 401
    (listed, *_) = [t for t in accounts.tokens() if t.name == "portal"]
    accounts.revoke_token(listed.id)
    assert status(token) == 401
    response = client.get("/api/v1/openapi.json")
    assert response.headers["WWW-Authenticate"].lower().startswith("bearer")
    assert response.content_type == "application/problem+json"


def test_a_proxy_names_the_user_and_nobody_else_does(staffed: Desk) -> None:
    app = app_without_library(
        staffed, Admission(False, False, trusted_proxy="10.0.0.1", remote_user_header="X-User")
    )
    staffed.accounts.add("山田", "reader", None)

    def status(peer: str, name: str) -> int:
        return (
            app.test_client()
            .get(
                INNER,
                headers={"X-User": name.encode().decode("latin-1")},
                environ_base={"REMOTE_ADDR": peer},
            )
            .status_code
        )

    assert status("10.0.0.1", "reader") == 200
    assert status("10.0.0.1", "山田") == 200
    assert status("10.0.0.1", "unknown") == 303
    assert status("10.0.0.2", "reader") == 303
    assert staffed.accounts.check_password("山田", "") is None


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "http://localhost"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"}, False),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "https://localhost"}, False),
        ({"Origin": "null"}, False),
    ],
)
def test_pages_of_other_sites_change_nothing(
    desk: Desk, headers: dict[str, str], allowed: bool
) -> None:
    client = app_without_library(desk).test_client()
    assert (client.post("/sign-out", headers=headers).status_code == 303) == allowed


def test_the_commands(tmp_path: Path) -> None:
    file = str(tmp_path / "c.db")

    def run(*arguments: str, given: str = "") -> str:
        result = CliRunner().invoke(main, [*arguments, "--collections", file], input=given)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.output

    words = ("user", "add", "chief", "--password-stdin", "--role")
    assert "administrator first" in run(*words, "reader", given=PASSWORD)
    assert run(*words, "administrator", given=f"{PASSWORD}\n") == "chief: administrator\n"
    assert "sso" in run("user", "add", "sso", "--no-password")
    run("user", "disable", "sso")
    assert "sso  reader, disabled, single sign-on" in run("user", "list")
    run("user", "enable", "sso")
    run("user", "role", "sso", "librarian")
    assert '"librarian"' in run("user", "list", "--json")
    assert "no user 'x'" in run("user", "passwd", "x", "--password-stdin")
    assert run("user", "passwd", "sso", "--password-stdin", given="a long password\n") == ""
    token = run("token", "add", "sso", "--scope", "read", "--name", "nightly", "--expires", "12h")
    assert token.startswith("jmed_")
    assert token.strip() not in run("token", "list")
    assert "nightly" in run("token", "list", "--json")
    run("token", "revoke", "1")
    assert "revoked" in run("token", "list")
    assert "90d" in run("token", "add", "sso", "--expires", "soon")


def test_a_proxy_header_needs_a_proxy(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        main, ["serve", "--library", str(tmp_path), "--remote-user-header", "X-User"]
    )
    assert "--trusted-proxy" in result.output
    # An empty folder would be a first run, which asks for a code.
    (tmp_path / "notes.txt").touch()
    result = CliRunner().invoke(
        main, ["serve", "--library", str(tmp_path), "--trusted-proxy", "127.0.0.1"]
    )
    assert result.exit_code == 2
    assert "no accounts" in result.output
