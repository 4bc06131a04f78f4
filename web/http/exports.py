"""Result lists as files of the formats that other programs read."""

import io
import itertools
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, BinaryIO, Literal, cast, get_args

from flask import Response, send_file

from search import budget
from search.formats import FORMATS
from search.records import Record

ExportFormat = Literal["ris", "nbib", "bibtex", "csv", "jsonl"]
EXPORT_FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)

# nbib has no registered type; PubMed uses this one.
MIMETYPES: Mapping[str, str] = {
    "ris": "application/x-research-info-systems",
    "nbib": "application/nbib",
    "bibtex": "application/x-bibtex",
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
}
# How OpenAPI describes such an answer.
FILE: dict[str, Any] = {
    "description": "The records as a file.",
    "content": {
        mimetype.split(";")[0]: {"schema": {"type": "string", "format": "binary"}}
        for mimetype in MIMETYPES.values()
    },
}
# Records of a stream that are sent at once.
_LINES = 100
# What is larger is written to the disk: a complete set can be the whole library.
_IN_MEMORY = 8 * 1024 * 1024


def attachment(records: Iterable[Record], format_name: ExportFormat, name: str) -> Response:
    """``records`` as a file to be saved, called ``name`` and the format's extension."""
    if format_name == "jsonl":
        return _streamed(records, f"{name}.jsonl")
    chosen = FORMATS[format_name]
    write = chosen.write
    assert write is not None
    timed = budget.within(records, "file")
    return saved(
        lambda file: write(timed, file), MIMETYPES[format_name], f"{name}{chosen.extensions[0]}"
    )


def _streamed(records: Iterable[Record], name: str) -> Response:
    """JSON Lines (NDJSON) as they are read: the first ones come at once, and none is kept."""
    response = Response(_lines(records), content_type=MIMETYPES["jsonl"])
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _lines(records: Iterable[Record]) -> Iterator[bytes]:
    write = FORMATS["jsonl"].write
    assert write is not None
    left = iter(records)
    while few := list(itertools.islice(left, _LINES)):
        block = io.BytesIO()
        write(few, block)
        yield block.getvalue()


def saved(write: Callable[[BinaryIO], object], mimetype: str, name: str) -> Response:
    """What ``write`` writes, as a file to be saved as ``name``."""
    # send_file closes it when the answer has been sent.
    file = cast("BinaryIO", tempfile.SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115
    write(file)
    size = file.tell()
    file.seek(0)
    response = send_file(file, mimetype=mimetype, as_attachment=True, download_name=name, max_age=0)
    # send_file would say the character set of a text once more.
    response.content_type = mimetype
    response.content_length = size
    return response
