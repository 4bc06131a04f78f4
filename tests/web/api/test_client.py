"""The Python client against a server, and against what is none."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest

from web.client import ApiError, Client, ClientError, TokenError


@pytest.fixture(scope="module")
def client(server: str) -> Client:
    return Client(f"{server}/")


def test_it_searches_reads_and_suggests(client: Client) -> None:
    assert client.ready().records == 148
    found = client.search("心房細動の再発", year_from=2015, has_abstract=True, per_page=3)
    assert len(found.hits) == 3
    assert found.filters.has_abstract
    first = found.hits[0].record
    assert client.record(first.id) == first
    assert first.id not in {hit.record.id for hit in client.similar(first.id, 5).hits}
    assert client.suggest("喘息", limit=3, without=["吸入"]).suggestions
    assert client.complete("しんきん").completions
    one, two = client.search_batch(["喘息", "糖尿病"], per_page=1)
    assert (one.query, two.query) == ("喘息", "糖尿病")


def test_it_reads_a_whole_set(client: Client) -> None:
    count = client.exact("患者").count
    hits = [hit.record.id for hit in client.exact_hits("患者", per_page=50)]
    assert len(set(hits)) == len(hits) == count
    assert [record.id for record in client.exact_records("患者")] == hits


def test_a_no_says_why(client: Client) -> None:
    with pytest.raises(ApiError, match="year_form: unknown parameter") as refused:
        client.search("喘息", year_form=2015)
    assert refused.value.status == 400
    with pytest.raises(ApiError) as missing:
        client.record("none/such?#")
    assert missing.value.problem.type == "/about#unknown-record"


class _Elsewhere(BaseHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(f"{self.path} {self.headers.get('Authorization')}")
        match self.path:
            case "/readyz" if len(self.asked) < 3:
                self.send_response(503)
                self.send_header("Retry-After", "0")
            case "/readyz":
                self.send_response(200)
            case path if "locked" in path:
                self.send_response(401)
            case _:
                self.send_response(302)
                self.send_header("Location", "/readyz")
        self.end_headers()
        if "locked" in self.path:
            body = {"type": "about:blank", "title": "Unauthorized", "status": 401}
            self.wfile.write(json.dumps(body | {"detail": "this token is none"}).encode())
        if self.path == "/readyz":
            body = {"status": "ready", "generation": "000001", "records": 1}
            self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def elsewhere() -> Iterator[str]:
    _Elsewhere.asked.clear()
    with HTTPServer(("127.0.0.1", 0), _Elsewhere) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_busy_server_is_asked_again(elsewhere: str) -> None:
    assert Client(elsewhere, "t").ready().records == 1
    assert _Elsewhere.asked == ["/readyz Bearer t"] * 3


def test_no_redirect_takes_the_token_elsewhere(elsewhere: str) -> None:
    with pytest.raises(ClientError, match="302"):
        Client(elsewhere, "t").search("x")
    assert len(_Elsewhere.asked) == 1


def test_a_token_that_is_not_known_is_told(elsewhere: str) -> None:
    with pytest.raises(TokenError, match="this token is none") as refused:
        Client(elsewhere, "jmed_old").exact("locked")
    assert refused.value.status == 401
    for token in ("jmed_\n", "jmed_あ", "jmed_a b"):
        with pytest.raises(ValueError, match="the token is none"):
            Client(elsewhere, token)


def test_what_cannot_be_reached_is_said() -> None:
    with pytest.raises(ClientError, match="cannot be reached"):
        Client("http://127.0.0.1:1", timeout=2).ready()
    for address in ("ftp://a", "127.0.0.1:8000", "file:///etc/passwd", "http://"):
        with pytest.raises(ValueError, match="no address of the web"):
            Client(address)
