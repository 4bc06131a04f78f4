"""``jmedsearch doctor``: whether an installation is sound, looked at without changing it."""

import json
import os
import platform
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import click

from jmedsearch_command import PACKAGES, advice, intrusions
from search.encoder import ModelError
from search.library.manifest import LibraryError, Manifest, check_sizes, live_folder, verify
from search.storage_faults import ADVICE, fault_of
from web.cli.options import ShownErrors, collections_option, default_file, open_engine
from web.desk.store import StoreError, check_file, check_place

State = Literal["ok", "warning", "problem"]
_GIB = 1024**3
# Bytes. An update copies records.db, a backup collections.db.
_LITTLE_SPACE = 2 * _GIB
_NO_SPACE = _GIB // 8
# Bytes. What serving a small library with the embedded model takes.
_LITTLE_MEMORY = _GIB
_QUERY = "高血圧"
_NEVER = datetime.min.replace(tzinfo=UTC)
_PACKAGES = ("faiss-cpu", "flask", "openvino", "sudachipy", "tantivy", "tokenizers", "waitress")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, how it is, and what to do where that is not well."""

    about: str
    state: State
    message: str


@click.command(cls=ShownErrors)
@click.option(
    "--library",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="JMEDSEARCH_LIBRARY",
    show_envvar=True,
    help="Folder of the library to look at.",
)
@collections_option
@click.option("--checksums", is_flag=True, help="Read every byte of the library, as verify does.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of text.")
def doctor(
    library: Path | None, collections_file: Path | None, checksums: bool, as_json: bool
) -> None:
    """Look whether the installation, a library and the collections are sound; change nothing.

    Ends with 1 where there is a problem.
    """
    findings = list(examine(library, collections_file or default_file(), checksums=checksums))
    if as_json:
        click.echo(json.dumps([asdict(f) for f in findings], ensure_ascii=False, indent=1))
    else:
        for finding in findings:
            click.echo(f"{finding.state:8} {finding.about}: {finding.message}")
    if any(finding.state == "problem" for finding in findings):
        raise SystemExit(1)


def examine(library: Path | None, collections: Path, *, checksums: bool) -> Iterator[Finding]:
    """What there is to say about an installation."""
    yield _versions()
    yield _packages()
    yield _memory()
    yield _temporary_folder()
    if library is not None:
        yield _library_files(library, checksums)
        yield _answer(library)
        yield _space("space for the library", library)
    yield _collections(collections)
    yield _space("space for collections", collections)
    yield _clock(library, collections)


def _versions() -> Finding:
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    python = platform.python_version()
    return Finding(
        "versions", "ok", f"jmedsearch {version('jmedsearch')}, Python {python}, {packages}"
    )


def _packages() -> Finding:
    """Whether the packages are jmedsearch's own: their names are others', too."""
    about = "packages"
    if found := intrusions():
        return Finding(about, "problem", f"{'; '.join(found)}. {advice()}")
    return Finding(about, "ok", f"{', '.join(PACKAGES)} are as they were installed")


def _memory() -> Finding:
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
        free = next(int(x.split()[1]) for x in text.splitlines() if x.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return Finding("memory", "ok", "cannot be seen on this system")
    state: State = "warning" if free * 1024 < _LITTLE_MEMORY else "ok"
    return Finding("memory", state, f"{free / 1024**2:.1f} GB available")


def _temporary_folder() -> Finding:
    try:
        with tempfile.TemporaryFile() as file:
            file.write(b"x")
            file.flush()
    except OSError as error:
        return Finding(
            "temporary folder",
            "problem",
            f"cannot be written ({error.strerror}): uploads and exports need it; set TMPDIR",
        )
    return Finding("temporary folder", "ok", tempfile.gettempdir())


def _library_files(library: Path, checksums: bool) -> Finding:
    try:
        generation = live_folder(library)
        if generation is None:
            message = f"{library}: no library here; build one with jmedsearch index"
            return Finding("library", "problem", message)
        wrong = (verify if checksums else check_sizes)(generation)
    except LibraryError as error:
        return Finding("library", "problem", str(error))
    if wrong:
        return Finding(
            "library",
            "problem",
            f"generation {generation.name} is damaged ({'; '.join(wrong[:3])}): go back with "
            f"jmedsearch generations, or index its sources again into a new folder",
        )
    how = "every byte is" if checksums else "all files have the sizes"
    return Finding("library", "ok", f"generation {generation.name}: {how} as its manifest says")


def _answer(library: Path) -> Finding:
    """Whether a query is answered: the model, all indexes and the records take part in that."""
    try:
        found = open_engine(library).search(_QUERY)
    except (LibraryError, ModelError) as error:
        return Finding("a query", "problem", str(error))
    except (OSError, RuntimeError, sqlite3.Error) as error:
        return Finding("a query", "problem", f"cannot be answered: {error}")
    return Finding("a query", "ok", f"{_QUERY}: a list of {found.total} records")


def _collections(file: Path) -> Finding:
    about = "collections"
    if not file.exists():
        return Finding(about, "ok", f"{file}: not there yet; serve makes it")
    try:
        check_place(file)
        check_file(file)
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            (verdict,) = connection.execute("pragma quick_check(1)").fetchone()
            (users,) = connection.execute("select count(*) from users").fetchone()
    except StoreError as error:
        return Finding(about, "problem", str(error))
    except (OSError, sqlite3.Error) as error:
        fault = fault_of(error)
        advice = ADVICE[fault] if fault else "bring back a backup"
        if fault == "damaged":
            advice = "bring back a backup with jmedsearch collection restore BACKUP"
        return Finding(about, "problem", f"{file}: {error}. {advice}")
    if verdict != "ok":
        return Finding(
            about, "problem", f"{file} is damaged ({verdict}): jmedsearch collection restore BACKUP"
        )
    if not os.access(file, os.W_OK) or not os.access(file.parent, os.W_OK):
        return Finding(about, "problem", f"{file}, or its folder, cannot be written by this user")
    if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return Finding(about, "warning", f"others may read {file}: chmod 600 (it holds accounts)")
    return Finding(about, "ok", f"{file}: sound, {users} accounts")


def _space(about: str, place: Path) -> Finding:
    folder = next(parent for parent in (place, *place.absolute().parents) if parent.exists())
    free = shutil.disk_usage(folder).free
    state: State = "ok" if free >= _LITTLE_SPACE else "warning"
    if free < _NO_SPACE:
        state = "problem"
    return Finding(about, state, f"{free / _GIB:.1f} GiB free")


def _clock(library: Path | None, collections: Path) -> Finding:
    """Whether the clock stands before something that has happened: sessions, tokens and dates of
    searches would be wrong."""
    now = datetime.now(UTC)
    last = max(_built(library), _changed(collections))
    if last > now + timedelta(minutes=5):
        return Finding(
            "clock",
            "warning",
            f"it is {now:%Y-%m-%d %H:%M} UTC, and something was stored at {last:%Y-%m-%d %H:%M}: "
            "set the clock; sessions and tokens end by it",
        )
    return Finding("clock", "ok", f"{now:%Y-%m-%d %H:%M} UTC")


def _built(library: Path | None) -> datetime:
    try:
        generation = live_folder(library) if library else None
        return _moment(Manifest.read(generation).created) if generation else _NEVER
    except LibraryError:
        return _NEVER


def _changed(collections: Path) -> datetime:
    try:
        with closing(sqlite3.connect(f"file:{collections}?mode=ro", uri=True)) as connection:
            (at,) = connection.execute("select max(at) from changes").fetchone()
    except sqlite3.Error:
        return _NEVER
    return _moment(at)


def _moment(text: str | None) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC) if text else _NEVER
    except ValueError:
        return _NEVER
