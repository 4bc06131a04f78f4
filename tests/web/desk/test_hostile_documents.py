"""Collections' files from elsewhere, changed by hand: refused or taken in, and nobody else's
collection differs by a byte afterwards."""

import copy
import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search.records import Record
from tests.web.desk.conftest import LITERATURE
from web.desk import duplicates, items, report, shelf, tags
from web.desk.desk import open_desk
from web.desk.document import import_document, read_document
from web.desk.document_writer import document
from web.desk.history import CollectionError, history, restore_to, undo
from web.desk.id_lists import keep_found
from web.desk.screening import abstracts, numbers, plan
from web.desk.screening.deciding import decide
from web.desk.screening.plan import Plan
from web.desk.store import Store

pytestmark = pytest.mark.slow

TA = plan.STAGES[0]
RECORDS = [Record(str(r["id"]), title=str(r["title"]), language="ja") for r in LITERATURE]
# Rows that belong to no collection and that an import adds to: kept under their own hash.
SHARED = ("records", "found")
ODD: tuple[Any, ...] = (
    *(-1, 0, 1, 2, 3, 7, 40, -(2**63), 2**53, 2**63 - 2, 2**63 - 1, 2**63, 10**30),
    *(
        1.5,
        1e308,
        -1e16,
        True,
        None,
        "",
        "1",
        "x",
        "\x00",
        "a" * 300,
        "tanaka",
        [],
        {},
        [1],
        {"": 1},
    ),
)


def filled(store: Store, who: str, name: str) -> int:
    """A collection in which everything was done that leaves rows."""
    number = shelf.create(store, who, name)
    items.add(store, who, number, [(record, "a.ris") for record in RECORDS])
    items.annotate(store, who, number, "a", "要確認")
    tags.tag_records(store, who, number, "採用", ["a", "b"])
    tags.tag_records(store, who, number, "保留", ["c"])
    tags.merge(store, who, number, "保留", "採用")
    duplicates.handle_as_one(store, who, number, "d", ["e"])
    duplicates.declare_distinct(store, who, number, ["a", "b"])
    report.answer(store, who, number, "peer review", "PRESS")
    plan.set_plan(store, who, number, Plan(TA, "成人", ("動物",), 2))
    plan.set_words(store, who, number, ["RCT"], ["マウス"])
    abstracts.fill_in(store, who, number, "a", "抄録")
    numbers.note_number(store, who, number, "a", "n", 3)
    decide(store, who, number, TA, "a", "include")
    decide(store, "suzuki", number, TA, "a", "exclude", "動物")
    _searched(store, who, number)
    items.remove(store, who, number, ["c"])
    undo(store, who, history(store, number)[1][0].id)
    items.move(store, who, number, "b", 0)
    return number


def _searched(store: Store, who: str, number: int) -> None:
    """A search, a run of it and an alert, as if there were a library."""
    from web.desk.history import change

    with change(store, who, "run search", number, search="#1", records=2) as opened:
        db, found = opened.db, keep_found(opened.db, ["a", "b"])
        search = db.execute(
            "insert into searches (collection, number, syntax, query, filters, created, "
            "created_by) values (?, 1, 'exact', '肺炎', '{}', '2026-01-01T00:00:00+00:00', ?)",
            [number, who],
        ).lastrowid
        db.execute(
            "insert into runs (search, number, at, who, program, generation, generation_hash, "
            "generation_created, library_records, model, model_hash, count, found, parts, frozen) "
            "values (?, 1, '2026-01-01T00:00:00+00:00', ?, '1', 1, 'h', "
            "'2026-01-01T00:00:00+00:00', 5, 'm', 'h', 2, ?, '{}', '[]')",
            [search, who, found],
        )
        db.execute(
            "insert into alerts (search, created, created_by, since, seen, seen_at, seen_by) "
            "values (?, '2026-01-01T00:00:00+00:00', ?, ?, ?, '2026-01-01T00:00:00+00:00', ?)",
            [search, who, found, found, who],
        )


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A file with other people's collections, and what one of their own exports as."""
    directory = tmp_path_factory.mktemp("installation")
    elsewhere = open_desk(directory / "elsewhere.db")
    exported = document(elsewhere.store, filled(elsewhere.store, "mori", "持ち込み"))
    elsewhere.store.close()
    desk = open_desk(directory / "collections.db")
    desk.accounts.add("tanaka", "administrator", None)
    for name in ("先客", "隣"):
        filled(desk.store, "tanaka", name)
    desk.store.close()
    # One file, not a file and its log: it is copied for each example.
    with sqlite3.connect(desk.store.path) as connection:
        connection.execute("pragma journal_mode = delete")
    connection.close()
    return desk.store.path, json.loads(exported.model_dump_json())


