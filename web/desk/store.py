"""``collections.db``: opened, migrated, written to in transactions, backed up and restored.

SQLite in WAL mode. What :meth:`Store.writing` has left without an error is on the disk.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlite_utils import Database

from search.library.manifest import CURRENT, GENERATIONS
from search.storage_faults import ADVICE, fault_of
from web.desk.private_files import PRIVATE, make_private
from web.desk.schema import migrations

# "jmed": says that a SQLite file is ours.
APPLICATION_ID = 0x6A6D6564
# Seconds that a writer waits for another: transactions take milliseconds, an import of a large file
# some seconds. It holds a thread meanwhile, so whoever comes after one that has waited in vain is
# told almost at once, until a writer gets through again.
_PATIENCE = 5.0
_HASTE = 0.2
_SQLITE = b"SQLite format 3\x00"


class StoreError(ValueError):
    """A collections file that cannot be used: names it, the reason and what to do."""


class UnavailableError(StoreError):
    """A collections file that cannot be used at present, and may be sound: it is locked, or cannot
    be read."""


class Store:
    """The open file. Safe to use from several threads: each has its own connection."""

    def __init__(self, path: Path) -> None:
        """Open ``path``, made where there is none, and bring it up to date.

        Raises:
            StoreError: when it is no collections file, damaged, newer than this program, or
                inside a library.
        """
        self.path = path
        self._connections = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._locked = False
        self._lock = threading.Lock()
        check_place(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Password hashes lie here: nobody else's business.
            if not path.exists():
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, PRIVATE))
            # SQLite gives its log the rights of the file.
            for ending in ("", "-wal", "-shm"):
                make_private(path.with_name(path.name + ending))
            check_file(path)
            self._migrate()
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror}") from error
        except sqlite3.DatabaseError as error:
            raise StoreError(f"{path}: {error}") from error

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection, for reading; writing goes through :meth:`writing`."""
        if not hasattr(self._connections, "connection"):
            connection = _connect(self.path)
            with self._lock:
                self._opened.append(connection)
            self._connections.connection = connection
        found: sqlite3.Connection = self._connections.connection
        return found

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction, begun as a writer's so that what it reads stays true until it ends;
        rolled back on an error, on the disk otherwise. One inside another is part of it."""
        connection = self.connection
        if connection.in_transaction:
            yield connection
            return
        self._begin(connection)
        try:
            yield connection
            connection.execute("commit")
        except BaseException:
            connection.rollback()
            raise

    def _begin(self, connection: sqlite3.Connection) -> None:
        (usual,) = connection.execute("pragma busy_timeout").fetchone()
        if self._locked:
            connection.execute(f"pragma busy_timeout = {min(usual, round(_HASTE * 1000))}")
        try:
            connection.execute("begin immediate")
        except sqlite3.OperationalError as error:
            self._locked = error.sqlite_errorcode == sqlite3.SQLITE_BUSY
            raise
        else:
            self._locked = False
        finally:
            connection.execute(f"pragma busy_timeout = {usual}")

    def backup(self, target: Path) -> None:
        """Copy the file to ``target`` as it is at one moment, while others read and write.

        Raises:
            StoreError: when ``target`` exists or cannot be written.
        """
        if target.exists():
            raise StoreError(f"{target} exists already: name a new file")
        partial = target.with_name(f"{target.name}.partial")
        try:
            partial.unlink(missing_ok=True)
            os.close(os.open(partial, os.O_CREAT | os.O_RDWR, PRIVATE))
            with closing(_connect(self.path)) as source, closing(sqlite3.connect(partial)) as copy:
                source.backup(copy)
                copy.execute("pragma journal_mode = delete")
            _synced(partial)
            partial.rename(target)
            _synced(target.parent)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{target}: {error}") from error

    def close(self) -> None:
        """Close all connections; nothing may use them any more."""
        with self._lock:
            for connection in self._opened:
                connection.close()
            self._opened.clear()
        self._connections = threading.local()

    def _migrate(self) -> None:
        connection = self.connection
        connection.execute("pragma journal_mode = wal")
        database = Database(connection)
        if not migrations.pending(database):
            return
        # Two processes that open a file at once take turns.
        with self.writing():
            migrations.apply(database)
            connection.execute(f"pragma application_id = {APPLICATION_ID}")


def restore(backup: Path, path: Path) -> None:
    """Put the content of ``backup`` in the place of ``path``'s, in one transaction: whoever has
    the file open sees the old content or the new. A file that cannot be used is set aside as
    ``….damaged`` first.

    Raises:
        StoreError: when ``backup`` is not a sound collections file, or ``path`` is in use.
    """
    if not backup.is_file():
        raise StoreError(f"{backup}: no such file")
    check_file(backup)
    try:
        with closing(sqlite3.connect(f"file:{backup}?mode=ro", uri=True)) as source:
            (verdict,) = source.execute("pragma integrity_check(1)").fetchone()
            if verdict != "ok" or not _applied(source):
                raise StoreError(f"{backup} is damaged or holds no collections: {verdict}")
            _set_aside_if_unusable(path)
            Store(path).close()
            with closing(_connect(path)) as target:
                source.backup(target)
        Store(path).close()
    except sqlite3.Error as error:
        raise StoreError(f"{backup}: {error}") from error


def _set_aside_if_unusable(path: Path) -> None:
    try:
        if path.exists():
            check_file(path)
    except UnavailableError:
        # Whoever holds it may be writing: what is sound is not put away.
        raise
    except StoreError:
        for ending in ("", "-wal", "-shm"):
            file = path.with_name(path.name + ending)
            if file.exists():
                file.rename(path.with_name(f"{path.name}.damaged{ending}"))


def check_place(path: Path) -> None:
    """Refuse a place inside a library, whose folders come and go.

    Raises:
        StoreError: naming the library.
    """
    for folder in path.absolute().parents:
        if (folder / CURRENT).is_file() and (folder / GENERATIONS).is_dir():
            raise StoreError(
                f"{path} would lie inside the library {folder}: name a file elsewhere with "
                "--collections"
            )


def check_file(path: Path) -> None:
    """Refuse a file that is not ours, or that a newer program wrote.

    Raises:
        StoreError: with the reason. UnavailableError: when it cannot be looked at at present.
    """
    with path.open("rb") as stream:
        head = stream.read(len(_SQLITE))
    if not head:
        return
    if head != _SQLITE:
        raise StoreError(f"{path} is no collections file: name another with --collections")
    try:
        with closing(sqlite3.connect(path)) as connection:
            (application,) = connection.execute("pragma application_id").fetchone()
            (tables,) = connection.execute("select count(*) from sqlite_master").fetchone()
            applied = _applied(connection)
    except sqlite3.DatabaseError as error:
        fault = fault_of(error)
        if fault is not None and fault != "damaged":
            raise UnavailableError(
                f"{path} cannot be read at present ({error}). {ADVICE[fault]}"
            ) from error
        raise StoreError(
            f"{path} is damaged ({error}): bring back a backup with "
            f"jmedsearch collection restore BACKUP"
        ) from error
    if application != APPLICATION_ID and tables and not applied:
        raise StoreError(f"{path} is another program's database: name another file")
    known = {migration.name for migration in migrations.pending(Database(memory=True))}
    if newer := sorted(applied - known):
        raise StoreError(
            f"{path} was written by a newer jmedsearch (it has {', '.join(newer)}): update "
            "jmedsearch, or bring back a backup of before"
        )


def _synced(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def now() -> str:
    """The moment, UTC, as it is stored."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _applied(connection: sqlite3.Connection) -> set[str]:
    return {migration.name for migration in migrations.applied(Database(connection))}


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
    )
    connection.row_factory = sqlite3.Row
    connection.execute("pragma foreign_keys = on")
    # With WAL, FULL is what makes a commit survive a power cut, not only a kill.
    connection.execute("pragma synchronous = full")
    return connection
