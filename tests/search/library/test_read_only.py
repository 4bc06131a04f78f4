"""A generation's databases go on being read after their files are gone."""

import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from search.library.read_only import ReadOnlyDatabase


@pytest.fixture
def file(tmp_path: Path) -> Path:
    # What a URI would take for a query or a fragment is part of the name.
    file = tmp_path / "図書室 100%?#" / "records.db"
    file.parent.mkdir()
    connection = sqlite3.connect(file)
    connection.execute("create table records (number integer primary key, title)")
    connection.executemany(
        "insert into records values (?, ?)", [(n, f"肺炎{n}" * 50) for n in range(2000)]
    )
    connection.commit()
    connection.close()
    return file


def test_many_threads_read_what_has_been_removed(file: Path) -> None:
    database = ReadOnlyDatabase(file)
    shutil.rmtree(file.parent)

    def read(number: int) -> str:
        query = "select title from records where number = ?"
        return str(database.connection().execute(query, [number]).fetchone()["title"])

    with ThreadPoolExecutor(16) as threads:
        found = list(threads.map(read, range(2000)))
    assert found == [f"肺炎{n}" * 50 for n in range(2000)]


def test_nothing_is_written_and_nothing_is_made(file: Path) -> None:
    database = ReadOnlyDatabase(file)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        database.connection().execute("delete from records")
    with pytest.raises(sqlite3.OperationalError):
        ReadOnlyDatabase(file.with_name("missing.db"))
    assert not file.with_name("missing.db").exists()
