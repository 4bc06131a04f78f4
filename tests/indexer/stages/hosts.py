"""Hosts of a Ray cluster on one machine: each has a network of its own (a network namespace), and a
bridge joins these. Takes root."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

from tests.waiting import until

_NET = "10.231.77"
_PORT = 6399


def _ip(*arguments: str) -> str:
    done = subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)
    return done.stdout


def reason() -> str:
    """Why there can be no hosts here; empty where there can."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return "hosts with networks of their own need root and the command ip"
    try:
        _ip("netns", "add", "jmedsearch-try")
        _ip("netns", "delete", "jmedsearch-try")
    except subprocess.CalledProcessError as error:
        return f"networks of their own cannot be made here: {error.stderr.strip()}"
    return ""


class Hosts:
    """A number of hosts; the first is Ray's head, and drivers run there."""

    def __init__(self, count: int) -> None:
        self.names = [f"jmedsearch-{number}" for number in range(1, count + 1)]
        self.address = f"{_NET}.11:{_PORT}"
        # Short: Ray puts sockets there.
        self._folder = tempfile.mkdtemp(prefix="ray")

    def __enter__(self) -> "Hosts":
        try:
            self._join()
            for number in range(len(self.names)):
                self.start(number)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _join(self) -> None:
        _ip("link", "add", "jmedsearch0", "type", "bridge")
        _ip("link", "set", "jmedsearch0", "up")
        for number, name in enumerate(self.names, 1):
            near, far = f"jmeds{number}a", f"jmeds{number}b"
            _ip("netns", "add", name)
            _ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", name)
            _ip("link", "set", near, "master", "jmedsearch0", "up")
            _ip("-n", name, "address", "add", f"{_NET}.{10 + number}/24", "dev", far)
            _ip("-n", name, "link", "set", far, "up")
            _ip("-n", name, "link", "set", "lo", "up")

    def __exit__(self, *_: object) -> None:
        there = _ip("netns").split()
        for name in self.names:
            if name in there:
                self.kill(name)
                _ip("netns", "delete", name)
        _ip("link", "delete", "jmedsearch0")
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self, number: int) -> None:
        """Start Ray on a host."""
        where = (
            ["--head", f"--port={_PORT}", "--include-dashboard=false"]
            if number == 0
            else [f"--address={self.address}"]
        )
        command = [str(Path(sys.executable).with_name("ray")), "start", *where]
        command += [f"--node-ip-address={_NET}.{11 + number}", "--num-cpus=1"]
        command += [f"--temp-dir={self._folder}"] if number == 0 else []
        command += ["--object-store-memory=100000000", "--disable-usage-stats"]
        with (Path(self._folder) / f"start-{number}.log").open("w+") as log:
            done = self.run(self.names[number], command, stdout=log, stderr=log)
            if done.wait() != 0:
                log.seek(0)
                pytest.fail(f"Ray does not start: {log.read()[-2000:]}")

    def run(self, name: str, command: list[str], **options: object) -> "subprocess.Popen[bytes]":
        """Start a command on a host, which knows of no proxy."""
        environment = {n: v for n, v in os.environ.items() if not n.lower().endswith("_proxy")}
        environment |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0123456789abcdef" * 4}
        whole = ["ip", "netns", "exec", name, *command]
        return subprocess.Popen(whole, env=environment, **options)  # type: ignore[call-overload,no-any-return]

    def kill(self, name: str) -> None:
        """Kill all that runs on a host."""

        def nothing_runs() -> bool:
            processes = _ip("netns", "pids", name).split()
            for process in processes:
                with suppress(ProcessLookupError):
                    os.kill(int(process), signal.SIGKILL)
            return not processes

        until(nothing_runs)
