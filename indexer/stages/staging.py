"""From a staging folder to a published generation: lock, fsync, checksums, one atomic rename."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from search.library.manifest import (
    CURRENT,
    GENERATIONS,
    MANIFEST,
    SEAL,
    Manifest,
    file_checksum,
    sealed,
    verify,
)

STAGING = "staging"
_LOCK = ".lock"


class BuildError(ValueError):
    """A library that cannot be written: names the folder, the reason and what to do."""


@contextmanager
def locked(library: Path) -> Iterator[None]:
    """Hold the library for writing; readers are not disturbed.

    The lock is the kernel's: it ends with the process, however that ends.

    Raises:
        BuildError: at once, when another process holds it or the folder cannot be written.
    """
    try:
        library.mkdir(parents=True, exist_ok=True)
        lock = (library / _LOCK).open("a+")
    except OSError as error:
        raise BuildError(f"{library}: cannot be written ({error.strerror})") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BuildError(
                f"{library}: another jmedsearch process is writing it; wait until it has finished"
            ) from error
        yield


def fresh_generation(library: Path) -> Path:
    """An empty folder for the next generation, beside checkpoints that an earlier run left."""
    folder = library / STAGING / "generation"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def next_number(library: Path) -> int:
    """One more than the highest generation that exists."""
    folder = library / GENERATIONS
    names = [f.name for f in folder.iterdir()] if folder.is_dir() else []
    return max((int(n) for n in names if n.isdigit()), default=0) + 1


def publish(library: Path, staged: Path, manifest: Manifest, shared: Manifest | None) -> Path:
    """Make ``staged`` the live generation.

    Files are checksummed (those that ``shared``, the previous manifest, already lists under the
    same name are hard links to it and keep their checksum), everything is flushed to disk, and
    CURRENT is replaced last. A kill before that leaves the old generation live.

    Raises:
        BuildError: when the staged files do not verify.
    """
    known = shared.files if shared else {}
    files = {}
    for file in sorted(f for f in staged.rglob("*") if f.is_file()):
        name = str(file.relative_to(staged))
        if name.endswith(".lock"):
            file.unlink()
            continue
        linked = name in known and file.stat().st_nlink > 1
        files[name] = known[name] if linked else file_checksum(file)
        _sync(file)
    written = replace(manifest, files=files).to_json().encode()
    (staged / MANIFEST).write_bytes(written)
    (staged / SEAL).write_text(sealed(written), encoding="ascii")
    _sync(staged / MANIFEST)
    _sync(staged / SEAL)
    problems = [] if shared else verify(staged)
    if problems:
        raise BuildError(f"{staged}: {problems[0]}; nothing was published")
    for folder in sorted({f.parent for f in staged.rglob("*")} | {staged}):
        _sync(folder)
    target = library / GENERATIONS / f"{manifest.generation:06d}"
    target.parent.mkdir(exist_ok=True)
    staged.rename(target)
    _sync(target.parent)
    point_to(library, target)
    shutil.rmtree(library / STAGING, ignore_errors=True)
    return target


def point_to(library: Path, generation: Path) -> None:
    """Make ``generation`` the live one: CURRENT is replaced by one rename."""
    pointer = library / f"{CURRENT}.new"
    pointer.write_text(generation.name + "\n", encoding="utf-8")
    _sync(pointer)
    pointer.replace(library / CURRENT)
    _sync(library)


def withdraw_pointer(library: Path) -> None:
    """Make no generation the live one."""
    (library / CURRENT).unlink(missing_ok=True)
    _sync(library)


def link_files(source: Path, target: Path) -> None:
    """Hard-link every file of ``source`` into ``target``: immutable files are stored once."""
    target.mkdir(parents=True, exist_ok=True)
    for file in source.iterdir():
        if file.is_file() and not file.name.endswith(".lock"):
            os.link(file, target / file.name)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
