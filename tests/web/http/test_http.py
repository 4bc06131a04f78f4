"""What HTTP offers: ETags, compression, sizes, other sites' pages."""

import gzip

import pytest
from flask import Flask
from flask.testing import FlaskClient

from search.ranked.engine import Engine
from search.suggest import Suggester
from web.app import create_app
from web.http.origins import checked_origin
from web.http.overload import REFUSED

ADDRESS = "/api/v1/records/sample-cardiology-01"


@pytest.mark.parametrize("encoding", ["", "gzip", "br", "zstd"])
def test_an_answer_that_the_client_has_is_not_sent_again(
    client: FlaskClient, encoding: str
) -> None:
    headers = {"Accept-Encoding": encoding}
    first = client.get(ADDRESS, headers=headers)
    tag = first.headers["ETag"]
    assert (":" in tag) == bool(encoding)
    again = client.get(ADDRESS, headers={**headers, "If-None-Match": tag})
    assert again.status_code == 304
    assert again.data == b""
    assert again.headers["ETag"] == tag
    other = client.get("/api/v1/records/sample-cardiology-02", headers={"If-None-Match": tag})
    assert other.status_code == 200


def test_answers_are_compressed_for_those_who_take_it(client: FlaskClient) -> None:
    plain = client.get("/api/v1/search?q=喘息")
    packed = client.get("/api/v1/search?q=喘息", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert "Accept-Encoding" in plain.headers["Vary"]
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 2
    page = client.get("/?q=喘息", headers={"Accept-Encoding": "gzip"})
    assert page.headers["Content-Encoding"] == "gzip"


def test_what_is_too_large_is_not_taken(client: FlaskClient) -> None:
    body = b"x" * (8 * 1024 * 1024 + 1)
    kind = "application/x-www-form-urlencoded"
    response = client.post("/sign-in", data=body, content_type=kind)
    assert response.status_code == 413
    assert response.mimetype == "text/html"


def test_what_the_server_has_no_room_for_is_told_when_to_come_again(client: FlaskClient) -> None:
    for address, kind in (
        ("/?q=a", "text/html"),
        ("/api/v1/search?q=a", "application/problem+json"),
    ):
        refused = client.get(address, environ_overrides={REFUSED: True})
        assert refused.status_code == 503
        assert refused.mimetype == kind
        assert int(refused.headers["Retry-After"]) > 0
    for probe in ("/healthz", "/readyz", "/metrics"):
        assert client.get(probe, environ_overrides={REFUSED: True}).status_code == 200


@pytest.mark.parametrize("host", ["a..b", ".", "a b", "a" * 300, "[::1"])
def test_a_host_that_is_none_is_told_so(client: FlaskClient, host: str) -> None:
    """Also where every host is served."""
    for address in ("/", "/api/v1/search?q=x", "/none"):
        assert client.get(address, headers={"Host": host}).status_code == 400


@pytest.fixture(scope="module")
def open_app(engine: Engine, suggester: Suggester) -> Flask:
    return create_app(engine, suggester, allowed_origins=["https://portal.example"])


class TestOtherSites:
    """Pages of other sites read the API where the operator says so."""

    def test_by_default_none_may(self, client: FlaskClient) -> None:
        response = client.get("/api/v1/complete?q=", headers={"Origin": "https://portal.example"})
        assert "Access-Control-Allow-Origin" not in response.headers

    def test_named_ones_may(self, open_app: Flask) -> None:
        client = open_app.test_client()
        headers = {"Origin": "https://portal.example", "Sec-Fetch-Site": "cross-site"}
        response = client.get("/api/v1/complete?q=", headers=headers)
        assert response.headers["Access-Control-Allow-Origin"] == "https://portal.example"
        assert "Access-Control-Allow-Credentials" not in response.headers
        asked = {**headers, "Access-Control-Request-Method": "GET"}
        asked["Access-Control-Request-Headers"] = "Authorization"
        preflight = client.options("/api/v1/search", headers=asked)
        assert preflight.status_code == 200
        assert preflight.headers["Access-Control-Allow-Headers"] == "Authorization"

    @pytest.mark.parametrize(
        "origin", ["https://portal.example.evil.example", "http://portal.example", "null"]
    )
    def test_others_may_not(self, open_app: Flask, origin: str) -> None:
        response = open_app.test_client().get("/api/v1/complete?q=", headers={"Origin": origin})
        assert "Access-Control-Allow-Origin" not in response.headers

    def test_pages_are_never_read(self, open_app: Flask) -> None:
        headers = {"Origin": "https://portal.example"}
        response = open_app.test_client().get("/about", headers=headers)
        assert "Access-Control-Allow-Origin" not in response.headers

    @pytest.mark.parametrize(
        "text", ["*", "https://*.example", "portal.example", "https://a/b", "ftp://a", "https://"]
    )
    def test_an_origin_is_named_in_full(self, text: str) -> None:
        with pytest.raises(ValueError, match="is no origin"):
            checked_origin(text)
