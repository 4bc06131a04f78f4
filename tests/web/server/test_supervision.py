"""The service under a supervisor: a socket that outlives it, a word when it is ready, reloads."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.waiting import LONG
from tests.web.running import COMMAND, announced, start_server
from web.server import supervision

# Puts the socket where systemd would, with the process's own id, and becomes the command.
_HAND_OVER = (
    "import os, sys; fd = int(sys.argv[1]); os.dup2(fd, 3); os.environ['LISTEN_FDS'] = '1';"
    "os.environ['LISTEN_PID'] = str(os.getpid()); os.execv(sys.argv[2], sys.argv[2:])"
)


@pytest.mark.servers
def test_a_reload_keeps_the_socket_and_refuses_nobody(sample_library: Path, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(tmp_path / "notify"))
        told.settimeout(LONG)
        process = start_server(
            *("serve", "--library", str(sample_library), "--port", "0", "--log-format", "json"),
            start_new_session=True,
            env={**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")},
        )
        address = announced(process)
        assert told.recv(100) == b"READY=1"
        process.send_signal(signal.SIGHUP)
        assert told.recv(100).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
        # Asked while nobody accepts: the kernel keeps it until the successor does.
        with urllib.request.urlopen(f"{address}/healthz", timeout=LONG) as response:
            assert json.load(response)["status"] == "ok"
        assert told.recv(100) == b"READY=1"
        assert announced(process) == address
        process.terminate()
        assert told.recv(100) == b"STOPPING=1"
        _, errors = process.communicate(timeout=LONG)
    assert process.returncode == 0
    written = [json.loads(line) for line in errors.splitlines()]
    assert [line["route"] for line in written] == ["/healthz"]


@pytest.mark.servers
def test_a_supervisor_holds_the_socket(sample_library: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        listening.set_inheritable(True)
        process = subprocess.Popen(
            [
                *(sys.executable, "-c", _HAND_OVER, str(listening.fileno())),
                *(*COMMAND, "serve", "--library", str(sample_library)),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            close_fds=False,
        )
        assert announced(process) == f"http://127.0.0.1:{port}"
        process.terminate()
        assert process.communicate(timeout=LONG)[1] == ""
        # It goes on listening: who connects now waits for the next service.
        socket.create_connection(("127.0.0.1", port), timeout=LONG).close()


def test_what_cannot_be_served_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    monkeypatch.setenv("LISTEN_FDS", "2")
    with pytest.raises(supervision.HandoverError, match="several"):
        supervision.handed_over()
    assert "LISTEN_PID" not in os.environ
    monkeypatch.setenv("LISTEN_PID", "1")
    assert supervision.handed_over() is None
