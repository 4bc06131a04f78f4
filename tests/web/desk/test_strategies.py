"""Strategies in the store: numbers, sets, combinations, runs, and what changed between them."""

import json
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from search.exact import ExactSyntaxError
from search.filters import Filters
from search.ranked.engine import QueryError
from tests.web.desk.conftest import Growing, marked_as_imported
from web.desk import items, shelf, strategies
from web.desk import searches as kept
from web.desk.desk import open_desk
from web.desk.document import import_document, read_document
from web.desk.document_writer import document
from web.desk.history import CollectionError, UnknownError, history, restore_to, undo
from web.desk.id_lists import found_ids, keep_found
from web.desk.run_comparison import Move, compare
from web.desk.schema import migrations
from web.desk.searches import Search, found_by, searches
from web.desk.store import Store
from web.desk.strategies import rerun, run_search
from web.desk.strategy_answers import read_filters, search_request


@pytest.fixture
def store(growing: Growing) -> Store:
    return growing.desk.store


@pytest.fixture
def panel(store: Store) -> int:
    return shelf.create(store, "suzuki", "診療ガイドライン")


def run(growing: Growing, number: int, query: str, *, ranked: bool = False, top: int = 3) -> Search:
    wanted = search_request(query, ranked=ranked, filters=Filters(), top=top)
    return run_search(growing.desk.store, "suzuki", number, wanted, growing.search)


def found(growing: Growing, search: Search) -> tuple[str, ...]:
    return found_by(growing.desk.store, search.last)


def test_searches_get_numbers_and_keep_what_they_found(growing: Growing, panel: int) -> None:
    first = run(growing, panel, "肺炎")
    ranked = run(growing, panel, "吸入の指導", ranked=True, top=2)
    filtered = run_search(
        growing.desk.store, "sato", panel,
        search_request("肺炎", ranked=False, filters=Filters(year_from=2020)), growing.search,
        name="新しいもの", note="年で絞る",
    )  # fmt: skip
    assert [s.mark for s in searches(growing.desk.store, panel)] == ["#1", "#2", "#3"]
    assert found(growing, first) == ("a", "c", "e")
    assert found(growing, filtered) == ("c", "e")
    assert (filtered.name, filtered.note, filtered.created_by) == ("新しいもの", "年で絞る", "sato")
    assert filtered.asked.filters == Filters(year_from=2020)
    assert len(found(growing, ranked)) == ranked.last.count == 2
    best = growing.search.engine().best("吸入の指導", limit=2)
    assert found(growing, ranked) == tuple(record.id for record in best)
    manifest = growing.search.exact.library.generation().manifest
    one = first.last
    assert (one.generation, one.library_records, one.count) == (1, 5, 3)
    assert (one.model, one.model_hash) == (manifest.model, manifest.encoder_fingerprint)
    assert one.generation_created == manifest.created
    assert len(one.generation_hash) == 64
    assert (first.last.frozen, ranked.last.frozen) == ((), (2,))


def test_a_search_remembers_whether_it_was_mapped(growing: Growing, panel: int) -> None:
    growing.index({"id": "f", "title": "A cohort", "date": "2023", "keywords": ["Heart Failure"]})
    store = growing.desk.store
    # As it was kept before there was a thesaurus.
    before = run(growing, panel, "心不全")
    asked = search_request("心不全", ranked=False, filters=Filters(), thesaurus="map")
    mapped = run_search(store, "suzuki", panel, asked, growing.search)
    assert found(growing, before) == ("b",)
    assert set(found(growing, mapped)) == {"b", "f"}
    (row,) = store.connection.execute("select filters from searches where number = 1").fetchall()
    assert row["filters"] == "{}"
    assert [s.asked.thesaurus for s in searches(store, panel)] == ["none", "map"]
    again = rerun(store, "suzuki", panel, growing.search)
    assert [set(found(growing, r.search)) for r in again] == [{"b"}, {"b", "f"}]
    # A copy of the collection has the mark, too, and no other than there is.
    written = document(store, panel).model_dump_json().encode()
    copy = import_document(store, "sato", read_document(written, "copy"), "copy")
    assert [s.asked.thesaurus for s in searches(store, copy)] == ["none", "map"]
    with pytest.raises(CollectionError, match="are no filters"):
        read_filters('{"thesaurus": "all"}')


