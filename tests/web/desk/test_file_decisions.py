"""Decisions that files tell of: recognised, shown, taken over in somebody's name or declined."""

import io
from pathlib import Path

import pytest

from search.formats.fields.remarks import ToldDecision, remarks_in
from tests.web.desk.conftest import Growing
from web.desk import items, shelf
from web.desk.additions import Intake, add_file
from web.desk.desk import Desk
from web.desk.document import import_document, read_document
from web.desk.document_writer import document
from web.desk.history import CollectionError, UnknownError, undo
from web.desk.record_sources import take_back_source
from web.desk.screening.deciding import decide
from web.desk.screening.file_decisions import NO_REASON, decline, take_over, told
from web.desk.screening.outcomes import screened
from web.desk.screening.plan import Plan, set_plan
from web.desk.screening.screened_files import write_screened
from web.desk.store import Store

FORMATS = Path(__file__).parents[3].parent / "shared/data/formats"
RAYYAN = (
    'RAYYAN-INCLUSION: {"Sato"=>"Excluded", "Mori"=>"Included"} | RAYYAN-LABELS: RCT'
    " | RAYYAN-EXCLUSION-REASONS: wrong population"
)
CSV = "title,abstract,label_included\nNight shifts,We asked.,1\nDay shifts,We asked.,0\nOther,A,\n"


def send(store: Store, number: int, name: str, text: str) -> Intake:
    return add_file(store, "ann", number, io.BytesIO(text.encode()), name, None)


def states(store: Store, number: int) -> dict[str, str]:
    titles = {i.record.id: i.record.title for i in items.items(store, number)[1]}
    return {
        titles[o.record_id]: o.state
        for o in screened(store, number, "title-abstract").outcomes.values()
    }


@pytest.mark.parametrize(
    ("notes", "decisions"),
    [
        (["ASReview_relevant"], [ToldDecision("include")]),
        (["ASReview_not_seen"], []),
        (
            [RAYYAN],
            [ToldDecision("exclude", "Sato", "wrong population"), ToldDecision("include", "Mori")],
        ),
        (
            [
                "Decision: excluded; stage: full text; reason: no control",
                "Reviewer: mori: excluded (no control)",
                "ASReview_irrelevant",
                'RAYYAN-INCLUSION: {"mori"=>"Excluded"}',
            ],
            [ToldDecision("exclude", "mori", "no control", "full-text")],
        ),
        (
            ["Decision: maybe; stage: title and abstract"],
            [ToldDecision("maybe", "", "", "title-abstract")],
        ),
        (["Decision: to be discussed"], []),
    ],
)
def test_the_words_of_each_program(notes: list[str], decisions: list[ToldDecision]) -> None:
    assert remarks_in(notes).decisions == tuple(decisions)


def test_labels_of_a_table_wait_and_are_taken_over_as_ones_own(desk: Desk) -> None:
    store, number = desk.store, shelf.create(desk.store, "ann", "夜勤")
    assert send(store, number, "labels.csv", CSV).decided == 2
    (tells,) = told(store, number).values()
    assert (dict(tells.verdicts), tells.answer) == ({"include": 1, "exclude": 1}, "")
    # Nothing is decided by the file itself.
    assert set(states(store, number).values()) == {"open"}
    taken = take_over(store, "ann", number, tells.source, "own", "title-abstract")
    assert (taken.taken, taken.left) == (2, 0)
    assert states(store, number) == {
        "Night shifts": "include",
        "Day shifts": "exclude",
        "Other": "open",
    }
    found = screened(store, number, "title-abstract")
    assert {d.who for d in found.by("ann").values()} == {"ann"}
    assert told(store, number)[tells.source].answer == "taken"
    again = take_over(store, "ann", number, tells.source, "own", "title-abstract")
    assert (again.taken, again.left) == (0, 2)


def test_people_of_a_file_are_marked_as_imported(desk: Desk) -> None:
    store, number = desk.store, shelf.create(desk.store, "ann", "夜勤")
    set_plan(store, "ann", number, Plan("title-abstract", "", (), 2))
    send(store, number, "r.ris", f"TY  - JOUR\nTI  - Night shifts\nN1  - {RAYYAN}\nER  - \n")
    (source,) = told(store, number)
    with pytest.raises(CollectionError, match="blind to each other"):
        take_over(store, "ann", number, source, "file", "title-abstract")
    taken = take_over(store, "ann", number, source, "file", "title-abstract", may_open=True)
    assert taken.taken == 2
    (outcome,) = screened(store, number, "title-abstract").outcomes.values()
    assert {d.who for d in outcome.decisions} == {"Sato (imported)", "Mori (imported)"}
    assert outcome.state == "conflict"


