"""SQLite files of a generation, opened for reading by many threads."""

import os
import sqlite3
import threading
from pathlib import Path


class ReadOnlyDatabase:
    """A SQLite file that never changes.

    Its connections are opened at once and kept: the file may be removed (``generations prune``)
    while requests still read it. Threads share them, which SQLite allows in serialized mode, the
    mode that Python's own builds have.
    """

    def __init__(self, file: Path) -> None:
        address = f"{file.absolute().as_uri()}?mode=ro&immutable=1"
        self._connections = [
            sqlite3.connect(address, uri=True, check_same_thread=False)
            for _ in range(os.cpu_count() or 1)
        ]
        for connection in self._connections:
            connection.row_factory = sqlite3.Row
            # SQLite reads nothing before it is asked: what is no database is to be seen now.
            connection.execute("pragma schema_version").fetchone()

    def connection(self) -> sqlite3.Connection:
        """The connection that this thread is to use."""
        return self._connections[threading.get_native_id() % len(self._connections)]
