"""Screening as pages and through the API, without a library and without JavaScript."""

import io
import json
import zipfile

import lxml.html
import pytest
from flask.testing import FlaskClient

from search.records import Record
from tests.web.desk.conftest import Growing, app_without_library
from tests.web.desk.test_access import client_of
from web.desk import items, shelf
from web.desk.desk import Desk
from web.desk.screening.outcomes import screened

RECORDS = [
    Record(
        f"r{i}",
        title=f"A randomised trial of aspirin in {word}",
        abstract=f"We treated {word} with aspirin." if i else "",
        language="en",
        date=str(2000 + i),
        journal="J Made Up",
        keywords=("aspirin",),
        retraction="retracted" if i == 3 else "",
    )
    for i, word in enumerate(("stroke", "migraine", "gout", "mice", "rats", "children"))
]


def filled(desk: Desk) -> int:
    number = shelf.create(desk.store, "librarian", "アスピリン", "急性期の脳卒中")
    items.add(desk.store, "librarian", number, ((r, "a.ris") for r in RECORDS), "a.ris")
    return number


def main(text: str) -> str:
    """The words of a page, without its frame."""
    return str(lxml.html.fromstring(text).get_element_by_id("main").text_content())


def shown(text: str) -> str:
    """The record that a page offers for decision."""
    return str(lxml.html.fromstring(text).get_element_by_id("decide").fields["record"])


def posted(client: FlaskClient, address: str, **form: object) -> str:
    response = client.post(address, data=form, follow_redirects=True)
    assert response.status_code == 200, response.text
    return response.text


def test_one_record_at_a_time(desk: Desk) -> None:
    number = filled(desk)
    client = app_without_library(desk).test_client()
    here = f"/collections/{number}/screening"
    plan = {"stage": "title-abstract", "criteria": "成人の脳卒中", "reasons": "動物\n小児"}
    seen = {"seen_criteria": "", "seen_reasons": "", "seen_reviewers": 1}
    posted(client, f"{here}/plan", do="plan", reviewers=1, **plan, **seen)
    posted(client, f"{here}/plan", do="words", include="randomised\nstroke", exclude="mice")
    text = client.get(here).text
    assert "成人の脳卒中" in main(text)
    # Before any decision the words say what comes first.
    assert shown(text) == "r0"
    for word in ("randomised", "stroke"):
        assert f'<mark class="speaksfor">{word}</mark>' in text
    text = posted(client, here, do="include", record="r0")
    assert shown(text) != "r0"
    posted(client, here, do="exclude", record="r3", reason="動物")
    found = screened(desk.store, number, "title-abstract").outcomes
    assert (found["r0"].state, found["r3"].state, found["r3"].reason) == (
        "include",
        "exclude",
        "動物",
    )
    text = posted(client, here, do="undo")
    assert shown(text) == "r3"
    assert "撤回" in main(text)
    assert '<mark class="speaksagainst">mice</mark>' in text
    assert client.post(here, data={"do": "dance", "record": "r0"}).status_code == 400
    assert client.get(f"{here}?record=nobody").status_code == 404


def test_notes_tags_numbers_and_a_missing_abstract(desk: Desk) -> None:
    number = filled(desk)
    client = app_without_library(desk).test_client()
    here = f"/collections/{number}/screening"
    posted(client, here, do="fill from", record="r0", source="r1")
    text = client.get(f"{here}?record=r0").text
    assert "We treated migraine" in main(text)
    posted(client, here, do="fill", record="r0", abstract="By hand.")
    posted(client, here, do="note", record="r0", note="読む", seen="")
    posted(client, here, do="tags", record="r0", new="重要")
    posted(client, here, do="number", record="r0", name="人数", value="12.5")
    text = client.get(f"{here}?record=r0").text
    for said in ("By hand.", "読む", "重要", "12.5"):
        assert said in text
    bad = client.post(here, data={"do": "number", "record": "r0", "name": "n", "value": "many"})
    assert bad.status_code == 400


def test_two_reviewers_are_blind_until_both_have_decided(staffed: Desk) -> None:
    number = filled(staffed)
    app = app_without_library(staffed)
    ann, ben = (client_of(app, staffed, who) for who in ("librarian", "administrator"))
    here = f"/api/v1/collections/{number}/screening"
    body = {"stage": "title-abstract", "criteria": "", "reasons": [], "reviewers": 2}
    assert ann.put(f"{here}/plan", json=body).status_code == 200
    assert ann.post(f"{here}/decisions", json={"id": "r0", "verdict": "include"}).json == {
        "number": 1,
        "record_id": "r0",
    }
    assert ben.get(f"{here}/decisions").json == {"decisions": []}
    (outcome, *_) = ben.get(f"{here}/outcomes").json["outcomes"]
    assert (outcome["state"], outcome["decisions"]) == ("open", [])
    for address in ("", "/conflicts", "/progress", "/decisions"):
        page = ben.get(f"/collections/{number}/screening{address}?record=r0").text
        assert "librarian" not in main(page)
    ben.post(f"{here}/decisions", json={"id": "r0", "verdict": "exclude", "reason": "小児"})
    told = ann.get(f"{here}/conflicts").json
    assert [d["who"] for d in told["conflicts"][0]["decisions"]] == ["librarian", "administrator"]
    assert told["agreements"][0]["agreed"] == 0
    page = ann.get(f"/collections/{number}/screening/conflicts").text
    assert "小児" in page
    form = {"stage": "title-abstract", "record": "r0", "do": "include"}
    posted(ann, f"/collections/{number}/screening/conflicts", **form)
    assert ann.get(f"{here}/conflicts").json["conflicts"] == []
    # A reader looks on.
    reader = client_of(app, staffed, "reader")
    assert reader.get(f"/collections/{number}/screening").status_code == 200
    assert reader.post(f"/collections/{number}/screening", data=form).status_code == 403


