"""Every route of the application, with every role and with none, held to its declaration."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.web.desk.conftest import app_without_library
from web.desk import job_process
from web.desk.desk import Desk
from web.desk.settings import Settings, keep_settings
from web.http.access import ACCESS

pytestmark = pytest.mark.slow

# Who may what: the role or scope, and the kinds of access that it has.
ALLOWED = {
    "nobody": {"anyone"},
    "search": {"anyone", "search"},
    "reader": {"anyone", "search", "read"},
    "librarian": {"anyone", "search", "read", "write"},
    "administrator": {"anyone", "search", "read", "write", "administer"},
}
VALUES = {"record_id": "x", "filename": "style.css"}


@pytest.fixture
def app(staffed: Desk) -> Flask:
    return app_without_library(staffed)


def routes(app: Flask) -> list[tuple[str, str, str]]:
    """Endpoint, method and an address of every route."""
    found = []
    for rule in app.url_map.iter_rules():
        with app.test_request_context():
            values = {name: VALUES.get(name, 1) for name in rule.arguments}
            address = app.url_for(rule.endpoint, **values)
        found += [(rule.endpoint, m, address) for m in (rule.methods or set()) - {"OPTIONS"}]
    return sorted(found)


def test_every_route_says_who_may_use_it(app: Flask) -> None:
    assert {endpoint for endpoint, _, _ in routes(app)} == set(ACCESS)


@pytest.mark.parametrize("who", ALLOWED)
def test_every_route_is_open_and_closed_as_declared(app: Flask, staffed: Desk, who: str) -> None:
    for endpoint, method, address in routes(app):
        # A fresh session each: signing out is one of the routes.
        client = client_of(app, staffed, who)
        response = client.open(address, method=method, buffered=True)
        assert response.status_code != 500, (endpoint, method)
        refused = response.status_code == 403 or (
            endpoint not in {"account.sign_in", "account.sign_out"}
            and (
                response.status_code == 401
                or response.headers.get("Location", "").startswith("/sign-in")
            )
        )
        assert refused == (ACCESS[endpoint] not in ALLOWED[who]), (endpoint, method, who)
        if refused and who != "nobody":
            assert response.status_code == 403
    # What was begun by the way ends before its folder goes.
    job_process.wait()


def client_of(app: Flask, desk: Desk, who: str) -> FlaskClient:
    client = app.test_client()
    if who == "search":
        token = desk.accounts.add_token("reader", "", "search", timedelta(days=1))
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    elif who != "nobody":
        client.set_cookie("session", desk.accounts.open_session(desk.accounts.user(who)))
    return client


def test_a_token_may_no_more_than_its_user_and_its_scope(app: Flask, staffed: Desk) -> None:
    def access(user: str, scope: str) -> str:
        from web.http.access import identity

        token = staffed.accounts.add_token(user, "", scope, timedelta(days=1))
        with app.test_request_context(headers={"Authorization": f"Bearer {token}"}):
            found = identity()
            assert found
            return found.access

    assert access("administrator", "read") == "read"
    assert access("reader", "administer") == "read"
    assert access("librarian", "write") == "write"


def test_where_anyone_may_search_guests_search_and_no_more(app: Flask, staffed: Desk) -> None:
    keep_settings(staffed.store, "a", Settings(who_may_search="anyone"))
    for endpoint, method, address in routes(app):
        if endpoint in {"account.sign_in", "account.sign_out"}:
            continue
        is_open = ACCESS[endpoint] in {"anyone", "search"}
        answer = app.test_client().open(address, method=method, buffered=True)
        assert answer.status_code != 500, endpoint
        to_sign_in = answer.headers.get("Location", "").startswith("/sign-in")
        assert (to_sign_in or answer.status_code == 401) == (not is_open), (endpoint, method)
        # A program that shows a token which is none learns that, also where it needs none.
        bearer = {"Authorization": "Bearer jmed_x", "Accept": "application/json"}
        if ACCESS[endpoint] != "anyone":
            refused = app.test_client().open(address, method=method, headers=bearer)
            assert refused.status_code == 401, endpoint


def test_guests_are_offered_to_sign_in_and_users_stay_who_they_are(
    app: Flask, staffed: Desk
) -> None:
    guest = app.test_client()
    assert guest.get("/help").headers["Location"].startswith("/sign-in")
    keep_settings(staffed.store, "a", Settings(who_may_search="anyone"))
    assert "/sign-in" in guest.get("/help").text
    assert "/collections" not in guest.get("/help").text
    reader = client_of(app, staffed, "reader")
    assert "/sign-in" not in reader.get("/help").text
    assert reader.get("/users").status_code == 403
    # Whoever is locked out is a guest like anybody.
    staffed.accounts.set_disabled("reader", True)
    assert "/sign-in" in reader.get("/help").text
    keep_settings(staffed.store, "a", Settings(who_may_search="accounts"))
    assert guest.get("/help").status_code == 303
