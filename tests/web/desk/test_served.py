"""What ships: ``jmedsearch serve`` asked over a socket. Every route, every export, the curl lines
of the documentation as they stand there, and bytes that are no request."""

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

import pytest
from flask import Flask

from search.formats.citations import CITATION_STYLES
from tests.web.desk.conftest import PASSWORD, app_without_library
from tests.web.desk.test_access import ALLOWED, routes
from tests.web.running import announced, start_server
from web.desk.desk import Desk, open_desk
from web.desk.export import COLLECTION_FORMATS
from web.http.access import ACCESS
from web.http.exports import EXPORT_FORMATS

ROOT = Path(__file__).parents[3]
JSON = {"Content-Type": "application/json"}
CURL = re.compile(r"^curl (?:.*\\\n)*.*$", re.MULTILINE)


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    content: bytes


class Service:
    """A served library, with the collections that it serves."""

    def __init__(self, library: Path, collections: Path) -> None:
        self.collections = collections
        self._process = start_server(
            *("serve", "--library", str(library), "--port", "0"),
            *("--collections", str(collections)),
        )

    @property
    def port(self) -> int:
        if not hasattr(self, "_port"):
            self._port = int(urlsplit(announced(self._process)).port or 0)
        return self._port

    def ask(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def send(self, sent: bytes) -> bytes:
        """What comes back to some bytes, whatever they are, until the server closes or has answered
        a request that keeps the connection."""
        received = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as client:
            client.sendall(sent)
            try:
                while b"\r\n\r\n" not in received and (more := client.recv(65536)):
                    received += more
            except ConnectionResetError:
                pass
        return received

    def end(self) -> str:
        """What the service has logged."""
        self._process.terminate()
        _, errors = self._process.communicate(timeout=120)
        assert self._process.returncode == 0
        return errors


@pytest.fixture(scope="module")
def services(
    sample_library: Path, staff_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Service]]:
    """One service without accounts and one with a user of each role; neither logs a failure."""
    folder = tmp_path_factory.mktemp("served")
    staffed = Path(shutil.copy(staff_file, folder / "staffed.db"))
    started = {
        "open": Service(sample_library, folder / "open.db"),
        "staffed": Service(sample_library, staffed),
    }
    yield started
    for service in started.values():
        lines = service.end().splitlines()
        assert [line for line in lines if "database is locked" not in line] == []


@pytest.fixture(scope="module")
def opened(services: dict[str, Service]) -> Service:
    return services["open"]


@pytest.fixture(scope="module")
def staffed_service(services: dict[str, Service]) -> Service:
    return services["staffed"]


@pytest.fixture(scope="module")
def collection(opened: Service) -> int:
    """A collection with records and a name that no header can hold as it is."""

    def post(path: str, body: object) -> Any:
        answer = opened.ask("POST", path, JSON, json.dumps(body).encode())
        assert answer.status == 200, answer.content
        return json.loads(answer.content)

    number = int(post("/api/v1/collections", {"name": "心不全の検討・案"})["id"])
    ids = [f"sample-cardiology-0{i}" for i in range(1, 4)]
    post(f"/api/v1/collections/{number}/records", {"ids": ids})
    return number


# Routes


@pytest.fixture
def app(staffed: Desk) -> Flask:
    return app_without_library(staffed)


# After these one signs in again.
ENDING = {"account.sign_in", "account.sign_out", "own_account.end_sessions"}


@pytest.mark.parametrize("who", ["nobody", "reader", "administrator"])
def test_every_route_answers_whoever_may_use_it(
    staffed_service: Service, app: Flask, who: str
) -> None:
    desk = open_desk(staffed_service.collections)
    session, wrong = "", []
    for endpoint, method, address in routes(app):
        headers = {"Accept": "text/html"}
        if who != "nobody":
            session = session or desk.accounts.open_session(desk.accounts.user(who))
            headers["Cookie"] = f"session={session}"
        answer = staffed_service.ask(method, address, headers)
        session = "" if endpoint in ENDING else session
        refused = answer.status == 403 or (
            endpoint not in {"account.sign_in", "account.sign_out"}
            and (answer.status == 401 or (answer.headers["Location"] or "").startswith("/sign-in"))
        )
        if answer.status >= 500 or refused != (ACCESS[endpoint] not in ALLOWED[who]):
            wrong.append((endpoint, method, answer.status))
    desk.store.close()
    assert wrong == []