def test_progress_flow_and_overview(desk: Desk) -> None:
    number = filled(desk)
    client = app_without_library(desk).test_client()
    here = f"/collections/{number}"
    for i, verdict in enumerate(("include", "exclude", "include", "exclude", "maybe")):
        posted(client, f"{here}/screening", do=verdict, record=f"r{i}")
    reason = {"do": "exclude", "record": "r2", "reason": "対象が違う", "stage": "full-text"}
    posted(client, f"{here}/screening", **reason)
    page = main(client.get(f"{here}/screening/progress?lang=en").text)
    svg = client.get(f"{here}/screening/flow.svg?lang=en", buffered=True)
    assert svg.mimetype == "image/svg+xml"
    for text in (page, svg.text):
        for said in ("Records screened (n = 5)", "a.ris (n = 6)", "対象が違う (n = 1)"):
            assert said in text
    flow = client.get(f"/api/v1{here}/screening/flow").json
    assert flow["adds_up"]
    assert (flow["total"], flow["screened"], flow["sought"], flow["assessed"]) == (6, 5, 3, 1)
    told = client.get(f"/api/v1{here}/screening/progress").json
    assert (told["decided"], told["recall"]["found"]) == (5, 3)
    assert 0 < told["recall"]["bound"] <= 1
    assert "J Made Up" in main(client.get(f"{here}/overview?lang=en").text)
    assert client.get(f"/api/v1{here}/overview").json["years"] == [[2000 + i, 1] for i in range(6)]
    decisions = main(client.get(f"{here}/screening/decisions?verdict=exclude&lang=en").text)
    assert "mice" in decisions
    assert "gout" not in decisions
    following = client.get(f"/api/v1{here}/screening/next").json
    assert (following["record"]["id"], following["left"], following["learnt"]) == ("r5", 1, True)


def test_a_test_set_and_growing_over_a_library(growing: Growing) -> None:
    store = growing.desk.store
    number = shelf.create(store, "mori", "肺炎の治療")
    client = growing.app.test_client()
    here = f"/collections/{number}"
    client.post(f"/api/v1{here}/records", json={"ids": ["a", "c", "d"]})
    client.post(f"/api/v1{here}/searches", json={"q": "肺炎", "kind": "ranked", "top": 3})
    for record_id, verdict in (("a", "include"), ("c", "include"), ("d", "exclude")):
        client.post(
            f"/api/v1{here}/screening/decisions", json={"id": record_id, "verdict": verdict}
        )
    response = client.get(f"{here}/screening/test-set", buffered=True)
    packed = zipfile.ZipFile(io.BytesIO(response.data))
    names = {n.removeprefix("test-set/") for n in packed.namelist()}
    assert {"corpus.jsonl", "queries.jsonl", "qrels/test.tsv", "qrels/test.qrels"} <= names
    qrels = packed.read("test-set/qrels/test.tsv").decode()
    assert "question\ta\t1\n" in qrels
    assert "question\td\t0\n" in qrels
    queries = [json.loads(q) for q in packed.read("test-set/queries.jsonl").splitlines()]
    assert queries[0] == {"_id": "question", "text": "肺炎の治療"}
    grown = client.get(f"/api/v1{here}/growing").json
    assert {p["record"]["id"] for p in grown["proposals"]} <= {"b", "e"}
    assert all(p["nearest"] in ("a", "c") for p in grown["proposals"])
    # Nouns, as the titles write them: 心筋梗塞の予防 and 肺炎の治療 share none.
    shared = {p["record"]["id"]: p["shared"] for p in grown["proposals"]}
    assert shared.get("e", ["肺炎"]) == ["肺炎"]
    assert shared.get("b", []) == []
    page = client.get(f"{here}/growing?lang=en")
    assert page.status_code == 200
    client.post(f"{here}/growing", data={"record": "e"})
    assert "e" in items.record_ids(store, number)
    assert client.get(f"{here}/overview").status_code == 200


@pytest.mark.parametrize("where", ["screening", "screening/plan", "overview", "growing"])
def test_an_empty_collection_says_so(desk: Desk, where: str) -> None:
    number = shelf.create(desk.store, "mori", "空")
    client = app_without_library(desk).test_client()
    assert client.get(f"/collections/{number}/{where}").status_code == 200
    assert client.get(f"/collections/99/{where}").status_code == 404
