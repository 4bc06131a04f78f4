"""Sources opened: decompressed, recognised by their first bytes, read item by item."""

import gzip
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from search.formats import unknown
from search.formats.fields.remarks import Remarked
from search.formats.registry import FORMATS, Format
from search.formats.syntax.read_items import FormatError, Item, UnknownFormatError, Versioned

_SNIFFED = 64 * 1024
# Bibliographic text compresses to a tenth; what shrank far more is a bomb.
MAX_RATIO = 200
SUSPICIOUS = 64 * 1024**2


def recognise(head: bytes, source: str) -> Format:
    """The format of content that begins with ``head``.

    Raises:
        UnknownFormatError: when no format knows it; says what it seems to be and what to export
            instead, or lists the formats that exist.
    """
    for candidate in FORMATS.values():
        if candidate.recognises(head):
            return candidate
    seems, told = unknown.advice(head)
    if seems:
        raise UnknownFormatError(f"{source}: no known format; {told}", source, seems)
    raise UnknownFormatError(
        f"{source}: no known format begins like this; known are {', '.join(FORMATS)} "
        "(choose one with --format)",
        source,
        seems,
    )


def _named(name: str) -> Format:
    try:
        return FORMATS[name]
    except KeyError:
        raise FormatError(f"{name!r} is no known format; known are {', '.join(FORMATS)}") from None


def read_records(
    path: Path, format_name: str | None = None, mapping: Mapping[str, str] | None = None
) -> Iterator[tuple[Item, int]]:
    """Read one file, plain or gzip, and yield each item with the bytes of the file read so far.

    ``mapping`` names the columns of a table (column to field) where their names don't say it.

    Raises:
        FormatError: when the file cannot be opened, recognised or decompressed to its end.
    """
    try:
        raw = path.open("rb")
    except OSError as error:
        raise FormatError(f"{path}: {error.strerror}") from error
    with raw:
        yield from read_stream(raw, str(path), format_name, mapping)


def read_stream(
    raw: BinaryIO,
    name: str,
    format_name: str | None = None,
    mapping: Mapping[str, str] | None = None,
    remarked: Remarked | None = None,
    versioned: Versioned | None = None,
) -> Iterator[tuple[Item, int]]:
    """Like :func:`read_records`, from a seekable stream; ``name`` is for messages. ``remarked`` is
    told of the notes and labels beside a record, ``versioned`` of its version, where it is not the
    first, before the record comes."""
    try:
        stream = _decompressed(raw)
        chosen = _chosen(stream, name, format_name)
        options: dict[str, Any] = {}
        if mapping and chosen.takes_mapping:
            options["mapping"] = mapping
        if remarked and chosen.takes_remarks:
            options["remarked"] = remarked
        if versioned and chosen.takes_versions:
            options["versioned"] = versioned
        for item in chosen.read(stream, **options):
            yield item, raw.tell()
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(name, error) from error


def format_of(raw: BinaryIO, name: str, format_name: str | None = None) -> Format:
    """The format in which :func:`read_stream` would read a seekable stream, left at its start.

    Raises:
        FormatError: when none knows it, or it cannot be read.
    """
    try:
        return _chosen(_decompressed(raw), name, format_name)
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(name, error) from error
    finally:
        raw.seek(0)


class _Gzip(gzip.GzipFile):
    """A gzip stream that ends with an error where it turns out to be a bomb."""

    def __init__(self, raw: BinaryIO) -> None:
        super().__init__(fileobj=raw)
        self._compressed = raw

    def read(self, size: int | None = -1) -> bytes:
        return self._checked(super().read(size))

    def readline(self, size: int | None = -1) -> bytes:
        return self._checked(super().readline(size))

    def _checked(self, data: bytes) -> bytes:
        position = self.tell()
        if position > SUSPICIOUS and position > MAX_RATIO * self._compressed.tell():
            raise OSError(f"it expands more than {MAX_RATIO}-fold; that is no literature")
        return data


def _decompressed(raw: BinaryIO) -> BinaryIO:
    compressed = raw.read(2) == b"\x1f\x8b"
    raw.seek(0)
    return _Gzip(raw) if compressed else raw  # type: ignore[return-value]


def _chosen(stream: BinaryIO, name: str, format_name: str | None) -> Format:
    head = stream.read(_SNIFFED)
    stream.seek(0)
    return _named(format_name) if format_name else recognise(head, name)


def _unreadable(name: str, error: Exception) -> FormatError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return FormatError(f"{name}: {reason}")
