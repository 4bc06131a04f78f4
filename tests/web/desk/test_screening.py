"""Screening: decisions, two reviewers, conflicts, undo, abstracts, numbers, the flow."""

import json
import sqlite3

import pytest

from search.records import Record
from web.desk import duplicates, items, shelf
from web.desk.desk import Desk
from web.desk.document import import_document, read_document
from web.desk.document_writer import document
from web.desk.history import CollectionError, ConflictError, UnknownError, undo
from web.desk.screening import abstracts, numbers, plan
from web.desk.screening.deciding import decide, resolve, take_back
from web.desk.screening.flow import NOT_RETRIEVED, flow
from web.desk.screening.outcomes import agreements, progress, screened
from web.desk.screening.plan import Plan, Words
from web.desk.screening.word_marks import word_marks
from web.desk.store import Store

TA, FT = "title-abstract", "full-text"


def filled(desk: Desk, count: int = 6) -> tuple[Store, int]:
    number = shelf.create(desk.store, "mori", "肺炎の予防")
    records = ((Record(f"r{i}", title=f"文献 {i}", language="ja"), "a.ris") for i in range(count))
    items.add(desk.store, "mori", number, records, "a.ris")
    return desk.store, number


def states(store: Store, number: int, stage: str = TA) -> dict[str, str]:
    return {i: o.state for i, o in screened(store, number, stage).outcomes.items()}


def test_one_reviewer_decides_and_takes_back(desk: Desk) -> None:
    store, number = filled(desk, 3)
    decide(store, "mori", number, TA, "r0", "include")
    decide(store, "mori", number, TA, "r1", "exclude", "動物")
    assert states(store, number) == {"r0": "include", "r1": "exclude", "r2": "open"}
    assert screened(store, number, TA).outcomes["r1"].reason == "動物"
    assert take_back(store, "mori", number, TA) == "r1"
    assert take_back(store, "mori", number, TA) == "r0"
    assert set(states(store, number).values()) == {"open"}
    with pytest.raises(UnknownError):
        take_back(store, "mori", number, TA)
    with pytest.raises(UnknownError):
        decide(store, "mori", number, TA, "nobody", "include")


def test_deciding_anew_replaces_and_keeps_the_trail(desk: Desk) -> None:
    store, number = filled(desk, 1)
    for verdict in ("include", "maybe", "exclude"):
        decide(store, "mori", number, TA, "r0", verdict)
    assert states(store, number) == {"r0": "exclude"}
    (rows,) = store.connection.execute("select count(*) from screening_decisions").fetchone()
    assert rows == 3
    for statement in ("delete from screening_decisions", "update screening_decisions set who = 1"):
        with pytest.raises(sqlite3.IntegrityError, match="only ever added"):
            store.connection.execute(statement)


def test_two_reviewers_conflict_and_settle(desk: Desk) -> None:
    store, number = filled(desk)
    plan.set_plan(store, "mori", number, Plan(TA, "成人", ("動物", "小児"), 2))
    given = {"r0": "ii", "r1": "ee", "r2": "ie", "r3": "im", "r4": "em", "r5": "i"}
    names = {"i": "include", "e": "exclude", "m": "maybe"}
    for record_id, letters in given.items():
        for who, letter in zip(("ann", "ben"), letters, strict=False):
            decide(store, who, number, TA, record_id, names[letter])
    assert states(store, number) == {
        "r0": "include",
        "r1": "exclude",
        "r2": "conflict",
        "r3": "maybe",
        "r4": "conflict",
        "r5": "open",
    }
    found = screened(store, number, TA)
    assert found.left_to("ann") == []
    assert found.left_to("ben") == ["r5"]
    with pytest.raises(ConflictError):
        decide(store, "carl", number, TA, "r0", "include")
    (agreement,) = agreements(found)
    assert (agreement.reviewers, agreement.both, agreement.agreed) == (("ann", "ben"), 5, 2)
    # By hand: 2 of 5 agree; by chance 3/5·1/5 + 2/5·2/5 + 0·2/5 = 7/25.
    assert agreement.kappa == pytest.approx((0.4 - 0.28) / (1 - 0.28))
    with pytest.raises(CollectionError, match="settled"):
        resolve(store, "carl", number, TA, "r2", "maybe")
    with pytest.raises(ConflictError):
        resolve(store, "carl", number, TA, "r0", "include")
    resolve(store, "carl", number, TA, "r2", "include")
    assert states(store, number)["r2"] == "include"
    # A decision that changes opens again what was settled.
    decide(store, "ann", number, TA, "r2", "maybe")
    assert states(store, number)["r2"] == "conflict"


def test_kappa_where_chance_alone_agrees(desk: Desk) -> None:
    store, number = filled(desk, 2)
    plan.set_plan(store, "mori", number, Plan(TA, reviewers=2))
    for who in ("ann", "ben"):
        for record_id in ("r0", "r1"):
            decide(store, who, number, TA, record_id, "exclude")
    assert agreements(screened(store, number, TA))[0].kappa is None


