"""The PRISMA 2020 flow diagram counts what the files held: recounted here from their text, without
the program's readers, over random histories of uploads, undo, duplicates and decisions."""

import io
import os
import random
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.web.desk.conftest import Growing
from web.desk import duplicates, items, shelf
from web.desk.additions import add_file
from web.desk.copies import sources
from web.desk.desk import Desk, open_desk
from web.desk.document import import_document, read_document
from web.desk.document_writer import document
from web.desk.history import ConflictError, UnknownError, undo
from web.desk.record_sources import name_source, take_back_source
from web.desk.screening import abstracts
from web.desk.screening.deciding import decide, take_back
from web.desk.screening.flow import BOXES, COLUMNS, NOT_RETRIEVED, boxes, flow
from web.desk.screening.flow_lists import counted_records
from web.desk.screening.ledger import Verdict
from web.desk.screening.plan import STAGES, Stage
from web.desk.store import Store

FORMATS = Path(__file__).parents[3].parent / "shared/data/formats"
given = pytest.mark.skipif(not FORMATS.is_dir(), reason="needs ../shared/data/formats")


def ris(works: list[int], abstract: str = "") -> str:
    """A file with these works, each told by its DOI."""
    text = "TY  - JOUR\nTI  - Study number {0} of wards\nAU  - Author{0}, A\nPY  - 2020\n"
    text += "DO  - 10.5555/w{0}\n{1}ER  - \n"
    return "".join(text.format(w, f"AB  - {abstract}\n" if abstract else "") for w in works)


def send(store: Store, number: int, name: str, text: str) -> int:
    """Add a file; the number of the change in the history."""
    add_file(store, "mori", number, io.BytesIO(text.encode()), name, None)
    return latest(store)


def latest(store: Store) -> int:
    (number,) = store.connection.execute("select max(id) from changes").fetchone()
    return int(number)


def ids(works: list[int]) -> list[str]:
    return [f"doi:10.5555/w{w}" for w in works]


def test_a_file_that_holds_a_record_twice(desk: Desk) -> None:
    number = shelf.create(desk.store, "mori", "病棟")
    send(desk.store, number, "merged.ris", ris([1, 2, 2, 3]))
    found = flow(desk.store, number)
    assert (found.identified, found.duplicates, found.waiting) == ({"merged.ris": 4}, 1, 3)
    assert found.adds_up
    total, (again,) = counted_records(desk.store, number, "duplicates")
    assert (total, again.copy and again.copy.place, len(again.copies)) == (1, 3, 2)


@given
def test_a_real_export_with_most_records_alike(desk: Desk) -> None:
    text = (FORMATS / "asreview_baseline_tag-notes_labels.ris").read_text(encoding="utf-8-sig")
    number = shelf.create(desk.store, "mori", "asreview")
    send(desk.store, number, "labels.ris", text)
    found = flow(desk.store, number)
    assert found.total == len(re.findall(r"^TY  -", text, re.MULTILINE)) == 32
    assert (found.duplicates, found.waiting, found.adds_up) == (27, 5, True)


def test_the_source_is_the_file_where_the_library_has_the_records(growing: Growing) -> None:
    client = growing.app.test_client()
    number = client.post("/api/v1/collections", json={"name": "c"}).json["id"]
    held = client.get("/api/v1/search?q=a&per_page=2").json
    known = [hit["record"] for hit in held["hits"]]
    assert known
    text = "".join(
        f"TY  - JOUR\nID  - x\nTI  - {r['title']}\nAN  - {r['id']}\n"
        + (f"DO  - {r['doi']}\n" if r.get("doi") else "")
        + "ER  - \n"
        for r in known
    )
    client.post(f"/api/v1/collections/{number}/files?name=embase.ris", data=text.encode())
    told = client.get(f"/api/v1/collections/{number}/screening/flow").json
    assert told["identified"] == {"embase.ris": len(known)}
    client.post(f"/api/v1/collections/{number}/records", json={"ids": [known[0]["id"]]})
    again = client.get(f"/api/v1/collections/{number}/screening/flow").json
    assert again["adds_up"]
    assert again["identified"]["library"] == 1


def test_the_same_file_twice_can_be_taken_back(desk: Desk) -> None:
    store = desk.store
    number = shelf.create(store, "mori", "病棟")
    send(store, number, "a.ris", ris([1, 2, 3]))
    send(store, number, "a.ris", ris([1, 2, 3]))
    assert flow(store, number).duplicates == 3
    # The first one is taken back, after work was done on what it brought.
    items.annotate(store, "mori", number, "doi:10.5555/w1", "seen")
    decide(store, "mori", number, "title-abstract", "doi:10.5555/w1", "include")
    first, second = sources(store, number)
    assert take_back_source(store, "mori", number, first.id) == 0
    found = flow(store, number)
    assert (found.total, found.duplicates, found.screened, found.waiting) == (3, 0, 1, 2)
    _, kept = items.items(store, number)
    assert kept[0].note == "seen"
    assert take_back_source(store, "mori", number, second.id) == 3
    assert flow(store, number).total == 0
    undo(store, "mori", latest(store))
    assert flow(store, number).total == 3
    with pytest.raises(UnknownError, match="no source"):
        take_back_source(store, "mori", number, first.id)


