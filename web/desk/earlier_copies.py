"""Copies and removals of collections from before they were written down, read from the history.

Each is written into the change that made it, so that an undo takes it back as well. What a file
held that was there already was only counted then: that number is kept (``unlisted``).
"""

import json
import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

# What an item's source said of a record of the library.
_LIBRARY = "library"
_BACKWARDS = ("undo", "restore")

_Row = dict[str, Any]


@dataclass
class _State:
    """What was written so far: rows by id, and what a removed record's item was."""

    db: sqlite3.Connection
    collection: int
    intakes: dict[int, _Row] = field(default_factory=dict)
    copies: dict[int, _Row] = field(default_factory=dict)
    removals: dict[str, _Row] = field(default_factory=dict)
    # How many copies an intake has.
    held: Counter[int] = field(default_factory=Counter)
    # The copy of an item, and the removal that its coming back ended, by the item's number.
    of_item: dict[int, _Row] = field(default_factory=dict)
    ended: dict[int, _Row] = field(default_factory=dict)
    ids: dict[int, str] = field(default_factory=dict)


def write_copies_of_before(db: sqlite3.Connection, collection: int) -> None:
    """Write intakes, copies and removals of a collection that has none yet. The change under way,
    where there is one, stays the same."""
    under_way = db.execute("select change from current_change").fetchall()
    state = _State(db, collection)
    changes = db.execute(
        "select id, at, who, action, detail from changes where collection = ? order by id",
        [collection],
    ).fetchall()
    for number, at, who, action, detail in changes:
        rows = db.execute(
            "select tracked, before, after from change_rows where change = ? "
            "and tracked in ('items', 'duplicates') order by id",
            [number],
        ).fetchall()
        db.execute("delete from current_change")
        db.execute("insert into current_change values (?)", [number])
        _take(state, rows, at, who, action, json.loads(detail))
    _without_history(state, changes[-1][0] if changes else None)
    db.execute("delete from current_change")
    db.executemany("insert into current_change values (?)", [tuple(row) for row in under_way])


def _take(
    state: _State, rows: list[Any], at: str, who: str, action: str, detail: dict[str, Any]
) -> None:
    items = [(_row(b), _row(a)) for tracked, b, a in rows if tracked == "items"]
    for before, after in items:
        if (known := after or before) is not None:
            state.ids[known["id"]] = known["record_id"]
    new = [after for before, after in items if before is None and after is not None]
    gone = [before for before, after in items if before is not None and after is None]
    if action == "remove records":
        under = {
            row["item"]: row["main"]
            for tracked, b, a in rows
            if tracked == "duplicates" and a is None and (row := _row(b)) is not None
        }
        # A main record that was removed alone left nothing under it.
        leaving = {item["id"] for item in gone}
        for item in gone:
            main = under.get(item["id"])
            above = state.ids[main] if main in leaving and main is not None else ""
            _write(state, "removals", _removal(state, item["record_id"], above))
    elif action in _BACKWARDS:
        for before, after in items:
            if after is None and before is not None:
                _take_away(state, before)
            elif before is None and after is not None:
                _bring_back(state, after)
    else:
        _come_in(state, new, at, who, detail)


def _come_in(state: _State, items: list[_Row], at: str, who: str, detail: dict[str, Any]) -> None:
    already = int(detail.get("already", 0))
    if not items and not already:
        return
    # The change of a file names it; so do those of its records that the library had not.
    of_file = bool(already) or any(item["source"] != _LIBRARY for item in items)
    told = str(detail.get("from") or "")
    by_name: dict[str, list[_Row]] = {}
    for item in items:
        by_name.setdefault((told or item["source"]) if of_file else _LIBRARY, []).append(item)
    if not items:
        by_name[told or _LIBRARY] = []
    for name, few in by_name.items():
        intake: _Row = {
            "collection": state.collection,
            "name": name,
            "label": "",
            "kind": "database",
            "unlisted": already,
            "unread": 0,
            "at": at,
            "who": who,
        }
        already = 0
        _write(state, "intakes", intake)
        for place, item in enumerate(few, 1):
            if removed := state.removals.get(item["record_id"]):
                state.ended[item["id"]] = removed
                _delete(state, "removals", removed)
            copy = _copy(intake["id"], place, item)
            _write(state, "copies", copy)
            state.of_item[item["id"]] = copy


