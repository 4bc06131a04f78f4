"""What readers yield: a record, a deletion or a rejected item; and lines of JSON."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal

from search.formats.fields.cleaning import cleaned
from search.formats.fields.identity import id_of
from search.records import Record, RecordError, record_from_dict

# Longer than any abstract by far; a line beyond it is broken or hostile and is skipped unread.
_MAX_LINE = 4 * 1024 * 1024


# What a file that no reader knows can be told to be.
Seems = Literal[
    "PDF",
    "RTF",
    "Word",
    "OpenDocument",
    "EndNote library",
    "SQLite",
    "web page",
    "image",
    "list",
    "",
]


class FormatError(ValueError):
    """A source that cannot be read at all: names the file and what to do."""


class UnknownFormatError(FormatError):
    """A file that no reader knows: ``source`` names it, ``seems`` says what it seems to be."""

    def __init__(self, message: str, source: str, seems: Seems) -> None:
        super().__init__(message)
        self.source = source
        self.seems = seems


@dataclass(frozen=True)
class Rejected:
    """An item that could not become a record: where it stands and why."""

    place: str
    reason: str


@dataclass(frozen=True)
class Deletion:
    """An update file's word that the record of this id is withdrawn from its source, in this
    version and those before it."""

    record_id: str
    version: int = 1


Item = Record | Rejected | Deletion
# Told of a record's id, and of its version where that is not the first.
Versioned = Callable[[str, int], object]


def record_or_rejected(
    place: str, data: Mapping[str, Any], source: str = "", accession: str = ""
) -> Record | Rejected:
    """The cleaned and checked record of ``data``, or the reason why it cannot be one.

    Where ``data`` has no id, the strongest identifier is it; ``accession`` is the number that
    ``source`` gave.
    """
    fields = cleaned(data)
    if not fields.get("id"):
        fields["id"] = id_of(fields, source, accession)
    try:
        return record_from_dict(fields)
    except RecordError as error:
        return Rejected(place, str(error))


def json_lines(stream: BinaryIO) -> Iterator[tuple[str, dict[str, Any]] | Rejected]:
    """The JSON objects of a stream, one a line, each with its place (``line 7``)."""
    number = 0
    while line := stream.readline(_MAX_LINE + 1):
        number += 1
        place = f"line {number}"
        if len(line) > _MAX_LINE:
            while line and not line.endswith(b"\n"):
                line = stream.readline(_MAX_LINE)
            yield Rejected(place, f"longer than {_MAX_LINE // 1024**2} MiB")
            continue
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line.strip():
            continue
        try:
            data = json.loads(line)
        except UnicodeDecodeError:
            yield Rejected(place, "not UTF-8")
            continue
        except (ValueError, RecursionError) as error:
            yield Rejected(place, f"not JSON: {error}")
            continue
        if isinstance(data, dict):
            yield place, data
        else:
            yield Rejected(place, f"a JSON {type(data).__name__}, not an object")