def test_undo_says_when_other_files_hold_the_same_records(desk: Desk) -> None:
    store = desk.store
    number = shelf.create(store, "mori", "病棟")
    first = send(store, number, "a.ris", ris([1, 2]))
    send(store, number, "b.ris", ris([2, 3]))
    with pytest.raises(ConflictError, match="other files hold some of the same records"):
        undo(store, "mori", first)
    assert flow(store, number).identified == {"a.ris": 2, "b.ris": 2}


def test_the_fuller_abstract_wins_and_each_copy_stays(desk: Desk) -> None:
    store = desk.store
    number = shelf.create(store, "mori", "病棟")
    send(store, number, "a.ris", ris([1, 2]))
    send(store, number, "b.ris", ris([1], "We asked nurses about nights."))
    send(store, number, "c.ris", ris([1], "We asked."))
    _, kept = items.items(store, number)
    assert kept[0].record.abstract == "We asked nurses about nights."
    _, copies = counted_records(store, number, "identified", "c.ris")
    assert copies[0].record.abstract == "We asked."
    fuller = next(s for s in sources(store, number) if s.name == "b.ris")
    take_back_source(store, "mori", number, fuller.id)
    assert items.items(store, number)[1][0].record.abstract == "We asked."
    # Records that are handled as one share the abstract that the main one lacks.
    duplicates.handle_as_one(store, "mori", number, "doi:10.5555/w2", ["doi:10.5555/w1"])
    assert abstracts.filled_abstracts(store, number)["doi:10.5555/w2"].text == "We asked."


def test_automation_tools_and_other_methods_have_their_boxes(desk: Desk) -> None:
    store = desk.store
    number = shelf.create(store, "mori", "病棟")
    send(store, number, "medline.ris", ris([1, 2, 3, 4]))
    send(store, number, "references.ris", ris([4, 5, 6]))
    other = sources(store, number)[1]
    name_source(store, "mori", number, other.id, "引用文献検索", "citation")
    items.remove(store, "mori", number, ids([1]), "automation")
    items.remove(store, "mori", number, ids([6]))
    decide(store, "mori", number, "title-abstract", "doi:10.5555/w5", "include")
    decide(store, "mori", number, "full-text", "doi:10.5555/w5", "include")
    found = flow(store, number)
    assert found.adds_up
    assert (found.identified, found.duplicates) == ({"medline.ris": 4}, 0)
    assert (found.automation, found.removed, found.waiting) == (1, 0, 3)
    beside = found.other_methods
    assert beside is not None
    assert (beside.identified, beside.duplicates) == ({"引用文献検索": 3}, 1)
    assert (beside.removed, beside.included, found.in_review) == (1, 1, 1)


def test_the_document_carries_copies(desk: Desk) -> None:
    store = desk.store
    number = shelf.create(store, "mori", "病棟")
    send(store, number, "a.ris", ris([1, 2, 2]))
    send(store, number, "b.ris", ris([2, 3], "Longer."))
    items.remove(store, "mori", number, ids([1]))
    written = document(store, number).model_dump_json()
    copy = import_document(store, "ann", read_document(written.encode(), "c"), "c")
    assert flow(store, copy) == flow(store, number)