def test_a_screening_comes_back_from_its_own_files(desk: Desk) -> None:
    store, number = desk.store, shelf.create(desk.store, "ann", "夜勤")
    send(store, number, "a.csv", CSV.replace(",label_included", ",x"))
    by_title = {i.record.title: i.record.id for i in items.items(store, number)[1]}
    items.annotate(store, "ann", number, by_title["Day shifts"], "seen")
    decide(store, "ann", number, "title-abstract", by_title["Night shifts"], "include")
    decide(store, "ann", number, "title-abstract", by_title["Day shifts"], "exclude", "動物")
    for name in ("ris", "csv", "xlsx"):
        stream = io.BytesIO()
        write_screened(store, number, "title-abstract", "", name, stream)  # type: ignore[arg-type]
        copy = shelf.create(store, "ann", name)
        stream.seek(0)
        intake = add_file(store, "ann", copy, stream, f"all.{name}", None)
        assert (intake.added, intake.decided, intake.noted) == (3, 2, 1)
        (source,) = told(store, copy)
        take_over(store, "ann", copy, source, "own", "title-abstract")
        assert states(store, copy) == states(store, number)
        found = screened(store, copy, "title-abstract").of("exclude")
        assert [o.reason for o in found] == ["動物"]
        notes = [i.note for i in items.items(store, copy)[1]]
        assert sorted(notes) == ["", "", "seen"]
        assert all(not i.tags for i in items.items(store, copy)[1])


def test_declined_decisions_are_not_asked_for_again(desk: Desk) -> None:
    store, number = desk.store, shelf.create(desk.store, "ann", "夜勤")
    send(store, number, "labels.csv", CSV)
    (source,) = told(store, number)
    decline(store, "ann", number, source)
    assert told(store, number)[source].answer == "declined"
    assert set(states(store, number).values()) == {"open"}
    take_back_source(store, "ann", number, source)
    assert told(store, number) == {}
    with pytest.raises(UnknownError, match="tells no decisions"):
        decline(store, "ann", number, source)


def test_a_full_text_without_a_reason_gets_one(desk: Desk) -> None:
    store, number = desk.store, shelf.create(desk.store, "ann", "夜勤")
    send(store, number, "labels.csv", CSV)
    for item in items.items(store, number)[1]:
        decide(store, "ann", number, "title-abstract", item.record.id, "include")
    (source,) = told(store, number)
    take_over(store, "ann", number, source, "own", "full-text")
    (excluded,) = screened(store, number, "full-text").of("exclude")
    assert excluded.reason == NO_REASON


def test_told_decisions_are_undone_and_carried_with_their_file(desk: Desk) -> None:
    store, number = desk.store, shelf.create(desk.store, "ann", "夜勤")
    send(store, number, "labels.csv", CSV)
    written = document(store, number).model_dump_json().encode()
    copy = import_document(store, "ben", read_document(written, "c"), "c")
    assert [dict(t.verdicts) for t in told(store, copy).values()] == [{"include": 1, "exclude": 1}]
    (change,) = store.connection.execute(
        "select max(id) from changes where collection = ?", [number]
    ).fetchone()
    undo(store, "ann", change)
    assert told(store, number) == {}


def test_what_several_copies_say_is_kept_together(desk: Desk) -> None:
    store, number = desk.store, shelf.create(desk.store, "ann", "夜勤")
    text = "TY  - JOUR\nTI  - Night shifts\nDO  - 10.5555/n\nN1  - {}\nER  - \n"
    send(store, number, "two.ris", text.format("one") + text.format("two"))
    assert items.items(store, number)[1][0].note == "one\ntwo"
    assert send(store, number, "again.ris", text.format("three")).noted == 1
    assert items.items(store, number)[1][0].note == "one\ntwo\nthree"
    assert send(store, number, "again.ris", text.format("three")).noted == 0


def test_the_page_shows_what_a_file_holds_before_it_counts(growing: Growing) -> None:
    client = growing.app.test_client()
    number = client.post("/api/v1/collections", json={"name": "c"}).json["id"]
    here = f"/collections/{number}"
    sent = {"file": (io.BytesIO(CSV.encode()), "labels.csv")}
    answer = client.post(f"{here}/file?lang=en", data=sent)
    assert answer.headers["Location"].startswith(f"{here}/sources")
    page = client.get(f"{here}/sources?lang=en").text
    assert "The file holds decisions:" in page
    (source,) = client.get(f"/api/v1{here}/sources").json["sources"]
    assert source["told"]["verdicts"] == {"include": 1, "exclude": 1}
    form = {"source": source["id"], "do": "take over", "as": "own", "stage": "title-abstract"}
    done = client.post(f"{here}/sources?lang=en", data=form, follow_redirects=True)
    assert "taken over" in done.text or "取り込みました" in done.text
    progress = client.get(f"/api/v1{here}/screening/progress").json
    assert (progress["include"], progress["exclude"]) == (1, 1)
    body = {"source": source["id"], "name": "decline"}
    assert client.post(f"/api/v1{here}/sources/decisions", json=body).status_code == 200


@pytest.mark.skipif(not FORMATS.is_dir(), reason="needs ../shared/data/formats")
def test_real_files_with_labels(desk: Desk) -> None:
    for name in ("asreview_generic_labels.csv", "asreview_baseline_tag-notes_labels.ris"):
        number = shelf.create(desk.store, "ann", name)
        with (FORMATS / name).open("rb") as stream:
            assert add_file(desk.store, "ann", number, stream, name, None).decided >= 2
