"""Starting the command as a user does."""

import subprocess
import sys
from typing import Any

import pytest

COMMAND = [sys.executable, "-c", "from web.cli import main; main()"]


def start_server(*arguments: str, **options: Any) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def announced(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    line = process.stdout.readline()
    if not line.startswith("jmedsearch: http://"):
        process.kill()
        pytest.fail(f"{line!r} {process.communicate()}")
    # demo goes on in words.
    return line.removeprefix("jmedsearch: ").split()[0].rstrip("/")
