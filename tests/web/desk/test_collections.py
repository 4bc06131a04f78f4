"""Collections in the store: edits, history, undo, restore, and two people at once."""

import io
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search.formats import FormatError
from search.records import Author, Record
from tests.web.desk.conftest import marked_as_imported
from web.desk import duplicates, items, shares, shelf, tags
from web.desk.additions import add_file, identifiers_in
from web.desk.desk import Desk, open_desk
from web.desk.document import import_document, read_document
from web.desk.document_writer import document
from web.desk.history import CollectionError, ConflictError, UnknownError, history, restore_to, undo
from web.desk.store import Store


def record(number: int) -> Record:
    return Record(
        f"r{number}", title=f"題{number}", language="ja", authors=(Author("山田", "花子"),)
    )


@pytest.fixture
def store(desk: Desk) -> Store:
    return desk.store


@pytest.fixture
def panel(store: Store) -> int:
    """A collection of five records, two of them tagged."""
    number = shelf.create(store, "suzuki", "診療ガイドライン", "心不全の部")
    items.add(store, "suzuki", number, [(record(i), "library") for i in range(5)], "心不全")
    tags.tag_records(store, "suzuki", number, "採用", ["r0", "r3"])
    return number


def order(store: Store, number: int) -> list[str]:
    return [item.record.id for item in items.items(store, number)[1]]


def state(store: Store, number: int) -> object:
    """All that a collection is, but for its history."""
    shown = shelf.collection(store, number)
    return (
        (shown.name, shown.description),
        tags.tags(store, number),
        [(i.record, i.source, i.note, i.tags) for i in items.items(store, number)[1]],
        [
            (g.main.record.id, [(i.record.id, i.note, i.tags) for i in g.others])
            for g in duplicates.groups(store, number)[1]
        ],
        [[i.record.id for i in pair] for pair in duplicates.distinct_pairs(store, number)],
    )


def test_records_keep_their_order_and_come_in_once(store: Store, panel: int) -> None:
    again = [(record(i), "library") for i in (3, 9)]
    assert items.add(store, "sato", panel, again) == 1
    assert order(store, panel) == ["r0", "r1", "r2", "r3", "r4", "r9"]
    total, page = items.items(store, panel, first=2, count=2)
    assert (total, [i.record.id for i in page]) == (6, ["r2", "r3"])
    assert page[1].tags == ("採用",)
    assert page[1].record == record(3)
    assert items.items(store, panel, tag="採用")[0] == 2


@pytest.mark.parametrize("place", range(1, 7))
def test_a_record_moves_to_its_place(store: Store, panel: int, place: int) -> None:
    items.move(store, "a", panel, "r2", place)
    expected = ["r0", "r1", "r3", "r4"]
    expected.insert(place - 1, "r2")
    assert order(store, panel) == expected


def test_moving_never_runs_out_of_room(store: Store, panel: int) -> None:
    expected = order(store, panel)
    for step in range(120):
        moved = expected.pop(2 if step % 2 else 3)
        expected.insert(1, moved)
        items.move(store, "a", panel, moved, 2)
    assert order(store, panel) == expected


def test_tags_are_renamed_merged_ordered_and_deleted(store: Store, panel: int) -> None:
    tags.tag_records(store, "a", panel, "要検討", ["r1", "r3"])
    tags.add(store, "a", panel, "未使用")
    tags.rename(store, "a", panel, "未使用", "除外")
    tags.move(store, "a", panel, "除外", 1)
    assert [(t.name, t.records) for t in tags.tags(store, panel)] == [
        ("除外", 0),
        ("採用", 2),
        ("要検討", 2),
    ]
    with pytest.raises(CollectionError, match="merge"):
        tags.rename(store, "a", panel, "要検討", "採用")
    tags.merge(store, "a", panel, "要検討", "採用")
    tags.delete(store, "a", panel, "除外")
    assert [(t.name, t.records) for t in tags.tags(store, panel)] == [("採用", 3)]
    assert tags.untag_records(store, "a", panel, "採用", ["r1", "r2"]) == 1
    for wrong in (lambda: tags.delete(store, "a", panel, "x"), lambda: tags.tags(store, panel)[5]):
        with pytest.raises(LookupError):
            wrong()