def test_sets_and_frozen_lists_combine(growing: Growing, panel: int) -> None:
    for query in ("肺炎", "喘息"):
        run(growing, panel, query)
    ranked = run(growing, panel, "吸入の指導", ranked=True, top=2)
    both = run(growing, panel, "#1 AND #2")
    assert (both.asked.syntax, found(growing, both), both.last.parts) == (
        "combination",
        ("e",),
        {1: 1, 2: 1},
    )
    assert found(growing, run(growing, panel, "(#1 OR #2) NOT #4 NOT 2021[dp]")) == ("a", "c")
    with_ranked = run(growing, panel, "#3 or #4")
    assert found(growing, with_ranked) == tuple(sorted({"e", *found(growing, ranked)}))
    # What is cut off somewhere stays marked, however deep.
    assert with_ranked.last.frozen == (3,)
    assert run(growing, panel, "#6 AND 肺炎").last.frozen == (3,)
    assert both.last.frozen == ()


@pytest.mark.parametrize(
    ("query", "reason", "fragment"),
    [
        ("#1 AND #9", "unknown line", "#9"),
        ("肺炎 AND #4", "unknown line", "#4"),
        ("#1 NOT #2", "deleted line", "#2"),
        ("#1 NOT #3", "unknown line", "#3"),
        ("#1 AND (", "unclosed parenthesis", "("),
        ("#1 NEAR/3 #1", "bad proximity", "NEAR/3"),
    ],
)
def test_numbers_that_lead_nowhere_are_refused(
    growing: Growing, panel: int, query: str, reason: str, fragment: str
) -> None:
    store = growing.desk.store
    for words in ("肺炎", "喘息", "心不全"):
        run(growing, panel, words)
    strategies.delete(store, "a", panel, 2)
    undo(store, "a", history(store, panel)[1][1].id)  # that #3 was run
    # Its number is not given out again.
    with pytest.raises(ExactSyntaxError) as error:
        run(growing, panel, query)
    assert (error.value.reason, error.value.fragment) == (reason, fragment)
    assert run(growing, panel, "吸入").number == 4


def test_references_that_lead_forwards_are_refused_where_they_come_in_from_elsewhere(
    growing: Growing, panel: int
) -> None:
    for query in ("肺炎", "#1 OR 喘息", "#2 OR 心不全"):
        run(growing, panel, query)
    content = document(growing.desk.store, panel).model_dump_json()
    looped = content.replace("#1 OR 喘息", "#3 OR 喘息")
    copy = import_document(growing.desk.store, "a", read_document(looped.encode(), "c"), "c")
    _, second, third = rerun(growing.desk.store, "a", copy, growing.search)
    assert second.fault
    assert (second.fault.reason, second.fault.fragment) == ("later line", "#3")
    assert third.fault
    assert (third.fault.reason, third.fault.fragment) == ("later line", "#2")


def test_what_cannot_be_run_is_not_kept(growing: Growing, panel: int) -> None:
    with pytest.raises(ExactSyntaxError):
        run(growing, panel, "肺炎[tiba]")
    with pytest.raises(QueryError):
        run(growing, panel, " ", ranked=True)
    with pytest.raises(CollectionError, match="1 to 1000"):
        run(growing, panel, "肺炎", ranked=True, top=0)
    with pytest.raises(UnknownError):
        run(growing, 99, "肺炎")
    assert searches(growing.desk.store, panel) == []
    assert history(growing.desk.store, panel)[0] == 1


