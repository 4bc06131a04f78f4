"""Signing in, and trying to without being allowed to."""

import pytest

from tests.web.desk.conftest import PASSWORD, app_without_library
from web.desk.desk import Desk


def test_passwords_cannot_be_tried_out(staffed: Desk) -> None:
    client = app_without_library(staffed).test_client()

    def status(name: str, password: str) -> int:
        return client.post("/sign-in", data={"name": name, "password": password}).status_code

    # Overlong ones are refused without hashing, and count all the same.
    assert status("reader", PASSWORD) == 303
    assert [status("reader", "x" * 2000) for _ in range(10)] == [401] * 10
    refused = client.post("/sign-in", data={"name": "Reader ", "password": PASSWORD})
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert status("librarian", PASSWORD) == 303


def test_the_present_password_cannot_be_tried_out_either(staffed: Desk) -> None:
    client = app_without_library(staffed).test_client()
    client.set_cookie("session", staffed.accounts.open_session(staffed.accounts.user("reader")))
    new = {"new": "another password", "again": "another password"}

    def status(old: str) -> int:
        return client.post("/account/password", data={"old": old, **new}).status_code

    assert [status("x" * 2000) for _ in range(10)] == [400] * 10
    assert status(PASSWORD) == 429
    assert staffed.accounts.check_password("reader", PASSWORD)


@pytest.mark.parametrize("accept", ["*/*", "application/json", "", None])
@pytest.mark.parametrize("address", ["/collections", "/metrics", "/opensearch?any=x", "/?q=x"])
def test_programs_are_told_that_they_have_not_signed_in(
    staffed: Desk, address: str, accept: str | None
) -> None:
    client = app_without_library(staffed).test_client()
    if accept is None:
        del client.environ_base["HTTP_ACCEPT"]
    else:
        client.environ_base["HTTP_ACCEPT"] = accept
    answer = client.get(address)
    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"
    assert "Bearer" in answer.headers["WWW-Authenticate"]


class TestBehindAProxy:
    """Where nobody has an account, whoever a proxy brings would be this machine's user."""

    @pytest.mark.parametrize(
        "header", ["X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "Via", "X-Real-IP"]
    )
    def test_what_it_brings_is_refused(self, desk: Desk, header: str) -> None:
        client = app_without_library(desk).test_client()
        for address in ("/collections", "/users", "/api/v1/collections"):
            refused = client.get(address, headers={header: "192.0.2.7"})
            assert refused.status_code == 403
            assert "--trusted-proxy" in refused.text
        made = client.post("/api/v1/collections", json={"name": "x"}, headers={header: "a"})
        assert made.status_code == 403
        assert client.get("/healthz", headers={header: "192.0.2.7"}).status_code == 200
        assert client.get("/collections").status_code == 200

    def test_with_accounts_it_brings_whoever_signs_in(self, staffed: Desk) -> None:
        client = app_without_library(staffed).test_client()
        client.set_cookie("session", staffed.accounts.open_session(staffed.accounts.user("reader")))
        assert client.get("/account", headers={"X-Forwarded-For": "192.0.2.7"}).status_code == 200
