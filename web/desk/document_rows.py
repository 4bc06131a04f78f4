"""Rows of a document from elsewhere: each value checked, each number mapped.

A number in a document says which rows of the document belong together, and nothing else. On import
every row gets a number that the store has never given out; what leads to a row that the document
does not have is refused. So no document can name a row of another collection.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from math import isfinite

from pydantic import Json, TypeAdapter, ValidationError

from web.desk.copies import KINDS, WHYS
from web.desk.history import CollectionError
from web.desk.schema import TRACKED
from web.desk.screening.plan import STAGES
from web.desk.signatures import as_imported
from web.desk.strategy_answers import read_filters

Value = str | int | float | None
Row = dict[str, Value]

# Columns that hold the number of a row in a table.
LEADS_TO = {
    "collection": "collections",
    "search": "searches",
    "item": "items",
    "main": "items",
    "other": "items",
    "tag": "tags",
    "intake": "intakes",
}
# Columns that name what a search found.
FOUND = ("found", "since", "seen")
# What these say of people is what a file said: nobody here.
_NAMED_BY_FILES = ("told_decisions",)
PEOPLE = ("who", "added_by", "created_by", "seen_by")
# JSON's own limit for whole numbers that every program reads alike; far from SQLite's.
MOST = 2**53
# Places in an order, and numbers that reviewers note.
_LARGEST = 1e15
LONGEST_VALUE = 1_000_000
_LONGEST_PERSON = 200

_MOMENTS = ("added", "created", "deleted", "at", "seen_at")
_COUNTS = ("number", "top", "generation", "library_records", "count", "reviewers", "place")
_FROM_NOTHING = ("count", "library_records", "generation", "unlisted", "unread")
_REALS = ("position", "value")
_MAY_BE_NULL = ("deleted", "top", "folder")
_CLOSED: Mapping[tuple[str, str], tuple[Value, ...]] = {
    ("searches", "syntax"): ("exact", "ranked", "combination"),
    ("screening_stages", "stage"): STAGES,
    ("screening_stages", "reviewers"): (1, 2),
    ("screening_words", "kind"): ("include", "exclude"),
    ("intakes", "kind"): KINDS,
    ("removals", "why"): WHYS,
    ("told_decisions", "verdict"): ("include", "exclude", "maybe"),
    ("told_decisions", "stage"): ("", *STAGES),
}
_JSON: Mapping[str, Callable[[str], object]] = {
    "filters": read_filters,
    "parts": TypeAdapter(Json[dict[int, int]]).validate_python,
    "frozen": TypeAdapter(Json[tuple[int, ...]]).validate_python,
    "reasons": TypeAdapter(Json[tuple[str, ...]]).validate_python,
}


class NewNumbers:
    """From the numbers of a document to new ones of a store."""

    def __init__(
        self,
        db: sqlite3.Connection,
        collection: int,
        records: Mapping[str, tuple[str, str]],
        found: Mapping[str, object],
        numbers: Mapping[str, Iterable[int]],
    ) -> None:
        """``records`` has of each hash of the document the store's hash and the record's id,
        ``found`` the lists of ids by hash, and ``numbers`` the document's numbers of rows, and of
        changes, by table."""
        given = dict(db.execute("select name, seq from sqlite_sequence").fetchall())
        self._new: dict[str, dict[int, int]] = {
            table: {
                old: given.get(table, 0) + place for place, old in enumerate(sorted(set(few)), 1)
            }
            for table, few in numbers.items()
        }
        self._new["collections"] = {1: collection}
        self._records = records
        self._found = found

    def has(self, table: str, old: int) -> bool:
        """Whether the document has a row of this number."""
        return old in self._new[table]

    def number(self, table: str, old: int) -> int:
        """The new number of a row of the document.

        Raises:
            CollectionError: when the document has no such row.
        """
        if old not in self._new[table]:
            raise CollectionError(f"there is no row {old} of {table}")
        return self._new[table][old]

    def row(self, table: str, row: Row) -> Row:
        """A row as this store keeps it, with new numbers and marked names.

        Raises:
            CollectionError: naming the table, the column and what is wrong.
        """
        check_row(table, row)
        mapped = dict(row)
        for column, value in row.items():
            if leads_to := table if column == "id" else LEADS_TO.get(column):
                assert isinstance(value, int)
                mapped[column] = self.number(leads_to, value)
            elif column in _MOMENTS and value is not None:
                mapped[column] = checked_moment(str(value))
            elif column in PEOPLE and table not in _NAMED_BY_FILES:
                mapped[column] = as_imported(str(value))
            elif column in FOUND and value not in self._found:
                raise CollectionError(f"{table}.{column}: what it found is missing")
            elif column == "record_hash":
                mapped[column], record_id = self._records.get(str(value), ("", ""))
                if record_id != row["record_id"]:
                    raise CollectionError(f"the record {row['record_id']!r} is missing")
        if "folder" in mapped:
            # Folders are the desk's, not the collection's.
            mapped["folder"] = None
        return mapped

    def reserve(self, db: sqlite3.Connection) -> None:
        """Have numbers that only the history knows not be given out again."""
        for table, new in self._new.items():
            highest = max(new.values(), default=0)
            if table == "collections" or not highest:
                continue
            db.execute(
                "insert into sqlite_sequence (name, seq) select ?, ? "
                "where not exists (select 1 from sqlite_sequence where name = ?)",
                [table, highest, table],
            )
            db.execute(
                "update sqlite_sequence set seq = max(seq, ?) where name = ?", [highest, table]
            )


def check_row(table: str, row: Row) -> None:
    """Refuse a row that the store itself could not have written.

    Raises:
        CollectionError: naming the table, the column and what is wrong.
    """
    if set(row) != set(TRACKED[table]):
        raise CollectionError(
            f"a row of {table} has {', '.join(sorted(row))}; "
            f"it should have {', '.join(sorted(TRACKED[table]))}"
        )
    for column, value in row.items():
        if problem := _problem(table, column, value):
            raise CollectionError(f"{table}.{column}: {str(value)[:80]!r} {problem}")
    if table == "searches" and (row["top"] is None) != (row["syntax"] != "ranked"):
        raise CollectionError("searches.top: a ranked search keeps its first records, no other")


def checked_moment(moment: str) -> str:
    """A moment as the store writes it: UTC, to the second.

    Raises:
        ValueError: when it is none.
    """
    read = datetime.fromisoformat(moment)
    if read.tzinfo is None:
        raise ValueError(f"{moment!r} does not say its time zone")
    try:
        return read.astimezone(UTC).isoformat(timespec="seconds")
    except OverflowError as error:
        raise ValueError(f"{moment!r} is out of range") from error


def person_problem(name: str) -> str:
    """What is wrong with somebody's name; empty where nothing is."""
    if 1 <= len(name) <= _LONGEST_PERSON and name.isprintable():
        return ""
    return f"is no name of 1 to {_LONGEST_PERSON} printable characters"


