"""A stream cut into the pieces that hold one record each, before any parser sees it.

A parser that is given the whole file stops at its first error, and what follows is lost. Cut by
the marks that begin and end a record, a damaged record costs itself alone: the next beginning ends
it. Memory is bounded by one piece, time by the length of the stream.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from search import budget
from search.formats.syntax.read_items import Rejected

# The longest PubMed records, with thousands of authors and their addresses, have a few megabytes.
_MAX_PIECE = 32 * 1024 * 1024
_CHUNK = 256 * 1024
# What is searched again where two chunks meet: no mark is longer.
_LONGEST_MARK = 1024


@dataclass(frozen=True)
class Piece:
    """The bytes of one record, its place (``PubmedArticle 7``) and which mark began it."""

    place: str
    kind: str
    data: bytes


def chunks(stream: BinaryIO) -> Iterator[bytes]:
    """The bytes of the stream in parts of bounded size."""
    while chunk := stream.read(_CHUNK):
        yield chunk


def cut(parts: Iterable[bytes], marks: re.Pattern[bytes]) -> Iterator[Piece | Rejected]:
    """The pieces of a stream, each from the mark that begins it through the one that ends it.

    Named groups of ``marks`` say what a match is: ``entry`` begins a piece of that kind,
    ``end_entry`` ends it. A piece whose end is missing is a :class:`Rejected`, and the next
    beginning starts a new one all the same; an end without beginning is a :class:`Rejected` too. A
    kind for which there is no ``end_…`` runs to the next beginning, or to the end of the stream.
    """
    endless = {name for name in marks.groupindex if f"end_{name}" not in marks.groupindex}
    buffer = bytearray()
    searched = 0
    counts: Counter[str] = Counter()
    kind = ""
    source = iter(parts)
    while True:
        budget.check("upload")
        found = marks.search(buffer, searched)
        place = f"{kind} {counts[kind]}"
        if found is None:
            if kind and len(buffer) > _MAX_PIECE:
                yield Rejected(place, f"longer than {_MAX_PIECE // 1024**2} MiB")
                kind = ""
            searched = max(searched, len(buffer) - _LONGEST_MARK)
            if not kind:
                del buffer[:searched]
                searched = 0
            chunk = next(source, None)
            if chunk is None:
                break
            buffer += chunk
            continue
        name = found.lastgroup or ""
        ended = name.removeprefix("end_")
        searched = found.end()
        if ended != name:
            if kind == ended:
                yield Piece(place, kind, bytes(buffer[:searched]))
            elif not kind:
                counts[ended] += 1
                yield Rejected(f"{ended} {counts[ended]}", "its beginning is missing")
            if kind in ("", ended):
                kind = ""
                del buffer[:searched]
                searched = 0
            continue
        if kind in endless:
            yield Piece(place, kind, bytes(buffer[: found.start()]))
        elif kind:
            yield Rejected(place, "its end is missing: another begins inside it")
        kind = name
        counts[kind] += 1
        searched -= found.start()
        del buffer[: found.start()]
    if kind in endless:
        yield Piece(place, kind, bytes(buffer))
    elif kind:
        yield Rejected(place, "its end is missing: the file ends inside it")