def dump(store: Store) -> dict[str, dict[int, tuple[object, ...]]]:
    """Every row of every table by its number in the file."""
    tables = [
        row["name"]
        for row in store.connection.execute(
            "select name from sqlite_master where type = 'table' and name not like 'sqlite%'"
        )
    ]
    return {
        table: {
            row[0]: tuple(row)[1:]
            for row in store.connection.execute(f"select rowid, * from {table}")
        }
        for table in tables
    }


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value inside a document."""
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [found for key, held in inner for found in [(*path, key), *places(held, (*path, key))]]


def at(content: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        content = content[key]
    return content


def mutate(content: Any, draw: Any) -> None:
    """One thing done to a document: a value replaced, doubled, taken away or exchanged."""
    ways = places(content)
    path = draw(st.sampled_from(ways))
    holder = at(content, path[:-1])
    match draw(st.sampled_from(["odd", "odd", "odd", "of another place", "drop", "double"])):
        case "odd":
            holder[path[-1]] = draw(st.sampled_from(ODD))
        case "of another place":
            holder[path[-1]] = copy.deepcopy(at(content, draw(st.sampled_from(ways))))
        case "drop":
            del holder[path[-1]]
        case "double" if isinstance(holder, list):
            holder.append(copy.deepcopy(holder[path[-1]]))


def check_others(store: Store, before: dict[str, Any], mine: set[int]) -> None:
    """What was there is there as it was, and nothing new belongs to anybody else."""
    after = dump(store)
    for table, rows in before.items():
        if table not in ("sqlite_sequence",):
            assert {k: v for k, v in after[table].items() if k in rows} == rows, table
    for table, column in (
        ("items", "collection"),
        ("tags", "collection"),
        ("searches", "collection"),
        ("report_answers", "collection"),
        ("screening_stages", "collection"),
        ("screening_words", "collection"),
        ("screening_decisions", "collection"),
        ("changes", "collection"),
    ):
        new = store.connection.execute(f"select id, {column} from {table}")
        assert {owner for number, owner in new if number not in before[table]} <= mine, table
    lead = {"item": "items", "main": "items", "other": "items", "tag": "tags", "search": "searches"}
    for table, columns in (
        ("item_tags", ("item", "tag")),
        ("duplicates", ("item", "main")),
        ("distinct_pairs", ("item", "other")),
        ("runs", ("search",)),
        ("alerts", ("search",)),
        ("filled_abstracts", ("item",)),
        ("item_numbers", ("item",)),
    ):
        for number, *values in store.connection.execute(
            f"select id, {', '.join(columns)} from {table}"
        ):
            if number not in before[table]:
                for column, value in zip(columns, values, strict=True):
                    assert value not in before[lead[column]], table


def edit_all(store: Store, number: int) -> None:
    """Every change undone, and the way back to some states, where it can be done."""
    entries = history(store, number)[1]
    steps = [lambda entry=entry: undo(store, "tanaka", entry.id, number) for entry in entries]
    steps += [
        lambda entry=entry: restore_to(store, "tanaka", number, entry.id)
        for entry in (entries[0], entries[len(entries) // 2], entries[-1])
    ]
    for step in steps:
        try:
            step()
        except CollectionError:
            continue


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_no_document_touches_anybody_elses_collection(
    installation: tuple[Path, dict[str, Any]], tmp_path: Path, data: st.DataObject
) -> None:
    original, exported = installation
    content = copy.deepcopy(exported)
    for _ in range(data.draw(st.integers(1, 4))):
        mutate(content, data.draw)
    store = open_desk(Path(shutil.copy(original, tmp_path / "collections.db"))).store
    # Whether it outlives a power cut is another test's matter, and takes most of the time.
    store.connection.execute("pragma synchronous = off")
    before = dump(store)
    others = [document(store, c.id).model_dump_json() for c in shelf.collections(store)]
    mine: set[int] = set()
    try:
        read = read_document(json.dumps(content).encode(), "c.json")
        mine.add(import_document(store, "tanaka", read, "c.json"))
    except CollectionError:
        assert dump(store) == before
    for number in list(mine):
        document(store, number)
        check_others(store, before, mine)
        edit_all(store, number)
    # The installation still takes edits.
    mine.add(shelf.create(store, "tanaka", "その後"))
    items.add(store, "tanaka", max(mine), [(RECORDS[0], "library")])
    check_others(store, before, mine)
    assert [document(store, c).model_dump_json() for c in before["collections"]] == others
    store.close()
    for ending in ("", "-wal", "-shm"):
        store.path.with_name(store.path.name + ending).unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("table", "column", "value", "message"),
    [
        ("duplicates", "item", -3, "duplicates.item: '-3' is no whole number from 1"),
        ("items", "id", 2**63 - 2, "is no whole number from 1 to"),
        ("item_tags", "tag", 40, "there is no row 40 of tags"),
        ("items", "position", 1e300, "items.position"),
        ("items", "added", "yesterday", "is no moment"),
        ("items", "added_by", "\n", "is no name of 1 to"),
        ("screening_stages", "reasons", "[1", "screening_stages.reasons: '[1' cannot be read"),
        ("alerts", "since", "0" * 64, "alerts.since: what it found is missing"),
    ],
)
def test_what_is_wrong_is_named(
    installation: tuple[Path, dict[str, Any]],
    tmp_path: Path,
    table: str,
    column: str,
    value: object,
    message: str,
) -> None:
    content = copy.deepcopy(installation[1])
    content[table][0][column] = value
    store = open_desk(Path(shutil.copy(installation[0], tmp_path / "c.db"))).store
    with pytest.raises(CollectionError, match=r"^c\.json contradicts itself: ") as error:
        import_document(store, "a", read_document(json.dumps(content).encode(), "c.json"), "c.json")
    assert message in str(error.value)
    store.close()


def test_numbers_may_be_any_as_long_as_they_lead_to_the_documents_own_rows(
    installation: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    content = copy.deepcopy(installation[1])
    far = 2**53 - 1

    def moved(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
        for row in rows:
            for column in columns:
                if row and row.get(column) == 1:
                    row[column] = far

    moved(content["items"], ("id",))
    for table in ("item_tags", "duplicates", "distinct_pairs", "filled_abstracts", "item_numbers"):
        moved(content[table], ("item", "main", "other"))
    for past in content["history"]:
        for changed in past["rows"]:
            columns = ("id",) if changed["table"] == "items" else ("item", "main", "other")
            if changed["table"] not in ("tags", "collections"):
                moved([changed["before"], changed["after"]], columns)
            if changed["table"] == "items":
                moved([changed], ("row",))
    store = open_desk(Path(shutil.copy(installation[0], tmp_path / "c.db"))).store
    read = read_document(json.dumps(content).encode(), "c.json")
    number = import_document(store, "tanaka", read, "c.json")
    (highest,) = store.connection.execute("select max(id) from items").fetchone()
    assert highest < 1000
    assert items.items(store, number)[1][1].note == "要確認"
    assert items.add(store, "tanaka", number, [(Record("z", title="z", language="en"), "x")]) == 1
    store.close()


def test_an_imported_history_speaks_in_nobodys_name(
    installation: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    content = json.loads(json.dumps(installation[1]).replace("mori", "tanaka"))
    store = open_desk(Path(shutil.copy(installation[0], tmp_path / "c.db"))).store
    read = read_document(json.dumps(content).encode(), "c.json")
    number = import_document(store, "suzuki", read, "c.json")
    entries = history(store, number)[1]
    assert (entries[0].who, entries[0].action) == ("suzuki", "import collection")
    assert {entry.who for entry in entries[1:]} == {"tanaka (imported)"}
    again = json.loads(document(store, number).model_dump_json())
    again["history"].pop()
    assert '"tanaka"' not in json.dumps(again)
    # A reviewer of that name has decided on nothing here.
    from web.desk.screening.outcomes import screened

    assert screened(store, number, TA).by("tanaka") == {}
    with pytest.raises(ValueError, match="kept for"):
        open_desk(store.path).accounts.add("x (imported)", "reader", None)
    store.close()