def test_full_texts_are_what_went_on_and_need_reasons(desk: Desk) -> None:
    store, number = filled(desk, 4)
    for record_id, verdict in (("r0", "include"), ("r1", "maybe"), ("r2", "exclude")):
        decide(store, "mori", number, TA, record_id, verdict)
    assert list(states(store, number, FT)) == ["r0", "r1"]
    with pytest.raises(CollectionError, match="why a full text"):
        decide(store, "mori", number, FT, "r0", "exclude")
    decide(store, "mori", number, FT, "r0", "maybe")
    # Nothing comes after: a maybe has to be settled.
    assert states(store, number, FT)["r0"] == "conflict"
    resolve(store, "mori", number, FT, "r0", "include")
    assert states(store, number, FT) == {"r0": "include", "r1": "open"}


def test_a_taken_out_record_comes_back_with_its_decision(desk: Desk) -> None:
    store, number = filled(desk, 2)
    decide(store, "mori", number, TA, "r0", "include")
    items.remove(store, "mori", number, ["r0"])
    assert states(store, number) == {"r1": "open"}
    last = store.connection.execute("select max(id) from changes").fetchone()[0]
    undo(store, "mori", last)
    assert states(store, number)["r0"] == "include"


def test_what_is_handled_as_one_is_decided_once(desk: Desk) -> None:
    store, number = filled(desk, 3)
    decide(store, "mori", number, TA, "r1", "include")
    duplicates.handle_as_one(store, "mori", number, "r0", ["r1"])
    assert states(store, number) == {"r0": "include", "r2": "open"}
    decide(store, "mori", number, TA, "r0", "exclude")
    assert states(store, number)["r0"] == "exclude"
    duplicates.take_apart(store, "mori", number, "r0")
    assert states(store, number) == {"r0": "exclude", "r1": "include", "r2": "open"}


def test_progress_counts_and_paces(desk: Desk) -> None:
    store, number = filled(desk)
    for i, verdict in enumerate(("include", "exclude", "maybe")):
        decide(store, "mori", number, TA, f"r{i}", verdict)
    found = progress(screened(store, number, TA), "mori")
    assert (found.total, found.decided, found.left, found.settled) == (6, 3, 3, 3)
    assert (found.include, found.exclude, found.maybe, found.conflicts) == (1, 1, 1, 0)
    assert found.seconds_each is not None
    assert found.seconds_left == found.seconds_each * 3


def test_plans_and_words_are_kept_and_checked(desk: Desk) -> None:
    store, number = filled(desk, 1)
    first = Plan(TA, "成人\n肺炎", ("動物", "小児"), 2)
    plan.set_plan(store, "mori", number, first)
    assert plan.plan(store, number, TA) == first
    with pytest.raises(ConflictError):
        plan.set_plan(store, "ann", number, Plan(TA, "小児"), seen=Plan(TA))
    with pytest.raises(CollectionError, match="one or two"):
        plan.set_plan(store, "mori", number, Plan(TA, reviewers=3))
    plan.set_words(store, "mori", number, ["無作為", "RCT"], ["マウス"])
    plan.set_words(store, "mori", number, ["RCT", "マウス"], ["無作為"])
    assert plan.words(store, number) == Words(("RCT", "マウス"), ("無作為",))
    with pytest.raises(CollectionError, match="both sides"):
        plan.set_words(store, "mori", number, ["a"], ["a"])


def test_words_are_marked_in_the_original() -> None:
    text = "Ｒａｎｄｏｍｉｓｅｄ trial of ﾏｳｽ; nonrandom"
    marks = word_marks(text, Words(("random", "trial"), ("マウス",)))
    assert [(text[a:b], side) for a, b, side in marks] == [
        ("Ｒａｎｄｏｍ", "include"),
        ("trial", "include"),
        ("ﾏｳｽ", "exclude"),
    ]
    assert word_marks("", Words(("a",))) == []


def test_a_missing_abstract_is_filled_in(desk: Desk) -> None:
    number = shelf.create(desk.store, "mori", "c")
    pair = (
        Record(
            "bare",
            title="Aspirin in acute ischaemic stroke: a randomised controlled trial",
            language="en",
            doi="10.1/a",
        ),
        Record(
            "full",
            title="Aspirin in acute ischaemic stroke: a randomised controlled trial",
            abstract="We gave it.",
            language="en",
        ),
    )
    items.add(desk.store, "mori", number, ((r, "a.ris") for r in pair))
    assert [i.record.id for i in abstracts.sources(desk.store, number, "bare")] == ["full"]
    abstracts.fill_from(desk.store, "mori", number, "bare", "full", None)
    kept = abstracts.filled_abstracts(desk.store, number)["bare"]
    assert (kept.text, kept.source) == ("We gave it.", "full")
    assert abstracts.with_abstract(pair[0], kept).abstract == "We gave it."
    abstracts.fill_in(desk.store, "mori", number, "bare", "手で書いた。")
    kept = abstracts.filled_abstracts(desk.store, number)["bare"]
    assert kept.source == ""
    assert abstracts.with_abstract(pair[0], kept).abstract == "手で書いた。"
    assert abstracts.with_abstract(pair[1], kept) is pair[1]
    with pytest.raises(CollectionError, match="of its own"):
        abstracts.fill_in(desk.store, "mori", number, "full", "x")
    abstracts.fill_in(desk.store, "mori", number, "bare", "")
    assert abstracts.filled_abstracts(desk.store, number) == {}
    with pytest.raises(CollectionError, match="no abstract that can be taken"):
        abstracts.fill_from(desk.store, "mori", number, "bare", "bare", None)