def _problem(table: str, column: str, value: Value) -> str:
    if value is None:
        return "" if column in _MAY_BE_NULL else "should not be missing"
    if column in (*LEADS_TO, *_COUNTS, *_FROM_NOTHING, "id", "folder"):
        least = 0 if column in _FROM_NOTHING else 1
        if not isinstance(value, int) or not least <= value <= MOST:
            return f"is no whole number from {least} to {MOST}"
    elif column in _REALS:
        if isinstance(value, str) or not isfinite(value) or abs(value) > _LARGEST:
            return f"is no number of at most {_LARGEST:g}"
    elif not isinstance(value, str):
        return "is no text"
    elif "\x00" in value or len(value) > LONGEST_VALUE:
        return f"has a character NUL, or more than {LONGEST_VALUE} characters"
    elif column in PEOPLE and table not in _NAMED_BY_FILES:
        return person_problem(value)
    elif column in _MOMENTS:
        try:
            checked_moment(value)
        except ValueError:
            return "is no moment, such as 2026-01-31T09:00:00+00:00"
    elif column in _JSON:
        try:
            _JSON[column](value)
        except (ValidationError, ValueError, RecursionError) as error:
            return f"cannot be read: {str(error).splitlines()[0]}"
    allowed = _CLOSED.get((table, column))
    if allowed is not None and value not in allowed:
        return f"should be one of {', '.join(map(str, allowed))}"
    return ""


def as_triggers_write(table: str, row: Row) -> str:
    """A row as the store's triggers write it, so that an undo can compare."""
    return json.dumps(
        {column: row[column] for column in TRACKED[table]},
        ensure_ascii=False,
        separators=(",", ":"),
    )
