"""Files for their owner's eyes: accounts, decisions that others may not see yet."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

# Read and written by their owner.
PRIVATE = 0o600


@contextmanager
def private_file(path: Path) -> Iterator[BinaryIO]:
    """Write a new file that only its owner may read; none is left where that fails.

    Raises:
        OSError: when there is such a file already, or it cannot be written.
    """
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE), "wb") as file:
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            path.unlink()
            raise


def make_private(path: Path) -> None:
    """Take a file that is ours, if it is there, from everybody else's eyes."""
    with suppress(FileNotFoundError):
        found = path.stat()
        if found.st_uid == os.geteuid() and found.st_mode & 0o077:
            path.chmod(PRIVATE)
