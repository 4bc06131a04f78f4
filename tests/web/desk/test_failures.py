"""What goes wrong under a service: each time a clear message, an answer where one is possible, and
nothing lost."""

import os
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient

from search.library.library import Library
from search.library.manifest import LibraryError
from tests.web.desk.conftest import PASSWORD, Growing, app_without_library
from web.cli import main
from web.desk import shelf
from web.desk.desk import Desk
from web.desk.history import history, undo


def names(client: FlaskClient) -> list[str]:
    answer = client.get("/api/v1/collections").json
    assert answer
    return [c["name"] for c in answer["collections"]]


def test_a_full_disk_keeps_what_was_stored(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    client = app_without_library(desk).test_client()
    assert client.post("/api/v1/collections", json={"name": "before"}).status_code == 200
    # What SQLite says of a full disk, it says of a file that may not grow.
    (pages,) = desk.store.connection.execute("pragma page_count").fetchone()
    desk.store.connection.execute(f"pragma max_page_count = {pages}")
    refused = client.post("/api/v1/collections", json={"name": "x", "description": "y" * 9000})
    assert refused.status_code == 503
    assert refused.content_type == "application/problem+json"
    assert refused.json
    assert refused.json["type"] == "/about#storage-unavailable"
    assert refused.headers["Retry-After"]
    assert "full" in caplog.text
    page = client.post("/collections", data={"name": "x", "description": "y" * 9000})
    assert page.status_code == 503
    assert page.mimetype == "text/html"
    assert names(client) == ["before"]
    desk.store.connection.execute("pragma max_page_count = 1000000")
    assert client.post("/api/v1/collections", json={"name": "after"}).status_code == 200
    assert set(names(client)) == {"before", "after"}


def test_a_locked_file_is_read_and_says_that_it_is_locked(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    client = app_without_library(desk).test_client()
    client.post("/api/v1/collections", json={"name": "before"})
    desk.store.connection.execute("pragma busy_timeout = 20")
    with closing(sqlite3.connect(desk.store.path, isolation_level=None)) as other:
        other.execute("begin immediate")
        assert client.post("/api/v1/collections", json={"name": "x"}).status_code == 503
        assert "locked" in caplog.text
        assert names(client) == ["before"]
        other.execute("rollback")
    assert client.post("/api/v1/collections", json={"name": "after"}).status_code == 200


def test_a_clock_that_jumps_loses_nothing(staffed: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    offset = timedelta()

    def now() -> str:
        return (datetime.now(UTC) + offset).isoformat(timespec="seconds")

    for module in ("accounts", "history"):
        monkeypatch.setattr(f"web.desk.{module}.now", now)
    client = app_without_library(staffed).test_client()
    signed_in = {"name": "librarian", "password": PASSWORD}
    assert client.post("/sign-in", data=signed_in).status_code == 303
    number = shelf.create(staffed.store, "a", "one")
    offset = timedelta(days=-400)
    assert client.get("/collections").status_code == 200
    shelf.describe(staffed.store, "a", number, name="two", description="")
    # The order of what happened is not the clock's.
    _, changes = history(staffed.store, number, 0, 10)
    assert [c.action for c in changes][-1] == "create"
    undo(staffed.store, "a", changes[0].id, number)
    assert shelf.collection(staffed.store, number).name == "one"
    offset = timedelta(days=400)
    # The session has ended by the clock: one signs in again.
    assert client.get("/collections").headers["Location"].startswith("/sign-in")
    assert client.post("/sign-in", data=signed_in).status_code == 303
    assert client.get(f"/collections/{number}").status_code != 500


def test_a_damaged_generation_is_answered_from_the_one_before(
    growing: Growing, caplog: pytest.LogCaptureFixture
) -> None:
    client = growing.app.test_client()
    assert growing.engine.generation().name == "000001"
    growing.index({"id": "f", "title": "新しい肺炎"})
    (growing.path / "generations" / "000002" / "vectors.faiss").write_bytes(b"torn")
    for _ in range(3):
        found = client.get("/api/v1/search?q=肺炎").json
        assert found
        assert found["generation"] == "000001"
        assert found["hits"]
    assert client.get("/readyz").json == {
        "status": "ready",
        "generation": "000001",
        "records": 5,
        # What is live is another one, which cannot be opened.
        "published": "000002",
        "degraded_reason": None,
    }
    # Once, not for each request.
    assert caplog.text.count("answers go on from generation 000001") == 1
    assert "jmedsearch verify" in caplog.text


@pytest.mark.slow
@pytest.mark.parametrize("file", ["vectors.faiss", "records.db", "lexical/meta.json"])
@pytest.mark.parametrize("damage", ["torn", "missing"])
def test_a_damaged_library_names_what_to_run(
    small_library: Path, tmp_path: Path, file: str, damage: str
) -> None:
    library = tmp_path / "library"
    shutil.copytree(small_library, library)
    broken = library / "generations" / "000001" / file
    broken.unlink()
    if damage == "torn":
        broken.write_bytes(b"torn")
    with pytest.raises(LibraryError, match="jmedsearch verify"):
        Library(library).generation()
    done = run("doctor", "--library", str(library))
    assert done.exit_code == 1
    assert file in done.stdout


def run(*arguments: str) -> Result:
    done = CliRunner().invoke(main, arguments)
    # Else it would be a traceback.
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
    return done


@pytest.mark.slow
def test_a_missing_model_is_named(small_library: Path, tmp_path: Path) -> None:
    gone = tmp_path / "no-model"
    done = run("search", "肺炎", "--library", str(small_library), "--model", str(gone))
    assert done.exit_code == 1
    assert f"{gone}: no such directory" in done.stderr


def test_a_library_that_cannot_be_written_is_searched(
    small_library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "library"
    shutil.copytree(small_library, library)
    lexical = library / "generations" / "000001" / "lexical"
    before = sorted(library.rglob("*"))
    real = os.access
    # Whoever administers a machine may write everywhere: here the mount says that one may not.
    monkeypatch.setattr(os, "access", lambda p, mode: Path(p) != lexical and real(p, mode))
    opened = Library(library)
    assert len(opened.generation().lexical) == 5
    assert opened.generation().lexical.document_frequency("肺炎") == 3
    assert sorted(library.rglob("*")) == before


@pytest.mark.slow
class TestDoctor:
    """`jmedsearch doctor`."""

    def test_it_finds_a_sound_installation_sound(
        self, sample_library: Path, tmp_path: Path
    ) -> None:
        desk = tmp_path / "collections.db"
        run("collection", "create", "a", "--collections", str(desk))
        done = run(
            *("doctor", "--library", str(sample_library), "--collections", str(desk)),
            "--checksums",
        )
        assert done.exit_code == 0, done.stdout
        assert "every byte is as its manifest says" in done.stdout
        assert "sound, 0 accounts" in done.stdout
        assert "problem" not in done.stdout

    def test_it_changes_nothing(self, tmp_path: Path) -> None:
        run("doctor", "--collections", str(tmp_path / "none" / "collections.db"))
        assert not list(tmp_path.iterdir())

    def test_it_sees_a_clock_that_stands_before_what_happened(self, desk: Desk) -> None:
        shelf.create(desk.store, "a", "one")
        with desk.store.writing() as db:
            db.execute("update changes set at = '2999-01-01T00:00:00+00:00'")
        done = run("doctor", "--collections", str(desk.store.path))
        assert "set the clock" in done.stdout
        assert done.exit_code == 0

    def test_it_names_other_files(self, tmp_path: Path) -> None:
        file = tmp_path / "notes.txt"
        file.write_text("no database")
        done = run("doctor", "--collections", str(file))
        assert done.exit_code == 1
        assert "is no collections file" in done.stdout
