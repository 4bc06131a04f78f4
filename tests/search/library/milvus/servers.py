"""Milvus as processes: milvus-lite's server, and the real one in an environment of its own."""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from search.library.milvus import MilvusAddress, MilvusError, MilvusServer

ROOT = Path(__file__).parents[4]
# Made by: make milvus
REAL = Path(os.environ.get("MILVUS_SERVER") or ROOT / ".venv" / "milvus" / "bin" / "milvus-server")
# Seconds until a server answers that has just been started; then it is started again.
_UP = 120.0
_STARTS = 3
# The etcd in it listens there, whatever it is told.
_ETCD = 2379


def free_port() -> int:
    """A port below those that the kernel gives to outgoing connections: none of the other tests
    takes it before the server does."""
    while True:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", random.randrange(23000, 32000)))
            return int(probe.getsockname()[1])


def real_reason() -> str:
    """Why the real server cannot be started here; empty where it can."""
    if not REAL.is_file():
        return "the Milvus server is not installed: make milvus"
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", _ETCD)) == 0:
            return "another Milvus server or an etcd runs on this machine"
    return ""


class BlackHole:
    """A TCP proxy that can be told to swallow what comes. Connections that were open then never
    carry anything again, as after a firewall that has forgotten them; new ones do."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._swallowing = threading.Event()
        self._dead: set[socket.socket] = set()
        self._open: set[socket.socket] = set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def address(self, name: str) -> MilvusAddress:
        return MilvusAddress.parse(f"milvus://127.0.0.1:{self.port}/{name}")

    def swallow(self) -> None:
        self._swallowing.set()
        self._dead |= self._open

    def carry(self) -> None:
        self._swallowing.clear()

    def close(self) -> None:
        self._listening.close()
        for one in list(self._open):
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._to))
            self._open |= {near, far}
            if self._swallowing.is_set():
                self._dead |= {near, far}
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(source, target), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                if source not in self._dead:
                    target.sendall(data)
        except OSError:
            pass
        finally:
            if source not in self._dead:
                target.close()


class Process:
    """A server over a folder of its own; it can be killed and started again."""

    def __init__(
        self, command: list[str], folder: Path, port: int, again: list[str] | None = None
    ) -> None:
        self.port = port
        self._first = command
        self._again = again or command
        self._data = folder / "data"
        self._log = folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.is_stopped = False

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
        """Start it and wait until it answers. One that never does, as the real one now and then on
        a busy machine, is started again, over an empty folder if it had nothing to keep."""
        is_new = not self._data.exists()
        for _ in range(_STARTS):
            if is_new:
                shutil.rmtree(self._data, ignore_errors=True)
            self._data.mkdir(exist_ok=True)
            self._spawn(self._first if is_new else self._again)
            try:
                if self._answers():
                    return
            except BaseException:
                # Interrupted: a group of its own would outlive the tests.
                self.kill()
                raise
            self.kill()
        raise AssertionError(f"no answer in {_STARTS} times {_UP:.0f} s: {self._told()}")

    def _spawn(self, command: list[str]) -> None:
        environment = {
            **os.environ,
            "DEPLOY_MODE": "STANDALONE",
            "MILVUS_RUN_DIR": str(self._data / "run"),
            "LD_LIBRARY_PATH": str(self._data / "bin"),
        }
        with self._log.open("ab") as log:
            # A group of its own: the real server is a child of what starts it.
            self._process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=self._data,
                env=environment,
            )

    def _answers(self) -> bool:
        """Whether it answers before its time is over."""
        end = time.monotonic() + _UP
        with contextlib.closing(MilvusServer(self.address("any"), timeout=2.0)) as server:
            while time.monotonic() < end:
                with contextlib.suppress(MilvusError):
                    server.call("list_collections")
                    return True
                if self._process and self._process.poll() is not None:
                    return False
                time.sleep(0.3)
        return False

    def _told(self) -> str:
        """The end of what it wrote, and of the real one's own logs."""
        logs = [self._log, *self._data.glob("logs/milvus-std*.log")]
        return "\n".join(log.read_text(errors="replace")[-2000:] for log in logs)

    @property
    def is_running(self) -> bool:
        return self._process is not None

    def stop_in_its_tracks(self) -> None:
        """Have it hang: the kernel goes on taking connections for it."""
        assert self._process
        os.killpg(self._process.pid, signal.SIGSTOP)
        self.is_stopped = True

    def go_on(self) -> None:
        assert self._process
        os.killpg(self._process.pid, signal.SIGCONT)
        self.is_stopped = False

    def kill(self) -> None:
        """As kill -9 does it."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
