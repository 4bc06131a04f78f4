"""Files that were handed in to be imported, kept beside ``collections.db`` until they are.

An upload is a folder of files. What they were called is data: folders become part of a name, and no
name leads out of the upload or is longer than a file system takes.
"""

import os
import re
import secrets
import shutil
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from web.desk.jobs import beside
from web.desk.private_files import PRIVATE

# What lies in wait in all, and in one upload.
MOST_BYTES = 4 * 1024**3
MOST_FILES = 1_000
# What is left free on the disk, for the library has to grow on one, too.
_LEFT_FREE = 512 * 1024**2
# Bytes of a name; of the folders before it the last ones are kept.
_LONGEST_NAME = 180
_MOST_FOLDERS = 3
_LONGEST_ENDING = 12
# An upload that nobody imports is thrown away after so many days.
DAYS_KEPT = 30
_TOKEN = re.compile(r"[0-9a-f]{16}")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_PIECE = 1024 * 1024


class UploadError(ValueError):
    """Files that cannot be kept. ``fault`` is one of a closed set for translation."""

    def __init__(self, fault: Literal["unknown", "none", "many", "large"], message: str) -> None:
        super().__init__(message)
        self.fault = fault


@dataclass(frozen=True)
class HandedIn:
    """A file of an upload: what it is called, and its bytes."""

    name: str
    size: int


class Uploads:
    """The uploads beside a ``collections.db``."""

    def __init__(self, collections_file: Path) -> None:
        self.folder = beside(collections_file, "-uploads")

    def new(self) -> str:
        """A new upload; gives what it is known by."""
        token = secrets.token_hex(8)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.folder / token).mkdir(mode=0o700)
        return token

    def path(self, token: str) -> Path:
        """The folder of an upload.

        Raises:
            UploadError: when there is none.
        """
        folder = self.folder / token
        if not _TOKEN.fullmatch(token) or not folder.is_dir():
            raise UploadError("unknown", "there are no such files any more: hand them in again")
        return folder

    def add(self, token: str, stream: BinaryIO, name: str) -> HandedIn:
        """Keep a file; one of a name that is there already gets a number.

        Raises:
            UploadError: when there is no such upload, or no room.
        """
        folder = self.path(token)
        kept = list(_files(folder))
        if len(kept) >= MOST_FILES:
            raise UploadError("many", f"more than {MOST_FILES} files: pack them into an archive")
        room = min(MOST_BYTES - self.bytes_kept(), _free(folder) - _LEFT_FREE)
        with _new_file(folder, safe_name(name)) as (file, path):
            size = 0
            while piece := stream.read(_PIECE):
                size += len(piece)
                if size > room:
                    raise UploadError("large", "there is no room for these files at present")
                file.write(piece)
        return HandedIn(path.name, size)

    def files(self, token: str) -> list[HandedIn]:
        """The files of an upload, by name."""
        found = (HandedIn(f.name, f.stat().st_size) for f in _files(self.path(token)))
        return sorted(found, key=lambda file: file.name)

    def forget(self, token: str) -> None:
        """Throw an upload away; nothing where it is gone."""
        if _TOKEN.fullmatch(token):
            shutil.rmtree(self.folder / token, ignore_errors=True)

    def forget_old(self) -> None:
        """Throw away what nobody has imported for long."""
        oldest = time.time() - DAYS_KEPT * 24 * 3600
        for folder in self.folder.glob("*"):
            if folder.is_dir() and folder.stat().st_mtime < oldest:
                self.forget(folder.name)

    def bytes_kept(self) -> int:
        """The bytes of all uploads."""
        return sum(f.stat().st_size for f in self.folder.glob("*/*") if f.is_file())


def safe_name(name: str) -> str:
    """What a file is called here: its own name behind those of its last folders, visible, of
    bounded length, and never hidden, so that it is read."""
    parts = [_UNSEEN.sub("", part).strip().lstrip(".") for part in re.split(r"[/\\]", name)]
    seen = [part for part in parts if part][-_MOST_FOLDERS - 1 :]
    whole = unicodedata.normalize("NFC", " – ".join(seen)) or "file"
    if len(whole.encode()) <= _LONGEST_NAME:
        return whole
    stem, dot, ending = whole.rpartition(".")
    if not dot or len(ending.encode()) > _LONGEST_ENDING:
        stem, dot, ending = whole, "", ""
    room = _LONGEST_NAME - len(f"{dot}{ending}".encode())
    return f"{stem.encode()[:room].decode(errors='ignore')}{dot}{ending}"


def _files(folder: Path) -> Iterator[Path]:
    # Hidden ones are not whole yet.
    return (f for f in folder.iterdir() if f.is_file() and not f.name.startswith("."))


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


@contextmanager
def _new_file(folder: Path, name: str) -> Iterator[tuple[BinaryIO, Path]]:
    """A file that has its name once it is whole."""
    partial = folder / f".{secrets.token_hex(8)}"
    try:
        opened = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE)
        path = _free_name(folder, name)
        with os.fdopen(opened, "wb") as file:
            yield file, path
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)


def _free_name(folder: Path, name: str) -> Path:
    stem, dot, ending = name.partition(".")
    candidates = (f"{stem} ({n}){dot}{ending}" for n in range(2, MOST_FILES + 2))
    names = {file.name for file in _files(folder)}
    return folder / next(n for n in (name, *candidates) if n not in names)
