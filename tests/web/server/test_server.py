"""`jmedsearch serve` and `jmedsearch demo`."""

import json
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.waiting import LONG
from tests.web.running import announced, start_server
from web.cli import main
from web.server.process import FIRST_PORT, ServeError, is_loopback, listen


def test_the_server_answers_once_its_address_is_printed(server: str) -> None:
    with urllib.request.urlopen(f"{server}/healthz", timeout=LONG) as response:
        assert json.load(response)["status"] == "ok"
        assert response.headers["Server"] == "jmedsearch"


def test_the_longest_query_fits(server: str) -> None:
    address = f"{server}/api/v1/search?q={'%E3%81%82' * 20_000}"
    with urllib.request.urlopen(address, timeout=LONG) as response:
        assert response.status == 200


def test_names_of_other_hosts_are_refused(server: str) -> None:
    request = urllib.request.Request(f"{server}/healthz", headers={"Host": "evil.example"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=LONG)
    with refused.value as response:
        assert response.status == 400


@pytest.mark.servers
def test_ctrl_c_ends_quietly_and_no_query_was_logged(sample_library: Path) -> None:
    process = start_server("serve", "--library", str(sample_library), "--port", "0")
    address = announced(process)
    urllib.request.urlopen(f"{address}/?q=himitsu", timeout=LONG).close()
    with pytest.raises(urllib.error.HTTPError) as missing:
        urllib.request.urlopen(f"{address}/himitsu?q=himitsu", timeout=LONG)
    missing.value.close()
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=LONG)
    assert process.returncode == 0
    assert output == errors == ""


def test_a_taken_port_is_an_error_that_says_what_to_do() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServeError, match=f"port {port} .* is taken.*--port"):
            listen("127.0.0.1", port)


def test_without_a_port_the_first_free_one_is_taken() -> None:
    with listen("127.0.0.1", None) as first, listen("127.0.0.1", None) as second:
        ports = first.getsockname()[1], second.getsockname()[1]
        assert FIRST_PORT <= ports[0] < ports[1]


def test_a_host_that_is_not_here_is_an_error() -> None:
    with pytest.raises(ServeError, match="cannot listen on 192\\.0\\.2\\.1"):
        listen("192.0.2.1", 0)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.1", "example.org", ""])
def test_not_loopback(host: str) -> None:
    assert not is_loopback(host)


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def test_other_machines_are_let_in_only_on_demand(tmp_path: Path) -> None:
    # An empty folder would be a first run, which asks for a code.
    (tmp_path / "notes.txt").touch()
    code, output = run("serve", "--library", str(tmp_path), "--host", "0.0.0.0")
    assert code == 2
    assert "no accounts" in output
    assert "--allow-remote" in output


def test_a_missing_library_is_an_error_that_says_how_to_build_one(tmp_path: Path) -> None:
    code, output = run("serve", "--library", str(tmp_path / "none"), "--port", "0")
    assert code == 1
    assert "jmedsearch index" in output


def test_a_taken_port_is_told_before_the_model_loads(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, output = run("serve", "--library", str(tmp_path), "--port", port)
    assert code == 1
    assert "is taken" in output


@pytest.mark.slow
def test_a_start_imports_nothing_that_only_evaluation_needs() -> None:
    code = (
        "import sys, web.cli\n"
        "sys.exit(bool({'torch', 'transformers', 'sklearn', 'scipy.stats', 'ir_measures'}"
        " & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.servers
def test_a_service_that_is_ended_at_once_ends_quietly(sample_library: Path) -> None:
    process = start_server("serve", "--library", str(sample_library), "--port", "0")
    announced(process)
    process.terminate()  # while the library's terms are being loaded
    _, errors = process.communicate(timeout=LONG)
    assert (process.returncode, errors) == (0, "")


def test_all_commands_of_the_three_packages_are_there() -> None:
    code, output = run("--help")
    assert code == 0
    assert {"index", "search", "suggest", "verify", "eval", "serve", "demo"} <= set(main.commands)
    for name, command in main.commands.items():
        assert name in output
        assert command.help
