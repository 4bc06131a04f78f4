"""Which version of a PMID was imported, where it is not the first (PLoS Currents has several)."""

import sqlite3


class PmidVersions:
    """The table ``pmid_versions`` of the staged ``records.db``."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def of(self, record_id: str) -> int:
        """The version of a PMID that was imported; 1 where none is known."""
        found = self._connection.execute(
            "select version from pmid_versions where id = ?", [record_id]
        ).fetchone()
        return int(found[0]) if found else 1

    def set(self, record_id: str, version: int) -> None:
        """Remember the version of a PMID, where it is not the first."""
        if version > 1:
            self._connection.execute(
                "insert or replace into pmid_versions values (?, ?)", [record_id, version]
            )

    def forget(self, record_id: str) -> None:
        """Forget the version of what is gone."""
        self._connection.execute("delete from pmid_versions where id = ?", [record_id])