def _take_away(state: _State, item: _Row) -> None:
    """An addition was undone."""
    copy = state.of_item.get(item["id"])
    if copy is not None and copy["id"] in state.copies:
        _delete(state, "copies", copy)
        if not state.held[copy["intake"]]:
            _delete(state, "intakes", state.intakes[copy["intake"]])
    if removed := state.ended.get(item["id"]):
        _write(state, "removals", removed)


def _bring_back(state: _State, item: _Row) -> None:
    """A removal was undone, or an addition made again."""
    if removed := state.removals.get(item["record_id"]):
        _delete(state, "removals", removed)
        return
    copy = state.of_item.get(item["id"])
    if copy is not None and copy["id"] not in state.copies:
        intake = state.db.execute(
            "select before from change_rows where tracked = 'intakes' and row = ? "
            "and after is null order by id desc limit 1",
            [copy["intake"]],
        ).fetchone()
        if copy["intake"] not in state.intakes and intake is not None:
            _write(state, "intakes", json.loads(intake[0]))
        _write(state, "copies", copy)


def _without_history(state: _State, change: int | None) -> None:
    """Records whose history is not there, as in documents that were cut."""
    columns = ("id", "record_id", "record_hash", "source", "added", "added_by")
    known = {copy["record_id"] for copy in state.copies.values()}
    items = [
        dict(zip(columns, row, strict=True))
        for row in state.db.execute(
            f"select {', '.join(columns)} from items "  # noqa: S608 - our own names
            "where collection = ? order by position, id",
            [state.collection],
        )
        if row[1] not in known
    ]
    if not items or change is None:
        return
    (last,) = state.db.execute("select coalesce(max(id), 0) from change_rows").fetchone()
    state.db.execute("delete from current_change")
    state.db.execute("insert into current_change values (?)", [change])
    by_source: dict[str, list[_Row]] = {}
    for item in items:
        by_source.setdefault(item["source"], []).append(item)
    for source, few in by_source.items():
        detail = {} if source == _LIBRARY else {"from": source}
        _come_in(state, few, few[0]["added"], few[0]["added_by"], detail)
    # They are no part of that change.
    state.db.execute("delete from change_rows where id > ?", [last])


def _write(state: _State, table: str, row: _Row) -> None:
    names = ", ".join(row)
    marks = ", ".join("?" * len(row))
    number = state.db.execute(
        f"insert into {table} ({names}) values ({marks})",  # noqa: S608 - our own names
        list(row.values()),
    ).lastrowid
    row.setdefault("id", number)
    if table == "removals":
        state.removals[row["record_id"]] = row
    elif table == "copies":
        state.copies[row["id"]] = row
        state.held[row["intake"]] += 1
    else:
        state.intakes[row["id"]] = row


def _delete(state: _State, table: str, row: _Row) -> None:
    state.db.execute(f"delete from {table} where id = ?", [row["id"]])  # noqa: S608
    if table == "removals":
        del state.removals[row["record_id"]]
    elif table == "copies":
        del state.copies[row["id"]]
        state.held[row["intake"]] -= 1
    else:
        del state.intakes[row["id"]]


def _copy(intake: int, place: int, item: _Row) -> _Row:
    return {
        "intake": intake,
        "place": place,
        "record_id": item["record_id"],
        "record_hash": item["record_hash"],
    }


def _removal(state: _State, record_id: str, under: str) -> _Row:
    return {"collection": state.collection, "record_id": record_id, "why": "other", "under": under}


def _row(text: str | None) -> _Row | None:
    return None if text is None else json.loads(text)