def test_running_again_shows_what_changed_and_keeps_what_was(growing: Growing, panel: int) -> None:
    store = growing.desk.store
    run(growing, panel, "肺炎")
    run(growing, panel, "喘息")
    run(growing, panel, "#1 NOT #2")
    growing.index({"id": "f", "title": "肺炎の画像"}, {"id": "g", "title": "骨折の画像"})
    growing.remove("a")
    first, second, combined = rerun(store, "sato", panel, growing.search)
    assert first.changed
    assert (first.changed.new, first.changed.gone) == (("f",), ("a",))
    assert not second.changed
    assert combined.changed
    assert (combined.changed.new, combined.changed.gone) == (("f",), ("a",))
    assert combined.search.last.parts == {1: 2, 2: 2}
    assert [r.number for r in kept.runs(store, first.search)] == [2, 1]
    before = kept.run(store, first.search, 1)
    assert found_by(store, before) == ("a", "c", "e")
    assert (before.generation, first.search.last.generation) == (1, 3)
    assert history(store, panel)[1][0].detail == {"searches": ["#1", "#2", "#3"]}
    # One undo takes the whole of it back.
    undo(store, "a", history(store, panel)[1][0].id)
    assert [s.runs for s in searches(store, panel)] == [1, 1, 1]
    # A combination is run over its parts, which are run for it.
    assert [r.search.mark for r in rerun(store, "a", panel, growing.search, [3])] == [
        "#1",
        "#2",
        "#3",
    ]
    # Numbers of runs are not given out again either.
    assert searches(store, panel)[0].last.number == 3


def test_one_that_cannot_be_run_does_not_keep_the_others_from_it(
    growing: Growing, panel: int
) -> None:
    store = growing.desk.store
    for query in ("肺炎", "喘息", "#1 AND #2", "#3 OR 心不全", "#1 OR 心不全"):
        run(growing, panel, query)
    strategies.delete(store, "a", panel, 2)
    done = {r.search.mark: r for r in rerun(store, "a", panel, growing.search)}
    assert list(done) == ["#1", "#3", "#4", "#5"]
    for mark, fragment in (("#3", "#2"), ("#4", "#3")):
        fault = done[mark].fault
        assert fault
        assert (fault.reason, fault.fragment) == ("deleted line", fragment)
    assert [s.runs for s in searches(store, panel)] == [2, 1, 1, 2]
    undo(store, "a", history(store, panel)[1][1].id)
    assert [s.runs for s in searches(store, panel)] == [2, 1, 1, 1, 2]
    with pytest.raises(UnknownError):
        rerun(store, "a", panel, growing.search, [8])


def test_a_ranked_list_is_run_again_too(growing: Growing, panel: int) -> None:
    store = growing.desk.store
    run(growing, panel, "喘息の吸入療法", ranked=True, top=2)
    growing.index({"id": "z", "title": "喘息の吸入療法"})
    (again,) = rerun(store, "a", panel, growing.search)
    assert again.changed
    assert again.changed.new == ("z",)
    assert len(again.changed.gone) == 1
    assert not again.other_model


def test_records_merged_since_are_the_same(growing: Growing, panel: int) -> None:
    growing.index({"id": "q", "title": "骨折の予後"}, {"id": "r", "title": "骨折", "pmid": "7"})
    assert found(growing, run(growing, panel, "骨折")) == ("q", "r")
    growing.index({"id": "q", "title": "骨折の予後", "pmid": "7"})
    (again,) = rerun(growing.desk.store, "a", panel, growing.search)
    assert again.search.last.count == 1
    assert not again.changed


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [
        ("abcd", "abcd", []),
        ("abcd", "xabcd", []),  # pushed down
        ("abcd", "bcda", [("a", 1, 4)]),
        ("abcd", "dabc", [("d", 4, 1)]),
        ("abcd", "xdyab", [("d", 4, 2)]),
        ("ab", "", []),
        ("", "ab", []),
    ],
)
def test_what_moved(before: str, after: str, moved: list[tuple[str, int, int]]) -> None:
    changed = compare(list(before), list(after), ranked=True, generation=None)
    assert changed.moved == tuple(Move(*m) for m in moved)
    assert set(changed.new) == set(after) - set(before)
    assert set(changed.gone) == set(before) - set(after)