def test_numbers_are_noted(desk: Desk) -> None:
    store, number = filled(desk, 2)
    numbers.note_number(store, "mori", number, "r0", "participants", 120)
    numbers.note_number(store, "mori", number, "r0", "weeks", 2.5)
    numbers.note_number(store, "mori", number, "r0", "participants", 121)
    assert numbers.numbers(store, number) == {"r0": {"participants": 121, "weeks": 2.5}}
    numbers.note_number(store, "mori", number, "r0", "weeks", None)
    assert numbers.numbers(store, number) == {"r0": {"participants": 121}}
    with pytest.raises(CollectionError, match="no number"):
        numbers.note_number(store, "mori", number, "r0", "x", float("nan"))


def test_the_flow_adds_up_at_every_moment(desk: Desk) -> None:
    store, number = filled(desk, 8)
    again = [(Record("r0", title="文献 0", language="ja"), "b.ris")]
    again += [(Record("s", title="別", language="ja"), "b.ris")]
    items.add(store, "mori", number, again, "b.ris")
    duplicates.handle_as_one(store, "mori", number, "r0", ["r1"])
    items.remove(store, "mori", number, ["s"])
    found = flow(store, number)
    assert found.identified == {"a.ris": 8, "b.ris": 2}
    assert (found.duplicates, found.removed, found.waiting) == (2, 1, 7)
    assert found.adds_up
    for i, verdict in (
        (0, "include"),
        (2, "include"),
        (3, "maybe"),
        (4, "exclude"),
        (5, "include"),
    ):
        decide(store, "mori", number, TA, f"r{i}", verdict)
        assert flow(store, number).adds_up
    decide(store, "mori", number, FT, "r0", "include")
    decide(store, "mori", number, FT, "r2", "exclude", "対象が違う")
    decide(store, "mori", number, FT, "r3", "exclude", NOT_RETRIEVED)
    found = flow(store, number)
    assert (found.screened, found.excluded, found.sought) == (5, 1, 4)
    assert (found.not_retrieved, found.assessed, found.included) == (1, 2, 1)
    assert found.reasons == {"対象が違う": 1}
    assert (found.waiting, found.waiting_full_text) == (2, 1)
    assert found.adds_up


def test_an_addition_that_was_undone_was_never_identified(desk: Desk) -> None:
    store, number = filled(desk, 2)
    items.add(store, "mori", number, [(Record("x", title="x", language="en"), "b.ris")])
    undo(store, "mori", store.connection.execute("select max(id) from changes").fetchone()[0])
    assert flow(store, number).identified == {"a.ris": 2}


def test_the_document_carries_screening(desk: Desk) -> None:
    store, number = filled(desk, 3)
    plan.set_plan(store, "mori", number, Plan(TA, "成人", ("動物",), 1))
    plan.set_words(store, "mori", number, ["RCT"], ["マウス"])
    abstracts.fill_in(store, "mori", number, "r0", "抄録")
    numbers.note_number(store, "mori", number, "r0", "n", 3)
    decide(store, "mori", number, TA, "r0", "include")
    decide(store, "mori", number, TA, "r1", "exclude", "動物")
    take_back(store, "mori", number, TA)
    written = document(store, number).model_dump_json()
    copy = import_document(store, "ann", read_document(written.encode(), "c.json"), "c.json")
    assert states(store, copy) == states(store, number)
    assert plan.plan(store, copy, TA) == plan.plan(store, number, TA)
    assert plan.words(store, copy) == plan.words(store, number)
    assert abstracts.filled_abstracts(store, copy) == abstracts.filled_abstracts(store, number)
    assert numbers.numbers(store, copy) == {"r0": {"n": 3}}
    again = json.loads(document(store, copy).model_dump_json())
    first = json.loads(written)
    assert again["screening_decisions"] == [
        {**decision, "who": "mori (imported)"} for decision in first["screening_decisions"]
    ]


def test_a_backup_brought_back_is_read_anew(desk: Desk, tmp_path_factory: object) -> None:
    from web.desk.store import restore

    store, number = filled(desk, 2)
    decide(store, "mori", number, TA, "r0", "include")
    backup = store.path.with_name("backup.db")
    store.backup(backup)
    decide(store, "mori", number, TA, "r1", "include")
    assert states(store, number)["r1"] == "include"
    restore(backup, store.path)
    assert states(store, number) == {"r0": "include", "r1": "open"}
