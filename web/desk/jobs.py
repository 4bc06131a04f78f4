"""Long work as jobs in one table: who asked for what, how far it is, what became of it.

The table lies in a file of its own beside ``collections.db``: progress that is written twice a
second holds up no edit. One process at a time does the jobs, in the order in which they came; it
holds the kernel's lock on a file beside the table for as long as it lives, however it ends. So
whether a job that is said to run does run needs no guess by number of process, which another one
may have by now: nobody holds the lock, nobody runs.

Libraries for jobs were looked at. huey's SQLite storage takes a task out of the queue before it is
run, so a kill loses it, and it knows neither progress nor a pause; APScheduler keeps when
something is to run, not how far it is; persist-queue is a queue alone; procrastinate needs
PostgreSQL, the others a broker.
"""

import fcntl
import json
import os
import secrets
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal, get_args

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from search.library.import_log import import_with_key
from search.library.manifest import LibraryError
from web.desk.private_files import PRIVATE
from web.desk.store import StoreError, now

Kind = Literal[
    "preview",
    "import",
    "go back",
    "prune",
    "remove",
    "measure",
    "add names",
    "remove names",
    "backup",
    "restore",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
State = Literal["queued", "running", "paused", "done", "failed", "cancelled", "interrupted"]
Wish = Literal["", "pause", "cancel"]
# Those that are not over.
OPEN: tuple[State, ...] = ("queued", "running", "paused")
# Those that can be taken up again.
RESUMABLE: tuple[State, ...] = ("failed", "cancelled", "interrupted")
# Jobs that wait, and lines of a job's log, that are kept.
MOST_WAITING = 100
_MOST_LINES = 500
_PATIENCE = 5.0

migrations = Migrations("jobs")


@migrations()
def jobs(db: Database) -> None:
    """The jobs and their logs."""
    # One by one: a script would end the transaction that keeps other processes out.
    for statement in _TABLES.split(";"):
        db.conn.execute(statement)


_TABLES = """
create table jobs (
    id integer primary key autoincrement,
    key text not null unique,
    kind text not null,
    arguments text not null,
    who text not null,
    created text not null,
    started text not null default '',
    ended text not null default '',
    state text not null default 'queued',
    wish text not null default '',
    stage text not null default '',
    done integer not null default 0,
    total integer not null default 0,
    records integer not null default 0,
    stage_seconds real not null default 0,
    result text not null default '{}',
    told text not null default '',
    process integer not null default 0
);
create index jobs_state on jobs(state);
create table job_lines (
    job integer not null references jobs(id),
    at text not null,
    what text not null,
    told text not null
);
create index job_lines_job on job_lines(job)
"""


class JobError(ValueError):
    """A job that cannot be had, or not be done to what is asked. ``fault`` is one of a closed set
    for translation."""

    def __init__(self, fault: Literal["unknown", "over", "open", "many"], message: str) -> None:
        super().__init__(message)
        self.fault = fault


@dataclass(frozen=True)
class Job:
    """A job. ``key`` is its own for good, however often it is taken up. ``stage`` is what it does,
    of which ``done`` of ``total`` steps (0: not known) and so many ``records`` are behind it after
    ``stage_seconds``. ``result`` is what it found; ``told`` is why it failed."""

    id: int
    key: str
    kind: Kind
    arguments: Mapping[str, Any]
    who: str
    created: str
    started: str
    ended: str
    state: State
    wish: Wish
    stage: str
    done: int
    total: int
    records: int
    stage_seconds: float
    result: Mapping[str, Any]
    told: str
    process: int

    @property
    def is_open(self) -> bool:
        """Whether it is not over."""
        return self.state in OPEN

    @property
    def per_second(self) -> float:
        """Records a second in this stage, as far as that is known."""
        return self.records / self.stage_seconds if self.stage_seconds else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the stage is over, where that can be told."""
        if not self.done or not self.total or not self.stage_seconds:
            return None
        return self.stage_seconds * max(self.total - self.done, 0) / self.done


@dataclass(frozen=True)
class Line:
    """A line of a job's log: ``what`` happened, and ``told`` of it."""

    at: str
    what: str
    told: str


class Jobs:
    """The jobs over one library. Safe to use from several threads and processes."""

    def __init__(self, collections_file: Path, library: Path) -> None:
        """Open the table beside a ``collections.db``, made if missing.

        Raises:
            StoreError: when it cannot be used.
        """
        self.library = library.absolute()
        self.collections_file = collections_file.absolute()
        self.path = beside(collections_file, "-jobs.db")
        self._lock_file = beside(collections_file, "-jobs.lock")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if not self.path.exists():
                os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, PRIVATE))
            self._migrate()
        except OSError as error:
            raise StoreError(f"{self.path}: {error.strerror}") from error
        except sqlite3.DatabaseError as error:
            raise StoreError(
                f"{self.path}: {error}. It holds what was asked for on the page, and nothing else: "
                "put it aside, and a new one is made"
            ) from error

    def add(self, kind: Kind, who: str, **arguments: Any) -> Job:
        """A new job, at the end of the queue.

        Raises:
            JobError: when too many wait.
        """
        with self._writing() as db:
            (waiting,) = db.execute("select count(*) from jobs where state = 'queued'").fetchone()
            if waiting >= MOST_WAITING:
                raise JobError("many", f"{waiting} jobs wait already: let some of them end first")
            number = db.execute(
                "insert into jobs (key, kind, arguments, who, created) values (?, ?, ?, ?, ?)",
                [
                    secrets.token_hex(16),
                    kind,
                    json.dumps(arguments, ensure_ascii=False),
                    who,
                    now(),
                ],
            ).lastrowid
            assert number is not None
        return self.job(number)

    def job(self, number: int) -> Job:
        """The job of this number.

        Raises:
            JobError: when there is none.
        """
        with self._connected() as db:
            row = db.execute("select * from jobs where id = ?", [number]).fetchone()
        if row is None:
            raise JobError("unknown", f"there is no job {number}")
        return _job(row)

    def listed(self, first: int = 0, count: int = 50, kinds: Sequence[Kind] = KINDS) -> list[Job]:
        """Jobs of some kinds, the newest first."""
        marks = ", ".join("?" * len(kinds))
        with self._connected() as db:
            rows = db.execute(
                f"select * from jobs where kind in ({marks}) order by id desc limit ? offset ?",  # noqa: S608
                [*kinds, count, first],
            ).fetchall()
        return [_job(row) for row in rows]

    def count(self, kinds: Sequence[Kind] = KINDS) -> int:
        """How many jobs of some kinds there are."""
        marks = ", ".join("?" * len(kinds))
        with self._connected() as db:
            row = db.execute(
                f"select count(*) from jobs where kind in ({marks})",  # noqa: S608
                [*kinds],
            ).fetchone()
        return int(row[0])

    def open_jobs(self) -> list[Job]:
        """Jobs that are not over, in the order in which they are done."""
        with self._connected() as db:
            rows = db.execute(
                "select * from jobs where state in ('queued', 'running', 'paused') order by id"
            ).fetchall()
        return [_job(row) for row in rows]

    def lines(self, number: int) -> list[Line]:
        """The log of a job."""
        with self._connected() as db:
            rows = db.execute(
                "select at, what, told from job_lines where job = ? order by rowid", [number]
            ).fetchall()
        return [Line(*row) for row in rows]

    def has_queued(self) -> bool:
        """Whether any job waits."""
        with self._connected() as db:
            found = db.execute("select 1 from jobs where state = 'queued' limit 1").fetchone()
        return found is not None

    # What people ask of a job

    def wish(self, number: int, wish: Wish) -> None:
        """Have a job pause, go on, or end. One that waits ends at once.

        Raises:
            JobError: when there is no such job, or it is over.
        """
        with self._writing() as db:
            job = self._row(db, number)
            if not job.is_open:
                raise JobError("over", f"job {number} is {job.state}")
            if job.state == "queued":
                if wish == "cancel":
                    self._end(db, number, "cancelled")
                return
            if job.wish != "cancel":
                db.execute("update jobs set wish = ? where id = ?", [wish, number])

    def resume(self, number: int) -> None:
        """Put a job that ended before it was done into the queue again; it stays the same job.

        Raises:
            JobError: when there is no such job, or it is open or done.
        """
        with self._writing() as db:
            job = self._row(db, number)
            if job.state not in RESUMABLE:
                raise JobError("open", f"job {number} is {job.state}")
            db.execute(
                "update jobs set state = 'queued', wish = '', stage = '', done = 0, total = 0, "
                "records = 0, stage_seconds = 0, ended = '', told = '' where id = ?",
                [number],
            )
            self._line(db, number, "resumed", "")

    # What the process does that works on them

    @contextmanager
    def working(self) -> Iterator[bool]:
        """Be the one that works on the jobs: False where another process is.

        What is said to run then ran in a process that is gone, and is called interrupted.
        """
        with self._locked() as lock:
            if lock is not None:
                self._settle()
            yield lock is not None

    def settle(self) -> bool:
        """Look whether what is said to run does, and correct it where it does not; True where
        nobody works on the jobs."""
        with self._locked() as lock:
            if lock is not None:
                self._settle()
            return lock is not None

    def take(self) -> Job | None:
        """The next job, which runs from now on in this process; None where none waits."""
        with self._writing() as db:
            row = db.execute(
                "select * from jobs where state = 'queued' order by id limit 1"
            ).fetchone()
            if row is None:
                return None
            db.execute(
                "update jobs set state = 'running', started = ?, process = ? where id = ?",
                [now(), os.getpid(), row["id"]],
            )
            self._line(db, row["id"], "started", "")
            return self._row(db, row["id"])

    def tell(self, number: int, **values: Any) -> Wish:
        """Write how far a job is; gives what people wish of it."""
        names = ", ".join(f"{name} = :{name}" for name in values)
        with self._writing() as db:
            db.execute(f"update jobs set {names} where id = :id", {**values, "id": number})  # noqa: S608
            (wish,) = db.execute("select wish from jobs where id = ?", [number]).fetchone()
        found: Wish = wish
        return found

    def wished(self, number: int) -> Wish:
        """What people wish of a job."""
        return self.job(number).wish

    def log(self, number: int, what: str, told: str = "") -> None:
        """Add a line to a job's log, as long as that is short."""
        with self._writing() as db:
            self._line(db, number, what, told)

    def end(
        self,
        number: int,
        state: State,
        told: str = "",
        result: Mapping[str, Any] | None = None,
    ) -> None:
        """Say what became of a job."""
        with self._writing() as db:
            self._end(db, number, state, told, result)

    def published(self, job: Job) -> dict[str, Any] | None:
        """What the import did that a job stands for, where the library has it."""
        if job.kind != "import":
            return None
        try:
            return import_with_key(self.library, job.key)
        except (LibraryError, OSError, sqlite3.Error):
            return None

    def _migrate(self) -> None:
        with self._connected() as connection:
            connection.execute("pragma journal_mode = wal")
            database = Database(connection)
            if migrations.pending(database):
                connection.execute("begin immediate")
                migrations.apply(database)
                if connection.in_transaction:
                    connection.execute("commit")

    def _settle(self) -> None:
        for job in self.open_jobs():
            if job.state == "queued":
                continue
            done = self.published(job)
            # What was published before the process could say so is done.
            state: State = "cancelled" if job.wish == "cancel" else "interrupted"
            with self._writing() as db:
                self._end(
                    db,
                    job.id,
                    state if done is None else "done",
                    "",
                    {**job.result, **(done or {})},
                )

    def _end(
        self,
        db: sqlite3.Connection,
        number: int,
        state: State,
        told: str = "",
        result: Mapping[str, Any] | None = None,
    ) -> None:
        db.execute(
            "update jobs set state = ?, told = ?, ended = ?, wish = '', "
            "result = coalesce(?, result) where id = ?",
            [
                state,
                told,
                now(),
                None if result is None else json.dumps(result, ensure_ascii=False),
                number,
            ],
        )
        self._line(db, number, state, "")

    def _line(self, db: sqlite3.Connection, number: int, what: str, told: str) -> None:
        db.execute(
            "insert into job_lines select :job, :at, :what, :told "
            "where (select count(*) from job_lines where job = :job) < :most",
            {"job": number, "at": now(), "what": what, "told": told, "most": _MOST_LINES},
        )

    def _row(self, db: sqlite3.Connection, number: int) -> Job:
        row = db.execute("select * from jobs where id = ?", [number]).fetchone()
        if row is None:
            raise JobError("unknown", f"there is no job {number}")
        return _job(row)

    @contextmanager
    def _locked(self) -> Iterator[IO[str] | None]:
        with self._lock_file.open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield None
                return
            try:
                yield lock
            finally:
                fcntl.flock(lock, fcntl.LOCK_UN)

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None)) as db:
            db.row_factory = sqlite3.Row
            db.execute("pragma synchronous = full")
            yield db

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._connected() as db:
            db.execute("begin immediate")
            try:
                yield db
                db.execute("commit")
            except BaseException:
                db.rollback()
                raise


def beside(collections_file: Path, ending: str) -> Path:
    """What lies beside a ``collections.db``, named after it."""
    return collections_file.absolute().with_name(f"{collections_file.stem}{ending}")


def _job(row: sqlite3.Row) -> Job:
    values = dict(row)
    values["arguments"] = json.loads(values["arguments"])
    values["result"] = json.loads(values["result"])
    return Job(**values)
