"""A command that writes the library, started from a page in a process of its own.

The web process only reads libraries. The command holds the kernel's lock on the folder, publishes a
generation or changes nothing, and goes on if the web process ends; the pages follow the generation
that it publishes.
"""

import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

# How long a page waits for it; a large library takes longer.
PATIENCE = 15.0
_PROGRAM = (sys.executable, "-c", "from web.cli.program import main; main()")
_LAST_LINES = 500

_lock = threading.Lock()
_running: "subprocess.Popen[bytes] | None" = None


@dataclass(frozen=True)
class Outcome:
    """What became of a command: ``done``, ``refused`` with its last words, still ``running``, or
    ``busy`` where one that was started before still is."""

    state: Literal["done", "refused", "running", "busy"]
    told: str = ""


def run(library: Path, command: str, *arguments: str, patience: float | None = None) -> Outcome:
    """Run ``jmedsearch command --library LIBRARY arguments`` and wait for it a while."""
    global _running
    # A file, not a pipe: the command goes on writing when nobody reads any more.
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as told:
        with _lock:
            if _running is not None and _running.poll() is None:
                return Outcome("busy")
            started = _running = subprocess.Popen(
                [*_PROGRAM, command, "--library", str(library), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=subprocess.STDOUT,
                # What ends the web process does not end it.
                start_new_session=True,
            )
        try:
            started.wait(PATIENCE if patience is None else patience)
        except subprocess.TimeoutExpired:
            return Outcome("running")
        told.seek(0)
        last = told.read().strip().rpartition("\n")[2].removeprefix("Error: ")[-_LAST_LINES:]
    return Outcome("done" if started.returncode == 0 else "refused", last)


def wait() -> None:
    """Wait until a command that was started has ended."""
    if _running is not None:
        _running.wait()
