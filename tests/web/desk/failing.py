"""Run by the tests with the failing file layer preloaded: one task, its faults one after another.

Each fault strikes a process of its own, forked from one that has imported everything. What it did
is written as a line of JSON; the files that it left are the test's to look at.
"""

import ctypes
import errno
import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

LAYER = ctypes.CDLL(None)


def edits(folder: Path) -> dict[str, object]:
    """Collections made one after another: those that were confirmed, and how others failed."""
    from web.desk import shelf
    from web.desk.desk import open_desk
    from web.desk.store import StoreError

    confirmed: list[int] = []
    errors: list[str] = []
    try:
        store = open_desk(folder / "collections.db").store
    except StoreError as error:
        return {"confirmed": confirmed, "errors": [str(error)]}
    for number in range(6):
        try:
            confirmed.append(shelf.create(store, "a", f"c{number}"))
        except sqlite3.OperationalError as error:
            errors.append(str(error))
    store.close()
    return {"confirmed": confirmed, "errors": errors}


def backup(folder: Path) -> dict[str, object]:
    """A backup beside the file."""
    from web.desk.store import Store, StoreError

    try:
        Store(folder / "collections.db").backup(folder / "backup.db")
    except StoreError as error:
        return {"confirmed": False, "errors": [str(error)]}
    return {"confirmed": True, "errors": []}


def publication(folder: Path) -> dict[str, object]:
    """The records of a file added to a library."""
    from indexer.run.pipeline import build
    from indexer.stages.staging import BuildError

    try:
        build([folder / "more.jsonl"], folder / "library", device="cpu")
    except BuildError as error:
        return {"confirmed": False, "errors": [str(error)]}
    return {"confirmed": True, "errors": []}


TASKS: dict[str, Callable[[Path], dict[str, object]]] = {
    "edits": edits,
    "backup": backup,
    "publication": publication,
}


def strike(task: str, folder: Path, at: int, number: int, for_good: bool) -> dict[str, object]:
    """One task in a process whose ``at``-th call below ``folder`` fails with ``number``."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            LAYER.fail_at(str(folder).encode(), ctypes.c_long(at), number, int(for_good))
            done: dict[str, object] = TASKS[task](folder)
        except BaseException as error:  # noqa: BLE001 - told to the test, which fails
            done = {"untyped": f"{type(error).__name__}: {error}"}
        calls = LAYER.calls_seen()
        LAYER.fail_at(b"", ctypes.c_long(-1), 0, 0)
        os.write(writing, json.dumps({**done, "calls": calls}).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        found: dict[str, object] = json.loads(told.read() or b'{"untyped": "the process died"}')
    os.waitpid(child, 0)
    return found


def main() -> None:
    """Arguments: the task, the folder to begin with, one for the results, how many faults."""
    task, origin, results, count = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
    LAYER.calls_seen.restype = ctypes.c_long
    for name in ("web.desk.desk", "web.desk.shelf"):
        __import__(name)
    if task == "publication":
        __import__("indexer.run.pipeline")

    def run(name: str, at: int, number: int, for_good: bool) -> int:
        folder = Path(shutil.copytree(origin, results / name))
        done = strike(task, folder, at, number, for_good)
        told = {"folder": str(folder), "at": at, "errno": number, **done}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        calls = done.get("calls", 0)
        assert isinstance(calls, int)
        return calls

    # Undisturbed first: as many calls there are as can fail.
    calls = run("undisturbed", -1, 0, for_good=False)
    step = max(1, calls // int(count))
    for at in range(1, calls + 1, step):
        run(f"eio-{at}", at, errno.EIO, for_good=False)
        run(f"enospc-{at}", at, errno.ENOSPC, for_good=True)


if __name__ == "__main__":
    main()
