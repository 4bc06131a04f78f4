"""Write a collection as one JSON document, history included, a row a line."""

import io
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, BinaryIO

from search import budget
from search.records import record_from_dict, record_to_dict
from web.desk.document import OWN, Document, LoggedDecision
from web.desk.document_rows import FOUND, LEADS_TO, Row
from web.desk.id_lists import found_ids
from web.desk.schema import TRACKED
from web.desk.shelf import collection
from web.desk.store import Store

# Of the history of a collection.
_OF_CHANGES = "change in (select id from changes where collection = ?)"
# What rows of a table are found by where they do not name their collection.
_BY_ITEM = "join items on items.id = item where items.collection = ?"
_BY_SEARCH = "join searches on searches.id = search where searches.collection = ?"
_THROUGH = {
    **dict.fromkeys(("item_tags", "duplicates", "distinct_pairs"), _BY_ITEM),
    **dict.fromkeys(("filled_abstracts", "item_numbers"), _BY_ITEM),
    **dict.fromkeys(("runs", "alerts"), _BY_SEARCH),
    **dict.fromkeys(
        ("copies", "told_decisions"),
        "join intakes on intakes.id = intake where intakes.collection = ?",
    ),
}


def document(store: Store, number: int) -> Document:
    """Everything about a collection.

    Raises:
        UnknownError: when there is no such collection.
    """
    written = io.BytesIO()
    write_document(store, number, written)
    return Document.model_validate_json(written.getvalue())


def write_document(store: Store, number: int, stream: BinaryIO) -> None:
    """Write everything about a collection as the JSON of a :class:`Document`, a row a line, as it
    is at one moment; little of it is in memory at a time.

    Raises:
        UnknownError: when there is no such collection.
        TooLongError: when the request has no time left.
    """
    with store.reading() as db:
        shown = collection(store, number)
        dense = _dense_numbers(db, number)
        head = {
            "format": "jmedsearch-collection",
            "version": 1,
            "name": shown.name,
            "description": shown.description,
        }
        fields = ", ".join(f"{_json(name)}: {_json(value)}" for name, value in head.items())
        stream.write(f"{{{fields}".encode())
        decisions = db.execute(
            f"select {', '.join(LoggedDecision.model_fields)} "  # noqa: S608 - our own names
            "from screening_decisions where collection = ? order by id",
            [number],
        )
        for table in OWN:
            rows = _rows(db, table, number)
            mapped = (_json(_mapped(table, dict(row), dense)) for row in rows)
            _write_part(stream, table, "[]", mapped)
        _write_part(stream, "screening_decisions", "[]", (_json(dict(row)) for row in decisions))
        _write_history(stream, db, number, dense)
        held = [_meant(db, number, table, "record_hash") for table in ("items", "copies")]
        hashes = json.dumps(sorted(set().union(*held)))
        kept = (
            # It is kept as the JSON that it is.
            f"{_json(row['hash'])}: {_shareable(row['data'])}"
            for row in db.execute(
                "select hash, data from records where hash in (select value from json_each(?)) "
                "order by hash",
                [hashes],
            )
        )
        _write_part(stream, "records", "{}", kept)
        lists = {
            digest for t in ("runs", "alerts") for c in FOUND for digest in _meant(db, number, t, c)
        }
        found = (f"{_json(digest)}: {_json(found_ids(db, digest))}" for digest in sorted(lists))
        _write_part(stream, "found", "{}", found)
        stream.write(b"}\n")


def _write_part(stream: BinaryIO, name: str, brackets: str, rows: Iterable[str]) -> None:
    stream.write(f",\n{_json(name)}: {brackets[0]}".encode())
    between = "\n"
    for row in budget.within(rows, "collection"):
        stream.write(f"{between}{row}".encode())
        between = ",\n"
    stream.write(brackets[1].encode())


