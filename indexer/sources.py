"""What a librarian points at: files, folders, patterns, archives, standard input.

Each becomes one or more :class:`Source`: a name for messages and a way to open it. Archives are
read member by member and never unpacked to disk, so a ``../`` in a member's name is a name and
nothing else; what a member expands to is bounded.
"""

import glob
import io
import shutil
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from search.formats import FormatError

STANDARD_INPUT = "-"
# Bibliographic text compresses to a tenth; a large member that shrank far more is a bomb.
_MAX_RATIO = 200
_SUSPICIOUS = 64 * 1024**2
_MAX_MEMBERS = 100_000


@dataclass(frozen=True)
class Source:
    """A stream of records: its name for messages, and the bytes to be read (0: unknown)."""

    name: str
    size: int
    path: Path | None = None
    member: str | None = None

    def open(self) -> AbstractContextManager[BinaryIO]:
        """The opened, seekable stream of bytes; standard input is kept on disk for that.

        Raises:
            FormatError: when it cannot be opened; OSError when reading fails later.
        """
        if self.path is None:
            spooled = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
            shutil.copyfileobj(sys.stdin.buffer, spooled)
            spooled.seek(0)
            return spooled
        try:
            if self.member is None:
                return self.path.open("rb")
            if zipfile.is_zipfile(self.path):
                return _zip_member(self.path, self.member)
            return _tar_member(self.path, self.member)
        except (OSError, zipfile.BadZipFile, tarfile.TarError, RuntimeError) as error:
            raise FormatError(f"{self.name}: cannot be opened ({error})") from error


def find_sources(names: Sequence[str]) -> Iterator[Source | FormatError]:
    """The sources that ``names`` mean, in order: ``-``, files, folders, patterns, archives.

    A name that leads to nothing, or an archive that cannot be read, gives a FormatError instead
    of being raised, so that the others are still read. Files of a folder come by name, so that
    update files apply in order; hidden ones are passed over.
    """
    for name in names:
        if name == STANDARD_INPUT:
            yield Source("standard input", 0)
            continue
        path = Path(name)
        if path.is_dir():
            paths = sorted(f for f in path.rglob("*") if f.is_file() and not _hidden(f, path))
        elif path.is_file():
            paths = [path]
        else:
            # Path.glob takes no pattern that begins at the root.
            matched = glob.glob(name, recursive=True)  # noqa: PTH207
            paths = sorted(Path(p) for p in matched if Path(p).is_file())
        if not paths:
            yield FormatError(f"{name}: no such file, folder or pattern of files")
        for found in paths:
            yield from _in_file(found)


def _hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts)


def _in_file(path: Path) -> Iterator[Source | FormatError]:
    try:
        # An .xlsx file is a ZIP archive too; its reader wants it whole.
        if zipfile.is_zipfile(path) and not _is_workbook(path):
            with zipfile.ZipFile(path) as archive:
                members = [(i.filename, i.file_size) for i in archive.infolist()]
                yield from _members(path, [m for m in members if not m[0].endswith("/")])
        elif _is_tar(path):
            with tarfile.open(path) as archive_:
                files = []
                for count, info in enumerate(archive_):
                    if count > _MAX_MEMBERS:
                        break
                    if info.isfile():
                        files.append((info.name, info.size))
                yield from _members(path, files)
        else:
            yield Source(str(path), path.stat().st_size, path)
    except (OSError, EOFError, zipfile.BadZipFile, tarfile.TarError, ValueError) as error:
        yield FormatError(f"{path}: cannot be read ({error})")


def _members(path: Path, members: list[tuple[str, int]]) -> Iterator[Source | FormatError]:
    if len(members) > _MAX_MEMBERS:
        yield FormatError(
            f"{path}: more than {_MAX_MEMBERS} members; unpack it and index the folder"
        )
        return
    for member, size in sorted(members):
        yield Source(f"{path}:{member}", size, path, member)


def _is_workbook(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        return "[Content_Types].xml" in archive.namelist()


def _is_tar(path: Path) -> bool:
    # tarfile would take any text for a damaged archive of old; the name decides as well.
    return any(
        path.name.lower().endswith(s) for s in (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
    ) and tarfile.is_tarfile(path)


def _zip_member(path: Path, member: str) -> AbstractContextManager[BinaryIO]:
    archive = zipfile.ZipFile(path)
    info = archive.getinfo(member)
    _refuse_bomb(f"{path}:{member}", info.file_size, info.compress_size)
    return _Member(archive, archive.open(info))


def _tar_member(path: Path, member: str) -> AbstractContextManager[BinaryIO]:
    archive = tarfile.open(path)  # noqa: SIM115 - closed with the member
    info = archive.getmember(member)
    _refuse_bomb(f"{path}:{member}", info.size, path.stat().st_size)
    stream = archive.extractfile(info)
    if stream is None:
        raise FormatError(f"{path}:{member}: not a file")
    return _Member(archive, stream)


def _refuse_bomb(name: str, size: int, stored: int) -> None:
    if size > _SUSPICIOUS and size > _MAX_RATIO * max(stored, 1):
        raise FormatError(
            f"{name}: expands {size // max(stored, 1)}-fold; that is no literature, left out"
        )


class _Member(io.BufferedReader):
    """A member's stream that closes its archive with it."""

    def __init__(self, archive: zipfile.ZipFile | tarfile.TarFile, stream: object) -> None:
        super().__init__(stream)  # type: ignore[arg-type]
        self._archive = archive

    def close(self) -> None:
        """Close stream and archive."""
        super().close()
        self._archive.close()
