"""What a librarian points at: files, folders, patterns, archives, standard input.

Each becomes one or more :class:`Source`, and :func:`opened` opens them in turn. Archives are read
member by member and never unpacked to disk, so a ``../`` in a member's name is a name and
nothing else; what a member expands to is bounded.
"""

import glob
import lzma
import shutil
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from search.formats import MAX_RATIO, SUSPICIOUS, FormatError

STANDARD_INPUT = "-"
_MAX_MEMBERS = 100_000
_Archive = zipfile.ZipFile | tarfile.TarFile
# What files and archives raise that are damaged, encrypted or end too soon.
READ_ERRORS = (
    OSError,
    EOFError,
    RuntimeError,
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
)


@dataclass(frozen=True)
class Source:
    """A stream of records: its name for messages, and the bytes to be read (0: unknown)."""

    name: str
    size: int
    path: Path | None = None
    member: str | None = None


def opened(sources: Sequence[Source]) -> Iterator[tuple[Source, BinaryIO | FormatError]]:
    """Each source with its stream of bytes, seekable and open until the next one is asked for.

    Standard input is kept on disk for that. A source that cannot be opened comes with the error.
    """
    archive: _Archive | None = None
    of: Path | None = None
    with ExitStack() as archives:
        for source in sources:
            with ExitStack() as streams:
                try:
                    if source.path is None:
                        stream: BinaryIO = _standard_input()
                    elif source.member is None:
                        stream = source.path.open("rb")
                    else:
                        # Opened once for all its members: each opening reads its whole table.
                        if archive is None or of != source.path:
                            archives.close()
                            archive, of = _archive(source.path), source.path
                            archives.callback(archive.close)
                        stream = _member(archive, source)
                    streams.callback(stream.close)
                except FormatError as error:
                    yield source, error
                    continue
                except READ_ERRORS as error:
                    yield source, FormatError(f"{source.name}: cannot be opened ({error})")
                    continue
                yield source, stream


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
            paths = sorted(
                f for f in path.rglob("*") if f.is_file() and not _hidden(f.relative_to(path))
            )
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


def _hidden(file: Path) -> bool:
    return any(part.startswith(".") and part != ".." for part in file.parts)


def _in_file(path: Path) -> Iterator[Source | FormatError]:
    try:
        # An .xlsx or .ods file is a ZIP archive too; its reader wants it whole.
        if zipfile.is_zipfile(path) and not _is_workbook(path):
            with zipfile.ZipFile(path) as archive:
                members = [(i.filename, i.file_size) for i in archive.infolist()]
                yield from _members(path, [m for m in members if not m[0].endswith("/")])
        elif _is_tar(path):
            with tarfile.open(path) as archive_:
                files = []
                for count, info in enumerate(archive_):
                    if count > _MAX_MEMBERS:
                        break  # enough to be refused
                    # Looking for the next member would unpack this one.
                    _refuse_bomb(str(path), info.offset_data + info.size, path.stat().st_size)
                    if info.isfile():
                        files.append((info.name, info.size))
                yield from _members(path, files)
        else:
            yield Source(str(path), path.stat().st_size, path)
    except FormatError as error:
        yield error
    except READ_ERRORS as error:
        yield FormatError(f"{path}: cannot be read ({error})")


def _members(path: Path, members: list[tuple[str, int]]) -> Iterator[Source | FormatError]:
    if len(members) > _MAX_MEMBERS:
        yield FormatError(
            f"{path}: more than {_MAX_MEMBERS} members; unpack it and index the folder"
        )
        return
    for member, size in sorted(dict(members).items()):
        if member.startswith("__MACOSX/") or _hidden(Path(member)):
            continue
        yield Source(f"{path}:{member}", size, path, member)


def _is_workbook(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        return "[Content_Types].xml" in names or {"mimetype", "content.xml"} <= set(names)


def _is_tar(path: Path) -> bool:
    # tarfile would take any text for a damaged archive of old; the name decides as well.
    return any(
        path.name.lower().endswith(s) for s in (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
    ) and tarfile.is_tarfile(path)


def _archive(path: Path) -> _Archive:
    return zipfile.ZipFile(path) if zipfile.is_zipfile(path) else tarfile.open(path)


def _member(archive: _Archive, source: Source) -> BinaryIO:
    assert source.path is not None
    assert source.member is not None
    if isinstance(archive, zipfile.ZipFile):
        entry = archive.getinfo(source.member)
        _refuse_bomb(source.name, entry.file_size, entry.compress_size)
        return cast(BinaryIO, archive.open(entry))
    info = archive.getmember(source.member)
    _refuse_bomb(source.name, info.size, source.path.stat().st_size)
    stream = archive.extractfile(info)
    if stream is None:
        raise FormatError(f"{source.name}: not a file")
    return cast(BinaryIO, stream)


def _standard_input() -> BinaryIO:
    spooled = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    shutil.copyfileobj(sys.stdin.buffer, spooled)
    spooled.seek(0)
    return cast(BinaryIO, spooled)


def _refuse_bomb(name: str, size: int, stored: int) -> None:
    if size > SUSPICIOUS and size > MAX_RATIO * max(stored, 1):
        raise FormatError(
            f"{name}: expands {size // max(stored, 1)}-fold; that is no literature, left out"
        )
