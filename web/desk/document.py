"""A collection as one JSON document that carries everything, history included, and back.

Numbers of rows are counted from 1 in the document; on import they become numbers that the store
has never given out (:mod:`web.desk.document_rows`), also those of rows which only the
history knows, so that earlier states can be brought back after the move as well. Whoever the
document names is marked as imported: it cannot speak in the name of anybody here.
"""

import json
import sqlite3
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    FailFast,
    Field,
    StrictFloat,
    StrictInt,
    StrictStr,
    StringConstraints,
    ValidationError,
)

from search import budget
from search.formats.syntax.json_documents import values_in
from search.records import Record, RecordError, record_from_dict
from web.desk.copies import every_record_is_counted, keep
from web.desk.document_rows import (
    LONGEST_VALUE,
    MOST,
    NewNumbers,
    Row,
    as_triggers_write,
    check_row,
    checked_moment,
    person_problem,
)
from web.desk.earlier_copies import write_copies_of_before
from web.desk.history import ACTIONS, Action, CollectionError, change
from web.desk.id_lists import keep_found
from web.desk.screening.ledger import Kind
from web.desk.screening.plan import Stage
from web.desk.shelf import LONGEST_NAME, checked_name, checked_text
from web.desk.signatures import as_imported
from web.desk.store import Store
from web.desk.strategy_rows import check_strategy

# Tables whose rows belong to one collection, those that others lead to first.
OWN = (
    *("items", "tags", "item_tags", "duplicates", "distinct_pairs"),
    *("searches", "runs", "alerts", "report_answers"),
    *("screening_stages", "screening_words", "filled_abstracts", "item_numbers"),
    *("intakes", "copies", "removals", "told_decisions"),
)
# What a history tells in numbers, and in lists.
_COUNTED = ("records", "already", "change")
_LISTS = ("searches",)


def _person(name: str) -> str:
    if problem := person_problem(name):
        raise ValueError(problem)
    return name


_Number = Annotated[int, Field(strict=True, ge=1, le=MOST)]
_Person = Annotated[str, AfterValidator(_person)]
_Moment = Annotated[str, AfterValidator(checked_moment)]
_Text = Annotated[str, StringConstraints(max_length=LONGEST_VALUE, pattern=r"\A[^\x00]*\z")]
_Row = dict[str, StrictStr | StrictInt | StrictFloat | None]
# The first fault is told; each further one would take memory, too.
_Rows = Annotated[tuple[_Row, ...], FailFast()]


def _detail(detail: dict[str, Any]) -> dict[str, Any]:
    """What a history tells about a change: as the pages read it, or none."""
    for name, value in detail.items():
        number = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST
        if name in _COUNTED and not number:
            raise ValueError(f"{name} is no number from 0 to {MOST}")
        if name in _LISTS and not (
            isinstance(value, list) and all(isinstance(v, str) for v in value)
        ):
            raise ValueError(f"{name} is no list of texts")
        if name == "undone" and value not in ACTIONS:
            raise ValueError(f"{value!r} is nothing that can be undone")
        if name not in (*_COUNTED, *_LISTS) and not (isinstance(value, str) or number):
            raise ValueError(f"{name} is neither a text nor a number")
    return detail


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RowChange(_Strict):
    """A row before and after a change."""

    table: Literal[
        "collections",
        "items",
        "tags",
        "item_tags",
        "duplicates",
        "distinct_pairs",
        "searches",
        "runs",
        "alerts",
        "report_answers",
        "screening_stages",
        "screening_words",
        "filled_abstracts",
        "item_numbers",
        "intakes",
        "copies",
        "removals",
        "told_decisions",
    ]
    row: _Number
    before: _Row | None
    after: _Row | None


class LoggedDecision(_Strict):
    """A row of the log of screening, in its order."""

    record_id: _Text
    stage: Stage
    kind: Kind
    who: _Person
    verdict: Literal["include", "exclude", "maybe", "undone"]
    reason: Annotated[_Text, Field(max_length=LONGEST_NAME)]
    at: _Moment


class PastChange(_Strict):
    """An entry of the history."""

    id: _Number
    at: _Moment
    who: _Person
    action: Action
    detail: Annotated[dict[str, Any], AfterValidator(_detail)]
    rows: Annotated[tuple[RowChange, ...], FailFast()]


class Document(_Strict):
    """A collection: its rows as they are, the records and the lists of ids that they and the
    history mean, by hash, and the history from the first change on."""

    format: Literal["jmedsearch-collection"]
    version: Literal[1]
    name: str
    description: str
    items: _Rows
    tags: _Rows
    item_tags: _Rows
    duplicates: _Rows = ()
    distinct_pairs: _Rows = ()
    searches: _Rows = ()
    runs: _Rows = ()
    alerts: _Rows = ()
    report_answers: _Rows = ()
    screening_stages: _Rows = ()
    screening_words: _Rows = ()
    filled_abstracts: _Rows = ()
    item_numbers: _Rows = ()
    intakes: _Rows = ()
    copies: _Rows = ()
    removals: _Rows = ()
    told_decisions: _Rows = ()
    screening_decisions: Annotated[tuple[LoggedDecision, ...], FailFast()] = ()
    records: dict[str, dict[str, Any]]
    found: dict[str, tuple[str, ...]] = {}
    history: Annotated[tuple[PastChange, ...], FailFast()]


