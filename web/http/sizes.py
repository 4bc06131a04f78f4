"""How large a request may be: files are, nothing else is."""

from flask import Flask, request

MIB = 1024 * 1024
# Bytes. A file of records: what a database gives in one export stays well below.
LARGEST_FILE = 200 * MIB
# Bytes. A form, or JSON with the ids of a large set.
_LARGEST = 8 * MIB
# Bytes. A file that is sent or received lies on the disk where it is larger.
IN_MEMORY = 8 * MIB
_TAKE_FILES = {
    "collections.add_from_file",
    "collections.import_collection",
    "collections_api.add_file_to_collection",
    "collections_api.import_collection",
    "uploads.hand_in",
    "uploads.hand_in_more",
    "names.add",
}


def install(app: Flask) -> None:
    """Answer 413 to what is larger; it is not read."""
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_FILE
    app.before_request(_limit)


def _limit() -> None:
    if request.endpoint not in _TAKE_FILES:
        request.max_content_length = _LARGEST


def megabytes_of_file() -> float:
    """How large the file is that this request brings; 0 where it brings none."""
    if request.endpoint not in _TAKE_FILES:
        return 0.0
    return min(request.content_length or 0, LARGEST_FILE) / MIB
