"""A harvest on the disk: the source's answers as files, and how far it has come.

    NAME/000001/000001.xml.gz   the answers, a run (harvest or update) after the other
    NAME/000001/.plan.json      what the run is going to read
    NAME/.harvest.json          source, query, runs and how far each is

``jmedsearch index`` passes hidden files over. Files are written beside their place, flushed and
renamed, and the state follows its page: a kill at any moment loses one page, which is asked for
again.
"""

import fcntl
import gzip
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from indexer.harvest.harvest_errors import HarvestError
from indexer.harvest.source import Page, Plan, Position

_STATE = ".harvest.json"
_PLAN = ".plan.json"
_NAME = re.compile(r"\w[\w.-]{0,63}\Z")
_VERSION = 1


@dataclass(frozen=True)
class Run:
    """One run of a harvest, the first or an update. ``since`` is the day from which on changes were
    asked for, empty for all; ``pages`` and ``records`` are those that lie there, of ``total``;
    ``position`` is where it goes on. ``withdrawn`` are ids of records that the source has taken
    back, ``left`` of those that the query found before and finds no more."""

    number: int
    started: str
    since: str = ""
    pages: int = 0
    records: int = 0
    total: int = 0
    position: Position | None = None
    finished: str = ""
    withdrawn: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def folder_name(self) -> str:
        """The name of its folder."""
        return f"{self.number:06d}"


@dataclass(frozen=True)
class Harvest:
    """What was asked of a source, and its runs in order."""

    name: str
    source: str
    database: str
    query: str
    runs: tuple[Run, ...] = field(default=())

    @property
    def open_run(self) -> Run | None:
        """The run that is not finished."""
        return next((run for run in self.runs if not run.finished), None)


class HarvestFolder:
    """The folder of one harvest. What writes is called inside :meth:`held`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Harvest:
        """The harvest as it stands.

        Raises:
            HarvestError: when there is none, or its state cannot be read.
        """
        file = self.path / _STATE
        try:
            told = json.loads(file.read_text(encoding="utf-8"))
            if told.pop("version") != _VERSION:
                raise HarvestError(f"{file}: written by another version of jmedsearch")
            runs = tuple(
                Run(**{**run, "withdrawn": tuple(run["withdrawn"]), "left": tuple(run["left"])})
                for run in told.pop("runs")
            )
            return Harvest(self.path.name, **told, runs=runs)
        except FileNotFoundError as error:
            raise HarvestError(f"there is no harvest {self.path.name!r}") from error
        except OSError as error:
            raise HarvestError(f"{file}: cannot be read ({error.strerror})") from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise HarvestError(f"{file}: damaged; remove the harvest and start again") from error

    def write(self, harvest: Harvest) -> None:
        """Write how far it has come."""
        told = {**asdict(harvest), "version": _VERSION}
        del told["name"]
        _write(self.path / _STATE, _json(told))

    def write_plan(self, run: Run, plan: Plan) -> None:
        """Write what a run is going to read, before it is begun."""
        folder = self.path / run.folder_name
        folder.mkdir(exist_ok=True)
        _write(folder / _PLAN, _json(plan))
        _flush(self.path)

    def plan(self, run: Run) -> Plan | None:
        """What a run is going to read; None before that is known.

        Raises:
            HarvestError: when it cannot be read.
        """
        file = self.path / run.folder_name / _PLAN
        try:
            plan: Plan = json.loads(file.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise HarvestError(f"{file}: damaged; remove the harvest and start again") from error
        return plan

    def drop_plan(self, run: Run) -> None:
        """Forget what a run was going to read: it is asked otherwise."""
        (self.path / run.folder_name / _PLAN).unlink(missing_ok=True)

    def keep(self, run: Run, page: Page, suffix: str) -> Run:
        """Write the answers of a run's next page, as they came; the run with it."""
        folder = self.path / run.folder_name
        number = run.pages + 1
        names = [_page_name(number, part, suffix) for part in range(len(page.answers))]
        # A page that is asked for again may have fewer.
        for old in _pages(folder, {number}):
            if old.name not in names:
                old.unlink()
        for name, answer in zip(names, page.answers, strict=True):
            _write(folder / name, gzip.compress(answer, 6, mtime=0))
        return replace(
            run,
            pages=number,
            records=run.records + page.records,
            total=page.total,
            position=page.next,
            withdrawn=(*run.withdrawn, *page.withdrawn),
        )

    def drop_beyond(self, run: Run) -> None:
        """Remove pages that a run does not have any more, because it was started again."""
        folder = self.path / run.folder_name
        if not folder.is_dir():
            return
        for file in _pages(folder, None):
            if int(file.name[:6]) > run.pages:
                file.unlink()
        _flush(folder)

    def files(self, run: Run) -> list[Path]:
        """The files of a run, in order."""
        return sorted(_pages(self.path / run.folder_name, None))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the harvest for writing.

        Raises:
            HarvestError: when another process does, or the folder cannot be written.
        """
        with held(self.path, f"the harvest {self.path.name}"):
            yield


@contextmanager
def held(folder: Path, what: str, name: str = ".lock") -> Iterator[None]:
    """Hold a lock in a folder. It is the kernel's: it ends with the process.

    Raises:
        HarvestError: at once, when another process has it or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / name).open("a+")
    except OSError as error:
        raise HarvestError(f"{folder}: cannot be written ({error.strerror})") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise HarvestError(
                f"another jmedsearch process is at {what}; wait until it has finished"
            ) from error
        yield


def folder_of(harvests: Path, name: str) -> HarvestFolder:
    """The folder of a harvest by its name.

    Raises:
        HarvestError: when that can be no name.
    """
    if not _NAME.match(name):
        raise HarvestError(
            f"{name!r} can be no name of a harvest: letters, digits, hyphens and dots, at most 64"
        )
    return HarvestFolder(harvests / name)


def list_harvests(harvests: Path) -> list[Harvest]:
    """Every harvest, by name.

    Raises:
        HarvestError: when one cannot be read.
    """
    if not harvests.is_dir():
        return []
    names = sorted(f.name for f in harvests.iterdir() if (f / _STATE).is_file())
    return [HarvestFolder(harvests / name).read() for name in names]


def remove_harvest(harvests: Path, name: str) -> None:
    """Remove a harvest with its files; what was indexed of it stays in the library.

    Raises:
        HarvestError: when there is none, or it is being written.
    """
    folder = folder_of(harvests, name)
    if not (folder.path / _STATE).is_file():
        raise HarvestError(f"there is no harvest {name!r}")
    with folder.held():
        # The state first: what remains of it after a kill is no harvest.
        (folder.path / _STATE).unlink()
        shutil.rmtree(folder.path)


def _page_name(number: int, part: int, suffix: str) -> str:
    further = f"_{part + 1}" if part else ""
    return f"{number:06d}{further}{suffix}.gz"


def _pages(folder: Path, numbers: set[int] | None) -> list[Path]:
    return [
        file
        for file in folder.iterdir()
        if file.name[:6].isdecimal() and (numbers is None or int(file.name[:6]) in numbers)
    ]


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode()


def _write(file: Path, data: bytes) -> None:
    """Replace a file as a whole, on the disk when this returns."""
    new = file.with_name(f".{file.name}.new")
    try:
        with new.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(file)
        _flush(file.parent)
    except OSError as error:
        raise HarvestError(f"{file}: cannot be written ({error.strerror})") from error


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
