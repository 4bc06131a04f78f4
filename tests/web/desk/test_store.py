"""collections.db: where it may lie, versions, transactions, backup and restore."""

import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlite_utils import Database

from web.cli import main
from web.desk.history import undo
from web.desk.items import items
from web.desk.schema import migrations
from web.desk.store import Store, StoreError, restore


def folders(store: Store) -> list[str]:
    return [row["name"] for row in store.connection.execute("select name from folders")]


def add_folder(store: Store, name: str) -> None:
    with store.writing() as db:
        change = db.execute("insert into changes (at, who, action) values ('', '', '')").lastrowid
        db.execute("insert into current_change values (?)", [change])
        db.execute("insert into folders (name, position) values (?, 1)", [name])
        db.execute("delete from current_change")


def test_an_older_file_is_brought_up_to_date_and_keeps_what_it_holds(tmp_path: Path) -> None:
    file = tmp_path / "old.db"
    old = Database(file)
    migrations.apply(old, stop_before="collections")
    old.conn.execute(
        "insert into users (name, role, password, created) values ('a', 'reader', '', '')"
    )
    old.conn.commit()
    old.close()
    store = Store(file)
    assert folders(store) == []
    assert store.connection.execute("select name from users").fetchone()[0] == "a"
    assert migrations.pending(Database(store.connection)) == []
    store.close()


def test_a_file_from_before_duplicates_keeps_its_collections_and_their_history(
    tmp_path: Path,
) -> None:
    file = tmp_path / "old.db"
    old = Database(file)
    migrations.apply(old, stop_before="duplicates")
    old.conn.execute("""insert into records values ('h', '{"id": "r", "title": "t"}', '')""")
    change = "insert into changes (collection, at, who, action) values (?, '', 'a', ?)"
    for number, (statement, action) in enumerate(
        (
            ("insert into collections (name, position) values ('古い', 1)", "create"),
            (
                "insert into items (collection, record_id, record_hash, source, position, added, "
                "added_by) values (1, 'r', 'h', 'library', 1, '', 'a')",
                "add records",
            ),
        ),
        1,
    ):
        old.conn.execute(change, [1 if number > 1 else None, action])
        old.conn.execute("insert into current_change values (?)", [number])
        old.conn.execute(statement)
        old.conn.execute("delete from current_change")
    old.conn.commit()
    old.close()
    store = Store(file)
    assert [item.record.title for item in items(store, 1)[1]] == ["t"]
    assert undo(store, "b", 2).action == "add records"
    assert items(store, 1)[0] == 0
    undo(store, "b", 3)
    assert items(store, 1)[0] == 1
    store.close()


def test_a_newer_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "new.db"
    Store(file).close()
    with sqlite3.connect(file) as newer:
        newer.execute(
            "insert into _sqlite_migrations (migration_set, name, applied_at) "
            "values ('collections', 'holograms', '')"
        )
    newer.close()
    before = file.read_bytes()
    with pytest.raises(StoreError, match=r"newer jmedsearch \(it has holograms\).*update"):
        Store(file)
    assert file.read_bytes() == before


def test_other_files_and_places_are_refused(tmp_path: Path) -> None:
    text = tmp_path / "text.db"
    text.write_text("not a database, but quite long enough to be one")
    with pytest.raises(StoreError, match="no collections file"):
        Store(text)
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("create table t (x)")
    connection.close()
    with pytest.raises(StoreError, match="another program"):
        Store(other)
    library = tmp_path / "library"
    (library / "generations").mkdir(parents=True)
    (library / "CURRENT").write_text("000001")
    with pytest.raises(StoreError, match="inside the library"):
        Store(library / "generations" / "collections.db")


def test_only_its_owner_reads_the_file(tmp_path: Path) -> None:
    file = tmp_path / "collections.db"
    Store(file).close()
    assert file.stat().st_mode & 0o077 == 0


def test_nothing_of_a_collection_changes_without_a_change_in_the_history(tmp_path: Path) -> None:
    store = Store(tmp_path / "c.db")
    with pytest.raises(sqlite3.IntegrityError), store.writing() as db:
        db.execute("insert into folders (name, position) values ('a', 1)")
    assert folders(store) == []
    store.close()


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "c.db")

    def fail() -> None:
        with store.writing():
            add_folder(store, "inner")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert folders(store) == []
    store.close()


