"""How often one client may ask."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from search.ranked.engine import Engine
from search.suggest import Suggester
from tests.web.desk.conftest import app_without_library
from web.app import create_app
from web.desk.desk import open_desk
from web.http.access import Admission
from web.http.clients import client_network
from web.http.rates import Allowance, Rate


class Clock:
    moment = 100.0

    def __call__(self) -> float:
        return self.moment


def test_a_rate_allows_a_burst_then_one_after_the_other() -> None:
    clock = Clock()
    allowance = Allowance(Rate(3, 60.0), clock)
    assert [allowance.take("a") for _ in range(3)] == [0, 0, 0]
    assert allowance.take("a") == pytest.approx(20)
    assert allowance.take("b") == 0
    clock.moment += 20
    assert allowance.take("a") == 0
    assert allowance.take("a") == pytest.approx(20)
    allowance.give_back("a")
    assert allowance.take("a") == 0
    clock.moment += 3600
    assert [allowance.take("a") == 0 for _ in range(4)] == [True, True, True, False]


def test_who_has_used_nothing_lately_is_forgotten() -> None:
    clock = Clock()
    allowance = Allowance(Rate(1, 1.0), clock)
    for number in range(10_002):
        allowance.take(str(number))
    clock.moment += 10
    allowance.take("a")
    assert len(allowance._used) == 1


@pytest.mark.parametrize("text", ["", "600", "600/day", "0/minute", "-1/minute", "6e2/minute"])
def test_what_is_no_rate_says_how_one_is_written(text: str) -> None:
    with pytest.raises(ValueError, match="600/minute"):
        Rate.parse(text)


@pytest.fixture
def limited(engine: Engine, suggester: Suggester) -> FlaskClient:
    admission = Admission(local=False, guests=True, trusted_proxy="127.0.0.1")
    return create_app(engine, suggester, None, admission, rate=Rate(2, 3600.0)).test_client()


def test_each_client_of_a_proxy_has_its_own_rate(limited: FlaskClient) -> None:
    def status(**headers: str) -> int:
        return limited.get("/api/v1/complete?q=", headers=headers).status_code

    first = {"X-Forwarded-For": "203.0.113.1"}
    assert [status(**first) for _ in range(3)] == [200, 200, 429]
    # What a client writes in front of what the proxy adds changes nothing.
    assert status(**{"X-Forwarded-For": "198.51.100.7, 203.0.113.1"}) == 429
    assert status(**{"X-Forwarded-For": "203.0.113.2"}) == 200


def test_others_cannot_say_who_they_are(limited: FlaskClient) -> None:
    limited.environ_base["REMOTE_ADDR"] = "192.0.2.1"
    for number in range(2):
        limited.get("/api/v1/complete?q=", headers={"X-Forwarded-For": f"203.0.113.{number}"})
    refused = limited.get("/api/v1/complete?q=", headers={"X-Forwarded-For": "203.0.113.9"})
    assert refused.status_code == 429
    assert refused.content_type == "application/problem+json"
    assert 0 < int(refused.headers["Retry-After"]) <= 1800
    page = limited.get("/?lang=ja")
    assert page.status_code == 429
    assert "混み合っています" in page.text
    assert limited.get("/healthz").status_code == 200
    with limited.get("/static/style.css") as style:
        assert style.status_code == 200


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2::7", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::7", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_one_client_is_an_ipv4_address_or_a_network_of_ipv6(address: str, network: str) -> None:
    with Flask(__name__).test_request_context(environ_base={"REMOTE_ADDR": address}):
        assert client_network("") == network


def test_attempts_with_one_name_are_limited_over_all_addresses(tmp_path: Path) -> None:
    desk = open_desk(tmp_path / "c.db")
    desk.accounts.add("mori", "administrator", "ward wet cabbage")
    admission = Admission(local=False, trusted_proxy="127.0.0.1")
    client = app_without_library(desk, admission).test_client()

    def attempt(place: int, password: str, name: str = "mori") -> int:
        headers = {"X-Forwarded-For": f"2001:db8:{place:x}::1"}
        fields = {"name": name, "password": password}
        return client.post("/sign-in", data=fields, headers=headers).status_code

    assert attempt(0, "ward wet cabbage") == 303
    # Too long to be looked at, so that this takes no time.
    statuses = [attempt(place // 5, "x" * 2000) for place in range(70)]
    assert statuses.index(429) == 60
    assert attempt(999, "ward wet cabbage") == 429
    assert attempt(999, "x" * 2000, "another") != 429
    desk.store.close()
