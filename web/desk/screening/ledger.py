"""The log of decisions of a stage, read once and then only as far as it has grown.

A row is never changed: a decision holds until its reviewer decides anew or takes it back, a
resolution until one of the decisions that it resolved changes.
"""

import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from web.desk.screening.plan import Stage
from web.desk.store import Store

Verdict = Literal["include", "exclude", "maybe"]
Kind = Literal["review", "resolution"]


@dataclass(frozen=True)
class Decision:
    """What a reviewer decided on a record, or, of kind ``resolution``, what was agreed on where
    two had decided otherwise. ``number`` is its place in the log."""

    number: int
    record_id: str
    kind: Kind
    who: str
    verdict: Verdict
    reason: str
    at: str


@dataclass(frozen=True)
class Ledger:
    """The decisions of a stage that hold: of each record, one by each reviewer, the first first;
    and the resolutions. Reviewed records stand in the order in which they were first decided on.
    ``independent`` has those that held when a second reviewer first decided on a record: until then
    neither could see what the other thought."""

    decisions: Mapping[str, tuple[Decision, ...]]
    resolutions: Mapping[str, Decision]
    length: int
    independent: Mapping[str, tuple[Decision, ...]]

    def by(self, reviewer: str) -> dict[str, Decision]:
        """What one reviewer decided, in order."""
        own = (d for found in self.decisions.values() for d in found if d.who == reviewer)
        return {d.record_id: d for d in sorted(own, key=lambda d: d.number)}


@dataclass
class _Known:
    decisions: dict[str, tuple[Decision, ...]] = field(default_factory=dict)
    resolutions: dict[str, Decision] = field(default_factory=dict)
    independent: dict[str, tuple[Decision, ...]] = field(default_factory=dict)
    last: tuple[object, ...] = (0, "", "")
    length: int = 0


_lock = threading.Lock()
_known: dict[tuple[Path, int, Stage], _Known] = {}
_MOST = 64


def ledger(store: Store, number: int, stage: Stage) -> Ledger:
    """The decisions of a stage of a collection that hold now."""
    key = (store.path, number, stage)
    with _lock:
        known = _known.get(key) or _Known()
        if known.last[0] and not _still_there(store.connection, known.last):
            # A backup was brought back under us.
            known = _Known()
        rows = store.connection.execute(
            "select * from screening_decisions where collection = ? and stage = ? and id > ? "
            "order by id",
            [number, stage, known.last[0]],
        )
        for row in rows:
            _take(known, row)
        _known[key] = known
        while len(_known) > _MOST:
            del _known[next(iter(_known))]
        return Ledger(
            dict(known.decisions),
            dict(known.resolutions),
            known.length,
            dict(known.independent),
        )


def append(
    db: sqlite3.Connection,
    number: int,
    stage: Stage,
    *,
    record_id: str,
    kind: Kind,
    who: str,
    verdict: str,
    reason: str,
    at: str,
) -> int:
    """Add a row; its place in the log. ``verdict`` may be ``undone``."""
    row = db.execute(
        "insert into screening_decisions (collection, stage, record_id, kind, who, verdict, "
        "reason, at) values (?, ?, ?, ?, ?, ?, ?, ?)",
        [number, stage, record_id, kind, who, verdict, reason, at],
    ).lastrowid
    assert row is not None
    return row


def _still_there(db: sqlite3.Connection, last: tuple[object, ...]) -> bool:
    row = db.execute(
        "select id, record_id, at from screening_decisions where id = ?", [last[0]]
    ).fetchone()
    return row is not None and tuple(row) == last


def _take(known: _Known, row: sqlite3.Row) -> None:
    record_id, who = row["record_id"], row["who"]
    known.last = (row["id"], record_id, row["at"])
    known.length += 1
    if row["kind"] == "resolution":
        known.resolutions.pop(record_id, None)
    else:
        known.resolutions.pop(record_id, None)
        others = tuple(d for d in known.decisions.get(record_id, ()) if d.who != who)
        if others:
            known.decisions[record_id] = others
        else:
            known.decisions.pop(record_id, None)
    if row["verdict"] == "undone":
        return
    made = Decision(
        *(row["id"], record_id, row["kind"], who, row["verdict"], row["reason"], row["at"])
    )
    if made.kind == "resolution":
        known.resolutions[record_id] = made
    else:
        known.decisions[record_id] = (*known.decisions.get(record_id, ()), made)
        if len(known.decisions[record_id]) > 1:
            known.independent.setdefault(record_id, known.decisions[record_id])