@given(st.permutations(range(8)), st.integers(0, 8), st.integers(0, 8))
def test_without_what_moved_the_order_is_the_same(after: list[int], cut: int, first: int) -> None:
    before, later = [str(i) for i in range(first, 8)], [str(i) for i in after[:cut]]
    changed = compare(before, later, ranked=True, generation=None)
    moved = {m.id for m in changed.moved}
    stayed = [i for i in before if i in later and i not in moved]
    assert [i for i in later if i in before and i not in moved] == stayed
    assert not compare(before, before, ranked=True, generation=None)


def test_adding_what_was_found(growing: Growing, panel: int) -> None:
    store = growing.desk.store
    search = run(growing, panel, "肺炎")
    growing.remove("a")
    generation = growing.search.exact.library.generation()
    intake = strategies.add_found(store, "a", panel, search, found(growing, search), generation)
    assert (intake.added, intake.unknown) == (2, ("a",))
    assert items.record_ids(store, panel) == ["c", "e"]
    assert history(store, panel)[1][0].detail == {"records": 2, "from": "#1"}


def test_name_note_delete_and_what_was_before(growing: Growing, panel: int) -> None:
    store = growing.desk.store
    run(growing, panel, "肺炎")
    strategies.describe(store, "a", panel, 1, name="P", note="対象\r\n成人")
    (search,) = searches(store, panel)
    assert (search.name, search.note) == ("P", "対象\n成人")
    strategies.describe(store, "a", panel, 1, name=None, note="対象\n成人")  # changes nothing
    assert history(store, panel)[1][0].action == "describe search"
    strategies.delete(store, "a", panel, 1)
    assert searches(store, panel) == []
    with pytest.raises(UnknownError):
        strategies.describe(store, "a", panel, 1, name="x", note=None)
    (gone,) = searches(store, panel, deleted=True)
    undo(store, "a", history(store, panel)[1][0].id)
    (back,) = searches(store, panel)
    assert back.name == gone.name == "P"
    restore_to(store, "a", panel, history(store, panel)[1][-1].id)
    assert searches(store, panel) == []
    restore_to(store, "a", panel, history(store, panel)[1][1].id)
    assert [s.name for s in searches(store, panel)] == ["P"]


def test_a_strategy_goes_elsewhere_and_is_the_same_there(
    growing: Growing, panel: int, tmp_path: Path
) -> None:
    from web.desk import alerts, report

    store = growing.desk.store
    run(growing, panel, "肺炎")
    run(growing, panel, "吸入", ranked=True)
    run(growing, panel, "#1 OR #2")
    growing.index({"id": "f", "title": "肺炎の画像"})
    rerun(store, "b", panel, growing.search)
    alerts.switch_on(store, "a", panel, 3)
    report.answer(store, "a", panel, "peer review", "PRESS")
    strategies.delete(store, "a", panel, 2)
    exported = document(store, panel)
    elsewhere = open_desk(tmp_path / "elsewhere.db")
    run_there = shelf.create(elsewhere.store, "z", "先客")
    run_search(
        elsewhere.store, "z", run_there,
        search_request("喘息", ranked=False, filters=Filters()), growing.search,
    )  # fmt: skip
    read = read_document(exported.model_dump_json().encode(), "c.json")
    copy = import_document(elsewhere.store, "c", read, "c.json")
    again = document(elsewhere.store, copy)
    assert again.history[-1].action == "import collection"
    assert again.model_copy(update={"history": again.history[:-1]}) == marked_as_imported(exported)
    assert [s.asked for s in searches(elsewhere.store, copy)] == [
        s.asked for s in searches(store, panel)
    ]
    assert len(alerts.alerts(elsewhere.store, copy)) == 1
    undo(elsewhere.store, "c", history(elsewhere.store, copy)[1][1].id)
    assert len(searches(elsewhere.store, copy)) == 3
    # The number after the last goes on, and the others find what they found.
    combined = search_request("#3", ranked=False, filters=Filters())
    assert run_search(elsewhere.store, "c", copy, combined, growing.search).number == 4
    restore_to(elsewhere.store, "c", copy, history(elsewhere.store, copy)[1][-1].id)
    assert searches(elsewhere.store, copy) == []
    elsewhere.store.close()