def test_every_change_is_in_the_history(store: Store, panel: int) -> None:
    items.annotate(store, "sato", panel, "r1", "要確認")
    items.annotate(store, "sato", panel, "r1", "要確認")  # changes nothing
    total, entries = history(store, panel)
    assert total == 4
    assert [(e.who, e.action) for e in entries] == [
        ("sato", "note"),
        ("suzuki", "tag records"),
        ("suzuki", "add records"),
        ("suzuki", "create"),
    ]
    assert entries[2].detail == {"records": 5, "from": "心不全"}
    assert entries[0].at <= shelf.collection(store, panel).changed


def test_undo_brings_back_records_with_note_tags_and_place(store: Store, panel: int) -> None:
    items.annotate(store, "a", panel, "r3", "重要")
    before = state(store, panel)
    items.remove(store, "a", panel, ["r3", "r1", "none"])
    assert order(store, panel) == ["r0", "r2", "r4"]
    undo(store, "b", history(store, panel)[1][0].id)
    assert state(store, panel) == before
    # An undo is a change like any other: it can be undone.
    undo(store, "b", history(store, panel)[1][0].id)
    assert order(store, panel) == ["r0", "r2", "r4"]


def test_undo_takes_back_nothing_that_others_built_on(store: Store, panel: int) -> None:
    adding = history(store, panel)[1][1]
    assert adding.action == "add records"
    with pytest.raises(ConflictError, match="later changes"):
        undo(store, "a", adding.id)
    items.annotate(store, "a", panel, "r1", "一")
    first = history(store, panel)[1][0].id
    items.annotate(store, "b", panel, "r1", "二")
    with pytest.raises(ConflictError, match="changed since"):
        undo(store, "a", first)
    assert items.items(store, panel)[1][1].note == "二"
    with pytest.raises(UnknownError):
        undo(store, "a", 999)


def test_a_deleted_collection_comes_back(store: Store, panel: int) -> None:
    before = state(store, panel)
    shelf.delete(store, "a", panel)
    assert shelf.collections(store) == []
    with pytest.raises(UnknownError):
        items.add(store, "a", panel, [(record(8), "library")])
    (gone,) = shelf.collections(store, deleted=True)
    undo(store, "a", history(store, gone.id)[1][0].id)
    assert state(store, panel) == before


def test_folders_nest_and_give_back_what_lay_in_them(store: Store, panel: int) -> None:
    outer = shelf.add_folder(store, "a", "循環器")
    inner = shelf.add_folder(store, "a", "心不全", outer)
    shelf.put_into(store, "a", panel, inner)
    with pytest.raises(CollectionError, match="inside itself"):
        shelf.change_folder(store, "a", outer, "循環器", inner)
    shelf.change_folder(store, "a", inner, "慢性心不全", outer)
    shelf.delete_folder(store, "a", outer)
    assert [(f.name, f.parent) for f in shelf.folders(store)] == [("慢性心不全", None)]
    shelf.delete_folder(store, "a", inner)
    assert shelf.collection(store, panel).folder is None
    # The history goes back to a time when it lay in a folder that is gone.
    restore_to(store, "a", panel, history(store, panel)[1][-1].id)
    assert shelf.collection(store, panel).folder is None
    assert history(store, None)[0] == 5


