"""What is the matter where a file or a database cannot be read or written, and what to do.

Each library has its own way to say so: SQLite an error code, the system an errno, FAISS, tantivy
and numpy a sentence. An SQL mistake is none of these, and is no fault of the disk.
"""

import errno
import os
import re
import sqlite3
from collections.abc import Mapping
from typing import Literal

Fault = Literal["full", "failing", "read-only", "locked", "unopened", "damaged"]

ADVICE: Mapping[Fault, str] = {
    "full": "Make room on the disk, or raise the quota or the largest size of a file",
    "failing": "Check the disk, and whether a quota or the largest size of a file is reached",
    "read-only": "Mount the disk for writing, or give this user the right to write there",
    "locked": "Wait for the other program that uses it, or end that one",
    "unopened": "Check the rights of this user, and how many files a process may open (ulimit -n)",
    "damaged": "Check the disk and the memory of this machine",
}

_OF_ERRNO: Mapping[int, Fault] = {
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
    errno.EFBIG: "full",
    errno.EIO: "failing",
    errno.EROFS: "read-only",
    errno.EACCES: "read-only",
    errno.EPERM: "read-only",
    errno.EMFILE: "unopened",
    errno.ENFILE: "unopened",
}
_OF_SQLITE: Mapping[int, Fault] = {
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_IOERR: "failing",
    sqlite3.SQLITE_READONLY: "read-only",
    sqlite3.SQLITE_PERM: "read-only",
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_CANTOPEN: "unopened",
    sqlite3.SQLITE_CORRUPT: "damaged",
    sqlite3.SQLITE_NOTADB: "damaged",
}
_OS_ERROR = re.compile(r"\(os error (\d+)\)")
# numpy: "8 requested and 0 written"; FAISS: "write error in"; tantivy: "An IO error occurred"
_SENTENCES = (" written", "write error", "IO error")


def fault_of(error: Exception) -> Fault | None:
    """What an error says of the storage; None where it is about something else."""
    if isinstance(error, sqlite3.Error):
        # The low byte is the kind, the others its detail.
        return _OF_SQLITE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
    if isinstance(error, OSError) and error.errno is not None:
        return _OF_ERRNO.get(error.errno)
    text = str(error)
    if not any(sentence in text for sentence in _SENTENCES):
        return None
    if code := _OS_ERROR.search(text):
        return _OF_ERRNO.get(int(code[1]), "failing")
    return next((f for n, f in _OF_ERRNO.items() if os.strerror(n) in text), "failing")