@pytest.mark.parametrize(
    ("table", "change", "message"),
    [
        ("searches", {"filters": '{"year_from": "x"}'}, "filters"),
        ("searches", {"syntax": "combination", "query": "#1 AND ("}, "cannot be read"),
        ("searches", {"syntax": "fuzzy"}, "contradicts"),
        ("runs", {"found": "0" * 64}, "missing"),
        ("runs", {"count": 7}, "counts 7"),
        ("runs", {"parts": "x"}, "cannot be read"),
        ("runs", {"search": 9}, "never run"),
    ],
)
def test_a_strategy_that_contradicts_itself_is_refused(
    growing: Growing, panel: int, table: str, change: dict[str, object], message: str
) -> None:
    run(growing, panel, "肺炎")
    content = json.loads(document(growing.desk.store, panel).model_dump_json())
    content[table][0] |= change
    read = read_document(json.dumps(content).encode(), "c.json")
    with pytest.raises(CollectionError, match=message):
        import_document(growing.desk.store, "a", read, "c.json")
    content = json.loads(document(growing.desk.store, panel).model_dump_json())
    (digest,) = content["found"]
    content["found"][digest] = ["other", "ids", "here"]
    with pytest.raises(CollectionError, match="not what was kept"):
        import_document(
            growing.desk.store, "a", read_document(json.dumps(content).encode(), "c"), "c"
        )
    assert len(shelf.collections(growing.desk.store)) == 1


def test_a_document_of_before_there_were_strategies_comes_in(growing: Growing, panel: int) -> None:
    content = json.loads(document(growing.desk.store, panel).model_dump_json())
    for part in ("searches", "runs", "alerts", "report_answers", "found"):
        del content[part]
    read = read_document(json.dumps(content).encode(), "c.json")
    copy = import_document(growing.desk.store, "a", read, "c.json")
    assert searches(growing.desk.store, copy) == []


def test_a_file_of_before_there_were_strategies_keeps_what_it_holds(
    growing: Growing, tmp_path: Path
) -> None:
    file = tmp_path / "old.db"
    old = Database(file)
    migrations.apply(old, stop_before="strategies")
    old.conn.execute("insert into changes (at, who, action) values ('2026-01-01', 'a', 'create')")
    old.conn.execute("insert into current_change values (1)")
    old.conn.execute("insert into collections (name, position) values ('以前', 1)")
    old.conn.execute("update changes set collection = 1")
    old.conn.execute("delete from current_change")
    old.conn.commit()
    old.close()
    store = Store(file)
    assert [c.name for c in shelf.collections(store)] == ["以前"]
    wanted = search_request("肺炎", ranked=False, filters=Filters())
    assert run_search(store, "a", 1, wanted, growing.search).mark == "#1"
    with pytest.raises(sqlite3.IntegrityError), store.writing() as db:
        db.execute("update searches set name = 'x'")
    store.close()


def test_a_hundred_thousand_ids_are_kept_in_little_room(store: Store) -> None:
    ids = [f"pubmed:{30_000_000 + i * 7}" for i in range(100_000)]
    with store.writing() as db:
        digest = keep_found(db, ids)
        assert keep_found(db, ids) == digest
    assert list(found_ids(store.connection, digest)) == ids
    rows = store.connection.execute("select length(ids) from found").fetchall()
    assert [row[0] < 500_000 for row in rows] == [True]
