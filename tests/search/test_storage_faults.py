"""Which errors are of the storage, told by what really raises them."""

import errno
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from search.storage_faults import ADVICE, fault_of


def full(file: Path) -> None:
    with closing(sqlite3.connect(file)) as db:
        db.execute("pragma max_page_count = 2")
        db.execute("create table t (x)")
        db.execute("insert into t values (zeroblob(100000))")


def read_only(file: Path) -> None:
    sqlite3.connect(file).execute("create table t (x)").connection.close()
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
        db.execute("insert into t values (1)")


def locked(file: Path) -> None:
    with closing(sqlite3.connect(file)) as one, closing(sqlite3.connect(file, timeout=0)) as other:
        one.execute("begin exclusive")
        other.execute("create table t (x)")


def unopened(file: Path) -> None:
    sqlite3.connect(file / "none" / "x.db")


def damaged(file: Path) -> None:
    file.write_bytes(b"no database at all, but long enough to be looked at" * 20)
    with closing(sqlite3.connect(file)) as db:
        db.execute("select * from t")


@pytest.mark.parametrize("spoil", [full, read_only, locked, unopened, damaged])
def test_sqlite_says_what_is_the_matter(spoil: Callable[[Path], None], tmp_path: Path) -> None:
    with pytest.raises(sqlite3.Error) as caught:
        spoil(tmp_path / "x.db")
    fault = fault_of(caught.value)
    assert fault is not None
    assert fault.replace("-", "_") == spoil.__name__
    assert ADVICE[fault]


@pytest.mark.parametrize("statement", ["select * from nowhere", "selec 1"])
def test_a_mistake_in_a_statement_is_no_fault_of_the_disk(statement: str) -> None:
    with closing(sqlite3.connect(":memory:")) as db, pytest.raises(sqlite3.Error) as caught:
        db.execute(statement)
    assert fault_of(caught.value) is None


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "full"),
        (OSError(errno.EROFS, os.strerror(errno.EROFS)), "read-only"),
        (OSError(errno.EIO, os.strerror(errno.EIO)), "failing"),
        (OSError(errno.EMFILE, os.strerror(errno.EMFILE)), "unopened"),
        (OSError(errno.ENOENT, os.strerror(errno.ENOENT)), None),
        (OSError("8 requested and 0 written"), "failing"),
        (RuntimeError("write error in vectors.faiss: 0 != 1 (No space left on device)"), "full"),
        (ValueError("An IO error occurred: 'File too large (os error 27)'"), "full"),
        (ValueError("k should be positive"), None),
    ],
)
def test_others_say_it_by_number_or_in_a_sentence(error: Exception, fault: str | None) -> None:
    assert fault_of(error) == fault
