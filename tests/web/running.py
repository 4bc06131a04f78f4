"""Starting the command as a user does."""

import subprocess
import sys

import pytest


def start_server(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", "from web.cli import main; main()", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def announced(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    line = process.stdout.readline()
    if not line.startswith("jmedsearch: http://"):
        process.kill()
        pytest.fail(f"{line!r} {process.communicate()}")
    return line.removeprefix("jmedsearch: ").strip().rstrip("/")