def test_what_was_seen_must_still_be_so(store: Store, panel: int) -> None:
    items.annotate(store, "a", panel, "r1", "一\r\n行", seen="")
    with pytest.raises(ConflictError) as conflict:
        items.annotate(store, "b", panel, "r1", "二", seen="")
    assert conflict.value.current == "一\n行"
    items.annotate(store, "b", panel, "r1", "二", seen="一\r\n行")
    shelf.describe(
        store, "a", panel, name="甲", description="", seen=("診療ガイドライン", "心不全の部")
    )
    with pytest.raises(ConflictError):
        shelf.describe(
            store, "b", panel, name="乙", description="", seen=("診療ガイドライン", "心不全の部")
        )
    assert shelf.collection(store, panel).name == "甲"


def test_two_people_at_once_lose_nothing(store: Store, panel: int) -> None:
    def edit(who: str, first: int) -> None:
        for i in range(first, first + 40):
            items.add(store, who, panel, [(record(i), "library")])
            tags.tag_records(store, who, panel, who, [f"r{i}"])

    people = [threading.Thread(target=edit, args=p) for p in (("山田", 100), ("佐藤", 200))]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert len(order(store, panel)) == 85
    assert {t.name: t.records for t in tags.tags(store, panel)} == {
        "採用": 2,
        "山田": 40,
        "佐藤": 40,
    }
    positions = [i for i in order(store, panel) if i.startswith("r1") and len(i) == 4]
    assert positions == sorted(positions)


def test_links_are_given_out_and_ended(store: Store, panel: int) -> None:
    secret = shares.share(store, "a", panel)
    assert shares.shared_collection(store, secret) == (panel, False)
    assert shares.shared_collection(store, secret + "x") is None
    assert secret not in "\n".join(store.connection.iterdump())
    shelf.delete(store, "a", panel)
    assert shares.shared_collection(store, secret) is None
    undo(store, "a", history(store, panel)[1][0].id)
    shares.end_share(store, "a", panel, shares.shares(store, panel)[0].id)
    assert shares.shared_collection(store, secret) is None
    assert history(store, panel)[1][0].action == "end share"


_EDITS = st.lists(
    st.tuples(st.sampled_from("armtungdsjjx"), st.integers(0, 7), st.integers(0, 7)), max_size=12
)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(edits=_EDITS, back_to=st.integers(0, 11))
@pytest.mark.slow
def test_whatever_was_done_any_earlier_state_can_be_restored_and_exported(
    store: Store, tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[str, int, int]],
    back_to: int,
) -> None:  # fmt: skip
    number = shelf.create(store, "a", "性質")
    states = {history(store, number)[1][0].id: state(store, number)}
    for kind, x, y in edits:
        _edit(store, number, kind, x, y)
        states[history(store, number)[1][0].id] = state(store, number)
    chosen = list(states)[back_to % len(states)]
    restore_to(store, "b", number, chosen)
    assert state(store, number) == states[chosen]

    exported = document(store, number)
    elsewhere = open_desk(tmp_path_factory.mktemp("elsewhere") / "c.db")
    other = shelf.create(elsewhere.store, "z", "先客")
    items.add(elsewhere.store, "z", other, [(record(i), "library") for i in range(3)])
    read = read_document(exported.model_dump_json().encode(), "c.json")
    copy = import_document(elsewhere.store, "c", read, "c.json")
    assert state(elsewhere.store, copy) == states[chosen]
    again = document(elsewhere.store, copy)
    assert again.history[-1].action == "import collection"
    assert again.model_copy(update={"history": again.history[:-1]}) == marked_as_imported(exported)
    # The history that came along can be gone back in, too.
    past = history(elsewhere.store, copy)[1]
    first = past[-1].id
    restore_to(elsewhere.store, "c", copy, first)
    assert state(elsewhere.store, copy) == next(iter(states.values()))
    elsewhere.store.close()


