"""Result lists as files of the formats that other programs read."""

import tempfile
from collections.abc import Callable, Iterable, Mapping
from typing import Any, BinaryIO, Literal, cast, get_args

from flask import Response, send_file

from search import budget
from search.formats import FORMATS
from search.records import Record
from web.http import sizes

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


def attachment(records: Iterable[Record], format_name: ExportFormat, name: str) -> Response:
    """``records`` as a file to be saved, called ``name`` and the format's extension.

    It is written whole before it is sent: a client that reads slowly then holds no thread, and a
    file that would take too long is refused instead of cut off.

    Raises:
        TooLongError: when the request has no time left.
    """
    chosen = FORMATS[format_name]
    timed = budget.within(records, "file")
    return saved(
        lambda file: chosen.write(timed, file),
        MIMETYPES[format_name],
        f"{name}{chosen.extensions[0]}",
    )


def saved(write: Callable[[BinaryIO], object], mimetype: str, name: str) -> Response:
    """What ``write`` writes, as a file to be saved as ``name``."""
    # send_file closes it when the answer has been sent.
    file = cast("BinaryIO", tempfile.SpooledTemporaryFile(sizes.IN_MEMORY))  # noqa: SIM115
    try:
        write(file)
    except BaseException:
        file.close()
        raise
    size = file.tell()
    file.seek(0)
    response = send_file(file, mimetype=mimetype, as_attachment=True, download_name=name, max_age=0)
    # send_file would say the character set of a text once more.
    response.content_type = mimetype
    response.content_length = size
    return response
