"""An error of the disk at the n-th write, sync or rename: nothing confirmed is lost, what is live
stays sound, and the error has a name. Once (EIO), and from then on (ENOSPC)."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from search.library.generation import Generation
from search.library.manifest import live_folder, verify
from tests.web.desk.conftest import LITERATURE
from web.desk import shelf
from web.desk.desk import open_desk

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("there is no C compiler to make the failing file layer with")
    made = tmp_path_factory.mktemp("layer") / "faulty_files.so"
    subprocess.run(
        [
            compiler,
            "-shared",
            "-fPIC",
            "-O1",
            "-o",
            str(made),
            str(HERE / "faulty_files.c"),
            "-ldl",
        ],
        check=True,
    )
    return made


def struck(
    layer: Path, task: str, origin: Path, results: Path, faults: int
) -> list[dict[str, Any]]:
    """What became of a task undisturbed, and with a fault at about so many places."""
    results.mkdir()
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.web.desk.failing",
            task,
            str(origin),
            str(results),
            str(faults),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LD_PRELOAD": str(layer)},
        cwd=HERE.parents[2],
    )
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(told) > faults
    assert told[0]["errors"] == []
    assert not [one for one in told if "untyped" in one]
    # The faults did strike.
    assert any(one["errors"] for one in told)
    return told


def check_whole(file: Path) -> None:
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)


def test_no_confirmed_edit_is_lost(layer: Path, tmp_path: Path) -> None:
    origin = tmp_path / "origin"
    origin.mkdir()
    desk = open_desk(origin / "collections.db")
    shelf.create(desk.store, "a", "前から")
    desk.store.close()
    for one in struck(layer, "edits", origin, tmp_path / "results", 20):
        file = Path(one["folder"]) / "collections.db"
        check_whole(file)
        store = open_desk(file).store
        there = {c.id for c in shelf.collections(store)}
        assert {1, *one["confirmed"]} <= there, one
        # And it goes on.
        assert shelf.create(store, "a", "その後") not in there
        store.close()
        assert all("disk I/O error" in e or "disk is full" in e for e in one["errors"]), one
        # An error of the disk is no damage: nobody is sent for a backup.
        assert not [e for e in one["errors"] if "damaged" in e], one


def test_a_backup_is_whole_or_none(layer: Path, tmp_path: Path) -> None:
    origin = tmp_path / "origin"
    origin.mkdir()
    desk = open_desk(origin / "collections.db")
    for number in range(30):
        shelf.create(desk.store, "a", f"c{number}", "説明" * 2000)
    desk.store.close()
    for one in struck(layer, "backup", origin, tmp_path / "results", 20):
        folder = Path(one["folder"])
        check_whole(folder / "collections.db")
        target = folder / "backup.db"
        if one["confirmed"] or target.exists():
            check_whole(target)
            store = open_desk(target).store
            assert len(shelf.collections(store)) == 30
            store.close()
        assert all(str(folder) in error for error in one["errors"]), one


def test_a_publication_leaves_a_sound_live_generation(
    layer: Path, small_library: Path, tmp_path: Path
) -> None:
    origin = tmp_path / "origin"
    shutil.copytree(small_library, origin / "library")
    (origin / "more.jsonl").write_text(
        json.dumps({"id": "n", "title": "新しい文献", "abstract": "肺炎の画像。"}) + "\n"
    )
    for one in struck(layer, "publication", origin, tmp_path / "results", 4):
        live = live_folder(Path(one["folder"]) / "library")
        assert live is not None
        assert verify(live) == [], one
        records = Generation(live).manifest.records
        assert records == len(LITERATURE) + 1 if one["confirmed"] else records >= len(LITERATURE)
        assert all("cannot be written" in error for error in one["errors"]), one
