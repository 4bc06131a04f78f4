"""What a run says of its library's disk and databases: one line, about the right thing."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from indexer.run.storage_errors import told_of_damage, told_of_storage
from indexer.stages.staging import BuildError
from search.encoder import ModelError
from search.library.manifest import LibraryError, live_folder


def refuse(library: Path, statement: str, *, full: bool = False) -> None:
    """Run a statement on a new database as a run does, with all its errors told."""
    with told_of_storage(library), closing(sqlite3.connect(":memory:")) as db:
        if full:
            db.execute("pragma max_page_count = 1")
        db.execute(statement)


def test_a_full_disk_is_called_full(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"cannot be written \(database or disk is full\).*room"):
        refuse(tmp_path, "create table t (x)", full=True)


def test_a_mistake_is_not_called_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="no such table: nowhere") as caught:
        refuse(tmp_path, "select * from nowhere")
    assert "room" not in str(caught.value)
    assert "The disk is not at fault" in str(caught.value)


def test_our_own_errors_stay_as_they_are(tmp_path: Path) -> None:
    with (
        pytest.raises(ModelError, match=r"^the cache cannot be written$"),
        told_of_storage(tmp_path),
    ):
        raise ModelError("the cache cannot be written")


def test_a_live_generation_that_lost_a_table_is_called_damaged(built: Path) -> None:
    live = live_folder(built)
    assert live
    with closing(sqlite3.connect(live / "records.db")) as db:
        db.execute("drop table imports")
    with (
        pytest.raises(LibraryError, match=r"is damaged \(records\.db"),
        told_of_storage(built),
        told_of_damage(live),
        closing(sqlite3.connect(live / "records.db")) as db,
    ):
        db.execute("select * from imports")
