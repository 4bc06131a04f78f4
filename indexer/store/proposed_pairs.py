"""Pairs of records that may be one, and what was decided on them, in the staged ``records.db``."""

import sqlite3


class Proposals:
    """The table ``proposals``: pairs of record ids, the smaller first, why they were proposed, and
    their state: ``open``, ``merged`` or ``distinct``."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def state(self, a: str, b: str) -> str:
        """What is known of a pair; empty where it was never proposed."""
        row = self._connection.execute(
            "select state from proposals where first = ? and second = ?", sorted((a, b))
        ).fetchone()
        return str(row[0]) if row else ""

    def propose(self, a: str, b: str, reason: str) -> None:
        """Propose a pair, unless something is known of it."""
        if not self.state(a, b):
            self._write(a, b, reason, "open")

    def declare_distinct(self, a: str, b: str) -> None:
        """Remember that two records are two."""
        self._decide(a, b, "distinct")

    def forget_open(self, record_id: str) -> None:
        """Drop what is proposed of a record."""
        self._connection.execute(
            "delete from proposals where state = 'open' and (first = :id or second = :id)",
            {"id": record_id},
        )

    def unite(self, kept: str, gone: str) -> None:
        """Note that a record went into another one, which takes over what is known of it."""
        self._decide(kept, gone, "merged")
        for third, reason, state in self._of(gone):
            if state == "merged":
                continue
            self._forget(gone, third)
            if state == "distinct" or not self.state(kept, third):
                self._write(kept, third, reason, state)

    def rename(self, before: str, after: str) -> None:
        """Note that a record has another id."""
        for third, reason, state in self._of(before):
            self._forget(before, third)
            if third != after and not self.state(after, third):
                self._write(after, third, reason, state)

    def _decide(self, a: str, b: str, state: str) -> None:
        row = self._connection.execute(
            "select reason from proposals where first = ? and second = ?", sorted((a, b))
        ).fetchone()
        self._write(a, b, row[0] if row else "", state)

    def _write(self, a: str, b: str, reason: str, state: str) -> None:
        first, second = sorted((a, b))
        self._connection.execute(
            "insert or replace into proposals values (?, ?, ?, ?)", [first, second, reason, state]
        )

    def _of(self, record_id: str) -> list[tuple[str, str, str]]:
        """The other id, the reason and the state of every pair with ``record_id``."""
        return self._connection.execute(
            "select second, reason, state from proposals where first = :id union all "
            "select first, reason, state from proposals where second = :id",
            {"id": record_id},
        ).fetchall()

    def _forget(self, a: str, b: str) -> None:
        self._connection.execute(
            "delete from proposals where first = ? and second = ?", sorted((a, b))
        )