def _dense_numbers(db: sqlite3.Connection, number: int) -> dict[str, dict[int, int]]:
    """The numbers that rows and changes have in a document: from 1 on, without gaps."""
    dense = {
        table: _dense(
            [row["id"] for row in _rows(db, table, number, ("id",))]
            + [
                row["row"]
                for row in db.execute(
                    "select distinct row from change_rows "  # noqa: S608 - our own text
                    f"where tracked = ? and {_OF_CHANGES}",
                    [table, number],
                )
            ]
        )
        for table in OWN
    }
    dense["collections"] = {number: 1}
    changes = db.execute("select id from changes where collection = ?", [number])
    dense["changes"] = _dense(row["id"] for row in changes)
    return dense


def _meant(db: sqlite3.Connection, number: int, table: str, column: str) -> set[str]:
    """The hashes that a column of a table holds, or held."""
    if column not in TRACKED[table]:
        return set()
    past = db.execute(
        "select distinct before ->> :path, after ->> :path from change_rows "  # noqa: S608 - our text
        f"where tracked = :table and {_OF_CHANGES.replace('?', ':number')}",
        {"path": f"$.{column}", "table": table, "number": number},
    )
    held = {value for row in past for value in row if value is not None}
    return held | {row[column] for row in _rows(db, table, number, (column,))}


def _write_history(
    stream: BinaryIO, db: sqlite3.Connection, number: int, dense: Mapping[str, Mapping[int, int]]
) -> None:
    stream.write(b',\n"history": [')
    between = "\n"
    changes = db.execute("select * from changes where collection = ? order by id", [number])
    for made in changes:
        told = {
            "id": dense["changes"][made["id"]],
            "at": made["at"],
            "who": made["who"],
            "action": made["action"],
            "detail": _mapped_detail(json.loads(made["detail"]), dense["changes"]),
        }
        stream.write(f"{between}{_json(told)[:-1]}".encode())
        between = ",\n"
        rows = db.execute(
            "select * from change_rows where change = ? and tracked != 'folders' order by id",
            [made["id"]],
        )
        changed = (
            _json(
                {
                    "table": r["tracked"],
                    "row": dense[r["tracked"]][r["row"]],
                    "before": _mapped_text(r["tracked"], r["before"], dense),
                    "after": _mapped_text(r["tracked"], r["after"], dense),
                }
            )
            for r in rows
        )
        _write_part(stream, "rows", "[]", changed)
        stream.write(b"}")
    stream.write(b"]")


def _rows(
    db: sqlite3.Connection, table: str, number: int, columns: Sequence[str] = ()
) -> sqlite3.Cursor:
    """The rows of a table that belong to a collection, in order: all that is tracked of them, or
    some columns."""
    chosen = ", ".join(f"{table}.{c}" for c in columns or TRACKED[table])
    of = _THROUGH.get(table, f"where {table}.collection = ?")
    return db.execute(
        f"select {chosen} from {table} {of} order by {table}.id",  # noqa: S608 - our own names
        [number],
    )


def _dense(numbers: Iterable[int]) -> dict[int, int]:
    return {number: place for place, number in enumerate(sorted(set(numbers)), 1)}


def _mapped(table: str, row: Row, dense: Mapping[str, Mapping[int, int]]) -> Row:
    mapped = dict(row)
    for column, value in row.items():
        leads_to = table if column == "id" else LEADS_TO.get(column)
        if leads_to and isinstance(value, int):
            mapped[column] = dense[leads_to][value]
    if "folder" in mapped:
        # Folders are the desk's, not the collection's.
        mapped["folder"] = None
    return mapped


def _mapped_text(
    table: str, text: str | None, dense: Mapping[str, Mapping[int, int]]
) -> Row | None:
    return None if text is None else _mapped(table, json.loads(text), dense)


def _mapped_detail(detail: dict[str, Any], changes: Mapping[int, int]) -> dict[str, Any]:
    if detail.get("change") in changes:
        return {**detail, "change": changes[detail["change"]]}
    return detail


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _shareable(data: str) -> str:
    """The JSON of a record without the abstracts that must not be passed on."""
    if '"abstract_license"' not in data:
        return data
    return _json(record_to_dict(record_from_dict(json.loads(data)).shareable()))