def test_backup_of_a_file_in_use_and_restore_under_it(tmp_path: Path) -> None:
    store, backup = Store(tmp_path / "c.db"), tmp_path / "backup.db"
    add_folder(store, "before")
    thread = threading.Thread(target=lambda: [add_folder(store, f"x{i}") for i in range(20)])
    thread.start()
    store.backup(backup)
    thread.join()
    add_folder(store, "after")
    with pytest.raises(StoreError, match="exists already"):
        store.backup(backup)
    restore(backup, store.path)
    assert folders(store)[0] == "before"
    assert "after" not in folders(store)
    add_folder(store, "again")
    store.close()


def test_restore_replaces_a_damaged_file_and_refuses_a_damaged_backup(tmp_path: Path) -> None:
    store, backup = Store(tmp_path / "c.db"), tmp_path / "backup.db"
    add_folder(store, "kept")
    store.backup(backup)
    store.close()
    (tmp_path / "c.db").write_bytes(b"rubbish" * 100)
    restore(backup, tmp_path / "c.db")
    store = Store(tmp_path / "c.db")
    assert folders(store) == ["kept"]
    backup.write_bytes(backup.read_bytes()[:5000])
    with pytest.raises(StoreError, match="damaged"):
        restore(backup, tmp_path / "c.db")
    assert folders(store) == ["kept"]
    store.close()


def test_the_commands(tmp_path: Path) -> None:
    file, backup = str(tmp_path / "c.db"), str(tmp_path / "backup.db")
    store = Store(Path(file))
    add_folder(store, "kept")

    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, ["collection", *arguments, "--collections", file])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, result.output

    assert run("backup", backup) == (0, "")
    code, output = run("backup", backup)
    assert code == 1
    assert "exists already" in output
    add_folder(store, "later")
    assert run("restore", backup)[0] == 1  # nobody said yes
    ended = "0 sessions, 0 tokens, 0 links, 0 feeds, 0 account links ended\n"
    assert run("restore", backup, "--yes") == (0, ended)
    assert folders(store) == ["kept"]
    code, output = run("restore", str(tmp_path / "none"), "--yes")
    assert code == 1
    assert "no such file" in output
    store.close()


_EDITOR = """
import sys
from pathlib import Path
from web.desk.shelf import add_folder
from web.desk.store import Store
store = Store(Path(sys.argv[1]))
for i in range(1000):
    add_folder(store, "editor", str(i))
    # Long lines: what nobody reads fills the pipe after some sixty.
    print(f"{i:1000}", flush=True)
"""


@pytest.mark.slow
def test_a_kill_amid_a_thousand_edits_loses_none_that_was_confirmed(tmp_path: Path) -> None:
    file = tmp_path / "c.db"
    command = [sys.executable, "-c", _EDITOR, str(file)]
    confirmed = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            confirmed.append(line.strip())
            if len(confirmed) == 100:
                process.send_signal(signal.SIGKILL)
    assert 100 <= len(confirmed) < 1000
    store = Store(file)
    assert folders(store)[: len(confirmed)] == confirmed
    assert store.connection.execute("pragma integrity_check").fetchone()[0] == "ok"
    store.close()


@pytest.mark.slow
def test_a_locked_file_is_neither_called_damaged_nor_put_aside(tmp_path: Path) -> None:
    file = tmp_path / "collections.db"
    store = Store(file)
    add_folder(store, "病棟")
    store.backup(tmp_path / "backup.db")
    store.close()
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("pragma locking_mode = exclusive")
    holder.execute("begin exclusive")
    with pytest.raises(StoreError, match=r"cannot be read at present .*locked") as caught:
        restore(tmp_path / "backup.db", file)
    assert "damaged" not in str(caught.value)
    assert not (tmp_path / "collections.db.damaged").exists()
    holder.close()
    restored = Store(file)
    assert folders(restored) == ["病棟"]
    restored.close()
