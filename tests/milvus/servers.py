"""Milvus as processes: milvus-lite's server, and the real one in an environment of its own."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from search.milvus import MilvusAddress, MilvusError, MilvusServer
from tests.waiting import until

ROOT = Path(__file__).parents[2]
# Made by: make milvus
REAL = Path(os.environ.get("MILVUS_SERVER") or ROOT / ".venv" / "milvus" / "bin" / "milvus-server")
# The etcd in it listens there, whatever it is told.
_ETCD = 2379


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def real_reason() -> str:
    """Why the real server cannot be started here; empty where it can."""
    if not REAL.is_file():
        return "the Milvus server is not installed: make milvus"
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", _ETCD)) == 0:
            return "another Milvus server or an etcd runs on this machine"
    return ""


class Process:
    """A server over a folder of its own; it can be killed and started again."""

    def __init__(
        self, command: list[str], folder: Path, port: int, again: list[str] | None = None
    ) -> None:
        self.port = port
        self._command = command
        self._again = again or command
        self._data = folder / "data"
        self._log = folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def lite(cls, folder: Path) -> "Process":
        port = free_port()
        command = [sys.executable, "-m", "milvus_lite", "server"]
        command += ["--data-dir", str(folder / "data" / "lite.db"), "--port", str(port)]
        return cls(command, folder, port)

    @classmethod
    def real(cls, folder: Path) -> "Process":
        port = free_port()
        data = folder / "data"
        command = [str(REAL), "--data", str(data), "--proxy-port", str(port)]
        # What starts it would take the next port, for the first one is still known to the kernel.
        return cls(command, folder, port, [str(data / "bin" / "milvus"), "run", "standalone"])

    def address(self, name: str) -> MilvusAddress:
        return MilvusAddress.parse(f"milvus://127.0.0.1:{self.port}/{name}")

    def start(self) -> None:
        self._data.mkdir(exist_ok=True)
        environment = {
            **os.environ,
            "DEPLOY_MODE": "STANDALONE",
            "MILVUS_RUN_DIR": str(self._data / "run"),
            "LD_LIBRARY_PATH": str(self._data / "bin"),
        }
        with self._log.open("ab") as log:
            # A group of its own: the real server is a child of what starts it.
            self._process = subprocess.Popen(
                self._command,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=self._data,
                env=environment,
            )
        self._command = self._again
        server = MilvusServer(self.address("any"), timeout=2.0)
        try:
            self._wait(server)
        except BaseException:
            self.kill()
            raise
        finally:
            server.close()

    def _wait(self, server: MilvusServer) -> None:
        def answers() -> bool:
            with suppress(MilvusError):
                server.call("list_collections")
                return True
            return False

        try:
            until(answers)
        except TimeoutError:
            pytest.fail(self._log.read_text()[-2000:])

    def kill(self) -> None:
        """As kill -9 does it."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