def _edit(store: Store, number: int, kind: str, x: int, y: int) -> None:
    inside = order(store, number)
    names = [t.name for t in tags.tags(store, number)]
    if kind == "a":
        items.add(store, "a", number, [(record(i), "file.ris") for i in range(x, x + y)])
    elif kind == "t":
        tags.tag_records(store, "a", number, f"t{x}", inside[:y])
    elif kind == "s":
        shares.share(store, "a", number)
    elif kind == "d" and len(names) > 1:
        tags.merge(store, "a", number, names[0], names[-1])
    elif kind == "g" and names:
        tags.move(store, "a", number, names[x % len(names)], y)
    elif kind == "u":
        try:
            undo(store, "b", history(store, number)[1][0].id)
        except CollectionError:
            return
        if shelf.collection(store, number, deleted=True).deleted:
            raise AssertionError
    elif kind == "j" and len(inside) > 1:
        main, *others = inside[x % len(inside) :][: y + 1]
        if others:
            duplicates.handle_as_one(store, "a", number, main, others)
    elif kind == "x" and len(inside) > 1:
        duplicates.declare_distinct(store, "a", number, inside[:2])
        duplicates.take_apart(store, "a", number, inside[y % len(inside)])
    elif inside and kind == "r":
        items.remove(store, "a", number, inside[x : x + y])
    elif inside and kind == "m":
        items.move(store, "a", number, inside[x % len(inside)], y)
    elif inside and kind == "n":
        items.annotate(store, "a", number, inside[x % len(inside)], f"覚え書き{y}")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "version"),
        ({"format": "x"}, "format"),
        ({"records": {}}, "'r0' is missing"),
        ({"extra": 1}, "extra"),
        ({"tags": [{"id": 1, "name": "x", "position) --": 1}]}, "should have"),
    ],
)
def test_documents_that_are_none_are_refused(
    store: Store, panel: int, change: dict[str, object], message: str
) -> None:
    import json

    content = {**json.loads(document(store, panel).model_dump_json()), **change}
    before = len(shelf.collections(store))
    with pytest.raises(CollectionError, match=message):
        import_document(store, "a", read_document(json.dumps(content).encode(), "c.json"), "c.json")
    assert len(shelf.collections(store)) == before


def test_a_file_of_any_format_comes_in_whole(store: Store, panel: int) -> None:
    text = "TY  - JOUR\nTI  - 新しい文献\nER  - \nTY  - JOUR\nER  - \n"
    intake = add_file(store, "a", panel, io.BytesIO(text.encode()), "export.ris", None)
    assert intake.added == 1
    assert len(intake.rejected) == 1
    added = items.items(store, panel)[1][-1]
    assert (added.record.title, added.source) == ("新しい文献", "export.ris")
    assert history(store, panel)[1][0].detail == {"records": 1, "from": "export.ris"}


def test_a_file_that_is_none_of_literature_comes_in_not_at_all(store: Store, panel: int) -> None:
    before = items.items(store, panel)[0]
    text = "title,year\nBefore,2020\n" + '"\n' * 1_100
    with pytest.raises(FormatError, match=r"more than 1,000 .* quotation mark is not closed"):
        add_file(store, "a", panel, io.BytesIO(text.encode()), "quotes.csv", None)
    assert items.items(store, panel)[0] == before


def test_identifiers_are_read_as_people_list_them() -> None:
    text = "PMID: 123, 10.1000/x;y　2020123456\n医中誌ID：2021000001、123"
    assert identifiers_in(text) == ["PMID:123", "10.1000/x", "y", "2020123456", "医中誌ID:2021000001", "123"]  # noqa: E501 # fmt: skip


def test_thousands_at_once(desk: Desk) -> None:
    store = desk.store
    number = shelf.create(store, "a", "大")
    assert items.add(store, "a", number, ((record(i), "library") for i in range(2_000))) == 2_000
    total, page = items.items(store, number, first=1_990, count=50)
    assert (total, len(page), page[-1].record.id) == (2_000, 10, "r1999")
    items.remove(store, "a", number, [f"r{i}" for i in range(1_999)])
    undo(store, "a", history(store, number)[1][0].id)
    assert items.items(store, number, count=0)[0] == 2_000
