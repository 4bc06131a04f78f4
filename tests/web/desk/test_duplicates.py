"""Duplicates in a collection: what is proposed, what becomes of decisions, what is shown."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from search.records import Author, Record
from tests.web.desk.conftest import app_without_library, marked_as_imported
from tests.web.page import Page
from web.cli import main
from web.desk import duplicates, items, shelf, tags
from web.desk.desk import Desk, open_desk
from web.desk.document import import_document, read_document
from web.desk.document_writer import document
from web.desk.history import CollectionError, ConflictError, UnknownError, history, undo
from web.desk.likeness import Links, alike
from web.desk.members import standing
from web.desk.store import Store

ARTICLE = Record(
    "pmid:1",
    title="急性心筋梗塞に対する経皮的冠動脈形成術の予後に関する検討",
    abstract="【目的】予後を調べる。",
    language="ja",
    authors=(Author("山田", "太郎"),),
    journal="架空循環器科学雑誌",
    date="2021",
    doi="10.1/x",
    pmid="1",
)
COPY = replace(ARTICLE, id="doi:10.1/x", pmid="", abstract="", journal="循環器")
PREPRINT = replace(
    ARTICLE, id="doi:10.51094/jxiv.1", pmid="", doi="10.51094/jxiv.1", journal="Jxiv", date="2019"
)
TALK = replace(ARTICLE, id="ichushi:9", pmid="", doi="", date="2020", publication_types=("会議録",))
OTHER = Record("r", title="骨折の治療", language="ja", doi="10.1/other")


@pytest.fixture
def store(desk: Desk) -> Store:
    return desk.store


@pytest.fixture
def panel(store: Store) -> int:
    number = shelf.create(store, "a", "重複")
    found = [(COPY, "a.ris"), (OTHER, "library"), (ARTICLE, "library"), (PREPRINT, "a.ris")]
    items.add(store, "a", number, found)
    return number


def shown(store: Store, number: int) -> list[str]:
    return items.record_ids(store, number)


def proposed(store: Store, number: int) -> list[tuple[list[str], tuple[str, ...]]]:
    return [
        ([i.record.id for i in p.items], p.likenesses)
        for p in duplicates.proposals(store, number)[1]
    ]


def last(store: Store, number: int) -> int:
    return history(store, number)[1][0].id


def test_what_is_proposed_and_which_record_would_be_the_main_one(store: Store, panel: int) -> None:
    assert proposed(store, panel) == [
        (["pmid:1", "doi:10.1/x", "doi:10.51094/jxiv.1"], ("same", "version"))
    ]
    assert not duplicates.proposals(store, panel)[1][0].certain
    items.add(store, "a", panel, [(TALK, "b.ris")])
    assert proposed(store, panel)[0][0] == [*proposed(store, panel)[0][0][:3], "ichushi:9"]


def test_handled_as_one_they_are_shown_and_counted_once(store: Store, panel: int) -> None:
    tags.tag_records(store, "a", panel, "採用", ["doi:10.1/x"])
    items.annotate(store, "a", panel, "doi:10.1/x", "ファイルの覚え書き")
    items.annotate(store, "a", panel, "pmid:1", "要確認")
    before = document(store, panel)
    assert duplicates.handle_as_one(store, "b", panel, "pmid:1", ["doi:10.1/x"]) == 1
    assert shown(store, panel) == ["r", "pmid:1", "doi:10.51094/jxiv.1"]
    total, found = items.items(store, panel)
    assert (total, shelf.collection(store, panel).records) == (3, 3)
    assert (found[1].duplicates, found[1].tags) == (1, ("採用",))
    assert found[1].note == "要確認\nファイルの覚え書き"
    assert tags.tags(store, panel)[0].records == 1
    assert history(store, panel)[1][0].detail == {"record": "pmid:1", "records": 2}
    # Places are those of what is shown.
    items.move(store, "b", panel, "doi:10.51094/jxiv.1", 2)
    assert shown(store, panel) == ["r", "doi:10.51094/jxiv.1", "pmid:1"]
    undo(store, "b", last(store, panel))
    undo(store, "b", history(store, panel)[1][2].id)
    after = document(store, panel)
    assert (after.items, after.item_tags, after.duplicates) == (
        before.items,
        before.item_tags,
        (),
    )


def test_what_comes_later_is_compared_with_all_of_a_group(store: Store, panel: int) -> None:
    duplicates.handle_as_one(store, "a", panel, "pmid:1", ["doi:10.1/x"])
    assert proposed(store, panel) == [(["pmid:1", "doi:10.51094/jxiv.1"], ("version",))]
    again = replace(OTHER, id="n", title="別の題", doi=COPY.doi)
    items.add(store, "a", panel, [(again, "c.ris")])
    assert ("doi" in proposed(store, panel)[0][1]) is True
    # A group goes under another as a whole.
    duplicates.handle_as_one(store, "a", panel, "doi:10.51094/jxiv.1", ["pmid:1"])
    _, (group,) = duplicates.groups(store, panel)
    assert group.main.record.id == "doi:10.51094/jxiv.1"
    assert [i.record.id for i in group.others] == ["doi:10.1/x", "pmid:1"]
    assert duplicates.take_apart(store, "a", panel, "doi:10.51094/jxiv.1") == 2
    assert duplicates.groups(store, panel) == (0, [])


def test_a_main_record_never_lies_under_another(store: Store, panel: int) -> None:
    duplicates.handle_as_one(store, "a", panel, "pmid:1", ["doi:10.1/x"])
    with pytest.raises(CollectionError, match="by now"):
        duplicates.handle_as_one(store, "b", panel, "doi:10.1/x", ["r"])
    undo(store, "a", last(store, panel))
    duplicates.handle_as_one(store, "a", panel, "r", ["pmid:1"])
    # Undoing the undo would put a record under one that lies under another by now.
    with pytest.raises(ConflictError, match="later changes"):
        undo(store, "a", history(store, panel)[1][1].id)
    for wrong, error in ((["none"], UnknownError), (["r"], CollectionError), ([], CollectionError)):
        with pytest.raises(error):
            duplicates.handle_as_one(store, "a", panel, "r", wrong)


def test_all_certain_ones_at_once(store: Store, panel: int) -> None:
    assert duplicates.handle_certain(store, "a", panel) == 1
    assert shown(store, panel) == ["r", "pmid:1", "doi:10.51094/jxiv.1"]
    assert history(store, panel)[1][0].detail == {"records": 2}
    assert duplicates.handle_certain(store, "a", panel) == 0
    assert history(store, panel)[0] == 3


def test_what_was_declared_distinct_is_remembered(store: Store, panel: int) -> None:
    everything = proposed(store, panel)
    duplicates.declare_distinct(store, "a", panel, everything[0][0])
    assert proposed(store, panel) == []
    assert duplicates.handle_certain(store, "a", panel) == 0
    assert len(duplicates.distinct_pairs(store, panel)) == 3
    duplicates.propose_again(store, "a", panel, "pmid:1", "doi:10.1/x")
    assert proposed(store, panel) == [(["pmid:1", "doi:10.1/x"], ("same",))]
    # Whoever handles them as one nevertheless has thought better of it.
    duplicates.handle_as_one(store, "a", panel, "pmid:1", everything[0][0])
    assert duplicates.distinct_pairs(store, panel) == []
    with pytest.raises(CollectionError, match="at least two"):
        duplicates.declare_distinct(store, "a", panel, ["r"])


def test_removing_the_main_record_removes_the_group_and_undo_brings_it_back(
    store: Store, panel: int
) -> None:
    duplicates.handle_as_one(store, "a", panel, "pmid:1", ["doi:10.1/x"])
    duplicates.declare_distinct(store, "a", panel, ["pmid:1", "r"])
    before = document(store, panel)
    assert items.remove(store, "a", panel, ["pmid:1"]) == 1
    assert shown(store, panel) == ["r", "doi:10.51094/jxiv.1"]
    assert items.items(store, panel, record_ids=["doi:10.1/x"])[0] == 0
    undo(store, "a", last(store, panel))
    after = document(store, panel)
    assert (after.items, after.duplicates, after.distinct_pairs) == (
        before.items,
        before.duplicates,
        before.distinct_pairs,
    )


def test_decisions_go_along_with_the_json(store: Store, panel: int, tmp_path: Path) -> None:
    duplicates.handle_as_one(store, "a", panel, "pmid:1", ["doi:10.1/x"])
    duplicates.declare_distinct(store, "a", panel, ["pmid:1", "doi:10.51094/jxiv.1"])
    exported = document(store, panel)
    elsewhere = open_desk(tmp_path / "elsewhere.db").store
    other = shelf.create(elsewhere, "z", "先客")
    items.add(elsewhere, "z", other, [(ARTICLE, "library"), (COPY, "x")])
    duplicates.handle_certain(elsewhere, "z", other)
    read = read_document(exported.model_dump_json().encode(), "c.json")
    copy = import_document(elsewhere, "c", read, "c.json")
    again = document(elsewhere, copy)
    assert again.model_copy(update={"history": again.history[:-1]}) == marked_as_imported(exported)
    assert proposed(elsewhere, copy) == []
    assert duplicates.take_apart(elsewhere, "c", copy, "pmid:1") == 1
    assert len(shown(elsewhere, other)) == 1
    elsewhere.close()


PLACES = st.integers(0, 12)
KINDS = st.sampled_from(["same", "doi", "near"])


@given(st.lists(st.tuples(PLACES, PLACES, KINDS).filter(lambda pair: pair[0] < pair[1])))
def test_what_hangs_together_is_one_group(pairs: list[tuple[int, int, Any]]) -> None:
    found = alike(Links(tuple(map(str, range(13))), tuple(pairs)))
    together = [set(ids) for ids, _ in found]
    # Each pair in one group, each record in one at most, none in one without a pair.
    for a, b, _ in pairs:
        assert sum({str(a), str(b)} <= ids for ids in together) == 1
    every = [i for ids, _ in found for i in ids]
    assert len(every) == len(set(every))
    assert set(every) == {str(place) for a, b, _ in pairs for place in (a, b)}
    # No group could be parted: there are as few pairs as join it, or more.
    for ids, kinds in found:
        own = [pair for pair in pairs if str(pair[0]) in ids]
        assert len({pair[:2] for pair in own}) >= len(ids) - 1
        assert list(kinds) == list(dict.fromkeys(why for _, _, why in own))
        assert list(ids) == sorted(ids, key=int)
    assert [int(ids[0]) for ids, _ in found] == sorted(int(ids[0]) for ids, _ in found)


def test_a_title_that_many_share_proposes_nothing(store: Store) -> None:
    number = shelf.create(store, "a", "多い")
    items.add(store, "a", number, [(replace(TALK, id=f"r{i}"), "a.ris") for i in range(30)])
    assert duplicates.proposals(store, number) == (0, [])


def test_the_page_of_duplicates(store: Store, panel: int, desk: Desk) -> None:
    client = app_without_library(desk).test_client()
    here = f"/collections/{panel}/duplicates"

    def send(**form: object) -> str:
        response = client.post(here, data=form, follow_redirects=True)
        assert response.status_code == 200
        return response.text

    page = Page(client.get(here).text)
    assert [a["value"] for a in page.all("input", type="radio")] == [
        "pmid:1",
        "doi:10.1/x",
        "doi:10.51094/jxiv.1",
    ]
    # What differs from the main one's year is marked.
    assert '202<mark class="change">' not in page.html
    assert '201<mark class="change">9</mark>' in page.html
    assert "2組をそれぞれ" not in send(do="certain")
    assert shown(store, panel) == ["r", "pmid:1", "doi:10.51094/jxiv.1"]
    assert "ほか1件の重複をまとめて表示" in client.get(f"/collections/{panel}").text
    hidden = client.get(f"/collections/{panel}/record?record=doi:10.1/x").text
    assert 'name="place"' not in hidden
    assert "pmid:1" in hidden
    send(do="distinct", record=["pmid:1", "doi:10.51094/jxiv.1"])
    assert not Page(client.get(here).text).all("input", type="radio")
    send(do="again", record=["pmid:1", "doi:10.51094/jxiv.1"])
    assert "3件を1件にまとめました" in send(
        do="one", main="pmid:1", record=["doi:10.51094/jxiv.1", "r"]
    )
    assert shown(store, panel) == ["pmid:1"]
    send(do="apart", main="pmid:1")
    assert len(shown(store, panel)) == 4
    assert client.post(here, data={"do": "x"}).status_code == 400
    assert client.post(here, data={"do": "one", "main": "pmid:1"}).status_code == 400
    assert client.get("/collections/9/duplicates").status_code == 404


def test_a_search_finds_the_main_record_by_what_lies_under_it(
    store: Store, panel: int, desk: Desk
) -> None:
    client = app_without_library(desk).test_client()
    duplicates.handle_as_one(store, "a", panel, "pmid:1", ["doi:10.51094/jxiv.1"])
    page = client.get(f"/collections/{panel}?q=Jxiv/JN").text
    assert "record=pmid:1" in page
    assert "record=doi:10.51094" not in page


def test_a_group_is_in_doubt_where_one_of_it_is(store: Store, panel: int) -> None:
    retracted = replace(PREPRINT, id="p2", doi="10.51094/jxiv.2", retraction="retracted")
    items.add(store, "a", panel, [(retracted, "a.ris")])
    duplicates.handle_as_one(store, "a", panel, "pmid:1", ["p2"])
    assert standing(store, panel, None).doubtful == ("pmid:1",)


def test_the_api_of_duplicates(store: Store, panel: int, desk: Desk) -> None:
    client = app_without_library(desk).test_client()
    here = f"/api/v1/collections/{panel}/duplicates"

    def found() -> dict[str, Any]:
        answer = client.get(here).json
        assert answer
        return answer

    (proposal,) = found()["proposals"]
    assert proposal["records"][0]["id"] == "pmid:1"
    assert (proposal["likenesses"], proposal["certain"]) == (["same", "version"], False)
    assert client.post(f"{here}/certain").json == {"records": 1}
    assert found()["groups"] == [{"main": "pmid:1", "others": ["doi:10.1/x"]}]
    ids = ["pmid:1", "doi:10.51094/jxiv.1"]
    assert client.post(f"{here}/distinct", json={"ids": ids}).status_code == 200
    assert found()["distinct"] == [ids]
    assert client.post(f"{here}/apart", json={"main": "pmid:1"}).json == {"records": 1}
    answer = client.post(here, json={"main": "r", "others": ["pmid:1"]})
    assert answer.json == {"records": 1}
    assert client.post(here, json={"main": "r", "others": ["none"]}).status_code == 404
    assert client.get("/api/v1/collections/9/duplicates").status_code == 404


def test_the_commands_of_duplicates(store: Store, panel: int) -> None:
    def run(*arguments: str) -> str:
        arguments = ("collection", *arguments, "--collections", str(store.path))
        result = CliRunner().invoke(main, list(arguments))
        assert result.exit_code == 0, result.output
        return result.output

    assert "first author and page or volume; preprint or conference abstract" in run(
        "duplicates", str(panel)
    )
    assert run("duplicates", str(panel), "--certain") == "1\n"
    assert "handled as one\n  pmid:1  " in run("duplicates", str(panel))
    assert run("take-apart", str(panel), "pmid:1") == "1\n"
    assert run("distinct", str(panel), "pmid:1", "doi:10.1/x", "doi:10.51094/jxiv.1") == ""
    assert json.loads(run("duplicates", str(panel), "--json")) == {"proposals": [], "groups": []}
    assert run("handle-as-one", str(panel), "r", "pmid:1", "doi:10.1/x") == "2\n"
