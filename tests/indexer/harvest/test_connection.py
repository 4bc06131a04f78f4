"""Asking one source: again where that helps, never elsewhere, never too much, no key told."""

import logging
import ssl
from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import httpx2
import pytest

from indexer.harvest import connection as connections
from indexer.harvest.harvest_errors import NetworkError, SourceError
from indexer.harvest.known_sources import KNOWN, open_source
from indexer.harvest.network import SOURCE_NAMES, read_network
from tests.indexer.harvest.conftest import NOW, Opened
from tests.indexer.harvest.simulated import KEY, Simulated, TurnedClock


def test_who_asks_is_told(simulated: Simulated, opened: Opened) -> None:
    opened("pubmed").count("fictional")
    _, asked, headers = simulated.asked[0]
    assert (asked["tool"], asked["email"]) == ("jmedsearch", "library@hospital.example")
    assert headers["User-Agent"].startswith("jmedsearch/")
    assert "(mailto:library@hospital.example)" in headers["User-Agent"]


@pytest.mark.parametrize(
    ("fault", "waited"),
    [("429 7", 7), ("503 7", 7), ("500", 2), ("cut", 2), ("half", 2), ("garbage", 2)],
)
@pytest.mark.parametrize("name", SOURCE_NAMES)
def test_it_asks_again_after_the_time_that_the_source_says(
    name: str, fault: str, waited: float, simulated: Simulated, opened: Opened, turned: TurnedClock
) -> None:
    simulated.faults.append(fault)
    assert opened(name).count("fictional").records == 60  # type: ignore[arg-type]
    assert len(simulated.asked) == 2
    assert max(turned.slept) == waited


def test_a_time_of_day_to_come_back_at(
    simulated: Simulated, opened: Opened, turned: TurnedClock
) -> None:
    simulated.faults.append(f"429 {format_datetime(NOW + timedelta(seconds=90), usegmt=True)}")
    opened("crossref").count("fictional")
    assert max(turned.slept) == pytest.approx(90, abs=1)


def test_it_gives_up_where_nothing_helps(simulated: Simulated, opened: Opened) -> None:
    simulated.faults.extend(["500"] * 20)
    with pytest.raises(SourceError, match=r"no usable answer in 6 tries.*answers 500"):
        opened("pubmed").count("fictional")
    assert len(simulated.asked) == 6


def test_it_does_not_wait_for_hours(
    simulated: Simulated, opened: Opened, turned: TurnedClock
) -> None:
    simulated.faults.append("429 7200")
    with pytest.raises(SourceError, match="come back in 120 minutes"):
        opened("openalex").count("fictional")
    assert max(turned.slept, default=0) < 1


def test_no_redirect_is_followed(simulated: Simulated, opened: Opened) -> None:
    elsewhere = simulated.address.replace("127.0.0.1", "localhost")
    simulated.faults.append(f"redirect {elsewhere}/openalex/works")
    with pytest.raises(SourceError, match=r"to ask at another address; only 127\.0\.0\.1:"):
        opened("openalex").count("fictional")
    assert len(simulated.asked) == 1


def test_an_endless_answer_is_not_read_on(
    simulated: Simulated, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "LONGEST_ANSWER", 3 * 1024**2)
    simulated.faults.append("endless")
    with pytest.raises(SourceError, match="more than 3 MiB"):
        opened("cinii").count("fictional")


def test_a_refusal_is_told_without_the_key(
    simulated: Simulated, opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    simulated.faults.append("403")
    with pytest.raises(SourceError) as refused:
        opened("cinii").count("fictional")
    assert "answers 403: busy, said to KEY; is the key" in str(refused.value)
    assert KEY not in str(refused.value) + caplog.text
    assert any(asked.get("appid") == KEY for _, asked, _ in simulated.asked)


def test_nobody_there(tmp_path: Path, turned: TurnedClock) -> None:
    file = tmp_path / "network.toml"
    file.write_text(
        'contact = "a@b.example"\nsources = ["crossref"]\n[crossref]\nbase = "http://127.0.0.1:9"\n'
    )
    source = open_source("crossref", read_network(file), turned.clock())
    with pytest.raises(SourceError, match="cannot be reached"):
        source.count("fictional")
    source.close()


def test_every_source_is_asked_by_https_alone() -> None:
    assert all(known.base.startswith("https://") for known in KNOWN.values())


def test_certificates_of_the_hospital(tmp_path: Path, turned: TurnedClock) -> None:
    file = tmp_path / "network.toml"
    own = tmp_path / "ca.pem"
    text = f'contact = "a@b.example"\nsources = ["crossref"]\ncertificates = "{own}"\n'
    file.write_text(text)
    with pytest.raises(NetworkError, match="no certificates"):
        open_source("crossref", read_network(file), turned.clock())
    der = ssl.create_default_context().get_ca_certs(binary_form=True)
    if not der:
        pytest.skip("this machine has no certificates to take one of")
    own.write_text(ssl.DER_cert_to_PEM_cert(der[0]))
    open_source("crossref", read_network(file), turned.clock()).close()


@pytest.fixture
def proxy() -> Iterator[tuple[str, list[str]]]:
    """A proxy that notes what it is asked for, and refuses it."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_response(403)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", seen
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("how", ["environment", "settings"])
def test_the_proxy_of_the_hospital_is_asked(
    how: str,
    proxy: tuple[str, list[str]],
    tmp_path: Path,
    turned: TurnedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address, seen = proxy
    told = f'proxy = "{address}"\n' if how == "settings" else ""
    if how == "environment":
        monkeypatch.setenv("HTTP_PROXY", address)
    file = tmp_path / "network.toml"
    file.write_text(
        f'contact = "a@b.example"\nsources = ["crossref"]\n{told}[crossref]\n'
        'base = "http://mirror.invalid"\n'
    )
    source = open_source("crossref", read_network(file), turned.clock())
    with pytest.raises(SourceError, match="403"):
        source.count("fictional")
    source.close()
    assert seen[0].startswith("http://mirror.invalid/works?query=fictional")


def test_what_is_named_in_no_proxy_is_asked_directly(
    proxy: tuple[str, list[str]],
    simulated: Simulated,
    opened: Opened,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy[0])
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert opened("crossref").count("fictional").records == 60
    assert proxy[1] == []


def test_the_client_is_the_one_that_was_read_through() -> None:
    # Its defaults carry this: no redirects, proxies of the environment.
    with httpx2.Client() as client:
        assert not client.follow_redirects
        assert client.trust_env