def read_document(content: bytes, name: str) -> Document:
    """A document from its JSON; ``name`` is for messages.

    Raises:
        CollectionError: when it is none, naming the field that is wrong.
        TooMuchError: where a request brings more than one may.
    """
    budget.spend("upload", values_in(content))
    try:
        return Document.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "document"
        raise CollectionError(
            f"{name} is no collection exported by jmedsearch: {place}: {first['msg']}"
        ) from error


def import_document(
    store: Store, who: str, read: Document, name: str, folder: int | None = None
) -> int:
    """A new collection with everything that a document holds, and an entry in its history that
    says so; its number.

    Raises:
        CollectionError: when the document contradicts itself.
    """
    records = _checked_records(read, name)
    check_strategy(read.searches, read.runs, read.found, name)
    try:
        with change(store, who, "import collection", without_rows=True, file=name) as opened:
            db = opened.db
            number = db.execute(
                "insert into collections (name, description, folder, position) "
                "select ?, ?, ?, coalesce(max(position), 0) + 1 from collections",
                [checked_name(read.name), checked_text(read.description), folder],
            ).lastrowid
            assert number is not None
            kept = {
                old: (keep(db, record, searchable=True), record.id)
                for old, record in records.items()
            }
            for ids in read.found.values():
                keep_found(db, ids)
            new = NewNumbers(db, number, kept, read.found, _numbers(read))
            for table in OWN:
                for row in getattr(read, table):
                    _insert(db, table, new.row(table, row))
            for row in read.screening_decisions:
                values = row.model_dump() | {"collection": number, "who": as_imported(row.who)}
                _insert(db, "screening_decisions", values)
            for past in read.history:
                _insert_past(db, past, new)
            new.reserve(db)
            if not _has_copies(read):
                # A document of before, when copies were not written down.
                write_copies_of_before(db, number)
            _check_counts(db, number)
            # The rows came in as they were: none of them is a change of its own.
            db.execute("delete from change_rows where change = ?", [opened.id])
            opened.belongs_to(number)
            # The import is the last entry of the history, so its number is the highest.
            db.execute(
                "update changes set id = (select max(id) + 1 from changes) where id = ?",
                [opened.id],
            )
    except (sqlite3.IntegrityError, sqlite3.DataError, CollectionError) as error:
        raise CollectionError(f"{name} contradicts itself: {error}") from error
    return number


def _numbers(read: Document) -> dict[str, list[int]]:
    """All numbers that a document gives its rows and changes, by table."""
    found: dict[str, list[int]] = {"changes": [past.id for past in read.history]}
    for table in OWN:
        rows: tuple[Row, ...] = getattr(read, table)
        for row in rows:
            check_row(table, row)
        found[table] = [row["id"] for row in rows if isinstance(row["id"], int)]
    for past in read.history:
        for changed in past.rows:
            if changed.table != "collections":
                found[changed.table].append(changed.row)
    return found


def _has_copies(read: Document) -> bool:
    written = {changed.table for past in read.history for changed in past.rows}
    return bool(read.intakes or read.removals or written & {"intakes", "removals"})


def _check_counts(db: sqlite3.Connection, number: int) -> None:
    if not every_record_is_counted(db, number):
        raise CollectionError("its records and the copies of its sources do not agree")


def _insert_past(db: sqlite3.Connection, past: PastChange, new: NewNumbers) -> None:
    number = new.number("changes", past.id)
    detail = dict(past.detail)
    if "change" in detail:
        if new.has("changes", detail["change"]):
            detail["change"] = new.number("changes", detail["change"])
        else:
            # It meant an entry that did not come along.
            del detail["change"]
    db.execute(
        "insert into changes (id, collection, at, who, action, detail) values (?, ?, ?, ?, ?, ?)",
        [
            number,
            new.number("collections", 1),
            past.at,
            as_imported(past.who),
            past.action,
            json.dumps(detail, ensure_ascii=False),
        ],
    )
    for changed in past.rows:
        states = (changed.before, changed.after)
        if any(values is not None and values.get("id") != changed.row for values in states):
            raise CollectionError(f"row {changed.row} of {changed.table} became another one")
        before, after = (
            None
            if values is None
            else as_triggers_write(changed.table, new.row(changed.table, values))
            for values in states
        )
        db.execute(
            "insert into change_rows (change, tracked, row, before, after) values (?, ?, ?, ?, ?)",
            [number, changed.table, new.number(changed.table, changed.row), before, after],
        )


def _insert(db: sqlite3.Connection, table: str, row: Row) -> None:
    budget.check("collection")
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    db.execute(
        f"insert into {table} ({names}) values ({marks})",  # noqa: S608 - names were checked
        list(row.values()),
    )


def _checked_records(read: Document, name: str) -> dict[str, Record]:
    records = {}
    for digest, data in read.records.items():
        try:
            records[digest] = record_from_dict(data)
        except RecordError as error:
            raise CollectionError(f"{name}: record {data.get('id', digest)!r}: {error}") from error
    for row in (*read.items, *read.copies):
        record = records.get(str(row.get("record_hash")))
        if record is None or record.id != row.get("record_id"):
            raise CollectionError(f"{name}: the record {row.get('record_id')!r} is missing")
    return records