# What a store of before held: the migrations up to then.
def _as_before(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.row_factory = sqlite3.Row
        for table in ("copies", "removals", "intakes"):
            db.execute(f"drop table {table}")
        db.execute("delete from change_rows where tracked in ('copies', 'removals', 'intakes')")
        db.execute("delete from _sqlite_migrations where name = 'copies'")
        db.commit()


def test_a_store_of_before_is_migrated_without_loss(tmp_path: Path) -> None:
    file = tmp_path / "collections.db"
    desk = open_desk(file)
    store = desk.store
    number = shelf.create(store, "mori", "病棟")
    send(store, number, "a.ris", ris([1, 2, 3, 4]))
    last = send(store, number, "b.ris", ris([5, 6]))
    duplicates.handle_as_one(store, "mori", number, *(ids([1])), ids([2]))
    items.remove(store, "mori", number, ids([1]))
    removal = latest(store)
    items.remove(store, "mori", number, ids([3]))
    before = (document(store, number).items, items.record_ids(store, number))
    store.close()
    _as_before(file)
    store = open_desk(file).store
    found = flow(store, number)
    assert found.identified == {"a.ris": 4, "b.ris": 2}
    assert (found.duplicates, found.removed, found.waiting) == (1, 2, 3)
    assert found.adds_up
    assert (document(store, number).items, items.record_ids(store, number)) == before
    # What was done before can be undone as ever.
    undo(store, "mori", removal)
    undo(store, "mori", last)
    found = flow(store, number)
    assert (found.identified, found.removed, found.waiting) == ({"a.ris": 4}, 1, 2)
    assert found.adds_up
    store.close()


def test_every_number_leads_to_its_records(growing: Growing) -> None:
    client = growing.app.test_client()
    number = client.post("/api/v1/collections", json={"name": "c"}).json["id"]
    here = f"/collections/{number}"
    for name, works in (("a.ris", [1, 2, 2]), ("b & c.ris", [2, 3])):
        address = f"/api/v1{here}/files"
        client.post(address, query_string={"name": name}, data=ris(works).encode())
    source = client.get(f"/api/v1{here}/sources").json["sources"][1]["id"]
    naming = {"source": source, "label": "Hand search", "kind": "website"}
    assert client.put(f"/api/v1{here}/sources", json=naming).status_code == 200
    page = client.get(f"{here}/screening/progress?lang=en").text
    links = re.findall(r'<a href="([^"]*flow/records[^"]*)"[^>]*>([^<]*)</a>', page)
    counted = [(a, found[1]) for a, t in links if (found := re.search(r"\(n = (\d+)\)", t))]
    assert len(counted) > 20
    for address, count in counted:
        shown = client.get(address.replace("&amp;", "&") + "&lang=en").text
        assert f"<strong>{count}</strong>" in shown
        assert len(re.findall(r"<li>.*?Study number", shown, re.DOTALL)) == int(count)
    # As files: a drawing, and a document whose cells hold the same numbers.
    written = client.get(f"{here}/screening/flow.docx?lang=en", buffered=True)
    with ZipFile(io.BytesIO(written.data)) as parts:
        body = parts.read("word/document.xml").decode()
    assert "Records identified from databases and registers (n = 3)" in body
    assert "Hand search (n = 2)" in body
    svg = client.get(f"{here}/screening/flow.svg?lang=en", buffered=True).text
    assert "Hand search (n = 2)" in svg
    assert "<a " not in svg


def test_sources_are_named_and_taken_back_on_their_page(growing: Growing) -> None:
    client = growing.app.test_client()
    number = client.post("/api/v1/collections", json={"name": "c"}).json["id"]
    here = f"/collections/{number}"
    client.post(f"/api/v1{here}/files?name=a.ris", data=ris([1, 2]).encode())
    source = client.get(f"/api/v1{here}/sources").json["sources"][0]["id"]
    form = {"source": source, "do": "name", "label": "MEDLINE (Ovid)", "kind": "database"}
    assert client.post(f"{here}/sources", data=form).status_code == 303
    assert "MEDLINE (Ovid)" in client.get(f"{here}/sources?lang=en").text
    answer = client.post(
        f"{here}/sources", data={"source": source, "do": "take back"}, follow_redirects=True
    )
    assert "a.ris" not in answer.text
    assert client.get(f"/api/v1{here}/screening/flow").json["total"] == 0
    assert client.post(f"{here}/sources", data={"do": "name", "kind": "x"}).status_code == 400


@dataclass
class ByHand:
    """What a person would write down: the text of each file by the number of its source, and the
    latest decision on each record."""

    files: dict[int, str] = field(default_factory=dict)
    decided: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def recount(
        self, counting: Iterable[int], there: set[str], under: Mapping[str, str]
    ) -> dict[str, int]:
        """The boxes, from the text of the files that count, the records that are in the collection,
        and what lies under which."""
        copies = [doi for source in counting for doi in dois(self.files[source])]
        works = set(copies)
        first = {i: self._of("title-abstract", i, under) for i in there if i not in under}
        second = [i for i, (verdict, _) in first.items() if verdict in ("include", "maybe")]
        final = [self._of("full-text", i, under) for i in second]
        excluded = Counter(reason for verdict, reason in final if verdict == "exclude")
        verdicts = Counter(verdict for verdict, _ in first.values())
        last = Counter(verdict for verdict, _ in final)
        return {
            "total": len(copies),
            "duplicates": len(copies) - len(works) + len(under),
            "removed": len(works - there),
            "screened": len(first) - verdicts[""],
            "excluded": verdicts["exclude"],
            "waiting": verdicts[""],
            "sought": len(second),
            "not_retrieved": excluded[NOT_RETRIEVED],
            "assessed": last["include"] + last["exclude"] - excluded[NOT_RETRIEVED],
            # A maybe has to be settled at full text.
            "waiting_full_text": last[""] + last["maybe"],
            "included": last["include"],
        }

    def _of(self, stage: str, record: str, under: Mapping[str, str]) -> tuple[str, str]:
        """What was decided on a record, or else first on one that lies under it."""
        if own := self.decided.get((stage, record)):
            return own
        others = (d for (s, i), d in self.decided.items() if s == stage and under.get(i) == record)
        return next(others, ("", ""))


def dois(text: str) -> list[str]:
    return [f"doi:{doi}" for doi in re.findall(r"^DO  - (\S+)$", text, re.MULTILINE)]


def walk(store: Store, number: int, seed: int, steps: int) -> int:
    """A random history, recounted after every step; how many changes were undone."""
    chosen = random.Random(seed)
    by_hand = ByHand()
    past: list[int] = []
    undone = 0
    for step in range(steps):
        shown, last = items.record_ids(store, number), latest(store)
        _, groups = duplicates.groups(store, number)
        mains = {g.main.record.id for g in groups}
        what = chosen.choice(
            ["file", "file", "back", "undo", "out", "one", "apart", "decide", "decide"]
        )
        if what == "file":
            text = ris([chosen.randrange(12) for _ in range(chosen.randrange(1, 7))])
            send(store, number, f"{step % 3}.ris", text)
            by_hand.files[sources(store, number)[-1].id] = text
        elif what == "back" and (known := sources(store, number)):
            take_back_source(store, "mori", number, chosen.choice(known).id)
        elif what == "out" and (alone := [i for i in shown if i not in mains]):
            items.remove(store, "mori", number, [chosen.choice(alone)])
        elif what == "one" and len(shown) > 1:
            main, other = chosen.sample(shown, 2)
            duplicates.handle_as_one(store, "mori", number, main, [other])
        elif what == "apart" and mains:
            duplicates.take_apart(store, "mori", number, chosen.choice(sorted(mains)))
        elif what == "decide" and shown:
            _decide(store, number, chosen, by_hand, chosen.choice(shown))
        elif what == "undo" and past:
            with suppress(ConflictError):
                undo(store, "mori", chosen.choice(past))
                undone += 1
        if latest(store) != last:
            past.append(latest(store))
        _compare(store, number, by_hand, f"history {seed}, step {step}: {what}")
    return undone


def _decide(store: Store, number: int, chosen: random.Random, by_hand: ByHand, record: str) -> None:
    stage: Stage = chosen.choice(STAGES)
    verdict: Verdict = chosen.choice(["include", "exclude", "maybe", "include"])
    reason = chosen.choice(["animals", "no control", NOT_RETRIEVED]) if verdict == "exclude" else ""
    by_hand_now = by_hand.decided.get((stage, record))
    if by_hand_now and chosen.random() < 0.3:
        # Only where it is in this stage still.
        with suppress(UnknownError):
            take_back(store, "mori", number, stage, record)
            del by_hand.decided[stage, record]
        return
    with suppress(UnknownError):
        decide(store, "mori", number, stage, record, verdict, reason)
        by_hand.decided.pop((stage, record), None)
        by_hand.decided[stage, record] = (verdict, reason)


def _compare(store: Store, number: int, by_hand: ByHand, where: str) -> None:
    known = sources(store, number)
    _, groups = duplicates.groups(store, number)
    under = {item.record.id: g.main.record.id for g in groups for item in g.others}
    there = {*items.record_ids(store, number), *under}
    wanted = by_hand.recount([s.id for s in known], there, under)
    found = flow(store, number)
    assert {name: getattr(found, name) for name in wanted} == wanted, where
    assert found.adds_up, where
    per_file: Counter[str] = Counter()
    for source in known:
        per_file[source.name] += len(dois(by_hand.files[source.id]))
    assert found.identified == per_file, where
    for column in COLUMNS:
        # Each number is as large as its list.
        listed = boxes(store, number)[column]
        for box in BOXES:
            count = getattr(found if column == "databases" else Nothing, box, 0)
            total = sum(count.values()) if isinstance(count, Mapping) else count
            assert len(listed.box(box)) == total, f"{where}, {box}"


class Nothing:
    """The column of other methods, which no walk has."""


@pytest.mark.parametrize("seed", range(int(os.environ.get("JMEDSEARCH_HISTORIES", "24"))))
def test_random_histories_are_recounted_from_their_files(desk: Desk, seed: int) -> None:
    number = shelf.create(desk.store, "mori", "history")
    walk(desk.store, number, seed, 30)


def test_walks_undo_something(desk: Desk) -> None:
    number = shelf.create(desk.store, "mori", "history")
    assert walk(desk.store, number, 7, 60) > 0
