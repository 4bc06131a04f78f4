"""Items of a JSON document that an API answered with: read whole, for such answers are pages."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

from search.formats.syntax.read_items import Item, Rejected, record_or_rejected

# The largest pages have a few megabytes; what is larger is no answer of an API.
_MAX_DOCUMENT = 64 * 1024 * 1024

Build = Callable[[Mapping[str, Any]], tuple[dict[str, Any], str, str]]


def documents(stream: BinaryIO) -> Iterator[Any]:
    """The JSON values of a stream: one, or one a line; a :class:`Rejected` for what is none."""
    content = stream.read(_MAX_DOCUMENT + 1).removeprefix(b"\xef\xbb\xbf")
    if len(content) > _MAX_DOCUMENT:
        yield Rejected("document", f"longer than {_MAX_DOCUMENT // 1024**2} MiB")
        return
    try:
        yield json.loads(content.decode("utf-8", "replace"), strict=False)
    except (ValueError, RecursionError) as error:
        lines = [line for line in content.splitlines() if line.strip()]
        if len(lines) < 2 or not lines[0].rstrip().endswith((b"}", b"]")):
            yield Rejected("document", f"not JSON: {error}"[:300])
            return
        for number, line in enumerate(lines, 1):
            try:
                yield json.loads(line.decode("utf-8", "replace"), strict=False)
            except (ValueError, RecursionError) as fault:
                yield Rejected(f"line {number}", f"not JSON: {fault}"[:300])


def records(
    stream: BinaryIO, items_of: Callable[[Any], list[Any]], build: Build, name: str
) -> Iterator[Item]:
    """The records of the items of each document; ``build`` gives the fields of one, the source
    that numbers it and the number."""
    count = 0
    for document in documents(stream):
        if isinstance(document, Rejected):
            yield document
            continue
        for item in items_of(document):
            count += 1
            place = f"{name} {count}"
            if not isinstance(item, Mapping):
                yield Rejected(place, f"a JSON {type(item).__name__}, not an object")
                continue
            try:
                fields, source, accession = build(item)
            except (TypeError, ValueError, AttributeError, KeyError, IndexError) as error:
                yield Rejected(place, f"a field is not as the format has it: {error}"[:300])
            else:
                yield record_or_rejected(place, fields, source, accession)


def mapping(value: Any) -> Mapping[str, Any]:
    """An object, or an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def listed(value: Any) -> list[Any]:
    """A list, or a single value as one; empty for None."""
    return value if isinstance(value, list) else [] if value is None else [value]


def text(value: Any) -> str:
    """A text or a number as text, the first of a list; anything else is empty."""
    for item in listed(value):
        if isinstance(item, str):
            return item
        if isinstance(item, int | float) and not isinstance(item, bool):
            return str(item)
    return ""


def texts(value: Any) -> list[str]:
    """Every text of a list."""
    return [found for item in listed(value) if (found := text(item))]


def head_has(head: bytes, *marks: bytes) -> bool:
    """Whether content begins as JSON and its first bytes hold every mark, blanks left out."""
    bare = b"".join(head.removeprefix(b"\xef\xbb\xbf").split())
    return bare[:1] in (b"{", b"[") and all(mark in bare for mark in marks)