def test_without_accounts_what_a_proxy_brings_is_refused(opened: Service) -> None:
    for header in ("X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "Via"):
        refused = opened.ask("GET", "/api/v1/collections", {header: "192.0.2.7"})
        assert refused.status == 403
        assert "--trusted-proxy" in refused.content.decode()
    assert opened.ask("GET", "/api/v1/collections").status == 200


# Exports


@pytest.mark.parametrize("name", COLLECTION_FORMATS)
@pytest.mark.parametrize("address", ["/api/v1/collections/{}/export", "/collections/{}/export"])
def test_a_collection_is_exported_whole(
    opened: Service, collection: int, address: str, name: str
) -> None:
    answer = opened.ask("GET", f"{address.format(collection)}?format={name}")
    assert answer.status == 200
    assert answer.content
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert "attachment" in answer.headers["Content-Disposition"]
    if name not in {"xlsx", *CITATION_STYLES, *(f"{style}-html" for style in CITATION_STYLES)}:
        assert b"sample-cardiology-01" in answer.content or name in {"ris", "nbib", "bibtex"}
    again = opened.ask("GET", f"{address.format(collection)}?format={name}")
    assert (again.status, len(again.content)) == (200, len(answer.content))


@pytest.mark.parametrize("name", EXPORT_FORMATS)
@pytest.mark.parametrize("address", ["search", "exact"])
def test_a_list_is_exported_whole(opened: Service, address: str, name: str) -> None:
    answer = opened.ask("GET", f"/api/v1/{address}/export?q={quote('心房細動')}&format={name}")
    assert answer.status == 200
    assert answer.content
    if name != "jsonl":
        assert int(answer.headers["Content-Length"]) == len(answer.content)


@pytest.mark.parametrize("address", ["report/file", "screening/flow.svg", "screening/test-set"])
def test_reports_are_files_too(opened: Service, collection: int, address: str) -> None:
    answer = opened.ask("GET", f"/collections/{collection}/{address}")
    # A test set needs decisions, which there are none of.
    assert answer.status in ({200} if "test-set" not in address else {200, 400, 404})
    assert answer.content


# What the documentation says to type


def curl_lines() -> list[Any]:
    return [
        pytest.param(line, id=f"{file.name}:{number}")
        for file in sorted([ROOT / "README.md", *ROOT.glob("docs/*.md")])
        for number, line in enumerate(CURL.findall(file.read_text(encoding="utf-8")), start=1)
    ]


def test_the_documentation_has_lines_to_type() -> None:
    assert len(curl_lines()) >= 3


@pytest.mark.parametrize("line", curl_lines())
def test_what_is_to_be_typed_works_as_it_stands(
    services: dict[str, Service], line: str, tmp_path: Path
) -> None:
    """The one thing that is put in the place of what is written is which port answers."""
    if shutil.which("curl") is None:
        pytest.skip("there is no curl on PATH")
    service = services["staffed" if "$TOKEN" in line else "open"]
    (tmp_path / ".curlrc").write_text(
        f'connect-to = "127.0.0.1:8000:127.0.0.1:{service.port}"\nfail\nsilent\nshow-error\n'
    )
    desk = open_desk(services["staffed"].collections)
    token = desk.accounts.add_token("librarian", "", "read", timedelta(days=1))
    desk.store.close()
    done = subprocess.run(
        ["bash", "-c", line],
        env={**os.environ, "CURL_HOME": str(tmp_path), "TOKEN": token},
        cwd=tmp_path,
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.startswith(b"{")


# Another program that holds the collections

_HOLD = (
    "import sqlite3, sys; held = sqlite3.connect(sys.argv[1], isolation_level=None);"
    "held.execute('begin exclusive'); held.execute('update users set role = role');"
    "print('locked', flush=True); sys.stdin.read(); held.rollback()"
)


def test_a_locked_file_does_not_stop_searching(staffed_service: Service) -> None:
    desk = open_desk(staffed_service.collections)
    session = f"session={desk.accounts.open_session(desk.accounts.user('librarian'))}"
    token = desk.accounts.add_token("librarian", "", "write", timedelta(days=1))
    desk.store.close()
    bearer = {"Authorization": f"Bearer {token}"}
    form = urlencode({"name": "reader", "password": PASSWORD}).encode()
    typed = {"Content-Type": "application/x-www-form-urlencoded"}

    def edit() -> int:
        body = b'{"name": "while it is locked"}'
        return staffed_service.ask("POST", "/api/v1/collections", JSON | bearer, body).status

    staffed_service.ask("GET", "/healthz")
    with (
        subprocess.Popen(
            [sys.executable, "-c", _HOLD, str(staffed_service.collections)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as holding,
        ThreadPoolExecutor(16) as pool,
    ):
        assert holding.stdout
        assert holding.stdin
        assert holding.stdout.readline() == b"locked\n"
        # More edits than there are threads: each is refused, and none keeps searches waiting.
        edits = [pool.submit(edit) for _ in range(16)]
        for headers in ({"Cookie": session}, bearer):
            address = f"/api/v1/search?q={quote('心房細動')}"
            assert staffed_service.ask("GET", address, headers).status == 200
            assert staffed_service.ask("GET", "/api/v1/collections", headers).status == 200
        assert {edited.result() for edited in edits} == {503}
        assert staffed_service.ask("GET", "/readyz").status == 200
        # Nobody signs in, and who is told to come again is not told that the password is wrong.
        assert staffed_service.ask("POST", "/sign-in", typed, form).status == 503
        holding.stdin.close()
        holding.wait(60)
    assert edit() == 200
    answer = staffed_service.ask("GET", "/api/v1/collections", bearer)
    names = [made["name"] for made in json.loads(answer.content)["collections"]]
    assert names.count("while it is locked") == 1
    assert staffed_service.ask("POST", "/sign-in", typed, form).status == 303


# Bytes that are no request, or hardly one

HOST = b"Host: 127.0.0.1\r\n"
POST = b"POST /api/v1/collections HTTP/1.1\r\n" + HOST
# What is sent, and the statuses that are right.
MALFORMED: dict[str, tuple[bytes, set[int]]] = {
    "utf-8 in the address": (
        "GET /api/v1/search?q=妊娠中の抗てんかん薬 HTTP/1.1\r\n".encode() + HOST + b"\r\n",
        {200},
    ),
    "shift_jis in the address": (
        "GET /?q=喘息 HTTP/1.1\r\n".encode("cp932") + HOST + b"\r\n",
        {200, 400},
    ),
    "tls": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500, {400}),
    "nul bytes": (b"\x00\x01\x02garbage", {400}),
    "a word": (b"hello\r\n\r\n", {400}),
    "words": (b"hello my world\r\n\r\n", {400}),
    "bare line feeds": (b"GET / HTTP/1.1\nHost: a\n\n", {400}),
    "host a..b": (b"GET / HTTP/1.1\r\nHost: a..b\r\n\r\n", {400}),
    "host xn--": (b"GET / HTTP/1.1\r\nHost: xn--\r\n\r\n", {400}),
    "host with a space": (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", {400}),
    "host in utf-8": ("GET / HTTP/1.1\r\nHost: 医.example\r\n\r\n".encode(), {400}),
    "a long host": (b"GET / HTTP/1.1\r\nHost: " + b"a" * 300 + b"\r\n\r\n", {400}),
    "an empty host": (b"GET / HTTP/1.1\r\nHost: \r\n\r\n", {200, 400}),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", {200, 400}),
    "half an IPv6 address": (b"GET http://[::1/ HTTP/1.1\r\n" + HOST + b"\r\n", {400}),
    "a length of 5 000 digits": (
        b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
        {400, 413},
    ),
    "a negative length": (POST + b"Content-Length: -1\r\n\r\n", {400}),
    "a long address": (b"GET /" + b"a" * 300_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", {431}),
    "chunks that are none": (POST + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n", {400}),
    "another coding": (POST + b"Transfer-Encoding: gzip\r\n\r\n", {501}),
    "http/9.9": (b"GET / HTTP/9.9\r\n" + HOST + b"\r\n", {200, 400, 505}),
    "http/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 404, 405}),
    "a small method": (b"get / HTTP/1.1\r\n" + HOST + b"\r\n", {400}),
    "another method": (b"FOO / HTTP/1.1\r\n" + HOST + b"\r\n", {405}),
    "a tunnel": (b"CONNECT a:443 HTTP/1.1\r\n" + HOST + b"\r\n", {400, 404, 405}),
    "nul in the address": (b"GET /%00%ff HTTP/1.1\r\n" + HOST + b"\r\n", {400, 404}),
    "nul in a query": (b"GET /?q=%ff%00 HTTP/1.1\r\n" + HOST + b"\r\n", {200, 400}),
    "nul in a header": (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\x00b\r\n\r\n", {200, 400}),
    "odd headers": (
        b"GET / HTTP/1.1\r\n" + HOST + b"Cookie: \xff=\xfe\r\nAccept-Language: \xff;q=z\r\n"
        b"Accept: \xff\r\nRange: bytes=z\r\nIf-None-Match: \xff\r\nIf-Modified-Since: z\r\n\r\n",
        {200, 400},
    ),
    "an odd token": (
        b"GET / HTTP/1.1\r\n" + HOST + b"Authorization: Bearer \xff\r\n\r\n",
        {200, 401},
    ),
    "json that is none": (
        POST + b"Content-Type: application/json\r\nContent-Length: 3\r\n\r\n{{{",
        {400, 415, 422},
    ),
    "json of no charset": (
        POST + b"Content-Type: application/json; charset=zz\r\nContent-Length: 2\r\n\r\n{}",
        {400, 415, 422},
    ),
    "a form without a boundary": (
        b"POST /collections HTTP/1.1\r\n" + HOST + b"Content-Type: multipart/form-data\r\n"
        b"Content-Length: 3\r\n\r\nabc",
        {400},
    ),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_whatever_is_sent_is_answered(opened: Service, what: str) -> None:
    sent, right = MALFORMED[what]
    received = opened.send(sent)
    assert received.startswith(b"HTTP/1."), received
    assert int(received.split(b" ")[1]) in right, received[:400]
    assert opened.ask("GET", "/healthz").status == 200
